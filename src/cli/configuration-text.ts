/** The text of a first `retorch.toml`. Which sources there are and what they make was found out before. */
import { basename, dirname, extname, relative } from "node:path";
import type { ExtensionKind } from "../config/extension.ts";

/** What is written down. */
export interface FirstConfiguration {
  /** Absolute. */
  readonly root: string;
  readonly name: string;
  readonly kind: ExtensionKind;
  /** Absolute. */
  readonly sources: readonly string[];
  /** Relative to the root. */
  readonly includeDirs: readonly string[];
  readonly hasCuda: boolean;
}

/** The file. Keys that are not needed stand there as comments, with their defaults. */
export function configurationText(from: FirstConfiguration): string {
  const name = /^[A-Za-z0-9_-]+$/.test(from.name) ? from.name : quote(from.name);
  const sources = sourcePatterns(from.root, from.sources);
  const list =
    sources.length === 1
      ? `[${sources.map(quote).join(", ")}]`
      : `[\n${sources.map((text) => `  ${quote(text)},\n`).join("")}]`;
  const lines = [
    "# What `retorch build` makes here. Every key: docs/configuration.md of retorch.",
    "",
    `[extension.${name}]`,
    `kind = ${quote(from.kind)}`,
    `sources = ${list}`,
    `include-dirs = [${from.includeDirs.map(quote).join(", ")}]`,
    '# define = { WITH_FEATURE = true, LEVEL = "2" }',
    '# cxx-flags = ["-O2"]',
    ...(from.hasCuda
      ? ['# nvcc-flags = ["--use_fast_math"]', '# cuda-arch = ["native"]  # or ["8.0", "9.0a", "12.0+PTX"]']
      : []),
    "# libraries = []",
    "# link-flags = []",
  ];
  return `${lines.join("\n")}\n`;
}

/** `csrc/*.cpp` where several sources of one folder end alike, so that a new one is found; else the path. */
function sourcePatterns(root: string, sources: readonly string[]): string[] {
  const groups = new Map<string, string[]>();
  for (const source of sources) {
    const path = relative(root, source).replaceAll("\\", "/");
    const folder = dirname(path);
    const pattern = `${folder === "." ? "" : `${folder}/`}*${extname(path)}`;
    // A folder or suffix with characters that mean something in a pattern, or a name that a pattern leaves out.
    const key = /[[\]{}!?*]/.test(folder + extname(path)) || basename(path).startsWith(".") ? path : pattern;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [path]);
    else group.push(path);
  }
  return [...groups].flatMap(([pattern, paths]) => (paths.length > 1 ? [pattern] : paths));
}

/** A basic string of TOML. */
function quote(text: string): string {
  return JSON.stringify(text).replaceAll("\u007F", "\\u007F");
}
