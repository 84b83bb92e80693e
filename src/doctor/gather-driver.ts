/** Looks at the driver's files and at CUDA's headers on the search paths. */
import { isAbsolute, join } from "node:path";
import { quietly } from "../base/quietly.ts";
import { isFile } from "./is-file.ts";
import type { Environment } from "../environment/environment.ts";
import type { Host } from "../host/host.ts";
import { fileSource } from "../inspect/bytes.ts";
import { readLoaderCache } from "../inspect/ld-cache.ts";
import type { DoctorFacts } from "./facts.ts";

const libraryName = "libcuda.so.1";
const libraryFolders = [
  "/usr/lib/x86_64-linux-gnu",
  "/usr/lib/aarch64-linux-gnu",
  "/usr/lib64",
  "/usr/lib",
  "/lib64",
  "/lib",
];

/** Which `libcuda` a program would get, beside what the kernel says. */
export function driverFilesOf(host: Host, kernel: string | undefined): DoctorFacts["driverFiles"] {
  if (host.platform !== "linux") return undefined;
  const library = driverLibrary(host);
  if (kernel === undefined && library === undefined) return undefined;
  const devices = (quietly(() => host.fs.list("/dev")) ?? []).some((name) => /^nvidia(?:\d+|-caps)$/.test(name));
  // Tegra's GPUs have device files of other names.
  const isTegra = quietly(() => host.fs.stat("/etc/nv_tegra_release")) !== undefined;
  return {
    ...(kernel === undefined ? {} : { kernel }),
    ...(library === undefined ? {} : { library }),
    hasDevices: devices || isTegra,
  };
}

type DriverLibrary = NonNullable<NonNullable<DoctorFacts["driverFiles"]>["library"]>;

function driverLibrary(host: Host): DriverLibrary | undefined {
  const given = (host.env["LD_LIBRARY_PATH"] ?? "").split(":").filter((folder) => isAbsolute(folder));
  const byVariable = given.map((folder) => join(folder, libraryName)).find((path) => isFile(host, path));
  const path =
    byVariable ??
    cachedLibrary(host) ??
    libraryFolders.map((one) => join(one, libraryName)).find((one) => isFile(host, one));
  if (path === undefined) return undefined;
  const real = quietly(() => host.fs.realpath(path)) ?? path;
  const version = /libcuda\.so\.(\d+\.\d+(?:\.\d+)?)$/.exec(real)?.[1];
  return {
    path: real.includes("/stubs/") || real.includes("compat") ? real : path,
    ...(version === undefined ? {} : { version }),
    ...(byVariable === undefined ? {} : { byVariable: true as const }),
  };
}

function cachedLibrary(host: Host): string | undefined {
  const source = fileSource(host.fs, "/etc/ld.so.cache");
  if (source === undefined) return undefined;
  const wanted = host.arch === "x64" ? /x86_64|lib64|wsl/ : /./;
  const all = readLoaderCache(source).get(libraryName) ?? [];
  return (all.find(({ path }) => wanted.test(path)) ?? all[0])?.path;
}

/** CUDART_VERSION of the toolkit's own headers. */
export function cudaHeadersOf(host: Host, { cuda }: Environment): string | undefined {
  if (cuda === undefined) return undefined;
  for (const folder of cuda.includeDirs) {
    const version = headerVersion(host, join(folder, "cuda_runtime_api.h"), "CUDART_VERSION");
    if (version !== undefined) return version;
  }
  return undefined;
}

/**
 * Of the headers that nvcc includes by itself, and the one of CCCL that PyTorch's do (torch/headeronly/util/complex.h),
 * those that the toolkit lacks. Where it has none at all, its folders are not known.
 */
export function missingCudaHeadersOf(host: Host, { cuda, torch }: Environment): readonly string[] {
  if (cuda === undefined) return [];
  // `$(TOP)/include` of nvcc.profile, and where CUDA 13 keeps CCCL.
  const places = [...cuda.includeDirs, join(cuda.root, "include")].flatMap((folder) => [folder, join(folder, "cccl")]);
  const wanted = [
    "crt/host_config.h",
    "cuda_runtime.h",
    ...(torch?.cudaVersion === undefined ? [] : ["thrust/complex.h"]),
  ];
  const missing = wanted.filter((header) => !places.some((folder) => isFile(host, join(folder, header))));
  return missing.length === wanted.length ? [] : missing;
}

/** Folders that every compile searches, with CUDA's headers. */
export function cudaHeaderPlacesOf(host: Host): NonNullable<DoctorFacts["cudaHeaderPlaces"]> {
  if (host.platform === "win32") return [];
  return ["CPATH", "C_INCLUDE_PATH", "CPLUS_INCLUDE_PATH"].flatMap((variable) =>
    (host.env[variable] ?? "").split(":").flatMap((folder) => {
      const version = isAbsolute(folder) ? headerVersion(host, join(folder, "cuda.h"), "CUDA_VERSION") : undefined;
      return version === undefined ? [] : [{ variable, folder, version }];
    }),
  );
}

/** `#define CUDA_VERSION 12040` → `12.4`. */
function headerVersion(host: Host, path: string, name: string): string | undefined {
  const text = quietly(() => host.fs.readText(path)) ?? "";
  const number = Number(new RegExp(`^[ \\t]*#[ \\t]*define[ \\t]+${name}[ \\t]+(\\d+)`, "m").exec(text)?.[1]);
  return Number.isNaN(number) ? undefined : `${Math.floor(number / 1000)}.${Math.floor((number % 1000) / 10)}`;
}

export function badTemporaryOf(host: Host): DoctorFacts["badTemporary"] {
  const path = host.env["TMPDIR"];
  if (host.platform === "win32" || path === undefined || path === "") return undefined;
  const kind = quietly(() => host.fs.stat(isAbsolute(path) ? path : join(host.cwd, path)))?.kind;
  return kind === "directory" ? undefined : { path, exists: kind !== undefined };
}
