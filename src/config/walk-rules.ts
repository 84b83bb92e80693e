/** Which folders are never searched for sources unless they are named: what other tools make, and other projects. */
import type { PathRules } from "./path.ts";
import { below } from "./path.ts";
import type { WalkRules } from "./glob.ts";

/** What marks a folder as made by a tool: a virtual environment (PEP 405), one of conda, a build folder of CMake. */
const marks = ["pyvenv.cfg", "conda-meta", "CMakeCache.txt"];

/** For the patterns of a configuration: `build` and `dist` are left alone at the top of the project only. */
export function patternWalkRules(rules: PathRules, root: string): WalkRules {
  return {
    skipFolder: (path, name) => {
      if (name === "node_modules" || name === "__pycache__" || name.endsWith(".egg-info")) return true;
      return (name === "build" || name === "dist") && below(rules, root, path) === name;
    },
    skipHolding: (names) => marks.some((mark) => names.includes(mark)),
  };
}

/**
 * For sources without a configuration: also tests, and folders that are a project of their own (a repository, or one
 * with a `retorch.toml`).
 */
export const bareWalkRules: WalkRules = {
  skipFolder: (_path, name) =>
    name === "node_modules" ||
    name === "__pycache__" ||
    name === "build" ||
    name === "dist" ||
    name.startsWith("test") ||
    name.endsWith(".egg-info"),
  skipHolding: (names) => [...marks, ".git", "retorch.toml"].some((mark) => names.includes(mark)),
};
