/**
 * The shared libraries that a program is made of, found as the dynamic loader of Linux finds them. Half of a compiler
 * may live in one (libclang-cpp, libLLVM, libbfd). Libraries of the C and C++ run time and those that only pack, print
 * or parse are left out: what a compiler writes does not depend on them. Other platforms: none.
 */
import { openElf } from "../inspect/elf.ts";
import { bytesSource, fileSource } from "../inspect/bytes.ts";
import type { Look } from "./look.ts";

/** Names up to `.so` of libraries that do not change what a tool produces. */
const indifferent =
  /^(?:linux-vdso|ld-linux[^.]*|libc|libm|libdl|libpthread|librt|libutil|libresolv|libstdc\+\+|libgcc_s|libatomic|libz|libzstd|liblzma|libbz2|libtinfo[^.]*|libncurses[^.]*|libedit|libreadline|libffi|libxml2|libicu[^.]*|libbsd|libmd|libjansson|libcrypto|libssl|libcurl|libdebuginfod|libtcmalloc[^.]*|libjemalloc|libmimalloc)(?:[.-]|$)/;

/** Where the loader looks last (ld.so(8), and the folders of Debian's and Fedora's multiarch layouts). */
const standardFolders = ["/lib64", "/usr/lib64", "/lib", "/usr/lib", "/usr/local/lib"];

const multiarch: Readonly<Record<string, string>> = {
  x64: "x86_64-linux-gnu",
  arm64: "aarch64-linux-gnu",
  ppc64: "powerpc64le-linux-gnu",
  s390x: "s390x-linux-gnu",
  riscv64: "riscv64-linux-gnu",
  ia32: "i386-linux-gnu",
};

/** Folder name of this machine in a multiarch layout: `x86_64-linux-gnu`. */
export function multiarchName(arch: string): string | undefined {
  return multiarch[arch];
}

/** What the dynamic section of a library or program says of others. Undefined when it is no ELF file. */
export function neededBy(
  look: Look,
  path: string,
): { readonly needed: readonly string[]; readonly runpath: readonly string[] } | undefined {
  if (look.host.platform !== "linux" || !look.isFile(path)) return undefined;
  const source = fileSource(look.host.fs, path) ?? bytesSource(new Uint8Array());
  const elf = openElf(source);
  if (!elf.ok) return undefined;
  const dynamic = elf.value.dynamic;
  return {
    needed: dynamic?.needed ?? [],
    runpath: [...(dynamic?.runpath ?? []), ...(dynamic?.rpath ?? [])],
  };
}

/** Paths of the libraries that decide what a program does, directly and through one another. */
export function decidingLibraries(look: Look, program: string): string[] {
  const found = new Map<string, string>();
  const visit = (path: string): void => {
    const wanted = neededBy(look, path);
    if (wanted === undefined) return;
    const origin = look.path.dirname(look.realpath(path));
    const folders = [
      ...wanted.runpath.map((folder) => folder.replace(/\$\{?ORIGIN\}?/g, origin)),
      ...(look.variable("LD_LIBRARY_PATH") ?? "").split(":"),
      ...loaderFolders(look),
    ].filter((folder) => look.path.isAbsolute(folder));
    for (const name of wanted.needed) {
      if (indifferent.test(name) || found.has(name)) continue;
      const place = folders.map((folder) => look.path.join(folder, name)).find((file) => look.isFile(file));
      if (place === undefined) continue;
      found.set(name, place);
      visit(place);
    }
  };
  visit(program);
  return [...found.values()];
}

const folderCache = new WeakMap<Look, readonly string[]>();

function loaderFolders(look: Look): readonly string[] {
  const known = folderCache.get(look);
  if (known !== undefined) return known;
  const name = multiarchName(look.host.arch);
  const folders = [
    ...configuredFolders(look, "/etc/ld.so.conf", 0),
    ...(name === undefined ? [] : [`/lib/${name}`, `/usr/lib/${name}`]),
    ...standardFolders,
  ];
  folderCache.set(look, folders);
  return folders;
}

/** The folders of `/etc/ld.so.conf`, which the loader knows through its cache file. */
function configuredFolders(look: Look, file: string, depth: number): string[] {
  const folders: string[] = [];
  for (const line of (look.readText(file) ?? "").split("\n")) {
    const text = line.replace(/#.*/, "").trim();
    const include = /^include\s+(\S+)$/.exec(text)?.[1];
    if (include === undefined) {
      if (text.startsWith("/")) folders.push(text);
      continue;
    }
    if (depth > 4) continue;
    const pattern = look.path.resolve(look.path.dirname(file), include);
    const folder = look.path.dirname(pattern);
    const name = look.path.basename(pattern);
    const star = name.indexOf("*");
    const names =
      star === -1 ? [name] : look.list(folder, { prefix: name.slice(0, star), suffix: name.slice(star + 1) });
    for (const each of names) folders.push(...configuredFolders(look, look.path.join(folder, each), depth + 1));
  }
  return folders;
}
