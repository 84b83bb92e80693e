/** Takes one nvcc command apart: from the text of its dry run to a graph of actions. Unsure means whole. */
import type { HostCompiler } from "../../environment/environment.ts";
import type { Action } from "../graph.ts";
import { phaseActions } from "./actions.ts";
import { readDryRun } from "./dry-run.ts";
import { moduleIdOf } from "./module-id.ts";
import { recognise } from "./roles.ts";

/** What came of it. */
export type Split =
  | { readonly actions: readonly Action[]; readonly said: readonly string[] }
  /** Why the command stays as it is. */
  | { readonly reason: string };

/**
 * Takes a command apart.
 *
 * @param options.dryRun What `nvcc --dryrun` printed for it.
 * @param options.moduleId For comparisons with plain nvcc; else one of the object's own is made.
 */
export function splitCommand(
  whole: Action,
  options: {
    readonly dryRun: string;
    readonly buildDir: string;
    readonly family: HostCompiler["family"];
    readonly moduleId?: string;
    /** Whether a path names the host compiler of the plan by another name. Undefined: none does. */
    readonly isHostCompiler?: (path: string) => boolean;
  },
): Split {
  const run = readDryRun(options.dryRun);
  if (typeof run === "string") return { reason: run };
  const phases = recognise(run);
  if (typeof phases === "string") return { reason: phases };
  const actions = phaseActions({
    whole,
    phases,
    buildDir: options.buildDir,
    family: options.family,
    ...(options.isHostCompiler === undefined ? {} : { isHostCompiler: options.isHostCompiler }),
    moduleId: options.moduleId ?? moduleIdOf(whole.id, whole.source ?? ""),
  });
  return typeof actions === "string" ? { reason: actions } : { actions, said: run.said };
}
