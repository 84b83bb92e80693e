/**
 * Sources that are newer or older than the torch that they are compiled against: names and headers whose history is known.
 * Where a message does not name what is missing, the line of the source below it does.
 */
import { compareVersions, parseVersion } from "../../base/order.ts";
import { installTorchSince, pip, python } from "../commands/commands.ts";
import type { Finding } from "../finding.ts";
import { askedOfTorch, inTorchTree } from "./asked-of-torch.ts";
import { header, includedBy } from "../matchers.ts";
import { type Match, type MatchFacts, placeOf, type Rule, type RuleContext } from "../rule.ts";
import { isBuiltByPython } from "../commands/typed-builds.ts";
import { companionRelease, headerSince, isEverywhere, movedHeader, torchName } from "../tables/torch-api.ts";
import { torchForPython } from "../tables/torch-wheels.ts";
import { editFile, orInWords } from "../commands/source-edits.ts";

/** torch as the paste states it, else of the environment. */
function torchHere(context: RuleContext): string | undefined {
  return context.log.torch ?? context.environment?.torch?.version;
}

function isBefore(torch: string | undefined, since: string): boolean | undefined {
  return torch === undefined ? undefined : compareVersions(parseVersion(torch), parseVersion(since)) < 0;
}

/**
 * Whether the code met a torch from before a release. A text that states no torch is of another one than the environment
 * when it misses a name that the environment's torch has.
 */
function isOlder(context: RuleContext, since: string): boolean {
  // The oldest torch with wheels for the Python that the text names.
  const first = context.log.python === undefined ? undefined : torchForPython(context.log.python)?.[0];
  if (context.log.torch === undefined && first !== undefined && isBefore(first, since) === false) return false;
  if (context.log.torch === undefined && context.basis !== undefined) return true;
  return isBefore(torchHere(context), since) !== false;
}

function here(match: Match): string {
  const since = match.facts["since"];
  const torch = torchHere(match.context);
  if (since !== undefined && isBefore(torch, since) === false) return "";
  return torch === undefined ? "" : ` (${torch})`;
}

/** How to get a release of a package that goes with this torch. */
function fittingRelease(match: Match): string[] {
  const torch = torchHere(match.context);
  const where = `${match.finding.file ?? ""} ${match.context.log.package ?? ""}`;
  const companion = /torchvision|[\\/]vision[\\/]|vision-(?:main|master)/.test(where)
    ? "torchvision"
    : /torchaudio|[\\/]audio[\\/]/.test(where)
      ? "torchaudio"
      : undefined;
  if (companion !== undefined) {
    const release = torch === undefined ? undefined : companionRelease(companion, torch);
    return release === undefined
      ? [
          `${python(match)} -c "import torch; print(torch.__version__)"`,
          `# ${companion} is made for one release of torch: git checkout the tag of that release (torch 2.N: torchvision 0.(15+N), torchaudio 2.N; torch 1.N: torchvision 0.(N+1), torchaudio 0.N), or upgrade torch`,
        ]
      : [
          `git checkout v${release}.0   # the ${companion} for torch ${torch ?? ""}, or its last patch release: git tag -l 'v${release}*'`,
        ];
  }
  return ["# or take the release (or the commit) of the package that was made for this torch"];
}

function history(finding: Finding, context: RuleContext): (MatchFacts & { readonly asked: string }) | undefined {
  if (/[\\/]torch[\\/](?:lib[\\/])?include[\\/]/.test(finding.file ?? "") || inTorchTree(finding.file))
    return undefined;
  const asked = askedOfTorch(finding, torchHere(context));
  if (asked === undefined) return undefined;
  const known = torchName(asked.name);
  if (known === undefined) return undefined;
  return {
    asked: asked.name.replace(/^at::Tensor(?:Base)?::/, "Tensor::"),
    since: known.since,
    gone: known.gone,
    instead: known.instead,
    from: known.rename?.[0],
    to: known.rename?.[1],
    wide: known.isWide === undefined ? undefined : "yes",
    said: asked.said ? "yes" : undefined,
    older: known.since === undefined ? undefined : isOlder(context, known.since) ? "yes" : "no",
  };
}

