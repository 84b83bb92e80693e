/** Commands that build a package again in the environment itself, where it sees torch: in the words of pip, uv, poetry, pdm and pixi. */
import { own } from "../base/own.ts";
import { python } from "./command-words.ts";
import { originOf, plainName } from "./packages.ts";
import { requestedWord } from "./request-facts.ts";
import type { Match } from "./rule.ts";

/** Packages whose name is not that of their module. */
const packageOfBuildModule: Readonly<Record<string, string>> = {
  Cython: "cython",
  skbuild: "scikit-build",
  scikit_build_core: "scikit-build-core",
  mesonpy: "meson-python",
};

/** How poetry, pdm and pixi run a command in the environment that they keep. */
const runners: Readonly<Record<string, string>> = { poetry: "poetry run ", pdm: "pdm run ", pixi: "pixi run " };

/** The package that is built, for a command of pip: as it was asked for, `.` where nothing is named. */
export function packageToBuild({ context: { log } }: Match): string {
  const { package: built, requirement } = log;
  if (built === undefined) return requirement ?? log.asked ?? ".";
  // What PyPI does not have comes from its repository.
  const from = originOf(built)?.from;
  if (from !== undefined && (requirement === undefined || /^[\w.=-]+$/.test(requirement))) return `"${from}"`;
  return requirement ?? (log.localPackages.includes(plainName(built)) ? "." : built);
}

/** What the whole command asked for, where the package is a part or a dependency of it. */
function restOfRequest(match: Match): string | undefined {
  const { requested = [], package: built } = match.context.log;
  const all = requested.join(" ");
  // A folder as pip names it, and the same from within.
  if (/^(?:-e )?\.?\/?$/.test(all) || all === packageToBuild(match).replace(/^\.\//, "")) return undefined;
  const isIt = requested.length === 1 && built !== undefined && requestedWord({ requested }, built) !== undefined;
  return isIt ? undefined : all;
}

/** Installs a package again without build isolation. */
export function installWithoutIsolation(match: Match): string[] {
  const { log } = match.context;
  const wanted = packageToBuild(match);
  const name = log.package ?? log.asked ?? nameOfRepository(wanted) ?? "<the package>";
  // What the build imports beside torch has to be there, too.
  const module = own(packageOfBuildModule, match.facts["module"] ?? "") ?? match.facts["module"] ?? "torch";
  const needed = ["torch", "setuptools", "wheel", "ninja"];
  if (/^[\w.-]+$/.test(module) && !needed.includes(module)) needed.push(module);
  if (log.pixi)
    return [
      `# pixi.toml: [pypi-options] no-build-isolation = ["${name}"], and torch with what the build needs from conda: [dependencies] pytorch-gpu = "*", setuptools = "*", ninja = "*", cuda-nvcc = "*"`,
      "pixi install",
      `pixi run python -m pip install --no-build-isolation ${wanted}   # or outside of the lock file`,
    ];
  const { installer, uvCommand } = log;
  const rest = restOfRequest(match);
  if (installer === "uv" || uvCommand !== undefined) {
    const inProject = `pyproject.toml: [tool.uv.extra-build-dependencies] ${name} = [{ requirement = "torch", match-runtime = true }]`;
    if (uvCommand !== undefined && !/^(?:pip|tool)$/.test(uvCommand))
      return [
        `# ${inProject}`,
        `uv ${uvCommand}${uvCommand === "add" && wanted !== "." ? ` ${wanted}` : uvCommand === "run" ? " …" : ""}   # the build then sees the project's torch (a new uv: uv self update)`,
        `# or without a file: uv pip install ${needed.join(" ")} && uv pip install --no-build-isolation ${wanted}`,
      ];
    const uvPip = `uv pip install${log.uvSystem ? " --system" : ""}`;
    return [
      `${uvPip} ${needed.join(" ")}`,
      `${uvPip} --no-build-isolation ${wanted}`,
      ...(rest === undefined ? [] : [`${uvPip} --no-build-isolation ${rest}   # and all that was asked for`]),
      `# for uv sync and uv lock, in ${inProject}`,
    ];
  }
  if (installer === "pdm")
    return [
      `pdm add ${needed.join(" ")}`,
      `pdm add --no-isolation ${wanted}   # the build then sees what the project has`,
    ];
  const runner = own(runners, installer ?? "");
  const pipHere = `${runner === undefined ? python(match) : `${runner}python`} -m pip install`;
  return [
    `${pipHere} ${needed.join(" ")}`,
    `${pipHere} --no-build-isolation ${wanted}`,
    ...(rest === undefined ? [] : [`${pipHere} --no-build-isolation ${rest}   # and all that was asked for`]),
  ];
}

/** The last part of a repository's address, which is often the package's name. */
function nameOfRepository(requirement: string): string | undefined {
  return /^"?git\+.*?\/([\w.-]+?)(?:\.git)?(?:[@#].*)?"?$/.exec(requirement)?.[1];
}
