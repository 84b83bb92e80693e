/** What the recorder answers, and what a script that cannot be captured is told. */
import { type Failure, failure, type Location } from "../base/failure.ts";
import type { CapturedRequest } from "../config/captured.ts";

/** What the script looked at. Paths are absolute. */
export interface Seen {
  readonly files: readonly string[];
  /** Files that it wrote itself. */
  readonly written: readonly string[];
  /** Asked for, whether there or not. */
  readonly probes: readonly string[];
  readonly listings: readonly string[];
  /** Folders of installed packages. */
  readonly packages: readonly string[];
  readonly variables: Readonly<Record<string, string | null>>;
  /** It looked at all variables. */
  readonly every_variable: boolean;
  /** Why what it said cannot be remembered: it ran something whose answer rests on who knows what. */
  readonly volatile: readonly string[];
}

/** The recorder's answer. */
export interface Answer {
  readonly status: "ok" | "raised" | "exited" | "refused" | "no-setuptools";
  readonly error: {
    readonly type?: string;
    readonly message: string;
    readonly traceback?: string;
    /** The module that could not be imported. */
    readonly module?: string | null;
    /** Line of the script. */
    readonly line?: number | null;
  } | null;
  /** How often `build_ext` was run. */
  readonly set_up: number;
  readonly request: CapturedRequest;
  readonly seen: Seen;
  /** Where it looked for built files after it had declared what to build. */
  readonly afterwards: readonly string[];
}

/** What the failure texts need to know. */
export interface ScriptRun {
  /** As people know it: `setup.py`. */
  readonly shown: string;
  readonly path: string;
  /** The interpreter. */
  readonly python: string;
  /** Everything that it printed. */
  readonly output: string;
  /** The environment variables of the run. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** A CUDA toolkit that was found, whatever torch finds. */
  readonly cuda?: string;
  /** A torch that is built without CUDA: its version. */
  readonly cpuTorch?: string;
}

/** Lines of output and traceback that are shown. */
const mostLines = 14;

/** The failure of a run that gave an answer; undefined when it declared extensions. */
export function answerFailure(answer: Answer, run: ScriptRun): Failure | undefined {
  const { error, status } = answer;
  const recorded = answer.request.extensions.length > 0;
  switch (status) {
    case "no-setuptools":
      return failure("SETUP_PY_NO_SETUPTOOLS", `\`${run.python}\` has no setuptools, which \`${run.shown}\` needs`, {
        hint: `install it: \`${run.python} -m pip install setuptools\``,
      });
    case "refused":
      return failure("SETUP_PY_OTHER_BUILD", `\`${run.shown}\` cannot be captured: ${error?.message ?? ""}`, {
        hint: "retorch builds what setuptools would compile; use the project's own build for this one, or describe its sources in a `retorch.toml`",
      });
    case "raised":
      return recorded ? undefined : raised(error, run);
    case "exited":
      return recorded ? undefined : exited(answer, run);
    case "ok":
      if (recorded) return undefined;
      return answer.set_up === 0
        ? failure("SETUP_PY_EXITED", `\`${run.shown}\` ended without a call of \`setup()\` that builds`, {
            ...causeOf(tail(run.output)),
            hint: environmentHint,
          })
        : failure("SETUP_PY_NO_EXTENSIONS", `\`${run.shown}\` declares no extensions`, {
            ...causeOf(tail(run.output)),
            hint: environmentHint,
          });
  }
}

const environmentHint =
  "many set-up scripts leave extensions out unless CUDA is found or a variable asks for them (`FORCE_CUDA=1`, `…_BUILD=TRUE`) or an option does (`--setup-arg=--cuda_ext`); `retorch env` shows what is there";

/** What the script does with built files is not done: they are built after it has run. */
export function afterwards({ status, error, afterwards: looked }: Answer, shown: string): string | undefined {
  const instead = "`retorch run -- python setup.py build_ext --inplace` does that too";
  if (status === "raised" || status === "exited") {
    const what = (error?.message ?? "").split("\n")[0] ?? "";
    return `\`${shown}\` failed after its extensions were known, and what it does with the built files is not done (${what}); ${instead}`;
  }
  const [first] = looked;
  if (first === undefined) return undefined;
  return `\`${shown}\` looks for \`${first}\` after its extensions were known: what it does with the built file is not done; ${instead}`;
}

