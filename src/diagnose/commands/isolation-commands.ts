/** Commands that build a package again in the environment itself, where it sees torch: in the words of pip, uv, poetry, pdm and pixi. */
import { pixiWithoutIsolation } from "./pixi-commands.ts";
import { plainName } from "../../base/package-name.ts";
import { own } from "../../base/own.ts";
import { pip, platformOf, python, setVariable } from "./command-words.ts";
import { quote } from "../text/quote.ts";
import { originOf } from "../tables/packages.ts";
import { requestedWord } from "../facts/request-facts.ts";
import { inItsFolder } from "./typed-builds.ts";
import type { Match } from "../rule.ts";
import { mendedVariable } from "../facts/shown-compilers.ts";

/** Packages whose name is not that of their module. */
const packageOfBuildModule: Readonly<Record<string, string>> = {
  Cython: "cython",
  skbuild: "scikit-build",
  scikit_build_core: "scikit-build-core",
  mesonpy: "meson-python",
};

/** What the set-up scripts of some packages import beside torch, by name. Source: setup.py of each. */
const importedBySetup: Readonly<Record<string, readonly string[]>> = {
  "flash-attn": ["packaging", "psutil"],
  "causal-conv1d": ["packaging"],
  "mamba-ssm": ["packaging"],
};

/** How poetry, pdm and pixi run a command in the environment that they keep. */
const runners: Readonly<Record<string, string>> = { poetry: "poetry run ", pdm: "pdm run ", pixi: "pixi run " };

/** The folder of the prompt: `.`, `-e ".[test]"`. */
const ofHere = /^(?:-e )?"?\.[\\/]?(?:\[[\w,-]+\])?"?$/;

/** Another folder: `./csrc`, `-e ../ops`. */
const localFolder = /^(?:-e )?"?(?:\.{1,2}|~)?[\\/][\w./\\-]*\w[\\/]?(?:\[[\w,-]+\])?"?$/;

/** A folder that `setup.py develop` was to install: setuptools hands it to pip as an editable one (since 80). */
function editable(requirement: string, setupCommand: string | undefined): string {
  return /\bdevelop\b/.test(setupCommand ?? "") && /^(?:\.|[\\/]|[A-Za-z]:)/.test(requirement)
    ? `-e ${requirement}`
    : requirement;
}

/** The package that is built, for a command of pip: as it was asked for, `.` where nothing is named. */
export function packageToBuild({ context: { log } }: Match): string {
  const { package: built, requirement } = log;
  const [named = "", ...more] = log.requested ?? [];
  // Extras of what lies here: pip names its folder alone.
  if (
    built === undefined &&
    more.length === 0 &&
    /^(?:-e )?"\.\[/.test(named) &&
    /^(?:-e )?(?:\/|[A-Za-z]:)/.test(requirement ?? "")
  )
    return named;
  if (built === undefined)
    return requirement === undefined
      ? (log.asked ?? (log.clonedInto === undefined ? "." : quote(log.clonedInto)))
      : editable(requirement, log.setupCommand);
  // The folder that pip says it processes is the one that the command names.
  const [first, ...others] = log.requested ?? [];
  const only = others.length === 0 ? first : undefined;
  if (requirement !== undefined && /^(?:\/|[A-Z]:)/.test(requirement) && only !== undefined && ofHere.test(only))
    return only;
  // What PyPI does not have comes from its repository.
  const from = originOf(built)?.from;
  if (from !== undefined && (requirement === undefined || /^[\w.=-]+$/.test(requirement))) return `"${from}"`;
  if (requirement !== undefined) return editable(requirement, log.setupCommand);
  // Nothing is told of where it would come from but the folder that the command names.
  if (only !== undefined && (ofHere.test(only) || localFolder.test(only))) return only;
  // A folder below, by its path.
  if (
    only !== undefined &&
    plainName(/^"?[\w.-]+(?:[\\/][\w.-]+)*[\\/]([\w.-]+)[\\/]?"?$/.exec(only)?.[1] ?? "") === plainName(built)
  )
    return only;
  // One repository that carries the package's name is where it comes from.
  if (only !== undefined && plainName(nameOfRepository(only) ?? "") === plainName(built)) return only;
  return log.localPackages.includes(plainName(built)) ? "." : built;
}

/** The same with the options that the command in the text has: what it looks into, what it passes on. */
export function wordsToBuild(match: Match): string {
  return [packageToBuild(match), ...(match.context.log.options ?? [])].join(" ");
}

/** The same installation again, as the text has it. */
export function installAgain(match: Match): string[] {
  const { log } = match.context;
  if (log.requested === undefined) return [];
  const [written, ...others] = log.installs ?? [];
  const words =
    written === undefined || others.length > 0 ? [...log.requested, ...(log.options ?? [])].join(" ") : written;
  return [...variablesAgain(match), pip(match, `install ${words}`)];
}

