/**
 * The torch of a text, for three questions: what is there, which release it is, and which build. A ready-made wheel is of one build, so
 * that a torch that is only asked for or listed says nothing of it; what depends on the release alone may take that one, too.
 */
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
