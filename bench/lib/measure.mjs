// Runs commands: measured (through measure.py), counted (through strace) or just run.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";

/** The environment of everything that is started here. */
export function childEnvironment(more = {}) {
  const env = { ...process.env };
  for (const name of Object.keys(env)) {
    // The variables that change what is compiled or how, and those that slow Node down at its start.
    if (
      /^(?:NODE_|RETORCH_|TORCH_|CC$|CXX$|C[XP]*FLAGS$|LDFLAGS$|CPATH$|MAX_JOBS$|NVCC|CUDA|CCACHE_|npm_)/.test(name)
    ) {
      delete env[name];
    }
  }
  // PyTorch's own builder uses the ccache that it finds: only the contender of that name may remember objects.
  return { ...env, CCACHE_DISABLE: "1", ...more };
}

/** Runs something that must succeed, unmeasured. Returns its stdout. */
export function runOrThrow(program, args, options = {}) {
  const result = spawnSync(program, args, {
    encoding: "utf8",
    maxBuffer: 1 << 30,
    env: childEnvironment(),
    ...options,
  });
  if (result.status !== 0) {
    const said = `${result.stdout ?? ""}${result.stderr ?? ""}`.split("\n").slice(-30).join("\n");
    throw new Error(`\`${[program, ...args].join(" ").slice(0, 300)}\` ended with ${result.status}\n${said}`);
  }
  return result.stdout;
}

/** Runs a command once and says what it used. A command is `{ argv, cwd, env?, mayFail? }`. */
export function measure(context, command) {
  const result = join(context.scratch, "measured.json");
  const output = join(context.scratch, "measured.txt");
  rmSync(result, { force: true });
  const helper = join(context.bench, "lib", "measure.py");
  const done = spawnSync(context.tools.systemPython, ["-IS", helper, result, output, ...command.argv], {
    cwd: command.cwd,
    env: childEnvironment(command.env),
    stdio: ["ignore", "inherit", "inherit"],
  });
  if (done.status !== 0 || !existsSync(result)) throw new Error(`could not run ${command.argv.join(" ")}`);
  const measured = JSON.parse(readFileSync(result, "utf8"));
  if (measured.code !== 0 && command.mayFail !== true) {
    throw new Error(`\`${command.argv.join(" ")}\` ended with ${measured.code}\n${readFileSync(output, "utf8")}`);
  }
  return { ...measured, cpu: measured.user + measured.system, output: readFileSync(output, "utf8") };
}

/** How many programs a command starts, itself included: successful `execve` calls, in a run of its own. */
export function countPrograms(context, command) {
  if (context.tools.strace === undefined) return undefined;
  const log = join(context.scratch, "execve.txt");
  const argv = ["-f", "-qq", "-e", "trace=execve", "-e", "signal=none", "-o", log, ...command.argv];
  spawnSync(context.tools.strace, argv, { cwd: command.cwd, env: childEnvironment(command.env), stdio: "ignore" });
  const text = readFileSync(log, "utf8");
  // A call that another process interrupted is written in two lines: the second says how it ended.
  return text.split("\n").filter((line) => /execve.*\)\s+= 0$/.test(line)).length;
}

/** The middle value, or the mean of the two in the middle. */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
