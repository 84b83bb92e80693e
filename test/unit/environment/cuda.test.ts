/** Which CUDA toolkit is taken, and what is read of it. */
import { describe, expect, test } from "vitest";
import type { FakeHost } from "../../support/fake-host.ts";
import {
  addGcc,
  addPython,
  addToolkit,
  addTorch,
  allHeaders,
  emptyMachine,
  find,
  hostConfig,
  program,
  settle,
} from "./fake-machine.ts";

const site = "/env/lib/python3.11/site-packages";

/** An interpreter with torch for a CUDA version, a compiler, and what a test adds. */
function machine(cuda: string | undefined, change: (host: FakeHost) => void): FakeHost {
  const host = emptyMachine({ env: { PATH: "/usr/bin", VIRTUAL_ENV: "/env" } });
  addPython(host, "/env/bin/python");
  addTorch(host, site, cuda === undefined ? {} : { version: `2.13.0+cu${cuda.replace(".", "")}`, cuda });
  addGcc(host);
  change(host);
  settle(host);
  return host;
}

async function cudaOf(host: FakeHost): Promise<Awaited<ReturnType<typeof find>>["environment"]["cuda"]> {
  return (await find(host)).environment.cuda;
}

describe("the one that matches torch", () => {
  const several = (host: FakeHost): void => {
    addToolkit(host, `${site}/nvidia/cu13`, { version: "13.0", lib: "lib", libraries: ["libcudart.so.13"] });
    addToolkit(host, "/usr/local/cuda-12.4", { version: "12.4" });
    addToolkit(host, "/usr/local/cuda-12.8", { version: "12.8" });
    addToolkit(host, "/usr/local/cuda-13.1", { version: "13.1" });
    host.fs.symlink("cuda-12.4", "/usr/local/cuda");
  };

  test.each([
    ["13.0", `${site}/nvidia/cu13`],
    ["12.8", "/usr/local/cuda-12.8"],
    ["12.4", "/usr/local/cuda"],
    ["12.1", "/usr/local/cuda"],
    ["13.1", "/usr/local/cuda-13.1"],
    ["13.2", `${site}/nvidia/cu13`],
  ])("torch for %s takes %s", async (torch, root) => {
    expect((await cudaOf(machine(torch, several)))?.root).toBe(root);
  });

  test("a torch without CUDA takes the first", async () => {
    expect((await cudaOf(machine(undefined, several)))?.root).toBe(`${site}/nvidia/cu13`);
  });

  test("another minor version is a warning, another major one a problem", async () => {
    const minor = (await find(machine("12.1", several))).environment;
    expect(minor.warnings[0]?.text).toContain("12.4 and torch's 12.1");
    expect(minor.problems).not.toHaveProperty("cuda");
    const major = (await find(machine("11.8", several))).environment;
    expect(major.cuda?.version).toBe("13.0");
    expect(major.problems.cuda).toMatchObject({
      code: "CUDA_MISMATCH",
      hint: expect.stringContaining("toolkit of CUDA 11") as string,
    });
  });

  test("the others are listed with their versions", async () => {
    const { environment } = await find(machine("12.1", several));
    const tried = environment.attempts
      .filter(({ what }) => what === "cuda")
      .map(({ where, outcome, why }) => [outcome, where, why].join(" | "));
    expect(tried).toContain("rejected | `/usr/local/cuda-12.8` (usual place) | CUDA 12.8, torch needs 12.1");
    expect(tried).toContain("chosen | `/usr/local/cuda` (usual place) | CUDA 12.4, torch needs 12.1");
    // `/usr/local/cuda` and `cuda-12.4` are one toolkit.
    expect(tried.filter((line) => line.includes("12.4"))).toHaveLength(1);
  });
});

