/** From parsed options to the request of the configuration room. */
import { resolve } from "node:path";
import { failure } from "../base/failure.ts";
import { err, ok, type Result } from "../base/result.ts";
import type { BuildRequest, CapturedText } from "../config/request.ts";
import type { CommandContext } from "./context.ts";
import type { OptionValues } from "./spec.ts";
import type { requestOptions } from "./request-options.ts";

/** The request that options and paths make. `--request` is read here, once. */
export async function requestOf(
  context: Pick<CommandContext, "host" | "program">,
  options: OptionValues<typeof requestOptions>,
  paths: readonly string[],
): Promise<Result<BuildRequest>> {
  const captured = options.request === undefined ? ok(undefined) : await readCaptured(context, options.request);
  if (!captured.ok) return captured;
  return ok({
    paths,
    captured: captured.value,
    extensions: options.extension,
    name: options.name,
    kind: options.kind,
    out: options.out,
    python: options.python,
    setupArguments: options["setup-arg"],
    cudaArch: options.arch,
    cudaGraph: options["cuda-graph"],
    provenance: options.provenance,
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
    packagesAt: options["packages-at"],
    libraries: options.library,
    libraryDirs: options["library-dir"],
  });
}

async function readCaptured(
  { host, program }: Pick<CommandContext, "host" | "program">,
  name: string,
): Promise<Result<CapturedText>> {
  if (name === "-") {
    const parts: Uint8Array[] = [];
    for await (const part of program.stdin.chunks()) parts.push(part);
    return ok({ name: "standard input", text: Buffer.concat(parts).toString("utf8") });
  }
  const path = resolve(host.cwd, name);
  if (host.fs.stat(path)?.kind === "directory")
    return err(failure("USAGE", `\`${name}\` is a folder, not a captured request`));
  const text = host.fs.readText(path);
  return text === undefined ? err(failure("PATH_NOT_FOUND", `\`${name}\` does not exist`)) : ok({ name, text });
}
