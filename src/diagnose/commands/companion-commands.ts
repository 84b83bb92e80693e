/** Commands that bring torchvision and torchaudio to the release of torch that a text tells of. */
import { installTogether, pip, torchIndex } from "./commands.ts";
import type { Match } from "../rule.ts";
import { companionFor, torchOf } from "../tables/torch-wheels.ts";

/** Packages each of whose releases is compiled for one release of torch. */
const ofOneTorch =
  /^(?:vllm|sglang|sgl-kernel|lmdeploy|xformers|flash-attn|torchrec|fbgemm-gpu|exllamav[23]|nunchaku)$/;

/**
 * torch was upgraded alone, and what is compiled for the one before stays: back to that one, with all that the text lists of
 * its kin. Empty where the others do not agree on another torch, or nothing is compiled for it.
 */
function backTo({ context: { log } }: Match): string[] {
  const { torchvision, torchaudio } = log.versions;
  const kept = Object.keys(log.versions).filter((name) => ofOneTorch.test(name));
  const minor = (version: string | undefined): string | undefined => /^\d+\.\d+/.exec(version ?? "")?.[0];
  const torch = torchvision === undefined ? undefined : torchOf("torchvision", torchvision);
  if (torch === undefined || kept.length === 0 || minor(log.installedTorch) === torch) return [];
  if (torchaudio !== undefined && minor(torchOf("torchaudio", torchaudio)) !== torch) return [];
  const release = /^\d+\.\d+\.\d+/.exec(torchaudio ?? "")?.[0] ?? `${torch}.*`;
  const words = [
    `"torch==${release}"`,
    `"torchvision==${torchvision?.replace(/\+.*$/, "") ?? ""}"`,
    ...(torchaudio === undefined ? [] : [`"torchaudio==${torchaudio.replace(/\+.*$/, "")}"`]),
  ];
  return [
    `${words.join(" ")}   # back to the torch that torchvision${torchaudio === undefined ? "" : ", torchaudio"} and ${kept.join(", ")} were installed with`,
  ];
}

/** torchaudio goes along where the text lists one of another torch. */
function withListed({ context: { log } }: Match, names: readonly string[]): readonly string[] {
  const { torchaudio } = log.versions;
  const minor = (version: string | undefined): string | undefined => /^\d+\.\d+/.exec(version ?? "")?.[0];
  return torchaudio === undefined ||
    names.includes("torchaudio") ||
    minor(torchOf("torchaudio", torchaudio)) === minor(log.installedTorch)
    ? names
    : [...names, "torchaudio"];
}

/** These packages for the torch that the text tells, else torch and them together. */
export function withCompanions(match: Match, ...names: readonly string[]): string[] {
  const [before] = backTo(match);
  if (before !== undefined) {
    const index = match.context.log.torchBuild === undefined && match.context.log.torchCuda === undefined;
    const [words = "", remark = ""] = before.split("   # ");
    return [
      `${pip(match, `install --force-reinstall ${words}${index ? "" : ` --index-url https://download.pytorch.org/whl/${torchIndex(match)}`}`)}   # ${remark}`,
      "# or a newer release of what is compiled for torch, which brings the torch that it wants",
    ];
  }
  const [stated] = companionsAlone(match, withListed(match, names));
  return [
    stated ?? installTogether(match, ...names),
    // What stands in a job's log is made anew by each job.
    ...(match.context.log.hostedRunner
      ? [
          `# in the workflow: ${names.join(" and ")} into the command that installs torch, before what asks for ${names.length > 1 ? "them" : "it"}`,
        ]
      : []),
  ];
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
  // xFormers asks for one torch: pip takes the one for that torch, where its name stands alone.
  const beside =
    knows && log.torchBuild !== "cpu" && (log.installs ?? []).some((words) => /(?:^| )"?xformers\b/.test(words))
      ? " xformers"
      : "";
  const index = knows ? ` --index-url https://download.pytorch.org/whl/${torchIndex(match)}` : "";
  return [
    `${pip(match, `install --force-reinstall "torch==${torch.replace(/\+.*$/, "")}" ${wanted.join(" ")}${beside}${index}`)}   # what goes with the torch that the text tells`,
    "# or all of them new:",
  ];
}
