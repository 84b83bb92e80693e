/** Commands that build an extension or a package again: for the torch that is there, for the GPUs that are there. */
import { plainName } from "../../base/package-name.ts";
import { compareVersions, parseVersion } from "../../base/order.ts";
import { usualArchitectures } from "./arch-lists.ts";
import { editionOf, installFromFolder, rebuildCheckout, rebuildRoot, rootOfCheckout, toImporter } from "./checkouts.ts";
import { changeFolder, pip, platformOf, python, removeFolder, setVariable } from "./command-words.ts";
import { quote } from "../text/quote.ts";
import { cmakeFolder } from "./cmake-folders.ts";
import { installDgl } from "./dgl.ts";
import { besideCondaForge, fromCondaForge } from "./conda-packages.ts";
import { forgetJitBuild } from "./jit-folders.ts";
import { reinstallMmcv } from "./mmcv.ts";
import { forcedBuild, isWellKnown, originOf, packageOf } from "../tables/packages.ts";
import { readyWheel } from "./ready-wheels.ts";
import type { Match } from "../rule.ts";
import { torchCuda } from "./toolkit-commands.ts";
import { otherTorchOf, statedBuild, torchThere } from "../facts/stated-torch.ts";
import { installTogether, torchIndex, wheelPage } from "./torch-commands.ts";
import { companionFor } from "../tables/torch-wheels.ts";
import { installSpconv } from "./spconv.ts";
import { typedBuild, typedBuildFromScratch } from "./typed-builds.ts";
import { sourcesOf, untoldBuild } from "./untold-build.ts";
import { cudaForArchitecture, tooNewFor } from "../tables/version-facts.ts";

/** What code of the text loads by load(), where nothing else of it builds or installs. */
function loadedAgain(match: Match): string[] | undefined {
  const { log } = match.context;
  if (log.showsLoad !== true || log.setupCommand !== undefined || log.package !== undefined || log.docker)
    return undefined;
  if ((log.installs ?? []).length > 0 || log.typedBuild !== undefined || match.finding.kind === "gpu") return undefined;
  return [
    log.typedProgram === undefined || log.notebook || /^python[\d.]*$/.test(log.typedProgram)
      ? "# then the same load(…) in a new Python: it compiles anew"
      : `${log.typedProgram}   # its load() compiles anew`,
  ];
}

/** The compiler's command that made the module, where somebody typed it and nothing else of the text builds. */
function ownCompile(match: Match): string | undefined {
  const { typed, typedBuild: build, setupCommand, installs = [] } = match.context.log;
  if (build !== undefined || setupCommand !== undefined || installs.length > 0) return undefined;
  return typed.findLast(
    ({ kind, line, shell }) => kind === "compile" && shell === "prompt" && / -?-shared\b/.test(line),
  )?.line;
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
  const folder = /[\\/]/.test(file) && !/^[\w.]/.test(file.replace(/^[A-Za-z]:/, "")) ? cmakeFolder(file) : undefined;
  if (folder !== undefined)
    return [
      `cmake --build ${quote(folder)} --clean-first   # with setup.py in its place: ${python(match)} setup.py build_ext --inplace --force`,
    ];
  // Built in place by a command of its own, not by pip (microsoft/onnxruntime#16066).
  if (/onnxruntime[\\/]training[\\/]ortmodule[\\/]torch_cpp_extensions/.test(file))
    return [
      `${python(match)} -m onnxruntime.training.ortmodule.torch_cpp_extensions.install   # builds them for the torch that is there`,
      "# built with this very torch, and still so: the torch that this release of onnxruntime-training was made for, then the same command",
    ];
  const operators = rebuildTypedOperators(match);
  if (operators !== undefined) return operators;
  const typed = typedBuild(match);
  if (typed !== undefined && (match.finding.kind === "missing-header" || !/-packages[\\/]/.test(file)))
    return [typedBuildFromScratch(typed)];
  const compile = ownCompile(match);
  if (compile !== undefined) return [compile];
  const name = packageOf(match);
  if (name !== undefined)
    return fromCondaForge(match, "any") ?? [...reinstall(match, name), ...waitingModules(match, name)];
  const loaded = loadedAgain(match);
  if (loaded !== undefined) return loaded;
  // The one that was compiled is the one that runs; its sources lie nowhere here.
  const [compiled, ...others] = match.finding.kind === "gpu" ? match.context.log.compiledPackages : [];
  if (compiled !== undefined && others.length === 0 && match.context.log.setupCommand === undefined)
    return [
      pip(
        match,
        `install --no-build-isolation --no-cache-dir --force-reinstall --no-deps --no-binary ${compiled} ${match.context.log.requested?.find((word) => word.startsWith('"git+')) ?? compiled}`,
      ),
    ];
  const checkout = rebuildCheckout(match) ?? rebuildRoot(match) ?? installFromFolder(match);
  if (checkout !== undefined) return checkout;
  const asked = match.context.log.requested?.join(" ") ?? "";
  if (ofThisFolder.test(asked))
    return [
      ...toImporter(match),
      removeFolder(match, "build"),
      pip(match, `install --no-build-isolation --no-deps --force-reinstall ${asked}`),
    ];
  const { cmakeTarget, setupCommand, installs = [] } = match.context.log;
  if (cmakeTarget !== undefined && setupCommand === undefined && installs.length === 0)
    return ["cmake --build build --clean-first   # build: the folder in which CMake was configured"];
  return [
    ...toImporter(match),
    "retorch build --force",
    platformOf(match) === "win32"
      ? "# with setup.py alone: rmdir /s /q build, then python setup.py build_ext --inplace --force"
      : `# with setup.py alone: rm -rf build *.egg-info && ${python(match)} setup.py build_ext --inplace --force`,
  ];
}

