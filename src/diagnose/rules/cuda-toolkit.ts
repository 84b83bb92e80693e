/** The CUDA toolkit that is there: whether it is whole, and whether it fits torch. */
import { compareVersions, parseVersion } from "../../base/order.ts";
import { newestGccFor } from "../tables/version-facts.ts";
import {
  buildAgain,
  installTorchFor,
  installWithoutIsolation,
  pip,
  platformOf,
  reinstall,
  setVariable,
  showTorchCuda,
  toolkitFolder,
  toolkitOnPath,
  torchCuda,
} from "../commands/commands.ts";
import { condaToolkit, useCondaToolkit } from "../tables/conda-toolkit.ts";
import { cudaBuildsOf } from "../tables/torch-wheels.ts";
import { originOf, packageOf } from "../tables/packages.ts";
import { missingProgram, ofLog } from "../matchers.ts";
import { partOfPipToolkit, pipToolkit } from "../commands/pip-toolkit.ts";
import { toolkitOnRunner } from "../commands/nvidia-repository.ts";
import { type Match, type Rule, said } from "../rule.ts";

function cudaRoot(match: Match): string {
  return match.context.environment?.cuda?.root ?? toolkitFolder(match, torchCuda(match));
}

/** The nvcc that was started and failed, as the text names it. */
function nvccThatRan(match: Match): string | undefined {
  return ofLog(match.context, ({ findings }) =>
    findings
      .map(({ text }) => /command ['"](\/\S{0,200}\/nvcc)['"] failed/.exec(text)?.[1])
      .find((path) => path !== undefined),
  );
}

/** The toolkit whose headers the failed command takes, whatever nvcc it started; else where it would be. */
function wholeToolkit(match: Match): string {
  return match.context.log.includedToolkit ?? cudaRoot(match);
}

/** The two versions of a mismatch, of the message or of what stands around it. */
function mismatched(match: Match): { readonly nvcc?: string; readonly torch?: string; readonly minor: boolean } {
  const nvcc = match.facts["nvcc"] ?? match.context.log.cuda;
  const torch = match.facts["torch"] ?? torchCuda(match);
  return {
    ...(nvcc === undefined ? {} : { nvcc }),
    ...(torch === undefined ? {} : { torch }),
    minor: nvcc !== undefined && torch !== undefined && nvcc !== torch && nvcc.split(".")[0] === torch.split(".")[0],
  };
}

/** CUDA of the torch that is installed: as the text states it, or by the index that a command takes it from, where the build has another. */
function installedCuda({ context: { log } }: Match): string | undefined {
  const index = log.isolatedBuild ? /\/whl\/cu(\d+)(\d)$/.exec(log.onlyIndex ?? "") : null;
  return index === null ? log.torchCuda : `${index[1] ?? ""}.${index[2] ?? ""}`;
}

/** The torch that was compared was fetched for the build alone: the installed one is for nvcc's CUDA. */
function isFetchedTorch(match: Match): boolean {
  const { nvcc, torch } = mismatched(match);
  const there = installedCuda(match);
  return (
    there !== undefined &&
    nvcc !== undefined &&
    torch !== undefined &&
    there.split(".")[0] === nvcc.split(".")[0] &&
    torch.split(".")[0] !== there.split(".")[0]
  );
}

/** The installed release of torch in its build for another CUDA, where there is one: what was made for it stays. */
function torchOfSameRelease(match: Match, nvcc: string): string | undefined {
  const release = /^\d+\.\d+\.\d+(?=\+|$)/.exec(match.context.log.installedTorch ?? "")?.[0];
  const build = `cu${nvcc.split(".").slice(0, 2).join("")}`;
  if (release === undefined || cudaBuildsOf(release)?.includes(build) !== true) return undefined;
  return pip(
    match,
    `install --force-reinstall torch==${release} --index-url https://download.pytorch.org/whl/${build}`,
  );
}

/** The release of torch that the text asks for, of the newest CUDA of the toolkit's major version that it has wheels for. */
function torchForService(match: Match, nvcc: string): string {
  const { torch, installedTorch, companions = [] } = match.context.log;
  const release = /^\d+\.\d+\.\d+/.exec(installedTorch ?? torch ?? "")?.[0];
  const [major] = nvcc.split(".");
  const build = (release === undefined ? undefined : cudaBuildsOf(release))
    ?.filter((each) => each.startsWith(`cu${major ?? ""}`) && each.length === 5)
    .filter((each) => Number(each.slice(2)) <= Number(nvcc.split(".").slice(0, 2).join("")))
    .at(-1);
  if (release === undefined || build === undefined) return installTorchFor(match, nvcc);
  const installed = ["torchvision", "torchaudio"].flatMap((name) => {
    const version = /^\d[\d.]*\d/.exec(match.context.log.versions[name] ?? "")?.[0];
    return version === undefined ? [] : [`${name}==${version}`];
  });
  const beside = companions.length > 0 ? companions.map((word) => word.replace(/\+\w+$/, "")) : installed;
  return pip(
    match,
    `install --force-reinstall ${[`torch==${release}`, ...beside].join(" ")} --index-url https://download.pytorch.org/whl/${build}`,
  );
}

/**
 * NVIDIA's images have its repository set up, and one toolkit: that of torch's CUDA is installed beside it. Source:
 * https://docs.nvidia.com/cuda/cuda-installation-guide-linux (cuda-toolkit-11-1), whose folders for Ubuntu begin with CUDA 10.1 for
 * 18.04, 11.0 for 20.04, 11.7 for 22.04 and 12.5 for 24.04.
 */
function toolkitForImage(match: Match, torch: string | undefined): string[] {
  const { gpuImage, dockerBuild } = match.context.log;
  const [, image, system = ""] = /nvidia\/cuda:(\d+\.\d+)\S*-ubuntu(\d\d\.04)$/.exec(gpuImage ?? "") ?? [];
  const since = { "18.04": "10.1", "20.04": "11.0", "22.04": "11.7", "24.04": "12.5" }[system];
  if (!dockerBuild || torch === undefined || image === undefined || since === undefined || image === torch) return [];
  if (!/^\d+\.\d+$/.test(torch) || compareVersions(parseVersion(torch), parseVersion(since)) < 0) return [];
  return [`sudo apt-get install -y cuda-toolkit-${torch.replace(".", "-")}   # the image has CUDA ${image} alone`];
}

/** torch for the toolkit that is there; no command where that means to go back to an older torch. */
function torchForToolkit(match: Match, nvcc: string | undefined, torch: string | undefined): string {
  if (nvcc === undefined) return "# or install a torch for the CUDA that nvcc --version shows";
  const older = torch !== undefined && compareVersions(parseVersion(nvcc), parseVersion(torch)) < 0;
  return `# ${older ? "an older torch for the toolkit that is there, when nothing else goes" : "or torch for the toolkit that is there"}: ${torchOfSameRelease(match, nvcc) ?? installTorchFor(match, nvcc)}`;
}

/** Where the package has ready-made wheels, no nvcc is needed at all. */
function readyWheel(match: Match): string[] {
  const name = packageOf(match);
  const [wheel] = name !== undefined && originOf(name)?.wheels !== undefined ? reinstall(match, name) : [];
  return wheel?.includes("--only-binary") === true ? [wheel] : [];
}

export const cudaToolkitRules: readonly Rule[] = [
  {
    id: "cuda-major-mismatch",
    title: "nvcc's CUDA is not the CUDA of torch",
    on: ["exception", "warning", "build-tool"],
    specificity: 80,
    matches: (finding) => {
      if (
        /has a minor version mismatch|Detected that PyTorch and \w+ were compiled with different|accepting this combination|[Aa]llowing this combination/.test(
          finding.message,
        )
      )
        return undefined;
      const numbers =
        /detected CUDA version \((?<nvcc>[\d.]+)\) mismatches .*?PyTorch\s*\((?<torch>[\d.]+)\)/s.exec(
          finding.message,
        ) ??
        /detected CUDA version \(%s\) mismatches .*?'(?<nvcc>[\d.]+)', '(?<torch>[\d.]+)'/s.exec(finding.message) ??
        /Installed CUDA version (?<nvcc>[\d.]+) does not match .*? (?:torch was compiled with|compiled with) (?<torch>[\d.]+)/s.exec(
          finding.message,
        ) ??
        /Pytorch binaries were compiled with Cuda (?<torch>\d+(?:\.\d+)?)/is.exec(finding.message) ??
        /(?:Py)?Torch (?:is|was|has been) (?:built|compiled) (?:with|for|against) CUDA(?: version)?:? ?(?<torch>\d+\.\d+).{0,60}?\b(?:running|current|system|installed|nvcc|toolkit|local)\b.{0,30}?CUDA(?: version)?(?: is)?:? ?(?<nvcc>\d+\.\d+)/is.exec(
          finding.message,
        ) ??
        /detected CUDA version \(?(?<nvcc>[\d.]+)?\)? mismatches/.exec(finding.message) ??
        /Cuda extensions are being compiled with a version of Cuda that does not match|does not match the version torch was compiled with/i.exec(
          finding.message,
        );
      if (numbers === null) return finding.code === "cuda-mismatch" ? {} : undefined;
      return { ...numbers.groups };
    },
    // ColossalAI's and others' scripts say so and go on.
    confidence: (match) => (/^\s*Warning: Cuda extensions/i.test(match.finding.text) ? "low" : "high"),
    cause: (match) => {
      const { nvcc, torch, minor } = mismatched(match);
      if (isFetchedTorch(match))
        return `The torch of the build is not the one that is installed${installedCuda(match) === undefined ? "" : ` (for CUDA ${installedCuda(match) ?? ""})`}: build isolation fetched another one, for CUDA ${torch ?? "of another version"}, and that does not go with nvcc (CUDA ${nvcc ?? "of another version"}).`;
      const versions =
        nvcc === undefined ? "" : ` (nvcc: CUDA ${nvcc}${torch === undefined ? "" : `, torch: CUDA ${torch}`})`;
      if (minor)
        return `The CUDA toolkit that compiles and the one that torch was built with differ in their minor version alone${versions}. Code of the two works together as a rule; it is the check of this package's set-up script that wants them equal.`;
      const found = match.context.environment?.cuda;
      return `The CUDA toolkit that compiles and the one that torch was built with differ${nvcc === undefined ? "" : " in their major version"}${versions}; code of two major versions cannot be mixed. CUDA_HOME or PATH points to the wrong toolkit, or torch was installed for another CUDA.${found === undefined ? "" : ` Here CUDA ${found.version} is at ${found.root}.`}`;
    },
    fix: (match) => {
      const { nvcc, torch, minor } = mismatched(match);
      if (isFetchedTorch(match)) return installWithoutIsolation(match);
      const hosted = match.context.log.notebook ? match.context.log.notebookService : undefined;
      const { listedToolkits } = match.context.log;
      const isAlone =
        listedToolkits.length > 0 &&
        torch !== undefined &&
        !listedToolkits.some((each) => each.split(".")[0] === torch.split(".")[0]);
      if ((hosted !== undefined || isAlone) && nvcc !== undefined && !minor)
        return [
          `${torchForService(match, nvcc)}   # ${hosted ?? "the machine"} has ${hosted === undefined ? "no other" : "one"} toolkit, CUDA ${nvcc}: torch of that major version goes with it`,
          ...(hosted === undefined ? [] : ["# restart the session, where torch was imported before"]),
          ...buildAgain(match),
        ];
      // Which toolkits a Windows has besides is not told; the torch of the same release for the one that is there does in any case.
      const sameRelease = nvcc === undefined || minor ? undefined : torchOfSameRelease(match, nvcc);
      if (sameRelease !== undefined && platformOf(match) === "win32")
        return [
          `${sameRelease}   # the same torch for the toolkit that is there, CUDA ${nvcc ?? ""}`,
          ...buildAgain(match),
          `# or the toolkit of torch's CUDA, where it is installed: ${setVariable(match, "CUDA_HOME", toolkitFolder(match, torch ?? "X.Y"))}`,
        ];
      const packaged =
        match.context.log.hostedRunner && torch !== undefined && !match.context.log.conda
          ? toolkitOnRunner(match, torch)
          : [];
      return [
        ...(torch === undefined ? [showTorchCuda(match)] : []),
        ...toolkitForImage(match, torch),
        ...packaged,
        ...(match.context.log.conda && platformOf(match) === "linux" && torch !== undefined
          ? [
              condaToolkit(torch),
              `${useCondaToolkit}   # the toolkit of torch's CUDA, in torch's environment`,
              `# one in ${toolkitFolder(match, torch)} does as well: ${setVariable(match, "CUDA_HOME", toolkitFolder(match, torch))}`,
            ]
          : [
              `${setVariable(match, "CUDA_HOME", toolkitFolder(match, torch ?? "X.Y"))}   # the toolkit of torch's CUDA`,
              toolkitOnPath(match),
              ...(toolkitForImage(match, torch).length + packaged.length > 0
                ? []
                : [
                    "# no such folder: install that toolkit beside the other, https://developer.nvidia.com/cuda-toolkit-archive",
                  ]),
            ]),
        ...(readyWheel(match).length > 0 ? [] : buildAgain(match)),
        ...readyWheel(match),
        ...(/Cuda extensions are being compiled/i.test(match.finding.message) && (minor || nvcc === undefined)
          ? [
              `# ${minor ? "or, as the two are of one major version," : "within one major version:"} comment out the call of check_cuda_torch_binary_vs_bare_metal in setup.py, and install from that folder`,
            ]
          : []),
        ...(minor ? [] : [torchForToolkit(match, nvcc, torch)]),
        ...(/DeepSpeed|DS_|Installed CUDA version/.test(match.finding.message)
          ? ["# DeepSpeed within one major version: export DS_SKIP_CUDA_CHECK=1"]
          : []),
      ];
    },
    sources: [
      "pytorch: torch/utils/cpp_extension.py",
      "microsoft/DeepSpeed#2902",
      "microsoft/DeepSpeed#3223",
      "NVIDIA/apex#323",
    ],
    examples: [
      {
        text: "PS C:\\w\\DeepSpeed> .\\build_win.bat\nLINK : fatal error LNK1181: cannot open input file 'aio.lib'\nop_builder.builder.CUDAMismatchException: >- DeepSpeed Op Builder: Installed CUDA version 12.1 does not match the version torch was compiled with 11.8, unable to compile cuda/cpp extensions without a matching cuda version.\nPS C:\\w\\DeepSpeed> python -c \"import torch; print(torch.__version__)\"\n2.1.2+cu118",
        expect: "install --force-reinstall torch==2.1.2 --index-url https://download.pytorch.org/whl/cu121",
      },
      {
        text: 'FROM nvidia/cuda:12.4.1-devel-ubuntu22.04\n#9 0.41   torch.__version__  = 2.0.1+cu118\n#9 1.2 RuntimeError: \n#9 1.2 The detected CUDA version (12.4) mismatches the version that was used to compile\n#9 1.2 PyTorch (11.8). Please make sure to use the same CUDA versions.\nDockerfile:9\n--------------------\n   9 | >>> RUN pip install --no-build-isolation ./ops\n--------------------\nERROR: failed to solve: process "/bin/sh -c pip install --no-build-isolation ./ops" did not complete successfully: exit code: 1',
        expect: "RUN apt-get update && apt-get install -y cuda-toolkit-11-8",
      },
      {
        text: "%cd /content/obb\n!pip install torch==1.12.0+cu116 torchvision==0.13.0+cu116 --extra-index-url https://download.pytorch.org/whl/cu116\n!python setup.py develop\nSuccessfully installed torch-1.12.0+cu116 torchvision-0.13.0+cu116\nRuntimeError: \nThe detected CUDA version (12.2) mismatches the version that was used to compile\nPyTorch (11.6). Please make sure to use the same CUDA versions.",
        expect: "--force-reinstall torch torchvision --index-url",
      },
      {
        text: "RuntimeError:\nThe detected CUDA version (12.1) mismatches the version that was used to compile\nPyTorch (11.8). Please make sure to use the same CUDA versions.",
        expect: "11.8",
      },
      {
        text: "RuntimeError:\nThe detected CUDA version (12.1) mismatches the version that was used to compile\nPyTorch (11.8). Please make sure to use the same CUDA versions.\n# pip list | grep torch\ntorch               2.1.2+cu118\n# ls -d /usr/local/cuda*\n/usr/local/cuda  /usr/local/cuda-12.1",
        expect: "torch==2.1.2 --index-url https://download.pytorch.org/whl/cu121",
      },
      {
        text: "%cd /content/GroundingDINO\n!pip install -q torch==2.3.0+cu118 torchvision==0.18.0+cu118 --index-url https://download.pytorch.org/whl/cu118\n!python setup.py build develop\nRuntimeError: \nThe detected CUDA version (12.5) mismatches the version that was used to compile\nPyTorch (11.8). Please make sure to use the same CUDA versions.",
        expect:
          "install --force-reinstall torch==2.3.0 torchvision==0.18.0 --index-url https://download.pytorch.org/whl/cu121",
      },
      {
        text: "RuntimeError: ('The detected CUDA version (%s) mismatches the version that was used to compilePyTorch (%s). Please make sure to use the same CUDA versions.', '12.1', '13.0')",
        expect: "13.0",
      },
      {
        text: "torch 2.11.0+cu130\nRuntimeError: ('The detected CUDA version (%s) mismatches the version that was used to compilePyTorch (%s). Please make sure to use the same CUDA versions.', '13.0', '12.8')",
        expect: "--no-build-isolation",
      },
      {
        text: ">- DeepSpeed Op Builder: Installed CUDA version 12.2 does not match the version torch was compiled with 11.7, unable to compile cuda/cpp extensions without a matching cuda version.",
        expect: "DS_SKIP_CUDA_CHECK",
      },
      {
        text: "RuntimeError: Cuda extensions are being compiled with a version of Cuda that does not match the version used to compile Pytorch binaries.  Pytorch binaries were compiled with Cuda 10.2.",
        expect: "10.2",
      },
      {
        text: "AssertionError: PyTorch is built with CUDA version: 11.7.\nThe current running CUDA version is: 10.2.89",
        expect: "cuda-11.7",
      },
      {
        text: "torch.__version__  = 2.4.0+cu124\nCuda compilation tools, release 12.6, V12.6.20\nRuntimeError: Cuda extensions are being compiled with a version of Cuda that does not match the version used to compile Pytorch binaries.  Pytorch binaries were compiled with Cuda 12.4.",
        expect: "minor version alone (nvcc: CUDA 12.6, torch: CUDA 12.4)",
      },
    ],
  },
  {
    id: "cuda-minor-mismatch",
    title: "nvcc and torch differ in CUDA's minor version",
    on: ["warning"],
    role: "advice",
    specificity: 60,
    matches: (finding) =>
      said(
        finding,
        /detected CUDA version \((?<nvcc>[\d.]+)\) has a minor version mismatch .*?PyTorch \((?<torch>[\d.]+)\)/s,
      ) ??
      said(
        finding,
        /minor version mismatch with the version that was used to compile(?: PyTorch \((?<torch>[\d.]+)\))?/,
      ),
    confidence: "low",
    cause: (match) =>
      `nvcc is of CUDA ${match.facts["nvcc"] ?? "one minor version"}, torch was built with ${match.facts["torch"] ?? "another"}: within one major version that works. This is a warning, not the cause of a failure.`,
    fix: (match) => [
      "# nothing to do; to be exact:",
      setVariable(match, "CUDA_HOME", `/usr/local/cuda-${match.facts["torch"] ?? torchCuda(match) ?? "X.Y"}`),
    ],
    sources: ["ashawkey/torch-ngp#168"],
    examples: [
      {
        text: "UserWarning: The detected CUDA version (11.6) has a minor version mismatch with the version that was used to compile PyTorch (11.3). Most likely this shouldn't be a problem.",
        expect: "warning",
      },
    ],
  },
  {
    id: "cuda-toolkit-incomplete",
    title: "Parts of the CUDA toolkit are missing",
    on: ["missing-program", "driver"],
    specificity: 74,
    matches: (finding) => {
      if (finding.kind === "missing-program")
        return missingProgram(finding, /^(?:cicc|ptxas|cudafe\+\+|fatbinary|nvlink|bin2c|cuobjdump)$/);
      return said(finding, /Path to libdevice library not specified|Cannot find libdevice|libdevice not found/);
    },
    confidence: "high",
    cause: (match) =>
      `nvcc is there, and ${match.facts["name"] === undefined ? "libdevice (the folder nvvm of the toolkit)" : `\`${match.facts["name"]}\``} is not: the toolkit was installed in part (conda's cuda-nvcc without cuda-nvvm or cuda-nvcc-tools, a single package of pip), nvcc was linked or copied out of its folder, or CUDA_HOME and PATH name two toolkits.`,
    fix: (match) => [
      ...partOfPipToolkit(match, match.facts["name"] ?? "libdevice"),
      "readlink -f $(which nvcc); nvcc --dryrun -x cu /dev/null -o /dev/null 2>&1 | head   # where nvcc looks",
      ...(match.context.log.feedstock
        ? [
            '# the recipe, requirements, build: {{ compiler("cuda") }} (recipe.yaml: ${{ compiler("cuda") }}) in place of cuda-nvcc-impl or cuda-nvcc: it brings cicc and ptxas and puts nvvm/bin on PATH; host: cuda-cudart-dev',
          ]
        : match.context.log.conda && !/^\/usr\//.test(nvccThatRan(match) ?? "")
          ? ["conda install -c conda-forge cuda-nvcc cuda-nvvm cuda-cudart-dev"]
          : []),
      ...(pipToolkit(match) === undefined && !match.context.log.feedstock
        ? [
            `ls ${wholeToolkit(match)}/bin/ptxas ${wholeToolkit(match)}/nvvm/bin/cicc && ${setVariable(match, "CUDA_HOME", wholeToolkit(match))} && export PATH=$CUDA_HOME/bin:$PATH   # a whole toolkit; not there: https://developer.nvidia.com/cuda-toolkit-archive`,
          ]
        : []),
    ],
    sources: ["https://docs.nvidia.com/cuda/cuda-compiler-driver-nvcc/"],
    examples: [
      { text: "sh: 1: cicc: not found", expect: "cuda-nvvm" },
      {
        text: "/usr/local/bin/nvcc -I/home/u/miniconda2/lib/python2.7/site-packages/numpy/core/include -I/usr/local/cuda-8.0/include -c nms/k.cu -o k.o\nsh: 1: cicc: not found\nerror: command '/usr/local/bin/nvcc' failed with exit status 127",
        expect: "export CUDA_HOME=/usr/local/cuda-8.0",
      },
      { text: "nvcc fatal   : Path to libdevice library not specified", expect: "nvvm" },
    ],
  },
  {
    id: "device-lto-library-missing",
    title: "nvlink does not find libnvvm for link-time optimisation",
    on: ["driver"],
    specificity: 76,
    matches: (finding) => said(finding, /elfLink linker library load error/),
    confidence: "high",
    cause: () =>
      "nvlink loads `nvvm/lib64/libnvvm.so` of the toolkit for `-dlto`, and it is not there: pip's nvidia-nvvm has the same library as `lib/libnvvm.so.4`.",
    fix: (match) => [
      `mkdir -p ${cudaRoot(match)}/nvvm/lib64 && ln -s ../../lib/libnvvm.so.4 ${cudaRoot(match)}/nvvm/lib64/libnvvm.so`,
      "# or leave -dlto away: relocatable device code links without it",
    ],
    sources: ["https://docs.nvidia.com/cuda/nvvm-ir-spec/"],
    examples: [{ text: "nvlink fatal   : elfLink linker library load error", expect: "libnvvm" }],
  },
  {
    id: "no-version-bounds",
    title: "torch knows no compiler bounds for this CUDA",
    on: ["warning"],
    role: "advice",
    specificity: 40,
    matches: (finding) => said(finding, /There are no .* version bounds defined for CUDA version (?<cuda>[\d.]+)/),
    confidence: "low",
    cause: (match) =>
      `torch's table of host compilers has no row for CUDA ${match.facts["cuda"] ?? ""}, so it checks nothing. This is a warning, not the cause of a failure.`,
    fix: (match) => [
      `# nothing to do; CUDA ${match.facts["cuda"] ?? ""} accepts gcc up to ${newestGccFor(match.facts["cuda"] ?? "") ?? "?"}`,
    ],
    sources: ["pytorch/pytorch#166120"],
    examples: [
      { text: "UserWarning: There are no g++ version bounds defined for CUDA version 12.1", expect: "warning" },
    ],
  },
];
