import { describe, expect, test } from "vitest";
import { diagnose } from "../../../src/diagnose/diagnose.ts";
import { rules } from "../../../src/diagnose/rules/index.ts";

/** The first example of each rule that speaks of torch or of the system's packages. */
const examples = rules.map(({ examples: [first] }) => first?.text ?? "");
const commands = (text: string): string[] =>
  diagnose(text).diagnoses.flatMap(({ fix }) => fix.map((line) => line.replace(/\s# .*$/, "")));

describe("commands fit the machine of the text", () => {
  test("on a Jetson torch never comes from PyPI, nor from PyTorch's index", { timeout: 120_000 }, () => {
    const wrong = examples.flatMap((text) =>
      commands(`Linux 5.15.136-tegra aarch64, JetPack 6\n${text}`).filter(
        (line) =>
          !line.startsWith("#") &&
          /\bpip3? install [^;&|]*["'\s]torch(?=[\s"'=<>~]|$)/.test(line) &&
          !line.includes("jetson"),
      ),
    );
    expect(wrong).toEqual([]);
  });

  test("where torch is lost in a Jetson's JetPack 4, NVIDIA's wheel is named", () => {
    const text =
      "Jetson Nano, JetPack 4.6\nPython 3.6.9\nRuntimeError: cuDNN version incompatibility: PyTorch was compiled against (8, 9, 2) but found runtime version (8, 5, 0)";
    const lines = commands(text).join("\n");
    expect(lines).not.toMatch(/pip install --force-reinstall torch\b/);
  });

  test("a distribution with RPM gets no apt-get", () => {
    const wrong = examples
      .filter((text) => !/jetson|tegra|l4t|JetPack/i.test(text))
      .flatMap((text) => commands(`CentOS Linux release 7.9.2009\n${text}`).filter((line) => /^sudo apt/.test(line)));
    expect(wrong).toEqual([]);
  });

  test("Arch Linux gets pacman, and somebody without sudo gets none", () => {
    const header =
      "/usr/include/c10/hip/HIPStream.h:7:10: fatal error: hip/hip_runtime_api.h: No such file or directory";
    expect(commands(`OS: Arch Linux\n${header}`)).toContain("sudo pacman -S --noconfirm hip-runtime-amd");
    const hash = "a.cpp:6:10: fatal error: google/dense_hash_map: No such file or directory";
    expect(commands(`I do not have sudo on this machine.\n${hash}`)).toContain(
      "conda install -y -c conda-forge bioconda::google-sparsehash",
    );
    const openmp = "CMake Error at a.cmake:1 (message):\n  Could NOT find OpenMP_CXX (missing: OpenMP_CXX_FLAGS)";
    for (const said of ["I do not have sudo on this Linux machine.", "OS: Arch Linux"])
      expect(commands(`${said}\n${openmp}`).filter((line) => /^sudo apt/.test(line))).toEqual([]);
  });

  test("an ARM machine gets no wheel of a page that has none for it", () => {
    const lines = commands(
      "Architecture: aarch64\ntorch == 2.5.1\nImportError: /e/site-packages/torch_sparse/_spmm_cpu.so: undefined symbol: _ZN5torch8autograd12VariableInfoC1ERKN2at6TensorEb",
    );
    expect(lines.join("\n")).toContain("--no-binary torch-sparse");
    expect(lines.join("\n")).not.toContain("data.pyg.org");
  });

  test("cmd.exe gets no remark behind a variable, since it would be a part of the value", () => {
    const all = examples.flatMap((text) =>
      diagnose(`C:\\p>python setup.py install\n${text}`).diagnoses.flatMap(({ fix }) => fix),
    );
    expect(all.filter((line) => /^set \w+=.*\s# /.test(line))).toEqual([]);
    expect(all.filter((line) => /^set \w+=/.test(line)).length).toBeGreaterThan(20);
  });

  test("cmd.exe takes a command's output by for, and torch's builder wants a variable beside Visual Studio", () => {
    const all = examples.map((text) => diagnose(`C:\\p>python setup.py install\n${text}`).diagnoses);
    const fixes = all.flatMap((diagnoses) => diagnoses.map(({ fix }) => fix));
    expect(fixes.flat().filter((line) => /^set \w+=\$\(/.test(line))).toEqual([]);
    expect(fixes.flat().filter((line) => line.startsWith('for /f "usebackq'))).not.toEqual([]);
    const started = fixes.filter((lines) => lines.some((line) => /^(?:call )?"?C:\\.*vcvars\w*\.bat/.test(line)));
    expect(started.length).toBeGreaterThan(3);
    expect(started.filter((lines) => !lines.some((line) => line.includes("DISTUTILS_USE_SDK")))).toEqual([]);
  });

  test("a fix for Windows has no words of a shell of Unix, and hands cmd.exe no remark", () => {
    const ofWindows = examples.filter(
      (text) =>
        !/\/usr|\/home|\/root|\/opt|\/tmp|\/workspace|\.so\b|linux|dylib|ubuntu|apt|jetson|rocm|hip|gfx|ld:|g\+\+|gcc|clang|lib64|metal/i.test(
          text,
        ),
    );
    const fixes = ofWindows.flatMap((text) =>
      diagnose(`C:\\p>python setup.py install\n${text}`).diagnoses.flatMap(({ fix }) => fix),
    );
    const wrong = fixes.filter(
      (line) =>
        !line.startsWith("#") &&
        /^(?:export|unset|sudo|rm|ls|which) |\$\(|\| grep |2>\/dev\/null|\bLD_LIBRARY_PATH\b|^[A-Z_]{4,}=\S+ \S|\s{2}# /.test(
          line,
        ),
    );
    expect(ofWindows.length).toBeGreaterThan(300);
    expect(wrong).toEqual([]);
  });

  test("the program of the text is the one that runs again", () => {
    const lines = commands(
      'Traceback (most recent call last):\n  File "/home/u/proj/train.py", line 88, in <module>\n    out = model(x)\n  File "/e/lib/python3.10/site-packages/torch/nn/modules/module.py", line 1, in forward\nRuntimeError: CUDA error: an illegal memory access was encountered',
    );
    expect(lines.join("\n")).toContain("/home/u/proj/train.py");
    expect(lines.join("\n")).not.toContain("the_program.py");
  });

  test("a module called _C is of the package whose lines the traceback has, not of another that is listed", () => {
    const lines = commands(
      'pip list\npytorch3d  0.7.4\ntorch  1.13.1+cu117\ntorchvision  0.14.1+cu117\n  File "C:\\e\\lib\\site-packages\\pytorch3d\\renderer\\blending.py", line 10, in <module>\n    from pytorch3d import _C\nImportError: DLL load failed while importing _C: The specified procedure could not be found.',
    );
    expect(lines.join("\n")).toContain("facebookresearch/pytorch3d");
    expect(lines.join("\n")).not.toContain("--no-binary torchvision");
  });

  test("what a build in isolation fetched is no reason for another toolkit", () => {
    const lines = commands(
      "RUN pip install torch==2.1.2 --index-url https://download.pytorch.org/whl/cu118\n  Getting requirements to build wheel: finished with status 'done'\nRuntimeError:\nThe detected CUDA version (11.8) mismatches the version that was used to compile\nPyTorch (13.0). Please make sure to use the same CUDA versions.\nERROR: Failed building wheel for detectron2",
    );
    expect(lines.join("\n")).toContain("--no-build-isolation");
    expect(lines.join("\n")).not.toContain("cuda-13.0");
  });

  test("a package is built again from the repository that the text names", () => {
    const lines = commands(
      "I use torch 2.8.0\npip3 install git+https://github.com/u/my_points\nOSError: /e/lib/python3.12/site-packages/my_points/_core.cpython-312-x86_64-linux-gnu.so: undefined symbol: _ZNK3c106SymInt22maybe_as_int_slow_pathEv",
    );
    expect(lines[0]).toContain(
      '--no-build-isolation --no-cache-dir --force-reinstall --no-deps "git+https://github.com/u/my_points"',
    );
  });

  test("torch without CUDA gives way to the same release with CUDA", () => {
    const lines = commands(
      'error: could not compile `my-app` (bin "my-app")\nPyTorch version: 2.4.0+cpu\n/usr/bin/ld: cannot find -ltorch_cuda: No such file or directory',
    );
    expect(lines.join("\n")).toContain("torch==2.4.0 --index-url https://download.pytorch.org/whl/cu124");
  });

  test("what CMake built is built again by CMake", () => {
    const lines = commands(
      ">>> import torch\n>>> import my_ops\nImportError: /home/u/p/build/my_ops.cpython-310-x86_64-linux-gnu.so: undefined symbol: THPVariableClass",
    );
    expect(lines.join("\n")).toContain("cmake --build /home/u/p/build --clean-first");
  });

  test("torchvision and torchaudio of the command stay beside torch", () => {
    const lines = commands(
      "C:\\p>pip install torch==2.3.1+cu121 torchaudio==2.3.1+cu121 torchvision==0.18.1+cu121\nERROR: Could not find a version that satisfies the requirement torch==2.3.1+cu121 (from versions: 2.6.0, 2.7.0)\n  Using cached torch-2.7.0-cp313-cp313-win_amd64.whl.metadata (29 kB)",
    );
    expect(lines).toContain("py -3.12 -m venv .venv");
    expect(lines.join("\n")).toContain(
      "torch==2.3.1+cu121 torchaudio==2.3.1+cu121 torchvision==0.18.1+cu121 --index-url https://download.pytorch.org/whl/cu121",
    );
  });

  test("in PowerShell a prompt of Visual Studio is taken over from cmd.exe", () => {
    const text =
      "PS C:\\p> python setup.py install\nNo CUDA runtime is found\nerror: Microsoft Visual C++ 14.0 or greater is required.\na.cpp(3): fatal error C1083: Cannot open include file: 'map': No such file or directory";
    const [first] = diagnose(text).diagnoses.filter(({ fix }) => fix.some((line) => line.includes("vcvars64")));
    expect(
      first?.fix.some((line) => line.startsWith('cmd /c "`"$vs\\VC\\Auxiliary\\Build\\vcvars64.bat`" && set" |')),
    ).toBe(true);
    expect(first?.fix).toContain('$env:DISTUTILS_USE_SDK = "1"');
    expect(first?.fix.some((line) => line === "cmd" || line.startsWith("set "))).toBe(false);
  });

  test("what a program in a container says is answered for Linux, whoever started it on Windows", () => {
    const lines = commands(
      "PS C:\\p> docker build .\n#12 3.4 /usr/bin/ld: cannot find -lcudart\n#12 3.5 /usr/local/lib/python3.10/dist-packages/torch/include/ATen/ATen.h:3:10: fatal error: glm/glm.hpp: No such file or directory",
    );
    expect(lines.join("\n")).toContain("apt-get install -y libglm-dev");
  });

  test("which Visual Studio is there, the computer itself tells", () => {
    const lines = commands(
      "C:\\p>python a.py\na.cpp(3): fatal error C1083: Cannot open include file: 'map': No such file or directory",
    );
    expect(lines.join("\n")).toContain("vswhere.exe");
  });

  test("the Visual Studio of the text is the one that is started", () => {
    const lines = commands(
      "F:\\VisualStudio\\VC\\Tools\\MSVC\\14.29.30133\\bin\\HostX86\\x64\\cl.exe /c a.cpp\na.cpp(3): fatal error C1083: Cannot open include file: 'map': No such file or directory",
    );
    expect(lines).toContain('"F:\\VisualStudio\\VC\\Auxiliary\\Build\\vcvars64.bat"');
  });

  test("in a project of uv's, torch comes by its lock", () => {
    const lines = commands(
      "$ uv run train.py\nNVIDIA GeForce RTX 5090 with CUDA capability sm_120 is not compatible with the current PyTorch installation.",
    );
    expect(lines).toContain('uv add "torch" --index pytorch-cu128=https://download.pytorch.org/whl/cu128');
    expect(lines.join("\n")).not.toMatch(/pip install/);
  });

  test("a text that compares distributions keeps both", () => {
    const lines = commands(
      "it works on CentOS 7, on Ubuntu 22.04 it does not\na.cpp:2:10: fatal error: 'Eigen/Dense' file not found",
    );
    expect(lines).toContain("sudo apt-get install -y libeigen3-dev");
  });

  test("who is no administrator gets conda's C++ library", () => {
    const lines = commands(
      "I don't have sudo rights\nImportError: /lib64/libstdc++.so.6: version `GLIBCXX_3.4.29' not found",
    );
    expect(lines.join("\n")).toContain('conda-forge "libstdcxx-ng>=11"');
    expect(lines.join("\n")).not.toContain("sudo");
  });
});
