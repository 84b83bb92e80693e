/** The step that mends is a line that a shell runs, with what the text states, and not a remark beside lines that only look. */
import { describe, expect, it } from "vitest";
import { diagnose } from "../../../src/diagnose/diagnose.ts";

/** The lines of the first answer that a shell runs, without their remarks. */
function live(text: string): string[] {
  return (diagnose(text).diagnoses[0]?.fix ?? [])
    .filter((line) => !line.startsWith("#"))
    .map((line) => line.replace(/\s{2,}# .*$/, ""));
}

const built = (message: string): string =>
  `(e) jo@ws:~/w/ops$ python setup.py install\nrunning build_ext\nbuilding 'knn_ext' extension\n${message}\nerror: command '/usr/bin/g++' failed with exit code 1`;

describe("a change of the source that the compiler names", () => {
  it.each([
    [
      "ext.cpp:7:1: error: pasting formed 'pybind11_exec_\"knn_ext\"', an invalid preprocessing token",
      `sed -i.bak -E '7s/"(knn_ext)"/\\1/' ext.cpp`,
    ],
    [
      "ext.cpp:1:14: error: ‘array_t’ is not a member of ‘py’; did you mean ‘arg_t’?",
      "sed -i.bak '1i #include <pybind11/numpy.h>' ext.cpp",
    ],
    [
      'ext.cpp:2:60: error: unable to find string literal operator ‘operator""_a’ with ‘const char [2]’, ‘long unsigned int’ arguments',
      `sed -i.bak -E 's/"([A-Za-z_][A-Za-z0-9_]*)"_a\\b/pybind11::arg("\\1")/g' ext.cpp`,
    ],
    [
      'ext.cpp:9:86: error: invalid use of non-static member function ‘int my::Tree::size()’\n    9 |   py::class_<Tree>(m, "Tree").def("size", Tree::size);\n      |                                           ~~~~~~^~~~',
      "sed -i.bak -E '9s/,[ \\t]*(Tree::size)\\b/, \\&\\1/g' ext.cpp",
    ],
    [
      'knn.cu(21): error: expected a ")"\n  __attribute__((global)) void k(float* restrict x) { x[0] = 1; }\n                                                 ^',
      "sed -i.bak -E 's/(\\*[ \\t]*(const[ \\t]+)?)restrict\\b/\\1__restrict__/g' knn.cu",
    ],
    ['knn.cu(3): error: identifier "__half2" is undefined', "cuda_fp16.h"],
    ['knn.cu(3): error: identifier "__nv_fp8_e4m3" is undefined', "cuda_fp8.h"],
    ['knn.cu(12): error: identifier "__float2bfloat16_rn" is undefined', "cuda_bf16.h"],
    [
      'knn.cu(31): error: no instance of overloaded function "cudaMalloc" matches the argument list\n            argument types are: (float *, unsigned long)',
      "sed -i.bak -E '31s/",
    ],
    ["knn.cu:9:5: error: no member named 'LaneId' in namespace 'cub'", "::cuda::ptx::get_sreg_laneid("],
    [
      'knn.cu(88): error: class "cub::FpLimits<float>" has no member "Lowest"',
      "::cuda::std::numeric_limits<\\2>::lowest/g",
    ],
  ])("%s", (message, wanted) => {
    const lines = live(built(message));
    expect(lines.find((line) => line.startsWith("sed "))).toContain(wanted);
    expect(lines.at(-1)).toBe("python setup.py install");
  });

  it("is none of torch's own headers, and not with sed on Windows", () => {
    const torch =
      "/home/jo/e/lib/python3.10/site-packages/torch/include/ATen/a.h:1:14: error: ‘array_t’ is not a member of ‘py’";
    expect(live(built(torch)).join("\n")).not.toContain("sed ");
    expect(
      live("C:\\w>python setup.py install\nC:\\w\\ext.cpp(1): error C2039: 'array_t': is not a member of 'py'").join(
        "\n",
      ),
    ).not.toContain("sed ");
  });

  it("does not include a header that the CUDA of the text does not have", () => {
    const text = built('knn.cu(3): error: identifier "__nv_fp8_e4m3" is undefined');
    expect(live(`torch 1.13.1+cu117\n${text}`).join("\n")).not.toContain("cuda_fp8.h");
  });
});

describe("a list of architectures", () => {
  it("is that of the GPU in the text, else one that newer GPUs run, too", () => {
    const message = "ptxas /tmp/x.ptx, line 30; error   : Feature 'cp.async' requires .target sm_80 or higher";
    expect(live(`GPU: NVIDIA GeForce RTX 4090\n${built(message)}`)[0]).toBe("export TORCH_CUDA_ARCH_LIST=8.9");
    expect(live(built(message))[0]).toBe("export TORCH_CUDA_ARCH_LIST=8.0+PTX");
  });

  it("is set in the Dockerfile, in a line of its own", () => {
    const text = `#12 [5/9] RUN pip install --no-build-isolation ./ops\n#12 3.4   File "/e/torch/utils/cpp_extension.py", line 1971, in _get_cuda_arch_flags\n#12 3.4     arch_list[-1] += '+PTX'\n#12 3.4 IndexError: list index out of range\n#12 ERROR: process "/bin/sh -c pip install --no-build-isolation ./ops" did not complete successfully: exit code: 1`;
    expect(live(text)[0]).toMatch(/^ENV TORCH_CUDA_ARCH_LIST="/);
    expect(live(text).at(-1)).toMatch(/^RUN .*pip install --no-build-isolation \.\/ops/);
  });
});

describe("CMake within pip", () => {
  it("gets its definitions by CMAKE_ARGS, and those of the command stay", () => {
    const message =
      'CMake Error: The following variables are used in this project, but they are set to NOTFOUND.\nPlease set them or make sure they are set and tested correctly in the CMake files:\nTORCH_PYTHON_LIBRARY\n    linked by target "knn" in directory /w\nERROR: Failed building wheel for knn';
    const lines = live(`$ CMAKE_ARGS="-DWITH_X=on" pip install -v .\n${message}`);
    expect(lines).toContain(
      `export CMAKE_ARGS="-DWITH_X=on -DTORCH_PYTHON_LIBRARY=$(python -c 'import torch; print(torch.__path__[0])')/lib/libtorch_python.so"`,
    );
    expect(lines.at(-1)).toBe("python -m pip install -v .");
    expect(lines.join("\n")).not.toContain("cmake -D");
  });

  it("is not what a step of a docker build with cmake alone runs", () => {
    const text = `#9 [4/5] RUN cmake -B build && cmake --build build\n#9 1.1 -- Found PythonInterp: /opt/py/bin/python3.8 (found version "3.8.5")\n#9 1.1 Traceback (most recent call last):\n#9 1.1   File "<string>", line 1, in <module>\n#9 1.1 ModuleNotFoundError: No module named 'torch'\n#9 1.1 CMake Error at cmake/torch.cmake:10 (find_package):\n#9 1.1   By not providing "FindTorch.cmake" in CMAKE_MODULE_PATH this project has\n#9 1.1   asked CMake to find a package configuration file provided by "Torch", but\n#9 1.1   CMake did not find one.\n#9 ERROR: process "/bin/sh -c cmake -B build && cmake --build build" did not complete successfully: exit code: 1`;
    expect(diagnose(text).diagnoses[0]?.id).toBe("cmakes-python-without-torch");
    expect(live(text)[0]).toBe("RUN /opt/py/bin/python3.8 -m pip install torch");
  });

  it("finds a library under the name that its package has in the system", () => {
    const text =
      '$ cmake -S . -B build\nCMake Error at CMakeLists.txt:9 (find_package):\n  Could not find a package configuration file provided by "yaml-cpp" with any of\n  the following names:\n\n    yaml-cppConfig.cmake';
    expect(live(text)[0]).toBe("sudo apt-get install -y libyaml-cpp-dev");
  });

  it("has its file of the project changed where the shell of the text sees it", () => {
    const message =
      'CMake Error at CMakeLists.txt:9 (target_link_libraries):\n  Target "knn" links to:\n\n    Torch::Torch\n\n  but the target was not found.';
    expect(live(`jo@ws:~/p/build$ cmake -DWITH_X=ON ..\n${message}`)[0]).toBe(
      "sed -i.bak -E 's/Torch::Torch/${TORCH_LIBRARIES}/g' ../CMakeLists.txt",
    );
    expect(live(`$ cmake -S . -B build\n${message}`)[0]).toMatch(/ CMakeLists\.txt$/);
    expect(
      live(
        "$ cmake -S . -B build\nCMake Error: Error required internal CMake variable not set, cmake may not be built correctly.\nMissing variable is:\nCMAKE_CUDA_COMPILE_WHOLE_COMPILATION",
      )[0],
    ).toContain("enable_language(CUDA)/g' CMakeLists.txt");
  });
});

describe("conda's command again", () => {
  const newName = "ResolvePackageNotFound:\n  - pytorch-cuda=11.3";

  it("with the entry of its file changed", () => {
    expect(live(`(base) jo@ws:~/p$ conda env create -f env/gpu.yml\n${newName}`)).toEqual([
      "sed -i.bak -E -e 's/^( *- *)([A-Za-z0-9_-]+::)?pytorch-cuda([ =<>!].*)?$/\\1pytorch-cuda=11.8/' -e '/^channels:/{n;s/^( *- ).*/\\1pytorch\\n\\1nvidia\\n&/}' env/gpu.yml",
      "conda env create -f env/gpu.yml",
    ]);
    expect(live(`(base) C:\\w>conda env create\n${newName}`)[0]).toMatch(
      /^powershell -Command "\(Get-Content environment\.yml\) -replace /,
    );
  });

  it("with another word in it, for the torch that it asks for", () => {
    expect(
      live(`$ conda create -n e python=3.9 pytorch==1.11.0 pytorch-cuda=11.3 -c pytorch -c conda-forge\n${newName}`),
    ).toEqual(["conda create -y -n e python=3.9 pytorch==1.11.0 cudatoolkit=11.3 -c pytorch -c conda-forge"]);
    expect(
      live(
        "$ mamba create -n e pytorch cudatoolkit=12.2 -c pytorch\nPackagesNotFoundError: The following packages are not available from current channels:\n\n  - cudatoolkit=12.2*\n\nCurrent channels:",
      )[0],
    ).toBe("mamba create -y -n e pytorch pytorch-cuda=12.1 -c pytorch -c nvidia");
  });

  it("behind a variable that lets it go on", () => {
    const message =
      "    ╰─▶ Virtual package '__cuda' does not match any of the available virtual packages on your machine: [__archspec=1=zen2]";
    expect(live(`$ micromamba create -y -n e -f e.yml\n${message}`).slice(-1)).toEqual([
      "micromamba create -y -n e -f e.yml",
    ]);
    expect(live(`I think conda install -y does not work\n${message}`).join("\n")).not.toContain("conda install -y");
  });
});

describe("a step that would harm or go astray", () => {
  it("the driver of a machine is not purged, that of an image is", () => {
    const message = "Error 803: system has unsupported display driver / cuda driver combination";
    expect(live(message).join("\n")).not.toContain("purge");
    expect(
      live(`$ docker run --gpus all nvidia/cuda:12.4.1-devel-ubuntu22.04 python a.py\n${message}`).join("\n"),
    ).toContain("purge");
  });

  it("another port goes to the program as it was started", () => {
    const message =
      "RuntimeError: The server socket has failed to listen on any local network address. The server socket has failed to bind to [::]:29500 (errno: 98 - Address already in use).";
    expect(live(`jo@ws:~/p$ python train.py --fast\n${message}`)[0]).toBe(
      "MASTER_PORT=$((20000 + RANDOM % 20000)) python train.py --fast",
    );
  });

  it("a compiler cache is left out, and no other folder guessed for it", () => {
    expect(live(built("ccache: error: Failed to create directory /home/jo/.ccache/tmp: Permission denied"))[0]).toBe(
      "export CCACHE_DISABLE=1",
    );
  });

  it("what load() builds is built anew by its program", () => {
    const text =
      "jo@ws:~/p$ python train.py\nUsing /home/jo/.cache/torch_extensions/py310_cu121 as PyTorch extensions root...\nEmitting ninja build file /home/jo/.cache/torch_extensions/py310_cu121/knn/build.ninja...\nBuilding extension module knn...\nnvlink fatal   : Input file 'build/k.o' newer than toolkit (128 vs 124)";
    expect(live(text).slice(0, 2)).toEqual([
      "rm -rf /home/jo/.cache/torch_extensions/py310_cu121/knn",
      "python train.py",
    ]);
  });

  it("a newer torch is no second step beside a list of architectures", () => {
    expect(live(built("ValueError: Unknown CUDA arch (8.9) or GPU not supported"))).toEqual([
      "export TORCH_CUDA_ARCH_LIST=8.6+PTX",
      "python setup.py install",
    ]);
  });

  it("a temporary folder holds for the cells that follow", () => {
    const text =
      "!pip install -r requirements.txt\nOSError: [Errno 18] Invalid cross-device link: 'flash_attn-2.5.8-cp310-cp310-linux_x86_64.whl' -> '/tmp/x.whl'";
    expect(live(text).join("\n")).not.toContain("&& export");
    expect(live(text).at(-1)).toBe("!python -m pip install -r requirements.txt");
  });
});

describe("one of two ways, and the other in a remark", () => {
  it("is conda's linker out of the way, or conda's compilers, and never the environment below", () => {
    const text = (ld: string): string =>
      `$ python setup.py develop\n${ld}: cannot find /lib64/libpthread.so.0: No such file or directory\ncollect2: error: ld returned 1 exit status\nerror: command '/home/jo/mf/envs/pc/bin/g++' failed with exit code 1`;
    expect(live(text("/home/jo/mf/envs/pc/compiler_compat/ld"))).toEqual([
      "mv /home/jo/mf/envs/pc/compiler_compat/ld /home/jo/mf/envs/pc/compiler_compat/ld.off",
      "unset LDFLAGS CFLAGS CXXFLAGS",
      "export CC=/usr/bin/gcc CXX=/usr/bin/g++",
      "python setup.py develop",
    ]);
    const ofConda = live(text("/home/jo/mf/envs/pc/x86_64-conda-linux-gnu/bin/ld"));
    expect(ofConda).toContain('e=$CONDA_PREFIX; conda deactivate; conda activate "$e"');
    expect(ofConda.join("\n")).not.toContain("ld.off");
  });

  it("is another name for the GPU, or torch for this very GPU", () => {
    const lines = live(
      "$ python train.py\nRuntimeError: HIP error: invalid device function\ntorch 2.9.0+rocm6.4\nGPU: AMD Radeon 8060S (gfx1151)",
    );
    expect(lines.slice(1)).toEqual(["export HSA_OVERRIDE_GFX_VERSION=11.0.0", "python train.py"]);
  });

  it("is ptxas of the toolkit that is there, and the nightly stays", () => {
    expect(
      live(
        "$ python bench.py\ntriton.runtime.errors.PTXASError: PTXAS error: Internal Triton PTX codegen error\nptxas fatal   : Value 'sm_121a' is not defined for option 'gpu-name'\ntorch                  2.10.0.dev20251101+cu130",
      ),
    ).toEqual(["export TRITON_PTXAS_PATH=/usr/local/cuda/bin/ptxas", "python bench.py"]);
  });
});

describe("commands that the system of the text has", () => {
  it("sets the clock of Windows and the times of files there", () => {
    const lines = live(
      "-- Build files have been written to: D:/w/p/_skbuild/win-amd64-3.10/cmake-build\nninja: error: manifest 'build.ninja' still dirty after 100 tries",
    );
    expect(lines[0]).toBe("w32tm /resync");
    expect(lines.at(-1)).toBe("rmdir /s /q D:\\w\\p\\_skbuild");
    expect(lines.join("\n")).not.toMatch(/hwclock|find \./);
  });

  it("keeps a cache on the machine's own disk by the variable that its owner reads", () => {
    const lines = live(
      '  File "/e/lib/python3.12/site-packages/flashinfer/jit/core.py", line 300, in build_and_load\n    with FileLock(self.lock_path, thread_local=False):\n  File "/e/lib/python3.12/site-packages/filelock/_unix.py", line 42, in _acquire\n    fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)\nOSError: [Errno 116] Stale file handle',
    );
    expect(lines).toEqual(['export FLASHINFER_WORKSPACE_BASE="/tmp/$USER"']);
  });
});
