/**
 * Finds PyTorch without importing it: the one that was named, the interpreter's own (the first on its search path, as
 * `import torch` would take), then a LibTorch named by a variable, then one of the system.
 */
import { failure } from "../base/failure.ts";
import { digestOfParts } from "../base/digest.ts";
import type { Memory } from "./cache.ts";
import type { Torch } from "./environment.ts";
import type { Look } from "./look.ts";
import type { FoundPython } from "./python.ts";
import { readTorch, type TorchPlace } from "./torch-package.ts";
import { torchDevice } from "./torch-version.ts";

export interface TorchRequest {
  /** A LibTorch or a `torch` package folder that was named. */
  readonly torch?: string;
}

interface Candidate extends TorchPlace {
  /** Where it comes from, for people. */
  readonly source: string;
  readonly explicit?: boolean;
  /** Nobody named it: it serves programs, not the interpreter, which does not have it. */
  readonly system?: boolean;
}

/** Finds torch for an interpreter, or without one. */
export async function findTorch(
  look: Look,
  memory: Memory,
  request: TorchRequest,
  found: FoundPython | undefined,
): Promise<Torch | undefined> {
  let broken: string | undefined;
  for (const candidate of candidates(look, request, found)) {
    let reason: { readonly missing: string } | { readonly broken: string } | undefined;
    const torch = await memory.part(look, "torch", [look.host.arch, question(candidate)], async (inner) => {
      const read = readTorch(inner, candidate);
      if ("torch" in read) return read.torch;
      reason = read;
      return undefined;
    });
    const where = `\`${candidate.root}\` (${candidate.source})`;
    if (torch !== undefined) {
      look.note({ what: "torch", where, outcome: "chosen", why: describeTorch(torch) });
      leftAside(look, candidate);
      warnings(look, torch, found);
      if (candidate.system === true && found !== undefined) notInstalled(look, found, broken);
      return torch;
    }
    if (reason !== undefined && "broken" in reason) {
      look.note({ what: "torch", where, outcome: "rejected", why: reason.broken });
      broken ??= `\`${candidate.root}\`: ${reason.broken}`;
    } else {
      look.note({ what: "torch", where, outcome: "missing", why: reason?.missing ?? "nothing there" });
    }
    if (candidate.explicit === true) break;
  }
  notInstalled(look, found, broken);
  return undefined;
}

/** Records why there is no torch for an interpreter, or none at all. */
function notInstalled(look: Look, found: FoundPython | undefined, broken: string | undefined): void {
  const attempts = look.attempts.filter((attempt) => attempt.what === "torch");
  const python = found?.python.executable;
  const reason =
    broken !== undefined
      ? failure("TORCH_BROKEN", `PyTorch is not complete: ${broken}`, { hint: brokenHint(broken), attempts })
      : failure(
          "TORCH_NOT_FOUND",
          python === undefined ? "No PyTorch was found" : `PyTorch is not installed for \`${python}\``,
          { hint: installHint(look, python), attempts },
        );
  look.problem("torch", reason);
}

function brokenHint(reason: string): string {
  return reason.includes("/dist-packages/")
    ? "Debian and Ubuntu keep headers and libraries apart: `apt install libtorch-dev`"
    : "Install it again, for example with `pip install --force-reinstall torch`";
}

/** Names another interpreter that has torch, if one lies where interpreters usually lie. */
function installHint(look: Look, python: string | undefined): string {
  const other = elsewhere(look);
  if (other !== undefined) return `\`${other}\` has PyTorch: use it with \`--python ${other}\``;
  return python === undefined
    ? "Make a virtual environment with PyTorch and activate it, or set `LIBTORCH` to the folder of a LibTorch"
    : `Run \`${python} -m pip install torch\`, or name another interpreter with \`--python PATH\``;
}

function elsewhere(look: Look): string | undefined {
  const windows = look.host.platform === "win32";
  for (const name of ["python3", "python"]) {
    for (const program of look.programs(name)) {
      const prefix = look.path.dirname(look.path.dirname(program));
      const versions = windows ? [] : look.list(look.path.join(prefix, "lib"), { prefix: "python3" });
      const folders = [
        ...versions.flatMap((version) =>
          ["site-packages", "dist-packages"].map((kind) => look.path.join(prefix, "lib", version, kind)),
        ),
        ...(windows ? [look.path.join(prefix, "Lib", "site-packages")] : []),
      ];
      if (folders.some((folder) => look.isFile(look.path.join(folder, "torch", "version.py")))) return program;
    }
  }
  return undefined;
}

function* candidates(look: Look, request: TorchRequest, found: FoundPython | undefined): Generator<Candidate> {
  if (request.torch !== undefined) {
    const root = look.path.resolve(look.host.cwd, request.torch);
    const isPackage = look.isFile(look.path.join(root, "version.py"));
    yield {
      source: "named",
      explicit: true,
      root,
      ...(isPackage ? { packageDir: look.path.dirname(root) } : {}),
    };
    return;
  }
  if (found !== undefined) yield* inInterpreter(look, found);
  yield* byVariables(look);
  if (look.host.platform === "linux") {
    yield { source: "the system's own LibTorch", root: "/usr", prefixes: ["/usr"], system: true };
  }
}