describe("variables", () => {
  test("CUDA_HOME wins although another would match", async () => {
    const host = machine("13.0", (each) => {
      addToolkit(each, "/usr/local/cuda", { version: "13.0" });
      addToolkit(each, "/opt/cuda-12.9", { version: "12.9" });
      each.env["CUDA_HOME"] = "/opt/cuda-12.9/";
    });
    const { environment } = await find(host);
    expect(environment.cuda).toMatchObject({ root: "/opt/cuda-12.9", origin: "CUDA_HOME", explicit: true });
    expect(environment.problems.cuda?.code).toBe("CUDA_MISMATCH");
  });

  test.each([":/opt/cuda", "/opt/cuda:", "/nowhere:/opt/cuda"])(
    "CUDA_HOME=%s is understood, with a warning",
    async (value) => {
      const host = machine("13.0", (each) => {
        addToolkit(each, "/opt/cuda");
        each.env["CUDA_HOME"] = value;
      });
      const { environment } = await find(host);
      expect(environment.cuda?.root).toBe("/opt/cuda");
      expect(environment.cuda?.origin).toBe("CUDA_HOME");
      expect(environment.warnings.some(({ text }) => text.includes("not a list"))).toBe(true);
    },
  );

  test("CUDA_PATH comes after CUDA_HOME; what is no toolkit is passed over with a warning", async () => {
    const host = machine("13.0", (each) => {
      addToolkit(each, "/opt/cuda");
      each.fs.mkdir("/opt/empty");
      each.env["CUDA_HOME"] = "/opt/empty";
      each.env["CUDA_PATH"] = "/opt/cuda";
    });
    const { environment } = await find(host);
    expect(environment.cuda?.origin).toBe("CUDA_PATH");
    expect(environment.warnings[0]?.text).toContain("/opt/empty");
  });

  test("PYTORCH_NVCC is a whole command", async () => {
    const host = machine("13.0", (each) => {
      addToolkit(each, "/opt/cuda");
      program(each, "/usr/bin/ccache");
      each.env["PYTORCH_NVCC"] = "ccache /opt/cuda/bin/nvcc -allow-unsupported-compiler";
    });
    expect((await cudaOf(host))?.nvcc).toMatchObject({
      path: "/opt/cuda/bin/nvcc",
      launcher: ["/usr/bin/ccache"],
      arguments: ["-allow-unsupported-compiler"],
      version: "13.0.88",
    });
  });

  test("the identity of nvcc does not depend on its launcher", async () => {
    const host = machine("13.0", (each) => addToolkit(each, "/opt/cuda"));
    const plain = (await cudaOf(host))?.nvcc.identity;
    program(host, "/usr/bin/sccache");
    host.env["PYTORCH_NVCC"] = "sccache /opt/cuda/bin/nvcc";
    expect((await cudaOf(host))?.nvcc.identity).toBe(plain);
  });

  test("PYTORCH_NVCC with a launcher that is not there is told, and not taken", async () => {
    const host = machine("13.0", (each) => addToolkit(each, "/opt/cuda"));
    host.env["CUDA_HOME"] = "/opt/cuda";
    host.env["PYTORCH_NVCC"] = "sccache /opt/cuda/bin/nvcc";
    const { environment } = await find(host);
    expect(environment.cuda?.nvcc.launcher).toEqual([]);
    expect(environment.warnings).toEqual([
      {
        about: "cuda-nvcc",
        text: "PYTORCH_NVCC names `sccache /opt/cuda/bin/nvcc`, which cannot be used: `sccache` is not installed",
        variable: "PYTORCH_NVCC",
      },
    ]);
  });

  test("CUDA_INC_PATH and CUDNN_HOME add folders, as torch's own builder does", async () => {
    const host = machine("13.0", (each) => {
      addToolkit(each, "/opt/cuda");
      each.fs.mkdir("/inc");
      each.fs.mkdir("/cudnn/include");
      each.fs.mkdir("/cudnn/lib");
      each.env["CUDA_INC_PATH"] = "/inc";
      each.env["CUDNN_HOME"] = "/cudnn";
    });
    const cuda = await cudaOf(host);
    expect(cuda?.includeDirs).toEqual(["/opt/cuda/include", "/inc", "/cudnn/include"]);
    expect(cuda?.libraryDirs).toEqual(["/opt/cuda/lib64", "/cudnn/lib"]);
  });
});

