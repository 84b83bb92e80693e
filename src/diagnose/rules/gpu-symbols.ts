/** Symbols of CUDA and ROCm that were not found, and device code that was not linked. */
import {
  pip,
  platformOf,
  python,
  quote,
  rebuild,
  setVariable,
  torchAgain,
  unsetVariable,
} from "../commands/commands.ts";
import type { Finding } from "../finding.ts";
import { linkToo } from "../commands/flag-variables.ts";
import { packageOf } from "../tables/packages.ts";
import { baseName } from "../parsers/parser.ts";
import type { Match, Rule } from "../rule.ts";
import { installedSentence, symbolFacts, verdictOf } from "./symbol-facts.ts";
import { isDevice, owned } from "./symbol-owners.ts";

/** Where make calls nvcc to compile and to link, one variable tells both, and all objects are made anew. Tried with nvcc 13.0. */
function separableByHand(match: Match): string[] {
  const { typedBuild } = match.context.log;
  return typedBuild?.tool !== "make" || match.facts["tool"] !== "ptxas" || platformOf(match) === "win32"
    ? []
    : [
        setVariable(match, "NVCC_APPEND_FLAGS", "-rdc=true"),
        `${typedBuild.line} -B   # every object anew; nvcc links as well (g++ as linker: nvcc -dlink of the objects before, and -lcudadevrt -lcudart)`,
      ];
}

/** Links one of ROCm's libraries of mathematics, which torch's builder does not name by itself. */
function linkRocm(match: Match): string[] {
  const [, name] =
    /^(hipblas|hipsparse|hipsolver|hipfft|hiprand|rocblas|rocsparse|rocsolver|rocfft|rocrand)/.exec(
      match.facts["readable"] ?? "",
    ) ?? [];
  return name === undefined
    ? []
    : [
        `# not linked (readelf -d of the library does not name it): libraries=["${name}"], library_dirs=["/opt/rocm/lib"] of the extension in setup.py; of load(): extra_ldflags=["-L/opt/rocm/lib", "-l${name}"]`,
        ...linkToo(match, [name], "/opt/rocm/lib"),
      ];
}

/** Functions that every release of the library has: where one is missing, the library is not there at all. */
/** Operators of DeepSpeed that its builder linked without cuRAND up to 0.6.1. Source: deepspeedai/DeepSpeed#1879. */
function deepspeedWithoutCurand({ finding, facts }: Match): boolean {
  return facts["library"] === "curand" && /[\\/](?:cpu_adam|cpu_adagrad)(?:_op)?[.\w-]*\.so$/.test(finding.file ?? "");
}

/** How the library is put on the link line, wherever that is written. */
function linkedWith(match: Match): string[] {
  return [
    ...(match.facts["library"] === "nppc" && /^nppi/.test(match.facts["name"] ?? "")
      ? [
          "# NPP is several libraries: nppig (resize, rotate, warp), nppicc (colours), nppif (filters), nppial (arithmetic), nppist (statistics), nppidei (copy, set), each with nppc",
        ]
      : []),
    `# retorch.toml: libraries = ["${match.facts["library"] ?? ""}"]; setup.py: libraries=["${match.facts["library"] ?? ""}"] in CUDAExtension; CMake: CUDA::${match.facts["library"] ?? ""}`,
    platformOf(match) === "win32"
      ? `# load(): extra_ldflags=["${match.facts["library"] ?? ""}.lib"]; by hand: /LIBPATH:"%CUDA_HOME%\\lib\\x64" ${match.facts["library"] ?? ""}.lib`
      : `# load(): extra_ldflags=["-l${match.facts["library"] ?? ""}"]; by hand: -L<cuda>/lib64 -l${match.facts["library"] ?? ""}`,
    ...linkToo(match, [match.facts["library"] ?? ""], platformOf(match) === "win32" ? undefined : cudaLibraries(match)),
    ...(match.finding.phase === "load" ? rebuild(match) : []),
  ];
}

/** Whether a module is loaded from where torch.utils.cpp_extension.load() builds. */
function isOfLoad({ finding }: Match): boolean {
  return finding.phase === "load" && /torch_extensions[\\/]/.test(finding.file ?? "");
}