/** CMake builds, and no Python starts it. */
function isCmakeAlone(match: Match): boolean {
  return !isBuiltByPython(match) && match.context.log.typedConfigure !== undefined;
}

/** A torch of Python's in place of the LibTorch that CMake was told of: it has the same libraries and files for CMake. Source: cppdocs, "Installing C++ distributions". */
function withTorchOfPython(match: Match, since: string): string[] {
  return isCmakeAlone(match)
    ? [
        installTorchSince(match, since),
        `cmake -DCMAKE_PREFIX_PATH="$(${python(match)} -c 'import torch; print(torch.utils.cmake_prefix_path)')" ..   # it has LibTorch in it`,
      ]
    : [];
}

const mostReplaced = 6;
const sources = ["h", "hpp", "cuh", "cpp", "cc", "cxx", "cu"].map((end) => `--include='*.${end}'`).join(" ");

/** A name that whole projects use, replaced in all their sources. */
function inAllSources(from: string, to: string, why: string): string[] {
  return [
    `grep -rlE '${from}' ${sources} . | xargs sed -i.bak -E 's/${from}/${to}/g'   # ${why}; in the folder of the sources`,
  ];
}

/** What has another name now, of all that the text names: a line for each, with the files where the name alone has to change. */
function replacementsOf(match: Match): string[] {
  const asked = new Map<string, string>();
  const add = (facts: MatchFacts, finding: Finding): void => {
    const { from, to, asked: name = "", instead = "", wide } = facts;
    const [edit] =
      from === undefined || to === undefined
        ? []
        : wide === undefined
          ? editFile({ ...match, finding }, [[from, to]])
          : inAllSources(from, to, `${name} is ${instead}`);
    const line = edit ?? `# ${name} → ${instead}`;
    if (asked.size < mostReplaced) asked.set(`${name} ${line}`, line);
  };
  add(match.facts, match.finding);
  for (const finding of match.context.findings) {
    if (finding.kind !== "compile" || finding === match.finding) continue;
    const facts = history(finding, match.context);
    if (facts !== undefined && facts["since"] === undefined && facts["instead"] !== undefined) add(facts, finding);
  }
  return [...new Set(asked.values())];
}

