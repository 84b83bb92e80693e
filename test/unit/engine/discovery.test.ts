import { expect, test } from "vitest";
import { Discovery } from "../../../src/engine/discovery.ts";
import { FileDigests } from "../../../src/engine/file-digests.ts";
import { Roots } from "../../../src/engine/roots.ts";
import type { Action } from "../../../src/plan/graph.ts";
import { FakeHost } from "../../support/fake-host.ts";

test("others have their turn while the texts of many headers are read", async () => {
  const headers = Array.from({ length: 1000 }, (_, i) => `/t/include/h${i}.h`);
  const host = new FakeHost({ files: Object.fromEntries(headers.map((path) => [path, "#pragma once\n"])) });
  const discovery = new Discovery({
    host,
    digests: new FileDigests(host, { get: () => undefined, put: () => undefined }),
    roots: new Roots([]),
    variables: {},
  });
  const action = { includeSearch: ["/t/include"] } as unknown as Action;
  let turns = 0;
  let reading = true;
  const count = (): void => {
    turns++;
    if (reading) setImmediate(count);
  };
  setImmediate(count);
  await discovery.readAhead({ action, read: headers });
  reading = false;
  expect(turns).toBeGreaterThan(20);
  expect(turns).toBeLessThan(100);
});
