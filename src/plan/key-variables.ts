/**
 * Names of the environment variables that a tool reads and that can change what it writes: their values are part of an
 * action's key. Variables that only steer messages, temporary files or speed are not here (LANG, TMPDIR, GCC_COLORS:
 * cpplib reads sources as UTF-8 whatever the locale says). CFLAGS and the like are not here either: the planner puts
 * them into the command.
 */
import { unique } from "../base/order.ts";
import type { HostCompiler } from "../environment/environment.ts";

type Family = HostCompiler["family"];

/**
 * GCC manual, "Environment Variables Affecting GCC": folders searched for programs, start files and headers, and the
 * time that `__DATE__` and `__TIME__` take.
 */
const gcc = [
  "GCC_EXEC_PREFIX",
  "COMPILER_PATH",
  "CPATH",
  "C_INCLUDE_PATH",
  "CPLUS_INCLUDE_PATH",
  "OBJC_INCLUDE_PATH",
  "SOURCE_DATE_EPOCH",
] as const;

/**
 * clang(1), "ENVIRONMENT", and the driver's own: CCC_OVERRIDE_OPTIONS edits the command line, the CLANG_CONFIG_FILE
 * folders hold files of options (Clang Compiler User's Manual, "Configuration files"), the C_INCLUDE_PATH family is
 * read by `Clang::AddPreprocessingOptions`.
 */
const clang = [
  "COMPILER_PATH",
  "CPATH",
  "C_INCLUDE_PATH",
  "CPLUS_INCLUDE_PATH",
  "OBJC_INCLUDE_PATH",
  "OBJCPLUS_INCLUDE_PATH",
  "CCC_OVERRIDE_OPTIONS",
  "CLANG_CONFIG_FILE_SYSTEM_DIR",
  "CLANG_CONFIG_FILE_USER_DIR",
  "SOURCE_DATE_EPOCH",
] as const;

/** Apple's clang besides: xcrun(1), clang(1). They choose the SDK and the oldest system. */
const apple = ["SDKROOT", "DEVELOPER_DIR", "TOOLCHAINS", "MACOSX_DEPLOYMENT_TARGET"] as const;

/** Microsoft, "CL environment variables": options before and after the command line, folders for headers. */
const msvcCompile = ["CL", "_CL_", "INCLUDE", "EXTERNAL_INCLUDE", "LIBPATH"] as const;

/** Microsoft, "LINK environment variables". */
const msvcLink = ["LINK", "_LINK_", "LIB"] as const;

/**
 * ld(1), "ENVIRONMENT" (GNUTARGET, LDEMULATION) and `-rpath` (LD_RUN_PATH is taken where no `-rpath` is given);
 * GCC manual for LIBRARY_PATH; LLD_VERSION stands in lld's `.comment`.
 * LD_LIBRARY_PATH is not here: ld looks there only for libraries of libraries, to complain about what is missing.
 */
const elfLink = ["LIBRARY_PATH", "LD_RUN_PATH", "GNUTARGET", "LDEMULATION", "LLD_VERSION"] as const;

/** ld(1) of macOS: folders, and whether times of objects are written into the debug map. */
const appleLink = ["LIBRARY_PATH", "ZERO_AR_DATE", "LD_WARN_COMMONS", "RC_DEBUG_OPTIONS"] as const;

/**
 * NVCC manual, "NVCC Environment Variables". The others are of `nvcc.profile`, whose `+=` keeps what the environment
 * has (nvcc 13.0 shows it with `--dryrun`): `INCLUDES=-I/x nvcc …` searches `/x`.
 */
const nvcc = [
  "NVCC_PREPEND_FLAGS",
  "NVCC_APPEND_FLAGS",
  "NVCC_CCBIN",
  "INCLUDES",
  "SYSTEM_INCLUDES",
  "LIBRARIES",
  "CUDAFE_FLAGS",
  "NVVM_FLAGS",
  "OCG_FLAGS",
  "PTXAS_FLAGS",
  "NVLINK_FLAGS",
] as const;

/** hipcc(1), "ENVIRONMENT": which compiler and device libraries it takes, and options that it adds. */
const hipcc = [
  "HIP_PATH",
  "ROCM_PATH",
  "HIP_CLANG_PATH",
  "HIP_DEVICE_LIB_PATH",
  "DEVICE_LIB_PATH",
  "HIP_LIB_PATH",
  "HIP_PLATFORM",
  "HIP_COMPILER",
  "HIP_RUNTIME",
  "HIPCC_COMPILE_FLAGS_APPEND",
  "HIPCC_LINK_FLAGS_APPEND",
] as const;

/** Intel oneAPI DPC++/C++ Compiler Developer Guide, "Supported Environment Variables". */
const icpx = ["ICPXCFG", "ICXCFG", "__INTEL_PRE_CFLAGS", "__INTEL_POST_CFLAGS"] as const;

const compile: Readonly<Record<Family, readonly string[]>> = {
  gcc,
  clang,
  "apple-clang": [...clang, ...apple],
  msvc: msvcCompile,
};

const link: Readonly<Record<Family, readonly string[]>> = {
  gcc: ["GCC_EXEC_PREFIX", "COMPILER_PATH", ...elfLink],
  clang: [
    "COMPILER_PATH",
    "CCC_OVERRIDE_OPTIONS",
    "CLANG_CONFIG_FILE_SYSTEM_DIR",
    "CLANG_CONFIG_FILE_USER_DIR",
    ...elfLink,
  ],
  "apple-clang": ["COMPILER_PATH", "CCC_OVERRIDE_OPTIONS", ...apple, ...appleLink],
  msvc: msvcLink,
};

/** What a compile by a host compiler depends on. */
export function compileVariables(family: Family): readonly string[] {
  return compile[family];
}

/** What a link by a host compiler's driver depends on. */
export function linkVariables(family: Family): readonly string[] {
  return link[family];
}

/** What an nvcc command depends on, the host compiler that it starts included. */
export function nvccVariables(host: Family): readonly string[] {
  return unique([...nvcc, ...compile[host]]);
}

/** What a device link depends on: it ends in a compile of its registration code. */
export function deviceLinkVariables(host: Family): readonly string[] {
  return unique([...nvccVariables(host), "LIBRARY_PATH"]);
}

/** What a hipcc command depends on. */
export function hipccVariables(): readonly string[] {
  return unique([...hipcc, ...clang]);
}

/** What an icpx command depends on, the host compiler that it starts included. */
export function icpxVariables(host: Family): readonly string[] {
  return unique([...icpx, ...clang, ...compile[host]]);
}
