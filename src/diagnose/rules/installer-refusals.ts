/** What pip, Docker and CI services refuse in words of their own before anything is built. */
import { installAgain, pip, platformOf, quote, setVariable } from "../commands/commands.ts";
import { imageInItsPlace } from "../tables/cuda-images.ts";
import { requestedWord } from "../facts/request-facts.ts";
import { coded, type Match, type Rule, said, saidAny } from "../rule.ts";

/** The release that pip cannot take away, pinned: what else asks for that package then finds one that it can. */
function withRelease(match: Match): string {
  const { name } = match.facts;
  if (name === undefined) return "<package>";
  const asked = requestedWord(match.context.log, name);
  if (asked?.includes("==") === true) return quote(asked);
  const there = match.context.findings
    .map(({ text }) => /Cannot uninstall ['"]?([\w.-]+?)['"]? (\d[\w.]*\w)/.exec(text))
    .find((found) => found?.[1] === name)?.[2];
  return there === undefined ? name : `${name}==${there}`;
}

/** The list of requirements that the text's command reads. */
function listOf({ context: { log } }: Match): string | undefined {
  return /^-r (\S+)$/.exec((log.requested ?? []).find((word) => word.startsWith("-r ")) ?? "")?.[1];
}

/** A requirement of a list changed where it stands; `sed` is not on Windows. */
function inList(match: Match, list: string, old: string, now: string): string {
  const form = old.replaceAll(/[.[\]*^$\\/]/g, "\\$&");
  return platformOf(match) === "win32"
    ? `# in ${list}: ${now} in place of ${old}`
    : `sed -i.bak 's/^${form}/${now.replaceAll("/", "\\/")}/' ${quote(list)}`;
}

/** conda's form of a requirement in pip's, where it stands. */
function requirementAsWanted(match: Match): string[] {
  const written = (match.facts["what"] ?? match.facts["twice"] ?? "<package>").trim();
  const wanted = written.replace(/([^=<>!~])=([^=])/, "$1==$2");
  const list = /\(from line \d+ of ([^)]+)\)/.exec(match.finding.text)?.[1] ?? listOf(match);
  return list === undefined || wanted === written
    ? [`${pip(match, `install "${wanted}"`)}   # so, and in the requirements file`]
    : [inList(match, list, written, wanted), pip(match, `install -r ${quote(list)}`)];
}

/** The text's command without the option that it may not have. */
function withoutUser(match: Match): string[] {
  const again = installAgain(match).map((line) => line.replace(/ --user\b/, ""));
  return again.length === 0 ? ["# then the same command without --user"] : again;
}

/** A name that is given up: where the command or its list says so, the real one; else what asks for it is let through. */
function underNewName(match: Match): string[] {
  const { old = "", now = "" } = match.facts;
  const list = listOf(match);
  const asked = requestedWord(match.context.log, old);
  if (asked !== undefined)
    return installAgain(match).map((line) => line.replace(new RegExp(`(?<=[ "])${old}(?![\\w-])`), now));
  return [
    ...(list === undefined ? [pip(match, `install ${now}`)] : [inList(match, list, old, now)]),
    ...(old === "sklearn"
      ? [
          `${setVariable(match, "SKLEARN_ALLOW_DEPRECATED_SKLEARN_PACKAGE_INSTALL", "True")}   # for a package that still asks for sklearn`,
        ]
      : []),
    ...installAgain(match),
  ];
}

/** The image of the same CUDA that is there; for CUDA 10 and older there is none any more. */
function cudaImage(image: string, match: Match): string[] {
  const now = imageInItsPlace(image);
  const tags = "tags: https://hub.docker.com/r/nvidia/cuda/tags";
  if (now === undefined)
    return [
      `# FROM nvidia/cuda:12.8.1-devel-ubuntu22.04   (${tags}); with torch inside: pytorch/pytorch:2.7.1-cuda12.8-cudnn9-devel`,
      "docker pull nvidia/cuda:12.8.1-devel-ubuntu22.04",
    ];
  return /failed to solve|load metadata|Dockerfile|FROM /.test(match.finding.text)
    ? [
        `sed -i.bak 's#${image}#${now}#' Dockerfile   # the same CUDA in its last update (${tags})`,
        "# then docker build again",
      ]
    : [`docker pull ${now}   # the same CUDA in its last update (${tags}), in place of ${image}`];
}

export const installerRefusalRules: readonly Rule[] = [
  {
    id: "pip-cannot-uninstall",
    title: "pip cannot remove what another program installed",
    on: ["installer"],
    specificity: 76,
    matches: (finding, context) =>
      /uninstall-no-record-file|uninstall-distutils-installed-package/.test(finding.message)
        ? { name: context.findings.find(({ code }) => code === "cannot-uninstall")?.symbol }
        : saidAny(
            finding,
            /Cannot uninstall ['"]?(?<name>[\w.-]+?)['"]?(?: [\w.]+)?[.,]? ?(?:It is a distutils|RECORD file not found|.*no RECORD file|╰|$)/,
            /no RECORD file was found for (?<name>[\w.-]+?)\.?$/,
          ),
    confidence: "high",
    cause: (match) =>
      `${match.facts["name"] === undefined ? "A package" : `\`${match.facts["name"]}\``} was put there by the distribution (apt), conda or \`setup.py install\`, without the list of files that pip needs to take it away.`,
    fix: (match) => [
      `${pip(match, `install --ignore-installed --no-deps ${withRelease(match)}`)}   # one that pip can take away, over it`,
      ...installAgain(match),
      "# better: a virtual environment of your own (python3 -m venv .venv); with conda: conda remove it first, and one installer for torch alone",
    ],
    sources: ["pypa/pip#5247", "https://pip.pypa.io/en/stable/cli/pip_install/#cmdoption-I"],
    examples: [
      {
        text: "ERROR: Cannot uninstall 'PyYAML'. It is a distutils installed project and thus we cannot accurately determine which files belong to it which would lead to only a partial uninstall.",
        expect: "--ignore-installed --no-deps PyYAML",
      },
      {
        text: "error: uninstall-no-record-file\n\n× Cannot uninstall torch 2.1.0\n╰─> The package's contents are unknown: no RECORD file was found for torch.",
        expect: "--ignore-installed --no-deps torch==2.1.0",
      },
      {
        text: "(base) jo@ws:~$ pip install -r requirements.txt\nERROR: Cannot uninstall 'llvmlite'. It is a distutils installed project and thus we cannot accurately determine which files belong to it which would lead to only a partial uninstall.",
        expect: "python -m pip install -r requirements.txt",
      },
    ],
  },
  {
    id: "requirement-not-valid",
    title: "A requirement is written in a form that pip does not read",
    on: ["installer", "exception"],
    specificity: 76,
    matches: (finding) =>
      saidAny(
        finding,
        /Invalid requirement: ['"]?(?<what>[^'"\n]+?)['"]?(?:: |$| \()/,
        /(?<hash>In --require-hashes mode, all requirements must have their versions pinned)/,
        /Double requirement given: (?<twice>[^(]+)/,
        /Invalid wheel filename[^:]*: ?['"]?(?<wheel>\S+?)['"]?$/,
      ),
    confidence: "high",
    cause: (match) =>
      match.facts["hash"] !== undefined
        ? "The requirements file has hashes, and then every requirement needs a version and a hash, also those that a package brings along."
        : match.facts["twice"] !== undefined
          ? `\`${match.facts["twice"]}\` stands twice among the requirements.`
          : match.facts["wheel"] !== undefined
            ? `\`${match.facts["wheel"]}\` is no name of a wheel: it was renamed (a browser adds " (1)"), and pip reads version and tags out of the name.`
            : `\`${match.facts["what"] ?? ""}\` is no requirement of pip's${/[^=<>!~]=[^=]/.test(match.facts["what"] ?? "") ? ": one `=` is conda's form, pip wants `==`" : ""}.`,
    fix: (match) =>
      match.facts["hash"] !== undefined
        ? [
            "pip-compile --generate-hashes requirements.in   # or uv pip compile --generate-hashes",
            "# or without hashes: take the lines --hash=… out",
          ]
        : match.facts["wheel"] !== undefined
          ? ["# give the file its name back: name-version-cp310-cp310-linux_x86_64.whl"]
          : [
              ...requirementAsWanted(match),
              "# options such as --index-url stand on a line of their own; an environment.yml is for conda env create -f, not for pip -r",
            ],
    sources: [
      "https://pip.pypa.io/en/stable/reference/requirements-file-format/",
      "https://packaging.python.org/en/latest/specifications/dependency-specifiers/",
    ],
    examples: [
      {
        text: "ERROR: Invalid requirement: 'torch=2.1.0': Expected end or semicolon (after name and no valid version specifier)",
        expect: '"torch==2.1.0"',
      },
      {
        text: "$ pip install -r requirements.txt\nERROR: Invalid requirement: 'numpy=1.26.4=py310hd8d6e7e_0' (from line 12 of requirements.txt)",
        expect: "environment.yml",
      },
      {
        text: "$ pip install -r req/base.txt\nERROR: Invalid requirement: 'torch=2.1.0' (from line 3 of req/base.txt)",
        expect: "sed -i.bak 's/^torch=2\\.1\\.0/torch==2.1.0/' req/base.txt",
      },
      {
        text: "ERROR: In --require-hashes mode, all requirements must have their versions pinned with ==. These do not:\n    torch>=2.0",
        expect: "--generate-hashes",
      },
    ],
  },
  {
    id: "user-install-in-environment",
    title: "pip is told to install for the user, inside of a virtual environment",
    on: ["installer"],
    specificity: 76,
    matches: (finding) => said(finding, /Can not perform a '--user' install/),
    confidence: "high",
    cause: () =>
      "--user (or PIP_USER=1, or `user = true` in pip.conf) means ~/.local, which a virtual environment does not see.",
    fix: (match) => [
      `${setVariable(match, "PIP_USER", "0")}   # counts before \`user = true\` of pip.conf`,
      ...withoutUser(match),
    ],
    sources: [
      "https://pip.pypa.io/en/stable/user_guide/#user-installs",
      "https://pip.pypa.io/en/stable/topics/configuration/#precedence-override-order",
    ],
    examples: [
      {
        text: "ERROR: Can not perform a '--user' install. User site-packages are not visible in this virtualenv.",
        expect: "PIP_USER=0",
      },
      {
        text: "(v) jo@ws:~$ pip install --user -r requirements.txt\nERROR: Can not perform a '--user' install. User site-packages are not visible in this virtualenv.",
        expect: "python -m pip install -r requirements.txt",
      },
    ],
  },
  {
    id: "deprecated-package-name",
    title: "A requirement asks for a package under a name that is given up",
    on: ["installer"],
    specificity: 80,
    matches: (finding) =>
      coded(finding, "deprecated-name") === undefined
        ? undefined
        : (said(finding, /The '(?<old>[\w-]+)' PyPI package is deprecated, use '(?<now>[\w-]+)'/) ?? {
            old: "sklearn",
            now: "scikit-learn",
          }),
    confidence: "high",
    cause: (match) =>
      `A requirement (often of another package) says \`${match.facts["old"] ?? ""}\`; that package on PyPI refuses to install, the real one is \`${match.facts["now"] ?? ""}\`.`,
    fix: (match) => [
      ...underNewName(match),
      `# in your own requirements: ${match.facts["now"] ?? ""} in place of ${match.facts["old"] ?? ""}`,
    ],
    sources: ["https://github.com/scikit-learn/sklearn-pypi-package"],
    examples: [
      {
        text: "      The 'sklearn' PyPI package is deprecated, use 'scikit-learn'\n      rather than 'sklearn' for pip commands.",
        expect: "SKLEARN_ALLOW_DEPRECATED_SKLEARN_PACKAGE_INSTALL",
      },
      {
        text: "$ pip install -r req.txt\n      The 'sklearn' PyPI package is deprecated, use 'scikit-learn'\n      rather than 'sklearn' for pip commands.",
        expect: "sed -i.bak 's/^sklearn/scikit-learn/' req.txt",
      },
    ],
  },
  {
    id: "container-image-missing",
    title: "The image is not in the registry under that name",
    on: ["system"],
    specificity: 76,
    matches: (finding) => (coded(finding, "no-image") === undefined ? undefined : { image: finding.symbol }),
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["image"] ?? "The image"}\` does not exist (any more) or is private${/nvidia\/cuda/.test(match.facts["image"] ?? "") ? ": NVIDIA removes images of CUDA releases that are out of support, and tags have three numbers (12.8.1-devel-ubuntu22.04)" : ""}.`,
    fix: (match) =>
      /nvidia\/cuda/.test(match.facts["image"] ?? "")
        ? cudaImage(match.facts["image"] ?? "", match)
        : [
            `docker manifest inspect ${match.facts["image"] ?? "<image>"}   # is the tag right?`,
            "docker login   # a private one",
          ],
    sources: [
      "https://gitlab.com/nvidia/container-images/cuda/-/blob/master/doc/support-policy.md",
      "NVlabs/BundleSDF#30",
      "johnsmith0031/alpaca_lora_4bit#151",
    ],
    examples: [
      {
        text: "ERROR: failed to solve: nvidia/cuda:11.1-devel-ubuntu20.04: docker.io/nvidia/cuda:11.1-devel-ubuntu20.04: not found",
        expect: "sed -i.bak 's#nvidia/cuda:11.1-devel-ubuntu20.04#nvidia/cuda:11.1.1-devel-ubuntu20.04#' Dockerfile",
      },
      {
        text: "docker: Error response from daemon: manifest for nvidia/cuda:11.0-base-ubuntu20.04 not found: manifest unknown: manifest unknown.",
        expect: "docker pull nvidia/cuda:11.0.3-base-ubuntu20.04",
      },
      {
        text: "Error response from daemon: manifest for nvidia/cuda:10.2-devel not found: manifest unknown: manifest unknown",
        expect: "nvidia/cuda",
      },
    ],
  },
  {
    id: "docker-daemon-unreachable",
    title: "Docker does not run, or this user may not use it",
    on: ["system"],
    specificity: 78,
    matches: (finding) => coded(finding, "no-docker"),
    confidence: "high",
    cause: () =>
      "The docker command finds no daemon at its socket: it is not started, it does not exist here (inside of a container, a macOS or Windows runner), or the user is not in the group docker. cibuildwheel needs it for Linux wheels.",
    fix: () => [
      "sudo systemctl start docker && docker info | head -3; groups   # the group docker?",
      "sudo usermod -aG docker $USER && newgrp docker",
      "export CIBW_CONTAINER_ENGINE=podman   # cibuildwheel with podman; in a container: mount /var/run/docker.sock",
    ],
    sources: ["https://cibuildwheel.pypa.io/en/stable/options/#container-engine"],
    examples: [
      {
        text: "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?",
        expect: "CIBW_CONTAINER_ENGINE",
      },
    ],
  },
  {
    id: "ci-python-not-offered",
    title: "The runner does not offer that version of Python",
    on: ["system"],
    specificity: 76,
    matches: (finding) =>
      coded(finding, "no-ci-python") === undefined
        ? undefined
        : (said(
            finding,
            /version '(?<version>[^']+)' with (?:the )?architecture '(?<arch>[^']+)' was not found for (?<os>.+?)\.?$/,
          ) ?? {}),
    confidence: "high",
    cause: (match) =>
      `actions/setup-python has no Python ${match.facts["version"] ?? ""} (${match.facts["arch"] ?? "x64"}) for ${match.facts["os"] ?? "this runner"}: old Pythons are not built for new systems, and Apple's runners have arm64 alone.`,
    fix: (match) => [
      ...(/^(?:2|3\.[0-6](?!\d))/.test(match.facts["version"] ?? "")
        ? []
        : [
            /^(?:mac|darwin)/i.test(match.facts["os"] ?? "")
              ? "# the workflow, the job: runs-on: macos-13   an Intel runner; Apple's have no Python that old"
              : "# the workflow, the job: runs-on: ubuntu-22.04   in place of ubuntu-latest",
            `# or a newer python-version than ${match.facts["version"] ?? "that"}`,
          ]),
      `# ${/^(?:2|3\.[0-6](?!\d))/.test(match.facts["version"] ?? "") ? "no runner has it any more (Ubuntu 20.04 was the last). In the workflow, below runs-on:" : "or"} a container that has it: container: python:${match.facts["version"] ?? "3.8"}; or astral-sh/setup-uv with uv python install ${match.facts["version"] ?? ""}`,
    ],
    sources: ["actions/setup-python#544", "actions/setup-python#665", "https://github.com/actions/python-versions"],
    examples: [
      {
        text: "##[error]The version '3.6' with the architecture 'x64' was not found for Ubuntu 24.04.",
        expect: "container: python:3.6",
      },
      {
        text: "##[error]The version '3.7' with the architecture 'x64' was not found for Ubuntu 24.04.",
        expect: "ubuntu-22.04",
      },
    ],
  },
  {
    id: "user-without-name",
    title: "The user of the container has no name",
    on: ["exception"],
    specificity: 80,
    matches: (finding) => said(finding, /getpwuid\(\): uid not found: (?<uid>\d+)/),
    confidence: "high",
    cause: (match) =>
      `The process runs as user ${match.facts["uid"] ?? ""} (docker --user, Kubernetes, OpenShift), for whom /etc/passwd has no line, and torch asks for the user's name when it looks for its cache folders.`,
    fix: (match) => [
      "export USER=me LOGNAME=me HOME=/tmp/home TORCHINDUCTOR_CACHE_DIR=/tmp/inductor TORCH_EXTENSIONS_DIR=/tmp/te TRITON_CACHE_DIR=/tmp/triton   # docker run -e …",
      `# in the image: RUN useradd -m -u ${match.facts["uid"] ?? "1000"} me`,
    ],
    sources: ["pytorch/pytorch#140765", "HabanaAI/vllm-fork#929"],
    examples: [{ text: "KeyError: 'getpwuid(): uid not found: 1000'", expect: "TORCHINDUCTOR_CACHE_DIR" }],
  },
  {
    id: "rocm-sources-without-rocm",
    title: "The package compiles its ROCm sources although there is no ROCm",
    on: ["missing-header"],
    specificity: 93,
    matches: (finding, context) =>
      /^hip[\\/]|^hip_runtime|^rocblas|^hipblas/.test(finding.header ?? "") &&
      /[\\/](?:rocm|hip|amd)[\\/]/.test(finding.file ?? "") &&
      context.log.torchBuild !== "rocm" &&
      context.log.package !== undefined &&
      !context.findings.some(({ text }) => /hipcc|\/opt\/rocm|gfx\d{3}/.test(text))
        ? { name: context.log.package, where: finding.file }
        : undefined,
    confidence: "medium",
    cause: (match) =>
      `\`${match.facts["where"] ?? ""}\` is for AMD GPUs, and the set-up script of \`${match.facts["name"] ?? ""}\` compiles it on a machine without ROCm: a fault of that release, which shows where pip finds no ready-made wheel and builds from source.`,
    fix: (match) => [
      pip(
        match,
        `install --only-binary=:all: ${match.facts["name"] ?? ""}   # a release that has a wheel for this machine`,
      ),
      pip(match, `install --upgrade --no-build-isolation ${match.facts["name"] ?? ""}   # or a newer release`),
      "# for an AMD GPU: torch for ROCm and ROCm's development packages, export ROCM_HOME=/opt/rocm",
    ],
    sources: ["phildougherty/sesame_csm_openai#23"],
    examples: [
      {
        text: "  aarch64-linux-gnu-gcc -c torchao/csrc/rocm/swizzle/swizzle.cpp -o swizzle.o\n  torchao/csrc/rocm/swizzle/swizzle.cpp:9:10: fatal error: hip/hip_runtime.h: No such file or directory\n  ERROR: Failed building wheel for torchao",
        expect: "--only-binary=:all: torchao",
      },
    ],
  },
];
