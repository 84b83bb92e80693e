/** Names of variables in exported files: readable, unique, and allowed in make as in ninja. */
import { basename } from "node:path";
import type { Step, StepGroup } from "./steps.ts";

/** Gives each thing a name of its own. */
export class VariableNames {
  readonly #taken = new Set<string>();

  constructor(reserved: readonly string[] = []) {
    for (const name of reserved) this.#taken.add(name);
  }

  /** The wished name, with a number where it is taken. */
  take(wish: string): string {
    const clean = wish.replaceAll(/[^A-Za-z0-9_]/g, "_");
    let name = clean;
    for (let number = 2; this.#taken.has(name); number++) name = `${clean}_${number}`;
    this.#taken.add(name);
    return name;
  }
}

/** `CXX`, `NVCC`, … for a program. */
export function programVariable(step: Step): string {
  const path = step.program[step.program.length - 1] ?? "";
  const name = basename(path).replace(/\.exe$/i, "");
  if (/nvcc/.test(name)) return "NVCC";
  if (/(?:\+\+|^c\+\+|^cl$|^icpx$|hipcc)/.test(name)) return "CXX";
  if (/^(?:.*-)?(?:gcc|cc|clang|icx)(?:-[\d.]+)?$/.test(name)) return "CC";
  return name.toUpperCase();
}

/** Name of the words that commands of a group begin or end with. */
export function flagsVariable(group: StepGroup, program: string, place: "head" | "tail"): string {
  const link = group.kind === "link";
  const flags = {
    compile: program === "CC" ? "CFLAGS" : "CXXFLAGS",
    "compile-cuda": "NVCCFLAGS",
    "precompile-header": "PCHFLAGS",
    "device-link": "DLINKFLAGS",
    archive: "ARFLAGS",
    link: "LDFLAGS",
  } as Readonly<Partial<Record<StepGroup["kind"], string>>>;
  const base = flags[group.kind] ?? `${group.kind.replaceAll("-", "_").toUpperCase()}_FLAGS`;
  if (place === "head") return `${base}_${group.extension}`;
  return `${link ? "LDLIBS" : `${base}_LAST`}_${group.extension}`;
}
