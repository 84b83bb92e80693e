/** Modules and backends that a build needs and that are not there: setuptools and its parts, wheel, what Python took out. */
import { plainName } from "../../base/package-name.ts";
import { buildFrame, byIsolatingBuild, installing } from "./installer-builds.ts";
import { installAgain, platformOf, pip, pythonVersion, packageToBuild, wordsToBuild } from "../commands/commands.ts";
import { askedOfPython, askedPython } from "../commands/asked-python.ts";

import { coded, type Match, type Rule, said, saidAny } from "../rule.ts";

/** The import that failed stands in torch's own code. */
function ofTorch(match: Match): boolean {
  return /(?:site|dist)-packages[\\/]torch[\\/]|[\\/]torch[\\/]utils[\\/]cpp_extension\.py/.test(
    match.finding.frames?.at(-1) ?? "",
  );
}

/** A program that runs asks for the module, no build. */
function atRunTime(match: Match): boolean {
  const frames = match.finding.frames ?? [];
  return (
    /(?:site|dist)-packages[\\/]/.test(frames.at(-1) ?? "") &&
    !frames.some((frame) => buildFrame.test(frame)) &&
    !installing(match)
  );
}

/** Whether it happened in the environment that pip or uv makes for a build: what is installed outside changes nothing there. */
function inIsolation(match: Match): boolean {
  return match.finding.frames?.some((frame) => /pip-build-env-|builds-v0[\\/]/.test(frame)) === true;
}

