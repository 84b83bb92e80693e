/** What may not be in a committed file: traces of one machine, and leftovers. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { version } from "../src/version.ts";
import { repository } from "./support/environments.ts";

/** Written in pieces, so that this file does not match itself. */
const traces: readonly { readonly what: string; readonly pattern: RegExp }[] = [
  { what: "a path of one machine", pattern: new RegExp(`/${"work"}/(main|shared|brief)\\b`) },
  { what: "a path of one machine", pattern: new RegExp(`/opt/${"(envs|wheels|pypi)"}\\b`) },
  { what: "a path of one machine", pattern: new RegExp(`/root/${"\\.pyenv"}`) },
  { what: "a registry that packages came from", pattern: new RegExp(`"${"resolved"}":\\s*"http`) },
  { what: "a conflict marker", pattern: new RegExp(`^${"<".repeat(7)} `, "m") },
  { what: "a focused test", pattern: new RegExp(`\\b(it|test|describe)\\.${"only"}\\(`) },
];

/** Files that git knows or would take. Undefined without git. */
function committedFiles(): string[] | undefined {
  const args = ["ls-files", "--cached", "--others", "--exclude-standard", "-z"];
  const result = spawnSync("git", args, { cwd: repository, encoding: "utf8" });
  if (result.status !== 0) return undefined;
  return result.stdout.split("\0").filter((file) => file !== "" && existsSync(join(repository, file)));
}

function textOf(file: string): string | undefined {
  const bytes = readFileSync(join(repository, file));
  return bytes.includes(0) ? undefined : bytes.toString("utf8");
}

describe("the repository", () => {
  it("holds no trace of the machine it was written on", (context) => {
    const files = committedFiles() ?? context.skip("git is not here, or this is no clone");
    expect(files.length).toBeGreaterThan(10);
    const hits: string[] = [];
    for (const file of files) {
      const lines = textOf(file)?.split("\n") ?? [];
      for (const [i, line] of lines.entries()) {
        for (const { what, pattern } of traces) {
          if (pattern.test(line)) hits.push(`${file}:${i + 1}: ${what}: ${line.trim().slice(0, 120)}`);
        }
      }
    }
    expect(hits).toEqual([]);
  });

  it("holds nothing that a build makes", (context) => {
    const files = committedFiles() ?? context.skip("git is not here, or this is no clone");
    const made = files.filter((file) =>
      /\.(so|o|dylib|pyd|pyc|tsbuildinfo)$|(^|\/)(dist|\.retorch|\.venv)\//.test(file),
    );
    expect(made.filter((file) => !file.startsWith("test/fixtures/"))).toEqual([]);
  });

  it("locks what `npm ci` needs on every platform", () => {
    // npm leaves out what the registry of the one who locks does not have, and `npm ci` then fails for everybody.
    interface Entry {
      readonly optionalDependencies?: Readonly<Record<string, string>>;
    }
    const lock = JSON.parse(readFileSync(join(repository, "package-lock.json"), "utf8")) as {
      readonly packages: Readonly<Record<string, Entry>>;
    };
    const wanted = Object.values(lock.packages).flatMap((entry) => Object.keys(entry.optionalDependencies ?? {}));
    expect(wanted.length).toBeGreaterThan(10);
    expect(wanted.filter((name) => lock.packages[`node_modules/${name}`] === undefined)).toEqual([]);
  });

  it("has one version", () => {
    const manifest = JSON.parse(readFileSync(join(repository, "package.json"), "utf8")) as { readonly version: string };
    expect(version).toBe(manifest.version);
  });

  it("recognises what it looks for", () => {
    const samples = [
      "/" + "work/main",
      "/opt/" + "envs/cpu",
      "/root/" + ".pyenv",
      `"${"resolved"}": "https://r/x.tgz"`,
    ];
    for (const sample of samples)
      expect(
        traces.some(({ pattern }) => pattern.test(sample)),
        sample,
      ).toBe(true);
    for (const fine of ["/home/a/project", "/work/own", "/root/.cache/torch_extensions"]) {
      expect(
        traces.some(({ pattern }) => pattern.test(fine)),
        fine,
      ).toBe(false);
    }
  });
});
