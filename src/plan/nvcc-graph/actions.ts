/**
 * From one nvcc command that is understood to a graph of actions with the same result. nvcc's temporary names become
 * names in a folder beside the object; each program gets exactly what it reads and writes, so that each has a key on its
 * real input. Three things are other than in nvcc's own run:
 *
 * - the module id is given, not made anew in each run;
 * - the fat binary is an object of its own, joined with the host's at the end, so that new device code does not compile
 *   the host code again;
 * - the host code is also preprocessed by itself, so that a changed list of architectures only compiles it again where
 *   the code depends on it.
 */
import type { Action } from "../graph.ts";
import { deviceActions } from "./device-actions.ts";
import { frontActions, hostActions } from "./host-actions.ts";
import { PhaseBuilder, type PhaseInput } from "./phase-builder.ts";

/** The actions, in order; the last one makes the object of the whole command. A text says why there are none. */
export function phaseActions(input: PhaseInput): Action[] | string {
  const builder = new PhaseBuilder(input);
  builder.problem = unusual(builder);
  const actions = [...frontActions(builder), ...deviceActions(builder), ...hostActions(builder)];
  return builder.problem ?? actions;
}

/** What is understood, but not supported. */
function unusual(builder: PhaseBuilder): string | undefined {
  const { phases, isHostCompiler } = builder.input;
  const { program } = phases.hostCompile;
  const targets = phases.assemblies.map(({ target }) => target);
  if (new Set(targets).size !== targets.length) return "ptxas would run twice for one architecture";
  if (builder.spelled(builder.at("")).includes(",")) return "fatbinary takes no path with a comma";
  if (program !== builder.host.path && isHostCompiler?.(program) !== true) return `nvcc would call \`${program}\``;
  for (const { compile } of phases.devices) builder.checkPlace("cicc", compile.program);
  return builder.problem;
}
