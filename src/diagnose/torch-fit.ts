/**
 * torch as the text has it, where a fix installs torch again: a command without a release would bring the newest one, and with it
 * break what was built for the one that the text states. It does not know whether another release is what helps: a fix that
 * wants a newer one says so by `--upgrade`, and one that wants another CUDA by an index that has none of that release.
 */
import { quote } from "./command-words.ts";
import type { Match } from "./rule.ts";
import { torchCuda } from "./toolkit-commands.ts";
import { companionFor, cudaBuildsOf } from "./torch-wheels.ts";

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
