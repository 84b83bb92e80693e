/**
 * Asks one gcc or clang what it is: version, target, where it looks, and which programs it is made of. The identity is
 * that of the real compiler, whatever wrappers lead to it.
 */
import { parseVersion, unique } from "../base/order.ts";
import type { Memory } from "./cache.ts";
import { type CompilerBanner, parseBanner, parseLinkCommand } from "./compiler-output.ts";
import type { HostCompiler, Tool } from "./environment.ts";
import type { Look } from "./look.ts";
import { makeTool, type Part } from "./tool-identity.ts";

/** A compiler as it is to be started. */
export interface CompilerCommand {
  readonly launcher: readonly string[];
  /** Absolute. */
  readonly path: string;
  readonly arguments: readonly string[];
}

/** A compiler with what the search for its linker needs. */
export interface CompilerFacts {
  readonly compiler: HostCompiler;
  /** Where it looks for programs, before the search path. */
  readonly programDirs: readonly string[];
  /** The linker that it calls by default, when it says so. */
  readonly linker?: string;
  /** Programs and files that take part in a link besides the linker. */
  readonly linkParts: readonly Part[];
}

/** Folders that the user adds belong to the key of an action, not to the compiler. */
const withoutUserFolders = {
  CPATH: undefined,
  C_INCLUDE_PATH: undefined,
  CPLUS_INCLUDE_PATH: undefined,
  OBJC_INCLUDE_PATH: undefined,
  DEPENDENCIES_OUTPUT: undefined,
  SUNPRO_DEPENDENCIES: undefined,
  LANG: undefined,
  LC_MESSAGES: undefined,
  LANGUAGE: undefined,
  LC_ALL: "C",
  // A wrapper that is a launcher must answer itself.
  CCACHE_DISABLE: "1",
};

/** Asks a compiler. A text says why it cannot be used. */
export async function askCompiler(
  look: Look,
  memory: Memory,
  command: CompilerCommand,
): Promise<CompilerFacts | string> {
  let why = "it does not answer like gcc or clang";
  const facts = await memory.part(look, "compiler", question(look, command), async (inner) => {
    const found = await ask(inner, memory, command);
    if (typeof found !== "string") return found;
    why = found;
    return undefined;
  });
  if (facts === undefined) return why;
  // How it is started does not change what it is.
  const { compiler } = facts;
  const started = (tool: Tool): Tool => ({ ...tool, launcher: command.launcher });
  return {
    ...facts,
    compiler: {
      ...compiler,
      cxx: started(compiler.cxx),
      ...(compiler.cc === undefined ? {} : { cc: started(compiler.cc) }),
    },
  };
}

/** Everything but files on which the answer depends. */
function question(look: Look, command: CompilerCommand): string[] {
  const names = [
    "PATH",
    "COMPILER_PATH",
    "LIBRARY_PATH",
    "GCC_EXEC_PREFIX",
    "LD_LIBRARY_PATH",
    "CLANG_CONFIG_FILE_SYSTEM_DIR",
    "CLANG_CONFIG_FILE_USER_DIR",
    "SDKROOT",
    "DEVELOPER_DIR",
    "MACOSX_DEPLOYMENT_TARGET",
  ] as const;
  const variables = names.map((name) => look.variable(name) ?? "");
  return [look.host.platform, look.host.arch, command.path, ...command.arguments, "variables", ...variables];
}

async function ask(look: Look, memory: Memory, command: CompilerCommand): Promise<CompilerFacts | string> {
  look.stat(command.path);
  const start = [command.path, ...command.arguments];
  const said = await look.run([...start, "-v", "-E", "-x", "c++", "/dev/null"], { env: withoutUserFolders });
  if (said.startError !== undefined) return `it cannot be started (${said.startError})`;
  const banner = parseBanner(said.stderr);
  if (said.exitCode !== 0) {
    const error = said.stderr.split("\n").find((line) => /error|cannot/.test(line));
    return error === undefined ? "it does not work" : `it does not work: ${error.trim()}`;
  }
  if (banner === undefined) return "it does not answer like gcc or clang";
  return banner.family === "gcc" ? gccFacts(look, memory, command, banner) : clangFacts(look, memory, command, banner);
}

