/** Which torch is taken, and what is read of it. */
import { describe, expect, test } from "vitest";
import type { FakeHost } from "../../support/fake-host.ts";
import { addLibTorch, addPython, addTorch, emptyMachine, find, oldAbiSymbol, settle } from "./fake-machine.ts";
import { tinyElf } from "./tiny-elf.ts";

const site = "/env/lib/python3.11/site-packages";

function machine(change: (host: FakeHost) => void = () => {}): FakeHost {
  const host = emptyMachine({ env: { PATH: "/usr/bin", VIRTUAL_ENV: "/env" } });
  addPython(host, "/env/bin/python");
  change(host);
  settle(host);
  return host;
}

async function torchOf(
  host: FakeHost,
  request: Parameters<typeof find>[1] = {},
): Promise<Awaited<ReturnType<typeof find>>["environment"]["torch"]> {
  return (await find(host, request)).environment.torch;
}

describe("wheels", () => {
  test("CPU", async () => {
    expect(await torchOf(machine((host) => addTorch(host, site)))).toMatchObject({
      layout: "wheel",
      root: `${site}/torch`,
      version: "2.13.0+cpu",
      release: [2, 13, 0],
      gitVersion: "abc",
      includeDirs: [`${site}/torch/include`, `${site}/torch/include/torch/csrc/api/include`],
      libraryDirs: [`${site}/torch/lib`],
      libraries: ["c10", "torch", "torch_cpu", "torch_python"],
      cxx11Abi: true,
    });
  });

  test("CUDA and ROCm", async () => {
    expect(
      await torchOf(machine((host) => addTorch(host, site, { version: "2.14.1+cu130", cuda: "13.0" }))),
    ).toMatchObject({
      cudaVersion: "13.0",
      libraries: ["c10", "c10_cuda", "torch", "torch_cpu", "torch_cuda", "torch_python"],
    });
    const rocm = await find(machine((host) => addTorch(host, site, { version: "2.8.0+rocm6.4", hip: "6.4.43482" })));
    expect(rocm.environment.torch).toMatchObject({ hipVersion: "6.4.43482" });
    expect(rocm.environment.problems.rocm?.code).toBe("ROCM_NOT_FOUND");
  });

  test("the old ABI, by the library's symbols and not by the version", async () => {
    expect((await torchOf(machine((host) => addTorch(host, site, { oldAbi: true }))))?.cxx11Abi).toBe(false);
    const old = machine((host) => {
      addTorch(host, site, { version: "2.5.1" });
      host.write(`${site}/torch/lib/libc10.so`, tinyElf({ names: ["_ZN3c104warnEv"] }));
    });
    const { environment } = await find(old);
    expect(environment.torch?.cxx11Abi).toBe(false);
    expect(environment.attempts.filter(({ what }) => what === "C++11 ABI").map(({ outcome }) => outcome)).toEqual([
      "rejected",
      "chosen",
    ]);
    expect(oldAbiSymbol).toContain("Ss");
  });

  test("TH folders only where torch's own builder names them", async () => {
    const withOld = (version: string): FakeHost =>
      machine((host) => {
        addTorch(host, site, { version });
        host.write(`${site}/torch/include/TH/TH.h`, "");
      });
    expect((await torchOf(withOld("1.13.1")))?.includeDirs).toContain(`${site}/torch/include/TH`);
    expect((await torchOf(withOld("2.14.1")))?.includeDirs).not.toContain(`${site}/torch/include/TH`);
  });

  test("pybind11's ABI is read where its macros are still passed", async () => {
    const withName = (version: string): FakeHost =>
      machine((host) => {
        addTorch(host, site, { version });
        host.write(
          `${site}/torch/lib/libtorch_python.so`,
          `${"x".repeat(5_000_000)}__pybind11_internals_v4_gcc_libstdcpp_cxxabi1011__\0`,
        );
      });
    const abi = { compilerType: "_gcc", stdlib: "_libstdcpp", buildAbi: "_cxxabi1011" };
    expect((await torchOf(withName("2.4.0")))?.pybind11Abi).toEqual(abi);
    expect(await torchOf(withName("2.13.0"))).not.toHaveProperty("pybind11Abi");
  });
});

