import { describe, expect, it } from "vitest";
import { failure } from "../../../src/base/failure.ts";
import { examine } from "../../../src/doctor/doctor.ts";
import { driverFits } from "../../../src/environment/driver-versions.ts";
import type { Check, DoctorFacts } from "../../../src/doctor/facts.ts";
import { doctorText } from "../../../src/doctor/text.ts";
import type { HostCompiler } from "../../../src/environment/environment.ts";
import { plainStyle } from "../../../src/report/style.ts";
import { linuxCpu, linuxCuda } from "../../support/plan-fixtures.ts";
import { cuda, facts, verdict } from "./facts.ts";

const gib = 2 ** 30;

/** Everything that is not right (the example has no GPU), as `status id: title`. */
function trouble(parts: Partial<DoctorFacts>): string[] {
  return examine(facts(parts))
    .checks.filter(({ status, id }) => status !== "ok" && id !== "no-gpu")
    .map(({ status, id, title }) => `${status} ${id}: ${title}`);
}

function find(parts: Partial<DoctorFacts>, id: string): Check {
  const found = examine(facts(parts)).checks.find((check) => check.id === id);
  if (found === undefined) throw new Error(`there is no check ${id}`);
  return found;
}

function compiler(parts: Partial<HostCompiler>): HostCompiler {
  if (linuxCpu.compiler === undefined) throw new Error("the example has no compiler");
  return { ...linuxCpu.compiler, ...parts };
}

describe("a machine that is right", () => {
  it("has no problems, with and without CUDA", () => {
    expect(trouble({})).toEqual([]);
    expect(trouble({ environment: linuxCuda, driver: "580.65.06" })).toEqual([]);
    expect(examine(facts()).ok).toBe(true);
  });

  it("is said on one page", () => {
    const text = doctorText(examine(facts()), plainStyle);
    expect(text).toContain("  ✓ PyTorch 2.13.0+cpu, CPU only, C++11 ABI (");
    expect(text.endsWith("\n\nno problems\n")).toBe(true);
  });
});

