/**
 * Sources written for CUDA on a PyTorch built for ROCm: each is translated by torch's own `hipify` and compiled, in one
 * step. Which compile that is, is decided elsewhere. torch's builder writes the translations beside the user's sources;
 * here they lie in the build folder, where they can be read.
 */
import type { SourceFile } from "../config/extension.ts";
import type { Action, Arg } from "./graph.ts";
import { hipifyScript } from "./hipify-script.ts";
import { pathArg, spelled } from "./paths.ts";
import type { Resolved } from "./resolve.ts";

/** Whether a source is to be translated: as torch, all of an extension for CUDA, its C++ too, but not what is HIP. */
export function wantsHipify({ extension, device }: Resolved, { language }: SourceFile): boolean {
  if (device !== "rocm" || (language !== "cuda" && language !== "c++")) return false;
  return extension.withCuda === true || extension.sources.some((source) => source.language === "cuda");
}

/** The same action on the translated source. */
export function hipified(resolved: Resolved, source: SourceFile, action: Action): Action {
  const { extension, places, python, torch } = resolved;
  const [object = ""] = action.outputs;
  if (python === undefined || torch === undefined || action.depfile === undefined) return action;
  const hipify = places.path.join(torch.root, "utils", "hipify");
  const script = `${object}.hipify.py`;
  const command: Arg[] = [
    { path: python.executable, role: "tool" },
    "-I",
    pathArg(places, script),
    "--hipify",
    { path: hipify, role: "search" },
    "--stage",
    pathArg(places, `${object}.hipified`),
    "--source",
    pathArg(places, source.path, { role: "input" }),
    "--depfile",
    { path: action.depfile.path, role: "depfile" },
    ...extension.includeDirs.flatMap((dir): Arg[] => ["--include", pathArg(places, dir, { role: "search" })]),
    "--",
    ...action.command,
  ];
  return {
    ...action,
    description: `hipify and ${action.description}`,
    command,
    compileCommand: action.command,
    inputs: [
      ...action.inputs,
      ...["hipify_python.py", "cuda_to_hip_mappings.py", "constants.py"].map((name) => places.path.join(hipify, name)),
    ],
    responseFile: { path: spelled(places, script), content: hipifyScript },
  };
}

/**
 * Flags for nvcc as torch hands them to hipcc (`_hipify_compile_flags`): the first CUDA in the name of an option becomes
 * HIP, in its value none, and folders stay.
 */
export function hipifiedFlags(words: readonly string[]): string[] {
  return words.map((word) => {
    if (!word.startsWith("-") || word.startsWith("-I")) return word;
    const equals = word.indexOf("=");
    const [name, value] = equals < 0 ? [word, ""] : [word.slice(0, equals), word.slice(equals)];
    return name.replace("CUDA", "HIP") + value;
  });
}
