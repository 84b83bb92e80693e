/**
 * Warns of symbols that a module asks for and that nothing it is linked to defines: a shared library links with holes,
 * and the import finds them. The quick look costs a few milliseconds; the whole verdict is asked for only where it
 * leaves something open. Reads ELF files; of others nothing is said.
 */
import type { Extension } from "../config/extension.ts";
import type { Environment } from "../environment/environment.ts";
import type { Host } from "../host/host.ts";
import { openNames } from "../inspect/open-names.ts";
import type { ProblemKind } from "../inspect/verdict.ts";

/** Of what else is wrong, an import or `retorch inspect` tells. */
const aboutSymbols: ReadonlySet<ProblemKind> = new Set([
  "missing-symbol",
  "missing-device-link",
  "other-torch",
  "string-abi",
]);

/** What will be missing when an artifact is loaded, each with what to do. */
export async function openSymbols(
  host: Pick<Host, "fs" | "env" | "cwd" | "arch">,
  environment: Environment,
  { kind, libraryDirs }: Pick<Extension, "kind" | "libraryDirs">,
  path: string,
): Promise<readonly { readonly message: string; readonly hint: string }[]> {
  // A program does not link with holes.
  if (environment.platform !== "linux" || kind === "executable") return [];
  const { python, torch, cuda, compiler } = environment;
  const folders = [
    ...(host.env["LD_LIBRARY_PATH"] ?? "").split(":"),
    ...libraryDirs,
    ...(torch?.libraryDirs ?? []),
    ...(cuda?.libraryDirs ?? []),
    ...(compiler?.systemLibraryDirs ?? []),
  ];
  const program = python === undefined ? {} : { program: python.executable };
  const open = openNames({ fs: host.fs, path, folders, ...program });
  if (open === undefined || open.length === 0) return [];
  const { inspectPath } = await import("../inspect/inspect.ts");
  const inspected = inspectPath(host, path, { environment });
  if (!inspected.ok || inspected.value.kind !== "extension") return [];
  const problems = inspected.value.verdict?.problems ?? [];
  return problems
    .filter((problem) => problem.severity === "error" && aboutSymbols.has(problem.kind))
    .map(({ what, why, fix }) => ({
      message: `\`${path}\` will not load: ${what.replace(/^It\b/, "it")}${why === "" ? "" : `. ${why}`}`,
      hint: `${fix}. \`retorch build --check\` imports it, and with \`--fix\` links what is installed`,
    }));
}
