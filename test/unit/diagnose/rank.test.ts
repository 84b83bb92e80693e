/** Which answer comes first when a log holds several. */
import { describe, expect, it } from "vitest";
import { diagnose } from "../../../src/diagnose/diagnose.ts";

const ids = (...lines: readonly string[]): string[] => diagnose(lines.join("\n")).diagnoses.map(({ id }) => id);

const wrappers = [
  "ninja: build stopped: subcommand failed.",
  "Traceback (most recent call last):",
  '  File "/e/torch/utils/cpp_extension.py", line 2107, in _run_ninja_build',
  "    subprocess.run(",
  "subprocess.CalledProcessError: Command '['ninja', '-v']' returned non-zero exit status 1.",
  "",
  "The above exception was the direct cause of the following exception:",
  "",
  "Traceback (most recent call last):",
  '  File "/p/setup.py", line 9, in <module>',
  "RuntimeError: Error compiling objects for extension",
  "error: subprocess-exited-with-error",
  "note: This error originates from a subprocess, and is likely not a problem with pip.",
  "ERROR: Failed building wheel for fused",
];

describe("the root cause comes first", () => {
  it("when the command was given again in the right folder, before what the first one said", () => {
    const missing =
      "-- Could NOT find CUDA (missing: CUDA_TOOLKIT_ROOT_DIR CUDA_NVCC_EXECUTABLE CUDA_INCLUDE_DIRS CUDA_CUDART_LIBRARY)";
    const wrong = 'CMake Error: The source directory "/w" does not appear to contain CMakeLists.txt.';
    expect(
      ids("kim@ws:/w/a$ cmake ..", wrong, "kim@ws:/w/a$ cd build", "kim@ws:/w/a/build$ cmake ..", missing)[0],
    ).toBe("cuda-toolkit-not-found");
    expect(ids("kim@ws:/w/a$ cmake ..", wrong)[0]).toBe("cmake-generator-unknown");
  });

  it("before the lines that only say that something failed", () => {
    expect(
      ids(
        "FAILED: a.o",
        "a.cpp:1:10: fatal error: cuda_runtime.h: No such file or directory",
        "compilation terminated.",
        ...wrappers,
      ),
    ).toEqual(["cuda-headers-missing"]);
  });

  it("before what follows from it in the same file", () => {
    expect(
      ids(
        "a.cpp:1:10: fatal error: torch/extension.h: No such file or directory",
        "a.cpp:9:3: error: ‘at’ has not been declared",
        "a.cpp:10:3: error: expected ‘;’ before ‘x’",
        ...wrappers,
      )[0],
    ).toBe("torch-headers-missing");
  });

  it("when memory ran out, before the errors that a half-written file makes", () => {
    expect(
      ids(
        "c++: fatal error: Killed signal terminated program cc1plus",
        "compilation terminated.",
        "b.cpp:3:1: error: expected ‘}’ at end of input",
        ...wrappers,
      )[0],
    ).toBe("out-of-memory");
  });

  it("when the import failed, before what the program said afterwards", () => {
    expect(
      ids(
        "Failed to import from vllm._C with ImportError('/e/vllm/_C.abi3.so: undefined symbol: _ZN3c105ErrorC2ENS_14SourceLocationESs')",
        "Traceback (most recent call last):",
        '  File "/p/run.py", line 3, in <module>',
        "AttributeError: '_OpNamespace' '_C' object has no attribute 'rms_norm'",
      )[0],
    ).toBe("abi-old-extension-new-torch");
  });

  it("when the compiler is refused, before the errors that follow", () => {
    expect(
      ids(
        "/usr/local/cuda/include/crt/host_config.h:143:2: error: #error -- unsupported GNU version! gcc versions later than 12 are not supported!",
        '/usr/include/c++/13/bits/x.h(33): error: identifier "__builtin_x" is undefined',
        ...wrappers,
      )[0],
    ).toBe("host-compiler-too-new");
  });

  it("even when it stands behind a warning that breaks nothing", () => {
    expect(
      ids(
        "UserWarning: There are no x86_64-linux-gnu-g++ version bounds defined for CUDA version 12.8",
        "UserWarning: TORCH_CUDA_ARCH_LIST is not set, all archs for visible cards are included for compilation.",
        "nvcc fatal   : Unsupported gpu architecture 'compute_120'",
        ...wrappers,
      ),
    ).toEqual(["nvcc-unsupported-architecture"]);
  });

  it("of two files, that of the first", () => {
    const first = diagnose(
      "b.cpp:7:1: error: ‘foo’ was not declared in this scope\na.cpp:2:1: error: ‘bar’ was not declared in this scope\n",
    ).diagnoses[0];
    expect(first?.evidence.line).toBe(1);
    expect(first?.confidence).not.toBe("high");
  });
});

