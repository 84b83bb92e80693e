/** The verdict for PE and Mach-O files, as far as their libraries can be found: each import is asked of its library. */
import { basename, dirname, join } from "node:path";
import type { Host } from "../host/host.ts";
import { fileSource } from "./bytes.ts";
import { openMachO } from "./macho.ts";
import { missingLibraryProblem } from "./missing-library.ts";
import { openPe } from "./pe.ts";
import { torchLibraryOf } from "./extension.ts";
import type { ExtensionReport, NeededLibrary } from "./report.ts";
import { ownerOf } from "./symbol-owner.ts";
import type { ElfJudgement } from "./judge-elf.ts";
import type { JudgeEnvironment, MissingSymbol, Problem, ResolvedLibrary } from "./verdict.ts";

export interface ForeignJudgeInput {
  readonly report: ExtensionReport;
  readonly path: string;
  readonly host: Pick<Host, "fs" | "env">;
  readonly environment: JudgeEnvironment;
}

/** Libraries that come with the system or the compiler's runtime; they are not looked at. */
const SYSTEM_DLL =
  /^(?:kernel32|user32|advapi32|ntdll|ws2_32|shell32|ole32|oleaut32|bcrypt|dbghelp|gdi32|psapi|secur32|crypt32|ucrtbase|msvcp\d+\w*|vcruntime\d+\w*|concrt\d+|vcomp\d+|api-ms-\S+|ext-ms-\S+|msvcrt)\.dll$/i;
const SYSTEM_DYLIB = /^\/(?:usr\/lib|System)\//;

const MAX_NAMED = 10;

/** What a library exports. */
interface Exports {
  readonly path: string;
  /** Names, and numbers as `#3`. */
  readonly names: ReadonlySet<string>;
  /** It hands on what others export. */
  readonly reexports: boolean;
}

export function judgeForeign(input: ForeignJudgeInput): ElfJudgement {
  const { report, environment } = input;
  const libraries: ResolvedLibrary[] = [];
  const problems: Problem[] = [];
  const reasons: string[] = [];
  let symbols = 0;
  let files = 0;
  const known = new Map<string, Exports>();
  for (const library of report.libraries) {
    const folders = foldersFor(library, input);
    if (isSystem(library.name, report)) {
      libraries.push({ name: library.name, foundBy: "system", path: library.name, neededBy: input.path, searched: [] });
      continue;
    }
    const found = find(library.name, folders, report.format, input);
    if (found !== undefined) {
      files++;
      known.set(library.name, found);
      libraries.push({ name: library.name, foundBy: "path", path: found.path, neededBy: input.path, searched: [] });
      continue;
    }
    libraries.push({ name: library.name, neededBy: input.path, searched: folders });
    if (library.optional) continue;
    // What the folders of torch and Python must have, they must have; others may lie on PATH or in a framework.
    if (torchLibraryOf(library.name) !== undefined || /^python\d/i.test(library.name)) {
      problems.push(missingLibraryProblem({ name: library.name, neededBy: input.path, direct: true }, environment));
    } else reasons.push(`\`${library.name}\` was not found in the folders that are known here`);
  }
  const missing: MissingSymbol[] = [];
  for (const symbol of report.undefinedSymbols) {
    if (symbol.weak) continue;
    const candidates = symbol.library === undefined ? [...known.values()] : [known.get(symbol.library)];
    const exports = candidates.filter((one) => one !== undefined);
    // Flat namespace: all libraries, and the interpreter itself, would have to be known.
    if (exports.length === 0 || symbol.library === undefined) continue;
    symbols++;
    const [library] = exports;
    if (library === undefined || exports.some((one) => one.names.has(symbol.name))) continue;
    if (library.reexports) {
      reasons.push(`\`${symbol.name}\` is not among the exports of \`${library.path}\``);
      continue;
    }
    const { owner, demangled } = ownerOf(symbol.name);
    missing.push({
      symbol: symbol.name,
      owner,
      neededBy: input.path,
      cause: "absent",
      forms: [],
      library: library.path,
      ...(demangled === undefined ? {} : { demangled: demangled.text }),
    });
  }
  const [first] = missing;
  if (first !== undefined) problems.push(missingProblem(missing, first, environment));
  return { problems, libraries, reasons: [...new Set(reasons)].slice(0, 10), checked: { symbols, files } };
}

