/** Fixes in the words of what builds an image: Modal, Spaces, Apptainer, kaniko; and steps that fetch before they build. */
import { describe, expect, it } from "vitest";
import { diagnose } from "../../../src/diagnose/diagnose.ts";

const first = (text: string): string => {
  const [diagnosis] = diagnose(text).diagnoses;
  return `${diagnosis?.id ?? ""}\n${diagnosis?.fix.join("\n") ?? ""}`;
};

const noTorch = [
  "  × python setup.py egg_info did not run successfully.",
  '        File "/tmp/pip-install-x/flash-attn_5/setup.py", line 22, in <module>',
  "          import torch",
  "      ModuleNotFoundError: No module named 'torch'",
];

describe("places that build images", () => {
  it("Modal's image is made in the app's file", () => {
    const said = first(
      ["=> Step 1: RUN python -m pip install flash-attn==2.7.4", ...noTorch, "Image build for im-7Hk2 failed."].join(
        "\n",
      ),
    );
    expect(said).toContain('image = image.run_commands("python -m pip install torch');
  });

  it("what Modal's commands need as a variable is a variable of the image", () => {
    const said = first(
      [
        "Building image im-Qq81",
        "=> Step 1: RUN pip install git+https://github.com/acme/splat.git --no-build-isolation",
        '  File "/usr/lib/python3.11/site-packages/torch/utils/cpp_extension.py", line 2059, in _get_cuda_arch_flags',
        "    arch_list[-1] += '+PTX'",
        "IndexError: list index out of range",
      ].join("\n"),
    );
    expect(said).toContain('.env({"TORCH_CUDA_ARCH_LIST": "');
  });

  it("a Space's own list comes before its requirements", () => {
    const said = first(
      [
        "--> RUN --mount=target=pre-requirements.txt,source=pre-requirements.txt pip install -r pre-requirements.txt",
        "--> RUN --mount=target=requirements.txt,source=requirements.txt pip install --no-cache-dir -r requirements.txt",
        "Collecting torch==2.4.0",
        "  Downloading torch-2.4.0-cp310-cp310-manylinux1_x86_64.whl (797.2 MB)",
        ...noTorch,
      ].join("\n"),
    );
    expect(said).toMatch(/^printf .* torch\S* setuptools wheel ninja.* >> pre-requirements\.txt/m);
  });

  it("a driver that does not fit stops no build of an image", () => {
    const said = first(
      [
        "jo@login:~$ apptainer build ops.sif ops.def",
        "+ python3 setup.py install",
        "/usr/lib/python3.10/site-packages/torch/cuda/__init__.py:138: UserWarning: CUDA initialization: Unexpected error from cudaGetDeviceCount(). Error 803: system has unsupported display driver / cuda driver combination (Triggered internally at ../c10/cuda/CUDAFunctions.cpp:108.)",
        "Traceback (most recent call last):",
        '  File "/usr/lib/python3.10/site-packages/torch/utils/cpp_extension.py", line 1959, in _get_cuda_arch_flags',
        "    arch_list[-1] += '+PTX'",
        "IndexError: list index out of range",
        "FATAL:   While performing build: while running engine: exit status 1",
      ].join("\n"),
    );
    expect(said).toMatch(/^no-arch-list\n# in %post/);
    expect(said).toContain("apptainer build ops.sif ops.def");
  });

  it("kaniko's steps are steps of a Dockerfile", () => {
    const said = first(
      [
        "INFO[0210] RUN cd ngp && bash scripts/install_ext.sh",
        "      c++ -c /app/ngp/march/src/bindings.cpp -o bindings.o -O3 -std=c++14",
        "      /usr/lib/python3.10/site-packages/torch/include/torch/all.h:4:2: error: #error C++17 or later compatible compiler is required to use PyTorch.",
        "  ERROR: Failed building wheel for march",
      ].join("\n"),
    );
    expect(said).toContain("RUN cd ngp && bash scripts/install_ext.sh");
  });

  it("what the failed step had fetched is fetched again", () => {
    const said = first(
      [
        '#14 58.12       /gs/knn/knn.cu(90): error: identifier "FLT_MAX" is undefined',
        "#14 58.13 ERROR: Failed building wheel for knn",
        'ERROR: failed to solve: process "/bin/sh -c git clone https://github.com/acme/gs /gs && pip install /gs/knn" did not complete successfully: exit code: 1',
      ].join("\n"),
    );
    expect(said).toMatch(
      /RUN git clone https:\/\/github\.com\/acme\/gs \/gs && sed -i\.bak '1i #include <cfloat>' \/gs\/knn\/knn\.cu && python -m pip install \/gs\/knn/,
    );
  });

  it("a library that needs the driver's gets the name it asks for", () => {
    const said = first(
      [
        "/usr/bin/ld: warning: libcuda.so.1, needed by bin/libfast-cuda.so, not found (try using -rpath or -rpath-link)",
        "/usr/bin/ld: bin/libfast-cuda.so: undefined reference to `cuMemMap'",
        'ERROR: failed to solve: process "/bin/sh -c pip install fast-cpp" did not complete successfully: exit code: 1',
      ].join("\n"),
    );
    expect(said).toContain("stubs/libcuda.so.1");
    expect(said).toContain("-rpath-link");
  });
});
