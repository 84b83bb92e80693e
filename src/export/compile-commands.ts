/** `compile_commands.json`: what editors, clangd and clang-tidy read to know how a file is compiled. */
import type { Host } from "../host/host.ts";
import { commandText, type Graph } from "../plan/graph.ts";

/** One entry, as https://clang.llvm.org/docs/JSONCompilationDatabase.html says. */
export interface CompileCommand {
  readonly directory: string;
  readonly file: string;
  readonly arguments: readonly string[];
  readonly output: string;
}

/** An entry for each compile of a source, in the graph's order. */
export function compileCommands(graph: Graph): CompileCommand[] {
  return graph.actions.flatMap((action) => {
    if (action.source === undefined || (action.kind !== "compile" && action.kind !== "compile-cuda")) return [];
    return [
      {
        directory: action.cwd,
        file: action.source,
        arguments: commandText(action.compileCommand ?? action.command),
        output: action.outputs[0] ?? action.id,
      },
    ];
  });
}

/** The file's text. */
export function compileCommandsText(graph: Graph): string {
  return `${JSON.stringify(compileCommands(graph), undefined, 2)}\n`;
}

/** Writes the file where its content would change: editors index everything again when it is touched. */
export function writeCompileCommands(host: Pick<Host, "fs">, graph: Graph, path: string): boolean {
  const text = compileCommandsText(graph);
  if (host.fs.readText(path) === text) return false;
  host.fs.writeAtomic(path, text);
  return true;
}
