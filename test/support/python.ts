/** Runs Python code with the package `retorch` of this clone, in an environment that holds nothing of the caller's. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { cliEnvironment } from "./cli.ts";
import { repository } from "./environments.ts";

export interface PythonOptions {
  readonly cwd: string;
  /** On top of what `cliEnvironment` gives; undefined removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly args?: readonly string[];
  /** Called with the process as soon as it runs. */
  readonly onStart?: (pid: number) => void;
}

export interface PythonResult {
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** Folder that PYTHONPATH names so that `import retorch` finds the package. */
export const pythonFolder = join(repository, "python");

/**
 * Put before the code: `say(…)` prints a value as one line of JSON, `started` lists the processes that were started since.
 */
const prelude = `
import json, os, sys
started = []
def watch(event, words):
    # Node is asked for its version once, ever.
    if event in ("subprocess.Popen", "os.posix_spawn", "os.fork", "os.exec", "os.system") and "--version" not in str(words):
        started.append(event)
sys.addaudithook(watch)
def say(value):
    print(json.dumps(value), flush=True)
import retorch
`;

/** Runs code to its end. Fails when it ends with another exit code than 0; `say(x)` lines are the answer. */
export async function askPython(python: string, code: string, options: PythonOptions): Promise<unknown[]> {
  const result = await runPython(python, ["-c", prelude + code, ...(options.args ?? [])], options);
  if (result.exitCode !== 0) {
    throw new Error(`Python ended with ${result.signal ?? result.exitCode}\n${result.stderr}\n${result.stdout}`);
  }
  const lines = result.stdout.split("\n").filter((line) => /^[[{"\d\-tfn]/.test(line));
  return lines.map((line) => JSON.parse(line) as unknown);
}

/** Runs an interpreter with the given words. */
export async function runPython(
  python: string,
  words: readonly string[],
  options: PythonOptions,
): Promise<PythonResult> {
  return await new Promise((resolve, reject) => {
    const child = spawn(python, words, {
      cwd: options.cwd,
      env: cliEnvironment({ PYTHONPATH: pythonFolder, RETORCH_NODE: process.execPath, ...options.env }),
      stdio: ["ignore", "pipe", "pipe"],
    });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    child.on("spawn", () => options.onStart?.(child.pid ?? 0));
    child.on("error", reject);
    child.on("close", (code, signal) => {
      resolve({ exitCode: code ?? undefined, signal: signal ?? undefined, stdout, stderr });
    });
  });
}

/** A module that compiles in half a second, named by TORCH_EXTENSION_NAME as torch's are; `answer()` gives the expression. */
export function jitModule(expression = "42", head = ""): string {
  return `#include <Python.h>
${head}
#define TEXT_OF(name) #name
#define TEXT(name) TEXT_OF(name)
#define JOINED_OF(a, b) a##b
#define JOINED(a, b) JOINED_OF(a, b)
static PyObject* answer(PyObject*, PyObject*) { return PyLong_FromLong(${expression}); }
static PyMethodDef methods[] = {{"answer", answer, METH_NOARGS, nullptr}, {nullptr, nullptr, 0, nullptr}};
static PyModuleDef definition = {PyModuleDef_HEAD_INIT, TEXT(TORCH_EXTENSION_NAME), nullptr, -1, methods};
PyMODINIT_FUNC JOINED(PyInit_, TORCH_EXTENSION_NAME)() { return PyModule_Create(&definition); }
`;
}
