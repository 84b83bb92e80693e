import { expect, test } from "vitest";
import { BuildLog } from "../../../src/engine/log.ts";
import { FileDigests } from "../../../src/engine/file-digests.ts";
import { Runner } from "../../../src/engine/runner.ts";
import type { Action } from "../../../src/plan/graph.ts";
import { FakeHost } from "../../support/fake-host.ts";

const action: Action = {
  id: "a",
  kind: "cuda-front-end",
  description: "split a.cu",
  extension: "a",
  command: ["cudafe++", "a.ii"],
  cwd: "/project",
  env: { MINE: "1" },
  keyVariables: [],
  tools: [],
  inputs: [],
  outputs: [],
  includeSearch: [],
  librarySearch: [],
  memoryEstimate: 0,
  cacheable: true,
};

test.each([
  [true, { GLIBC_TUNABLES: "glibc.malloc.check=0:glibc.malloc.hugetlb=1", LD_PRELOAD: "/cache/library.so" }, 1],
  [undefined, { GLIBC_TUNABLES: "glibc.malloc.check=0" }, 0],
])("variables of a program, large pages %s", async (largePages, expected, asked) => {
  const host = new FakeHost();
  host.onRun(() => ({ exitCode: 0 }));
  let times = 0;
  const runner = new Runner({
    host,
    graph: { roots: [], buildDir: "/project/build", actions: [], artifacts: [], warnings: [] },
    log: BuildLog.open(host, "/project/log"),
    digests: new FileDigests(host, { get: () => undefined, put: () => undefined }),
    variables: { GLIBC_TUNABLES: "glibc.malloc.check=0", PWD: "/elsewhere" },
    packages: [],
    largePages: {
      path: () => {
        times++;
        return Promise.resolve("/cache/library.so");
      },
    },
    jobs: 1,
    memory: 1e9,
    force: false,
    keepGoing: false,
    emit: () => undefined,
  });
  const given = largePages === undefined ? action : { ...action, largePages };
  await runner.run({ action: given, slot: 0, signal: undefined, ended: () => Promise.resolve() });
  expect(host.runs.map(({ env }) => env)).toEqual([{ ...expected, PWD: "/project", MINE: "1" }]);
  expect(times).toBe(asked);
});
