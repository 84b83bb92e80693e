/**
 * Reads what a `setup.py` declares: remembered, else by running it once in the target Python with a recorder in the place
 * of the compile. It knows where the Python is and what the recorder answers; what the script means is its own business.
 */
import { join } from "node:path";
import { failure } from "../base/failure.ts";
import { err, ok, type Result } from "../base/result.ts";
import { capturedProject, type CapturedRequest, parseCaptured } from "../config/captured.ts";
import type { CapturedScript, SetupScript, SetupScriptReader } from "../config/read-project.ts";
import { pathRules, shownPath } from "../config/path.ts";
import type { Environment } from "../environment/environment.ts";
import { findEnvironment } from "../environment/find-environment.ts";
import { splitWords } from "../environment/words.ts";
import type { Host, ProcessResult } from "../host/host.ts";
import { pythonPackage } from "../host/python-package.ts";
import { noteVariables } from "../host/variables.ts";
import { type Answer, afterwards, answerFailure, noAnswerFailure, type ScriptRun } from "./answer.ts";
import { type Capture, CaptureMemory, stateOf, witnessesOf } from "./memory.ts";

/** Long enough for scripts that download what they vendor. */
const timeoutMs = 30 * 60_000;

/** What the reader is given. */
export interface SetupScriptReaderOptions {
  /** The user's cache folder. */
  readonly cacheDir: string;
  /** A script is about to be run. */
  readonly onStart?: (script: string) => void;
  /** A script has run: what it printed. */
  readonly onEnd?: (script: string, output: string, durationMs: number) => void;
}

/** Makes a reader. */
export function setupScriptReader(options: SetupScriptReaderOptions): SetupScriptReader {
  return { read: (script) => readSetupScript(script, options) };
}

async function readSetupScript(
  script: SetupScript,
  options: SetupScriptReaderOptions,
): Promise<Result<CapturedScript>> {
  const { host, folder } = script;
  const { environment } = await findEnvironment(host, {
    ...(script.python === undefined ? {} : { python: script.python }),
    projectRoot: folder,
    cacheDir: options.cacheDir,
  });
  const python = environment.python?.executable;
  if (python === undefined) {
    return err(environment.problems.python ?? failure("PYTHON_NOT_FOUND", "No Python interpreter was found"));
  }
  const memory = new CaptureMemory(host, options.cacheDir, script.path);
  const words = wordsFor(script);
  const known = await memory.recall(python, words);
  if (known !== undefined) return toProject(host, known);
  const captured = await capture({ ...script, words }, environment, python, options);
  if (!captured.ok) return captured;
  const { capture: found, lasting } = captured.value;
  if (lasting) memory.keep(found);
  const project = toProject(host, found);
  if (lasting || !project.ok) return project;
  return ok({ ...project.value, witnesses: [...project.value.witnesses, { kind: "volatile" }] });
}

/** What follows `setup.py build_ext --inplace`: what was given, else what the variable says for every run. */
function wordsFor({ host, words }: SetupScript): readonly string[] {
  const always = host.env["RETORCH_SETUP_PY_OPTIONS"] ?? "";
  return words.length > 0 ? words : splitWords(always, host.platform);
}

function toProject(host: Host, capture: Capture): Result<CapturedScript> {
  const project = capturedProject(host, capture.request);
  if (!project.ok) return project;
  const { extensions, variables } = project.value;
  noteVariables(host, capture.everyVariable ? undefined : Object.keys(capture.variables));
  return ok({
    extensions: extensions.map(({ extension }) => extension),
    witnesses: witnessesOf(host, capture),
    ...(variables === undefined ? {} : { variables }),
    ...(capture.warnings.length === 0 ? {} : { warnings: capture.warnings }),
  });
}

interface Captured {
  readonly capture: Capture;
  /** Whether it may be remembered. */
  readonly lasting: boolean;
}

async function capture(
  script: SetupScript,
  environment: Environment,
  python: string,
  options: SetupScriptReaderOptions,
): Promise<Result<Captured>> {
  const { host, folder, path } = script;
  const own = pythonPackage();
  if (!own.ok) return own;
  const startedAt = host.now();
  options.onStart?.(path);
  host.fs.mkdir(options.cacheDir, 0o700);
  const scratch = host.fs.makeTemporary(join(options.cacheDir, "capture-"));
  try {
    const answerPath = join(scratch, "answer.json");
    const end = await host.processes.run({
      argv: [python, join(own.value, "_setup_capture.py"), path, answerPath, ...script.words],
      cwd: folder,
      env: host.env,
      timeoutMs,
    });
    const run: ScriptRun = {
      shown: shownPath(pathRules(host), host.cwd, path),
      path,
      python,
      output: outputOf(end),
      variables: host.env,
      ...(environment.cuda === undefined ? {} : { cuda: environment.cuda.root }),
      ...(environment.torch !== undefined && environment.torch.cudaVersion === undefined
        ? { cpuTorch: environment.torch.version }
        : {}),
    };
    const text = host.fs.readText(answerPath);
    const answer = text === undefined ? undefined : (JSON.parse(text) as Answer);
    const [volatile] = answer?.seen.volatile ?? [];
    const note = volatile === undefined ? "" : `\n\`${run.shown}\` is read at every build: ${volatile}`;
    options.onEnd?.(path, run.output + note, end.durationMs);
    if (answer === undefined) return err(noAnswerFailure(run, end, timeoutMs));
    const problem = answerFailure(answer, run);
    if (problem !== undefined) return err(problem);
    return await toCapture(host, answer, { python, words: script.words, startedAt, shown: run.shown });
  } finally {
    host.fs.remove(scratch);
  }
}

async function toCapture(
  host: Host,
  answer: Answer,
  {
    python,
    words,
    startedAt,
    shown,
  }: {
    readonly python: string;
    readonly words: readonly string[];
    readonly startedAt: number;
    readonly shown: string;
  },
): Promise<Result<Captured>> {
  const request = parseCaptured({ name: shown, text: JSON.stringify(answer.request) });
  if (!request.ok) return request;
  const state = await stateOf(host, answer.seen, startedAt);
  const late = afterwards(answer, shown);
  return ok({
    lasting: state !== undefined && answer.seen.volatile.length === 0,
    capture: {
      python,
      words,
      variables: answer.seen.variables,
      everyVariable: answer.seen.every_variable,
      ...(state ?? { files: [], there: [], absent: [], listings: [] }),
      request: request.value satisfies CapturedRequest,
      warnings: late === undefined ? [] : [late],
    },
  });
}

function outputOf(end: ProcessResult): string {
  return [end.stdout, end.stderr].filter((text) => text.trim() !== "").join("\n");
}
