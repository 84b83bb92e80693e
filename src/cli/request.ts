/** From parsed options to the request of the configuration room. */
import type { BuildRequest } from "../config/request.ts";
import type { OptionValues } from "./spec.ts";
import type { requestOptions } from "./table.ts";

/** The request that options and paths make. */
export function requestOf(options: OptionValues<typeof requestOptions>, paths: readonly string[]): BuildRequest {
  return {
    paths,
    extensions: options.extension,
    name: options.name,
    kind: options.kind,
    out: options.out,
    python: options.python,
    cudaArch: options.arch,
    profile: options.profile,
    cxxStandard: options.std,
    defines: options.define,
    undefines: options.undefine,
    includeDirs: options["include-dir"],
    cxxFlags: options["cxx-flag"],
    nvccFlags: options["nvcc-flag"],
    hipccFlags: options["hipcc-flag"],
    syclFlags: options["sycl-flag"],
    linkFlags: options["link-flag"],
    libraries: options.library,
    libraryDirs: options["library-dir"],
  };
}
