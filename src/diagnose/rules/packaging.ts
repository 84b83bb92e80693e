/** pip, uv, conda and build backends. */
import { pip, platformOf, python, pythonVersion, setVariable } from "../commands.ts";
import { pythonsForTorch } from "../version-facts.ts";
import { coded, type Match, type Rule, said, saidAny } from "../rule.ts";

/** A wheel for this Python, or a Python for this wheel. */
function forOtherPython(match: Match): string[] {
  const tag = /-(cp3\d+)-(?:cp3\d+|abi3)-/.exec(match.facts["what"] ?? "")?.[1];
  const version = pythonVersion(match);
  if (tag === undefined || match.facts["code"] !== "wrong-wheel")
    return [
      "# an environment with a Python that has a wheel: uv venv --python 3.11   (or conda create -n e python=3.11)",
    ];
  const wheelPython = tag.replace("cp3", "3.");
  if (version === wheelPython)
    return ["# the Python fits: compare system (linux, win, macosx) and processor in the name"];
  const here = version === undefined ? undefined : `cp${version.replace(".", "")}`;
  return [
    `# the wheel of the same release ${here === undefined ? "for this Python" : `with ${here}-${here} in its name`}, with the same torch, CUDA and ABI; none there: pip install --no-build-isolation builds it from source`,
    `# or an environment with the wheel's Python: uv venv --python ${wheelPython}   (conda create -n e python=${wheelPython})`,
  ];
}

