/**
 * The driver's library where the driver is there and is not found: the loader's list has `libcuda.so.1` alone and not `libcuda.so`,
 * the name that linkers look for, or it has neither. Source: triton-lang/triton#1981 and #8667 (Triton names the folders of
 * `ldconfig -p` with -L), triton-lang/triton#2019.
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

/** Where the driver's library lies, when the loader's list does not tell: as the text lists it, or as a service's image has it. */
export function unlistedDriver({ context: { log } }: Match): string | undefined {
  const shown = log.shownLibraries.find((path) => /\/libcuda\.so(?:\.1)?$/.test(path) && !path.includes("/stubs/"));
  if (shown !== undefined) return shown.slice(0, shown.lastIndexOf("/"));
  if (log.notebookService === "Colab") return "/usr/lib64-nvidia";
  return log.wsl ? "/usr/lib/wsl/lib" : undefined;
}

/** Puts the folder of the driver's library on the loader's list, which Triton asks. */
export function listDriver(match: Match): string[] {
  const folder = unlistedDriver(match);
  if (folder === undefined)
    return [
      `find / -name 'libcuda.so*' -not -path '*/stubs/*' 2>/dev/null   # where the driver's library is`,
      `sudo ldconfig "$(dirname "$(find / -name libcuda.so.1 -not -path '*/stubs/*' -print -quit 2>/dev/null)")"`,
      "# nothing is found: a container without the driver, docker run --gpus all …",
    ];
  const { shownLibraries, notebook, rootShell } = match.context.log;
  // Triton up to 2.1 looks for the name without a number.
  const unnamed = shownLibraries.includes(`${folder}/libcuda.so.1`) && !shownLibraries.includes(`${folder}/libcuda.so`);
  return [
    ...(unnamed ? [`sudo ln -s libcuda.so.1 ${folder}/libcuda.so`] : []),
    `sudo ldconfig ${folder}   # until the machine or its session starts anew`,
    ...(notebook
      ? []
      : [
          `# for good: echo ${folder} | sudo tee /etc/ld.so.conf.d/driver.conf && sudo ldconfig`,
          ...(rootShell
            ? []
            : [
                `# without root: export TRITON_LIBCUDA_PATH=${folder} (Triton 3.0 and newer), LD_LIBRARY_PATH=${folder}:$LD_LIBRARY_PATH (2.1 to 2.3)`,
              ]),
        ]),
  ];
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