/**
 * What stopped at the import has a compiled module of its own, which it loads next and which was built beside the other one. Source:
 * mamba_ssm/ops/selective_scan_interface.py of state-spaces/mamba, that imports causal_conv1d first.
 */
function waitingModules(match: Match, name: string): string[] {
  const { finding, context } = match;
  const isMamba = (text: string): boolean => /[\\/]mamba_ssm[\\/]/.test(text);
  if (
    name !== "causal-conv1d" ||
    !(
      context.log.imports.includes("mamba_ssm") ||
      [finding, ...context.findings].some(({ frames = [] }) => frames.some(isMamba))
    )
  )
    return [];
  const lines = reinstall(match, "mamba-ssm");
  return finding.kind === "missing-library"
    ? lines
    : [
        `# mamba-ssm, which imports it, has a module of its own; it fails alike next: ${lines.join(platformOf(match) === "win32" ? "&& " : " && ")}`,
      ];
}

/**
 * Operators that a script of the text builds in a folder of their own, before the program that uses them: that script again, from
 * scratch, since ninja takes objects that were made for another GPU as they are.
 */
function rebuildTypedOperators(match: Match): string[] | undefined {
  const { buildRoot, typed } = match.context.log;
  if (match.finding.kind !== "gpu" || buildRoot === undefined || platformOf(match) === "win32") return undefined;
  const script = typed.find(
    ({ kind, folder = "" }) =>
      kind === "script" &&
      folder !== "" &&
      `${buildRoot}/`.endsWith(`/${folder.replace(/^\.?\//, "").replace(/\/$/, "")}/`),
  );
  if (script === undefined) return undefined;
  return [
    `(cd ${quote(buildRoot)} && rm -rf build dist *.egg-info && ${script.line})   # compiles anew: ninja keeps the objects for the other GPU`,
  ];
}

/** pip builds a folder where it lies, and setuptools takes the module of the last build in it as it is. */
function fromSources(match: Match, install: string, where: string): string[] {
  return [`${removeFolder(match, "build")}   # ${where}, and the next line there, too`, install];
}

/** The folders from which the text's pip installed a package and what lies within its sources, those within first. */
function processedFor({ context: { log } }: Match, name: string): readonly string[] {
  const own = log.processedFolders.find((folder) => plainName(/[^\\/]+$/.exec(folder)?.[0] ?? "") === plainName(name));
  return own === undefined
    ? []
    : [
        ...log.processedFolders.filter(
          (folder) => folder.startsWith(own) && folder !== own && /^[\\/]/.test(folder.slice(own.length)),
        ),
        own,
      ];
}

/** `.`, `-e .`, `".[dev]"`. */
const ofThisFolder = /^(?:-e )?"?\.\/?(?:\[[\w,-]+\])?"?$/;

