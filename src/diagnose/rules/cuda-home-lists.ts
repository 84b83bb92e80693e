/** CUDA_HOME that was set like a search path, with colons. */
import { setVariable, showTorchCuda, torchCuda } from "../commands/commands.ts";
import type { Finding } from "../finding.ts";
import { linkLibrary } from "../matchers.ts";
import type { Rule } from "../rule.ts";

/** Whether what is missing, or is said, is of the toolkit. */
function wantsToolkit(finding: Finding): boolean {
  if (finding.kind === "missing-library") return linkLibrary(finding, /^(?:cu(?!da$)|nv|npp)\w+$/) !== undefined;
  if (finding.kind === "missing-header")
    return /^(?:cu\w+|nv\w+|thrust[\\/].*|cub[\\/].*)\.(?:h|hpp|cuh)$/.test(finding.header ?? "");
  return /nvcc/.test(finding.program ?? "") || /CUDA_HOME=|[\\/]nvcc\b/.test(finding.message);
}

const folderOf = (path = ":/usr/local/cuda"): string => path.replace(/^:/, "").replace(/\/bin\/nvcc$/, "");

export const cudaHomeListRules: readonly Rule[] = [
  {
    id: "cuda-home-led-by-colon",
    title: "CUDA_HOME is a list of folders",
    on: ["missing-program", "exception", "driver", "missing-library", "missing-header", "warning"],
    specificity: 90,
    matches: (finding, context) => {
      const list = context.log.cudaHomeList;
      if (list !== undefined && wantsToolkit(finding)) return { path: list[0], list: list.join(":") };
      if (/^(?:missing-(?:library|header)|warning)$/.test(finding.kind)) return undefined;
      const path = finding.program ?? finding.message;
      // `/usr/local/cuda-10.0::/bin/nvcc`, set as `/usr/local/cuda-10.0:$CUDA_HOME`: the last part is empty.
      const emptied = /(?:^|['" ])(\/[^\s'":]*cuda[^\s'":]*)(?::\/[^\s'":]+)*:+\/bin\/nvcc/.exec(path)?.[1];
      if (emptied !== undefined) return { path: `:${emptied}` };
      // `/usr/local/cuda:/usr/local/cuda-11.8/bin/nvcc`: the last folder is the one that nvcc was looked for in.
      const last = /(?:^|['" ])(?:\/[^\s'":]+)?(?::\/[^\s'":]+)*(:\/[^\s'":]*)\/bin\/nvcc/.exec(path)?.[1];
      if (last !== undefined && /cuda/.test(path)) return { path: last };
      return /^:\/|['" ]:\/\S*cuda|CUDA_HOME='?:\//.test(path) && /cuda|nvcc/.test(path)
        ? { path: /:\/[^\s'":]+/.exec(path)?.[0] }
        : undefined;
    },
    confidence: "high",
    cause: (match) =>
      match.facts["list"] === undefined
        ? `CUDA_HOME was set like a search path (export CUDA_HOME=$CUDA_HOME:/usr/local/cuda, or the other way round), with colons, but it names one folder: \`${folderOf(match.facts["path"])}\`.`
        : `CUDA_HOME is set like a search path, with colons (\`${match.facts["list"]}\`), but it names one folder: what is put together from it (CUDA_HOME/include, CUDA_HOME/lib64, CUDA_HOME/bin/nvcc) does not exist.`,
    fix: (match) => {
      const list = match.context.log.cudaHomeList ?? [];
      const ofTorch = list.find((folder) => folder.endsWith(`cuda-${torchCuda(match) ?? ""}`));
      return [
        setVariable(match, "CUDA_HOME", ofTorch ?? folderOf(match.facts["path"])),
        ...(list.length > 1 && ofTorch === undefined ? [showTorchCuda(match)] : []),
        "grep -n 'CUDA_HOME=' ~/.bashrc ~/.profile /etc/profile.d/*.sh   # where it is set",
        "# in that line, too: one folder, no `:` and no $CUDA_HOME behind the =; a new shell reads it",
      ];
    },
    sources: ["baidu-research/warp-ctc#153", "zhanghang1989/PyTorch-Encoding#297", "open-mmlab/mmdetection#944"],
    examples: [
      {
        text: ":/usr/local/cuda:/usr/local/cuda/bin/nvcc -I/e/torch/include -c k.cu -o k.o\na.cpp:4:10: fatal error: cuda.h: No such file or directory",
        expect: "export CUDA_HOME=/usr/local/cuda",
      },
      {
        text: "error: [Errno 2] No such file or directory: '/usr/local/cuda:/usr/local/cuda:/usr/local/cuda11.8/bin/nvcc'",
        expect: "export CUDA_HOME=/usr/local/cuda11.8",
      },
      {
        text: "unable to execute '/opt/cuda-11.1:/opt/cuda-11.1:/bin/nvcc': No such file or directory",
        expect: "export CUDA_HOME=/opt/cuda-11.1",
      },
      { text: "/bin/sh: 1: :/usr/local/cuda/bin/nvcc: not found", expect: "export CUDA_HOME=/usr/local/cuda" },
      {
        text: "gcc -I/e/torch/include -I/usr/local/cuda:/include -c ops/src/nms_cpu.cpp -o nms_cpu.o\nops/src/nms_cpu.cpp:12:18: fatal error: cuda.h: No such file or directory",
        expect: "export CUDA_HOME=/usr/local/cuda",
      },
      {
        text: "error: [Errno 2] No such file or directory: ':/usr/local/cuda-11.3/bin/nvcc'",
        expect: "export CUDA_HOME=/usr/local/cuda-11.3",
      },
      {
        text: "No CUDA runtime is found, using CUDA_HOME='/usr/local/cuda-12.4:/usr/local/cuda-11.8'\n/usr/bin/ld: cannot find -lcudart: No such file or directory",
        expect: "export CUDA_HOME=/usr/local/cuda-12.4",
      },
    ],
  },
];
