/**
 * Finds the CUDA toolkit: `CUDA_HOME`/`CUDA_PATH`, pip's nvidia wheels, conda, nvcc on the search path, the usual
 * folders. One that the user named wins; of the others the one that matches torch.
 */
import { failure } from "../base/failure.ts";
import { compareVersions, parseVersion, unique } from "../base/order.ts";
import type { Memory } from "./cache.ts";
import { borrow, boundsOf, byOtherVariables, librariesIn, missingIn, wheelFolders } from "./cuda-files.ts";
import { executable, parseNvccVersion, readToolkit, type Toolkit, type ToolkitPlace } from "./cuda-toolkit.ts";
import { cudaMismatch, fit } from "./cuda-versions.ts";
import type { Cuda, Python, Tool, Torch } from "./environment.ts";
import { findLaunchers, noLauncher, splitLauncher } from "./launcher.ts";
import type { Look } from "./look.ts";
import { makeTool } from "./tool-identity.ts";
import { splitWords } from "./words.ts";

interface Candidate extends ToolkitPlace {
  /** Where it comes from, for people. */
  readonly source: string;
  readonly explicit?: boolean;
}

interface Usable {
  readonly candidate: Candidate;
  readonly toolkit: Toolkit;
  /** `13.0`. */
  readonly version: string;
}

/** What nvcc says of itself. */
interface NvccVersion {
  readonly version: string;
  readonly nvccVersion: string;
  /** The folder in which it says to lie, which differs from where a wrapper lies. */
  readonly here?: string;
}

/** Finds the toolkit for an interpreter's packages and a torch. */
export async function findCuda(
  look: Look,
  memory: Memory,
  python: Python | undefined,
  torch: Torch | undefined,
): Promise<Cuda | undefined> {
  if (look.host.platform === "darwin") {
    look.note({ what: "cuda", where: "macOS", outcome: "missing", why: "CUDA does not run here" });
    notFound(look);
    return undefined;
  }
  const usable: Usable[] = [];
  for (const candidate of candidates(look, python, torch)) {
    const found = await tryToolkit(look, memory, candidate);
    if (found === undefined) continue;
    // The same toolkit by another name says nothing new.
    if (usable.some(({ toolkit }) => look.realpath(toolkit.nvcc) === look.realpath(found.toolkit.nvcc))) continue;
    usable.push(found);
    if (candidate.explicit === true || torch?.cudaVersion === undefined) break;
    if (fit(found.version, torch.cudaVersion) === 2) break;
  }
  const chosen = choose(usable, torch);
  if (chosen === undefined) {
    notFound(look);
    return undefined;
  }
  explainChoice(look, usable, chosen, torch);
  return complete(look, memory, chosen, python);
}

function notFound(look: Look): void {
  look.problem(
    "cuda",
    failure("CUDA_NOT_FOUND", "No CUDA toolkit with `nvcc` was found", {
      hint: "Install one (for example `pip install nvidia-cuda-nvcc nvidia-nvvm nvidia-cuda-crt nvidia-cuda-cccl nvidia-cuda-runtime`), or set `CUDA_HOME` to its folder",
      attempts: look.attempts.filter((attempt) => attempt.what === "cuda"),
    }),
  );
}

function choose(usable: readonly Usable[], torch: Torch | undefined): Usable | undefined {
  const named = usable.find(({ candidate }) => candidate.explicit === true);
  const wanted = torch?.cudaVersion;
  if (named !== undefined || wanted === undefined) return named ?? usable[0];
  const rank = (each: Usable): number => fit(each.version, wanted);
  return usable.reduce<Usable | undefined>(
    (best, each) => (best === undefined || rank(each) > rank(best) ? each : best),
    undefined,
  );
}