describe("what every build needs", () => {
  it("is the interpreter with its headers", () => {
    const { python, ...without } = linuxCpu;
    if (python === undefined) throw new Error("the example has no Python");
    expect(trouble({ environment: without })[0]).toBe("problem python: No Python interpreter was found");
    const headless = { ...linuxCpu, python: { ...python, includeDirs: [] } };
    const headersFor = (basePrefix: string): string | undefined =>
      find({ environment: { ...linuxCpu, python: { ...headless.python, basePrefix } } }, "python-headers").fix[0];
    expect(headersFor("/usr")).toBe("sudo apt-get install python3.11-dev");
    expect(headersFor("/home/a/.pyenv/versions/3.11.4")).toMatch(/^pyenv install --force 3\.11\.\d+$/);
    expect(headersFor("/home/a/.local/share/uv/python/cpython-3.11")).toBe("uv python install --reinstall 3.11");
    expect(headersFor("/opt/miniconda3/envs/t")).toContain("conda install -p /opt/miniconda3/envs/t");
    expect(headersFor("/usr/local")).toMatch(/^# /);
  });

  it("is PyTorch, whose own reason is told", () => {
    const { torch: _, ...without } = linuxCpu;
    const broken = failure("TORCH_BROKEN", "it is broken", { hint: "install it again" });
    expect(find({ environment: { ...without, problems: { torch: broken } } }, "torch")).toMatchObject({
      status: "problem",
      title: "it is broken",
      fix: ["/home/ada/ops/.venv/bin/python -m pip install --force-reinstall --no-deps torch"],
    });
  });

  it("is PyTorch, which is installed where and as it was", () => {
    const { torch: _, python, ...without } = linuxCpu;
    if (python === undefined) throw new Error("the example has no Python");
    const fixOf = (reason: ReturnType<typeof failure>, more: Partial<typeof python> = {}): readonly string[] =>
      find({ environment: { ...without, python: { ...python, ...more }, problems: { torch: reason } } }, "torch").fix;
    const broken = (text: string): ReturnType<typeof failure> =>
      failure("TORCH_BROKEN", `PyTorch is not complete: ${text}`);
    expect(fixOf(broken("`/v/torch`: torch 2.13.0+cpu is there, but its libraries are not (no `libc10.so`)"))).toEqual([
      "/home/ada/ops/.venv/bin/python -m pip install --force-reinstall --no-deps torch==2.13.0+cpu --index-url https://download.pytorch.org/whl/cpu",
    ]);
    expect(fixOf(broken("`/v/torch`: torch 2.13.0+git1234 is there, but its headers are not"))[0]).toMatch(
      / torch==2\.13\.0$/,
    );
    expect(fixOf(broken("`/usr/lib/python3/dist-packages/torch`: torch 2.1.2 is there"))).toEqual([]);
    const missing = failure("TORCH_NOT_FOUND", "PyTorch is not installed for `/venv/bin/python`", {
      hint: "Install it",
    });
    expect(fixOf(missing)[0]).toBe("/home/ada/ops/.venv/bin/python -m pip install torch");
    expect(fixOf(missing, { executable: "/usr/bin/python3", prefix: "/usr", basePrefix: "/usr" }).slice(0, 2)).toEqual([
      "/usr/bin/python3 -m venv .venv",
      ".venv/bin/python -m pip install torch",
    ]);
    const hint = "`/other/bin/python3` has PyTorch: use it with `--python /other/bin/python3`";
    expect(fixOf(failure("TORCH_NOT_FOUND", "no", { hint }))[0]).toBe("export RETORCH_PYTHON=/other/bin/python3");
    const gone = failure("PYTHON_NOT_FOUND", "`/gone` is no Python interpreter");
    const nothing = {
      ...without,
      problems: { python: gone, torch: failure("TORCH_NOT_FOUND", "No PyTorch was found") },
    };
    expect(trouble({ environment: nothing }).filter((line) => / (?:python|torch): /.test(line))).toEqual([
      "problem python: `/gone` is no Python interpreter",
    ]);
  });

  it("is a compiler, and the variable that names none is unset", () => {
    const { compiler: _, ...without } = linuxCpu;
    const fixOf = (message: string, variables: DoctorFacts["variables"] = {}): string | undefined =>
      find(
        { environment: { ...without, problems: { compiler: failure("COMPILER_NOT_FOUND", message) } }, variables },
        "compiler",
      ).fix[0];
    expect(fixOf("CXX names `/gone/g++`, which cannot be used: no such program", { CXX: "/gone/g++" })).toBe(
      "unset CXX",
    );
    expect(fixOf("No C++ compiler was found")).toBe("sudo apt-get install g++");
  });

  it("is setuptools as PyTorch asks for it, where a setup.py builds", () => {
    const project = { usesCuda: false, usesSetupScript: true };
    const fixOf = (parts: Partial<DoctorFacts>): string | undefined =>
      examine(facts({ project, ...parts })).checks.find(({ id }) => id === "setuptools")?.fix[0];
    expect(fixOf({ setuptools: "65.5.0", torchSetuptools: "77.0.3" })).toBe(
      "/home/ada/ops/.venv/bin/python -m pip install 'setuptools>=77.0.3'",
    );
    expect(fixOf({ setuptools: "80.9.0", torchSetuptools: "77.0.3" })).toBeUndefined();
    const old = { ...linuxCpu, torch: { ...linuxCpu.torch!, version: "1.13.1", release: [1, 13, 1] } };
    expect(fixOf({ environment: old, setuptools: "70.0.0" })).toBe(
      "/home/ada/ops/.venv/bin/python -m pip install 'setuptools<70'",
    );
    expect(fixOf({ environment: old, setuptools: "69.5.1" })).toBeUndefined();
  });

  it("is a compiler that knows the standard", () => {
    const old = compiler({ version: [9, 4, 0] });
    expect(find({ environment: { ...linuxCpu, compiler: old } }, "compiler-too-old").fix).toEqual([
      "sudo apt-get install g++-11",
      "export CXX=g++-11 CC=gcc-11",
    ]);
  });
});

describe("CUDA", () => {
  it("has to be the one of PyTorch, by its major version", () => {
    expect(trouble({ environment: cuda({ version: "12.8" }) })).toEqual([
      "problem cuda-torch: The CUDA toolkit is 12.8, but PyTorch was built with CUDA 13.0",
    ]);
    expect(trouble({ environment: cuda({ version: "13.1" }) })).toEqual([]);
  });

  it("is missing for a project with CUDA sources, else only for later", () => {
    const { cuda: _, ...without } = linuxCuda;
    expect(find({ environment: without }, "cuda").status).toBe("later");
    const project = { usesCuda: true, usesSetupScript: false };
    expect(find({ environment: without, project }, "cuda").status).toBe("problem");
    expect(find({ environment: cuda({}, { torch: linuxCpu.torch! }), project }, "cuda-torch").status).toBe("problem");
  });

  it("has all its programs and headers", () => {
    const nvcc = cuda().cuda!.nvcc;
    const part = nvcc.parts[0]!;
    const parts = ["nvcc", "cudafe++", "cicc", "fatbinary"].map((name) => ({ ...part, name }));
    expect(trouble({ environment: cuda({ nvcc: { ...nvcc, parts } }) })[0]).toMatch(/has no ptxas$/);
    const headers = find({ environment: cuda({ missingHeaders: ["cublas_v2.h", "cublasLt.h"] }) }, "cuda-headers");
    expect(headers.fix[0]).toBe("pip install nvidia-cublas");
    const older = cuda({ version: "12.8", missingHeaders: ["cusparse.h"] });
    expect(find({ environment: older }, "cuda-headers").fix[0]).toBe("pip install nvidia-cusparse-cu12");
  });

  it("takes the host compiler", () => {
    const environment = cuda({ hostCompilers: { source: "table", gccNewest: 11 } });
    expect(find({ environment }, "cuda-compiler")).toMatchObject({
      status: "problem",
      title: "GCC 12.2.0 is too new for CUDA 13.0, which takes GCC 11 or older",
      fix: ["sudo apt-get install g++-11", "export CC=gcc-11 CXX=g++-11"],
    });
  });

  it("has a driver that is new enough", () => {
    expect(find({ environment: linuxCuda, driver: "550.54.14" }, "driver").status).toBe("problem");
    expect(driverFits("550.54.14", "12.8")).toEqual({ fits: "minor", needed: "570.26" });
    expect(driverFits("525.60.13", "12.0")).toEqual({ fits: "yes" });
    expect(driverFits("450.80.02", "12.0").fits).toBe("no");
    expect(driverFits("580.65.06", "12.1").fits).toBe("yes");
    expect(driverFits("580.65.06", "14.0").fits).toBe("unknown");
    expect(driverFits("580.65.06", "13.2")).toEqual({ fits: "minor", needed: "595.45.04" });
    expect(driverFits("610.43.02", "13.3")).toEqual({ fits: "yes" });
  });

  it("knows the GPU", () => {
    const gpu = (name: string, major: number, minor: number): Partial<DoctorFacts> => ({
      environment: cuda({}, { gpus: [{ name, computeCapability: [major, minor] }] }),
    });
    expect(trouble(gpu("V100", 7, 0))).toEqual(["problem gpu-7.0: PyTorch's CUDA 13.0 has no code for V100 (7.0)"]);
    expect(trouble(gpu("H100", 9, 0))).toEqual([]);
    const torchOnGpus = [{ name: "H100", capability: "9.0", runs: "no", why: "It holds code for 7.5 only" }] as const;
    expect(trouble({ ...gpu("H100", 9, 0), torchOnGpus })).toEqual([
      "problem gpu-9.0: PyTorch 2.14.1 does not run on H100 (9.0)",
    ]);
  });

  it("is named once on the search paths", () => {
    const place = (variable: "PATH" | "LD_LIBRARY_PATH", folder: string, version: string) => ({
      variable,
      folder,
      version,
    });
    const cudaPlaces = [place("LD_LIBRARY_PATH", "/a/lib64", "12.4"), place("LD_LIBRARY_PATH", "/b/lib64", "11.8")];
    expect(trouble({ cudaPlaces })).toEqual([
      "later cuda-in-ld-library-path: `LD_LIBRARY_PATH` has the CUDA run time of 2 CUDA versions: 12.4, 11.8",
    ]);
    expect(trouble({ cudaPlaces: cudaPlaces.slice(0, 1) })).toEqual([]);
    expect(trouble({ environment: linuxCuda, cudaPlaces: cudaPlaces.slice(0, 1) })[0]).toMatch(
      /PyTorch is built with 13/,
    );
    const programs = [place("PATH", "/a/bin", "12.4"), place("PATH", "/b/bin", "12.8")];
    expect(trouble({ cudaPlaces: programs })[0]).toMatch(/^later cuda-in-path/);
    const old = { environment: linuxCuda, cudaPlaces: programs.slice(0, 1) };
    expect(trouble(old)).toEqual([
      "later cuda-in-path: `PATH` has the `nvcc` of CUDA 12.4, PyTorch is built with 13.0",
    ]);
    const set = { variable: "CUDA_HOME", value: "/cuda", exists: true, hasNvcc: true } as const;
    expect(trouble({ ...old, cudaHome: set })).toEqual([]);
  });
});

describe("variables", () => {
  const home = (value: string, more: Partial<NonNullable<DoctorFacts["cudaHome"]>> = {}): Partial<DoctorFacts> => ({
    cudaHome: { variable: "CUDA_HOME", value, exists: true, hasNvcc: true, ...more },
  });

  it("CUDA_HOME is one folder with an nvcc", () => {
    expect(find(home(":/usr/local/cuda", { exists: false }), "cuda-home")).toMatchObject({
      status: "problem",
      fix: ["export CUDA_HOME=/usr/local/cuda"],
    });
    expect(find(home("/gone", { exists: false, hasNvcc: false }), "cuda-home").title).toMatch(/not there/);
    expect(find(home("/usr", { hasNvcc: false }), "cuda-home").title).toMatch(/without `bin\/nvcc`/);
    expect(find(home("/usr/local/cuda"), "cuda-home").status).toBe("ok");
    const inside = { exists: false, hasNvcc: false, toolkit: "/usr/local/cuda" };
    expect(find(home("/usr/local/cuda/bin/nvcc", inside), "cuda-home").fix).toEqual([
      "export CUDA_HOME=/usr/local/cuda",
    ]);
    expect(find(home("/part", { hasHeaders: false }), "cuda-home")).toMatchObject({
      status: "problem",
      fix: ["unset CUDA_HOME", "# or name one folder: export CUDA_HOME=/usr/local/cuda"],
    });
    expect(find({ ...home("/a"), variables: { CUDA_PATH: "/b" } }, "cuda-home").status).toBe("later");
  });

  it("TORCH_CUDA_ARCH_LIST names architectures, those of the GPU among them", () => {
    const gpus = [{ name: "H100", computeCapability: [9, 0] as const }];
    const list = (value: string): Check =>
      find({ environment: cuda({}, { gpus }), variables: { TORCH_CUDA_ARCH_LIST: value } }, "cuda-arch-list");
    expect(list("banana")).toMatchObject({
      status: "problem",
      fix: ["unset TORCH_CUDA_ARCH_LIST", expect.any(String)],
    });
    expect(list("9.0;banana").fix[0]).toBe('export TORCH_CUDA_ARCH_LIST="9.0"');
    expect(list("8.0")).toMatchObject({ status: "later", fix: ['export TORCH_CUDA_ARCH_LIST="8.0;9.0"'] });
    expect(list("8.0+PTX").status).toBe("ok");
    expect(list("8.0;9.0").status).toBe("ok");
    expect(list("Ampere;Hopper 9.0a").status).toBe("ok");
    expect(list("8.0;sm_90a")).toMatchObject({ status: "later", fix: ["export TORCH_CUDA_ARCH_LIST='8.0;9.0a'"] });
    expect(list("8.0,90+PTX")).toMatchObject({ status: "later", fix: ["export TORCH_CUDA_ARCH_LIST='8.0;9.0+PTX'"] });
  });

  it("PYTHONHOME, VIRTUAL_ENV and -ccbin name what is there", () => {
    const { python: _, ...without } = linuxCpu;
    const dead = failure("PYTHON_NOT_FOUND", "`/p/python` cannot be used: exit code 1: <no Python frame>");
    expect(
      find({ environment: { ...without, problems: { python: dead } }, variables: { PYTHONHOME: "/h" } }, "python"),
    ).toMatchObject({
      title: "`/p/python` cannot be used, and `PYTHONHOME` is `/h`",
      fix: ["unset PYTHONHOME"],
    });
    expect(find({ variables: { VIRTUAL_ENV: "/gone" }, activeExists: false }, "active-environment").fix).toEqual([
      "unset VIRTUAL_ENV",
    ]);
    const variables = { NVCC_PREPEND_FLAGS: "-O2 -ccbin /gone/g++" };
    const missingHosts = [{ variable: "NVCC_PREPEND_FLAGS", host: "/gone/g++" }];
    expect(find({ variables, missingHosts }, "flags").fix).toEqual(["export NVCC_PREPEND_FLAGS=-O2"]);
  });

  it("one CUDA is left on the library path, one folder is taken from PYTHONPATH", () => {
    const cudaPlaces = ["12", "13"].map((version) => ({
      variable: "LD_LIBRARY_PATH" as const,
      folder: `/c${version}`,
      version,
    }));
    const variables = { LD_LIBRARY_PATH: "/c12:/x:/c13/" };
    const environment = cuda();
    const kept = environment.torch?.cudaVersion?.split(".")[0];
    expect(find({ environment, cudaPlaces, variables }, "cuda-in-ld-library-path").fix).toEqual([
      kept === "13" ? "export LD_LIBRARY_PATH=/x:/c13/" : "export LD_LIBRARY_PATH=/c12:/x",
    ]);
    const torches = [
      { folder: "/s/torch", from: "PYTHONPATH" as const },
      { folder: "/v/torch", from: "packages" as const },
    ];
    expect(find({ torches, variables: { PYTHONPATH: "/a:/s/" } }, "torch-shadowed").fix).toEqual([
      "export PYTHONPATH=/a",
    ]);
  });

  it("lists of folders have no empty part", () => {
    const led = find({ variables: { LD_LIBRARY_PATH: ":/opt/lib", PATH: "/usr/bin:/bin" } }, "empty-path");
    expect([led.title, led.fix]).toEqual([
      "`LD_LIBRARY_PATH` has an empty part in front",
      ["export LD_LIBRARY_PATH=/opt/lib"],
    ]);
  });

  it("MAX_JOBS is a number, and its compiles fit into memory", () => {
    expect(trouble({ variables: { MAX_JOBS: "many" } })[0]).toBe(
      "problem max-jobs: `MAX_JOBS=many` is no number of jobs",
    );
    const memory = { total: 16 * gib, available: 7 * gib };
    expect(find({ memory, processors: 16, environment: linuxCuda }, "memory")).toMatchObject({
      status: "later",
      fix: ["export MAX_JOBS=2"],
    });
    expect(find({ memory, processors: 16, variables: { MAX_JOBS: "2" } }, "memory").status).toBe("ok");
  });

  it("certificates cost a start of an old Node", () => {
    const extraCertificates = { path: "/etc/ca.pem", bytes: 200_000 };
    expect(find({ nodeVersion: "20.20.0", extraCertificates }, "node-certificates").status).toBe("later");
    expect(trouble({ nodeVersion: "24.1.0", extraCertificates })).toEqual([]);
    expect(trouble({ extraCertificates: { path: "/gone" } })[0]).toMatch(/not there/);
  });
});

describe("what lies about", () => {
  it("is a stale lock, by its age", () => {
    const path = "/home/ada/.cache/torch_extensions/py311_cu130/fused/lock";
    const lock = (ageMs: number): Check => find({ locks: [{ path, ageMs }] }, "torch-extensions-lock");
    expect(lock(3 * 60 * 60_000)).toMatchObject({ status: "problem", title: `\`${path}\` was left 3 hours ago` });
    expect(lock(30_000).status).toBe("later");
    expect(lock(30_000).fix[0]).toContain(`rm ${path}`);
  });

  it("is an extension that will not load", () => {
    const problem = {
      severity: "error",
      what: "It is for another PyTorch",
      why: "A symbol is gone",
      fix: "x",
    } as const;
    const bad = verdict({ loads: "no", problems: [{ ...problem, kind: "other-torch" }] });
    const foreign = verdict({ loads: "no", problems: [{ ...problem, kind: "wrong-python" }] });
    const extensions = [
      { path: "/p/a.so", verdict: bad },
      { path: "/p/b.so", verdict: foreign },
      { path: "/p/c.so", verdict: verdict() },
    ];
    expect(trouble({ extensions })).toEqual([
      "problem built-extension: `/p/a.so` will not load here",
      "later built-extension: `/p/b.so` is for another Python or machine",
    ]);
    expect(find({ extensions }, "built-extensions").title).toMatch(/^1 built extension fits/);
  });

  it("is a store that others can write to, or that is too large", () => {
    const unsafe = failure("STORE_UNSAFE", "others can write to it", { hint: "chmod go-w x" });
    expect(trouble({ store: { path: "/s", problem: unsafe } })).toEqual(["problem store: others can write to it"]);
    expect(find({ store: { path: "/s", bytes: 20 * gib, limit: 10 * gib } }, "store").fix).toEqual([
      "retorch cache gc",
    ]);
  });

  it("is what load() keeps and does not build again for another PyTorch", () => {
    const path = "/home/ada/.cache/torch_extensions/py311_cpu/fused/fused.so";
    const extensions = [{ path, verdict: verdict({ loads: "no" }), isLoaded: true as const }];
    expect(find({ extensions }, "built-extension")).toMatchObject({
      status: "problem",
      detail: expect.stringContaining("does not notice when PyTorch changes") as unknown,
      fix: ["rm -r /home/ada/.cache/torch_extensions/py311_cpu/fused", expect.any(String)],
    });
    const own = {
      kind: "missing-symbol",
      severity: "error",
      owner: "user",
      what: "It lacks `f`",
      why: "",
      fix: "",
    } as const;
    const unfinished = [{ path, verdict: verdict({ loads: "no", problems: [own] }), isLoaded: true as const }];
    const mild = find({ extensions: unfinished }, "built-extension");
    expect([mild.status, mild.detail]).toEqual(["later", expect.not.stringContaining("PyTorch")]);
  });

  it("is a PyTorch that pip's isolated build would choose by itself", () => {
    const asks = (requiresTorch: string): Partial<DoctorFacts> => ({
      project: { usesCuda: false, usesSetupScript: false, requiresTorch },
    });
    for (const word of ["torch", "torch>=2.4", "torch==2.4.0", "torch==2.*"])
      expect(trouble(asks(word))[0], word).toMatch(/^later build-isolation/);
    const [release = ""] = (linuxCpu.torch?.version ?? "").split("+");
    expect(trouble(asks(`torch==${release}`))).toEqual([]);
  });

  it("is a Node that is too old", () => {
    for (const nodeVersion of ["18.20.0", "20.18.1", "21.7.0", "22.11.0"])
      expect(trouble({ nodeVersion })[0]).toMatch(/^problem node/);
    for (const nodeVersion of ["20.19.0", "22.12.0", "23.0.0", "26.1.0"]) expect(trouble({ nodeVersion })).toEqual([]);
  });

  it("is a C++ library of Python's, or of the system, that is older than the compiler's", () => {
    const prefix = linuxCpu.python?.prefix ?? "";
    const library = (newest: string, folder = `${prefix}/lib`) => ({ path: `${folder}/libstdc++.so.6`, newest });
    const parts = (loaded: string, own: string): Partial<DoctorFacts> => ({
      cxxLibraries: { loaded: library(loaded), compiler: library(own) },
    });
    const system = { loaded: library("GLIBCXX_3.4.29", "/usr/lib64"), compiler: library("GLIBCXX_3.4.30") };
    expect(find({ cxxLibraries: system }, "cxx-library").fix[0]).toContain("CXX=/usr/bin/g++");
    expect(find(parts("GLIBCXX_3.4.29", "GLIBCXX_3.4.30"), "cxx-library").fix[0]).toContain("libstdcxx-ng>=12");
    expect(trouble(parts("GLIBCXX_3.4.30", "GLIBCXX_3.4.9"))).toEqual([]);
  });

  it("is what a setup.py would miss", () => {
    const project = { usesCuda: false, usesSetupScript: true };
    expect(trouble({ project })[0]).toMatch(/^later setuptools/);
    expect(trouble({ project, setuptools: "80.0" })).toEqual([]);
    expect(find({ programs: {} }, "ninja").status).toBe("ok");
  });

  it("is what the search for the environment found odd", () => {
    const text = "CC names `nothing`, which nvcc cannot use";
    const odd = { ...linuxCpu, warnings: [{ about: "cuda-compiler", text, variable: "CC" } as const] };
    expect(trouble({ environment: odd })).toEqual([`later cuda-compiler: ${text}`]);
    expect(find({ environment: odd }, "cuda-compiler").fix).toEqual(["unset CC"]);
  });

  it("is told once: a CUDA_HOME that is not there", () => {
    const text = "CUDA_HOME names `/gone`, which is no CUDA toolkit: no such folder";
    const odd = { ...linuxCpu, warnings: [{ about: "cuda-home", text, variable: "CUDA_HOME" } as const] };
    const gone = { variable: "CUDA_HOME", value: "/gone", exists: false, hasNvcc: false } as const;
    expect(trouble({ environment: odd, cudaHome: gone })).toEqual([
      "problem cuda-home: `CUDA_HOME` names a folder that is not there: `/gone`",
    ]);
    expect(trouble({ environment: odd, cudaHome: { ...gone, exists: true, hasNvcc: true } })).toEqual([
      `later cuda-home: ${text}`,
    ]);
  });

  it("is a launcher that is not there: the variable without it ends that", () => {
    const compiler = failure("COMPILER_NOT_FOUND", "CXX names `ccache g++`", {
      hint: "h",
      remedy: { CXX: "g++ -m64" },
    });
    const { compiler: _, ...without } = { ...linuxCpu, problems: { compiler } };
    expect(find({ environment: without }, "compiler").fix).toEqual(["export CXX='g++ -m64'", "# h"]);
  });
});

describe("the page", () => {
  it("begins with what is wrong and ends with a count", () => {
    const text = doctorText(examine(facts({ variables: { MAX_JOBS: "x", PATH: "/bin:" } })), plainStyle);
    expect(text).toMatch(/^wrong\n {2}✗ `MAX_JOBS=x` is no number of jobs \[max-jobs\]\n {6}unset MAX_JOBS\n/);
    expect(text).toContain("\nwill bite later\n  ! `PATH` has an empty part [empty-path]\n");
    expect(text.endsWith("\n1 problem, 1 warning\n")).toBe(true);
  });
});
