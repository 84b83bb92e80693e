/**
 * From a list of GPU architectures, in all spellings that torch, nvcc and CMake know, to the architectures of a build
 * and their `-gencode` flags. The order of the list does not matter: the flags are sorted by number.
 */
import { failure, type Failure } from "../base/failure.ts";
import { parseVersion, unique } from "../base/order.ts";
import { err, ok, type Result } from "../base/result.ts";
import type { Gpu } from "../environment/environment.ts";
import {
  capabilitiesOf,
  compareCapabilities,
  cudaFor,
  knowsSuffix,
  namedArchitectures,
  type Suffix,
} from "./cuda-support.ts";

/** One architecture of a build. */
export interface CudaArchitecture {
  /** `9.0`. */
  readonly capability: string;
  readonly suffix: Suffix;
  /** Machine code for it. */
  readonly binary: boolean;
  /** PTX, which newer GPUs translate when they load it. */
  readonly ptx: boolean;
}

/** What decides the architectures. */
export interface CudaArchRequest {
  /** `cuda-arch` of the request: words as written. */
  readonly requested: readonly string[] | undefined;
  /** TORCH_CUDA_ARCH_LIST. */
  readonly variable: string | undefined;
  readonly gpus: readonly Gpu[];
  /** `13.0`. */
  readonly cudaVersion: string;
  /** What nvcc says that it compiles for (`8.0`, `9.0`), if it was asked. */
  readonly known?: readonly string[] | undefined;
}

/** The architectures, and what people should know of the choice. */
export interface CudaArchChoice {
  readonly architectures: readonly CudaArchitecture[];
  /** Where they come from: `cuda-arch`, `TORCH_CUDA_ARCH_LIST`, `the visible GPUs`, `the default`. */
  readonly origin: string;
  readonly warnings: readonly string[];
}

/**
 * Without a list and without a GPU. The oldest architecture that current PyTorch supports, with its PTX: one compile,
 * and the result runs on every GPU that PyTorch runs on. nvcc 13 itself chooses the same.
 */
const fallback = "7.5";

/**
 * Decides the architectures: the request, else TORCH_CUDA_ARCH_LIST, else the visible GPUs, else a default that runs
 * everywhere. torch's own builder fails in the last case.
 */
export function chooseArchitectures(request: CudaArchRequest): Result<CudaArchChoice> {
  const supported = (
    request.known === undefined || request.known.length === 0 ? capabilitiesOf(request.cudaVersion) : [...request.known]
  ).sort(compareCapabilities);
  const context: Context = { supported, cudaVersion: request.cudaVersion };
  const fromVariable = splitList(request.variable ?? "");
  const fromRequest = (request.requested ?? []).flatMap(splitList);
  const isNative = (words: readonly string[]): boolean => words.length === 1 && words[0]?.toLowerCase() === "native";
  // `native` says nothing where no GPU is; then the next source decides.
  const candidates: readonly (readonly [origin: string, words: readonly string[]])[] = [
    ["cuda-arch", fromRequest],
    ["TORCH_CUDA_ARCH_LIST", fromVariable],
  ];
  const chosen = candidates.find(([, words]) => words.length > 0 && (!isNative(words) || request.gpus.length > 0));
  const [origin, words] = chosen ?? ["the visible GPUs", ["native"]];
  if (chosen === undefined && request.gpus.length === 0) return ok(defaultChoice(context));
  const entries: CudaArchitecture[] = [];
  const warnings: string[] = [];
  for (const word of words) {
    const found = word.toLowerCase() === "native" ? native(request.gpus, context) : parseWord(word, context, origin);
    if (!found.ok) return found;
    entries.push(...found.value.architectures);
    warnings.push(...found.value.warnings);
  }
  return ok({ architectures: merge(entries), origin, warnings: unique(warnings) });
}

/** The flags of `nvcc` for architectures. With link-time optimisation of device code `lto_90` stands for `sm_90`. */
export function gencodeFlags(architectures: readonly CudaArchitecture[], deviceLto = false): string[] {
  return architectures.flatMap(({ capability, suffix, binary, ptx }) => {
    const name = `${capability.replace(".", "")}${suffix}`;
    return [
      ...(binary ? [`-gencode=arch=compute_${name},code=${deviceLto ? "lto" : "sm"}_${name}`] : []),
      ...(ptx ? [`-gencode=arch=compute_${name},code=compute_${name}`] : []),
    ];
  });
}

