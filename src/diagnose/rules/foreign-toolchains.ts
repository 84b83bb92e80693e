/** Tools of two worlds in one build: conda's linker and the system's libraries, emulated and foreign processors. */
import { literally } from "../../base/literally.ts";
import { platformOf } from "../commands/commands.ts";
import { quote } from "../text/quote.ts";
import { coded, type Match, type Rule, said, saidAny } from "../rule.ts";

const x86Header = /^(?:x86intrin|immintrin|[xeptsnwa]mmintrin|avx\w*intrin|cpuid|ia32intrin)\.h$/;

/**
 * conda's own compilers with their sysroot. Which environment was active is asked before it is left: behind `conda deactivate`
 * the variables name the one below it.
 */
const toolsOfConda: readonly string[] = [
  "conda install -c conda-forge gxx_linux-64 sysroot_linux-64=2.28",
  'e=$CONDA_PREFIX; conda deactivate; conda activate "$e"',
];

/** The system's compiler and linker: Python's ld (compiler_compat) is put first by Python's own build flags, so it is taken away. */
function toolsOfSystem({ finding }: Match): string[] {
  const ld =
    /(?<path>\/\S*\/compiler_compat\/ld)\b/.exec(finding.text)?.groups?.["path"] ?? "$CONDA_PREFIX/compiler_compat/ld";
  return [`mv ${ld} ${ld}.off`, "unset LDFLAGS CFLAGS CXXFLAGS", "export CC=/usr/bin/gcc CXX=/usr/bin/g++"];
}

