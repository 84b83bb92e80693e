/** The commands of fixes, in the words of the system, the interpreter and the installer at hand. */
import { compareVersions, parseVersion } from "../base/order.ts";
import { standardNumber } from "../environment/cxx-standard.ts";
import { cxxStandardOf } from "../environment/torch-version.ts";
import { forcedBuild, isWellKnown, originOf, packageOf, plainName } from "./packages.ts";
import { editionOf, rebuildCheckout, toImporter } from "./checkouts.ts";
import { pip, platformOf, python, pythonVersion, quote, removeFolder, setVariable } from "./command-words.ts";
import { forgetJitBuild } from "./jit-folders.ts";
import { reinstallMmcv } from "./mmcv.ts";
import type { Match } from "./rule.ts";
import { companionFor, cudaBuildsOf, newestCudaOf } from "./torch-wheels.ts";
import { cudaForArchitecture, tooNewFor } from "./version-facts.ts";

export {
  homebrew,
  pip,
  platformOf,
  python,
  pythonVersion,
  quote,
  removeFolder,
  setVariable,
  unsetVariable,
} from "./command-words.ts";
export {
  buildAgain,
  installAgain,
  installWithoutIsolation,
  packageToBuild,
  wordsToBuild,
} from "./isolation-commands.ts";

/** Windows has no packages of a system: conda's are in folders of their own there (its documentation of conda-build: Library). */
function windowsPackage(match: Match, name: string | undefined): string[] {
  if (name === undefined)
    return ["# its headers and libraries for Windows: vcpkg (https://vcpkg.io), or the project's own download"];
  const toVariables = [
    "set INCLUDE=%CONDA_PREFIX%\\Library\\include;%INCLUDE%",
    "set LIB=%CONDA_PREFIX%\\Library\\lib;%LIB%",
  ];
  return match.context.log.conda
    ? [`conda install -c conda-forge ${name}`, ...toVariables]
    : [
        `# in an environment of conda: conda install -c conda-forge ${name}; without conda: vcpkg (https://vcpkg.io), and its include folder on INCLUDE, its lib folder on LIB`,
        ...toVariables.map((line) => `# ${line}`),
      ];
}

/** Installs a package of the system's, with the package's name by family. */
export function systemPackage(
  match: Match,
  names: { readonly apt: string; readonly dnf?: string; readonly brew?: string; readonly conda?: string },
): string[] {
  const { log } = match.context;
  const commands: string[] = [];
  if (platformOf(match) === "darwin")
    commands.push(names.brew === undefined ? `# install ${names.apt}` : `brew install ${names.brew}`);
  else if (platformOf(match) === "win32") commands.push(...windowsPackage(match, names.conda));
  else if (names.conda !== undefined && (log.conda || log.noRoot))
    commands.push(
      `conda install -c conda-forge ${names.conda}`,
      ...(log.noRoot && !names.conda.includes("#")
        ? [
            "export CPATH=$CONDA_PREFIX/include:$CPATH LIBRARY_PATH=$CONDA_PREFIX/lib:$LIBRARY_PATH   # or the prefix of what was installed from its sources",
          ]
        : []),
    );
  else {
    commands.push(`sudo apt-get install ${names.apt}`);
    if (names.dnf !== undefined) commands.push(`# Fedora, RHEL: sudo dnf install ${names.dnf}`);
  }
  return commands;
}

/** CUDA that torch was built with: of the log, else of the environment where the log is known to be of it. */
export function torchCuda(match: Match): string | undefined {
  const { log, environment, isUnsure } = match.context;
  return log.torchCuda ?? (isUnsure === true ? undefined : environment?.torch?.cudaVersion?.match(/^\d+\.\d+/)?.[0]);
}

/** Shows which CUDA torch was built with, where nothing tells it. */
export function showTorchCuda(match: Match): string {
  return `${python(match)} -c "import torch; print(torch.__version__, torch.version.cuda)"   # torch's CUDA: the toolkit has to be of the same major version`;
}

/** Where a toolkit of that version is by default. */
export function toolkitFolder(match: Match, version: string | undefined): string {
  if (platformOf(match) === "win32")
    return `C:\\Program Files\\NVIDIA GPU Computing Toolkit\\CUDA\\v${version ?? "<number>"}`;
  return version === undefined ? "/usr/local/cuda" : `/usr/local/cuda-${version}`;
}

