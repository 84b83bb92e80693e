/** NCCL and its kin where no torch asks for them: programs of C++ that find another libnccl, and libraries that were built by half. */
import { python, unsetVariable } from "../commands/commands.ts";
import type { Finding } from "../finding.ts";
import type { Match, Rule } from "../rule.ts";
import { owned } from "./symbol-owners.ts";

const loader = "https://man7.org/linux/man-pages/man8/ld.so.8.html";

/** A program that is no Python and no library, as the loader names who asks: `./all_reduce_perf`. */
function programOf({ file = "", phase }: Finding): string | undefined {
  return phase !== "load" || file === "" || /\.(?:so|pyd|dll|dylib)\b|(?:^|[\\/])python[\d.]*$|site-packages/.test(file)
    ? undefined
    : file;
}

/** The folder that a text shows a library of that name in, of those that the system does not search anyway. */
function folderShown({ context }: Match, name: string): string | undefined {
  for (const { text } of context.findings) {
    const folder = new RegExp(`(/[\\w./+-]+)/${name}\\.so`).exec(text)?.[1];
    if (folder !== undefined && !/^\/(?:usr\/)?lib/.test(folder)) return folder;
  }
  return undefined;
}

/** Where a program finds a library of NVIDIA's that is not with the system's: the variable that its build was given. */
const homes: readonly (readonly [symbol: RegExp, library: string, home: string])[] = [
  [/^p?nccl[A-Z]/, "libnccl", "NCCL_HOME"],
  [/^cudnn[A-Z]/, "libcudnn", "CUDNN_HOME"],
  [/^nvshmem/, "libnvshmem_host", "NVSHMEM_HOME"],
  [/^cutensor/, "libcutensor", "CUTENSOR_ROOT"],
];

export const collectiveLibraryRules: readonly Rule[] = [
  {
    id: "program-finds-older-cuda-library",
    title: "A program finds an older library of NVIDIA's than it was built with",
    on: ["undefined-symbol"],
    specificity: 83,
    matches: (finding, context) => {
      const program = programOf(finding);
      const home = homes.find(([form]) => form.test(finding.symbol ?? ""));
      if (program === undefined || home === undefined) return undefined;
      return { ...owned(finding, context, "cuda-library"), program, library: home[1], home: home[2] };
    },
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["program"] ?? ""}\` was compiled with a newer ${match.facts["library"] ?? ""} than the one that the loader finds when it starts, which does not have \`${match.finding.symbol ?? ""}\`: the path at build time (${match.facts["home"] ?? ""}, -L) is not where a program looks later, and the system's older ${match.facts["library"] ?? ""}.so comes first.`,
    fix: (match) => {
      const folder =
        folderShown(match, match.facts["library"] ?? "") ??
        `\${${match.facts["home"] ?? "NCCL_HOME"}:?the folder of the newer one}/lib`;
      return [
        `export LD_LIBRARY_PATH=${folder}:$LD_LIBRARY_PATH   # the one that it was built with comes first`,
        `ldd ${match.facts["program"] ?? "./program"} | grep ${match.facts["library"] ?? "libnccl"}   # which one is taken now?`,
        "# for good: link with -Wl,-rpath,<that folder>",
      ];
    },
    sources: ["NVIDIA/nccl#1784", loader],
    examples: [
      {
        text: "./build/all_reduce_perf: symbol lookup error: ./build/all_reduce_perf: undefined symbol: ncclCommWindowRegister",
        expect: "ldd ./build/all_reduce_perf | grep libnccl",
      },
    ],
  },
  {
    id: "collective-library-incomplete",
    title: "A library of NCCL or RCCL lacks a function of its own",
    on: ["undefined-symbol"],
    specificity: 84,
    matches: (finding) =>
      finding.phase === "load" &&
      /[\\/]lib(?:nccl|rccl|nccl-net\w*|rccl-net\w*|mscclpp\w*)\.so/.test(finding.file ?? "") &&
      /^_Z/.test(finding.symbol ?? "")
        ? { file: finding.file }
        : undefined,
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["file"] ?? ""}\` asks for a C++ function of its own sources, which nothing has: this library was linked without one of its files (a build by hand, a branch in work). It is not torch's own, which would be complete: LD_LIBRARY_PATH or a line of ldconfig puts it first.`,
    fix: (match) => [
      unsetVariable(match, "LD_LIBRARY_PATH"),
      `${python(match)} -c "import torch; print(torch.__version__, torch.cuda.nccl.version())"   # with the one that torch brings`,
      `# still that one: env | grep LD_PRELOAD; ldconfig -p | grep -E 'nccl|rccl'; or build ${match.facts["file"] ?? "it"} anew from a release`,
    ],
    sources: ["ROCm/rocm-systems#8514", loader],
    examples: [
      {
        text: "ImportError: /opt/rccl/lib/librccl.so.1: undefined symbol: _Z39ncclNvmlDeviceGetCurrPcieLinkGenerationP13nvmlDevice_stPj",
        expect: "unset LD_LIBRARY_PATH",
      },
    ],
  },
];
