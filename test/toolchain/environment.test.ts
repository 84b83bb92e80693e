/** The search on this machine's own interpreters, toolkits and compilers. torch is not imported, no torch header compiled. */
import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { digestOf } from "../../src/base/digest.ts";
import { checkEnvironment } from "../../src/environment/check.ts";
import type { Environment } from "../../src/environment/environment.ts";
import { findEnvironment, type FoundEnvironment } from "../../src/environment/find-environment.ts";
import { linkerFor } from "../../src/environment/linker.ts";
import type { Host, ProcessRequest } from "../../src/host/host.ts";
import { nodeHost } from "../../src/host/node-host.ts";
import {
  cpuPython,
  cudaPython,
  cudaToolkit,
  debianPython,
  libtorch,
  need,
  pipCudaToolkit,
  tool,
} from "../support/environments.ts";

const folder = realpathSync(mkdtempSync(join(tmpdir(), "retorch environment ")));
const project = join(folder, "project");
mkdirSync(project);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const clean = Object.fromEntries(
  Object.entries(process.env).filter(
    ([name]) =>
      !/^(?:CUDA_|CXX$|CC$|PYTORCH_NVCC|NVCC_CCBIN|CUDAHOSTCXX|LIBTORCH|Torch_|CMAKE_PREFIX_PATH|VIRTUAL_ENV|CONDA_)/.test(
        name,
      ),
  ),
);

/** The real host, with the programs that it started noted down. */
function watched(more: Readonly<Record<string, string>> = {}): {
  readonly host: Host;
  readonly runs: readonly ProcessRequest[];
} {
  const runs: ProcessRequest[] = [];
  const real = nodeHost();
  const processes = {
    run: (request: ProcessRequest) => {
      runs.push(request);
      return real.processes.run(request);
    },
    alive: real.processes.alive.bind(real.processes),
    self: real.processes.self.bind(real.processes),
  };
  return { host: nodeHost({ env: { ...clean, ...more }, processes }), runs };
}

interface Options {
  readonly python?: string;
  readonly torch?: string;
  readonly project?: string;
  readonly cache?: string;
  readonly env?: Readonly<Record<string, string>>;
}

async function find(options: Options): Promise<FoundEnvironment & { readonly runs: readonly ProcessRequest[] }> {
  const { host, runs } = watched(options.env);
  const found = await findEnvironment(host, {
    ...(options.python === undefined ? {} : { python: options.python }),
    ...(options.torch === undefined ? {} : { torch: options.torch }),
    projectRoot: options.project ?? project,
    cacheDir: options.cache ?? join(folder, "cache"),
  });
  return { ...found, runs };
}

async function environmentOf(options: Options): Promise<Environment> {
  return (await find(options)).environment;
}

const module = { python: true, torch: true, cuda: false, rocm: false, sycl: false };

test("an interpreter is started once, whatever the project; then nothing is started at all", async (context) => {
  const { executable } = need(context, cpuPython());
  const cache = join(folder, "own cache");
  const first = await find({ python: executable, cache });
  const pythons = (runs: readonly ProcessRequest[]): number =>
    runs.filter(({ argv }) => argv.includes("-c") && argv.includes("-B")).length;
  expect(pythons(first.runs)).toBe(1);
  const again = await find({ python: executable, cache });
  expect(again.runs).toEqual([]);
  expect(again.environment).toEqual(first.environment);
  const other = join(folder, "other");
  mkdirSync(other, { recursive: true });
  expect((await find({ python: executable, cache, project: other })).runs).toEqual([]);
});

