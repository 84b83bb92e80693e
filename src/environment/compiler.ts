/**
 * Finds the host compiler: `CXX`, else `c++`, `g++`, `clang++` on the search path, the first that is new enough for the
 * installed torch. And the one for nvcc, which may have to be older.
 */
import { failure } from "../base/failure.ts";
import { shellWord } from "../base/shell-word.ts";
import type { Memory } from "./cache.ts";
import { askCompiler, type CompilerCommand, type CompilerFacts } from "./compiler-facts.ts";
import { familyName, isTooOld, oldestCompiler } from "./cxx-standard.ts";
import type { Cuda, HostCompiler, Torch } from "./environment.ts";
import { refusal } from "./host-compiler-bounds.ts";
import { behindLauncher, findLaunchers, noLauncher, splitLauncher } from "./launcher.ts";
import type { Look } from "./look.ts";
import { findMsvc } from "./msvc.ts";
import { cxxStandardOf } from "./torch-version.ts";
import { splitWords } from "./words.ts";

interface Candidate {
  /** Where it comes from, for people. */
  readonly source: string;
  readonly words: readonly string[];
  readonly explicit?: boolean;
}

const newestGcc = 19;
const oldestGcc = 5;
const newestClang = 26;
const oldestClang = 5;

/** Finds the C++ compiler. */
export async function findCompiler(
  look: Look,
  memory: Memory,
  torch: Torch | undefined,
): Promise<CompilerFacts | undefined> {
  const standard = torch === undefined ? "14" : cxxStandardOf(torch.release);
  let fallback: { readonly facts: CompilerFacts; readonly where: string } | undefined;
  for (const candidate of candidates(look)) {
    const tried = await tryCompiler(look, memory, candidate);
    if (tried === undefined) {
      if (candidate.explicit === true) return named(look, candidate);
      continue;
    }
    const { facts, where } = tried;
    const { family, version, cxx } = facts.compiler;
    const says = `${familyName(family)} ${cxx.version}`;
    const tooOld = isTooOld({ family, version }, standard);
    if (candidate.explicit === true || !tooOld) {
      look.note({ what: "compiler", where, outcome: "chosen", why: tried.how === "" ? says : `${says}, ${tried.how}` });
      return facts;
    }
    look.note({
      what: "compiler",
      where,
      outcome: "rejected",
      why: `${says}, torch's C++${standard} needs ${oldestCompiler(family, standard) ?? "a newer one"}`,
    });
    fallback ??= { facts, where };
  }
  if (look.host.platform === "win32") {
    const msvc = await findMsvc(look, memory);
    if (msvc !== undefined) return msvc;
  }
  if (fallback === undefined) notFound(look);
  else
    look.note({
      what: "compiler",
      where: fallback.where,
      outcome: "chosen",
      why: "too old, but there is no newer one",
    });
  return fallback?.facts;
}

function notFound(look: Look): void {
  const hint =
    look.host.platform === "win32"
      ? 'Install Visual Studio with the workload "Desktop development with C++", or run from a developer prompt'
      : look.host.platform === "darwin"
        ? "Run `xcode-select --install`, or set `CXX`"
        : "Install one (`apt install g++`, `dnf install gcc-c++`), or set `CXX`";
  look.problem(
    "compiler",
    failure("COMPILER_NOT_FOUND", "No C++ compiler was found", {
      hint,
      attempts: look.attempts.filter((attempt) => attempt.what === "compiler"),
    }),
  );
}

function named(look: Look, candidate: Candidate): undefined {
  const why = look.attempts.at(-1)?.why ?? "it cannot be used";
  const plain = withoutLauncher(look, candidate);
  look.problem(
    "compiler",
    failure(
      "COMPILER_NOT_FOUND",
      `${candidate.source} names \`${candidate.words.join(" ")}\`, which cannot be used: ${why}`,
      plain === undefined
        ? { hint: `Set ${candidate.source} to a C++ compiler, or unset it` }
        : {
            hint: `Install the launcher, or leave it out: \`export CXX=${shellWord(plain)}\``,
            remedy: { CXX: plain },
          },
    ),
  );
  return undefined;
}

