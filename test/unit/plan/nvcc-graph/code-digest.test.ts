/** The digest of preprocessed code, by the shell that runs it: what counts, what does not, and that no failure makes one. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { codeDigest } from "../../../../src/plan/nvcc-graph/host-object.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "retorch 'code' "));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface Options {
  readonly lines?: boolean;
  readonly preprocessor?: readonly string[];
  readonly path?: string;
}

function run(code: string, { lines = false, preprocessor, path }: Options = {}) {
  const source = join(folder, "code.ii");
  const output = join(folder, "digest");
  writeFileSync(source, code);
  rmSync(output, { force: true });
  const { status, stderr } = spawnSync(
    "/bin/sh",
    ["-c", codeDigest({ lines }), output, ...(preprocessor ?? ["cat", source])],
    { encoding: "utf8", ...(path === undefined ? {} : { env: { PATH: path } }) },
  );
  expect(existsSync(`${output}.numbers`) && status === 0).toBe(false);
  return { status, stderr, text: existsSync(output) ? readFileSync(output, "utf8") : "" };
}

function digest(code: string, options: Options = {}): string {
  const { status, stderr, text } = run(code, options);
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  expect(text).toMatch(/^[0-9a-f]{64} /);
  return text;
}

const code = '# 1 "a.cpp"\nint a;\n# 7 "b.h" 1\nint b;\n# 2 "a.cpp" 2\nint c;\n';
const moved = '# 3 "a.cpp"\nint a;\n\n# 9 "b.h" 1\n  \nint b;\n# 12 "a.cpp" 2\n# 14 "a.cpp"\nint c;\n';

describe("without line numbers", () => {
  test("moved code is the same, changed code is another", () => {
    expect(digest(moved)).toBe(digest(code));
    expect(digest(code.replace("int b", "int d"))).not.toBe(digest(code));
  });

  test("code in another file, or of a system header, is another", () => {
    expect(digest(code.replace("b.h", "d.h"))).not.toBe(digest(code));
    expect(digest(code.replace('"b.h" 1', '"b.h" 1 3'))).not.toBe(digest(code));
  });

  test.each(["__builtin_LINE()", "std::source_location l", "__builtin_COLUMN()"])("lines count with %s", (word) => {
    const asking = (text: string): string => text.replace("int c;", `int c = ${word};`);
    expect(digest(asking(moved))).not.toBe(digest(asking(code)));
    expect(digest(asking(code))).toBe(digest(asking(code)));
    // A blank line alone moves what follows.
    expect(digest(asking(code.replace("int a;\n", "\nint a;\n")))).not.toBe(digest(asking(code)));
  });

  test("the standard library's own <source_location> does not matter", () => {
    const header = (text: string): string =>
      `${text}# 40 "/usr/include/c++/12/source_location" 1 3\nstruct source_location;\n`;
    expect(digest(header(moved))).toBe(digest(header(code)));
  });

  test("an empty text has a digest", () => {
    digest("");
  });
});

test("with line numbers moved code is another", () => {
  expect(digest(moved, { lines: true })).not.toBe(digest(code, { lines: true }));
  expect(digest(code, { lines: true })).toBe(digest(code, { lines: true }));
});

describe("no digest of what went wrong:", () => {
  test.each([false, true])("the preprocessor fails, its exit code is kept (lines: %s)", (lines) => {
    const preprocessor = ["sh", "-c", "echo 'int a;'; echo broken >&2; exit 42"];
    expect(run("", { lines, preprocessor })).toMatchObject({ status: 42, stderr: "broken\n" });
  });

  test("the preprocessor is not there, or was killed", () => {
    expect(run("", { preprocessor: ["/no/such/program"] }).status).toBe(127);
    expect(run("", { preprocessor: ["sh", "-c", "kill -9 $$"] }).status).toBe(137);
  });

  test.each(["awk", "sha256sum"])("%s is not there", (lacking) => {
    const bin = join(folder, "bin");
    mkdirSync(bin);
    for (const name of ["sh", "cat", "rm", "awk", "sha256sum"]) {
      const path = ["/usr/bin", "/bin"].map((dir) => join(dir, name)).find((each) => existsSync(each));
      if (name !== lacking && path !== undefined) symlinkSync(path, join(bin, name));
    }
    expect(run(code, { path: bin }).status).not.toBe(0);
  });
});