/** The release that is built: uv names it, pip collected it last. */
function builtRelease({ context }: Match): string | undefined {
  const fetched = context.findings
    .map(
      ({ message }) =>
        /Failed to (?:fetch wheel|build|download and build):? [`']?([A-Za-z][\w.-]*(?:==[\w.]+)?)/.exec(message)?.[1],
    )
    .find((name) => name !== undefined);
  return fetched ?? context.log.package;
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(", ");
}

function named(match: Match): string {
  const built = builtRelease(match);
  return built === undefined ? "" : ` (\`${built}\`)`;
}

/** The user's own setup.py asks, run by Python itself. */
function ownSetup({ finding, context }: Match): boolean {
  return (
    context.log.setupCommand !== undefined &&
    /(?:^|[\\/])setup\w*\.py:/.test(finding.frames?.at(-1) ?? "") &&
    !context.findings.some(({ kind }) => kind === "installer")
  );
}

/** The backend that a misspelt name was to be. */
function backendMeant(name: string): string {
  const known = ["hatchling.build", "flit_core.buildapi", "scikit_build_core.build", "poetry.core.masonry.api"];
  if (name.startsWith("mesonpy")) return "mesonpy";
  return known.find((each) => each.split(".")[0] === name.split(".")[0]) ?? "setuptools.build_meta";
}

/** Whether a script that was started made the environment: what is installed before it lands elsewhere. */
function inScriptsEnvironment({ context: { log } }: Match): boolean {
  return (
    log.uvMadeEnvironment === true &&
    log.typed.some(({ line }) => /^(?:(?:bash|sh) (?:-\w+ )*)?\S+\.sh\b/.test(line)) &&
    !log.typed.some(({ line }) => /\buv (?:venv|sync|run)\b/.test(line))
  );
}

export const buildModuleRules: readonly Rule[] = [
  {
    id: "build-module-missing",
    title: "A module that the build needs is not installed",
    on: ["exception", "installer"],
    specificity: 74,
    matches: (finding, context) => {
      if (finding.kind === "installer") {
        if (
          finding.code === "invalid-command" &&
          !/^(?:bdist_wheel|egg_info|develop|dist_info|editable_wheel)$/.test(finding.symbol ?? "")
        )
          return undefined;
        if (finding.code === "invalid-command")
          return {
            module: finding.symbol === "bdist_wheel" ? "wheel" : finding.symbol,
            // pip then goes on without a wheel (setup.py install), and what it ends with is the matter.
            passed: context.findings.some(
              (other) =>
                other.at > finding.at &&
                /^(?:compile|missing-header|link|undefined-symbol|tool-died|driver)$/.test(other.kind) &&
                other.severity !== "warning",
            )
              ? "yes"
              : undefined,
          };
        if (finding.code === "plain-output")
          return said(finding, /Failed to import the '(?<module>pkg_resources)' Python module/);
        return coded(finding, "backend-unavailable") === undefined || finding.symbol === undefined
          ? undefined
          : { module: finding.symbol.split(".")[0] };
      }
      return saidAny(
        finding,
        /No module named ['"]?(?<module>setuptools|wheel|pkg_resources|distutils|imp|pip|build|hatchling|flit_core|poetry|scikit_build_core|skbuild|pybind11|Cython|ninja|mesonpy|packaging)(?:\.[\w.]+)?(?=['"\s]|$)/,
        /No module named ['"]?(?<module>distutils)\.(?<name>msvccompiler|_msvccompiler|bcppcompiler)['"]?/,
        /cannot import name ['"]?(?<name>packaging|bdist_wheel|Distribution|Requirement|msvccompiler|_msvccompiler)['"]? from ['"]?(?<module>pkg_resources|setuptools|wheel|distutils)/,
        /Cannot import '(?<module>setuptools|\w+)(?:\.[\w.]+)?'/,
        /module 'pkgutil' has no attribute '(?<module>ImpImporter)'/,
        /module 'setuptools(?:\.[\w.]+)?' has no attribute/,
        /'(?<name>install_layout)'|use_2to3 is invalid/,
      );
    },
    confidence: (match) => (match.facts["passed"] === undefined ? "high" : "low"),
    cause: (match) => {
      const module = match.facts["module"] ?? "setuptools";
      if (/compiler$/.test(match.facts["name"] ?? ""))
        return `setuptools 74 took \`distutils.${match.facts["name"] ?? ""}\` away; the package (often an old numpy.distutils) still asks for it.`;
      if (module === "distutils" && inIsolation(match))
        return `\`distutils\` was taken out of Python 3.12, and what is built here${named(match)} is a release from before that: it has no wheel for this Python${pythonVersion(match) === undefined ? "" : ` (${pythonVersion(match) ?? ""})`}, and asks for a setuptools that is older, too.`;
      if (module === "ImpImporter" && inIsolation(match))
        return `\`pkgutil.ImpImporter\` was taken out of Python 3.12, and the build's own environment has a setuptools from before that: the package${named(match)} pins an old one in build-system.requires. A newer setuptools outside of it changes nothing.`;
      if (module === "distutils" || module === "ImpImporter" || module === "imp")
        return `\`${module === "ImpImporter" ? "pkgutil.ImpImporter" : module}\` was taken out of Python 3.12: setuptools (or pip, or the package) is too old for this Python${pythonVersion(match) === undefined ? "" : ` (${pythonVersion(match) ?? ""})`}.`;
      if (module === "pkg_resources" && ofTorch(match))
        return "torch itself (older releases, 2.1 among them: torch/utils/cpp_extension.py) imports packaging from pkg_resources: setuptools is not installed, lost that import (since 70), or lost pkg_resources (since 82).";
      if (module === "pkg_resources" && atRunTime(match))
        return "An installed program imports pkg_resources, which setuptools (82 and newer) no longer has, and which a new environment (Python 3.12 and newer) lacks altogether.";
      if (module === "pkg_resources")
        return "pkg_resources is no longer part of the newest setuptools (since 82) or lost what the package's setup.py imports from it (packaging, since 70): the setup.py is older than setuptools.";
      if (byIsolatingBuild(match))
        return `\`${module}\` is wanted, and the environment that \`build\` makes for the build does not have it: it holds what build-system.requires of pyproject.toml names, and nothing of the environment around it.`;
      return `Building needs the module \`${module}\`, which is not there: without build isolation it has to be installed in the environment itself (uv's environments start without setuptools and wheel).`;
    },
    fix: (match) => {
      const module = match.facts["module"] ?? "setuptools";
      const asked = askedPython(match);
      if (asked !== undefined)
        return [`${asked} -m pip install ${module}`, ...askedOfPython(match), "# then make again"];
      if (/compiler$/.test(match.facts["name"] ?? ""))
        return [
          pip(match, 'install "setuptools<74" wheel'),
          pip(match, `install --no-build-isolation ${wordsToBuild(match)}`),
        ];
      if (module === "pkg_resources" && ofTorch(match) && inScriptsEnvironment(match))
        return [
          "printf 'setuptools<70\\n' > /tmp/constraints.txt",
          "export UV_CONSTRAINT=/tmp/constraints.txt   # the script makes its environment itself: each uv pip install in it then takes such a setuptools",
          '# for good: "setuptools<70" in place of setuptools where the script installs it with uv; or a newer torch (2.2), which does without pkg_resources',
        ];
      if (module === "pkg_resources" && ofTorch(match))
        return [
          pip(match, 'install "setuptools<70"'),
          "# or a newer torch, which does without pkg_resources",
          ...(installing(match) ? [pip(match, `install --no-build-isolation ${wordsToBuild(match)}`)] : []),
        ];
      if (module === "pkg_resources" && atRunTime(match))
        return [`${pip(match, 'install "setuptools<81"')}   # then the same command`];
      const inProject = match.context.log.uvCommand;
      if (module === "pkg_resources" && inProject !== undefined && !/^(?:pip|tool)$/.test(inProject))
        return [
          `# pyproject.toml: [tool.uv] build-constraint-dependencies = ["setuptools<${match.facts["name"] === undefined ? "81" : "70"}"]`,
          `uv ${inProject}${inProject === "run" ? " …" : ""}   # the build then gets a setuptools that has it (an old uv: uv self update)`,
          `# or without a file: uv pip install "setuptools<81" wheel && uv pip install --no-build-isolation ${wordsToBuild(match)}`,
        ];
      if (module === "pkg_resources")
        return [
          pip(match, `install "setuptools<${match.facts["name"] === undefined ? "81" : "70"}" wheel`),
          pip(match, `install --no-build-isolation ${wordsToBuild(match)}`),
        ];
      const release = builtRelease(match);
      if (module === "ImpImporter" && inIsolation(match) && release?.startsWith("numpy") !== true)
        return [
          pip(match, 'install "setuptools<81" wheel ninja'),
          pip(match, `install --no-build-isolation ${wordsToBuild(match)}`) +
            "   # with the setuptools above, and the torch that is installed",
          "# the package's own code may be of that time, too: a newer release of it, or an environment with Python 3.11",
        ];
      if ((module === "distutils" || module === "ImpImporter") && inIsolation(match)) {
        return [
          release?.startsWith("numpy") === true
            ? pip(match, 'install "numpy>=1.26"') +
              "   # the first numpy with wheels for Python 3.12; the pin (requirements, pyproject.toml, another package's metadata) has to allow it"
            : `# a newer release of ${release ?? "the package that is built"}: take away or raise the pin (==) in requirements.txt or pyproject.toml; uv: constraint-dependencies`,
          "# or an environment with Python 3.11, for which the pinned release has a wheel: uv venv --python 3.11   (conda create -n e python=3.11)",
        ];
      }
      if (module === "distutils" && ownSetup(match))
        return [
          `${pip(match, "install --upgrade setuptools")}   # brings a distutils of its own`,
          "# in setup.py: from setuptools import setup, Extension in place of distutils.core, before torch.utils.cpp_extension",
        ];
      if (module === "distutils" || module === "ImpImporter" || module === "imp")
        return [
          pip(match, "install --upgrade pip setuptools wheel"),
          "# or use Python 3.11 for a package that needs the old ones",
        ];
      const name =
        {
          skbuild: "scikit-build",
          scikit_build_core: "scikit-build-core",
          mesonpy: "meson-python",
          flit_core: "flit-core",
          poetry: "poetry-core",
        }[module] ?? module;
      const { uvCommand, package: built } = match.context.log;
      const isolating = byIsolatingBuild(match) ? match.context.log.typedBuild?.line : undefined;
      if (isolating !== undefined)
        return [
          `${pip(match, `install ${[...new Set([name, "setuptools", "wheel"])].join(" ")}`)}   # and torch, when the project builds with it`,
          `${isolating} --no-isolation`,
          `# for others as well: name ${name} in requires of pyproject.toml, [build-system]`,
        ];
      if (match.context.log.pixi)
        return [
          `pixi add ${[...new Set(["setuptools", name])].join(" ")}   # a package of [pypi-options] no-build-isolation is built with what conda brings, and nothing else`,
          ...(match.context.log.pixiProject.condaTorch === true
            ? []
            : [
                "# one of them imports torch as it is built (flash-attn, deepspeed): torch has to be conda's, too: torch and torchvision out of [pypi-dependencies], then pixi add pytorch-gpu torchvision ninja",
              ]),
          "pixi install",
        ];
      // uv cannot match the release of torch for a package of which only a build tells the metadata (a repository).
      if (uvCommand !== undefined && !/^(?:pip|tool)$/.test(uvCommand) && installing(match)) {
        const { uvLine } = match.context.log;
        const again =
          uvLine?.startsWith(`uv ${uvCommand} `) === true && uvCommand === "sync"
            ? uvLine
            : `uv ${uvCommand}${uvCommand === "add" ? ` ${packageToBuild(match)}` : uvCommand === "run" ? " …" : ""}`;
        const more = [
          ...(/^(?:setuptools|wheel)$/.test(name) ? [] : [name]),
          // Its setup.py imports them (Dao-AILab/flash-attention, setup.py).
          ...(plainName(built ?? "") === "flash-attn" ? ["packaging", "psutil"] : []),
        ];
        return [
          `uv pip install ${["setuptools", "wheel", "ninja", ...more].join(" ")} torch && ${again}   # torch in the release of the project: it is built against that. A later uv sync takes what was built from uv's cache`,
          `# or for good, where the package is not a repository: pyproject.toml: [tool.uv.extra-build-dependencies] ${built ?? "<the package>"} = [${quoted(["setuptools", "wheel", ...more])}, { requirement = "torch", match-runtime = true }], and take it out of no-build-isolation-package, for which uv does not read that (an old uv: uv self update)`,
        ];
      }
      return [
        pip(match, `install --upgrade setuptools wheel${name === "setuptools" || name === "wheel" ? "" : ` ${name}`}`),
        ...(installing(match) ? [pip(match, `install --no-build-isolation ${wordsToBuild(match)}`)] : []),
      ];
    },
    sources: [
      "https://setuptools.pypa.io/en/stable/history.html",
      "astral-sh/uv#16243",
      "https://docs.python.org/3/whatsnew/3.12.html#distutils",
    ],
    examples: [
      {
        text: "$ python -m build --wheel\n* Creating isolated environment: venv+pip...\npyproject_hooks._impl.BackendUnavailable: Cannot import 'setuptools.build_meta'\nModuleNotFoundError: No module named 'setuptools'",
        expect: "python -m build --wheel --no-isolation",
      },
      {
        text: "/usr/bin/python3: No module named pybind11\nhelpers.cpp:8:10: fatal error: pybind11/numpy.h: No such file or directory\nmake: *** [Makefile:13: helpers] Error 1",
        expect: "/usr/bin/python3 -m pip install pybind11",
      },
      { text: "ModuleNotFoundError: No module named 'distutils'", expect: "3.12" },
      {
        text: "error: Failed to prepare distributions\n  Caused by: Failed to fetch wheel: numpy==1.24.4\n  Caused by: Build backend failed to determine extra requires with `build_wheel()` with exit status: 1\nTraceback (most recent call last):\n  File \"/c/uv/builds-v0/.tmp2T/lib/python3.12/site-packages/setuptools/__init__.py\", line 10, in <module>\n    import distutils.core\nModuleNotFoundError: No module named 'distutils'",
        expect: "numpy>=1.26",
      },
      {
        text: "ImportError: cannot import name 'packaging' from 'pkg_resources' (/e/pkg_resources/__init__.py)",
        expect: "setuptools<70",
      },
      {
        text: "$ bash scripts/wheels.sh\nUsing CPython 3.10.16 interpreter at: /usr/bin/python3.10\nCreating virtual environment at: .venv/py3.10\n + torch==1.13.1+cpu\n + setuptools==82.0.1\n  File \"/w/.venv/py3.10/lib/python3.10/site-packages/torch/utils/cpp_extension.py\", line 25, in <module>\n    from pkg_resources import packaging\nModuleNotFoundError: No module named 'pkg_resources'",
        expect: "export UV_CONSTRAINT=",
      },
      { text: "error: invalid command 'bdist_wheel'", expect: "wheel" },
      {
        text: "  File \"/tmp/pip-build-env-o2/overlay/lib/python3.12/site-packages/pkg_resources/__init__.py\", line 2191, in <module>\n    register_finder(pkgutil.ImpImporter, find_on_path)\nAttributeError: module 'pkgutil' has no attribute 'ImpImporter'. Did you mean: 'zipimporter'?\nerror: subprocess-exited-with-error\nERROR: Failed to build 'my-ops' when getting requirements to build wheel",
        expect: "install --no-build-isolation my-ops",
      },
      {
        text: "AttributeError: module 'pkgutil' has no attribute 'ImpImporter'. Did you mean: 'zipimporter'?",
        expect: "3.12",
      },
      { text: "ModuleNotFoundError: No module named 'setuptools'", expect: "setuptools" },
      {
        text: "Error:   × Failed to update PyPI packages for environment 'default'\n  ├─▶ Failed to build `my-ops==0.9.0`\n  ╰─▶ Call to `setuptools.build_meta.build_wheel` failed (exit status: 1)\n        File \"<string>\", line 8, in <module>\n      ModuleNotFoundError: No module named 'setuptools'",
        expect: "pixi add setuptools",
      },
      {
        text: "$ uv sync\n  × Failed to build `my-ops @ git+https://github.com/me/my-ops.git`\n  ╰─▶ Call to `setuptools.build_meta:__legacy__.build_wheel` failed (exit status: 1)\n        File \"<string>\", line 8, in <module>\n      ModuleNotFoundError: No module named 'setuptools'",
        expect: 'my-ops = ["setuptools", "wheel", { requirement = "torch"',
      },
      {
        text: 'Traceback (most recent call last):\n  File "/e/bin/mim", line 3, in <module>\n    from mim.cli import cli\n  File "/e/lib/python3.12/site-packages/mim/commands/list.py", line 4, in <module>\n    import pkg_resources\nModuleNotFoundError: No module named \'pkg_resources\'',
        expect: "An installed program",
      },
      {
        text: "$ uv sync\n  × Failed to build `clip @ git+https://github.com/openai/CLIP.git`\n  ╰─▶ Call to `setuptools.build_meta:__legacy__.build_wheel` failed (exit code: 1)\n      [stderr]\n        File \"<string>\", line 3, in <module>\n      ModuleNotFoundError: No module named 'pkg_resources'",
        expect: "build-constraint-dependencies",
      },
      {
        text: "$ uv pip install -r requirements.txt\n  × Failed to build `clip @ git+https://github.com/openai/CLIP.git`\n        File \"<string>\", line 3, in <module>\n      ModuleNotFoundError: No module named 'pkg_resources'",
        expect: '--no-build-isolation "git+https://github.com/openai/CLIP.git"',
      },
      {
        text: "Collecting mmcv\n  Getting requirements to build wheel: finished with status 'error'\n    File \"<string>\", line 5, in <module>\n  ModuleNotFoundError: No module named 'pkg_resources'",
        expect: "install --no-build-isolation mmcv",
      },
    ],
  },
  {
    id: "build-backend-unknown",
    title: "The build backend's name is wrong",
    on: ["exception", "installer"],
    specificity: 82,
    matches: (finding) =>
      saidAny(
        finding,
        /No module named ['"](?<name>setuptools\.(?!build_meta\b)(?:build|bild|legacy)\w*)['"]/,
        /No module named ['"](?<name>(?:hatchling\.(?!build\b)|flit_core\.(?!buildapi\b)|mesonpy\.|scikit_build_core\.(?!build\b)|poetry\.core\.masonry\.(?!api\b))\w+)['"]/,
      ),
    confidence: "high",
    cause: (match) =>
      `pyproject.toml names \`${match.facts["name"] ?? ""}\` as its build-backend, and there is no such module: the name is misspelt.`,
    fix: (match) => [
      ...(platformOf(match) === "win32"
        ? []
        : [
            `sed -i.bak 's/${(match.facts["name"] ?? "").replaceAll(".", "\\.")}/${backendMeant(match.facts["name"] ?? "")}/' pyproject.toml`,
          ]),
      ...installAgain(match),
      '# pyproject.toml: build-backend = "setuptools.build_meta" (others: hatchling.build, flit_core.buildapi, scikit_build_core.build, poetry.core.masonry.api, mesonpy), and its package under [build-system] requires',
    ],
    sources: ["https://packaging.python.org/en/latest/guides/writing-pyproject-toml/"],
    examples: [
      {
        text: "ModuleNotFoundError: No module named 'setuptools.build_metaa'",
        expect: "sed -i.bak 's/setuptools\\.build_metaa/setuptools.build_meta/' pyproject.toml",
      },
    ],
  },
];
