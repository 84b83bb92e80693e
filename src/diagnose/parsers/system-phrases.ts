/** Sentences of shells, the kernel, the disk and container run times, as they stand in any log; reading the lines is for `system.ts`. */
import type { FindingKind, Severity, ToolName } from "../finding.ts";

/** A sentence and what it is a sign of. */
interface Phrase {
  readonly words: RegExp;
  readonly kind: FindingKind;
  readonly tool: ToolName;
  readonly code: string;
  readonly severity?: Severity;
}

/** Sentences without a form of their own. The rules read `code`; the message is the line. */
export const phrases: readonly Phrase[] = [
  {
    words:
      /[Nn]o space left on device|\[Errno 28\]|There is not enough space on the disk|have enough free space in|Disk quota exceeded|\[Errno 122\]|ENOSPC/,
    kind: "system",
    tool: "system",
    code: "disk-full",
  },
  {
    words: /^(?:error: )?\[WinError 2\]|FileNotFoundError: \[WinError 2\]/,
    kind: "missing-program",
    tool: "setuptools",
    code: "windows",
  },
  {
    words:
      /Argument list too long|\[Errno 7\]|\[WinError 206\]|The filename or extension is too long|File name too long|command line is too long|The input line is too long|\[Errno 36\]/,
    kind: "system",
    tool: "system",
    code: "too-long",
  },
  { words: /Too many open files|\[Errno 24\]/, kind: "system", tool: "system", code: "open-files" },
  {
    words:
      /fork: (?:retry: )?Resource temporarily unavailable|can't start new thread|posix_spawn: Resource|vfork: (?:Resource|Cannot)|fork: Cannot allocate memory|pids\.max|Resource temporarily unavailable/,
    kind: "system",
    tool: "system",
    code: "processes",
  },
  {
    // bash 5.2 and newer say only that what the first line names is not there.
    words: /: bad interpreter: (?:\S+: )?no such file or directory|: cannot execute: required file not found/i,
    kind: "system",
    tool: "shell",
    code: "bad-interpreter",
  },
  { words: /\$'[^']*\\r': /, kind: "system", tool: "shell", code: "carriage-return" },
  { words: /Read-only file system|\[Errno 30\]/, kind: "system", tool: "system", code: "read-only" },
  {
    words: /Permission denied|\[Errno 13\]|\[WinError 5\]|Access is denied|Operation not permitted: '/,
    kind: "system",
    tool: "system",
    code: "permission",
  },
  {
    words:
      /Out of memory: Kill(?:ed)? process \d+ \(?([\w+.-]+)|oom[-_]kill(?:er)?(?:[:=]| event)|OOM[ -]?Kill(?:ed)?\b|did not complete successfully: cannot allocate memory|oom_reaper|Memory cgroup out of memory|OOMKilled|exceeded memory limit|Container killed .* memory|(?<!MemoryError: )std::bad_alloc$|ran out of memory|low-memory/,
    kind: "tool-died",
    tool: "system",
    code: "signal 9",
  },
  {
    words:
      /^(?:.*\s)?Killed(?:\s.*)?$|^Killed: 9$|^zsh: killed\s|[Ee]xit(?:ed(?: with)?)? ?(?:[Cc]ode|status)[:=]? ?137\b|did not complete successfully: exit code: 137|returned a non-zero code: 137\b|[Cc]ompiler killed by signal 9\b|signal: 9, SIGKILL|died with <Signals\.SIGKILL: 9>|returned non-zero exit status (?:137|-9)\b|signal 9 \(SIGKILL\)|\bSIGKILL\b/,
    kind: "tool-died",
    tool: "shell",
    code: "signal 9",
  },
  {
    words:
      /The hosted runner (?:encountered an error|lost communication)|The runner has received a shutdown signal|The operation was canceled|exceeded the maximum execution time|Job's log exceeded|timed out after \d+ (?:minutes|seconds)|ERROR: Job failed: execution took longer|DUE TO TIME LIMIT|job killed: walltime \d+ exceeded limit|TERM_RUNLIMIT|job took longer than \d+/,
    kind: "system",
    tool: "system",
    code: "runner-stopped",
  },
  {
    words: /Only a single TORCH_LIBRARY can be used to register the namespace/,
    kind: "exception",
    tool: "torch",
    code: "double-registration",
  },
  {
    words:
      /Tried to register an operator .* (?:multiple|with the same name)|is already registered!?$|registered (?:multiple times|twice)|(?:already has (?:a|an) .* registered)/,
    kind: "exception",
    tool: "torch",
    code: "double-registration",
  },
  {
    words: /Overriding a previously registered kernel/,
    kind: "warning",
    tool: "torch",
    code: "kernel-overridden",
    severity: "warning",
  },
  {
    words:
      /Your compiler \(.+?\) (?:is not compatible with the compiler Pytorch|may be ABI-incompatible with PyTorch)/i,
    kind: "warning",
    tool: "torch",
    code: "wrong-compiler",
    severity: "warning",
  },
  {
    words: /No CUDA runtime is found, using CUDA_HOME=/,
    kind: "warning",
    tool: "torch",
    code: "no-cuda-runtime",
    severity: "warning",
  },
  {
    words: /There are no .* version bounds defined for CUDA version/,
    kind: "warning",
    tool: "torch",
    code: "no-version-bounds",
    severity: "warning",
  },
  { words: /could not find ninja/, kind: "warning", tool: "torch", code: "no-ninja", severity: "warning" },
  {
    words: /minor version mismatch with the version that was used to compile/,
    kind: "warning",
    tool: "torch",
    code: "cuda-minor-mismatch",
    severity: "warning",
  },
  {
    words:
      /detected CUDA version .* mismatches|mismatches the version that was used to compile|(?:CUDA|Cuda) (?:version|extensions are being compiled with a version of Cuda) .*does not match the version (?:torch was compiled|used to compile)|Installed CUDA version .* does not match|compiled with different CUDA versions|Detected that PyTorch and \w+ were compiled with different CUDA/i,
    kind: "exception",
    tool: "torch",
    code: "cuda-mismatch",
  },
  {
    words:
      /CUDA_HOME environment variable is not set|CUDA_HOME does not exist|CUDA_HOME is not set|No CUDA toolkit found|CUDA toolkit (?:not found|was not found)|unable to compile CUDA op|[Cc]ould not find nvcc|[Cc]annot find nvcc|Cannot find CUDA_HOME|Failed to find (?:CUDA|nvcc)|nvcc was not found|cannot find nvcc|CUDA_PATH (?:is not set|environment variable)|no nvcc found|Please set (?:the )?CUDA_HOME|(?:CUDA|nvcc) (?:compiler )?(?:is |was )?not found|nvcc not found|Unable to (?:find|locate) (?:nvcc|CUDA)|[Cc]an(?:no|\x27)t find (?:cuda|nvcc)\b|nvcc (?:does )?not exists?\b/i,
    kind: "exception",
    tool: "torch",
    code: "no-cuda-home",
  },
  { words: /Ninja is required to load C\+\+ extensions/i, kind: "exception", tool: "torch", code: "no-ninja" },
  {
    words: /Unknown CUDA arch \(.*?\)|Unknown CUDA Architecture Name|unknown cuda arch/i,
    kind: "exception",
    tool: "torch",
    code: "unknown-arch",
  },
  {
    words:
      /Unknown compute capability\. Specify|Could not detect (?:CUDA|GPU) (?:arch|compute)|Unable to (?:detect|determine) (?:GPU|CUDA) (?:arch|compute)/i,
    kind: "exception",
    tool: "torch",
    code: "arch-unknown",
  },
  // Tracebacks, py-spy and gdb show where a process waits.
  {
    words:
      /file_baton\.py["':, ]{1,3}(?:line )?\d+,? (?:in )?\)?wait|wait \(\S*file_baton\.py:\d+\)|file_baton\.py(?::\d+,)?(?:.{0,4}| in (?:FileBaton\.)?)wait|\bwait \(self=<FileBaton|^#\d+ .*file_baton\.py/,
    kind: "exception",
    tool: "torch",
    code: "lock-wait",
  },
  { words: /^arch_list\[-1\] \+= ['‘"]\+PTX['’"]/, kind: "exception", tool: "torch", code: "arch-unknown" },
  { words: /^(?:.*: )?Failed to find nvToolsExt/, kind: "build-tool", tool: "cmake", code: "nvtoolsext" },
  {
    words: /['"]sm_\d+\w?['"] is not a recognized processor for this target/,
    kind: "warning",
    tool: "torch",
    code: "llvm-target",
  },
  {
    words: /Compiled against cuBLAS\w* [\d.]+ but running against|TensorRT was linked against cu\w+ [\d.]+ but loaded/,
    kind: "warning",
    tool: "torch",
    code: "tensorrt-other-library",
  },
  {
    words: /\bEH9999\b|\bE[A-Z]9999\s*:? Inner Error/,
    kind: "exception",
    tool: "torch",
    code: "ascend-inner",
  },
  {
    words: /async_io requires the dev libaio|async_io: please install the libaio/,
    kind: "warning",
    tool: "torch",
    code: "libaio",
    severity: "warning",
  },
  {
    words:
      /\bexllama(?:v2)?_kernels not installed|(?:^|[:\s-])CUDA extension not installed\b|CUDA kernels for auto_gptq are not installed|Exllama(?:v2)? kernel is not installed|could not load (?:\w+ )+kernels? extension\. Details:/,
    kind: "warning",
    tool: "torch",
    code: "no-quantization-kernels",
    severity: "warning",
  },
  { words: /No GPU arch specified for ROCm build/, kind: "exception", tool: "torch", code: "no-rocm-arch" },
  {
    words:
      /xFormers can't load C\+\+\/CUDA extensions|xFormers was built for:|PyTorch \d\S+ with (?:CUDA|HIP|ROCm) \S+ \(you have/i,
    kind: "warning",
    tool: "torch",
    code: "xformers-built-for",
  },
  {
    words:
      /\{WindowsPath\('\/usr\/local\/cuda\/lib64'\)|argument of type 'WindowsPath' is not iterable|name 'CUDA_RUNTIME_LIB' is not defined/,
    kind: "exception",
    tool: "torch",
    code: "bitsandbytes-of-linux",
  },
  {
    words:
      /(?:CUDA|ROCm) Setup failed despite|Could not find the bitsandbytes|bitsandbytes.*(?:was compiled without GPU|CUDA Setup)|CUDA SETUP: (?:ERROR|Required library|CUDA detection failed|Problem)/i,
    kind: "exception",
    tool: "torch",
    code: "bitsandbytes",
  },
  {
    words: /^Could not find libwarp(?:rnnt|ctc)\.so in /,
    kind: "build-tool",
    tool: "setuptools",
    code: "warp-library",
  },
  {
    // With `Done.` or `Failed!` behind it as soon as it ended.
    words: /^Setting up PyTorch plugin "\w+"\.\.\.$/,
    kind: "warning",
    tool: "torch",
    code: "plugin-setup",
    severity: "note",
  },
  {
    words: /^Using \S.* as PyTorch extensions root/,
    kind: "warning",
    tool: "torch",
    code: "extensions-root",
    severity: "note",
  },
  {
    words: /^\[libprotobuf (?:ERROR|FATAL) .*(?:File already exists in database|CHECK failed: )/,
    kind: "exception",
    tool: "system",
    code: "protobuf",
  },
  {
    words: /Intel MKL FATAL ERROR: |MKL_THREADING_LAYER=\w+ is incompatible with/,
    kind: "exception",
    tool: "system",
    code: "mkl",
  },
  {
    words: /Microsoft C\+\+ \S{2,12}\s?[:：] ?(?:c10|torch|at)::[\w:]+/,
    kind: "exception",
    tool: "system",
    code: "unhandled",
  },
  {
    words: /terminate called after throwing an instance of '([^']+)'|^\s*what\(\):/,
    kind: "exception",
    tool: "system",
    code: "terminate",
  },
  {
    words:
      /Segmentation fault|^(?:zsh: |\[\d+\] +(?:[+-] +)?\d+ +)segmentation fault|SIGSEGV|^Fatal Python error: Segmentation|core dumped|Windows fatal exception: (?!code 0x(?:8001010|e06d7363))|0x[cC](?:0000005|0000409|0000374)\b|\b(?:3221225477|3221226505)\b|-1073741819\b|-1073740791\b|[Ee]xit(?:ed with)? ?(?:[Cc]ode|status)[:=]? ?139\b/,
    kind: "exception",
    tool: "system",
    code: "segfault",
  },
  {
    words:
      /^(?:(?:\*\*\* ?)?(?:Error in [`'‘]?.{1,200}?['’]?: |glibc detected (?:\*\*\* )?.{1,200}?: ))?(?:free\(\): |double free or corruption|munmap_chunk\(\): |malloc\(\): |realloc\(\): |malloc_consolidate\(\): |corrupted (?:size vs\. prev_size|double-linked list))/,
    kind: "exception",
    tool: "system",
    code: "heap",
  },
  // nvdiffrast's log.
  {
    words:
      /^(?:\[[FEIW] \w+\.(?:cpp|cu|inl|h):\d+\] )?(?:(?:egl|glX|wgl)[A-Z]\w+\(\) failed|OpenGL [\d.]+ or later is required)/,
    kind: "exception",
    tool: "system",
    code: "opengl",
  },
  {
    words: /^File fbgemm_gpu\w*\.so not found/,
    kind: "exception",
    tool: "torch",
    code: "fbgemm",
  },
  {
    words: /(?:stack smashing|buffer overflow) detected(?: \*\*\*|$|:)/,
    kind: "exception",
    tool: "system",
    code: "stack",
  },
  { words: /exec format error|cannot execute binary file/i, kind: "load", tool: "loader", code: "architecture" },
  { words: /qemu: uncaught target signal (?:11|6)/, kind: "tool-died", tool: "shell", code: "qemu" },
  {
    words:
      /ASan runtime does not come first|incompatible ASan runtimes|AddressSanitizer: .*(?:LD_PRELOAD|interceptors are not working)/,
    kind: "exception",
    tool: "system",
    code: "sanitizer-not-first",
  },
  {
    words:
      /Stale (?:NFS )?file handle|\[Errno 116\]|Device or resource busy: '[^']*\.nfs|\[Errno 5\] Input\/output error|Input\/output error:? '/,
    kind: "system",
    tool: "system",
    code: "network-file-system",
  },
  {
    words:
      /^(?:.*\s)?s?ccache: (?:error|fatal|caused by): (?!.*(?:[Cc]ould not find compiler|failed to execute|[Cc]ompiler killed))/,
    kind: "system",
    tool: "system",
    code: "compiler-cache",
  },
  { words: /Illegal instruction|SIGILL/, kind: "exception", tool: "system", code: "illegal-instruction" },
  {
    words: /OMP: Error #15|Initializing lib(?:iomp5|omp)\S*, but found/,
    kind: "exception",
    tool: "system",
    code: "openmp-twice",
  },
  {
    words:
      /compiled using NumPy 1\.x cannot be run|numpy\.core\.multiarray failed to import|_ARRAY_API not found|numpy\.\w+ size changed|module compiled against (?:ABI|API) version/i,
    kind: "exception",
    tool: "python",
    code: "numpy-abi",
  },
  {
    words:
      /^Error compiling Cython file:|\.pyx:\d+:\d+: (?:'\S+\.pxd' not found|.*(?:undeclared|not a type identifier|Cannot assign|Invalid))|Cython\.Compiler\.Errors\.CompileError/,
    kind: "exception",
    tool: "python",
    code: "cython",
  },
  {
    words: /Precompiled wheel not found|Guessing wheel URL/,
    kind: "warning",
    tool: "pip",
    code: "no-ready-wheel",
    severity: "note",
  },
  {
    words:
      /\b(?:re-?)?(?:compil|build|built)\w*\b.{0,60}\b(?:every|each) (?:single )?(?:time|start|import|launch|run)\b|\b(?:every|each) (?:single )?(?:time|start|import|launch|run)\b.{0,60}\b(?:re-?(?:compil|build|built)\w*|(?:compil|build)\w* (?:again|anew))\b/i,
    kind: "warning",
    tool: "torch",
    code: "built-each-time",
    severity: "warning",
  },
  {
    words: /Clock skew detected|has modification time .* in the future/,
    kind: "system",
    tool: "make",
    code: "clock-skew",
    severity: "warning",
  },
  {
    words:
      /fatal: not a git repository|Submodule .* (?:not initialized|is not initialized)|submodules? (?:were|are|was|has) not (?:been )?(?:initialized|cloned|checked out|found)|git submodule update --init/i,
    kind: "system",
    tool: "system",
    code: "submodules",
  },
  {
    words:
      /xcrun: error|cannot execute tool 'metal\w*' due to missing|not agreed to the Xcode license|no developer tools were found/,
    kind: "system",
    tool: "system",
    code: "xcrun",
  },
  { words: /\.git\/index\.lock|dubious ownership/, kind: "system", tool: "system", code: "git-state" },
  {
    words: /error while loading shared libraries: (\S+): cannot open/,
    kind: "warning",
    tool: "loader",
    code: "tool-library",
    severity: "note",
  },
];