async function gccFacts(
  look: Look,
  memory: Memory,
  command: CompilerCommand,
  banner: CompilerBanner,
): Promise<CompilerFacts> {
  const programDirs = folders(look, banner.programDirs);
  const libraryDirs = folders(look, banner.libraryDirs);
  const program = (name: string): string | undefined => firstProgram(look, name, programDirs);
  const file = (name: string): string | undefined =>
    libraryDirs.map((dir) => look.path.join(dir, name)).find((path) => look.isFile(path));
  const cc1plus = banner.compiler === undefined ? program("cc1plus") : look.path.normalize(banner.compiler);
  const assembler = banner.configuredAssembler ?? program("as");
  const specs = file("specs");
  const shared: Part[] = [
    ...part("as", assembler, true),
    // A file of this name in gcc's own folder replaces its built-in rules.
    ...part("specs", specs, false),
  ];
  const mode = `gcc ${banner.target}`;
  const cxx = await makeTool(look, memory, {
    ...started(command, banner.version),
    mode: `${mode} c++`,
    parts: [...driverParts(look, command.path, banner), ...part("cc1plus", cc1plus, true), ...shared],
  });
  const cc = await makeCCompiler(look, memory, {
    command,
    banner,
    mode,
    parts: (path) => [...driverParts(look, path, undefined), ...part("cc1", program("cc1"), true), ...shared],
  });
  const linkParts: Part[] = [
    ...part("collect2", program("collect2"), true),
    ...part("lto-wrapper", program("lto-wrapper"), true),
    ...part("lto1", program("lto1"), true),
    ...["liblto_plugin.so", ...linkFiles].flatMap((name) => part(name, program(name) ?? file(name), false)),
  ];
  return {
    compiler: hostCompiler(look, "gcc", banner, { cxx, cc, libraryDirs }),
    programDirs,
    ...(banner.configuredLinker === undefined ? {} : { linker: banner.configuredLinker }),
    linkParts,
  };
}

/** Files that a link of C++ takes in by itself: start and end code, the C and C++ run time. */
const linkFiles = [
  "crti.o",
  "crtbeginS.o",
  "crtbegin.o",
  "crtendS.o",
  "crtend.o",
  "crtn.o",
  "crt1.o",
  "Scrt1.o",
  "libgcc.a",
  "libgcc_s.so",
  "libgcc_s.so.1",
  "libstdc++.so",
  "libm.so",
  "libc.so",
  "libc_nonshared.a",
];

async function clangFacts(
  look: Look,
  memory: Memory,
  command: CompilerCommand,
  banner: CompilerBanner,
): Promise<CompilerFacts> {
  const start = [command.path, ...command.arguments];
  const family = banner.family === "apple-clang" ? "apple-clang" : "clang";
  const said = await look.run([...start, "-###", "-shared", "-x", "c++", "/dev/null"], {
    env: withoutUserFolders,
    tolerant: true,
  });
  const link = parseLinkCommand(said.stderr);
  const libraryDirs = folders(look, link?.libraryDirs ?? []);
  const program = banner.compiler ?? command.path;
  const parts: Part[] = [
    ...driverParts(look, command.path, undefined),
    { name: "clang", path: look.realpath(program), program: true },
    ...banner.configFiles.map((path) => ({ name: look.path.basename(path), path })),
  ];
  const mode = `${family} ${banner.target}`;
  const cxx = await makeTool(look, memory, { ...started(command, banner.version), mode: `${mode} c++`, parts });
  const cc = await makeCCompiler(look, memory, { command, banner, mode, parts: () => parts });
  const linkParts: Part[] = [
    ...(link?.objects ?? []).map((path) => ({ name: look.path.basename(path), path })),
    ...linkFiles
      .filter((name) => !name.endsWith(".o"))
      .flatMap((name) =>
        part(
          name,
          libraryDirs.map((dir) => look.path.join(dir, name)).find((path) => look.isFile(path)),
          false,
        ),
      ),
  ];
  return {
    compiler: hostCompiler(look, family, banner, { cxx, cc, libraryDirs }),
    programDirs: [look.path.dirname(look.realpath(program))],
    ...(link === undefined ? {} : { linker: link.linker }),
    linkParts,
  };
}

