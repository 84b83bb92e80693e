/**
 * Which wheels there are of torch and of what is numbered after it: for which Python, CUDA and system. Sources: "Release
 * Compatibility Matrix" in PyTorch's RELEASE.md, https://pytorch.org/get-started/previous-versions, the files of each release on PyPI.
 */
import { compareVersions, parseVersion } from "../../base/order.ts";
import { own } from "../../base/own.ts";
import { pythonsForTorch } from "./version-facts.ts";

/** CUDA builds of a release on PyTorch's index; later ones are not known here. */
const cudaBuilds: Readonly<Record<string, string>> = {
  "1.5": "cu92 cu101 cu102",
  "1.6": "cu92 cu101 cu102",
  "1.7": "cu92 cu101 cu102 cu110",
  "1.8": "cu101 cu102 cu111",
  "1.9": "cu102 cu111",
  "1.10": "cu102 cu111 cu113",
  "1.11": "cu102 cu113 cu115",
  "1.12": "cu102 cu113 cu116",
  "1.13": "cu116 cu117",
  "2.0": "cu117 cu118",
  "2.1": "cu118 cu121",
  "2.2": "cu118 cu121",
  "2.3": "cu118 cu121",
  "2.4": "cu118 cu121 cu124",
  "2.5": "cu118 cu121 cu124",
  "2.6": "cu118 cu124 cu126",
  "2.7": "cu118 cu126 cu128",
  "2.8": "cu126 cu128 cu129",
  "2.9": "cu126 cu128 cu130",
};

/** The first release with wheels for a Python on all systems, and the last one; undefined where the newest still has them. */
const torchByPython: Readonly<Record<string, readonly [first: string, last?: string]>> = {
  "3.6": ["1.0", "1.10.2"],
  "3.7": ["1.0", "1.13.1"],
  "3.8": ["1.4", "2.4.1"],
  "3.9": ["1.7.1", "2.8.0"],
  "3.10": ["1.11"],
  "3.11": ["2.0"],
  "3.12": ["2.2"],
  "3.13": ["2.6"],
  "3.14": ["2.9"],
};

/** `2.5.1` → `2.5`. */
function minor(version: string): string {
  return version.split(".").slice(0, 2).join(".");
}

/** The CUDA builds of a release of torch, oldest first: `cu118`. Undefined where they are not known. */
export function cudaBuildsOf(torch: string): readonly string[] | undefined {
  return own(cudaBuilds, minor(torch))?.split(" ");
}

/** Whether a release of torch, or a newer one that is known here, has a CUDA build. */
export function hasBuildSince(build: string, torch: string): boolean {
  return Object.entries(cudaBuilds).some(
    ([release, builds]) =>
      compareVersions(parseVersion(release), parseVersion(minor(torch))) >= 0 && builds.split(" ").includes(build),
  );
}

/** The first and the last torch for a Python. */
export function torchForPython(python: string): readonly [first: string, last?: string] | undefined {
  return own(torchByPython, python);
}

/** The torch that a release of torchvision or torchaudio is made for. Source: README.md of pytorch/vision. */
export function torchOf(name: string, version: string): string | undefined {
  if (name === "torch") return version;
  const [major = 0, second = 0] = parseVersion(version);
  if (name === "torchaudio") return major >= 2 ? version : major === 0 ? `1.${second}` : undefined;
  if (name !== "torchvision" || major !== 0) return undefined;
  if (second >= 15) return `2.${second - 15}`;
  return second >= 9 ? `1.${second - 1}` : undefined;
}

/** The oldest and the newest Python with wheels of a release of torch, torchvision or torchaudio. */
export function pythonsOf(name: string, version: string | undefined): readonly [string, string] | undefined {
  return version === undefined ? undefined : pythonsForTorch(torchOf(name, version));
}

/** Whether a Python is within what a release has wheels for. */
export function within(range: readonly [string, string], python: string): boolean {
  return (
    compareVersions(parseVersion(python), parseVersion(range[0])) >= 0 &&
    compareVersions(parseVersion(python), parseVersion(range[1])) <= 0
  );
}

/**
 * The Python that pip's list of releases of torch tells: PyPI's begins with the first one that has wheels for it. A list
 * with builds (`2.6.0+cu124`) begins late also where that CUDA came late.
 */
export function pythonOfList(name: string, versions: string | undefined): string | undefined {
  const first = /^\s*(\d+\.\d+\.\d+)(?:\+(cu\d+))?/.exec(versions ?? "");
  const release = first?.[1] === undefined ? undefined : torchOf(name, first[1]);
  if (release === undefined) return undefined;
  const build = first?.[2];
  const began = build === undefined ? "1.0" : Object.entries(cudaBuilds).find(([, all]) => all.includes(build))?.[0];
  if (began === undefined || minor(release) === began) return undefined;
  if (minor(release) === "2.5" && release !== "2.5.1") return "3.13";
  return Object.entries(torchByPython).find(
    ([python, [since]]) => minor(release) === since && Number(python.split(".")[1]) >= 10,
  )?.[0];
}

/** The releases of torchvision or torchaudio for a torch: pip takes the one of them that asks for exactly that torch. */
export function companionFor(name: "torchvision" | "torchaudio", torch: string): string | undefined {
  const [major = 0, second = 0] = parseVersion(torch);
  if (name === "torchaudio")
    return major >= 2 ? `${major}.${second}.*` : major === 1 && second >= 4 ? `0.${second}.*` : undefined;
  return major === 2 ? `0.${second + 15}.*` : major === 1 && second >= 4 ? `0.${second + 1}.*` : undefined;
}

/**
 * The tag of the repository that goes with a release of torch. The first one of a minor release is 0.11.1 for 1.10, 0.14.1 for 1.13
 * and 0.15.1 for 2.0 (github.com/pytorch/vision/tags; NVIDIA's forum, "PyTorch for Jetson", has the same table).
 */
export function companionTag(name: "torchvision" | "torchaudio", torch: string): string | undefined {
  const minor = companionFor(name, torch)?.replace(/\.\*$/, "");
  if (minor === undefined) return undefined;
  const first = name === "torchvision" && /^0\.(?:8|11|14|15)$/.test(minor) ? 1 : 0;
  return `v${minor}.${first}`;
}

/** The CUDA of a build: `11.8` of `cu118`; another name as it is. */
export function cudaOfBuild(build: string): string {
  return build.replace(/^cu(\d+)(\d)$/, "$1.$2");
}

/** The newest CUDA of PyTorch's wheels for a Python that the newest torch does not support; undefined for other Pythons. */
export function newestCudaOf(python: string | undefined): string | undefined {
  const [, last] = own(torchByPython, python ?? "") ?? [];
  const build = own(cudaBuilds, /^\d+\.\d+/.exec(last ?? "")?.[0] ?? "")
    ?.split(" ")
    .at(-1);
  return build === undefined ? undefined : cudaOfBuild(build);
}
