// Checks that need a GPU: what is built for it computes the right values, and what is not is refused before it fails.
// Needs Node, a Python with a PyTorch for CUDA, nvcc and an NVIDIA GPU; no npm package, no network. Uses dist/ as it is.
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "../lib/root.mjs";
import { ScriptError, stopwatch } from "../lib/terminal.mjs";

const usage = `usage: node scripts/gpu-check.mjs [--python PATH] [--quick] [--keep]

  --python PATH   a Python with a PyTorch built for CUDA (else the one that retorch finds)
  --quick         without the example that takes minutes to compile
  --keep          leave the work folder and say where it is
`;

/** By the capability of the GPU that is here: an architecture whose machine code does not run on it. */
function otherArchitecture(capability) {
  return capability.startsWith("8.") ? "9.0" : "8.0";
}

const relocatable = {
  "retorch.toml": `[extension.linked]
kind = "torch-library"
sources = ["start.cu", "half.cu"]
nvcc-flags = ["-rdc=true"]
`,
  "half.cu": "__device__ int half_of(int x) { return x / 2; }\n",
  "start.cu": `#include <cuda_runtime.h>
extern __device__ int half_of(int);
__global__ void kernel(int* p) { *p = half_of(*p); }
extern "C" int half_on_gpu(int value) {
  int* p = nullptr;
  if (cudaMalloc(&p, sizeof(int)) != cudaSuccess) return -1;
  cudaMemcpy(p, &value, sizeof(int), cudaMemcpyHostToDevice);
  kernel<<<1, 1>>>(p);
  if (cudaGetLastError() != cudaSuccess) return -2;
  if (cudaMemcpy(&value, p, sizeof(int), cudaMemcpyDeviceToHost) != cudaSuccess) return -3;
  cudaFree(p);
  return value;
}
`,
};
const callLinked = `import ctypes, sys, torch
torch.cuda.init()
print(ctypes.CDLL(sys.argv[1]).half_on_gpu(84))
`;

/** The checks, in order; each throws when something is not as it should be. */
function checks({ retorch, python, executable, work, quick }) {
  const folder = (name) => {
    const to = join(work, name);
    cpSync(join(root, "examples", name.replace(/-for-.*/, "")), to, { recursive: true });
    return to;
  };
  const build = (where, ...more) => retorch(["build", ".", ...more], where);
  const built = (where, ...more) =>
    succeeded(build(where, ...more))
      .stdout.trim()
      .split("\n")
      .at(-1);
  const runCheck = (where) => succeeded(python(["check.py"], where)).stdout;
  const gpus = (more) =>
    JSON.parse(succeeded(retorch(["env", "--json", "--python", executable], work, more)).stdout).gpus;
  const [gpu] = gpus();
  const capability = gpu?.computeCapability?.join(".");
  const gelu = (name, arch) => {
    const where = folder(`cuda-bias-gelu-for-${name}`);
    const path = built(where, "--arch", arch, "--check");
    const inspected = succeeded(retorch(["inspect", path], where)).stdout;
    if (!/Runs\s+yes/.test(inspected)) throw new Error(`inspect does not say that it runs\n${inspected}`);
    const said = runCheck(where);
    if (!said.includes("largest difference")) throw new Error(`nothing was computed\n${said}`);
    return said.trim().split("\n").at(-1);
  };
  return [
    [
      "the GPU is seen",
      () => {
        if (capability === undefined) throw new Error("retorch env names no GPU");
        return `${gpu.name} (${capability}), driver ${gpu.driverVersion}`;
      },
    ],
    [
      "the GPU is seen without nvidia-smi, through the driver's library",
      () => {
        const [other] = gpus({ PATH: work });
        if (other?.name !== gpu?.name || other?.computeCapability?.join(".") !== capability) {
          throw new Error(`seen are ${JSON.stringify([gpu, other])}`);
        }
        return other.name;
      },
    ],
    ["hidden by CUDA_VISIBLE_DEVICES", () => expectEqual(gpus({ CUDA_VISIBLE_DEVICES: "" }), [])],
    ["native: right values", () => gelu("native", "native")],
    ["several architectures: right values", () => gelu("several", `8.0;8.6;9.0;${capability};12.0+PTX`)],
    [
      "code for this GPU alone (a), where there is such: right values",
      () => (Number(capability) >= 9 ? gelu("alone", `${capability}a`) : "left out: no such code below 9.0"),
    ],
    ["PTX of an older architecture, translated when loaded: right values", () => gelu("ptx", "7.5-virtual")],
    [
      "another architecture alone: refused, with the words, before it fails",
      () => {
        const where = folder("cuda-bias-gelu-for-another");
        const arch = otherArchitecture(capability);
        const path = built(where, "--arch", arch);
        const wanted = [
          "GPU_NOT_SERVED",
          `holds no code for ${gpu.name} (compute capability ${capability})`,
          "no kernel image is available for execution on the device",
        ];
        failedWith(build(where, "--arch", arch, "--check"), 1, wanted);
        failedWith(retorch(["inspect", path], where), 1, [`no on ${gpu.name}`]);
        // And indeed: the kernel fails as foretold.
        failedWith(python(["check.py"], where), 1, ["no kernel image is available for execution on the device"]);
        return `sm_${arch.replace(".", "")} on ${capability}`;
      },
    ],
    [
      "back to native: right values, and then nothing to do",
      () => {
        const where = join(work, "cuda-bias-gelu-for-another");
        built(where, "--arch", "native", "--check");
        const said = runCheck(where);
        const events = succeeded(build(where, "--arch", "native", "--json"))
          .stdout.trim()
          .split("\n");
        expectEqual(JSON.parse(events.at(-1)).actions.executed, 0);
        return said.trim().split("\n").at(-1);
      },
    ],
    [
      "relocatable device code, linked over two files: right value",
      () => {
        const where = join(work, "linked");
        mkdirSync(where);
        for (const [name, text] of Object.entries(relocatable)) writeFileSync(join(where, name), text);
        const path = built(where, "--arch", "native");
        return expectEqual(succeeded(python(["-c", callLinked, path], where)).stdout.trim(), "42");
      },
    ],
    ...(quick
      ? []
      : [
          [
            "a source with all of PyTorch's headers, two architectures: right values",
            () => {
              const where = folder("scaled-add");
              built(where, "--arch", `8.0;${capability}`, "--check");
              const said = runCheck(where);
              if (!said.includes("[3.0, 3.0, 3.0]")) throw new Error(said);
              return said.trim();
            },
          ],
        ]),
  ];
}

