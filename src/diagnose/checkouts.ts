/** Packages whose `__init__.py` a message names: the installed package, or the folder of sources that lacks its compiled part. */
import { changeFolder, pip, platformOf, python } from "./command-words.ts";
import { framesAt } from "./matchers.ts";
import { originOf, packageOfModule, plainName } from "./packages.ts";
import type { Match } from "./rule.ts";

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
    pip(match, "install --no-build-isolation -v -e ."),
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
