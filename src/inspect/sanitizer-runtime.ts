/**
 * The run time of AddressSanitizer in a process that was started without it. It looks at its own place among the
 * libraries of the program and ends the process where another one is before it (compiler-rt, asan_linux.cpp,
 * `AsanCheckDynamicRTPrereqs`).
 */
import { basename } from "node:path";
import type { LoadedFile } from "./loader.ts";
import type { Problem } from "./verdict.ts";

/** Of GCC, and of Clang with `-shared-libasan`. */
const ASAN = /^lib(?:asan\.so|clang_rt\.asan\b.*\.so)/;

export function lateSanitizer(
  fresh: readonly LoadedFile[],
  env: Readonly<Record<string, string | undefined>>,
): Problem[] {
  if (/\bverify_asan_link_order=(?:0|false|no)\b/.test(env["ASAN_OPTIONS"] ?? "")) return [];
  const late = fresh.find(({ path }) => ASAN.test(basename(path)));
  if (late === undefined) return [];
  return [
    {
      kind: "not-loadable",
      severity: "error",
      what: `AddressSanitizer's run time \`${basename(late.path)}\` has to be in the process from its start`,
      why: "It ends the interpreter that loads it later: `ASan runtime does not come first in initial library list`",
      fix: `Start Python with it: \`LD_PRELOAD=${late.path} python …\`, or build without \`-fsanitize=address\``,
      library: late.path,
    },
  ];
}
