/**
 * Finds the target interpreter: the one that was named, an active virtual or conda environment, `.venv` or `venv` in the
 * project's folder or above, then `python3` and `python` on the search path. Each interpreter is started once, ever: what
 * it says is remembered with the files on which it rests.
 */
import { digestOfParts } from "../base/digest.ts";
import { failure } from "../base/failure.ts";
import { compareVersions, unique } from "../base/order.ts";
import type { ProcessResult } from "../host/host.ts";
import type { Memory } from "./cache.ts";
import type { Python } from "./environment.ts";
import type { Look } from "./look.ts";
import { answerMark, parsePythonAnswer, type PythonAnswer, pythonScript } from "./python-script.ts";

/** Python 3.7: the oldest that any torch with the layout known here (1.13) supports. */
const oldestPython = [3, 7];

export interface PythonRequest {
  /** `--python`: a path (also of an environment's folder), a command, or a version such as `3.12`. */
  readonly python?: string;
  readonly projectRoot: string;
}

/** An interpreter with what only the search for torch needs to know. */
export interface FoundPython {
  readonly python: Python;
  /** Folder of an editable torch that no package folder has. */
  readonly torchFolder?: string;
}

interface Candidate {
  /** Where it comes from, for people. */
  readonly source: string;
  readonly path: string;
}

/** Finds the target interpreter. */
export async function findPython(look: Look, memory: Memory, request: PythonRequest): Promise<FoundPython | undefined> {
  if (request.python !== undefined) return findNamed(look, memory, request, request.python);
  for (const candidate of candidates(look, request)) {
    const found = await tryPython(look, memory, request, candidate);
    if (typeof found !== "string") return found;
  }
  look.problem(
    "python",
    failure("PYTHON_NOT_FOUND", "No Python interpreter was found", {
      hint: "Activate a virtual environment, make one with `python3 -m venv .venv`, or name an interpreter with `--python PATH`",
      attempts: look.attempts.filter((attempt) => attempt.what === "python"),
    }),
  );
  return undefined;
}

async function findNamed(
  look: Look,
  memory: Memory,
  request: PythonRequest,
  named: string,
): Promise<FoundPython | undefined> {
  const source = `--python ${named}`;
  const path = namedInterpreter(look, named);
  if (path === undefined) {
    const why = look.isPath(named) ? "no such program" : "no such command on the search path";
    look.note({ what: "python", where: source, outcome: "missing", why });
    look.problem(
      "python",
      failure("PYTHON_NOT_FOUND", `\`${named}\` is no Python interpreter: ${why}`, {
        hint: "Give the path of an interpreter or of a virtual environment's folder",
        attempts: look.attempts.filter((attempt) => attempt.what === "python"),
      }),
    );
    return undefined;
  }
  const found = await tryPython(look, memory, request, { source, path });
  if (typeof found !== "string") return found;
  const old = /is older than/.test(found);
  look.problem(
    "python",
    failure(old ? "PYTHON_TOO_OLD" : "PYTHON_NOT_FOUND", `\`${path}\` cannot be used: ${found}`, {
      hint: "Name another interpreter with `--python PATH`",
    }),
  );
  return undefined;
}

function namedInterpreter(look: Look, named: string): string | undefined {
  if (look.isPath(named)) {
    const path = look.path.resolve(look.host.cwd, named);
    if (look.isDirectory(path)) return inEnvironment(look, path);
    return look.program(path, look.host.cwd);
  }
  if (/^\d+(?:\.\d+)*t?$/.test(named)) {
    const found = look.program(`python${named}`, look.host.cwd);
    if (found !== undefined) return found;
  }
  return look.program(named, look.host.cwd) ?? inEnvironment(look, look.path.resolve(look.host.cwd, named));
}

/** The interpreter of a virtual or conda environment. */
function inEnvironment(look: Look, folder: string): string | undefined {
  const names = look.host.platform === "win32" ? ["Scripts\\python.exe", "python.exe"] : ["bin/python", "bin/python3"];
  return names.map((name) => look.path.join(folder, name)).find((path) => look.isProgram(path));
}