describe("identity", () => {
  const record = (lines: string): string =>
    `../../../bin/torchrun,sha256=${lines.length},9\n${lines}torch/__pycache__/x.pyc,,\n`;
  const lines = "torch/include/a.h,sha256=1,1\ntorch/lib/libc10.so,sha256=2,2\n";

  async function identity(fake: Parameters<typeof addTorch>[2], where = site): Promise<string | undefined> {
    return (await torchOf(machine((host) => addTorch(host, where, fake))))?.identity;
  }

  test("the same wheel has the same one in every environment", async () => {
    const one = await identity({ record: record(lines) });
    const other = machine((host) => {
      host.env["VIRTUAL_ENV"] = "/other";
      addPython(host, "/other/bin/python");
      addTorch(host, "/other/lib/python3.11/site-packages", {
        record: `${lines}torch-2.13.0.dist-info/INSTALLER,sha256=77,3\n../../../bin/torchrun,sha256=other,250\n`,
      });
    });
    expect((await torchOf(other))?.identity).toBe(one);
  });

  test("another header, library, version or CUDA makes another", async () => {
    const all = [
      await identity({ record: record(lines) }),
      await identity({ record: record(lines.replace("sha256=1", "sha256=8")) }),
      await identity({ record: record(lines.replace("sha256=2", "sha256=8")) }),
      await identity({ record: record(lines), version: "2.13.1+cpu" }),
      await identity({ record: record(lines), cuda: "13.0" }),
      await identity({ record: false }),
    ];
    expect(new Set(all).size).toBe(all.length);
  });

  test("without RECORD, another library makes another", async () => {
    const host = machine((each) => addTorch(each, site, { record: false }));
    const before = (await torchOf(host))?.identity;
    host.write(`${site}/torch/lib/libtorch_cpu.so`, tinyElf({ filler: "more" }));
    settle(host);
    expect((await torchOf(host))?.identity).not.toBe(before);
  });

  test("a RECORD without digests says nothing", async () => {
    const plain = await identity({ record: false });
    expect(await identity({ record: "torch/include/a.h,,\ntorch/lib/libc10.so,,\n" })).toBe(plain);
  });

  test("of several dist-infos the one of this version counts", async () => {
    const host = machine((each) => {
      addTorch(each, site, { record: record(lines) });
    });
    const before = (await torchOf(host))?.identity;
    host.write(`${site}/torch-2.1.0.dist-info/RECORD`, record("torch/include/old.h,sha256=0,0\n"));
    settle(host);
    expect((await torchOf(host))?.identity).toBe(before);
  });
});

