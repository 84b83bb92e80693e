/**
 * Another linker for the build, in the variable that its tools read: the last -fuse-ld of a command counts, LDFLAGS stands on what
 * setuptools and CMake (in an empty build folder) link, and RUSTFLAGS takes the place of what cargo's files say of flags.
 * Sources: gcc's manual (-fuse-ld), distutils/sysconfig.py of setuptools, https://cmake.org/cmake/help/latest/envvar/LDFLAGS.html,
 * https://doc.rust-lang.org/cargo/reference/config.html#buildrustflags.
 */
import { systemPackage } from "./commands.ts";
import { cmakeAgain } from "./typed-again.ts";
import type { Match } from "../rule.ts";

/** The package that brings a linker; undefined: none that is known. */
export function linkerPackage(match: Match, name: string): string[] | undefined {
  switch (name) {
    case "lld":
      return systemPackage(match, { apt: "lld", dnf: "lld", brew: "lld", conda: "lld" });
    case "mold":
      return systemPackage(match, { apt: "mold", dnf: "mold", conda: "mold" });
    case "gold":
      return systemPackage(match, { apt: "binutils", dnf: "binutils-gold", conda: "binutils" });
    default:
      return undefined;
  }
}

/** CMake's command of the text with that linker for all that it links; its cache and the command itself say another one. */
function byCmake(match: Match, name: string): readonly string[] | undefined {
  if (match.context.log.typedConfigure === undefined) return undefined;
  const kinds = ["EXE", "SHARED", "MODULE"];
  return cmakeAgain(match, [], kinds.map((kind) => `-DCMAKE_${kind}_LINKER_FLAGS=-fuse-ld=${name}`).join(" "));
}

/** Has the compiler take a linker by its name (`bfd`, `lld`), whatever else was asked for before. */
export function chooseLinker(match: Match, name: string): readonly string[] {
  const cmake = byCmake(match, name);
  if (cmake !== undefined) return cmake;
  return match.context.log.host === "rust"
    ? [`export RUSTFLAGS="-C link-arg=-fuse-ld=${name}"   # in place of the rustflags in .cargo/config.toml`]
    : [`export LDFLAGS="$LDFLAGS -fuse-ld=${name}"   # setuptools and CMake (in an empty build folder) take it`];
}

/** The same without a word about the linker: the compiler's own one, which is always there. */
export function usualLinker(match: Match): readonly string[] {
  return match.context.log.host === "rust" || byCmake(match, "bfd") !== undefined
    ? chooseLinker(match, "bfd")
    : [`export LDFLAGS="$(printf %s "$LDFLAGS" | sed -E 's/-fuse-ld=[^ ]*//g')"   # the compiler's own linker`];
}
