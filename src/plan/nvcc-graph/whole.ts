/** Whether a whole nvcc command can be taken apart, as far as its own words tell, and the command that asks nvcc how. */
import { argText, type Action } from "../graph.ts";

/**
 * Options that change what nvcc makes, or with which it makes more than an object, or asks the machine: the dry run
 * would be another one each time, or a file would be left out.
 */
const whole =
  /^--?(?:E|preprocess|M[A-Z]*|generate-dependencies.*|ptx|cubin|fatbin|optix-ir|ltoir|keep.*|save-temps|dryrun|run|dlto|fdevice-time-trace|time|lib|link|dlink|device-link|ewp|extensible-whole-program|gpu-architecture=native|arch=native)(?:=.*)?$/;

/** Why a command stays whole; undefined when nvcc may be asked. An empty text: nothing to tell people. */
export function reasonToStayWhole(action: Action, platform: string): string | undefined {
  if (platform !== "linux") return "";
  const [nvcc, host] = action.tools;
  if (nvcc === undefined || host === undefined) return "";
  if (nvcc.launcher.length > 0) return `\`${nvcc.launcher.join(" ")}\` stands before nvcc`;
  for (const word of nvccWords(action)) {
    if (whole.test(word) || word === "native") return `\`${word}\` is among its flags`;
    // What `-G` leaves in the device code names nvcc's own temporary files.
    if (word === "-G" || word === "--device-debug") return `\`${word}\` is among its flags`;
  }
  // What else leaves files beside the object, as for coverage.
  return action.inPlace === true ? "it leaves more than an object" : undefined;
}

/** The words of a command without those that ask for the list of headers. */
function nvccWords(action: Action): string[] {
  const words: string[] = [];
  for (let i = 0; i < action.command.length; i++) {
    const arg = action.command[i];
    const next = action.command[i + 1];
    if (arg === undefined) continue;
    if (arg === "-MD" && next === "-MF") {
      i += 2;
      continue;
    }
    words.push(argText(arg));
  }
  return words;
}

/** The command that prints what a command would run. */
export function dryRunCommand(action: Action): string[] {
  const [program = "", ...words] = nvccWords(action);
  return [program, "--dryrun", ...words];
}