/** The toolkits that are installed, for a person to see. */
export function showToolkits(match: Match): string {
  return platformOf(match) === "win32"
    ? 'dir "C:\\Program Files\\NVIDIA GPU Computing Toolkit\\CUDA"   # the toolkits that are installed'
    : "ls -d /usr/local/cuda*; which -a nvcc   # the toolkits that are installed";
}

/** Puts nvcc of the toolkit that CUDA_HOME names first on PATH. */
export function toolkitOnPath(match: Match): string {
  return platformOf(match) === "win32" ? "set PATH=%CUDA_HOME%\\bin;%PATH%" : "export PATH=$CUDA_HOME/bin:$PATH";
}

/**
 * Takes a toolkit of torch's CUDA for the build. The one that is here when it fits and is not too old; else the one that the log's torch
 * wants; and where neither is known, first how to find out.
 */
export function useToolkit(match: Match, wanted = torchCuda(match), least = "0"): string[] {
  const here = match.context.environment?.cuda;
  const fits =
    here !== undefined &&
    (wanted === undefined || wanted.split(".")[0] === here.version.split(".")[0]) &&
    compareVersions(parseVersion(here.version), parseVersion(least)) >= 0;
  return [
    ...(wanted === undefined && !fits ? [showTorchCuda(match)] : []),
    ...(fits ? [] : [showToolkits(match)]),
    setVariable(match, "CUDA_HOME", fits ? here.root : toolkitFolder(match, wanted ?? match.context.log.spokenCuda)),
    toolkitOnPath(match),
    ...(fits && /[\\/](?:site|dist)-packages[\\/]nvidia[\\/]/.test(here.root) && platformOf(match) === "linux"
      ? [namesForLinkers]
      : []),
  ];
}

/** pip's packages of the toolkit hold `lib/libcudart.so.13` alone: `-lcudart` and CMake want other names. */
const namesForLinkers =
  '(cd "$CUDA_HOME" && ln -sfn lib lib64 && cd lib && for f in *.so.*; do ln -sf "$f" "${f%%.so.*}.so"; done)   # the names that linkers and CMake look for, which pip\'s toolkit lacks';

/** The torch that the code is compiled for, of the log or of the environment; undefined without one. */
export function torchAtHand(
  match: Match,
): { readonly version: string; readonly release: readonly number[] } | undefined {
  const { log, environment, usesTorch } = match.context;
  if (usesTorch === false) return undefined;
  const version = log.installedTorch ?? environment?.torch?.version ?? log.torch;
  return version === undefined ? undefined : { version, release: parseVersion(version.replace(/\+.*$/, "")) };
}

/** The C++ standard to compile as: the one that is asked for, and not less than the torch at hand needs. */
export function standardFor(match: Match, asked?: string): string {
  const torch = torchAtHand(match);
  const needs = torch === undefined ? undefined : cxxStandardOf(torch.release);
  if (asked === undefined) return needs ?? (match.context.usesTorch === false ? "17" : "20");
  return needs === undefined || (standardNumber(asked) ?? 0) >= Number(needs) ? asked : needs;
}

/** Builds the extension again with the torch that is installed, leaving nothing of the old build. */
export function rebuild(match: Match): string[] {
  const file = match.finding.file ?? match.finding.library ?? "";
  const jit = forgetJitBuild(match);
  if (jit !== undefined) return jit;
  // torch's own files are not built here.
  if (/(?:site|dist)-packages[\\/]torch[\\/](?:lib[\\/]|_C\b)/.test(file))
    return [pip(match, "install --force-reinstall --no-cache-dir torch")];
  // CMake's own folder: no package that pip knows.
  const folder =
    /^((?:[A-Za-z]:)?[\\/](?:.*[\\/])?(?:cmake-)?build[\w-]*)[\\/](?:(?:Release|Debug)[\\/])?[\w.-]+\.(?:so|pyd|dylib)$/.exec(
      file,
    )?.[1];
  if (folder !== undefined && !/-packages[\\/]/.test(folder))
    return [
      `cmake --build ${quote(folder)} --clean-first   # with setup.py in its place: ${python(match)} setup.py build_ext --inplace --force`,
    ];
  const name = packageOf(match);
  if (name !== undefined) return reinstall(match, name);
  const checkout = rebuildCheckout(match);
  if (checkout !== undefined) return checkout;
  const asked = match.context.log.requested?.join(" ") ?? "";
  if (/^(?:-e )?"?\.(?:\[[\w,-]+\])?"?$/.test(asked))
    return [
      ...toImporter(match),
      removeFolder(match, "build"),
      pip(match, `install --no-build-isolation --no-deps --force-reinstall ${asked}`),
    ];
  return [
    ...toImporter(match),
    "retorch build --force",
    platformOf(match) === "win32"
      ? "# with setup.py alone: rmdir /s /q build, then python setup.py build_ext --inplace --force"
      : `# with setup.py alone: rm -rf build *.egg-info && ${python(match)} setup.py build_ext --inplace --force`,
  ];
}

