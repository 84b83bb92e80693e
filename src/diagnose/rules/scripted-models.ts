/** Models that TorchScript loads: operators and classes that the process does not know, and files of another kind. */
import { installTogether, python, rebuild } from "../commands/commands.ts";
import { failedProgram } from "../commands/failed-command.ts";
import { isAndroid, visionOnAndroid } from "./mobile.ts";
import { own } from "../../base/own.ts";
import { type Match, type Rule, said, saidAny } from "../rule.ts";

/** What brings the operators or classes of a namespace: the module to import, and the library that C++ links. */
const bringers: Readonly<Record<string, readonly [module: string, library?: string]>> = {
  torchvision: ["torchvision", "torchvision"],
  torchaudio: ["torchaudio", "torchaudio"],
  torchtext: ["torchtext", "torchtext"],
  torch_scatter: ["torch_scatter", "torchscatter"],
  torch_sparse: ["torch_sparse", "torchsparse"],
  torch_cluster: ["torch_cluster", "torchcluster"],
  torch_spline_conv: ["torch_spline_conv"],
  tensorrt: ["torch_tensorrt", "torchtrt_runtime"],
  fbgemm: ["fbgemm_gpu"],
  metatensor: ["metatensor.torch", "metatensor_torch"],
  torchao: ["torchao"],
  detectron2: ["detectron2"],
  mmdeploy: ["mmdeploy", "mmdeploy_torchscript_ops"],
  torch_ipex: ["intel_extension_for_pytorch", "intel-ext-pt-cpu"],
  pyg: ["pyg_lib", "pyg"],
  sphericart_torch: ["sphericart.torch", "sphericart_torch"],
  neuron: ["torch_neuron"],
};

function space(match: Match): string {
  return match.facts["space"] ?? "the_ops";
}

/** Whether a program without Python loads the model. */
function withoutPython(match: Match): boolean {
  return !match.context.findings.some(({ frames }) => frames?.some((frame) => /\.py:\d/.test(frame)) === true);
}

interface GivenLibrary {
  /** As the command names it: `build/lib/libmodel.so`. */
  readonly path: string;
  /** The command that names it. */
  readonly command: string;
  readonly folder: string | undefined;
}