/** As people write it: `9.0a+PTX`. */
export function architectureText({ capability, suffix, binary, ptx }: CudaArchitecture): string {
  return `${capability}${suffix}${ptx ? (binary ? "+PTX" : "-virtual") : ""}`;
}

interface Context {
  /** Ascending. */
  readonly supported: readonly string[];
  readonly cudaVersion: string;
}

interface Found {
  readonly architectures: readonly CudaArchitecture[];
  readonly warnings: readonly string[];
}

function found(architectures: readonly CudaArchitecture[], warnings: readonly string[] = []): Result<Found> {
  return ok({ architectures, warnings });
}

/** torch takes `;` and blanks; a comma is what people write as well. */
function splitList(text: string): string[] {
  return text.split(/[;,\s]+/).filter((word) => word !== "");
}

function defaultChoice(context: Context): CudaArchChoice {
  const { supported } = context;
  const capability = supported.find((each) => compareCapabilities(each, fallback) >= 0) ?? supported.at(-1) ?? fallback;
  const architecture: CudaArchitecture = { capability, suffix: "", binary: true, ptx: true };
  return {
    architectures: [architecture],
    origin: "the default",
    warnings: [
      `no GPU is visible and no architecture was given: CUDA code is compiled for ${architectureText(architecture)}, which runs on every GPU from ${capability} on but is translated when it is first loaded there; set TORCH_CUDA_ARCH_LIST (or \`cuda-arch\`, \`--arch\`) to the GPUs that it is for, e.g. "8.0;9.0+PTX"`,
    ],
  };
}

/** The visible GPUs, and PTX of the newest. As torch, one that nvcc does not know is served by the newest below it. */
function native(gpus: readonly Gpu[], context: Context): Result<Found> {
  const capabilities = unique(gpus.map(({ computeCapability: [major, minor] }) => `${major}.${minor}`)).sort(
    compareCapabilities,
  );
  if (capabilities.length === 0) return found(defaultChoice(context).architectures, defaultChoice(context).warnings);
  const warnings: string[] = [];
  const chosen: string[] = [];
  for (const capability of capabilities) {
    const best = context.supported.filter((each) => compareCapabilities(each, capability) <= 0).at(-1);
    if (best === undefined) {
      const gpu = gpus.find(({ computeCapability: [major, minor] }) => `${major}.${minor}` === capability);
      return err(unsupported(capability, "", context, `the GPU \`${gpu?.name ?? capability}\` (${capability})`));
    }
    if (best !== capability) {
      warnings.push(
        `CUDA ${context.cudaVersion} does not know the GPU's architecture ${capability}: CUDA code is compiled for ${best}+PTX, which is translated when it is first loaded`,
      );
    }
    chosen.push(best);
  }
  const sorted = unique(chosen).sort(compareCapabilities);
  return found(
    sorted.map((capability, i) => ({ capability, suffix: "", binary: true, ptx: i === sorted.length - 1 })),
    warnings,
  );
}

function parseWord(word: string, context: Context, origin: string): Result<Found> {
  const { supported } = context;
  if (/^all(?:-major)?$/i.test(word)) return found(all(word.toLowerCase() === "all-major", supported));
  const named = namedEntries(word);
  if (named !== undefined) return namedArchitecture(word, named, context);
  const parsed = parseArchitecture(word);
  if (parsed === undefined) {
    const names = Object.keys(namedArchitectures).filter((name) => !name.includes("+"));
    return err(
      failure("CUDA_ARCH_UNKNOWN", `\`${word}\` in ${whence(origin)} is not a GPU architecture`, {
        hint: `Write compute capabilities (\`8.0\`, \`9.0a\`, \`12.0+PTX\`), \`native\`, \`all\`, \`all-major\`, or a name: ${names.join(", ")}`,
      }),
    );
  }
  if (!supported.includes(parsed.capability) || !knowsSuffix(context.cudaVersion, parsed.capability, parsed.suffix)) {
    return err(unsupported(parsed.capability, parsed.suffix, context, `\`${word}\` in ${whence(origin)}`));
  }
  return found([parsed]);
}

function whence(origin: string): string {
  return origin === "cuda-arch" ? "`cuda-arch`" : origin;
}

