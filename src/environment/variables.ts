/**
 * The environment variables that decide what is found. Whoever asks whether a remembered environment still holds must
 * look at the same ones: their values are part of its name. Variables that only change what a compiler does with an
 * input (CPATH, SOURCE_DATE_EPOCH, CFLAGS, …) are not here: they belong to the key of an action.
 */
import { digestOfParts, type Digest } from "../base/digest.ts";

/** Names of all variables that a search reads. */
export const environmentVariables = [
  // Where programs are.
  "PATH",
  "PATHEXT",
  "LD_LIBRARY_PATH",
  // The interpreter.
  "VIRTUAL_ENV",
  "CONDA_PREFIX",
  "CONDA_DEFAULT_ENV",
  "PYTHONPATH",
  "PYTHONHOME",
  "PYTHONUSERBASE",
  "PYTHONNOUSERSITE",
  "PYTHONPLATLIBDIR",
  "PYENV_VERSION",
  "PYENV_ROOT",
  "PYENV_DIR",
  "ASDF_DATA_DIR",
  "ASDF_PYTHON_VERSION",
  "MISE_PYTHON_VERSION",
  // torch.
  "LIBTORCH",
  "LIBTORCH_INCLUDE",
  "LIBTORCH_LIB",
  "Torch_DIR",
  "Torch_ROOT",
  "TORCH_INSTALL_PREFIX",
  "CMAKE_PREFIX_PATH",
  // CUDA.
  "CUDA_HOME",
  "CUDA_PATH",
  "CUDA_INC_PATH",
  "CUDNN_HOME",
  "CUDNN_PATH",
  "PYTORCH_NVCC",
  "NVCC_CCBIN",
  "CUDAHOSTCXX",
  "CUDA_VISIBLE_DEVICES",
  // Host compilers.
  "CXX",
  "CC",
  "COMPILER_PATH",
  "LIBRARY_PATH",
  "GCC_EXEC_PREFIX",
  "CLANG_CONFIG_FILE_SYSTEM_DIR",
  "CLANG_CONFIG_FILE_USER_DIR",
  "SDKROOT",
  "DEVELOPER_DIR",
  "MACOSX_DEPLOYMENT_TARGET",
  "VCToolsInstallDir",
  "VCINSTALLDIR",
  "VSCMD_ARG_TGT_ARCH",
  "INCLUDE",
  "LIB",
  "ProgramFiles",
  "ProgramFiles(x86)",
  // Other devices.
  "ROCM_HOME",
  "ROCM_PATH",
  "ONEAPI_ROOT",
  "CMPLR_ROOT",
] as const;

/** One of the variables that decide what is found. */
export type EnvironmentVariable = (typeof environmentVariables)[number];

/** Digest of the values of these variables; one that is not set differs from an empty one. */
export function variablesDigest(env: Readonly<Record<string, string | undefined>>): Digest {
  return digestOfParts(
    environmentVariables.map((name) => {
      const value = variableIn(env, name);
      return value === undefined ? name : `${name}=${value}`;
    }),
  );
}

/** The value of a variable. On Windows the search path is usually called `Path`. */
export function variableIn(
  env: Readonly<Record<string, string | undefined>>,
  name: EnvironmentVariable,
): string | undefined {
  return name === "PATH" ? (env["PATH"] ?? env["Path"]) : env[name];
}

/**
 * Whether a value of `CUDA_VISIBLE_DEVICES` leaves no GPU. Source: CUDA C++ Programming Guide, "CUDA Environment Variables";
 * `NoDevFiles` is what Slurm sets without GPUs.
 */
export function hidesEveryGpu(value: string): boolean {
  const [first = ""] = value.split(",").map((word) => word.trim());
  return value.trim() === "" || first === "-1" || /^NoDevFiles$/i.test(value.trim());
}
