/**
 * Modules that Windows loads only after `import torch`, and what puts that first. Whether torch was imported before a traceback
 * begins is not known: the first lines of a script are taken for its beginning.
 */
import { python } from "./command-words.ts";
import { rebuild } from "./rebuild-commands.ts";
import { addLines } from "./source-edits.ts";
import { inOwnTool } from "./own-build.ts";
import { framesAt } from "../matchers.ts";
import { isWellKnown, packageOf } from "../tables/packages.ts";
import type { Match } from "../rule.ts";

/** The module as Python imports it: one that begins with an underscore lies in its package. */
export function moduleOf(match: Match): string {
  const name =
    (match.facts["name"] ?? match.context.log.imports.at(-1) ?? "the_extension")
      .split(/[\\/]/)
      .at(-1)
      ?.replace(/\.\w+$/, "") ?? "the_extension";
  const inPackage = name.startsWith("_") ? packageOf(match) : undefined;
  return inPackage === undefined ? name : `${inPackage.replace(/^mmcv-full$/, "mmcv").replaceAll("-", "_")}.${name}`;
}

/** torch.utils.cpp_extension.load() built it while the program ran. */
export function ofJit(match: Match): boolean {
  return framesAt(match).some((frame) => /_import_module_from_library|_jit_compile/.test(frame));
}

/** Packages that import their compiled module above torch, and leave it to the program to have that imported. */
const kernelFirst: ReadonlySet<string> = new Set(["custom-rasterizer"]);

/** The script that imports the module's package among its first lines, where torch was hardly imported yet. */
export function earlyImport(match: Match): string | undefined {
  if (ofJit(match)) return undefined;
  const [first = ""] = framesAt(match);
  const [, file, line, statement] =
    /^((?:[A-Za-z]:)?[^:<>]{1,300}\.pyw?):(\d+) [^»]*» *((?:import|from) (?!torch\b).*)$/.exec(first) ?? [];
  if (file === undefined || statement === undefined || Number(line) > 8) return undefined;
  // Such packages import torch themselves, before their module.
  const name = packageOf(match);
  if (name !== undefined && isWellKnown(name) && !kernelFirst.has(name)) return undefined;
  return /[\\/](?:site|dist)-packages[\\/]|[\\/]Lib[\\/]/i.test(file) ? undefined : file;
}

/** torch at the head of that script, and what to do where that does not suffice. */
export function torchAtHead(match: Match, file: string): string[] {
  const edit = addLines({ ...match, finding: { ...match.finding, file } }, ["import torch"]);
  return [
    ...edit,
    `# import torch has to stand above the first import of ${moduleOf(match)}: Windows looks into torch\\lib only after it (in a package of your own: in its __init__.py)`,
    `# the check: ${python(match)} -c "import torch, ${moduleOf(match)}"   fails, too? Then it was built for another torch: ${inOwnTool(
      rebuild(match),
      match,
    )
      .filter((line) => !line.startsWith("#"))
      .map((line) => line.replace(/\s+# .*$/, ""))
      .join(" && ")}`,
  ];
}
