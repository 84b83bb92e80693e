// Running programs from the scripts.
import { spawn } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";

/**
 * Runs a program to its end. `output: "capture"` collects stdout and stderr, `"show"` passes both on, `"result"`
 * collects stdout and passes stderr on. `onStart` is told the process id. Never rejects: a program that cannot be
 * started has exit code 127.
 */
export function run(command, args, options = {}) {
  const { cwd, env = process.env, output = "capture", timeoutMs, shell = false, onStart } = options;
  return new Promise((resolve) => {
    const stdio = {
      capture: ["ignore", "pipe", "pipe"],
      show: ["ignore", "inherit", "inherit"],
      result: ["ignore", "pipe", "inherit"],
    };
    const child = spawn(command, args, {
      cwd,
      env,
      shell,
      stdio: stdio[output],
      timeout: timeoutMs,
      killSignal: "SIGKILL",
    });
    if (child.pid !== undefined) onStart?.(child.pid);
    let stdout = "";
    let stderr = "";
    child.stdout?.setEncoding("utf8").on("data", (text) => (stdout += text));
    child.stderr?.setEncoding("utf8").on("data", (text) => (stderr += text));
    child.on("error", (error) => resolve({ code: 127, stdout, stderr: stderr + error.message }));
    child.on("close", (code, signal) => resolve({ code: code ?? 1, signal, stdout, stderr }));
  });
}

/** The absolute path of a program on PATH, or undefined. */
export function which(name, path = process.env.PATH ?? "") {
  if (isAbsolute(name)) return executable(name) ? name : undefined;
  const suffixes = process.platform === "win32" ? [".exe", ".cmd", ".bat"] : [""];
  for (const folder of path.split(delimiter)) {
    for (const suffix of suffixes) {
      const candidate = join(folder, name + suffix);
      if (folder !== "" && executable(candidate)) return candidate;
    }
  }
  return undefined;
}

function executable(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** The last lines of a text, for error messages. */
export function tail(text, lines = 15) {
  return text.trimEnd().split("\n").slice(-lines).join("\n");
}