describe("PyTorch", () => {
  test("of pip, for the CPU", async (context) => {
    const { executable, torch } = need(context, cpuPython());
    const environment = await environmentOf({ python: executable });
    expect(environment.torch).toMatchObject({ layout: "wheel", root: torch.root, version: torch.version });
    expect(checkEnvironment(environment, module)).toEqual([]);
  });

  test("of Debian", async (context) => {
    const { executable, torch } = need(context, debianPython());
    const environment = await environmentOf({ python: executable });
    expect(environment.torch).toMatchObject({ layout: "debian", root: torch.root });
    expect(environment.torch?.libraries).toContain("torch_python");
    expect(environment.torch?.pybind11Abi?.compilerType).toBe("_gcc");
  });

  test("a bare LibTorch", async (context) => {
    const root = need(context, libtorch());
    for (const options of [{ torch: root }, { python: "/usr/bin/env", env: { LIBTORCH: root } }]) {
      const environment = await environmentOf(options);
      expect(environment.torch).toMatchObject({ layout: "libtorch", root });
      expect(checkEnvironment(environment, { ...module, python: false })).toEqual([]);
    }
  });

  test("that a `.pth` file of a virtual environment adds", async (context) => {
    const { executable, packages } = need(context, cpuPython());
    const own = join(folder, "with pth");
    const made = spawnSync(executable, ["-m", "venv", "--without-pip", join(own, ".venv")], { encoding: "utf8" });
    expect(made.stderr).toBe("");
    expect((await environmentOf({ project: own })).torch?.root.startsWith(packages)).not.toBe(true);
    const version = (await environmentOf({ project: own })).python?.version.slice(0, 2).join(".") ?? "";
    writeFileSync(join(own, ".venv", "lib", `python${version}`, "site-packages", "more.pth"), `${packages}\n`);
    const environment = await environmentOf({ project: own });
    expect(environment.python?.executable).toBe(join(own, ".venv", "bin", "python"));
    expect(environment.torch?.root).toBe(join(packages, "torch"));
  });
});

describe("CUDA", () => {
  test("pip's toolkit is taken for pip's torch", async (context) => {
    const { executable, torch } = need(context, cudaPython());
    const root = need(context, pipCudaToolkit());
    const environment = await environmentOf({ python: executable });
    expect(environment.cuda).toMatchObject({ root, origin: "pip's nvidia wheels", missingHeaders: [] });
    expect(environment.cuda?.version.split(".")[0]).toBe(torch.cuda?.split(".")[0]);
    expect(environment.cuda?.libraries?.["cudart"]).toMatch(/\/libcudart\.so(?:\.\d+)?$/);
    expect(checkEnvironment(environment, { ...module, cuda: true })).toEqual([]);
  });

  test("the machine's own, by CUDA_HOME and by what nvcc says of itself", async (context) => {
    const root = need(context, cudaToolkit());
    const environment = await environmentOf({ env: { CUDA_HOME: root } });
    const { cuda } = environment;
    expect(cuda?.root).toBe(root);
    const said = spawnSync(join(root, "bin", "nvcc"), ["--version"], { encoding: "utf8" }).stdout;
    expect(said).toContain(`V${cuda?.fullVersion ?? ""}`);
    const plan = spawnSync(join(root, "bin", "nvcc"), ["--dryrun", "-c", "none.cu"], {
      encoding: "utf8",
      cwd: folder,
    }).stderr;
    const include = /INCLUDES="-I([^"]+)"/.exec(plan)?.[1] ?? "";
    expect(cuda?.includeDirs.map((path) => realpathSync(path))).toContain(realpathSync(include));
    for (const name of ["nvcc", "cudafe++", "cicc", "ptxas", "fatbinary", "nvlink", "libdevice", "nvcc.profile"]) {
      expect(cuda?.nvcc.parts.map((part) => part.name)).toContain(name);
    }
    expect(cuda?.hostCompilers?.source).toContain("host_config.h");
  });

  test("headers that the machine's toolkit lacks come from pip's wheels", async (context) => {
    const { executable } = need(context, cudaPython());
    const pip = need(context, pipCudaToolkit());
    const root = need(context, cudaToolkit());
    const { cuda } = await environmentOf({ python: executable, env: { CUDA_HOME: root } });
    if (existsSync(join(root, "include", "cublas_v2.h"))) context.skip("the machine's toolkit has them all");
    if (cuda?.missingHeaders.length !== 0) context.skip("pip's wheels are of another CUDA version");
    expect(cuda?.includeDirs).toEqual([join(root, "include"), join(pip, "include")]);
    expect(cuda?.root).toBe(root);
  });

  test("nvcc on the search path leads to its toolkit, through wrappers and links", async (context) => {
    const root = need(context, cudaToolkit());
    const bin = join(folder, "bin");
    mkdirSync(bin, { recursive: true });
    writeFileSync(join(bin, "nvcc"), `#!/bin/sh\nexec ${root}/bin/nvcc "$@"\n`, { mode: 0o755 });
    const path = `${bin}:${clean["PATH"] ?? ""}`;
    expect((await environmentOf({ env: { PATH: path } })).cuda?.root).toBe(root);
    rmSync(join(bin, "nvcc"));
    symlinkSync(join(root, "bin", "nvcc"), join(bin, "nvcc"));
    expect((await environmentOf({ env: { PATH: path } })).cuda?.root).toBe(root);
  });
});