/**
 * `9.0`, `9.0a`, `9.0+PTX` as torch; `90`, `90a`, `90-real`, `90-virtual` as CMake; `sm_90`, `compute_90` as nvcc.
 */
function parseArchitecture(word: string): CudaArchitecture | undefined {
  const match = /^(sm_|compute_)?(\d{1,2})\.?(\d)([af])?(\+ptx|-real|-virtual)?$/i.exec(word);
  if (match === null) return undefined;
  const [, prefix = "", major = "", minor = "", suffix = "", how = ""] = match;
  const virtual = prefix.toLowerCase() === "compute_" || how.toLowerCase() === "-virtual";
  const capability = `${Number(major)}.${minor}`;
  return {
    capability,
    suffix: suffix.toLowerCase() as Suffix,
    binary: !virtual,
    ptx: virtual || how.toLowerCase() === "+ptx",
  };
}

/** As nvcc's `-arch=all` and `-arch=all-major`: machine code for each, the oldest among them, PTX of the newest. */
function all(majorOnly: boolean, supported: readonly string[]): CudaArchitecture[] {
  const chosen = majorOnly ? supported.filter((capability, i) => i === 0 || capability.endsWith(".0")) : supported;
  return chosen.map((capability, i) => ({ capability, suffix: "", binary: true, ptx: i === chosen.length - 1 }));
}

function namedEntries(word: string): readonly string[] | undefined {
  const lower = word.toLowerCase();
  const find = (name: string): readonly string[] | undefined =>
    Object.entries(namedArchitectures).find(([known]) => known.toLowerCase() === name)?.[1];
  const plain = find(lower);
  if (plain !== undefined) return plain;
  const withPtx = lower.endsWith("+ptx") ? find(lower.slice(0, -"+ptx".length)) : undefined;
  return withPtx?.map((each, i) => (i === withPtx.length - 1 && !each.endsWith("+PTX") ? `${each}+PTX` : each));
}

/** A name stands for those of its architectures that this CUDA knows; the last of them carries the PTX. */
function namedArchitecture(word: string, names: readonly string[], context: Context): Result<Found> {
  const entries = names.flatMap((name) => parseArchitecture(name) ?? []);
  const usable = entries.filter(({ capability }) => context.supported.includes(capability));
  const first = entries[0];
  if (usable.length === 0 && first !== undefined) {
    return err(unsupported(first.capability, "", context, `\`${word}\` (${names.join(", ")})`));
  }
  const ptx = entries.some((entry) => entry.ptx);
  return found(usable.map((entry, i) => ({ ...entry, ptx: ptx && i === usable.length - 1 })));
}

function unsupported(capability: string, suffix: Suffix, context: Context, what: string): Failure {
  const { supported, cudaVersion } = context;
  const range = supported.length === 0 ? "nothing that is known" : supported.join(", ");
  const would = cudaFor(capability, suffix);
  const renamed = capability === "10.1" && parseVersion(cudaVersion)[0] === 13 ? "CUDA 13 calls it `11.0`" : undefined;
  const alone =
    suffix !== "" && supported.includes(capability) ? `\`${capability}\` without \`${suffix}\` would do` : undefined;
  const hint =
    renamed ??
    [
      would === undefined ? "No CUDA is known that compiles for it" : `${would} compiles for it`,
      ...(alone === undefined ? [] : [alone]),
    ].join("; ");
  return failure("CUDA_ARCH_UNSUPPORTED", `CUDA ${cudaVersion} does not compile for ${what}, but for ${range}`, {
    hint,
  });
}

/** One entry for each architecture, ascending; what any entry asks for counts. */
function merge(entries: readonly CudaArchitecture[]): CudaArchitecture[] {
  const merged = new Map<string, CudaArchitecture>();
  for (const entry of entries) {
    const key = entry.capability + entry.suffix;
    const known = merged.get(key);
    merged.set(
      key,
      known === undefined ? entry : { ...known, binary: known.binary || entry.binary, ptx: known.ptx || entry.ptx },
    );
  }
  const order = ["", "a", "f"];
  return [...merged.values()].sort(
    (a, b) => compareCapabilities(a.capability, b.capability) || order.indexOf(a.suffix) - order.indexOf(b.suffix),
  );
}
