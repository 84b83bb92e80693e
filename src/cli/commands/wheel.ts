/**
 * `retorch wheel`: builds a wheel with the build backend of the Python package, in the target Python. It finds the project
 * and the Python, and hands over.
 */
import { dirname, join, resolve } from "node:path";
import { failure } from "../../base/failure.ts";
import { compareVersions } from "../../base/order.ts";
import { err, ok, type Result } from "../../base/result.ts";
import type { Host } from "../../host/host.ts";
import { sayFailure, type CommandContext } from "../context.ts";
import type { CommandInput, OptionValues } from "../spec.ts";
import type { wheelOptions } from "../options.ts";

type Options = OptionValues<typeof wheelOptions>;

/** What a package can be made of. */
const descriptions = ["pyproject.toml", "setup.py"];

/** `Requires-Python` of the Python package. */
const oldestPython = [3, 10];

export async function run(
  context: CommandContext,
  { options, operands }: CommandInput<typeof wheelOptions>,
): Promise<number> {
  const { host, program, services } = context;
  const project = projectFolder(host, operands[0]);
  if (!project.ok) return sayFailure(context, project.error);
  const settings = settingsOf(options);
  if (!settings.ok) return sayFailure(context, settings.error);
  const script = services.pythonPackage();
  if (!script.ok) return sayFailure(context, script.error);
  const environment = await services.environment(host, { folder: project.value, python: options.python });
  if (!environment.ok) return sayFailure(context, environment.error);
  const { python, problems } = environment.value;
  if (python === undefined) {
    return sayFailure(context, problems.python ?? failure("PYTHON_NOT_FOUND", "no Python was found"));
  }
  if (compareVersions(python.version, oldestPython) < 0) {
    return sayFailure(
      context,
      failure(
        "PYTHON_TOO_OLD",
        `\`${python.executable}\` is Python ${python.version.join(".")}, and the build backend needs ${oldestPython.join(".")} or later`,
        { hint: "name a later one with `--python`; `retorch build` builds extensions for this one, too" },
      ),
    );
  }
  const request = {
    project: project.value,
    out: resolve(host.cwd, options.out ?? join(project.value, "dist")),
    settings: settings.value,
    verbose: options.verbose,
    quiet: options.quiet,
    json: options.json,
  };
  // It writes the path, or the object, to standard output itself.
  const ended = await services.foreground({
    argv: [python.executable, join(script.value, "_wheel.py"), JSON.stringify(request)],
    cwd: project.value,
    env: { ...host.env, RETORCH_NODE: host.env["RETORCH_NODE"] ?? program.nodePath },
  });
  if (ended.startError !== undefined) {
    return sayFailure(
      context,
      failure("PYTHON_NOT_FOUND", `\`${python.executable}\` cannot be run (${ended.startError})`),
    );
  }
  return ended.status ?? 1;
}

/** The folder that is given, else the nearest one upwards that describes a package. */
function projectFolder(host: Host, given: string | undefined): Result<string> {
  const describes = (folder: string): boolean =>
    descriptions.some((name) => host.fs.stat(join(folder, name))?.kind === "file");
  const hint = "a wheel has a name and a version: `retorch wheel` takes them from `[project]` in a pyproject.toml";
  if (given !== undefined) {
    const folder = resolve(host.cwd, given);
    const kind = host.fs.stat(folder)?.kind;
    if (kind === undefined) return err(failure("PATH_NOT_FOUND", `\`${given}\` does not exist`));
    if (kind !== "directory") return err(failure("USAGE", `\`${given}\` is not a folder`));
    if (describes(folder)) return ok(folder);
    return err(failure("PATH_NOT_FOUND", `\`${given}\` has neither a pyproject.toml nor a setup.py`, { hint }));
  }
  for (let folder = host.cwd; ; folder = dirname(folder)) {
    if (describes(folder)) return ok(folder);
    if (folder === dirname(folder)) break;
  }
  return err(failure("PATH_NOT_FOUND", "there is no pyproject.toml or setup.py here or above", { hint }));
}

/** Options of the command line as the backend's settings; these and `-C` may name the same only once. */
function settingsOf(options: Options): Result<Record<string, string | string[]>> {
  const settings = new Map<string, string[]>();
  const put = (key: string, values: readonly string[]): void => {
    if (values.length > 0) settings.set(key, [...(settings.get(key) ?? []), ...values]);
  };
  for (const word of options["config-setting"]) {
    const at = word.indexOf("=");
    if (at <= 0) {
      return err(
        failure("USAGE", `\`${word}\` is no setting`, { hint: "write `-C KEY=VALUE`, e.g. `-C build-args=-j4`" }),
      );
    }
    put(word.slice(0, at), [word.slice(at + 1)]);
  }
  put("arch", options.arch.length === 0 ? [] : [options.arch.join(";")]);
  put("profile", options.profile === undefined ? [] : [options.profile]);
  put("jobs", options.jobs === undefined ? [] : [String(options.jobs)]);
  return ok(
    Object.fromEntries([...settings].map(([key, values]) => [key, values.length === 1 ? (values[0] ?? "") : values])),
  );
}
