/** NCCL and process groups: what several GPUs and processes say when they do not come together. */
import { pip, python, unsetVariable } from "../commands/commands.ts";
import { coded, type Match, type Rule, said, saidAny } from "../rule.ts";

const manual = "https://docs.nvidia.com/deeplearning/nccl/user-guide/docs/troubleshooting.html";

/** The program with another port for its process group, as it was started. */
function onOtherPort({ context: { log } }: Match): string[] {
  const typed = log.typedProgram;
  const port = "$((20000 + RANDOM % 20000))";
  if (typed === undefined || /\b(?:torchrun|torch\.distributed\.(?:run|launch))\b/.test(typed))
    return [
      `${(typed ?? "torchrun the_program.py").replace(/(torchrun|torch\.distributed\.(?:run|launch))(?: --master[_-]port[= ]\S+)?/, `$1 --master_port=${port}`)}   # or: export MASTER_PORT=29501`,
    ];
  return [`MASTER_PORT=${port} ${typed}   # where the program sets no port itself`];
}

export const distributedRules: readonly Rule[] = [
  {
    id: "nccl-same-gpu-twice",
    title: "Two processes use one GPU",
    on: ["gpu", "exception"],
    specificity: 84,
    matches: (finding) =>
      coded(finding, "nccl-duplicate") ?? said(finding, /Duplicate GPU detected ?: ?rank (?<a>\d+) and rank (?<b>\d+)/),
    confidence: "high",
    cause: () =>
      "NCCL wants a GPU of its own for every process; two ranks chose the same one: torch.cuda.set_device(local_rank) is missing, or more processes were started than GPUs are visible.",
    fix: () => [
      '# first in every process: torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))',
      "torchrun --nproc_per_node=$(nvidia-smi -L | wc -l) the_program.py; echo $CUDA_VISIBLE_DEVICES",
    ],
    sources: [manual],
    examples: [
      {
        text: "torch.distributed.DistBackendError: NCCL error in: ProcessGroupNCCL.cpp:1970, invalid usage (run with NCCL_WARN=INFO for details), NCCL version 2.20.5\nncclInvalidUsage: This usually reflects invalid usage of NCCL library.\nLast error:\nDuplicate GPU detected : rank 1 and rank 0 both on CUDA device 1000",
        expect: "set_device",
      },
    ],
  },
  {
    id: "nccl-timeout",
    title: "A process of the group does not take part in time",
    on: ["gpu", "exception"],
    role: "symptom",
    specificity: 62,
    matches: (finding) =>
      coded(finding, "nccl-timeout") ??
      saidAny(
        finding,
        /Timed out waiting \d+\s?ms for (?:recv|send)/,
        /(?:wait timeout after|Timed out after) \d+(?:ms| seconds)? .*(?:keys|TCPStore|store)/,
      ),
    confidence: "medium",
    cause: () =>
      "One rank waited for the others for longer than the timeout: another rank died (its own traceback is the real error), runs other code or more batches, or is still compiling an extension (every rank builds it, or waits for the one that does).",
    fix: () => [
      "# look for the first traceback of any rank: the rank that times out is seldom the one at fault",
      "export TORCH_DISTRIBUTED_DEBUG=DETAIL NCCL_DEBUG=INFO TORCH_NCCL_TRACE_BUFFER_SIZE=2000",
      "# build extensions before the processes start (retorch build, or import them once in one process); or init_process_group(timeout=timedelta(hours=1))",
    ],
    sources: ["https://docs.pytorch.org/docs/stable/distributed.html"],
    examples: [
      {
        text: "[Rank 1] Watchdog caught collective operation timeout: WorkNCCL(SeqNum=12, OpType=ALLREDUCE, NumelIn=1, NumelOut=1, Timeout(ms)=600000) ran for 600094 milliseconds before timing out.",
        expect: "first traceback",
      },
    ],
  },
  {
    id: "nccl-failed",
    title: "NCCL failed",
    on: ["gpu", "exception"],
    role: "symptom",
    specificity: 58,
    matches: (finding) => {
      if (coded(finding, "nccl") === undefined && !/\bN?CCL error\b|\bNCCL error\b/.test(finding.message))
        return undefined;
      const said = `${finding.message} ${finding.text}`;
      return {
        kind: /unhandled (?:cuda|hip) error|UnhandledCuda/i.test(said)
          ? "cuda"
          : /unhandled system error|SystemError/i.test(said)
            ? "system"
            : /InvalidUsage|invalid usage/i.test(said)
              ? "usage"
              : /RemoteError|remote process/i.test(said)
                ? "remote"
                : undefined,
      };
    },
    confidence: "medium",
    cause: (match) =>
      ({
        cuda: "A CUDA call inside NCCL failed: an earlier kernel of this process went wrong, GPU memory is full, this GPU is not supported by this NCCL, or the driver is too old for it. NCCL's own lines say which.",
        system:
          "A call of the system inside NCCL failed: /dev/shm is too small (containers get 64 MB), the network interface that it chose does not reach the others, or too many files are open. NCCL's own lines say which.",
        usage:
          "NCCL is called with arguments that do not fit together: tensors of different devices, a rank that is used twice, or two NCCL versions in one process.",
        remote: "Another process of the group ended or lost its connection; its own error is the real one.",
      })[match.facts["kind"] ?? ""] ??
      "NCCL reports an error without saying which; its own log does. The extension and its build seldom have a part in it.",
    fix: (match) => [
      "export NCCL_DEBUG=INFO   # then look at the lines with NCCL WARN",
      ...(match.facts["kind"] === "system"
        ? [
            "df -h /dev/shm   # container: docker run --ipc=host … (or --shm-size=8g)",
            "export NCCL_SOCKET_IFNAME=$(ip -o -4 route show to default | awk '{print $5}' | head -1) NCCL_IB_DISABLE=1   # rules the network out",
          ]
        : match.facts["kind"] === "cuda"
          ? [
              `CUDA_LAUNCH_BLOCKING=1 ${python(match)} the_program.py   # an earlier kernel?`,
              "export NCCL_P2P_DISABLE=1",
            ]
          : []),
      `${python(match)} -c "import torch; print(torch.version.cuda, torch.cuda.nccl.version())"; ${pip(match, "list | grep -i nccl")}; ${unsetVariable(match, "LD_LIBRARY_PATH")}   # one NCCL only`,
    ],
    sources: [manual],
    examples: [
      {
        text: "torch.distributed.DistBackendError: NCCL error in: ../torch/csrc/distributed/c10d/ProcessGroupNCCL.cpp:1970, unhandled system error (run with NCCL_DEBUG=INFO for details), NCCL version 2.20.5\nncclSystemError: System call (e.g. socket, malloc) or external library call failed or device error.",
        expect: "/dev/shm",
      },
      {
        text: "RuntimeError: NCCL error in: ProcessGroupNCCL.cpp:825, unhandled cuda error, NCCL version 2.7.8",
        expect: "NCCL_DEBUG",
      },
    ],
  },
  {
    id: "process-group-port",
    title: "The port of the process group is taken",
    on: ["exception", "system"],
    specificity: 72,
    matches: (finding) =>
      saidAny(
        finding,
        /(?:server socket|listen on any|TCPStore).*(?:Address already in use|EADDRINUSE)/i,
        /\[Errno 98\] Address already in use|\(errno: 98 - Address already in use\)/,
      ),
    confidence: (match) => (/server socket|TCPStore|29500|torch/.test(match.finding.message) ? "high" : "low"),
    cause: () =>
      "A program listens on the port that the process group wants (29500 unless told otherwise): another training on this machine, or one that was not ended.",
    fix: (match) => [...onOtherPort(match), "ss -ltnp | grep 29500   # who has it"],
    sources: ["https://docs.pytorch.org/docs/stable/elastic/run.html"],
    examples: [
      {
        text: "RuntimeError: The server socket has failed to listen on any local network address. The server socket has failed to bind to [::]:29500 (errno: 98 - Address already in use).",
        expect: "master_port",
      },
    ],
  },
];
