/** Downloads of an installation: networks, checksums, repositories. */
import { trustSystem } from "../commands/certificates.ts";
import { plainName } from "../../base/package-name.ts";
import { ownTemporaryFolder, pip, platformOf, setVariable } from "../commands/commands.ts";
import { clonedInShortFolder, longPathsSwitch } from "../commands/short-paths.ts";
import type { Finding } from "../finding.ts";
import { soughtAddress, soughtWheel } from "./absent-wheels.ts";
import { forcedBuild } from "../tables/packages.ts";
import { aboutPath } from "./build-systems.ts";
import { coded, type Match, said, saidAny, type Rule, type RuleContext } from "../rule.ts";

/** What stood in the way of a download, as far as the message tells. */
function networkTrouble(match: Match): string {
  const { message } = match.finding;
  if (/certificate has expired/i.test(message)) return "expired";
  if (
    /HANDSHAKE_FAILURE|TLSV1_ALERT|SSLV3_ALERT|WRONG_VERSION_NUMBER|UNEXPECTED_EOF|EOF occurred in violation/.test(
      message,
    )
  )
    return "tls";
  if (/CERTIFICATE_VERIFY_FAILED|SSLError|SSLCertVerification|UnknownIssuer|certificate/i.test(message))
    return "certificate";
  if (/ProxyError|Cannot connect to proxy|Tunnel connection failed|proxy/i.test(message)) return "proxy";
  if (
    /name resolution|Name or service not known|NameResolutionError|Could not resolve host|getaddrinfo|dns error|nodename nor servname|Network is unreachable|No route to host/i.test(
      message,
    )
  )
    return "name";
  if (
    /timed? ?out|IncompleteRead|incomplete[ -]download|not enough bytes|network timeout|Connection (?:reset|aborted|broken)|early EOF/i.test(
      message,
    )
  )
    return "time";
  return /HTTP (?:Error|error|status client error) ?\(?4\d\d|404|403/.test(message) ? "gone" : "";
}

/** torch from where it lies today, when a file of PyTorch's server is not there. */
function torchAt(match: Match): string[] {
  const file = /download\.pytorch\.org\/whl\/(?:(cu\d+|cpu|rocm[\d.]+)\/)?torch-(\d+\.\d+(?:\.\d+)?)/.exec(
    match.finding.message,
  );
  if (file === null || networkTrouble(match) !== "gone") return [];
  const build = file[1] ?? "cpu";
  return [
    `${pip(match, `install "torch==${file[2] ?? ""}+${build}" -f https://download.pytorch.org/whl/torch_stable.html`)}   # by version, not by the address of a file`,
  ];
}

/**
 * A script that asks git for its version outside of a repository: of a package's archive, in which nothing is missing, as
 * long as no file is.
 */
function isInPassing(finding: Finding, context: RuleContext): boolean {
  return (
    /not a git repository/i.test(finding.message) &&
    context.findings.some(
      ({ kind, severity, code }) =>
        code !== "git" &&
        code !== "submodules" &&
        severity !== "warning" &&
        severity !== "note" &&
        !/^(?:wrapper|missing-header|build-tool|compile|missing-program)$/.test(kind),
    )
  );
}

/** A set-up script did not reach the page with its ready-made wheel: the wheel by another way, or a build without asking for it. */
function withoutReadyWheel(match: Match): string[] {
  const { finding, context } = match;
  const trouble = networkTrouble(match);
  if (trouble === "gone" || trouble === "expired") return [];
  const wheel = soughtWheel(context);
  const called = /(?:^|[\\/])(flash[_-]attn|causal[_-]conv1d|mamba[_-]ssm)[^\\/]*[\\/]setup\.py:/.exec(
    (finding.frames ?? []).join("\n"),
  )?.[1];
  const name = (wheel?.["module"] ?? called ?? "").replaceAll("_", "-");
  const variable = forcedBuild(name);
  if (variable === undefined) return [];
  const file = wheel?.["file"]?.replaceAll("%2B", "+");
  const release = wheel?.["release"];
  return [
    ...(file === undefined
      ? []
      : [
          `# the ready-made wheel, from a machine that reaches GitHub: curl -LO ${soughtAddress(context) ?? ""} and, with the file here: ${pip(match, `install --no-deps ./${file}`)}`,
        ]),
    // Where the build failed as well, it would fail again.
    ...(context.findings.some(({ message }) => /\bninja\b/.test(message)) || trouble === "certificate"
      ? []
      : [
          `${setVariable(match, variable, "TRUE")}   # compiles here and does not ask for that wheel (nvcc of torch's CUDA, and time)`,
          pip(
            match,
            `install --no-build-isolation --no-cache-dir ${name}${release === undefined ? "" : `==${release}`}`,
          ),
        ]),
  ];
}

/** The package whose file is damaged. */
function corrupt(match: Match): string {
  return (
    /(?:^|\s)([A-Za-z][\w.-]*) has an invalid wheel/.exec(match.finding.message)?.[1] ??
    /Wheel '([A-Za-z][\w.-]*)'/.exec(match.finding.message)?.[1] ??
    match.context.log.requested?.join(" ") ??
    match.context.log.package ??
    "."
  );
}

/** A setup.py's own folder and pip's temporary one on one file system, or no wheel that is fetched and moved. */
function acrossFileSystems(match: Match): readonly string[] {
  const { log } = match.context;
  const force = log.package === undefined ? undefined : forcedBuild(plainName(log.package));
  const again =
    log.installs?.length === 1
      ? pip(match, `install ${log.installs[0] ?? ""}`)
      : pip(match, `install --no-build-isolation --no-cache-dir ${log.package ?? "<package>"}`);
  if (platformOf(match) === "win32") return [...ownTemporaryFolder(match), again];
  // The sources lie where the command is given.
  const here = /(?:^|\s)(?:-e )?\.(?:\[[\w,]+\])?$/.test(log.installs?.length === 1 ? (log.installs[0] ?? "") : "");
  return [
    ...(here
      ? ["mkdir -p .tmp", 'export TMPDIR="$PWD/.tmp"   # on the file system of the sources']
      : ownTemporaryFolder(match)),
    again,
    ...(force === undefined
      ? []
      : [
          `# or compiled here in place of the wheel that it fetches: ${force}=TRUE MAX_JOBS=4 in front of that command (nvcc has to be there)`,
        ]),
  ];
}

export const downloadRules: readonly Rule[] = [
  {
    id: "hash-mismatch",
    title: "A download does not have the expected content",
    on: ["installer"],
    specificity: 65,
    // Nix has its own words, and no pip.
    matches: (finding) =>
      /fixed-output derivation/.test(finding.text) ? undefined : coded(finding, "hash", "CondaVerificationError"),
    confidence: "medium",
    cause: (match) =>
      /is invalid|invalid wheel|zip file|unzip|extract/.test(match.finding.message)
        ? "The wheel is no whole archive: a download that was cut off, a page of an error saved under its name, or a Git LFS pointer."
        : "The file that was downloaded has another checksum than the one that was written down: it is cut off, a cache or proxy is stale, or the release was replaced.",
    fix: (match) =>
      match.finding.code === "CondaVerificationError"
        ? ["conda clean --packages --tarballs", "# then install again"]
        : [
            pip(match, "cache purge"),
            ...(/\.whl\b/.test(match.context.log.asked ?? "") || /has an invalid wheel/.test(match.finding.message)
              ? ["# a .whl that you downloaded: unzip -l <file>.whl shows whether it is whole; download it again"]
              : []),
            pip(match, `install --no-cache-dir ${corrupt(match)}`),
          ],
    sources: ["https://pip.pypa.io/en/stable/topics/secure-installs/"],
    examples: [
      {
        text: "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE. If you have updated the package versions, please update the hashes.",
        expect: "cache purge",
      },
      {
        text: "ERROR: my-scatter has an invalid wheel, could not read 'my_scatter-2.1.2.dist-info/WHEEL' file: KeyError(\"There is no item named 'my_scatter-2.1.2.dist-info/WHEEL' in the archive\")",
        expect: "install --no-cache-dir my-scatter",
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
      "The package's setup.py moves a file by renaming it (flash-attn does so with the wheel that it downloads), which fails when the folder that it is built in and the temporary folder (or pip's cache) lie on different file systems.",
    fix: (match) => acrossFileSystems(match),
    sources: ["Dao-AILab/flash-attention: setup.py"],
    examples: [
      {
        text: "OSError: [Errno 18] Invalid cross-device link: 'flash_attn-2.5.8-cp310-cp310-linux_x86_64.whl' -> '/tmp/x.whl'",
        expect: "TMPDIR",
      },
      {
        text: "$ pip install --no-build-isolation .\n  Guessing wheel URL:  https://github.com/Dao-AILab/flash-attention/releases/download/v2.6.3/flash_attn-2.6.3-cp311-cp311-linux_x86_64.whl\n  error: [Errno 18] Invalid cross-device link: 'flash_attn-2.6.3-cp311-cp311-linux_x86_64.whl' -> '/tmp/pip-wheel-ab1/flash_attn-2.6.3-cp311-cp311-linux_x86_64.whl'\n  ERROR: Failed building wheel for flash-attn",
        expect: 'export TMPDIR="$PWD/.tmp"',
      },
      {
        text: "== processing EasyBuild easyconfig /ec/f/flash-attn-2.6.eb\n\t[working dir: /dev/shm/flashattn/2.6/foss-2023a/flashattn-2.6]\n  error: [Errno 18] Invalid cross-device link: 'flash_attn-2.6-cp311.whl' -> '/tmp/eb-ab/pip-wheel-x/flash_attn-2.6-cp311.whl'\n  ERROR: Failed building wheel for flash-attn\n$ eb flash-attn-2.6.eb --robot",
        expect: "export FLASH_ATTENTION_FORCE_BUILD=TRUE",
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
      if (
        /HTTP Error 404/.test(finding.message) &&
        context.findings.some(
          ({ code, at, message }) => code === "no-ready-wheel" || (at > finding.at && /\bninja\b/.test(message)),
        )
      )
        return undefined;
      // A web server speaks of the program behind it.
      if (/\bupstream\b/.test(finding.text)) return undefined;
      if (finding.code === "os-error")
        return said(finding, /(?:HTTPS?ConnectionPool|Max retries exceeded|SSLError|ProxyError|Read timed out)/);
      if (finding.kind === "installer" && finding.code !== "unknown-error")
        return coded(finding, "network", "CondaHTTPError");
      return saidAny(
        finding,
        /urlopen error|Network is unreachable|No route to host|Temporary failure in name resolution|Connection (?:reset|refused|timed out)|Read timed out|HTTP Error [45]\d\d|CERTIFICATE_VERIFY_FAILED|Max retries exceeded|Name or service not known/,
      );
    },
    confidence: "medium",
    cause: (match) =>
      ({
        expired:
          "The certificate has run out: the server's own (then it is mended there within hours), or the clock of this machine is wrong, or its list of authorities is too old.",
        tls: "The server (or a proxy before it) broke the encrypted connection off while it was set up: an outage there, a proxy that speaks plain HTTP, or an SSL library too old for the server. The build has no part in it.",
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
        ...(trouble === "expired"
          ? [
              "date; sudo timedatectl set-ntp true   # is the clock right?",
              pip(match, "install --upgrade pip certifi"),
              `# the server's own fault: wait, another index (PyPI's torch: without --index-url), or as a stopgap --trusted-host ${/host='([\w.-]+)'/.exec(match.finding.message)?.[1] ?? "download.pytorch.org"}`,
            ]
          : trouble === "tls"
            ? [
                `curl -vI https://${/host='([\w.-]+)'/.exec(match.finding.message)?.[1] ?? "download.pytorch.org"} 2>&1 | grep -iE "SSL|TLS|HTTP/|issuer"; env | grep -i _proxy`,
                "# an outage: the same command again later (CI: a retry); a proxy: https_proxy=http://proxy:port, with http even for https",
              ]
            : trouble === "certificate"
              ? trustSystem(match)
              : trouble === "proxy"
                ? ["env | grep -i _proxy   # then set the right one, or: unset http_proxy https_proxy all_proxy"]
                : trouble === "time"
                  ? [
                      ...(/UV_HTTP_TIMEOUT/.test(match.finding.message)
                        ? [
                            setVariable(match, "UV_HTTP_TIMEOUT", "600") +
                              "   # then the same command again: what is there already is kept",
                          ]
                        : [
                            pip(
                              match,
                              `install --timeout 600 --retries 10 ${match.context.log.package ?? "<package>"}`,
                            ),
                          ]),
                      ...(/not enough bytes|incomplete-download/.test(match.finding.message)
                        ? [
                            "# pip 25.1 and newer go on where it broke off: --resume-retries 50; or fetch the file at that address with curl -C - -O, and install the file",
                          ]
                        : []),
                    ]
                  : trouble === "name"
                    ? [
                        "getent hosts pypi.org files.pythonhosted.org download.pytorch.org   # docker build: --network=host, or a dns entry in /etc/docker/daemon.json",
                      ]
                    : []),
        ...torchAt(match),
        ...withoutReadyWheel(match),
        ...(trouble !== "" && trouble !== "gone" && trouble !== "name"
          ? []
          : ["# try again; behind a proxy: export https_proxy=http://proxy:port; own certificates: export PIP_CERT=…"]),
        "# without a network: pip download -d wheels … on another machine, then pip install --no-index --find-links wheels …",
      ];
    },
    sources: ["https://pip.pypa.io/en/stable/user_guide/#using-a-proxy-server"],
    examples: [
      {
        text: "      Guessing wheel URL:  https://github.com/Dao-AILab/flash-attention/releases/download/v2.6.3/a.whl\n      error: <urlopen error [Errno 101] Network is unreachable>\n  ERROR: Failed building wheel for flash-attn",
        expect: "compute node",
      },
      {
        text: "      fatal: Not a git repository (or any of the parent directories): .git\n      torch.__version__  = 2.0.1+cu117\n      running bdist_wheel\n      Guessing wheel URL:  https://github.com/Dao-AILab/flash-attention/releases/download/v2.3.3/flash_attn-2.3.3+cu117torch2.0cxx11abiFALSE-cp310-cp310-linux_x86_64.whl\n      error: <urlopen error [Errno -2] Name or service not known>\n  ERROR: Failed building wheel for flash-attn",
        expect: "flash-attn==2.3.3",
      },
      {
        text: '  File "/tmp/pip-install-q1/flash-attn_9a/setup.py", line 486, in run\n    urllib.request.urlretrieve(wheel_url, wheel_filename)\n  File "/e/lib/python3.10/urllib/request.py", line 1351, in do_open\n    raise URLError(err)\nurllib.error.URLError: <urlopen error [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate in certificate chain (_ssl.c:1017)>',
        expect: "export SSL_CERT_FILE=$(ls /etc/ssl/certs",
      },
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
    matches: (finding) =>
      aboutPath(finding)
        ? {
            unix: /\[Errno 36\]|File name too long/.test(finding.message) ? "yes" : undefined,
            path: /'([^']{100,})'/.exec(finding.message)?.[1],
          }
        : undefined,
    confidence: "high",
    cause: (match) =>
      match.facts["unix"] !== undefined
        ? "One part of a path is longer than 255 bytes (143 on an encrypted home, eCryptfs), or the whole is longer than 4096: a name that a program made of a version, a hash or a list, or a file system that takes less."
        : "A file's whole path is longer than 260 characters: git for Windows and many tools stop there unless long paths are switched on, and temporary folders and submodules (CUTLASS) make long ones.",
    fix: (match) =>
      match.facts["unix"] !== undefined
        ? [
            "df -T . ~ /tmp   # ecryptfs, overlay? then a folder on a plain disk:",
            "export TMPDIR=/var/tmp PIP_CACHE_DIR=/var/tmp/pip TORCH_EXTENSIONS_DIR=/var/tmp/te TORCHINDUCTOR_CACHE_DIR=/var/tmp/ti",
          ]
        : [
            "git config --global core.longpaths true",
            ...(clonedInShortFolder(match) ??
              (/submodule/.test(match.context.findings.map(({ message }) => message).join(" "))
                ? ["git submodule update --init --recursive"]
                : /unable to (?:create|checkout)/i.test(match.finding.message)
                  ? ["git restore --source=HEAD :/   # in the clone: the files that were left out"]
                  : ownTemporaryFolder(match))),
            "# still too long: the sources in a short folder, C:\\s",
            longPathsSwitch,
          ],
    sources: [
      "facebookresearch/xformers#789",
      "https://learn.microsoft.com/en-us/windows/win32/fileio/maximum-file-path-limitation",
    ],
    examples: [
      {
        text: "PS C:\\w> pip install git+https://github.com/jo/ops.git\n  Running command git submodule update --init --recursive -q\n  error: unable to create file docs/classcutlass_1_1epilogue_1_1thread.html: Filename too long\n  fatal: Unable to checkout '319a389f' in submodule path 'third_party/cutlass'",
        expect: "git clone --recursive https://github.com/jo/ops C:\\s\\ops",
      },
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
    matches: (finding, context) =>
      // Without git itself there is nothing to fetch with.
      isInPassing(finding, context) || /Cannot find command 'git'/.test(finding.text)
        ? undefined
        : finding.kind === "installer"
          ? coded(finding, "git")
          : coded(finding, "submodules", "git-state"),
    confidence: (match) =>
      /not a git repository/i.test(match.finding.message)
        ? "low"
        : /dubious ownership/.test(match.finding.message)
          ? "high"
          : "medium",
    cause: (match) =>
      match.finding.code === "git-state"
        ? /dubious ownership/.test(match.finding.message)
          ? "git refuses to work in this folder, because it belongs to another user than the one that runs (root in a container, a folder that was mounted): what the build asks git for, its version or a commit, comes to nothing."
          : "git refuses to work in this folder: another git works there or left a lock."
        : "The sources are not complete: a clone or a submodule could not be fetched, or the sources were downloaded as an archive without their submodules (CUTLASS, fmt, pybind11).",
    fix: (match) =>
      match.finding.code === "git-state"
        ? /dubious ownership/.test(match.finding.message)
          ? [
              `git config --global --add safe.directory ${/in repository at '([^']+)'/.exec(match.finding.message)?.[1] ?? '"$PWD"'}`,
            ]
          : ["rm -f .git/index.lock   # when no other git runs"]
        : [
            "git submodule update --init --recursive",
            "# an archive from a release page has no submodules: git clone --recursive instead",
          ],
    sources: ["NVlabs/tiny-cuda-nn#390"],
    examples: [
      { text: "fatal: not a git repository (or any of the parent directories): .git", expect: "--recursive" },
      {
        text: "fatal: detected dubious ownership in repository at '/__w/ops/ops'\nTo add an exception for this directory, call:\n\n\tgit config --global --add safe.directory /__w/ops/ops",
        expect: "safe.directory /__w/ops/ops",
      },
      { text: "error: Failed to recurse into submodule path 'third_party/cutlass'", expect: "submodule" },
    ],
  },
];
