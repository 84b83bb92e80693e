import { describe, expect, test } from "vitest";
import { diagnose } from "../../../src/diagnose/diagnose.ts";

const fix = (text: string): readonly string[] => diagnose(text).diagnoses[0]?.fix ?? [];
const first = (text: string): string => diagnose(text).diagnoses[0]?.id ?? "";
const live = (text: string): string =>
  fix(text)
    .filter((line) => !line.startsWith("#"))
    .join("\n");

const noNvcc =
  "CMake Error at /usr/share/cmake-3.25/Modules/CMakeDetermineCUDACompiler.cmake:180 (message):\n  Failed to find nvcc.\n\n  Compiler requires the CUDA toolkit.  Please set the CUDAToolkit_ROOT\n  variable.\n-- Configuring incomplete, errors occurred!";
const noGpu = 'CMake Error in CMakeLists.txt:\n  CUDA_ARCHITECTURES is set to "native", but no GPU was detected.\n';
const lambda =
  "for_each.cu(4): error: __host__ or __device__ annotation on lambda requires --extended-lambda nvcc flag";

describe("CMake's commands of the text are given again", () => {
  test("with an empty cache, where what was found is the trouble", () => {
    const lines = live(`kim@ws04:~/voxel$ cmake -S . -B out -G Ninja\n${noNvcc}`);
    expect(lines).toContain("rm -rf out");
    expect(lines).toMatch(/cmake -S \. -B out -G Ninja$/);
  });

  test("with its own options and its own folder of sources, where a whole toolkit is named", () => {
    const lines = live(
      '$ cmake -DTorch_DIR=/opt/libtorch/share/cmake/Torch -DWITH_ML=ON ../src\n-- Could NOT find CUDA (missing: CUDA_INCLUDE_DIRS CUDA_CUDART_LIBRARY) (found version "11.5")\nCMake Error at /opt/libtorch/share/cmake/Caffe2/Caffe2Config.cmake:90 (message):\n  Your installed Caffe2 version uses CUDA but I cannot find the CUDA\n  libraries.  Please set the proper CUDA prefixes and / or install CUDA.',
    );
    expect(lines).toContain("rm -rf CMakeCache.txt CMakeFiles");
    expect(lines).toMatch(/\ncmake -DTorch_DIR=\S+ -DWITH_ML=ON \.\.\/src -DCUDA_TOOLKIT_ROOT_DIR=\/usr\/local\/cuda /);
    expect(lines.indexOf("export PATH=")).toBeLessThan(lines.indexOf("rm -rf"));
  });

  test("make, which stopped, where the text does not show how it was called", () => {
    const lines = live(
      "cmake -DARCH=80 -DCMAKE_PREFIX_PATH=/opt/libtorch ..\nmake\n[ 10%] Building CUDA object src/CMakeFiles/beam.dir/beam.cu.o\nnvcc fatal   : redefinition of argument 'std'\nmake[2]: *** [src/CMakeFiles/beam.dir/beam.cu.o] Error 2\nmake: *** [all] Error 2",
    );
    expect(lines).toMatch(/^sed .* \.\.\/CMakeLists\.txt\nmake$/);
  });

  test("from within the build folder", () => {
    const lines = live(
      `(v) $ mkdir build && cd build && cmake -DCMAKE_PREFIX_PATH=\`python3 -c "import torch;print(torch.utils.cmake_prefix_path)"\` ..\n${noNvcc}`,
    );
    expect(lines).toContain("rm -rf CMakeCache.txt CMakeFiles");
    expect(lines).toMatch(/cmake -DCMAKE_PREFIX_PATH=`python3 -c "import torch;print\(.*\)"` \.\.$/);
  });

  test("with another definition in place of the one that failed", () => {
    const lines = live(
      `$ cmake -S . -B build -DCMAKE_CUDA_ARCHITECTURES=native -DFOO=1\n${noGpu}$ cmake --build build -j8`,
    );
    expect(lines).toMatch(/cmake -S \. -B build -DCMAKE_CUDA_ARCHITECTURES="?\d+"? -DFOO=1/);
    expect(lines).not.toContain("native");
    expect(lines).toMatch(/cmake --build build -j8$/);
  });

  test("once, where the fix has it with other definitions", () => {
    const lines = live(
      "$ cmake .. -DCMAKE_BUILD_TYPE=Release\n-- The CUDA compiler identification is NVIDIA 13.0.88\nnvcc fatal   : Unsupported gpu architecture 'compute_70'\n-- Configuring incomplete, errors occurred!",
    );
    expect(lines.match(/^cmake \.\. /gm)).toHaveLength(1);
  });

  test("the build alone, where a source failed", () => {
    const lines = live(`$ cmake -B build\n-- Configuring done\n$ cmake --build build\n${lambda}`);
    expect(lines).toContain("NVCC_APPEND_FLAGS=--extended-lambda");
    expect(lines).toMatch(/cmake --build build$/);
    expect(lines).not.toContain("rm -rf");
  });

  test("lists without the targets that the found CUDA dropped", () => {
    const lines = live(
      "$ cmake -B build -G Ninja\n-- The CUDA compiler identification is NVIDIA 13.0.88\nnvcc fatal   : Unsupported gpu architecture 'compute_60'\n-- Configuring incomplete, errors occurred!",
    );
    expect(lines).toContain("CUDA_ARCHITECTURES");
    expect(lines).toMatch(/cmake -B build -G Ninja -DCMAKE_CUDA_ARCHITECTURES="75;80;86;90"/);
  });
});

