/**
 * Texts that are not of torch at all and hold the same messages of nvcc, linkers and drivers: what they build or run, as far
 * as their own tools name it. Where no word of torch stands in the whole text, a fix speaks of torch no more.
 */
import type { Match } from "../rule.ts";

export type OtherField =
  | "jax"
  | "tensorflow"
  | "paddle"
  | "opencv"
  | "cupy"
  | "rust"
  | "node"
  | "go"
  | "java"
  | "julia"
  | "r"
  | "ggml"
  | "plain-cuda";

const signs: readonly (readonly [OtherField, RegExp])[] = [
  [
    "opencv",
    /\bopencv_\w+\.dir\b|\bmodules\/\w+\/CMakeFiles\/opencv_|[\\/]opencv(?:_contrib)?(?:-[\d.]+)?[\\/]modules[\\/]/,
  ],
  [
    "jax",
    /[\\/](?:site|dist)-packages[\\/](?:jax|jaxlib|jax_cuda\d+_\w+)[\\/]|\bjax\.errors\.|\bjaxlib[.\\/]\w|\bimport jax\b/,
  ],
  ["tensorflow", /[\\/](?:site|dist)-packages[\\/]tensorflow[\\/]|\btensorflow\.python\.|\bimport tensorflow\b/],
  ["paddle", /[\\/](?:site|dist)-packages[\\/]paddle[\\/]|\bimport paddle\b/],
  ["cupy", /\bcupy(?:_backends)?[./\\]\w/],
  [
    "rust",
    /\bcargo (?:build|run|test|install|check)\b|^error: could not compile `|[\\/]target[\\/](?:debug|release)[\\/](?:build|deps)[\\/]|\.cargo[\\/]registry|\brustc\b/,
  ],
  ["node", /\bgyp (?:ERR!|info)|\bnpm (?:ERR!|error)\b|\bnode-gyp\b/],
  ["go", /[\\/]go-build\d*[\\/]|\bcgo[:-]|[\\/]pkg[\\/]tool[\\/]\w+[\\/]link\b/],
  ["java", /\bUnsatisfiedLinkError\b|^Exception in thread "main" java\.|^Execution failed for task ':/],
  ["julia", /\.julia[\\/]packages[\\/]/],
  ["r", /^\* installing \*source\* package|R[\\/]\w+-pc-linux-gnu-library|compilation failed for package/],
  ["ggml", /\bggml[-/_]\w|\bllama\.cpp\b/],
  ["plain-cuda", /(?:^|[$#>%] )nvcc (?=.*\s-o ?\S)(?=.*\.cu\b)(?!.*-shared)/],
];

/** Looks for them, line by line. */
export class FieldReader {
  #field: OtherField | undefined;
  #pythonBuilds = false;

  line(text: string): void {
    if (/\b(?:pip3?|uv|poetry|pdm) (?:pip )?(?:install|sync|wheel|add)\b|\bsetup\.py\b/.test(text))
      this.#pythonBuilds = true;
    if (this.#field !== undefined || text.length > 600) return;
    this.#field = signs.find(([, form]) => form.test(text))?.[0];
  }

  field(): OtherField | undefined {
    return this.#field === "plain-cuda" && this.#pythonBuilds ? undefined : this.#field;
  }
}

/** Programs of other fields: package managers of systems and of other languages, and what only fetches or moves files. */
const foreignProgram =
  /^(?:npm|npx|yarn|pnpm|bun|node|corepack|go|cargo|rustup|mvn|gradle|dotnet|composer|bundle|gem|dnf|microdnf|yum|apt-get|apt|apk|zypper|pacman|curl|wget|echo|mkdir|rm|cp|mv|ln|set|cd|tar|chmod|useradd|groupadd)$/;

/** Whether the step of an image's build that failed is of another field: npm's, a package manager's of the system. */
export function isForeignStep({ failedStep, torch, package: built }: Match["context"]["log"]): boolean {
  if (failedStep === undefined || torch !== undefined || built !== undefined) return false;
  const programs = failedStep
    .split(/&&|\|\|?|;/)
    .map((command) => /^\s*(?:sudo |[A-Z_]\w*=\S* )*(\S+)/.exec(command)?.[1] ?? "");
  return programs.every((program) => foreignProgram.test(program));
}

/** Builds of other languages, without a word of torch in them: what fits them is not for these rules to be sure of. */
const ofOtherTools: ReadonlySet<OtherField | undefined> = new Set<OtherField>(["node", "go", "java", "julia", "r"]);

export const isOtherTools = ({ log }: Match["context"]): boolean => ofOtherTools.has(log.otherField);

const ofTorch = /\btorch\b|TORCH|\bretorch\b|\bsetup\.py\b|PyTorch/;

/** Frameworks beside torch that come as wheels with their kernels inside, and what brings the newest with a GPU's part. */
const frameworks: ReadonlyMap<OtherField, readonly [name: string, requirement: string, shows: string]> = new Map([
  ["jax", ["JAX", '"jax[cuda12]"', "import jax; print(jax.__version__, jax.devices())"]],
  [
    "tensorflow",
    [
      "TensorFlow",
      '"tensorflow[and-cuda]"',
      "import tensorflow as tf; print(tf.__version__, tf.sysconfig.get_build_info())",
    ],
  ],
  [
    "paddle",
    ["PaddlePaddle", "paddlepaddle-gpu", "import paddle; print(paddle.__version__); paddle.utils.run_check()"],
  ],
]);

/** The framework that the text is about, when it is none of torch's. */
export const frameworkOf = (field: OtherField | undefined) => (field === undefined ? undefined : frameworks.get(field));

/** A fix without what is for torch alone; what would be left empty stays as it is. */
export function withoutTorch(lines: readonly string[], { context: { log } }: Match): readonly string[] {
  if (log.otherField === undefined) return lines;
  const kept = lines.filter((line) => !ofTorch.test(line));
  return kept.length === 0 ? lines : kept;
}
