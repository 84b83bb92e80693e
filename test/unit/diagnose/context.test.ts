/** The same message on different machines: commands that fit, what is installed, changes that may be applied. */
import { describe, expect, it } from "vitest";
import { type Context, diagnose, type Diagnosis } from "../../../src/diagnose/diagnose.ts";
import { cpuMachine, gpuMachine } from "../../fixtures/diagnose/machines.ts";

function first(text: string, context: Context = {}): Diagnosis {
  const [diagnosis] = diagnose(text, context).diagnoses;
  if (diagnosis === undefined) throw new Error("no diagnosis");
  return diagnosis;
}

function must<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("not there");
  return value;
}

const commands = (text: string, context: Context = {}): string => first(text, context).fix.join("\n");

describe("commands", () => {
  it("name the interpreter that was found", () => {
    const text = "ImportError: numpy.core.multiarray failed to import";
    expect(commands(text)).toContain("python -m pip install");
    expect(commands(text, { environment: gpuMachine })).toContain("/e/bin/python -m pip install");
    expect(commands(text, { environment: gpuMachine, pythonCommand: "python3" })).toMatch(/^python3 -m pip install/m);
  });

  it("are uv's when uv spoke", () => {
    expect(
      commands(
        "  × Failed to build `flash-attn==2.7.3`\n  ╰─▶ Call to `setuptools.build_meta.build_wheel` failed (exit status: 1)\n      ModuleNotFoundError: No module named 'torch'",
      ),
    ).toContain("uv pip install --no-build-isolation flash-attn");
  });

  it("are cmd's on Windows, and never name this machine's paths for a log from there", () => {
    const fix = commands(
      "C:\\p\\a.cpp(3): fatal error C1060: compiler is out of heap space\nLINK : fatal error LNK1102: out of memory",
      { environment: gpuMachine },
    );
    expect(fix).toContain("set MAX_JOBS=1");
    expect(fix).not.toContain("export ");
    expect(fix).not.toContain("/e/bin/python");
  });

  it("build for the GPU that is there", () => {
    const text = "RuntimeError: CUDA error: no kernel image is available for execution on the device";
    expect(commands(text, { environment: gpuMachine })).toContain("TORCH_CUDA_ARCH_LIST=9.0");
    expect(commands(text)).toContain("get_device_capability");
  });

  it("show a GPU that the shell hides", () => {
    const text = "RuntimeError: No CUDA GPUs are available";
    const fix = (value: string): string =>
      commands(text, { environment: gpuMachine, variables: { CUDA_VISIBLE_DEVICES: value } });
    for (const value of ["", "-1"]) expect(fix(value)).toMatch(/^unset CUDA_VISIBLE_DEVICES/);
    expect(fix("0")).not.toContain("unset CUDA_VISIBLE_DEVICES");
    expect(commands(text, { environment: gpuMachine })).not.toContain("unset CUDA_VISIBLE_DEVICES");
  });

  it("do not say of a torch for CUDA that it has none, where nothing tells that the log is of this machine", () => {
    const text = "OSError: libcudart.so.11.0: cannot open shared object file: No such file or directory";
    expect(first(text, { environment: gpuMachine, basis: "assumed", hasFolder: () => false }).cause).not.toContain(
      "no CUDA at all",
    );
  });

  it("name the package that a file belongs to", () => {
    expect(
      commands(
        "ImportError: /e/lib/python3.11/site-packages/causal_conv1d_cuda.cpython-311-x86_64-linux-gnu.so: undefined symbol: _ZN3c105ErrorC2ENS_14SourceLocationESs",
      ),
    ).toContain("--no-binary causal-conv1d causal-conv1d");
  });

  it("ask for the C++ standard of the torch that is there, and never for less than the message", () => {
    const newest: Context = {
      environment: {
        ...gpuMachine,
        torch: { ...must(gpuMachine.torch), version: "2.13.0+cpu", release: [2, 13, 0] },
      },
    };
    const text =
      "/e/torch/include/ATen/ATen.h:5:2: error: #error C++17 or later compatible compiler is required to use ATen.";
    expect(commands(text, newest)).toContain("-std=c++20");
    expect(first(text, newest).cause).toContain("torch 2.13.0+cpu needs C++20");
    expect(commands(text, { environment: gpuMachine })).toContain("-std=c++17");
    expect(commands(`torch==2.13.1\n${text}`)).toContain("-std=c++20");
    expect(first(text, newest).change).toEqual({ kind: "set-cxx-standard", standard: "20" });
    const span = "a.cpp:3:6: error: ‘span’ is not a member of ‘std’";
    expect(commands(span, { environment: gpuMachine })).toContain("-std=c++20");
  });

  it("take the CUDA that the log names for the bounds of host compilers, not this machine's", () => {
    const compilers: Context["hostCompilers"] = [{ family: "gcc", path: "/usr/bin/g++-13", version: [13] }];
    const too = "nvcc fatal   : The version ('13.2') of the host compiler ('GNU') is not supported";
    expect(commands(too, { environment: gpuMachine, hostCompilers: compilers })).toContain("/usr/bin/g++-13");
    const other = commands(`Cuda compilation tools, release 11.8, V11.8.89\n${too}`, {
      environment: gpuMachine,
      hostCompilers: compilers,
    });
    expect(other).toContain("g++-11");
    expect(other).not.toContain("g++-13");
  });

  it("do not speak of torch where an extension does without", () => {
    const context: Context = { environment: gpuMachine, usesTorch: false };
    for (const text of [
      "a.cpp:3:6: error: ‘string_view’ is not a member of ‘std’",
      "a.cpp:3:1: error: ‘constexpr’ does not name a type",
      "clang++ -stdlib=libc++ -c a.cpp\na.cpp:1:10: fatal error: 'vector' file not found",
    ]) {
      const { cause, fix, id } = first(text, context);
      expect([cause, ...fix].join("\n"), id).not.toMatch(/torch(?!\.toml)/i);
    }
  });

  it("tell a name that is not included from a standard that is too low", () => {
    const text = "g++ -std=c++20 -c a.cpp\na.cpp:3:6: error: ‘from_chars’ is not a member of ‘std’";
    expect(first(text).cause).toContain("compiled as C++20");
    expect(commands(text)).toContain("#include");
  });

  it("build a package of the user's own from its folder, not from PyPI", () => {
    const undefinedIn = (file: string): string =>
      `ImportError: ${file}: undefined symbol: _ZN3c105ErrorC2ENS_14SourceLocationESs`;
    const own = commands(undefinedIn("/e/lib/python3.11/site-packages/my_ops_cuda.cpython-311-x86_64-linux-gnu.so"));
    expect(own).toMatch(/^rm -rf build .*\npython -m pip install .* --no-deps \.$/m);
    expect(own).not.toMatch(/^[^#\n]*--no-binary/m);
    const local = "Processing /home/me/ops\n  Building wheel for My_Ops (setup.py) ... error\n";
    const isolated = "ModuleNotFoundError: No module named 'torch'\nERROR: Failed building wheel for My_Ops";
    expect(commands(local + isolated)).toContain("--no-build-isolation /home/me/ops");
    expect(commands(`Collecting My-ops\n${local}${isolated}`)).toContain("--no-build-isolation My_Ops");
  });

  it("remove the folder of an extension that is built at run time", () => {
    expect(
      commands(
        "ImportError: /root/.cache/torch_extensions/py311_cu128/fused_adam/fused_adam.so: undefined symbol: _ZN3c105ErrorC2ENS_14SourceLocationESs",
      ),
    ).toContain("rm -rf /root/.cache/torch_extensions/py311_cu128/fused_adam");
  });
});

describe("what is installed", () => {
  const symbol = "_ZN3c105ErrorC2ENS_14SourceLocationESs";
  const text = `ImportError: /p/_C.so: undefined symbol: ${symbol}`;
  const other = "_ZN3c105ErrorC2ENS_14SourceLocationENSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE";

  it("is told when it has another form of the symbol", () => {
    const { cause } = first(text, {
      otherForm: (name) => (name === symbol ? { library: "/e/torch/lib/libc10.so", symbol: other } : undefined),
    });
    expect(cause).toContain("/e/torch/lib/libc10.so");
    expect(cause).toContain("__cxx11");
  });

  it("is told when it has the very symbol", () => {
    const { cause } = first("ImportError: /p/_C.so: undefined symbol: _ZN3c1021throwNullDataPtrErrorEv", {
      environment: gpuMachine,
      lookupSymbol: () => ({ library: "/e/torch/lib/libc10.so", symbol: "x" }),
    });
    expect(cause).toContain("The installed `/e/torch/lib/libc10.so` does have it");
    expect(cause).toContain("2.7.0+cu128");
  });

  it("is told of a torch that has no CUDA at all", () => {
    expect(
      first("ImportError: libcudart.so.12: cannot open shared object file: No such file or directory", {
        environment: cpuMachine,
      }).cause,
    ).toContain("2.13.0+cpu");
  });

  it("demangles with the demangler that it is given", () => {
    expect(first(text, { demangle: () => "a readable name" }).cause).toContain("a readable name");
  });
});

describe("changes that may be applied", () => {
  const cases: readonly {
    readonly what: string;
    readonly text: string;
    readonly context: Context;
    readonly change: Diagnosis["change"];
  }[] = [
    {
      what: "an include folder that exists",
      text: "a.cpp:1:10: fatal error: foo/bar.h: No such file or directory",
      context: { findHeader: (name) => (name === "foo/bar.h" ? "third_party/foo/include" : undefined) },
      change: { kind: "add-include-dir", dir: "third_party/foo/include" },
    },
    {
      what: "a folder that has the library",
      text: "/usr/bin/ld: cannot find -lfoo: No such file or directory",
      context: { findLibrary: (name) => (name === "foo" ? "third_party/foo/lib" : undefined) },
      change: { kind: "add-library-dir", dir: "third_party/foo/lib" },
    },
    {
      what: "an installed library that defines the symbol",
      text: "/usr/bin/ld: a.o: undefined reference to `cublasCreate_v2'",
      context: {
        lookupSymbol: () => ({ library: "/usr/local/cuda/lib64/libcublas.so.12", symbol: "cublasCreate_v2" }),
      },
      change: { kind: "add-library", library: "cublas" },
    },
    {
      what: "the standard that torch needs",
      text: "/e/torch/include/ATen/ATen.h:5:2: error: #error C++20 or later compatible compiler is required to use ATen.",
      context: { environment: gpuMachine },
      change: { kind: "set-cxx-standard", standard: "20" },
    },
    {
      what: "an installed host compiler that CUDA accepts",
      text: "/usr/local/cuda/include/crt/host_config.h:143:2: error: #error -- unsupported GNU version! gcc versions later than 12 are not supported!",
      context: {
        hostCompilers: [
          { family: "gcc", path: "/usr/bin/g++-14", version: [14, 2] },
          { family: "gcc", path: "/usr/bin/g++-12", version: [12, 3] },
        ],
      },
      change: { kind: "set-host-compiler", path: "/usr/bin/g++-12" },
    },
  ];
  for (const { what, text, context, change } of cases) {
    it(`are offered: ${what}`, () => {
      expect(first(text, context).change).toEqual(change);
    });
  }

  it("are not offered when nothing is known to exist", () => {
    for (const { text, what } of cases.filter(({ change }) => change?.kind !== "set-cxx-standard"))
      expect(first(text).change, what).toBeUndefined();
  });
});

describe("a log of another machine", () => {
  const message = "ImportError: numpy.core.multiarray failed to import";
  const other = [
    `  File "/home/me/miniconda3/envs/x/lib/python3.11/site-packages/torch/__init__.py", line 1, in <module>`,
    `  File "/usr/lib/python3.8/runpy.py", line 193, in _run_module_as_main`,
    "C:\\Users\\me\\x.py",
  ];

  it("gets nothing of this one, when nobody said that it is of this one", () => {
    for (const line of other) {
      const text = `${line}\n${message}`;
      expect(commands(text, { environment: gpuMachine, basis: "assumed" })).not.toContain("/e/bin/python");
    }
    expect(commands(`${other[0] ?? ""}\n${message}`, { environment: gpuMachine })).toContain("/e/bin/python");
  });

  it("gets nothing of an environment either that somebody names and that it contradicts", () => {
    const told = (line: string): string => commands(`${line}\n${message}`, { environment: gpuMachine, basis: "told" });
    expect(told(other[0] ?? "")).toContain("/e/bin/python");
    for (const line of [...other.slice(1), "PyTorch version: 1.2.3", "torch.version.cuda: 10.1"])
      expect(told(line), line).not.toContain("/e/bin/python");
    // The nvcc that ran there is neither the toolkit here nor of torch's CUDA here.
    expect(told("Cuda compilation tools, release 9.2, V9.2.148")).not.toContain("/e/bin/python");
  });

  it("is told how to complete the toolkit of pip's packages, which linkers find nothing in", () => {
    const missing =
      "error: nvcc not found at '/usr/local/cuda-12.4/bin/nvcc'. Ensure CUDA path '/usr/local/cuda-12.4' is correct.";
    const { cuda } = gpuMachine;
    if (cuda === undefined) throw new Error("a machine with CUDA");
    const root = "/e/lib/python3.11/site-packages/nvidia/cu13";
    const fix = commands(missing, { environment: { ...gpuMachine, cuda: { ...cuda, root } }, basis: "told" });
    expect(fix).toContain(`export CUDA_HOME=${root}`);
    expect(fix).toContain("ln -sfn lib lib64");
    expect(commands(missing, { environment: gpuMachine, basis: "told" })).not.toContain("lib64");
  });

  it("is told by a CUDA in its prose that is none of here", () => {
    const refused = "nvcc fatal   : Unsupported gpu architecture 'compute_75'";
    const said = (text: string): string | undefined =>
      diagnose(text, { environment: gpuMachine, basis: "told" }).diagnoses[0]?.cause;
    expect(said(`My machine has cuda 9.2, and I met this:\n${refused}`)).not.toContain("CUDA 12.8");
    expect(said(`I compiled it and met this:\n${refused}`)).toContain("CUDA 12.8");
  });

  it("tells the toolkit by the name of its packages", () => {
    const text =
      "/opt/conda/pkgs/cuda-nvcc-11.6.124-h1_0/bin/nvcc -c k.cu\ncc1plus: fatal error: cuda_runtime.h: No such file or directory";
    expect(commands(text, { environment: gpuMachine, basis: "assumed" })).toContain(
      "nvidia/label/cuda-11.6.0 cuda-toolkit",
    );
  });

  it("is told by the torch that it states", () => {
    const here = gpuMachine.torch?.version ?? "";
    for (const [version, own] of [
      [here, true],
      ["1.2.3+cpu", false],
    ] as const) {
      const text = `PyTorch version: ${version}\n${message}`;
      expect(commands(text, { environment: gpuMachine, basis: "assumed" }).includes("/e/bin/python"), version).toBe(
        own,
      );
    }
  });

  it("is told by the CUDA of its torch, also where that stands in a path or in a set-up script's words", () => {
    const missing = "/usr/bin/ld: cannot find -lcurand: No such file or directory";
    const toolkit = "/usr/local/cuda-12.8/lib64";
    for (const [line, cuda] of [
      ["Using /root/.cache/torch_extensions/py311_cu124 as PyTorch extensions root...", "12.4"],
      ["CUDA used to build PyTorch: 12.1", "12.1"],
      ["torch.version.cuda: 11.8", "11.8"],
    ] as const) {
      const fix = commands(`${line}\n${missing}`, { environment: gpuMachine, basis: "assumed" });
      expect(fix, line).not.toContain(toolkit);
      expect(fix, line).toContain(`/usr/local/cuda-${cuda}`);
    }
  });

  it("gets the toolkit of this one only when something says that it is of this one", () => {
    const missing = "OSError: CUDA_HOME environment variable is not set. Please set it to your CUDA install root.";
    const of = (line: string): string => commands(`${line}\n${missing}`, { environment: gpuMachine, basis: "assumed" });
    expect(of("")).toContain("torch.version.cuda");
    expect(of("")).not.toContain("cuda-12.8");
    expect(of(`  File "/e/lib/python3.11/site-packages/torch/utils/cpp_extension.py", line 1, in f`)).toContain(
      "export CUDA_HOME=/usr/local/cuda-12.8",
    );
    expect(commands(missing, { environment: gpuMachine })).toContain("export CUDA_HOME=/usr/local/cuda-12.8");
  });

  it("is told by a torch where none is installed", () => {
    const { torch: _torch, ...bare } = gpuMachine;
    const text = `PyTorch version: 2.7.0\n${message}`;
    expect(commands(text, { environment: bare, basis: "assumed" })).not.toContain("/e/bin/python");
  });

  it("is told by what it says of its own, not by what installers make for one build", () => {
    const own = [
      `  File "/e/lib/python3.11/site-packages/torch/__init__.py", line 1, in <module>`,
      `  File "/tmp/pip-build-env-x1/overlay/lib/python3.11/site-packages/setuptools/build_meta.py", line 1, in f`,
      "",
    ];
    for (const line of own)
      expect(commands(`${line}\n${message}`, { environment: gpuMachine, basis: "assumed" })).toContain("/e/bin/python");
  });
});

describe("versions that stand in the text", () => {
  const lost = "ModuleNotFoundError: No module named 'mmcv._ext'";

  it("are those that are installed again", () => {
    for (const [lines, wanted] of [
      ["mmcv-full: 1.6.2", 'mim install "mmcv-full==1.6.2"'],
      ["- **mmcv**: 2.1.0", 'mim install "mmcv==2.1.0"'],
      ["Successfully installed addict-2.4.0 mmcv-1.4.0 yapf-0.40.2", 'mim install "mmcv-full==1.4.0"'],
      ["1. mmcv 1.7.1", 'mim install "mmcv-full==1.7.1"'],
      ["Name: mmcv\nVersion: 2.0.1", 'mim install "mmcv==2.0.1"'],
      ["mmcv==2.2.0\ntorch==2.4.1+cu121", "/mmcv/dist/cu121/torch2.4.0/index.html"],
      ["OS: macOS 13.5\nmmcv-full: 1.7.0", '--no-binary mmcv-full "mmcv-full==1.7.0"'],
    ] as const)
      expect(commands(`${lines}\n${lost}`), lines).toContain(wanted);
  });

  it("choose the page of ready-made wheels", () => {
    const symbol = "undefined symbol: _ZN3c105ErrorC2ENS_14SourceLocationESs";
    const text = `ImportError: /h/lib/python3.10/site-packages/torch_scatter/_scatter_cuda.so: ${symbol}`;
    expect(commands(`torch.__version__ = 2.3.1+cu118\n${text}`)).toContain("whl/torch-2.3.1+cu118.html");
    expect(commands(`PyTorch version: 2.3.1\nCUDA used to build PyTorch: 12.1\n${text}`)).toContain(
      "whl/torch-2.3.1+cu121.html",
    );
    expect(commands(text)).toContain("torch.__version__");
  });

  it("choose the package whose module bears a name that several have", () => {
    const text = "ImportError: DLL load failed while importing _ext: The specified module could not be found.";
    expect(commands(`mmcv 2.1.0\npytorch 2.2.1\n${text}`)).toContain("import torch, mmcv._ext");
    expect(first(`mmcv 2.1.0\npytorch 2.2.1\n${text}`).cause).toContain("here is torch 2.2.1");
    expect(commands(text)).toContain("build_ext --inplace --force");
  });

  it("decide which toolkit a package is built with", () => {
    const text = "RuntimeError: causal_conv1d is only supported on CUDA 11.6 and above.";
    expect(commands(`${text}\ntorch.__version__  = 2.1.0+cu121`)).toContain("CUDA_HOME=/usr/local/cuda-12.1");
    expect(commands(text)).toContain("torch.version.cuda");
    const newer =
      "RuntimeError: FlashAttention is only supported on CUDA 12.3 and above.\ntorch.__version__  = 2.1.0+cu118";
    expect(commands(newer)).toContain("whl/cu124");
  });

  it("tell a minor from a major difference of CUDA", () => {
    const words =
      "RuntimeError: Cuda extensions are being compiled with a version of Cuda that does not match the version used to compile Pytorch binaries.  Pytorch binaries were compiled with Cuda 12.1.";
    const minor = first(`Cuda compilation tools, release 12.3, V12.3.52\n${words}`);
    expect(minor.cause).toContain("minor version alone");
    expect(minor.fix.join("\n")).toContain("check_cuda_torch_binary_vs_bare_metal");
    const major = first(`Cuda compilation tools, release 11.5, V11.5.119\n${words}`);
    expect(major.cause).toContain("cannot be mixed");
    expect(major.fix.join("\n")).not.toContain("bare_metal");
  });

  it("let pip find the xFormers for the torch that is there", () => {
    const text =
      "WARNING[XFORMERS]: xFormers can't load C++/CUDA extensions. xFormers was built for:\n    PyTorch 2.9.0+cu128 with CUDA 1208 (you have 2.7.1+cu126)";
    expect(commands(text)).toContain("--only-binary xformers xformers torch==2.7.1+cu126");
    expect(commands(text)).not.toContain("--upgrade");
  });

  it("tell the GPU of a Jetson whose torch is the right one", () => {
    const failed = "RuntimeError: CUDA error: no kernel image is available for execution on the device";
    const own = "torch-2.1.0a0+41361538.nv23.06-cp38-cp38-linux_aarch64.whl";
    expect(commands(`Jetson AGX Xavier\n${own}\n${failed}`)).toContain("TORCH_CUDA_ARCH_LIST=7.2");
    expect(commands(`${own}\n${failed}`)).not.toContain("uninstall -y torch");
    expect(commands(`Jetson Orin\n${failed}`)).toContain("uninstall -y torch");
  });
});

describe("the project at hand", () => {
  const link =
    "/usr/bin/ld: build/bind.o: in function `bind()':\nbind.cpp:(.text+0x1f): undefined reference to `ops::scale(at::Tensor, float)'";
  const load = "ImportError: /p/_C.cpython-311-x86_64-linux-gnu.so: undefined symbol: _ZN3ops5scaleEN2at6TensorEf";

  it("has a source that defines what is missing, and that is not built", () => {
    for (const text of [link, load]) {
      const found = first(text, { findDefinition: () => [{ file: "csrc/scale.cu", line: 12, isBuilt: false }] });
      expect(found.cause).toContain("`csrc/scale.cu:12` defines a function of that name, and that file is not among");
      expect(found.fix.join("\n")).toContain('add "csrc/scale.cu" to the sources');
      expect(found.confidence).toBe("high");
    }
  });

  it("has it otherwise than it is declared", () => {
    const found = first(link, { findDefinition: () => [{ file: "csrc/scale.cpp", line: 3, isBuilt: true }] });
    expect(found.cause).toContain("differs from the declaration");
    expect(found.fix.join("\n")).not.toContain("to the sources");
    const c = first(link, { findDefinition: () => [{ file: "csrc/scale.c", line: 3, isBuilt: true }] });
    expect(c.cause).toContain('extern "C"');
  });

  it("is asked by namespaces and name", () => {
    const asked: string[] = [];
    diagnose(link, { findDefinition: (path) => (asked.push(path.join("::")), []) });
    diagnose("ImportError: /p/_C.so: undefined symbol: scale_forward", {
      findDefinition: (path) => (asked.push(path.join("::")), []),
    });
    expect([...new Set(asked)]).toEqual(["ops::scale", "scale_forward"]);
  });

  it("has a header that is called a little differently", () => {
    const text = "csrc/bind.cpp:4:10: fatal error: kernels/Box.h: No such file or directory";
    const found = first(text, { headerInOtherCase: () => "csrc/kernels/box.h" });
    expect(found.cause).toContain("`csrc/kernels/box.h` is: upper and lower case");
    expect(found.fix).toContain("sed -i.bak -E '4s~kernels/Box\\.h~kernels/box.h~g' csrc/bind.cpp");
  });
});

describe("the order of a link", () => {
  const missing = "/usr/bin/ld: main.o: in function `main':\nmain.cpp:(.text+0x9): undefined reference to `foo_init'";
  it.each([
    ["g++ -o app main.o -lfoo", undefined],
    ["g++ -o app -lfoo main.o -lfoo", undefined],
    ["g++ -Wl,--start-group -lfoo main.o -Wl,--end-group -o app", undefined],
    ["g++ -fuse-ld=mold -lfoo main.o -o app", undefined],
    ["g++ -lfoo -c main.cpp -o main.o", undefined],
    ["g++ -lpthread main.o -o app", undefined],
    ["g++ -lfoo main.o -o app", "-lfoo"],
    ["[3/3] : && /usr/bin/c++ -O3 /opt/x/libfoo.a main.o -o app && :", "-lfoo"],
    ["clang++-15 -l:libfoo.a main.cpp -o app", "-lfoo"],
  ])("%s", (command, early) => {
    const found = first(`${command}\n${missing}`);
    if (early === undefined) expect(found.id).toBe("own-function-missing");
    else {
      expect(found.id).toBe("libraries-before-objects");
      expect(found.fix.join("\n")).toContain(early);
    }
  });
});
