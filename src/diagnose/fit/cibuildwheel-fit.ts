/**
 * The lines of a fix as options of cibuildwheel: it builds in containers and environments of its own, which a shell outside does not
 * reach. In a workflow's step they stand as its variables, else in pyproject.toml. It does not know which options the project has
 * already beside those that the log shows. Source: cibuildwheel.pypa.io, "Options" (before-all, before-build, environment,
 * build-frontend).
 */
import { assignmentsOf } from "./assignments.ts";
import { commandPart, isBuildLine, isLook } from "../commands/fix-lines.ts";
import { platformOf } from "../commands/command-words.ts";
import type { CiStep, Pair } from "../facts/ci-steps.ts";
import type { Match } from "../rule.ts";
import { quoted } from "./yaml-words.ts";

const withoutIsolation = /--no-(?:build-)?isolation\b/;

/** Packages of the system, as the container's or the runner's manager calls them. */
function packagesOf(command: string, all: readonly string[], { context: { log } }: Match): string | undefined {
  const plain = command.replaceAll(/\bsudo /g, "").replace(/^.*apt-get update && /, "");
  if (/^(?:brew|choco) install /.test(plain)) return plain;
  const rpm = /^(?:dnf|yum) install (?:-y )?(.*)$/.exec(plain)?.[1];
  if (rpm !== undefined) return `yum install -y ${rpm}`;
  const debian = /^apt-get install (?:-y )?(.*)$/.exec(plain)?.[1];
  if (debian === undefined) return undefined;
  // Its lists of what is left out name musllinux, too.
  if (log.musl && !log.ci?.steps.some(({ variables }) => variables.some(([, value]) => value.includes("musllinux"))))
    return `apk add ${debian}`;
  const named = all
    .map((line) => /^# Fedora, RHEL[^:]*: sudo dnf install ([^;]+)/.exec(line)?.[1])
    .find((each) => each !== undefined);
  return `yum install -y ${(named ?? debian.replaceAll(/\b([\w.+]+)-dev\b/g, "$1-devel")).trim()}`;
}

interface Options {
  readonly beforeAll: string[];
  readonly beforeBuild: string[];
  readonly environment: Pair[];
  readonly own: Pair[];
  readonly remarks: string[];
  isolation: boolean;
}

function optionsOf(lines: readonly string[], match: Match): Options {
  const made: Options = { beforeAll: [], beforeBuild: [], environment: [], own: [], remarks: [], isolation: true };
  for (const line of lines) {
    const command = commandPart(line).trim();
    const set = assignmentsOf(command);
    if (command === "") {
      if (!/^# (?:Fedora|Arch|then)\b/.test(line)) made.remarks.push(line);
    } else if (set !== undefined)
      for (const [name, value] of set) (name.startsWith("CIBW_") ? made.own : made.environment).push([name, value]);
    else if (withoutIsolation.test(command)) made.isolation = false;
    else if (/\bpip3? install /.test(command) && !isBuildLine(command, "make"))
      made.beforeBuild.push(command.replace(/^\S*python[\d.]* -m (?=pip )/, ""));
    else {
      const packages = packagesOf(command, lines, match);
      if (packages !== undefined) made.beforeAll.push(packages);
      else if (/^(?:sed -i|git |rm -rf |cp |mv |echo .*>)/.test(command))
        made.remarks.push(`# in the repository: ${line}`);
      else if (isLook(line) || isBuildLine(command)) continue;
    }
  }
  return made;
}

/** `CIBW_…`, as the step's variables have them. */
function asVariables(
  { beforeAll, beforeBuild, environment, own, isolation }: Options,
  shown: readonly Pair[],
  match: Match,
): Pair[] {
  const before = (name: string): string => shown.find(([other]) => other === name)?.[1] ?? "";
  const joined = (name: string, value: string, sign: string): Pair => [
    name,
    before(name) === "" ? value : `${before(name)}${sign}${value}`,
  ];
  const frontend = before("CIBW_BUILD_FRONTEND").startsWith("pip")
    ? "pip; args: --no-build-isolation"
    : "build; args: --no-isolation";
  const system = { linux: "_LINUX", darwin: "_MACOS", win32: "_WINDOWS" }[platformOf(match)];
  return [
    ...(beforeAll.length === 0 ? [] : [joined(`CIBW_BEFORE_ALL${system}`, beforeAll.join(" && "), " && ")]),
    ...(beforeBuild.length === 0 ? [] : [joined("CIBW_BEFORE_BUILD", beforeBuild.join(" && "), " && ")]),
    ...(isolation ? [] : [["CIBW_BUILD_FRONTEND", frontend] as const]),
    ...(environment.length === 0
      ? []
      : [
          joined(
            "CIBW_ENVIRONMENT",
            environment
              .map(([name, value]) => `${name}=${/^[\w./:+-]*$/.test(value) ? value : `"${value}"`}`)
              .join(" "),
            " ",
          ),
        ]),
    ...own,
  ];
}

/** The same as keys of [tool.cibuildwheel]. */
function asToml({ beforeAll, beforeBuild, environment, own, isolation }: Options, match: Match): string[] {
  const system = { linux: "linux", darwin: "macos", win32: "windows" }[platformOf(match)];
  const list = (key: string, values: readonly string[]): string[] =>
    values.length === 0 ? [] : [`${key} = ${quoted(values.join(" && "))}`];
  const inAll = [
    ...list("before-build", beforeBuild),
    ...(isolation ? [] : ['build-frontend = { name = "build", args = ["--no-isolation"] }']),
    ...(environment.length === 0
      ? []
      : [`environment = { ${environment.map(([name, value]) => `${name} = ${quoted(value)}`).join(", ")} }`]),
  ];
  const inSystem = list("before-all", beforeAll);
  return [
    ...(inAll.length === 0 ? [] : ["[tool.cibuildwheel]", ...inAll]),
    ...(inSystem.length === 0 ? [] : [`[tool.cibuildwheel.${system}]`, ...inSystem]),
    ...own.map(([name, value]) => `# and as a variable where cibuildwheel is started: ${name}=${quoted(value)}`),
  ];
}

/** The step that runs cibuildwheel, with the variables. */
function asStep(step: CiStep, variables: readonly Pair[]): string[] {
  const pad = "      ";
  const all = [...step.variables.filter(([name]) => !variables.some(([other]) => other === name)), ...variables];
  const inputs = step.inputs.filter(
    ([name, value]) =>
      value !== "" && !(name === "package-dir" && value === ".") && !(name === "output-dir" && value === "wheelhouse"),
  );
  const [first = "", ...rest] = step.script;
  return [
    ...(step.uses === undefined
      ? rest.length === 0
        ? [`${pad}- run: ${first}`]
        : [`${pad}- run: |`, ...step.script.map((line) => `${pad}    ${line}`)]
      : [
          `${pad}- uses: ${step.uses}`,
          ...(inputs.length === 0
            ? []
            : [`${pad}  with:`, ...inputs.map(([name, value]) => `${pad}    ${name}: ${quoted(value)}`)]),
        ]),
    `${pad}  env:`,
    ...all.map(([name, value]) => `${pad}    ${name}: ${quoted(value)}`),
  ];
}

/** The lines as cibuildwheel's options; unchanged where the message is not of a build that it runs. */
export function inCibuildwheel(lines: readonly string[], match: Match): readonly string[] {
  const { cibuildwheel, ci, notebook, dockerBuild } = match.context.log;
  if (!cibuildwheel || notebook || dockerBuild || lines.every((line) => line.startsWith("#"))) return lines;
  const options = optionsOf(lines, match);
  const step =
    ci?.service === "github"
      ? ci.steps.findLast(({ uses, script }) => /cibuildwheel/.test(`${uses ?? ""} ${script.join(" ")}`))
      : undefined;
  const variables = asVariables(options, step?.variables ?? [], match);
  if (variables.length === 0) return lines;
  if (step === undefined) {
    // What is told as a variable stays one, with pyproject.toml in its remark.
    if (options.own.length === variables.length) return lines;
    return ["# pyproject.toml, in these tables:", ...asToml(options, match), ...options.remarks];
  }
  const toml = asToml({ ...options, own: [] }, match);
  return [
    "# the workflow (.github/workflows), the step that runs cibuildwheel, with these variables:",
    ...asStep(step, variables),
    ...options.remarks,
    ...(toml.length === 0 ? [] : [`# the same in pyproject.toml: ${toml.join("; ").replaceAll("];", "]")}`]),
  ];
}
