/** What a missing library, or one that is too old, means and what to do about it. */
import { cudaLibraryOf } from "./cuda-facts.ts";
import { torchLibraryOf } from "./extension.ts";
import type { JudgeEnvironment, Problem } from "./verdict.ts";
import { gccOf, splitVersion } from "./versions.ts";

/** Something of the library's name is found first, and is no ELF file. */
export function unusableLibraryProblem(name: string, path: string): Problem {
  // What glibc has under this name is a script for the linker; musl's own `libc.so` is the library.
  const musl = name === "libc.so" ? otherLibc("libc.musl-") : undefined;
  if (musl !== undefined) {
    return {
      kind: "missing-library",
      severity: "error",
      library: name,
      owner: "c",
      what: `It needs \`${name}\`, which is musl's name for the C library`,
      ...musl,
    };
  }
  return {
    kind: "missing-library",
    severity: "error",
    library: name,
    what: `\`${path}\`, which is found first for \`${name}\`, is no ELF file`,
    why: "The loader gives up at it (`invalid ELF header`, `file too short`) and looks no further: a script for the linker, a text file in the place of a link, a download that was cut off",
    fix: `Remove it, or put the folder with the real \`${name}\` before its folder`,
  };
}

export interface MissingLibrary {
  readonly name: string;
  readonly neededBy: string;
  /** The library itself is one that the inspected file asks for. */
  readonly direct: boolean;
}

/** The major part of `13.0`. */
function majorOf(version: string | undefined): number | undefined {
  const major = Number(version?.split(".")[0]);
  return Number.isNaN(major) ? undefined : major;
}

/** Torch's libraries that came or went: where they are, says the name. */
function torchLibrary(name: string, library: string, environment: JudgeEnvironment): Pick<Problem, "why" | "fix"> {
  const { torch } = environment;
  if (torch === undefined) {
    return {
      why: `\`${name}\` is part of PyTorch, and no PyTorch was found`,
      fix: "Install PyTorch in the environment of the interpreter, or name the interpreter with `--python`",
    };
  }
  const rebuild = `Build it again with the installed PyTorch ${torch.version}: \`retorch build\`, or \`pip install --no-build-isolation --force-reinstall --no-cache-dir …\``;
  if (/cuda|nvshmem|nvrtc/.test(library) && torch.cudaVersion === undefined) {
    return {
      why: `\`${name}\` comes with a PyTorch for CUDA, and the installed PyTorch ${torch.version} is one without`,
      fix: `Install a PyTorch with CUDA, or build the extension without: ${rebuild.replace(/^Build/, "build")}`,
    };
  }
  if (/hip/.test(library) && torch.hipVersion === undefined) {
    return {
      why: `\`${name}\` comes with a PyTorch for ROCm, and the installed PyTorch ${torch.version} is none`,
      fix: `Install a PyTorch for ROCm, or build the extension without: ${rebuild.replace(/^Build/, "build")}`,
    };
  }
  if (/^torch_cuda_(?:cu|cpp)$/.test(library)) {
    return {
      why: `PyTorch was split into \`${name}\` only up to 1.12; the installed one is ${torch.version}`,
      fix: rebuild,
    };
  }
  return {
    why: `\`${name}\` is part of PyTorch, but the installed PyTorch ${torch.version} has no such library`,
    fix: rebuild,
  };
}

function cudaLibrary(name: string, environment: JudgeEnvironment): Pick<Problem, "why" | "fix"> | undefined {
  const known = cudaLibraryOf(name);
  if (known === undefined) return undefined;
  const torchCuda = environment.torch?.cudaVersion;
  if (known.name === "cuda" || known.name === "nvcuda" || known.name === "nvml") {
    return {
      why: `\`${name}\` comes with NVIDIA's driver, which is not installed here`,
      fix: "Install the NVIDIA driver, or run it on a machine with a GPU",
    };
  }
  if (known.name === "cudart" && known.major !== undefined) {
    const have = torchCuda ?? environment.cuda?.version;
    const here = have === undefined ? "no CUDA is installed here" : `here is CUDA ${have}`;
    if (majorOf(have) !== known.major) {
      return {
        why: `It was built with CUDA ${known.major}, and ${here}`,
        fix:
          torchCuda === undefined
            ? `Install a PyTorch for CUDA ${known.major}, or build the extension for what is installed: \`retorch build\``
            : `Build it again with a CUDA ${majorOf(torchCuda) ?? ""} toolkit for the installed PyTorch ${environment.torch?.version ?? ""}: \`retorch build\``,
      };
    }
  }
  return {
    why: `\`${name}\` is one of CUDA's libraries; none of the folders that the loader searches has it`,
    fix: "Install the `nvidia-…` wheel or the toolkit that has it, and `import torch` before the extension, which brings torch's own CUDA libraries into the process",
  };
}