describe("several answers", () => {
  it("are given for several causes, each once", () => {
    const found = ids(
      'a.cu(3): error: identifier "AT_CHECK" is undefined',
      'a.cu(9): error: identifier "AT_CHECK" is undefined',
      "b.cpp:1:10: fatal error: cudnn.h: No such file or directory",
      "nvcc fatal   : Unsupported gpu architecture 'compute_35'",
      ...wrappers,
    );
    expect(found).toHaveLength(3);
    expect(new Set(found)).toEqual(
      new Set(["at-check-removed", "cuda-headers-missing", "nvcc-unsupported-architecture"]),
    );
  });

  it("are never many", () => {
    const lines = Array.from(
      { length: 400 },
      (_, index) => `ImportError: libfoo${index}.so.1: cannot open shared object file`,
    );
    expect(ids(...lines).length).toBeLessThanOrEqual(6);
  });
});

describe("when only the wrappers are there", () => {
  it("the answer is that the cause stands above them", () => {
    const { diagnoses } = diagnose(wrappers.join("\n"));
    expect(diagnoses).toHaveLength(1);
    expect(diagnoses[0]).toMatchObject({ id: "only-wrapper-lines", confidence: "low" });
  });

  it("a log without any failure gets no answer at all", () => {
    expect(diagnose("everything is fine\n")).toMatchObject({ diagnoses: [], findings: 0, lines: 1 });
    expect(diagnose("")).toMatchObject({ diagnoses: [], findings: 0, lines: 0 });
  });
});

describe("what was overcome before the log's end", () => {
  const build = [
    "  Building wheel for my-ops (setup.py) ... error",
    "  a.cpp:3:10: fatal error: cuda_runtime.h: No such file or directory",
  ];
  const failed = "  ERROR: Failed building wheel for my-ops";
  const later = "OSError: CUDA_HOME environment variable is not set. Please set it to your CUDA install root.";

  it("stands behind what came later", () => {
    expect(ids(...build, failed, "Successfully installed My_Ops-0.1", later)).toEqual(["cuda-toolkit-not-found"]);
    expect(ids(...build, failed, later)[0]).toBe("cuda-headers-missing");
    expect(ids(...build, failed, "Successfully installed numpy-1.26.4", later)[0]).toBe("cuda-headers-missing");
  });

  it("is not sure any more when nothing came later", () => {
    const [only] = diagnose([...build, failed, "Successfully installed numpy-1.26 my_ops-0.1"].join("\n")).diagnoses;
    expect(only).toMatchObject({ id: "cuda-headers-missing", confidence: "low" });
  });

  it("is overcome by a quiet installation that the text shows typed", () => {
    const missing = [
      "In [1]: m = load(name='k', sources=['k.cu'])",
      "RuntimeError: Ninja is required to load C++ extensions",
    ];
    expect(ids(...missing, "In [2]:  !pip install -q ninja && ninja --version", "1.11.1", later)[0]).toBe(
      "cuda-toolkit-not-found",
    );
    expect(ids(...missing, "In [2]: !pip install -q numpy", later)[0]).toBe("ninja-missing");
    expect(ids(...missing, "In [2]: !pip install -q ninja", ...missing)[0]).toBe("ninja-missing");
  });

  it("counts again when it is said again", () => {
    const missing = ["Traceback (most recent call last):", "ModuleNotFoundError: No module named 'ninja'"];
    expect(ids(...missing, "Successfully installed ninja-1.11.1", later)).toEqual(["cuda-toolkit-not-found"]);
    expect(ids(...missing, "Successfully installed ninja-1.11.1", ...missing)).not.toEqual([]);
    const again = diagnose([...missing, "Successfully installed ninja-1.11.1", ...missing].join("\n")).diagnoses[0];
    expect(again?.confidence).not.toBe("low");
  });

  it("is told by uv's list, too, which names a failed package before the reason", () => {
    const uv = [
      "  × Failed to build `flash-attn==2.7.4`",
      "  ├─▶ The build backend returned an error",
      "  ╰─▶ ModuleNotFoundError: No module named 'torch'",
      "Installed 2 packages in 30ms",
    ];
    const best = (name: string): string | undefined =>
      diagnose([...uv, " - einops==0.7", " + einops==0.8.1", ` + ${name}==2.7.4`].join("\n")).diagnoses[0]?.confidence;
    expect(best("flash-attn")).toBe("low");
    expect(best("numpy")).toBe("high");
  });

  it("is no failure by itself", () => {
    expect(diagnose("Successfully installed torch-2.6.0")).toMatchObject({ diagnoses: [], findings: 0 });
  });
});