/** A library that the program's own command hands to it. */
function givenLibrary(match: Match): GivenLibrary | undefined {
  const program = failedProgram(match);
  const [, path] = /\s--?[\w-]+[ =]([^\s'"=]+\.(?:so|dll|dylib))(?=\s|$)/.exec(program?.line ?? "") ?? [];
  return program === undefined || path === undefined
    ? undefined
    : { path, command: program.line, folder: program.folder };
}

const baseOf = (path: string): string => /[^\\/]*$/.exec(path)?.[0] ?? path;

/** Of the other libraries that the text's build linked, the one whose name says that it is for torch. */
function otherLibrary({ log }: Match["context"], given: string): string | undefined {
  const others = [...new Set(log.linkedLibraries.map(baseOf))].filter((name) => name !== baseOf(given));
  const named = others.filter((name) => /(?:^|lib|[_-])(?:th|torch|pyt|pytorch|pt)[_-]|torch|[_-]ops?\b/.test(name));
  return named.length === 1 ? named[0] : others.length === 1 ? others[0] : undefined;
}

/** The command again with the library that has the class. */
function withRightLibrary(match: Match, given: GivenLibrary): string[] {
  const folder = given.path.slice(0, given.path.length - baseOf(given.path).length);
  const other = otherLibrary(match.context, given.path);
  const type = match.facts["type"] ?? "torch::class_";
  return [
    ...(given.folder === undefined ? [] : [`cd ${given.folder.replace(/\/[\w.-]+\/\.\.$/, "")}`]),
    `grep -l ${type} ${folder === "" ? "./" : folder}*.so   # the libraries that hold the name of the class`,
    ...(other === undefined
      ? [
          `# the same command with that library in place of ${given.path}; none: the part of the project for torch was not built (an option of its CMake such as -DBUILD_PYT=ON)`,
        ]
      : [given.command.replace(given.path, `${folder}${other}`)]),
  ];
}

function loadFirst(match: Match): string[] {
  const [module, library] = bringers[space(match)] ?? [];
  const python3 = `# Python, before torch.jit.load: ${module === undefined ? `import the package that registers ${space(match)}, or torch.ops.load_library("…/lib${space(match)}.so")` : `import ${module}`}`;
  const native = `# C++, Rust, Go, Java: link the library that registers it and keep it (-Wl,--no-as-needed -l${library ?? space(match)}; MSVC: /INCLUDE:<a symbol of it>), or load it when the program starts: dlopen("lib${library ?? space(match)}.so", RTLD_NOW), LD_PRELOAD=…/lib${library ?? space(match)}.so`;
  if (space(match) === "torchvision" && isAndroid(match.finding, match.context)) return visionOnAndroid(match, false);
  return withoutPython(match) ? [native, python3] : [python3, native];
}

/** How a value is taken out of an IValue, by the kind that it holds. */
const takenBy: Readonly<Record<string, string>> = {
  Tuple: "output.toTuple()->elements()[0].toTensor()",
  GenericList: "output.toListRef()[0].toTensor()",
  TensorList: "output.toTensorVector()[0]",
  GenericDict: 'output.toGenericDict().at("key").toTensor()',
  Tensor: "output.toTensor()",
  None: "if (!output.isNone()) …",
};

export const scriptedModelRules: readonly Rule[] = [
  {
    id: "model-value-of-other-kind",
    title: "A scripted model gives another kind of value than the program takes",
    on: ["exception"],
    specificity: 80,
    matches: (finding) =>
      said(
        finding,
        /Expected (?<want>Tensor|Tuple|GenericList|GenericDict|TensorList|Int|Double|Bool|String|Object) but got (?<have>None|Tensor|Tuple|GenericList|GenericDict|TensorList|IntList|DoubleList|Int|Double|Bool|String|Object)\b/,
      ),
    confidence: "high",
    cause: (match) =>
      `C++ code takes a value of the model as ${match.facts["want"] ?? ""} (to${match.facts["want"] ?? ""}()), and it is a ${match.facts["have"] ?? ""}: the model's forward returns ${/List/.test(match.facts["have"] ?? "") ? "a list" : match.facts["have"] === "Tuple" ? "several values" : match.facts["have"] === "GenericDict" ? "a dict" : "another kind of value"} (as it does in Python), or an input was given as the wrong kind.`,
    fix: (match) => [
      `# c10::IValue output = module.forward(inputs);   then ${own(takenBy, match.facts["have"] ?? "") ?? "output.tagKind() says what it is"}`,
      "# or let forward return one tensor before it is scripted or traced",
    ],
    sources: ["pytorch/pytorch#47487", "pytorch: aten/src/ATen/core/ivalue_inl.h"],
    examples: [
      {
        text: "terminate called after throwing an instance of 'c10::Error'\n  what():  isTensor() INTERNAL ASSERT FAILED at /w/libtorch/include/ATen/core/ivalue_inl.h:107, please report a bug to PyTorch. Expected Tensor but got GenericList (toTensor at /w/libtorch/include/ATen/core/ivalue_inl.h:107)",
        expect: "toListRef()",
      },
      { text: "RuntimeError: isTensor()INTERNAL ASSERT FAILED, Expected Tensor but got Tuple", expect: "toTuple()" },
    ],
  },
  {
    id: "scripted-model-operator-unknown",
    title: "A scripted model calls an operator that this process does not have",
    on: ["exception"],
    specificity: 76,
    matches: (finding) =>
      saidAny(
        finding,
        /Unknown builtin op: (?<space>\w+)::(?<op>\w+)/,
        /unknown builtin op:\s.{0,200}?\bops\.(?<space>\w+)\.(?<op>\w+)\(/s,
        // torch's own definitions in TorchScript, which it compiles when it starts.
        /[Uu]nknown builtin op:?\s.{0,20}def (?<own>mul|add|ne|eq|lt|le|gt|ge|div|sub)\(a ?: ?float, b ?: ?Tensor\)/s,
      ),
    confidence: "high",
    cause: (match) =>
      match.facts["own"] !== undefined
        ? "Not even torch's own operators (mul, add) are registered: the program is linked with LibTorch's static libraries, and the linker takes from an archive only what somebody calls by name, which leaves out the objects that register operators."
        : match.facts["space"] === "aten" || match.facts["space"] === "prim"
          ? `The model was saved by a newer torch: \`${match.facts["space"]}::${match.facts["op"] ?? ""}\` does not exist in the torch or LibTorch that loads it.`
          : `The scripted model holds the name of the operator only, \`${space(match)}::${match.facts["op"] ?? ""}\`, and the library (or Python module) that registers it is not loaded in this process. A library that is linked, but none of whose functions the program calls, is left out by the linker. An operator that Python defines (torch.library) exists in Python alone.`,
    fix: (match) =>
      match.facts["own"] !== undefined
        ? [
            "# link LibTorch's archives whole: g++ app.o … -L<libtorch>/lib -Wl,--whole-archive -ltorch -ltorch_cpu -lc10 -Wl,--no-whole-archive …   # before 1.5: -ltorch -lcaffe2 -lc10; macOS: -Wl,-force_load,<the .a>; MSVC: /WHOLEARCHIVE:<the .lib>",
            "# or the shared LibTorch (libtorch-shared-with-deps): find_package(Torch REQUIRED), target_link_libraries(app ${TORCH_LIBRARIES})",
          ]
        : match.facts["space"] === "aten" || match.facts["space"] === "prim"
          ? [
              `${python(match)} -c "import torch; print(torch.__version__)"   # of the program that saved, and of the one that loads: the latter has to be as new`,
              "# save the model again with the older torch, or upgrade the one that loads it",
            ]
          : [
              ...loadFirst(match),
              `${python(match)} -c "import torch; torch.ops.load_library('<file>.so'); print([n for n in torch._C._dispatch_get_all_op_names() if '${match.facts["op"] ?? ""}' in n])"   # does it load, and does it register the operator?`,
            ],
    sources: [
      "pytorch/pytorch#143773",
      "pytorch/pytorch#17984",
      "rusty1s/pytorch_scatter#434",
      "https://docs.pytorch.org/tutorials/advanced/torch_script_custom_ops.html",
    ],
    examples: [
      {
        text: "RuntimeError: \nUnknown builtin op: torch_scatter::scatter_mul.\nCould not find any similar ops to torch_scatter::scatter_mul. This op may not exist or may not be currently supported in TorchScript.",
        expect: "import torch_scatter",
      },
      {
        text: "Libtorch API Error:\nUnknown builtin op: my_ops::f.\nCould not find any similar ops to my_ops::f. This op may not exist or may not be currently supported in TorchScript.",
        expect: "dlopen",
      },
      { text: "RuntimeError: Unknown builtin op: aten::_scaled_new.", expect: "newer torch" },
      {
        text: "terminate called after throwing an instance of 'torch::jit::script::ErrorReport'\n  what():\nunknown builtin op:\n\ndef mul(a : float, b : Tensor) -> Tensor:\n  return b * a\n         ~~~~~ <--- HERE",
        expect: "--whole-archive",
      },
      {
        text: "terminate called after throwing an instance of 'torch::jit::script::ErrorReport'\n  what():\nunknown builtin op:\n      dim0 = ops.prim.unchecked_unwrap_optional(0)\n             ~~~~~~~~~~ <--- HERE",
        expect: "newer torch",
      },
    ],
  },
  {
    id: "scripted-model-class-unknown",
    title: "A scripted model holds an object of a class that this process does not have",
    on: ["exception"],
    specificity: 78,
    matches: (finding) =>
      saidAny(
        finding,
        /Unknown type name '?__torch__\.torch\.classes\.(?<space>\w+)\.(?<type>\w+)/,
        /(?:Class|class) ['"]?(?:__torch__\.)?torch\.classes\.(?<space>\w+)\.(?<type>\w+)['"]? (?:not found|is not registered|does not exist)/,
        /Tried to instantiate class '(?<space>\w+)\.(?<type>\w+)', but it does not exist! Ensure that it is registered via torch::class_/,
        /Class (?<space>\w+)\.(?<type>\w+) is not registered/,
      ),
    confidence: "high",
    cause: (match) =>
      `\`torch.classes.${space(match)}.${match.facts["type"] ?? ""}\` is a C++ class that a library registers with torch::class_, and ` +
      (givenLibrary(match) === undefined
        ? "that library is not loaded in this process (or is of a release without the class)."
        : `\`${givenLibrary(match)?.path ?? ""}\`, which the command gives, is not that library: it was loaded and registers no such class. It is another one of the same project (its part without torch), or of a release without the class.`),
    fix: (match) => {
      const given = givenLibrary(match);
      if (given !== undefined) return withRightLibrary(match, given);
      return [
        ...loadFirst(match),
        `${python(match)} -c "import torch, ${bringers[space(match)]?.[0] ?? "the_package"}; print(torch.ops.loaded_libraries, torch.classes.${space(match)}.${match.facts["type"] ?? ""})"`,
      ];
    },
    sources: [
      "pytorch/TensorRT#2088",
      "meta-pytorch/torchrec#3643",
      "NVIDIA/FasterTransformer#518",
      "https://docs.pytorch.org/tutorials/advanced/torch_script_custom_classes.html",
    ],
    examples: [
      {
        text: "RuntimeError: \nUnknown type name '__torch__.torch.classes.tensorrt.Engine':\n  File \"code/__torch__/models/resnet.py\", line 4",
        expect: "import torch_tensorrt",
      },
      {
        text: "RuntimeError: Tried to instantiate class 'my_ops.Engine', but it does not exist! Ensure that it is registered via torch::class_",
        expect: "torch.classes.my_ops.Engine",
      },
      {
        text: "$ make -j8\n[ 98%] Linking CXX shared library ../../lib/libth_engine.so\n[100%] Linking CXX shared library ../lib/libengine-shared.so\n$ cd .. && python run.py --lib_path build/lib/libengine-shared.so --steps 4\nRuntimeError: Tried to instantiate class 'Engine.GridOp', but it does not exist! Ensure that it is registered via torch::class_",
        expect: "python run.py --lib_path build/lib/libth_engine.so --steps 4",
      },
      {
        text: "$ python run.py --ops=out/libcore.so\nRuntimeError: Tried to instantiate class 'Engine.GridOp', but it does not exist! Ensure that it is registered via torch::class_",
        expect: "grep -l GridOp out/*.so",
      },
    ],
  },
  {
    id: "scripted-function-operator-missing",
    title: "torch.jit.script does not find an operator of the extension",
    on: ["exception"],
    specificity: 76,
    matches: (finding) => saidAny(finding, /object has no attribute (?<op>\w+):?.*\btorch\.ops\.(?<space>\w+)\.\w+/s),
    confidence: "high",
    cause: (match) =>
      `A scripted function calls \`torch.ops.${space(match)}.${match.facts["op"] ?? ""}\`, which is not registered: the compiled library of ${space(match)} was not loaded. Python runs in the source folder and takes that in place of the installed package, or the library was not built or does not load (built for another torch).`,
    fix: (match) => [
      `cd / && ${python(match)} -c "import torch, ${bringers[space(match)]?.[0] ?? space(match)} as m; print(m.__file__, torch.ops.loaded_libraries)"   # not from the source folder`,
      ...(/^torch(?:vision|audio|text)$/.test(space(match))
        ? [
            installTogether(match, space(match)),
            "# built from source: python -m pip install --no-build-isolation -e .   (in place, so that the source folder has the library)",
          ]
        : rebuild(match)),
    ],
    sources: ["pytorch/vision#2228", "pytorch/vision#1489"],
    examples: [
      {
        text: 'RuntimeError:\nobject has no attribute nms:\n  File "/src/vision/torchvision/ops/boxes.py", line 41\n    return torch.ops.torchvision.nms(boxes, scores, iou_threshold)\n           ~~~~~~~~~~~~~~~~~~~~~~~~~ <--- HERE',
        expect: "source folder",
      },
    ],
  },
  {
    id: "script-object-not-pickled",
    title: "An object of a C++ class cannot be saved",
    on: ["exception"],
    specificity: 78,
    matches: (finding) =>
      saidAny(
        finding,
        /Cannot serialize custom bound C\+\+ class (?:__torch__\.torch\.classes\.)?(?<type>[\w.]+?)\. Please define serialization methods via def_pickle/,
        /Tried to serialize object (?:__torch__\.torch\.classes\.)?(?<type>[\w.]+) which does not have a __getstate__ method defined/,
      ),
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["type"] ?? "The class"}\` is registered with torch::class_ without a way to save it: torch.jit.save, pickle, copy.deepcopy and processes that are spawned need one.`,
    fix: () => [
      "# C++: .def_pickle([](const c10::intrusive_ptr<T>& self) { return self->state(); }, [](State s) { return c10::make_intrusive<T>(s); }) behind torch::class_<T>(…), then build again",
      "# or keep the object out of the module: make it after loading",
    ],
    sources: [
      "https://docs.pytorch.org/tutorials/advanced/torch_script_custom_classes.html",
      "pytorch: aten/src/ATen/core/ivalue.cpp",
    ],
    examples: [
      {
        text: "RuntimeError: Cannot serialize custom bound C++ class __torch__.torch.classes.my_ops.Tree. Please define serialization methods via def_pickle() for this class.",
        expect: "def_pickle",
      },
      {
        text: "RuntimeError: Tried to serialize object __torch__.torch.classes.my_ops.Queue which does not have a __getstate__ method defined!",
        expect: "def_pickle",
      },
    ],
  },
  {
    id: "model-file-not-loadable",
    title: "The file is not a model of the kind that is loaded, or not whole",
    on: ["exception"],
    specificity: 78,
    matches: (finding) =>
      saidAny(
        finding,
        /PytorchStreamReader failed (?:reading|locating)[\w ]*?(?: file (?<part>[\w./-]+))?: (?<why>[^.(]{3,120})/,
        /Attempted to read a PyTorch file with version (?<have>\d+), but the maximum supported version for reading is (?<most>\d+)/,
        /(?<why>Legacy model format is not supported on mobile|not a ZIP archive|invalid header or archive is corrupted|failed finding central directory|open file failed because of errno \d+ on fopen|open file failed(?=, file path))/,
        /(?<why>File (?:footer|header) has wrong record type)/,
        /(?<why>invalid load key, ['"](?<key>[v<])['"])/,
        /(?<field>Cannot find field)\. \(deserialize at/,
      ),
    confidence: "high",
    cause: (match) => {
      const { part, why, have, most } = match.facts;
      if (match.facts["key"] !== undefined)
        return match.facts["key"] === "v"
          ? "The file is no model: it begins with `version https://git-lfs…`, the pointer that stands in a clone for a file that Git LFS keeps elsewhere, and that was not fetched."
          : "The file is no model: it begins with `<`, as a page of HTML does that a server gave in the file's place (a login, a limit, an error).";
      if (have !== undefined)
        return `The file was saved by a newer torch: its format is version ${have}, and the torch (or LibTorch) that loads it reads up to ${most ?? ""}.`;
      if (match.facts["field"] !== undefined)
        return "The LibTorch (or torch) that loads the model is older than the torch that saved it: the file has parts that it does not know.";
      if (/errno|No such file|open file failed/.test(why ?? ""))
        return "The file is not there, or the program may not read it; a relative path starts at the folder that the program runs in.";
      if (part !== undefined && /constants\.pkl|code\/|bytecode/.test(part))
        return `torch::jit::load (torch.jit.load) wants a TorchScript file, and this one has no \`${part}\`: it was written by torch.save (a state_dict or a whole module), not by torch.jit.save.`;
      if (part !== undefined && /not found/.test(why ?? ""))
        return `The archive has no \`${part}\`: it is of another kind (TorchScript, torch.save and torch.export write different ones), or cut off.`;
      return `The file is no archive that torch reads (${why ?? ""}): it is cut off (a download or copy that was interrupted), a Git LFS pointer, a page of HTML, or in the old format (before torch 1.6).`;
    },
    fix: (match) => {
      const { part, have, why } = match.facts;
      if (match.facts["key"] !== undefined)
        return match.facts["key"] === "v"
          ? [
              "head -c 120 <the file>   # version https://git-lfs.github.com/spec/v1",
              "git lfs install && git lfs pull   # in the clone; no git-lfs there: sudo apt-get install git-lfs",
            ]
          : [
              "head -c 300 <the file>   # what the server said",
              "# download it again, by a link to the file itself (Hugging Face: …/resolve/main/…, not …/blob/main/…)",
            ];
      if (have !== undefined || match.facts["field"] !== undefined)
        return [
          `${python(match)} -c "import torch; print(torch.__version__)"   # of the one that saves and the one that loads`,
          "# upgrade the one that loads, or save with the older torch",
        ];
      if (/errno|No such file|open file failed/.test(why ?? "")) return ["ls -l <the file>; pwd"];
      if (part !== undefined && /constants\.pkl|code\/|bytecode/.test(part))
        return [
          '# Python: torch.jit.save(torch.jit.trace(model.eval(), example), "model.pt")   (or torch.jit.script(model)), and load that; weights alone: model.load_state_dict(torch.load(file)) in Python first',
        ];
      return [
        "ls -l <the file>; file <the file>; head -c 100 <the file>   # version https://git-lfs…: git lfs pull; HTML: download again",
        `${python(match)} -c "import zipfile, sys; print(zipfile.is_zipfile('<the file>'))"`,
      ];
    },
    sources: [
      "https://docs.pytorch.org/docs/stable/notes/serialization.html",
      "pytorch: caffe2/serialize/inline_container.cc",
    ],
    examples: [
      { text: "_pickle.UnpicklingError: invalid load key, 'v'.", expect: "git lfs pull" },
      {
        text: "terminate called after throwing an instance of 'c10::Error'\n  what():  PytorchStreamReader failed locating file constants.pkl: file not found",
        expect: "torch.jit.save",
      },
      {
        text: "RuntimeError: PytorchStreamReader failed reading zip archive: failed finding central directory",
        expect: "cut off",
      },
      {
        text: "terminate called after throwing an instance of 'c10::Error'\n  what():  open file failed, file path: ./model.pt (FileAdapter at /pytorch/caffe2/serialize/file_adapter.cc:11)",
        expect: "relative path",
      },
      {
        text: "terminate called after throwing an instance of 'c10::Error'\n  what():  INVALID_ARGUMENT:main_module.submodules[7][2][5]: Cannot find field. (deserialize at /pytorch/torch/csrc/jit/import.cpp:95)",
        expect: "older than the torch that saved it",
      },
      {
        text: "RuntimeError: Attempted to read a PyTorch file with version 10, but the maximum supported version for reading is 5. Your PyTorch installation may be too old.",
        expect: "newer torch",
      },
    ],
  },
];
