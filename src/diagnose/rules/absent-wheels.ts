/**
 * Packages that look for a ready-made wheel of their own while they are installed, find none and compile: flash-attn and
 * what took its setup.py over. What then fails is for other rules to say.
 */
import { plainName } from "../../base/package-name.ts";
import { pip, platformOf, python, quote, setVariable } from "../commands/commands.ts";
import { forcedBuild } from "../tables/packages.ts";
import { type Match, type MatchFacts, type Rule, type RuleContext, saidAny } from "../rule.ts";

const wheelAddress =
  /https:\/\/github\.com\/(?<owner>[\w.-]+\/[\w.-]+)\/releases\/download\/[^\s'"]*\/(?<file>(?<module>[A-Za-z]\w*)-(?<release>[\w.]+?)\+[\w.%]*?-(?<python>cp\d+)-cp\w+-(?<system>linux|win|macosx)\w*\.whl)/;

/** The wheel that was looked for, as the log names it. */
export function soughtWheel(context: RuleContext): MatchFacts | undefined {
  for (const finding of context.findings) {
    if (finding.code !== "no-ready-wheel") continue;
    const found = wheelAddress.exec(finding.text)?.groups;
    if (found !== undefined) return { ...found };
  }
  return undefined;
}

/** Wheels of flash-attn that others make, for Windows and for pairs of torch and CUDA that the project leaves out. */
export function wheelsOfOthers(match: Match, name: string): string[] {
  if (!/^flash[-_]attn$/.test(name)) return [];
  const tag =
    match.facts["python"] ??
    (match.context.log.python === undefined ? undefined : `cp${match.context.log.python.replace(".", "")}`);
  return [
    `# without compiling: a wheel for your torch, CUDA and Python (${tag ?? "cp<number>"}, ${platformOf(match) === "win32" ? "win_amd64" : "linux_x86_64"}) of https://github.com/mjun0812/flash-attention-prebuild-wheels/releases${platformOf(match) === "win32" ? " (the project itself makes none for Windows)" : ", which has more than the project's own page"}: ${pip(match, "install --no-deps <its address>")}`,
  ];
}

/** The address of the wheel that was looked for. */
export function soughtAddress(context: RuleContext): string | undefined {
  for (const { code, text } of context.findings) {
    const found = code === "no-ready-wheel" ? wheelAddress.exec(text)?.[0] : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The package as the text asks for it, in the release that it names. */
function askedFor({ context: { log } }: Match, name: string): string {
  return (
    log.requested?.find(
      (word) => /^"?[\w.-]+[=<>~!]/.test(word) && plainName(word.replace(/^"|[=<>~!].*$/g, "")) === name,
    ) ?? name
  );
}

export const absentWheelRules: readonly Rule[] = [
  {
    id: "xformers-not-for-this-rocm",
    title: "PyTorch's index has no xformers for this ROCm, Python or system",
    on: ["installer"],
    specificity: 84,
    matches: (finding, { log }) => {
      const rocm = /download\.pytorch\.org\/whl\/rocm(\d[\d.]*)/.exec(log.onlyIndex ?? "")?.[1];
      return finding.code === "no-distribution" && rocm !== undefined && /^xformers\b/.test(finding.symbol ?? "")
        ? { rocm }
        : undefined;
    },
    confidence: "high",
    cause: ({ facts }) =>
      `xformers for AMD lies on PyTorch's index for some releases of ROCm alone, for Linux on x86-64: for ROCm ${facts["rocm"] ?? ""} the index has none for this Python and system. PyPI's xformers is for NVIDIA and no replacement: it would bring a torch for CUDA.`,
    fix: (match) => [
      pip(
        match,
        `index versions xformers --index-url https://download.pytorch.org/whl/rocm${match.facts["rocm"] ?? ""}`,
      ),
      ...(match.facts["rocm"] === "6.3" || platformOf(match) !== "linux"
        ? []
        : [
            `${pip(match, "install --upgrade xformers --index-url https://download.pytorch.org/whl/rocm6.3")}   # for ROCm 6.3, with the torch that it was made for: the wheels bring their ROCm, and a newer driver runs them`,
          ]),
      `# or without it: torch.nn.functional.scaled_dot_product_attention; from source, for MI200 and MI300: ${pip(match, "install --no-build-isolation git+https://github.com/ROCm/xformers.git")}`,
    ],
    sources: ["facebookresearch/xformers#1311", "https://github.com/facebookresearch/xformers#installing-xformers"],
    examples: [
      {
        text: "$ pip3 install -U xformers --index-url https://download.pytorch.org/whl/rocm6.4\nLooking in indexes: https://download.pytorch.org/whl/rocm6.4\nERROR: Could not find a version that satisfies the requirement xformers (from versions: none)",
        expect: "whl/rocm6.3",
      },
    ],
  },
  {
    id: "ready-wheel-not-fetched",
    title: "The package's set-up script cannot fetch its ready-made wheel",
    on: ["exception", "installer"],
    specificity: 74,
    matches: (finding, context) => {
      const address = soughtAddress(context);
      const facts =
        address === undefined
          ? undefined
          : saidAny(
              finding,
              /URLError: <urlopen error (?<reason>.{1,120})>/,
              /^(?:\w+\.)*(?<reason>(?:ConnectionResetError|ConnectionRefusedError|RemoteDisconnected|IncompleteRead|TimeoutError|ContentTooShortError)\b.{0,80})/,
            );
      return facts === undefined ? undefined : { ...facts, address };
    },
    confidence: "high",
    cause: (match) =>
      `The set-up script fetches a wheel from GitHub by itself while pip builds, and the network stands in the way (${match.facts["reason"] ?? "no connection"}): pip's options (--timeout, an index, --proxy) do not reach that download. Nothing was compiled.`,
    fix: (match) => {
      const address = match.facts["address"] ?? "";
      const file = address.split("/").at(-1) ?? "";
      const name = (wheelAddress.exec(address)?.groups?.["module"] ?? "flash_attn").replaceAll("_", "-");
      const variable = forcedBuild(name);
      return [
        "# behind a proxy first: export https_proxy=http://<proxy>:<port>",
        `curl -fL --retry 5 -O ${quote(address)}   # where there is a network; a 404 means that there is no wheel for this torch and Python`,
        pip(match, `install --no-deps ./${file}`),
        ...(variable === undefined
          ? []
          : [
              `# or compile it without a download, with nvcc of torch's CUDA: ${variable}=TRUE ${pip(match, `install --no-build-isolation ${name}`)}`,
            ]),
      ];
    },
    sources: ["Dao-AILab/flash-attention: setup.py"],
    examples: [
      {
        text: 'Guessing wheel URL:  https://github.com/Dao-AILab/flash-attention/releases/download/v2.5.8/flash_attn-2.5.8+cu122torch2.3cxx11abiFALSE-cp310-cp310-linux_x86_64.whl\nTraceback (most recent call last):\n  File "/usr/lib/python3.10/urllib/request.py", line 1351, in do_open\n    raise URLError(err)\nurllib.error.URLError: <urlopen error [Errno 110] Connection timed out>',
        expect: "curl -fL --retry 5 -O",
      },
    ],
  },
  {
    id: "no-ready-wheel-of-package",
    title: "The package has no ready-made wheel for this environment and is compiled",
    on: ["warning", "installer"],
    role: "advice",
    specificity: 62,
    matches: (finding, context) => {
      if (finding.kind === "warning")
        return finding.code === "no-ready-wheel" && /Precompiled wheel not found/.test(finding.message)
          ? (soughtWheel(context) ?? {})
          : undefined;
      // The 404 of that wheel; the build that came after it failed, too.
      return /^urllib\.error\.HTTPError: HTTP Error 404/.test(finding.message) &&
        context.findings.some(({ at, message }) => at > finding.at && /\bninja\b/.test(message))
        ? (soughtWheel(context) ?? {})
        : undefined;
    },
    // Alone it tells of a build that goes on.
    confidence: ({ context }) =>
      context.findings.some(({ kind, severity }) => kind === "wrapper" && severity === "error") &&
      !context.findings.some(({ code }) => code === "installed")
        ? "medium"
        : "low",
    cause: (match) => {
      const { file, owner } = match.facts;
      const windows = match.facts["system"] === "win" || platformOf(match) === "win32";
      return `The set-up script looks for a ready-made wheel first${file === undefined ? "" : ` (\`${file}\`)`}, and ${owner ?? "the project"} has none for this torch, CUDA, Python and system${windows ? ": its wheels are for Linux" : ""}. So it compiles everything, which takes a CUDA toolkit, a C++ compiler, much memory and up to hours${match.context.findings.some(({ code }) => code === "installed") ? "" : "; that is what did not go through"}.`;
    },
    fix: (match) => {
      const name = (
        match.facts["module"] ??
        match.context.log.package ??
        match.context.log.asked ??
        "flash-attn"
      ).replaceAll("_", "-");
      const { owner } = match.facts;
      return [
        `${python(match)} -c "import torch; print(torch.__version__, torch.version.cuda, torch._C._GLIBCXX_USE_CXX11_ABI)"`,
        ...wheelsOfOthers(match, name),
        ...(platformOf(match) === "win32"
          ? []
          : [
              `# the project's own wheels: https://github.com/${owner ?? "Dao-AILab/flash-attention"}/releases; a torch that they are for (another 2.x) spares the compiler, too`,
            ]),
        `${setVariable(match, "MAX_JOBS", "4")}   # or compile it, with nvcc of torch's CUDA:`,
        pip(match, `install -v --no-build-isolation ${askedFor(match, name)}`),
      ];
    },
    sources: [
      "Dao-AILab/flash-attention: setup.py",
      "Dao-AILab/flash-attention#1531",
      "https://github.com/mjun0812/flash-attention-prebuild-wheels",
    ],
    examples: [
      {
        text: "$ pip install causal-conv1d==1.4.0\nGuessing wheel URL:  https://github.com/Dao-AILab/causal-conv1d/releases/download/v1.4.0/causal_conv1d-1.4.0+cu124torch2.4cxx11abiFALSE-cp310-cp310-linux_x86_64.whl\nPrecompiled wheel not found. Building from source...",
        expect: "--no-build-isolation causal-conv1d==1.4.0",
      },
      {
        text: "Guessing wheel URL:  https://github.com/Dao-AILab/flash-attention/releases/download/v2.7.4.post1/flash_attn-2.7.4.post1+cu12torch2.6cxx11abiFALSE-cp311-cp311-win_amd64.whl\nPrecompiled wheel not found. Building from source...\nrunning build\nrunning build_py\ncreating build\\lib.win-amd64-cpython-311\\flash_attn",
        expect: "none for Windows",
      },
      {
        text: "ninja: build stopped: subcommand failed.\nTraceback (most recent call last):\n  File \"/tmp/pip-install-o9/flash-attn_de/setup.py\", line 450, in run\n    urllib.request.urlretrieve(wheel_url, wheel_filename)\n  File \"/usr/lib/python3.12/urllib/request.py\", line 639, in http_error_default\n    raise HTTPError(req.full_url, code, msg, hdrs, fp)\nurllib.error.HTTPError: HTTP Error 404: Not Found\n\nDuring handling of the above exception, another exception occurred:\n\nsubprocess.CalledProcessError: Command '['ninja', '-v']' returned non-zero exit status 1.",
        expect: "flash-attention-prebuild-wheels",
      },
    ],
  },
];
