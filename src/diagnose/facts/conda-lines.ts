/** The command of conda, mamba or micromamba that a line gives. It does not know whether it failed. */

/** In a shell, in a Dockerfile, in a workflow, in a cell. */
const typed =
  /(?:^|[$>#!%] ?|\bRUN |^Run |&& )((?:conda|mamba|micromamba) (?:env (?:create|update)(?: [^\s;&|#`]+)*|(?:create|install|update)(?: [^\s;&|#`]+)+))/;
/** A word of such a command; those of a sentence have none of its signs. */
const word = /^(?:--?[A-Za-z][\w-]*(?:=\S+)?|["']?[\w.:/\\~*-]+(?:[=<>!]=?[\w.*=<>!,|-]+)?["']?|https?:\S+)$/;

/** The command of a line, with an option or a version among its words. */
export function condaLineIn(text: string): string | undefined {
  if (text.length > 400 || !/(?:onda|amba) (?:env|create|install|update) /.test(text)) return undefined;
  const line = typed.exec(text)?.[1]?.trimEnd();
  const words = line?.split(/ +/) ?? [];
  // `conda env create` alone reads environment.yml.
  const whole = words.some((each) => /^-|=/.test(each)) || (words.length === 3 && words[1] === "env");
  return whole && words.every((each) => word.test(each)) ? line : undefined;
}
