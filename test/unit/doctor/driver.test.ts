/** The driver's files, mixed toolkits, variables that put words into every compile: by value, and how they are found. */
import { describe, expect, it } from "vitest";
import { examine } from "../../../src/doctor/doctor.ts";
import type { Check, DoctorFacts } from "../../../src/doctor/facts.ts";
import { gatherFacts } from "../../../src/doctor/gather.ts";
import { FakeHost, type FakeHostOptions } from "../../support/fake-host.ts";
import { linuxCpu, linuxCuda } from "../../support/plan-fixtures.ts";
import { cuda, facts } from "./facts.ts";

function checks(parts: Partial<DoctorFacts>, id: string): readonly Check[] {
  return examine(facts(parts)).checks.filter((check) => check.id === id && check.status !== "ok");
}

function only(parts: Partial<DoctorFacts>, id: string): Check {
  const [found] = checks(parts, id);
  if (found === undefined) throw new Error(`there is no trouble ${id}`);
  return found;
}

function gather(options: FakeHostOptions, environment = linuxCuda): DoctorFacts {
  return gatherFacts(new FakeHost(options), { environment, nodeVersion: "22.12.0" });
}

const kernel = "580.65.06";
const library = { path: "/usr/lib64/libcuda.so.1", version: kernel };

describe("the driver", () => {
  const of = (driverFiles: DoctorFacts["driverFiles"], more: Partial<DoctorFacts> = {}): Partial<DoctorFacts> => ({
    environment: linuxCuda,
    ...(driverFiles === undefined ? {} : { driverFiles }),
    ...more,
  });

  it("is whole with its library, of the same version, and a device", () => {
    expect(checks(of({ kernel, library, hasDevices: true }), "driver-library")).toEqual([]);
    expect(checks(of({ kernel, library, hasDevices: true }), "driver-devices")).toEqual([]);
    const compat = { path: "/usr/local/cuda/compat/libcuda.so.1", version: "590.44.01" };
    expect(checks(of({ kernel, library: compat, hasDevices: true }), "driver-library")).toEqual([]);
    expect(checks(of({ library, hasDevices: false }), "driver-devices")).toEqual([]);
    expect(checks({ driverFiles: { kernel, hasDevices: true }, environment: linuxCpu }, "driver-library")).toEqual([]);
  });

  it("may lack its library, as in a container without the GPU", () => {
    const check = only(of({ kernel, hasDevices: false }), "driver-library");
    expect(check.title).toContain("`libcuda.so.1` is not here");
    expect(check.fix[0]).toContain("--gpus all");
    expect(check.fix[1]).toContain("libnvidia-compute-580");
  });

  it("may have been updated without being loaded anew", () => {
    const check = only(
      of({ kernel, library: { ...library, version: "580.95.05" }, hasDevices: true }),
      "driver-library",
    );
    expect(check.detail).toContain("Driver/library version mismatch");
    expect(check.fix[0]).toBe("sudo reboot");
  });

  it("may be a stub", () => {
    const stub = { path: "/usr/local/cuda/lib64/stubs/libcuda.so.1", byVariable: true as const };
    expect(only(of({ library: stub, hasDevices: true }), "driver-library").title).toContain("is a stub");
  });

  it("may have no device", () => {
    expect(only(of({ kernel, library, hasDevices: false }), "driver-devices").fix[0]).toContain("nvidia-modprobe");
  });

  it("is looked for where a program would find it", () => {
    const files = {
      "/proc/driver/nvidia/version":
        "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.65.06  Release Build\n",
      "/usr/lib64/libcuda.so.1": "",
      "/dev/nvidia0": "",
    };
    expect(gather({ files }).driverFiles).toEqual({
      kernel,
      library: { path: "/usr/lib64/libcuda.so.1" },
      hasDevices: true,
    });
    const stub = { ...files, "/cuda/lib64/stubs/libcuda.so.1": "" };
    expect(gather({ files: stub, env: { LD_LIBRARY_PATH: "/cuda/lib64/stubs" } }).driverFiles?.library).toEqual({
      path: "/cuda/lib64/stubs/libcuda.so.1",
      byVariable: true,
    });
    expect(gather({}).driverFiles).toBeUndefined();
  });
});

describe("a machine without a GPU", () => {
  const environment = { ...linuxCuda, gpus: [] };

  it("has to be told for which one it builds", () => {
    expect(only({ environment }, "no-gpu").fix[0]).toMatch(/^export TORCH_CUDA_ARCH_LIST=9\.0 /);
    expect(checks({ environment, variables: { TORCH_CUDA_ARCH_LIST: "8.0" } }, "no-gpu")).toEqual([]);
    expect(checks({ environment: linuxCpu }, "no-gpu")).toEqual([]);
    const project = { usesCuda: false, usesSetupScript: false };
    expect(checks({ environment, project }, "no-gpu")).toEqual([]);
  });
});

