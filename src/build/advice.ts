/**
 * The advice of a diagnosis in the words of the one who asked for the build. It is written for people who type
 * `retorch build`; when a `load()` or a taken-over `setup.py` failed, they type something else. Knows no diagnoses.
 */
import { shellWord } from "../base/shell-word.ts";
import { quote } from "../diagnose/commands/commands.ts";
import type { Host } from "../host/host.ts";

/** Who asked: a person at the command line, a `load()`, or setuptools below `retorch run`. */
export type Asker = "command-line" | "load" | "setuptools";

/** What the advice may name. */
export interface AdviceContext {
  readonly asker: Asker;
  /** The project is a `setup.py`. */
  readonly isSetup?: boolean;
  /** Where the build keeps what it made; undefined when that is not known. */
  readonly buildDir: string | undefined;
  readonly platform: Host["platform"];
  /** The words of the command line that asked, without `retorch`: `build --check`. */
  readonly typed?: readonly string[];
}

/** Who made a captured request, by the text of it. */
export function askerOf(captured: { readonly text: string } | undefined): Asker {
  if (captured === undefined) return "command-line";
  const origin = /"origin":\s*"(?<origin>[^"]*)"/.exec(captured.text)?.groups?.["origin"];
  return origin === "setup.py" ? "setuptools" : "load";
}

/** The lines of a fix, without `retorch build`. */
export function adviceFor(fix: readonly string[], context: AdviceContext): readonly string[] {
  if (context.asker === "command-line") {
    const lines = fix.map((line) => asTyped(line, context.typed));
    if (context.isSetup === undefined) return lines;
    return lines.flatMap(context.isSetup ? withScript : withoutScript);
  }
  const lines = fix.flatMap((line) => adapted(line, context));
  if (context.asker === "load") lines.push(...parametersFor(fix));
  // Two lines may have come to say the same.
  const seen = new Set<string>();
  return lines.filter((line) => {
    const command = line.startsWith("#") ? line : line.replace(/\s*#.*$/, "");
    return !seen.has(command) && seen.add(command) !== undefined;
  });
}

/** `retorch build --force` with the words that were typed: another folder, another Python. */
function asTyped(line: string, typed: readonly string[] | undefined): string {
  const match = commandForm.exec(line);
  const { variables = "", words = "" } = match?.groups ?? {};
  const more = words.split(" ").filter((word) => word !== "");
  if (match === null || typed?.[0] !== "build" || more.some((word) => !/^(?:-j|--jobs|\d+|-v|--force)$/.test(word)))
    return line;
  // A later -j is the one that counts.
  const added = more.filter((word) => !typed.includes(word) || /^(?:-j|--jobs|\d+)$/.test(word));
  const rest = line.slice(`${variables}retorch build${words}`.length);
  return `${variables}${["retorch", ...typed, ...added].map(shellWord).join(" ")}${rest}`;
}

/** A line without what concerns projects with a `setup.py` alone. Files of other builders have no say in this build. */
function withoutScript(line: string): string[] {
  if (/^# with setup\.py alone\b/.test(line)) return [];
  if (/^[^#]*(?:\bsetup\.py|\bCMakeLists\.txt)/.test(line)) return [];
  return [
    line
      .replaceAll("extra_compile_args (setup.py)", "cxx-flags (retorch.toml)")
      .replaceAll(/ \(setup\.py: (?:[^()]|\([^()]*\))*\)/g, ""),
  ];
}

/** A line that names a key of `retorch.toml` and its equal, for a project that has a `setup.py` alone. */
function withScript(line: string): string[] {
  const own = /^# retorch\.toml: .*? \(setup\.py: ((?:[^()]|\([^()]*\))*)\)$/.exec(line)?.[1];
  return own !== undefined ? [`# setup.py: ${own}`] : [line.replace(/^# with setup\.py alone: /, "")];
}

/** Keys of `retorch.toml` that advice names, in the parameters of `load()`. */
const parameters: ReadonlyMap<string, string> = new Map([
  ["include-dirs", "extra_include_paths"],
  ["cxx-flags", "extra_cflags"],
  ["nvcc-flags", "extra_cuda_cflags"],
  ["libraries", 'extra_ldflags=["-l…"]'],
  ["library-dirs", 'extra_ldflags=["-L…"]'],
  ["link-flags", "extra_ldflags"],
]);

function parametersFor(fix: readonly string[]): string[] {
  const text = fix.filter((line) => line.includes("retorch.toml")).join("\n");
  const named = [...parameters].filter(([key]) => new RegExp(`\\b${key}\\b`).test(text));
  return named.length === 0 ? [] : [`# with load(): ${named.map(([key, to]) => `${key} is ${to}`).join(", ")}`];
}

/** `CXX=g++-11 retorch build --force   # why` → what has the same effect on the next attempt. */
function adapted(line: string, context: AdviceContext): string[] {
  const match = commandForm.exec(line);
  const { variables = "", words: text = "", remark } = match?.groups ?? {};
  const words = text.split(" ").filter((word) => word !== "");
  const effects = match === null ? undefined : effectsOf(words, context);
  if (effects === undefined) return [line];
  const assignments = variables.split(" ").filter((word) => word !== "");
  const lines = [...assignments.map((each) => exported(each, context)), ...effects.lines];
  if (effects.again)
    lines.push(`# ${context.asker === "load" ? "run the program again" : "run the same command again"}`);
  const last = lines.pop();
  if (last === undefined) return [];
  const about = last.startsWith("#") ? ": " : "   # ";
  return [...lines, remark === undefined ? last : `${last}${about}${remark}`];
}

const commandForm = /^(?<variables>(?:\w+=\S+ )*)retorch build(?<words>(?: [^\s#]+)*)\s*(?:#\s*(?<remark>.*))?$/;

/** Undefined where an option has no equal. `again`: it has to be said that the build is to be tried again. */
function effectsOf(
  words: readonly string[],
  context: AdviceContext,
): { readonly lines: readonly string[]; readonly again: boolean } | undefined {
  const lines: string[] = [];
  let again = words.length === 0;
  for (let at = 0; at < words.length; at++) {
    switch (words[at]) {
      case "-j":
      case "--jobs":
        lines.push(exported(`MAX_JOBS=${words[++at] ?? "1"}`, context));
        break;
      case "-v":
        // setuptools shows the commands anyhow.
        if (context.asker === "load") lines.push("# call it with verbose=True");
        break;
      case "--force":
        if (context.buildDir !== undefined) lines.push(removal(context.buildDir, context));
        again = true;
        break;
      default:
        return undefined;
    }
  }
  return { lines, again };
}

function exported(assignment: string, { platform }: AdviceContext): string {
  return `${platform === "win32" ? "set" : "export"} ${assignment}`;
}

function removal(folder: string, { platform }: AdviceContext): string {
  return platform === "win32" ? `rmdir /s /q ${quote(folder)}` : `rm -rf ${quote(folder)}`;
}
