/**
 * g++ collects garbage whenever its heap has doubled, beginning at 128 MB at most (`ggc_min_heapsize_heuristic` in GCC's
 * `ggc-common.cc`), which is a tenth of its time where it reads all of PyTorch's headers. With more memory it need not:
 * "These parameters [...] are meant to be used for debugging or tuning of GCC's memory use" and have no influence on the
 * code (GCC manual, "Optimize Options", `ggc-min-heapsize`). Measured with g++ 12.2, `-O2` and what cudafe++ makes of
 * `torch/extension.h`: 23.3 s of CPU time without, 18.7 s with 1 GB; 1.45 GB and 1.91 GB of memory; the same bytes.
 *
 * It knows words, not how much memory there is.
 */

/**
 * Options by which the words of a command come to stand in the object: debug information (`DW_AT_producer`),
 * `-frecord-gcc-switches`, and link-time optimisation. Also what says these parameters itself, and files of words.
 */
const recorded =
  /^(?:-g(?!0$|no-).*|-f(?:record-gcc-switches|lto(?:=.*)?|whole-program|plugin.*)|--param.*|@.*|-specs.*|-fdump.*|-v|-###)$/;

/** Whether g++ with these words makes the same object with another limit of its heap. */
export function allowsLargerHeap(words: readonly string[]): boolean {
  return !words.some((word) => recorded.test(word));
}

/**
 * The words for g++.
 *
 * @param memoryPerJob Bytes that each of the programs running at once may take.
 */
export function heapWords(memoryPerJob: number): string[] {
  const kilobytes = memoryPerJob >= 3e9 ? 1_048_576 : memoryPerJob >= 2e9 ? 524_288 : undefined;
  return kilobytes === undefined ? [] : ["--param", `ggc-min-heapsize=${kilobytes}`];
}
