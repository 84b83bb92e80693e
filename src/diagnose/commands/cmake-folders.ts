/**
 * The folder in which CMake built a library, as its path tells it, and the commands that configure and build there once more. It
 * does not know the options of the first time: CMake's cache in that folder keeps them.
 */
import { platformOf } from "./command-words.ts";
import { quote } from "../text/quote.ts";
import type { Match } from "../rule.ts";

/** `/w/p/build` of `/w/p/build/lib/libops.so`. setuptools puts what it compiles in `build/lib.<system>`. */
const built =
  /^((?:(?:[A-Za-z]:)?[\\/](?:.*[\\/])?|(?:[\w.-]+[\\/])*)(?:cmake-)?build[\w-]*)[\\/](?:(?:Release|Debug|lib|lib64|bin|src|python)[\\/]){0,2}[\w.+-]+\.(?:so|pyd|dylib|a|lib)(?:\(|$|:)/;

export function cmakeFolder(file: string): string | undefined {
  const folder = built.exec(file)?.[1];
  return folder === undefined || /-packages[\\/]|[\\/](?:pip|tmp)[\w-]*[\\/]/.test(folder) ? undefined : folder;
}

/** Builds all anew in the folder, with definitions in place of what its cache says of the same names. */
export function configuredAnew(match: Match, folder: string, definitions: readonly string[]): string[] {
  const windows = platformOf(match) === "win32";
  const above = folder.replace(/[\\/]?[^\\/]+$/, "");
  const source = above === "" ? "." : above;
  return [
    `cmake -S ${quote(source)} -B ${quote(folder)} ${definitions.join(" ")}   # with the options of the first time, which its CMakeCache.txt keeps`,
    `cmake --build ${quote(folder)} --clean-first${windows ? " --config Release" : ' -j "$(nproc)"'}`,
  ];
}
