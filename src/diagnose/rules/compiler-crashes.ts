/** Compilers that died of a fault of their own. */
import { buildAgain, platformOf, python, setVariable, torchCuda } from "../commands/commands.ts";
import { archList } from "../commands/rebuild-commands.ts";
import { cudaBuildsOf, cudaOfBuild } from "../tables/torch-wheels.ts";
import { newestGccFor } from "../tables/version-facts.ts";
import type { Match, Rule } from "../rule.ts";

/** A crash whose place in the compiler is told: `internal compiler error: in tsubst_copy, at cp/pt.c:15620`. */
const inItself = /internal compiler error: in \w+, at \S+:\d/;

/** A gcc to try in place of the one that crashed: one that the CUDA of the log takes, or the one before. */
function otherGcc(match: Match): string {
  const crashed = Number(
    /\/c\+\+\/(\d+)|gcc(?:-|\/x86_64-[\w-]+\/)(\d+)/.exec(match.finding.text)?.slice(1).find(Boolean) ?? "0",
  );
  const { cuda } = match.context.log;
  const newest = cuda === undefined ? undefined : newestGccFor(cuda);
  const other = newest !== undefined && newest !== crashed ? newest : crashed > 0 ? crashed - 1 : undefined;
  if (other === undefined) return " (g++ --version; then for example CC=gcc-11 CXX=g++-11, or clang)";
  return `: CC=gcc-${other} CXX=g++-${other} (sudo apt-get install g++-${other}), or clang${cuda === undefined ? "; under nvcc it must be one that the CUDA toolkit supports" : ""}`;
}

/** Another toolset of the same Visual Studio: an older one where the text's is one of the newest. */
function olderToolset({ context: { log } }: Match): string {
  const minor = Number(/^14\.(\d{2})/.exec(log.msvc ?? "")?.[1] ?? Number.NaN);
  return minor >= 39
    ? 'call "C:\\Program Files\\Microsoft Visual Studio\\2022\\Community\\VC\\Auxiliary\\Build\\vcvarsall.bat" x64 -vcvars_ver=14.38   # an older toolset; not there: Visual Studio Installer, Individual components, MSVC v143 (14.38-17.8)'
    : "# update Visual Studio, or take the toolset of another version: vcvarsall.bat x64 -vcvars_ver=14.38";
}

/** Whether one compiler ran at a time already. */
function isOneByOne({ context }: Match): boolean {
  return context.findings.some(({ text }) => /'-j', '1'|\bninja .*-j ?1\b/.test(text));
}

/** A long list of targets cut down to the GPU that is there: nvcc's programs do less, and the target they fall over may not be it. */
function forOwnGpu(match: Match): string[] {
  const listed = (match.context.log.archListSet ?? "").split(/[;\s]+/).filter((word) => word !== "");
  if (listed.length < 2 || !/ptxas|cicc|nvcc/.test(match.facts["program"] ?? "")) return [];
  const own = archList(match);
  const remark = "   # this machine's GPU alone, in place of the list of the text";
  return [
    platformOf(match) === "win32" && own.includes("$(")
      ? `for /f "usebackq delims=" %i in (\`${python(match)} -c "import torch; print('.'.join(map(str, torch.cuda.get_device_capability())))"\`) do set TORCH_CUDA_ARCH_LIST=%i${remark}`
      : setVariable(match, "TORCH_CUDA_ARCH_LIST", own) + remark,
  ];
}

/** Another release of CUDA: of those that this torch is built for, where the text tells its release. */
function otherCuda(match: Match): string {
  const { torch, installedTorch, cuda } = match.context.log;
  const mine = torchCuda(match) ?? cuda;
  const others = (cudaBuildsOf(installedTorch ?? torch ?? "") ?? [])
    .map((build) => cudaOfBuild(build))
    .filter((each) => each !== mine && each.split(".")[0] === (mine ?? each).split(".")[0]);
  return others.length === 0
    ? "another CUDA release of the same major version"
    : `the toolkit of another CUDA of the same major version (${others.join(", ")}), and CUDA_HOME for it`;
}