function missingProblem(
  missing: readonly MissingSymbol[],
  first: MissingSymbol,
  environment: JudgeEnvironment,
): Problem {
  const torch = first.owner === "c10" || first.owner === "torch";
  const others = missing.length > 1 ? ` and ${missing.length - 1} more` : "";
  const version = environment.torch?.version ?? "";
  return {
    kind: torch ? "other-torch" : "missing-symbol",
    severity: "error",
    owner: first.owner,
    symbols: missing.slice(0, MAX_NAMED),
    count: missing.length,
    ...(first.library === undefined ? {} : { library: first.library }),
    what: `\`${first.demangled ?? first.symbol}\`${others} is not in \`${basename((first.library ?? "").replaceAll("\\", "/"))}\``,
    why: torch
      ? `It was built against another PyTorch than the installed ${version}`
      : "It was built against another version of that library",
    fix: torch
      ? `Build it again with the installed PyTorch ${version}: \`retorch build\``
      : "Build it again against the installed libraries",
  };
}

function isSystem(name: string, report: ExtensionReport): boolean {
  return report.format === "pe" ? SYSTEM_DLL.test(name) : SYSTEM_DYLIB.test(name);
}

function foldersFor(library: NeededLibrary, { report, path, environment, host }: ForeignJudgeInput): string[] {
  const { python, torch, cuda } = environment;
  const own = dirname(path);
  if (report.format === "pe") {
    const folders = [own, ...(torch === undefined ? [] : [join(torch.root, "lib"), ...torch.libraryDirs])];
    if (python !== undefined) folders.push(dirname(python.executable), python.basePrefix ?? "");
    for (const folder of cuda?.libraryDirs ?? []) folders.push(folder, join(folder, "..", "..", "bin"));
    folders.push(...(host.env["PATH"] ?? "").split(";"));
    return [...new Set(folders.filter((folder) => folder !== ""))];
  }
  // @rpath is looked for in the run paths, then in those of who loads it: torch's own folder.
  if (library.name.startsWith("@loader_path/")) return [join(own, dirname(library.name.slice("@loader_path/".length)))];
  if (library.name.startsWith("@executable_path/") && python !== undefined)
    return [join(dirname(python.executable), dirname(library.name.slice("@executable_path/".length)))];
  if (!library.name.startsWith("@rpath/")) return [dirname(library.name)];
  const program = python === undefined ? own : dirname(python.executable);
  const rpaths = report.rpath.map((folder) =>
    folder.replace(/^@loader_path/, own).replace(/^@executable_path/, program),
  );
  return [...new Set([...rpaths, ...(torch?.libraryDirs ?? [])])];
}

function find(
  name: string,
  folders: readonly string[],
  format: ExtensionReport["format"],
  { host, environment }: ForeignJudgeInput,
): Exports | undefined {
  const file = name.replace(/^.*[/\\]/, "");
  for (const folder of folders) {
    const path = join(folder, file);
    const source = fileSource(host.fs, path);
    if (source === undefined) continue;
    if (format === "pe") {
      const pe = openPe(source);
      if (!pe.ok) continue;
      const names = pe.value.exports.flatMap(({ name, ordinal }) => [
        `#${ordinal}`,
        ...(name === undefined ? [] : [name]),
      ]);
      return { path, names: new Set(names), reexports: false };
    }
    const slices = openMachO(source);
    if (!slices.ok) continue;
    const wanted = environment.arch === "x64" ? /^x86_64/ : /^arm64/;
    const slice = slices.value.find((one) => wanted.test(one.machine));
    if (slice === undefined) continue;
    const names = new Set(slice.exports.map((one) => one.name.replace(/^_/, "")));
    // Without any name it was stripped of them.
    const reexports = names.size === 0 || slice.libraries.some(({ reexported }) => reexported);
    return { path, names, reexports };
  }
  return undefined;
}
