/**
 * conda's packages of the CUDA toolkit, by version. It does not know whether the environment can be solved with them.
 */
import { compareVersions, parseVersion } from "../../base/order.ts";
import type { Match } from "../rule.ts";

/**
 * Installs the toolkit of one release of CUDA. The channel `nvidia` has all releases, and `cuda-toolkit=12.1` from there
 * comes with the newest nvcc of all; a label has those of one release (JuliaPy/CondaPkg.jl#102, conda/conda#14679). Labels
 * begin with CUDA 11.3; conda-forge's cudatoolkit-dev has nvcc for those before (conda-forge/cudatoolkit-dev-feedstock#41).
 */
export function condaToolkit(version: string): string {
  const release = /^\d+\.\d+/.exec(version)?.[0];
  if (release === undefined) return `conda install -c nvidia/label/cuda-${version}.0 cuda-toolkit`;
  return compareVersions(parseVersion(release), [11, 3]) < 0
    ? `conda install -c conda-forge cudatoolkit-dev=${release}`
    : `conda install -c nvidia/label/cuda-${/^\d+\.\d+\.\d+$/.exec(version)?.[0] ?? `${release}.0`} cuda-toolkit`;
}

/** Builds take the toolkit of the environment that is active. */
export const useCondaToolkit = "export CUDA_HOME=$CONDA_PREFIX PATH=$CONDA_PREFIX/bin:$PATH";

/** The package of conda-forge that a header is in, beside an nvcc from there: the release of CUDA stays as it is. Source: the lists of files of conda-forge. */
export function partOfCondaForge(match: Match, header: string): string[] | undefined {
  if (match.context.log.nvccOfCondaForge !== true) return undefined;
  const library = /^(cublas|cusparse|cusolver|cufft|curand|nvJitLink)/.exec(header)?.[1]?.toLowerCase();
  const name =
    library !== undefined
      ? `lib${library}-dev`
      : /^(?:nvrtc|nvml)/.test(header)
        ? `cuda-${header.slice(0, header.indexOf("."))}-dev`
        : /^cupti/.test(header)
          ? "cuda-cupti-dev"
          : /^cuda_profiler_api/.test(header)
            ? "cuda-profiler-api"
            : /^(?:thrust|cub|cuda|nv)\//.test(header)
              ? "cuda-cccl"
              : /^cuda_runtime|^cuda\.h$|^driver_types|^vector_types/.test(header)
                ? "cuda-cudart-dev"
                : undefined;
  return name === undefined
    ? undefined
    : [`conda install -c conda-forge ${name}   # beside the nvcc from there, of the same CUDA`];
}