function explainChoice(look: Look, usable: readonly Usable[], chosen: Usable, torch: Torch | undefined): void {
  const wanted = torch?.cudaVersion;
  const needs = wanted === undefined ? "" : `, torch needs ${wanted}`;
  for (const each of usable) {
    look.note({
      what: "cuda",
      where: `\`${each.toolkit.root}\` (${each.candidate.source})`,
      outcome: each === chosen ? "chosen" : "rejected",
      why: `CUDA ${each.version}${needs}`,
    });
  }
  if (wanted === undefined) return;
  const how = fit(chosen.version, wanted);
  if (how === 0) {
    look.problem("cuda", cudaMismatch(chosen.toolkit.root, chosen.version, wanted));
  } else if (how === 1) {
    look.warn({
      about: "cuda",
      text: `The toolkit's CUDA ${chosen.version} and torch's ${wanted} differ in the minor version, which is usually no obstacle`,
    });
  }
}

async function tryToolkit(look: Look, memory: Memory, candidate: Candidate): Promise<Usable | undefined> {
  const where = `\`${candidate.nvcc ?? candidate.root}\` (${candidate.source})`;
  let toolkit = readToolkit(look, candidate);
  if (typeof toolkit === "string") {
    look.note({ what: "cuda", where, outcome: "missing", why: toolkit });
    if (candidate.explicit === true) {
      look.warn({
        about: candidate.source === "PYTORCH_NVCC" ? "cuda-nvcc" : "cuda-home",
        text: `${candidate.source} names \`${candidate.root}\`, which is no CUDA toolkit: ${toolkit}`,
        variable: candidate.source,
      });
    }
    return undefined;
  }
  const isWhole = (found: Toolkit): boolean => found.parts.some(({ name }) => name === "ptxas" || name === "cudafe++");
  if (toolkit.version !== undefined && isWhole(toolkit)) return { candidate, toolkit, version: toolkit.version };
  const said = await askNvcc(look, memory, toolkit.nvcc);
  if (said === undefined) {
    look.note({ what: "cuda", where, outcome: "rejected", why: "nvcc does not say its version" });
    return undefined;
  }
  // A wrapper that could not be read: nvcc itself says where it lies.
  if (!isWhole(toolkit) && said.here !== undefined) {
    const nvcc = look.path.join(said.here, executable(look, "nvcc"));
    const again = readToolkit(look, { root: look.path.dirname(said.here), nvcc });
    if (typeof again !== "string") toolkit = again;
  }
  return { candidate, toolkit, version: toolkit.version ?? said.version };
}

async function askNvcc(look: Look, memory: Memory, nvcc: string): Promise<NvccVersion | undefined> {
  return memory.part(look, "nvcc", [nvcc], async (inner) => {
    inner.stat(nvcc);
    const version = await inner.run([nvcc, "--version"], { env: withoutNvccFlags });
    const parsed = version.exitCode === 0 ? parseNvccVersion(version.stdout) : undefined;
    if (parsed === undefined) return undefined;
    // The input need not exist: a dry run prints the variables first.
    const plan = await inner.run([nvcc, "--dryrun", "-c", "none.cu"], { env: withoutNvccFlags, tolerant: true });
    const here = /^#\$ _HERE_=(.+)$/m.exec(`${plan.stderr}\n${plan.stdout}`)?.[1]?.trim();
    return here === undefined ? parsed : { ...parsed, here };
  });
}

const withoutNvccFlags = { NVCC_PREPEND_FLAGS: undefined, NVCC_APPEND_FLAGS: undefined };

function* candidates(look: Look, python: Python | undefined, torch: Torch | undefined): Generator<Candidate> {
  yield* byVariables(look);
  if (torch?.hipVersion !== undefined) {
    look.note({
      what: "cuda",
      where: "everywhere else",
      outcome: "rejected",
      why: `torch is for ROCm ${torch.hipVersion}`,
    });
    return;
  }
  yield* fromWheels(look, python);
  const prefixes = unique([look.variable("CONDA_PREFIX"), python?.basePrefix, python?.prefix]);
  for (const prefix of prefixes) {
    if (prefix === undefined || !look.isDirectory(look.path.join(prefix, "conda-meta"))) continue;
    const root = look.host.platform === "win32" ? look.path.join(prefix, "Library") : prefix;
    yield { source: "conda environment", root };
  }
  const onPath = look.program("nvcc", look.host.cwd);
  if (onPath === undefined) {
    look.note({ what: "cuda", where: "`nvcc` on the search path", outcome: "missing", why: "no such command" });
  } else {
    yield { source: "`nvcc` on the search path", root: look.path.dirname(look.path.dirname(onPath)), nvcc: onPath };
  }
  yield* usualPlaces(look);
}

