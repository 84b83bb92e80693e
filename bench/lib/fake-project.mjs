// A project of many sources that share many headers, for the fake compiler: a source includes one header, and that reads
// all others, as a source of an extension reads all of torch.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runOrThrow } from "./measure.mjs";

let compiler;

/** Builds the fake compiler once, and returns its path: a new file of the same name would be a new compiler. */
export function fakeCompiler(context) {
  if (compiler !== undefined) return compiler;
  const path = join(context.scratch, "fake-g++");
  runOrThrow("cc", ["-O2", "-o", path, `-DREAL="${context.tools.cxx}"`, join(context.bench, "lib", "fake-compiler.c")]);
  compiler = path;
  return path;
}

/**
 * Writes the project: sources in folders of 100. The headers are split into `groups`, and each source reads those of one
 * group; by default there is one group, which all sources read.
 */
export function fakeProject(folder, { sources, headers, groups = 1 }) {
  mkdirSync(join(folder, "include", "parts"), { recursive: true });
  const names = Array.from({ length: headers }, (_, i) => `parts/h${i}.h`);
  for (const [i, name] of names.entries()) writeFileSync(join(folder, "include", name), `#pragma once\nint h${i}();\n`);
  for (let group = 0; group < groups; group++) {
    const read = names.filter((_, i) => i % groups === group);
    const path = join(folder, "include", `all${group}.h`);
    writeFileSync(path, read.map((name) => `#include "${name}"\n`).join(""));
    writeFileSync(`${path}.reads`, read.map((name) => `${name}\n`).join(""));
  }
  for (let i = 0; i < sources; i++) {
    const at = join(folder, "src", `d${Math.floor(i / 100)}`);
    if (i % 100 === 0) mkdirSync(at, { recursive: true });
    writeFileSync(join(at, `s${i}.cpp`), `#include "all${i % groups}.h"\nint f${i}() { return ${i}; }\n`);
  }
  writeFileSync(
    join(folder, "retorch.toml"),
    '[extension.many]\nkind = "executable"\nuses-torch = false\nsources = ["src/**/*.cpp"]\ninclude-dirs = ["include"]\n',
  );
  return folder;
}
