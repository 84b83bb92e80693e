/**
 * How many actions fit into memory at once. Each counts with the peak that was measured the last time, or with a
 * guess; an action that does not fit beside others waits, but one alone is always let in.
 */

/** Keeps account of the memory promised to running actions. */
export class MemoryBudget {
  readonly #budget: number;
  readonly #available: () => number;
  readonly #running = new Map<number, number>();
  #promised = 0;

  /**
   * @param budget Bytes for all running actions together.
   * @param available Asks how many bytes are free now.
   */
  constructor(budget: number, available: () => number) {
    this.#budget = budget;
    this.#available = available;
  }

  /** Whether an action that needs so many bytes may start now. */
  fits(bytes: number): boolean {
    if (this.#running.size === 0) return true;
    if (this.#promised + bytes > this.#budget) return false;
    return bytes <= this.#available();
  }

  start(action: number, bytes: number): void {
    this.#running.set(action, bytes);
    this.#promised += bytes;
  }

  end(action: number): void {
    this.#promised -= this.#running.get(action) ?? 0;
    this.#running.delete(action);
  }
}

/** What a program leaves behind when the kernel, or somebody else, killed it for memory. */
export function diedOfMemory(end: {
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
  readonly output: string;
}): boolean {
  if (end.signal === "SIGKILL" || end.exitCode === 137) return true;
  // GCC's driver, clang's driver, nvcc's, and the compilers' own words when malloc fails.
  return /Killed signal terminated program|died due to signal 9|unable to execute command: Killed|cc1plus: out of memory|virtual memory exhausted|std::bad_alloc|LLVM ERROR: out of memory|fatal error C1060/.test(
    end.output,
  );
}
