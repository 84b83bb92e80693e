/**
 * What a build was made against, for those who get its result: versions and ABI, no paths and no times, so that two
 * machines alike say the same. The names are those of the document that `--result` writes.
 */
import type { Environment, HostCompiler } from "../environment/environment.ts";

/** Versions and ABI; null where there is none. */
export interface BuiltWith {
  readonly platform: string;
  readonly arch: string;
  readonly python: { readonly implementation: string; readonly version: string; readonly soabi: string } | null;
  readonly torch: {
    readonly version: string;
    readonly cuda: string | null;
    readonly hip: string | null;
    readonly cxx11_abi: boolean;
  } | null;
  /** Version of the CUDA toolkit, when there is one. */
  readonly cuda_toolkit: string | null;
  readonly compiler: CompilerFacts | null;
  /** The host compiler of nvcc, where it is another. */
  readonly cuda_host_compiler: CompilerFacts | null;
}

interface CompilerFacts {
  readonly family: string;
  readonly version: string;
  readonly target: string;
}

/** Reads it off the environment. */
export function builtWith({ platform, arch, python, torch, cuda, compiler, cudaHost }: Environment): BuiltWith {
  const another = cudaHost?.cxx.identity === compiler?.cxx.identity ? undefined : cudaHost;
  return {
    platform,
    arch,
    python:
      python === undefined
        ? null
        : { implementation: python.implementation, version: python.version.join("."), soabi: python.soabi },
    torch:
      torch === undefined
        ? null
        : {
            version: torch.version,
            cuda: torch.cudaVersion ?? null,
            hip: torch.hipVersion ?? null,
            cxx11_abi: torch.cxx11Abi,
          },
    cuda_toolkit: cuda?.fullVersion ?? null,
    compiler: factsOf(compiler),
    cuda_host_compiler: factsOf(another),
  };
}

function factsOf(compiler: HostCompiler | undefined): CompilerFacts | null {
  if (compiler === undefined) return null;
  return { family: compiler.family, version: compiler.version.join("."), target: compiler.target };
}
