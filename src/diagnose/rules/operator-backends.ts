/** Operators that exist, called for a device that they have no kernel for. */
import { companionsAlone } from "../commands/companion-commands.ts";
import { installTogether, pip, platformOf, python, rebuild, reinstall, setVariable } from "../commands/commands.ts";
import { isGenerated } from "../commands/source-edits.ts";
import { originOf } from "../tables/packages.ts";
import { type Match, type Rule, said } from "../rule.ts";

/** Devices of tensors; the other keys of the dispatcher are no devices. */
const devices =
  /^(?:CPU|CUDA|XPU|MPS|HPU|NPU|XLA|HIP|IPU|MTIA|PrivateUse1|Vulkan|MkldnnCPU|SparseCPU|SparseCUDA|QuantizedCPU|QuantizedCUDA)$/;

/** The devices that the message lists; undefined when it lists none. */
function available(message: string): readonly string[] | undefined {
  const list = /is only available for these backends: \[([^\]]{1,2000})\]/.exec(message)?.[1];
  return list?.split(/,\s*/).filter((name) => devices.test(name));
}

function isVision(match: Match): boolean {
  return /^torchvision/.test(match.facts["op"] ?? "");
}

/** Where the tensors have to be for a kernel that is there: `cuda`. */
function wanted(match: Match): string | undefined {
  const there = available(match.finding.message);
  if (there === undefined || there.length === 0 || isVision(match)) return undefined;
  const device = there.find((name) => name !== match.facts["backend"] && /^(?:CUDA|CPU|XPU|MPS|HPU|NPU)$/.test(name));
  // A CPU kernel alone: what lacks is the part for the GPU.
  return device === undefined || device === "CPU" ? undefined : device.toLowerCase();
}

/** The package with ready-made wheels for CPU and for CUDA that lacks its CUDA part: `pyg-lib`. */
function cpuPackage(match: Match): string | undefined {
  const { op, backend } = match.facts;
  if (backend !== "CUDA" || available(match.finding.message)?.includes("CUDA") === true) return undefined;
  const space = (op ?? "").split("::")[0] ?? "";
  const name = space === "pyg" ? "pyg-lib" : space.replaceAll("_", "-");
  return originOf(name)?.wheels === undefined ? undefined : name;
}

/** torchvision for the torch that runs, whose tensors are on the GPU already: of its release and from its index. */
function visionForTorch(match: Match): string[] {
  const shown = `${python(match)} -c "import torch; print(torch.__version__, torch.version.cuda)"`;
  if (platformOf(match) === "win32")
    return [
      `${shown}   # 2.8.0+cu128 12.8, for one: torch itself has CUDA, it is torchvision that lacks it`,
      `# ${pip(match, "install --force-reinstall torchvision torch==<that version> --index-url https://download.pytorch.org/whl/<its cu number>")}   # torch with its +cu… as shown, the index by the same word: cu128`,
    ];
  return [
    `${pip(match, `install --force-reinstall torchvision "torch==$(${python(match)} -c "import torch; print(torch.__version__)")" --index-url https://download.pytorch.org/whl/cu$(${python(match)} -c "import torch; print(torch.version.cuda.replace('.', ''))")`)}   # torch stays what it is: torchvision of its release, from its index`,
    shown,
  ];
}

/** Where the project's own code registers the kernel that there is: `CPU: registered at /w/ops.py:3 [kernel]`. */
function registeredBy(
  match: Match,
): { readonly key: string; readonly place: string; readonly inPython: boolean } | undefined {
  const [, key = "", file = "", line = ""] =
    /\b(CPU|CUDA|XPU|MPS|CompositeExplicitAutograd): registered at (\S{1,300}):(\d{1,6}) \[kernel\]/.exec(
      match.finding.message,
    ) ?? [];
  const inPython = file.endsWith(".py");
  const isOwn = inPython ? !/-packages[\\/]/.test(file) : isGenerated(file, match);
  return key === "" || key === match.facts["backend"] || !isOwn
    ? undefined
    : { key, place: `${file}:${line}`, inPython };
}

