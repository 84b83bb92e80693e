/** GPUs, ROCm, SYCL. */
import { describe, expect, test } from "vitest";
import type { FakeHost } from "../../support/fake-host.ts";
import { addPython, addTorch, emptyMachine, find, program, settle, usualMachine } from "./fake-machine.ts";

describe("GPUs", () => {
  function withGpus(): FakeHost {
    const host = usualMachine();
    program(host, "/usr/bin/nvidia-smi");
    host.write("/dev/nvidia0", "");
    host.write("/dev/nvidiactl", "");
    host.onRun(({ argv }) =>
      argv[0] === "/usr/bin/nvidia-smi"
        ? { stdout: "0, GPU-aa, NVIDIA H200, 9.0, 570.1\n1, GPU-bb, NVIDIA L40S, 8.9, 570.1\n" }
        : undefined,
    );
    settle(host);
    return host;
  }

  test("those that are visible", async () => {
    const host = withGpus();
    expect((await find(host)).environment.gpus).toEqual([
      { name: "NVIDIA H200", computeCapability: [9, 0], driverVersion: "570.1" },
      { name: "NVIDIA L40S", computeCapability: [8, 9], driverVersion: "570.1" },
    ]);
    host.env["CUDA_VISIBLE_DEVICES"] = "1";
    host.resetAccesses();
    const { environment } = await find(host);
    expect(environment.gpus.map(({ name }) => name)).toEqual(["NVIDIA L40S"]);
    expect(environment.attempts.find(({ what }) => what === "gpu")?.why).toContain(
      "1 of 2 hidden by CUDA_VISIBLE_DEVICES=1",
    );
    expect(host.spawns).toEqual([]);
    host.env["CUDA_VISIBLE_DEVICES"] = "";
    expect((await find(host)).environment.gpus).toEqual([]);
  });

  test("are asked for again when a device comes or goes", async () => {
    const host = withGpus();
    await find(host);
    host.write("/dev/pts7", "");
    host.resetAccesses();
    await find(host);
    expect(host.spawns).toEqual([]);
    host.write("/dev/nvidia1", "");
    settle(host);
    await find(host);
    expect(host.spawns.filter((command) => command.includes("nvidia-smi"))).toHaveLength(1);
  });

  test("without nvidia-smi, as in many containers: the driver's library is asked", async () => {
    const host = usualMachine();
    const asks: (readonly string[])[] = [];
    host.onRun(({ argv }) => {
      if (argv.at(-1)?.includes("libcuda.so.1") !== true) return undefined;
      asks.push(argv);
      return {
        stdout: "0, GPU-aa, NVIDIA A100, 80GB, 8.0, [N/A]\n1, GPU-bb, NVIDIA H200, 9.0, [N/A]\n",
      };
    });
    settle(host);
    // No device: Python is not started for it.
    expect((await find(host)).environment.gpus).toEqual([]);
    expect(asks).toEqual([]);
    host.write("/dev/nvidiactl", "");
    host.write(
      "/proc/driver/nvidia/version",
      "NVRM version: NVIDIA UNIX x86_64 Kernel Module  580.65.06  Sun Jul 27 07:15:11 UTC 2026\n",
    );
    settle(host);
    const { environment } = await find(host);
    expect(environment.gpus).toEqual([
      { name: "NVIDIA A100, 80GB", computeCapability: [8, 0], driverVersion: "580.65.06" },
      { name: "NVIDIA H200", computeCapability: [9, 0], driverVersion: "580.65.06" },
    ]);
    expect(environment.attempts.filter(({ what }) => what === "gpu").map(({ outcome }) => outcome)).toEqual([
      "missing",
      "chosen",
    ]);
    host.env["CUDA_VISIBLE_DEVICES"] = "GPU-bb";
    expect((await find(host)).environment.gpus.map(({ name }) => name)).toEqual(["NVIDIA H200"]);
    expect(asks).toHaveLength(1);
  });

  test.each<readonly [string, object, string]>([
    [
      "no driver",
      { exitCode: 9, stdout: "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.\n" },
      "couldn't communicate",
    ],
    [
      "an old nvidia-smi",
      { exitCode: 2, stdout: 'Field "compute_cap" is not a valid field to query.\n' },
      "not a valid field",
    ],
    ["a hanging driver", { timedOut: true, signal: "SIGTERM" }, "did not answer in time"],
    ["no device", { stdout: "No devices were found\n" }, "it lists none"],
  ])("%s is no problem", async (_, result, why) => {
    const host = usualMachine();
    program(host, "/usr/bin/nvidia-smi");
    host.onRun(({ argv }) => (argv[0] === "/usr/bin/nvidia-smi" ? result : undefined));
    settle(host);
    const { environment } = await find(host);
    expect(environment.gpus).toEqual([]);
    expect(environment.problems).not.toHaveProperty("gpu");
    expect(environment.attempts.find(({ what }) => what === "gpu")?.why).toContain(why);
  });
});

