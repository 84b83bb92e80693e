/**
 * How a program on Windows keeps LibTorch's part for CUDA in its link: MSVC's linker drops a DLL none of whose functions are
 * called, unless an option names one. LibTorch 1.8 to 1.12 may have that part in two DLLs, torch_cuda_cpp and torch_cuda_cu, each
 * of which needs a name of its own. It does not know the project file.
 * Sources: pytorch/pytorch#54131, #55735, #72396; .ci/pytorch of pytorch/pytorch for the names since 1.9.
 */
import { compareVersions, parseVersion } from "../../base/order.ts";
import type { Match } from "../rule.ts";
import { addLines } from "./source-edits.ts";

const inCpp = "?warp_size@cuda@at@@YAHXZ";
/** Of 1.8 alone; the other one was made for this purpose after it. */
const inCuOf18 = "?searchsorted_cuda@native@at@@YA?AVTensor@2@AEBV32@0_N1@Z";
const inCu = "?_torch_cuda_cu_linker_symbol_op_cuda@native@at@@YA?AVTensor@2@AEBV32@@Z";

function releaseOf({ context: { log } }: Match): readonly number[] | undefined {
  const said = log.libtorchRelease ?? log.installedTorch ?? log.torch;
  return said === undefined ? undefined : parseVersion(said);
}

/** Whether the text's LibTorch has its CUDA part in two DLLs. */
export function isSplit(match: Match): boolean {
  const release = releaseOf(match);
  return (
    match.context.log.splitCuda &&
    (release === undefined || (compareVersions(release, [1, 8]) >= 0 && compareVersions(release, [1, 14]) < 0))
  );
}

/** The names that the linker has to be told; not those that the text shows it is told. */
export function namesToKeep(match: Match): readonly string[] {
  const { keptCuda } = match.context.log;
  const release = releaseOf(match);
  const second = release !== undefined && compareVersions(release, [1, 9]) < 0 ? inCuOf18 : inCu;
  return [inCpp, ...(isSplit(match) ? [second] : [])].filter((name) => !keptCuda.includes(name));
}

/** Names them in the program's source, where the text tells it, and in the project. */
export function keepCuda(match: Match): string[] {
  const names = namesToKeep(match);
  if (names.length === 0) return [];
  const { programSource } = match.context.log;
  const edit =
    programSource === undefined
      ? []
      : addLines(
          { ...match, finding: { ...match.finding, file: programSource } },
          names.map((name) => `#pragma comment(linker, "/INCLUDE:${name}")`),
        );
  return [
    ...edit,
    `# ${edit.length === 0 ? "" : "then Rebuild; or without that line: "}Visual Studio: Linker, Command Line, Additional Options${match.context.log.keptCuda.length > 0 ? ", beside what stands there" : ""}: ${names.map((name) => `/INCLUDE:"${name}"`).join(" ")}`,
    '# the same without options: LoadLibraryA("torch_cuda.dll"); at the start of main (#include <windows.h>); a project that CMake makes with find_package(Torch) has them by itself',
  ];
}
