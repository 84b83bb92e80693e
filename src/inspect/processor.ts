/**
 * Which level of x86-64 this machine's processor has, from /proc/cpuinfo. The loader takes libraries of `glibc-hwcaps`
 * folders by it, and refuses files that ask for more.
 *
 * Levels: x86-64 psABI, "Micro-Architecture Levels", in the words of /proc/cpuinfo. Without `abm` (LZCNT), which level 3 has:
 * there are virtual machines where Linux leaves the word out and the processor, which the loader asks, has it. Every
 * processor with AVX2 and BMI2 does.
 */
import type { FileSystem } from "../host/host.ts";
import type { X86Level } from "./elf-refusals.ts";

const LEVELS: readonly (readonly string[])[] = [
  ["cx16", "lahf_lm", "popcnt", "pni", "sse4_1", "sse4_2", "ssse3"],
  ["avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "movbe", "xsave"],
  ["avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"],
];

/** Undefined where it cannot be told: another machine, no such file. */
export function x86LevelOf(fs: Pick<FileSystem, "readText">): X86Level | undefined {
  let text: string | undefined;
  try {
    text = fs.readText("/proc/cpuinfo");
  } catch {
    return undefined;
  }
  const words = /^flags\s*:\s*(.*)$/m.exec(text ?? "")?.[1]?.split(/\s+/);
  if (words === undefined) return undefined;
  const flags = new Set(words);
  let level = 1;
  for (const wanted of LEVELS) {
    if (!wanted.every((flag) => flags.has(flag))) break;
    level++;
  }
  return level as X86Level;
}

/** Names of the folders below `glibc-hwcaps` that are searched, the most special first (ld.so(8)). */
export function hwcapsOf(level: X86Level | undefined): readonly string[] {
  return ["x86-64-v4", "x86-64-v3", "x86-64-v2"].slice(4 - (level ?? 1));
}
