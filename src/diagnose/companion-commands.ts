/** Commands that bring torchvision and torchaudio to the release of torch that a text tells of. */
import { installTogether, pip, torchIndex } from "./commands.ts";
import type { Match } from "./rule.ts";
import { companionFor } from "./torch-wheels.ts";

/** These packages for the torch that the text tells, else torch and them together. */
export function withCompanions(match: Match, ...names: readonly string[]): string[] {
  const [stated] = companionsAlone(match, names);
  return [stated ?? installTogether(match, ...names)];
}

/** These packages for the stated torch, and that torch from the same index; empty where it is not stated, or for packages that follow no rule. */
export function companionsAlone(match: Match, names: readonly string[]): string[] {
  const { log } = match.context;
  const torch = log.installedTorch ?? log.torch;
  const release = /^\d+\.\d+/.exec(torch ?? "")?.[0];
  if (torch === undefined || release === undefined || /dev|[ab]\d/.test(torch)) return [];
  const wanted = names.flatMap((name) => {
    const found = name === "torchvision" || name === "torchaudio" ? companionFor(name, torch) : undefined;
    return found === undefined ? [] : [`"${name}==${found}"`];
  });
  if (wanted.length === 0 || wanted.length < names.length) return [];
  const knows = log.torchBuild !== undefined || log.torchCuda !== undefined;
  const index = knows ? ` --index-url https://download.pytorch.org/whl/${torchIndex(match)}` : "";
  return [
    `${pip(match, `install --force-reinstall "torch==${torch.replace(/\+.*$/, "")}" ${wanted.join(" ")}${index}`)}   # what goes with the torch that the text tells`,
    "# or all of them new:",
  ];
}
