/**
 * The headers and libraries that a build with CUDA uses: what a toolkit has, what it lacks, what pip's nvidia wheels and
 * torch's own variables add to it.
 */
import { compareVersions, parseVersion } from "../base/order.ts";
import { cudaHeaderVersion, type Toolkit } from "./cuda-toolkit.ts";
import { fit } from "./cuda-versions.ts";
import type { Cuda, Python } from "./environment.ts";
import { parseHostConfig, tabledBounds } from "./host-compiler-bounds.ts";
import type { Look } from "./look.ts";

/** Headers that `ATen/cuda/CUDAContext.h` and what it includes ask for (torch 2.14). */
const atenHeaders = [
  "cuda.h",
  "cuda_runtime.h",
  "cuda_runtime_api.h",
  "cublas_v2.h",
  "cublasLt.h",
  "cusparse.h",
  "cusolverDn.h",
  "cusolver_common.h",
];

/** The folders that pip's nvidia wheels share, with the names in them. */
export function wheelFolders(
  look: Look,
  python: Python | undefined,
): { readonly root: string; readonly folders: readonly string[] }[] {
  return (python?.packageDirs ?? []).flatMap((folder) => {
    const root = look.path.join(folder, "nvidia");
    const folders = look.list(root).filter((name) => look.isDirectory(look.path.join(root, name)));
    return folders.length === 0 ? [] : [{ root, folders }];
  });
}

/** Folders that torch's own builder adds for CUDA: CUDA_INC_PATH, and cuDNN's by CUDNN_HOME or CUDNN_PATH. */
export function byOtherVariables(look: Look): { readonly includeDirs: string[]; readonly libraryDirs: string[] } {
  const include = look.variable("CUDA_INC_PATH");
  const cudnn = look.variable("CUDNN_HOME") ?? look.variable("CUDNN_PATH");
  const wide = cudnn === undefined ? "" : look.path.join(cudnn, "lib64");
  const libraryDir =
    cudnn === undefined
      ? []
      : [
          look.host.platform === "win32"
            ? look.path.join(cudnn, "lib", "x64")
            : look.isDirectory(wide)
              ? wide
              : look.path.join(cudnn, "lib"),
        ];
  const folders = [
    ...(include === undefined || include === "/usr/include" ? [] : [include]),
    ...(cudnn === undefined ? [] : [look.path.join(cudnn, "include")]),
  ];
  return {
    includeDirs: folders.filter((folder) => look.isDirectory(folder)),
    libraryDirs: libraryDir.filter((folder) => look.isDirectory(folder)),
  };
}

/** Those of ATen's headers that none of the folders has. */
export function missingIn(look: Look, folders: readonly string[]): string[] {
  return atenHeaders.filter((header) => !folders.some((folder) => look.isFile(look.path.join(folder, header))));
}

/** Takes headers that a toolkit lacks from pip's nvidia wheels of the same CUDA version. */
export function borrow(
  look: Look,
  toolkit: Toolkit,
  version: string,
  python: Python | undefined,
  missing: readonly string[],
): { readonly includeDirs: string[]; readonly libraryDirs: string[] } | undefined {
  for (const { root, folders } of wheelFolders(look, python)) {
    const together = folders.filter((name) => /^cu\d+$/.test(name));
    const groups = [...together.map((name) => [name]), folders.filter((name) => !together.includes(name))];
    for (const group of groups) {
      const roots = group.map((name) => look.path.join(root, name));
      const includeDirs = roots.map((folder) => look.path.join(folder, "include"));
      const itsVersion = includeDirs
        .map((folder) => cudaHeaderVersion(look, folder))
        .find((each) => each !== undefined);
      if (itsVersion === undefined || includeDirs.some((folder) => toolkit.includeDirs.includes(folder))) continue;
      const having = includeDirs.filter((folder) =>
        missing.some((header) => look.isFile(look.path.join(folder, header))),
      );
      if (having.length === 0) continue;
      const where = `\`${having.join("`, `")}\` (pip's nvidia wheels)`;
      if (fit(itsVersion, version) !== 2) {
        look.note({
          what: "cuda headers",
          where,
          outcome: "rejected",
          why: `CUDA ${itsVersion}, the toolkit is ${version}`,
        });
        continue;
      }
      look.note({ what: "cuda headers", where, outcome: "chosen", why: `the toolkit lacks ${missing.join(", ")}` });
      const libraryDirs = having
        .map((folder) => look.path.join(folder, "..", "lib"))
        .filter((folder) => look.isDirectory(folder));
      return { includeDirs: having, libraryDirs };
    }
  }
  return undefined;
}

/** The file of each library: without a version in its name where there is one, else the newest. */
export function librariesIn(look: Look, folders: readonly string[]): Record<string, string> {
  const found = new Map<string, { readonly path: string; readonly version: readonly number[] | undefined }>();
  const pattern =
    look.host.platform === "win32" ? /^(cu.+|nv.+)\.lib$/ : /^lib((?:cu|nv|nccl).+?)\.(?:so|a)(?:\.([\d.]+))?$/;
  const places = folders.flatMap((folder) => [folder, look.path.join(folder, "stubs")]);
  for (const folder of places) {
    const prefixes = look.host.platform === "win32" ? ["cu", "nv"] : ["libcu", "libnv", "libnccl"];
    for (const name of prefixes.flatMap((prefix) => look.list(folder, { prefix }))) {
      const [, library, number] = pattern.exec(name) ?? [];
      if (library === undefined) continue;
      const version = number === undefined ? undefined : parseVersion(number);
      const known = found.get(library);
      const better =
        known === undefined ||
        (known.version !== undefined && (version === undefined || compareVersions(version, known.version) > 0));
      if (better) found.set(library, { path: look.path.join(folder, name), version });
    }
  }
  return Object.fromEntries([...found].map(([name, { path }]) => [name, path]));
}

/** Which host compilers a toolkit takes: by its own header, else by the table. */
export function boundsOf(look: Look, toolkit: Toolkit, version: string): Cuda["hostCompilers"] {
  const folders = toolkit.includeDirs.length === 0 ? ["/usr/include"] : toolkit.includeDirs;
  for (const folder of folders) {
    for (const name of [look.path.join("crt", "host_config.h"), "host_config.h"]) {
      const path = look.path.join(folder, name);
      const bounds = parseHostConfig(look.readText(path) ?? "", path);
      if (bounds !== undefined) return bounds;
    }
  }
  return tabledBounds(version);
}
