/**
 * Whether an environment has what extensions need, as a pure function of both: what is missing, what does not fit
 * together. A build asks this with its own needs, so that a part it does not use cannot stop it.
 */
import { type Failure, failure } from "../base/failure.ts";
import { compareVersions, parseVersion } from "../base/order.ts";
import { cudaMismatch, fit } from "./cuda-versions.ts";
import { familyName, isTooOld, oldestCompiler, oldestCuda } from "./cxx-standard.ts";
import type { Cuda, Environment, EnvironmentPart, HostCompiler, Torch } from "./environment.ts";
import { refusal } from "./host-compiler-bounds.ts";
import { cxxStandardOf } from "./torch-version.ts";

/** What extensions need of an environment. */
export interface EnvironmentNeeds {
  /** Python headers and names: a module to import. */
  readonly python: boolean;
  readonly torch: boolean;
  /** CUDA headers and libraries. */
  readonly cuda: boolean;
  readonly rocm: boolean;
  readonly sycl: boolean;
  /** nvcc itself: CUDA sources. As `cuda` when not said. */
  readonly nvcc?: boolean;
  /** The C++ standard asked for: `17`, `c++20`. What the installed torch needs when not said. */
  readonly cxxStandard?: string;
  /** nvcc gets `-allow-unsupported-compiler`. */
  readonly allowUnsupportedCompiler?: boolean;
}

/** Everything that stands in the way, the most basic first. Nothing does when the list is empty. */
export function checkEnvironment(environment: Environment, needs: EnvironmentNeeds): Failure[] {
  const standard =
    needs.cxxStandard ??
    (needs.torch && environment.torch !== undefined ? cxxStandardOf(environment.torch.release) : undefined);
  return [
    ...(needs.python ? checkPython(environment) : []),
    ...(needs.torch ? checkTorch(environment, needs) : []),
    ...checkCompiler(environment, standard),
    ...(needs.cuda || needs.nvcc === true ? checkCuda(environment, needs, standard) : []),
    ...(needs.rocm && environment.rocm === undefined
      ? [
          missing(
            environment,
            "rocm",
            failure("ROCM_NOT_FOUND", "HIP sources need a PyTorch that is built for ROCm, and `hipcc`"),
          ),
        ]
      : []),
    ...(needs.sycl && environment.sycl === undefined
      ? [
          missing(
            environment,
            "sycl",
            failure("SYCL_NOT_FOUND", "SYCL sources need a PyTorch with XPU support, and `icpx`"),
          ),
        ]
      : []),
  ];
}

function missing(environment: Environment, part: EnvironmentPart, otherwise: Failure): Failure {
  return environment.problems[part] ?? otherwise;
}

function checkPython(environment: Environment): Failure[] {
  const { python } = environment;
  if (python === undefined)
    return [missing(environment, "python", failure("PYTHON_NOT_FOUND", "No Python interpreter was found"))];
  if (python.includeDirs.length > 0) return [];
  const [major, minor] = python.version;
  const attempts = environment.attempts.filter((attempt) => attempt.what === "python headers");
  return [
    failure(
      "PYTHON_HEADERS_MISSING",
      `\`Python.h\` of Python ${major}.${minor} is not installed (\`${python.executable}\`)`,
      {
        hint:
          environment.platform === "linux"
            ? `Install it (\`apt install python${major}.${minor}-dev\`, \`dnf install python3-devel\`), or use an interpreter that brings its headers (uv, conda, python.org)`
            : "Use an interpreter that brings its headers (uv, conda, python.org)",
        ...(attempts.length === 0 ? {} : { attempts }),
      },
    ),
  ];
}

function checkTorch(environment: Environment, needs: EnvironmentNeeds): Failure[] {
  const { torch, problems } = environment;
  if (torch === undefined) return [missing(environment, "torch", failure("TORCH_NOT_FOUND", "No PyTorch was found"))];
  if (!needs.python) return [];
  if (problems.torch !== undefined) return [problems.torch];
  if (torch.layout === "libtorch" && !torch.libraries.includes("torch_python")) {
    return [
      failure(
        "TORCH_NOT_FOUND",
        `\`${torch.root}\` is a LibTorch without Python support: it has no \`torch_python\` library`,
        {
          hint: "Install PyTorch for the target interpreter (`pip install torch`), or name one that has it with `--python PATH`",
        },
      ),
    ];
  }
  return [];
}

