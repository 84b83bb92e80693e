/**
 * What each program of a dry run is for, and how they hang together: by the files that one writes and another reads.
 * Strict: every program, every file and every connection must be accounted for. Anything else is a reason not to take
 * the command apart, given as a text.
 */
import type { DryRun, Step } from "./dry-run.ts";
import { namesTemporary } from "./dry-run.ts";

/** The device front end and code generator of one architecture. */
export interface DevicePhase {
  /** `compute_90a`. */
  readonly architecture: string;
  readonly preprocess: Step;
  /** Temporary name of the preprocessed source. */
  readonly source: string;
  readonly compile: Step;
  readonly ptx: string;
  readonly stub: string;
}

/** ptxas: makes machine code, or with no `output` only looks whether the PTX is valid. */
export interface AssemblePhase {
  /** `sm_90a`, `compute_120`. */
  readonly target: string;
  readonly step: Step;
  readonly ptx: string;
  readonly output?: string;
}

/** One nvcc command, taken apart. */
export interface Phases {
  readonly hostPreprocess: Step;
  readonly hostSource: string;
  readonly frontEnd: Step;
  readonly frontEndOutput: string;
  /** The name by which the front end's output includes the stub. */
  readonly stubName: string;
  readonly moduleId: string;
  readonly devices: readonly DevicePhase[];
  /** The one whose stub the host compile takes in. */
  readonly stubDevice: DevicePhase;
  readonly assemblies: readonly AssemblePhase[];
  readonly fatbinary: Step;
  /** The C text with the fat binary. */
  readonly fatbinC: string;
  /** The name by which the stub includes it. */
  readonly fatbinName: string;
  readonly hostCompile: Step;
  readonly object: string;
  /** `-dc`, `-rdc=true`. */
  readonly relocatable: boolean;
  /** NVVMIR_LIBRARY_DIR: where cicc finds libdevice. */
  readonly libdeviceDir: string | undefined;
}

