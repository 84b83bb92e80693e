import { describe, expect, it } from "vitest";
import fc from "fast-check";
import { demangle, demangleName } from "../../../src/inspect/demangle.ts";
import { looksLikeTorch, ownerOf, stringAbiOf } from "../../../src/inspect/symbol-owner.ts";

/** Mangled, and as `c++filt` writes it. */
const itanium: readonly (readonly [string, string])[] = [
  [
    "_ZN3c105ErrorC2ENS_14SourceLocationENSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE",
    "c10::Error::Error(c10::SourceLocation, std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >)",
  ],
  [
    "_ZN3c105ErrorC1ENS_14SourceLocationERKSs",
    "c10::Error::Error(c10::SourceLocation, std::basic_string<char, std::char_traits<char>, std::allocator<char> > const&)",
  ],
  ["_ZNK3c106SymInt6sym_neERKS0_", "c10::SymInt::sym_ne(c10::SymInt const&) const"],
  ["_ZN3c104cuda9SetDeviceEi", "c10::cuda::SetDevice(int)"],
  ["_ZN2at7getTypeERKNS_6TensorE", "at::getType(at::Tensor const&)"],
  ["_ZNK2at10TensorBase8data_ptrIlEEPT_v", "long* at::TensorBase::data_ptr<long>() const"],
  ["_Z20sigmoid_cuda_forwardN2at6TensorE", "sigmoid_cuda_forward(at::Tensor)"],
  ["_ZN2at19UndefinedTensorImpl10_singletonE", "at::UndefinedTensorImpl::_singleton"],
  ["_ZTVN3c105ErrorE", "vtable for c10::Error"],
  ["_ZTIPKN2at6TensorE", "typeinfo for at::Tensor const*"],
  ["_ZGVZ3foovE1x", "guard variable for foo()::x"],
  ["_ZThn16_N1A1fEv", "non-virtual thunk to A::f()"],
  ["_ZTv0_n24_N1A1fEv", "virtual thunk to A::f()"],
  ["_ZTC1A0_1B", "construction vtable for B-in-A"],
  ["_ZN1AD0Ev", "A::~A()"],
  ["_ZN1AcvbEv", "A::operator bool()"],
  ["_ZN1AcvPT_IiEEv", "A::operator int*<int>()"],
  ["_ZNK1AltERKS_", "A::operator<(A const&) const"],
  ["_ZltIiEbT_S0_", "bool operator< <int>(int, int)"],
  ["_ZN1AnwEm", "A::operator new(unsigned long)"],
  ["_ZN1AdaEPv", "A::operator delete[](void*)"],
  ["_Zli2_wPKc", 'operator"" _w(char const*)'],
  ["_Z1fPFvidE", "f(void (*)(int, double))"],
  ["_Z1fM1AFvvE", "f(void (A::*)())"],
  ["_Z1fM1AKFvvE", "f(void (A::*)() const)"],
  ["_Z1fM1Ai", "f(int A::*)"],
  ["_Z1fRA3_Ki", "f(int const (&) [3])"],
  ["_Z1fPA2_A3_i", "f(int (*) [2][3])"],
  ["_Z1fPFPFivEvE", "f(int (*(*)())())"],
  ["_Z1fDoFvvE", "f(void () noexcept)"],
  ["_Z1fPDoFvvE", "f(void (*)() noexcept)"],
  ["_Z1fIJidEEvDpT_", "void f<int, double>(int, double)"],
  ["_Z1fIJEEvDpT_", "void f<>()"],
  ["_Z1fIiEvOT_", "void f<int>(int&&)"],
  ["_Z1fIRiEvOT_", "void f<int&>(int&)"],
  ["_Z1fILi5ELb1ELm7ELc65EEvv", "void f<5, true, 7ul, (char)65>()"],
  ["_Z1fILin3EEvv", "void f<-3>()"],
  ["_Z1fIXadL_Z1gvEEEvv", "void f<&(g())>()"],
  ["_Z1fIXadL_ZN1A1gEvEEEvv", "void f<&A::g>()"],
  ["_ZN1A1fB5cxx11Ev", "A::f[abi:cxx11]()"],
  ["_ZN12_GLOBAL__N_11fEv", "(anonymous namespace)::f()"],
  ["_ZZ3foovENKUlvE_clEv", "foo()::{lambda()#1}::operator()() const"],
  ["_ZZ3foovENKUliE0_clEi", "foo()::{lambda(int)#2}::operator()(int) const"],
  ["_ZZ3foovENUt_D1Ev", "foo()::{unnamed type#1}::~{unnamed type#1}()"],
  ["_Z1fIiEN1AIXsr1BIT_EE1vEE4typeEv", "A<B<int>::v>::type f<int>()"],
  ["_Z1fDv4_f", "f(float __vector(4))"],
  ["_Z1fDn", "f(decltype(nullptr))"],
  ["_Z1fDF16_", "f(_Float16)"],
  ["_Z1fVKc", "f(char const volatile)"],
  ["_ZNO1A1fEv", "A::f() &&"],
  ["_ZNKR1A1fEv", "A::f() const &"],
  ["_Z3foov.isra.0", "foo() [clone .isra.0]"],
  ["_Z3foov.constprop.0.cold", "foo() [clone .constprop.0] [clone .cold]"],
  ["_ZSt4cout@GLIBCXX_3.4", "std::cout@GLIBCXX_3.4"],
  ["__ZN2at5emptyEv", "at::empty()"],
];

