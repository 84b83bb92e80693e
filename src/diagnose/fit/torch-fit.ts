/**
 * torch as the text has it, where a fix installs torch again: a command without a release would bring the newest one, and with it
 * break what was built for the one that the text states. It does not know whether another release is what helps: a fix that
 * wants a newer one says so by `--upgrade`, and one that wants another CUDA by an index that has none of that release.
 */
import { compareVersions, parseVersion } from "../../base/order.ts";
import { quote } from "../text/quote.ts";
import type { Match } from "../rule.ts";
import { statedRelease } from "../facts/stated-torch.ts";
import { torchCuda } from "../commands/toolkit-commands.ts";
import { companionFor, cudaBuildsOf } from "../tables/torch-wheels.ts";

const again =
  /(pip3? install (?:--[\w-]+ )*--force-reinstall(?: --[\w-]+)*)( torch(?: torchvision| torchaudio)*)( --index-url https:\/\/download\.pytorch\.org\/whl\/(\w+))?(?=\s*$|\s+#|\s+&&)/;

/** A line that installs torch again, with the release that the text states. */
export function withStatedTorch(line: string, match: Match): string {
  const { installedTorch, torchBuild } = match.context.log;
  const release = /^\d+\.\d+\.\d+(?=\+cu|\+cpu|$)/.exec(installedTorch ?? "")?.[0];
  const builds = release === undefined ? undefined : cudaBuildsOf(release);
  if (line.startsWith("#") || release === undefined || builds === undefined) return line;
  return line.replace(again, (whole, head: string, names: string, index = "", tag = "") => {
    const build = torchBuild === "cpu" ? "cpu" : `cu${(torchCuda(match) ?? "").replace(".", "")}`;
    const named =
      tag === "" && builds.includes(build) ? ` --index-url https://download.pytorch.org/whl/${build}` : index;
    if (tag !== "" && tag !== "cpu" && !builds.includes(tag)) return whole;
    const pinned = names
      .trim()
      .split(" ")
      .map((name) => {
        const version = name === "torchvision" || name === "torchaudio" ? companionFor(name, release) : release;
        return version === undefined ? name : quote(`${name}==${version}`);
      });
    return `${head} ${pinned.join(" ")}${named}`;
  });
}

/** Whether torch may be from before 1.6: as the text states it, else a Python for which such a torch was made. */
function isBeforePrefixPath(match: Match): boolean {
  const torch = statedRelease(match);
  if (torch !== undefined) return compareVersions(parseVersion(torch), [1, 6]) < 0;
  const { python } = match.context.log;
  return python !== undefined && match.context.environment?.torch === undefined && /^3\.[4-7]$/.test(python);
}

/**
 * torch.utils.cmake_prefix_path came with torch 1.6 (pytorch/pytorch#38559); before, the folder of torch itself leads to the
 * same place. It does so in every release, hence also where only an old Python is known.
 */
export function withPrefixPath(line: string, match: Match): string {
  if (!line.includes("torch.utils.cmake_prefix_path") || !isBeforePrefixPath(match)) return line;
  const folder = "torch.__path__[0]";
  return line
    .replaceAll(/(\$\([^()]*print\()torch\.utils\.cmake_prefix_path(\)["']\))/g, `$1${folder}$2/share/cmake`)
    .replace(/torch\.utils\.cmake_prefix_path(\)"'\) do set CMAKE_PREFIX_PATH=%i)/, `${folder}$1\\share\\cmake`)
    .replaceAll("torch.utils.cmake_prefix_path", folder);
}

const alone =
  /(pip3? install (?:--[\w-]+ )*--force-reinstall(?: --[\w-]+)*) "?torch(==[\d.]+\d)?"?(?= --index-url https:\/\/download\.pytorch\.org\/whl\/)/;

/** What is compiled for torch goes with it where its build changes: torchvision and torchaudio, where the text has them. */
export function withItsCompanions(line: string, match: Match): string {
  const { versions, companions = [] } = match.context.log;
  const named = ["torchvision", "torchaudio"] as const;
  const there = named.filter(
    (name) => versions[name] !== undefined || companions.some((word) => word.startsWith(`${name}==`)),
  );
  if (there.length === 0) return line;
  return line.replace(alone, (whole, _head: string, pin?: string) => {
    const words = there.map((name) => {
      const version = pin === undefined ? undefined : companionFor(name, pin.slice(2));
      return version === undefined ? name : quote(`${name}==${version}`);
    });
    return `${whole} ${words.join(" ")}`;
  });
}
