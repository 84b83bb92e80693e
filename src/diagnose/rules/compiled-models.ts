/** Models that AOTInductor compiled to a shared library (or a .pt2 package), and what loads them. */
import { python } from "../commands/commands.ts";
import { type Match, type Rule, type RuleContext, saidAny } from "../rule.ts";
import type { Finding } from "../finding.ts";
import { isTorch } from "../symbols.ts";
import { ofLog } from "../matchers.ts";
import { baseName } from "../parsers/parser.ts";
import { torchSymbol } from "./symbol-facts.ts";

/** torch's own words when it opens a compiled model. */
function ofModel(finding: Finding, context: RuleContext): boolean {
  if (
    /Error in dlopen|Failure loading \.so|AOTIModel|aoti_(?:load_package|runner)|model_container/.test(finding.message)
  )
    return true;
  return ofLog(context, loaders).some((at) => Math.abs(at - finding.at) < 12);
}

/** The lines in which code that loads such models speaks, or is called. */
function loaders({ findings }: RuleContext): readonly number[] {
  return findings
    .filter(({ message, frames }) =>
      /AOTIModel(?:Container|Package)|aoti_(?:load_package|runner)|AOTIRunnerUtil|Failure loading \.so/.test(
        `${message} ${frames?.join(" ") ?? ""}`,
      ),
    )
    .slice(0, 20)
    .map(({ at }) => at);
}

/** Whether the compiled model's own part of torch is in a stack trace. */
function runsCompiled({ findings }: RuleContext): boolean {
  return findings.some(({ message, frames }) =>
    /OSSProxyExecutor|AOTIModel|aot_inductor|AOTInductor/.test(`${message} ${frames?.join(" ") ?? ""}`),
  );
}

/** Whether the model said why its function failed: a file of its kernels is not there. */
function withoutKernels({ findings }: RuleContext): boolean {
  return findings.some(({ text }) => text.includes("CUDA driver error: file not found"));
}

function model(match: Match): string {
  const file = match.finding.file ?? match.finding.library;
  return file === undefined ? "The compiled model" : `\`${baseName(file)}\``;
}

