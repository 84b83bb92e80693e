import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { extensionKeys } from "../../../src/config/schema.ts";
import { readConfiguration } from "../../../src/config/settings.ts";
import { type Files, hostWith, pybind, read, readFailure } from "./helpers.ts";

const sources: Files = {
  "a.cpp": pybind,
  "b.cpp": "",
  "csrc/ops.cpp": "",
  "csrc/ops.h": "",
  "csrc/cuda/k.cu": "",
  "data.txt": "",
};

interface Wanted {
  readonly at?: string;
  readonly message?: string;
  readonly hint?: string;
  readonly code?: string;
}

async function expectFailure(files: Files, wanted: Wanted): Promise<void> {
  const failure = await readFailure({ ...sources, ...files });
  const { location } = failure;
  const at = location?.line === undefined ? undefined : `${location.line}:${location.column}`;
  expect({ at, code: failure.code }).toEqual({ at: wanted.at, code: wanted.code ?? "CONFIG_INVALID" });
  expect(failure.message).toContain(wanted.message ?? "");
  expect(failure.hint ?? "").toContain(wanted.hint ?? "");
  expect(failure.message).not.toMatch(/\.$/);
}

const x = '[extension.x]\nsources = ["a.cpp"]\n';

describe("retorch.toml", () => {
  test.each<[string, string, Wanted]>([
    [
      "a typing error",
      "[extension.x]\nsorces = []",
      { at: "2:1", message: "unknown key `sorces` in `[extension.x]`", hint: "did you mean `sources`?" },
    ],
    ["an underscore", `${x}include_dirs = []`, { at: "3:1", hint: "did you mean `include-dirs`?" }],
    ["a capital", `${x}includeDirs = []`, { at: "3:1", hint: "did you mean `include-dirs`?" }],
    [
      "setuptools",
      `${x}extra_compile_args = []`,
      { at: "3:1", hint: "here it is `cxx-flags` (host compiler) and `nvcc-flags` (nvcc)" },
    ],
    ["setuptools' link flags", `${x}extra_link_args = []`, { at: "3:1", hint: "here it is `link-flags`" }],
    ["torch's load", `${x}extra_cuda_cflags = []`, { at: "3:1", hint: "here it is `nvcc-flags`" }],
    ["CMake", `${x}CMAKE_BUILD_TYPE = "Debug"`, { at: "3:1", hint: "here it is `profile`" }],
    ["a name of its own", `${x}name = "y"`, { at: "3:1", hint: "the table's header" }],
    ["what is not needed", `${x}depends = ["a.h"]`, { at: "3:1", hint: "headers are found" }],
    ["nothing known", `${x}flux = 1`, { at: "3:1", hint: "known keys are `kind`, `sources`" }],
    [
      "a key of an extension at the top",
      `sources = ["a.cpp"]\n`,
      { at: "1:1", message: "at the top of the file", hint: "belongs into `[extension.NAME]`" },
    ],
    [
      "one of another tool at the top",
      "extra_cflags = []",
      { at: "1:1", hint: "here it is `cxx-flags`; it belongs into `[extension.NAME]`" },
    ],
    [
      "a key of the top in an extension",
      `${x}python = "python3"`,
      { at: "3:1", hint: "belongs at the top of the file" },
    ],
    ["a wrong table", "[extensions.x]\nsources = []", { at: "1:2", hint: "did you mean `extension`?" }],
    [
      "the table of pyproject.toml",
      "[tool.retorch.extension.x]\nsources = []",
      { at: "1:2", hint: "the tables stand at the top" },
    ],
    [
      "a list of extensions",
      '[[extension]]\nname = "my_ops"\nsources = ["a.cpp"]',
      { at: "1:3", hint: "write `[extension.my_ops]`" },
    ],
    [
      "an extension that is no table",
      '[extension]\nsources = ["a.cpp"]',
      { at: "2:1", hint: "belongs into the table of one extension" },
    ],
    ["another one", 'extension.x = "a.cpp"', { at: "1:11", message: "must be a table, not a string" }],
    ["extension as a text", 'extension = "x"', { at: "1:13", message: "not a string" }],
    ["defaults as a text", 'defaults = "x"', { at: "1:12", message: "must be a table" }],
    ["no sources", '[extension.x]\nkind = "executable"', { at: "1:12", message: "`[extension.x]` has no `sources`" }],
    ["an empty list", "[extension.x]\nsources = []", { at: "2:1", code: "NO_SOURCES" }],
    [
      "a text for a list",
      '[extension.x]\nsources = "a.cpp"',
      { at: "2:11", message: "must be a list of strings, not a string", hint: 'write `sources = ["a.cpp"]`' },
    ],
    ["flags in one text", `${x}cxx-flags = "-O3 -g"`, { at: "3:13", hint: 'write `cxx-flags = ["-O3", "-g"]`' }],
    [
      "flags in one entry",
      `${x}cxx-flags = ["-Wall", "-O3 -g"]`,
      { at: "3:23", hint: 'write each by itself: "-O3", "-g"' },
    ],
    ["an integer for a list", `${x}libraries = 3`, { at: "3:13", message: "not an integer" }],
    [
      "a number in a list",
      `${x}libraries = ["m", 3]`,
      { at: "3:19", message: "must hold strings only, not an integer" },
    ],
    ["numbers for architectures", `${x}cuda-arch = [8.0]`, { at: "3:14", hint: "in quotes" }],
    ["a text for architectures", `${x}cuda-arch = "8.0;9.0"`, { at: "3:13", hint: 'cuda-arch = ["8.0", "9.0"]' }],
    ["no architectures", `${x}cuda-arch = []`, { at: "3:13", hint: '["native"]' }],
    [
      "a wrong architecture",
      `${x}cuda-arch = ["8.0", "sm_90a"]`,
      { at: "3:21", message: "`sm_90a` is not a CUDA architecture", hint: "`9.0a`" },
    ],
    ["a wrong kind", `${x}kind = "module"`, { at: "3:8", hint: "did you mean `python-module`?" }],
    ["a wrong profile", `${x}profile = "Debug"`, { at: "3:11", hint: "did you mean `debug`?" }],
    ["a wrong standard", `${x}cxx-standard = 18`, { at: "3:16", message: "`18` is not a C++ standard" }],
    [
      "a version as a number",
      `${x}py-limited-api = 3.10`,
      { at: "3:18", hint: 'as a number, 3.10 is 3.1: write `py-limited-api = "3.10"`' },
    ],
    ["another one", `${x}torch-target-version = 2.10`, { at: "3:24", hint: "as a number, 2.10 is 2.1" }],
    [
      "a text for a boolean",
      `${x}device-link = "true"`,
      { at: "3:15", hint: "write it without quotes: `device-link = true`" },
    ],
    ["a text for another", `${x}with-cuda = "yes"`, { at: "3:13", message: '`true`, `false` or `"auto"`' }],
    ["macros as a list", `${x}define = ["A", "B=2"]`, { at: "3:10", hint: 'write `define = { A = true, B = "2" }`' }],
    [
      "macros as pairs",
      `${x}define = [["A", "2"], ["B"]]`,
      { at: "3:10", hint: 'write `define = { A = "2", B = true }`' },
    ],
    ["a NUL in a path", '[extension.x]\nsources = ["a\\u0000.cpp"]', { at: "2:12", message: "NUL" }],
    ["a NUL in a flag", `${x}cxx-flags = ["-DA=\\u0000"]`, { at: "3:14", message: "NUL" }],
    ["a NUL in a macro", `${x}define = { A = "\\u0000" }`, { at: "3:16", message: "NUL" }],
    ["a NUL in the out-dir", `${x}out-dir = "\\u0000"`, { at: "3:11", message: "NUL" }],
    [
      "macros as tables",
      `${x}define = [{ A = 1 }]`,
      { at: "3:10", hint: 'write `define = { NAME = true, OTHER = "value" }`' },
    ],
    ["a macro with a dash", `${x}define = { A-B = 1 }`, { at: "3:12", message: "`A-B` is not the name of a macro" }],
    ["a macro with a flag", `${x}define = { "-DA" = 1 }`, { at: "3:12", hint: "did you mean `A`?" }],
    ["a float for a macro", `${x}define = { A = 1.50 }`, { at: "3:16", hint: "as the compiler shall see it" }],
    [
      "a macro both ways",
      `${x}define = { A = 1 }\nundefine = ["A"]`,
      { at: "4:13", message: "stands in `define` and in `undefine`" },
    ],
    ["a library with a flag", `${x}libraries = ["-lm"]`, { at: "3:14", hint: "did you mean `m`?" }],
    ["a folder with a flag", `${x}include-dirs = ["-Icsrc"]`, { at: "3:17", hint: "did you mean `csrc`?" }],
    [
      "an override without brackets",
      `${x}[extension.x.override]\nfiles = ["a.cpp"]`,
      { at: "3:14", hint: "write its header with two brackets: `[[extension.x.override]]`" },
    ],
    [
      "an override of nothing",
      `${x}[[extension.x.override]]\ncxx-flags = ["-O0"]`,
      { at: "3:15", message: "`[[extension.x.override]]` has no `files`" },
    ],
    [
      "a key that is not for files",
      `${x}[[extension.x.override]]\nfiles = ["a.cpp"]\nlibraries = []`,
      { at: "5:1", hint: "holds for a whole extension" },
    ],
    [
      "an override that fits nothing",
      `${x}[[extension.x.override]]\nfiles = ["a.cpp", "csrc/a.cpp"]`,
      { at: "4:19", code: "SOURCE_NOT_FOUND", hint: "did you mean `a.cpp`?" },
    ],
    [
      "a default override that fits nothing",
      `${x}[[defaults.override]]\nfiles = ["z/*"]`,
      { at: "4:10", code: "SOURCE_NOT_FOUND", message: "matches none of the sources" },
    ],
    [
      "a name that is no identifier",
      '[extension.my-ops]\nsources = ["a.cpp"]',
      { at: "1:12", code: "NAME_INVALID", hint: "did you mean `my_ops`?" },
    ],
    [
      "a name that is a keyword",
      '[extension."pkg.class"]\nsources = ["a.cpp"]',
      { at: "1:12", code: "NAME_INVALID", message: "keyword" },
    ],
    [
      "a name with a digit in front",
      '[extension.2d]\nsources = ["a.cpp"]',
      { at: "1:12", code: "NAME_INVALID", message: "begins with a digit" },
    ],
    [
      "the same name, quoted and nested",
      '[extension.a.b]\nsources = ["a.cpp"]\n[extension."a.b"]\nsources = ["b.cpp"]',
      { at: "3:12", message: "described twice" },
    ],
    [
      "a module in a package without sources",
      `${x}[extension.x._C]\ncxx-flags = []`,
      { at: "3:14", hint: "needs `sources`" },
    ],
    [
      "a module whose name is a key",
      `[extension.x.libraries]\nsources = ["a.cpp"]`,
      { at: "1:14", hint: '[extension."x.libraries"]' },
    ],
    [
      "settings for a package",
      '[extension.x]\ncxx-flags = []\n[extension.x._C]\nsources = ["a.cpp"]',
      { at: "1:12", hint: "belong into `[defaults]`" },
    ],
    [
      "the same file twice",
      '[extension.a]\nsources = ["a.cpp"]\nout-dir = "p"\n[extension."p.a"]\nsources = ["a.cpp"]',
      { at: "4:12", code: "ARTIFACT_CONFLICT", message: "`a` and `p.a` would both be written to `p/a`" },
    ],
    [
      "a program in the place of a package",
      '[extension.p]\nkind = "executable"\nsources = ["a.cpp"]\n[extension."p.a"]\nsources = ["a.cpp"]',
      { at: "4:12", code: "ARTIFACT_CONFLICT", message: "`p` and `p.a`" },
    ],
    [
      "the same the other way round",
      '[extension."p.a"]\nsources = ["a.cpp"]\n[extension.p]\nkind = "executable"\nsources = ["a.cpp"]',
      { at: "3:12", code: "ARTIFACT_CONFLICT", message: "`p.a` and `p`" },
    ],
    [
      "a setting given twice",
      'profile = "debug"\n[defaults]\nprofile = "debug"',
      { at: "3:1", message: "given twice" },
    ],
    ["an out-dir that is a file", `${x}out-dir = "data.txt"`, { at: "3:11", message: "which is a file" }],
    ["an out-dir with a tilde", 'out-dir = "~/lib"\n' + x, { at: "1:11", hint: "are not expanded" }],
    [
      "a folder with a variable",
      `${x}include-dirs = ["csrc", "$CUDA_HOME/include"]`,
      { at: "3:25", hint: "are not expanded" },
    ],
    [
      "an object that is missing",
      `${x}extra-objects = ["lib/x.a"]`,
      { at: "3:18", code: "SOURCE_NOT_FOUND", hint: "there is no folder `lib`" },
    ],
    [
      "an unquoted text",
      "[extension.x]\nkind = python-module",
      { at: "2:8", message: "`retorch.toml` is not valid TOML: invalid value", hint: "in quotes" },
    ],
    [
      "a table twice",
      "[extension.x]\nsources=[]\n[extension.x]\n",
      { at: "3:2", message: "not valid TOML", hint: "second time" },
    ],
    [
      "an open text",
      '[extension.x]\nsources = ["a.cpp]\n',
      { at: "2:19", message: "not valid TOML", hint: "ends on the line" },
    ],
    [
      "a backslash",
      '[extension.x]\nsources = ["csrc\\ops.cpp"]\n',
      { at: "2:18", message: "not valid TOML", hint: "backslash" },
    ],
    ["Windows line ends", "[extension.x]\r\n\r\nsorces = []\r\n", { at: "3:1", hint: "did you mean `sources`?" }],
  ])("%s", async (_what, text, wanted) => {
    await expectFailure({ "retorch.toml": text }, wanted);
  });

  test("a byte order mark does not move the column", async () => {
    await expectFailure({ "retorch.toml": "\uFEFFsorces = 1" }, { at: "1:1", hint: "did you mean `sources`?" });
    expect((await read({ ...sources, "retorch.toml": `\uFEFF${x}` })).extensions[0]?.name).toBe("x");
  });

  test("an encoding other than UTF-8 is named", async () => {
    await expectFailure({ "retorch.toml": Buffer.from(x, "utf16le") }, { message: "UTF-16" });
    const failure = await readFailure({ "retorch.toml": Buffer.from("# ok\n# caf\u00e9\n", "latin1") });
    expect(failure).toMatchObject({ message: expect.stringContaining("not UTF-8"), location: { line: 2 } });
  });

  test("a file that may not be read", async () => {
    const host = hostWith({ "retorch.toml": x });
    const original = host.fs.readBytes.bind(host.fs);
    host.fs.readBytes = (path) => {
      if (path.endsWith("retorch.toml")) throw Object.assign(new Error("EACCES"), { code: "EACCES" });
      return original(path);
    };
    const { readProject } = await import("../../../src/config/read-project.ts");
    expect(await readProject(host, { paths: [] })).toMatchObject({
      ok: false,
      error: { code: "CONFIG_INVALID", message: "`retorch.toml` cannot be read: permission denied" },
    });
  });
});

