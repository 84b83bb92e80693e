/** The architectures that torch builds for when nobody names them: asked of the GPU, or of TORCH_CUDA_ARCH_LIST. */
import { compareVersions, parseVersion } from "../../base/order.ts";
import { knows, usualArchitectures } from "../commands/arch-lists.ts";
import { changeFolder } from "../commands/command-words.ts";
import {
  buildAgain,
  installTorchFor,
  knownCapabilities,
  pip,
  platformOf,
  python,
  setVariable,
  torchCuda,
} from "../commands/commands.ts";
import type { Finding } from "../finding.ts";
import { coded, type Match, type Rule, type RuleContext, said } from "../rule.ts";

/** A package's own variable for the architectures: `TCNN_CUDA_ARCHITECTURES`, `NVTE_CUDA_ARCHS`, `NATTEN_CUDA_ARCH`. */
const ownVariable = /\b(?!TORCH_|CMAKE_)([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*_CUDA_ARCH(?:S|_LIST|ITECTURES?)?)\b/;

/** The architecture as such a variable is written: `86` in ARCHS and ARCHITECTURES, `8.6` elsewhere. */
function ownValue(match: Match, variable: string): string {
  const found = knownCapabilities(match);
  const list = found.length === 0 ? ["8.6"] : found;
  return list.map((arch) => (/ARCH(?:S|ITECTURES?)$/.test(variable) ? arch.replace(".", "") : arch)).join(";");
}

function listOf(match: Match): string | undefined {
  const known = knownCapabilities(match);
  return known.length === 0 ? undefined : known.join(";");
}

/** The list that the text sets, without the separator too many that makes an empty word of it. */
function withoutGaps({ facts, context: { log } }: Match): string | undefined {
  const words = (log.archListSet ?? "").split(/[;\s]+/).filter((word) => word !== "");
  return facts["empty"] === undefined || words.length === 0 ? undefined : words.join(";");
}

/** torch was asked for the GPU by its builder, in a build. */
function buildsNow(finding: Finding, context: RuleContext): boolean {
  return [finding, ...context.findings].some((each) =>
    (each.frames ?? []).some((frame) => /_get_cuda_arch_flags|cpp_extension\.py/.test(frame)),
  );
}

/** A torch for the CPU on a machine whose text names an NVIDIA GPU. */
function withoutGpuBuild({ context: { log } }: Match): boolean {
  return (
    log.torchBuild === "cpu" &&
    (log.namedGpu !== undefined || log.namedCapability !== undefined || log.driverCuda !== undefined)
  );
}

/** The part of PyTorch's index for the driver of the text; for ARM servers there are wheels with CUDA since 12.4 (pytorch/builder#1775). */
function gpuIndex({ context: { log } }: Match): string {
  const arm = log.arch === "arm64";
  const driver = log.driverCuda === undefined ? undefined : parseVersion(log.driverCuda);
  const known = (arm ? ["12.4", "12.6", "12.8", "13.0"] : ["11.8", "12.1", "12.4", "12.6", "12.8", "13.0"]).filter(
    (each) => driver === undefined || compareVersions(parseVersion(each), driver) <= 0,
  );
  const best = driver === undefined ? "12.8" : (known.at(-1) ?? "12.4");
  return `cu${best.replace(".", "")}`;
}

/** A torch with CUDA where the one of the text may be a CPU-only build, as PyPI's for Windows is. */
function torchWithCuda(match: Match): string[] {
  const { torchBuild, installedTorch } = match.context.log;
  if (torchBuild === "cuda" || installedTorch?.includes("+cu") === true) return [];
  const show = `${python(match)} -c "import torch; print(torch.__version__, torch.version.cuda, torch.cuda.is_available())"   # None: a CPU-only build, and the extension needs one with CUDA:`;
  const install = installTorchFor(match, torchCuda(match) ?? match.context.log.cuda ?? "13.0");
  // Another torch only where the text tells of one for the CPU: the variable alone is what the message asks for.
  return torchBuild === "cpu" || platformOf(match) === "win32"
    ? [show, install]
    : [`# a CPU-only torch (torch.version.cuda is None) does not do: ${install}`];
}

/** A list, or the one word that torch refuses, in torch's form where it is written in nvcc's. */
function inTorchForm(match: Match): string | undefined {
  const arch = match.facts["arch"] ?? "";
  const form = /^(?:sm_?|compute_?)?(\d{1,2})(\d)([af]?)(\+PTX)?$/i;
  if (!form.test(arch)) return undefined;
  const words = (match.context.log.archListMisspelt ?? arch).split(/[;, ]+/).filter((word) => word !== "");
  return words.every((word) => form.test(word))
    ? words.map((word) => word.replace(form, "$1.$2$3$4")).join(";")
    : undefined;
}

/** What CMake found by itself without the name that it does not know; targets that a CUDA with that one has no more left out. */
function withoutUnknown({ finding, facts, context: { log } }: Match): string | undefined {
  const arch = facts["arch"] ?? "";
  if (finding.kind !== "build-tool" || !/^\d+\.\d[af]$/.test(arch)) return undefined;
  const plain = arch.slice(0, -1);
  const found = (log.autodetected ?? []).filter((each) => each !== arch && Number.parseFloat(each) >= 5);
  return [...new Set([...found, plain])].join(";");
}

/** The newest architecture that torch's list has, by the first release with it. Source: torch/utils/cpp_extension.py of each. */
const knownSince: readonly (readonly [since: readonly number[], list: string])[] = [
  [[2, 7], "12.0+PTX"],
  [[2, 0], "9.0+PTX"],
  [[1, 8], "8.6+PTX"],
  [[1, 7], "8.0+PTX"],
];

/** No GPU is visible, so that the name is one of TORCH_CUDA_ARCH_LIST (of the image, mostly); undefined where a GPU may have told it. */
function listWithoutGpu(match: Match): string | undefined {
  const { findings, log } = match.context;
  const asked = log.archListSet ?? log.toldVariables["TORCH_CUDA_ARCH_LIST"];
  if (knownCapabilities(match).length > 0) return undefined;
  if (asked === undefined && !findings.some(({ code }) => code === "no-cuda-runtime")) return undefined;
  const torch = parseVersion(log.installedTorch ?? "99");
  const known = Number.parseFloat(
    (knownSince.find(([since]) => compareVersions(torch, since) >= 0) ?? [[0], "7.5"])[1],
  );
  const unknown = Number.parseFloat(match.facts["arch"] ?? "");
  const wanted = (asked ?? "6.0;6.1;7.0;7.5;8.0;8.6;9.0")
    .split(/[;,\s]+/)
    .map((each) => each.replace("+PTX", ""))
    .filter((each) => /^\d{1,2}\.\d$/.test(each) && Number(each) <= known && Number(each) !== unknown);
  const kept = wanted.filter((each) => log.cuda === undefined || knows(log.cuda, each));
  return kept.length === 0 || Number.isNaN(unknown) ? undefined : `${kept.join(";")}+PTX`;
}

export const buildArchitectureRules: readonly Rule[] = [
  {
    id: "no-cuda-runtime-found",
    title: "CUDA_HOME is there, but no GPU is visible to torch",
    on: ["warning"],
    role: "advice",
    specificity: 50,
    matches: (finding) => coded(finding, "no-cuda-runtime"),
    confidence: "low",
    cause: () =>
      "torch sees no GPU (or is a CPU-only build), although a toolkit is there. Builds work, but torch cannot ask the GPU for its architecture, and some packages leave their CUDA part out.",
    fix: (match) => [
      setVariable(match, "TORCH_CUDA_ARCH_LIST", listOf(match) ?? usualArchitectures(match)) +
        "   # name the GPUs to build for",
      setVariable(match, "FORCE_CUDA", "1"),
      "nvidia-smi   # when a GPU should be there",
    ],
    sources: ["pytorch: torch/utils/cpp_extension.py"],
    examples: [{ text: "No CUDA runtime is found, using CUDA_HOME='/usr/local/cuda'", expect: "TORCH_CUDA_ARCH_LIST" }],
  },
  {
    id: "unknown-cuda-arch",
    title: "torch does not know this CUDA architecture",
    on: ["exception", "build-tool"],
    specificity: 75,
    matches: (finding) =>
      said(finding, /Unknown CUDA arch \((?<arch>[^)\s][^)]*)\)/) ??
      said(finding, /Unknown CUDA Architecture Name (?<arch>[^\s]+)/i),
    confidence: "high",
    cause: (match) =>
      withoutUnknown(match) !== undefined
        ? `torch's CMake files found the architectures by themselves, and their own list (select_compute_arch.cmake) does not have \`${match.facts["arch"] ?? ""}\`: this torch, or the CMake that is used, is older than the GPU's name.`
        : inTorchForm(match) !== undefined
          ? `\`${match.facts["arch"] ?? ""}\` is not how TORCH_CUDA_ARCH_LIST names an architecture: torch wants the compute capability with its point (8.6, 9.0a, 12.0+PTX), not nvcc's name (sm_86, compute_86) or its number (86).`
          : listWithoutGpu(match) !== undefined
            ? `TORCH_CUDA_ARCH_LIST, which the image or the shell sets, names \`${match.facts["arch"] ?? ""}\`, and that is not in the list of the installed torch${match.context.log.installedTorch === undefined ? "" : ` (${match.context.log.installedTorch})`}: it is newer than this torch, was dropped from it, or is misspelt.`
            : `The installed torch has a list of architectures, and \`${match.facts["arch"] ?? ""}\` is not in it: the GPU (or TORCH_CUDA_ARCH_LIST) is newer than this torch, was dropped from it, or is misspelt.`,
    fix: (match) => {
      const arch = match.facts["arch"] ?? "";
      const others = withoutUnknown(match);
      if (others !== undefined)
        return [
          `${setVariable(match, "TORCH_CUDA_ARCH_LIST", others)}   # in place of what it finds by itself; fewer of them build faster: nvidia-smi --query-gpu=compute_cap --format=csv`,
        ];
      const rewritten = inTorchForm(match);
      if (rewritten !== undefined)
        return [
          `${setVariable(match, "TORCH_CUDA_ARCH_LIST", rewritten)}   # as torch writes it: 8.6, not 86 or sm_86`,
        ];
      const nearest = /^8\.9/.test(arch)
        ? "8.6+PTX"
        : /^8\./.test(arch)
          ? "8.0+PTX"
          : /^9/.test(arch)
            ? "8.6+PTX"
            : /^1\d\./.test(arch)
              ? "9.0+PTX"
              : "7.5+PTX";
      // torch of CUDA 10 has no kernels for Ampere and later GPUs, whatever the extension is built for.
      if (/^(?:8|9|1\d)\./.test(arch) && torchCuda(match)?.startsWith("10.") === true)
        return [
          /^8\.[06]/.test(arch) && platformOf(match) !== "darwin"
            ? `${pip(match, "install --force-reinstall torch==1.8.1+cu111 torchvision==0.9.1+cu111 -f https://download.pytorch.org/whl/torch_stable.html")}   # the oldest torch that has kernels for ${arch}: what is there (CUDA ${torchCuda(match) ?? "10"}) runs nothing on this GPU`
            : pip(match, "install --upgrade torch   # knows newer GPUs"),
          "# nvcc of the same CUDA for the build: CUDA_HOME of a toolkit 11.1 or newer",
          ...buildAgain(match),
        ];
      const without = listWithoutGpu(match);
      if (without !== undefined)
        return [
          `echo "$TORCH_CUDA_ARCH_LIST"   # what is set now`,
          `${setVariable(match, "TORCH_CUDA_ARCH_LIST", without)}   # without it; less compiles faster: the capability of your GPU alone (nvidia-smi --query-gpu=compute_cap --format=csv), newer GPUs run what has +PTX`,
          ...buildAgain(match),
        ];
      const torch = parseVersion(match.context.log.installedTorch ?? "99");
      const known = (knownSince.find(([since]) => compareVersions(torch, since) >= 0) ?? [[0], "7.5+PTX"])[1];
      return [
        `${setVariable(match, "TORCH_CUDA_ARCH_LIST", Number.parseFloat(known) < Number.parseFloat(nearest) ? known : nearest)}   # the nearest that it knows; PTX is translated by the driver`,
        `# or a torch that knows newer GPUs: ${pip(match, "install --upgrade torch")}`,
        ...buildAgain(match),
      ];
    },
    sources: ["CharlesShang/DCNv2#143", "pytorch/pytorch#166120", "NVlabs/curobo#596"],
    examples: [
      { text: "ValueError: Unknown CUDA arch (8.9) or GPU not supported", expect: "8.6+PTX" },
      {
        text: "$ python setup.py build develop\ntorch.version.cuda: 10.2\nValueError: Unknown CUDA arch (8.6) or GPU not supported",
        expect: "torch==1.8.1+cu111",
      },
      { text: "torch==1.7.1+cu110\nValueError: Unknown CUDA arch (8.6) or GPU not supported", expect: "LIST=8.0+PTX" },
      { text: "torch==1.6.0\nValueError: Unknown CUDA arch (8.0) or GPU not supported", expect: "LIST=7.5+PTX" },
      { text: "ValueError: Unknown CUDA arch (12.0) or GPU not supported", expect: "9.0+PTX" },
      {
        text: "torch==1.12.1+cu116\nNo CUDA runtime is found, using CUDA_HOME='/usr/local/cuda'\nCuda compilation tools, release 11.7, V11.7.64\nValueError: Unknown CUDA arch (9.0+PTX) or GPU not supported",
        expect: 'export TORCH_CUDA_ARCH_LIST="6.0;6.1;7.0;7.5;8.0;8.6+PTX"',
      },
      {
        text: 'torch==2.1.0+cu121\n$ export TORCH_CUDA_ARCH_LIST="8.0;9.0;12.0"\n$ pip install --no-build-isolation .\nValueError: Unknown CUDA arch (12.0) or GPU not supported',
        expect: 'export TORCH_CUDA_ARCH_LIST="8.0;9.0+PTX"',
      },
    ],
  },
  {
    id: "arch-list-unknown-to-script",
    title: "The package's setup.py does not know the GPU architecture that is asked for",
    on: ["exception"],
    specificity: 84,
    matches: (finding) =>
      said(
        finding,
        /None of the CUDA architectures in `?TORCH_CUDA_ARCH_LIST`? env variable \((?<asked>[\d.;, +PTXaf]+)\) is supported\.\s+Supported CUDA architectures are: (?<known>.+)/s,
      ),
    confidence: "high",
    cause: (match) =>
      `TORCH_CUDA_ARCH_LIST asks for ${match.facts["asked"]?.trim() ?? "an architecture"}, and this state of the package's setup.py has none of it in its own list (${match.facts["known"]?.trim().replace(/\.$/, "") ?? ""}): newer GPUs come with newer sources.`,
    fix: (match) => {
      const folder = /^((?:[A-Za-z]:)?[\\/].+)[\\/]setup\.py:\d/.exec(match.finding.frames?.at(-1) ?? "")?.[1];
      const known = [...(match.facts["known"] ?? "").matchAll(/(\d{1,2}\.\d)\+PTX/g)].map(([, each = ""]) => each);
      // Code for 9.0 is mostly of the kind that no other GPU runs.
      const best = known
        .filter((each) => each !== "9.0")
        .toSorted((a, b) => Number(a) - Number(b))
        .at(-1);
      return [
        ...(folder === undefined ? [] : [changeFolder(match, folder)]),
        "git pull   # the newest sources; a fork stays behind: its project's own repository",
        ...buildAgain(match),
        ...(best === undefined
          ? []
          : [
              `# still refused: ${setVariable(match, "TORCH_CUDA_ARCH_LIST", `${best}+PTX`)}, which the driver translates for the newer GPU; kernels that ask for their own GPU do not run so`,
            ]),
      ];
    },
    sources: ["thu-ml/SpargeAttn#76"],
    examples: [
      {
        text: "Traceback (most recent call last):\n  File \"/w/SpargeAttn/setup.py\", line 109, in get_torch_arch_list\n    raise RuntimeError(\nRuntimeError: None of the CUDA architectures in `TORCH_CUDA_ARCH_LIST` env variable (12.0) is supported. Supported CUDA architectures are: {'8.9', '8.0', '8.6+PTX', '8.9+PTX', '9.0+PTX'}.",
        expect: "git pull",
      },
    ],
  },
  {
    id: "no-arch-list",
    title: "No GPU to ask, and TORCH_CUDA_ARCH_LIST is not set",
    on: ["exception", "gpu"],
    specificity: 80,
    matches: (finding, context) => {
      if (finding.kind === "gpu")
        return coded(finding, "no-device") !== undefined && buildsNow(finding, context) ? {} : undefined;
      const own = ownVariable.exec(finding.message)?.[1];
      if (
        own !== undefined &&
        /\b(?:unknown|unable|cannot|can't|could not|couldn't|fail|failed|no|not|missing|undetect\w*|specify|please)\b/i.test(
          finding.message,
        )
      )
        return { own };
      if (finding.code === "arch-unknown") return {};
      if (/Unknown CUDA arch \(\s*\)/.test(finding.message)) return { empty: "yes" };
      if (finding.code === "IndexError" && /list index out of range/.test(finding.message)) {
        const inArchCode = finding.frames?.some((frame) => /_get_cuda_arch_flags|cpp_extension/.test(frame)) === true;
        return inArchCode ||
          context.findings.some((other) => /arch_list\[-1\]/.test(other.text)) ||
          /arch_list/.test(finding.text)
          ? {}
          : undefined;
      }
      return said(
        finding,
        /arch_list\[-1\] \+= '\+PTX'|Unknown compute capability|zero-size.*arch|TCNN_CUDA_ARCHITECTURES/,
      );
    },
    confidence: "high",
    cause: (match) =>
      match.facts["own"] !== undefined
        ? `The package's setup.py wants \`${match.facts["own"]}\` or asks torch for the GPU, and got neither: the variable is not set, and ${match.context.log.torchBuild === "cpu" ? "the torch that is installed is a CPU-only build, which knows of no GPU" : `torch is a CPU-only build (${platformOf(match) === "win32" ? "what PyPI has for Windows" : "what a plain pip install may bring"}), or no GPU is visible (a docker build, a login node)`}. It does not read TORCH_CUDA_ARCH_LIST for that.`
        : match.facts["empty"] !== undefined
          ? `TORCH_CUDA_ARCH_LIST is set, and empty (or ends in a separator): torch takes the empty word for an architecture.${match.context.log.docker || /TORCH_CUDA_ARCH_LIST/.test(match.finding.message) ? " In a Dockerfile an ARG without a value, or one declared before FROM and not again after it, does that." : ""}`
          : withoutGpuBuild(match)
            ? `The torch that is installed${match.context.log.installedTorch === undefined ? "" : ` (${match.context.log.installedTorch})`} is a build for the CPU alone, which sees no GPU whatever the machine has: it cannot say which architectures to compile for, and an extension with CUDA does not work with it.`
            : "torch asks the visible GPUs which architectures to compile for; none is visible (a docker build, a login node, CUDA_VISIBLE_DEVICES empty), so the list is empty.",
    fix: (match) => {
      const { own } = match.facts;
      if (own !== undefined)
        return [
          `${setVariable(match, own, ownValue(match, own))}   # the GPU that will run it: nvidia-smi --query-gpu=compute_cap --format=csv`,
          ...torchWithCuda(match),
          ...buildAgain(match),
        ];
      if (withoutGpuBuild(match))
        return [
          `${pip(match, `install --force-reinstall torch --index-url https://download.pytorch.org/whl/${gpuIndex(match)}`)}   # with CUDA; "CUDA Version" of nvidia-smi is older: the next older index`,
          `${python(match)} -c "import torch; print(torch.__version__, torch.cuda.is_available())"   # has to say True before the extension is built`,
          ...(match.context.log.setupCommand === undefined
            ? buildAgain(match)
            : [`${python(match)} ${match.context.log.setupCommand}`]),
        ];
      if (
        match.context.log.docker &&
        !match.context.log.dockerBuild &&
        match.facts["empty"] === undefined &&
        match.context.log.arch !== "arm64"
      )
        return [
          "# in the Dockerfile, before the RUN that fails (an export outside does not reach a docker build), the GPUs that will run it:",
          `#     ENV TORCH_CUDA_ARCH_LIST="${listOf(match) ?? usualArchitectures(match)}"`,
          "# then docker build again; which GPU: nvidia-smi --query-gpu=compute_cap --format=csv",
        ];
      const meant = withoutGaps(match);
      if (meant !== undefined)
        return match.context.log.docker
          ? [
              `# in the Dockerfile, in place of the line that sets it: ENV TORCH_CUDA_ARCH_LIST="${meant}"; then docker build again`,
            ]
          : [setVariable(match, "TORCH_CUDA_ARCH_LIST", meant), ...buildAgain(match)];
      return [
        `${setVariable(match, "TORCH_CUDA_ARCH_LIST", listOf(match) ?? (match.context.log.arch === "arm64" ? "5.3;6.2;7.2;8.7" : usualArchitectures(match)))}   # the GPUs that will run it; nvidia-smi --query-gpu=compute_cap --format=csv`,
        ...(match.context.log.docker && !match.context.log.dockerBuild && match.facts["empty"] === undefined
          ? [
              `# in the Dockerfile, before the RUN that fails: ENV TORCH_CUDA_ARCH_LIST="${listOf(match) ?? usualArchitectures(match)}"`,
            ]
          : []),
        ...(match.facts["empty"] === undefined
          ? []
          : [
              '# Dockerfile: ARG TORCH_CUDA_ARCH_LIST="8.0;8.6" after FROM, or docker build --build-arg TORCH_CUDA_ARCH_LIST="8.0;8.6" …; with a GPU in sight: unset TORCH_CUDA_ARCH_LIST',
            ]),
        ...(/tinycudann|TCNN|compute capability/i.test(match.finding.text)
          ? [
              `${setVariable(match, "TCNN_CUDA_ARCHITECTURES", ownValue(match, "TCNN_CUDA_ARCHITECTURES"))}   # tiny-cuda-nn's own variable`,
            ]
          : []),
        ...buildAgain(match),
      ];
    },
    sources: [
      "pytorch/pytorch#137261",
      "tianweiy/CenterPoint#234",
      "NVlabs/tiny-cuda-nn#200",
      "dusty-nv/jetson-containers#140",
    ],
    examples: [
      {
        text: '1.18   File "/opt/conda/lib/python3.7/site-packages/torch/utils/cpp_extension.py", line 1606, in _get_cuda_arch_flags\n1.18     arch_list[-1] += \'+PTX\'\n1.18 IndexError: list index out of range\n------\nDockerfile:27\n--------------------\n  27 | >>> RUN cd ops \\\n  28 | >>>  && python setup.py clean install --user\n--------------------\nERROR: failed to solve: process "/bin/sh -c cd ops  && python setup.py clean install --user" did not complete successfully: exit code: 1',
        expect: "RUN cd ops && python setup.py clean install",
      },
      {
        text: '$ CUDA_HOME=/usr/local/cuda python t.py\nTraceback (most recent call last):\n  File "/w/t.py", line 3, in <module>\n    load(name="jk", sources=["k.cu"])\n  File "/e/lib/python3.11/site-packages/torch/utils/cpp_extension.py", line 2398, in _jit_compile\n    _write_ninja_file_and_build_library(\n  File "/e/lib/python3.11/site-packages/torch/utils/cpp_extension.py", line 2727, in _get_cuda_arch_flags\n    arch_list[-1] += \'+PTX\'\nIndexError: list index out of range',
        expect: "\nCUDA_HOME=/usr/local/cuda python t.py",
      },
      {
        text: "Windows 11, RTX 4080\nOSError: Unknown compute capability. Specify the target compute capabilities in the TCNN_CUDA_ARCHITECTURES environment variable or install PyTorch with the CUDA backend to detect it automatically.",
        expect: "set TCNN_CUDA_ARCHITECTURES=89",
      },
      {
        text: "$ pip install -vvv --no-build-isolation -e .\n    arch_list[-1] += '+PTX'\nIndexError: list index out of range",
        expect: "install --no-build-isolation -e . -vvv",
      },
      {
        text: '$ docker build -t det .\n1.181   File "/opt/conda/lib/python3.7/site-packages/torch/utils/cpp_extension.py", line 1606, in _get_cuda_arch_flags\n1.181     arch_list[-1] += \'+PTX\'\n1.181 IndexError: list index out of range\nERROR: failed to solve: process "/bin/sh -c python setup.py develop" did not complete successfully: exit code: 1',
        expect: 'ENV TORCH_CUDA_ARCH_LIST="7.0;7.5;8.0+PTX"',
      },
      { text: "ValueError: Unknown CUDA arch () or GPU not supported", expect: "unset TORCH_CUDA_ARCH_LIST" },
      {
        text: 'Step 9/14 : ARG TORCH_CUDA_ARCH_LIST="5.3;6.2;7.2;"\nValueError: Unknown CUDA arch () or GPU not supported',
        expect: 'ENV TORCH_CUDA_ARCH_LIST="5.3;6.2;7.2"',
      },
      {
        text: '$ export TORCH_CUDA_ARCH_LIST="8.6;"\n$ pip install --no-build-isolation -e .\nValueError: Unknown CUDA arch () or GPU not supported',
        expect: "export TORCH_CUDA_ARCH_LIST=8.6\npython -m pip install --no-build-isolation -e .",
      },
      {
        text: 'Traceback (most recent call last):\n  File "/e/torch/utils/cpp_extension.py", line 1325, in _get_cuda_arch_flags\n    capability = torch.cuda.get_device_capability()\n  File "/e/torch/cuda/__init__.py", line 54, in _check_driver\nAssertionError:\nFound no NVIDIA driver on your system. Please check that you\nhave an NVIDIA GPU and installed a driver',
        expect: "export TORCH_CUDA_ARCH_LIST",
      },
      {
        text: "Traceback (most recent call last):\n  File \"/e/torch/utils/cpp_extension.py\", line 1971, in _get_cuda_arch_flags\n    arch_list[-1] += '+PTX'\nIndexError: list index out of range",
        expect: "TORCH_CUDA_ARCH_LIST",
      },
      {
        text: "OSError: Unknown compute capability. Specify the target compute capabilities in the TCNN_CUDA_ARCHITECTURES environment variable or install PyTorch with the CUDA backend to detect it automatically.",
        expect: "TCNN_CUDA_ARCHITECTURES=86",
      },
      {
        text: '  File "C:\\Users\\u\\setup.py", line 30, in <module>\nOSError: Unknown compute capability. Specify the target compute capabilities in the TCNN_CUDA_ARCHITECTURES environment variable or install PyTorch with the CUDA backend to detect it automatically.',
        expect: "set TCNN_CUDA_ARCHITECTURES=86",
      },
      {
        text: "RuntimeError: No CUDA device was found. Please specify the target with NATTEN_CUDA_ARCH.",
        expect: "export NATTEN_CUDA_ARCH=8.6",
      },
    ],
  },
];
