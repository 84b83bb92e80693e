import { defineConfig } from "vitest/config";

/**
 * Three layers, run one after the other. `unit`: pure, no compilers. `e2e`: the bundled program in temporary folders.
 * `toolchain`: real compilers and real PyTorch; one file at a time, because a compiler may take gigabytes.
 */
const layers = {
  unit: {
    include: ["test/*.test.ts", "test/{unit,property,golden,contract,fuzz}/**/*.test.ts"],
    testTimeout: 20_000,
    workers: 2,
  },
  e2e: { include: ["test/e2e/**/*.test.ts"], testTimeout: 60_000, workers: 2 },
  toolchain: { include: ["test/toolchain/**/*.test.ts"], testTimeout: 120_000, workers: 1 },
};

const everything = process.env["RETORCH_TEST_ALL"] === "1" || process.env["RETORCH_TEST_SOAK"] === "1";

export default defineConfig({
  test: {
    reporters: [process.env["CI"] === undefined ? "default" : "dot", "./test/reporter/closing-line.ts"],
    projects: Object.entries(layers).map(([name, { include, testTimeout, workers }], groupOrder) => ({
      test: {
        name,
        include,
        pool: "forks",
        maxWorkers: workers,
        sequence: { groupOrder },
        testTimeout: everything ? testTimeout * 10 : testTimeout,
        hookTimeout: everything ? testTimeout * 10 : testTimeout,
        globalSetup: ["./test/support/global-setup.ts"],
      },
    })),
  },
});
