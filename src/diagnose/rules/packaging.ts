/** pip, uv, conda and build backends. */
import { plainName } from "../../base/package-name.ts";
import { compareVersions, parseVersion } from "../../base/order.ts";
import { changeFolder, pip, platformOf, reinstall } from "../commands/commands.ts";
import { originOf } from "../tables/packages.ts";
import { commandAgain } from "../commands/failed-command.ts";
import { backToFolder, lostFolder, lostSentence } from "../commands/lost-folders.ts";
import { coded, type Match, said, type Rule } from "../rule.ts";

/** Goes to where the project's files are: into the clone of the text, or to the first folder below that has them. */
function toProject(match: Match): string[] {
  const { clonedInto, typedClone, dockerBuild, notebook, typed } = match.context.log;
  const here = /Directory '\.[\\/]?(?:\[[^']*\])?' is not installable/.test(match.finding.message);
  if (!here || notebook || platformOf(match) === "win32")
    return ["ls   # is it the project's folder? git clone complete?", "# sources alone: retorch build a.cpp b.cu"];
  if (dockerBuild)
    return [
      "# the Dockerfile copies or clones nothing into that folder before this step: COPY . . (or git clone) and WORKDIR, then pip install .",
    ];
  const again = commandAgain(match) ?? [];
  const clone = clonedInto ?? typedClone;
  if (clone !== undefined && typed.every(({ folder }) => folder === undefined))
    return [changeFolder(match, clone), ...again];
  return [
    "find . -maxdepth 3 '(' -name setup.py -o -name pyproject.toml ')'   # is one of them below? nothing: another folder, or the clone is not complete",
    `cd "$(dirname "$(find . -maxdepth 3 '(' -name setup.py -o -name pyproject.toml ')' | sort | head -n 1)")"   # the first of them`,
    ...again,
    "# sources alone: retorch build a.cpp b.cu",
  ];
}

/** The folder of a submodule that was to be installed. */
function submodule(match: Match): string | undefined {
  return /['"]?((?:[\w.~:-]*[\\/])*(?:submodules|third_party|thirdparty|3rdparty|extern|external)[\\/][\w.-]+)/.exec(
    match.finding.message,
  )?.[1];
}

/** A release that is newer than all that the index lists: no other Python would get it from there. */
function isNewerThanAll(version: string | undefined, versions: string | undefined): boolean {
  const wanted = /^\d[\d.]*$/.exec(version ?? "")?.[0];
  const listed = versions?.split(", ").filter((each) => /^\d/.test(each)) ?? [];
  return (
    wanted !== undefined &&
    listed.length > 0 &&
    listed.every((each) => compareVersions(parseVersion(wanted), parseVersion(each)) > 0)
  );
}

/** Folders of a repository that are hardly ever its package. */
const besides =
  /^(?:c?src|configs?|weights|notebooks?|data(?:sets?)?|docs?|tests?|examples?|scripts?|assets?|build|dist|models?|checkpoints?|ckpts?|outputs?|results?|logs?|images?|imgs?|figures?|figs?|media|tools?|third_?party|thirdparty|externals?|extern|submodules?|docker|demo|benchmarks?|include|kernels?|cuda|cpp|wandb|runs|static|resources|pretrained\w*|requirements)$/i;