describe("layouts", () => {
  test("pip's wheels in one folder: no lib64, no libcudart.so", async () => {
    const host = machine("13.0", (each) =>
      addToolkit(each, `${site}/nvidia/cu13`, {
        lib: "lib",
        libraries: ["libcudart.so.13", "libcudart_static.a", "libcudadevrt.a", "libcublas.so.13", "libcublas.so.12"],
      }),
    );
    const cuda = await cudaOf(host);
    const lib = `${site}/nvidia/cu13/lib`;
    expect(cuda).toMatchObject({ origin: "pip's nvidia wheels", libraryDirs: [lib], missingHeaders: [] });
    expect(cuda?.libraries).toEqual({
      cudart: `${lib}/libcudart.so.13`,
      cudart_static: `${lib}/libcudart_static.a`,
      cudadevrt: `${lib}/libcudadevrt.a`,
      cublas: `${lib}/libcublas.so.13`,
    });
  });

  test("pip's older wheels, spread over several folders", async () => {
    const nvidia = `${site}/nvidia`;
    const host = machine("12.9", (each) => {
      addToolkit(each, `${nvidia}/cuda_nvcc`, { version: "12.9", headers: [], versionFile: false, libraries: [] });
      for (const name of ["cuda_runtime.h", "cuda_runtime_api.h"])
        each.write(`${nvidia}/cuda_runtime/include/${name}`, "");
      each.write(`${nvidia}/cuda_runtime/include/cuda.h`, "#define CUDA_VERSION 12090\n");
      each.write(`${nvidia}/cublas/include/cublas_v2.h`, "");
      each.write(`${nvidia}/cuda_runtime/lib/libcudart.so.12`, "");
    });
    const cuda = await cudaOf(host);
    expect(cuda).toMatchObject({ root: `${nvidia}/cuda_nvcc`, version: "12.9" });
    expect(cuda?.includeDirs).toEqual(
      expect.arrayContaining([`${nvidia}/cublas/include`, `${nvidia}/cuda_runtime/include`]),
    );
    expect(cuda?.missingHeaders).not.toContain("cublas_v2.h");
    expect(cuda?.libraries?.["cudart"]).toBe(`${nvidia}/cuda_runtime/lib/libcudart.so.12`);
  });

  test("pip's older wheels without nvcc are no toolkit", async () => {
    const { environment } = await find(
      machine("12.4", (host) => host.write(`${site}/nvidia/cuda_nvcc/bin/ptxas`, "", 0o755)),
    );
    expect(environment.cuda).toBeUndefined();
    expect(environment.attempts.find(({ where }) => where.includes("cuda_nvcc"))?.why).toBe("no `bin/nvcc`");
  });

  test("conda's, with the headers below targets/", async () => {
    const host = machine("12.8", (each) => {
      each.env["CONDA_PREFIX"] = "/conda";
      each.fs.mkdir("/conda/conda-meta");
      addToolkit(each, "/conda", { version: "12.8", headers: [], lib: "lib", versionFile: false });
      each.fs.remove("/conda/include/crt");
      for (const name of allHeaders) each.write(`/conda/targets/x86_64-linux/include/${name}`, "");
      each.write("/conda/targets/x86_64-linux/include/crt/host_config.h", hostConfig(14, 19));
      each.fs.mkdir("/conda/targets/x86_64-linux/lib");
    });
    const cuda = await cudaOf(host);
    expect(cuda).toMatchObject({
      origin: "conda environment",
      version: "12.8",
      includeDirs: ["/conda/targets/x86_64-linux/include"],
      libraryDirs: ["/conda/lib", "/conda/targets/x86_64-linux/lib"],
      hostCompilers: { gccNewest: 14 },
      missingHeaders: ["cuda.h"],
    });
  });

  test("a wrapper script on the search path leads to the toolkit behind it", async () => {
    const host = machine("13.0", (each) => {
      addToolkit(each, "/srv/cuda-13.0");
      program(each, "/usr/bin/nvcc", '#!/bin/sh\nexec /srv/cuda-13.0/bin/nvcc "$@"\n');
    });
    const cuda = await cudaOf(host);
    expect(cuda).toMatchObject({ root: "/srv/cuda-13.0", origin: "`nvcc` on the search path" });
    expect(cuda?.nvcc.parts.map(({ name }) => name)).toEqual([
      "nvcc",
      "cudafe++",
      "cicc",
      "ptxas",
      "fatbinary",
      "nvlink",
      "libdevice",
      "nvcc.profile",
    ]);
  });

  test("a wrapper that cannot be read is asked where it lies", async () => {
    const host = machine("13.0", (each) => {
      addToolkit(each, "/srv/cuda");
      program(each, "/usr/bin/nvcc", "a binary that starts another");
      each.onRun(({ argv }) => {
        if (argv[0] !== "/usr/bin/nvcc") return undefined;
        if (argv[1] === "--version") return { stdout: "Cuda compilation tools, release 13.0, V13.0.88\n" };
        return { exitCode: 1, stderr: "#$ _NVVM_BRANCH_=nvvm\n#$ _HERE_=/srv/cuda/bin\n" };
      });
    });
    expect((await cudaOf(host))?.root).toBe("/srv/cuda");
  });

  test("Debian's: a script in /usr/bin, headers among the system's", async () => {
    const host = machine("11.8", (each) => {
      const home = "/usr/lib/nvidia-cuda-toolkit";
      program(each, "/usr/bin/nvcc", `#!/bin/sh\nexec ${home}/bin/nvcc "$@"\n`);
      for (const name of ["nvcc", "cudafe++", "ptxas", "cicc"]) program(each, `${home}/bin/${name}`);
      each.write(
        `${home}/bin/nvcc.profile`,
        `TOP = /usr\nINCLUDES += "-I$(TOP)/include" $(_SPACE_)\nNVVMIR_LIBRARY_DIR = ${home}/libdevice\nLIBRARIES =+ $(_SPACE_) -L/usr/lib/x86_64-linux-gnu/stubs -L/usr/lib/x86_64-linux-gnu\nPATH += ${home}/bin:\n`,
      );
      each.write(`${home}/libdevice/libdevice.10.bc`, "");
      for (const name of [...allHeaders, "cuda.h"]) each.write(`/usr/include/${name}`, "");
      each.fs.mkdir("/usr/include/crt");
      each.write("/usr/include/crt/host_config.h", hostConfig(11, 15));
      each.write("/usr/lib/x86_64-linux-gnu/libcudart.so", "");
      each.onRun(({ argv }) =>
        argv[0] === `${home}/bin/nvcc` && argv[1] === "--version" ? { stdout: "release 11.8, V11.8.89\n" } : undefined,
      );
    });
    const cuda = await cudaOf(host);
    expect(cuda).toMatchObject({
      root: "/usr/lib/nvidia-cuda-toolkit",
      version: "11.8",
      fullVersion: "11.8.89",
      includeDirs: [],
      libraryDirs: ["/usr/lib/x86_64-linux-gnu"],
      missingHeaders: [],
      hostCompilers: { gccNewest: 11 },
    });
    expect(cuda?.nvcc.parts.map(({ name }) => name)).toContain("libdevice");
  });

  test("Windows: the newest of NVIDIA's installer unless torch wants another", async () => {
    const host = emptyMachine({ platform: "win32", env: { PATH: "C:\\Windows" } });
    const base = "C:\\Program Files\\NVIDIA GPU Computing Toolkit\\CUDA";
    for (const version of ["12.4", "13.0", "12.10"]) {
      const root = `${base}\\v${version}`;
      for (const name of ["nvcc.exe", "ptxas.exe", "cudafe++.exe"]) host.write(`${root}\\bin\\${name}`, version);
      host.write(
        `${root}\\version.json`,
        JSON.stringify({ cuda: { version: `${version}.0` }, cuda_nvcc: { version: `${version}.99` } }),
      );
      host.write(`${root}\\include\\cuda_runtime.h`, "");
      host.write(`${root}\\lib\\x64\\cudart.lib`, "");
    }
    settle(host);
    const { environment } = await find(host, { projectRoot: "C:\\project", cacheDir: "C:\\cache" });
    expect(environment.cuda).toMatchObject({
      root: `${base}\\v13.0`,
      fullVersion: "13.0.99",
      libraryDirs: [`${base}\\v13.0\\lib\\x64`],
      libraries: { cudart: `${base}\\v13.0\\lib\\x64\\cudart.lib` },
    });
  });

  test("macOS has none", async () => {
    const { environment } = await find(emptyMachine({ platform: "darwin" }));
    expect(environment.problems.cuda?.code).toBe("CUDA_NOT_FOUND");
    expect(environment.gpus).toEqual([]);
  });
});

