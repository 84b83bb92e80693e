/** Packages whose `__init__.py` a message names: the installed package, or the folder of sources that lacks its compiled part. */
import { plainName } from "../../base/package-name.ts";
import { changeFolder, pip, platformOf, python, removeFolder, setVariable } from "./command-words.ts";
import { framesAt } from "../matchers.ts";
import { originOf, packageOfModule } from "../tables/packages.ts";
import type { Match } from "../rule.ts";

/** `cannot import name '_C' from 'a.b' (/home/u/p/a/b/__init__.py)`, in JSON with its backslashes doubled. */
const initOf =
  /from (?:partially initialized module )?['"]([\w.]{1,100})['"] (?:\(most likely due to a circular import\) )?\(([^()'"]{1,300}?)[\\/]+__init__\.py\)/;

/** The installed package that the message names. */
export function packageOfInit(message: string): string | undefined {
  const [, module = "", folder = ""] = initOf.exec(message) ?? [];
  return /[\\/](?:site|dist)-packages[\\/]/.test(folder) ? packageOfModule(`${module}.`) : undefined;
}

/** Builds the compiled part beside the sources that Python imports; undefined where the message names none. */
export function buildInCheckout(match: Match): string[] | undefined {
  const [, module = "", named = ""] = initOf.exec(match.finding.message) ?? [];
  const folder = named.replaceAll("\\\\", "\\");
  const depth = module.split(".").length;
  const parts = folder.split(/[\\/]/);
  if (module === "" || parts.length <= depth) return undefined;
  const root = folder.slice(0, folder.length - parts.slice(-depth).join("/").length - 1);
  if (platformOf(match) === "win32")
    return [
      `cd /d ${root}   # or ${folder}: the one that has the setup.py`,
      `${python(match)} setup.py build_ext --inplace --force`,
    ];
  return [
    `for d in ${folder} ${root}; do [ -f $d/setup.py ] && (cd $d && ${python(match)} setup.py build_ext --inplace --force); done   # the first error of its log is the cause, if it fails`,
  ];
}

/** Goes to the sources whose Python file imports a module of its own folder: `import _ext` in `/w/DCNv2/dcn_v2.py`. */
export function toImporter(match: Match): string[] {
  const frame = framesAt(match).at(-1) ?? "";
  const [, folder, word] =
    /^((?:[A-Za-z]:)?[\\/].{1,200}?)[\\/][^\\/]+\.py:\d+ .*?» *(?:from \. )?(?:import|from) (_\w+|\w+_(?:cuda|ext|cpp))\b/.exec(
      frame,
    ) ?? [];
  if (folder === undefined || word === undefined || /[\\/](?:site|dist)-packages[\\/]|[\\/]lib[\\/]python/.test(folder))
    return [];
  return [`${changeFolder(match, folder)}   # or the folder above it: the one that has the setup.py`];
}

