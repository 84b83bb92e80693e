/** ROCm, Intel GPUs and macOS at build time. */
import { setVariable } from "../commands.ts";
import { missingProgram } from "../matchers.ts";
import { coded, placeOf, type Rule, said, saidAny } from "../rule.ts";

export const platformRules: readonly Rule[] = [
  {
    id: "rocm-arch-unset",
    title: "No GPU architecture for the ROCm build",
    on: ["exception", "driver", "build-tool"],
    specificity: 78,
    matches: (finding) =>
      coded(finding, "no-rocm-arch") ??
      saidAny(
        finding,
        /No GPU arch specified for ROCm build/,
        /invalid target ID ''/,
        /cannot determine (?:amdgcn|AMDGPU|hip) architecture/i,
        /--offload-arch=(?:''|\s|$)/,
      ),
    confidence: "high",
    cause: () =>
      "The build has to know for which AMD GPUs (gfx targets) to compile; no GPU is visible and PYTORCH_ROCM_ARCH is not set.",
    fix: (match) => [
      `${setVariable(match, "PYTORCH_ROCM_ARCH", "gfx90a;gfx942;gfx1100")}   # yours: rocminfo | grep gfx`,
    ],
    sources: ["huggingface/kernel-builder#142"],
    examples: [
      {
        text: "RuntimeError: No GPU arch specified for ROCm build.  Please use PYTORCH_ROCM_ARCH environment variable to specify GPU archs to build for.",
        expect: "PYTORCH_ROCM_ARCH",
      },
      {
        text: "clang: error: cannot determine amdgcn architecture: /opt/rocm/llvm/bin/amdgpu-arch: ; consider passing it via '--offload-arch'",
        expect: "rocminfo",
      },
    ],
  },
  {
    id: "rocm-arch-unknown",
    title: "The HIP compiler does not know this GPU target",
    on: ["driver"],
    specificity: 78,
    matches: (finding) =>
      saidAny(
        finding,
        /(?:invalid target ID|unsupported HIP gpu architecture:?|Unsupported gfx target|unknown target CPU) '?(?<arch>gfx\w+)/i,
        /invalid (?:offload arch|--offload-arch)\D*(?<arch>gfx\w+)/,
      ),
    confidence: "high",
    cause: (match) =>
      /gfx\w+:\w+'/.test(match.finding.message)
        ? `The target is written wrongly: a feature after \`${match.facts["arch"] ?? ""}\` needs a sign (xnack+ or xnack-, sramecc+ or sramecc-).`
        : `This ROCm has no target \`${match.facts["arch"] ?? ""}\`: the GPU is newer than ROCm, or the name is misspelt.`,
    fix: (match) => [
      "hipcc --version; rocminfo | grep gfx",
      setVariable(match, "PYTORCH_ROCM_ARCH", "gfx90a") + "   # what this ROCm knows, or a newer ROCm",
    ],
    sources: ["https://rocm.docs.amd.com/projects/install-on-linux/en/latest/reference/system-requirements.html"],
    examples: [
      {
        text: "clang++: error: invalid target ID 'gfx1201'; format is a processor name followed by an optional colon-delimited list of features",
        expect: "gfx1201",
      },
    ],
  },
  {
    id: "rocm-device-library-missing",
    title: "clang does not find ROCm's device libraries",
    on: ["driver"],
    specificity: 80,
    matches: (finding) =>
      saidAny(
        finding,
        /cannot find (?:ROCm device library|HIP runtime|HIP device library)/,
        /ABI version .* device library/,
      ),
    confidence: "high",
    cause: () =>
      "ROCm is not where the compiler looks for it: it lies in another folder than /opt/rocm (pip's rocm packages, conda, TheRock), or the package with the device bitcode is not installed.",
    fix: () => [
      "export ROCM_PATH=/opt/rocm HIP_PATH=/opt/rocm HIP_DEVICE_LIB_PATH=/opt/rocm/amdgcn/bitcode",
      "sudo apt-get install rocm-device-libs hip-dev   # when the folder is not there",
      "# or the flags --rocm-path=<folder> and --rocm-device-lib-path=<folder>/amdgcn/bitcode",
    ],
    sources: ["ROCm/TheRock#988"],
    examples: [
      {
        text: "clang: error: cannot find ROCm device library; provide its path via '--rocm-path' or '--rocm-device-lib-path', or pass '-nogpulib' to build without ROCm device library",
        expect: "HIP_DEVICE_LIB_PATH",
      },
    ],
  },
  {
    id: "hipify-incomplete",
    title: "CUDA code that hipify could not translate",
    on: ["compile", "missing-header"],
    specificity: 86,
    matches: (finding) => {
      const hip = /[\\/]hip[\\/]|_hip\.|\.hip$|hipify|rocm/i.test(finding.file ?? "") || finding.tool === "hipcc";
      if (!hip) return undefined;
      if (finding.kind === "missing-header")
        return /cuda|^cub\/|cublas|device_launch|cooperative/.test(finding.header ?? "")
          ? { name: finding.header }
          : undefined;
      return saidAny(
        finding,
        /use of undeclared identifier '(?<name>__?(?:shfl|ballot|activemask|syncwarp|nv_bfloat16|ldg|cuda)\w*)'/,
        /unknown type name '(?<name>__?(?:nv_|cuda|cu)\w+)'/,
        /'(?<name>cuda\w+)'|invalid (?:output|input) constraint .* in asm/,
      );
    },
    confidence: "medium",
    cause: (match) =>
      `${match.facts["name"] === undefined ? "Something" : `\`${match.facts["name"]}\``} of CUDA is left in the hipified source (or inline PTX): hipify does not know it, the header was not among the include folders that it translates, or the code is for NVIDIA GPUs only.`,
    fix: () => [
      "# include_dirs=[os.path.abspath('csrc')] so that hipify sees the headers; guard what is left with #ifndef USE_ROCM",
      "# delete stale translations: find . -name '*_hip.*' -delete; rm -rf */hip",
    ],
    sources: ["ROCm/hip#3568", "open-mmlab/mmcv#1898"],
    examples: [
      { text: "/p/csrc/hip/k.hip:7:10: fatal error: 'device_launch_parameters.h' file not found", expect: "hipify" },
    ],
  },
  {
    id: "hip-warp-mask",
    title: "HIP's warp functions want a mask of 64 bits",
    on: ["compile"],
    specificity: 84,
    matches: (finding) =>
      finding.tool === "hipcc" || /\.hip$|_hip\.|[\\/]hip[\\/]/.test(finding.file ?? "")
        ? saidAny(
            finding,
            /(?:no matching function for call to|use of undeclared identifier) '(?<name>__(?:shfl\w*|ballot|any|all|match_\w+|reduce\w*)_sync)'/,
            /static assertion failed.*(?<name>mask) must be a 64-bit integer/i,
          )
        : undefined,
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["name"] ?? ""}\`: wavefronts of AMD's data-center GPUs have 64 lanes, so the _sync functions take a mask of 64 bits (since ROCm 6.2, and only with HIP_ENABLE_WARP_SYNC_BUILTINS before 7.0); the code gives 32 bits (0xffffffff).`,
    fix: () => [
      "# #ifdef USE_ROCM: __shfl_xor(v, lane_mask) without _sync, or a mask of 0xffffffffffffffffULL; warpSize in place of 32",
      "# flag for ROCm 6: -DHIP_ENABLE_WARP_SYNC_BUILTINS",
    ],
    sources: ["https://rocm.docs.amd.com/projects/HIP/en/latest/how-to/hip_cpp_language_extensions.html"],
    examples: [
      { text: "csrc/k.hip:77:13: error: no matching function for call to '__shfl_xor_sync'", expect: "64 bits" },
    ],
  },
  {
    id: "hip-warp-size-no-constant",
    title: "warpSize is no compile-time constant in ROCm 7",
    on: ["compile"],
    specificity: 76,
    matches: (finding) =>
      finding.tool === "hipcc" || /\.hip$|_hip\.|[\\/]hip[\\/]/.test(finding.file ?? "")
        ? saidAny(
            finding,
            /constexpr variable '(?<name>\w*[wW](?:arp|ave)\w*)' must be initialized by a constant expression/,
            /(?:non-type template argument|static assertion expression|array (?:size|bound)) is not an? (?:integral )?constant expression/,
            /'(?<name>warpSize)' .*(?:constant expression|not usable)/,
          )
        : undefined,
    confidence: "medium",
    cause: (match) =>
      `${placeOf(match.finding)} uses warpSize where a constant is wanted. It was a constant up to ROCm 6 and is none since ROCm 7: 64 on data-center GPUs, 32 on others.`,
    fix: () => [
      "# host code: hipDeviceProp_t::warpSize; device code: a constant of one's own by architecture: #if defined(__GFX9__) constexpr int kWarp = 64; #else constexpr int kWarp = 32; #endif",
    ],
    sources: ["https://rocm.docs.amd.com/projects/HIP/en/latest/hip-7-changes.html"],
    examples: [
      {
        text: "csrc/k.hip:10:25: error: constexpr variable 'kWarp' must be initialized by a constant expression",
        expect: "ROCm 7",
      },
    ],
  },
  {
    id: "rocm-not-found",
    title: "ROCm is not found",
    on: ["exception", "missing-program"],
    specificity: 78,
    matches: (finding) =>
      finding.kind === "missing-program"
        ? missingProgram(finding, /^(?:hipcc|hipconfig|rocm_agent_enumerator|rocminfo|amdclang\+\+)$/)
        : said(
            finding,
            /ROCM_HOME environment variable is not set|ROCM_HOME (?:is not set|does not exist)|No ROCm (?:toolkit|runtime) (?:is )?found/,
          ),
    confidence: "high",
    cause: (match) =>
      `${match.facts["name"] === undefined ? "The build looks for ROCm in ROCM_HOME, beside hipcc and in /opt/rocm, and finds it nowhere" : `\`${match.facts["name"]}\` of ROCm is not found`}: ROCm's development packages are not installed (torch's wheels bring the run time only), or lie elsewhere.`,
    fix: () => [
      "ls -d /opt/rocm*; which hipcc",
      "export ROCM_HOME=/opt/rocm PATH=/opt/rocm/bin:$PATH",
      "sudo apt-get install rocm-hip-sdk   # in the version of torch.version.hip",
    ],
    sources: ["pytorch: torch/utils/cpp_extension.py"],
    examples: [
      { text: "/bin/sh: 1: /opt/rocm/bin/rocm_agent_enumerator: not found", expect: "/opt/rocm" },
      {
        text: "OSError: ROCM_HOME environment variable is not set. Please set it to your ROCm install root.",
        expect: "/opt/rocm",
      },
    ],
  },
  {
    id: "clang-openmp-unsupported",
    title: "Apple's clang does not take -fopenmp",
    on: ["driver"],
    specificity: 85,
    matches: (finding) => said(finding, /unsupported option ['‘]-?-fopenmp|^OpenMP support not found/),
    confidence: "high",
    cause: () =>
      "Apple's clang has no -fopenmp of its own: OpenMP goes through the preprocessor with Homebrew's libomp, or is left out.",
    fix: () => [
      "brew install libomp",
      '# cxx-flags = ["-Xpreprocessor", "-fopenmp", "-I/opt/homebrew/opt/libomp/include"], link-flags = ["-L/opt/homebrew/opt/libomp/lib", "-lomp"]',
      "# or drop -fopenmp on macOS",
    ],
    change: () => ({ kind: "remove-flag", flag: "-fopenmp" }),
    sources: ["ClementPinard/Pytorch-Correlation-extension#30", "facebookresearch/SparseConvNet#216"],
    examples: [{ text: "clang: error: unsupported option '-fopenmp'", expect: "-Xpreprocessor" }],
  },
  {
    id: "gnu-linker-options-on-macos",
    title: "Apple's linker does not know options of GNU ld",
    on: ["link", "driver"],
    specificity: 82,
    matches: (finding, context) =>
      finding.tool === "linker" || context.log.platform === "darwin"
        ? said(
            finding,
            /unknown options?: (?<option>-{1,2}(?:no-as-needed|as-needed|start-group|end-group|soname|version-script|whole-archive|no-whole-archive|rpath-link|exclude-libs|Bsymbolic|no-undefined|gc-sections|enable-new-dtags|disable-new-dtags|export-dynamic|z|build-id|hash-style)\b\S*)/,
          )
        : undefined,
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["option"] ?? ""}\` is an option of GNU ld; the linker of macOS has none of that name. The build passes Linux flags (-Wl,${match.facts["option"] ?? ""}) without asking for the system.`,
    fix: (match) => [
      `# take -Wl,${match.facts["option"] ?? ""} out for macOS (if sys.platform == "linux" in setup.py; if(NOT APPLE) in CMake); -force_load stands for --whole-archive, -install_name for -soname`,
    ],
    sources: ["https://developer.apple.com/library/archive/documentation/DeveloperTools/Conceptual/DynamicLibraries/"],
    examples: [{ text: "ld: unknown option: --no-as-needed", expect: "-Wl,--no-as-needed" }],
  },
  {
    id: "macos-deployment-target",
    title: "The deployment target of macOS is too old for the C++ library",
    on: ["compile", "driver", "link", "missing-library"],
    specificity: 84,
    matches: (finding, context) => {
      if (finding.kind === "missing-library")
        return finding.library === "stdc++" && context.log.platform === "darwin" ? { what: "libstdc++" } : undefined;
      return saidAny(
        finding,
        /'(?<what>[\w:]+)' is unavailable: introduced in macOS (?<since>[\d.]+)/,
        /include path for (?:libstdc\+\+|stdlibc\+\+) headers not found/,
      );
    },
    confidence: "high",
    cause: (match) =>
      `The build asks for an old macOS${match.facts["since"] === undefined ? "" : `; \`${match.facts["what"] ?? ""}\` came with ${match.facts["since"]}`}: Python was built for it (MACOSX_DEPLOYMENT_TARGET), and setuptools passes that on.`,
    fix: () => [
      "export MACOSX_DEPLOYMENT_TARGET=11.0 CC=clang CXX=clang++",
      "# clang below 10 takes libstdc++ for targets before 10.9: the flag -stdlib=libc++ for compile and link names the right library",
    ],
    sources: ["https://libcxx.llvm.org/DesignDocs/AvailabilityMarkup.html"],
    examples: [
      {
        text: "a.cpp:3:9: error: 'value' is unavailable: introduced in macOS 10.13",
        expect: "MACOSX_DEPLOYMENT_TARGET",
      },
    ],
  },
  {
    id: "posix-on-windows",
    title: "The code is written for Linux and gcc",
    on: ["compile", "missing-header"],
    specificity: 68,
    matches: (finding, context) => {
      if (finding.tool !== "msvc" && context.log.platform !== "win32") return undefined;
      if (finding.kind === "missing-header")
        return /^(?:unistd|dlfcn|dirent|pthread|sys\/(?:time|mman|types|stat|wait|socket|resource|file)|getopt|strings|alloca)\.h$/.test(
          finding.header ?? "",
        )
          ? { name: finding.header }
          : undefined;
      return saidAny(
        finding,
        /['"](?<name>ssize_t|uint|ushort|ulong|u_int\d+_t|__attribute__|__builtin_\w+|__PRETTY_FUNCTION__|M_PI|M_PI_2|M_SQRT2|__restrict__|__int128|aligned_alloc|posix_memalign|clock_gettime|gettimeofday)['"]\s?: (?:undeclared identifier|identifier not found|is not a member)/,
        /identifier "(?<name>__builtin_\w+|u(?:int|short|long|char)|M_PI\w*|ssize_t)" is undefined/,
        /(?:missing '.' before identifier|syntax error: identifier|undeclared identifier:?|unexpected token) '(?<name>and|or|not|xor)'/,
        /'(?<name>and|or|not|xor)'\s?: undeclared identifier/,
        /(?<name>expression did not evaluate to a constant|expected constant expression|array of runtime bound)/,
      );
    },
    confidence: "medium",
    cause: (match) =>
      /constant|runtime bound/.test(match.facts["name"] ?? "")
        ? `MSVC has no arrays whose length is known at run time only (${placeOf(match.finding)}), an extension of gcc and clang: the package was not written for Windows.`
        : /^(?:and|or|not|xor)$/.test(match.facts["name"] ?? "")
          ? `MSVC takes \`${match.facts["name"] ?? ""}\` for a name unless it is told to follow the standard (/permissive-), or <ciso646> is included.`
          : `\`${match.facts["name"] ?? ""}\` exists with gcc and on Linux, not with MSVC on Windows: the package was not written for Windows.`,
    fix: (match) => [
      /^M_/.test(match.facts["name"] ?? "")
        ? "# define _USE_MATH_DEFINES: the flag -D_USE_MATH_DEFINES"
        : /constant|runtime bound/.test(match.facts["name"] ?? "")
          ? "# float a[n]; → std::vector<float> a(n); (or a constexpr length)"
          : /^(?:and|or|not|xor)$/.test(match.facts["name"] ?? "")
            ? "# flags: /permissive- for cxx, -Xcompiler /permissive- for nvcc; or #include <ciso646>; or && || ! in the code"
            : "# look for a fork or a branch of the package for Windows, or build in WSL",
      "# uint → unsigned int, ssize_t → ptrdiff_t, __builtin_popcount → __popcnt",
    ],
    sources: ["https://learn.microsoft.com/cpp/c-runtime-library/math-constants"],
    examples: [
      { text: "a.cpp(12): error C2065: 'M_PI': undeclared identifier", expect: "_USE_MATH_DEFINES" },
      {
        text: "a.cpp(2): fatal error C1083: Cannot open include file: 'unistd.h': No such file or directory",
        expect: "WSL",
      },
    ],
  },
  {
    id: "operator-without-mps",
    title: "The operator has no kernel for Apple's GPU (MPS)",
    on: ["exception"],
    specificity: 78,
    matches: (finding) =>
      said(
        finding,
        /operator '(?<op>[\w:.]+)' is not currently (?:implemented|supported) (?:for|on) the MPS (?:device|backend)/,
      ),
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["op"] ?? ""}\` is registered for other devices only; tensors on \`mps\` reach no kernel.`,
    fix: () => [
      "export PYTORCH_ENABLE_MPS_FALLBACK=1   # runs it on the CPU",
      "# an operator of one's own: a Metal kernel (torch.mps.compile_shader, or .mm sources) under TORCH_LIBRARY_IMPL(my_ops, MPS, m)",
    ],
    sources: ["https://docs.pytorch.org/docs/stable/notes/mps.html"],
    examples: [
      {
        text: "NotImplementedError: The operator 'my_ops::scale' is not currently implemented for the MPS device.",
        expect: "PYTORCH_ENABLE_MPS_FALLBACK",
      },
    ],
  },
  {
    id: "macos-tools-missing",
    title: "macOS's command line tools are missing or not accepted",
    on: ["system", "exception", "driver", "link"],
    specificity: 75,
    matches: (finding) =>
      coded(finding, "xcrun") ??
      saidAny(
        finding,
        /xcrun: error: (?:invalid active developer path|unable to find utility)|You have not agreed to the Xcode license|no developer tools were found|SDK ["'].*["'] cannot be located|no such sysroot directory/,
      ),
    confidence: "high",
    cause: () =>
      "The compiler of macOS comes with the command line tools, which are not installed, were removed by a system update, or whose license was not accepted.",
    fix: (match) =>
      /"?metal(?:lib)?"?/.test(match.finding.message) && /utility/.test(match.finding.message)
        ? [
            "# the Metal compiler comes with Xcode itself, not with the command line tools: install Xcode from the App Store, then",
            "sudo xcode-select -s /Applications/Xcode.app && xcodebuild -downloadComponent MetalToolchain",
          ]
        : ["xcode-select --install", "sudo xcodebuild -license accept   # when Xcode is installed"],
    sources: ["https://developer.apple.com/xcode/resources/"],
    examples: [
      {
        text: "xcrun: error: invalid active developer path (/Library/Developer/CommandLineTools), missing xcrun at: /Library/Developer/CommandLineTools/usr/bin/xcrun",
        expect: "xcode-select",
      },
    ],
  },
  {
    id: "sycl-compiler-failed",
    title: "The SYCL compiler is not found, or failed for the device",
    on: ["driver", "wrapper", "build-tool", "missing-program", "exception"],
    specificity: 84,
    matches: (finding) =>
      (finding.kind === "missing-program"
        ? missingProgram(finding, /^(?:icpx|icx|dpcpp|ocloc|sycl-ls)$/)
        : undefined) ??
      saidAny(
        finding,
        /gen compiler command failed|llvm-foreach.*failed|[‘']?ocloc[’']?.*(?:failed|error|not found)|spir64_gen|torch::xpurt|SYCL_HOME|FindSYCLToolkit|icpx(?:: command)? not found|SYCL runtime is not/i,
      ),
    confidence: "medium",
    cause: (match) =>
      match.facts["name"] !== undefined && match.facts["name"] !== "ocloc"
        ? `\`${match.facts["name"]}\` of Intel oneAPI is not found: the DPC++ compiler is not installed, or its environment is not set (setvars.sh was not sourced in this shell).`
        : "The ahead-of-time compile for Intel GPUs failed: ocloc (the offline compiler) is not installed or does not know the device in TORCH_XPU_ARCH_LIST, or oneAPI's environment is not set.",
    fix: (match) => [
      "source /opt/intel/oneapi/setvars.sh",
      setVariable(match, "TORCH_XPU_ARCH_LIST", "pvc") + "   # your GPU: bmg, dg2, pvc",
      "sudo apt-get install intel-ocloc   # compiler: intel-oneapi-compiler-dpcpp-cpp (Intel's package repository)",
    ],
    sources: ["intel/intel-extension-for-pytorch#367", "pytorch/pytorch#149353"],
    examples: [
      {
        text: "icpx: error: gen compiler command failed with exit code 245 (use -v to see invocation)",
        expect: "ocloc",
      },
    ],
  },
];