function* candidates(look: Look, request: PythonRequest): Generator<Candidate> {
  const conda = look.variable("CONDA_PREFIX");
  const condaName = look.variable("CONDA_DEFAULT_ENV");
  // conda's base environment is active in many shells all the time: it says less than a `.venv` beside the project.
  const base = condaName === "base" || condaName === "root";
  yield* environmentCandidate(look, "VIRTUAL_ENV", look.variable("VIRTUAL_ENV"));
  if (!base) yield* environmentCandidate(look, "CONDA_PREFIX", conda);
  yield* besideProject(look, request.projectRoot);
  if (base) yield* environmentCandidate(look, "CONDA_PREFIX", conda);
  for (const name of ["python3", "python"]) {
    let found = false;
    for (const path of look.programs(name)) {
      found = true;
      yield { source: `\`${name}\` on the search path`, path };
    }
    if (!found) {
      look.note({
        what: "python",
        where: `\`${name}\` on the search path`,
        outcome: "missing",
        why: "no such command",
      });
    }
  }
}

function* environmentCandidate(look: Look, name: string, folder: string | undefined): Generator<Candidate> {
  if (folder === undefined) {
    look.note({ what: "python", where: name, outcome: "missing", why: "not set" });
    return;
  }
  const path = look.path.isAbsolute(folder) ? inEnvironment(look, folder) : undefined;
  if (path === undefined) {
    look.note({ what: "python", where: `${name}=${folder}`, outcome: "missing", why: "no interpreter there" });
  } else {
    yield { source: name, path };
  }
}

/** `.venv` and `venv` in the project's folder and above, up to the root of the repository or the file system. */
function* besideProject(look: Look, projectRoot: string): Generator<Candidate> {
  let found = false;
  for (const folder of foldersUp(look, projectRoot)) {
    for (const name of [".venv", "venv"]) {
      const path = inEnvironment(look, look.path.join(folder, name));
      if (path === undefined) continue;
      found = true;
      yield {
        source: folder === projectRoot ? `\`${name}\` beside the project` : `\`${name}\` in \`${folder}\``,
        path,
      };
    }
    if (look.stat(look.path.join(folder, ".git")) !== undefined) break;
  }
  if (!found) {
    look.note({
      what: "python",
      where: "`.venv`, `venv` beside the project or above",
      outcome: "missing",
      why: "no such folder",
    });
  }
}

function foldersUp(look: Look, from: string): string[] {
  const folders: string[] = [];
  for (let folder = from; ; folder = look.path.dirname(folder)) {
    folders.push(folder);
    if (folder === look.path.dirname(folder)) return folders;
  }
}

/** Asks one interpreter. A text says why it cannot be used. */
async function tryPython(
  look: Look,
  memory: Memory,
  request: PythonRequest,
  candidate: Candidate,
): Promise<FoundPython | string> {
  let failed = "it cannot be run";
  const answer = await memory.part(look, "python", question(look, request, candidate.path), async (inner) => {
    const said = await ask(inner, candidate.path, request.projectRoot);
    if (typeof said !== "string") return said;
    failed = said;
    return undefined;
  });
  const where = `\`${candidate.path}\` (${candidate.source})`;
  const reject = (why: string): string => {
    look.note({ what: "python", where, outcome: "rejected", why });
    return why;
  };
  if (answer === undefined) return reject(failed);
  const version = answer.version.join(".");
  if (compareVersions(answer.version, oldestPython) < 0 || answer.facts === undefined) {
    return reject(`Python ${version} is older than ${oldestPython.join(".")}`);
  }
  look.note({ what: "python", where, outcome: "chosen", why: `${answer.facts.implementation} ${version}` });
  return toPython(look, answer, answer.facts, candidate.path);
}

/**
 * What an interpreter's answer depends on besides the files that it names: how it was started, the variables that it
 * reads, and, for a shim that picks an interpreter by folder, the files by which it picks.
 */
function question(look: Look, request: PythonRequest, path: string): string[] {
  const pythonPath = look.variable("PYTHONPATH") ?? "";
  const relative = pythonPath.split(look.path.delimiter).some((dir) => dir !== "" && !look.path.isAbsolute(dir));
  const names = ["PYTHONHOME", "PYTHONUSERBASE", "PYTHONNOUSERSITE", "PYTHONPLATLIBDIR"] as const;
  return [
    path,
    digestOfParts([pythonScript]),
    pythonPath,
    relative ? request.projectRoot : "",
    look.host.home,
    ...names.map((name) => look.variable(name) ?? ""),
    ...(isShim(look, path) ? shimState(look, request.projectRoot) : []),
  ];
}

/** pyenv, asdf and mise put scripts into a folder of this name that start an interpreter by the folder they run in. */
function isShim(look: Look, path: string): boolean {
  return look.path.basename(look.path.dirname(path)) === "shims";
}