/** Gives every program of a dry run its role. */
export function recognise(run: DryRun): Phases | string {
  const steps = run.steps.filter((step) => !removesTemporary(step));
  const rest = (program: string): Step[] => steps.filter((step) => baseName(step.program) === program);
  const frontEnds = rest("cudafe++");
  const compiles = rest("cicc");
  const assemblers = rest("ptxas");
  const fatbinaries = rest("fatbinary");
  const own = new Set([...frontEnds, ...compiles, ...assemblers, ...fatbinaries]);
  const host = steps.filter((step) => !own.has(step));
  const hostCompilers = new Set(host.map(({ program }) => program));
  const [frontEnd] = frontEnds;
  const [fatbinary] = fatbinaries;
  if (frontEnd === undefined || frontEnds.length > 1) return `nvcc would run cudafe++ ${frontEnds.length} times`;
  if (fatbinary === undefined || fatbinaries.length > 1) return `nvcc would run fatbinary ${fatbinaries.length} times`;
  if (compiles.length === 0) return "nvcc would compile no device code";
  if (hostCompilers.size !== 1) return `nvcc would run ${[...hostCompilers].map((name) => `\`${name}\``).join(", ")}`;
  const preprocesses = host.filter(({ words }) => words.includes("-E"));
  const hostCompiles = host.filter(({ words }) => words.includes("-c") && !words.includes("-E"));
  const [hostCompile] = hostCompiles;
  if (hostCompile === undefined || preprocesses.length + hostCompiles.length !== host.length || hostCompiles.length > 1)
    return "nvcc would run the host compiler in an unusual way";
  const producers = new Map<string, Step>();
  for (const step of preprocesses) {
    const output = valueOf(step, "-o");
    if (output === undefined || !namesTemporary(output))
      return "a preprocessed source would not go to a temporary file";
    producers.set(output, step);
  }
  const moduleId = valueOf(frontEnd, "--module_id_file_name");
  const frontEndOutput = valueOf(frontEnd, "--gen_c_file_name");
  const stubName = valueOf(frontEnd, "--stub_file_name");
  const hostSource = frontEnd.words.at(-1) ?? "";
  const hostPreprocess = producers.get(hostSource);
  if (moduleId === undefined || frontEndOutput === undefined || stubName === undefined || hostPreprocess === undefined)
    return "cudafe++ would be called in an unknown way";
  if (!hostCompile.words.includes(frontEndOutput)) return "the host compiler would not take what cudafe++ makes";
  const object = valueOf(hostCompile, "-o");
  const embedded = fatbinary.words.flatMap((word) => /^--embedded-fatbin=(.+)$/.exec(word)?.[1] ?? []);
  const [fatbinC] = embedded;
  if (object === undefined || fatbinC === undefined || embedded.length > 1)
    return "the fat binary would not be embedded in an object";
  const devices: DevicePhase[] = [];
  for (const compile of compiles) {
    const device = devicePhase(compile, producers, { moduleId, fatbinName: baseName(fatbinC) });
    if (typeof device === "string") return device;
    devices.push(device);
  }
  const architectures = new Set(devices.map(({ architecture }) => architecture));
  if (architectures.size !== devices.length) return "cicc would run twice for one architecture";
  if (preprocesses.length !== devices.length + 1) return "nvcc would preprocess more often than it compiles";
  const stubDevice = devices.find(({ stub }) => baseName(stub) === stubName);
  if (stubDevice === undefined) return "no device compile would write the stub that cudafe++ names";
  const ptxs = new Set(devices.map(({ ptx }) => ptx));
  const assemblies: AssemblePhase[] = [];
  for (const step of assemblers) {
    const phase = assemblePhase(step, ptxs);
    if (phase === undefined) return "ptxas would be called in an unknown way";
    assemblies.push(phase);
  }
  const known = new Set([...ptxs, ...assemblies.flatMap(({ output }) => output ?? [])]);
  for (const image of fatbinary.words.filter((word) => /^--image/.test(word))) {
    const file = imageFile(image);
    if (file === undefined || !known.has(file.path)) return "the fat binary would hold something unknown";
  }
  return {
    hostPreprocess,
    hostSource,
    frontEnd,
    frontEndOutput,
    stubName,
    moduleId,
    devices,
    stubDevice,
    assemblies,
    fatbinary,
    fatbinC,
    fatbinName: baseName(fatbinC),
    hostCompile,
    object,
    relocatable: frontEnd.words.includes("--device-c"),
    libdeviceDir: run.variables.get("NVVMIR_LIBRARY_DIR"),
  };
}

/** The file of `--image3=kind=elf,sm=90,file=PATH`, and what stands before it. */
export function imageFile(word: string): { readonly prefix: string; readonly path: string } | undefined {
  const match = /^(--image\w*=(?:[^,]*,)*file=)(.+)$/.exec(word);
  return match === null ? undefined : { prefix: match[1] ?? "", path: match[2] ?? "" };
}

/** The word after a word. */
export function valueOf(step: Step, name: string): string | undefined {
  const at = step.words.indexOf(name);
  return at < 0 ? undefined : step.words[at + 1];
}

/** The last part of a path. */
export function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

function devicePhase(
  compile: Step,
  producers: ReadonlyMap<string, Step>,
  names: { readonly moduleId: string; readonly fatbinName: string },
): DevicePhase | string {
  const architecture = valueOf(compile, "-arch");
  const ptx = valueOf(compile, "-o");
  const stub = valueOf(compile, "--stub_file_name");
  const source = compile.words.find((word) => producers.has(word)) ?? "";
  const preprocess = producers.get(source);
  if (
    architecture === undefined ||
    !/^compute_\d+[a-z]?$/.test(architecture) ||
    ptx === undefined ||
    stub === undefined ||
    preprocess === undefined ||
    valueOf(compile, "--module_id_file_name") !== names.moduleId ||
    valueOf(compile, "--include_file_name") !== names.fatbinName ||
    valueOf(compile, "--gen_c_file_name") === undefined ||
    valueOf(compile, "--gen_device_file_name") === undefined
  )
    return "cicc would be called in an unknown way";
  if (compile.words.includes("-olto")) return "the device code is kept for link-time optimisation";
  return { architecture, preprocess, source, compile, ptx, stub };
}

function assemblePhase(step: Step, ptxs: ReadonlySet<string>): AssemblePhase | undefined {
  const target = step.words.flatMap((word) => /^-arch=((?:sm|compute)_\d+[a-z]?)$/.exec(word)?.[1] ?? [])[0];
  const ptx = step.words.find((word) => ptxs.has(word));
  const output = valueOf(step, "-o");
  if (target === undefined || ptx === undefined) return undefined;
  return { target, step, ptx, ...(output === undefined ? {} : { output }) };
}

/** nvcc does not quote these names: one with a blank is several words. */
function removesTemporary({ program, words }: Step): boolean {
  return program === "rm" && namesTemporary(words[0] ?? "");
}
