/** Moore Threads' GPUs: torch_musa, and the MUSA SDK below it. */
import { pip, python } from "../commands/commands.ts";
import { missingLibrary } from "../matchers.ts";
import type { Match, Rule } from "../rule.ts";
import { symbolFacts, verdictOf } from "./symbol-facts.ts";

const releases = "https://github.com/MooreThreads/torch_musa/releases";

/** What goes together. */
function versions(match: Match): string[] {
  return [
    `${pip(match, "list")} | grep -i -E '^torch|musa'; musa_version_query   # which releases are there?`,
    `# torch, torch_musa and the MUSA SDK of one row of ${releases}: each release has the wheels of torch and torchvision beside that of torch_musa, and names its SDK`,
  ];
}

export const musaRules: readonly Rule[] = [
  {
    id: "musa-torch-of-others",
    title: "torch_musa is loaded beside a torch that is not its own",
    on: ["undefined-symbol"],
    specificity: 90,
    matches: (finding, context) => {
      const verdict = verdictOf(finding);
      return verdict !== undefined && /libmusa_|torch_musa|_MUSAC|libmudnn_torch/.test(finding.file ?? "")
        ? symbolFacts(finding, verdict, context)
        : undefined;
    },
    confidence: "high",
    cause: (match) => {
      const { installedTorch } = match.context.log;
      return `\`${match.facts["name"] ?? ""}\` is not in what is loaded beside ${match.facts["who"] ?? "torch_musa"}: torch_musa is compiled against a torch that Moore Threads has changed, and against one release of the MUSA SDK. ${installedTorch === undefined ? "Another torch (PyPI's) or SDK is installed" : `The torch that is installed is ${installedTorch}, which PyPI or PyTorch's index has`}.`;
    },
    fix: (match) => [
      ...versions(match),
      `# pip install --force-reinstall --no-deps <that release>/torch-…-linux_x86_64.whl <that release>/torch_musa-…-linux_x86_64.whl   # for the Python of: ${python(match)} -V`,
      "# for all at once: the images of registry.mthreads.com/mcconline/musa-pytorch-release-public",
    ],
    sources: ["MooreThreads/torch_musa#63", "MooreThreads/torch_musa#101", releases],
    examples: [
      {
        text: "ImportError: /e/lib/python3.10/site-packages/torch_musa/lib/libmusa_kernels.so: undefined symbol: _ZN2at18_GeneratorRegisterC1ESt8functionIFNS_9GeneratorEaEE",
        expect: "torch that Moore Threads has changed",
      },
    ],
  },
  {
    id: "musa-library-missing",
    title: "A library of the MUSA SDK is missing",
    on: ["missing-library"],
    specificity: 88,
    matches: (finding) =>
      missingLibrary(
        finding,
        /^lib(?:musart|musa|mublas|mudnn|mccl|mufft|murand|musparse|musolver|mupti|muThrust|mtml|mtjpeg)\b/,
      ),
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["name"] ?? ""}\` is of the MUSA SDK of Moore Threads (toolkit, muDNN, MCCL), and the loader does not find it: its folder /usr/local/musa/lib is not on LD_LIBRARY_PATH, that part of the SDK is not installed, or the SDK is of another release than torch_musa was built with (the number behind .so).`,
    fix: (match) => [
      `ls -l /usr/local/musa/lib/${(match.facts["name"] ?? "").replace(/(\.so)\..*/, "$1")}*   # there, and with this number?`,
      "export MUSA_HOME=/usr/local/musa LD_LIBRARY_PATH=/usr/local/musa/lib:$LD_LIBRARY_PATH",
      ...versions(match),
    ],
    sources: ["MooreThreads/torch_musa#102", "MooreThreads/torch_musa#56", releases],
    examples: [
      {
        text: "ImportError: libmccl.so.2: cannot open shared object file: No such file or directory",
        expect: "LD_LIBRARY_PATH=/usr/local/musa/lib",
      },
      {
        text: "ImportError: libmupti.so.0.2: cannot open shared object file: No such file or directory",
        expect: "ls -l /usr/local/musa/lib/libmupti.so*",
      },
    ],
  },
];