/** Builds and installs a package again for the torch that is installed. */
export function reinstall(match: Match, name: string): string[] {
  if (/^mmcv(?:-full|-lite)?$/.test(name)) return reinstallMmcv(match);
  const origin = originOf(name);
  // PyPI has wheels of these alone, each for one torch.
  if (name === "torchvision" || name === "torchaudio") {
    const release = companionFor(name, torchThere(match) ?? "");
    return release === undefined
      ? [installTogether(match, name)]
      : [
          pip(
            match,
            `install --no-cache-dir --force-reinstall --no-deps "${name}==${release}" --index-url https://download.pytorch.org/whl/${torchIndex(match)}   # the release for the torch that is there`,
          ),
        ];
  }
  const options = "install --no-build-isolation --no-cache-dir --force-reinstall --no-deps";
  const edition = editionOf(match, name);
  if (edition !== undefined) {
    const here = platformOf(match) === "win32" ? ".\\" : "./";
    return [
      pip(match, `${options} -v ${quote(/^(?:[A-Za-z]:|[\\/.~])/.test(edition) ? edition : `${here}${edition}`)}`),
    ];
  }
  const variables = Object.entries(origin?.variables ?? {}).map(([key, value]) => setVariable(match, key, value));
  if (origin?.carried !== undefined)
    return [
      platformOf(match) === "win32"
        ? `dir /s /b setup.py | findstr /i ${origin.carried.split("/")[1] ?? ""}   # the project's own folder with its sources`
        : `find . -path '${origin.carried}'   # the project's own folder with its sources${origin.carried.includes("/ops/") ? ": models/ops, models/dino/ops, pixel_decoder/ops" : ""}`,
      `cd <that folder> && ${pip(match, `${options} -v .`)}`,
    ];
  if (name === "transformer-engine") return transformerEngine(match, options);
  if (origin?.from !== undefined) return [...variables, pip(match, `${options} -v "${origin.from}"`)];
  if (origin?.numbered === true) {
    const torch = /^\d+\.\d+(?:\.\d+)?/.exec(
      match.context.log.installedTorch ?? match.context.environment?.torch?.version ?? "",
    )?.[0];
    return [
      `${pip(match, "list")} | ${platformOf(match) === "win32" ? "findstr /i" : "grep -i"} torch   # torch and ${name}: one release number (2.5 and 2.5)`,
      pip(
        match,
        `install --no-cache-dir --force-reinstall --no-deps "${name}${torch === undefined ? "==<release of torch>" : `~=${torch.replace(/^(\d+\.\d+)$/, "$1.0")}`}"   # or torch of ${name}'s release: install torch==<release>`,
      ),
    ];
  }
  if (origin?.broughtBy !== undefined)
    return [
      `${pip(match, `install --upgrade --force-reinstall ${origin.broughtBy}`)}   # with what it depends on: it names the torch and the ${name === origin.broughtBy ? "companions" : name} that go together`,
      `# a torch of your own: build ${name} from its sources with that torch${name === "vllm" ? ` (${python(match)} use_existing_torch.py)` : ""}, or take the release that was made for it`,
    ];
  if (origin?.page !== undefined)
    return [
      `${python(match)} -c "import torch; print(torch.__version__, torch.version.cuda)"`,
      pip(match, `uninstall -y ${name}`),
      `# ${origin.page}: the wheel for that torch and CUDA and for this Python${match.context.log.python === undefined ? "" : ` (${match.context.log.python})`}, then ${pip(match, "install --no-deps <its address>")}`,
    ];
  if (origin?.ready === true)
    return [
      pip(match, `install --upgrade --no-cache-dir --force-reinstall --no-deps ${name}`) +
        "   # its wheels are made for one torch and CUDA: the release that fits yours",
    ];
  const above = tooNewFor(torchThere(match), name);
  // The release that the text states fits the project that asks for it; the newest one may want another torch.
  const stated = /^\d[\w.]*/.exec(match.context.log.versions[plainName(name)] ?? "")?.[0];
  const wanted = above !== undefined ? `"${name}<${above}"` : stated === undefined ? name : `${name}==${stated}`;
  const build =
    origin?.source === undefined
      ? pip(match, `${options} --no-binary ${name} ${wanted}`)
      : [...variables, pip(match, `${options} -v "${origin.source}"`)].join(" && ");
  const own = pip(match, `${options} .`);
  if (match.context.log.localPackages.includes(plainName(name)))
    return [`${own}   # in the folder that ${name} was installed from`];
  // As the text has it installed.
  const { requested = [] } = match.context.log;
  const repository = requested.find((word) => word.startsWith('"git+'));
  if (!isWellKnown(name) && repository !== undefined && requested.length === 1)
    return [pip(match, `${options} ${repository}`)];
  if (!isWellKnown(name))
    return [
      `${own}   # in the folder of ${name}'s sources`,
      `# when PyPI's ${name} is the one that is meant: ${build}`,
    ];
  const force = forcedBuild(name);
  // The ready-made wheels with CUDA are for x86-64 alone.
  if (origin?.wheels === undefined || match.context.log.jetson || match.context.log.arch === "arm64")
    return [...(force === undefined ? [] : [setVariable(match, force, "TRUE")]), build];
  const version =
    statedTorch(match) ??
    match.context.environment?.torch?.version ??
    (platformOf(match) === "win32"
      ? "<torch.__version__>"
      : `$(${python(match)} -c "import torch; print(torch.__version__)")`);
  const page = pageOfWheels(match, origin.wheels, version);
  // All that came from such a page is for one torch.
  const kin = (match.context.log.fromPage ?? []).filter(
    (word) => originOf(plainName(word.replace(/[=<>!~].*$/, "")))?.wheels === origin.wheels,
  );
  const samePage = page === match.context.log.wheelPage;
  const all = kin.some((word) => plainName(word.replace(/[=<>!~].*$/, "")) === name)
    ? kin.map((word) => (samePage ? word : bounded(match, word.replace(/[=<>!~].*$/, ""))))
    : [wanted];
  const names = all.map((word) => word.replaceAll('"', "").replace(/[=<>!~].*$/, "")).join(",");
  const fromSource = (wants: readonly string[]): string =>
    origin.source === undefined ? pip(match, `${options} --no-binary ${names} ${wants.join(" ")}`) : build;
  // What lies there for this very torch was installed, and does not load: torch is another build than PyTorch's own wheel.
  if (samePage && match.finding.kind === "undefined-symbol" && statedTorch(match) !== undefined)
    return [setVariable(match, "FORCE_CUDA", match.context.log.torchBuild === "cpu" ? "0" : "1"), fromSource(all)];
  return [
    pip(
      match,
      `install --no-cache-dir --force-reinstall --no-deps --only-binary ${names} ${all.join(" ")} -f ${page}`,
    ) +
      "   # ready-made for this torch, when there is one: the newest release that has a wheel there, and no newer sources of PyPI",
    fromSource(all) + "   # or from source",
  ];
}