describe("a compiler that was called by hand", () => {
  test("gets the flag that is missing", () => {
    expect(live(`$ nvcc -O3 -arch=sm_86 -c for_each.cu\n${lambda}`)).toBe(
      "nvcc --extended-lambda -O3 -arch=sm_86 -c for_each.cu",
    );
  });

  test("gets flags of the host compiler as such", () => {
    expect(
      live("kim@ws:~$ nvcc -O3 -shared -Xcompiler -fPIC -Wall k.cu -o k.so\nnvcc fatal   : Unknown option '-Wall'"),
    ).toMatch(/^nvcc -O3 -shared -Xcompiler -fPIC -Xcompiler -Wall k\.cu -o k\.so/);
  });

  test("loses the targets that the code cannot run on, and a single one is raised", () => {
    const ptxas = (number: number): string =>
      `ptxas /tmp/tmpxft_7_cp.ptx, line 36; error   : Feature 'cp.async' requires .target sm_${number} or higher`;
    expect(
      live(`$ nvcc -gencode=arch=compute_75,code=sm_75 -gencode arch=compute_86,code=sm_86 -c cp.cu\n${ptxas(80)}`),
    ).toMatch(/^nvcc -gencode arch=compute_86,code=sm_86 -c cp\.cu/);
    expect(live(`$ nvcc -arch=compute_70 -code=sm_70 -c cp.cu\n${ptxas(80)}`)).toMatch(
      /^nvcc -arch=compute_80 -code=sm_80 -c cp\.cu/,
    );
    expect(live(`$ nvcc -arch=sm_70 -c cp.cu\n${ptxas(80)}`)).toMatch(/^nvcc -arch=sm_80 -c cp\.cu/);
  });

  test("is called again behind what prepares for it, and not where its own words are the trouble", () => {
    const header = "k.cu:1:10: fatal error: cusparse.h: No such file or directory";
    expect(live(`$ nvcc -c k.cu\n${header}`)).toMatch(/nvcc -c k\.cu$/);
    const host =
      'k.cu(6): error: calling a __host__ function("std::vector<int>::push_back") from a __global__ function("g") is not allowed';
    expect(live(`$ nvcc -c k.cu\n${host}`)).not.toContain("nvcc -c");
  });

  test("what ninja prints of its own is not typed", () => {
    expect(live(`[1/2] /usr/local/cuda/bin/nvcc -c for_each.cu\n${lambda}`)).not.toMatch(/^nvcc /m);
  });
});

describe("what the fix sets is not set back", () => {
  test("by a variable in front of the command", () => {
    const lines = live(
      "$ TORCH_CUDA_ARCH_LIST=\"9.0\" pip install --no-build-isolation .\nptxas /tmp/k.ptx, line 26; error   : Instruction 'wgmma.fence' not supported on .target 'sm_90'",
    );
    expect(lines).toContain("TORCH_CUDA_ARCH_LIST=9.0a");
    expect(lines).not.toMatch(/TORCH_CUDA_ARCH_LIST=9\.0$/m);
  });
});

describe("the toolkit of pip's packages", () => {
  const root = "/home/kim/venv/lib/python3.11/site-packages/nvidia/cu13";

  test.each([
    [`sh: 1: ${root}/bin/../nvvm/bin/cicc: not found`, "nvidia-nvvm=="],
    [
      `${root}/include/cuda_runtime.h:82:10: fatal error: crt/host_config.h: No such file or directory`,
      "nvidia-cuda-crt==",
    ],
    [`${root}/include/cuda_fp16.h:4492:10: fatal error: nv/target: No such file or directory`, "nvidia-cuda-cccl=="],
  ])("%s", (text, expected) => {
    const lines = live(`$ pip install --no-build-isolation .\n${text}`);
    expect(lines).toContain(expected);
    expect(lines).toMatch(/pip install --no-build-isolation \.$/);
  });

  test("lacks the names that linkers look for", () => {
    expect(live(`$ echo $CUDA_HOME\nusing CUDA_HOME='${root}'\n/usr/bin/ld: cannot find -lcudart`)).toContain("ln -sf");
  });
});

test("CUDA_HOME that names a folder without nvcc is taken back", () => {
  const lines = live(
    "No CUDA runtime is found, using CUDA_HOME='/usr/local/cuda-12.4'\nerror: nvcc not found at '/usr/local/cuda-12.4/bin/nvcc'. Ensure CUDA path '/usr/local/cuda-12.4' is correct.",
  );
  expect(lines).toContain("unset CUDA_HOME");
});

test("a list of architectures in nvcc's words", () => {
  const text =
    '$ export TORCH_CUDA_ARCH_LIST="sm_80;sm_90a"\nValueError: Unknown CUDA arch (sm_80) or GPU not supported';
  expect(first(text)).toBe("unknown-cuda-arch");
  expect(live(text)).toContain('TORCH_CUDA_ARCH_LIST="8.0;9.0a"');
});
