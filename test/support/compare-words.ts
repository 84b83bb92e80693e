/**
 * Compares the words of the commands that a set-up script runs with those that retorch would run. Knows what differs by
 * intention, and nothing of how either came to be.
 */
import { spawnSync } from "node:child_process";
import { expect } from "vitest";

/** The commands of a shell script as lists of words; those that are not compilers are left out. */
export function shellCommands(text: string): string[][] {
  return text
    .split("\n")
    .filter((line) => / -o /.test(line))
    .map((line) => {
      const words = spawnSync("sh", ["-c", `for word in ${line}; do printf '%s\\0' "$word"; done`], {
        encoding: "utf8",
      });
      return words.stdout.split("\0").slice(0, -1);
    });
}

/**
 * What is different by intention, and nothing else: docs/commands.md tells why. `-isystem` in place of `-I` for folders
 * that are not the user's; locations that stay out of objects; dependencies; the ABI of libtorch; libraries that libtorch
 * itself names.
 */
// Headers that a toolkit lacks are taken from the wheels beside torch; libsycl is found without LIBRARY_PATH.
const onlyOurs =
  /^(?:-ffile-prefix-map=.*|-MD|-D_GLIBCXX_USE_CXX11_ABI=[01]|-DTORCH_EXTENSION_NAME=.*|-x \S+|-L\/\S*(?:cuda|oneapi)\S*|-I\/\S*\/nvidia\/\S*|-ccbin .*|-Xcompiler -ffile-prefix-map=.*|-Wl,--(?:push|pop)-state.*|-fPIC)$/;
/** Of two definitions of the limited API the last one counts, which is torch's: the other is left out. */
const onlyTheirs = /^(?:-fPIC|-MMD|-DPy_LIMITED_API=0x03090000)$/;

/** Expects that both sets of commands make the same from the same words. */
export function compareWords(
  theirs: readonly (readonly string[])[],
  ours: readonly (readonly string[])[],
  torch: string,
  roots: readonly [string, string],
): void {
  // What nvcc starts, and what the script compiles on its own, is no part of the extensions' commands.
  const own = (words: readonly string[]): boolean =>
    words.some((word) => /tmpxft|^-D__CUDACC__/.test(word)) ||
    words.some((word) => word.endsWith("object.c") || word.endsWith("libthird.so"));
  const asked = theirs.filter((words) => !own(words)).map((words) => normal(words, torch, roots[0]));
  const found = ours.map((words) => normal(words, torch, roots[1]));
  expect(found.map(({ key }) => key).sort()).toEqual(asked.map(({ key }) => key).sort());
  for (const { key, words } of found) {
    const other = asked.find((each) => each.key === key)?.words ?? [];
    const missing = other.filter((word) => !words.includes(word) && !onlyTheirs.test(word));
    const extra = words.filter((word) => !other.includes(word) && !onlyOurs.test(word));
    expect({ key, missing, extra }).toEqual({ key, missing: [], extra: [] });
  }
}

function base(file: string): string {
  return file.slice(file.lastIndexOf("/") + 1).replace(/^.*=/, "");
}

interface Normal {
  /** What is compiled or linked. */
  readonly key: string;
  readonly words: readonly string[];
}

function normal(words: readonly string[], torch: string, root: string): Normal {
  const isLink = words.includes("-shared");
  const result: string[] = [];
  const files: string[] = [];
  let output = "";
  for (let i = 0; i < words.length; i++) {
    let word = words[i] ?? "";
    if (word === "-o") output = words[++i] ?? "";
    else if (word === "-MF") i++;
    else if (/^(?:-gencode|--threads|-Xcompiler|--compiler-options|-ccbin)$/.test(word)) {
      const value = (words[++i] ?? "").replaceAll("'", "");
      result.push(`${word.replace("--compiler-options", "-Xcompiler")} ${value}`);
    } else if (word === "-isystem" || word === "-x") {
      word = word === "-x" ? `-x ${words[++i] ?? ""}` : `-I${words[++i] ?? ""}`;
      result.push(word);
    } else if (word === "-c" || word === "-shared") continue;
    else if (word.startsWith("-fsycl-host-compiler=")) result.push(`-fsycl-host-compiler=${base(word)}`);
    else if (word.startsWith("-fsycl-host-compiler-options=")) {
      const host = word.slice(word.indexOf("=") + 1).replaceAll("-isystem ", "-I");
      const own = host.split(/ (?=-)/).filter((each) => each !== "-c" && !onlyOurs.test(each));
      result.push(...own.map((each) => `host: ${each}`));
    } else if (!word.startsWith("-")) files.push(word);
    else result.push(word);
  }
  const named = result
    .map((word) => word.replaceAll(torch, "$TORCH").replaceAll(root, "$ROOT"))
    .map((word) => (/^-[IL][^/$]/.test(word) ? `${word.slice(0, 2)}$ROOT/${word.slice(2)}` : word))
    // Relative to the folder of a set-up script that lies below.
    .map((word) => word.replace("$ROOT/bindings/torch/", "$ROOT/"));
  const key = isLink
    ? `link ${base(output)}`
    : words.includes("-fsycl-link")
      ? "device link"
      : `compile ${files
          .map(base)
          .filter((file) => /\.(?:c|hip|sycl)/.test(file))
          .join(" ")}${macroKey(named)}`;
  return { key, words: named };
}

/** Tells the compiles of one source apart. */
function macroKey(words: readonly string[]): string {
  const init = words.find((word) => word.startsWith("-DINIT="));
  return init === undefined ? "" : ` ${init}`;
}