export const compilerCrashRules: readonly Rule[] = [
  {
    id: "compiler-crashed",
    title: "The compiler itself crashed",
    on: ["tool-died", "compile"],
    specificity: 70,
    matches: (finding) => {
      if (finding.kind === "compile") return finding.code === "C1001" ? { program: "cl" } : undefined;
      return { program: finding.program === "" ? undefined : finding.program };
    },
    confidence: "medium",
    cause: (match) =>
      `${match.facts["program"] === undefined ? "A compiler" : `\`${match.facts["program"]}\``} crashed (${match.finding.code ?? "internal error"}): a fault of that compiler version with this code, the files of two toolkits mixed, or memory that ran out. ` +
      (/ptxas|cicc|cudafe|nvcc/.test(match.facts["program"] ?? "")
        ? "The same source often compiles with another CUDA release or with fewer optimizations."
        : "The same source often compiles with another release of the compiler."),
    fix: (match) => [
      ...forOwnGpu(match),
      // Where the compiler names the place in itself, or its stack, it was not memory.
      ...(inItself.test(match.finding.text) ||
      isOneByOne(match) ||
      /0xC00000FD|STACK_OVERFLOW/i.test(match.finding.text)
        ? []
        : [setVariable(match, "MAX_JOBS", "1") + "   # rules out memory"]),
      /ptxas|cicc|cudafe|nvcc/.test(match.facts["program"] ?? "")
        ? `# ${otherCuda(match)}; for ptxas: nvcc flag -Xptxas -O1; look into antivirus on Windows`
        : platformOf(match) === "win32"
          ? olderToolset(match)
          : platformOf(match) === "darwin"
            ? "softwareupdate --list; xcode-select -p   # newer Command Line Tools (or Xcode), or Homebrew's clang: brew install llvm, CC=$(brew --prefix llvm)/bin/clang CXX=$(brew --prefix llvm)/bin/clang++; not GCC, which torch for macOS does not go with"
            : `# another compiler version${otherGcc(match)}; or less optimization for that file: -O1`,
      ...buildAgain(match),
    ],
    sources: ["facebookresearch/xformers#1327", "pytorch/pytorch#45836"],
    examples: [
      {
        text: "FLASH_ATTN_CUDA_ARCHS=120 pip install flash-attn --no-build-isolation\nnvcc error   : 'cicc' died due to signal 11 (Invalid memory reference)",
        expect: "export FLASH_ATTN_CUDA_ARCHS=120\npython -m pip install --no-build-isolation flash-attn",
      },
      { text: "error   : 'ptxas' died with status 0xC0000005 (ACCESS_VIOLATION)", expect: "ptxas" },
      {
        text: "$ TORCH_CUDA_ARCH_LIST='7.0;8.0;8.6;9.0' MAX_JOBS=1 python setup.py install\nnvcc error   : 'cicc' died due to signal 11 (Invalid memory reference)\nsubprocess.CalledProcessError: Command '['ninja', '-v', '-j', '1']' returned non-zero exit status 1.\nRTX 3090",
        expect: "export TORCH_CUDA_ARCH_LIST=8.6   # this machine's GPU alone",
      },
      { text: "a.cpp:12:3: internal compiler error: in tsubst_copy, at cp/pt.c:15620", expect: "another release" },
      { text: "nvcc error   : 'cudafe++' died due to signal 11 (Invalid memory reference)", expect: "cudafe++" },
      { text: "c10\\Variadic.h(3): fatal error C1001: Internal compiler error.", expect: "cl" },
      {
        text: "D:\\e\\torch\\include\\pybind11\\cast.h(1219) : fatal error C1001: Internal compiler error.\nerror: command 'C:\\\\Program Files\\\\Microsoft Visual Studio\\\\2022\\\\Community\\\\VC\\\\Tools\\\\MSVC\\\\14.40.33807\\\\bin\\\\HostX86\\\\x64\\\\link.exe' failed with exit code 3765260340",
        expect: "x64 -vcvars_ver=14.38",
      },
    ],
  },
];