describe("a warning of a run that failed nowhere", () => {
  it.each([
    "Attempted to use ninja as the BuildExtension backend but we could not find ninja.. Falling back to using the slow distutils backend.",
    "C:\\e\\torch\\utils\\cpp_extension.py:287: UserWarning: Error checking compiler version for cl: 'utf-8' codec can't decode byte 0x8e in position 0: invalid start byte",
  ])("is said with low confidence: %s", (text) => {
    expect(diagnose(`${text}\nDone.`).diagnoses.map(({ confidence }) => confidence)).toEqual(["low"]);
  });
});

describe("a warning that the run lived on with", () => {
  const cl = (why: string): string =>
    `C:\\e\\torch\\utils\\cpp_extension.py:359: UserWarning: Error checking compiler version for cl: ${why}`;

  it.each([
    [
      "nvcc-unknown-option",
      cl("[WinError 2] The system cannot find the file specified"),
      "NVIDIA GeForce RTX 3060 with CUDA capability sm_86 is not compatible with the current PyTorch installation.",
      "nvcc fatal   : Unknown option '-generate-dependencies-with-compile'",
    ],
    [
      "cccl-releases-mixed",
      cl("'utf-8' codec can't decode byte 0xd3 in position 0: invalid continuation byte"),
      'C:/CUDA/v11.8/include\\thrust/agent_launcher.h(524): error: namespace "thrust::cub" has no member "DebugSyncStream"',
    ],
    [
      "permission-denied",
      "Warning:  multi_tensor_applier fused unscale kernel is unavailable, possibly because apex was installed without --cuda_ext --cpp_ext. Using Python fallback.  Original ImportError was: ModuleNotFoundError(\"No module named 'amp_C'\")",
      "PermissionError: [Errno 13] Permission denied: 'models/best.pth'",
    ],
  ])("stands behind what stopped it: %s", (id, ...lines) => {
    const [first, ...others] = diagnose([...lines, ...wrappers].join("\n")).diagnoses;
    expect(first?.id).toBe(id);
    expect(others.filter(({ confidence }) => confidence === "high")).toEqual([]);
  });

  it("stays first where it tells why that came", () => {
    expect(
      ids(
        cl("[WinError 2] The system cannot find the file specified"),
        "Traceback (most recent call last):",
        '  File "C:\\p\\setup.py", line 21, in <module>',
        "FileNotFoundError: [WinError 2] The system cannot find the file specified",
      )[0],
    ).toBe("msvc-not-found");
  });
});

describe("an answer that a sure one explains", () => {
  it("is not given", () => {
    expect(
      ids(
        "RuntimeError: CUDA error: device-side assert triggered",
        '/pytorch/aten/src/ATen/native/cuda/IndexKernel.cu:92: operator(): block: [0,0,0], thread: [64,0,0] Assertion `-sizes[i] <= index && index < sizes[i] && "index out of bounds"` failed.',
      ),
    ).toEqual(["kernel-assertion-failed"]);
    expect(
      ids(
        "NVIDIA GeForce RTX 5090 with CUDA capability sm_120 is not compatible with the current PyTorch installation.",
        "RuntimeError: CUDA error: no kernel image is available for execution on the device",
      ),
    ).toEqual(["torch-lacks-gpu-architecture"]);
  });

  it("knows the traceback of a message that a title says first", () => {
    const message = "OSError: /p/build/libops.so: undefined symbol: THPVariableClass";
    expect(
      ids(
        message,
        "Traceback (most recent call last):",
        '  File "time.py", line 60, in <module>',
        '    torch.ops.load_library("build/libops.so")',
        '  File "/e/lib/python3.10/site-packages/torch/_ops.py", line 105, in load_library',
        "    ctypes.CDLL(path)",
        message,
      )[0],
    ).toBe("torch-python-not-linked");
  });
});
