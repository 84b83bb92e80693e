/** Finds the oneAPI compiler, when the installed torch has XPU support. Written by torch's own search; tested with fakes only. */
import { failure } from "../base/failure.ts";
import type { Memory } from "./cache.ts";
import type { DeviceToolkit, Python } from "./environment.ts";
import type { Look } from "./look.ts";
import { makeTool } from "./tool-identity.ts";

/** Finds icpx (icx on Windows) with its headers and libraries. */
export async function findSycl(
  look: Look,
  memory: Memory,
  python: Python | undefined,
): Promise<DeviceToolkit | undefined> {
  const name = look.host.platform === "win32" ? "icx" : "icpx";
  const path = find(look, name);
  if (path === undefined) {
    look.problem(
      "sycl",
      failure("SYCL_NOT_FOUND", `The oneAPI compiler \`${name}\` was not found`, {
        hint: "Install the oneAPI DPC++ compiler and run `source /opt/intel/oneapi/setvars.sh`",
        attempts: look.attempts.filter((attempt) => attempt.what === "sycl"),
      }),
    );
    return undefined;
  }
  const real = look.realpath(path);
  const root = look.path.dirname(look.path.dirname(real));
  const version =
    (await memory.part(look, "icpx", [path], async (inner) => {
      inner.stat(path);
      const said = await inner.run([path, "--version"]);
      return /(\d+\.\d+\.\d+)/.exec(said.stdout)?.[1];
    })) ?? "";
  look.note({ what: "sycl", where: `\`${path}\``, outcome: "chosen", why: `oneAPI ${version}` });
  const clang = look.path.join(root, "bin", "compiler", "clang++");
  const wide = look.path.join(root, "lib64");
  const folders = [look.path.join(root, "include"), look.path.join(root, "include", "sycl")];
  // pip's run time brings the library where the compiler's own is not.
  const runtime =
    python === undefined
      ? []
      : [look.path.join(python.prefix, "lib")].filter((dir) => look.isFile(look.path.join(dir, "libsycl.so")));
  return {
    root,
    version,
    compiler: await makeTool(look, memory, {
      name,
      path,
      version,
      mode: "sycl",
      parts: [
        { name, path: real, program: true },
        ...(look.isFile(clang) ? [{ name: "clang++", path: look.realpath(clang), program: true }] : []),
      ],
    }),
    includeDirs: folders.filter((folder) => look.isDirectory(folder)),
    libraryDirs: [look.isDirectory(wide) ? wide : look.path.join(root, "lib"), ...runtime].filter((dir) =>
      look.isDirectory(dir),
    ),
  };
}

function find(look: Look, name: string): string | undefined {
  const onPath = look.program(name, look.host.cwd);
  if (onPath !== undefined) return onPath;
  look.note({ what: "sycl", where: `\`${name}\` on the search path`, outcome: "missing", why: "no such command" });
  const places = [
    ["CMPLR_ROOT", look.variable("CMPLR_ROOT"), ["bin"]],
    ["ONEAPI_ROOT", look.variable("ONEAPI_ROOT"), ["compiler", "latest", "bin"]],
    ["usual place", look.host.platform === "linux" ? "/opt/intel/oneapi" : undefined, ["compiler", "latest", "bin"]],
  ] as const;
  for (const [source, root, below] of places) {
    if (root === undefined) {
      look.note({ what: "sycl", where: source, outcome: "missing", why: "not set" });
      continue;
    }
    const path = look.program(look.path.join(root, ...below, name), "/");
    if (path !== undefined) return path;
    look.note({ what: "sycl", where: `\`${root}\` (${source})`, outcome: "missing", why: `no \`${name}\`` });
  }
  return undefined;
}
