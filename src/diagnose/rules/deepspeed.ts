/** DeepSpeed's operators that are compiled ahead of time, and what they need of the system. */
import { pip, platformOf, python, setVariable } from "../commands/commands.ts";
import { variablesAgain } from "../commands/isolation-commands.ts";
import { onlyWarnings } from "./gpu-frames.ts";
import { coded, type Match, type Rule, said } from "../rule.ts";

/** `DS_BUILD_` of an operator by its name. Source: op_builder/ of DeepSpeed. */
function variable(op: string): string {
  const names: Readonly<Record<string, string>> = { async_io: "DS_BUILD_AIO", gds: "DS_BUILD_GDS" };
  return names[op] ?? `DS_BUILD_${op.toUpperCase()}`;
}

/** The class of DeepSpeed that builds an operator. */
function builder(op: string): string {
  const names: Readonly<Record<string, string>> = {
    async_io: "AsyncIOBuilder",
    transformer_inference: "InferenceBuilder",
  };
  return (
    names[op] ??
    `${op
      .split("_")
      .map((word) => (word === "cpu" ? "CPU" : word[0]?.toUpperCase() + word.slice(1)))
      .join("")}Builder`
  );
}

/** As the text asks for it. */
function wanted(match: Match): string {
  const { requirement, package: built } = match.context.log;
  return requirement !== undefined && (built === undefined || built === "deepspeed") ? requirement : "deepspeed";
}

function op(match: Match): string {
  return match.facts["op"] ?? "async_io";
}

export const deepspeedRules: readonly Rule[] = [
  {
    id: "deepspeed-op-incomplete",
    title: "An operator of DeepSpeed is there, but empty or of another release",
    on: ["exception"],
    specificity: 80,
    matches: (finding) =>
      said(
        finding,
        /module ['"](?:deepspeed\.ops\.)?(?<op>cpu_adam|cpu_adagrad|cpu_lion|fused_adam|fused_lamb|fused_lion|async_io|transformer_inference|ragged_ops|inference_core_ops|quantizer|random_ltd|spatial_inference)(?:_op)?['"] has no attribute ['"](?<name>\w+)['"]/,
      ),
    confidence: "high",
    cause: (match) =>
      `\`${op(match)}\` was imported and has no \`${match.facts["name"] ?? ""}\`: what was found is a folder of that name without a compiled module (its JIT build broke off, Python takes the folder for a package), a file of that name in the working directory, or an operator that another release of DeepSpeed or another torch left in the cache.`,
    fix: (match) => [
      match.context.log.jitFolder === undefined
        ? `rm -rf ~/.cache/torch_extensions/*/${op(match)}   # or below TORCH_EXTENSIONS_DIR; is there a ${op(match)} in the folder where the program starts?`
        : `rm -rf ${match.context.log.jitFolder}`,
      `${python(match)} -c "import deepspeed; deepspeed.ops.op_builder.${builder(op(match))}().load()"   # builds it in one process: its first error is the reason`,
      `${setVariable(match, variable(op(match)), "1")}; ${pip(match, "install --no-build-isolation --no-cache-dir --force-reinstall --no-deps deepspeed")}   # or build it when DeepSpeed is installed, with nvcc of torch's CUDA`,
    ],
    sources: ["deepspeedai/DeepSpeed#2901", "deepspeedai/DeepSpeed#1846"],
    examples: [
      {
        text: "AttributeError: module 'cpu_adam' has no attribute 'create_adam'\nAttributeError: 'DeepSpeedCPUAdam' object has no attribute 'ds_opt_adam'",
        expect: "CPUAdamBuilder",
      },
    ],
  },
  {
    id: "deepspeed-libaio-missing",
    title: "DeepSpeed finds no libaio",
    on: ["warning"],
    role: "advice",
    specificity: 70,
    matches: (finding, context) => (onlyWarnings(context) ? coded(finding, "libaio") : undefined),
    confidence: "medium",
    cause: () =>
      "DeepSpeed's async_io (ZeRO-Infinity: parameters on NVMe) needs the development files of libaio, which are not installed or lie where the compiler does not look. Without offload to disk nothing else needs them: it is a warning of the report.",
    fix: () => [
      "sudo apt-get install libaio-dev   # Fedora, RHEL: libaio-devel; conda install -c conda-forge libaio",
      'export CFLAGS="-I$CONDA_PREFIX/include" LDFLAGS="-L$CONDA_PREFIX/lib"   # when it lies in an environment; then ds_report',
    ],
    sources: ["deepspeedai/DeepSpeed#6593"],
    examples: [
      {
        text: " [WARNING]  async_io requires the dev libaio .so object and headers but these were not found.",
        expect: "libaio-dev",
      },
    ],
  },
  {
    id: "deepspeed-op-not-precompiled",
    title: "DeepSpeed cannot build an operator ahead of time",
    on: ["exception", "installer"],
    specificity: 86,
    matches: (finding) => said(finding, /Unable to pre-compile (?<op>(?!ops\b)\w+)/),
    confidence: "high",
    cause: (match) =>
      platformOf(match) === "win32"
        ? `DeepSpeed's setup.py compiles its operators ahead of time on Windows unless DS_BUILD_OPS=0 is set, and \`${op(match)}\` cannot be built there${op(match) === "async_io" ? ": libaio exists on Linux only" : ""}.`
        : op(match) === "async_io" || op(match) === "gds"
          ? `DS_BUILD_OPS=1 (or ${variable(op(match))}=1) asks for all operators, and ${op(match) === "gds" ? "gds needs GPUDirect Storage (libcufile)" : "async_io needs libaio's development files"}, which are not installed (Windows has none).`
          : `DS_BUILD_OPS=1 (or ${variable(op(match))}=1) asks for \`${op(match)}\`, and DeepSpeed's check of this machine says that it cannot be built here: no nvcc, a GPU or a torch that it does not support, or a library is missing. The warnings above say which.`,
    fix: (match) => [
      ...(platformOf(match) === "win32"
        ? [
            `${setVariable(match, "DS_BUILD_OPS", "0")}   # none is compiled now, so no nvcc and no Visual Studio is needed`,
          ]
        : op(match) === "async_io"
          ? [
              "sudo apt-get install libaio-dev   # Fedora, RHEL: libaio-devel; conda install -c conda-forge libaio",
              `# or without it, the others are built all the same: ${setVariable(match, variable(op(match)), "0")}`,
            ]
          : [`${setVariable(match, variable(op(match)), "0")}   # without it: the others are built all the same`]),
      ...(platformOf(match) === "win32"
        ? []
        : variablesAgain(match).filter((line) => !line.includes(`${variable(op(match))}=`))),
      `${pip(match, `install --no-build-isolation -v ${wanted(match)}`)}   # or without DS_BUILD_OPS: operators are then compiled when they are first used`,
      `${python(match)} -m deepspeed.env_report   # which operators this machine is fit for`,
    ],
    sources: ["deepspeedai/DeepSpeed#1401", "https://www.deepspeed.ai/tutorials/advanced-install/"],
    examples: [
      { text: "AssertionError: Unable to pre-compile async_io", expect: "libaio-dev" },
      {
        text: '  File "C:\\Temp\\pip-install-yd\\deepspeed_ea\\setup.py", line 48, in abort\n    assert False, msg\nAssertionError: Unable to pre-compile async_io',
        expect: "set DS_BUILD_OPS=0",
      },
      { text: "AssertionError: Unable to pre-compile sparse_attn", expect: "DS_BUILD_SPARSE_ATTN=0" },
    ],
  },
];
