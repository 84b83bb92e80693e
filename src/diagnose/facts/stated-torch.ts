/**
 * The torch of a text, for three questions: what is there, which release it is, and which build. A ready-made wheel is of one build, so
 * that a torch that is only asked for or listed says nothing of it; what depends on the release alone may take that one, too.
 */
import { plainName } from "../../base/package-name.ts";
import type { Match } from "../rule.ts";

/** Version of the torch that is installed, of the text, or of the environment where the text is of it. */
export function torchThere({ context }: Match): string | undefined {
  return context.log.installedTorch ?? (context.isUnsure === true ? undefined : context.environment?.torch?.version);
}

/** The installed torch with its build: `2.1.0+cu121`; none where the text does not tell the build. */
export function statedBuild(match: Match): string | undefined {
  const { installedTorch, torchCuda: cuda, torchBuild } = match.context.log;
  if (installedTorch === undefined || installedTorch.includes("+")) return installedTorch;
  if (cuda !== undefined) return `${installedTorch}+cu${cuda.replace(".", "")}`;
  return torchBuild === "cpu" ? `${installedTorch}+cpu` : undefined;
}

/** The release without its build: of the torch that is installed, else of the one that the text asks for or lists. */
export function statedRelease({ context: { log } }: Match): string | undefined {
  return /^\d+\.\d+(?:\.\d+)?/.exec(
    log.installedTorch ?? log.torch ?? log.versions["torch"] ?? log.versions["pytorch"] ?? "",
  )?.[0];
}

/** The torch that a wheel's version says it was built for: `0.3.3+torch2.5.1.cu124`, `1.5.0.post8+cu12torch2.4cxx11abiFALSE`, `0.1+pt25cu124`. */
interface TorchOfTag {
  /** `2.5.1`, `2.4`. */
  readonly torch: string;
  /** `12.4`. */
  readonly cuda?: string;
  /** As it stands in the version: `torch2.5.1.cu124`. */
  readonly tag: string;
}

function torchOfTag(version: string | undefined): TorchOfTag | undefined {
  const tag = /\+(\S+)$/.exec(version ?? "")?.[1];
  if (tag === undefined) return undefined;
  const [, full, major, minor] = /torch\.?(\d\.\d{1,2}(?:\.\d(?!\d))?)|pt(\d)(\d{1,2})(?=cu|cpu|$)/.exec(tag) ?? [];
  const torch = full ?? (major === undefined ? undefined : `${major}.${minor ?? ""}`);
  const [, of, point] = /cu(\d{2})(\d)(?!\d)/.exec(tag) ?? [];
  return torch === undefined
    ? undefined
    : { torch, tag, ...(of === undefined ? {} : { cuda: `${of}.${point ?? ""}` }) };
}

/** The same of an installed package, where the installed torch is of another release than that. */
export function otherTorchOf({ context: { log } }: Match, name: string | undefined): TorchOfTag | undefined {
  const made = name === undefined ? undefined : torchOfTag(log.versions[plainName(name)]);
  const here = log.installedTorch?.split("+")[0];
  if (made === undefined || here === undefined) return undefined;
  return `${here}.`.startsWith(`${made.torch}.`) ? undefined : made;
}

/** What the version of a package says of that, as a sentence. */
export function tagSentence(match: Match, name: string | undefined): string {
  const made = otherTorchOf(match, name);
  return made === undefined ? "" : ` Its version says so: +${made.tag}, beside torch ${statedBuild(match) ?? ""}.`;
}