describe("the sources that a configuration lists", () => {
  const list = (entries: string, more = ""): Files => ({
    "retorch.toml": `[extension.x]\nsources = [${entries}]\n${more}`,
  });

  test.each<[string, string, Wanted]>([
    [
      "missing",
      '"a.cpp", "opps.cpp"',
      {
        at: "2:21",
        code: "SOURCE_NOT_FOUND",
        message: "the source `opps.cpp` does not exist",
        hint: "the project folder holds",
      },
    ],
    ["misspelt", '"csrc/opps.cpp"', { at: "2:12", code: "SOURCE_NOT_FOUND", hint: "did you mean `csrc/ops.cpp`?" }],
    [
      "of another suffix",
      '"csrc/ops.cc"',
      { at: "2:12", code: "SOURCE_NOT_FOUND", hint: "did you mean `csrc/ops.cpp`?" },
    ],
    ["in another folder", '"ops.cpp"', { at: "2:12", code: "SOURCE_NOT_FOUND", hint: "did you mean `csrc/ops.cpp`?" }],
    [
      "in a folder that is misspelt",
      '"crsc/ops.cpp"',
      { at: "2:12", code: "SOURCE_NOT_FOUND", hint: "there is no folder `crsc`; did you mean `csrc/ops.cpp`?" },
    ],
    ["with a tilde", '"~/ops.cpp"', { at: "2:12", code: "SOURCE_NOT_FOUND", hint: "are not expanded" }],
    ["with a variable", '"$HOME/ops.cpp"', { at: "2:12", code: "SOURCE_NOT_FOUND", hint: "are not expanded" }],
    [
      "a pattern for nothing",
      '"*.cxx"',
      {
        at: "2:12",
        code: "SOURCE_NOT_FOUND",
        message: "`*.cxx` matches no file",
        hint: "the project folder holds `a.cpp`, `b.cpp`",
      },
    ],
    [
      "a pattern one folder too high",
      '"*.cu"',
      { at: "2:12", code: "SOURCE_NOT_FOUND", hint: "did you mean `**/*.cu`?" },
    ],
    [
      "the same in a folder",
      '"csrc/*.cu"',
      { at: "2:12", code: "SOURCE_NOT_FOUND", hint: "did you mean `csrc/**/*.cu`?" },
    ],
    [
      "a pattern in no folder",
      '"csr/*.cpp"',
      { at: "2:12", code: "SOURCE_NOT_FOUND", hint: "there is no folder `csr`; did you mean `csrc/*.cpp`?" },
    ],
    [
      "a pattern for headers",
      '"csrc/*.h"',
      { at: "2:12", code: "SOURCE_UNSUPPORTED", message: "`csrc/ops.h` is a header" },
    ],
    [
      "a pattern for everything that is left out again",
      '"*.cpp", "!*.cpp"',
      { at: "2:12", code: "SOURCE_NOT_FOUND", message: "left out again" },
    ],
    [
      "a header",
      '"csrc/ops.h"',
      { at: "2:12", code: "SOURCE_UNSUPPORTED", message: "`csrc/ops.h` is a header", hint: "include-dirs" },
    ],
    [
      "an unknown suffix",
      '"data.txt"',
      {
        at: "2:12",
        code: "SOURCE_UNSUPPORTED",
        message: "suffix `.txt`",
        hint: "known suffixes are `.c`, `.cc`, `.cpp`",
      },
    ],
    [
      "a folder",
      '"csrc"',
      { at: "2:12", code: "SOURCE_UNSUPPORTED", message: "`csrc` is a folder", hint: "did you mean `csrc/*.cpp`?" },
    ],
    [
      "twice",
      '"a.cpp", "./a.cpp"',
      { at: "2:21", code: "SOURCE_DUPLICATE", message: "the source `a.cpp` is listed twice" },
    ],
    ["listed and left out", '"a.cpp", "!a.cpp"', { at: "2:12", message: "is listed in `sources` and left out again" }],
  ])("%s", async (_what, entries, wanted) => {
    await expectFailure(list(entries), wanted);
  });

  test("the suffixes are case-sensitive, and the right one is proposed", async () => {
    await expectFailure(
      { ...list('"A.CPP"'), "A.CPP": "" },
      { at: "2:12", code: "SOURCE_UNSUPPORTED", hint: "did you mean `.cpp`?" },
    );
  });

  test("objects, Cython and Python are sent to their place", async () => {
    const files = { "o.o": "", "c.pyx": "", "p.py": "" };
    await expectFailure(
      { ...files, ...list('"o.o"') },
      { at: "2:12", code: "SOURCE_UNSUPPORTED", hint: "extra-objects" },
    );
    await expectFailure(
      { ...files, ...list('"c.pyx"') },
      { at: "2:12", code: "SOURCE_UNSUPPORTED", hint: "run Cython" },
    );
    await expectFailure(
      { ...files, ...list('"p.py"') },
      { at: "2:12", code: "SOURCE_UNSUPPORTED", message: "is Python" },
    );
  });
});