/** Builds and installs a package again for the torch that is installed. */
export function reinstall(match: Match, name: string): string[] {
  if (/^mmcv(?:-full|-lite)?$/.test(name)) return reinstallMmcv(match);
  if (/^spconv(?:-cu\d+)?$/.test(name)) return installSpconv(match);
  if (name === "dgl") return installDgl(match);
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
    const folder = (/^(?:[A-Za-z]:|[\\/.~])/.test(edition) ? edition : `${here}${edition}`).replace(/[\\/]$/, "");
    return [
      ...(origin?.renewed === undefined
        ? []
        : [`git -C ${quote(folder)} checkout master && git -C ${quote(folder)} pull   # ${origin.renewed}`]),
      ...Object.entries(origin?.variables ?? {}).map(([key, value]) => setVariable(match, key, value)),
      // setuptools takes a module that is newer than its sources, whatever it was built for or left out.
      ...(/\.(?:whl|zip|gz)$/.test(folder) ? [] : [removeFolder(match, `${folder}${here.slice(1)}build`)]),
      pip(match, `${options} -v ${quote(folder)}`),
    ];
  }
  if (origin?.within !== undefined && origin.from !== undefined && match.context.log.requested === undefined) {
    const windows = platformOf(match) === "win32";
    const folder = [".", origin.within, name].join(windows ? "\\" : "/");
    return [
      `${pip(match, `${options} -v ${folder}`)}   # from the folder of the project that uses it: most have an edition of their own; none there: "${origin.from}"`,
    ];
  }
  const variables = Object.entries(origin?.variables ?? {}).map(([key, value]) => setVariable(match, key, value));
  if (origin?.carried !== undefined)
    return [
      platformOf(match) === "win32"
        ? `dir /s /b setup.py | findstr /i ${origin.carried.split("/")[1] ?? ""}   # the project's own folder with its sources`
        : `find . -path '${origin.carried}'   # the project's own folder with its sources${origin.carried.includes("/ops/") ? ": models/ops, models/dino/ops, pixel_decoder/ops" : ""}`,
      platformOf(match) === "win32"
        ? `cd <that folder> && ${pip(match, `${options} -v .`)}`
        : `cd "$(dirname "$(find . -path '${origin.carried}' | head -n 1)")" && ${pip(match, `${options} -v .`)}`,
    ];
  if (name === "transformer-engine") return transformerEngine(match, options);
  const fromPage = (match.context.log.fromPage ?? []).map((word) => plainName(word.replace(/[=<>!~].*$/, "")));
  const ofConda = besideCondaForge(match, fromPage.includes(name) ? fromPage : [name]);
  if (ofConda !== undefined) return ofConda;
  if (origin?.from !== undefined) return [...variables, pip(match, `${options} -v "${origin.from}"`)];
  if (origin?.numbered === true) return withTorchOfItsNumber(match, name);
  if (origin?.broughtBy !== undefined) return withAllItNames(match, name, origin.broughtBy);
  if (origin?.page !== undefined) return fromPageOfReleases(match, name, origin.page);
  if (origin?.ready === true)
    return [
      pip(match, `install --upgrade --no-cache-dir --force-reinstall --no-deps ${bounded(match, name)}`) +
        "   # its wheels are made for one torch and CUDA: the release that fits yours",
    ];
  const above = tooNewFor(torchThere(match), name);
  // The release that the text states fits the project that asks for it; the newest one may want another torch.
  const stated =
    /^\d[\w.]*/.exec(match.context.log.versions[plainName(name)] ?? "")?.[0] ?? releaseOfWheel(match, name);
  const wanted = above !== undefined ? `"${name}<${above}"` : stated === undefined ? name : `${name}==${stated}`;
  const build =
    origin?.source === undefined
      ? pip(match, `${options} --no-binary ${name} ${wanted}`)
      : [...variables, pip(match, `${options} -v "${origin.source}"`)].join(" && ");
  const own = pip(match, `${options} .`);
  if (match.context.log.localPackages.includes(plainName(name)))
    return fromSources(match, own, `in the folder that ${name} was installed from`);
  // As the text has it installed.
  const { requested = [] } = match.context.log;
  const [words = "", ...others] = requested;
  const folders = isWellKnown(name) ? [] : processedFor(match, name);
  if (folders.length > 0)
    return folders.flatMap((folder, at) => [
      `${removeFolder(match, `${folder}${folder.includes("\\") ? "\\" : "/"}build`)}${at === 0 ? "   # what lies there was compiled for the torch before, and is taken as it is" : ""}`,
      pip(match, `${options} -v ${quote(folder)}`),
    ]);
  // fromSources() says why.
  if (!isWellKnown(name) && others.length === 0 && ofThisFolder.test(words))
    return [removeFolder(match, "build"), pip(match, `${options} ${words}`)];
  const repository = requested.find((word) => word.startsWith('"git+'));
  if (!isWellKnown(name) && repository !== undefined && requested.length === 1)
    return [pip(match, `${options} ${repository}`)];
  // Imported from a checkout, whose folder the traceback shows.
  const root = isWellKnown(name) ? undefined : rootOfCheckout(match);
  if (root !== undefined && [`${root}/`, `${root}\\`].some((start) => match.finding.file?.startsWith(start) === true))
    return [changeFolder(match, root), own];
  if (!isWellKnown(name) && sourcesOf(match) !== undefined) return untoldBuild(match);
  // Nobody knows where it is from, but its version says what it is for.
  const made = isWellKnown(name) ? undefined : otherTorchOf(match, name);
  if (made !== undefined)
    return [
      `${pip(match, `install ${/\d\.\d+\.\d/.test(made.torch) ? `torch==${made.torch}` : `"torch==${made.torch}.*"`}${made.cuda === undefined ? "" : ` --index-url https://download.pytorch.org/whl/cu${made.cuda.replace(".", "")}`}`)}   # the torch that ${name} was built for (+${made.tag}); torchvision and torchaudio along with it`,
      `# or a wheel of ${name} that is marked for the installed torch (${statedBuild(match) ?? ""}), or in the folder of its sources: ${own}`,
    ];
  if (!isWellKnown(name))
    return [
      ...fromSources(match, own, `in the folder of ${name}'s sources`),
      `# when PyPI's ${name} is the one that is meant: ${build}`,
    ];
  const force = forcedBuild(name);
  // The ready-made wheels with CUDA are for x86-64 alone.
  if (origin?.wheels === undefined || match.context.log.jetson || match.context.log.arch === "arm64")
    return [...(force === undefined ? [] : [setVariable(match, force, "TRUE")]), build];
  const version =
    statedBuild(match) ??
    pageOnMac(match) ??
    match.context.environment?.torch?.version ??
    (platformOf(match) === "win32"
      ? "<torch.__version__>"
      : `$(${python(match)} -c "import torch; print(torch.__version__)")`);
  const page = pageOfWheels(match, origin.wheels, version);
  // All that came from such a page is for one torch.
  const asked = (match.context.log.fromPage ?? []).filter(
    (word) => originOf(plainName(word.replace(/[=<>!~].*$/, "")))?.wheels === origin.wheels,
  );
  const listedKin = asked.length > 0 ? asked : listedForSameTorch(match, name, origin.wheels);
  const kin = listedKin.length > 0 ? listedKin : failedAlike(match, origin.wheels);
  const samePage = page === match.context.log.wheelPage;
  const all = kin.some((word) => plainName(word.replace(/[=<>!~].*$/, "")) === name)
    ? kin.map((word) => (samePage ? word : bounded(match, word.replace(/[=<>!~].*$/, ""))))
    : // It loads the other, which is of the same page. Source: torch_sparse/mul.py of rusty1s/pytorch_sparse.
      [...(name === "torch-sparse" ? [bounded(match, "torch-scatter")] : []), wanted];
  const names = all.map((word) => word.replaceAll('"', "").replace(/[=<>!~].*$/, "")).join(",");
  const fromSource = (wants: readonly string[]): string =>
    origin.source === undefined ? pip(match, `${options} --no-binary ${names} ${wants.join(" ")}`) : build;
  // What lies there for this very torch was installed, and does not load: torch is another build than PyTorch's own wheel.
  if (
    match.finding.kind === "undefined-symbol" &&
    (match.context.log.builtTorch ||
      (samePage && statedBuild(match) !== undefined) ||
      (platformOf(match) === "darwin" && isOfSameMinor(match)))
  )
    return platformOf(match) === "darwin"
      ? [fromSource(all)]
      : [setVariable(match, "FORCE_CUDA", match.context.log.torchBuild === "cpu" ? "0" : "1"), fromSource(all)];
  return [
    pip(
      match,
      `install --no-cache-dir --force-reinstall --no-deps --only-binary ${names} ${all.join(" ")} -f ${page}`,
    ) +
      "   # ready-made for this torch, when there is one: the newest release that has a wheel there, and no newer sources of PyPI",
    `# or from source: ${fromSource(all)}`,
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

/** A package whose releases bear torch's number: the one for the torch that is there, or that torch for the one that is there. */
function withTorchOfItsNumber(match: Match, name: string): string[] {
  const torch = /^\d+\.\d+(?:\.\d+)?/.exec(torchThere(match) ?? "")?.[0];
  const stated = /^\d+\.\d+(?:\.\d+)?/.exec(match.context.log.versions[name] ?? "")?.[0];
  const listed = `${pip(match, "list")} | ${platformOf(match) === "win32" ? "findstr /i" : "grep -i"} torch   # torch and ${name}: one release number (2.5 and 2.5)`;
  const ofTorch = torch?.split(".").slice(0, 2).join(".");
  // Of one minor release, and yet it does not load: the package knows the torch of its own number alone.
  if (stated !== undefined && torch !== undefined && stated !== torch && stated.startsWith(`${ofTorch ?? ""}.`))
    return [
      listed,
      `${pip(match, `install --force-reinstall torch==${stated} --index-url https://download.pytorch.org/whl/${torchIndex(match)}`)}   # the torch of ${name} ${stated}; torchvision and torchaudio along with it`,
    ];
  return [
    ...(torch === undefined ? [listed] : []),
    pip(
      match,
      `install --no-cache-dir --force-reinstall --no-deps "${name}==${ofTorch ?? "<release of torch>"}.*"   # or torch of ${name}'s release: install torch==<release>`,
    ),
  ];
}

/** A package that names the torch and the companions of its release: as a whole, in the release that the text has. */
function withAllItNames(match: Match, name: string, bringer: string): string[] {
  const { extraIndex } = originOf(bringer) ?? {};
  const stated = /^\d+\.\d[\w.]*/.exec(match.context.log.versions[bringer] ?? "")?.[0];
  const wanted =
    stated === undefined || /dev/.test(stated)
      ? `--upgrade --force-reinstall ${bringer}`
      : `--force-reinstall "${bringer}==${stated}"`;
  return [
    `${pip(match, `install ${wanted}${extraIndex === undefined ? "" : ` --extra-index-url ${extraIndex}`}`)}   # with what it depends on: it names the torch and the ${name === bringer ? "companions" : name} that go together`,
    `# a torch of your own: build ${name} from its sources with that torch${name === "vllm" ? ` (${python(match)} use_existing_torch.py)` : ""}, or take the release that was made for it`,
  ];
}

/** A package whose wheels lie on a page for people: the file for this torch, where its name can be told. */
function fromPageOfReleases(match: Match, name: string, page: string): string[] {
  const wheel = readyWheel(match, name);
  const remove = pip(match, `uninstall -y ${name}`);
  if (wheel !== undefined)
    return [
      remove,
      `${pip(match, `install --no-deps "${wheel.address}"`)}   # ${wheel.sure ? "the wheel for this torch and Python" : "the same release for this torch and CUDA, as the project names its files"}; all are listed on ${page}`,
      ...(wheel.sure
        ? []
        : [
            `# no such file there: another release of ${name} has one for this torch, or install the torch that a file of the list is named for`,
          ]),
    ];
  return [
    `${python(match)} -c "import torch; print(torch.__version__, torch.version.cuda)"`,
    remove,
    `# ${page}: the wheel for that torch and CUDA and for this Python${match.context.log.python === undefined ? "" : ` (${match.context.log.python})`}, then ${pip(match, "install --no-deps <its address>")}`,
  ];
}

/** The release of a package whose ready-made wheel the text names. */
function releaseOfWheel({ context: { log } }: Match, name: string): string | undefined {
  return log.abiWheels
    .map((wheel) => /^(\w+)-(\d+(?:\.\d+)*(?:\.?post\d+)?)/.exec(wheel) ?? [])
    .find(([, project = ""]) => plainName(project) === plainName(name))?.[2];
}

/** A package with a bound where newer releases are for a newer torch. */
export function bounded(match: Match, name: string): string {
  const above = tooNewFor(torchThere(match), plainName(name));
  return above === undefined ? name : `"${name}<${above}"`;
}

/** Macs have torch for the CPU alone, whose version does not say so; the pages are named `torch-2.0.1+cpu`. Source: PyG's installation page. */
function pageOnMac(match: Match): string | undefined {
  if (platformOf(match) !== "darwin") return undefined;
  const release = /^\d+\.\d+\.\d+/.exec(torchThere(match) ?? "")?.[0];
  return `${release ?? `$(${python(match)} -c "import torch; print(torch.__version__)")`}+cpu`;
}

/** Packages of the same page whose modules lack a symbol as well; none where it is one package. */
function failedAlike(match: Match, page: string): string[] {
  const { context, finding: first } = match;
  const names = context.findings
    .filter(({ kind }) => kind === first.kind && first.kind === "undefined-symbol")
    .map((finding) => packageOf({ finding, context }) ?? "")
    .filter((name) => originOf(name)?.wheels === page);
  const distinct = [...new Set(names)];
  return distinct.length > 1 ? distinct.map((name) => bounded(match, name)) : [];
}

/** Packages of the same page that a list in the text has with the same tag, `+pt113cu117`: they fit the torch there as little. */
function listedForSameTorch(match: Match, name: string, page: string): string[] {
  const { versions } = match.context.log;
  const tag = /\+\w+$/.exec(versions[plainName(name)] ?? "")?.[0];
  return tag === undefined
    ? []
    : Object.keys(versions).filter((each) => versions[each]?.endsWith(tag) === true && originOf(each)?.wheels === page);
}

/** The release of torch that a page is for: `2.2.2` of `…/torch-2.2.2+cpu.html`. */
const releaseOfPage = /\btorch-(\d+\.\d+\.\d+)/;

/** The page of a command that was for another release of torch than the installed one, for that one. */
function ofInstalled(match: Match, named: string): string {
  const release = /^\d+\.\d+\.\d+/.exec(match.context.log.installedTorch ?? "")?.[0];
  return release === undefined ? named : named.replace(releaseOfPage, `torch-${release}`);
}

/** What the text's page has was made for the same minor release of torch as the installed one: the same wheel, whatever the patch. */
function isOfSameMinor(match: Match): boolean {
  const [, minor] = releaseOfPage.exec(match.context.log.wheelPage ?? "")?.[0].match(/-(\d+\.\d+)\./) ?? [];
  return minor !== undefined && match.context.log.installedTorch?.startsWith(`${minor}.`) === true;
}

/** The page of a project's wheels for that torch; one that the text names is for the torch that is meant. */
function pageOfWheels(match: Match, page: string, version: string): string {
  const named = match.context.log.wheelPage?.replace("https://pytorch-geometric.com/", "https://data.pyg.org/");
  if (named !== undefined && statedBuild(match) === undefined && named.startsWith(page.replace(/\$.*$/, "")))
    return ofInstalled(match, named);
  return page.replace("$TORCH_CUDA", wheelPage(match, version)).replace("$TORCH", version);
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
export function archList(match: Match): string {
  const listed = knownCapabilities(match);
  if (listed.length > 0) return listed.map((each) => asNvccKnows(match, each)).join(";");
  const named = match.context.log.namedCapability;
  if (named !== undefined) return asNvccKnows(match, named);
  const { namedGpus } = match.context.log;
  if (namedGpus !== undefined) return [...new Set(namedGpus.map((each) => asNvccKnows(match, each)))].join(";");
  // No GPU is there to be asked.
  if (match.context.log.dockerBuild || match.context.log.hostedRunner) return usualArchitectures(match);
  return `$(${python(match)} -c "import torch; print('%d.%d' % torch.cuda.get_device_capability())")`;
}

/** Builds again for the GPUs that are there. */
export function buildForThisGpu(match: Match): string[] {
  const lines = rebuild(match);
  const [ready = "", source = ""] = lines;
  // It ran on one of the GPUs: it was compiled there, for that one alone.
  const compiled =
    match.context.log.namedGpus !== undefined &&
    ready.includes("--only-binary") &&
    source.startsWith("# or from source: ")
      ? [source.replace("# or from source: ", ""), `# or ${ready}`, ...lines.slice(2)]
      : lines;
  return [setVariable(match, "TORCH_CUDA_ARCH_LIST", archList(match)), ...compiled];
}