/** The other kernel, in the language of the one that is there. */
function otherKernel(match: Match, inPython: boolean): string[] {
  const { op = "", backend = "" } = match.facts;
  const [space = "", name = ""] = op.split("::");
  const device = backend.toLowerCase();
  const fake = "CompositeExplicitAutograd (one for all devices)";
  return inPython
    ? [
        `# a kernel for ${backend}, beside the other one: torch.library.impl("${op}", "${device}", ${name}_${device}), or with a Library object lib.impl("${name}", ${name}_${device}, "${backend}"); where one function serves all devices: lib.impl("${name}", ${name}, "CompositeExplicitAutograd")`,
        `# or the tensor on the CPU for this call: torch.ops.${space}.${name}(x.cpu()).to(x.device)`,
      ]
    : [
        `# TORCH_LIBRARY_IMPL(${space}, ${backend}, m) { m.impl("${name}", &${name}_${device}); } in the sources, or ${fake} in place of the device where the function works on any`,
        `# or the tensor on the CPU for this call: torch.ops.${space}.${name}(x.cpu()).to(x.device)`,
      ];
}

/** Layouts that a tensor can be brought out of, and the call that does. */
const layouts: readonly (readonly [RegExp, string])[] = [
  [/^Sparse/, "x.to_dense()"],
  [/^Quantized/, "x.dequantize()"],
  [/^Mkldnn/, "x.to_dense()"],
  [/^NestedTensor/, "torch.nested.to_padded_tensor(x, 0.0)"],
];

/** What lets one operator of torch itself run on the CPU, or has newer releases with more of them. */
function otherwiseInTorch(match: Match): string[] | undefined {
  const { op = "", backend = "" } = match.facts;
  if (!op.startsWith("aten::") || backend === "CPU" || backend === "CUDA") return undefined;
  const layout = layouts.find(([form]) => form.test(backend))?.[1];
  if (layout !== undefined)
    return [
      `# before the call: ${layout}; torch has this operator for dense tensors: no extension and no build is at fault`,
    ];
  const name = /^musa$/i.test(backend) ? "torch_musa" : /^(?:npu)$/i.test(backend) ? "torch_npu" : undefined;
  return [
    ...(/^XPU$/i.test(backend) ? [setVariable(match, "PYTORCH_ENABLE_XPU_FALLBACK", "1")] : []),
    `# the call on the CPU alone: x.cpu() goes in, the result .to(x.device) comes back (${op.replace("aten::", "").split(".")[0] ?? ""})`,
    ...(name === undefined
      ? [
          "# or a newer release of the package that brings this device (PrivateUse1: torch_npu, torch_musa, …), with the torch that it is made for",
        ]
      : [
          `${pip(match, "list")} | grep -i torch   # ${name} and torch go together: a newer ${name}, with the torch that it names, has more operators`,
        ]),
  ];
}

