/** Commands that install torch, and what is made for it, from PyTorch's index. */
import { compareVersions, parseVersion } from "../../base/order.ts";
import { pip, platformOf, python, pythonVersion, runner } from "./command-words.ts";
import type { Match } from "../rule.ts";
import { torchCuda } from "./toolkit-commands.ts";
import { cudaBuildsOf, hasBuildSince, newestCudaOf } from "../tables/torch-wheels.ts";
import { isBuiltByPython } from "./typed-builds.ts";

/** `2.4.0_cu118`, as some pages are named. */
export function wheelPage(match: Match, version: string): string {
  const shown = version.startsWith("$") ? "<torch.__version__>_cu<torch.version.cuda>" : version.replace("+", "_");
  const cuda = match.context.log.torchCuda ?? match.context.log.cuda;
  return shown.includes("_") || cuda === undefined ? shown : `${shown}_cu${cuda.replace(".", "")}`;
}

/** The part of PyTorch's index that the torch at hand is of, as far as the paste or the environment tells: `cpu`, `cu126`. */
export function torchIndex(match: Match): string {
  const { log, environment } = match.context;
  if (log.torchBuild === "cpu") return "cpu";
  if (log.torchBuild === "rocm")
    return `rocm${log.torchRocm ?? environment?.torch?.hipVersion?.replace(/^(\d+\.\d+).*$/, "$1") ?? "6.4"}`;
  if (log.torchBuild === "xpu") return "xpu";
  const cuda = torchCuda(match);
  // The newest torch for that Python, where nothing is told of CUDA.
  return indexPartOf(cuda ?? newestCudaOf(log.python) ?? "13.0");
}

/** torch's include folders for a build that does not name them: compilers and nvcc read the variable. Elsewhere what to look at. */
export function torchOnIncludePath(match: Match): string[] {
  const prints = (separator: string): string =>
    `${python(match)} -c "import torch.utils.cpp_extension as c; print('${separator}'.join(c.include_paths()))"`;
  if (!isBuiltByPython(match))
    return [`${python(match)} -c "import torch.utils.cpp_extension as c; print(c.include_paths())"`];
  return platformOf(match) === "win32"
    ? [`for /f "usebackq delims=" %i in (\`${prints(";")}\`) do set INCLUDE=%i;%INCLUDE%`]
    : [`export CPATH=$(${prints(":")}):$CPATH   # torch's include folders, without a change of setup.py`];
}

/** The same for its libraries: linkers look into the folders that the variable names. */
export function torchOnLibraryPath(match: Match): string[] {
  const [name, separator] = platformOf(match) === "win32" ? ["LIB", ";"] : ["LIBRARY_PATH", ":"];
  const prints = `${python(match)} -c "import torch.utils.cpp_extension as c; print('${separator}'.join(c.library_paths()))"`;
  return platformOf(match) === "win32"
    ? [`for /f "usebackq delims=" %i in (\`${prints}\`) do set ${name}=%i;%${name}%`]
    : [`export ${name}=$(${prints}):$${name}   # the folders of torch's libraries`];
}

/** Prints the words by which pip finds the torch that is there: a build of PyTorch's index is not on PyPI. */
const wordsOfTorchThere =
  "from importlib.metadata import version; t = version('torch'); print('torch==' + t, '--extra-index-url https://download.pytorch.org/whl/' + t.partition('+')[2] if '+' in t else '')";
/** The same installation in Python, for shells that cannot hand on what a command prints. */
const installsTorchThere =
  "import subprocess, sys; from importlib.metadata import version; t = version('torch'); subprocess.check_call([sys.executable, '-m', 'pip', 'install', '--force-reinstall', 'torch==' + t] + ['--extra-index-url', 'https://download.pytorch.org/whl/' + t.partition('+')[2]] * ('+' in t))";

/**
 * Installs torch again with all that it brings: the release that is there, where the text does not state it (`torch-fit.ts` pins
 * a stated one), since the newest would break what was built for this one. importlib.metadata came with Python 3.8.
 */
export function torchAgain(match: Match): string {
  const { jetson, installedTorch } = match.context.log;
  const plain = pip(match, "install --force-reinstall torch");
  if (jetson || installedTorch !== undefined || match.context.environment?.torch !== undefined) return plain;
  // What uv keeps is of the release of its lock file, and is asked of it (`uv-fit.ts`).
  if (runner(match).startsWith("uv ") || /^3\.[0-7]$/.test(pythonVersion(match) ?? "")) return plain;
  return platformOf(match) === "win32"
    ? `${python(match)} -c "${installsTorchThere}"`
    : pip(match, `install --force-reinstall $(${python(match)} -c "${wordsOfTorchThere}")`);
}

/** Installs torch and what is made for it together, so that they are of one release and one build. */
export function installTogether(match: Match, ...packages: readonly string[]): string {
  return installTogetherFor(match, undefined, ...packages);
}

/** The same for a version of CUDA that the message tells. */
export function installTogetherFor(match: Match, cuda: string | undefined, ...packages: readonly string[]): string {
  return pip(
    match,
    `install --force-reinstall ${["torch", ...packages].join(" ")} --index-url https://download.pytorch.org/whl/${cuda === undefined ? torchIndex(match) : indexPartOf(cuda)}   # all from one index`,
  );
}

/** CUDA versions that PyTorch's index has (had) wheels for: https://pytorch.org/get-started/previous-versions/. */
const indexed = [
  "10.0",
  "10.1",
  "10.2",
  "11.0",
  "11.1",
  "11.3",
  "11.5",
  "11.6",
  "11.7",
  "11.8",
  "12.1",
  "12.4",
  "12.6",
  "12.8",
  "12.9",
  "13.0",
];