describe("other layouts", () => {
  function debian(host: FakeHost): void {
    const packages = "/usr/lib/python3/dist-packages";
    const root = `${packages}/torch`;
    host.env["VIRTUAL_ENV"] = undefined;
    addPython(host, "/usr/bin/python3", {
      prefix: "/usr",
      facts: { packageDirs: ["/usr/local/lib/python3.11/dist-packages", packages] },
    });
    host.write(`${root}/__init__.py`, "");
    host.write(
      `${root}/version.py`,
      "__version__ = '1.13.0a0'\ndebug = False\ncuda = None\ngit_version = 'Unknown'\nhip = None\n",
    );
    host.write(`${root}/_C.cpython-311-x86_64-linux-gnu.so`, "");
    host.fs.mkdir(`${root}/include`);
    host.fs.mkdir(`${root}/lib`);
    for (const name of ["c10", "torch", "ATen"])
      host.fs.symlink(`../../../../../include/${name}`, `${root}/include/${name}`);
    for (const name of ["c10", "torch", "torch_cpu", "torch_python"]) {
      host.write(
        `/usr/lib/x86_64-linux-gnu/lib${name}.so.1.13`,
        tinyElf({ names: ["_ZN3c105ErrorC1ENSt7__cxx1112basic_string"] }),
      );
      host.fs.symlink(`../../../../x86_64-linux-gnu/lib${name}.so.1.13`, `${root}/lib/lib${name}.so`);
    }
  }
  const headers = (host: FakeHost): void => {
    host.write("/usr/include/c10/macros/Macros.h", "");
    host.write(
      "/usr/include/torch/csrc/api/include/torch/version.h",
      "#define TORCH_VERSION_MAJOR 1\n#define TORCH_VERSION_MINOR 13\n",
    );
  };

  test("Debian's package, which has no pybind11", async () => {
    const host = machine((each) => {
      debian(each);
      headers(each);
    });
    const { environment } = await find(host);
    const root = "/usr/lib/python3/dist-packages/torch";
    expect(environment.torch).toMatchObject({
      layout: "debian",
      root,
      includeDirs: [`${root}/include`, `${root}/include/torch/csrc/api/include`],
      libraryDirs: [`${root}/lib`],
      missingHeaders: ["pybind11/pybind11.h"],
      cxx11Abi: true,
    });
    expect(environment.warnings[0]?.text).toContain("apt install pybind11-dev");
    host.write("/usr/include/pybind11/pybind11.h", "");
    settle(host);
    expect((await find(host)).environment.warnings).toEqual([]);
  });

  test("pybind11 of pip is added where torch has none", async () => {
    const host = machine((each) => {
      debian(each);
      headers(each);
      each.write("/usr/lib/python3/dist-packages/pybind11/include/pybind11/pybind11.h", "");
    });
    expect((await torchOf(host))?.includeDirs.at(-1)).toBe("/usr/lib/python3/dist-packages/pybind11/include");
  });

  test("Debian's package without libtorch-dev says what to install", async () => {
    const { environment } = await find(machine(debian));
    expect(environment.torch).toBeUndefined();
    expect(environment.problems.torch).toMatchObject({
      code: "TORCH_BROKEN",
      hint: expect.stringContaining("apt install libtorch-dev") as string,
    });
  });

  test("the system's LibTorch alone serves programs, not the interpreter", async () => {
    const host = machine((each) => {
      headers(each);
      for (const name of ["c10", "torch", "torch_cpu"])
        each.write(`/usr/lib/x86_64-linux-gnu/lib${name}.so`, tinyElf());
    });
    const { environment } = await find(host);
    expect(environment.torch).toMatchObject({
      layout: "libtorch",
      version: "1.13.0",
      libraryDirs: ["/usr/lib/x86_64-linux-gnu"],
    });
    expect(environment.torch?.includeDirs).not.toContain("/usr/include");
    expect(environment.torch?.root).not.toBe("/usr");
    expect(environment.problems.torch?.code).toBe("TORCH_NOT_FOUND");
  });

  test("a source tree in development mode", async () => {
    const host = machine((each) => {
      each.write("/env/lib/python3.11/site-packages/easy.pth", "/src\n");
      addPython(each, "/env/bin/python", { facts: { packageDirs: [site, "/src"] } });
      addTorch(each, "/src", { version: "2.15.0a0+gitabc", record: false });
      each.write("/src/torch/csrc/Module.cpp", "");
    });
    expect(await torchOf(host)).toMatchObject({ layout: "source", root: "/src/torch" });
  });

  test("an editable installation with a finder, its libraries in the package folder", async () => {
    const host = machine((each) => {
      addPython(each, "/env/bin/python", { facts: { torch: "/src/torch" } });
      each.write("/src/torch/__init__.py", "");
      each.write("/src/torch/version.py", "__version__ = '2.15.0a0'\n");
      addLibTorch(each, `${site}/torch`);
    });
    expect(await torchOf(host)).toMatchObject({
      root: "/src/torch",
      includeDirs: [`${site}/torch/include`, `${site}/torch/include/torch/csrc/api/include`],
      libraryDirs: [`${site}/torch/lib`],
    });
  });

  test("conda-forge's, with libraries and headers in the prefix", async () => {
    const host = machine((each) => {
      each.write(`${site}/torch/__init__.py`, "");
      each.write(`${site}/torch/version.py`, "__version__ = '2.6.0'\n");
      addLibTorch(each, "/env");
    });
    expect(await torchOf(host)).toMatchObject({
      root: `${site}/torch`,
      includeDirs: ["/env/include", "/env/include/torch/csrc/api/include"],
      libraryDirs: ["/env/lib"],
    });
  });
});