export const operatorBackendRules: readonly Rule[] = [
  {
    id: "operator-without-backend",
    title: "The operator has no kernel for this device",
    on: ["exception", "warning"],
    specificity: 68,
    matches: (finding) =>
      said(finding, /Could not run '(?<op>[\w:.]+)' (?:with arguments )?from the '(?<backend>\w+)' backend/),
    confidence: (match) =>
      wanted(match) !== undefined ||
      registeredBy(match) !== undefined ||
      (cpuPackage(match) !== undefined && match.context.log.cpuIndex)
        ? "high"
        : "medium",
    cause: (match) => {
      const { op, backend } = match.facts;
      const there = available(match.finding.message);
      const device = wanted(match);
      if (device !== undefined)
        return `\`${op ?? ""}\` has kernels for ${there?.join(" and ") ?? ""} only, and was called with tensors on ${backend ?? ""}: the model or an input was not moved to the ${device === "cuda" ? "GPU" : device}.`;
      const own = registeredBy(match);
      if (own !== undefined)
        return `\`${op ?? ""}\` has a kernel for ${own.key} alone, which ${own.place} registers, and was called with tensors on ${backend ?? ""}: nothing was built wrongly, a kernel for ${backend ?? ""} is not written.`;
      const ready = cpuPackage(match);
      if (ready !== undefined)
        return `\`${op ?? ""}\` has no CUDA kernel in the ${ready} that is installed, and was called with tensors on the GPU: ${match.context.log.cpuIndex ? "it is the wheel for the CPU (+cpu), as the command in the text installs it" : "it is its wheel for the CPU (+cpu), or was built where no CUDA was found"}.`;
      if (/^aten::/.test(op ?? "") && backend !== "CPU" && backend !== "CUDA")
        return `torch itself (with the package that brings ${backend ?? ""}) has no ${backend ?? ""} kernel for \`${op ?? ""}\`: nothing was built wrongly.`;
      if (there?.length === 0 && !isVision(match))
        return `\`${op ?? ""}\` is defined (m.def, a schema) and has no kernel at all: no TORCH_LIBRARY_IMPL gives it one, the source with it was left out of the build, or the library with the kernels was not loaded.`;
      return `\`${op ?? ""}\` is registered, but not for ${backend ?? ""}${there === undefined || there.length === 0 ? "" : ` (there is: ${there.join(", ")})`}: the extension was built without that part (no ${backend === "CUDA" ? "CUDA" : "compiler for it"} when it was built), or torch and ${isVision(match) ? "torchvision are of different builds (CPU and CUDA)" : "the extension do not belong together"}.`;
    },
    fix: (match) => {
      const device = wanted(match);
      const { backend } = match.facts;
      if (isVision(match)) {
        const stated = companionsAlone(match, ["torchvision"]);
        if (stated.length > 0 || backend !== "CUDA") return [...stated, installTogether(match, "torchvision")];
        return visionForTorch(match);
      }
      if (device !== undefined)
        return [
          `# model.to("${device}"), and every tensor that goes in: x = x.to("${device}")`,
          `${python(match)} -c "import torch; print(torch.${device}.is_available())"   # False: a torch or driver without it, the operator cannot run here`,
        ];
      const own = registeredBy(match);
      if (own !== undefined) return otherKernel(match, own.inPython);
      const ready = cpuPackage(match);
      if (ready !== undefined)
        return [
          `${python(match)} -c "import torch; print(torch.__version__)"   # its build, +cuXXX, is that of the wheel to take`,
          ...reinstall(match, ready),
          `# or the tensors on the CPU for this call: x.to("cpu")`,
        ];
      if (backend === "MPS") return ["export PYTORCH_ENABLE_MPS_FALLBACK=1   # runs it on the CPU", '# or x.to("cpu")'];
      const otherwise = otherwiseInTorch(match);
      if (otherwise !== undefined) return otherwise;
      const [space, name] = (match.facts["op"] ?? "").split("::");
      return [
        ...(available(match.finding.message)?.length === 0
          ? [
              `# TORCH_LIBRARY_IMPL(${space ?? ""}, ${backend ?? "CPU"}, m) { m.impl("${name ?? ""}", &${name ?? ""}); }   in a source that is built; Python: torch.library.impl("${space ?? ""}::${name ?? ""}", "${(backend ?? "cpu").toLowerCase()}")`,
            ]
          : []),
        ...(backend === "CUDA"
          ? [
              `${python(match)} -c "import torch; from torch.utils.cpp_extension import CUDA_HOME; print(torch.version.cuda, torch.cuda.is_available(), CUDA_HOME)"   # None or False: such a setup.py leaves the .cu files out and says nothing; a toolkit of torch's CUDA and CUDA_HOME first`,
              setVariable(match, "FORCE_CUDA", "1") +
                "   # where its setup.py reads it: the CUDA part even where no GPU is visible",
            ]
          : []),
        ...rebuild(match),
        ...(backend === "CUDA" || backend === "CPU" ? [] : ['# or x.to("cpu") before the call']),
      ];
    },
    sources: ["MooreThreads/torch_musa#72", "pytorch/vision#3058", "NVIDIA/cuEquivariance#95"],
    examples: [
      {
        text: "NotImplementedError: Could not run 'torchvision::nms' with arguments from the 'CUDA' backend.",
        expect: "torchvision of its release",
      },
      {
        text: "NotImplementedError: Could not run 'my_ops::scale' with arguments from the 'CPU' backend. This could be because the operator doesn't exist for this backend. 'my_ops::scale' is only available for these backends: [CUDA, Meta, BackendSelect, Python].",
        expect: 'model.to("cuda")',
      },
      {
        text: "NotImplementedError: Could not run 'my_ops::scale' with arguments from the 'CUDA' backend. 'my_ops::scale' is only available for these backends: [CPU, BackendSelect].",
        expect: "FORCE_CUDA",
      },
      {
        text: "NotImplementedError: Could not run 'aten::std.correction' with arguments from the 'musa' backend. 'aten::std.correction' is only available for these backends: [CPU, Meta, BackendSelect].",
        expect: "a newer torch_musa",
      },
      {
        text: "NotImplementedError: Could not run 'aten::index_select' with arguments from the 'SparseXPU' backend. 'aten::index_select' is only available for these backends: [CPU, Meta, BackendSelect].",
        expect: "x.to_dense()",
      },
      {
        text: "$ pip install pyg-lib -f https://data.pyg.org/whl/torch-2.8.0%2Bcpu.html\nNotImplementedError: Could not run 'pyg::segment_matmul' with arguments from the 'CUDA' backend. 'pyg::segment_matmul' is only available for these backends: [CPU, BackendSelect].",
        expect: "the wheel for the CPU (+cpu)",
      },
    ],
  },
];
