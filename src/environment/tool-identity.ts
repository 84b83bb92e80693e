/**
 * The identity of a program: the content of it and of everything that it works with. Where its parts lie, what they are
 * called and by which launcher (ccache, …) it is started does not count.
 */
import { type Digest, digestOfParts } from "../base/digest.ts";
import { compareText } from "../base/order.ts";
import type { Memory } from "./cache.ts";
import type { Tool } from "./environment.ts";
import type { Look } from "./look.ts";
import { decidingLibraries } from "./shared-libraries.ts";

/** A part of a program before its digest is known. */
export interface Part {
  /** `cc1plus`, `ptxas`, … */
  readonly name: string;
  readonly path: string;
  /** Its shared libraries are parts too. */
  readonly program?: boolean;
}

export interface ToolDescription {
  readonly name: string;
  readonly path: string;
  readonly version: string;
  readonly launcher?: readonly string[];
  readonly arguments?: readonly string[];
  /** What tells apart tools with the same parts: the language mode and the target of a driver with many names. */
  readonly mode?: string;
  readonly parts: readonly Part[];
}

/** Looks at all parts and makes a tool of them. Parts that do not exist are left out. */
export async function makeTool(look: Look, memory: Memory, tool: ToolDescription): Promise<Tool> {
  const wanted = new Map<string, Part>();
  for (const part of tool.parts) {
    if (wanted.has(part.path)) continue;
    wanted.set(part.path, part);
    if (part.program !== true) continue;
    for (const library of decidingLibraries(look, part.path)) {
      if (!wanted.has(library)) wanted.set(library, { name: look.path.basename(library), path: library });
    }
  }
  const parts: { name: string; path: string; digest: Digest }[] = [];
  for (const { name, path } of wanted.values()) {
    const digest = await memory.digest(look, path);
    if (digest !== undefined) parts.push({ name, path, digest });
  }
  return {
    name: tool.name,
    path: tool.path,
    version: tool.version,
    launcher: tool.launcher ?? [],
    ...(tool.arguments === undefined || tool.arguments.length === 0 ? {} : { arguments: tool.arguments }),
    identity: toolIdentity(parts, tool.mode ?? ""),
    parts,
  };
}

/** Digest over the contents of a tool's parts, whatever their order. */
export function toolIdentity(parts: readonly { readonly name: string; readonly digest: Digest }[], mode = ""): Digest {
  const lines = parts.map(({ name, digest }) => `${name} ${digest}`).sort(compareText);
  return digestOfParts(["tool", mode, ...lines]);
}
