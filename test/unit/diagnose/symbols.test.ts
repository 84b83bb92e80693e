/** Whose symbol it is, and which form of `std::string` it has, by its name alone. */
import { describe, expect, it } from "vitest";
import { readSymbol } from "../../../src/diagnose/mangled.ts";
import { judgeSymbol, shortName, type SymbolOwner } from "../../../src/diagnose/symbols.ts";

describe("whose a symbol is", () => {
  const cases: readonly (readonly [symbol: string, owner: SymbolOwner, library?: string])[] = [
    ["_ZN3c105ErrorC2ENS_14SourceLocationESs", "torch", "c10"],
    ["__ZN3c105ErrorC1ENS_14SourceLocationE", "torch", "c10"],
    ["_ZNK2at6Tensor4sizeEl", "torch", "torch_cpu"],
    ["_ZN5torch8autograd13_wrap_outputsE", "torch", "torch_cpu"],
    ["_ZN2at4cuda20getCurrentCUDAStreamEv", "torch-cuda", "torch_cuda"],
    ["_ZN3c104cuda20getCurrentCUDAStreamEa", "torch-cuda", "c10_cuda"],
    ["_Z16THPVariable_WrapN2at10TensorBaseE", "torch-python", "torch_python"],
    ["THPVariableClass", "torch-python", "torch_python"],
    ["_ZN8pybind116detail11type_casterIN2at6TensorEvE4loadENS_6handleEb", "torch-python", "torch_python"],
    ["_ZN8pybind116detail13get_internalsEv", "pybind11"],
    ["aoti_torch_dtype_float32", "torch-stable-abi", "torch"],
    ["THCudaMalloc", "torch-cuda", "torch_cuda"],
    ["THFloatTensor_data", "torch"],
    ["cudaLaunchKernel", "cuda-runtime", "cudart"],
    ["__cudaRegisterFatBinary", "cuda-runtime", "cudart"],
    ["__cudaRegisterLinkedBinary_39_tmpxft_00001", "cuda-device-link"],
    ["cuLaunchKernel", "cuda-driver", "cuda"],
    ["cublasLtMatmul", "cuda-library", "cublasLt"],
    ["cusparseSpMM", "cuda-library", "cusparse"],
    ["__nvJitLinkAddData_12_1", "cuda-library", "nvJitLink"],
    ["hipLaunchKernel", "rocm", "amdhip64"],
    ["PyObject_Call", "python"],
    ["_PyThreadState_UncheckedGet", "python"],
    ["_ZNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEE9_M_createERmm", "libstdc++", "stdc++"],
    ["__isoc23_strtol", "glibc"],
    ["GOMP_parallel", "openmp", "gomp"],
    ["iJIT_NotifyEvent", "mkl"],
    ["__asan_init", "sanitizer"],
    ["_ZN2cv3MatC1Ev", "library", "opencv_core"],
    ["_Z20sigmoid_cuda_forwardN2at6TensorE", "user"],
    ["my_plain_function", "user"],
    ["?f@c10@@YAXXZ", "torch", "c10"],
    ["public: void __cdecl c10::Error::what(void)", "torch", "c10"],
    ["at::cuda::warp_size()", "torch-cuda", "torch_cuda"],
    ["std::__cxx11::basic_string<char>::size() const", "libstdc++", "stdc++"],
    ["vtable for torch::autograd::Node", "torch", "torch_cpu"],
  ];
  for (const [symbol, owner, library] of cases) {
    it(`${symbol}: ${owner}`, () => {
      const verdict = judgeSymbol(symbol);
      expect(verdict.owner).toBe(owner);
      if (library !== undefined) expect(verdict.library).toContain(library);
    });
  }
});

describe("which std::string a symbol has", () => {
  const cases: readonly (readonly [string, "cxx11" | "old" | "libc++" | undefined])[] = [
    ["_ZN3c106detail14torchCheckFailEPKcS2_jRKNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE", "cxx11"],
    ["_ZN3c106detail14torchCheckFailEPKcS2_jRKSs", "old"],
    ["_ZNK5torch8autograd4Node4nameB5cxx11Ev", "cxx11"],
    ["_ZN3c105ErrorC2ENS_14SourceLocationENSt3__112basic_stringIcNS1_11char_traitsIcEENS1_9allocatorIcEEEE", "libc++"],
    ["_ZNK2at6Tensor4sizeEl", undefined],
    [
      "torch::jit::load(std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> > const&)",
      "cxx11",
    ],
    ["torch::jit::parseSchemaOrName(std::string const&)", "old"],
  ];
  for (const [symbol, strings] of cases) {
    it(symbol, () => {
      expect(readSymbol(symbol).strings).toBe(strings);
    });
  }
});

describe("a name for a sentence", () => {
  it.each([
    ["_ZN3c105ErrorC2ENS_14SourceLocationESs", "c10::Error::Error"],
    ["_ZTVN5torch8autograd4NodeE", "vtable of torch::autograd::Node"],
    ["cublasCreate_v2", "cublasCreate_v2"],
  ])("%s is %s", (symbol, name) => {
    expect(shortName(judgeSymbol(symbol))).toBe(name);
  });

  it("is found in what a terminal cut off", () => {
    expect(judgeSymbol("_ZN3c105ErrorC2ENS_14SourceLoc").owner).toBe("torch");
    expect(judgeSymbol("_ZN3c1").owner).toBe("user");
    expect(judgeSymbol("_ZN").owner).toBe("user");
    expect(judgeSymbol("").owner).toBe("user");
  });
});