describe("headers that ATen asks for", () => {
  test("are taken from pip's wheels of the same version, at the end, and said so", async () => {
    const host = machine("13.0", (each) => {
      addToolkit(each, "/usr/local/cuda", { headers: ["cuda_runtime.h", "cuda_runtime_api.h"] });
      each.env["CUDA_HOME"] = "/usr/local/cuda";
      for (const name of allHeaders) each.write(`${site}/nvidia/cu13/include/${name}`, "");
      each.write(`${site}/nvidia/cu13/include/cuda.h`, "#define CUDA_VERSION 13000\n");
      each.write(`${site}/nvidia/cu13/lib/libcublas.so.13`, "");
    });
    const { environment } = await find(host);
    expect(environment.cuda).toMatchObject({
      root: "/usr/local/cuda",
      includeDirs: ["/usr/local/cuda/include", `${site}/nvidia/cu13/include`],
      missingHeaders: [],
    });
    expect(environment.cuda?.libraries?.["cublas"]).toBe(`${site}/nvidia/cu13/lib/libcublas.so.13`);
    expect(environment.cuda?.libraries?.["cudart"]).toBe("/usr/local/cuda/lib64/libcudart.so");
    expect(environment.attempts.find(({ what }) => what === "cuda headers")).toMatchObject({ outcome: "chosen" });
  });

  test("are not taken from another version", async () => {
    const host = machine("13.1", (each) => {
      addToolkit(each, "/usr/local/cuda", { version: "13.1", headers: ["cuda_runtime.h", "cuda_runtime_api.h"] });
      each.env["CUDA_HOME"] = "/usr/local/cuda";
      for (const name of allHeaders) each.write(`${site}/nvidia/cu13/include/${name}`, "");
      each.write(`${site}/nvidia/cu13/include/cuda.h`, "#define CUDA_VERSION 13000\n");
    });
    const { environment } = await find(host);
    expect(environment.cuda?.missingHeaders).toEqual([
      "cublas_v2.h",
      "cublasLt.h",
      "cusparse.h",
      "cusolverDn.h",
      "cusolver_common.h",
    ]);
    expect(environment.attempts.find(({ what }) => what === "cuda headers")).toMatchObject({
      outcome: "rejected",
      why: "CUDA 13.0, the toolkit is 13.1",
    });
  });
});
