/**
 * The libstdc++ that clang links: that of the newest folder of gcc, whether a C++ was installed for it or not. It does not look at the
 * machine. Source: clang's documentation of --gcc-install-dir and --gcc-toolchain.
 */
import type { Match } from "../rule.ts";

/** clang links, and finds no libstdc++: the folder of gcc that it takes, as far as the text shows it. */
export function clangsLibrary({ facts, context: { log } }: Match): string | undefined {
  if (!/stdc\+\+/.test(facts["file"] ?? "")) return undefined;
  if (log.clangLinks !== true) return undefined;
  return log.newestGccFolder === undefined ? "below /usr/lib/gcc" : `/usr/lib/gcc/…/${log.newestGccFolder}`;
}

export function clangsPackages(match: Match): string[] {
  const { newestGccFolder, rpm, rootShell } = match.context.log;
  if (rpm !== undefined) return [`${rootShell ? "" : "sudo "}dnf install -y libstdc++-devel gcc-c++`];
  const version = newestGccFolder ?? '"$(ls /usr/lib/gcc/*-linux-gnu | sort -n | tail -1)"';
  return [
    `${rootShell ? "" : "sudo "}apt-get install -y libstdc++-${version}-dev   # C++ for the gcc whose folder is the newest (ls /usr/lib/gcc/*-linux-gnu)`,
    ...(match.context.log.cmake || match.context.log.setupCommand !== undefined
      ? ["rm -rf build   # CMake keeps that the compiler did not work"]
      : []),
  ];
}