describe("a toolkit", () => {
  it("has headers of its own version", () => {
    const environment = cuda({ version: "13.3", root: "/venv/lib/python3.11/site-packages/nvidia/cu13" });
    expect(checks({ environment, cudaHeaders: "13.3" }, "cuda-mixed")).toEqual([]);
    const check = only({ environment, cudaHeaders: "13.0" }, "cuda-mixed");
    expect(check.title).toBe("`nvcc` is of CUDA 13.3, the headers beside it are of 13.0");
    expect(check.fix[0]).toContain('-m pip install "nvidia-cuda-nvcc==13.0.*"');
    const root = linuxCuda.cuda?.includeDirs[0] ?? "";
    const header = "/* x */\n#define CUDART_VERSION  12040\n";
    expect(gather({ files: { [`${root}/cuda_runtime_api.h`]: header } }).cudaHeaders).toBe("12.4");
  });

  it("lacks what a package of its own brings", () => {
    const root = "/venv/lib/python3.11/site-packages/nvidia/cu13";
    const environment = cuda({ root, version: "13.0", includeDirs: [`${root}/include`] });
    const files = { [`${root}/include/cuda_runtime.h`]: "", [`${root}/include/cccl/thrust/complex.h`]: "" };
    const { missingCudaHeaders = [] } = gather({ files }, environment);
    expect(missingCudaHeaders).toEqual(["crt/host_config.h"]);
    const check = only({ environment, missingCudaHeaders }, "cuda-parts");
    expect([check.status, check.fix[0]]).toEqual([
      "problem",
      `${environment.python?.executable ?? ""} -m pip install 'nvidia-cuda-crt==13.0.*'`,
    ]);
    const older = cuda({ root: root.replace("cu13", "cuda_nvcc"), version: "12.4" });
    const thrust = only({ environment: older, missingCudaHeaders: ["thrust/complex.h"] }, "cuda-parts");
    expect(thrust.fix[0]).toMatch(/ -m pip install 'nvidia-cuda-cccl-cu12==12\.4\.\*'$/);
    const system = cuda({ root: "/usr/local/cuda", version: "12.4" });
    const there = { "/usr/local/cuda/include/crt/host_config.h": "", "/usr/local/cuda/include/cuda_runtime.h": "" };
    expect(gather({ files: there }, system).missingCudaHeaders).toEqual(["thrust/complex.h"]);
    // Nothing is there: its folders are not known.
    expect(gather({}, system).missingCudaHeaders).toEqual([]);
    expect(only({ environment: system, missingCudaHeaders: ["thrust/complex.h"] }, "cuda-parts").fix).toEqual([
      "# NVIDIA's packages: sudo apt-get install cuda-toolkit-12-4",
    ]);
  });

  it("does not share CPATH with another one", () => {
    const files = { "/usr/local/cuda-12.4/include/cuda.h": "#define CUDA_VERSION 12040\n" };
    const env = { CPATH: "/usr/local/cuda-12.4/include:/nowhere" };
    const { cudaHeaderPlaces } = gather({ files, env });
    expect(cudaHeaderPlaces).toEqual([{ variable: "CPATH", folder: "/usr/local/cuda-12.4/include", version: "12.4" }]);
    const check = only({ environment: linuxCuda, cudaHeaderPlaces: cudaHeaderPlaces ?? [] }, "cuda-in-include-path");
    expect(check.fix).toEqual(["unset CPATH"]);
  });
});

describe("variables", () => {
  it.each([
    ["CXXFLAGS", "-O2 -std=gnu++14", "later", "export CXXFLAGS=-O2"],
    ["NVCC_APPEND_FLAGS", "-std=c++11", "later", "unset NVCC_APPEND_FLAGS"],
    ["CFLAGS", "-Wall -Werror -O2", "later", "export CFLAGS='-Wall -O2'"],
    ["CPPFLAGS", "-D_GLIBCXX_USE_CXX11_ABI=0", "problem", "unset CPPFLAGS"],
  ])("%s=%s", (name, value, status, fix) => {
    const check = only({ variables: { [name]: value } }, "flags");
    expect([check.status, check.fix[0]]).toEqual([status, fix]);
  });

  it("may say what is right", () => {
    const variables = {
      CXXFLAGS: "-std=c++20 -D_GLIBCXX_USE_CXX11_ABI=1 -O3",
      CFLAGS: "",
      NVCC_APPEND_FLAGS: "-lineinfo",
    };
    expect(checks({ variables }, "flags")).toEqual([]);
  });

  it("name another environment than the interpreter's", () => {
    const prefix = linuxCpu.python?.prefix ?? "";
    expect(checks({ variables: { VIRTUAL_ENV: `${prefix}/` } }, "active-environment")).toEqual([]);
    const check = only({ variables: { VIRTUAL_ENV: "/other" } }, "active-environment");
    expect(check.fix).toEqual(["retorch build --python /other/bin/python"]);
  });

  it("name a temporary folder that is not there", () => {
    const { badTemporary } = gather({ env: { TMPDIR: "/gone" } });
    expect(badTemporary).toEqual({ path: "/gone", exists: false });
    expect(only({ badTemporary: { path: "/gone", exists: false } }, "temporary-folder").fix).toEqual([
      "mkdir -p /gone",
    ]);
    expect(gather({ env: { TMPDIR: "/there" }, files: { "/there/x": "" } }).badTemporary).toBeUndefined();
  });
});