describe("compilers", () => {
  test.for([["g++"], ["clang++", "clang++-19", "clang++-18", "clang++-14"]])(
    "%s: every header and program it uses is known",
    async (names, context) => {
      const compilerPath = need(context, tool(...names));
      const { compiler, linker } = await environmentOf({ env: { CXX: compilerPath } });
      expect(compiler?.cxx.path).toBe(compilerPath);
      for (const part of [...(compiler?.cxx.parts ?? []), ...(linker?.parts ?? [])]) {
        expect(part.digest, part.path).toBe(digestOf(readFileSync(part.path)));
      }
      const source = join(project, "x.cpp");
      writeFileSync(source, "#include <vector>\n#include <cmath>\n");
      const listed = spawnSync(compilerPath, ["-M", source], { encoding: "utf8", cwd: project }).stdout;
      const headers = listed
        .replaceAll("\\ ", "\0")
        .split(/[\s\\]+/)
        .map((word) => word.replaceAll("\0", " "))
        .filter((word) => word.startsWith("/") && word !== source)
        .map((word) => realpathSync(word));
      expect(headers.length).toBeGreaterThan(50);
      const folders = compiler?.systemIncludeDirs.map((path) => `${realpathSync(path)}/`) ?? [];
      expect(headers.filter((header) => !folders.some((each) => header.startsWith(each)))).toEqual([]);
    },
  );

  test("ccache on the search path changes how g++ is started, not what it is", async (context) => {
    const gxx = need(context, tool("g++"));
    const ccache = need(context, tool("ccache"));
    const bin = join(folder, "masks");
    mkdirSync(bin, { recursive: true });
    for (const name of ["g++", "c++", "gcc", "cc"]) symlinkSync(ccache, join(bin, name));
    const plain = await environmentOf({ env: { CXX: gxx } });
    for (const env of [{ PATH: `${bin}:${clean["PATH"] ?? ""}`, CXX: "g++" }, { CXX: `ccache ${gxx}` }]) {
      const masked = await environmentOf({ env });
      expect(masked.compiler?.cxx.launcher.map((path) => realpathSync(path))).toEqual([realpathSync(ccache)]);
      expect(masked.compiler?.cxx.identity).toBe(plain.compiler?.cxx.identity);
      expect(masked.linker?.identity).toBe(plain.linker?.identity);
    }
  });

  test("the linkers that flags name are those that the compiler starts", async (context) => {
    const gxx = need(context, tool("g++"));
    const environment = await environmentOf({ env: { CXX: gxx } });
    const object = join(project, "empty.cpp");
    writeFileSync(object, "int some_function() { return 1; }\n");
    const names = ["", ...Object.keys(environment.linkers ?? {})];
    for (const name of names) {
      const flags = name === "" ? [] : [`-fuse-ld=${name}`];
      const linked = spawnSync(
        gxx,
        ["-shared", "-fPIC", ...flags, "-Wl,--version", object, "-o", join(project, "x.so")],
        { encoding: "utf8" },
      );
      const linker = linkerFor(environment, flags);
      expect(
        linker.ok && linker.value.version !== "" && linked.stdout.includes(linker.value.version),
        `${name}: ${linked.stdout}`,
      ).toBe(true);
    }
  });

  test("clang's own shared libraries are among its parts", async (context) => {
    const clang = need(context, tool("clang++", "clang++-19", "clang++-18", "clang++-14"));
    const real = realpathSync(clang);
    const needed = spawnSync("ldd", [real], { encoding: "utf8" }).stdout;
    const own = [...needed.matchAll(/(lib(?:LLVM|clang-cpp)[^ ]*) => (\S+)/g)].map(([, , path]) =>
      realpathSync(path ?? ""),
    );
    const { compiler } = await environmentOf({ env: { CXX: clang } });
    const parts = compiler?.cxx.parts.map((part) => realpathSync(part.path)) ?? [];
    for (const path of own) expect(parts).toContain(path);
    expect(parts).toContain(realpathSync(join(dirname(resolve(real)), "clang")));
  });
});