describe("pyproject.toml", () => {
  const table = '[project]\nname = "p"\n\n[tool.retorch.extension.x]\n';

  test.each<[string, string, Wanted]>([
    [
      "an unknown key",
      `${table}sorces = []`,
      { at: "5:1", message: "in `[tool.retorch.extension.x]`", hint: "`sources`" },
    ],
    [
      "an unknown key at its top",
      "[tool.retorch]\nsources = []",
      { at: "2:1", message: "in `[tool.retorch]`", hint: "`[tool.retorch.extension.NAME]`" },
    ],
    ["no table", "tool.retorch = 3", { at: "1:16", message: "`tool.retorch` must be a table" }],
    ["a source that is missing", `${table}sources = ["z.cu"]`, { at: "5:12", code: "SOURCE_NOT_FOUND" }],
    [
      "broken, and retorch is in it",
      "[tool.retorch]\na = ",
      { at: "2:5", message: "`pyproject.toml` is not valid TOML" },
    ],
  ])("%s", async (_what, text, wanted) => {
    await expectFailure({ "pyproject.toml": text }, wanted);
  });

  test("one that says nothing to retorch may be broken", async () => {
    expect((await read({ "a.cpp": pybind, "pyproject.toml": "[tool.black\n" })).extensions[0]?.name).toBe("a");
  });
});

describe("any document", () => {
  const word = fc.oneof(
    fc.constantFrom(...Object.keys(extensionKeys), "override", "files", "__proto__", "constructor"),
    fc.string(),
  );
  const leaf = fc.oneof(fc.string(), fc.bigInt(), fc.double(), fc.boolean(), fc.date());
  const value = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: "small" },
      leaf,
      fc.array(tie("value"), { maxLength: 3 }),
      fc.dictionary(word, tie("value"), { maxKeys: 4 }),
    ),
  })).value;

  test("is read without an error, and every problem has its place in it", () => {
    const table = fc.record(
      { python: value, profile: value, defaults: value, extension: fc.oneof(value, fc.dictionary(word, value)) },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(table, (document) => {
        const { problems } = readConfiguration(document as Record<string, unknown>, []);
        for (const { at, message } of problems) {
          expect(message).not.toBe("");
          let node: unknown = document;
          for (const part of at?.path ?? [""]) {
            expect(Object.hasOwn(node as object, part)).toBe(true);
            node = (node as Record<string | number, unknown>)[part];
          }
        }
      }),
      { numRuns: 300 },
    );
  });
});