/** A call of a compiled module by the name that its own Python file gives it: `_backend.grid_encode_forward(`. */
const callsOwn = /» *.*\b(?:_backend|_C|_ext|_kernels?|\w+_(?:cuda|ext|cpp|backend))\.\w+\(/;

/** Goes to the sources whose own Python file calls the compiled module, `_ext.forward(` in `/w/DCNv2/dcn_v2.py`. */
export function toCaller(match: Match): string[] {
  const frame = framesAt(match).at(-1) ?? "";
  const folder = /^((?:[A-Za-z]:)?[\\/].{1,250}?)[\\/][^\\/]+\.py:\d/.exec(frame)?.[1];
  return folder === undefined || !callsOwn.test(frame) || notOfCheckout.test(`${folder}/`)
    ? []
    : [`${changeFolder(match, folder)}   # or the folder above it: the one that has the setup.py`];
}

/** Whether the innermost frame of the traceback calls a compiled module that is not torch's. */
export function callsCompiledModule(match: Match): boolean {
  const frame = framesAt(match).at(-1) ?? "";
  return callsOwn.test(frame) && !/» .*\btorch\._C\./.test(frame) && !/[\\/]packages[\\/]torch[\\/]/.test(frame);
}

/**
 * Builds and installs a package again whose Python the traceback runs in its sources, while its compiled module was installed: pip
 * says so of a folder's name, or the innermost frame calls the module. Undefined where neither is told.
 */
export function installFromFolder(match: Match): string[] | undefined {
  const { log } = match.context;
  if (match.finding.kind !== "gpu" || log.setupCommand !== undefined) return undefined;
  const installed = [...log.shownInstalled, ...log.localPackages].map(plainName);
  const frames = framesAt(match).toReversed();
  const paths = frames.map((frame) => /^((?:[A-Za-z]:)?[\\/].{1,250}?)[\\/][^\\/]+\.py:\d/.exec(frame)?.[1] ?? "");
  const own = (path: string): boolean => path !== "" && !notOfCheckout.test(`${path}/`);
  const named = paths.filter(own).flatMap((path) => {
    const parts = path.split(/[\\/]/);
    const at = parts.findIndex((part) => part !== "" && installed.includes(plainName(part)));
    return at < 0 ? [] : [path.slice(0, parts.slice(0, at + 1).join("/").length)];
  })[0];
  const innermost = paths[0] ?? "";
  const calling = own(innermost) && callsOwn.test(frames[0] ?? "") ? innermost : undefined;
  const folder = named ?? calling;
  if (folder === undefined) return undefined;
  return [
    `${changeFolder(match, folder)}${named === undefined ? "   # or the folder above it: the one that has the setup.py" : ""}`,
    removeFolder(match, "build"),
    pip(match, "install --no-build-isolation --no-cache-dir --force-reinstall --no-deps ."),
  ];
}

/** Folders that no checkout has: of installed packages, of Python itself, of what is built for a while. */
const notOfCheckout =
  /[\\/](?:site|dist)-packages[\\/]|[\\/]lib[\\/]python\d|torch_extensions|[\\/]pip-(?:req-build|install)-/;

/** The first `depth` parts of a path. */
function upTo(parts: readonly string[], depth: number, windows: boolean): string | undefined {
  return depth < 2 ? undefined : parts.slice(0, depth).join(windows ? "\\" : "/");
}

/** Folders above a Python package that one frame of a traceback gives away: by dots, by `__init__.py`, by a name that is known. */
function rootsOf(frame: string, imported: readonly (readonly string[])[], windows: boolean): string[] {
  const [, path = "", source = ""] = /^((?:[A-Za-z]:)?[\\/].{1,250}?\.py):\d+[^»]*(?:» *(.*))?$/.exec(frame) ?? [];
  if (path === "" || notOfCheckout.test(path)) return [];
  const parts = path.split(/[\\/]/);
  const folder = parts.length - 1;
  const dots = /^from (\.+)/.exec(source)?.[1]?.length;
  const roots = [
    parts.at(-1) === "__init__.py" ? upTo(parts, folder - 1, windows) : undefined,
    dots === undefined ? undefined : upTo(parts, folder - dots, windows),
    ...imported.map((names) => {
      const at = parts.findLastIndex((_part, index) =>
        names.every((name, next) => parts[index + next]?.replace(/\.py$/, "") === name),
      );
      return at < 0 || (names.length === 1 && parts.at(-1) !== "__init__.py") ? undefined : upTo(parts, at, windows);
    }),
    // A repository and its package of one name.
    ...parts
      .slice(2, -1)
      .map((part, index) =>
        part.toLowerCase() === parts[index + 1]?.toLowerCase() ? upTo(parts, index + 2, windows) : undefined,
      ),
    ...parts
      .slice(2, -1)
      .map((part, index) =>
        /^[a-z]\w+$/.test(part) && originOf(plainName(part)) !== undefined
          ? upTo(parts, index + 2, windows)
          : undefined,
      ),
  ];
  return roots.filter((root) => root !== undefined);
}

/**
 * The folder of a checkout that a traceback runs in, `/w/OpenPCDet` of `/w/OpenPCDet/pcdet/ops/iou3d_nms/iou3d_nms_utils.py`: what
 * lies above the outermost package. Undefined where no frame gives it away. Whether it has a setup.py is not known.
 */
export function rootOfCheckout(match: Match): string | undefined {
  const windows = platformOf(match) === "win32";
  const frames = framesAt(match);
  const imported = frames.flatMap((frame) => {
    const name = /» *(?:from|import) ([a-z]\w*(?:\.\w+)?)/.exec(frame)?.[1];
    return name === undefined ? [] : [name.split(".")];
  });
  const root = frames
    .flatMap((frame) => rootsOf(frame, imported, windows))
    .toSorted((a, b) => a.length - b.length)
    .find((root) => root.split(/[\\/]/).filter((part) => part !== "").length > 1);
  // Sources in `src` are built from the folder above it.
  return root?.replace(/(?<=[\\/][^\\/]+)[\\/]src$/, "");
}

/** Whether what imports `fairseq.data.data_utils_fast` is of that package itself, and lies in a checkout: PyPI's release is not what is meant. */
export function importedFromCheckout(match: Match, module: string): boolean {
  const [top = "", ...rest] = module.split(".");
  const path = /^((?:[A-Za-z]:)?[\\/].{1,250}?\.py):\d/.exec(framesAt(match).at(-1) ?? "")?.[1] ?? "";
  return rest.length > 0 && path.split(/[\\/]/).slice(0, -1).includes(top) && !notOfCheckout.test(path);
}

/** The same of a package in the folder of the prompt, whose files a traceback names by relative paths, as pytest's does. */
export function importedFromHere(match: Match, module: string): boolean {
  const [top = "", ...rest] = module.split(".");
  const path = /^([\w.-][^:]{0,250}\.py):\d/.exec(framesAt(match).at(-1) ?? "")?.[1] ?? "";
  const parts = path.split(/[\\/]/);
  return (
    rest.length > 0 &&
    !parts.includes("..") &&
    (parts[0] === top || (/^(?:src|python|lib)$/.test(parts[0] ?? "") && parts[1] === top)) &&
    !notOfCheckout.test(`/${path}`)
  );
}

/** Builds the checkout again that a traceback runs in: the compiled part lies beside its sources. */
export function rebuildRoot(match: Match): string[] | undefined {
  const root = match.context.log.buildRoot ?? rootOfCheckout(match);
  if (root === undefined) return undefined;
  const { setupCommand } = match.context.log;
  const variables = Object.entries(originOf(plainName(/[\\/]([^\\/]+)$/.exec(root)?.[1] ?? ""))?.variables ?? {});
  return [
    changeFolder(match, root),
    removeFolder(match, "build"),
    ...variables.map(([name, value]) => setVariable(match, name, value)),
    setupCommand === undefined || /build(?!_ext| develop| install)|bdist_wheel/.test(setupCommand)
      ? `${pip(match, "install --no-build-isolation --no-deps -v -e .")}   # where the setup.py lies: here, or in the folder of the compiled part itself`
      : `${python(match)} ${setupCommand}`,
  ];
}

/**
 * Builds a checkout again whose own folder has the library: `/w/vllm/vllm/_C.abi3.so`. vLLM pins a torch for its build, and has a
 * script that takes the pin away. Source: "Use an existing PyTorch installation" of vLLM's documentation.
 */
export function rebuildCheckout(match: Match): string[] | undefined {
  const { file = "" } = match.finding;
  const [, root, name] =
    /^((?:[A-Za-z]:)?[\\/](?:[^\\/]+[\\/])*?([a-z]\w+))[\\/]\2[\\/][^\\/]+\.(?:so|pyd)$/.exec(file) ?? [];
  if (root === undefined || /(?:site|dist)-packages|torch_extensions|[\\/]build[\\/]/.test(file)) return undefined;
  const windows = platformOf(match) === "win32";
  return [
    changeFolder(match, root),
    windows ? "rmdir /s /q build" : "rm -rf build *.egg-info",
    ...(name === "vllm"
      ? [`${python(match)} use_existing_torch.py`, pip(match, "install -r requirements/build.txt")]
      : []),
    name !== "vllm" && /build_ext|develop/.test(match.context.log.setupCommand ?? "")
      ? `${python(match)} ${match.context.log.setupCommand ?? ""}`
      : pip(match, "install --no-build-isolation -v -e ."),
  ];
}

/**
 * The folder from which a project installs its own edition of a package, `/w/gaussian-splatting/submodules/simple-knn`: as a
 * command of the text names it, else below the folder of the script that runs. Undefined where the text tells neither.
 */
export function editionOf(match: Match, name: string): string | undefined {
  const { within, beside, holds } = originOf(name) ?? {};
  const { requested = [], requirement } = match.context.log;
  const asked = [...requested, requirement ?? ""]
    .map((word) => word.replaceAll(/^-e |"/g, ""))
    .find(
      (word) => !word.includes("git+") && plainName(/[\\/]([\w.-]+?)[\\/]?$/.exec(word)?.[1] ?? "") === plainName(name),
    );
  if (asked !== undefined) return asked;
  if (within === undefined && beside === undefined && holds === undefined) return undefined;
  const windows = platformOf(match) === "win32";
  for (const frame of framesAt(match)) {
    const itself = holds?.exec(frame)?.[1];
    if (itself !== undefined && !/[\\/](?:site|dist)-packages[\\/]/.test(itself)) return itself;
    const neighbour = beside?.exec(frame)?.[1];
    if (neighbour !== undefined && !/[\\/](?:site|dist)-packages[\\/]/.test(neighbour))
      return [neighbour, name.replaceAll("-", "_")].join(windows ? "\\" : "/");
    if (within === undefined) continue;
    const [, folder] =
      /^((?:[A-Za-z]:)?[\\/].{1,200}?)[\\/](?:train|render|train_\w+|render_\w+|(?:gaussian_renderer|scene)[\\/]\w+)\.py:\d/.exec(
        frame,
      ) ?? [];
    if (folder === undefined || /[\\/](?:site|dist)-packages[\\/]/.test(folder)) continue;
    return [folder, within, name].join(windows ? "\\" : "/");
  }
  return undefined;
}
