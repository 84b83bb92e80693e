/** The search itself: all parts one after the other, for `findEnvironment`. */
import type { FailureCode } from "../base/failure-codes.ts";
import type { Failure } from "../base/failure.ts";
import type { Memory } from "./cache.ts";
import { checkEnvironment } from "./check.ts";
import { cudaHostInstead, findCompiler, findCudaHost } from "./compiler.ts";
import { findCuda } from "./cuda.ts";
import type { Environment, EnvironmentPart } from "./environment.ts";
import type { EnvironmentRequest } from "./find-environment.ts";
import { findGpus } from "./gpu.ts";
import { findLinkers } from "./linker.ts";
import type { Look } from "./look.ts";
import { findPython } from "./python.ts";
import { findRocm } from "./rocm.ts";
import { findSycl } from "./sycl.ts";
import { findTorch } from "./torch.ts";

/** Looks for every part, in the order in which one decides the next. */
export async function search(look: Look, memory: Memory, request: EnvironmentRequest): Promise<Environment> {
  const { host } = look;
  const found = await findPython(look, memory, request);
  const python = found?.python;
  const torch = await findTorch(look, memory, request, found);
  const cuda = await findCuda(look, memory, python, torch);
  const facts = await findCompiler(look, memory, torch);
  const cudaHost = cuda === undefined ? undefined : await findCudaHost(look, memory, cuda, facts?.compiler);
  const instead =
    cuda === undefined || cudaHost === undefined ? undefined : await cudaHostInstead(look, memory, cuda, cudaHost);
  const linkers = facts === undefined ? undefined : await findLinkers(look, memory, facts, request.linkFlags ?? []);
  const gpus = await findGpus(look, memory, python);
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
    ...(instead === undefined ? {} : { cudaHostInstead: instead }),
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