export const torchApiRules: readonly Rule[] = [
  {
    id: "torch-older-than-code",
    title: "The torch that is compiled against is older than the code",
    on: ["compile"],
    specificity: 79,
    matches: (finding, context) => {
      const facts = history(finding, context);
      // In the years since, a macro that is not known lacks its header, unless the text names its torch.
      const lacksHeader =
        facts?.["said"] === "yes" &&
        /^TORCH_(?:LIBRARY|LIBRARY_IMPL|LIBRARY_FRAGMENT|CHECK)$/.test(facts.asked) &&
        context.log.torch === undefined;
      return facts?.["since"] === undefined || facts["older"] === "no" || lacksHeader ? undefined : facts;
    },
    confidence: (match) => (match.facts["said"] === "yes" ? "high" : "medium"),
    cause: (match) =>
      `\`${match.facts["asked"] ?? ""}\` came with torch ${match.facts["since"] ?? ""}, and ${placeOf(match.finding) || "the code"} is compiled against an older torch${here(match)}${match.facts["instead"] === undefined ? "" : ` (${match.facts["instead"]})`}. (Or against headers of another torch than the one that is meant: LibTorch, /usr/include, pip's build isolation.)`,
    fix: (match) => {
      const { log } = match.context;
      const since = match.facts["since"] ?? "";
      const inSource =
        match.facts["instead"]?.startsWith("in the source, ") === true ? [`# ${match.facts["instead"]}`] : [];
      // No Python is near.
      const isProgram =
        !isBuiltByPython(match) &&
        log.packageFolders.length === 0 &&
        (log.host === "program" ||
          log.namesLibtorch ||
          /(?:^|[\\/])main\.(?:cpp|cc|cxx)$/.test(match.finding.file ?? ""));
      return isProgram
        ? [
            ...withTorchOfPython(match, since),
            `# or a LibTorch of ${since} or newer in place of the one that CMake finds (https://pytorch.org/get-started/locally/; ARM boards: the folder torch of pip's package), and an empty build folder`,
            ...inSource,
          ]
        : [
            installTorchSince(match, since),
            ...inSource,
            "# LibTorch in C++: a download of at least that release, and a clean build folder",
            ...fittingRelease(match),
          ];
    },
    sources: ["https://github.com/pytorch/pytorch/releases", "prabhuomkar/pytorch-cpp#96", "pytorch/vision#3210"],
    examples: [
      { text: "src/main.cpp:106:12: error: 'InferenceMode' is not a member of 'torch'", expect: "LibTorch of 1.9" },
      { text: "csrc/ops.cpp:10:12: error: 'InferenceMode' is not a member of 'torch'", expect: "torch>=1.9" },
      {
        text: "main.cpp:71:48: error: ‘cross_entropy’ is not a member of ‘torch::nn::functional’",
        expect: "torch::nll_loss",
      },
      {
        text: "torchvision/csrc/vision.cpp:31:23: error: expected constructor, destructor, or type conversion before ‘(’ token\n   31 | TORCH_LIBRARY_FRAGMENT(torchvision, m) {\n      |                       ^",
        expect: "1.8",
      },
      {
        text: "include/conv2d.h:9:59: error: expected template-name before ‘<’ token\n class Op : public torch::autograd::Function<Op> {\n                                            ^",
        expect: "1.3",
      },
      { text: "csrc/fp8.cpp:8:3: error: no member named 'Float8_e4m3fn' in namespace 'at'", expect: "2.1" },
    ],
  },
  {
    id: "torch-name-replaced",
    title: "torch calls it otherwise now",
    on: ["compile"],
    specificity: 81,
    matches: (finding, context) => {
      const facts = history(finding, context);
      return facts === undefined || facts["since"] !== undefined || facts["instead"] === undefined ? undefined : facts;
    },
    // Other libraries (glog) have macros of that name, too.
    confidence: (match) =>
      match.facts["said"] === "yes" && !/^D?CHECK_/.test(match.facts["asked"] ?? "") ? "high" : "medium",
    cause: (match) =>
      `\`${match.facts["asked"] ?? ""}\` (${placeOf(match.finding)}) is of an older torch${match.facts["gone"] === undefined ? "" : ` (before ${match.facts["gone"]})`}; this one${here(match)} has ${match.facts["instead"] ?? "another name"}.`,
    fix: (match) => [
      ...replacementsOf(match),
      "# or a newer release or fork of the package, or the older torch that its documentation names",
    ],
    sources: ["https://github.com/pytorch/pytorch/releases", "pytorch/pytorch#29642", "rusty1s/pytorch_scatter#473"],
    examples: [
      {
        text: "/p/vision.cpp:5:5: error: ‘RegisterOperators’ is not a member of ‘torch::jit’",
        expect: "torch::RegisterOperators",
      },
      { text: "a.cpp:9:8: error: ‘optional’ is not a member of ‘c10’", expect: "std::optional" },
      {
        text: "ops/shim.h:85:22: error: no template named 'optional' in namespace 'c10'; did you mean 'std::optional'?",
        expect: "| xargs sed -i.bak -E 's/(c10|at|torch)::(optional|nullopt|make_optional)/std::\\2/g'",
      },
      {
        text: "main.cpp:40:9: error: ‘struct torch::optim::AdamOptions’ has no member named ‘learning_rate’",
        expect: "lr(",
      },
      { text: "a.cpp(7): error C2039: 'variant': is not a member of 'c10'", expect: "std::variant" },
      {
        text: "ppo.cpp:45:20: error: ‘class torch::optim::Adam’ has no member named ‘options’",
        expect: "param_groups()",
      },
      {
        text: "dcgan.cpp:49:11: error: ‘BatchNorm’ is not a member of ‘torch::nn’\ndcgan.cpp:55:23: error: ‘struct torch::nn::ConvOptions<2>’ has no member named ‘with_bias’",
        expect: "s/with_bias/bias/g",
      },
    ],
  },
  {
    id: "torch-header-moved",
    title: "A header of torch lies elsewhere now",
    on: ["missing-header"],
    specificity: 88,
    matches: (finding) => {
      const facts = header(finding, /^.+$/);
      const moved = movedHeader(facts?.["header"] ?? "");
      return moved === undefined ? undefined : { ...facts, to: moved.to, since: moved.since };
    },
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["header"] ?? ""}\`${includedBy(match)} is \`${match.facts["to"] ?? ""}\` ${match.facts["since"] === undefined ? "in newer releases of torch" : `since torch ${match.facts["since"]}`}: the code was written for an older one.`,
    fix: (match) => {
      const { header = "", to = "" } = match.facts;
      const edit = editFile(match, [[header.replaceAll(".", "\\."), to]]);
      return [
        ...orInWords(edit, `#include <${to}>`),
        "# or a newer release or fork of the package, or the older torch that its documentation names",
      ];
    },
    sources: ["pytorch/pytorch#33851", "bwasti/pytorch_compiler_tutorial#1"],
    examples: [
      {
        text: "/p/register.cpp:2:10: fatal error: torch/csrc/jit/custom_operator.h: No such file or directory",
        expect: "torch/csrc/jit/runtime/custom_operator.h",
      },
      {
        text: "a.cpp:2:10: fatal error: c10d/ProcessGroup.hpp: No such file or directory",
        expect: "torch/csrc/distributed",
      },
    ],
  },
  {
    id: "torch-header-of-other-release",
    title: "This torch does not have the header",
    on: ["missing-header"],
    specificity: 85,
    matches: (finding, context) => {
      const facts = header(finding, /^(?:torch|ATen|c10)\//);
      if (facts === undefined) return undefined;
      const name = facts["header"] ?? "";
      const since = headerSince(name);
      // Another command of the same build may have torch's folder, and this one not. A CPU-only torch is another story.
      if (since === undefined && (!context.log.torchIncluded || isEverywhere(name))) return undefined;
      if (since === undefined && /^(?:c10|ATen)\/(?:cuda|hip)\//.test(name)) return undefined;
      if (since !== undefined && isBefore(torchHere(context), since) === false && !context.log.torchIncluded)
        return undefined;
      return { ...facts, since };
    },
    confidence: (match) =>
      match.facts["since"] !== undefined && (match.context.log.torchIncluded || match.context.log.torch !== undefined)
        ? "high"
        : "medium",
    cause: (match) =>
      match.facts["since"] === undefined
        ? `torch's include folder is on the command line, and \`${match.facts["header"] ?? ""}\`${includedBy(match)} is not in it: this torch${here(match)} is older or newer than the code, which wants a header that came later or was taken out.`
        : `\`${match.facts["header"] ?? ""}\`${includedBy(match)} came with torch ${match.facts["since"]}, and the torch that is compiled against${here(match)} is older (pip's build isolation may have fetched another one)${match.context.log.torchIncluded ? "" : ", or its include folder is not on the command line at all"}.`,
    fix: (match) => [
      ...(isCmakeAlone(match) && match.facts["since"] !== undefined
        ? withTorchOfPython(match, match.facts["since"])
        : [
            `${python(match)} -c "import torch; print(torch.__version__, torch.__file__)"`,
            match.facts["since"] === undefined
              ? `find $(${python(match)} -c "import torch.utils.cpp_extension as c; print(c.include_paths()[0])") -name ${/[^/]+$/.exec(match.facts["header"] ?? "")?.[0] ?? ""}   # did it move?`
              : installTorchSince(match, match.facts["since"]),
          ]),
      ...fittingRelease(match),
    ],
    sources: ["https://github.com/pytorch/pytorch/releases", "open-mmlab/mmcv#2218"],
    examples: [
      {
        text: "ops.cpp:1:10: fatal error: torch/csrc/stable/library.h: No such file or directory",
        expect: "torch>=2.9",
      },
      {
        text: "/p/mps/Lib.mm:2:10: fatal error: 'c10/util/CallOnce.h' file not found\nPytorch Version: 1.12.0",
        expect: "1.13",
      },
    ],
  },
  {
    id: "factory-arguments-swapped",
    title: "at::zeros and its like take the sizes first",
    on: ["compile"],
    specificity: 86,
    matches: (finding) =>
      /DeprecatedTypeProperties|at::Type\b/.test(finding.message) &&
      /to [‘'"](?:at::|c10::)?(?:IntArrayRef|IntList|ArrayRef)|\b(?:at|torch)::(?:CUDA|CPU)\(/.test(finding.message)
        ? { call: /\b(?:at|torch)::(?:zeros|ones|empty|full|rand|randn|arange)(?=\()/.exec(finding.source ?? "")?.[0] }
        : undefined,
    confidence: "high",
    cause: (match) =>
      `${placeOf(match.finding)} gives ${match.facts["call"] === undefined ? "a factory function" : `\`${match.facts["call"]}\``} the type first (torch::CUDA(at::kFloat), x.type()), as torch 0.4 and 1.0 had it. Since then the sizes come first, and options in place of the type.`,
    fix: () => [
      "# at::zeros(torch::CUDA(at::kFloat), {n, m}) → at::zeros({n, m}, torch::dtype(torch::kFloat32).device(torch::kCUDA))",
      "# at::zeros(x.type(), {n, m}) → at::zeros({n, m}, x.options())",
    ],
    sources: ["soap117/DeepRule#18"],
    examples: [
      {
        text: "src/top_pool.cpp:44:36: error: could not convert ‘at::CUDA(((c10::ScalarType)c10::kFloat))’ from ‘at::DeprecatedTypeProperties’ to ‘c10::IntArrayRef’ {aka ‘c10::ArrayRef<long int>’}",
        expect: "x.options()",
      },
    ],
  },
  {
    id: "torch-tree-mixed",
    title: "torch's own sources do not fit each other",
    on: ["compile"],
    specificity: 78,
    matches: (finding, context) => {
      if (!inTorchTree(finding.file)) return undefined;
      const asked = askedOfTorch(finding);
      if (asked !== undefined) return { asked: asked.name };
      // Where headers of an installed torch were read in the same build, unknown names are theirs.
      const installed = context.findings.some(({ file }) =>
        /[\\/]include[\\/](?:ATen|c10|torch)[\\/]/.test(file ?? ""),
      );
      if (
        installed &&
        !/[‘'"]std[’'"]|[‘'"]std::/.test(finding.message) &&
        /has not been declared|does not name a type|was not declared in this scope|no member named|has no member|unknown type name|undeclared identifier|is not a member of/.test(
          finding.message,
        )
      )
        return { asked: /[‘'"](\w[\w:]*)[’'"]/.exec(finding.message)?.[1] };
      const cut = /^no member named '(\w+)' in$/.exec(finding.message)?.[1];
      if (cut !== undefined) return { asked: cut };
      return /invalid use of incomplete type [‘'](?:struct |class )?(?:at|c10)::|marked ['‘"]override['’"],? but does not override|no declaration matches|does not override|no matching function for call to [‘'](?:at|c10|torch)|[‘'](?:struct |class )?(?:at|c10|torch|caffe2)::[\w:{}]+[’'] has no member/.test(
        finding.message,
      )
        ? {}
        : undefined;
    },
    confidence: "medium",
    cause: (match) =>
      `${placeOf(match.finding)} is torch's own source${match.facts["asked"] === undefined ? "" : `, and asks for \`${match.facts["asked"]}\``}: its files are of two versions. An older torch's headers are found first (one that is installed in the same environment, or in /usr/local/include), files generated by an earlier build are left, submodules are of another commit, or a patch (a file that was copied over) is for another release.`,
    fix: (match) => [
      `${pip(match, "uninstall -y torch")}; find / -path '*include/ATen/ATen.h' -not -path "$PWD/*" 2>/dev/null   # other torch headers`,
      "git status --short; git log -1 --format='%H %D'   # a patch that was applied, and the commit it is applied to",
      "git submodule sync && git submodule update --init --recursive --force",
      `rm -rf build torch/include && ${python(match)} setup.py clean`,
    ],
    sources: ["pytorch/pytorch#15397", "antgroup/glake#22"],
    examples: [
      {
        text: "/w/pytorch/torch/csrc/jit/autodiff.cpp:156:20: error: ‘inlineCallTo’ is not a member of ‘torch::jit::script’",
        expect: "submodule",
      },
    ],
  },
];