/** setup.py's command where the text runs it: in a shell that goes on line by line somebody has gone there already. */
function inFolderOfSetup(match: Match, line: string): string[] {
  const typed = match.context.log.typed.findLast(({ kind }) => kind === "setup");
  return typed === undefined || typed.shell === "prompt" ? [line] : inItsFolder(match, typed, [line]);
}

/** Builds the package again, in the environment that has torch; nothing where the text tells of no installation. */
export function buildAgain(match: Match, remark = ""): string[] {
  const { log } = match.context;
  const wanted = packageToBuild(match);
  if (log.uvCommand !== undefined && /^(?:sync|lock|run|build)$/.test(log.uvCommand))
    return [`${log.uvLine ?? `uv ${log.uvCommand}${log.uvCommand === "run" ? " …" : ""}`}   # again`];
  if (log.setupCommand !== undefined && (log.requested === undefined || log.setupLast))
    return [...variablesAgain(match), ...inFolderOfSetup(match, `${python(match)} ${log.setupCommand}   # again`)];
  if (wanted === "." && log.installer === undefined) return [];
  const rest = restOfRequest(match);
  return [
    ...variablesAgain(match),
    `${pip(match, `install --no-build-isolation ${wordsToBuild(match)}`)}${remark}`,
    ...(rest === undefined
      ? []
      : [
          `${pip(match, `install ${switchFor(rest)}${[rest, ...(log.options ?? [])].join(" ")}`)}   # and all that was asked for`,
        ]),
  ];
}

/** The variables that the text has in front of its command. */
export function variablesAgain(match: Match): string[] {
  return (match.context.log.commandVariables ?? []).map(([name, value]) =>
    setVariable(match, name, mendedVariable(match, name, value)),
  );
}

/** `.\\raymarching`, and `j:\\w\\raymarching` as pip names it. */
function isSameFolder(requested: readonly string[], named: string): boolean {
  const last = (path: string): string | undefined => /[\\/]([\w.-]+)[\\/]?"?$/.exec(path)?.[1]?.toLowerCase();
  const [only = "", ...others] = requested;
  return (
    others.length === 0 &&
    /^"?(?:\.{1,2}[\\/]|[\w.-]+[\\/])/.test(only) &&
    /^"?(?:[A-Za-z]:)?[\\/]/.test(named) &&
    !only.includes("git+") &&
    last(only) !== undefined &&
    last(only) === last(named)
  );
}

/** What lies here has a build system of its own to be fetched, and its dependency is installed by then. */
function switchFor(rest: string): string {
  return ofHere.test(rest) ? "" : "--no-build-isolation ";
}

/** A release of PyPI's, and no folder. */
function isRelease({ context: { log } }: Match, wanted: string): boolean {
  return /^[\w.-]+==[\w.+!-]+$/.test(wanted) && !log.localPackages.includes(plainName(wanted.split("==")[0] ?? ""));
}

