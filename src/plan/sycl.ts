/**
 * Compiles SYCL sources with icpx and links their device code, as torch's builder does on an XPU build. Never run by the
 * authors: made and tested by value.
 */
import { unique } from "../base/order.ts";
import type { SourceFile } from "../config/extension.ts";
import { compileAction } from "./compile-action.ts";
import { standardIn, userArgs } from "./flags.ts";
import { type Action, type Arg, argText } from "./graph.ts";
import { includeSearch, profileFlags, searchArg, sourceArg } from "./host-gcc.ts";
import { icpxVariables } from "./key-variables.ts";
import { actionId, objectPath, pathArg, spelled, toolWords } from "./paths.ts";
import { type Resolved, userFlags, userMacros } from "./resolve.ts";
import { extensionMacros } from "./torch-facts.ts";

/** As with nvcc; not measured. */
const memory = { torch: 3_200_000_000, plain: 500_000_000 };

/**
 * Targets: code for the devices of TORCH_XPU_ARCH_LIST and SPIR-V for all others, else SPIR-V alone. What torch takes
 * without the variable, `torch.xpu.get_arch_list()`, cannot be known without importing it.
 */
function targetWords(devices: string | undefined, users: readonly string[]): string[] {
  if (users.some((word) => word.startsWith("-fsycl-targets="))) return [];
  return [devices === undefined || devices === "" ? "-fsycl-targets=spir64" : "-fsycl-targets=spir64_gen,spir64"];
}

/** Plans the compile of one SYCL source. */
export function compileSycl(resolved: Resolved, source: SourceFile, object: string): Action {
  const { extension, places, sycl, compiler } = resolved;
  const tool = sycl?.compiler ?? compiler.cxx;
  const users = userFlags(resolved, source, "sycl");
  const depfile = `${object}.d`;
  const host: Arg[] = [
    ...(extension.baseFlags?.cxx ?? []),
    ...profileFlags[extension.profile],
    ...extensionMacros(extension, resolved.environment).map((macro) => `-D${macro}`),
    ...userMacros(resolved, source),
    ...unique(extension.includeDirs).map((dir) => searchArg(resolved, dir, "-I")),
    ...resolved.systemIncludeDirs.flatMap((dir): Arg[] => ["-isystem", searchArg(resolved, dir, "", dir)]),
    "-fPIC",
  ];
  const standard = (flags: readonly string[]): string[] =>
    standardIn(flags, "gcc") === undefined ? [`-std=c++${resolved.standard}`] : [];
  // The host's part of the source is compiled with the flags for C++; load() gives these to icpx as well.
  const cxx = userFlags(resolved, source, "cxx");
  const own = extension.builder === "load" ? cxx : [];
  const forHost = [...host, ...cxx, ...standard(cxx)];
  const command: Arg[] = [
    ...toolWords(tool),
    ...host.map((word) => (typeof word === "object" ? { ...word, literal: true } : word)),
    ...own,
    ...standard([...own, ...users]),
    "-fsycl",
    ...targetWords(resolved.variables["TORCH_XPU_ARCH_LIST"], users),
    ...(users.some((word) => word.startsWith("-sycl-std=")) ? [] : ["-sycl-std=2020"]),
    { prefix: "-fsycl-host-compiler=", path: compiler.cxx.path, role: "tool" },
    // The value of this option is split at blanks by the compiler; it has no way to keep them.
    `-fsycl-host-compiler-options=${forHost.map(argText).map(escaped).join(" ")}`,
    ...userArgs(users, "gcc", (path, prefix) => searchArg(resolved, path, prefix, path), places.path),
    "-MD",
    "-MF",
    pathArg(places, depfile, { role: "depfile" }),
    "-c",
    "-x",
    "c++",
    sourceArg(resolved, source),
    "-o",
    pathArg(places, object, { role: "output" }),
  ];
  return compileAction(resolved, source, {
    object,
    words: users,
    style: "gcc",
    memory,
    kind: "compile-cuda",
    command,
    env: {},
    keyVariables: icpxVariables(compiler.family),
    tools: [tool, compiler.cxx],
    depfile: { path: spelled(places, depfile), format: "make" },
    includeSearch: includeSearch(resolved, users),
    cacheable: true,
  });
}

/** Plans the device link, which SYCL always needs. Host objects go in as well, as with torch. */
export function planSyclLink(resolved: Resolved, objects: readonly string[]): Action {
  const { extension, places, sycl, compiler } = resolved;
  const tool = sycl?.compiler ?? compiler.cxx;
  const output = objectPath(places, extension.name, places.path.join(places.root, "sycl_dlink"), ".o");
  const devices = resolved.variables["TORCH_XPU_ARCH_LIST"];
  const users = extension.flags.sycl;
  const given = users.findLast((word) => word.startsWith("-fsycl-targets="));
  return {
    id: actionId(places, output),
    kind: "device-link",
    description: `device-link ${extension.name}`,
    extension: extension.name,
    command: [
      ...toolWords({ ...tool, launcher: [] }),
      "-o",
      pathArg(places, output, { role: "output" }),
      ...objects.map((file) => pathArg(places, file, { role: "input" })),
      "-fsycl",
      "-fsycl-link",
      "--offload-compress",
      ...(given === undefined ? targetWords(devices, []) : [given]),
      ...(devices === undefined || devices === "" ? [] : ["-Xs", `-device ${devices}`]),
      ...extension.deviceLinkFlags,
    ],
    cwd: places.root,
    env: {},
    keyVariables: icpxVariables(compiler.family),
    tools: [tool],
    inputs: objects,
    outputs: [output],
    includeSearch: [],
    librarySearch: [],
    memoryEstimate: memory.plain,
    cacheable: true,
  };
}

/** torch: quotes in macros survive one more round of splitting (icpx 2025.2 and later). */
function escaped(word: string): string {
  return word.replaceAll('"', String.raw`\"`);
}
