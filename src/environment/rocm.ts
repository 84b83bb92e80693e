/** Finds ROCm, when the installed torch is built for it. Written by torch's own search; tested with fakes only. */
import { failure } from "../base/failure.ts";
import { compareText, unique } from "../base/order.ts";
import type { Memory } from "./cache.ts";
import type { DeviceToolkit, Python } from "./environment.ts";
import type { Look } from "./look.ts";
import { makeTool, type Part } from "./tool-identity.ts";

interface Candidate {
  readonly source: string;
  readonly root: string;
}

/** Finds hipcc with its toolkit, in the order of torch's `_find_rocm_home`. */
export async function findRocm(
  look: Look,
  memory: Memory,
  python: Python | undefined,
): Promise<DeviceToolkit | undefined> {
  for (const { source, root } of candidates(look, python)) {
    const where = `\`${root}\` (${source})`;
    const hipcc = look.program(look.path.join(root, "bin", "hipcc"), "/");
    if (hipcc === undefined) {
      look.note({ what: "rocm", where, outcome: "missing", why: "no `bin/hipcc`" });
      continue;
    }
    const version = (await versionOf(look, memory, root, hipcc)) ?? "";
    look.note({ what: "rocm", where, outcome: "chosen", why: `ROCm ${version}` });
    const folders = (name: string): string[] =>
      [look.path.join(root, name), look.path.join(root, "hip", name)].filter((folder) => look.isDirectory(folder));
    return {
      root,
      version,
      compiler: await makeTool(look, memory, {
        name: "hipcc",
        path: hipcc,
        version,
        mode: "hipcc",
        parts: partsOf(look, root, hipcc),
      }),
      includeDirs: folders("include"),
      libraryDirs: folders("lib"),
      architectures: visibleArchitectures(look),
    };
  }
  look.problem(
    "rocm",
    failure("ROCM_NOT_FOUND", "The installed PyTorch is built for ROCm, but `hipcc` was not found", {
      hint: "Install ROCm, or set `ROCM_HOME` to its folder",
      attempts: look.attempts.filter((attempt) => attempt.what === "rocm"),
    }),
  );
  return undefined;
}

function* candidates(look: Look, python: Python | undefined): Generator<Candidate> {
  for (const name of ["ROCM_HOME", "ROCM_PATH"] as const) {
    const root = look.variable(name);
    if (root === undefined) look.note({ what: "rocm", where: name, outcome: "missing", why: "not set" });
    else if (look.path.isAbsolute(root)) yield { source: name, root };
  }
  for (const folder of python?.packageDirs ?? []) {
    const root = look.path.join(folder, "_rocm_sdk_core");
    if (look.isDirectory(root)) yield { source: "pip's rocm-sdk-core", root };
  }
  const onPath = look.program("hipcc", look.host.cwd);
  if (onPath !== undefined) {
    const root = look.path.dirname(look.path.dirname(look.realpath(onPath)));
    yield {
      source: "`hipcc` on the search path",
      root: look.path.basename(root) === "hip" ? look.path.dirname(root) : root,
    };
  }
  if (look.host.platform === "linux") yield { source: "usual place", root: "/opt/rocm" };
}

async function versionOf(look: Look, memory: Memory, root: string, hipcc: string): Promise<string | undefined> {
  const file = look.readText(look.path.join(root, ".info", "version"))?.trim();
  if (file !== undefined && file !== "") return file.split("-")[0];
  return memory.part(look, "hipcc", [hipcc], async (inner) => {
    inner.stat(hipcc);
    const said = await inner.run([hipcc, "--version"]);
    return /HIP version: (\d+(?:\.\d+)+)/.exec(said.stdout)?.[1];
  });
}

interface Node {
  readonly architecture: string;
  /** `GPU-` and the node's `unique_id` in sixteen digits, as ROCr names it (its RvdFilter); empty without one. */
  readonly uuid: string;
}

/**
 * The GPUs that a program started here would see, by the kernel's own list (what rocm_agent_enumerator reads), heeding
 * ROCR_VISIBLE_DEVICES and HIP_VISIBLE_DEVICES, or CUDA_VISIBLE_DEVICES in place of that; the second counts among what
 * the first leaves.
 */
function visibleArchitectures(look: Look): string[] {
  const nodes = "/sys/class/kfd/kfd/topology/nodes";
  const names = [...look.list(nodes)].sort((a, b) => Number(a) - Number(b));
  const { env } = look.host;
  let gpus = names.flatMap((node): Node[] => {
    const text = look.readText(look.path.join(nodes, node, "properties")) ?? "";
    const architecture = architectureName(Number(/^gfx_target_version (\d+)$/m.exec(text)?.[1] ?? 0));
    const id = BigInt(/^unique_id (\d+)$/m.exec(text)?.[1] ?? 0);
    const uuid = id === 0n ? "" : `GPU-${id.toString(16).padStart(16, "0")}`.toUpperCase();
    return architecture === undefined ? [] : [{ architecture, uuid }];
  });
  for (const mask of [env["ROCR_VISIBLE_DEVICES"], env["HIP_VISIBLE_DEVICES"] ?? env["CUDA_VISIBLE_DEVICES"]]) {
    if (mask !== undefined) gpus = masked(gpus, mask);
  }
  return unique(gpus.map(({ architecture }) => architecture)).sort(compareText);
}

/** What a mask leaves: numbers and beginnings of UUIDs, up to the first that names none or several. */
function masked(gpus: readonly Node[], mask: string): Node[] {
  const words = mask.split(",").map((word) => word.trim());
  // Newer ROCm knows longer UUIDs, which this list does not have: then all count.
  if (words.some((word) => word.startsWith("GPU-") && word.length > 20)) return [...gpus];
  const left: Node[] = [];
  for (const word of words) {
    const named = /^\d+$/.test(word)
      ? gpus.slice(Number(word), Number(word) + 1)
      : gpus.filter(({ uuid }) => word.length > 4 && uuid.startsWith(word.toUpperCase()));
    const [gpu] = named;
    if (gpu === undefined || named.length > 1) break;
    left.push(gpu);
  }
  return left;
}

/** `90010` → `gfx90a`: major, minor and stepping, two digits each, the last two in hexadecimal. 0 is the processor. */
function architectureName(version: number): string | undefined {
  if (!(version > 0)) return undefined;
  const [major, minor, stepping] = [Math.floor(version / 10_000), Math.floor(version / 100) % 100, version % 100];
  return `gfx${major}${minor.toString(16)}${stepping.toString(16)}`;
}

/** hipcc is a driver of ROCm's clang, which links in the device libraries. */
function partsOf(look: Look, root: string, hipcc: string): Part[] {
  const join = look.path.join;
  const bins = [join(root, "llvm", "bin"), join(root, "lib", "llvm", "bin")];
  const parts: Part[] = [{ name: "hipcc", path: look.realpath(hipcc), program: true }];
  for (const name of ["hipcc.bin", "hipcc.pl", "hipconfig"]) {
    const path = join(root, "bin", name);
    if (look.isFile(path)) parts.push({ name, path });
  }
  for (const name of ["clang++", "lld", "clang-offload-bundler", "clang-linker-wrapper"]) {
    const path = bins.map((bin) => join(bin, name)).find((each) => look.isFile(each));
    if (path !== undefined) parts.push({ name, path: look.realpath(path), program: true });
  }
  const bitcode = join(root, "amdgcn", "bitcode");
  for (const name of look.list(bitcode, { suffix: ".bc" })) parts.push({ name, path: join(bitcode, name) });
  return parts;
}
