/** Shortcuts for tests of plans. */
import type { Failure } from "../../../src/base/failure.ts";
import type { Environment } from "../../../src/environment/environment.ts";
import { type Action, type Arg, argText, commandText, type Graph, type PathArg } from "../../../src/plan/graph.ts";
import { plan, type PlanInput } from "../../../src/plan/plan.ts";
import { extension, type ExtensionParts, linuxCpu, projectRoot, windowsRoot } from "../../support/plan-fixtures.ts";

/** What may be said besides the extension. */
export interface Setting {
  readonly environment?: Environment;
  readonly variables?: PlanInput["variables"];
  readonly buildDir?: string;
}

function run(parts: ExtensionParts | readonly ExtensionParts[], setting: Setting): ReturnType<typeof plan> {
  const environment = setting.environment ?? linuxCpu;
  const root = environment.platform === "win32" ? windowsRoot : projectRoot;
  const extensions = [parts].flat().map((each) => extension({ root, ...each }));
  return plan({
    extensions,
    environment,
    buildDir:
      setting.buildDir ?? (environment.platform === "win32" ? String.raw`${root}\.retorch` : `${root}/.retorch`),
    variables: setting.variables ?? {},
  });
}

/** The graph of one or several extensions; throws the failure. */
export function graphOf(parts: ExtensionParts | readonly ExtensionParts[] = {}, setting: Setting = {}): Graph {
  const result = run(parts, setting);
  if (!result.ok) throw new Error(`${result.error.code}: ${result.error.message}`);
  return result.value;
}

/** The failure; throws when there is none. */
export function failureOf(parts: ExtensionParts | readonly ExtensionParts[], setting: Setting = {}): Failure {
  const result = run(parts, setting);
  if (result.ok) throw new Error("there is a plan");
  return result.error;
}

/** The action of a kind; throws unless there is exactly one. */
export function only(graph: Graph, kind: Action["kind"]): Action {
  const [action, ...others] = graph.actions.filter((each) => each.kind === kind);
  if (action === undefined || others.length > 0) throw new Error(`${others.length + 1} actions of kind ${kind}`);
  return action;
}

/** The action of an id. */
export function byId(graph: Graph, id: string): Action {
  const action = graph.actions.find((each) => each.id === id);
  if (action === undefined) throw new Error(`no ${id} among ${graph.actions.map((each) => each.id).join(", ")}`);
  return action;
}

/** Words of an action as the program gets them. */
export function words(action: Action): string[] {
  return commandText(action.command);
}

/** Words of the first compile of an extension. */
export function compileWords(parts: ExtensionParts = {}, setting: Setting = {}): string[] {
  const [action] = graphOf(parts, setting).actions;
  if (action === undefined) throw new Error("no action");
  return words(action);
}

/** Words of the link. */
export function linkWords(parts: ExtensionParts = {}, setting: Setting = {}): string[] {
  return words(only(graphOf(parts, setting), "link"));
}

/** The path word with this text. */
export function pathWord(action: Action, text: string): PathArg {
  const arg = action.command.find((each: Arg) => argText(each) === text);
  if (arg === undefined || typeof arg === "string") throw new Error(`no path ${text} in ${words(action).join(" ")}`);
  return arg;
}
