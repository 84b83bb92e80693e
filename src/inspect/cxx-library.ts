/**
 * Which C++ library a file was compiled for: GCC's libstdc++ or LLVM's libc++, and whether it has its own copy. Told from
 * the libraries that it needs, else from the names of types among its constants. A file that uses no part of either tells none.
 */
export interface CxxLibrary {
  readonly name: "libstdc++" | "libc++";
  /** Linked into the file. */
  readonly static: boolean;
}

/** By the names of needed libraries. Undefined: none of them is one. */
export function neededCxxLibrary(libraries: readonly { readonly name: string }[]): CxxLibrary | undefined {
  for (const { name } of libraries) {
    const file = name.replace(/^.*[/\\]/, "");
    if (/^libstdc\+\+(?:-\d+)?\.(?:so|dylib|dll|\d)/.test(file)) return { name: "libstdc++", static: false };
    if (/^libc\+\+(?:_shared)?\.(?:so|dylib|dll|\d)/.test(file)) return { name: "libc++", static: false };
  }
  return undefined;
}

/** The type information of classes is in the library itself, so that who has it has the library. */
const RUNTIME = "N10__cxxabiv117__class_type_infoE";

/** A copy within the file, by its constants. */
export function ownCxxLibrary(constants: Buffer): CxxLibrary | undefined {
  if (!constants.includes(RUNTIME)) return undefined;
  // libc++ has its types in `std::__1` (`std::__ndk1` on Android).
  const isLlvm = ["NSt3__1", "NSt6__ndk1", "_libcpp_"].some((mark) => constants.includes(mark));
  return { name: isLlvm ? "libc++" : "libstdc++", static: true };
}
