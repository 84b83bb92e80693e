import { describe, expect, it } from "vitest";
import { gatherFacts } from "../../../src/doctor/gather.ts";
import type { DoctorFacts } from "../../../src/doctor/facts.ts";
import { FakeHost, type FakeHostOptions } from "../../support/fake-host.ts";
import { linuxCpu } from "../../support/plan-fixtures.ts";

function gather(options: FakeHostOptions): DoctorFacts {
  return gatherFacts(new FakeHost(options), { environment: linuxCpu, nodeVersion: "22.0.0" });
}

describe("gatherFacts", () => {
  it("finds nothing on an empty machine, and makes nothing", () => {
    const host = new FakeHost();
    const found = gatherFacts(host, { environment: linuxCpu, nodeVersion: "22.0.0", root: "/project" });
    expect(found).toMatchObject({ cudaPlaces: [], locks: [], extensions: [], programs: {} });
    expect(found.store.bytes).toBeUndefined();
    expect(host.fs.stat("/home/user/.cache")).toBeUndefined();
    expect(host.runs).toEqual([]);
  });

  it("finds locks of load() with their age, in both forms of the folder", () => {
    const lock = "/home/user/.cache/torch_extensions/py311_cu130/fused/lock";
    const host = new FakeHost({ files: { [lock]: "" } });
    host.tick(90_000);
    const { locks } = gatherFacts(host, { environment: linuxCpu, nodeVersion: "22.0.0" });
    expect(locks).toEqual([{ path: lock, ageMs: 90_000 }]);
    expect(gather({ env: { TORCH_EXTENSIONS_DIR: "/x" }, files: { "/x/fused/lock": "", [lock]: "" } }).locks).toEqual([
      { path: "/x/fused/lock", ageMs: 0 },
    ]);
  });

  it("finds the CUDA of search paths, each folder once", () => {
    const files = {
      "/usr/local/cuda-12.4/bin/nvcc": "",
      "/usr/local/cuda-12.4/lib64/libcudart.so.12": "",
      "/usr/local/cuda-12.4/lib64/libcudart.so.12.4.127": "",
      "/opt/cuda/bin/nvcc": "",
      "/opt/cuda/version.json": '{\n  "cuda" : { "name" : "CUDA SDK", "version" : "13.0.1" }\n}',
      "/opt/old/bin/nvcc": "",
      "/opt/old/version.txt": "CUDA Version 10.2.89\n",
    };
    const env = {
      PATH: "/usr/local/cuda-12.4/bin:/opt/cuda/bin:/usr/local/cuda-12.4/bin::relative:/opt/old/bin",
      LD_LIBRARY_PATH: "/usr/local/cuda-12.4/lib64:/nowhere",
    };
    expect(gather({ files, env }).cudaPlaces).toEqual([
      { variable: "PATH", folder: "/usr/local/cuda-12.4/bin", version: "12.4" },
      { variable: "PATH", folder: "/opt/cuda/bin", version: "13.0" },
      { variable: "PATH", folder: "/opt/old/bin", version: "10.2" },
      { variable: "LD_LIBRARY_PATH", folder: "/usr/local/cuda-12.4/lib64", version: "12.4" },
    ]);
  });

  it("looks where CUDA_HOME points", () => {
    expect(gather({ env: { CUDA_HOME: ":/cuda" }, files: { "/cuda/bin/nvcc": "" } }).cudaHome).toEqual({
      variable: "CUDA_HOME",
      value: ":/cuda",
      exists: false,
      hasNvcc: false,
      hasHeaders: false,
    });
    const files = { "/cuda/bin/nvcc": "", "/cuda/targets/x86_64-linux/include/cuda_runtime.h": "" };
    expect(gather({ env: { CUDA_PATH: "/cuda" }, files }).cudaHome).toMatchObject({
      exists: true,
      hasNvcc: true,
      hasHeaders: true,
    });
    expect(gather({ env: { CUDA_PATH: "/cuda/bin/nvcc" }, files }).cudaHome).toMatchObject({
      exists: false,
      toolkit: "/cuda",
    });
  });

  it("looks for the host compilers that flags of nvcc's name", () => {
    const files = { "/usr/bin/g++-13": "" };
    const hosts = (flags: string): unknown =>
      gather({ env: { PATH: "/usr/bin", NVCC_APPEND_FLAGS: flags }, files }).missingHosts;
    expect(hosts("-O2 -ccbin /gone/g++")).toEqual([{ variable: "NVCC_APPEND_FLAGS", host: "/gone/g++" }]);
    expect(hosts("--compiler-bindir=g++-99")).toEqual([{ variable: "NVCC_APPEND_FLAGS", host: "g++-99" }]);
    for (const good of ["-ccbin g++-13", "-ccbin=/usr/bin", "-ccbin /usr/bin/g++-13", "-O2"])
      expect(hosts(good)).toEqual([]);
  });

  it("reads the loaded driver, programs and packages", () => {
    const packages = linuxCpu.python?.packageDirs[0] ?? "";
    const found = gather({
      env: { PATH: "/usr/bin", NODE_EXTRA_CA_CERTS: "/etc/ca.pem" },
      files: {
        "/proc/driver/nvidia/version":
          "NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.15  Tue Mar  5 22:23:56 UTC 2024\n",
        "/usr/bin/ninja": "",
        "/etc/ca.pem": "12345",
        [`${packages}/setuptools-80.9.0.dist-info/METADATA`]: "",
      },
    });
    expect(found).toMatchObject({
      driver: "550.54.15",
      programs: { ninja: "/usr/bin/ninja" },
      setuptools: "80.9.0",
      extraCertificates: { path: "/etc/ca.pem", bytes: 5 },
    });
  });

  it("sees a store that others can write to", () => {
    const host = new FakeHost({ files: { "/home/user/.cache/retorch/store/v1/blobs/ab/c": "123" } });
    host.fs.chmod("/home/user/.cache/retorch", 0o777);
    const { store } = gatherFacts(host, { environment: linuxCpu, nodeVersion: "22.0.0" });
    expect(store.problem?.code).toBe("STORE_UNSAFE");
    host.fs.chmod("/home/user/.cache/retorch", 0o700);
    host.fs.chmod("/home/user/.cache/retorch/store", 0o700);
    host.fs.chmod("/home/user/.cache/retorch/store/v1", 0o700);
    expect(gatherFacts(host, { environment: linuxCpu, nodeVersion: "22.0.0" }).store.bytes).toBe(3);
  });

  it("is not disturbed by files that are no libraries", () => {
    const host = new FakeHost({
      files: { "/project/a.so": "text", "/project/.venv/b.so": "", "/project/pkg/c.pyd": "MZ" },
    });
    const found = gatherFacts(host, { environment: linuxCpu, nodeVersion: "22.0.0", root: "/project" });
    expect(found.extensions).toEqual([]);
  });
});