describe("ROCm", () => {
  function rocm(change: (host: FakeHost) => void): FakeHost {
    const host = emptyMachine({ env: { PATH: "/usr/bin", VIRTUAL_ENV: "/env" } });
    addPython(host, "/env/bin/python");
    addTorch(host, "/env/lib/python3.11/site-packages", { version: "2.8.0+rocm6.4", hip: "6.4.43482" });
    change(host);
    settle(host);
    return host;
  }
  const install = (host: FakeHost, root: string): void => {
    program(host, `${root}/bin/hipcc`);
    program(host, `${root}/lib/llvm/bin/clang++`);
    host.write(`${root}/amdgcn/bitcode/ocml.bc`, "");
    host.write(`${root}/include/hip/hip_runtime.h`, "");
    host.fs.mkdir(`${root}/lib`);
    host.write(`${root}/.info/version`, "6.4.1-83\n");
  };

  test.each([
    ["/opt/rocm", {}],
    ["/srv/rocm", { ROCM_HOME: "/srv/rocm" }],
    ["/env/lib/python3.11/site-packages/_rocm_sdk_core", {}],
  ])("at %s", async (root, env) => {
    const host = rocm((each) => install(each, root));
    Object.assign(host.env, env);
    const { environment } = await find(host);
    expect(environment.rocm).toMatchObject({
      root,
      version: "6.4.1",
      includeDirs: [`${root}/include`],
      libraryDirs: [`${root}/lib`],
    });
    expect(environment.rocm?.compiler.parts.map(({ name }) => name)).toEqual(["hipcc", "clang++", "ocml.bc"]);
    expect(
      environment.attempts.find(({ what, where }) => what === "cuda" && where === "everywhere else")?.why,
    ).toContain("ROCm");
  });

  test.each([
    [{}, ["gfx1100", "gfx90a", "gfx942"]],
    [{ ROCR_VISIBLE_DEVICES: "1,2" }, ["gfx1100", "gfx942"]],
    [{ HIP_VISIBLE_DEVICES: "0" }, ["gfx90a"]],
    [{ ROCR_VISIBLE_DEVICES: "2,0", HIP_VISIBLE_DEVICES: "1" }, ["gfx90a"]],
    [{ HIP_VISIBLE_DEVICES: "-1,0" }, []],
    [{ HIP_VISIBLE_DEVICES: "" }, []],
    [{ CUDA_VISIBLE_DEVICES: "2" }, ["gfx1100"]],
    [{ HIP_VISIBLE_DEVICES: "0", CUDA_VISIBLE_DEVICES: "2" }, ["gfx90a"]],
    [{ ROCR_VISIBLE_DEVICES: "GPU-00000000000000ff" }, ["gfx90a"]],
    [{ ROCR_VISIBLE_DEVICES: "GPU-1234,0" }, ["gfx90a", "gfx942"]],
    [{ ROCR_VISIBLE_DEVICES: "GPU-,0" }, []],
    [{ ROCR_VISIBLE_DEVICES: "GPU-4b2c1a9f-8d3e-6f7a-b5c9-2e4d8a1f6c3b" }, ["gfx1100", "gfx90a", "gfx942"]],
  ])("%j: the GPUs %j", async (env, expected) => {
    const host = rocm((each) => {
      install(each, "/opt/rocm");
      const uuids: Record<string, string> = { 1: "255", 2: String(0x1234_0000_0000_0000n) };
      const version = { 0: 0, 1: 90010, 2: 90402, 10: 110000 };
      for (const [node, target] of Object.entries(version)) {
        each.write(
          `/sys/class/kfd/kfd/topology/nodes/${node}/properties`,
          `cpu_cores_count 0\ngfx_target_version ${target}\nvendor_id 4098\nunique_id ${uuids[node] ?? 0}\n`,
        );
      }
    });
    Object.assign(host.env, env);
    expect((await find(host)).environment.rocm?.architectures).toEqual(expected);
  });

  test("is not looked for without a torch for it", async () => {
    const host = usualMachine();
    install(host, "/opt/rocm");
    settle(host);
    expect((await find(host)).environment).not.toHaveProperty("rocm");
    expect((await find(host, { needs: { rocm: true } })).environment.rocm?.root).toBe("/opt/rocm");
  });
});

test("SYCL, when asked for", async () => {
  const host = usualMachine();
  const root = "/opt/intel/oneapi/compiler/latest";
  program(host, `${root}/bin/icpx`);
  program(host, `${root}/bin/compiler/clang++`);
  for (const folder of ["include/sycl", "lib"]) host.fs.mkdir(`${root}/${folder}`);
  host.onRun(({ argv }) =>
    argv[0]?.endsWith("icpx") === true
      ? { stdout: "Intel(R) oneAPI DPC++/C++ Compiler 2025.0.4 (2025.0.4.20241205)\n" }
      : undefined,
  );
  settle(host);
  expect((await find(host)).environment).not.toHaveProperty("sycl");
  expect((await find(host, { needs: { sycl: true } })).environment.sycl).toMatchObject({
    root,
    version: "2025.0.4",
    includeDirs: [`${root}/include`, `${root}/include/sycl`],
    libraryDirs: [`${root}/lib`],
  });
  host.fs.remove("/opt/intel");
  expect((await find(host, { needs: { sycl: true } })).environment.problems.sycl?.code).toBe("SYCL_NOT_FOUND");
});
