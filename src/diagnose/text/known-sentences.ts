/**
 * A message of which somebody quotes a part: without its beginning, its end or its names. Completes the part from the
 * sentences that tools are known to say, so that the parsers can read it. What a sentence means is not known here.
 */

/** Sentences as the tools say them; `*` stands for one word that differs. */
const sentences: readonly string[] = [
  // Loading
  "ImportError: *.so: undefined symbol: *",
  "ImportError: lib*.so: cannot open shared object file: No such file or directory",
  "ImportError: dynamic module does not define module export function (PyInit_*)",
  "ImportError: DLL load failed while importing *: The specified module could not be found.",
  "ImportError: DLL load failed while importing *: The specified procedure could not be found.",
  "FileNotFoundError: Could not find module '*.pyd' (or one of its dependencies). Try using the full path with constructor syntax.",
  'ImportError: generic_type: type "*" is already registered!',
  'ImportError: generic_type: type "*" referenced unknown base type "torch::nn::Module"',
  "RuntimeError: Only a single TORCH_LIBRARY can be used to register the namespace *; please put all of your definitions in a single TORCH_LIBRARY block. If you were trying to specify implementations, consider using TORCH_LIBRARY_IMPL (which can be duplicated). If you really intended to define operators for a single namespace in a distributed way, you can use TORCH_LIBRARY_FRAGMENT to explicitly indicate this. Previous registration of TORCH_LIBRARY was registered at *; latest registration was registered at *",
  "WARNING[XFORMERS]: xFormers can't load C++/CUDA extensions. xFormers was built for:",
  // GPUs
  "RuntimeError: CUDA error: no kernel image is available for execution on the device",
  "OSError: Could not find compatible tinycudann extension for compute capability *",
  "RuntimeError: * is not compiled with GPU support",
  "AssertionError: Torch not compiled with CUDA enabled",
  // Versions and tools
  "RuntimeError: The detected CUDA version (*) mismatches the version that was used to compile PyTorch (*). Please make sure to use the same CUDA versions.",
  "RuntimeError: ('The detected CUDA version (%s) mismatches the version that was used to compilePyTorch (%s). Please make sure to use the same CUDA versions.', '*', '*')",
  "UserWarning: The detected CUDA version (*) has a minor version mismatch with the version that was used to compile PyTorch (*). Most likely this shouldn't be a problem.",
  "Installed CUDA version * does not match the version torch was compiled with *, unable to compile cuda/cpp extensions without a matching cuda version.",
  "OSError: CUDA_HOME environment variable is not set. Please set it to your CUDA install root.",
  "UserWarning: * was requested, but nvcc was not found. Are you sure your environment has nvcc available? If you're installing within a container from https://hub.docker.com/r/pytorch/pytorch, only images whose names contain 'devel' will provide nvcc.",
  "error: #error -- unsupported GNU version! gcc versions later than * are not supported! The nvcc flag '-allow-unsupported-compiler' can be used to override this version check; however, using an unsupported host compiler may cause compilation failure or incorrect run time execution. Use at your own risk.",
  "fatal error C1189: #error: -- unsupported Microsoft Visual Studio version! Only the versions between * and * (inclusive) are supported!",
  "RuntimeError: The current installed version of * (*) is greater than the maximum required version by CUDA *. Please make sure to use an adequate version of * (>=6.0.0, <*).",
  "Your compiler (*) is not compatible with the compiler Pytorch was built with for this platform, which is * on *. Please use * to to compile your extension.",
  "ValueError: Unknown CUDA arch (*) or GPU not supported",
  "arch_list[-1] += '+PTX' _get_cuda_arch_flags IndexError: list index out of range",
  "OSError: Unknown compute capability. Specify the target compute capabilities in the TCNN_CUDA_ARCHITECTURES environment variable or install PyTorch with the CUDA backend to detect it automatically.",
  "RuntimeError: No GPU arch specified for ROCm build. Please use PYTORCH_ROCM_ARCH environment variable to specify GPU archs to build for.",
  "clang: error: cannot find ROCm device library; provide its path via '--rocm-path' or '--rocm-device-lib-path', or pass '-nogpulib' to build without ROCm device library",
  "RuntimeError: Ninja is required to load C++ extensions (pip install ninja to get it)",
  "FileNotFoundError: [Errno 2] No such file or directory: 'ninja'",
  "UserWarning: Error checking compiler version for cl: [WinError 2] The system cannot find the file specified",
  'error: Microsoft Visual C++ 14.0 or greater is required. Get it with "Microsoft C++ Build Tools": https://visualstudio.microsoft.com/visual-cpp-build-tools/',
  "UserWarning: It seems that the VC environment is activated but DISTUTILS_USE_SDK is not set.",
  "Using * as PyTorch extensions root...",
  // Builds
  "ninja: error: build.ninja:*: multiple rules generate *.o [-w dupbuild=err]",
  "ninja: error: '*.cpp', needed by '*', missing and no known rule to make it",
  "ninja: error: build.ninja:*: expected '=', got lexing error",
  "nvcc error : 'cicc' died due to signal 9 (Kill signal)",
  "nvcc error : 'cudafe++' died due to signal 9 (Kill signal)",
  "nvcc error : 'ptxas' died due to signal 9 (Kill signal)",
  "c++: fatal error: Killed signal terminated program cc1plus",
  "error: #error C++20 or later compatible compiler is required to use ATen.",
  "error: #error C++17 or later compatible compiler is required to use PyTorch.",
  "error: #error You need C++17 to compile PyTorch",
  "nvcc fatal : Value 'c++17' is not defined for option 'std'",
  "nvcc fatal : A single input file is required for a non-link phase when an outputfile is specified",
  "nvcc fatal : Unsupported gpu architecture '*'",
  "c++: error: unrecognized command line option ‘-std=c++20’; did you mean ‘-std=c++2a’?",
  "c++: error: unrecognized command line option ‘-std=c++17’; did you mean ‘-std=c++1z’?",
  "error C7555: use of designated initializers requires at least '/std:c++20'",
  'error: no suitable conversion function from "const at::DeprecatedTypeProperties" to "c10::ScalarType" exists',
  'error: no operator "*" matches these operands operand types are: __half + __half',
  'error: no operator "*" matches these operands operand types are: __half2 + __half2',
  'a.h(1): error: namespace "std" has no member "uintptr_t"',
  'a.h(1): error: namespace "std" has no member "uint32_t"',
  'a.h(1): error: namespace "std" has no member "uint64_t"',
  "/usr/include/c++/11/bits/std_function.h:435:145: error: parameter packs not expanded with ‘...’:",
  "pybind11/detail/../cast.h:45:120: error: expected template-name before ‘<’ token",
  "pybind11/detail/../cast.h:45:120: error: expected identifier before ‘<’ token",
  "pybind11/detail/../cast.h:45:123: error: expected primary-expression before ‘>’ token",
  'fatal error: cannot open source file "cuda_runtime.h"',
  "CMake Error at cuda.cmake:1 (message): Failed to find nvToolsExt",
  'The link interface of target "torch::nvtoolsext" contains: CUDA::nvToolsExt but the target was not found.',
];

