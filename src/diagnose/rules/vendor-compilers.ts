/** Compilers of vendors (NVIDIA HPC, Intel classic and oneAPI, PGI, IBM) where gcc, clang or cl is wanted. */
import { type Rule, said, saidAny } from "../rule.ts";

export const vendorCompilerRules: readonly Rule[] = [
  {
    id: "host-compiler-of-other-vendor",
    title: "The host compiler is one that nvcc or torch does not take",
    on: ["compile", "driver", "exception"],
    specificity: 91,
    matches: (finding) =>
      (/^(?:nvc(?:\+\+)?|pgc\+\+|pgcc|nvfortran)$/.test(finding.program ?? "")
        ? said(finding, /^unknown option '(?<option>-[^']+)'/)
        : undefined) ??
      saidAny(
        finding,
        /unsupported (?<name>NVHPC) compiler found/i,
        /unsupported (?<name>ICC|PGI|XLC|Intel|NVHPC)\b.{0,40}(?:configuration|version|compiler)/i,
        /Your compiler \((?<name>(?:\S*\/)?(?:nvc\+\+|nvc|icpc|icc|pgc\+\+|xlc\+\+|armclang\+\+|craycxx|CC)\S*)\) is not compatible/,
      ),
    confidence: "high",
    cause: (match) =>
      `The C++ compiler that runs is of another vendor (${match.facts["name"] ?? match.finding.program ?? ""}${match.facts["option"] === undefined ? "" : `, which has no ${match.facts["option"]}: Python was built with gcc and hands its flags on`}): CC or CXX names it, or a module (nvhpc, intel, cray) put it first on PATH. nvcc takes gcc, clang (and nvc++ alone of NVIDIA's own, not nvc), and torch for Linux is built with gcc.`,
    fix: () => [
      'echo "CC=[$CC] CXX=[$CXX] NVCC_PREPEND_FLAGS=[$NVCC_PREPEND_FLAGS] CUDAHOSTCXX=[$CUDAHOSTCXX]"; module list 2>&1 | grep -iE "nvhpc|intel|cray|gcc"',
      "export CC=gcc CXX=g++ CUDAHOSTCXX=g++   # after: module unload nvhpc intel; module load gcc",
      "# and build anew in a clean folder: rm -rf build",
    ],
    sources: [
      "NVIDIA/apex#1833",
      "https://docs.nvidia.com/cuda/cuda-installation-guide-linux/#host-compiler-support-policy",
    ],
    examples: [
      { text: "nvc++-Error-Unknown switch: -fwrapv", expect: "CC=gcc" },
      {
        text: '"/opt/cuda/include/crt/host_config.h", line 80: catastrophic error: #error directive: -- unsupported NVHPC compiler found! nvc++ is the only NVHPC compiler that is supported.',
        expect: "CXX=g++",
      },
      {
        text: "/usr/local/cuda/include/crt/host_config.h:110:2: error: #error -- unsupported ICC configuration! Only ICC 15.0, ICC 16.0, ICC 17.0, ICC 18.0, ICC 19.x and 20.x on Linux x86_64 are supported!",
        expect: "CXX=g++",
      },
    ],
  },
];
