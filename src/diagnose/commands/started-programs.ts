/** Programs that a set-up script starts by name, and how they come to Windows. */
import { pip } from "./command-words.ts";
import type { Match } from "../rule.ts";

/** The program that a line of Python starts: `subprocess.run(["git", "submodule"])`. */
export function startedProgram(frames: readonly string[]): string | undefined {
  return frames
    .map(
      (frame) => /(?:run|call|check_call|check_output|Popen|system)\(\[?\s*["'](git|cmake|ninja)["' ]/.exec(frame)?.[1],
    )
    .find((program) => program !== undefined);
}

/** How such a program comes to Windows. */
export const installs: Readonly<Record<string, (match: Match) => string>> = {
  git: () => "winget install --id Git.Git -e   # or https://git-scm.com/download/win; conda install git",
  cmake: (match) => pip(match, "install cmake"),
  ninja: (match) => pip(match, "install ninja"),
};
