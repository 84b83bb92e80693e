/** What goes wrong between Python and a module that loads: operators, registration, arguments, names. */
import { plainName } from "../../base/package-name.ts";
import { compareVersions, parseVersion } from "../../base/order.ts";
import { own } from "../../base/own.ts";
import {
  pip,
  python,
  rebuild,
  reinstall,
  setVariable,
  toolkitFolder,
  torchCuda,
  useToolkit,
} from "../commands/commands.ts";
import { withCompanions } from "../commands/companion-commands.ts";
import { installSpconv } from "../commands/spconv.ts";
import {
  buildInCheckout,
  importedFromCheckout,
  importedFromHere,
  packageOfInit,
  rebuildRoot,
  toCaller,
} from "../commands/checkouts.ts";
import { forgetJitBuild } from "../commands/jit-folders.ts";
import { isMmcvWithoutOperators, reinstallMmcv } from "../commands/mmcv.ts";
import { originOf, packageOf, packageOfModule } from "../tables/packages.ts";
import { coded, type Match, type Rule, said, saidAny } from "../rule.ts";
import { tooNewFor } from "../tables/version-facts.ts";

/** Modules that are built, by the look of their names. */
const builtModule =
  /(?:^|\.)_?(?:C|ext|_ext|cuda|cuda_ext|backend|_backend|\w+_cuda|\w+_ext|\w+_cpp|\w+_C|_\w*C|_raymarching|\w+_backend|MultiScaleDeformableAttention|amp_C|apex_C|\w+_kernels?|\w+_ops|fused_\w+|flash_attn_\w+|selective_scan_cuda\w*|causal_conv1d_cuda|tinycudann_bindings\.?\w*|diff_\w+_rasterization|simple_knn|pointnet2\w*|iou3d\w*|roipool3d\w*|nms_\w+|deform_conv\w*|vllm_flash_attn\w*|_moe_C|_vllm_\w+|nvdiffrast_plugin|_kmeans_\w*|spconv\.core\w*|awq_inference_engine|exllamav?2?_\w+|autogptq_\w+|cQIGen|quant_cuda|lib(?:bleu|nat\w*|base)|\w+_fast|token_block_utils_fast|ext_c|ext_cpp|corr_sampler|alt_cuda_corr|MinkowskiEngineBackend\w*|sparseconvnet\w*)$/;

/** What extensions call their functions, whatever the module's name is. */
const bound = /^(?:forward|backward|fwd|bwd)$|_(?:forward|backward|fwd|bwd|cuda|kernel)$/;

/** The package of the operator with its version, when it is too new for the torch that the text states. */
function tooNewRelease({ facts, context }: Match): string | undefined {
  const name = (facts["space"] ?? "").replaceAll("_", "-");
  const version = own(context.log.versions, name);
  const above = tooNewFor(context.log.installedTorch, name);
  return version === undefined || above === undefined || compareVersions(parseVersion(version), parseVersion(above)) < 0
    ? undefined
    : `${name} ${version}`;
}

/** Namespaces of operators whose package has another name, with the module that brings them. */
const packageOfNamespace: Readonly<Record<string, readonly [name: string, module: string]>> = {
  _C: ["vllm", "vllm._C"],
  _moe_C: ["vllm", "vllm._moe_C"],
  _rocm_C: ["vllm", "vllm._rocm_C"],
  _C_cache_ops: ["vllm", "vllm._C"],
  _C_ascend: ["vllm-ascend", "vllm_ascend.vllm_ascend_C"],
  torch_npu: ["torch-npu", "torch_npu"],
  torch_ipex: ["intel-extension-for-pytorch", "intel_extension_for_pytorch"],
};

/** The package that brings the operators of a namespace; others than vLLM call theirs `_C`, too. */
function namespaceOf(match: Match): readonly [name: string, module: string] | undefined {
  const known = own(packageOfNamespace, match.facts["space"] ?? "");
  if (known?.[0] !== "vllm") return known;
  const { frames, message } = match.finding;
  return /vllm/.test(message) ||
    match.context.log.versions["vllm"] !== undefined ||
    match.context.log.package === "vllm" ||
    frames?.some((frame) => /[\\/]vllm[\\/]/.test(frame)) === true
    ? known
    : undefined;
}

