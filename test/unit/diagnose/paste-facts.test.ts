/** What a paste states beside the message: which torch is installed, what for, and what the pasted source does. */
import { describe, expect, it } from "vitest";
import { scanText } from "../../../src/diagnose/scan.ts";

const facts = (text: string) => scanText(text).facts;

describe("the installed torch", () => {
  it.each([
    ["PyTorch version: 2.5.1+cu118", "2.5.1+cu118", "cuda", "11.8"],
    ["torch                    2.4.0+cpu", "2.4.0+cpu", "cpu", undefined],
    ["[pip3] torch==2.6.0+rocm6.2.4", "2.6.0+rocm6.2.4", "rocm", undefined],
    [">>> import torch; print(torch.__version__)\n2.7.1+xpu", "2.7.1+xpu", "xpu", undefined],
    ["    PyTorch 2.1.2+cu121 with CUDA 1201 (you have 2.1.2+cpu)", "2.1.2+cpu", "cpu", undefined],
    ["torch.__version__ = 2.3.0", "2.3.0", undefined, undefined],
    ["torch == 2.5.1", "2.5.1", undefined, undefined],
    ["PyTorch 版本: 2.7.1+cu128", "2.7.1+cu128", "cuda", "12.8"],
    ["My environment is torch 1.7.1, cuda 10.1, and gcc 7.5", "1.7.1", undefined, "10.1"],
    ["My torch.version.cuda is `11.6` and torch version is `1.12.0`.", "1.12.0", "cuda", "11.6"],
  ])("is read from: %s", (text, version, build, cuda) => {
    const { installedTorch, torchBuild, torchCuda, torch } = facts(text);
    expect({ installedTorch, torchBuild, torchCuda }).toEqual({
      installedTorch: version,
      torchBuild: build,
      torchCuda: cuda,
    });
    expect(torch).toBe(version.split("+")[0]);
  });

  it("is no comparison of source code", () => {
    expect(facts("if torch == 2.5.1:\n    pass").torch).toBeUndefined();
    expect(facts("- flash_attn == 2.7.4.post1").versions["flash-attn"]).toBe("2.7.4.post1");
  });

  it("is known from collect_env's answers", () => {
    expect(
      facts(
        "PyTorch version: 2.4.0\nCUDA used to build PyTorch: 12.1\nROCM used to build PyTorch: N/A\nPython version: 3.10 (64-bit runtime)\nPyTorch CXX11 ABI: No",
      ),
    ).toMatchObject({ torchBuild: "cuda", torchCuda: "12.1", python: "3.10", cxx11Abi: false });
    expect(
      facts("PyTorch version: 2.6.0\nCUDA used to build PyTorch: N/A\nROCM used to build PyTorch: 6.2.41133-dd7f95766"),
    ).toMatchObject({ torchBuild: "rocm", torchRocm: "6.2" });
  });

  it("is not what something was built for, or what a build fetches", () => {
    expect(facts("xFormers was built for:\n    PyTorch 2.1.2+cu121 with CUDA 1201").installedTorch).toBeUndefined();
    const fetched = facts(
      "  Installing build dependencies: started\n    Using cached torch-2.9.0-cp310-cp310-manylinux_2_28_x86_64.whl (900 MB)\nRequirement already satisfied: torch>=2 in /e/lib/python3.10/site-packages (from my-ops) (2.4.1)",
    );
    expect(facts("The supported torch version is 2.1.0").installedTorch).toBeUndefined();
    expect(fetched).toMatchObject({ isolatedTorch: "2.9.0", installedTorch: "2.4.1" });
  });
});

describe("the surroundings", () => {
  it("of a compile: the last standard, the compiler that was chosen", () => {
    expect(facts("nvcc -c a.cu -o a.o -std=c++17 -O3").standard).toBe("17");
    expect(facts("g++ -c a.cpp -std=c++14 -O2 -std=c++20").standard).toBe("20");
    const advised = "a.cpp:5:53: note: ‘concept’ only available with ‘-std=c++20’ or ‘-fconcepts’";
    expect(facts(`g++ -c a.cpp -std=c++14\n${advised}`).standard).toBe("14");
    expect(facts(`g++ -c a.cpp -std=c++14\n${advised.replaceAll(/[‘’]/g, "'")}`).standard).toBe("14");
    expect(facts("['g++', '-c', 'a.cpp', '-std=c++17']").standard).toBe("17");
    expect(facts("CC=gcc-13 CXX=/opt/homebrew/bin/g++-13 pip install .").gnuCompiler).toBe("gcc-13");
  });

  it("in pasted source: namespaces and Library objects", () => {
    expect(facts("TORCH_LIBRARY(one, m) {\nTORCH_LIBRARY_IMPL(two, CPU, m) {").namespaces).toEqual(["one", "two"]);
    expect(facts('    lib = torch.library.Library("one", "FRAGMENT")').libraryObject).toBe("lib");
    expect(facts('    lib = Library("one")').libraryObject).toBeUndefined();
  });

  it("does not take a refused wheel's tags for the interpreter's", () => {
    const text =
      "Using cached torch-2.5.1-cp312-cp312-manylinux1_x86_64.whl (906.4 MB)\nERROR: my_ops-1.0-cp310-cp310-linux_x86_64.whl is not a supported wheel on this platform.";
    expect(facts(text).python).toBe("3.12");
    expect(facts(text.split("\n")[1] ?? "").python).toBeUndefined();
  });
});

describe("settings that lead to the wrong place", () => {
  it.each([
    ["export CUDA_HOME=$CUDA_HOME:/usr/local/cuda-12.1", ["/usr/local/cuda-12.1"]],
    ["No CUDA runtime is found, using CUDA_HOME=':/opt/a:/opt/b'", ["/opt/a", "/opt/b"]],
    ["export CUDA_HOME=/usr/local/cuda", undefined],
    ["bash: CUDA_HOME=/usr/local/cuda: No such file or directory", undefined],
    ["export LIBRARY_PATH=${CUDA_HOME:-/usr/local/cuda}/lib64", undefined],
    ["CUDA_HOME=${CUDA_HOME:-/usr/local/cuda} make", undefined],
    ["CUDA_PATH=C:\\CUDA\\v12.4", undefined],
  ])("a list for CUDA_HOME: %s", (text, list) => {
    expect(facts(text).cudaHomeList).toEqual(list);
  });

  it.each([
    ["export LD_LIBRARY_PATH=/opt/libtorch/lib:$LD_LIBRARY_PATH", true],
    ["I add libtorch/lib to $LD_LIBRARY_PATH.", true],
    ["libtorch is not on my LD_LIBRARY_PATH", false],
    ["export LD_LIBRARY_PATH=/e/lib/python3.10/site-packages/torch/lib", false],
  ])("another LibTorch: %s", (text, there) => {
    expect(facts(text).libtorchOnPath).toBe(there);
  });

  it("an index without GPU", () => {
    expect(facts("pip install torch-cluster -f https://data.pyg.org/whl/torch-2.8.0+cpu.html").cpuIndex).toBe(true);
    expect(facts("pip install torch --index-url https://download.pytorch.org/whl/cpu").cpuIndex).toBe(true);
    expect(facts("pip install torch --index-url https://download.pytorch.org/whl/cu128").cpuIndex).toBe(false);
  });
});