describe("demangle, names of GCC and Clang", () => {
  it.each(itanium)("%s", (mangled, text) => {
    expect(demangle(mangled)).toBe(text);
  });

  it.each(["", "_Z", "_ZN", "main", "PyInit_x", "_ZN8wrongSizeEv", "_Z1fS_", "_Z1fT_", "_ZN1A", "_Z1fv!", "_Zxx"])(
    "takes %j for no mangled name",
    (text) => {
      expect(demangle(text)).toBeUndefined();
    },
  );

  it("means each template's own parameters in what is referred back to", () => {
    // `S1_` was `T_` of g, here it is `T_` of f: the lambda.
    const mangled = "_Z1fIZ1gIiEvT_EUlvE_EvS1_";
    expect(demangle(mangled)).toBe("void f<g<int>(int)::{lambda()#1}>(g<int>(int)::{lambda()#1})");
  });
});

/** Mangled, and as Microsoft's linker writes it. */
const msvc: readonly (readonly [string, string])[] = [
  ["?warp_size@cuda@at@@YAHXZ", "int __cdecl at::cuda::warp_size(void)"],
  ["?data_ptr@TensorBase@at@@QEBAPEAXXZ", "public: void * __cdecl at::TensorBase::data_ptr(void) const"],
  ["??$data_ptr@M@Tensor@at@@QEBAPEAMXZ", "public: float * __cdecl at::Tensor::data_ptr<float>(void) const"],
  [
    "??0Error@c10@@QEAA@USourceLocation@1@V?$basic_string@DU?$char_traits@D@std@@V?$allocator@D@2@@std@@@Z",
    "public: __cdecl c10::Error::Error(struct c10::SourceLocation,class std::basic_string<char,struct std::char_traits<char>,class std::allocator<char> >)",
  ],
  [
    "?empty@at@@YA?AVTensor@1@V?$ArrayRef@_J@c10@@UTensorOptions@4@V?$optional@W4MemoryFormat@c10@@@std@@@Z",
    "class at::Tensor __cdecl at::empty(class c10::ArrayRef<__int64>,struct c10::TensorOptions,class std::optional<enum c10::MemoryFormat>)",
  ],
  ["??1Foo@bar@@UEAA@XZ", "public: virtual __cdecl bar::Foo::~Foo(void)"],
  ["??_7Error@c10@@6B@", "const c10::Error::`vftable'"],
  ["?x@@3HA", "int x"],
  ["?foo@@YAXP6AHH@Z@Z", "void __cdecl foo(int (__cdecl*)(int))"],
  ["??Bfoo@@QEBAHXZ", "public: __cdecl foo::operator int(void) const"],
  ["??_R0?AVError@c10@@@8", "class c10::Error `RTTI Type Descriptor'"],
];

describe("demangle, names of Microsoft's compiler", () => {
  it.each(msvc)("%s", (mangled, text) => {
    expect(demangle(mangled)).toBe(text);
  });

  it.each(["?", "?foo", "?foo@@", "?foo@@YA", "??", "?x@@3HA_", "?foo@@YAX9@Z", "?a@9@@YAXXZ"])(
    "takes %j for none",
    (text) => {
      expect(demangle(text)).toBeUndefined();
    },
  );
});

describe("demangleName", () => {
  it("takes a function apart", () => {
    expect(demangleName("_ZNSt6vectorIN2at6TensorESaIS1_EE9push_backERKS1_")).toEqual({
      text: "std::vector<at::Tensor, std::allocator<at::Tensor> >::push_back(at::Tensor const&)",
      name: "std::vector<at::Tensor, std::allocator<at::Tensor> >::push_back",
      path: ["std", "vector", "push_back"],
      parameters: "at::Tensor const&",
      special: "",
      stem: "_ZNSt6vectorIN2at6TensorESaIS1_EE9push_backE",
    });
  });

  it("takes others apart", () => {
    expect(demangleName("_ZTVN3c105ErrorE")).toMatchObject({ path: ["c10", "Error"], special: "vtable for" });
    expect(demangleName("_ZN2at1xE")).not.toHaveProperty("parameters");
    expect(demangleName("?warp_size@cuda@at@@YAHXZ")).toMatchObject({
      path: ["at", "cuda", "warp_size"],
      parameters: "void",
      stem: "?warp_size@cuda@at@@",
    });
    expect(demangleName("main")).toBeUndefined();
  });
});