/**
 * Transformer Engine is three packages of one release, of which `transformer_engine_torch` alone is compiled for torch. Source:
 * what pip collects for `transformer_engine[pytorch]` in NVIDIA/TransformerEngine#1506.
 */
function transformerEngine(match: Match, options: string): string[] {
  const release = /^\d+\.\d+(?:\.\d+)?/.exec(match.context.log.versions["transformer-engine"] ?? "")?.[0];
  const pin = release === undefined ? "" : `==${release}`;
  const library = `transformer-engine-cu${torchCuda(match)?.split(".")[0] ?? "12"}`;
  return [
    pip(match, `${options} -v transformer-engine${pin} ${library}${pin} transformer-engine-torch${pin}`),
    "# of a checkout, in its folder: " + pip(match, `${options} -v .`),
  ];
}

/** A package with a bound where newer releases are for a newer torch. */
function bounded(match: Match, name: string): string {
  const above = tooNewFor(torchThere(match), plainName(name));
  return above === undefined ? name : `"${name}<${above}"`;
}

/** The page of a project's wheels for that torch; one that the text names is for the torch that is meant. */
function pageOfWheels(match: Match, page: string, version: string): string {
  const named = match.context.log.wheelPage?.replace("https://pytorch-geometric.com/", "https://data.pyg.org/");
  if (named !== undefined && statedTorch(match) === undefined && named.startsWith(page.replace(/\$.*$/, "")))
    return named;
  return page.replace("$TORCH_CUDA", wheelPage(match, version)).replace("$TORCH", version);
}