/** The command without its launchers, where one of those is all that it lacks. */
function withoutLauncher(look: Look, { words }: Candidate): string | undefined {
  const { launcher, program, arguments: rest } = splitLauncher(words);
  if (program === undefined || !("missing" in findLaunchers(look, launcher))) return undefined;
  const plain = [program, ...rest];
  return typeof resolve(look, plain) === "string" ? undefined : plain.map(shellWord).join(" ");
}

function* candidates(look: Look): Generator<Candidate> {
  const cxx = look.variable("CXX");
  if (cxx !== undefined) {
    // cl is found with everything that belongs to it.
    if (!(look.host.platform === "win32" && /(?:^|[/\\])cl(?:\.exe)?$/i.test(cxx))) {
      yield { source: "CXX", words: commandWords(look, cxx), explicit: true };
      return;
    }
  } else {
    look.note({ what: "compiler", where: "CXX", outcome: "missing", why: "not set" });
  }
  if (look.host.platform === "win32") return;
  // `c++` is torch's own default.
  const plain = look.host.platform === "darwin" ? ["c++", "clang++", "g++"] : ["c++", "g++", "clang++"];
  for (const name of plain) yield { source: `\`${name}\` on the search path`, words: [name] };
  for (const name of versioned()) yield { source: `\`${name}\` on the search path`, words: [name] };
}

function* versioned(): Generator<string> {
  for (let version = newestGcc; version >= oldestGcc; version--) yield `g++-${version}`;
  for (let version = newestClang; version >= oldestClang; version--) yield `clang++-${version}`;
}

/** The words of a command; one that names a file with spaces in its path is one word. */
function commandWords(look: Look, text: string): string[] {
  if (look.path.isAbsolute(text) && look.isProgram(text)) return [text];
  return splitWords(text, look.host.platform);
}

interface Tried {
  readonly facts: CompilerFacts;
  readonly where: string;
  /** By which launcher it is started. */
  readonly how: string;
}

/** Resolves and asks one candidate; says why not in the attempts. Names with a version that do not exist are not worth a word. */
async function tryCompiler(look: Look, memory: Memory, candidate: Candidate): Promise<Tried | undefined> {
  const command = resolve(look, candidate.words);
  if (typeof command === "string") {
    const quiet = /-\d+$/.test(candidate.words[0] ?? "") && candidate.explicit !== true;
    const where = candidate.explicit === true ? `${candidate.source}=${candidate.words.join(" ")}` : candidate.source;
    if (!quiet) look.note({ what: "compiler", where, outcome: "missing", why: command });
    return undefined;
  }
  const where = `\`${command.path}\` (${candidate.source})`;
  const facts = await askCompiler(look, memory, command);
  if (typeof facts === "string") {
    look.note({ what: "compiler", where, outcome: "rejected", why: facts });
    return undefined;
  }
  const how = command.launcher.length === 0 ? "" : `started through \`${command.launcher.join(" ")}\``;
  return { facts, where, how };
}

function resolve(look: Look, words: readonly string[]): CompilerCommand | string {
  const parts = splitLauncher(words);
  if (parts.program === undefined) return words.length === 0 ? "it is empty" : "a launcher without a compiler";
  const found = look.program(parts.program, look.host.cwd);
  if (found === undefined) return look.isPath(parts.program) ? "no such program" : "no such command";
  const real = behindLauncher(look, found);
  if (real === undefined)
    return `\`${found}\` is ${look.path.basename(look.realpath(found))}, and no compiler of that name follows on the search path`;
  const launchers = findLaunchers(look, parts.launcher);
  if ("missing" in launchers) return noLauncher(launchers.missing);
  return {
    launcher: [...launchers.paths, ...real.launcher],
    path: real.path,
    arguments: parts.arguments,
  };
}

/**
 * The host compiler for nvcc's `-ccbin`: `CC`, as torch's own builder passes it; nvcc's and CMake's variables; the C++
 * compiler, if the toolkit accepts it; else the newest installed one that it accepts.
 */