/** The repository that a command of the text has the package from. */
function repositoryAsked({ context }: Match, name: string): string | undefined {
  return context.log.requested?.find(
    (word) =>
      word.includes("git+") &&
      plainName(/([\w.-]+?)(?:\.git)?(?:[@#][^/]*)?"?$/.exec(word)?.[1] ?? "") === plainName(name),
  );
}

/** A program runs, and nothing in the text has built or installed anything: what to build is not known. */
function isUnbuilt({ finding, context: { log } }: Match): boolean {
  const { setupCommand, installs = [], typedBuild, typedConfigure, loadedLibrary } = log;
  return (
    finding.frames?.some((frame) => /^[^<»]+\.py:\d/.test(frame) && !/-packages[\\/]/.test(frame)) === true &&
    setupCommand === undefined &&
    installs.length === 0 &&
    (typedBuild ?? typedConfigure ?? loadedLibrary) === undefined &&
    log.installer === undefined
  );
}

export const registrationRules: readonly Rule[] = [
  {
    id: "operator-not-registered",
    title: "The operators of the extension are not registered",
    on: ["exception"],
    specificity: 72,
    matches: (finding) =>
      saidAny(
        finding,
        /['"]?_OpNamespace['"]? ['"]?(?<space>\w+)['"]? object has no attribute(?: ['"]?(?<op>\w+))?/,
        /operator (?<space>\w+)::(?<op>\w+) does not exist/i,
        /No such operator (?<space>\w+)::(?<op>\w+)/,
        /Didn't find engine for operation (?<space>\w+)::(?<op>\w+)/,
        /(?:[Cc]ould not find|found no|access the) schema (?:for|registered for operator) (?<space>\w+)::(?<op>\w+)/,
        /partially initialized module ['"](?<space>torchvision)['"] has no attribute ['"](?<op>extension)['"]/,
        /Couldn't load custom C\+\+ ops/,
      ),
    confidence: "high",
    cause: (match) => {
      const name =
        match.facts["op"] === undefined
          ? "The operators"
          : `\`torch.ops.${match.facts["space"] ?? ""}.${match.facts["op"]}\``;
      const vision = match.facts["space"] === "torchvision" || /custom C\+\+ ops/.test(match.finding.message);
      const release = tooNewRelease(match);
      if (release !== undefined)
        return `${release} is made for torch 1.13 and newer, and the torch of the text is ${match.context.log.installedTorch ?? ""}: its Python asks for ${name}, which what was built with this torch does not have, and a torch of that age answers such a question with an error.`;
      return vision
        ? "torchvision's own library did not load: torch and torchvision are of releases (or CUDA builds, or indexes) that do not belong together."
        : match.context.log.loadedLibrary !== undefined
          ? `\`${match.context.log.loadedLibrary}\` was loaded, and ${name} is still unknown: its TORCH_LIBRARY block (torch::RegisterOperators) names another namespace or operator, or the library was built without that source.`
          : `${name} ${match.facts["op"] === undefined ? "are" : "is"} unknown: the library that registers it was not loaded (torch.ops.load_library, or an import that failed silently), was built without that operator (no CUDA), or the linker dropped its registration from a static library.`;
    },
    fix: (match) =>
      match.facts["space"] === "torchvision" || /custom C\+\+ ops/.test(match.finding.message)
        ? withCompanions(match, "torchvision")
        : namespaceOf(match) !== undefined
          ? [
              `${python(match)} -c "import torch, ${namespaceOf(match)?.[1] ?? ""}"   # says why it does not load; your own program: import ${namespaceOf(match)?.[1].split(".")[0] ?? ""} before the call`,
              ...(match.facts["space"] === "torch_npu"
                ? [`${pip(match, "list")} | grep -i torch   # torch_npu of the same release as torch (2.5.1 and 2.5.1)`]
                : reinstall(match, namespaceOf(match)?.[0] ?? "")),
            ]
          : originOf((match.facts["space"] ?? "").replaceAll("_", "-")) !== undefined
            ? [
                tooNewRelease(match) === undefined
                  ? `${python(match)} -c "import ${match.facts["space"] ?? ""}"   # before the operator is called; says why its library does not load`
                  : "# an older release, as follows, or torch 1.13 and newer with the packages that are made for it",
                ...reinstall(match, (match.facts["space"] ?? "").replaceAll("_", "-")),
              ]
            : [
                `${python(match)} -c "import torch; torch.ops.load_library('${match.context.log.loadedLibrary ?? "<file>.so"}'); print([n for n in torch._C._dispatch_get_all_op_names() if '${match.facts["op"] ?? ""}' in n])"   # does it load, and under which namespace is it registered?`,
                ...(isUnbuilt(match)
                  ? [
                      `# nothing of the text loads it: ${match.finding.frames?.[0]?.split(" ")[0] ?? "the program"}: above the call, import the package that brings the operator, or torch.ops.load_library("<the path of its .so>"); an operator that Python alone makes is defined first: torch.library.define("ns::op", "(Tensor x) -> Tensor"), then torch.library.impl; what load(…, is_python_module=False) built is loaded in that process alone`,
                    ]
                  : rebuild(match)),
                "# static libraries: link with -Wl,--whole-archive; names: TORCH_LIBRARY(namespace, m) must match torch.ops.namespace",
              ],
    sources: ["pytorch/pytorch#127615", "rusty1s/pytorch_cluster#193"],
    examples: [
      {
        text: "AttributeError: '_OpNamespace' 'extension_add' object has no attribute 'custom_add'",
        expect: "load_library",
      },
      { text: "RuntimeError: operator torchvision::nms does not exist", expect: "torchvision" },
      {
        text: "RuntimeError: operator torchvision::nms does not exist\ntorch                             2.9.1\ntorchaudio                        2.8.0\ntorchvision                       0.23.0\nvllm                              0.11.0",
        expect: 'install --force-reinstall "torch==2.8.0" "torchvision==0.23.0" "torchaudio==2.8.0"',
      },
      {
        text: '>>> torch.ops.load_library("warp_perspective.so")\n>>> print(torch.ops.custom.warp_perspective)\nRuntimeError: No such operator custom::warp_perspective',
        expect: "load_library('warp_perspective.so')",
      },
      {
        text: "AttributeError: '_OpNamespace' '_C_ascend' object has no attribute 'npu_apply_top_k_top_p'",
        expect: "import torch, vllm_ascend.vllm_ascend_C",
      },
      { text: "RuntimeError: No such operator torch_cluster::random_walk", expect: "data.pyg.org" },
      {
        text: "  File \"/e/site-packages/vllm/_custom_ops.py\", line 200, in rms_norm\nAttributeError: '_OpNamespace' '_C' object has no attribute 'rms_norm'",
        expect: "--force-reinstall vllm",
      },
      {
        text: "RuntimeError: operator torch_npu::npu_fusion_attention does not exist",
        expect: "import torch, torch_npu",
      },
      {
        text: "RuntimeError: No such operator torch_sparse::ptr2ind\ntorch                         1.11.0\ntorch-sparse                  0.6.18",
        expect: '"torch-sparse<0.6.17"',
      },
    ],
  },
  {
    id: "extension-module-missing",
    title: "The compiled part of the package is missing",
    on: ["exception", "warning"],
    role: "symptom",
    specificity: 66,
    matches: (finding, context) => {
      // The last of the places where sgl_kernel looks; the errors before it say why.
      if (
        /No module named ['"]?common_ops/.test(finding.message) &&
        context.findings.some(({ message }) => message.includes("[sgl_kernel]"))
      )
        return undefined;
      // What GroundingDINO's ms_deform_attn.py says when its import of _C fails.
      if (finding.kind === "warning")
        return /Failed to load custom C\+\+ ops\. Running on CPU mode Only/.test(finding.message)
          ? { module: "_C" }
          : undefined;
      const module =
        /No module named ['"]?(?<module>[\w.]+)['"]?/.exec(finding.message)?.groups?.["module"] ??
        /cannot import name ['"]?(?<module>_C|_ext|\w+_cuda|\w+_ext|_backend|lib(?:bleu|nat\w*|base)|\w+_fast)['"]?/.exec(
          finding.message,
        )?.groups?.["module"] ??
        /Could not import (?<module>_ext) module/.exec(finding.message)?.groups?.["module"] ??
        /module ['"]?[\w.]+['"]? has no attribute ['"](?<module>_C|_ext|\w+_cuda)['"]/.exec(finding.message)?.groups?.[
          "module"
        ] ??
        // The import stands in a try block that only warns.
        /(?:^|\bis )name ['"](?<module>_C|_ext|ext_c|ext_cpp|corr_sampler|alt_cuda_corr|\w+_cuda|\w+_ext|\w+_kernels?)['"] is not defined/.exec(
          finding.message,
        )?.groups?.["module"];
      if (module === undefined || !builtModule.test(module)) return undefined;
      // The list of an environment: why it was not built stands elsewhere.
      if (
        /not built correctly/.test(finding.text) &&
        context.findings.some(({ kind }) => kind === "compile" || kind === "missing-header")
      )
        return undefined;
      // The package says so of whatever its import raised: the exception before it names the file, which is there.
      if (/^Could not import/.test(finding.message) && context.findings.some(({ code }) => code === "no-init-function"))
        return undefined;
      // A function of the set-up script itself.
      if (finding.code === "NameError" && finding.frames?.at(-1)?.includes("setup.py") === true) return undefined;
      return { module };
    },
    confidence: (match) => (match.finding.kind === "warning" ? "medium" : "high"),
    cause: (match) =>
      match.facts["module"] === "mmcv._ext" && isMmcvWithoutOperators(match)
        ? "`mmcv._ext` holds the compiled operators, and before 2.0 the package mmcv had none: with operators it was called mmcv-full, and the two must not be there together."
        : `\`${match.facts["module"] ?? ""}\` is the compiled part of its package, and it is not there: it was not built (its build failed or was skipped, or the package was installed without a compiler or CUDA), it was built for another Python, or Python picks up the source folder instead of the installed package.`,
    fix: (match) => {
      const beside = importedFromCheckout(match, match.facts["module"] ?? "") ? rebuildRoot(match) : undefined;
      if (beside !== undefined) return [...beside, "# the first error of its log is the cause, if it fails"];
      if (importedFromHere(match, match.facts["module"] ?? ""))
        return [
          `${pip(match, "install --no-build-isolation --no-deps -v -e .")}   # in the folder of setup.py or pyproject.toml; the first error of its log is the cause, if it fails`,
        ];
      const name =
        packageOfModule(match.facts["module"] ?? "") ??
        (/pointnet2/i.test(match.finding.message) ? "pointnet2-ops" : undefined) ??
        packageOfInit(match.finding.message) ??
        packageOf(match) ??
        (match.finding.kind === "warning" && buildInCheckout(match) === undefined ? "groundingdino" : undefined);
      const checkout = name === undefined ? buildInCheckout(match) : undefined;
      return [
        // The import stood in a try block: the package can do without, and its set-up script does so, too.
        ...((match.finding.code === "NameError" || match.finding.kind === "warning") &&
        (name === undefined || originOf(name)?.page === undefined)
          ? [
              `${setVariable(match, "CUDA_HOME", toolkitFolder(match, torchCuda(match) ?? match.context.log.spokenCuda))}   # of torch.version.cuda's toolkit, with nvcc: without it (or without a GPU in sight) such a set-up script leaves the compiled part out and says nothing`,
            ]
          : []),
        ...(name === undefined
          ? (checkout ?? rebuild(match))
          : name === "mmcv"
            ? reinstallMmcv(match)
            : name === "spconv"
              ? installSpconv(match)
              : originOf(name) === undefined && !match.context.log.localPackages.includes(plainName(name))
                ? [
                    pip(
                      match,
                      `install --no-build-isolation --no-cache-dir --force-reinstall --no-deps -v ${repositoryAsked(match, name) ?? name}`,
                    ),
                  ]
                : reinstall(match, name)),
        ...(name === "mmcv" && isMmcvWithoutOperators(match)
          ? []
          : ["# run from another folder than the package's sources, and look at the first error of the build's log"]),
      ];
    },
    sources: ["facebookresearch/pytorch3d#2013"],
    examples: [
      {
        text: "Traceback (most recent call last):\n  File \"/w/RAFT-Stereo/core/corr.py\", line 17, in forward\n    corr, = corr_sampler.forward(volume, coords, radius)\nNameError: name 'corr_sampler' is not defined",
        expect: "find . -path '*/sampler/setup.py'",
      },
      {
        text: "$ pytest tests -q\nImportError while importing test module '/w/pq/tests/test_v.py'.\ntests/test_v.py:1: in <module>\n    import pqops\npqops/__init__.py:1: in <module>\n    from ._C import quant\nE   ModuleNotFoundError: No module named 'pqops._C'",
        expect: "--no-deps -v -e .",
      },
      {
        text: "ModuleNotFoundError: No module named 'flash_attn_2_cuda'",
        expect: "install --no-build-isolation --no-cache-dir --force-reinstall --no-deps -v flash-attn",
      },
      {
        text: "ImportError: cannot import name '_C' from 'pytorch3d' (/home/u/pytorch3d/pytorch3d/__init__.py)",
        expect: "source folder",
      },
      {
        text: "ImportError: cannot import name '_C' from partially initialized module 'core.nn' (most likely due to a circular import) (/home/u/seg/core/nn/__init__.py)",
        expect: "for d in /home/u/seg/core/nn /home/u/seg; do",
      },
      {
        text: "'unavailable_reason': \"cannot import name '_C' from partially initialized module 'comfy_kitchen.backends.cuda' (most likely due to a circular import) (C:\\\\ComfyUI\\\\Lib\\\\site-packages\\\\comfy_kitchen\\\\backends\\\\cuda\\\\__init__.py)\"",
        expect: "comfy-kitchen",
      },
      {
        text: "Traceback (most recent call last):\n  File \"/w/fairseq/fairseq/data/data_utils.py\", line 302, in batch_by_size\n    from fairseq.data.data_utils_fast import (\nModuleNotFoundError: No module named 'fairseq.data.data_utils_fast'",
        expect: "cd /w/fairseq",
      },
      { text: "ModuleNotFoundError: No module named 'mmcv._ext'", expect: "compiled part" },
      {
        text: "mim install mmcv==1.6.2\n\nModuleNotFoundError: No module named 'mmcv._ext'",
        expect: 'mim install "mmcv-full==1.6.2"',
      },
      {
        text: "mmcv                     1.7.1\nModuleNotFoundError: No module named 'mmcv._ext'",
        expect: "it was called mmcv-full",
      },
      { text: "ModuleNotFoundError: No module named 'MultiScaleDeformableAttention'", expect: "*/ops/setup.py" },
      {
        text: "ImportError: Could not import _ext module.\nPlease see the setup instructions in the README: https://github.com/erikwijmans/Pointnet2_PyTorch/blob/master/README.rst",
        expect: "pointnet2_ops_lib",
      },
      { text: "NameError: name '_C' is not defined", expect: "export CUDA_HOME" },
      { text: "UserWarning: Failed to load custom C++ ops. Running on CPU mode Only!", expect: "export CUDA_HOME" },
      { text: "ModuleNotFoundError: No module named 'spconv.core_cc'", expect: "install spconv-cu" },
      { text: "Error is name 'exllamav2_ext' is not defined", expect: "exllamav2/releases" },
      {
        text: "$ pip install --verbose git+https://github.com/fanshiqing/grouped_gemm@main\nModuleNotFoundError: No module named 'grouped_gemm_backend'",
        expect: 'git+https://github.com/fanshiqing/grouped_gemm@main"',
      },
      {
        text: "Processing /home/u/torch-ngp/raymarching\nBuilding wheels for collected packages: raymarching\nModuleNotFoundError: No module named '_raymarching'",
        expect: "-v /home/u/torch-ngp/raymarching",
      },
    ],
  },
  {
    id: "extension-function-missing",
    title: "The compiled module does not have this function",
    on: ["exception"],
    role: "symptom",
    specificity: 65,
    matches: (finding) => {
      const facts = said(
        finding,
        /^(?:partially initialized )?module ['"](?<module>[\w.]+)['"] has no attribute ['"](?<name>\w+)['"]/,
      );
      return facts !== undefined &&
        !/^torch(?:\.|$)/.test(facts["module"] ?? "") &&
        (builtModule.test(facts["module"] ?? "") || bound.test(facts["name"] ?? ""))
        ? facts
        : undefined;
    },
    confidence: "medium",
    cause: (match) =>
      `The Python code calls \`${match.facts["name"] ?? ""}\`, and the compiled module \`${match.facts["module"] ?? ""}\` that was loaded has no such function: it is an older (or another) build than the Python files, a package of the same name from another project or a folder of that name was imported in its place (a folder without __init__.py has \`__file__\` None), or the function was left out of PYBIND11_MODULE.`,
    fix: (match) => {
      const module = match.facts["module"] ?? "";
      const name = packageOfModule(module) ?? packageOf(match);
      // What load() built is in its cache, and no module of the environment.
      const cached = match.context.log.builtAtRunTime ? forgetJitBuild(match, module) : undefined;
      if (cached !== undefined)
        return [
          ...cached,
          ...(name === undefined
            ? []
            : [
                `# it stays: the Python files and the sources of the extension are of two releases: ${reinstall(match, name).find((line) => !line.startsWith("#")) ?? ""}`,
              ]),
          '# own code: m.def("' + (match.facts["name"] ?? "") + '", &…) in PYBIND11_MODULE',
        ];
      return [
        `${python(match)} -c "import torch, ${module} as m; print(m.__file__, [n for n in dir(m) if n[0] != '_'])"   # which file, and what it has`,
        ...(name === undefined ? [...toCaller(match), ...rebuild(match)] : reinstall(match, name)),
        '# own code: m.def("' + (match.facts["name"] ?? "") + '", &…) in PYBIND11_MODULE',
      ];
    },
    sources: ["https://pybind11.readthedocs.io/en/stable/basics.html"],
    examples: [
      { text: "AttributeError: module 'flash_attn_2_cuda' has no attribute 'fwd_kvcache'", expect: "flash-attn" },
      { text: "AttributeError: module 'depthwise' has no attribute 'forward'", expect: "a folder of that name" },
      {
        text: "Traceback (most recent call last):\n  File \"/w/track/networks/DCN/dcn.py\", line 28, in forward\n    output = _backend.dcn_forward(input, weight, bias,\nAttributeError: module '_ext' has no attribute 'dcn_forward'",
        expect: "cd /w/track/networks/DCN",
      },
      {
        text: "Using /home/u/.cache/torch_extensions/py310_cu117 as PyTorch extensions root...\nNo modifications detected for re-loaded extension module raster_plugin, skipping build step...\nLoading extension module raster_plugin...\nAttributeError: module 'raster_plugin' has no attribute 'rasterize_fwd'",
        expect: "rm -rf /home/u/.cache/torch_extensions/py310_cu117/raster_plugin",
      },
      {
        text: "AttributeError: module 'diff_gaussian_rasterization._C' has no attribute 'rasterize_aussians_filter'",
        expect: "another project",
      },
    ],
  },
  {
    id: "gsplat-without-cuda",
    title: "The compiled part of gsplat or its like is None",
    on: ["exception"],
    specificity: 70,
    matches: (finding, context) =>
      // It has said itself why.
      context.findings.some(({ text }) => text.includes("gsplat: No CUDA toolkit found"))
        ? undefined
        : said(
            finding,
            /'NoneType' object has no attribute '(?<name>CameraModelType|\w+_fwd|\w+_bwd|fully_fused\w*|rasterize\w*|compute_\w+|quat_scale\w*)'/,
          ),
    confidence: "medium",
    cause: (match) =>
      `\`${match.facts["name"] ?? ""}\` is asked of a compiled module that is None: the package could not load or build its CUDA part (no CUDA toolkit, no nvcc) and went on without it.`,
    fix: (match) => [
      ...useToolkit(match),
      ...(/^causal_conv1d/.test(match.facts["name"] ?? "")
        ? [
            `${python(match)} -c "import torch, causal_conv1d_cuda"   # says why it does not load`,
            ...reinstall(match, "causal-conv1d"),
          ]
        : /^(?:CameraModelType|fully_fused|rasterize|quat_scale|compute_)/.test(match.facts["name"] ?? "")
          ? [
              `rm -rf ~/.cache/torch_extensions/*/gsplat_cuda   # gsplat compiles when it is first used, and needs nvcc then; wheels that bring it compiled: https://docs.gsplat.studio/whl/`,
              match.context.log.typedProgram ?? "# then the program again",
            ]
          : rebuild(match)),
    ],
    sources: ["nerfstudio-project/gsplat#249", "apple/ml-sharp#52"],
    examples: [
      {
        text: "torch 2.1.2+cu118\njo@pc:~/p$ python train.py\nAttributeError: 'NoneType' object has no attribute 'CameraModelType'",
        expect:
          "export CUDA_HOME=/usr/local/cuda-11.8\nexport PATH=$CUDA_HOME/bin:$PATH\nrm -rf ~/.cache/torch_extensions/*/gsplat_cuda",
      },
      { text: "AttributeError: 'NoneType' object has no attribute 'CameraModelType'", expect: "CUDA_HOME" },
    ],
  },
  {
    id: "illegal-instruction",
    title: "The code uses instructions that this processor does not have",
    on: ["exception"],
    specificity: 66,
    matches: (finding) => coded(finding, "illegal-instruction"),
    confidence: "medium",
    cause: () =>
      "The extension was compiled with -march=native (or -mavx512…) on another processor than the one that runs it; or a ready-made package (torch, NumPy, TensorFlow) wants instructions, usually AVX, that this processor or virtual machine does not have.",
    fix: (match) =>
      match.context.log.arch === "arm64"
        ? [
            "export OPENBLAS_CORETYPE=ARMV8   # NumPy 1.19.5 and its kin on Jetson boards take the core for another",
            `${python(match)} -X faulthandler -c "import numpy"; ${python(match)} -X faulthandler -c "import torch"   # which of the two?`,
            pip(
              match,
              "install --force-reinstall torch   # PyPI's wheel, or NVIDIA's for Jetson: those of download.pytorch.org want a newer ARM",
            ),
          ]
        : [
            "lscpu | grep -o -w -E 'avx|avx2|avx512f' | sort -u   # none of them: a virtual machine has to pass the host's processor on (QEMU: -cpu host)",
            "# compile without -march=native",
            "# Raspberry Pi, Jetson: export OPENBLAS_CORETYPE=ARMV8, or another release of torch (its wheels for ARM differ in what they ask of the processor)",
            ...rebuild(match),
          ],
    sources: ["https://gcc.gnu.org/onlinedocs/gcc/x86-Options.html", "pytorch/pytorch#97226"],
    examples: [{ text: "Illegal instruction (core dumped)", expect: "-march=native" }],
  },
];
