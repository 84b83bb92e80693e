/** Crashes whose Python frames tell who called the compiled code that died: a package, torch itself, torch.distributed. */
import { pip, platformOf, python, reinstall, torchAgain } from "../commands/commands.ts";
import type { Finding } from "../finding.ts";
import { coded, type Rule } from "../rule.ts";
import { originOf, packageOfModule } from "../tables/packages.ts";

const dumps = "https://docs.python.org/3/library/faulthandler.html";

/** The innermost frame of Python's own dump (it stands last), without those of ctypes. */
function innermost(finding: Finding): string | undefined {
  return coded(finding, "Fatal Python error") === undefined
    ? undefined
    : finding.frames?.findLast((frame) => !/[\\/]ctypes[\\/]|<frozen |[\\/]importlib[\\/]/.test(frame));
}

/** The folder in site-packages that a frame lies in. */
function folderOf(frame: string): string | undefined {
  return /(?:site|dist)-packages[\\/]([A-Za-z_]\w*)[\\/]/.exec(frame)?.[1];
}

/** `all_reduce` of `/e/torch/distributed/distributed_c10d.py:2806 all_reduce`. */
function callOf(frame: string): string {
  return / ([\w.<>]+)(?: ».*)?$/.exec(frame)?.[1] ?? "";
}

/** What a package can be told to do without the part that crashes. */
const without: Readonly<Record<string, string>> = {
  "comfy-aimdo": "# ComfyUI goes without it: python main.py --disable-dynamic-vram   (with the options of before)",
};

