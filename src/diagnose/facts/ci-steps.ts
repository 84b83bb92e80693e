/**
 * The steps of a CI service's job as its log shows them: which service it is, the script of each step, the action that it uses with its
 * inputs, its variables and its shell. So that a fix can be written as the step of the file that it comes from. It knows nothing of
 * that file: names, conditions and folders of a step stand in no log.
 * Sources: the logs of GitHub's runner (actions/runner: ScriptHandler.cs prints the script, `shell:` and `env:`), of Azure's agent
 * (microsoft/azure-pipelines-tasks: bashv3.ts prints "Script contents:"), of CircleCI (`#!/bin/bash -eo pipefail`), Buildkite and Travis.
 */
import { cleanLine } from "../text/log-line.ts";

export type CiService = "github" | "gitlab" | "azure" | "circleci" | "jenkins" | "buildkite" | "travis";

export type Pair = readonly [name: string, value: string];

export interface CiStep {
  /** The number of its first line in the text. */
  readonly at: number;
  /** The lines of its script, indented as they are there; none where it uses an action. */
  readonly script: readonly string[];
  /** `actions/checkout@v4`. */
  readonly uses?: string;
  /** Inputs of the action, the ones that nobody wrote included. */
  readonly inputs: readonly Pair[];
  /** Variables that the job or the step sets; none that an action left behind. */
  readonly variables: readonly Pair[];
  /** As the file would name it, where it is not the one that the service takes by itself: `bash -l {0}`. */
  readonly shell?: string;
  /** The step's name, where the log has it. */
  readonly title?: string;
  /** How often pip said in it that it has installed something. */
  readonly installations: number;
  /** The last thing that pip worked on in it lies in a folder. */
  readonly ofFolder: boolean;
}

export interface CiFacts {
  readonly ci?: { readonly service: CiService; readonly steps: readonly CiStep[] };
}