function* inInterpreter(look: Look, { python, torchFolder }: FoundPython): Generator<Candidate> {
  const roots = python.packageDirs.map((folder) => look.path.join(folder, "torch"));
  const present = roots.filter((root) => look.isDirectory(root));
  if (torchFolder !== undefined) present.unshift(torchFolder);
  if (present.length === 0) {
    const where = python.packageDirs.map((folder) => `\`${folder}\``).join(", ");
    look.note({
      what: "torch",
      where: where === "" ? "no package folder" : where,
      outcome: "missing",
      why: "no `torch` folder",
    });
  }
  for (const root of present) {
    yield {
      source: root === torchFolder ? "editable installation" : "package of the interpreter",
      root,
      packageDir: look.path.dirname(root),
      prefixes: sharedPrefixes(python.prefix, python.basePrefix),
      otherRoots: present.filter((other) => other !== root),
    };
  }
}

/** conda-forge and distributions keep torch's libraries and headers in the prefix. */
function sharedPrefixes(prefix: string, basePrefix: string): string[] {
  return prefix === basePrefix ? [prefix] : [];
}

/** LIBTORCH is tch-rs's variable, the others are those that CMake users set for `find_package(Torch)`. */
function* byVariables(look: Look): Generator<Candidate> {
  const up = (folder: string): string => look.path.resolve(folder, "..", "..", "..");
  const single = [
    ["LIBTORCH", (folder: string) => folder],
    ["TORCH_INSTALL_PREFIX", (folder: string) => folder],
    ["Torch_ROOT", (folder: string) => folder],
    ["Torch_DIR", up],
  ] as const;
  for (const [name, rootOf] of single) {
    const folder = look.variable(name);
    if (folder === undefined) look.note({ what: "torch", where: name, outcome: "missing", why: "not set" });
    else if (look.path.isAbsolute(folder)) yield bare(look, name, look.path.normalize(rootOf(folder)));
    else look.note({ what: "torch", where: `${name}=${folder}`, outcome: "rejected", why: "not an absolute path" });
  }
  const prefixPath = look.variable("CMAKE_PREFIX_PATH");
  for (const folder of prefixPath?.split(look.host.platform === "win32" ? ";" : /[;:]/) ?? []) {
    if (look.path.isAbsolute(folder)) yield bare(look, "CMAKE_PREFIX_PATH", look.path.normalize(folder));
  }
}

/** A folder named by a variable: a LibTorch, or the `torch` folder of a package (`torch.utils.cmake_prefix_path`). */
function bare(look: Look, source: string, folder: string): Candidate {
  const root = folder.replace(/[/\\](?:share[/\\]cmake(?:[/\\]Torch)?)?[/\\]*$/, "");
  return look.isFile(look.path.join(root, "version.py"))
    ? { source, root, packageDir: look.path.dirname(root) }
    : { source, root };
}

function question(candidate: Candidate): string {
  return digestOfParts([
    candidate.root,
    candidate.packageDir ?? "",
    ...(candidate.prefixes ?? []),
    "others",
    ...(candidate.otherRoots ?? []),
  ]);
}

/** Says so when a variable names a LibTorch that was not even looked at. */
function leftAside(look: Look, chosen: Candidate): void {
  const folder = look.variable("LIBTORCH");
  if (folder === undefined || chosen.packageDir === undefined || chosen.root === folder) return;
  look.note({
    what: "torch",
    where: `LIBTORCH=${folder}`,
    outcome: "rejected",
    why: "the interpreter has a torch of its own, with which an extension must agree",
  });
}

function warnings(look: Look, torch: Torch, found: FoundPython | undefined): void {
  if (torch.missingHeaders?.includes("pybind11/pybind11.h") === true) {
    const how = torch.layout === "debian" ? "`apt install pybind11-dev`" : "`pip install pybind11`";
    look.warn({
      about: "torch-headers",
      text: `This torch does not bring pybind11, which \`torch/extension.h\` includes: ${how}, or use \`torch/library.h\``,
    });
  }
  if (found !== undefined && torch.layout !== "libtorch" && otherPython(look, torch, found)) {
    look.problem(
      "torch",
      failure(
        "TORCH_OTHER_PYTHON",
        `\`${torch.root}\` was built for another Python than \`${found.python.executable}\``,
        {
          hint: `Run \`${found.python.executable} -m pip install torch\`, or name the other interpreter with \`--python PATH\``,
        },
      ),
    );
  }
}

/** torch's own extension module carries the suffix of the interpreter for which it was built. */
function otherPython(look: Look, torch: Torch, { python }: FoundPython): boolean {
  if (look.isFile(look.path.join(torch.root, `_C${python.extensionSuffix}`))) return false;
  return look
    .list(torch.root, { prefix: "_C." })
    .some((name) => /\.(?:so|pyd)$/.test(name) && name.includes(python.implementation));
}

function describeTorch(torch: Torch): string {
  const device = torchDevice(torch) ?? "no CUDA";
  return `${torch.version}, ${torch.layout}, ${device}`;
}
