/** Lines of build files that a text shows, containers that a text starts, and builds of other languages. */
import { expect, test } from "vitest";
import { ShownLineReader } from "../../../src/diagnose/facts/shown-lines.ts";
import { diagnose } from "../../../src/diagnose/diagnose.ts";

function shown(text: string) {
  const reader = new ShownLineReader();
  for (const [at, line] of text.split("\n").entries()) reader.line(line, at + 1);
  return reader.facts().shownLines;
}

test("one file, with and without numbers of lines", () => {
  expect(shown("$ grep -n mavx setup.py\n31:    flags = ['-mavx2']\n$ ls\nsetup.py")).toEqual([
    { file: "setup.py", text: "flags = ['-mavx2']" },
  ]);
  expect(shown("$ grep ABI CMakeLists.txt\nadd_definitions(-DX=1)")).toEqual([
    { file: "CMakeLists.txt", text: "add_definitions(-DX=1)" },
  ]);
});

test("several files, Windows' search, and no file of a build", () => {
  expect(shown("$ grep -rn ABI .\n./cmake/a.cmake:3:set(A 1)\n./src/a.cpp:4:int a;")).toEqual([
    { file: "./cmake/a.cmake", text: "set(A 1)" },
  ]);
  expect(shown("PS C:\\s\\build> Select-String link ..\\CMakeLists.txt\n\n..\\CMakeLists.txt:17:link(a)")).toEqual([
    { file: "..\\CMakeLists.txt", text: "link(a)" },
  ]);
  expect(shown("$ make\nsetup.py:3: warning")).toEqual([]);
});

const missing =
  "ImportError: /usr/local/lib/python3.11/dist-packages/flash_attn_2_cuda.cpython-311-x86_64-linux-gnu.so: undefined symbol: _ZNK3c106SymInt6sym_neERKS0_";

test("a container that was started from an image gets an image on top of it", () => {
  const [first] = diagnose(
    `$ docker run --gpus all -v /d:/d --rm acme/infer:2.1 python3 serve.py\n${missing}`,
  ).diagnoses;
  expect(first?.fix.find((line) => line.startsWith("printf"))).toMatch(
    /'FROM acme\/infer:2\.1' 'RUN python3 -m pip .* \| docker build -t acme\/infer:mended -$/,
  );
  expect(first?.fix).toContain("docker run --gpus all -v /d:/d --rm acme/infer:mended python3 serve.py");
});

test("a container whose shell lives on is mended inside", () => {
  const [first] = diagnose(
    `$ docker run --gpus all -it acme/infer:2.1 bash\nroot@8f1c2:/# python3 serve.py\n${missing}`,
  ).diagnoses;
  expect(first?.fix.join("\n")).not.toContain("docker build");
});

test("a container that only shows something, or serves something else, is none", () => {
  for (const other of ["nvidia/cuda:12.4.1-base-ubuntu22.04 nvidia-smi", "-d redis:7"])
    expect(diagnose(`$ docker run --rm --gpus all ${other}\n${missing}`).diagnoses[0]?.fix.join("\n")).not.toContain(
      "docker build",
    );
});

test("a build of another language is no certain matter", () => {
  const text =
    "npm error gyp ERR! build error\nnpm error ../src/backend/Backend.h:3:10: fatal error: cairo.h: No such file or directory";
  expect(diagnose(text).diagnoses[0]?.confidence ?? "low").toBe("low");
});
