/**
 * A package that was cloned as it is today, for a torch of years ago: its state when that torch was the newest. It does not know
 * whether the package worked then, nor whether it needs a newer torch than the one that is there. Source: the dates of PyTorch's
 * releases on GitHub.
 */
import { failedCommand } from "./failed-command.ts";
import { torchAtHand } from "./toolkit-commands.ts";
import type { Match } from "../rule.ts";

/** When the release came that followed. */
const nextCame: Readonly<Record<string, string>> = {
  "1.0": "2019-05-01",
  "1.1": "2019-08-08",
  "1.2": "2019-10-10",
  "1.3": "2020-01-15",
  "1.4": "2020-04-21",
  "1.5": "2020-07-28",
  "1.6": "2020-10-27",
  "1.7": "2021-03-04",
  "1.8": "2021-06-15",
  "1.9": "2021-10-21",
  "1.10": "2022-03-10",
  "1.11": "2022-06-28",
  "1.12": "2022-10-28",
  "1.13": "2023-03-15",
  "2.0": "2023-10-04",
};

/** Goes back to the sources of the torch's time; undefined where the text shows no clone, or its torch is not that old. */
export function sourcesOfTorchsTime(match: Match): string | undefined {
  const torch = torchAtHand(match);
  const before = nextCame[torch?.release.slice(0, 2).join(".") ?? ""];
  const folder = failedCommand(match)?.folder ?? match.context.log.typedClone;
  if (torch === undefined || before === undefined || folder === undefined || /[\\ ]/.test(folder)) return undefined;
  return `git -C ${folder} checkout $(git -C ${folder} rev-list -1 --before=${before} HEAD)   # as it was when torch ${torch.version} was the newest`;
}