/** setuptools lists what it found: the package is the one that is called as the project, or the only one that is none of the others. */
function toldPackage(match: Match): string[] {
  const names = Array.from(
    (/\[(.*?)\]/.exec(match.finding.message)?.[1] ?? "").matchAll(/'([\w.-]+)'/g),
    ([, name = ""]) => name,
  );
  const { requirement = "", requested = [], package: built = "" } = match.context.log;
  const called = [
    built,
    ...[requirement, ...requested].map((word) => /[\\/]([\w.-]+)[\\/"]*$/.exec(word)?.[1] ?? ""),
  ].map(plainName);
  const rest = names.filter((name) => !besides.test(name));
  const name = names.find((each) => called.includes(plainName(each))) ?? (rest.length === 1 ? rest[0] : undefined);
  if (name === undefined || /modules/.test(match.finding.message.slice(0, 40)) || platformOf(match) === "win32")
    return [
      `# pyproject.toml: [tool.setuptools] packages = ["${name ?? "my_package"}"]   (or py_modules = [] when there is none)`,
    ];
  return [
    `printf '\\n[tool.setuptools.packages.find]\\ninclude = ["${name}*"]\\n' >> pyproject.toml   # in the project's folder; no package at all: [tool.setuptools] py_modules = []`,
  ];
}

/** Packages whose compiled parts are for one release of what they ask for. */
const madeForOneTorch =
  /^(?:torch(?:vision|audio|text|ao|rec)?|xformers|vllm|sglang|sgl-kernel|flash[-_]attn|triton|bitsandbytes|mmcv(?:-full)?|detectron2|tensorrt\S*|nvidia-\S+)$/;
/** And what such parts are made for, with the release that is there now. */
const heldByCompiled = /^(?:torch|torchvision|torchaudio|triton|pytorch-triton\S*|numpy|nvidia-\S+|tensorrt\S*) /;

function isOfCompiled({ facts: { who, have = "" } }: Match): boolean {
  return who === undefined || madeForOneTorch.test(who) || heldByCompiled.test(have);
}

export const packagingRules: readonly Rule[] = [
  {
    id: "package-not-on-pypi",
    title: "The package is not on PyPI, or not for this torch",
    on: ["installer"],
    specificity: 70,
    matches: (finding) => {
      if (coded(finding, "no-distribution", "no-solution", "no-candidate") === undefined) return undefined;
      // uv: Because x was not found in the package registry
      const asked =
        /\b([\w.-]+) was not found in the (?:package registry|provided)/.exec(finding.message)?.[1] ?? finding.symbol;
      const [, name = "", version] = /^([\w.-]+?)(?:\[[^\]]*\])?(?:[=<>~! ]=?=? ?(\S+))?$/.exec(asked ?? "") ?? [];
      const known = name.replaceAll(/[_.]/g, "-");
      const origin = originOf(known) ?? originOf(name);
      if (origin?.from?.startsWith("git+") !== true && origin?.wheels === undefined) return undefined;
      // Releases that the index does list are another matter.
      const versions = /from versions: (.+?)\)/.exec(finding.message)?.[1];
      if (
        versions !== undefined &&
        versions !== "none" &&
        !/^0\.\d(?:, 0\.\d)*$/.test(versions) &&
        !/\+pt/.test(version ?? "") &&
        !(origin.from?.startsWith("git+") === true && isNewerThanAll(version, versions))
      )
        return undefined;
      return {
        name: originOf(known) === undefined ? name : known,
        wheels: origin.wheels === undefined ? undefined : "yes",
        last: versions?.split(", ").at(-1),
        version: isNewerThanAll(version, versions) ? version : undefined,
      };
    },
    confidence: "high",
    cause: (match) =>
      match.facts["version"] !== undefined && match.facts["wheels"] === undefined
        ? `The newest release of \`${match.facts["name"] ?? ""}\` on PyPI is ${match.facts["last"] ?? "an older one"}; ${match.facts["version"]} is in its project's repository alone, and is compiled here.`
        : match.facts["wheels"] === undefined
          ? `\`${match.facts["name"] ?? ""}\` is not on PyPI (or there only for older Pythons): its project is installed from its repository, and compiled here.`
          : `PyPI has the sources of \`${match.facts["name"] ?? ""}\` alone; its ready wheels (+pt…cu…) lie on a page of their own, one for each torch and CUDA.`,
    // It is not there yet: what it depends on is to come along.
    fix: (match) => [
      ...(match.facts["name"] === "sageattention" && platformOf(match) === "win32"
        ? [
            "# ready wheels for Windows, for this torch and CUDA: https://github.com/woct0rdho/SageAttention/releases (pip install <the wheel's address>); it needs triton-windows, too",
            "# or compiled here, with Visual Studio's tools and the CUDA toolkit:",
          ]
        : []),
      ...reinstall(match, match.facts["name"] ?? "").map((line) =>
        line.replace(" --no-cache-dir --force-reinstall --no-deps", ""),
      ),
    ],
    sources: ["yanmn/RELI11DandLIER#7", "https://github.com/facebookresearch/pytorch3d/blob/main/INSTALL.md"],
    examples: [
      {
        text: "ERROR: Could not find a version that satisfies the requirement detectron2 (from versions: none)\nERROR: No matching distribution found for detectron2",
        expect: "git+https://github.com/facebookresearch/detectron2.git",
      },
      {
        text: "ERROR: Could not find a version that satisfies the requirement sageattention==2.2.0 (from versions: 1.0.0, 1.0.5, 1.0.6)\nERROR: No matching distribution found for sageattention==2.2.0",
        expect: "2.2.0 is in its project's repository alone",
      },
      {
        text: "ERROR: Could not find a version that satisfies the requirement torch_scatter==2.1.2+pt25cu124 (from versions: 2.0.9, 2.1.2)",
        expect: "data.pyg.org",
      },
      {
        text: "$ pip install kaolin==0.17.0 -f https://nvidia-kaolin.s3.us-east-2.amazonaws.com/torch-2.7.0_cu128.html\nERROR: Could not find a version that satisfies the requirement kaolin==0.17.0 (from versions: 0.1)",
        expect: "git+https://github.com/NVIDIAGameWorks/kaolin.git",
      },
      {
        text: "  × No solution found when resolving dependencies:\n  ╰─▶ Because detectron2 was not found in the package registry and you require detectron2, we can conclude that your requirements are unsatisfiable.",
        expect: "git+https://github.com/facebookresearch/detectron2.git",
      },
      {
        text: "ERROR: No matching distribution found for pointnet2_ops==3.0.0",
        expect: "subdirectory=pointnet2_ops_lib",
      },
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
    // Of packages without compiled parts it is a notice, and what was installed works.
    confidence: (match) => (isOfCompiled(match) ? "medium" : "low"),
    cause: (match) =>
      `pip installed ${match.facts["have"] ?? "a version"} although ${match.facts["who"] ?? "a package"} ${match.facts["version"] ?? ""} asks for ${match.facts["wants"] ?? "another"}. ${isOfCompiled(match) ? "pip goes on, but compiled packages (torchvision, torchaudio, flash-attn, vllm) fail at import when torch is not the one that they were built for." : `It is a notice: all was installed, and it matters only where ${match.facts["who"] ?? "that package"} is used and fails.`}`,
    fix: (match) => [pip(match, "check"), pip(match, `install --upgrade ${match.facts["who"] ?? "<package>"}`)],
    sources: ["https://pip.pypa.io/en/stable/topics/dependency-resolution/", "vllm-project/vllm#431"],
    examples: [
      {
        text: "fastai 2.7.11 requires torch<1.14,>=1.7, but you have torch 2.0.1 which is incompatible.",
        expect: "torch 2.0.1",
      },
      {
        text: "soundkit 0.7.0 requires torchmetrics<=0.11.4, but you have torchmetrics 1.4.0 which is incompatible.\nSuccessfully installed torchmetrics-1.4.0",
        expect: "asks for torchmetrics<=0.11.4",
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
        : [
            // What a RUN line activates is gone in the next one.
            ...(match.context.log.docker
              ? [
                  "python3 -m venv --system-site-packages /opt/venv   # no venv there: apt-get install -y python3-venv before it",
                  "export PATH=/opt/venv/bin:$PATH",
                ]
              : [
                  "python3 -m venv --system-site-packages .venv && . .venv/bin/activate   # no venv there: sudo apt-get install python3-venv",
                ]),
            `python -m pip install ${match.context.log.installs?.at(-1) ?? match.context.log.requested?.join(" ") ?? "."}`,
          ],
    sources: ["https://peps.python.org/pep-0668/"],
    examples: [
      {
        text: 'FROM ubuntu:24.04\nRUN apt-get update && apt-get install -y python3-pip\nRUN pip install -r requirements.txt\n\n#8 [3/3] RUN pip install -r requirements.txt\n#8 1.411 error: externally-managed-environment\n#8 ERROR: process "/bin/sh -c pip install torch" did not complete successfully: exit code: 1',
        expect: "ENV PATH=/opt/venv/bin:$PATH\nRUN python -m pip install -r requirements.txt",
      },
      { text: "error: externally-managed-environment", expect: "venv" },
    ],
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
          : submodule(match) === undefined
            ? (lostSentence(match) ??
              "There is no setup.py and no pyproject.toml in the folder that was to be installed.")
            : `\`${submodule(match) ?? ""}\` is empty: it is a git submodule, and the repository was cloned (or downloaded as a zip) without its submodules.`,
    fix: (match) =>
      match.finding.code === "flat-layout"
        ? toldPackage(match)
        : match.finding.code === "no-editable"
          ? [pip(match, "install --upgrade pip setuptools wheel")]
          : submodule(match) !== undefined
            ? [
                "git submodule update --init --recursive   # in the repository's folder",
                "# a zip of GitHub has no submodules: git clone --recursive <address>",
              ]
            : lostFolder(match) !== undefined
              ? [...backToFolder(match), ...(commandAgain(match) ?? [])]
              : toProject(match),
    sources: ["https://setuptools.pypa.io/en/latest/userguide/package_discovery.html", "NVIDIA/apex#1681"],
    examples: [
      {
        text: "error: Multiple top-level packages discovered in a flat-layout: ['csrc', 'my_ops'].",
        expect: "packages",
      },
      {
        text: "$ git clone https://github.com/jo/gridops\nCloning into 'gridops'...\n$ pip install -v .\nERROR: Directory '.' is not installable. Neither 'setup.py' nor 'pyproject.toml' found.",
        expect: "cd gridops\npython -m pip install -v .",
      },
      {
        text: "$ pip install -v .\nERROR: Directory '.' is not installable. Neither 'setup.py' nor 'pyproject.toml' found.",
        expect: 'cd "$(dirname "$(find . -maxdepth 3',
      },
      {
        text: "!git clone https://github.com/NVIDIA/apex\n!cd apex\n!pip install -v --no-build-isolation ./\nERROR: Directory './' is not installable. Neither 'setup.py' nor 'pyproject.toml' found.",
        expect: "%cd apex\n!python -m pip install -v --no-build-isolation ./",
      },
    ],
  },
];