/** Runs the checks and says what came of each. */
export async function main(words) {
  const options = readWords(words);
  if (!existsSync(join(root, "dist", "cli.cjs"))) {
    throw new ScriptError("there is no dist/", "run `npm run build` here or bring it from elsewhere");
  }
  const work = mkdtempSync(join(tmpdir(), "retorch-gpu-"));
  const env = { ...process.env, NO_COLOR: "1", RETORCH_CACHE_DIR: join(work, "cache") };
  delete env.TORCH_CUDA_ARCH_LIST;
  const run = (command, cwd, more = {}) =>
    spawnSync(command[0], command.slice(1), { cwd, env: { ...env, ...more }, encoding: "utf8", maxBuffer: 1 << 27 });
  const asked = options.python === undefined ? [] : ["--python", options.python];
  const retorch = (args, cwd, more) =>
    run([process.execPath, join(root, "bin", "retorch.js"), ...args, ...asked], cwd, more);
  try {
    const found = JSON.parse(succeeded(retorch(["env", "--json"], work)).stdout);
    if (found.gpus.length === 0) throw new ScriptError("there is no GPU here", "`retorch env` says what was tried");
    if (found.cuda === undefined) throw new ScriptError("there is no nvcc here", "`retorch env` says what was tried");
    const python = (args, cwd) => run([found.python.executable, ...args], cwd);
    process.stdout.write(
      `Python ${found.python.executable}, torch ${found.torch?.version}, CUDA ${found.cuda?.fullVersion}\n\n`,
    );
    let failed = 0;
    const all = checks({ retorch, python, executable: found.python.executable, work, quick: options.quick });
    for (const [title, check] of all) {
      const name = String(title);
      const watch = stopwatch();
      const seconds = () => `${watch().toFixed(1)} s`;
      try {
        const said = check();
        process.stdout.write(`  ok      ${name} (${seconds()})${said === undefined ? "" : `\n          ${said}`}\n`);
      } catch (error) {
        failed++;
        process.stdout.write(`  FAILED  ${name} (${seconds()})\n${error.message.replace(/^/gm, "          ")}\n`);
      }
    }
    process.stdout.write(`\n${all.length - failed} passed, ${failed} failed\n`);
    if (failed > 0) process.exitCode = 1;
  } finally {
    if (options.keep) process.stderr.write(`kept: ${work}\n`);
    else rmSync(work, { recursive: true, force: true });
  }
}

function readWords(words) {
  const options = { python: undefined, quick: false, keep: false };
  for (let i = 0; i < words.length; i++) {
    if (words[i] === "--python" && words[i + 1] !== undefined) options.python = words[++i];
    else if (words[i] === "--quick") options.quick = true;
    else if (words[i] === "--keep") options.keep = true;
    else throw new ScriptError(`\`${words[i]}\` is no option`, usage.trim());
  }
  return options;
}

function said({ status, signal, stdout, stderr, error }) {
  return `${error?.message ?? signal ?? `exit status ${status}`}\n${stdout}\n${stderr}`;
}

function succeeded(result) {
  if (result.status !== 0) throw new Error(said(result));
  return result;
}

function failedWith(result, status, texts) {
  const all = `${result.stdout}\n${result.stderr}`;
  const lacking = texts.filter((text) => !all.includes(text));
  if (result.status !== status || lacking.length > 0) {
    throw new Error(`expected exit status ${status} and ${JSON.stringify(lacking)}\n${said(result)}`);
  }
}

function expectEqual(found, expected) {
  if (JSON.stringify(found) !== JSON.stringify(expected)) {
    throw new Error(`${JSON.stringify(found)} instead of ${JSON.stringify(expected)}`);
  }
  return undefined;
}