export async function findCudaHost(
  look: Look,
  memory: Memory,
  cuda: Cuda,
  main: HostCompiler | undefined,
): Promise<HostCompiler | undefined> {
  const note = (where: string, outcome: "chosen" | "rejected", why: string): void =>
    look.note({ what: "host compiler of nvcc", where, outcome, why });
  if (look.host.platform === "win32") return main;
  for (const name of ["CC", "NVCC_CCBIN", "CUDAHOSTCXX"] as const) {
    const value = look.variable(name);
    if (value === undefined) continue;
    const words = inFolder(look, commandWords(look, value));
    const command = resolve(look, words);
    const facts = typeof command === "string" ? command : await askCompiler(look, memory, command);
    if (typeof facts === "string") {
      note(`${name}=${value}`, "rejected", facts);
      const text = `${name} names \`${value}\`, which nvcc cannot use as its host compiler: ${facts}`;
      look.warn({ about: "cuda-compiler", text, variable: name });
      continue;
    }
    const refused = refusal(cuda.hostCompilers, facts.compiler);
    note(
      `\`${facts.compiler.cxx.path}\` (${name})`,
      "chosen",
      `${describe(facts.compiler)}${refused === undefined ? "" : `, which is ${refused.reason}`}`,
    );
    return sameProgram(look, facts.compiler, main) ? main : facts.compiler;
  }
  if (main === undefined) return undefined;
  const refused = refusal(cuda.hostCompilers, main);
  if (refused === undefined) {
    note(`\`${main.cxx.path}\` (the C++ compiler)`, "chosen", describe(main));
    return main;
  }
  note(
    `\`${main.cxx.path}\` (the C++ compiler)`,
    "rejected",
    `${describe(main)} is ${refused.reason}: CUDA ${cuda.version} takes ${refused.allowed}`,
  );
  const other = await installedFor(look, memory, cuda);
  if (other === undefined) return main;
  note(`\`${other.compiler.cxx.path}\` (\`${other.name}\` on the search path)`, "chosen", describe(other.compiler));
  return other.compiler;
}

/** Of the compilers with a version in their name the first that the toolkit takes. */
async function installedFor(
  look: Look,
  memory: Memory,
  cuda: Cuda,
): Promise<{ readonly name: string; readonly compiler: HostCompiler } | undefined> {
  for (const name of versioned()) {
    const command = resolve(look, [name]);
    if (typeof command === "string") continue;
    const facts = await askCompiler(look, memory, command);
    if (typeof facts === "string" || refusal(cuda.hostCompilers, facts.compiler) !== undefined) continue;
    return { name, compiler: facts.compiler };
  }
  return undefined;
}

/** Where a variable names a compiler that the toolkit does not take: an installed one that it does. */
export async function cudaHostInstead(
  look: Look,
  memory: Memory,
  cuda: Cuda,
  chosen: HostCompiler,
): Promise<HostCompiler | undefined> {
  if (look.host.platform === "win32" || refusal(cuda.hostCompilers, chosen) === undefined) return undefined;
  return (await installedFor(look, memory, cuda))?.compiler;
}

/** A folder stands for the compiler in it, as for nvcc. */
function inFolder(look: Look, words: readonly string[]): readonly string[] {
  const [folder] = words;
  if (folder === undefined || words.length !== 1 || !look.path.isAbsolute(folder) || !look.isDirectory(folder))
    return words;
  const name = ["g++", "gcc", "clang++", "clang"].find((each) => look.isProgram(look.path.join(folder, each)));
  return name === undefined ? words : [look.path.join(folder, name)];
}

function sameProgram(look: Look, a: HostCompiler, b: HostCompiler | undefined): b is HostCompiler {
  return b !== undefined && look.realpath(a.cxx.path) === look.realpath(b.cxx.path);
}

function describe(compiler: HostCompiler): string {
  return `${familyName(compiler.family)} ${compiler.cxx.version}`;
}