export const packagingRules: readonly Rule[] = [
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
      const tag = /-cp3(\d+)-/.exec(match.facts["what"] ?? "")?.[1];
      if (match.facts["code"] === "wrong-wheel" && tag !== undefined && version !== undefined && version !== `3.${tag}`)
        return `\`${match.facts["what"] ?? "The wheel"}\` is for Python 3.${tag} (cp3${tag}), and this is Python ${version}. System, processor, torch, CUDA and C++ ABI in its name have to fit, too.`;
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
        ...(pythons === undefined ? forOtherPython(match) : []),
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
      {
        text: "  Using cached numpy-2.1.0-cp312-cp312-manylinux_2_17_x86_64.whl (18 MB)\nERROR: my_ops-2.6.3+cu12torch2.4-cp310-cp310-linux_x86_64.whl is not a supported wheel on this platform.",
        expect: "cp312-cp312",
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
  {
    id: "hash-mismatch",
    title: "A download does not have the expected content",
    on: ["installer"],
    specificity: 65,
    matches: (finding) => coded(finding, "hash", "CondaVerificationError"),
    confidence: "medium",
    cause: (match) =>
      /is invalid|invalid wheel|zip file|unzip|extract/.test(match.finding.message)
        ? "The wheel is no whole archive: a download that was cut off, a page of an error saved under its name, or a Git LFS pointer."
        : "The file that was downloaded has another checksum than the one that was written down: it is cut off, a cache or proxy is stale, or the release was replaced.",
    fix: (match) =>
      match.finding.code === "CondaVerificationError"
        ? ["conda clean --packages --tarballs", "# then install again"]
        : [pip(match, "cache purge"), pip(match, "install --no-cache-dir .")],
    sources: ["https://pip.pypa.io/en/stable/topics/secure-installs/"],
    examples: [
      {
        text: "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE. If you have updated the package versions, please update the hashes.",
        expect: "cache purge",
      },
    ],
  },
  {
    id: "cross-device-move",
    title: "A file is moved from one file system to another",
    on: ["exception", "installer"],
    specificity: 80,
    matches: (finding) => said(finding, /Invalid cross-device link|\[WinError 17\]/),
    confidence: "high",
    cause: () =>
      "The package's setup.py moves a file by renaming it (flash-attn does so with the wheel that it downloads), which fails when the temporary folder and pip's cache lie on different file systems.",
    fix: (match) => [
      setVariable(match, "TMPDIR", "$HOME/tmp") + "   # a folder on the file system of pip's cache",
      pip(match, `install --no-build-isolation --no-cache-dir ${match.context.log.package ?? "<package>"}`),
    ],
    sources: ["Dao-AILab/flash-attention: setup.py"],
    examples: [
      {
        text: "OSError: [Errno 18] Invalid cross-device link: 'flash_attn-2.5.8-cp310-cp310-linux_x86_64.whl' -> '/tmp/x.whl'",
        expect: "TMPDIR",
      },
    ],
  },
  {
    id: "network-failure",
    title: "A download failed",
    on: ["installer", "exception"],
    role: "symptom",
    specificity: 60,
    matches: (finding, context) => {
      // flash-attn and its kin look for a ready-made wheel, and build when there is none: that 404 is no failure.
      if (/HTTP Error 404/.test(finding.message) && context.findings.some((other) => other.code === "no-ready-wheel"))
        return undefined;
      if (finding.kind === "installer") return coded(finding, "network", "CondaHTTPError");
      return saidAny(
        finding,
        /urlopen error|Temporary failure in name resolution|Connection (?:reset|refused|timed out)|Read timed out|HTTP Error [45]\d\d|CERTIFICATE_VERIFY_FAILED|Max retries exceeded|Name or service not known/,
      );
    },
    confidence: "medium",
    cause: (match) =>
      ({
        certificate:
          "The server's certificate is not trusted: a proxy of the company opens the connection with a certificate of its own, or this Python's list of authorities is too old.",
        proxy: "The proxy refuses the connection, or its address is wrong (http_proxy, https_proxy).",
        name: "The name of the server is not resolved: no network or no name server here (often in a docker build, a sandbox, or on a compute node of a cluster).",
        time: "The connection was too slow or was cut off while a large file came in.",
        gone: "The server does not have the file (or not for this user): the URL is of another release, or it moved.",
      })[networkTrouble(match)] ??
      "The network, a proxy, a certificate or the server stood in the way of a download (some packages fetch wheels or sources while they build).",
    fix: (match) => {
      const trouble = networkTrouble(match);
      return [
        ...(trouble === "certificate"
          ? [
              "export PIP_CERT=/path/to/company-ca.pem SSL_CERT_FILE=/path/to/company-ca.pem REQUESTS_CA_BUNDLE=/path/to/company-ca.pem",
              pip(match, "install --upgrade pip certifi   # pip from 24.2 on trusts what the system trusts"),
            ]
          : trouble === "proxy"
            ? ["env | grep -i _proxy   # then set the right one, or: unset http_proxy https_proxy all_proxy"]
            : trouble === "time"
              ? [pip(match, `install --timeout 600 --retries 10 ${match.context.log.package ?? "<package>"}`)]
              : trouble === "name"
                ? [
                    "getent hosts pypi.org files.pythonhosted.org download.pytorch.org   # docker build: --network=host, or a dns entry in /etc/docker/daemon.json",
                  ]
                : []),
        ...(trouble === "proxy" || trouble === "certificate" || trouble === "time"
          ? []
          : ["# try again; behind a proxy: export https_proxy=http://proxy:port; own certificates: export PIP_CERT=…"]),
        "# without a network: pip download -d wheels … on another machine, then pip install --no-index --find-links wheels …",
      ];
    },
    sources: ["https://pip.pypa.io/en/stable/user_guide/#using-a-proxy-server"],
    examples: [
      {
        text: "urllib.error.URLError: <urlopen error [Errno -3] Temporary failure in name resolution>",
        expect: "proxy",
      },
      {
        text: "WARNING: Retrying (Retry(total=0, connect=None, read=None, redirect=None, status=None)) after connection broken by 'SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self signed certificate in certificate chain (_ssl.c:1129)'))': /simple/foo/\nERROR: Could not find a version that satisfies the requirement foo (from versions: none)",
        expect: "PIP_CERT",
      },
    ],
  },
  {
    id: "path-too-long",
    title: "A path is longer than Windows allows",
    on: ["installer", "system", "build-tool", "exception", "driver"],
    specificity: 82,
    matches: (finding) => saidAny(finding, /Filename too long/, /\[WinError 206\]/),
    confidence: "high",
    cause: () =>
      "A file's whole path is longer than 260 characters: git for Windows and many tools stop there unless long paths are switched on, and temporary folders and submodules (CUTLASS) make long ones.",
    fix: () => [
      "git config --global core.longpaths true",
      'reg add "HKLM\\SYSTEM\\CurrentControlSet\\Control\\FileSystem" /v LongPathsEnabled /t REG_DWORD /d 1 /f   # as administrator',
      "set TEMP=C:\\t& set TMP=C:\\t   # a short temporary folder, and sources in C:\\src",
    ],
    sources: [
      "facebookresearch/xformers#789",
      "https://learn.microsoft.com/en-us/windows/win32/fileio/maximum-file-path-limitation",
    ],
    examples: [
      {
        text: "error: unable to create file docs/structcutlass_1_1transform_1_1Pitch.html: Filename too long",
        expect: "core.longpaths",
      },
      {
        text: "error: unable to create file docs/structcutlass_1_1transform.html: Filename too long\nfatal: Unable to checkout 'e0aaa3c3' in submodule path 'third_party/cutlass'",
        expect: "core.longpaths",
      },
    ],
  },
  {
    id: "git-failed",
    title: "git could not fetch the sources",
    on: ["installer", "system"],
    specificity: 62,
    role: "symptom",
    matches: (finding) =>
      finding.kind === "installer" ? coded(finding, "git") : coded(finding, "submodules", "git-state"),
    confidence: (match) => (/not a git repository/.test(match.finding.message) ? "low" : "medium"),
    cause: (match) =>
      match.finding.code === "git-state"
        ? "git refuses to work in this folder: it belongs to another user, or another git left a lock."
        : "The sources are not complete: a clone or a submodule could not be fetched, or the sources were downloaded as an archive without their submodules (CUTLASS, fmt, pybind11).",
    fix: (match) =>
      match.finding.code === "git-state"
        ? ['git config --global --add safe.directory "$PWD"', "rm -f .git/index.lock   # when no other git runs"]
        : [
            "git submodule update --init --recursive",
            "# an archive from a release page has no submodules: git clone --recursive instead",
          ],
    sources: ["NVlabs/tiny-cuda-nn#390"],
    examples: [
      { text: "fatal: not a git repository (or any of the parent directories): .git", expect: "--recursive" },
      { text: "error: Failed to recurse into submodule path 'third_party/cutlass'", expect: "submodule" },
    ],
  },
];

/** What stood in the way of a download, as far as the message tells. */
function networkTrouble(match: Match): string {
  const { message } = match.finding;
  if (/CERTIFICATE_VERIFY_FAILED|SSLError|SSLCertVerification|UnknownIssuer|certificate/i.test(message))
    return "certificate";
  if (/ProxyError|Cannot connect to proxy|Tunnel connection failed|proxy/i.test(message)) return "proxy";
  if (
    /name resolution|Name or service not known|NameResolutionError|Could not resolve host|getaddrinfo|dns error|nodename nor servname/i.test(
      message,
    )
  )
    return "name";
  if (/timed? ?out|IncompleteRead|incomplete download|Connection (?:reset|aborted|broken)|early EOF/i.test(message))
    return "time";
  return /HTTP (?:Error|error|status client error) ?\(?4\d\d|404|403/.test(message) ? "gone" : "";
}