describe("hostile names", () => {
  const seeds = [...itanium, ...msvc].map(([mangled]) => mangled);

  it("never throw, and take bounded work", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...seeds),
        fc.array(fc.tuple(fc.nat(200), fc.constantFrom(..."_ZNSTIJEXLKPRODpt0189ACFv?@$Q")), { maxLength: 6 }),
        fc.nat(40),
        (seed, changes, repeat) => {
          let text = seed;
          for (const [at, character] of changes) {
            const place = at % (text.length + 1);
            text = text.slice(0, place) + character + text.slice(place + (repeat % 2));
          }
          for (const name of [text, text.repeat(repeat)]) {
            const result = demangle(name);
            expect(result === undefined || result.length <= 600_000).toBe(true);
            demangleName(name);
          }
        },
      ),
      { numRuns: 3000 },
    );
  });

  it.each([
    ["deep pointers", `_Z1f${"P".repeat(60_000)}i`],
    ["deep templates", `_Z1f${"N1AI".repeat(10_000)}iEE`],
    [
      "doubling",
      `_Z1f${Array.from({ length: 60 }, (_, i) => `1AI${i === 0 ? "ii" : `S${(i - 1).toString(36).toUpperCase()}_S${(i - 1).toString(36).toUpperCase()}_`}E`).join("")}`,
    ],
    ["many empty packs", `_Z1fIJEEv${"DpT_".repeat(12_000)}`],
    ["a long name", `_Z${"9".repeat(1000)}a`],
    ["a name of a megabyte", `_Z1f${"i".repeat(1_000_000)}`],
    ["deep pointers of Microsoft", `?f@@YAX${"PEA".repeat(4000)}H@Z`],
    ["doubling of Microsoft", `?f@@YAX${"V?$A@".repeat(3000)}@Z`],
  ])("%s", (_name, mangled) => {
    const result = demangle(mangled);
    expect(result === undefined || result.length <= 600_000).toBe(true);
  });
});

describe("ownerOf", () => {
  it.each([
    ["_ZN3c105ErrorD1Ev", "c10"],
    ["_ZN2at5emptyEv", "torch"],
    ["_ZN5torch3jit11parseSchemaERKSsb", "torch"],
    ["_ZN8pybind116detail13get_internalsEv", "pybind11"],
    ["_Z16THPVariable_WrapRKN2at10TensorBaseE", "torch"],
    ["aoti_torch_empty_strided", "torch"],
    ["torch_call_dispatcher", "torch"],
    ["PyObject_Call", "python"],
    ["_Py_NoneStruct", "python"],
    ["cudaLaunchKernel", "cuda"],
    ["cublasCreate_v2", "cuda"],
    ["cuLaunchKernel", "cuda"],
    ["__cudaRegisterFatBinary", "cuda"],
    ["__cudaRegisterLinkedBinary_3e4b_kernel_cu", "user"],
    ["__fatbinwrap_3e4b", "user"],
    ["_ZNSt6vectorIiSaIiEE9push_backERKi", "libstdc++"],
    ["_Znwm", "libstdc++"],
    ["_ZdlPvm", "libstdc++"],
    ["__cxa_throw", "libstdc++"],
    ["_Unwind_Resume", "c"],
    ["GOMP_parallel", "c"],
    ["_Z20sigmoid_cuda_forwardN2at6TensorE", "user"],
    ["my_function", "user"],
    ["culture", "user"],
    ["Pythagoras", "user"],
  ])("%s is of %s", (symbol, owner) => {
    expect(ownerOf(symbol).owner).toBe(owner);
  });

  it.each(itanium.map(([mangled]) => mangled))("agrees with a quick look at %s", (symbol) => {
    const { owner } = ownerOf(symbol);
    // Local names and thunks are not looked into.
    if (/^_ZZ|^_ZT[hvc]|^_ZGVZ/.test(symbol)) return;
    expect(looksLikeTorch(symbol) !== undefined).toBe(owner === "c10" || owner === "torch");
  });

  it("goes by the version where there is one", () => {
    expect(ownerOf("memcpy", "GLIBC_2.14").owner).toBe("c");
    expect(ownerOf("strange", "CXXABI_1.3").owner).toBe("libstdc++");
  });

  it("tells which std::string a symbol has", () => {
    const abi = (symbol: string): unknown => stringAbiOf(symbol, demangleName(symbol));
    expect(abi("_ZN3c105ErrorC1ENS_14SourceLocationERKSs")).toBe("old");
    expect(abi("_ZN3c105ErrorC2ENS_14SourceLocationENSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE")).toBe(
      "cxx11",
    );
    expect(abi("_ZN1AC1ENSt3__112basic_stringIcEE")).toBe("libc++");
    expect(abi("_ZN3c104cuda9SetDeviceEi")).toBeUndefined();
    // A class of the user's that only looks like an abbreviation.
    expect(abi("_ZN2Ss1fEv")).toBeUndefined();
  });
});