export const inEveryRelease =
  /^(?:cudnn(?:Create|Destroy|SetStream|CreateTensorDescriptor|SetTensor4dDescriptor|ConvolutionForward|GetErrorString)|cublas(?:Create|Destroy|SetStream|[SDCZ]gemm(?:StridedBatched|Batched)?|GemmEx|SetMathMode)(?:_v2)?|cublasLt(?:Create|Destroy|Matmul)|curand(?:CreateGenerator|GenerateUniform|GenerateNormal|SetStream)|cufft(?:Plan1d|Plan2d|PlanMany|ExecC2C|ExecR2C|Destroy|SetStream)|cusparse(?:Create|Destroy|SetStream)|cusolver(?:Dn)?(?:Create|Destroy|SetStream)|nccl(?:AllReduce|AllGather|Broadcast|Send|Recv|CommInitRank|GetUniqueId|GroupStart|GroupEnd|GetErrorString)|nvrtc(?:CreateProgram|CompileProgram|GetPTX(?:Size)?|GetProgramLog(?:Size)?|GetErrorString|GetLoweredName|AddNameExpression|DestroyProgram)|npp[a-z]\w+|nvmlInit(?:_v2)?|cuda(?:Malloc|Free|Memcpy(?:Async)?|Memset(?:Async)?|GetLastError|GetDevice|SetDevice|LaunchKernel|StreamSynchronize|GetErrorString|DeviceSynchronize)|__cuda(?:Unr|R)egister(?:FatBinary|Function|Var))$/;

/** Whether a symbol is missing at load because its library was never linked, not because it is of another release. */
function neverLinked(finding: Finding): boolean {
  return (
    finding.phase === "load" &&
    finding.library === undefined &&
    !/(?:^|[\\/])lib(?:cu|nv|torch|c10|nccl)\w*\.so|[\\/](?:nvidia|torch)[\\/]/.test(finding.file ?? "") &&
    inEveryRelease.test(finding.symbol ?? "")
  );
}

/** The folder of CUDA's libraries: what it is called by default, where nothing says. */
function cudaLibraries(match: Match, below = ""): string {
  return match.context.log.notebook ? `/usr/local/cuda/lib64${below}` : `\${CUDA_HOME:-/usr/local/cuda}/lib64${below}`;
}

/** Functions of <cmath> at the top or in std, taking numbers alone. */
const deviceMaths =
  /^_Z(?:St|NSt|N3std)?(?:3(?<name>pow|exp|log|sin|cos|tan|abs|max|min|fma)|\d(?<c>sqrt|fabs|fmod|ceil|round|floor|atan2|hypot|powi|ldexp|isnan|isinf))(?:E|I\w*E\w*)?[dfijlmxyth]+$/;

/** Since when the driver has a function. Source: the release notes of the CUDA toolkit. */
const driverFunctions: readonly (readonly [RegExp, { readonly cuda: string; readonly driver: string }])[] = [
  [/^cuGreenCtxStreamCreate/, { cuda: "12.5", driver: "555" }],
  [/^cu(?:GreenCtx|DevSm|DevResource|DeviceGetDevResource|CtxGetDevResource)/, { cuda: "12.4", driver: "550" }],
  [/^cuMulticast/, { cuda: "12.1", driver: "530" }],
  [/^cu(?:TensorMap|Library(?:Load|Unload|Get)|KernelGet)/, { cuda: "12.0", driver: "525" }],
  [/^cuLaunchKernelEx/, { cuda: "11.8", driver: "520" }],
  [/^cuMemcpy3DBatchAsync|^cuMemcpyBatchAsync/, { cuda: "12.8", driver: "570" }],
];

function driverOf(match: Match): { readonly cuda: string; readonly driver: string } | undefined {
  const name = (match.facts["name"] ?? match.finding.symbol ?? "").replace(/^_/, "");
  return driverFunctions.find(([form]) => form.test(name))?.[1];
}

/** Where the cuDNN lies whose part asks, and how one alone is left. */
function whichCudnn(match: Match): string[] {
  const file = match.finding.file ?? "";
  return [
    "find / -name 'libcudnn*.so.*' -not -path '/proc/*' 2>/dev/null   # cuDNN is several libraries, all of one release: which folders hold another?",
    ...(/[\\/]envs[\\/]|conda|[\\/]mini(?:forge|mamba)/.test(file)
      ? [
          "conda list | grep -i cudnn   # conda's cuDNN and the one that pip's torch brings, side by side: keep one; conda remove --force cudnn, when torch is pip's",
        ]
      : /^\/usr\/|\/cuda/.test(file)
        ? [
            "ldconfig -p | grep cudnn   # the system's comes first by LD_LIBRARY_PATH or ldconfig: torch's wheels need none of it",
          ]
        : []),
  ];
}

