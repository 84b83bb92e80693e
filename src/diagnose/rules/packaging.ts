/** pip, uv, conda and build backends. */
import { installWithoutIsolation, pip, platformOf, python, pythonVersion } from "../commands.ts";
import { pythonsForTorch } from "../version-facts.ts";
import { coded, type Match, said, saidAny, type Rule } from "../rule.ts";

const buildFrame =
  /setup\.py|build_meta|setuptools|pip-(?:build|install|req|modern)|builds-v0|<string>|pyproject_hooks|_in_process/;

/** Whether the log is of an installation. */
function installing(match: { readonly context: Match["context"] }): boolean {
  return (
    match.context.log.installer !== undefined ||
    match.context.findings.some((finding) => finding.kind === "wrapper" && finding.tool === "pip")
  );
}

/** The import that failed stands in torch's own code. */
function ofTorch(match: Match): boolean {
  return /(?:site|dist)-packages[\\/]torch[\\/]|[\\/]torch[\\/]utils[\\/]cpp_extension\.py/.test(
    match.finding.frames?.at(-1) ?? "",
  );
}

export const packagingRules: readonly Rule[] = [
  {
    id: "torch-missing-in-isolated-build",
    title: "The isolated build does not see torch",
    on: ["exception", "installer"],
    specificity: 80,
    matches: (finding, context) => {
      if (finding.kind === "installer")
        return finding.code === "undeclared-build-dependency" &&
          /^(?:torch|numpy|setuptools|wheel|ninja|packaging|pybind11|cython|psutil|cmake)/i.test(finding.symbol ?? "")
          ? { module: finding.symbol }
          : undefined;
      if (
        /pre-compile ops without torch installed|install torch before|(?:requires|needs) (?:torch|PyTorch) to be installed|PyTorch (?:must be|needs to be|is not) installed/i.test(
          finding.message,
        )
      )
        return { module: "torch", sure: "yes" };
      if (finding.code !== "ModuleNotFoundError" && finding.code !== "ImportError") return undefined;
      const module =
        /No module named ['"]?(?<module>torch(?!\.)|numpy(?!\._?core)|packaging|ninja|pybind11|Cython|psutil|einops|wheel|cpufeature|skbuild|scikit_build_core)(?:\.[\w.]+)?(?=['"\s]|$)/.exec(
          finding.message,
        )?.groups?.["module"];
      if (module === undefined) return undefined;
      const inBuild = finding.frames?.some((frame) => buildFrame.test(frame)) === true || installing({ context });
      const sure =
        context.findings.some(
          (other) => (other.kind === "wrapper" || other.kind === "installer") && other.at > finding.at,
        ) || inBuild;
      if (!sure && module !== "torch") return undefined;
      return { module, sure: sure ? "yes" : undefined };
    },
    confidence: (match) =>
      match.facts["sure"] === undefined && match.finding.kind === "exception" ? "medium" : "high",
    cause: (match) => {
      const module = match.facts["module"] ?? "torch";
      if (match.facts["sure"] === undefined && match.finding.kind === "exception")
        return `Python finds no module \`${module}\`: it is not installed in this interpreter's environment, or (while a package is installed) pip's build isolation hides it.`;
      return `pip (uv, poetry) builds the package in an empty environment of its own, where the installed \`${module}\` is not visible and which the package does not ask for in build-system.requires; its setup.py imports \`${module}\`.`;
    },
    fix: (match) => installWithoutIsolation(match),
    sources: ["pypa/setuptools#4222", "NVIDIA/physicsnemo-sym#263", "astral-sh/uv#5040", "astral-sh/uv#2252"],
    examples: [
      {
        text: "  File \"<string>\", line 14, in <module>\nModuleNotFoundError: No module named 'torch'\n× Getting requirements to build wheel did not run successfully.",
        expect: "--no-build-isolation",
      },
      {
        text: "hint: This error likely indicates that `flash-attn@2.6.3` depends on `torch`, but doesn't declare it as a build dependency.",
        expect: "uv pip install --no-build-isolation",
      },
    ],
  },
  {
    id: "build-module-missing",
    title: "A module that the build needs is not installed",
    on: ["exception", "installer"],
    specificity: 74,
    matches: (finding) => {
      if (finding.kind === "installer") {
        if (finding.code === "invalid-command")
          return { module: finding.symbol === "bdist_wheel" ? "wheel" : finding.symbol };
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
    confidence: "high",
    cause: (match) => {
      const module = match.facts["module"] ?? "setuptools";
      if (/compiler$/.test(match.facts["name"] ?? ""))
        return `setuptools 74 took \`distutils.${match.facts["name"] ?? ""}\` away; the package (often an old numpy.distutils) still asks for it.`;
      if (module === "distutils" || module === "ImpImporter" || module === "imp")
        return `\`${module === "ImpImporter" ? "pkgutil.ImpImporter" : module}\` was taken out of Python 3.12: setuptools (or pip, or the package) is too old for this Python${pythonVersion(match) === undefined ? "" : ` (${pythonVersion(match) ?? ""})`}.`;
      if (module === "pkg_resources" && ofTorch(match))
        return "torch itself (before 2.1, torch/utils/cpp_extension.py) imports packaging from pkg_resources: setuptools is not installed, lost that import (since 70), or lost pkg_resources (since 82).";
      if (module === "pkg_resources")
        return "pkg_resources is no longer part of the newest setuptools (since 82) or lost what the package's setup.py imports from it (packaging, since 70): the setup.py is older than setuptools.";
      return `Building needs the module \`${module}\`, which is not there: without build isolation it has to be installed in the environment itself (uv's environments start without setuptools and wheel).`;
    },
    fix: (match) => {
      const module = match.facts["module"] ?? "setuptools";
      if (/compiler$/.test(match.facts["name"] ?? ""))
        return [
          pip(match, 'install "setuptools<74" wheel'),
          pip(match, `install --no-build-isolation ${match.context.log.package ?? "."}`),
        ];
      if (module === "pkg_resources" && ofTorch(match))
        return [pip(match, 'install "setuptools<70"'), "# or a newer torch, which does without pkg_resources"];
      if (module === "pkg_resources")
        return [
          pip(match, `install "setuptools<${match.facts["name"] === undefined ? "81" : "70"}" wheel`),
          pip(match, `install --no-build-isolation ${match.context.log.package ?? "."}`),
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
      return [
        pip(match, `install --upgrade setuptools wheel${name === "setuptools" || name === "wheel" ? "" : ` ${name}`}`),
      ];
    },
    sources: [
      "https://setuptools.pypa.io/en/stable/history.html",
      "https://docs.python.org/3/whatsnew/3.12.html#distutils",
    ],
    examples: [
      { text: "ModuleNotFoundError: No module named 'distutils'", expect: "3.12" },
      {
        text: "ImportError: cannot import name 'packaging' from 'pkg_resources' (/e/pkg_resources/__init__.py)",
        expect: "setuptools<70",
      },
      { text: "error: invalid command 'bdist_wheel'", expect: "wheel" },
      {
        text: "AttributeError: module 'pkgutil' has no attribute 'ImpImporter'. Did you mean: 'zipimporter'?",
        expect: "3.12",
      },
      { text: "ModuleNotFoundError: No module named 'setuptools'", expect: "setuptools" },
    ],
  },
  {
    id: "no-wheel-for-this-python",
    title: "No release of the package fits this Python or platform",
    on: ["installer"],
    specificity: 65,
    matches: (finding) =>
      coded(finding, "no-distribution", "wrong-wheel", "no-solution", "wrong-python") === undefined
        ? undefined
        : {
            what: finding.symbol,
            code: finding.code,
            versions: /from versions: (.+?)\)/.exec(finding.message)?.[1],
          },
    confidence: (match) => (match.facts["code"] === "no-solution" ? "medium" : "high"),
    cause: (match) => {
      const version = pythonVersion(match);
      const here = version === undefined ? "this Python" : `Python ${version}`;
      if (match.facts["code"] === "wrong-wheel")
        return `\`${match.facts["what"] ?? "The wheel"}\` is for another Python, system or processor than this one (${here}): its name says which (cp310 = Python 3.10, linux_x86_64, win_amd64).`;
      if (match.facts["code"] === "wrong-python") return `The package does not support ${here}.`;
      const local = /^torch\S*==([\d.]+)\+(cu\d+|cpu|rocm[\d.]+|xpu)$/.exec(match.facts["what"] ?? "");
      if (local !== null)
        return `\`${match.facts["what"] ?? ""}\` is not on PyPI: builds with +${local[2] ?? ""} in their version lie on PyTorch's own index, and only for the Pythons that this release was made for.`;
      const python = pythonsForTorch(/^torch==([\d.]+)$/.exec(match.facts["what"] ?? "")?.[1]);
      if (python !== undefined)
        return `\`${match.facts["what"] ?? ""}\` is made for Python ${python[0]} to ${python[1]}; ${version === undefined ? "the interpreter at hand is another" : `this is Python ${version}`} (or its system or processor is another).`;
      return `No release of \`${match.facts["what"] ?? "the package"}\` fits: none is made for ${here} on this system, the version does not exist, or it is on another index (torch with CUDA: https://download.pytorch.org/whl/…).`;
    },
    fix: (match) => {
      const what = match.facts["what"] ?? "";
      const tag = /^torch\S*==[\d.]+\+(cu\d+|cpu|rocm[\d.]+|xpu)$/.exec(what)?.[1];
      const pythons = pythonsForTorch(/^torch==([\d.]+)/.exec(what)?.[1]);
      const index = /^torch/.test(what) ? ` --index-url https://download.pytorch.org/whl/${tag ?? "cu130"}` : "";
      return [
        ...(tag === undefined ? [] : [pip(match, `install ${what}${index}`)]),
        ...(pythons === undefined
          ? []
          : [
              `uv venv --python ${pythons[1]} && . .venv/bin/activate && uv pip install ${what}${tag === undefined ? "" : index}`,
            ]),
        ...(index !== "" && tag === undefined
          ? [pip(match, `install torch${index}   # the newest; or cu126, cpu`)]
          : []),
        `${python(match)} -VV; ${python(match)} -m pip debug --verbose | head -30   # which tags fit here`,
        ...(pythons === undefined
          ? [
              "# an environment with a Python that has a wheel: uv venv --python 3.11   (or conda create -n e python=3.11)",
            ]
          : []),
      ];
    },
    sources: ["https://packaging.python.org/en/latest/specifications/platform-compatibility-tags/"],
    examples: [
      {
        text: "ERROR: Could not find a version that satisfies the requirement torch==1.7.1+cu110 (from versions: 2.0.0, 2.0.1)",
        expect: "download.pytorch.org",
      },
      {
        text: "ERROR: Could not find a version that satisfies the requirement torch==1.13.1 (from versions: 2.5.0, 2.5.1, 2.6.0)",
        expect: "uv venv --python 3.10",
      },
      {
        text: "ERROR: flash_attn-2.6.3+cu123torch2.4cxx11abiFALSE-cp310-cp310-linux_x86_64.whl is not a supported wheel on this platform.",
        expect: "cp310",
      },
      { text: "ERROR: Package 'foo' requires a different Python: 3.7.1 not in '>=3.8'", expect: "does not support" },
    ],
  },
  {
    id: "installed-versions-conflict",
    title: "An installed package asks for another version of a package",
    on: ["installer"],
    role: "advice",
    specificity: 50,
    matches: (finding) =>
      coded(finding, "installed-conflict") === undefined
        ? undefined
        : (said(finding, /^(?<who>\S+) (?<version>\S+) requires (?<wants>.+?), but you have (?<have>.+?) which/) ?? {}),
    confidence: "medium",
    cause: (match) =>
      `pip installed ${match.facts["have"] ?? "a version"} although ${match.facts["who"] ?? "a package"} ${match.facts["version"] ?? ""} asks for ${match.facts["wants"] ?? "another"}. pip goes on, but compiled packages (torchvision, torchaudio, flash-attn, vllm) fail at import when torch is not the one that they were built for.`,
    fix: (match) => [pip(match, "check"), pip(match, `install --upgrade ${match.facts["who"] ?? "<package>"}`)],
    sources: ["https://pip.pypa.io/en/stable/topics/dependency-resolution/", "vllm-project/vllm#431"],
    examples: [
      {
        text: "torchvision 0.15.0a0 requires torch==1.14.0a0, but you have torch 2.0.1 which is incompatible.",
        expect: "torch 2.0.1",
      },
    ],
  },
  {
    id: "dependency-conflict",
    title: "The requirements contradict each other",
    on: ["installer"],
    specificity: 55,
    matches: (finding) =>
      coded(
        finding,
        "conflict",
        "UnsatisfiableError",
        "LibMambaUnsatisfiableError",
        "PackagesNotFoundError",
        "ResolvePackageNotFound",
        "SpecsConfigurationConflictError",
      ),
    confidence: "medium",
    cause: (match) =>
      /NotFound/.test(match.finding.code ?? "")
        ? "conda finds a package in none of the channels in that version."
        : "Two packages ask for versions of a third that exclude each other; nothing was built.",
    fix: (match) =>
      /NotFound|nsatisfiable/.test(match.finding.code ?? "")
        ? ["conda config --add channels conda-forge", "# loosen the version, or take the package from pip"]
        : ["# loosen the pinned versions that the message names", pip(match, "check")],
    sources: ["https://pip.pypa.io/en/stable/topics/dependency-resolution/"],
    examples: [
      {
        text: "ERROR: Cannot install foo and torch==2.1.0 because these package versions have conflicting dependencies.",
        expect: "versions",
      },
    ],
  },
  {
    id: "externally-managed-environment",
    title: "The system's Python does not let pip install",
    on: ["installer"],
    specificity: 75,
    matches: (finding) => coded(finding, "externally-managed", "no-venv"),
    confidence: "high",
    cause: () =>
      "The interpreter belongs to the distribution (PEP 668), or none of an environment is active: packages go into a virtual environment.",
    fix: (match) =>
      platformOf(match) === "win32"
        ? ["python -m venv .venv", ".venv\\Scripts\\activate"]
        : ["python3 -m venv --system-site-packages .venv && . .venv/bin/activate", pip(match, "install .")],
    sources: ["https://peps.python.org/pep-0668/"],
    examples: [{ text: "error: externally-managed-environment", expect: "venv" }],
  },
  {
    id: "package-layout",
    title: "setuptools or pip does not find the project as it lies there",
    on: ["installer"],
    specificity: 70,
    matches: (finding) => coded(finding, "flat-layout", "no-project", "no-editable"),
    confidence: "high",
    cause: (match) =>
      match.finding.code === "flat-layout"
        ? "setuptools found several folders that could be packages and will not guess which one is meant."
        : match.finding.code === "no-editable"
          ? "The package cannot be installed in editable form: pip or setuptools is too old for it, or there is no setup.py."
          : "There is no setup.py and no pyproject.toml in the folder that was to be installed.",
    fix: (match) =>
      match.finding.code === "flat-layout"
        ? ['# pyproject.toml: [tool.setuptools] packages = ["my_package"]   (or py_modules = [] when there is none)']
        : match.finding.code === "no-editable"
          ? [pip(match, "install --upgrade pip setuptools wheel")]
          : ["ls   # is it the project's folder? git clone complete?", "# sources alone: retorch build a.cpp b.cu"],
    sources: ["https://setuptools.pypa.io/en/latest/userguide/package_discovery.html"],
    examples: [
      {
        text: "error: Multiple top-level packages discovered in a flat-layout: ['csrc', 'my_ops'].",
        expect: "packages",
      },
    ],
  },
];
