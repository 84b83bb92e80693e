/**
 * Which host compilers a CUDA toolkit accepts. The truth is the toolkit's own `crt/host_config.h`, which refuses the
 * others with `#error`; the table stands in where it cannot be read.
 */
import { compareVersions, parseVersion } from "../base/order.ts";
import type { HostCompilerBounds } from "./environment.ts";

/**
 * Reads the bounds from the text of `crt/host_config.h`: `#if __GNUC__ > 15`,
 * `#if (__clang_major__ >= 21) || (__clang_major__ < 3) || …`, `#if _MSC_VER < 1920 || _MSC_VER >= 1950`. Of several
 * conditions on clang the one that is not of a special edition (Grace, HOS) counts: it stands in the block that excludes
 * them. Undefined when there is no bound on gcc in it.
 */
export function parseHostConfig(text: string, source: string): HostCompilerBounds | undefined {
  const number = (match: RegExpExecArray | null | undefined): number | undefined =>
    match?.[1] === undefined ? undefined : Number(match[1]);
  const gccNewest = number(/^#\s*if\s+\(?__GNUC__\s*>\s*(\d+)/m.exec(text));
  if (gccNewest === undefined) return undefined;
  const clang = text.split("\n").reduce<{ readonly block: boolean; readonly line?: string }>(
    (state, line) => {
      if (/^#\s*if.*defined\(__clang__\).*!defined\(__ibmxl_vrm__\)/.test(line)) return { ...state, block: true };
      const found = state.block && state.line === undefined && /^#\s*if\s+.*__clang_major__\s*>=?/.test(line);
      return found ? { ...state, line } : state;
    },
    { block: false },
  ).line;
  const below = number(/__clang_major__\s*>=\s*(\d+)/.exec(clang ?? ""));
  const newest = number(/__clang_major__\s*>\s*(\d+)/.exec(clang ?? ""));
  const clangBelow = below ?? (newest === undefined ? undefined : newest + 1);
  const clangOldest = number(/__clang_major__\s*<\s*(\d+)/.exec(clang ?? ""));
  const msvc = /^#\s*if\s+(_MSC_VER\s*<.*)$/m.exec(text)?.[1] ?? "";
  const msvcOldest = number(/_MSC_VER\s*<\s*(\d+)/.exec(msvc));
  const msvcBelow = number(/_MSC_VER\s*>=\s*(\d+)/.exec(msvc));
  return {
    source,
    gccNewest,
    ...(clangBelow === undefined ? {} : { clangBelow }),
    ...(clangOldest === undefined ? {} : { clangOldest }),
    ...(msvcBelow === undefined ? {} : { msvcBelow }),
    ...(msvcOldest === undefined ? {} : { msvcOldest }),
  };
}

/** CUDA, newest gcc, first clang refused (torch/utils/cpp_extension.py, CUDA_GCC_VERSIONS and CUDA_CLANG_VERSIONS). */
const table: readonly (readonly [cuda: string, gccNewest: number, clangBelow: number])[] = [
  ["11.0", 9, 10],
  ["11.1", 10, 11],
  ["11.2", 10, 12],
  ["11.4", 11, 13],
  ["11.6", 11, 14],
  ["12.0", 12, 15],
  ["12.2", 12, 16],
  ["12.3", 13, 16],
  ["12.4", 13, 17],
  ["12.5", 13, 18],
  ["12.7", 13, 19],
  ["12.8", 14, 19],
  ["13.0", 15, 21],
];

/** The bounds of the newest row that is not newer than the toolkit. None for a toolkit older or newer than the table. */
export function tabledBounds(cudaVersion: string): HostCompilerBounds | undefined {
  const version = parseVersion(cudaVersion);
  const last = table.at(-1);
  if (last === undefined || compareVersions(version, parseVersion(last[0])) > 0) return undefined;
  const row = table.findLast(([cuda]) => compareVersions(parseVersion(cuda), version) <= 0);
  if (row === undefined) return undefined;
  return {
    source: "table",
    gccNewest: row[1],
    gccOldest: version[0] === 11 && (version[1] ?? 0) < 4 ? 5 : 6,
    clangBelow: row[2],
  };
}

/** Why a host compiler is refused. Undefined when it is accepted, or nothing is known. */
export function refusal(
  bounds: HostCompilerBounds | undefined,
  compiler: { readonly family: "gcc" | "clang" | "apple-clang" | "msvc"; readonly version: readonly number[] },
): { readonly reason: "too new" | "too old"; readonly allowed: string } | undefined {
  const [major = 0, minor = 0] = compiler.version;
  if (bounds === undefined) return undefined;
  if (compiler.family === "gcc") {
    if (bounds.gccNewest !== undefined && major > bounds.gccNewest) {
      return { reason: "too new", allowed: `GCC ${bounds.gccNewest} or older` };
    }
    if (bounds.gccOldest !== undefined && major < bounds.gccOldest) {
      return { reason: "too old", allowed: `GCC ${bounds.gccOldest} or newer` };
    }
  } else if (compiler.family === "clang") {
    if (bounds.clangBelow !== undefined && major >= bounds.clangBelow) {
      return { reason: "too new", allowed: `Clang ${bounds.clangBelow - 1} or older` };
    }
    if (bounds.clangOldest !== undefined && major < bounds.clangOldest) {
      return { reason: "too old", allowed: `Clang ${bounds.clangOldest} or newer` };
    }
  } else if (compiler.family === "msvc") {
    // cl 19.40 has _MSC_VER 1940.
    const version = major * 100 + minor;
    if (bounds.msvcBelow !== undefined && version >= bounds.msvcBelow) {
      return { reason: "too new", allowed: `MSVC below 19.${bounds.msvcBelow % 100}` };
    }
    if (bounds.msvcOldest !== undefined && version < bounds.msvcOldest) {
      return { reason: "too old", allowed: `MSVC 19.${bounds.msvcOldest % 100} or newer` };
    }
  }
  return undefined;
}
