/**
 * Finds everything that a build needs to know of the machine, without importing torch. It does not fail: what was not
 * found is absent and its reason stands in `problems`; `checkEnvironment` says whether that matters. The whole answer is
 * remembered with all that it rests on, so that the next search reads one file and asks for the state of some others.
 */
import { checkEnvironment } from "./check.ts";
import { Memory } from "./cache.ts";
import { findCompiler, findCudaHost } from "./compiler.ts";
import { findCuda } from "./cuda.ts";
import type { Environment, EnvironmentPart } from "./environment.ts";
import { findGpus } from "./gpu.ts";
import { findLinkers } from "./linker.ts";
import { Look } from "./look.ts";
import { findPython } from "./python.ts";
import { findRocm } from "./rocm.ts";
import { findSycl } from "./sycl.ts";
import { findTorch } from "./torch.ts";
import { variablesDigest } from "./variables.ts";
import type { Witness } from "./witness.ts";
import type { Failure } from "../base/failure.ts";
import type { FailureCode } from "../base/failure-codes.ts";
import type { Host } from "../host/host.ts";

/** What decides the search besides the machine and its variables. */
export interface EnvironmentRequest {
  /** `--python`: a path, also of an environment's folder, a command, or a version. */
  readonly python?: string;
  /** A LibTorch, or the `torch` folder of a package, to be used instead of the interpreter's own. */
  readonly torch?: string;
  /** Absolute. */
  readonly projectRoot: string;
  /** The user's cache folder. */
  readonly cacheDir: string;
  /** ROCm and SYCL are looked for when torch is built for them, or when asked for here. */
  readonly needs?: { readonly rocm?: boolean; readonly sycl?: boolean };
  /** Linker flags of the project: `-fuse-ld=` and `--ld-path=` may name linkers. */
  readonly linkFlags?: readonly string[];
}

/** What was found, and what it rests on. */
export interface FoundEnvironment {
  readonly environment: Environment;
  readonly witnesses: readonly Witness[];
}

/** Finds the environment, remembered or anew. */
export async function findEnvironment(host: Host, request: EnvironmentRequest): Promise<FoundEnvironment> {
  const memory = new Memory(host, request.cacheDir);
  const question = questionOf(host, request);
  const known = memory.recall<Environment>("environment", question);
  if (known !== undefined) return { environment: known.value, witnesses: known.witnesses };
  const look = new Look(host);
  const environment = await search(look, memory, request);
  const { witnesses } = look;
  if (look.certain) memory.keep("environment", question, { value: environment, witnesses });
  memory.close();
  return { environment, witnesses };
}

function questionOf(host: Host, request: EnvironmentRequest): string[] {
  const linkers = (request.linkFlags ?? []).filter((flag) => /^(?:-fuse-ld|--ld-path)=/.test(flag));
  // A relative path or a command is looked for from the working folder.
  const named = [request.python, request.torch].map((name) => (name === undefined ? "" : `${host.cwd} ${name}`));
  return [
    host.platform,
    host.arch,
    host.home,
    request.projectRoot,
    ...named,
    String(request.needs?.rocm === true),
    String(request.needs?.sycl === true),
    variablesDigest(host.env),
    ...linkers,
  ];
}

async function search(look: Look, memory: Memory, request: EnvironmentRequest): Promise<Environment> {
  const { host } = look;
  const found = await findPython(look, memory, request);
  const python = found?.python;
  const torch = await findTorch(look, memory, request, found);
  const cuda = await findCuda(look, memory, python, torch);
  const facts = await findCompiler(look, memory, torch);
  const cudaHost = cuda === undefined ? undefined : await findCudaHost(look, memory, cuda, facts?.compiler);
  const linkers = facts === undefined ? undefined : await findLinkers(look, memory, facts, request.linkFlags ?? []);
  const gpus = await findGpus(look, memory);
  const wantsRocm = torch?.hipVersion !== undefined || request.needs?.rocm === true;
  const rocm = wantsRocm ? await findRocm(look, memory, python) : undefined;
  const wantsSycl = torch?.xpuVersion !== undefined || request.needs?.sycl === true;
  const sycl = wantsSycl ? await findSycl(look, memory, python) : undefined;
  const environment: Environment = {
    platform: host.platform,
    arch: host.arch,
    ...(python === undefined ? {} : { python }),
    ...(torch === undefined ? {} : { torch }),
    ...(cuda === undefined ? {} : { cuda }),
    ...(rocm === undefined ? {} : { rocm }),
    ...(sycl === undefined ? {} : { sycl }),
    ...(facts === undefined ? {} : { compiler: facts.compiler }),
    ...(cudaHost === undefined ? {} : { cudaHost }),
    ...(linkers?.linker === undefined ? {} : { linker: linkers.linker }),
    ...(linkers === undefined ? {} : { linkers: linkers.linkers }),
    gpus,
    attempts: look.attempts,
    problems: look.problems,
    warnings: look.warnings,
  };
  return { ...environment, problems: { ...misfits(environment), ...environment.problems } };
}

const partOfCode: Readonly<Partial<Record<FailureCode, EnvironmentPart>>> = {
  PYTHON_HEADERS_MISSING: "python",
  COMPILER_TOO_OLD: "compiler",
  COMPILER_TOO_NEW: "compiler",
  CUDA_MISMATCH: "cuda",
  CUDA_TOO_OLD: "cuda",
};

/** What was found but does not fit together, by part, for those who look at the environment as a whole. */
function misfits(environment: Environment): Partial<Record<EnvironmentPart, Failure>> {
  const problems: Partial<Record<EnvironmentPart, Failure>> = {};
  const failures = checkEnvironment(environment, {
    python: environment.python !== undefined,
    torch: environment.torch !== undefined,
    cuda: environment.cuda !== undefined && environment.torch?.cudaVersion !== undefined,
    rocm: false,
    sycl: false,
  });
  for (const failed of failures) {
    const part = partOfCode[failed.code];
    if (part !== undefined) problems[part] ??= failed;
  }
  return problems;
}
