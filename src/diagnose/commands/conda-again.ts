/**
 * The command of conda, mamba or micromamba that the text ran, given again: as it is, or with another specification in it or in the
 * file that it reads. It does not know whether a set of packages goes together.
 * Sources: conda's documentation of `conda env create` (environment.yml where no file is named) and of environment files.
 */
import { platformOf } from "./command-words.ts";
import { quote } from "../text/quote.ts";
import type { Match } from "../rule.ts";

/** The file of the environment that it reads. */
function fileOf(line: string): string | undefined {
  const named = /(?:^|\s)(?:-f|--file)[ =]("[^"]+"|\S+)/.exec(line)?.[1];
  return named ?? (/^\w+ env (?:create|update)\b/.test(line) ? "environment.yml" : undefined);
}

/** Whether pip failed as conda made an environment of a file. */
export function isPipOfCondaFile({ context: { log, findings } }: Match): boolean {
  return (
    findings.some(({ text }) => /^(?:CondaEnvException|Pip subprocess error)/.test(text)) ||
    (log.condaLine !== undefined && fileOf(log.condaLine) !== undefined && log.installs === undefined)
  );
}

/**
 * pip's part of the file gets an index beside PyPI, and the environment, which is there by half, what it lacks. Source: conda's
 * documentation of environment files, whose pip list takes pip's options.
 */
export function withPipIndex(match: Match, index: string): string[] {
  const { condaLine } = match.context.log;
  const file = (condaLine === undefined ? undefined : fileOf(condaLine)) ?? "environment.yml";
  const again = (condaLine ?? `conda env update -f ${file}`).replace(
    /\b((?:conda|mamba|micromamba) env) create\b/,
    "$1 update",
  );
  const edit =
    platformOf(match) === "win32"
      ? `powershell -Command "(Get-Content ${file.replaceAll('"', "'")}) -replace '^( *)- pip: *$',('$1- pip:' + [char]10 + '$1  - --extra-index-url ${index}') | Set-Content ${file.replaceAll('"', "'")}"`
      : `sed -i.bak -E 's|^( *)- pip: *$|\\1- pip:\\n\\1  - --extra-index-url ${index}|' ${quote(file)}`;
  return [
    `${edit}   # the index as the first entry of pip's list`,
    / (?:-f|--file)\b/.test(again) ? again : `${again} -f ${file}`,
  ];
}

/** The same command again; nothing where the text has none. */
export function condaAgain({ context: { log } }: Match): string[] {
  return log.condaLine === undefined ? [] : [log.condaLine];
}

/** In the file: one entry of the list, and the channels in front of the others. */
function inFile(
  match: Match,
  file: string,
  name: string,
  to: string | undefined,
  channels: readonly string[],
): string[] {
  const entry = `^( *- *)([A-Za-z0-9_-]+::)?${name}([ =<>!].*)?$`;
  if (platformOf(match) === "win32")
    return [
      `powershell -Command "(Get-Content ${file.replaceAll('"', "'")}) -replace '${entry}','${to === undefined ? "" : `\${1}${to}`}' | Set-Content ${file.replaceAll('"', "'")}"`,
      ...(channels.length === 0 ? [] : [`# and below channels: ${channels.join(", ")}`]),
    ];
  const above = channels.map((channel) => `\\1${channel}\\n`).join("");
  const added = above === "" ? "" : ` -e '/^channels:/{n;s/^( *- ).*/${above}&/}'`;
  const change = to === undefined ? `/${entry}/d` : `s/${entry}/\\1${to}/`;
  return [`sed -i.bak -E -e '${change}'${platformOf(match) === "darwin" ? "" : added} ${quote(file)}`];
}

/**
 * The same command with `to` in place of what it asks for by that name, out of the channels beside its own; without `to` the name is
 * left out. Nothing where the text has no such command.
 */
export function condaWith(
  match: Match,
  name: string,
  to: string | undefined,
  channels: readonly string[] = [],
): string[] {
  const { condaLine: line } = match.context.log;
  if (line === undefined) return [];
  const file = fileOf(line);
  if (file !== undefined) return [...inFile(match, file, name, to, channels), line];
  const spec = new RegExp(` ["']?(?:[\\w-]+::)?${name}(?:[=<>!][^\\s"']*)?["']?(?= |$)`);
  if (!spec.test(line)) return [];
  const missing = channels.filter((channel) => !new RegExp(`(?:-c|--channel)[ =]${channel}(?= |$)`).test(line));
  return [
    `${line.replace(spec, to === undefined ? "" : ` ${to}`)}${missing.map((channel) => ` -c ${channel}`).join("")}`,
  ];
}
