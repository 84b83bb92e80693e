/** The versions of the stable ABI's functions against the headers of the installed PyTorches. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { compareVersions, parseVersion } from "../../src/base/order.ts";
import { stableSince } from "../../src/inspect/torch-stable.ts";
import { cpuPython, cudaPython, need } from "../support/environments.ts";

/** The last one that is listed. */
const LISTED = [2, 14];

/** Functions by the version that a header names around them. */
function versionsIn(header: string): Map<string, string> {
  const found = new Map<string, string>();
  const open: (string | undefined)[] = [];
  const text = header.replaceAll(/\/\*[^]*?\*\/|\/\/[^\n]*/g, "");
  for (const [, word, condition = "", name] of text.matchAll(
    /^[ \t]*#[ \t]*(ifdef|ifndef|if|endif)\b([^\n]*)|\b(torch_\w+)\s*\(/gm,
  )) {
    if (word === "endif") open.pop();
    else if (word !== undefined)
      open.push(/TORCH_FEATURE_VERSION >= TORCH_VERSION_(\d+_\d+)_0/.exec(condition)?.[1]?.replace("_", "."));
    else {
      const version = open.findLast((one) => one !== undefined);
      if (name !== undefined && version !== undefined) found.set(name, version);
    }
  }
  return found;
}

describe.each([
  ["without CUDA", cpuPython],
  ["with CUDA", cudaPython],
])("a PyTorch %s", (_, python) => {
  it("has the functions that are listed, since the versions that are listed", (context) => {
    const { torch } = need(context, python());
    const header = readFileSync(join(torch.root, "include/torch/csrc/stable/c/shim.h"), "utf8");
    const versions = [...versionsIn(header)].filter(([, since]) => compareVersions(parseVersion(since), LISTED) <= 0);
    expect(versions.length).toBeGreaterThan(20);
    expect(versions.filter(([name, since]) => stableSince(name) !== since)).toEqual([]);
  });
});