/** `2.4.0_cu118`, as some pages are named. */
function wheelPage(match: Match, version: string): string {
  const shown = version.startsWith("$") ? "<torch.__version__>_cu<torch.version.cuda>" : version.replace("+", "_");
  const cuda = match.context.log.torchCuda ?? match.context.log.cuda;
  return shown.includes("_") || cuda === undefined ? shown : `${shown}_cu${cuda.replace(".", "")}`;
}

/** Version of the torch that is installed, of the text, or of the environment where the text is of it. */
function torchThere({ context }: Match): string | undefined {
  return context.log.installedTorch ?? (context.isUnsure === true ? undefined : context.environment?.torch?.version);
}

/** The installed torch with its build as the text states them: `2.1.0+cu121`. */
function statedTorch(match: Match): string | undefined {
  const { installedTorch, torchCuda: cuda, torchBuild } = match.context.log;
  if (installedTorch === undefined || installedTorch.includes("+")) return installedTorch;
  if (cuda !== undefined) return `${installedTorch}+cu${cuda.replace(".", "")}`;
  return torchBuild === "cpu" ? `${installedTorch}+cpu` : undefined;
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

/** torch for a CUDA version, from PyTorch's own index. */
export function installTorchFor(match: Match, cuda: string): string {
  const tag = cuda === "cpu" ? "cpu" : indexPartOf(cuda);
  return pip(match, `install --force-reinstall torch --index-url https://download.pytorch.org/whl/${tag}`);
}

/** The compute capabilities to build for that are known: of the GPUs that are here, of the board, of the GPU that the text names. */
export function knownCapabilities(match: Match): readonly string[] {
  const here = [...new Set((match.context.environment?.gpus ?? []).map((gpu) => gpu.computeCapability.join(".")))];
  if (here.length > 0) return here;
  const { jetsonArch, namedGpu } = match.context.log;
  const named = jetsonArch ?? namedGpu;
  return named === undefined ? [] : [named];
}

/** A GPU that is newer than the toolkit runs the code of the architecture before it: within a generation as it is, else as PTX. */
function asNvccKnows(match: Match, capability: string): string {
  const cuda = match.context.log.cuda ?? torchCuda(match) ?? match.context.log.spokenCuda;
  if (cuda === undefined) return capability;
  const before = ["12.0", "9.0", "8.9", "8.6", "8.0", "7.5", "7.0"];
  const knows = (each: string): boolean => {
    const known = cudaForArchitecture(each.replace(".", ""));
    return known === undefined || compareVersions(parseVersion(cuda), parseVersion(known.since)) >= 0;
  };
  if (knows(capability)) return capability;
  const older = before.find((each) => Number(each) < Number(capability) && knows(each));
  return older === undefined ? capability : `${older}+PTX`;
}

/** The architectures to build for: of the GPUs that are there, else what a command finds out. */
function archList(match: Match): string {
  const listed = knownCapabilities(match);
  if (listed.length > 0) return listed.map((each) => asNvccKnows(match, each)).join(";");
  const named = match.context.log.namedCapability;
  if (named !== undefined) return asNvccKnows(match, named);
  return `$(${python(match)} -c "import torch; print('%d.%d' % torch.cuda.get_device_capability())")`;
}

/** Builds again for the GPUs that are there. */
export function buildForThisGpu(match: Match): string[] {
  return [setVariable(match, "TORCH_CUDA_ARCH_LIST", archList(match)), ...rebuild(match)];
}
