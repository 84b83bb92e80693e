// A project of many sources that share many headers, for the fake compiler: every source includes `all.h`, and that reads
// every header, as every source of an extension reads all of torch.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runOrThrow } from "./measure.mjs";

/** Builds the fake compiler once, and returns its path. */
export function fakeCompiler(context) {
  const path = join(context.scratch, "fake-g++");
  runOrThrow("cc", ["-O2", "-o", path, `-DREAL="${context.tools.cxx}"`, join(context.bench, "lib", "fake-compiler.c")]);
  return path;
}

/** Writes the project. Sources in folders of 100. */
export function fakeProject(folder, { sources, headers }) {
  mkdirSync(join(folder, "include", "parts"), { recursive: true });
  const names = Array.from({ length: headers }, (_, i) => `parts/h${i}.h`);
  for (const name of names) writeFileSync(join(folder, "include", name), `#pragma once\nint ${name.slice(6, -2)}();\n`);
  writeFileSync(join(folder, "include", "all.h"), names.map((name) => `#include "${name}"\n`).join(""));
  writeFileSync(join(folder, "include", "all.h.reads"), names.map((name) => `${name}\n`).join(""));
  for (let i = 0; i < sources; i++) {
    const at = join(folder, "src", `d${Math.floor(i / 100)}`);
    if (i % 100 === 0) mkdirSync(at, { recursive: true });
    writeFileSync(join(at, `s${i}.cpp`), `#include "all.h"\nint f${i}() { return ${i}; }\n`);
  }
  writeFileSync(
    join(folder, "retorch.toml"),
    '[extension.many]\nkind = "executable"\nuses-torch = false\nsources = ["src/**/*.cpp"]\ninclude-dirs = ["include"]\n',
  );
  return folder;
}