/** The version of the index for a toolkit: the newest one of its major version that is not newer, else the oldest. */
function indexedFor(cuda: string): string {
  const [major, minor = "0"] = cuda.split(".");
  const same = indexed.filter((version) => version.split(".")[0] === major);
  return same.findLast((version) => Number(version.split(".")[1]) <= Number(minor)) ?? same[0] ?? cuda;
}

/** The part of PyTorch's index for a CUDA version: `cu126`. */
function indexPartOf(cuda: string): string {
  return `cu${indexedFor(cuda).replace(".", "")}`;
}

/**
 * xFormers for the torch that is installed. Each of its wheels asks for one release of torch (those for 2.10 and newer take
 * later ones, too), so pip finds the right one when torch's release is given; wheels only, because pip would build old
 * sources. Sources: releases of facebookresearch/xformers (0.0.31 for 2.7.1, 0.0.34), vllm-project/vllm#2158.
 */
export function xformersFor(match: Match, torch: string | undefined): string[] {
  const [, release, build] = /^(\d+\.\d+(?:\.\d+)?)(?:\+(cu\d+|rocm[\d.]+))?/.exec(torch ?? "") ?? [];
  const index = build === undefined ? "" : ` --extra-index-url https://download.pytorch.org/whl/${build}`;
  const shown = `${python(match)} -c "import torch; print(torch.__version__)"`;
  const asked = release === undefined ? `$(${shown})` : `${release}${build === undefined ? "" : `+${build}`}`;
  const install = `${pip(match, `install --no-cache-dir --only-binary xformers xformers torch==${asked}${index}`)}   # the xFormers that asks for the installed torch`;
  return [
    pip(match, "uninstall -y xformers"),
    ...(release === undefined && platformOf(match) === "win32"
      ? [shown, `# ${install.replace(asked, "<that version>")}`]
      : [install]),
  ];
}

/** torch with CUDA in place of one without: for the toolkit that the log shows, else for a driver that a person looks up. */
export function installGpuTorch(match: Match): string {
  if (platformOf(match) === "darwin")
    return '# torch for macOS has no CUDA: run it on the CPU or on Apple\'s GPU (device "mps" in place of "cuda") where the program can, else on Linux or Windows with an NVIDIA GPU';
  const { log, environment } = match.context;
  const cuda = torchCuda(match) ?? log.cuda ?? log.spokenCuda ?? environment?.cuda?.version;
  const release = /^\d+\.\d+\.\d+(?=\+|$)/.exec(log.installedTorch ?? "")?.[0];
  const build = cuda === undefined ? undefined : indexPartOf(cuda);
  // The release stays, and with it what was made for it.
  if (release !== undefined && build !== undefined && cudaBuildsOf(release)?.includes(build) === true)
    return pip(
      match,
      `install --force-reinstall torch==${release} --index-url https://download.pytorch.org/whl/${build}`,
    );
  if (cuda !== undefined) return installTorchFor(match, cuda);
  const newest = release === undefined ? undefined : cudaBuildsOf(release)?.at(-1);
  if (release !== undefined && newest !== undefined)
    return `${pip(match, `install --force-reinstall torch==${release} --index-url https://download.pytorch.org/whl/${newest}`)}   # the same release with CUDA; "CUDA Version" of nvidia-smi is older: another of ${cudaBuildsOf(release)?.join(", ") ?? ""}`;
  const old = newestCudaOf(pythonVersion(match));
  return old === undefined
    ? `${installTorchFor(match, "13.0")}   # "CUDA Version" of nvidia-smi is below 13: cu126 in place of cu130`
    : `${installTorchFor(match, old)}   # the last that PyTorch has for Python ${pythonVersion(match) ?? ""}`;
}

/** The first CUDA of PyTorch's index that is not older than one that something needs. */
export function indexedSince(cuda: string): string {
  return indexed.find((version) => compareVersions(parseVersion(version), parseVersion(cuda)) >= 0) ?? cuda;
}

/**
 * torch of at least a release, of the build that is there: the same CUDA where PyTorch's index has such a release for it, else one
 * that it has, of the same major version where it can be. With the companions that the text lists, which are made for one torch.
 */
export function installTorchSince(match: Match, since: string): string {
  const { log } = match.context;
  const companions = ["torchvision", "torchaudio"].filter((name) => log.versions[name] !== undefined);
  const wanted = ["install --upgrade", `"torch>=${since}"`, ...companions].join(" ");
  // PyPI's torch for Windows is for the processor alone.
  const stated = torchCuda(match) !== undefined || log.torchBuild !== undefined || platformOf(match) === "win32";
  if (!stated || platformOf(match) === "darwin") return pip(match, wanted);
  return pip(match, `${wanted} --index-url https://download.pytorch.org/whl/${indexWith(torchIndex(match), since)}`);
}

/** The part of PyTorch's index that has a release, or a newer one: the one that is asked for, else of the same major CUDA. */
function indexWith(part: string, since: string): string {
  const builds = cudaBuildsOf(since);
  if (builds === undefined || !part.startsWith("cu") || hasBuildSince(part, since)) return part;
  // The oldest one asks the least of the driver.
  return builds.find((build) => build.slice(0, 4) === part.slice(0, 4)) ?? builds[0] ?? part;
}

/** torch for a CUDA version, from PyTorch's own index. */
export function installTorchFor(match: Match, cuda: string): string {
  const tag = cuda === "cpu" ? "cpu" : indexPartOf(cuda);
  return pip(match, `install --force-reinstall torch --index-url https://download.pytorch.org/whl/${tag}`);
}
