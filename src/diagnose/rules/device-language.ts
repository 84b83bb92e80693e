/** What the languages of CUDA and HIP forbid in kernels and around them: declarations, launches, variables, the C++ of the host. */
import type { Finding } from "../finding.ts";
import { codeAt, type MatchFacts, placeOf, type Rule, said, saidAny } from "../rule.ts";

const guide = "https://docs.nvidia.com/cuda/cuda-c-programming-guide/#restrictions";

/** The name of what a message about a launch is about, as the line of the source has it. */
function launched(finding: Finding): string | undefined {
  return /(\w+)\s*(?:<[^<>]*>)?\s*<<</.exec(finding.source ?? "")?.[1];
}

const notInKernels: readonly (readonly [RegExp, string])[] = [
  [
    /exception handling|'(?:throw|try|catch)'/,
    "return an error code, trap with __trap(), or check with assert(); throw on the host after the launch",
  ],
  [/'(?:dynamic_cast|typeid)'|rtti/, "static_cast, or a number in the object that says what it is"],
  [
    /variable-length arrays?/,
    "an array of constant length (constexpr, a template argument), or shared memory: extern __shared__",
  ],
];

export const deviceLanguageRules: readonly Rule[] = [
  {
    id: "device-function-defined-twice",
    title: "The toolkit has the function now that the sources define themselves",
    on: ["compile"],
    specificity: 82,
    matches: (finding) =>
      saidAny(
        finding,
        /call to ['‘"](?<name>atomic[A-Z]\w*|__h\w+|__shfl\w*)['’"] is ambiguous/,
        /more than one instance of overloaded function "(?<name>atomic[A-Z]\w*|__h\w+|__shfl\w*)(?:\(.*)?" matches/,
        /call of overloaded ['‘"](?<name>atomic[A-Z]\w*|__h\w+|__shfl\w*)\(.*['’"] is ambiguous/,
      ),
    confidence: "medium",
    cause: (match) =>
      `Two functions \`${match.facts["name"] ?? ""}\` fit the call in ${placeOf(match.finding)} equally well: mostly one of the sources, written for toolkits that had none for these types (often in a compat header), and the toolkit's own, which came later. Where both candidates that the compiler lists are the toolkit's, the arguments' types fit none of them exactly.`,
    fix: (match) => [
      `grep -rnE '${match.facts["name"] ?? ""} *\\(' --include=*.cuh --include=*.cu --include=*.h --include=*.hip . | grep -E '__device__|inline'   # the sources' own`,
      "# take it out, or keep it between #if … #endif for the toolkits that lack it (CUDART_VERSION, HIP_VERSION, __CUDA_ARCH__); or a newer release of the package",
      "# both are the toolkit's: cast the arguments to the types of one of them",
    ],
    sources: ["ROCm/TheRock#5026"],
    examples: [
      {
        text: "/p/csrc/q_gemm.hip:320:5: error: call to 'atomicAdd' is ambiguous\n/opt/rocm/include/hip/amd_detail/amd_hip_fp16.h:875:27: note: candidate function\n/p/csrc/compat.cuh:54:33: note: candidate function",
        expect: "grep -rnE 'atomicAdd",
      },
      {
        text: 'csrc/k.cu(20): error: more than one instance of overloaded function "atomicAdd" matches the argument list:\n            function "atomicAdd(__half *, __half)"\n            function "atomicAdd(half *, half)"',
        expect: "CUDART_VERSION",
      },
    ],
  },
  {
    id: "kernel-declared-wrong",
    title: "A kernel may not be declared like that",
    on: ["compile"],
    specificity: 76,
    matches: (finding) =>
      saidAny(
        finding,
        /(?<what>__global__ function must have a void return type|kernel function type .* must have void return type)/,
        /(?<what>__global__ function or function template cannot be a member function|kernel function .* must be a free function or static member function)/,
        /(?<what>__global__ function cannot have (?:an? )?ellipsis)/,
        /(?<what>__global__ function.*(?:cannot|may not) (?:have|be) (?:a )?(?:parameter of (?:rvalue )?reference|friend|constexpr|virtual))/,
        /(?<what>illegal combination of memory qualifiers)/,
      ),
    confidence: "high",
    cause: (match) => {
      const what = match.facts["what"] ?? "";
      return `${codeAt(match.finding)} declares a kernel (__global__) ${/void/.test(what) ? "that returns something: a launch does not wait, so it has nothing to return" : /member/.test(what) ? "as a member of a class, which a launch cannot call" : /ellipsis/.test(what) ? "with a variable number of arguments" : "with words that may not stand beside __global__"}.`;
    },
    fix: (match) => {
      const what = match.facts["what"] ?? "";
      return [
        /void/.test(what)
          ? "# __global__ void, and the result through a pointer: *out = …; what is called from kernels only: __device__ in place of __global__"
          : /member/.test(what)
            ? "# a free function outside of the class (a template, if the class is one) that takes the members as arguments; the member function launches it"
            : "# a free function: __global__ void name(arguments by value or pointer); each form as a template or an overload of its own",
      ];
    },
    sources: [guide],
    examples: [
      { text: "k.cu(1): error: a __global__ function must have a void return type", expect: "__global__ void" },
      {
        text: "k.cu(1): error: A __global__ function or function template cannot be a member function",
        expect: "outside of the class",
      },
      {
        text: "k.hip:4:21: error: kernel function type 'int (float *)' must have void return type",
        expect: "__global__ void",
      },
    ],
  },
  {
    id: "kernel-call-and-launch",
    title: "A kernel is called, or a function launched",
    on: ["compile"],
    specificity: 76,
    matches: (finding) => {
      const facts = saidAny(
        finding,
        /(?<plain>__global__ function call must be configured|call to global function .* not configured)/,
        /(?<host>host function call cannot be configured|kernel call to non-global function)/,
        /(?<nested>kernel launch from __device__ or __global__ functions requires separate compilation)/,
      );
      if (facts !== undefined) return facts;
      // The arguments of <<<…>>> and of the kernel are counted alike.
      const count = said(finding, /too (?<count>few|many) arguments (?:in|to) (?:function )?call/);
      return count !== undefined && /<<</.test(finding.source ?? "")
        ? { ...count, name: launched(finding) }
        : undefined;
    },
    confidence: "high",
    cause: (match) => {
      const { plain, host, nested, count, name } = match.facts;
      if (plain !== undefined)
        return `${codeAt(match.finding)} calls a kernel like an ordinary function; a kernel is launched, with a grid and a block.`;
      if (host !== undefined)
        return `${codeAt(match.finding)} launches with <<<…>>> what is no kernel: the function is not declared __global__ (or another one of the same name is found first).`;
      if (nested !== undefined)
        return `${codeAt(match.finding)} launches a kernel out of a kernel (dynamic parallelism), which needs relocatable device code; torch's builder and nvcc compile whole programs unless told otherwise.`;
      return `The launch of ${name === undefined ? "the kernel" : `\`${name}\``} in ${codeAt(match.finding)} has too ${count ?? "few"} arguments: the kernel's parameters were changed here or there, or <<<grid, block, bytes, stream>>> has more or fewer than 2 to 4.`;
    },
    fix: (match) => {
      const { plain, host, nested, name } = match.facts;
      if (plain !== undefined)
        return [
          "# kernel<<<blocks, threads, 0, at::cuda::getCurrentCUDAStream()>>>(…);   (stream: #include <ATen/cuda/CUDAContext.h>)",
          "# called from device code: declare it __device__ in place of __global__",
        ];
      if (host !== undefined)
        return ["# __global__ void before its definition and every declaration; or an ordinary call without <<<…>>>"];
      if (nested !== undefined)
        return [
          '# setup.py: CUDAExtension(…, dlink=True, dlink_libraries=["cudadevrt"], extra_compile_args={"nvcc": ["-rdc=true"]}); retorch.toml: device-link = true',
          "# or launch from the host: two kernels one after the other in one stream wait for each other",
        ];
      return [
        `# compare the launch with the kernel's definition${name === undefined ? "" : `: grep -n "${name}" *.cu`}; a declaration in a header must be the same`,
        "# <<<grid, block>>>, <<<grid, block, bytes of dynamic shared memory>>>, or with the stream as the fourth",
      ];
    },
    sources: [guide],
    examples: [
      { text: "k.cu(2): error: a __global__ function call must be configured", expect: "<<<blocks, threads" },
      { text: "k.cu(2): error: a host function call cannot be configured", expect: "__global__ void" },
      {
        text: "k.cu(2): error: kernel launch from __device__ or __global__ functions requires separate compilation mode",
        expect: "cudadevrt",
      },
      {
        text: "k.cu(2): error: too few arguments in function call\n  void f(float*a){scale_kernel<<<1,32>>>(a);}\n                               ^",
        expect: "scale_kernel",
      },
    ],
  },
  {
    id: "device-variable-initialised",
    title: "A variable on the GPU cannot begin with that value",
    on: ["compile"],
    specificity: 76,
    matches: (finding) =>
      saidAny(
        finding,
        /initiali[sz](?:er|ation) (?:is )?not (?:allowed|supported) for (?<space>__shared__) variables?/,
        /dynamic initialization is not supported for (?:an? )?(?<space>(?:function-scope static )?__(?:constant|device|shared|managed)__)/,
      ),
    confidence: "high",
    cause: (match) =>
      match.facts["space"] === "__shared__"
        ? `Shared memory begins with no value: nobody runs before the block's threads that could set it, so ${codeAt(match.finding)} may not give one (nor a type whose constructor does something).`
        : `${codeAt(match.finding)} sets a ${match.facts["space"] ?? "__device__"} variable to what is known only when the program runs; before a kernel starts, the GPU's variables can hold constants alone.`,
    fix: (match) =>
      match.facts["space"] === "__shared__"
        ? ["# __shared__ float s[N]; then: if (threadIdx.x < N) s[threadIdx.x] = …; __syncthreads();"]
        : [
            "# a constant (constexpr), or set it from the host before the launch: cudaMemcpyToSymbol(name, &value, sizeof(value));",
            "# or hand the value to the kernel as an argument",
          ],
    sources: [guide],
    examples: [
      { text: "k.cu(1): error: initializer not allowed for __shared__ variable", expect: "__syncthreads" },
      {
        text: "k.cu(3): error: dynamic initialization is not supported for a __constant__ variable",
        expect: "cudaMemcpyToSymbol",
      },
      {
        text: "k.hip:5:20: error: dynamic initialization is not supported for __device__, __constant__, __shared__, and __managed__ variables.",
        expect: "cudaMemcpyToSymbol",
      },
    ],
  },
  {
    id: "shared-array-of-run-time-size",
    title: "Shared memory of a size that is known at run time only",
    on: ["compile"],
    specificity: 76,
    matches: (finding) =>
      saidAny(
        finding,
        /variable[- ]length array (?:cannot have|declaration cannot have) ['‘]?static['’]? storage duration/,
        /expression must have a constant value/,
      ) !== undefined && /__shared__|__attribute__\(\(shared\)\)/.test(finding.source ?? "")
        ? {}
        : undefined,
    confidence: "high",
    cause: (match) =>
      `The size of an array in shared memory (${codeAt(match.finding)}) has to be a constant for the compiler; the value of a variable or of a kernel's argument is none.`,
    fix: () => [
      "# a constant: template <int N> __global__ void k(…), constexpr, or #define",
      "# or dynamic: extern __shared__ float s[]; and the bytes as the third of <<<grid, block, n * sizeof(float)>>>",
    ],
    sources: ["https://docs.nvidia.com/cuda/cuda-c-programming-guide/#shared"],
    examples: [
      {
        text: "k.cu(1): error: a variable length array cannot have static storage duration\n  __attribute__((global)) void k(float*a,int n){__attribute__((shared)) float s[n]; }\n                                                ^",
        expect: "extern __shared__",
      },
    ],
  },
  {
    id: "not-in-device-code",
    title: "C++ that the GPU does not have",
    on: ["compile"],
    specificity: 76,
    matches: (finding) => {
      const facts =
        said(
          finding,
          /(?<what>device code does not support exception handling|operator '(?:dynamic_cast|typeid)' is not allowed in device code|cannot use '(?:throw|try)' in __\w+__(?: __\w+__)? function|cannot use variable-length arrays in __\w+__)/,
        ) ?? undefined;
      return facts;
    },
    confidence: "high",
    cause: (match) =>
      `${codeAt(match.finding)} uses in a kernel or __device__ function what only the host has: ${match.facts["what"] ?? match.finding.message}.`,
    fix: (match) => [
      `# instead: ${notInKernels.find(([form]) => form.test(match.facts["what"] ?? ""))?.[1] ?? "what the guide allows"}`,
      "# a function for both sides: #ifdef __CUDA_ARCH__ (HIP: __HIP_DEVICE_COMPILE__) … #else … #endif around these lines",
    ],
    sources: [guide],
    examples: [
      { text: "k.cu(1): error: device code does not support exception handling", expect: "__trap" },
      { text: "k.cu(3): error: The operator 'dynamic_cast' is not allowed in device code", expect: "static_cast" },
      { text: "k.hip:7:5: error: cannot use 'throw' in __global__ function", expect: "__trap" },
    ],
  },
  {
    id: "host-variable-in-device-code",
    title: "Device code reads a variable of the host",
    on: ["compile"],
    specificity: 78,
    matches: (finding, context) => {
      const facts = saidAny(
        finding,
        /^identifier "(?<name>[\w:]+)" is undefined in device code/,
        /reference to __host__ variable '(?<name>[^']+)' in __(?:device|global|host__ __device)__ function/,
      );
      if (facts === undefined) return undefined;
      const name = facts["name"] ?? "";
      // A function by that name is called: another rule's.
      const called = context.findings.some(
        ({ message }) => /calling a (?:constexpr )?__host__ function/.test(message) && message.includes(`("${name}`),
      );
      const stream = /^(?:std::)?(?:cout|cerr|clog|endl)$/.test(name);
      return called || /operator|~/.test(name) || (!stream && /^(?:std|at|torch|c10|thrust|cub)::/.test(name))
        ? undefined
        : {
            ...facts,
            alone: context.findings.length === 1 && !stream && !/variable/.test(finding.message) ? "yes" : undefined,
          };
    },
    // For a function nvcc says more than this one line.
    confidence: (match) => (match.facts["alone"] === undefined ? "high" : "medium"),
    cause: (match) =>
      /(?:^|::)(?:cout|cerr|clog|endl)$/.test(match.facts["name"] ?? "")
        ? `\`${match.facts["name"] ?? ""}\` is a stream of the host; a kernel (${codeAt(match.finding)}) can print with printf only.`
        : `\`${match.facts["name"] ?? ""}\` is a variable in the host's memory (a global, a static or constexpr array), and a kernel (${codeAt(match.finding)}) reads it. Only constexpr numbers are there on both sides.`,
    fix: (match) =>
      /(?:^|::)(?:cout|cerr|clog|endl)$/.test(match.facts["name"] ?? "")
        ? ['# printf("%f\\n", value); in place of it (no header needed), and torch.cuda.synchronize() after the launch']
        : [
            `# __constant__ or __device__ before ${match.facts["name"] ?? "it"}'s definition (constexpr arrays: static constexpr within the kernel's own function, or __constant__)`,
            "# what the host sets while the program runs: cudaMemcpyToSymbol, or an argument of the kernel; a function: __host__ __device__ before it",
          ],
    sources: [guide],
    examples: [
      { text: 'k.cu(2): error: identifier "table" is undefined in device code', expect: "__constant__" },
      { text: 'k.cu(2): error: identifier "std::cout" is undefined in device code', expect: "printf" },
    ],
  },
  {
    id: "kernel-template-argument",
    title: "A kernel cannot be made for this type",
    on: ["compile"],
    specificity: 76,
    matches: (finding) => kernelTemplate(finding),
    confidence: "high",
    cause: (match) =>
      `The kernel is a template, and ${codeAt(match.finding)} launches it for \`${match.facts["type"] ?? "a type"}\`, which ${match.facts["private"] === undefined ? "is defined within a function" : "is private or protected in its class"}: the host's part of a launch has to name the type from outside.`,
    fix: (match) => [
      match.facts["private"] === undefined
        ? `# define ${match.facts["type"] ?? "the type"} outside of the function, in a namespace`
        : `# make ${match.facts["type"] ?? "the type"} public, or define it outside of the class`,
    ],
    sources: [guide],
    examples: [
      {
        text: 'k.cu(2): error: A type defined inside a __host__ function  ("L") cannot be used in the template argument type of a __global__ function template instantiation',
        expect: "outside of the function",
      },
      {
        text: 'k.cu(2): error: A type that is defined inside a class and has private or protected access ("A::P") cannot be used in the template argument type of a __global__ function template instantiation, unless the class is local to a __device__ or __global__ function',
        expect: "public",
      },
    ],
  },
  {
    id: "dynamic-shared-memory-of-two-types",
    title: "Dynamic shared memory has one name and two types",
    on: ["compile"],
    specificity: 76,
    matches: (finding) => {
      // The name stands in the line, where nvcc shows it.
      if (
        /^specified alignment \(\d+\) is different from alignment \(\d+\) specified on a previous/.test(finding.message)
      )
        return { name: /(\w+)\s*\[\s*\]/.exec(finding.source ?? "")?.[1] };
      const facts = said(
        finding,
        /(?:declaration is incompatible with(?: previous)?|redefinition of|redeclaration of) ["'‘](?:(?:[\w:]+[ *]){1,4})?(?<name>\w+)(?:\[\d*\])?["'’]/,
      );
      // An array without a length is one of these, or of a header.
      if (
        facts !== undefined &&
        finding.source === undefined &&
        /\.cuh?$|^$/.test(finding.file ?? "") &&
        /\w\[\]"/.test(finding.message)
      )
        return facts;
      return facts !== undefined && /extern\s+(?:__shared__|__attribute__\(\(shared\)\))/.test(finding.source ?? "")
        ? facts
        : undefined;
    },
    confidence: "high",
    cause: (match) =>
      `\`extern __shared__ T ${match.facts["name"] ?? "s"}[]\` (${codeAt(match.finding)}) declares a name of another type a second time (in each instance of a template, or in two kernels): it is one variable for the whole file.`,
    fix: (match) => [
      `# one type for all, then a cast: extern __shared__ __align__(16) unsigned char ${match.facts["name"] ?? "s"}_bytes[]; T* ${match.facts["name"] ?? "s"} = reinterpret_cast<T*>(${match.facts["name"] ?? "s"}_bytes);`,
    ],
    sources: ["https://docs.nvidia.com/cuda/cuda-c-programming-guide/#shared"],
    examples: [
      {
        text: 'lib/THC/THCTensorRandom.cuh(156): error: specified alignment (4) is different from alignment (2) specified on a previous declaration\n          detected during instantiation of "void f<T>(T *) [with T=half]"',
        expect: "reinterpret_cast",
      },
      {
        text: 'k.cu(5): error: declaration is incompatible with "float s[]" (declared at line 5)',
        expect: "s_bytes",
      },
      {
        text: 'k.cu(1): error: declaration is incompatible with previous "s" (declared at line 1)\n  template<class T>__attribute__((global)) void k(T*a){ extern __attribute__((shared)) T s[]; }\n                                                          ^',
        expect: "reinterpret_cast",
      },
    ],
  },
  {
    id: "inline-ptx-operands",
    title: "Operands of inline PTX do not fit the instruction",
    on: ["driver"],
    specificity: 60,
    matches: (finding) =>
      finding.tool === "ptxas" ? said(finding, /Arguments mismatch for instruction '(?<name>[^']+)'/) : undefined,
    confidence: "medium",
    cause: (match) =>
      `An asm() in the sources gives \`${match.facts["name"] ?? ""}\` operands of other types or sizes than it takes: the letters of the constraints ("r" 32 bits, "l" 64 bits, "h" 16 bits, "f" float, "d" double) have to fit the type in the instruction's name (.u32, .u64, .f32).`,
    fix: (match) => [
      `grep -rn "${(match.facts["name"] ?? "").split(".")[0] ?? ""}" --include=*.cu --include=*.cuh --include=*.h .   # the asm() statements`,
      '# an address is 64 bits: "l"; of shared memory 32: "r"(static_cast<unsigned>(__cvta_generic_to_shared(p)))',
    ],
    sources: ["https://docs.nvidia.com/cuda/inline-ptx-assembly/"],
    examples: [
      {
        text: "ptxas /tmp/k.ptx, line 28; error   : Arguments mismatch for instruction 'mov'\nptxas fatal   : Ptx assembly aborted due to errors",
        expect: '"r" 32 bits',
      },
    ],
  },
];

function kernelTemplate(finding: Finding): MatchFacts | undefined {
  return saidAny(
    finding,
    /type defined inside a (?:__host__ )?function\s+\("(?<type>[^"]+)"\) cannot be used in the template argument type of a __global__/,
    /type that is defined inside a class and has (?<private>private or protected) access \("(?<type>[^"]+)"\) cannot be used in the template argument type of a __global__/,
    /type local to a function(?: \("(?<type>[^"]+)"\))? cannot be used in the template argument type of a __global__/,
  );
}