/** What the whole command asked for, where the package is a part or a dependency of it. */
function restOfRequest(match: Match): string | undefined {
  const { requested = [], package: built } = match.context.log;
  const all = requested.join(" ");
  // A folder as pip names it, and the same from within.
  const wanted = packageToBuild(match);
  // A dependency of what lies here.
  if (ofHere.test(all) && built !== undefined && isRelease(match, wanted)) return all;
  // What lies here, extras and all, is what could not be built: `-e ".[dev]"`.
  if (built === undefined && ofHere.test(all) && /^(?:-e )?"?(?:[A-Za-z]:)?[\\/]/.test(wanted)) return undefined;
  if (/^(?:-e )?\.?\/?$/.test(all) || all === wanted.replace(/^\.\//, "") || isSameFolder(requested, wanted))
    return undefined;
  const isIt = requested.length === 1 && built !== undefined && requestedWord({ requested }, built) !== undefined;
  return isIt ? undefined : all;
}

/**
 * Has the isolated build of a package bring a tool that needs no torch: the project's own pyproject.toml asks for it. A package
 * of somebody else is built in the environment at hand.
 */
export function buildRequirement(match: Match, name: string): string[] {
  const { requested = [], localPackages, package: built } = match.context.log;
  const folder = /^(?:-e )?"?(\.|(?:\.{0,2}\/)?[\w./-]*\/[\w.-]+)(?:\[[\w,-]+\])?"?$/.exec(requested.join(" "))?.[1];
  const own =
    folder !== undefined || (requested.length === 0 && built !== undefined && localPackages.includes(plainName(built)));
  if (!own || platformOf(match) === "win32")
    return own
      ? [`# pyproject.toml, [build-system]: add "${name}" to requires`]
      : [
          pip(match, `install ${name} setuptools wheel`),
          pip(
            match,
            `install --no-build-isolation ${packageToBuild(match)}   # with all else that its build-system.requires names installed before`,
          ),
        ];
  const file = folder === undefined || folder === "." ? "pyproject.toml" : `${folder}/pyproject.toml`;
  return [
    `sed -i.bak 's/^requires = \\[/requires = ["${name}", /' ${file}   # [build-system]: requires = ["${name}", …]`,
  ];
}

/** Options of a command that another one beside it needs as well: where packages come from, and that they may be put there. */
const ofPlace =
  /^(?:--break-system-packages|--user|--trusted-host[ =].*|(?:-i|--(?:extra-)?index-url)[ =].*|--no-cache-dir)$/;

/** What a build without isolation finds installed: torch in the release that the text's list asks for, and where its command looks. */
function preparation({ context: { log } }: Match, needed: readonly string[]): string {
  const { options = [], torch, installedTorch } = log;
  const release = installedTorch === undefined && /^\d+\.\d+\.\d+$/.test(torch ?? "") ? torch : undefined;
  return [
    ...needed.map((name) => (name === "torch" && release !== undefined ? `torch==${release}` : name)),
    ...options.filter((option) => ofPlace.test(option)),
  ].join(" ");
}

/** Installs a package again without build isolation. */
export function installWithoutIsolation(match: Match): string[] {
  const { log } = match.context;
  const wanted = packageToBuild(match);
  const name = log.package ?? log.asked ?? nameOfRepository(wanted) ?? "<the package>";
  // What the build imports beside torch has to be there, too.
  const module = own(packageOfBuildModule, match.facts["module"] ?? "") ?? match.facts["module"] ?? "torch";
  const needed = ["torch", "setuptools", "wheel", "ninja"];
  for (const each of [module, ...(own(importedBySetup, plainName(name)) ?? [])])
    if (/^[\w.-]+$/.test(each) && !needed.includes(each)) needed.push(each);
  // torch-sys as a part of a package of Python's.
  if (log.host === "rust") needed.push("maturin");
  if (log.pixi) return pixiWithoutIsolation(match, name, wanted);
  const { installer, uvCommand, options = [] } = log;
  const rest = restOfRequest(match);
  const more = options.map((option) => ` ${option}`).join("");
  if (installer === "uv" || uvCommand !== undefined) {
    const inProject = `pyproject.toml: [tool.uv.extra-build-dependencies] ${name} = [{ requirement = "torch", match-runtime = true }]`;
    if (uvCommand !== undefined && !/^(?:pip|tool)$/.test(uvCommand))
      return [
        `# ${inProject}`,
        `${uvCommand === "add" || uvCommand === "run" ? `uv ${uvCommand}` : (log.uvLine ?? `uv ${uvCommand}`)}${uvCommand === "add" && wanted !== "." ? ` ${wanted}` : uvCommand === "run" ? " …" : ""}   # the build then sees the project's torch (a new uv: uv self update)`,
        `# or without a file: uv pip install ${needed.join(" ")} && uv pip install --no-build-isolation ${wanted}`,
      ];
    const named = options.find((option) => /^(?:--python|-p)[ =]/.test(option));
    const environment = log.uvEnvironment ?? named?.replace(/^\S+?[ =]/, "");
    const more = options
      .filter((option) => option !== named)
      .map((option) => ` ${option}`)
      .join("");
    const uvPip = `uv pip install${log.uvSystem ? " --system" : environment === undefined ? "" : ` --python ${environment}`}`;
    return [
      `${uvPip} ${needed.join(" ")}`,
      ...variablesAgain(match),
      `${uvPip} --no-build-isolation ${wanted}${more}`,
      ...(rest === undefined ? [] : [`${uvPip} ${switchFor(rest)}${rest}${more}   # and all that was asked for`]),
      `# for uv sync and uv lock, in ${inProject}`,
    ];
  }
  if (installer === "pdm")
    return [
      `pdm add ${needed.join(" ")}`,
      `pdm add --no-isolation ${wanted}   # the build then sees what the project has`,
    ];
  // Conda hands the list under `pip:` to pip; which package of it that is, nothing tells.
  if (
    wanted === "." &&
    match.context.findings.some(({ text }) => /^(?:CondaEnvException|Pip subprocess error)/.test(text))
  )
    return [
      "# environment.yml: take the package that is built (flash-attn, apex, …) out of the list under pip:, then",
      "conda env update -f environment.yml",
      "# in that environment: python -m pip install --no-build-isolation <the package>",
    ];
  const runner = own(runners, installer ?? "");
  const pipHere = `${runner === undefined ? python(match) : `${runner}python`} -m pip install`;
  return [
    `${pipHere} ${preparation(match, needed)}`,
    ...variablesAgain(match),
    `${pipHere} --no-build-isolation ${wanted}${more}`,
    ...(rest === undefined ? [] : [`${pipHere} ${switchFor(rest)}${rest}${more}   # and all that was asked for`]),
  ];
}

/** The last part of a repository's address, which is often the package's name. */
function nameOfRepository(requirement: string): string | undefined {
  return /^"?git\+.*?\/([\w.-]+?)(?:\.git)?(?:[@#].*)?"?$/.exec(requirement)?.[1];
}
