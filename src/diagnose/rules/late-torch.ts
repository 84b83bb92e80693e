/**
 * A module that is loaded before torch is: its script imports it first, while the text's torch has the library that is missed. It does
 * not know whether the script's own lines above import torch by way of another module.
 */
import { python } from "../commands/command-words.ts";
import { quote } from "../text/quote.ts";
import type { Finding } from "../finding.ts";
import { packageOf, isWellKnown } from "../tables/packages.ts";
import type { Match, RuleContext } from "../rule.ts";

export interface LateTorch {
  /** The module that the script imports: `my_ops`. */
  readonly module: string;
  /** The script and the line of that import; a command of `python -c` has none. */
  readonly script?: string;
  readonly line?: number;
  /** It is the script's first line: nothing was imported before. */
  readonly sure: boolean;
}

const frameForm = /^(.+?\.py):(\d+) <module>[^»]*»\s*(?:import|from) ([A-Za-z_]\w*)/;

/** The build of torch that has such a library. */
function buildWith(library: string): string {
  return /hip/.test(library) ? "rocm" : /xpu/.test(library) ? "xpu" : "cuda";
}

/** The import that comes too early; undefined where torch may have been there, or lacks the library. */
export function lateTorch(finding: Finding, context: RuleContext): LateTorch | undefined {
  const { log, findings } = context;
  const library = /(?:^|[\\/])lib(?:c10|torch)_(?:cuda|hip|xpu)(?=\.(?:so|dylib))/.exec(finding.library ?? "")?.[0];
  if (library === undefined || finding.phase !== "load" || log.torchBuild !== buildWith(library)) return undefined;
  if (log.installedTorch === undefined) return undefined;
  const name = packageOf({ finding, context });
  if (name !== undefined && isWellKnown(name)) return undefined;
  const frames = findings.find(({ at, frames: each }) => each !== undefined && Math.abs(at - finding.at) <= 1)?.frames;
  if (frames?.some((frame) => /[\\/]torch[\\/]|» *(?:import|from) torch\b/.test(frame)) === true) return undefined;
  const typed = log.imports.indexOf("torch");
  const [, script, row = "", module] = frameForm.exec(frames?.[0] ?? "") ?? [];
  if (script !== undefined && module !== undefined && !/-packages[\\/]/.test(script))
    return /^<|stdin/.test(script) ? undefined : { module, script, line: Number(row), sure: row === "1" };
  const [first] = log.imports;
  return first !== undefined && first !== "torch" && (typed < 0 || log.loadsAfterTorch === first)
    ? { module: first, sure: true }
    : undefined;
}

/** torch's import above that of the module. */
export function importTorchFirst(match: Match, late: LateTorch): string[] {
  const { module, script, line = 1 } = late;
  const shown = `${python(match)} -c "import torch, ${module}"`;
  if (script === undefined) return [shown, `# in a program: the line import torch above the first import of ${module}`];
  const { typedProgram } = match.context.log;
  const name = script.replace(/^.*[\\/]/, "");
  return [
    `sed -i.bak '${line}i import torch' ${quote(script)}   # above import ${module}; an import torch further down may stay`,
    typedProgram?.includes(name) === true ? typedProgram : `${python(match)} ${quote(script)}`,
    "# a package of your own: import torch in its __init__.py, above the import of the compiled module, serves all its users",
  ];
}
