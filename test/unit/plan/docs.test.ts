/** `docs/commands.md` says of each difference from torch's builder what the tests know of it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { repository } from "../../support/environments.ts";
import { torchDifferences } from "../../toolchain/plan-torch-differences.ts";

test("the table of differences is the one that the differential test uses", () => {
  const text = readFileSync(join(repository, "docs", "commands.md"), "utf8");
  const rows = /<!-- differences -->\n\| what \| why \|\n\|---\|---\|\n(.*?)<!-- \/differences -->/s.exec(text)?.[1];
  expect(rows?.trim().split("\n")).toEqual(torchDifferences.map(({ what, why }) => `| ${what} | ${why} |`));
});
