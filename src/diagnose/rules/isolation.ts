/** What a build of a package does not see: torch and other modules, which pip's and uv's isolation hides. */
import { builds, byIsolatingBuild } from "./installer-builds.ts";
import { isUnisolated } from "../facts/unisolated.ts";
import { inItsFolder } from "../commands/typed-builds.ts";
import { installWithoutIsolation } from "../commands/commands.ts";
import { isUnisolatedByPixi, misnamedTables } from "../commands/pixi-commands.ts";
import { installedByOtherPip } from "./installed-beside.ts";
import { wantsTorch } from "../facts/wanted-torch.ts";
import { type Match, type Rule } from "../rule.ts";

/** The same command without such an environment, behind the line that brings what it needs; undefined for other tools. */
function buildWithoutIsolation(match: Match): readonly string[] | undefined {
  const typed = match.context.log.typedBuild;
  if (typed === undefined || !byIsolatingBuild(match)) return undefined;
  const [tools = "", ...others] = installWithoutIsolation(match);
  if (!/ install (?!.*--no-build-isolation)/.test(tools) || others.length === 0) return undefined;
  return [tools, ...inItsFolder(match, typed, [`${typed.line} --no-isolation`])];
}

export const isolationRules: readonly Rule[] = [
  {
    id: "torch-missing-in-isolated-build",
    title: "The isolated build does not see torch, or another module that its setup.py imports",
    on: ["exception", "installer"],
    specificity: 80,
    matches: (finding, context) => {
      const pdm =
        /Module '(?<module>[\w.]+)' is missing, please make sure it is specified in the 'build-system\.requires'/.exec(
          finding.message,
        )?.groups?.["module"];
      if (pdm !== undefined) return { module: pdm, sure: "yes", pdm: "yes" };
      // nvdiffrast and others say what to do, and nothing else; where it was done torch is not the installed one, or does not load.
      if (
        finding.code === "plain-output" &&
        /(?:run|use|using|with|pass|add)\b[^.]{0,60}--no-build-isolation/i.test(finding.message)
      )
        return (context.log.installs ?? []).some((words) => words.includes("--no-build-isolation"))
          ? undefined
          : { module: "torch", sure: "yes" };
      if (finding.kind === "installer")
        return finding.code === "undeclared-build-dependency" &&
          /^(?:torch|numpy|setuptools|wheel|ninja|packaging|pybind11|cython|psutil|cmake)/i.test(finding.symbol ?? "")
          ? { module: finding.symbol }
          : undefined;
      if (
        /pre-compile ops without torch installed|install torch before|(?:requires|needs) (?:torch|PyTorch) to be installed|PyTorch (?:must be|needs to be|is not) installed/i.test(
          finding.message,
        ) ||
        (wantsTorch(finding.message) && builds(finding, context))
      )
        return { module: "torch", sure: "yes" };
      if (finding.code !== "ModuleNotFoundError" && finding.code !== "ImportError") return undefined;
      const module =
        /No module named ['"]?(?<module>torch(?!\.)|numpy(?!\._?core)|packaging|ninja|pybind11|Cython|psutil|einops|wheel|cpufeature|skbuild|scikit_build_core)(?:\.[\w.]+)?(?=['"\s]|$)/.exec(
          finding.message,
        )?.groups?.["module"];
      if (module === undefined || (module === "torch" && isUnisolated(finding, context.log))) return undefined;
      // `python3 -m pybind11 --includes` of a Makefile.
      if (module !== "torch" && /^(?:\/\S+\/)?python[\d.]*: No module named /.test(finding.text)) return undefined;
      // pip tells so of a backend that it does not isolate.
      if (
        /^(?:skbuild|scikit_build_core)$/.test(module) &&
        context.findings.some(({ code }) => code === "backend-unavailable")
      )
        return undefined;
      if (installedByOtherPip(finding, context.log) !== undefined) return undefined;
      const inBuild = builds(finding, context);
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
      if (match.context.log.pixi && misnamedTables(match))
        return `pixi builds the package in an empty environment of its own: the table [${match.context.log.pixiProject.options ?? ""}] bears the name that pyproject.toml wants, and in pixi.toml it is passed over, option and all.`;
      if (match.context.log.pixi && isUnisolatedByPixi(match, match.context.log.package ?? ""))
        return `The package is built without isolation, as the option says, in the environment that conda's packages make; \`${module}\` is ${match.context.log.pixiProject.pypiTorch === undefined ? "not among them" : "asked for from PyPI, and those packages come later"}.`;
      const builder = match.context.log.ownBuilder?.name;
      if (builder === "spack" || builder === "nix" || builder === "guix" || builder === "yocto")
        return `The builder makes an environment of what the recipe names and of nothing else, and \`${module}\`, which setup.py imports, is not among it.`;
      return `pip (uv, poetry) builds the package in an empty environment of its own, where the installed \`${module}\` is not visible and which the package does not ask for in build-system.requires; its setup.py imports \`${module}\`.`;
    },
    fix: (match) =>
      match.facts["pdm"] === undefined
        ? (buildWithoutIsolation(match) ?? installWithoutIsolation(match))
        : [
            `pdm add ${match.facts["module"] ?? "torch"} setuptools wheel ninja && pdm install --no-self`,
            "pdm install --no-isolation   # the build then sees what the project has",
          ],
    sources: [
      "pypa/setuptools#4222",
      "NVIDIA/physicsnemo-sym#263",
      "astral-sh/uv#5040",
      "astral-sh/uv#2252",
      "NVIDIAGameWorks/kaolin#886",
      "NVIDIA/TransformerEngine: transformer_engine/pytorch/setup.py",
    ],
    examples: [
      {
        text: "$ pyproject-build -w\n* Creating isolated environment: venv+pip...\n* Getting build dependencies for wheel...\nTraceback (most recent call last):\n  File \"<string>\", line 3, in <module>\nModuleNotFoundError: No module named 'torch'\n\nERROR Backend subprocess exited when trying to invoke get_requires_for_build_wheel",
        expect: "pyproject-build -w --no-isolation",
      },
      {
        text: "➜  gnn poetry install --no-root\n  - Installing torch-scatter (2.1.2): Failed\n\n  ChefBuildError\n\n  Backend subprocess exited when trying to invoke get_requires_for_build_wheel\n\n    File \"<string>\", line 8, in <module>\n  ModuleNotFoundError: No module named 'torch'",
        expect: "--no-build-isolation torch-scatter==2.1.2\npoetry install --no-root",
      },
      {
        text: "$ git clone https://github.com/NVIDIAGameWorks/kaolin.git\n$ cd kaolin\n$ pip install .\nImportError: Kaolin requires PyTorch >= 1.6.0, <= 2.6.0. Please install it before proceeding.",
        expect: "install --no-build-isolation .",
      },
      {
        text: "$ pip install transformer-engine[pytorch]==2.11.0\n      RuntimeError: This package needs Torch to build.",
        expect: "--no-build-isolation",
      },
      {
        text: '$ pip install gptqmodel\n  × Getting requirements to build wheel did not run successfully.\n        File "<string>", line 90, in _get_torch_version\n      Exception: Unable to detect torch version via uv/pip/conda/importlib. Please install torch >= 2.7.1',
        expect: "--no-build-isolation gptqmodel",
      },
      {
        text: "$ poetry install --no-root\n  - Installing torch-scatter (2.1.2): Failed\n  - Installing rich (13.7.1): Pending...\n  - Installing torch-sparse (0.6.18): Pending...\n\n  ChefBuildError\n\n  Backend subprocess exited when trying to invoke get_requires_for_build_wheel\n\n    File \"<string>\", line 8, in <module>\n  ModuleNotFoundError: No module named 'torch'",
        expect: "--no-build-isolation torch-scatter==2.1.2 torch-sparse==0.6.18\npoetry install --no-root",
      },
      {
        text: "  File \"<string>\", line 14, in <module>\nModuleNotFoundError: No module named 'torch'\n× Getting requirements to build wheel did not run successfully.",
        expect: "--no-build-isolation",
      },
      {
        text: "$ pip install git+https://github.com/me/render.git\n  × Getting requirements to build wheel did not run successfully.\n  │ exit code: 1\n  ╰─> [4 lines of output]\n      ERROR! Cannot compile the CUDA extension. Please ensure that:\n      1. You have PyTorch installed\n      2. You run 'pip install' with --no-build-isolation flag\n      [end of output]",
        expect: "not visible",
      },
      {
        text: "hint: This error likely indicates that `flash-attn@2.6.3` depends on `torch`, but doesn't declare it as a build dependency.",
        expect: "uv pip install --no-build-isolation",
      },
      {
        text: "× Failed to build `my-ops==0.1`\n├─▶ The build backend returned an error\n    AssertionError: torch is required to compile the operators, please install it first.",
        expect: "not visible",
      },
      {
        text: "  × Failed to build `my-ops==0.1`\n  ╰─▶ Call to `setuptools.build_meta.build_wheel` failed (exit status: 1)\n      Building the CUDA extension requires PyTorch (>=2.0) being installed, please install PyTorch first: No\n      module named 'torch'",
        expect: "not visible",
      },
      {
        text: "$ pip install my-ops==1.0.1\n  File \"/tmp/pip-install-x1/my-ops_2/setup.py\", line 9, in <module>\nModuleNotFoundError: No module named 'packaging'\nerror: metadata-generation-failed",
        expect: "--no-build-isolation my-ops==1.0.1",
      },
      {
        text: "$ uv add git+https://github.com/me/my_ops\nModuleNotFoundError: No module named 'torch'\nhint: This error likely indicates that `git+https://github.com/me/my_ops` depends on `torch`, but doesn't declare it as a build dependency.",
        expect: 'uv add "git+https://github.com/me/my_ops"',
      },
      {
        text: "$ uv pip install -r requirements.txt\n  × Failed to build `flash-attn==2.8.2`\n  ModuleNotFoundError: No module named 'torch'",
        expect: "uv pip install --no-build-isolation flash-attn==2.8.2",
      },
      {
        text: "Collecting git+https://github.com/me/ops.git@stable#egg=ops\n  Getting requirements to build wheel ... error\n        File \"<string>\", line 15, in <module>\n      ModuleNotFoundError: No module named 'torch'",
        expect: '--no-build-isolation "git+https://github.com/me/ops.git@stable"',
      },
      {
        text: " > [39/44] RUN pip install -e ./src/ops -i https://pypi.tuna.tsinghua.edu.cn/simple:\n0.9 Obtaining file:///app/src/ops\n2.9   Getting requirements to build editable: finished with status 'error'\n2.9   ModuleNotFoundError: No module named 'torch'",
        expect: "--no-build-isolation -e ./src/ops",
      },
      {
        text: '  × Getting requirements to build wheel did not run successfully.\n        File "<string>", line 48, in <module>\n      ImportError: My ops requires PyTorch >=1.6.0, <=2.0.0, but couldn\'t find the module installed.',
        expect: "not visible",
      },
      {
        text: "# uv pip install --system my-ops==2.6.1\n  Caused by: Failed to fetch wheel: my-ops==2.6.1\nTraceback (most recent call last):\n  File \"<string>\", line 9, in <module>\nModuleNotFoundError: No module named 'torch'",
        expect: "uv pip install --system --no-build-isolation my-ops==2.6.1",
      },
      {
        text: "Error:   × Failed to update PyPI packages for environment 'default'\n  ├─▶ Failed to build `my-ops @ git+https://github.com/me/my-ops.git?rev=main#c5c0720c0c628539affbcd5332ccc18f813ccafd`\n      ModuleNotFoundError: No module named 'torch'",
        expect: "pixi add pytorch-gpu setuptools ninja",
      },
      {
        text: '[workspace]\n[dependencies]\npytorch-gpu = ">=2.6"\n[tool.pixi.pypi-options]\nno-build-isolation = ["my_ops"]\n[pypi-dependencies]\nmy_ops = "*"\n$ pixi install\nError:   × Failed to update PyPI packages for environment \'default\'\n  ├─▶ Failed to build `my-ops==2.8.3`\n      ModuleNotFoundError: No module named \'torch\'',
        expect: "sed -i.bak 's/^\\[tool\\.pixi\\./[/' pixi.toml",
      },
      {
        text: '[dependencies]\npython = "*"\n[pypi-options]\nno-build-isolation = ["my-ops"]\n[pypi-dependencies]\ntorch = "*"\ntorchvision = "*"\n$ pixi install\n  × failed to solve the pypi requirements of \'default\' \'linux-64\'\n  ├─▶ Failed to build: `my-ops==2.6.3`\n      ModuleNotFoundError: No module named \'torch\'',
        expect: "pixi add pytorch-gpu torchvision setuptools ninja",
      },
      {
        text: "[feature.gpu.pypi-options]\nno-build-isolation = [\"my-ops\"]\n[feature.gpu.pypi-dependencies]\ntorch = \"*\"\n$ pixi install -e gpu\nError:   × Failed to update PyPI packages for environment 'gpu'\n  ├─▶ Failed to build `my-ops==2.6.3`\n      ModuleNotFoundError: No module named 'torch'",
        expect: "pixi add --feature gpu pytorch-gpu setuptools ninja",
      },
      {
        text: "pytorch = { version = \"2.4.0\", channel = \"pytorch\" }\n$ pixi install\n  × failed to solve the pypi requirements of 'default' 'linux-64'\n  ├─▶ Failed to build: `my-ops @ git+https://github.com/me/my-ops`\n  ╰─▶ Build backend failed to determine extra requires with `build_wheel()` with exit status: 1\n      ModuleNotFoundError: No module named 'torch'",
        expect: "[pypi-options]\\nno-build-isolation",
      },
      {
        text: "$ pdm add my-ops\n[BuildError]: Build backend raised error: Showing the last 10 lines of the build output:\n  File \"<string>\", line 22, in <module>\nModuleNotFoundError: No module named 'torch'",
        expect: "pdm add --no-isolation my-ops",
      },
      {
        text: "pdm.exceptions.BuildError: Build backend raised error: Module 'torch' is missing, please make sure it is specified in the 'build-system.requires' section.",
        expect: "pdm install --no-isolation",
      },
    ],
  },
];