describe("LibTorch", () => {
  const libtorch = (version: string, cuda?: string) => (host: FakeHost) => {
    addLibTorch(host, "/opt/libtorch", {
      libraries: ["torch", "torch_cpu", ...(cuda === undefined ? [] : ["c10_cuda", "torch_cuda"])],
    });
    host.write("/opt/libtorch/build-version", `${version}\n`);
    host.write("/opt/libtorch/build-hash", "0123\n");
  };

  test.each([
    ["LIBTORCH", "/opt/libtorch"],
    ["Torch_DIR", "/opt/libtorch/share/cmake/Torch"],
    ["CMAKE_PREFIX_PATH", "/nothing:/opt/libtorch"],
    ["TORCH_INSTALL_PREFIX", "/opt/libtorch/"],
  ])("named by %s", async (name, value) => {
    const host = machine(libtorch("2.13.0+cpu"));
    host.env[name] = value;
    const { environment } = await find(host);
    expect(environment.torch).toMatchObject({
      layout: "libtorch",
      root: "/opt/libtorch",
      version: "2.13.0+cpu",
      gitVersion: "0123",
    });
    expect(environment.attempts.find(({ what, outcome }) => what === "torch" && outcome === "chosen")?.where).toContain(
      name,
    );
  });

  test("named by an option wins over the interpreter's own; a variable does not", async () => {
    const host = machine((each) => {
      libtorch("2.12.0+cpu")(each);
      addTorch(each, site);
    });
    expect((await torchOf(host, { torch: "/opt/libtorch" }))?.version).toBe("2.12.0+cpu");
    host.env["LIBTORCH"] = "/opt/libtorch";
    const { environment } = await find(host);
    expect(environment.torch?.version).toBe("2.13.0+cpu");
    expect(environment.attempts.find(({ where }) => where.startsWith("LIBTORCH="))?.outcome).toBe("rejected");
  });

  test("CUDA by its version, else by the run time that it asks for", async () => {
    const host = machine(libtorch("2.9.1+cu128", "12.8"));
    expect((await torchOf(host, { torch: "/opt/libtorch" }))?.cudaVersion).toBe("12.8");
    const other = machine(libtorch("2.9.1", "12"));
    expect((await torchOf(other, { torch: "/opt/libtorch" }))?.cudaVersion).toBe("12");
  });

  test("without build-version, by its header", async () => {
    const host = machine((each) => {
      libtorch("x")(each);
      each.fs.remove("/opt/libtorch/build-version");
      each.write(
        "/opt/libtorch/include/torch/headeronly/version.h",
        "#define TORCH_VERSION_MAJOR 2\n#define TORCH_VERSION_MINOR 14\n#define TORCH_VERSION_PATCH 1\n",
      );
    });
    expect((await torchOf(host, { torch: "/opt/libtorch" }))?.version).toBe("2.14.1");
  });
});

describe("what cannot be used", () => {
  test.each<readonly [string, (host: FakeHost) => void, string, string]>([
    ["nothing installed", () => {}, "TORCH_NOT_FOUND", "pip install torch"],
    ["an empty package", (host) => host.write(`${site}/torch/__init__.py`, ""), "TORCH_BROKEN", "force-reinstall"],
    [
      "no headers",
      (host) => {
        addTorch(host, site);
        host.fs.remove(`${site}/torch/include`);
      },
      "TORCH_BROKEN",
      "force-reinstall",
    ],
    [
      "no libraries",
      (host) => {
        addTorch(host, site);
        host.fs.remove(`${site}/torch/lib`);
      },
      "TORCH_BROKEN",
      "force-reinstall",
    ],
    [
      "built for another Python",
      (host) => addTorch(host, site, { suffix: ".cpython-312-x86_64-linux-gnu.so" }),
      "TORCH_OTHER_PYTHON",
      "pip install torch",
    ],
  ])("%s", async (_, change, code, hint) => {
    const { environment } = await find(machine(change));
    expect(environment.problems.torch?.code).toBe(code);
    expect(environment.problems.torch?.hint).toContain(hint);
  });

  test("another interpreter that has torch is named", async () => {
    const host = machine((each) => {
      each.write("/usr/bin/python3", "", 0o755);
      each.write("/usr/lib/python3/dist-packages/torch/version.py", "__version__ = '1.13.0'\n");
    });
    expect((await find(host)).environment.problems.torch?.hint).toContain("--python /usr/bin/python3");
  });
});
