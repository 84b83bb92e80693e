/** Files that nobody can load: the answer names what they are. */
import { describe, expect, it } from "vitest";
import { bytesSource } from "../../../src/inspect/bytes.ts";
import { inspectExtension } from "../../../src/inspect/extension.ts";
import { buildElf } from "./elf-builder.ts";
import { buildFatbin } from "./fatbin-builder.ts";

const fatbin = buildFatbin([
  { kind: "cubin", arch: 80, content: buildElf({ machine: 190 }) },
  { kind: "ptx", arch: 90, suffix: "a", content: Buffer.from(".entry k()") },
]);

describe("a file that cannot be loaded", () => {
  it.each([
    ["a static library", "!<arch>\ndebian-binary", "is a static library"],
    ["a thin archive", "!<thin>\n/ ", "is a thin archive"],
    ["bitcode", Uint8Array.of(0x42, 0x43, 0xc0, 0xde, 1), "is LLVM bitcode"],
    ["PTX", "//\n// Generated\n.version 9.0\n.target sm_80\n.address_size 64\n", "for sm_80 and later"],
    ["a fat binary", fatbin, "is a CUDA fat binary by itself, with code for sm_80, compute_90a"],
    [
      "a script of the linker",
      "/* GNU ld script */\nOUTPUT_FORMAT(elf64-x86-64)\nGROUP ( /lib/libm.so.6 )\n",
      "script for",
    ],
    ["a pointer of Git LFS", "version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git lfs pull"],
    ["a script", "#!/bin/sh\n", "is a script"],
    ["an archive", Uint8Array.of(0x1f, 0x8b, 8, 0), "compressed by gzip"],
    ["bitcode in a wrapper", Uint8Array.of(0xde, 0xc0, 0x17, 0x0b), "is LLVM bitcode"],
    ["a text", "hello, world", "is a text, not a built file"],
    ["a page of a server", "\n<!DOCTYPE html><html><head>", "Download it again"],
    ["an answer of a server in XML", '<?xml version="1.0"?><Error><Code>AccessDenied', "is a page of HTML or XML"],
    ["a link as a text", "../lib/libfoo.so.1\n", "`../lib/libfoo.so.1`: a link that was unpacked"],
    ["a pickle", Uint8Array.of(0x80, 2, 0x7d, 0x71, 0), "a pickle of Python"],
    ["a C++ source", "int main() {}\n", "retorch build", "a.cpp"],
    ["a CUDA source", "__global__ void k();\n", "is a source, which was not compiled", "a.cu"],
    ["a Python source", "import torch\n", "is a source of Python", "a.py"],
    ["bytecode", Uint8Array.of(0xa7, 0x0d, 0x0d, 0x0a, 0, 0, 0, 0), "is bytecode of Python", "a.cpython-311.pyc"],
    ["bytes", Uint8Array.of(1, 2, 3), "is neither ELF, PE nor Mach-O"],
    ["nothing", "", "is empty"],
  ])("is named: %s", (_name, content, says, file = "x.so") => {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    const report = inspectExtension(bytesSource(bytes), `/p/${file}`);
    if (report.ok) throw new Error("it was read");
    expect(report.error.code).toBe("INSPECT_UNKNOWN_FORMAT");
    expect(`${report.error.message} ${report.error.hint ?? ""}`).toContain(says);
  });
});
