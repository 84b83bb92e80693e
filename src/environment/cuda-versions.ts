/** Whether the CUDA of a toolkit goes with the CUDA of a torch. */
import { type Failure, failure } from "../base/failure.ts";
import { parseVersion } from "../base/order.ts";

/** How well a toolkit fits torch: 2 the same major and minor, 1 the same major, 0 another. */
export function fit(toolkit: string, torch: string): 0 | 1 | 2 {
  const [a, b] = [parseVersion(toolkit), parseVersion(torch)];
  if (a[0] !== b[0]) return 0;
  return a[1] === b[1] || a[1] === undefined || b[1] === undefined ? 2 : 1;
}

/** Why a toolkit of another major version cannot be used with a torch. */
export function cudaMismatch(root: string, toolkit: string, torch: string): Failure {
  return failure(
    "CUDA_MISMATCH",
    `The CUDA toolkit at \`${root}\` is ${toolkit}, but PyTorch was built with CUDA ${torch}`,
    {
      hint: `Set \`CUDA_HOME\` to a toolkit of CUDA ${parseVersion(torch)[0] ?? torch}, or install a PyTorch for CUDA ${parseVersion(toolkit)[0] ?? toolkit}`,
    },
  );
}
