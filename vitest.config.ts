import { totalmem } from "node:os";
import { defineConfig } from "vitest/config";

/** What two files of `toolchain` may need at once: each compiles two files that include all of PyTorch. */
const memoryForTwo = 12e9;

/**
 * Three layers, run one after the other. `unit`: pure, no compilers, and nothing that a file could leave behind for the
 * next: its modules are loaded once. `e2e`: the bundled program in temporary folders.
 * `toolchain`: real compilers and real PyTorch; two files at a time where the memory lasts, for a compiler may take
 * gigabytes.
 */
const layers = {
  unit: {
    include: ["test/*.test.ts", "test/{unit,property,golden,contract,fuzz}/**/*.test.ts"],
    testTimeout: 60_000,
    workers: 2,
    isolate: false,
  },
  e2e: { include: ["test/e2e/**/*.test.ts"], testTimeout: 60_000, workers: 2, isolate: true },
  toolchain: {
    include: ["test/toolchain/**/*.test.ts"],
    testTimeout: 240_000,
    workers: totalmem() < memoryForTwo ? 1 : 2,
    isolate: true,
  },
};

const everything = process.env["RETORCH_TEST_ALL"] === "1" || process.env["RETORCH_TEST_SOAK"] === "1";

export default defineConfig({
  test: {
    reporters: [process.env["CI"] === undefined ? "default" : "dot", "./test/reporter/closing-line.ts"],
    projects: Object.entries(layers).map(([name, { include, testTimeout, workers, isolate }], groupOrder) => ({
      test: {
        name,
        include,
        pool: "forks",
        maxWorkers: workers,
        isolate,
        sequence: { groupOrder },
        testTimeout: everything ? testTimeout * 10 : testTimeout,
        hookTimeout: everything ? testTimeout * 10 : testTimeout,
        globalSetup: ["./test/support/global-setup.ts"],
      },
    })),
  },
});
