/** git: what stood in the way of a clone or of a submodule, and not only that something did. */
import { installAgain, pip, platformOf, systemPackage } from "../commands/commands.ts";
import { coded, type Match, type Rule, said, saidAny } from "../rule.ts";

/** The submodule that is spoken of, when a line of the log names one. */
function submodule(match: Match): string | undefined {
  for (const finding of match.context.findings) {
    const name = /submodule path '([^']+)'|子模组路径 '([^']+)'/.exec(finding.message);
    if (name !== null) return name[1] ?? name[2];
  }
  return undefined;
}

/** What git was doing, once more: pip's command, a clone, or the submodules of the clone that is there. */
function again(match: Match, update = "update --init --recursive"): string[] {
  const { typedGit, typedClone } = match.context.log;
  const pipAgain = installAgain(match);
  if (typedGit === undefined) return pipAgain.length > 0 ? pipAgain : [submodulesAgain("", update)];
  // The clone itself is there once its submodules come in.
  const cloned = typedClone !== undefined && /^git clone/.test(typedGit);
  if (cloned && isOfSubmodule(match)) return [submodulesAgain(`-C ${typedClone} `, update)];
  return cloned || !/^git submodule/.test(typedGit) ? [typedGit] : [submodulesAgain("", update)];
}

/** The submodules with the addresses that .gitmodules has now. */
function submodulesAgain(folder: string, update: string): string {
  return `git ${folder}submodule sync --recursive && git ${folder}submodule ${update}`;
}

/** Whether the text tells of a submodule that is cloned. */
function isOfSubmodule(match: Match): boolean {
  return (
    match.context.findings.some(({ text }) => /submodule|子模组/i.test(text)) || match.context.log.clonesSubmodules
  );
}

/** pip's own clone is gone when it fails: a clone of one's own can be completed, and is installed from. */
function cloneByHand(match: Match): string | undefined {
  const ofPip = fetchedByPip(match.context.log);
  if (ofPip === undefined) return undefined;
  const { address, name, revision, below } = ofPip;
  if (!match.context.findings.some(({ text }) => text.includes("pip-req-build") || text.includes("pip-install-")))
    return undefined;
  return [
    `git clone ${revision === undefined ? "--depth 1 --shallow-submodules " : ""}--recurse-submodules ${revision === undefined ? "" : `-b ${revision} `}${address}`,
    `git -C ${name} submodule update --init --recursive --jobs 1`,
    pip(match, `install --no-build-isolation ./${name}${below === undefined ? "" : `/${below}`}`),
  ].join(" && ");
}

