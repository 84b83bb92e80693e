/** Looks for what the interpreter would import: several installations of PyTorch, packages that a build asks for. */
import { plainName } from "../base/package-name.ts";
import { isAbsolute, join } from "node:path";
import { quietly } from "../base/quietly.ts";
import { isFile } from "./is-file.ts";
import type { Environment, Python } from "../environment/environment.ts";
import type { Host } from "../host/host.ts";
import type { DoctorFacts, TorchOrigin } from "./facts.ts";

/** Folders with a package `torch`, in the order in which `import` looks. A folder without `__init__.py` comes last of all. */
export function torchesOf(host: Host, python: Python | undefined): NonNullable<DoctorFacts["torches"]> {
  if (python === undefined) return [];
  const separator = host.platform === "win32" ? ";" : ":";
  const given = (host.env["PYTHONPATH"] ?? "").split(separator).filter((folder) => isAbsolute(folder));
  const userBase = host.env["PYTHONUSERBASE"] ?? join(host.home, ".local");
  const folders: (readonly [TorchOrigin, string])[] = [
    // `python -m …` and `python -c …` look in the current folder first.
    ["current folder", host.cwd],
    ...given.map((folder) => ["PYTHONPATH", folder] as const),
    ...python.packageDirs.map(
      (folder) => [folder.startsWith(`${userBase}/`) ? "user packages" : "packages", folder] as const,
    ),
  ];
  const seen = new Set<string>();
  return folders.flatMap(([from, folder]) => {
    const package_ = join(folder, "torch");
    const module = join(folder, "torch.py");
    const path = isFile(host, join(package_, "__init__.py")) ? package_ : isFile(host, module) ? module : undefined;
    if (path === undefined) return [];
    const real = quietly(() => host.fs.realpath(path)) ?? path;
    if (seen.has(real)) return [];
    seen.add(real);
    const text = quietly(() => host.fs.readText(join(package_, "version.py"))) ?? "";
    const version = /^__version__(?:\s*:\s*\w+)?\s*=\s*['"]([^'"]+)/m.exec(text)?.[1];
    return [{ folder: path, from, ...(version === undefined ? {} : { version }) }];
  });
}

/** `torch-2.1.0.dist-info`, `torch-2.4.0.dist-info` in one folder: an installation over another one. */
export function torchMetadataOf(host: Host, python: Python | undefined): readonly string[] {
  for (const folder of python?.packageDirs ?? []) {
    const names = quietly(() => host.fs.list(folder)) ?? [];
    const found = names.filter((name) => /^torch-\d[^-]*\.dist-info$/.test(name));
    if (found.length > 1) return found.map((name) => join(folder, name));
  }
  return [];
}

/** What PyTorch's metadata says of setuptools. Where it says so only for some Pythons, nothing is known. */
export function torchSetuptoolsOf(host: Host, python: Python | undefined): string | undefined {
  for (const folder of python?.packageDirs ?? []) {
    const name = (quietly(() => host.fs.list(folder)) ?? []).find((one) => /^torch-\d[^-]*\.dist-info$/.test(one));
    if (name === undefined) continue;
    const text = quietly(() => host.fs.readText(join(folder, name, "METADATA"))) ?? "";
    return /^Requires-Dist: setuptools ?\(?>=(\d[\d.]*)[^;\n]*$/m.exec(text)?.[1];
  }
  return undefined;
}

/** The requirements that no installed package has the name of. Markers and versions are not looked at: a name is enough. */
export function missingRequirements(
  host: Host,
  { python }: Environment,
  requirements: readonly string[],
): readonly string[] {
  if (python === undefined || requirements.length === 0) return [];
  const installed = new Set<string>();
  for (const folder of python.packageDirs) {
    for (const name of quietly(() => host.fs.list(folder)) ?? []) {
      const distribution = /^(.+?)(?:-\d[^-]*)?(?:-py\d[\d.]*)?\.(?:dist-info|egg-info|egg-link)$/.exec(name)?.[1];
      if (distribution !== undefined) installed.add(plainName(distribution));
    }
  }
  const missing = requirements.flatMap((requirement) => {
    // With a marker (`; sys_platform == "win32"`) it may not be asked for here.
    const name = /^\s*([A-Za-z0-9][\w.-]*)/.exec(requirement)?.[1];
    return name === undefined || requirement.includes(";") || installed.has(plainName(name)) ? [] : [name];
  });
  return [...new Set(missing)];
}

/** What `LD_PRELOAD` names. A name without a slash is searched for like a library: whether it is there is not known. */
export function preloadsOf(host: Host): NonNullable<DoctorFacts["preloads"]> {
  if (host.platform !== "linux") return [];
  const names = (host.env["LD_PRELOAD"] ?? "").split(/[: ]/).filter((name) => name !== "");
  return names.map((name) => {
    // `$LIB` and the like stand for folders that differ.
    if (!name.includes("/") || name.includes("$")) return { name, exists: true };
    return { name, exists: isFile(host, isAbsolute(name) ? name : join(host.cwd, name)) };
  });
}