export const crashByFrameRules: readonly Rule[] = [
  {
    id: "gloo-without-gpu-tensors",
    title: "Gloo on Windows was given tensors of the GPU",
    on: ["exception"],
    specificity: 66,
    matches: (finding, { log }) => {
      const frames = finding.frames ?? [];
      const call = frames.find((frame) =>
        /torch[\\/]distributed[\\/]distributed_c10d\.py:\d+ (?:all_reduce|all_gather\w*|broadcast|reduce\w*|all_to_all\w*)\b/.test(
          frame,
        ),
      );
      return coded(finding, "Fatal Python error") !== undefined && call !== undefined && log.platform === "win32"
        ? { call: callOf(call) }
        : undefined;
    },
    confidence: "medium",
    cause: (match) =>
      `The crash is inside of torch.distributed.${match.facts["call"] ?? "all_reduce"}. On Windows there is no NCCL, only Gloo, and Gloo there has no part for tensors on the GPU: given one, it calls a function that does not exist.`,
    fix: (match) => [
      `# bring the tensor to the CPU for the call: t = x.cpu(); torch.distributed.${match.facts["call"] ?? "all_reduce"}(t); x.copy_(t)`,
      "# or one GPU, or the same program in WSL2 or on Linux with backend='nccl'",
    ],
    sources: ["pytorch/pytorch#186535", "https://docs.pytorch.org/docs/stable/distributed.html#backends"],
    examples: [
      {
        text: 'Windows fatal exception: access violation\n\nCurrent thread 0x00002b44 (most recent call first):\n  File "C:\\e\\Lib\\site-packages\\torch\\distributed\\distributed_c10d.py", line 2806 in all_reduce\n  File "C:\\ot\\multi_gpu_util.py", line 61 in reduce_grads',
        expect: "t = x.cpu()",
      },
    ],
  },
  {
    id: "crash-below-package",
    title: "The compiled part of a package crashed",
    on: ["exception"],
    role: "symptom",
    specificity: 56,
    matches: (finding) => {
      const frame = innermost(finding);
      const folder = frame === undefined ? undefined : folderOf(frame);
      return frame === undefined || folder === undefined || /^(?:numpy|pip|setuptools|_pytest|torch)$/.test(folder)
        ? undefined
        : { folder, frame: frame.split(" » ")[0], call: callOf(frame) };
    },
    confidence: "medium",
    cause: (match) =>
      `Compiled code died in a call from ${match.facts["frame"] ?? ""}: it is a part of \`${match.facts["folder"] ?? ""}\`, or of what that package loads. Such a part crashes when it was compiled for another torch, CUDA or Python than those that are there, or is given what it does not expect (a null pointer, a tensor of another device or type).`,
    fix: (match) => {
      const name =
        packageOfModule(`${match.facts["folder"] ?? ""}.`) ?? (match.facts["folder"] ?? "").replaceAll("_", "-");
      return [
        `${pip(match, "list")} ${platformOf(match) === "win32" ? '| findstr /i "torch' : '| grep -iE "^torch|'}${platformOf(match) === "win32" ? ` ${name}"` : `${name}"`}   # is there a release of ${name} for this torch?`,
        ...(originOf(name)?.from === undefined ? [pip(match, `install --upgrade ${name}`)] : reinstall(match, name)),
        ...(without[name] === undefined ? [] : [without[name]]),
      ];
    },
    sources: [dumps, "Comfy-Org/comfy-aimdo#57"],
    examples: [
      {
        text: 'Windows fatal exception: access violation\n\nCurrent thread 0x0000e430 (most recent call first):\n  File "C:\\ComfyUI\\venv\\Lib\\site-packages\\comfy_aimdo\\control.py", line 98 in init_devices\n  File "C:\\ComfyUI\\main.py", line 211 in <module>',
        expect: "install --upgrade comfy-aimdo",
      },
      {
        text: 'Fatal Python error: Segmentation fault\n\nCurrent thread 0x00007f00 (most recent call first):\n  File "/e/lib/python3.10/site-packages/open3d/geometry.py", line 12 in voxels\n  File "/w/run.py", line 3 in <module>',
        expect: "install --upgrade open3d",
      },
    ],
  },
  {
    id: "crash-below-torch",
    title: "torch's own compiled code crashed",
    on: ["exception"],
    role: "symptom",
    specificity: 54,
    matches: (finding) => {
      const frame = innermost(finding);
      return frame === undefined || folderOf(frame) !== "torch" ? undefined : { frame: frame.split(" » ")[0] };
    },
    confidence: "low",
    cause: (match) =>
      /[\\/]torch[\\/]distributed[\\/]/.test(match.facts["frame"] ?? "")
        ? `Compiled code died while the processes of the group talked to each other (${match.facts["frame"] ?? ""}): NCCL (RCCL for AMD), its network plugin (libnccl-net, aws-ofi-rccl), or a copy of it that another package or a module of the cluster brought and that does not fit this torch. An extension has most likely no part in it.`
        : `Compiled code died in a call that torch's own Python made (${match.facts["frame"] ?? ""}): an operator of torch, or an extension's operator or backward function that torch calls. An installation of torch whose files are of two releases, a driver that does not fit, and a fault of that release look the same.`,
    fix: (match) => [
      ...(/[\\/]torch[\\/]distributed[\\/]/.test(match.facts["frame"] ?? "")
        ? [
            "export NCCL_DEBUG=INFO   # its last lines before the crash name the transport and the plugin",
            "export NCCL_NET_PLUGIN=none   # without the plugin; works: it is of another NCCL (RCCL) than torch's. Else without the cluster's modules, LD_LIBRARY_PATH unset",
            `${python(match)} the_program.py`,
          ]
        : []),
      `${python(match)} -c "import torch; print(torch.__version__, torch.version.cuda, torch.__file__); x = torch.ones(4096, 4096); x = x.cuda() if torch.cuda.is_available() else x; print((x @ x).sum())"   # does torch work by itself?`,
      `# it does not: ${torchAgain(match)}`,
      ...(platformOf(match) === "win32"
        ? []
        : [
            `# it does: gdb -batch -ex run -ex bt --args ${python(match)} the_program.py   # which library and C++ function`,
          ]),
    ],
    sources: [dumps, "pytorch/pytorch#135486"],
    examples: [
      {
        text: 'Fatal Python error: Segmentation fault\n\nCurrent thread 0x00007f00 (most recent call first):\n  File "/e/lib/python3.10/site-packages/torch/nn/modules/conv.py", line 456 in _conv_forward\n  File "/w/run.py", line 3 in <module>',
        expect: "does torch work by itself",
      },
      {
        text: 'Fatal Python error: Segmentation fault\n\nThread 0x00007f00 (most recent call first):\n  File "/e/lib/python3.11/site-packages/torch/distributed/distributed_c10d.py", line 3938 in barrier\n  File "/w/run.py", line 11 in main',
        expect: "NCCL_NET_PLUGIN=none",
      },
    ],
  },
];
