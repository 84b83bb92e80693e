import { expect, test } from "vitest";
import { executeRun, prepareRun } from "../../../src/engine/execute.ts";
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
  [true, "glibc.malloc.check=0:glibc.malloc.hugetlb=1"],
  [undefined, "glibc.malloc.check=0"],
])("variables of a program, large pages %s", async (largePages, tunables) => {
  const host = new FakeHost();
  host.onRun(() => ({ exitCode: 0 }));
  const given = largePages === undefined ? action : { ...action, largePages };
  const variables = { GLIBC_TUNABLES: "glibc.malloc.check=0", PWD: "/elsewhere" };
  await executeRun(host, given, prepareRun(host, given, "/project/run"), variables);
  expect(host.runs.map(({ env }) => env)).toEqual([{ GLIBC_TUNABLES: tunables, PWD: "/project", MINE: "1" }]);
});
