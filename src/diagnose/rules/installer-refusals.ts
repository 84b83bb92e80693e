/** What pip, Docker and CI services refuse in words of their own before anything is built. */
import { pip, setVariable } from "../commands.ts";
import { coded, type Rule, said, saidAny } from "../rule.ts";

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
      `${pip(match, `install --ignore-installed ${match.facts["name"] ?? "<package>"}`)}   # puts the new one over it`,
      "# better: a virtual environment of your own (python3 -m venv .venv); with conda: conda remove it first, and one installer for torch alone",
    ],
    sources: ["pypa/pip#5247", "https://pip.pypa.io/en/stable/cli/pip_install/#cmdoption-I"],
    examples: [
      {
        text: "ERROR: Cannot uninstall 'PyYAML'. It is a distutils installed project and thus we cannot accurately determine which files belong to it which would lead to only a partial uninstall.",
        expect: "--ignore-installed PyYAML",
      },
      {
        text: "error: uninstall-no-record-file\n\n× Cannot uninstall torch 2.1.0\n╰─> The package's contents are unknown: no RECORD file was found for torch.",
        expect: "--ignore-installed",
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
              `${pip(match, `install "${(match.facts["what"] ?? match.facts["twice"] ?? "<package>").trim().replace(/([^=<>!~])=([^=])/, "$1==$2")}"`)}   # so, and in the requirements file`,
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
    fix: () => [
      "unset PIP_USER; python -m pip config list   # user = true in there? pip config unset global.user",
      "# the same command without --user",
    ],
    sources: ["https://pip.pypa.io/en/stable/user_guide/#user-installs"],
    examples: [
      {
        text: "ERROR: Can not perform a '--user' install. User site-packages are not visible in this virtualenv.",
        expect: "PIP_USER",
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
      pip(match, `install ${match.facts["now"] ?? ""}`),
      ...(match.facts["old"] === "sklearn"
        ? [
            `${setVariable(match, "SKLEARN_ALLOW_DEPRECATED_SKLEARN_PACKAGE_INSTALL", "True")}   # then the same command again: for a package that still asks for sklearn`,
          ]
        : []),
      `# in your own requirements: ${match.facts["now"] ?? ""} in place of ${match.facts["old"] ?? ""}`,
    ],
    sources: ["https://github.com/scikit-learn/sklearn-pypi-package"],
    examples: [
      {
        text: "      The 'sklearn' PyPI package is deprecated, use 'scikit-learn'\n      rather than 'sklearn' for pip commands.",
        expect: "SKLEARN_ALLOW_DEPRECATED_SKLEARN_PACKAGE_INSTALL",
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
        ? [
            "# FROM nvidia/cuda:12.8.1-devel-ubuntu22.04   (tags: https://hub.docker.com/r/nvidia/cuda/tags); with torch inside: pytorch/pytorch:2.7.1-cuda12.8-cudnn9-devel",
            "docker pull nvidia/cuda:12.8.1-devel-ubuntu22.04",
          ]
        : [
            `docker manifest inspect ${match.facts["image"] ?? "<image>"}   # is the tag right?`,
            "docker login   # a private one",
          ],
    sources: ["https://gitlab.com/nvidia/container-images/cuda/-/blob/master/doc/support-policy.md"],
    examples: [
      {
        text: "ERROR: failed to solve: nvidia/cuda:11.1-devel-ubuntu20.04: docker.io/nvidia/cuda:11.1-devel-ubuntu20.04: not found",
        expect: "hub.docker.com/r/nvidia/cuda/tags",
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
      `# workflow: runs-on: ubuntu-22.04 in place of ubuntu-latest (macos-13 for Intel), or a newer python-version than ${match.facts["version"] ?? "that"}`,
      `# or a container that has it: container: python:${match.facts["version"] ?? "3.8"}; or astral-sh/setup-uv with uv python install ${match.facts["version"] ?? ""}`,
    ],
    sources: ["actions/setup-python#544", "https://github.com/actions/python-versions"],
    examples: [
      {
        text: "##[error]The version '3.6' with the architecture 'x64' was not found for Ubuntu 24.04.",
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