/** The problem that a missing library is. */
export function missingLibraryProblem(missing: MissingLibrary, environment: JudgeEnvironment): Problem {
  const { name, neededBy } = missing;
  const base = {
    kind: "missing-library" as const,
    severity: "error" as const,
    library: name,
    what: missing.direct
      ? `The library \`${name}\` is not found`
      : `The library \`${name}\`, which \`${neededBy}\` needs, is not found`,
  };
  const library = torchLibraryOf(name);
  if (library !== undefined) return { ...base, owner: "torch", ...torchLibrary(name, library, environment) };
  const cuda = cudaLibrary(name, environment);
  if (cuda !== undefined) return { ...base, owner: "cuda", ...cuda };
  const python = /^(?:lib)?python(\d)\.?(\d+)/.exec(name);
  if (python !== null) {
    const have = environment.python?.version.slice(0, 2).join(".");
    return {
      ...base,
      owner: "python",
      why: `It is linked to the library of Python ${python[1]}.${python[2]}${have === undefined ? "" : `, and the interpreter is Python ${have}`}`,
      fix: "Build it again with the interpreter that imports it; extension modules should not be linked to libpython at all",
    };
  }
  const original = bundledName(name);
  if (original !== undefined) {
    return {
      ...base,
      owner: "user",
      why: `It is a copy of \`${original}\` that auditwheel or delvewheel put into the wheel, under a name that no other package has; its folder (\`….libs\`) is not beside the package`,
      fix: "Install the whole wheel again (`pip install --force-reinstall --no-deps PACKAGE`), or repair it again (`auditwheel repair`): files of it must not be moved one by one",
    };
  }
  const other = otherLibc(name);
  if (other !== undefined) return { ...base, owner: "c", ...other };
  return {
    ...base,
    owner: "user",
    why: "None of the folders that the loader searches has it",
    fix: `Install the package that has \`${name}\`, or add its folder with \`runtime-library-dirs\` in retorch.toml (\`-Wl,-rpath,FOLDER\`) or \`LD_LIBRARY_PATH\``,
  };
}

/** `libgomp-a34b3233.so.1` (auditwheel: eight hexadecimal digits), `msvcp140-….dll` (delvewheel: 32) → the plain name. */
function bundledName(name: string): string | undefined {
  const match = /^([^/\\]+?)-(?:[0-9a-f]{8}(?=\.so)|[0-9a-f]{32}(?=\.dll$))(\.[\w.]+)$/.exec(name);
  return match === null ? undefined : `${match[1] ?? ""}${match[2] ?? ""}`;
}

/** The C library of another kind of Linux. */
function otherLibc(name: string): Pick<Problem, "why" | "fix"> | undefined {
  const build = "Build it here: `retorch build`, or `pip install --no-binary PACKAGE PACKAGE`";
  if (/^(?:libc\.musl-|ld-musl-)/.test(name))
    return { why: "It was built for musl (Alpine Linux), and this system has glibc", fix: build };
  if (/^(?:libc\.so\.6|ld-linux\b.*)$/.test(name)) {
    return {
      why: "It was built for glibc, and this system has another C library (musl, as in Alpine Linux)",
      fix: `${build}; PyTorch's own wheels need glibc: an image such as \`python:3.12-slim\` has it`,
    };
  }
  return undefined;
}

/** A version that the library at hand does not have. */
export interface MissingVersion {
  readonly version: string;
  readonly library: string;
  readonly path: string;
  readonly neededBy: string;
  /** The highest version of the family that is there. */
  readonly have?: string;
}

/** The problem that libraries older than those at build time are. */
export function missingVersionProblem(missing: MissingVersion): Problem {
  const { version, library, path, have } = missing;
  const family = splitVersion(version)?.family;
  const base = {
    kind: "version-too-old" as const,
    severity: "error" as const,
    library,
    what: `\`${path}\` has no \`${version}\``,
  };
  const newest = have === undefined ? "" : `; its newest is ${have}`;
  if (family === "GLIBCXX" || family === "CXXABI") {
    const gcc = gccOf(version);
    const madeBy = gcc === undefined ? "a newer GCC" : `GCC ${gcc} or later`;
    return {
      ...base,
      owner: "libstdc++",
      why: `It was compiled with ${madeBy} than the C++ library that is loaded here${newest}`.replace(
        "or later than",
        "or later, newer than",
      ),
      fix: "Let a newer libstdc++ be loaded (`conda install -c conda-forge libstdcxx-ng`, or the system's through `LD_PRELOAD`), or compile with an older GCC (`CXX=g++-11 retorch build`)",
    };
  }
  if (family === "GLIBC") {
    return {
      ...base,
      owner: "c",
      why: `It was built on a newer system: it asks for glibc ${splitVersion(version)?.numbers.join(".") ?? version}${newest}`,
      fix: "Build it on this machine (`retorch build`, or `pip install --no-binary PACKAGE PACKAGE`), or on the oldest system that it shall run on",
    };
  }
  return {
    ...base,
    owner: "user",
    why: `It was built against a newer \`${library}\` than the one that is loaded${newest}`,
    fix: `Update \`${library}\`, or build it again against the installed one`,
  };
}
