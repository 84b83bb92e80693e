/**
 * A package that pixi builds without isolation: the option for it in the project's file, and what the build needs among the
 * dependencies of conda, as pixi takes it from there. It does not know which features the project has. Source: pixi's documentation
 * of `[pypi-options] no-build-isolation` (pixi 0.29 and newer) and of `pixi add`.
 */
import type { Match } from "../rule.ts";

export function pixiWithoutIsolation({ context: { log } }: Match, name: string, wanted: string): string[] {
  const inPython = log.pixiInPyproject === true;
  const [file, table] = inPython
    ? (["pyproject.toml", "tool.pixi.pypi-options"] as const)
    : (["pixi.toml", "pypi-options"] as const);
  // The text's project has torch of conda already, in a release that it chose.
  const torch = log.pixiTorch === true ? "" : "pytorch-gpu ";
  return [
    `printf '\\n[${table}]\\nno-build-isolation = ["${name}"]\\n' >> ${file}   # pixi 0.29 or newer (pixi self-update); a [${table}] that is there already: the line goes into it`,
    `pixi add ${torch}setuptools ninja   # what the build sees is what conda brings${torch === "" ? ", torch is there" : ""}; kernels for CUDA: cuda-nvcc of torch's CUDA, too`,
    "pixi install",
    `# or outside of the lock file: pixi run python -m pip install --no-build-isolation ${wanted}`,
  ];
}
