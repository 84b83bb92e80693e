/**
 * The names of ready-made wheels that lie on a project's page of releases, one for each torch, CUDA, Python and system: which of them is for
 * the environment of a text. Knows how the projects name their files and for which torch they made some; it does not know each file, and
 * leaves the address out where the name cannot be told.
 */
import { compareVersions, parseVersion } from "../../base/order.ts";
import { own } from "../../base/own.ts";
import { platformOf, pythonVersion } from "./command-words.ts";
import type { Match } from "../rule.ts";
import { torchCuda } from "./toolkit-commands.ts";
import { statedBuild, torchThere } from "../facts/stated-torch.ts";

/** What a wheel is for. */
interface Place {
  /** `2.7.1`; undefined where the text tells no more than the minor release. */
  readonly torch?: string;
  /** `2.7`. */
  readonly minor: string;
  /** `cu128`. */
  readonly cuda?: string;
  /** The release of the package that the text states. */
  readonly stated?: string;
  /** `cp311-cp311-win_amd64`. */
  readonly tags: string;
}

/** A file of a page. */
export interface ReadyWheel {
  readonly address: string;
  /** The page has such a file, as far as its names are known; else its name is made by the pattern alone. */
  readonly sure: boolean;
}

function isBefore(version: string, other: string): boolean {
  return compareVersions(parseVersion(version), parseVersion(other)) < 0;
}

/**
 * Nunchaku: up to 1.2.0 a wheel is named for torch alone, from 1.2.1 on for CUDA 12.8 or 13.0, too; for Python 3.10 to 3.13, Linux and
 * Windows. Sources: the files of https://huggingface.co/nunchaku-tech/nunchaku (1.0.0 for torch 2.5 to 2.9, 1.0.1 for 2.5 to 2.10) and
 * what installers fetch of v1.0.2 (2.7, 2.8), v1.2.0 (2.7, 2.9) and v1.2.1 (2.9, 2.10).
 */
function nunchaku({ minor, cuda, stated, tags }: Place): ReadyWheel | undefined {
  const since = parseVersion(minor)[1] ?? 0;
  const last = ["1.0.0", "1.0.1", "1.0.2"].find((release) => release === stated);
  const release =
    last !== undefined && since >= 5 && since <= (last === "1.0.0" ? 9 : 10)
      ? last
      : since === 5 || since === 6
        ? "1.0.1"
        : since === 8
          ? "1.0.2"
          : since === 7
            ? "1.2.0"
            : since === 9 || since === 10
              ? "1.2.1"
              : undefined;
  if (release === undefined) return undefined;
  const build =
    release === "1.2.1" ? (cuda === undefined ? undefined : cuda.startsWith("cu13") ? "cu13.0" : "cu12.8") : "";
  if (build === undefined) return undefined;
  return {
    address: `https://github.com/nunchaku-tech/nunchaku/releases/download/v${release}/nunchaku-${release}+${build}torch${minor}-${tags}.whl`,
    sure: true,
  };
}

/**
 * `exllamav2-0.2.8+cu121.torch2.4.0-cp312-cp312-linux_x86_64.whl`; before 0.1 without torch. From torch 2.4 on there is one for each minor
 * release, named for its first: they load with all of it. Sources: README.md of turboderp-org/exllamav2, requirements/full of
 * oobabooga/textgen (`exllamav3-0.0.18+cu128.torch2.7.0`).
 */
function exllama(name: "exllamav2" | "exllamav3"): (place: Place) => ReadyWheel | undefined {
  return ({ torch, minor, cuda, stated, tags }) => {
    if (
      torch === undefined ||
      stated === undefined ||
      cuda === undefined ||
      isBefore(stated, name === "exllamav2" ? "0.1" : "0")
    )
      return undefined;
    const named = isBefore(minor, "2.4") ? torch : `${minor}.0`;
    return {
      address: `https://github.com/turboderp-org/${name}/releases/download/v${stated}/${name}-${stated}+${cuda}.torch${named}-${tags}.whl`,
      sure: false,
    };
  };
}

const pages: Readonly<Record<string, (place: Place) => ReadyWheel | undefined>> = {
  nunchaku,
  exllamav2: exllama("exllamav2"),
  exllamav3: exllama("exllamav3"),
};

/** The wheel of a project's page for the torch, CUDA, Python and system of the text; undefined where one of them is not told. */
export function readyWheel(match: Match, name: string): ReadyWheel | undefined {
  const form = own(pages, name);
  const platform = platformOf(match);
  const python = pythonVersion(match);
  const known = statedBuild(match) ?? torchThere(match) ?? "";
  const torch = /^\d+\.\d+\.\d+/.exec(known)?.[0];
  const minor = /^\d+\.\d+/.exec(known)?.[0];
  if (form === undefined || minor === undefined || python === undefined) return undefined;
  if (platform === "darwin" || match.context.log.arch === "arm64" || match.context.log.torchBuild === "cpu")
    return undefined;
  const tag = `cp${python.replace(".", "")}`;
  const cuda = torchCuda(match)?.replace(".", "");
  // What the text states, or the wheel that was asked for: `exllamav2-0.1.5+cu118.torch2.2.0-cp311-…whl`.
  const stated =
    /^\d+(?:\.\d+)+/.exec(match.context.log.versions[name] ?? "")?.[0] ??
    (match.context.log.requested ?? [])
      .map((words) => new RegExp(`(?:^|[/"])${name}-(\\d+(?:\\.\\d+)+)\\S*\\.whl`).exec(words)?.[1])
      .find((found) => found !== undefined);
  return form({
    minor,
    ...(torch === undefined ? {} : { torch }),
    ...(cuda === undefined ? {} : { cuda: `cu${cuda}` }),
    ...(stated === undefined ? {} : { stated }),
    tags: `${tag}-${tag}-${platform === "win32" ? "win_amd64" : "linux_x86_64"}`,
  });
}
