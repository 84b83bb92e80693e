/** What a file has to do with CUDA: the runtime it uses, the device code in it, and the toolkit that made that. */
import { compareVersions, sorted, unique } from "../base/order.ts";
import { architectureText, compareArchitectures, cudaForPtx } from "./architecture.ts";
import type { ByteSource } from "./bytes.ts";
import { type Fatbin, fatbinContent, type FatbinEntry, fatbinRanges, kernelsOf, readFatbins } from "./fatbin.ts";
import { isDeviceLinkSymbol } from "./symbol-owner.ts";
import type { CudaFacts, DeviceCode, NeededLibrary, UndefinedSymbol } from "./report.ts";

/** Device code is unpacked to list its kernels when it takes no more than this. */
const MAX_UNPACKED = 16 * 1024 * 1024;

export interface CudaEvidence {
  readonly source: ByteSource;
  readonly sections: readonly { readonly name: string; readonly offset: number; readonly size: number }[];
  readonly libraries: readonly NeededLibrary[];
  readonly undefinedSymbols: readonly UndefinedSymbol[];
  /** Gets what could not be read. */
  readonly anomalies: string[];
  /** The file itself, where it is code of a GPU. */
  readonly alone?: Fatbin;
}

/** `libcudart.so.13` → cudart, 13; `cudart64_12.dll` → cudart, 12. Undefined for other libraries. */
export function cudaLibraryOf(library: string): { readonly name: string; readonly major?: number } | undefined {
  const file = library.replace(/^.*[/\\]/, "");
  const known =
    /^(?:lib)?(cudart|cudadevrt|cublasLt|cublas|cufft|cufftw|curand|cusolver|cusolverMg|cusparse|cusparseLt|cudnn\w*?|nccl|nvrtc|nvJitLink|nvtx\w*|nvToolsExt|cupti|cufile|nvshmem\w*|cuda|nvcuda|nvml)(?:64)?(?:_(\d+)(?:_\d+)*)?\.(?:so|dll)(?:\.(\d+))?/.exec(
      file,
    );
  const name = known?.[1];
  if (name === undefined) return undefined;
  const digits = known?.[2] ?? known?.[3];
  if (digits === undefined) return { name };
  // Windows of CUDA 11 wrote 110 for 11.0.
  const major = Number(digits.length === 3 ? digits.slice(0, 2) : digits);
  return { name, major };
}

export function cudaFacts(evidence: CudaEvidence): CudaFacts {
  const { source, anomalies } = evidence;
  const known = evidence.libraries.map((library) => ({ library: library.name, facts: cudaLibraryOf(library.name) }));
  const libraries = known.filter((one) => one.facts !== undefined).map((one) => one.library);
  const runtimeLibrary = known.find((one) => one.facts?.name === "cudart")?.facts;
  const { fatbins: found, anomalies: odd } = readFatbins(source, fatbinRanges(evidence.sections));
  anomalies.push(...odd);
  const { alone } = evidence;
  const fatbins = alone === undefined ? found : [alone];
  const asksForRuntime = evidence.undefinedSymbols.some(
    ({ name }) => /^(?:cuda[A-Z]|__cudaRegister)/.test(name) && !isDeviceLinkSymbol(name),
  );
  const runtime = runtimeLibrary !== undefined || asksForRuntime ? "shared" : found.length > 0 ? "static" : "none";
  const looked = lookInside(source, fatbins);
  const ptx = ptxOf(fatbins);
  return {
    uses: libraries.length > 0 || runtime !== "none" || fatbins.length > 0,
    runtime,
    libraries: sorted(libraries),
    ...(runtimeLibrary?.major === undefined ? {} : { major: runtimeLibrary.major }),
    ...(looked.toolkit === undefined ? {} : { toolkit: looked.toolkit }),
    ...(ptx === undefined ? {} : { ptx }),
    code: codeOf(fatbins),
    fatbins,
    unlinked: fatbins.some((fatbin) => fatbin.relocatable) && !fatbins.some((fatbin) => !fatbin.relocatable),
    ...(looked.kernels === undefined ? {} : { kernels: looked.kernels }),
  };
}

const KINDS = { cubin: "binary", ptx: "ptx", "lto-ir": "lto-ir" } as const;

/** The highest version of PTX: what is stored of it has lost the comment that names the compiler. */
function ptxOf(fatbins: readonly Fatbin[]): CudaFacts["ptx"] {
  const versions = fatbins.flatMap(({ entries }) =>
    entries.flatMap(({ kind, version }) => (kind === "ptx" ? [version] : [])),
  );
  const [highest] = versions.sort((a, b) => compareVersions(b, a));
  if (highest === undefined) return undefined;
  const cuda = cudaForPtx(highest);
  return { version: highest.join("."), ...(cuda === undefined ? {} : { cuda }) };
}

/** Which architectures there are, binaries first, by number. */
function codeOf(fatbins: readonly Fatbin[]): DeviceCode[] {
  const found = new Map<string, DeviceCode>();
  for (const fatbin of fatbins) {
    const seen = new Set<string>();
    for (const { kind, architecture } of fatbin.entries) {
      if (kind === "other") continue;
      const key = `${kind} ${architectureText(architecture)}`;
      if (seen.has(key)) continue;
      seen.add(key);
      found.set(key, { kind: KINDS[kind], architecture, count: (found.get(key)?.count ?? 0) + 1 });
    }
  }
  const order = ["binary", "ptx", "lto-ir"];
  return [...found.values()].sort(
    (a, b) => order.indexOf(a.kind) - order.indexOf(b.kind) || compareArchitectures(a.architecture, b.architecture),
  );
}

/** The entry of a fat binary that is cheapest to look into. */
export function smallestEntry(fatbin: Fatbin): FatbinEntry | undefined {
  let best: FatbinEntry | undefined;
  for (const entry of fatbin.entries) {
    if (entry.kind !== "cubin" && entry.kind !== "ptx") continue;
    if (best === undefined || entry.size < best.size) best = entry;
  }
  return best;
}

/** Kernels and toolkit, as far as that costs little. */
function lookInside(
  source: ByteSource,
  fatbins: readonly Fatbin[],
): { readonly kernels: readonly string[] | undefined; readonly toolkit: string | undefined } {
  const entries = fatbins.map(smallestEntry).filter((entry) => entry !== undefined);
  const total = entries.reduce((sum, entry) => sum + entry.size, 0);
  const complete = fatbins.length > 0 && total <= MAX_UNPACKED;
  let toolkit: string | undefined;
  const kernels: string[] = [];
  for (const entry of complete ? entries : entries.slice(0, 1)) {
    const content = fatbinContent(source, entry, MAX_UNPACKED);
    if (content === undefined) continue;
    toolkit ??= toolkitOf(content);
    if (complete) kernels.push(...(kernelsOf(entry, content) ?? []));
  }
  return { kernels: complete ? unique(kernels) : undefined, toolkit };
}

/** PTX has it in a comment, binaries since CUDA 13 in a note. */
function toolkitOf(content: Uint8Array): string | undefined {
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
  const at = bytes.indexOf("Cuda compilation tools, release ");
  if (at === -1) return undefined;
  return /^Cuda compilation tools, release [\d.]+, V(\d+(?:\.\d+)*)/.exec(bytes.toString("latin1", at, at + 80))?.[1];
}
