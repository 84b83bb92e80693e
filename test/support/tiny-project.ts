/** A project of real C++ that compiles in a moment: a program of several files and headers, without torch and Python. */
import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { temporaryProject, type TemporaryProject } from "./cli.ts";

export interface TinyOptions {
  /** How many translation units beside main.cpp. */
  readonly units?: number;
  /** Last part of the folder's name. */
  readonly name?: string;
  /** More lines for `[extension.tiny]`. */
  readonly settings?: string;
}

/** The text of one unit. */
export function tinyUnit(i: number, value: number): string {
  return `#include "tiny/common.h"\n#include "tiny/part${i % 2}.h"\nint unit${i}() { return COMMON + PART${i % 2} + ${value}; }\n`;
}

/** A project whose program prints the sum of its units. */
export function tinyProject({ units = 4, name = "tiny", settings = "" }: TinyOptions = {}): TemporaryProject {
  const numbers = Array.from({ length: units }, (_, i) => i);
  return temporaryProject(
    {
      "retorch.toml": `[extension.tiny]\nkind = "executable"\nuses-torch = false\nsources = ["src/*.cpp"]\ninclude-dirs = ["include"]\n${settings}`,
      "include/tiny/common.h": "#pragma once\n#define COMMON 1\n",
      "include/tiny/part0.h": "#pragma once\n#define PART0 10\n",
      "include/tiny/part1.h": "#pragma once\n#define PART1 20\n",
      "src/main.cpp": `#include <cstdio>\n${numbers.map((i) => `int unit${i}();\n`).join("")}int main() { std::printf("%d\\n", 0${numbers.map((i) => ` + unit${i}()`).join("")}); }\n`,
      ...Object.fromEntries(numbers.map((i) => [`src/unit${i}.cpp`, tinyUnit(i, i)])),
    },
    name,
  );
}

/** What the built program prints. */
export function tinyOutput(path: string): string {
  return execFileSync(path, { encoding: "utf8" }).trim();
}

/** All files below a folder with their bytes, by relative path. */
export function filesBelow(folder: string, keep: (path: string) => boolean = () => true): Map<string, Buffer> {
  const found = new Map<string, Buffer>();
  const walk = (at: string): void => {
    for (const name of readdirSync(join(folder, at)).sort()) {
      const path = at === "" ? name : `${at}/${name}`;
      if (statSync(join(folder, path)).isDirectory()) walk(path);
      else if (keep(path)) found.set(path, readFileSync(join(folder, path)));
    }
  };
  walk("");
  return found;
}
