/** The nvcc that somebody typed, for newer architectures than the ones that it names. */
import { changedNvcc, withNvccFlags } from "../commands/typed-again.ts";
import type { Match } from "../rule.ts";

/** The nvcc that was typed, for architectures from `from` on: older targets are left out, a single one is raised. */
export function typedFor(match: Match, from: string): string[] | undefined {
  const number = (target: string): number => Number.parseInt(target, 10);
  const wantedNumber = number(from.replace(".", ""));
  const target = from.replace(".", "").replace(/[;+].*$/, "");
  const isOld = (word: string): boolean => {
    const found = /(?:compute|sm)_(\d+)([af]?)/.exec(word);
    return (
      found !== null &&
      (number(found[1] ?? "") < wantedNumber ||
        (number(found[1] ?? "") === wantedNumber && found[2] === "" && /[af]$/.test(target)))
    );
  };
  let left = false;
  changedNvcc(match, (word) => {
    left ||= /(?:compute|sm)_\d/.test(word) && !isOld(word);
    return word;
  });
  let put = left;
  const typed = changedNvcc(match, (word) => {
    if (!isOld(word)) return word;
    if (put && !/^--?(?:gpu-)?code\b/.test(word)) return undefined;
    put = true;
    return word.replaceAll(/(compute|sm)_\d+[af]?/g, `$1_${target}`);
  });
  if (typed === undefined && !left) {
    const [given] = withNvccFlags(match, [`-arch=sm_${target}`]);
    let named = false;
    const called = changedNvcc(match, (word) => {
      named ||= /^--?(?:arch|gencode|gpu-|generate-code|code)/.test(word);
      return word === "nvcc" ? undefined : word;
    });
    if (given !== undefined && called !== undefined && !named)
      return [`${given}   # without -arch nvcc compiles for the oldest GPUs that it knows`];
  }
  return typed === undefined ? undefined : [`${typed}   # for the GPUs that can run it`];
}