/** The path in the call that was made. */
function givenName(match: Match): string | undefined {
  return match.finding.frames
    ?.map((frame) => /load_package\(\s*f?["']([^"']{1,200})["']/.exec(frame)?.[1])
    .find((name) => name !== undefined);
}

/** The operator in C++, in a library that both the program and Python load. */
function registeredInCxx(match: Match): string[] {
  const [space = "my_ops", name = "f"] = (match.facts["op"] ?? "my_ops::f").replace(/\.\w+$/, "").split("::");
  const file = `${name}.cpp`;
  return [
    `# ${file}: #include <torch/library.h>, the function torch::Tensor ${name}(const torch::Tensor& x) {…}, TORCH_LIBRARY(${space}, m) { m.def("${name}(Tensor x) -> Tensor"); } and TORCH_LIBRARY_IMPL(${space}, CUDA, m) { m.impl("${name}", &${name}); }   # CPU likewise, or CompositeExplicitAutograd for both; the parameters as in Python; no torch/extension.h, which needs libpython`,
    `# CMakeLists.txt: add_library(${space}_ops SHARED ${file}), target_link_libraries(${space}_ops \${TORCH_LIBRARIES}), and for the program target_link_libraries(<the program> \${TORCH_LIBRARIES} -Wl,--no-as-needed ${space}_ops); or in main, before the model is loaded: dlopen("./lib${space}_ops.so", RTLD_NOW | RTLD_GLOBAL)`,
    `# Python, in place of custom_op: torch.ops.load_library("lib${space}_ops.so") and @torch.library.register_fake("${space}::${name}"); then export and compile the model again`,
  ];
}

export const compiledModelRules: readonly Rule[] = [
  {
    id: "compiled-model-for-other-torch",
    title: "A model compiled by AOTInductor is loaded by another torch",
    on: ["undefined-symbol"],
    specificity: 89,
    matches: (finding, context) =>
      finding.phase === "load" && ofModel(finding, context)
        ? torchSymbol(finding, context, (verdict) => isTorch(verdict.owner))
        : undefined,
    confidence: "high",
    cause: (match) =>
      `${model(match)} was compiled (aot_compile, aoti_compile_and_package) by one torch, and is loaded by a torch or LibTorch that has no \`${match.facts["readable"] ?? ""}\`: ` +
      (/Ss/.test(match.finding.symbol ?? "")
        ? "the torch that compiled it has the old std::string (_GLIBCXX_USE_CXX11_ABI=0, as pip's wheels up to 2.5), the LibTorch of the program the new one."
        : /cxx11/.test(match.finding.symbol ?? "")
          ? "the torch that compiled it has the new std::string (_GLIBCXX_USE_CXX11_ABI=1), the torch or LibTorch of the program the old one."
          : "they are of different releases, or one is without CUDA. Such a library fits the release that made it and newer ones, not older ones."),
    fix: (match) => [
      `${python(match)} -c "import torch; print(torch.__version__, torch._C._GLIBCXX_USE_CXX11_ABI, torch.utils.cmake_prefix_path)"   # of the Python that compiled the model`,
      "# link the program against that very torch: cmake -DCMAKE_PREFIX_PATH=$(python -c 'import torch; print(torch.utils.cmake_prefix_path)') …",
      "# or LibTorch of the same release and string ABI (from torch 2.7 on all have the new one), and compile the model again",
    ],
    sources: ["pytorch/pytorch#122313", "https://docs.pytorch.org/docs/stable/torch.compiler_aot_inductor.html"],
    examples: [
      {
        text: "terminate called after throwing an instance of 'c10::DynamicLibraryError'\n  what():  Error in dlopen: /m/model.so: undefined symbol: _ZN3c107WarningC1ESt7variantIJNS0_11UserWarningENS0_18DeprecationWarningEEERKNS_14SourceLocationESsb",
        expect: "CMAKE_PREFIX_PATH",
      },
      {
        text: "RuntimeError: Error in dlopen: /m/model.so: undefined symbol: aoti_torch_cuda_new_kernel",
        expect: "compile the model again",
      },
    ],
  },
  {
    id: "compiled-model-file-missing",
    title: "The shared library of a compiled model is not there",
    on: ["missing-library", "exception"],
    specificity: 86,
    matches: (finding, context) => {
      if (finding.kind === "exception")
        return saidAny(
          finding,
          /Failed to (?:open|find|load) (?:the )?(?:model|package|\.so).{0,80}?(?<name>[\w./-]+\.(?:so|pt2))/,
          /(?<name>[\w./-]+\.pt2) (?:does not exist|not found)/,
          ...(finding.frames?.some((frame) => /AOTIModelPackageLoader|aoti_load_package/.test(frame)) === true
            ? [/Failed to initialize zip archive: file (?:open|stat|not found)/]
            : []),
        );
      return finding.phase === "load" &&
        ofModel(finding, context) &&
        /^[^\\/]*\.so$|\.wrapper\.so$|model\.so$/.test(finding.library ?? "")
        ? { name: finding.library }
        : undefined;
    },
    confidence: "high",
    cause: (match) =>
      match.facts["name"] === undefined
        ? `The package (.pt2) that aoti_load_package is given${givenName(match) === undefined ? "" : ` (\`${givenName(match) ?? ""}\`)`} cannot be opened: it is not there, or the path counts from another working directory.`
        : `\`${match.facts["name"]}\` is the library that AOTInductor made of a model, and it is not found: ${/[\\/]/.test(match.facts["name"]) ? "it was deleted (inductor's cache below /tmp is cleared), moved, or made on another machine" : "a name without folder is looked for in the system's library folders, not in the working directory"}.`,
    fix: (match) => [
      `find / -name '${baseName(match.facts["name"] ?? givenName(match) ?? "*.pt2")}' 2>/dev/null`,
      "# give the absolute path that aot_compile returned: os.path.abspath(path), ./model.so",
      '# better: torch._inductor.aoti_compile_and_package(exported, package_path="model.pt2") and torch._inductor.aoti_load_package("model.pt2"), which carries all files',
    ],
    sources: ["https://docs.pytorch.org/docs/stable/torch.compiler_aot_inductor.html", "pytorch/pytorch#130127"],
    examples: [
      {
        text: "RuntimeError: Failure loading .so: cabc123.so: cannot open shared object file: No such file or directory",
        expect: "os.path.abspath",
      },
      {
        text: 'Traceback (most recent call last):\n  File "/w/run.py", line 3, in <module>\n    torch._inductor.aoti_load_package("out/model.pt2")\n  File "/e/site-packages/torch/_inductor/package/package.py", line 135, in load_package\n    loader = torch._C._aoti.AOTIModelPackageLoader(\nRuntimeError: Failed to initialize zip archive: file open failed',
        expect: "`out/model.pt2`",
      },
    ],
  },
  {
    id: "compiled-model-kernels-missing",
    title: "A compiled model does not find its kernels",
    on: ["exception", "gpu"],
    specificity: 86,
    matches: (finding, context) =>
      /CUDA driver error: (?:file not found|301)\b/.test(finding.message) ||
      (/\w+_func_\(.*API call failed at .*model_container_runner/.test(finding.message) &&
        ofLog(context, withoutKernels))
        ? {}
        : undefined,
    confidence: "high",
    cause: () =>
      "The library (.so) that AOTInductor made of the model holds paths of its kernels (.cubin files), and they are not there: aot_compile left them in the cache of the machine that compiled (below /tmp/torchinductor_…), and the .so alone was copied into this container or machine, or the cache was cleared.",
    fix: () => [
      '# where the model is compiled: torch._inductor.aoti_compile_and_package(torch.export.export(model, inputs), package_path="model.pt2")   # one file with all kernels; torch 2.5: aoti_compile_and_package(exported, args, package_path=…)',
      '# here: model = torch._inductor.aoti_load_package("model.pt2"); C++: torch::inductor::AOTIModelPackageLoader("model.pt2")',
      "# with aot_compile: options aot_inductor.output_path to a folder of its own, and copy all of that folder (the .so and its .cubin files) to the same path here; AOTIModelContainerRunnerCuda takes it as cubin_dir",
      "# compile on the same kind of GPU, with the torch that runs it",
    ],
    sources: ["pytorch/pytorch#140055", "https://docs.pytorch.org/docs/stable/torch.compiler_aot_inductor.html"],
    examples: [
      {
        text: 'Error: CUDA driver error: file not found\nTraceback (most recent call last):\n  File "/w/load.py", line 11, in <module>\n    out = model(x)\nRuntimeError: run_func_( container_handle_, input_handles.data()) API call failed at ../torch/csrc/inductor/aoti_runner/model_container_runner.cpp, line 111',
        expect: "aoti_compile_and_package",
      },
    ],
  },
  {
    id: "compiled-model-refuses-inputs",
    title: "A compiled model is given what it was not compiled for",
    on: ["exception"],
    specificity: 60,
    matches: (finding) =>
      finding.code === "compiled-model"
        ? {
            said: finding.message,
            device: /resides on host memory|not registered with any CUDA device/.test(finding.message)
              ? "yes"
              : undefined,
          }
        : undefined,
    confidence: (match) => (match.facts["device"] === undefined ? "medium" : "high"),
    cause: (match) =>
      match.facts["device"] === undefined
        ? `A function of torch that the compiled model (AOTInductor) calls threw: ${match.facts["said"] ?? ""}. The model was compiled for certain devices, types and shapes of its inputs, and checks none of them by itself.`
        : "The model was compiled for the GPU (AOTInductor), and an input (or the weights, where the runner for the CPU loads it) lies in the memory of the CPU.",
    fix: (match) => [
      match.facts["device"] === undefined
        ? "# the inputs as they were at torch.export: device, dtype, number and sizes (dynamic_shapes for those that change), contiguous"
        : "# C++: input.to(torch::kCUDA) before run(); torch::inductor::AOTIModelPackageLoader (torch 2.6 and newer), or AOTIModelContainerRunnerCuda in place of …RunnerCpu; torch::Tensor of from_blob: TensorOptions().device(torch::kCUDA) is for GPU pointers alone",
      match.facts["device"] === undefined
        ? "export AOTI_RUNTIME_CHECK_INPUTS=1   # compiled with torch 2.7 and newer: the model then names the input that does not fit"
        : "# Python: x = x.cuda(), model = torch._inductor.aoti_load_package(path); or compile for the CPU: model.cpu() before torch.export",
    ],
    sources: ["pytorch/torchchat#840", "https://docs.pytorch.org/docs/stable/torch.compiler_aot_inductor.html"],
    examples: [
      {
        text: "[E520 19:20:12.156885067 shim_common.cpp:311] Exception in aoti_torch: The specified pointer resides on host memory and is not registered with any CUDA device.",
        expect: "input.to(torch::kCUDA)",
      },
      {
        text: "[E520 19:20:12.1 shim_common.cpp:311] Exception in aoti_torch: mat1 and mat2 shapes cannot be multiplied (4x8 and 16x8)",
        expect: "AOTI_RUNTIME_CHECK_INPUTS=1",
      },
    ],
  },
  {
    id: "compiled-model-with-python-operator",
    title: "A compiled model calls an operator that exists in Python alone",
    on: ["exception"],
    specificity: 84,
    matches: (finding, context) =>
      (ofLog(context, runsCompiled)
        ? saidAny(
            finding,
            /Could not find schema for (?<op>\w+::\w+)/,
            /(?<op>\w+::[\w.]+): .{0,40}not found in the dispatcher/,
          )
        : undefined) ??
      saidAny(
        finding,
        /(?<op>\b\w{1,60}::\w+)[^:]{0,80}Custom operators created via torch\.library\.custom_op cannot be run via AOTI/,
        /Custom operators created via torch\.library\.custom_op cannot be run via AOTI|Unable to find a proxy executor to run custom ops/,
      ),
    confidence: "high",
    cause: (match) =>
      /proxy executor/.test(match.finding.message)
        ? "The model calls custom operators, and how is written in a .json file beside the .so, which is not there: the .so was copied alone."
        : `The model calls a custom operator${match.facts["op"] === undefined ? "" : ` (\`${match.facts["op"]}\`)`}, and a program without Python knows only those that C++ registers in a library that it loads; torch.library.custom_op defines them in Python.`,
    fix: (match) =>
      /proxy executor/.test(match.finding.message)
        ? [
            '# keep all files together: torch._inductor.aoti_compile_and_package(exported, package_path="model.pt2"), loaded with aoti_load_package or AOTIModelPackageLoader',
          ]
        : registeredInCxx(match),
    sources: [
      "https://docs.pytorch.org/tutorials/advanced/custom_ops_landing_page.html",
      "pytorch: torch/csrc/inductor/aoti_torch/oss_proxy_executor.cpp",
      "pytorch/pytorch#143786",
      "pytorch/pytorch#143773",
    ],
    examples: [
      {
        text: "RuntimeError: Could not find schema for my_ops::f.default. Custom operators created via torch.library.custom_op cannot be run via AOTI without Python environment.",
        expect: "TORCH_LIBRARY",
      },
      {
        text: "Error: Could not find schema for mylib::custom_add.\nframe #0: torch::aot_inductor::OSSProxyExecutor::OSSProxyExecutor(std::string const&, bool) + 0x9b (0x7f0 in /opt/libtorch/lib/libtorch_cpu.so)",
        expect: "TORCH_LIBRARY(mylib, m)",
      },
      {
        text: "RuntimeError: Unable to find a proxy executor to run custom ops. Please check if there is a json file generated in the same directory as the so",
        expect: "package_path",
      },
    ],
  },
  {
    id: "exported-program-operator-unknown",
    title: "An exported program calls an operator that this process does not have",
    on: ["exception"],
    specificity: 80,
    matches: (finding) =>
      saidAny(
        finding,
        /We failed to resolve torch\.ops\.(?<space>\w+)\.(?<op>\w+)(?:\.\w+)? to an operator/,
        /Unsupported target type for node Node\(target='torch\.ops\.(?<space>\w+)\.(?<op>\w+)/,
      ),
    confidence: "high",
    cause: (match) =>
      `The file that torch.export saved holds the operator's name only (\`torch.ops.${match.facts["space"] ?? ""}.${match.facts["op"] ?? ""}\`), and nothing in this process has registered it: the module with torch.library.custom_op (triton_op), or the library with TORCH_LIBRARY, was not loaded before.`,
    fix: (match) => [
      `# before torch.export.load: import the module that defines ${match.facts["space"] ?? ""}::${match.facts["op"] ?? ""}, or torch.ops.load_library("…/lib${match.facts["space"] ?? "my_ops"}.so")`,
      `${python(match)} -c "import torch, the_module; print(torch.ops.${match.facts["space"] ?? ""}.${match.facts["op"] ?? ""})"   # is it there then?`,
    ],
    sources: ["pytorch/pytorch#151746", "pytorch/pytorch#152029"],
    examples: [
      {
        text: "torch._export.serde.serialize.SerializeError: We failed to resolve torch.ops.my_ops.add.default to an operator. If it's a custom op/custom triton op, this is usally because the custom op is not registered when deserializing.",
        expect: "before torch.export.load",
      },
    ],
  },
];
