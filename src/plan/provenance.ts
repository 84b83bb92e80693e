/**
 * The note that a link puts into what it makes: with which torch, Python, CUDA and compiler it was built, for
 * `retorch inspect`. A file with it goes to the linker as one more input. It holds no path and no time, and of flags none:
 * a flag that leaves the objects as they are shall not lead to a link.
 */
import { coffNoteObject, elfNoteObject, type NoteMachine } from "../inspect/provenance-object.ts";
import { type Provenance, PROVENANCE_SECTION_MACHO, provenanceJson } from "../inspect/provenance.ts";
import { version } from "../version.ts";
import { type CudaArchitecture, architectureText } from "./cuda-arch.ts";
import type { Action, PathArg } from "./graph.ts";
import { pathArg, spelled } from "./paths.ts";
import type { Resolved } from "./resolve.ts";

/** The file, and the word by which the linker gets it. */
export interface PlannedNote {
  readonly note: NonNullable<Action["note"]>;
  readonly word: PathArg;
}

/** Flags with which the linker makes something else than a file for the compiler's usual machine. */
const otherMachine =
  /^(?:-m(?:32|x32|16)|-mabi=(?:ilp32|32)\b.*|-m(?:big-endian|be)|--target(?:=.*)?|-target|-r|-Wl,-r)$/;

/** Undefined when the extension wants no note, or none can be made for the machine that is linked for. */
export function planNote(
  resolved: Resolved,
  architectures: readonly CudaArchitecture[],
  flags: readonly string[],
): PlannedNote | undefined {
  const { extension, compiler, places, environment } = resolved;
  if (!extension.provenance) return undefined;
  if ([...flags, ...(compiler.cxx.arguments ?? [])].some((flag) => otherMachine.test(flag))) return undefined;
  const text = provenanceJson(provenanceFacts(resolved, architectures));
  const file = (suffix: string): string =>
    places.path.join(places.buildDir, "obj", extension.name, `provenance${suffix}`);
  if (environment.platform === "darwin") {
    const path = spelled(places, file(".json"));
    // The driver takes such a word apart at its commas.
    if (path.includes(",")) return undefined;
    const { segment, name } = PROVENANCE_SECTION_MACHO;
    return {
      note: { path, content: Buffer.from(text, "utf8"), text },
      word: { prefix: `-Wl,-sectcreate,${segment},${name},`, path, role: "input" },
    };
  }
  const machine = machineOf(compiler.target, environment.arch);
  if (machine === undefined) return undefined;
  const windows = environment.platform === "win32";
  const object = file(windows ? ".obj" : ".o");
  return {
    note: {
      path: spelled(places, object),
      content: windows ? coffNoteObject(machine, text) : elfNoteObject(machine, text),
      text,
    },
    word: pathArg(places, object, { role: "input" }),
  };
}

/** `x86_64-linux-gnu`; cl.exe says `x64`. The ABI of x86_64 with pointers of 32 bits has another file format. */
function machineOf(target: string, arch: string): NoteMachine | undefined {
  const first = target === "" ? arch : (target.split("-")[0] ?? "");
  if (/x32$|ilp32/.test(target)) return undefined;
  if (/^(?:x86_64|amd64|x64)$/i.test(first)) return "x86_64";
  if (/^(?:aarch64|arm64)$/i.test(first)) return "aarch64";
  return undefined;
}

function provenanceFacts(resolved: Resolved, architectures: readonly CudaArchitecture[]): Provenance {
  const { extension, torch, cuda, compiler } = resolved;
  const python = pythonTag(resolved);
  return {
    retorch: version,
    ...(torch === undefined
      ? {}
      : {
          torch: torch.version,
          ...(torch.gitVersion === undefined ? {} : { torchGit: torch.gitVersion }),
          ...(torch.cudaVersion === undefined ? {} : { torchCuda: torch.cudaVersion }),
          cxx11Abi: torch.cxx11Abi,
        }),
    ...(python === undefined ? {} : { python }),
    ...(cuda === undefined ? {} : { cuda: cuda.fullVersion }),
    ...(architectures.length === 0 ? {} : { cudaArch: architectures.map(architectureText) }),
    compiler: `${compiler.family} ${compiler.version.join(".")}`,
    ...(extension.torchTargetVersion === undefined ? {} : { torchTarget: extension.torchTargetVersion }),
  };
}

/** `abi3-3.10`, else the interpreter's own tag; undefined where Python is not part of it, or flags decide. */
function pythonTag({ extension, python }: Resolved): string | undefined {
  if (extension.kind !== "python-module") return undefined;
  if (extension.pyLimitedApi !== undefined) return `abi3-${extension.pyLimitedApi}`;
  const limited =
    extension.defines.some(({ name }) => name === "Py_LIMITED_API") ||
    extension.flags.cxx.some((flag) => flag.includes("Py_LIMITED_API"));
  return limited ? undefined : /^[a-z]+-?\d+[a-z]*/.exec(python?.soabi ?? "")?.[0];
}
