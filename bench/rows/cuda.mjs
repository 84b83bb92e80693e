// CUDA sources: nvcc's commands taken apart against nvcc, with the same flags. Without `--quick` the source includes
// all of PyTorch, and a run of nvcc takes minutes.
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { retorchNow } from "../lib/context.mjs";
import { measure } from "../lib/measure.mjs";
import { byRetorch, cacheFolder, folders } from "../lib/peers.mjs";

const four = "8.0;8.6;9.0;12.0";

function kernel({ salt, grid, name = "scale" }) {
  return `__global__ void ${name}(float* a, float b, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) a[i] = a[i] * b + ${salt}.f;
}
static void launch_${name}(float* a, float b, int n) { ${name}<<<${grid}, 256>>>(a, b, n); }
`;
}

function withTorch(variant) {
  return `#include <torch/extension.h>
${kernel(variant)}
torch::Tensor run(torch::Tensor a, double b) {
  launch_scale(a.data_ptr<float>(), static_cast<float>(b), static_cast<int>(a.numel()));
  return a;
}
PYBIND11_MODULE(TORCH_EXTENSION_NAME, m) { m.def("run", &run); }
`;
}

function plain(variant, kernels = 1) {
  const all = Array.from({ length: kernels }, (_, i) => kernel({ ...variant, name: i === 0 ? "scale" : `scale${i}` }));
  const calls = all.map((_, i) => `launch_scale${i === 0 ? "" : i}(a, b, n);`);
  return `${all.join("")}extern "C" void run(float* a, float b, int n) { ${calls.join(" ")} }\n`;
}

const settings = (torch, more) =>
  torch
    ? `[extension.kernels]\nsources = ["k.cu"]\n${more}`
    : `[extension.kernels]\nkind = "torch-library"\nuses-torch = false\nsources = ["k.cu"]\n`;

/** One row: the same source for retorch and for nvcc, each put into its state before every round. */
function row({ name, title, arch, torch, text, change, limit, ratio, against, settings: more = "", notes = [] }) {
  return {
    name,
    title,
    needs: ["cudaPython"],
    rounds: 1,
    prepare(context) {
      const whole = torch && !context.quick;
      const source = text ?? (whole ? withTorch : plain);
      const at = folders(context, name, ["retorch", "nvcc"], {
        "k.cu": source({ salt: 1, grid: 1 }),
        "retorch.toml": settings(whole, more),
      });
      const python = ["--python", context.tools.cudaPython];
      const env = cacheFolder(context, `cache-${name}`);
      const build = (folder, list, more = []) =>
        byRetorch(context, folder, { env, args: [...python, "--arch", list, ...more] });
      const script = (list) => {
        const words = ["build", "--dry-run", "--cuda-graph", "off", ...python, "--arch", list];
        const commands = retorchNow(context, words, { cwd: at.nvcc, env });
        writeFileSync(join(at.nvcc, "commands.sh"), commands);
        return { argv: ["sh", join(at.nvcc, "commands.sh")], cwd: at.nvcc };
      };
      const cold = change === undefined;
      const unseen = change?.unseen === true;
      const list = change?.to ?? arch;
      const edit = (folder) => (round) => {
        if (cold) {
          rmSync(join(folder, ".retorch"), { recursive: true, force: true });
          return;
        }
        if (change.variant !== undefined) writeFileSync(join(folder, "k.cu"), source(change.variant(round + 2)));
        if (change.from !== undefined && folder === at.retorch) measure(context, build(folder, change.from));
      };
      if (!cold && !unseen) measure(context, build(at.retorch, list));
      const contenders = [
        {
          name: "retorch",
          command: build(at.retorch, list, cold || unseen ? ["--no-cache"] : []),
          before: edit(at.retorch),
        },
      ];
      if (against !== "nothing") {
        contenders.push({ name: "nvcc, same flags", command: script(list), before: edit(at.nvcc) });
      }
      const value = (by) => (ratio ? by.retorch.wall / by["nvcc, same flags"].wall : by.retorch.wall);
      return { contenders, targets: [{ text: title, limit, value }], notes };
    },
  };
}

export const cudaRows = [
  row({
    name: "cuda-one",
    title: "A CUDA source, one architecture, from nothing against nvcc (%)",
    arch: "9.0",
    torch: true,
    limit: 1 / 1.45,
    ratio: true,
  }),
  row({
    name: "cuda-four",
    title: "A CUDA source, four architectures, from nothing against nvcc (%)",
    arch: four,
    torch: true,
    limit: 1 / 1.8,
    ratio: true,
  }),
  row({
    name: "cuda-body",
    title: "A kernel's body edited against nvcc (%)",
    arch: "9.0",
    torch: true,
    change: { variant: (round) => ({ salt: round, grid: 1 }) },
    limit: 1 / 2,
    ratio: true,
  }),
  row({
    name: "cuda-host",
    title: "Host code of a CUDA source edited against nvcc (%)",
    arch: "9.0",
    torch: true,
    change: { variant: (round) => ({ salt: 1, grid: round }) },
    limit: 1 / 1.4,
    ratio: true,
  }),
  row({
    name: "cuda-fifth",
    title: "A fifth architecture against nvcc for five (%)",
    torch: false,
    text: (variant) => plain(variant, 60),
    change: { from: four, to: `${four};10.0`, unseen: true },
    limit: 0.35,
    ratio: true,
    notes: ["A source of 60 kernels without headers that depend on the list of architectures."],
  }),
  row({
    name: "cuda-second",
    title: "A second architecture with PyTorch's headers and own-cccl-namespace against nvcc for two (%)",
    torch: true,
    settings: "own-cccl-namespace = true\n",
    change: { from: "9.0", to: "9.0;10.0", unseen: true },
    limit: 0.5,
    ratio: true,
    notes: ["Both get the same macro; nvcc compiles both architectures again."],
  }),
  row({
    name: "cuda-back",
    title: "Back to an earlier list of architectures",
    torch: true,
    change: { from: "9.0", to: "8.0" },
    limit: 1,
    ratio: false,
    against: "nothing",
  }),
];