/** pip's package of the library, when it is not torch that asks for more than it has. */
function newer(match: Match): string[] {
  const asked =
    /^lib(?<lib>cublasLt|cublas|cusparseLt|cusparse|cusolver|cufft|curand|nvJitLink|nccl|cudnn\w*)\.so\.(?<major>\d+)/.exec(
      match.finding.library ?? "",
    );
  if (asked === null || /[\\/](?:torch|nvidia)[\\/]/.test(match.finding.file ?? "")) return [];
  // Its parts ask each other: two of them are on the path, and a newer one would be a third.
  if (/libcudnn\w*\.so/.test(match.finding.file ?? "")) return whichCudnn(match);
  const lib = (asked.groups?.["lib"] ?? "").replace("cublasLt", "cublas").toLowerCase();
  const major = Number(asked.groups?.["major"]);
  const name =
    /^cublas$/.test(lib) && major >= 13 ? `nvidia-${lib}` : `nvidia-${lib}-cu${/^cublas$/.test(lib) ? major : 12}`;
  return [
    `${python(match)} -m pip install --upgrade ${name}   # a newer release of the same major version has the function, or take the package's release for this CUDA`,
  ];
}

/** Which folder of the path that is, and what puts it there. */
function pathSource({ context: { log } }: Match): string {
  const { loadedCudaModule, cudaOnLibraryPath } = log;
  const said = [
    ...(cudaOnLibraryPath === undefined ? [] : [`\`${cudaOnLibraryPath}\``]),
    ...(loadedCudaModule === undefined ? [] : [`from the module ${loadedCudaModule}`]),
  ];
  return said.length === 0 ? "" : ` (${said.join(", ")})`;
}

/** The path of the loader without the toolkit's folders, where the text shows one before the libraries that pip brought. */
function withoutToolkitsPath(match: Match): string[] | undefined {
  const { loadedCudaModule, cudaOnLibraryPath } = match.context.log;
  // A toolkit has no NCCL.
  if (/^nccl/.test(match.finding.symbol ?? "")) return undefined;
  const ofPip = /-packages[\\/](?:nvidia[\\/]|torch[\\/]lib[\\/])/.test(match.finding.file ?? "");
  if (!ofPip || platformOf(match) === "win32" || (loadedCudaModule ?? cudaOnLibraryPath) === undefined)
    return undefined;
  return [
    "export LD_LIBRARY_PATH=$(echo \"$LD_LIBRARY_PATH\" | tr ':' '\\n' | grep -v -i cuda | paste -sd: -)   # pip's CUDA libraries find one another without it",
    ...(loadedCudaModule === undefined
      ? ["# for good: where it is set (~/.bashrc, the job's script)"]
      : [`# for good, in the job's script, too: module unload ${loadedCudaModule}`]),
    `# still so: two of pip's nvidia packages do not fit each other: ${torchAgain(match)}`,
  ];
}

/** `pow` with a whole number: the small ones as products, the others of two doubles. Sources: ashawkey/torch-ngp#6, adaPool#8. */
function powerEdits(match: Match): string[] {
  const file = match.context.log.gpuSource;
  if (
    !/^_Z(?:St)?3pow[df]i$/.test(match.finding.symbol ?? "") ||
    file === undefined ||
    /[\\/]site-packages[\\/]/.test(file)
  )
    return [];
  const call = String.raw`(^|[^:.A-Za-z0-9_])(std::|::)?pow\(`;
  const name = String.raw`([A-Za-z_][A-Za-z0-9_]*), *`;
  return [
    `sed -i -E 's/${call}${name}2\\)/\\1(\\3*\\3)/g; s/${call}${name}3\\)/\\1(\\3*\\3*\\3)/g; s/${call}([^(),]+), *([0-9]+)\\)/\\1pow((double)(\\3), \\4.0)/g' ${quote(file)}`,
  ];
}