/** `CUDA_HOME`, `CUDA_PATH`, `PYTORCH_NVCC`. */
function* byVariables(look: Look): Generator<Candidate> {
  for (const name of ["CUDA_HOME", "CUDA_PATH"] as const) {
    const value = look.variable(name);
    if (value === undefined) {
      look.note({ what: "cuda", where: name, outcome: "missing", why: "not set" });
      continue;
    }
    // `export CUDA_HOME=$CUDA_HOME:/usr/local/cuda` is common and means the one folder in it.
    const folders = value.split(look.path.delimiter).filter((folder) => folder.trim() !== "");
    if (folders.length !== 1 || folders[0] !== value) {
      const text = `${name} is a folder, not a list: of \`${value}\` the first toolkit is taken`;
      look.warn({ about: "cuda-home", text, variable: name });
    }
    for (const folder of folders) {
      if (!look.path.isAbsolute(folder)) {
        look.note({ what: "cuda", where: `${name}=${folder}`, outcome: "rejected", why: "not an absolute path" });
        continue;
      }
      const root = look.path.normalize(folder).replace(/(?<=.)[/\\]+$/, "");
      // NVIDIA's installer for Windows sets CUDA_PATH to whatever was installed last.
      const explicit = name === "CUDA_HOME" || look.host.platform !== "win32";
      yield { source: name, root, explicit };
    }
  }
  const named = nvccCommand(look);
  if (named === undefined) return;
  if (typeof named === "string") {
    const value = look.variable("PYTORCH_NVCC") ?? "";
    look.note({ what: "cuda", where: `PYTORCH_NVCC=${value}`, outcome: "missing", why: named });
    return;
  }
  const root = look.path.dirname(look.path.dirname(named.path));
  yield { source: "PYTORCH_NVCC", root, nvcc: named.path, explicit: true };
}

interface NvccCommand {
  readonly launcher: readonly string[];
  readonly path: string;
  readonly arguments: readonly string[];
}

/** What `PYTORCH_NVCC` says, or why that cannot be started; undefined: it is not set. */
function nvccCommand(look: Look): NvccCommand | string | undefined {
  const text = look.variable("PYTORCH_NVCC");
  if (text === undefined) return undefined;
  const { launcher, program, arguments: rest } = splitLauncher(splitWords(text, look.host.platform));
  if (program === undefined) return "a launcher without a compiler";
  const path = look.program(program, look.host.cwd);
  if (path === undefined) return "no such program";
  const found = findLaunchers(look, launcher);
  return "missing" in found ? noLauncher(found.missing) : { launcher: found.paths, path, arguments: rest };
}

/** `nvidia/cu13` with everything in one folder, or the older `nvidia/cuda_nvcc` beside `nvidia/cublas` and others. */
function* fromWheels(look: Look, python: Python | undefined): Generator<Candidate> {
  let any = false;
  for (const { root, folders } of wheelFolders(look, python)) {
    const together = folders
      .filter((name) => /^cu\d+$/.test(name))
      .sort((a, b) => compareVersions(parseVersion(b), parseVersion(a)));
    for (const name of together) {
      any = true;
      yield { source: "pip's nvidia wheels", root: look.path.join(root, name) };
    }
    if (!folders.includes("cuda_nvcc")) continue;
    any = true;
    yield {
      source: "pip's nvidia wheels",
      root: look.path.join(root, "cuda_nvcc"),
      also: folders
        .filter((name) => name !== "cuda_nvcc" && !/^cu\d+$/.test(name))
        .map((name) => look.path.join(root, name)),
    };
  }
  if (!any && python !== undefined) {
    look.note({
      what: "cuda",
      where: "pip's nvidia wheels",
      outcome: "missing",
      why: "not installed for this interpreter",
    });
  }
}

