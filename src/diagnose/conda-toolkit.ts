/**
 * conda's packages of the CUDA toolkit, by version. It does not know whether the environment can be solved with them.
 */
import { compareVersions, parseVersion } from "../base/order.ts";

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