export const gpuSymbolRules: readonly Rule[] = [
  {
    id: "device-link-missing",
    title: "Relocatable device code without a device link",
    on: ["undefined-symbol"],
    specificity: 85,
    matches: (finding, context) =>
      // HIP's stub of a kernel: the kernel itself was not compiled.
      /__device_stub__/.test(finding.symbol ?? "") && /^_Z/.test(finding.symbol ?? "")
        ? undefined
        : owned(finding, context, "cuda-device-link"),
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["name"] ?? ""}\` is made by the device link, which was not done: the CUDA sources were compiled with -dc or -rdc=true (relocatable device code), but nothing ran \`nvcc -dlink\` on the objects.`,
    fix: (match) => [
      "# retorch.toml: device-link = true",
      "# setup.py: CUDAExtension(..., dlink=True); torch.utils.cpp_extension.load() cannot do it",
      "# CMake: set_target_properties(the_target PROPERTIES CUDA_SEPARABLE_COMPILATION ON CUDA_RESOLVE_DEVICE_SYMBOLS ON)",
      "# or drop -rdc=true / -dc when no device function is called across files",
      ...(match.finding.phase === "load" ? rebuild(match) : []),
    ],
    sources: ["pytorch/pytorch#57543", "pytorch/extension-cpp#80", "pytorch/pytorch#180762"],
    examples: [
      {
        text: "ImportError: /p/a.so: undefined symbol: __cudaRegisterLinkedBinary_45_tmpxft_00001f3a_00000000_7_kernel_cpp1_ii_b81a68a1",
        expect: "dlink=True",
      },
      {
        text: "undefined reference to `__cudaRegisterLinkedBinary shows up when I link with -rdc=true",
        expect: "`__cudaRegisterLinkedBinary`",
      },
      {
        text: "/usr/bin/ld: k.o: in function `__sti____cudaRegisterAll()':\nk.cudafe1.cpp:(.text.startup+0x22): undefined reference to `__fatbinwrap_38_tmpxft_0000_k_cpp1_ii_1'",
        expect: "-dlink",
      },
    ],
  },
  {
    id: "math-overload-without-device-version",
    title: "A maths function has no version for the GPU with these arguments",
    on: ["undefined-symbol"],
    specificity: 88,
    matches: (finding) => {
      const call = deviceMaths.exec(finding.symbol ?? "");
      return isDevice(finding) && call !== null ? { name: call.groups?.["name"] ?? call.groups?.["c"] } : undefined;
    },
    confidence: "high",
    cause: (match) =>
      `Device code calls \`${match.facts["name"] ?? ""}\` with arguments for which the standard library has a function of the host only (such as pow(double, int)): no source of yours is missing, the call has to be another one.`,
    fix: (match) => [
      ...powerEdits(match),
      `# give all arguments one type: ${match.facts["name"] ?? "pow"}(x, 3.0) or ${match.facts["name"] ?? "pow"}f(x, 3.0f) in place of ${match.facts["name"] ?? "pow"}(x, 3); small powers: x * x * x`,
      "# or ::pow, ::max, ::abs … of CUDA in place of std::",
    ],
    sources: ["https://docs.nvidia.com/cuda/cuda-math-api/", "ashawkey/torch-ngp#6"],
    examples: [
      { text: "ptxas fatal   : Unresolved extern function '_Z3powdi'", expect: "pow(x, 3.0)" },
      {
        text: "$ python setup.py install\nnvcc -O3 -c src/pool.cu -o build/pool.o\nptxas fatal   : Unresolved extern function '_Z3powdi'",
        expect: "3.0",
      },
    ],
  },
  {
    id: "device-function-missing",
    title: "A device function of another file was not found",
    on: ["undefined-symbol"],
    specificity: 85,
    matches: (finding, context) => {
      const verdict = verdictOf(finding);
      return isDevice(finding) && verdict !== undefined
        ? { ...symbolFacts(finding, verdict, context), tool: finding.tool }
        : undefined;
    },
    confidence: "high",
    cause: (match) =>
      match.facts["tool"] === "ptxas"
        ? `The kernel calls the device function \`${match.facts["readable"] ?? ""}\` of another file, but the files are compiled as whole programs: calls across files need relocatable device code (-rdc=true) and a device link.`
        : `The device link did not find \`${match.facts["readable"] ?? ""}\`: the object that defines this device function is not among the inputs of nvlink, was compiled without -rdc=true, or for another architecture.`,
    fix: (match) => [
      ...separableByHand(match),
      "# add the .cu file that defines the function to the sources, and compile all of them with -rdc=true and device-link = true (setup.py: dlink=True)",
      "# or define the function in a header (static __device__ / __forceinline__), so that no call crosses files",
      "# device libraries (cudadevrt, nvshmem) go on the device link: dlink_libraries=['cudadevrt']",
    ],
    sources: ["pytorch/pytorch#69190", "pytorch/pytorch#43691"],
    examples: [
      { text: "nvlink error   : Undefined reference to '_Z3exti' in 'r.o'", expect: "device link" },
      { text: "ptxas fatal   : Unresolved extern function '_Z3exti'", expect: "-rdc=true" },
      {
        text: "$ make -j4\nnvcc -O2 -arch=sm_90 -c a.cu -o a.o\nptxas fatal   : Unresolved extern function '_Z3exti'\nmake: *** [Makefile:3: a.o] Error 255",
        expect: "make -j4 -B",
      },
    ],
  },
  {
    id: "cuda-libraries-mixed",
    title: "CUDA libraries of two versions are mixed",
    on: ["undefined-symbol"],
    specificity: 75,
    matches: (finding, context) => {
      if (finding.phase !== "load") return undefined;
      const facts = owned(finding, context, "cuda-library", "cuda-runtime");
      return facts === undefined || neverLinked(finding) ? undefined : facts;
    },
    confidence: (match) =>
      match.finding.library !== undefined || /lib(?:cu|nv|torch|nccl)/.test(match.finding.file ?? "")
        ? "high"
        : "medium",
    cause: (match) =>
      `\`${match.facts["name"] ?? ""}\` is of ${match.facts["provider"] ?? "CUDA"}, and the library of that name that was loaded first does not have it: ` +
      (withoutToolkitsPath(match) === undefined
        ? `${match.facts["who"] ?? ""} was built for another version of it than the one found on LD_LIBRARY_PATH or in the environment (system CUDA before pip's nvidia packages, or two versions of those).`
        : `${match.facts["who"] ?? ""} of pip was built for another version of it than the one of the toolkit that LD_LIBRARY_PATH names${pathSource(match)}, which comes before pip's own.`),
    fix: (match) =>
      withoutToolkitsPath(match) ?? [
        unsetVariable(match, "LD_LIBRARY_PATH"),
        `${python(match)} -m pip list | grep -i nvidia   # all of one CUDA version, the one of torch.version.cuda?`,
        ...newer(match),
        ...(/^nccl/.test(match.finding.symbol ?? "") && match.context.log.platform !== "win32"
          ? [
              `${python(match)} -m pip uninstall -y nvidia-nccl-cu11 nvidia-nccl-cu12 nvidia-nccl-cu13   # two of them write one folder; the next line brings back the right one (a system's libnccl: ldconfig -p | grep nccl)`,
            ]
          : []),
        `${torchAgain(match)}   # brings the nvidia packages that fit`,
      ],
    sources: [
      "pytorch/pytorch#119989",
      "NVIDIA/TransformerEngine#2504",
      "pytorch/pytorch#111469",
      "pytorch/pytorch#134929",
      "pytorch/pytorch#131312",
      "infiniflow/ragflow#4466",
    ],
    examples: [
      {
        text: "$ module list\n  1) slurm/23   2) cuda/12.0.1\n$ python a.py\nImportError: /e/lib/python3.11/site-packages/torch/lib/../../nvidia/cusparse/lib/libcusparse.so.12: undefined symbol: __nvJitLinkAddData_12_1, version libnvJitLink.so.12",
        expect: "module unload cuda/12.0.1",
      },
      {
        text: "$ export LD_LIBRARY_PATH=/usr/local/cuda-12.0/lib64:/opt/mpi/lib\n$ python a.py\nImportError: /e/lib/python3.11/site-packages/torch/lib/../../nvidia/cusparse/lib/libcusparse.so.12: undefined symbol: __nvJitLinkAddData_12_1, version libnvJitLink.so.12",
        expect: "tr ':' '\\n' | grep -v -i cuda",
      },
      {
        text: "ImportError: /e/site-packages/torch/lib/../../nvidia/cusparse/lib/libcusparse.so.12: undefined symbol: __nvJitLinkAddData_12_1, version libnvJitLink.so.12",
        expect: "LD_LIBRARY_PATH",
      },
      { text: "ImportError: /e/torch/lib/libtorch_cuda.so: undefined symbol: ncclCommRegister", expect: "NCCL" },
      {
        text: "Could not load library libcudnn_cnn_train.so.8. Error: /home/u/anaconda3/envs/e/bin/../lib/libcudnn_ops_train.so.8: undefined symbol: _ZN11nvrtcHelper4loadEb, version libcudnn_ops_infer.so.8",
        expect: "conda remove -y --force cudnn",
      },
      {
        text: "OSError: /e/libcublas.so.11: symbol cublasLtHSHMatmulAlgoInit version libcublasLt.so.11 not defined in file libcublasLt.so.11 with link time reference",
        expect: "cuBLAS",
      },
    ],
  },
  {
    id: "cuda-library-not-linked",
    title: "A CUDA library is not linked",
    on: ["undefined-symbol"],
    specificity: 70,
    matches: (finding, context) =>
      finding.phase === "link" || neverLinked(finding)
        ? owned(finding, context, "cuda-library", "cuda-runtime")
        : undefined,
    confidence: (match) => (isOfLoad(match) && !deepspeedWithoutCurand(match) ? "medium" : "high"),
    cause: (match) =>
      deepspeedWithoutCurand(match)
        ? `\`${match.facts["name"] ?? ""}\` is of cuRAND. DeepSpeed before 0.6.2 does not link this operator with it, and relied on a torch that loaded libcurand for all: torch of 1.11 and newer from pip does not. (An error that follows, of ds_opt_adam, is the echo.)${installedSentence(match)}`
        : isOfLoad(match)
          ? `\`${match.facts["name"] ?? ""}\` is of ${match.facts["provider"] ?? "CUDA"}, and nothing that is loaded brings it. The module lies in the folder that load() builds in: it was built there for another torch or environment, whose libraries brought it, and is used as it is; or its sources are linked without \`${match.facts["library"] ?? ""}\`.${installedSentence(match)}`
          : `\`${match.facts["name"] ?? ""}\` is of ${match.facts["provider"] ?? "CUDA"}; the library \`${match.facts["library"] ?? ""}\` is not on the link line.${installedSentence(match)}`,
    fix: (match) => [
      ...(deepspeedWithoutCurand(match)
        ? [
            `${pip(match, 'install --upgrade "deepspeed>=0.6.2"')}   # links it with -lcurand`,
            ...(match.finding.phase === "load" ? rebuild(match) : []),
            "# DeepSpeed has to stay: the CUDA toolkit's library is loaded before it: export LD_PRELOAD=${CUDA_HOME:-/usr/local/cuda}/lib64/libcurand.so",
          ]
        : linkedWith(match)),
    ],
    change: (match) => {
      const library = match.facts["library"];
      if (library === undefined) return undefined;
      const there = match.facts["has"] !== undefined || match.context.findLibrary?.(library) !== undefined;
      return there ? { kind: "add-library", library } : undefined;
    },
    sources: ["https://docs.nvidia.com/cuda/", "deepspeedai/DeepSpeed#1879", "pytorch/pytorch#69666"],
    examples: [
      {
        text: "ImportError: /home/jo/.cache/torch_extensions/py39_cu118/cpu_lamb/cpu_lamb.so: undefined symbol: curandCreateGenerator",
        expect: "for another torch or environment",
      },
      {
        text: "ImportError: /root/.cache/torch_extensions/py38_cu113/cpu_adam/cpu_adam.so: undefined symbol: curandCreateGenerator",
        expect: '"deepspeed>=0.6.2"',
      },
      {
        text: "/usr/bin/ld: gemm.o: in function `f': gemm.cu:(.text+0x9): undefined reference to `cublasCreate_v2'",
        expect: "-lcublas",
      },
      {
        text: "(e) jo@ws:~/ops$ python setup.py install\n/usr/bin/ld: k.o: in function `f': k.cu:(.text+0x9): undefined reference to `cufftExecC2C'\nerror: command 'g++' failed with exit status 1",
        expect: 'export LDFLAGS="-Wl,--no-as-needed -L${CUDA_HOME:-/usr/local/cuda}/lib64 -lcufft $LDFLAGS"',
      },
      {
        text: "$ nvcc -o app main.cu\n/usr/bin/ld: main.o: in function `main': main.cu:(.text+0x9): undefined reference to `cufftExecC2C'",
        expect: "nvcc -o app main.cu -L${CUDA_HOME:-/usr/local/cuda}/lib64 -lcufft",
      },
      {
        text: "fft.obj : error LNK2019: unresolved external symbol cufftPlanMany referenced in function f",
        expect: "set LINK=cufft.lib",
      },
    ],
  },
  {
    id: "cuda-driver-not-linked",
    title: "Functions of the CUDA driver API are missing",
    on: ["undefined-symbol"],
    specificity: 70,
    matches: (finding, context) => owned(finding, context, "cuda-driver"),
    confidence: "high",
    cause: (match) => {
      const since = match.finding.phase === "link" ? undefined : driverOf(match);
      if (since !== undefined && packageOf(match) !== undefined)
        return `\`${match.facts["name"] ?? ""}\` is of the driver API (libcuda), where it came with CUDA ${since.cuda}: the installed NVIDIA driver is older than ${since.driver}, and \`${baseName(match.finding.file ?? "the module")}\` was compiled for a newer CUDA. (If the driver is new enough, the module was not linked with -lcuda.)`;
      return `\`${match.facts["name"] ?? ""}\` is of the driver API (libcuda): it is not linked with -lcuda${match.finding.phase === "link" ? "" : ", or the installed NVIDIA driver is too old to have it"}.`;
    },
    fix: (match) => [
      ...(match.finding.phase !== "link" && driverOf(match) !== undefined && packageOf(match) !== undefined
        ? [
            `nvidia-smi   # the driver: ${driverOf(match)?.driver ?? ""} or newer has it; install a newer one, in a container on its host`,
            `# or ${packageOf(match) ?? "the package"} in a build for the CUDA of this driver (as nvidia-smi shows it)`,
          ]
        : []),
      '# setup.py: libraries=["cuda"] in the CUDAExtension; retorch.toml: libraries = ["cuda"]; CMake: CUDA::cuda_driver; by hand: -lcuda',
      ...(match.finding.phase !== "link" && driverOf(match) !== undefined && packageOf(match) !== undefined
        ? []
        : [
            "nvidia-smi   # the driver's version, when -lcuda is there already",
            ...linkToo(match, ["cuda"]),
            ...(platformOf(match) === "linux"
              ? [
                  "export LIBRARY_PATH=${CUDA_HOME:-/usr/local/cuda}/lib64/stubs:$LIBRARY_PATH   # where no driver is installed: the stub to link with (NVIDIA's package cuda-driver-dev-<version>)",
                ]
              : []),
            ...(match.finding.phase === "load" && packageOf(match) === undefined ? rebuild(match) : []),
          ]),
    ],
    change: (match) =>
      match.context.findLibrary?.("cuda") === undefined ? undefined : { kind: "add-library", library: "cuda" },
    sources: ["https://docs.nvidia.com/cuda/cuda-driver-api/"],
    examples: [
      { text: "ImportError: /p/_C.so: undefined symbol: cuTensorMapEncodeTiled", expect: "-lcuda" },
      {
        text: "ImportError: /e/lib/python3.10/site-packages/sgl_kernel/common_ops.abi3.so: undefined symbol: cuGreenCtxStreamCreate",
        expect: "older than 555",
      },
    ],
  },
  {
    id: "rocm-symbol-missing",
    title: "A symbol of ROCm is missing",
    on: ["undefined-symbol"],
    specificity: 60,
    matches: (finding, context) => owned(finding, context, "rocm"),
    confidence: "medium",
    cause: (match) =>
      `\`${match.facts["readable"] ?? ""}\` is of ${match.facts["provider"] ?? "ROCm"}: the library is not linked, or another version of it is loaded than the one this was built with (torch's wheels bring their own; LD_LIBRARY_PATH may put the system's first).`,
    fix: (match) => [
      ...linkRocm(match),
      unsetVariable(match, "LD_LIBRARY_PATH"),
      `${python(match)} -c "import torch; print(torch.version.hip)"   # the version to build for`,
      ...rebuild(match),
    ],
    sources: ["https://rocm.docs.amd.com/projects/HIP/en/latest/"],
    examples: [
      {
        text: "ImportError: /p/_C.cpython-310-x86_64-linux-gnu.so: undefined symbol: hipLaunchKernelExC",
        expect: "ROCm",
      },
      {
        text: "ImportError: /u/.cache/torch_extensions/py310_cpu/q_ext/q_ext.so: undefined symbol: hipblasGetStream",
        expect: '"-lhipblas"',
      },
    ],
  },
];