/** The repository that the text's command has pip fetch, with its folder and the part that is built. */
function fetchedByPip({ requirement, requested = [] }: Match["context"]["log"]):
  | {
      readonly address: string;
      readonly name: string;
      readonly revision?: string;
      readonly below?: string;
    }
  | undefined {
  const word = [requirement, ...requested].find((each) => each?.includes("git+http") === true);
  const [, address, name, revision, below] =
    /git\+(https?:\/\/[^\s"#@]+?\/([\w.-]+?))(?:\.git)?\/?(?:@([\w./-]+))?(?:#(?:egg=[^&"]*&?)?(?:subdirectory=([^&"\s]+))?)?"?$/.exec(
      word ?? "",
    ) ?? [];
  if (address === undefined || name === undefined) return undefined;
  return { address, name, ...(revision === undefined ? {} : { revision }), ...(below === undefined ? {} : { below }) };
}

/** Where the commit of a submodule is not to be had, the newest of its branch: `git submodule update --remote`. */
function commitAgain(match: Match): string[] {
  const newest = "update --init --recursive --remote";
  const { log } = match.context;
  const ofPip = log.typedGit === undefined ? fetchedByPip(log) : undefined;
  if (ofPip !== undefined)
    return [
      `git clone ${ofPip.revision === undefined ? "" : `-b ${ofPip.revision} `}${ofPip.address}`,
      `git -C ${ofPip.name} submodule ${newest}   # the newest commits of the submodules, in place of the one that is gone`,
      pip(match, `install --no-build-isolation ./${ofPip.name}${ofPip.below === undefined ? "" : `/${ofPip.below}`}`),
    ];
  const [first = "", ...others] = again(match, "update --init --recursive --force");
  const folder = /^git (-C \S+ )?submodule/.exec(first);
  return folder === null
    ? [first, ...others]
    : [
        first,
        `# still so: git ${folder[1] ?? ""}submodule ${newest}   # the newest commits of the submodules, in place of the one that is gone`,
      ];
}

/** In smaller parts, as far as the text's command can do that. */
function transferAgain(match: Match): string[] {
  const byHand = cloneByHand(match);
  if (byHand !== undefined) return [byHand];
  const { typedGit } = match.context.log;
  if (typedGit === undefined && match.context.log.requested !== undefined) return installAgain(match);
  if (typedGit?.startsWith("git clone ") === true && !isOfSubmodule(match))
    return [
      /--depth/.test(typedGit)
        ? typedGit
        : typedGit.replace(
            "git clone ",
            `git clone --depth 1${typedGit.includes("recurs") ? " --shallow-submodules" : ""} `,
          ),
    ];
  if (typedGit !== undefined) return again(match, "update --init --recursive --depth 1 --jobs 1");
  return [
    "git submodule update --init --recursive --depth 1 --jobs 1   # again: what is there already is kept; for a clone: git clone --depth 1 --recurse-submodules --shallow-submodules …",
  ];
}

/** Whether git speaks of a word of its command line, which may be a branch or a file. */
function isPathspec(match: Match): boolean {
  return /pathspec '/.test(match.finding.message);
}

/** The server that git names. */
function host(match: Match): string | undefined {
  return /resolve (?:host|proxy):? '?([\w.-]+)/.exec(match.finding.message)?.[1];
}

export const gitRules: readonly Rule[] = [
  {
    id: "git-lfs-missing",
    title: "The repository keeps large files in Git LFS, and git-lfs is not there or fails",
    on: ["missing-program", "installer", "system"],
    role: "symptom",
    specificity: 84,
    matches: (finding) =>
      finding.program === "git-lfs" || finding.code === "git-lfs"
        ? { over: /bandwidth|quota|batch response|budget/.test(finding.message) ? "yes" : undefined }
        : said(
            finding,
            /git-lfs(?: filter-process)?: (?:git-lfs: )?(?:command )?not found|'git-lfs' is not recognized/,
          ),
    confidence: "high",
    cause: (match) =>
      match.facts["over"] === undefined
        ? "git is set up to hand files to git-lfs (or the repository asks for it), and that program is not installed or not on PATH here; the checkout stops there."
        : "The server does not give the large files out: the repository's quota of Git LFS is used up, or access is refused.",
    fix: (match) => [
      ...(match.facts["over"] === undefined
        ? [
            ...systemPackage(match, { apt: "git-lfs", dnf: "git-lfs", brew: "git-lfs", conda: "git-lfs" }),
            "git lfs install",
          ]
        : []),
      `${platformOf(match) === "win32" ? "set" : "export"} GIT_LFS_SKIP_SMUDGE=1   # ${match.facts["over"] === undefined ? "or " : ""}without the large files, which a build seldom needs`,
      ...(match.context.log.typedGit === undefined && match.context.log.requested === undefined ? [] : again(match)),
    ],
    sources: ["https://git-lfs.com/", "Lightning-AI/litgpt#202"],
    examples: [
      {
        text: "  git-lfs filter-process: git-lfs: command not found\n  fatal: the remote end hung up unexpectedly",
        expect: "git lfs install",
      },
      {
        text: "batch response: This repository is over its data quota. Account responsible for LFS bandwidth should purchase more data packs to restore access.",
        expect: "GIT_LFS_SKIP_SMUDGE",
      },
    ],
  },
  {
    id: "git-needs-a-key",
    title: "The sources are fetched over ssh, and there is no key for it",
    on: ["system", "installer"],
    role: "symptom",
    specificity: 83,
    matches: (finding) =>
      saidAny(
        finding,
        /(?<host>[\w.-]+@[\w.-]+): Permission denied \(publickey/,
        /(?<host>Host key verification failed)/,
      ),
    confidence: "high",
    cause: (match) =>
      `A repository or submodule has an address of ssh's (git@github.com:…), and the server knows no key of this machine${match.facts["host"]?.startsWith("Host") === true ? ", or this machine does not know the server" : ""}. Public repositories need none over https.`,
    fix: (match) => [
      'git config --global url."https://github.com/".insteadOf git@github.com:',
      'git config --global url."https://".insteadOf ssh://git@',
      ...again(match),
      "# a private repository: ssh-keygen -t ed25519, and the public key at the server; in Docker: RUN --mount=type=ssh",
    ],
    sources: [
      "https://docs.github.com/authentication/troubleshooting-ssh/error-permission-denied-publickey",
      "PKU-HMI-Lab/LIFT3D#3",
    ],
    examples: [
      {
        text: "git@github.com: Permission denied (publickey).\nfatal: Could not read from remote repository.",
        expect: "insteadOf",
      },
      { text: "Host key verification failed.\nfatal: Could not read from remote repository.", expect: "insteadOf" },
      {
        text: "jo@ws:~/src$ git clone --recursive https://github.com/lab/ops.git\nCloning into 'ops'...\nSubmodule 'third_party/glm' (git@github.com:g-truc/glm.git) registered for path 'third_party/glm'\ngit@github.com: Permission denied (publickey).\nfatal: Could not read from remote repository.",
        expect: "git -C ops submodule sync --recursive && git -C ops submodule update --init --recursive",
      },
    ],
  },
  {
    id: "git-commit-gone",
    title: "The commit that is asked for is not in that repository",
    on: ["installer"],
    role: "symptom",
    specificity: 82,
    matches: (finding) =>
      coded(finding, "git-commit") === undefined
        ? undefined
        : { commit: /\b[0-9a-f]{7,40}\b/.exec(finding.message)?.[0], name: finding.symbol },
    // `pathspec` alone may be a file that was not found, by any command of git.
    confidence: (match) =>
      !isPathspec(match) ? "high" : /^[0-9a-f]{7,40}$|^v?\d+\.\d/.test(match.facts["name"] ?? "") ? "medium" : "low",
    cause: (match) =>
      match.facts["name"] !== undefined
        ? `The repository has no branch, tag or commit \`${match.facts["name"]}\`${isPathspec(match) ? ", and no file of that name" : ""}: it is misspelt, was renamed or removed there, or the clone is shallow and has not fetched it.`
        : `Commit ${match.facts["commit"] ?? ""}${submodule(match) === undefined ? "" : ` of the submodule \`${submodule(match) ?? ""}\``} is not there: .git/config still has an old address of the submodule, the clone is shallow, or the commit was never pushed or was removed there.`,
    fix: (match) => [
      ...(match.facts["name"] === undefined
        ? commitAgain(match)
        : [
            "git fetch --all --tags && git branch -a && git tag   # what there is",
            "git ls-remote --heads --tags origin   # the same as the server knows it; before a clone: its address in place of origin",
          ]),
      ...(match.context.log.requested === undefined
        ? ["git fetch --unshallow; git pull   # a shallow clone, or a state of the project that has been mended since"]
        : []),
      "# a release (tag) of the project names commits that exist: git tag | tail, git checkout <tag>",
    ],
    sources: ["pytorch/pytorch#42804", "https://git-scm.com/docs/git-submodule"],
    examples: [
      {
        text: "fatal: reference is not a tree: f015d698006c4a11be15b1ebb75b3b9bb317b914",
        expect: "git submodule sync",
      },
      {
        text: "fatal: remote error: upload-pack: not our ref 1e005b0c2777f39972a4ac15bea03e0e315a3d92",
        expect: "1e005b0c",
      },
      { text: "error: pathspec 'v9.9.9' did not match any file(s) known to git", expect: "git tag" },
      {
        text: "(e) jo@ws:~$ pip install git+https://github.com/lab/ops\nfatal: remote error: upload-pack: not our ref 1e005b0c2777f39972a4ac15bea03e0e315a3d92",
        expect: "git -C ops submodule update --init --recursive --remote",
      },
    ],
  },
  {
    id: "git-repository-gone",
    title: "The repository is not at that address, or is private",
    on: ["installer"],
    role: "symptom",
    specificity: 82,
    matches: (finding) =>
      coded(finding, "git-repository") === undefined
        ? undefined
        : { address: /https?:\/\/[^\s']+|git@[^\s']+/.exec(finding.message)?.[0] },
    confidence: "high",
    cause: (match) =>
      `The server has no repository${match.facts["address"] === undefined ? " of that name" : ` \`${match.facts["address"]}\``} for this user: it was moved, renamed, deleted or made private (GitHub then asks for a name and a password).`,
    fix: (match) => {
      const token = "git config --global credential.helper store   # a private one: with a token as the password";
      const { typedGit, typedClone } = match.context.log;
      if (typedGit !== undefined && typedClone !== undefined && !isOfSubmodule(match))
        return [
          "# is it there? In a browser the address leads to a new one when it was renamed; else it is private, or gone",
          token,
          typedGit,
        ];
      if (typedGit === undefined && match.context.log.requested !== undefined)
        return [
          `# in a browser: ${match.facts["address"] ?? "the address"}; a repository that was renamed leads to its new address: that one into the requirement`,
          'git config --global url."https://$GITHUB_TOKEN@github.com/".insteadOf https://github.com/   # a private one: with a token of yours in GITHUB_TOKEN',
          ...installAgain(match),
        ];
      return [
        "git config -f .gitmodules --get-regexp url   # the addresses of the submodules",
        "git pull && git submodule sync --recursive && git submodule update --init --recursive   # newer states of a project have newer addresses",
        token,
      ];
    },
    sources: ["pytorch/pytorch#7892"],
    examples: [
      {
        text: "remote: Repository not found.\nfatal: repository 'https://github.com/x/eigen.git/' not found",
        expect: "submodule sync",
      },
      {
        text: "$ pip install -r requirements.txt\nfatal: could not read Username for 'https://github.com': No such device or address",
        expect: "python -m pip install -r requirements.txt",
      },
      { text: "fatal: could not read Username for 'https://github.com': No such device or address", expect: "private" },
    ],
  },
  {
    id: "git-transfer-broken",
    title: "git did not reach the server, or the transfer broke off",
    on: ["installer"],
    role: "symptom",
    specificity: 78,
    matches: (finding) =>
      coded(finding, "git-transfer") ??
      (finding.code === "git"
        ? said(
            finding,
            /(?<what>RPC failed|early EOF|unexpected disconnect|index-pack|GnuTLS|gnutls_handshake|OpenSSL SSL_(?:read|connect)|Could not resolve host|Failed to connect|Connection (?:timed out|reset|refused)|The requested URL returned error: \d+|SSL certificate problem|server certificate verification failed|unable to access)/,
          )
        : undefined),
    confidence: "high",
    cause: (match) =>
      /certificate/.test(match.finding.message)
        ? "git does not trust the server's certificate: a proxy of the company opens the connection with a certificate of its own."
        : /error: 40[13]/.test(match.finding.message)
          ? "The server refuses the repository to this user."
          : /Could not resolve (?:host|proxy)|Name or service not known/.test(match.finding.message)
            ? `The name \`${host(match) ?? "of the server"}\` is not known here: this machine, container or build sandbox has no network or no name server (batch nodes and package builds are often without), or a proxy is needed.`
            : `The connection to the server failed or broke off while a large repository came in${submodule(match) === undefined ? "" : ` (submodule \`${submodule(match) ?? ""}\`)`}: the network, a proxy or the server, not the project. Half a clone is left behind.`,
    fix: (match) => [
      ...(/certificate/.test(match.finding.message)
        ? ["git config --global http.sslCAInfo /path/to/company-ca.pem"]
        : /Could not resolve (?:host|proxy)|Name or service not known/.test(match.finding.message)
          ? [
              `getent hosts ${host(match) ?? "github.com"}   # nothing: no name server (docker build --network=host; a node with network)`,
              ...(match.context.findings.some(({ tool, code }) => tool === "cmake" || code === "fetch")
                ? [
                    "# without network: clone it elsewhere, and cmake -DFETCHCONTENT_SOURCE_DIR_<NAME>=/path/of/the/clone (pip: CMAKE_ARGS, -C cmake.define.…)",
                  ]
                : []),
            ]
          : [
              "git config --global http.version HTTP/1.1 && git config --global http.postBuffer 524288000",
              ...transferAgain(match),
            ]),
      "# behind a proxy: git config --global http.proxy http://proxy:port",
    ],
    sources: ["https://git-scm.com/docs/git-config#Documentation/git-config.txt-httpversion"],
    examples: [
      {
        text: "error: RPC failed; curl 92 HTTP/2 stream 5 was not closed cleanly: CANCEL (err 8)\nfatal: early EOF",
        expect: "HTTP/1.1",
      },
      {
        text: "$ git clone https://github.com/lab/ops\nCloning into 'ops'...\nerror: RPC failed; curl 56 GnuTLS recv error (-9)\nfatal: early EOF",
        expect: "git clone --depth 1 https://github.com/lab/ops",
      },
      {
        text: "fatal: unable to access 'https://github.com/nvidia/cutlass.git/': Could not resolve host: github.com",
        expect: "getent hosts github.com",
      },
      {
        text: "fatal: 无法克隆 'https://github.com/Maratyszcza/NNPACK.git' 到子模组路径 'third_party/NNPACK'",
        expect: "third_party/NNPACK",
      },
    ],
  },
];
