/**
 * Finds the linker that the compiler calls: the default one and those that `-fuse-ld=` names. What a link depends on
 * besides its inputs is part of the linker's identity: collect2, the LTO programs, the start files, the run time.
 */
import { failure } from "../base/failure.ts";
import { unique } from "../base/order.ts";
import { err, ok, type Result } from "../base/result.ts";
import type { Memory } from "./cache.ts";
import { type CompilerFacts, firstProgram } from "./compiler-facts.ts";
import type { Environment, Tool } from "./environment.ts";
import type { Look } from "./look.ts";
import { makeTool } from "./tool-identity.ts";

/** Names that gcc and clang both take in `-fuse-ld=`. */
const commonNames = ["bfd", "gold", "lld", "mold"];

export interface FoundLinkers {
  readonly linker?: Tool;
  readonly linkers: Readonly<Record<string, Tool>>;
}

/** Finds the linkers of a compiler; `linkFlags` may name further ones. */
export async function findLinkers(
  look: Look,
  memory: Memory,
  facts: CompilerFacts,
  linkFlags: readonly string[],
): Promise<FoundLinkers> {
  const { cxx } = facts.compiler;
  const names = unique([...commonNames, ...namesIn(linkFlags)]);
  const variables = ["PATH", "COMPILER_PATH", "LD_LIBRARY_PATH"] as const;
  const question = [
    cxx.path,
    cxx.identity,
    ...names,
    "variables",
    ...variables.map((name) => look.variable(name) ?? ""),
  ];
  const found = await memory.part(look, "linkers", question, (inner) => search(inner, memory, facts, names));
  return found ?? { linkers: {} };
}

async function search(
  look: Look,
  memory: Memory,
  facts: CompilerFacts,
  names: readonly string[],
): Promise<FoundLinkers> {
  const path = facts.linker ?? firstProgram(look, "ld", facts.programDirs);
  const compiler = facts.compiler.cxx;
  if (path === undefined || !look.isFile(path)) {
    const where = path === undefined ? "`ld` beside the compiler and on the search path" : `\`${path}\``;
    look.note({ what: "linker", where, outcome: "missing", why: "no such program" });
    look.problem(
      "linker",
      failure("LINKER_NOT_FOUND", `\`${compiler.path}\` has no linker: \`ld\` was not found`, {
        hint: "Install it (`apt install binutils`)",
        attempts: look.attempts.filter((attempt) => attempt.what === "linker"),
      }),
    );
    return { linkers: {} };
  }
  const linker = await linkerTool(look, memory, facts, path);
  look.note({
    what: "linker",
    where: `\`${path}\` (what \`${compiler.path}\` calls)`,
    outcome: "chosen",
    why: `${linker.name} ${linker.version}`,
  });
  const linkers: Record<string, Tool> = {};
  if (facts.compiler.family === "msvc") return { linker, linkers };
  for (const name of names) {
    const program = namedLinker(look, facts, name);
    if (program !== undefined) linkers[name] = await linkerTool(look, memory, facts, program);
  }
  return { linker, linkers };
}

/** clang takes a path as well as a name; a name stands for `ld.NAME`. */
function namedLinker(look: Look, facts: CompilerFacts, name: string): string | undefined {
  if (look.isPath(name)) return look.path.isAbsolute(name) && look.isProgram(name) ? name : undefined;
  return firstProgram(look, `ld.${name}`, facts.programDirs);
}

async function linkerTool(look: Look, memory: Memory, facts: CompilerFacts, path: string): Promise<Tool> {
  const version = await versionOf(look, memory, path, facts.compiler.family === "msvc");
  const cxx = facts.compiler.cxx;
  const { target } = facts.compiler;
  return makeTool(look, memory, {
    name: version.name,
    path,
    version: version.version,
    mode: `linker ${target}`,
    parts: [
      { name: "ld", path: look.realpath(path), program: true },
      // The driver adds flags of its own to every link.
      ...cxx.parts.filter(({ name }) => name.startsWith("driver") || name === "specs"),
      ...facts.linkParts,
    ],
  });
}

interface LinkerVersion {
  readonly name: string;
  readonly version: string;
}

async function versionOf(look: Look, memory: Memory, path: string, msvc: boolean): Promise<LinkerVersion> {
  const unknown: LinkerVersion = { name: look.path.basename(path), version: "" };
  if (msvc) return unknown;
  const found = await memory.part(look, "linker", [path], async (inner) => {
    inner.stat(path);
    // Apple's linker says its version to standard error, as an answer to `-v`.
    const mac = inner.host.platform === "darwin";
    const said = await inner.run([path, mac ? "-v" : "--version"], { env: { LC_ALL: "C" }, tolerant: true });
    return parseLinkerVersion(`${said.stdout}\n${said.stderr}`) ?? unknown;
  });
  return found ?? unknown;
}

/** Reads what a linker says of its version. */
export function parseLinkerVersion(text: string): LinkerVersion | undefined {
  const forms: readonly (readonly [RegExp, string])[] = [
    [/^mold (\d+(?:\.\d+)+)/m, "mold"],
    [/LLD (\d+(?:\.\d+)+)/, "lld"],
    [/^GNU gold .*?(\d+\.\d+(?:\.\d+)*)\)? ?\d*/m, "gold"],
    [/^GNU ld .*?(\d+\.\d+(?:\.\d+)*)\s*$/m, "ld"],
    [/PROJECT:(?:ld64|ld|dyld)-(\d+(?:\.\d+)*)/, "ld64"],
  ];
  for (const [form, name] of forms) {
    const version = form.exec(text)?.[1];
    if (version !== undefined) return { name, version };
  }
  return undefined;
}

/** The linkers that flags name: `-fuse-ld=mold` → `mold`, `--ld-path=/opt/ld` → `/opt/ld`. */
function namesIn(flags: readonly string[]): string[] {
  return flags.flatMap((flag) => /^(?:-fuse-ld|--ld-path)=(.+)$/.exec(flag)?.[1] ?? []);
}

/**
 * The linker of a link with these flags: the one that the last `-fuse-ld=` or `--ld-path=` names, else the compiler's
 * default.
 */
export function linkerFor(environment: Environment, flags: readonly string[]): Result<Tool> {
  const name = namesIn(flags).at(-1);
  if (name === undefined || name === "ld") {
    if (environment.linker !== undefined) return ok(environment.linker);
    return err(environment.problems.linker ?? failure("LINKER_NOT_FOUND", "No linker was found"));
  }
  const linker = environment.linkers?.[name];
  if (linker !== undefined) return ok(linker);
  const program = /[/\\]/.test(name) ? name : `ld.${name}`;
  return err(
    failure("LINKER_NOT_FOUND", `\`-fuse-ld=${name}\` asks for \`${program}\`, which is not installed`, {
      hint: `Install it, or take the flag away${environment.linkers === undefined ? "" : ` (there are: ${Object.keys(environment.linkers).join(", ") || "none"})`}`,
    }),
  );
}
