import { describe, expect, test } from "vitest";
import { diagnose } from "../../../src/diagnose/diagnose.ts";

/** The commands of the first answer, without remarks. */
const fix = (text: string): string => diagnose(text).diagnoses[0]?.fix.join("\n") ?? "";

const missingCudaHeader =
  "/p/torch/include/ATen/cuda/CUDAContextLight.h:7:10: fatal error: cusparse.h: No such file or directory";
const newGcc =
  "/e/targets/x86_64-linux/include/crt/host_config.h:143:2: error: #error -- unsupported GNU version! gcc versions later than 13 are not supported!";

describe("commands are those of the program that keeps the packages", () => {
  test("a project of pixi's gets pixi add, and its environment before its variables", () => {
    const lines = fix(
      `$ pixi run build-ext\n/home/u/p/.pixi/envs/default/bin/nvcc -c k.cu\n${missingCudaHeader.replace("/p/", "/home/u/p/.pixi/envs/default/")}`,
    );
    expect(lines).toContain("pixi add cuda-cudart-dev cuda-libraries-dev");
    expect(lines).toMatch(/shell-hook[^]*export CPATH=\$CONDA_PREFIX/);
    expect(lines).not.toMatch(/\bconda install\b/);
  });

  test("mamba and micromamba are called by their names, mamba-ssm is neither", () => {
    const mamba = fix(
      `(base) u@h:~/w$ mamba install -c conda-forge cuda-nvcc\n/opt/conda/bin/nvcc -c k.cu\n${missingCudaHeader}`,
    );
    expect(mamba).toMatch(/^mamba install -y -c conda-forge/);
    const other = fix(`mamba install error, conda activate e\n/opt/conda/bin/nvcc -c k.cu\n${missingCudaHeader}`);
    expect(other).toMatch(/^conda install -y/);
  });

  test("where commands are run by conda run, the environment is entered first", () => {
    const lines = fix(
      `+ micromamba run -n build python -m pip install --no-build-isolation .\n/home/j/micromamba/envs/build/bin/nvcc -c k.cu\n${newGcc}`,
    );
    expect(lines).toMatch(/^eval "\$\(micromamba shell hook --shell bash\)" && micromamba activate build/);
    expect(lines).toContain("micromamba install -y -c conda-forge gxx=13");
  });

  test("openSUSE's packages have its names", () => {
    const python = fix(
      "u@leap:~/p> python3.11 setup.py develop\nscatter.cpp:4:10: schwerwiegender Fehler: Python.h: Datei oder Verzeichnis nicht gefunden",
    );
    expect(python).toMatch(/^sudo zypper install -y python311-devel/);
    expect(fix(`u@leap:~/p> pip install .\n${newGcc}`)).toContain("sudo zypper install -y gcc13 gcc13-c++");
  });

  test("an image with RPM gets the headers of the Python that it names", () => {
    const lines = fix(
      "FROM nvidia/cuda:12.4.1-devel-rockylinux9\n#11 [6/8] RUN python3.11 -m pip install --no-build-isolation /src/ops\n#11 41.2       /usr/include/torch/csrc/python_headers.h:12:10: fatal error: Python.h: No such file or directory",
    );
    expect(lines).toContain("RUN dnf install -y python3.11-devel");
  });

  test("pdm's own words name the package that it could not build", () => {
    const lines = fix(
      "$ pdm install\n  ✖ Install torch-scatter 2.1.2 failed\nadd torch-scatter failed:\npdm.exceptions.BuildError: Build backend raised error\nModuleNotFoundError: No module named 'torch'",
    );
    expect(lines).toContain("pdm add --no-isolation torch-scatter");
  });
});

describe("commands are for the place that only shows what it printed", () => {
  test("a traceback of a service's notebook gets cells", () => {
    const lines = fix(
      "/tmp/ipykernel_35/3881790.py in <cell line: 0>()\n----> 5 from mamba_ssm.modules.mamba_simple import Mamba\nImportError: /usr/local/lib/python3.11/dist-packages/selective_scan_cuda.cpython-311-x86_64-linux-gnu.so: undefined symbol: _ZN3c107WarningC1ESt7variantIJNS0_11UserWarningENS0_18DeprecationWarningEEERKNS_14SourceLocationENSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEEb",
    );
    expect(lines).toContain("%env MAMBA_FORCE_BUILD=TRUE\n!python -m pip install");
  });

  test("a job of GitLab's gets an image with nvcc, cibuildwheel a toolkit in its container", () => {
    const home = "OSError: CUDA_HOME environment variable is not set. Please set it to your CUDA install root.";
    expect(fix(`Using Docker executor with image python:3.11 ...\n$ pip install torch==2.6.0+cu124\n${home}`)).toMatch(
      /^# \.gitlab-ci\.yml, the job:\n {2}image: pytorch\/pytorch:2\.6\.0-cuda12\.4-cudnn9-devel/,
    );
    expect(fix(`Run python -m cibuildwheel --output-dir wheelhouse\n  - torch==2.6.0\n${home}`)).toContain(
      "dnf install -y cuda-toolkit-12-4",
    );
  });

  test("on a Jetson the tag of torchvision is that of the board's torch", () => {
    const lines = fix(
      "$ cat /etc/nv_tegra_release\n# R35 (release), REVISION: 3.1, GCID: 32827747, BOARD: t186ref, EABI: aarch64\n/home/d/.local/lib/python3.8/site-packages/torchvision/io/image.py:13: UserWarning: Failed to load image Python extension: '/home/d/.local/lib/python3.8/site-packages/torchvision/image.so: undefined symbol: _ZN5torch3jit17parseSchemaOrNameERKSsb'\nYOLOv5 v7.0 Python-3.8.10 torch-2.1.0a0+41361538.nv23.06 CUDA:0 (Orin, 7451MiB)",
    );
    expect(lines).toContain("git clone --recursive -b v0.16.0 https://github.com/pytorch/vision");
  });
});