/** Flags for x86 processors, as compilers name the ones that they refuse. */
const x86Option = /['‘"](?<option>-m(?:avx\w*|sse[\w.]*|fma|f16c|bmi2?|popcnt|amx-\w+|64|32)(?:=\S+)?)['’"]/;

/**
 * The refused flags taken out of the file that hands them over: the one that the text shows them in, else the setup.py of the folder
 * that is built. Where a flag stands in another form than as an element of a list, the edit leaves it alone.
 */
function withoutX86Flags(match: Match): string[] {
  const { findings, log } = match.context;
  const refused = findings
    .filter(({ kind }) => kind === "driver")
    .flatMap(({ message }) => x86Option.exec(message)?.groups?.["option"] ?? []);
  if (refused.length === 0) return [];
  const shown = log.shownLines.find(({ text }) => refused.some((option) => text.includes(option)));
  const builds = log.typed.some(
    ({ kind, line }) => kind === "setup" || (kind === "pip" && /\s(?:-e )?\.(?:\[[\w,-]+\])?(?=\s|$)/.test(line)),
  );
  const file = shown?.file ?? (builds ? "setup.py" : undefined);
  if (file === undefined) return [];
  const options = [...new Set([...refused, ...(shown?.text.match(/-m(?:avx\w*|sse[\d.]+|fma|f16c|bmi2?)\b/g) ?? [])])];
  const any = `(${options.map((option) => literally(option)).join("|")})`;
  // In CMake's files flags stand bare, in Python's each in its quotes.
  const program = /\.py$/.test(file) ? `s/(["\\x27])${any}\\1,? ?//g` : `s/${any}( |(["\\x27)]|$))/\\3/g`;
  return [`sed -i.bak -E '${program}' ${quote(file)}   # without the flags for x86`];
}

export const foreignToolchainRules: readonly Rule[] = [
  {
    id: "conda-linker-with-system-libraries",
    title: "conda's linker meets the system's C library",
    on: ["link", "undefined-symbol", "missing-library", "library-version"],
    specificity: 88,
    matches: (finding) => {
      const said = `${finding.text} ${finding.symbol ?? ""} ${finding.library ?? ""}`;
      const condaLd =
        /compiler_compat[\\/]ld|conda[\w.-]*[\\/](?:envs[\\/][^\\/\s]+[\\/])?(?:bin|lib)[\\/]\S*ld(?:\.\w+)?:|x86_64-conda[\w-]*ld|conda-linux-gnu[\\/]bin[\\/]ld/;
      if (finding.phase === "load") return undefined;
      if (/GLIBC_PRIVATE/.test(said)) return { what: "a private symbol of the C library (GLIBC_PRIVATE)" };
      if (!condaLd.test(said)) return undefined;
      if (/unable to initialize decompress status/.test(said))
        return {
          what: "the compressed debug sections of the system's newer assembler",
          linker:
            /(?<path>\/\S*\/compiler_compat\/ld)\b/.exec(said)?.groups?.["path"] ?? "$CONDA_PREFIX/compiler_compat/ld",
        };
      if (/\.relr\.dyn|unknown type \[0x13\]|unsupported.*(?:DT_RELR|relr)/.test(said))
        return { what: "the compact relocations (.relr.dyn) of newer systems" };
      const absolute =
        /(?:cannot find|find) (?<file>\/(?:usr\/)?lib(?:64)?\/\S*?(?:libpthread|libc|libm|libdl)\S*?):? /.exec(
          `${said} `,
        )?.groups?.["file"];
      if (absolute !== undefined) return { what: `\`${absolute}\`` };
      const version = /(?<version>GLIBC_2\.\d+)/.exec(said)?.groups?.["version"];
      return version === undefined ? undefined : { what: `\`${version}\`` };
    },
    confidence: "high",
    cause: (match) =>
      `Python of conda links with its own ld (compiler_compat, or the x86_64-conda-linux-gnu tools), which stumbles over ${match.facts["what"] ?? "a library"}: the compiler or a library is the system's, ${match.facts["linker"] === undefined ? "made for another C library than conda's old sysroot" : "and this ld is older than it"}.`,
    fix: (match) =>
      match.facts["linker"] !== undefined
        ? [
            `mv ${match.facts["linker"]} ${match.facts["linker"]}.off   # gcc then takes the system's ld, which belongs to its assembler`,
            "rm -rf build",
          ]
        : /compiler_compat[\\/]ld/.test(match.finding.text)
          ? [...toolsOfSystem(match), `# or all of conda's world in its place: ${toolsOfConda.join("; ")}`]
          : [...toolsOfConda, `# or the system's tools in their place: ${toolsOfSystem(match).join("; ")}`],
    sources: [
      "NVIDIA/flownet2-pytorch#125",
      "conda/conda#6030",
      "pytorch/pytorch#16683",
      "conda-forge/ctng-compilers-feedstock#39",
    ],
    examples: [
      {
        text: "/home/u/.conda/envs/e/compiler_compat/ld: build/temp/k.o: unable to initialize decompress status for section .debug_info\nbuild/temp/k.o: file not recognized: file format not recognized",
        expect: "mv /home/u/.conda/envs/e/compiler_compat/ld /home/u/.conda/envs/e/compiler_compat/ld.off",
      },
      {
        text: "/opt/conda/compiler_compat/ld: unknown type [0x13] section `.relr.dyn'",
        expect: "compiler_compat/ld.off",
      },
      {
        text: "/opt/conda/compiler_compat/ld: cannot find /lib64/libpthread.so.0: No such file or directory",
        expect: "sysroot_linux-64",
      },
      {
        text: "/e/bin/../lib/gcc/x86_64-conda-linux-gnu/11.4.0/../../../../x86_64-conda-linux-gnu/bin/ld: /lib/x86_64-linux-gnu/libc.so.6: undefined reference to `_dl_fatal_printf@GLIBC_PRIVATE'",
        expect: "GLIBC_PRIVATE",
      },
    ],
  },
  {
    id: "x86-code-on-other-processor",
    title: "The code is for Intel processors, and this is another",
    on: ["missing-header", "driver", "compile"],
    specificity: 84,
    matches: (finding, context) => {
      if (finding.kind === "missing-header") {
        // clang and gcc have these headers on every x86 system: where one is missing, the target is another.
        return x86Header.test(finding.header ?? "") ? { what: `\`${finding.header ?? ""}\`` } : undefined;
      }
      if (finding.kind === "compile")
        return said(
          finding,
          /(?:#error:? ?)?['"]?(?<what>This header is only meant to be used on x86(?: and x64)?|"?SSE2? (?:instruction set )?not enabled)/,
        );
      const option = x86Option.exec(finding.message)?.groups?.["option"];
      if (option === undefined) return undefined;
      const foreign = context.log.arch === "arm64" || /for target '(?:arm64|aarch64|ppc64|riscv)/.test(finding.message);
      // gcc on x86 knows all but the newest of them.
      const plain = /^-m(?:avx2?|avx512\w|sse\S*|fma|f16c|bmi2?|popcnt|64)$/.test(option);
      return foreign || (plain && /unrecognized|unsupported option|unknown argument/.test(finding.message))
        ? { what: `\`${option}\`` }
        : undefined;
    },
    confidence: "high",
    cause: (match) =>
      `${match.facts["what"] ?? "It"} exists for x86 processors only; the compiler builds for another (ARM: Apple silicon, Graviton, Jetson, GH200; or ppc64le).`,
    fix: (match) => [
      platformOf(match) === "darwin"
        ? 'python -c "import platform; print(platform.machine())"   # arm64; x86 wheels and flags do not fit'
        : "uname -m; echo | cc -dM -E - | grep -E '__(x86_64|aarch64)__'",
      ...withoutX86Flags(match),
      '# give such flags on x86 alone: if platform.machine() in ("x86_64", "AMD64"): extra_compile_args += ["-mavx2"]; guard the code with #if defined(__AVX2__) / #if defined(__x86_64__)',
      "# or use at::vec::Vectorized<T> (ATen/cpu/vec/vec.h), or SIMDe; DeepSpeed and the like have a release or an option for ARM",
    ],
    change: (match) => {
      const option = /`(-m\S+)`/.exec(match.facts["what"] ?? "")?.[1];
      return option === undefined ? undefined : { kind: "remove-flag", flag: option };
    },
    sources: ["https://gcc.gnu.org/onlinedocs/gcc/AArch64-Options.html", "simd-everywhere/simde: README.md"],
    examples: [
      {
        text: "$ grep -n mavx setup.py\n31:    extra_compile_args=['-O3', '-mavx2', '-mfma'],\n$ pip install --no-build-isolation .\n  aarch64-linux-gnu-g++: error: unrecognized command-line option '-mavx2'\n  aarch64-linux-gnu-g++: error: unrecognized command-line option '-mfma'",
        expect: "(-mavx2|-mfma)\\1,? ?//g' setup.py",
      },
      {
        text: "csrc/cpu_adam.h:12:10: fatal error: immintrin.h: No such file or directory",
        expect: "ARM",
      },
      {
        text: "clang: error: unsupported option '-msse4.1' for target 'arm64-apple-darwin23.0.0'",
        expect: "platform.machine()",
      },
    ],
  },
  {
    id: "emulated-processor-crashed",
    title: "The emulator of a foreign processor crashed",
    on: ["tool-died"],
    specificity: 86,
    matches: (finding) => coded(finding, "qemu"),
    confidence: "high",
    cause: () =>
      "The container is of another processor than the machine and runs in qemu's emulation, in which large compilers crash (and take many times as long).",
    fix: () => [
      "# build on a machine of that processor (GitHub: runs-on: ubuntu-24.04-arm), or cross-compile",
      "docker build --platform linux/$(dpkg --print-architecture) .   # the machine's own, when the other one was not meant",
      "docker run --privileged --rm tonistiigi/binfmt --install all   # a newer qemu, for a try",
    ],
    sources: ["docker/buildx#1170"],
    examples: [{ text: "qemu: uncaught target signal 11 (Segmentation fault) - core dumped", expect: "emulation" }],
  },
  {
    id: "exceptions-or-rtti-disabled",
    title: "The project switches off exceptions or type information, which torch needs",
    on: ["compile"],
    specificity: 82,
    matches: (finding) =>
      saidAny(
        finding,
        /cannot use ['‘"]?(?<what>throw|try|catch)['’"]? with exceptions disabled|exception handling disabled, use ['‘](?<flag>-fexceptions)/,
        /cannot use ['‘"]?(?<what>typeid|dynamic_cast)['’"]? with ['‘"]?-fno-rtti|['‘](?<what2>dynamic_cast|typeid)['’] not permitted with ['‘]?-fno-rtti|use of (?<what3>typeid|dynamic_cast) requires -frtti/,
      ),
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["what"] ?? "throw"}\` is used (torch's and pybind11's headers do so everywhere), and the flags say ${/typeid|dynamic_cast/.test(match.facts["what"] ?? "") ? "-fno-rtti" : "-fno-exceptions"}.`,
    fix: (match) => [
      ...(platformOf(match) === "win32"
        ? []
        : [
            "grep -rlE -e '-fno-(rtti|exceptions)' --include=setup.py --include=CMakeLists.txt --include='*.cmake' --include='*.toml' . | xargs -r sed -i.bak -E 's/-fno-(rtti|exceptions)/-f\\1/g'",
          ]),
      `# drop ${/typeid|dynamic_cast/.test(match.facts["what"] ?? "") ? "-fno-rtti" : "-fno-exceptions"} from the flags (setup.py, CXXFLAGS, CMake), or add ${/typeid|dynamic_cast/.test(match.facts["what"] ?? "") ? "-frtti" : "-fexceptions"} after it; the other of the two (-fno-exceptions, -fno-rtti), where it is there as well: pybind11 and torch need both`,
    ],
    change: (match) => ({
      kind: "remove-flag",
      flag: /typeid|dynamic_cast/.test(match.facts["what"] ?? "") ? "-fno-rtti" : "-fno-exceptions",
    }),
    sources: ["https://gcc.gnu.org/onlinedocs/gcc/C_002b_002b-Dialect-Options.html"],
    examples: [
      { text: "a.cpp:10:3: error: cannot use 'throw' with exceptions disabled", expect: "-fno-exceptions" },
      {
        text: "/e/torch/include/c10/util/Type.h:20:18: error: cannot use ‘typeid’ with ‘-fno-rtti’",
        expect: "-frtti",
      },
    ],
  },
];