const signs: readonly (readonly [CiService, RegExp])[] = [
  [
    "gitlab",
    /^Running with gitlab-runner |\bexecutor with image |^ERROR: Job failed: exit (?:code|status) |\bgitlab-runner\b/,
  ],
  [
    "azure",
    /\/home\/vsts\/work\/|\/Users\/runner\/work\/1\/s\b|\b[A-Z]:\\a\\\d+\\s\b|^(?:Bash|Cmd\.exe|PowerShell) exited with code '\d+'\./,
  ],
  ["circleci", /^#!\/bin\/(?:ba)?sh -eo pipefail$|\/home\/circleci\/|^Exited with code exit status \d/],
  ["jenkins", /^\[Pipeline\] |^Finished: FAILURE$|\/jenkins\/workspace\//],
  [
    "buildkite",
    /^~~~ Running (?:commands|script)|\/buildkite-agent\/|^(?:🚨 )?Error: The command exited with status \d/u,
  ],
  [
    "travis",
    /^travis_(?:time|fold):|^The command ".+" (?:failed and )?exited with \d+(?: during|\.)|\/home\/travis\/build\//,
  ],
  [
    "github",
    /^(?:Error: )?Process completed with exit code \d+\.|\/home\/runner\/work\/|\/Users\/runner\/work\/(?!1\/)|\/__w\/|\b[A-Z]:\\a\\([\w.-]+)\\\1\b/,
  ],
];
const maySign =
  /gitlab|xecutor|Job failed|vsts|:\\a\\|\/runner\/|exited with|Exited with|pipefail|circleci|Pipeline|Finished|jenkins|~~~ |uildkite|travis|Process completed|\/__w\//;

const action = /^(?:[\w.-]+\/[\w./-]+@\S+|\.{1,2}\/[\w./-]+)$/;
const input = /^\s+([A-Za-z_][\w.-]*): ?(.*)$/;
/** What actions leave to the steps behind them. */
const ofActions =
  /^(?:pythonLocation|Python\d?_ROOT_DIR|PKG_CONFIG_PATH|CONDA\w*|MAMBA\w*|GITHUB_\w+|RUNNER_\w+|CMAKE_PREFIX_PATH|ACTIONS_\w+|INPUT_\w+|pipx?_\w+)$/;
/** Nobody's script is longer. */
const longest = 80;
const mostSteps = 60;
const pipeStart = /^#!\/bin\/(?:ba)?sh (?:-eo pipefail|-\w+)$/;
/** A command, among the lines that follow CircleCI's first one: what it prints follows without a sign. */
const command =
  /^(?:sudo |[A-Z_]+=\S+ )*(?:python[\d.]*|pip[\d.]*|uv|conda|mamba|git|cmake|make|ninja|cd|export|source|\.|apt-get|bash|sh|pytest|poetry|tox|nox|mkdir|set|echo|\.\/\S+)(?: |$)/;

interface Open {
  readonly at: number;
  readonly first: string;
  readonly form: "github" | "azure" | "circleci";
  phase: "script" | "shell" | "with" | "env";
  readonly script: string[];
  readonly inputs: Pair[];
  readonly variables: Pair[];
  shell?: string;
  closed: boolean;
}

/** As the workflow names a shell; undefined for the one that is taken where it names none. */
function shellOf(printed: string): string | undefined {
  const plain = printed.replaceAll("\\", "/");
  if (/\/cmd\.exe\b/i.test(plain)) return "cmd";
  if (/\/powershell\.exe\b/i.test(plain)) return "powershell";
  if (/\bpwsh\b/i.test(plain)) return /\.exe\b/i.test(plain) ? undefined : "pwsh";
  if (/\/bash(?:\.exe)? /i.test(plain)) {
    const options = /bash(?:\.exe)? (.*)$/i.exec(plain)?.[1] ?? "";
    if (options === "-e {0}") return undefined;
    return options.startsWith("--noprofile") ? "bash" : `bash ${options}`;
  }
  return /^(?:\/\S+\/)?sh -e \{0\}$/.test(plain) ? undefined : printed;
}

function unindented(lines: readonly string[]): string[] {
  const least = Math.min(...lines.filter((line) => line.trim() !== "").map((line) => line.search(/\S/)));
  return lines.map((line) => line.slice(Number.isFinite(least) ? least : 0).trimEnd());
}

/** Gathers them line by line. */
export class CiReader {
  readonly #services = new Set<CiService>();
  readonly #steps: { step: CiStep; installations: number; ofFolder: boolean }[] = [];
  #open: Open | undefined;
  #title: string | undefined;

  /** Up to which line the reader has to see each one. */
  get wanted(): number {
    return this.#open === undefined ? 0 : this.#open.at + longest;
  }

  /** A line that tells something. */
  line(text: string, at: number): void {
    if (text.length > 400) return;
    if (maySign.test(text)) for (const [service, form] of signs) if (form.test(text)) this.#services.add(service);
    this.#evidence(text);
    if (this.#open !== undefined && at <= this.wanted && this.#open.form !== "azure" && !text.startsWith("Run "))
      return;
    const run = /^(?:##\[group\])?Run (\S.*)$/.exec(text)?.[1];
    if (run !== undefined) this.#begin(at, run, "github");
    else if (text.startsWith("Script contents:")) this.#begin(at, "", "azure");
    else if (pipeStart.test(text)) this.#begin(at, "", "circleci");
    else if (text.startsWith("Starting: ")) this.#title = text.slice(10).trim();
  }

  #begin(at: number, first: string, form: Open["form"]): void {
    this.#open = { at, first, form, phase: "script", script: [], inputs: [], variables: [], closed: false };
  }

  #evidence(text: string): void {
    const last = this.#steps.at(-1);
    if (last === undefined) return;
    if (text.startsWith("Successfully installed ")) {
      last.installations++;
      last.ofFolder = false;
    } else if (/^(?:Processing (?:\.|\/|[A-Za-z]:\\)|Obtaining file:)/.test(text) && !/\(from /.test(text))
      last.ofFolder = true;
  }

  /** Any line below the head of a step. */
  step(raw: string, at: number): void {
    const open = this.#open;
    if (open === undefined || at <= open.at) return;
    const { text, indent } = cleanLine(raw.slice(0, 2_000), at);
    const line = `${" ".repeat(Math.min(indent, 40))}${text}`;
    if (open.form === "github") this.#ofGithub(open, line, text);
    else if (open.form === "azure") {
      if (text.startsWith("=====")) this.#end(open);
      else open.script.push(line);
    } else if (command.test(text)) open.script.push(line);
    else this.#end(open);
    if (at >= open.at + longest) this.#open = undefined;
  }

  #ofGithub(open: Open, line: string, text: string): void {
    if (text === "##[endgroup]") {
      open.closed = true;
      this.#end(open);
    } else if (/^shell: \S/.test(text)) {
      const shell = shellOf(text.slice(7).trim());
      if (shell !== undefined) open.shell = shell;
      open.phase = "shell";
      open.closed = true;
    } else if (/^(?:env|with):$/.test(text)) {
      open.phase = text === "env:" ? "env" : "with";
      open.closed = true;
    } else if (open.phase === "script") open.script.push(line);
    else {
      const [, name = "", value = ""] = input.exec(line) ?? [];
      if (open.phase === "shell" || name === "") this.#end(open);
      else if (open.phase === "with") open.inputs.push([name, value.trim()]);
      else open.variables.push([name, value.trim()]);
    }
  }

  #end(open: Open): void {
    this.#open = undefined;
    // `Run the following command` of a sentence.
    if (open.form === "github" && !open.closed) return;
    if (open.form !== "github" && open.script.length === 0) return;
    const isAction = open.form === "github" && action.test(open.first);
    const script = unindented(open.script);
    if (this.#steps.length >= mostSteps) this.#steps.shift();
    if (open.form === "github") this.#services.add("github");
    this.#steps.push({
      step: {
        at: open.at,
        script: isAction ? [] : script.some((line) => line !== "") ? script : [open.first],
        inputs: open.inputs,
        variables: open.variables.filter(
          ([name, value]) =>
            !ofActions.test(name) && value !== "" && value !== "***" && !value.includes("hostedtoolcache"),
        ),
        ...(isAction ? { uses: open.first } : {}),
        ...(open.shell === undefined ? {} : { shell: open.shell }),
        ...(open.form === "azure" && this.#title !== undefined ? { title: this.#title } : {}),
        installations: 0,
        ofFolder: false,
      },
      installations: 0,
      ofFolder: false,
    });
  }

  facts(): CiFacts {
    const service = signs.map(([name]) => name).find((name) => this.#services.has(name));
    if (service === undefined) return {};
    return {
      ci: {
        service,
        steps: this.#steps.map(({ step, installations, ofFolder }) => ({ ...step, installations, ofFolder })),
      },
    };
  }
}