function* usualPlaces(look: Look): Generator<Candidate> {
  if (look.host.platform === "win32") {
    const programs = look.variable("ProgramFiles") ?? "C:\\Program Files";
    const folder = look.path.join(programs, "NVIDIA GPU Computing Toolkit", "CUDA");
    for (const name of newestFirst(look.list(folder, { prefix: "v" }))) {
      yield { source: "NVIDIA's installer", root: look.path.join(folder, name) };
    }
    return;
  }
  yield { source: "usual place", root: "/usr/local/cuda" };
  for (const name of newestFirst(look.list("/usr/local", { prefix: "cuda-" }))) {
    yield { source: "usual place", root: look.path.join("/usr/local", name) };
  }
  for (const root of ["/opt/cuda", "/usr/lib/nvidia-cuda-toolkit", "/usr/lib/cuda"]) {
    yield { source: "usual place", root };
  }
}

function newestFirst(names: readonly string[]): string[] {
  return [...names].sort((a, b) => compareVersions(parseVersion(b), parseVersion(a)));
}

async function complete(look: Look, memory: Memory, chosen: Usable, python: Python | undefined): Promise<Cuda> {
  const { toolkit, candidate, version } = chosen;
  const nvccVersion = toolkit.nvccVersion ?? (await askNvcc(look, memory, toolkit.nvcc))?.nvccVersion ?? version;
  const nvcc = await nvccTool(look, memory, toolkit, nvccVersion);
  const extra = byOtherVariables(look);
  const own = [...toolkit.includeDirs, ...extra.includeDirs];
  // Debian's toolkit has its headers where every compiler looks anyway.
  const searched = toolkit.includeDirs.length === 0 ? [...own, "/usr/include"] : own;
  const missing = missingIn(look, searched);
  const borrowed = missing.length === 0 ? undefined : borrow(look, toolkit, version, python, missing);
  const libraryDirs = unique([...toolkit.libraryDirs, ...extra.libraryDirs, ...(borrowed?.libraryDirs ?? [])]);
  const bounds = boundsOf(look, toolkit, version);
  return {
    root: toolkit.root,
    origin: candidate.source,
    version,
    fullVersion: nvccVersion,
    nvcc,
    includeDirs: unique([...own, ...(borrowed?.includeDirs ?? [])]),
    libraryDirs,
    missingHeaders: borrowed === undefined ? missing : missingIn(look, [...searched, ...borrowed.includeDirs]),
    ...(candidate.explicit === true ? { explicit: true } : {}),
    libraries: librariesIn(look, libraryDirs),
    ...(bounds === undefined ? {} : { hostCompilers: bounds }),
  };
}

/** nvcc with its parts; with PYTORCH_NVCC the command that it names, whatever toolkit is used otherwise. */
async function nvccTool(look: Look, memory: Memory, toolkit: Toolkit, version: string): Promise<Tool> {
  const named = nvccCommand(look);
  if (named === undefined || typeof named === "string") {
    if (named !== undefined) {
      const text = `PYTORCH_NVCC names \`${look.variable("PYTORCH_NVCC") ?? ""}\`, which cannot be used: ${named}`;
      look.warn({ about: "cuda-nvcc", text, variable: "PYTORCH_NVCC" });
    }
    return makeTool(look, memory, { name: "nvcc", path: toolkit.nvcc, version, parts: toolkit.parts });
  }
  const own = readToolkit(look, { root: look.path.dirname(look.path.dirname(named.path)), nvcc: named.path });
  const nvcc = typeof own === "string" ? toolkit : own;
  const said = nvcc.nvcc === toolkit.nvcc ? undefined : await askNvcc(look, memory, nvcc.nvcc);
  return makeTool(look, memory, {
    name: "nvcc",
    path: nvcc.nvcc,
    version: said?.nvccVersion ?? version,
    launcher: named.launcher,
    arguments: named.arguments,
    parts: nvcc.parts,
  });
}