function checkCompiler(environment: Environment, standard: string | undefined): Failure[] {
  const { compiler } = environment;
  if (compiler === undefined) {
    return [missing(environment, "compiler", failure("COMPILER_NOT_FOUND", "No C++ compiler was found"))];
  }
  const failures: Failure[] = [];
  if (standard !== undefined && isTooOld(compiler, standard))
    failures.push(tooOld(compiler, standard, environment.torch));
  if (environment.linker === undefined && environment.problems.linker !== undefined)
    failures.push(environment.problems.linker);
  return failures;
}

function tooOld(compiler: HostCompiler, standard: string, torch: Torch | undefined): Failure {
  const needed = oldestCompiler(compiler.family, standard) ?? "a newer one";
  const family = familyName(compiler.family);
  const why = torch === undefined ? `C++${standard}` : `PyTorch ${torch.version} (C++${standard.replace(/^\D+/, "")})`;
  return failure(
    "COMPILER_TOO_OLD",
    `\`${compiler.cxx.path}\` is ${family} ${compiler.cxx.version}, too old for ${why}, which needs ${family} ${needed} or newer`,
    {
      hint:
        compiler.family === "gcc"
          ? `Install a newer one (\`apt install g++-${needed}\`) and set \`CXX=g++-${needed}\``
          : "Install a newer one and set `CXX`",
    },
  );
}

function checkCuda(environment: Environment, needs: EnvironmentNeeds, standard: string | undefined): Failure[] {
  const { cuda, torch } = environment;
  if (needs.torch && torch !== undefined && torch.cudaVersion === undefined) {
    const what = torch.hipVersion === undefined ? "without CUDA" : `for ROCm ${torch.hipVersion}`;
    return [
      failure(
        "TORCH_WITHOUT_CUDA",
        `The extension needs CUDA, but PyTorch ${torch.version} at \`${torch.root}\` was built ${what}`,
        {
          hint: "Install a CUDA build of PyTorch (https://pytorch.org/get-started/locally), or name an interpreter that has one with `--python PATH`",
        },
      ),
    ];
  }
  if (cuda === undefined)
    return [missing(environment, "cuda", failure("CUDA_NOT_FOUND", "No CUDA toolkit with `nvcc` was found"))];
  if (needs.torch && torch?.cudaVersion !== undefined && fit(cuda.version, torch.cudaVersion) === 0) {
    return [cudaMismatch(cuda.root, cuda.version, torch.cudaVersion)];
  }
  if (!(needs.nvcc ?? needs.cuda)) return [];
  const oldest = standard === undefined ? undefined : oldestCuda(standard);
  if (
    oldest !== undefined &&
    standard !== undefined &&
    compareVersions(parseVersion(cuda.version), parseVersion(oldest)) < 0
  ) {
    return [
      failure(
        "CUDA_TOO_OLD",
        `CUDA ${cuda.version} at \`${cuda.root}\` does not know C++${standard}, which needs CUDA ${oldest} or newer`,
        {
          hint: "Set `CUDA_HOME` to a newer toolkit",
        },
      ),
    ];
  }
  return needs.allowUnsupportedCompiler === true ? [] : checkCudaHost(environment, cuda);
}

function checkCudaHost(environment: Environment, cuda: Cuda): Failure[] {
  const host = environment.cudaHost ?? environment.compiler;
  const instead = environment.cudaHostInstead;
  if (host === undefined) return [];
  const refused = refusal(cuda.hostCompilers, host);
  if (refused === undefined) return [];
  const code = refused.reason === "too new" ? "COMPILER_TOO_NEW" : "COMPILER_TOO_OLD";
  const newest = cuda.hostCompilers?.gccNewest;
  const example = host.family === "gcc" && refused.reason === "too new" && newest !== undefined ? newest : undefined;
  return [
    failure(
      code,
      `\`${host.cxx.path}\` is ${familyName(host.family)} ${host.cxx.version}, ${refused.reason} for CUDA ${cuda.version}, which takes ${refused.allowed}`,
      {
        ...(instead === undefined ? {} : { remedy: { CC: instead.cxx.path } }),
        hint:
          instead !== undefined
            ? `${familyName(instead.family)} ${instead.cxx.version} is installed and taken: \`export CC=${instead.cxx.path}\`, or let \`retorch build --fix\` use it`
            : example === undefined
              ? "Set `CC` to a compiler that it takes, or use another toolkit"
              : `Install an older one beside it and name it (\`apt install g++-${example}\`, \`CC=gcc-${example}\`), use a newer toolkit, or pass \`-allow-unsupported-compiler\` to nvcc at your own risk`,
        attempts: environment.attempts.filter((attempt) => attempt.what === "host compiler of nvcc"),
      },
    ),
  ];
}