/** A part has at least so many words in a row, and so many letters: fewer when one of the words is no word of prose. */
const leastWords = 3;
const leastLetters = 24;
const leastLettersOfCode = 17;
/** And so many letters in words that not every message has. */
const leastOwnLetters = 8;
const common = new Set(
  "no such file or directory cannot open source could not find the a is are error fatal [errno 2 to of for with and in module please it that was be make sure same while importing failed load dll specified found does define on version versions runtimeerror importerror oserror filenotfounderror valueerror userwarning lib your you used this one has name indexerror list index out range".split(
    " ",
  ),
);

interface Sentence {
  readonly words: readonly string[];
  readonly plain: readonly string[];
}

let prepared: readonly Sentence[] | undefined;

/** Quotes and marks at the edges of a word do not count. */
function plainly(word: string): string {
  return word.replace(/^["'‘“`(*]+|["'’”`),.:;?!*…]+$/g, "").toLowerCase();
}

/** The whole sentence, with the words of the part where it has them. Undefined when none of the known ones has it. */
export function completed(part: string): { readonly text: string; readonly letters: number } | undefined {
  const words = part.trim().split(/\s+/).slice(0, 80);
  const plain = words.map(plainly);
  prepared ??= sentences.map((sentence) => {
    const all = sentence.split(" ");
    return { words: all, plain: all.map((word) => (word.includes("*") ? "*" : plainly(word))) };
  });
  let best: { readonly letters: number; readonly text: string } | undefined;
  for (const sentence of prepared) {
    const run = longestRun(plain, sentence.plain);
    if (run === undefined || (best !== undefined && best.letters >= run.letters)) continue;
    const { words: all } = sentence;
    // Names are the part's; the other words are the sentence's, whole and with its punctuation.
    const middle = all
      .slice(run.at, run.at + run.length)
      .map((word, index) => (word.includes("*") ? named(word, words[run.from + index] ?? "") : word));
    const text = [...all.slice(0, run.at), ...middle, ...all.slice(run.at + run.length)].join(" ");
    best = { letters: run.letters, text: text.replaceAll("*", "…") };
  }
  return best;
}

/** A name without the quotes that the sentence does not have. */
function named(pattern: string, word: string): string {
  return /^["'‘“`(]/.test(pattern) ? word : word.replace(/^["'‘“`]+|["'’”`]+$/g, "");
}

interface Run {
  readonly from: number;
  readonly at: number;
  readonly length: number;
  readonly letters: number;
}

/** The longest row of words that both have. */
function longestRun(part: readonly string[], sentence: readonly string[]): Run | undefined {
  let best: Run | undefined;
  for (let from = 0; from < part.length; from++) {
    for (let at = 0; at < sentence.length; at++) {
      let length = 0;
      let letters = 0;
      let ownLetters = 0;
      let isCode = false;
      while (from + length < part.length && at + length < sentence.length) {
        const here = part[from + length] ?? "";
        const there = sentence[at + length] ?? "";
        const isEqual = here === there;
        const isOpen = there === "*";
        const isCut =
          here.length > 2 &&
          ((length === 0 && there.endsWith(here)) || (from + length === part.length - 1 && there.startsWith(here)));
        if (!isEqual && !isOpen && !isCut) break;
        if (!isOpen) letters += here.length;
        if (!isOpen && !common.has(here)) {
          ownLetters += here.length;
          isCode ||= /[^a-z]/.test(here);
        }
        length++;
      }
      if (
        length >= leastWords &&
        letters >= (isCode ? leastLettersOfCode : leastLetters) &&
        ownLetters >= leastOwnLetters &&
        (best === undefined || letters > best.letters)
      )
        best = { from, at, length, letters };
    }
  }
  return best;
}
