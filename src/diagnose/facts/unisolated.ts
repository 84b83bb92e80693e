/** Whether a build was told to run in the environment that is there. It knows the command and the frames, not the environment. */
import type { Finding } from "../finding.ts";
import type { LogFacts } from "./log-facts.ts";

/** The last installation asks for no isolation, and no frame lies in an environment that pip or uv made for a build. */
export function isUnisolated({ frames = [] }: Finding, { installs = [] }: Pick<LogFacts, "installs">): boolean {
  return (
    /(?:^|\s)--no-(?:build-)?isolation(?:\s|$)/.test(installs.at(-1) ?? "") &&
    !frames.some((frame) => /pip-build-env-|[\\/]builds-v\d+[\\/]|[\\/]\.tmp\w+[\\/]/.test(frame))
  );
}
