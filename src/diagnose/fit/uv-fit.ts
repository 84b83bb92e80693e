/**
 * The lines of a fix in the words of uv, where the text has uv install: its environments have no pip, and in a project of uv's
 * what stands beside the lock is taken away by the next `uv sync` or `uv run`. It does not know whether a line is right.
 * Source: uv's documentation (Locking and syncing; Managing dependencies; reference of `uv sync`).
 */
import { plainName } from "../../base/package-name.ts";
import { isOfUv } from "../commands/command-words.ts";

import { fromTorchIndex, projectTool } from "../commands/project-tools.ts";
import type { Match } from "../rule.ts";

/** torch of PyTorch's index, as pip installs it. */
const ofTorchIndex =
  /^(?:\S+ -m )?(?:uv )?pip3? install (?:--[\w-]+ )*((?:torch\w*(?:==[\d.]+)?(?:\+\w+)? )+)--index-url https:\/\/download\.pytorch\.org\/whl\/(\w+)(.*)$/;

/** Packages by name alone, with bounds, that pip installs with options that uv's own commands have, too. */
const byName =
  /^uv pip install((?: --(?:upgrade|force-reinstall|no-cache-dir|no-deps|no-build-isolation|no-binary [\w.,-]+)| -[Uv])*)((?: "?[A-Za-z][\w.-]*(?:[<>=!~][\w.,<>=!*+]*)?"?)+)(\s+# .*)?$/;

/** How `uv sync` was called in the text. */
function sync({ context: { log } }: Match): string {
  return log.uvLine?.startsWith("uv sync") === true ? log.uvLine : "uv sync";
}

/** `uv pip install a` in a project: by the lock. */
function byLock(line: string, match: Match): string {
  const [, options = "", asked = "", remark = ""] = byName.exec(line) ?? [];
  if (asked === "") return line;
  // What `uv pip install` brought is not in the lock: a sync would take it away.
  const { installs = [] } = match.context.log;
  const words = asked.trim().split(" ");
  const names = words.map((word) => word.replaceAll('"', "").replace(/[<>=!~].*$/, ""));
  if (
    names.every((name) =>
      installs.some((install) =>
        install
          .split(" ")
          .some((word) => plainName(word.replaceAll('"', "").replace(/[<>=!~[].*$/, "")) === plainName(name)),
      ),
    )
  )
    return line;
  const bounded = words.some((word) => /[<>=!~]/.test(word));
  if (/--no-build-isolation|--force-reinstall/.test(options)) {
    const each = names.flatMap((name) => [
      `--reinstall-package ${name}`,
      ...(options.includes("--no-build-isolation") ? [`--no-build-isolation-package ${name}`] : []),
      ...(options.includes("--no-binary") ? [`--no-binary-package ${name}`] : []),
    ]);
    const again = `${sync(match)} ${each.join(" ")}`;
    return `${bounded ? `uv add --no-sync ${words.join(" ")} && ` : ""}${again}${remark}`;
  }
  if (/--upgrade| -U/.test(options) && !bounded)
    return `uv lock ${names.map((name) => `--upgrade-package ${name}`).join(" ")} && ${sync(match)}${remark}`;
  return `uv add ${words.join(" ")}${remark}`;
}

/** The lines in uv's words. */
export function fittedForUv(lines: readonly string[], match: Match): readonly string[] {
  // pixi has uv install, and keeps the environment itself.
  if (!isOfUv(match) || match.context.log.pixi) return lines;
  const project = match.context.log.uvCommand !== undefined && projectTool(match) === "uv-project";
  return lines.flatMap((line) => {
    if (line.startsWith("#")) return [line];
    if (project) {
      const [, names, build = "", remark = ""] = ofTorchIndex.exec(line) ?? [];
      if (names !== undefined) {
        const [first = "", ...more] = names
          .trim()
          .split(" ")
          .flatMap((name) => fromTorchIndex(match, name.replace(/\+.*/, ""), build));
        return [`${first}${remark}`, ...more];
      }
    }
    const inUv = line
      .replaceAll(
        /(?:uv run --no-sync )?[^\s&|;("]*python[\d.]* -m pip3? (?=(?:un)?install\b|list\b|show\b)/g,
        "uv pip ",
      )
      .replaceAll(/(?<=^|[;&(] ?)pip3? (?=(?:un)?install\b|list\b|show\b)/g, "uv pip ");
    // It never asks, and older releases do not know the option (astral-sh/uv#19082).
    const unasked = inUv
      .replaceAll("uv pip uninstall -y ", "uv pip uninstall ")
      .replace(/ --system(?= [^;&|#]*--system(?: |$))/, "");
    return [project ? byLock(unasked, match) : unasked];
  });
}
