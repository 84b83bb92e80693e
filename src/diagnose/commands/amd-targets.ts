/** The AMD GPU that code is to be compiled for: as the text tells it, or as ROCm's own program tells it where it is run. */
import type { Match } from "../rule.ts";

/** The one target that the text names, or that of the one GPU it names: `gfx1100`. */
export function targetOfText({ context: { log } }: Match): string | undefined {
  return log.gfx ?? log.namedGfx;
}

/** The first GPU of the machine, in a shell. Source: rocminfo names each agent by its target. */
export const ownTarget = "$(rocminfo | grep -m1 -oE 'gfx[0-9a-f]+')";