/** Everything by which a shim picks: variables, and version files from the project upwards and in the home folder. */
function shimState(look: Look, projectRoot: string): string[] {
  const names = [".python-version", ".tool-versions", "mise.toml", ".mise.toml", "mise.local.toml"];
  const home = look.host.home;
  const pyenv = look.variable("PYENV_ROOT") ?? look.path.join(home, ".pyenv");
  const folders = unique([...foldersUp(look, look.variable("PYENV_DIR") ?? projectRoot), home]);
  const files = [
    ...folders.flatMap((folder) => names.map((name) => look.path.join(folder, name))),
    look.path.join(pyenv, "version"),
    look.path.join(home, ".config", "mise", "config.toml"),
  ];
  const variables = [
    "PYENV_VERSION",
    "PYENV_ROOT",
    "ASDF_DATA_DIR",
    "ASDF_PYTHON_VERSION",
    "MISE_PYTHON_VERSION",
  ] as const;
  return [
    ...variables.map((name) => look.variable(name) ?? ""),
    ...files.flatMap((file) => {
      const text = look.readText(file);
      return text === undefined ? [] : [file, text];
    }),
  ];
}

/** Starts an interpreter. A text says why it gave no answer. */
async function ask(look: Look, path: string, projectRoot: string): Promise<PythonAnswer | string> {
  look.stat(path);
  // A shim decides by the folder it runs in, and says no for good where no version is set.
  const result = await look.run([path, "-B", "-c", pythonScript], { cwd: projectRoot, tolerant: isShim(look, path) });
  const answer = parsePythonAnswer(result.stdout);
  if (answer === undefined) return howItFailed(result);
  if (look.path.isAbsolute(answer.executable)) look.stat(answer.executable);
  if (answer.facts === undefined) return answer;
  for (const file of answer.facts.files) look.stat(file);
  for (const folder of unique([...answer.facts.packageDirs, ...answer.facts.siteDirs])) {
    // A `.pth` file adds folders, or runs code that does.
    for (const name of look.list(folder, { suffix: ".pth" })) look.stat(look.path.join(folder, name));
  }
  return answer;
}

function howItFailed(result: ProcessResult): string {
  if (result.startError !== undefined) return `it cannot be started (${result.startError})`;
  if (result.timedOut) return "it did not answer in time";
  const last = result.stderr.trimEnd().split("\n").at(-1);
  const how = result.signal === undefined ? `exit code ${result.exitCode ?? "unknown"}` : `signal ${result.signal}`;
  if (result.exitCode === 0) return `it printed no answer (no \`${answerMark.trim()}\` line)`;
  return last === undefined || last === "" ? how : `${how}: ${last}`;
}

function toPython(
  look: Look,
  answer: PythonAnswer,
  facts: NonNullable<PythonAnswer["facts"]>,
  started: string,
): FoundPython {
  const includeDirs = unique(facts.include).filter(
    (folder) => look.isFile(look.path.join(folder, "Python.h")) || look.isFile(look.path.join(folder, "pyconfig.h")),
  );
  const hasHeader = includeDirs.some((folder) => look.isFile(look.path.join(folder, "Python.h")));
  const [major, minor] = answer.version;
  const python: Python = {
    executable: look.path.isAbsolute(answer.executable) ? answer.executable : started,
    version: answer.version,
    implementation: facts.implementation,
    abiFlags: facts.abiFlags,
    extensionSuffix: facts.extensionSuffix,
    // Free-threaded interpreters up to 3.14 have no limited API, whatever suffixes they list (PEP 703, PEP 803).
    abi3Suffix: facts.freeThreaded && !facts.abi3Suffix.includes("abi3t") ? "" : facts.abi3Suffix,
    soabi: facts.soabi,
    includeDirs: hasHeader ? includeDirs : [],
    libraryDir: facts.libraryDir,
    prefix: facts.prefix,
    basePrefix: facts.basePrefix,
    packageDirs: facts.packageDirs,
    platform: facts.platform,
    freeThreaded: facts.freeThreaded,
    config: facts.config,
  };
  if (!hasHeader) {
    look.note({
      what: "python headers",
      where: facts.include[0] ?? facts.prefix,
      outcome: "missing",
      why: `no Python.h in ${unique(facts.include)
        .map((folder) => `\`${folder}\``)
        .join(", ")}; for Debian's own Python: \`apt install python${major}.${minor}-dev\``,
    });
  }
  return facts.torch === null ? { python } : { python, torchFolder: facts.torch };
}
