/** The whole program, loaded where the quick look was not enough: with the real process and the real machine. */
import { nodeHost } from "../host/node-host.ts";
import { runCommandLine } from "./dispatch.ts";
import { nodeProgram } from "./output.ts";
import type { Program } from "./program.ts";

/** Runs the command line of this process, with what was read from its standard input already. */
export async function whole(input: Uint8Array | undefined): Promise<void> {
  const program = nodeProgram();
  program.setExitCode(await runCommandLine(input === undefined ? program : withInput(program, input), nodeHost()));
}

function withInput(program: Program, bytes: Uint8Array): Program {
  const stdin = {
    isTerminal: false,
    chunks: async function* () {
      yield await Promise.resolve(bytes);
    },
  };
  return Object.create(program, { stdin: { value: stdin, enumerable: true } }) as Program;
}
