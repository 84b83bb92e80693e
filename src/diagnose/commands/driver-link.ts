/**
 * The driver's library where the driver is there and `libcuda.so`, the name that linkers look for, is not: the loader's list has
 * `libcuda.so.1` alone. Source: triton-lang/triton#1981 and #8667 (Triton names the folders of `ldconfig -p` with -L).
 */
import type { Match } from "../rule.ts";

/** Folders that Triton's command searches, without those of its own package and of 32 bit. */
const searched = /-L(\/[^'"\s,]+)/g;

/** The folder of the driver's library, as the command of Triton's helper names it. */
export function driverFolder(match: Match): string | undefined {
  for (const { message, text } of [match.finding, ...match.context.findings]) {
    const command = message.includes("-lcuda") ? message : text;
    if (!command.includes("-lcuda") || !/triton|_utils\b|[\\/]main\.c\b/.test(command)) continue;
    const folders = Array.from(command.matchAll(searched), ([, folder = ""]) => folder);
    const found = folders.find((folder) => !/-packages|i[36]86|lib32|\/stubs/.test(folder));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Whether the text shows that the driver is installed. */
export function hasDriver(match: Match): boolean {
  return match.context.log.driverCuda !== undefined || driverFolder(match) !== undefined;
}

/** Gives it the name that linkers look for. */
export function nameDriver(match: Match): string[] {
  const { conda, noRoot } = match.context.log;
  const folder =
    driverFolder(match) ??
    `"$(dirname "$(/sbin/ldconfig -p | awk '/libcuda\\.so\\.1 .*x86-64|libcuda\\.so\\.1 .*AArch64/ {print $NF; exit}')")"`;
  const own = `mkdir -p ~/.local/lib/cuda && ln -sf ${folder}/libcuda.so.1 ~/.local/lib/cuda/libcuda.so && export LIBRARY_PATH=~/.local/lib/cuda:$LIBRARY_PATH`;
  return [
    ...(noRoot
      ? [`${own}   # where the compiler looks, too`]
      : [
          `sudo ln -s libcuda.so.1 ${folder}/libcuda.so   # the driver brought libcuda.so.1 alone`,
          `# without root: ${own}`,
        ]),
    ...(conda
      ? ["# or a compiler and a toolkit of the environment's own: conda install -c conda-forge gxx cuda-toolkit"]
      : []),
  ];
}
