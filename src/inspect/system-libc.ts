/** The C library that an interpreter runs with: musl, or glibc of which version. Read from its files; Linux alone. */
import type { Host } from "../host/host.ts";
import { constantRanges, constantsOf } from "./binding-abi.ts";
import { fileSource } from "./bytes.ts";
import { openElf } from "./elf.ts";
import { LoaderSimulation } from "./loader.ts";
import type { JudgeEnvironment } from "./verdict.ts";

export type SystemLibc =
  | { readonly kind: "musl" }
  | { readonly kind: "glibc"; readonly version: readonly [number, number] };

/** Undefined where it cannot be told. */
export function systemLibc(
  { fs, env }: Pick<Host, "fs" | "env">,
  { platform, python }: Pick<JudgeEnvironment, "platform" | "python">,
): SystemLibc | undefined {
  const source = platform === "linux" && python !== undefined ? fileSource(fs, python.executable) : undefined;
  const elf = source === undefined ? undefined : openElf(source);
  if (python === undefined || elf?.ok !== true) return undefined;
  if (/\/ld-musl-/.test(elf.value.interpreter ?? "")) return { kind: "musl" };
  const { machineCode, bits } = elf.value;
  const simulation = new LoaderSimulation({ fs, env, machineCode, bits });
  const main = simulation.loadMain(python.executable);
  const libc =
    main === undefined ? undefined : simulation.closure(main).find(({ path }) => /\/libc\.so\.6$/.test(path));
  if (libc === undefined) return undefined;
  // What it says of itself: not every release brought a new version of a symbol.
  const told = constantsOf(libc.elf.reader.source, constantRanges(libc.elf.sections)).toString("latin1");
  const [, major, minor] = /GNU C Library [^\n\0]{0,200}version (\d+)\.(\d+)/.exec(told) ?? [];
  return major === undefined ? undefined : { kind: "glibc", version: [Number(major), Number(minor)] };
}