/** The compiler for C beside the one for C++, where there is one. */
async function makeCCompiler(
  look: Look,
  memory: Memory,
  cxx: {
    readonly command: CompilerCommand;
    readonly banner: CompilerBanner;
    readonly mode: string;
    readonly parts: (path: string) => Part[];
  },
): Promise<Tool | undefined> {
  const path = cCompiler(look, cxx.command.path);
  if (path === undefined) return undefined;
  return await makeTool(look, memory, {
    ...started({ ...cxx.command, path }, cxx.banner.version),
    mode: `${cxx.mode} c`,
    parts: cxx.parts(path),
  });
}

/**
 * The program that was started and, when that is a script or leads to another, what it leads to. A script's text is part
 * of the identity: it may add flags.
 */
function driverParts(look: Look, path: string, banner: CompilerBanner | undefined): Part[] {
  const parts: Part[] = [{ name: "driver", path: look.realpath(path), program: true }];
  const behind = banner?.driver === undefined ? undefined : look.program(banner.driver, "/");
  if (behind !== undefined && look.realpath(behind) !== look.realpath(path)) {
    parts.push({ name: "driver behind", path: look.realpath(behind), program: true });
  }
  return parts;
}

function part(name: string, path: string | undefined, program: boolean): Part[] {
  return path === undefined ? [] : [{ name, path, ...(program ? { program } : {}) }];
}

function started(
  command: CompilerCommand,
  version: string,
): { name: string; path: string; version: string; arguments: readonly string[] } {
  const name = /([^/\\]*?)(?:\.exe)?$/i.exec(command.path)?.[1] ?? command.path;
  return { name, path: command.path, version, arguments: command.arguments };
}

function hostCompiler(
  look: Look,
  family: HostCompiler["family"],
  banner: CompilerBanner,
  found: { readonly cxx: Tool; readonly cc: Tool | undefined; readonly libraryDirs: readonly string[] },
): HostCompiler {
  return {
    family,
    cxx: found.cxx,
    ...(found.cc === undefined ? {} : { cc: found.cc }),
    version: parseVersion(banner.version),
    target: banner.target,
    systemIncludeDirs: folders(look, banner.includeDirs),
    systemLibraryDirs: found.libraryDirs,
  };
}

/** Absolute, without `..`, each once, in order. `a/../b` is what the kernel makes of it, not what the text suggests. */
function folders(look: Look, dirs: readonly string[]): string[] {
  return unique(
    dirs
      .filter((dir) => look.path.isAbsolute(dir))
      .map((dir) => (dir.includes("..") ? look.realpath(dir) : dir.replace(/(?<=.)\/+$/, ""))),
  );
}

/** A program as gcc finds it: in its own folders, then on the search path. */
export function firstProgram(look: Look, name: string, dirs: readonly string[]): string | undefined {
  return look.program(name, "/", [...dirs, ...look.searchPath()]);
}

/** The C compiler beside a C++ compiler: `x86_64-linux-gnu-g++-12` → `x86_64-linux-gnu-gcc-12`. */
function cCompiler(look: Look, cxx: string): string | undefined {
  const name = look.path.basename(cxx);
  const sibling = cSibling(name);
  const path = sibling === undefined ? undefined : look.path.join(look.path.dirname(cxx), sibling);
  return path !== undefined && look.isProgram(path) ? path : undefined;
}

/** Name of the C compiler that belongs to a C++ compiler; a name without `++` is its own. */
export function cSibling(name: string): string | undefined {
  if (name.includes("clang++")) return name.replace("clang++", "clang");
  if (name.includes("g++")) return name.replace("g++", "gcc");
  if (name.includes("c++")) return name.replace("c++", "cc");
  return /(?:^|-)(?:gcc|cc|clang)(?:[-\d.]*)$/.test(name) ? name : undefined;
}