function raised(error: Answer["error"], run: ScriptRun): Failure {
  const { type = "", message = "", traceback, module: missing, line } = error ?? {};
  const more = { ...causeOf(tail(traceback ?? message)), ...locationOf(run, line) };
  const [first = ""] = message.split("\n");
  if (missing !== undefined && missing !== null && /^torch(?:\.|$)/.test(missing)) {
    return failure("SETUP_PY_TORCH_MISSING", `\`${run.shown}\` imports torch, which \`${run.python}\` does not have`, {
      ...locationOf(run, line),
      hint: torchHint(run),
    });
  }
  if (missing !== undefined && missing !== null) {
    const [root = missing] = missing.split(".");
    return failure(
      "SETUP_PY_IMPORT",
      `\`${run.shown}\` imports \`${missing}\`, which \`${run.python}\` does not have`,
      {
        ...more,
        hint: `install it: \`${run.python} -m pip install ${root}\` (a package may have another name than its module)`,
      },
    );
  }
  if (type === "EOFError") {
    return failure("SETUP_PY_ASKS", `\`${run.shown}\` asks a question, and there is nobody to answer it`, {
      ...more,
      hint: "such scripts usually take the answer from a variable or an option; look at the line above",
    });
  }
  const said = first === "" ? type : `${type}: ${first}`;
  return failure("SETUP_PY_FAILED", `\`${run.shown}\` failed: ${said}`, { ...more, hint: hintFor(message, run) });
}

function torchHint({ python, variables }: ScriptRun): string {
  const isolated = ["PEP517_BUILD_BACKEND", "PIP_BUILD_TRACKER", "_PYPROJECT_HOOKS_BUILD_BACKEND"].some(
    (name) => variables[name] !== undefined,
  );
  const isolation =
    "this is an isolated build, where only what `[build-system] requires` names is installed: use `--no-build-isolation` (pip and uv), or put the torch that you use into `requires`";
  const install = `install it there (\`${python} -m pip install torch\`), activate the environment that has it, or name it with \`--python\``;
  return isolated ? isolation : install;
}

function hintFor(message: string, { cuda, cpuTorch, python }: ScriptRun): string {
  if (/CUDA_HOME environment variable is not set/.test(message)) {
    if (cpuTorch !== undefined) {
      return `the torch of \`${python}\` (${cpuTorch}) is built without CUDA: install one with CUDA, or name another Python with \`--python\``;
    }
    return cuda === undefined
      ? "install a CUDA toolkit and set `CUDA_HOME` to its folder"
      : `torch looks for CUDA in other places than retorch: set it, e.g. \`CUDA_HOME=${cuda}\``;
  }
  const [, wanted] = /'wheel', '--no-deps'.*'([^']+)'\]' returned/.exec(message) ?? [];
  if (wanted !== undefined) {
    return `\`setup_requires\` names \`${wanted}\`, which could not be fetched: install it (\`${python} -m pip install ${wanted}\`)`;
  }
  return `\`${python} setup.py build_ext --inplace\` fails alike; the traceback above says where`;
}

function exited({ error }: Answer, run: ScriptRun): Failure {
  const code = error?.message ?? "";
  const number = /^-?\d+$/.test(code);
  // setuptools says how it is used, and then what is wrong.
  const said = code.split("\n").find((line) => line.startsWith("error: ")) ?? code.split("\n")[0] ?? "";
  const message = number
    ? `\`${run.shown}\` ended with exit code ${code} before its extensions were known`
    : `\`${run.shown}\` ended before its extensions were known: ${said.replace(/^error: /, "")}`;
  return failure("SETUP_PY_EXITED", message, {
    ...causeOf(tail(run.output)),
    hint: /CUDA_HOME/.test(code)
      ? hintFor(code, run)
      : `what it printed says why; \`${run.python} setup.py build_ext --inplace\` ends alike`,
  });
}

/** A run that gave no answer: it was killed, or ran too long. */
export function noAnswerFailure(
  run: ScriptRun,
  end: { readonly timedOut: boolean; readonly signal: string | undefined; readonly exitCode: number | undefined },
  timeoutMs: number,
): Failure {
  const cause = causeOf(tail(run.output));
  if (end.timedOut) {
    return failure(
      "SETUP_PY_TIMEOUT",
      `\`${run.shown}\` did not end within ${Math.round(timeoutMs / 60_000)} minutes`,
      {
        ...cause,
        hint: "a set-up script that downloads or waits may need to do so once before: run it by itself",
      },
    );
  }
  const how = end.signal === undefined ? `exit code ${end.exitCode ?? "unknown"}` : `signal ${end.signal}`;
  return failure("SETUP_PY_FAILED", `\`${run.shown}\` ended the interpreter itself (${how})`, {
    ...cause,
    hint: "it calls `os._exit`, or the interpreter crashed; run it by itself to see",
  });
}

function locationOf({ path }: ScriptRun, line: number | null | undefined): { readonly location?: Location } {
  return typeof line === "number" ? { location: { file: path, line } } : {};
}

function tail(text: string): string {
  return text.trimEnd().split("\n").slice(-mostLines).join("\n");
}

function causeOf(text: string): { readonly cause?: string } {
  return text.trim() === "" ? {} : { cause: text };
}
