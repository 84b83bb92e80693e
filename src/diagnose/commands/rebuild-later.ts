/** A build again as the last resort, in words: for a crash, whose fault lies more often in the code than in the build. */
import { pip, rebuild } from "./commands.ts";
import { crashedProgram } from "./programs.ts";
import type { Match } from "../rule.ts";

/** Builds it again only where nothing else helps. */
export function rebuildLater(match: Match): string[] {
  if (crashedProgram(match) !== undefined)
    return [
      "# torch, CUDA or the compiler is another than when it was built, or two are loaded (ldd names one libcudart and one libtorch each): cmake --build build --clean-first",
    ];
  const live = rebuild(match).filter((line) => !line.startsWith("#"));
  const lines = live.some((line) => line.startsWith("retorch "))
    ? [pip(match, "install --no-build-isolation --no-cache-dir --force-reinstall --no-deps -v .")]
    : live;
  return lines.length === 0
    ? []
    : [
        `# torch, Python or the compiler is another than when it was built: build it again: ${lines.map((line) => line.replace(/\s+#.*$/, "")).join(" && ")}`,
      ];
}
