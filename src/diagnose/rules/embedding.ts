/** C++ programs that use torch without Python: what must not be linked into them, and what they need when it must. */
import { installGpuTorch, platformOf, python } from "../commands/commands.ts";
import { isSplit, keepCuda, namesToKeep } from "../commands/kept-cuda.ts";
import type { LogFacts } from "../facts/log-facts.ts";
import type { Finding } from "../finding.ts";
import { framesAt } from "../matchers.ts";
import { type Match, type Rule, type RuleContext, saidAny } from "../rule.ts";
import { owned } from "./symbol-owners.ts";

const torchPython = /(?:lib)?torch_python\.(?:so|dylib|lib|dll)/;

/** Whether a program of one's own asks, not Python that imports a module. */
function ofProgram(finding: Finding, context: RuleContext): boolean {
  if (!torchPython.test(`${finding.file ?? ""} ${finding.message}`)) return false;
  if (finding.phase === "link") return true;
  if (/ImportError|OSError|^\S*python[\d.]*: /.test(finding.message)) return false;
  const torchOfPython = /(?:site|dist)-packages/.test(finding.file ?? finding.message);
  const imports = context.findings.some((other) => other.kind === "exception" && (other.frames?.length ?? 0) > 0);
  return (
    !imports && (!torchOfPython || /^\S+: symbol lookup error/.test(finding.message) || /^dyld/.test(finding.message))
  );
}

/** The libraries that a program links in place of all of torch's. */
function libraries(match: Match): string {
  return platformOf(match) === "win32" ? "torch.lib torch_cpu.lib c10.lib" : "-ltorch -ltorch_cpu -lc10";
}

/** The call came from Python: its torch is at hand, and no link of a program. */
function ofPython(match: Match): boolean {
  return framesAt(match).some((frame) => /\.py:\d/.test(frame));
}

/** A program on Windows whose LibTorch is there for CUDA, in two DLLs, one of which its link does not keep. */
function isLeftOut(match: Match): boolean {
  return (
    platformOf(match) === "win32" &&
    (match.facts["device"] ?? "cuda").toLowerCase() === "cuda" &&
    isSplit(match) &&
    namesToKeep(match).length > 0
  );
}

function loadsModel(match: Match): boolean {
  return framesAt(match).some((frame) => /[\\/]torch[\\/](?:jit[\\/]_?serialization|serialization)\.py/.test(frame));
}

/** Those of LIBTORCH; of Python's torch where the text says that the crate takes that one. */
function rustLibraries({ typed }: LogFacts): string {
  return typed.some(({ line }) => /\bLIBTORCH_USE_PYTORCH=1\b/.test(line))
    ? `"$(python3 -c 'import os, torch; print(os.path.dirname(torch.__file__))')/lib"`
    : "$LIBTORCH/lib";
}

/** The folder of torch's libraries, as far as the text tells. */
function foldersHere({ context: { log } }: Match): string {
  if (log.host === "rust") return rustLibraries(log);
  const [site] = log.packageFolders;
  return log.libtorchFolder === undefined && site !== undefined ? `${site}/torch/lib` : "<libtorch>/lib";
}

export const embeddingRules: readonly Rule[] = [
  {
    id: "torch-python-in-program",
    title: "A C++ program links torch's Python library",
    on: ["undefined-symbol"],
    specificity: 82,
    matches: (finding, context) => (ofProgram(finding, context) ? owned(finding, context, "python") : undefined),
    confidence: "high",
    cause: (match) =>
      `libtorch_python holds torch's bindings to Python and leaves Python's own symbols (\`${match.facts["name"] ?? ""}\`) to the interpreter that imports it. A C++ program has no interpreter: the library was linked along with the others (a glob over libtorch/lib, TORCH_PYTHON_LIBRARY), and the program does not need it unless it includes torch/extension.h or embeds Python.`,
    fix: (match) => [
      `# take torch_python out of the link; a program needs ${libraries(match)} (CMake: find_package(Torch), target_link_libraries(app "\${TORCH_LIBRARIES}")), and includes torch/torch.h, not torch/extension.h`,
      `# only when the program embeds Python: link the interpreter, too: find_package(Python COMPONENTS Interpreter Development.Embed), Python::Python; or what this prints: ${python(match)}-config --ldflags --embed`,
    ],
    sources: ["mlverse/libtorch-mac-m1#9", "https://docs.pytorch.org/cppdocs/installing.html"],
    examples: [
      {
        text: "dyld[512]: symbol not found in flat namespace '_PyBaseObject_Type'\n  Referenced from: <1A2B> /Users/u/libtorch/lib/libtorch_python.dylib",
        expect: "TORCH_LIBRARIES",
      },
      {
        text: "./app: symbol lookup error: /opt/libtorch/lib/libtorch_python.so: undefined symbol: PyInstanceMethod_Type",
        expect: "torch_python out of the link",
      },
      {
        text: "/usr/bin/ld: /opt/libtorch/lib/libtorch_python.so: undefined reference to `PyExc_RuntimeError'",
        expect: "no interpreter",
      },
    ],
  },
  {
    id: "program-finds-no-torch-library",
    title: "A C++ program does not find torch's libraries when it starts",
    on: ["missing-library"],
    specificity: 80,
    matches: (finding) => {
      const name = /(?:^|[\\/])(lib(?:c10|torch)\w*\.(?:so|dylib))[\w.]*$/.exec(finding.library ?? "")?.[1];
      if (name === undefined || finding.phase !== "load") return undefined;
      const started =
        /error while loading shared libraries|^dyld/.test(finding.message) ||
        // A plug-in of another program (an audio host, a game engine, a database).
        (/dlopen/.test(finding.message) &&
          !/ImportError|OSError/.test(finding.message) &&
          !/\.cpython-|\.abi3\.|site-packages|\.so$/.test(finding.file ?? ".so"));
      return started && !/^\S*python[\d.]*: /.test(finding.message) ? { name } : undefined;
    },
    confidence: "high",
    cause: (match) =>
      `The program is linked against \`${match.facts["name"] ?? ""}\`, and the loader finds it in none of its folders: LibTorch (or torch/lib of a wheel) is on no search path and not written into the program, or the program was moved or installed (CMake takes the path out when it installs).${/python/.test(match.facts["name"] ?? "") ? " A program without Python does not need torch_python at all: take it out of the link." : ""}`,
    fix: (match) =>
      platformOf(match) === "darwin" && match.context.log.host === "rust"
        ? [
            // Cargo writes no folder of LibTorch's into what it links.
            `export DYLD_LIBRARY_PATH=${foldersHere(match)}:$DYLD_LIBRARY_PATH   # LIBTORCH is read when the program is built only`,
            ...(match.context.log.typed.findLast(({ line }) => /\bcargo (?:run|test|bench)\b/.test(line)) === undefined
              ? []
              : [
                  match.context.log.typed.findLast(({ line }) => /\bcargo (?:run|test|bench)\b/.test(line))?.line ?? "",
                ]),
            '# for good, in build.rs: println!("cargo:rustc-link-arg=-Wl,-rpath,<libtorch>/lib"), or the same flag behind rustflags in .cargo/config.toml',
          ]
        : platformOf(match) === "darwin"
          ? [
              `install_name_tool -add_rpath <libtorch>/lib "${match.finding.file ?? "<the program>"}" && codesign --force --sign - "${match.finding.file ?? "<the program>"}"`,
              "# CMake: set(CMAKE_INSTALL_RPATH_USE_LINK_PATH ON); by hand: -Wl,-rpath,<libtorch>/lib",
            ]
          : [
              `export LD_LIBRARY_PATH=${foldersHere(match)}:$LD_LIBRARY_PATH   # or, for good:`,
              ...(match.context.log.host === "rust"
                ? [
                    "# LIBTORCH is read when the program is built only; no LIBTORCH, but a download by tch: ls -d target/*/build/torch-sys-*/out/libtorch/libtorch/lib; fish: set -x LD_LIBRARY_PATH …",
                  ]
                : []),
              "# CMake: set(CMAKE_INSTALL_RPATH_USE_LINK_PATH ON); by hand: -Wl,-rpath,<libtorch>/lib",
              `${python(match)} -c "import torch, os; print(os.path.join(os.path.dirname(torch.__file__), 'lib'))"   # the folder of an installed torch`,
            ],
    sources: ["https://docs.pytorch.org/cppdocs/installing.html"],
    examples: [
      {
        text: "*** ERROR: dlopen '/Users/u/Extensions/Synth.scx' err 'dlopen(/Users/u/Extensions/Synth.scx, 0x0002): Library not loaded: @rpath/libc10.dylib\n  Referenced from: <F1B6> /Users/u/Extensions/Synth.scx\n  Reason: tried: '/usr/lib/libc10.dylib' (no such file)",
        expect: "install_name_tool -add_rpath",
      },
      {
        text: "mia@mbp app % export LIBTORCH=/Users/mia/libtorch\nmia@mbp app % cargo run --release\n     Running `target/release/app`\ndyld[51022]: Library not loaded: @rpath/libtorch_cpu.dylib\n  Referenced from: <2D2B> /Users/mia/app/target/release/app\n  Reason: no LC_RPATH's found",
        expect: "export DYLD_LIBRARY_PATH=$LIBTORCH/lib:$DYLD_LIBRARY_PATH",
      },
      {
        text: "./app: error while loading shared libraries: libtorch.so: cannot open shared object file: No such file or directory",
        expect: "LD_LIBRARY_PATH=<libtorch>/lib",
      },
      {
        text: "./app: error while loading shared libraries: libc10_cuda.so: cannot open shared object file: No such file or directory\n$ ldd ./app\n        libc10.so => /usr/local/lib/python3.10/site-packages/torch/lib/libc10.so (0x00007f44f6eb3000)",
        expect: "LD_LIBRARY_PATH=/usr/local/lib/python3.10/site-packages/torch/lib",
      },
      {
        text: "     Running `target/debug/app`\ntarget/debug/app: error while loading shared libraries: libtorch_cuda.so: cannot open shared object file: No such file or directory",
        expect: "LD_LIBRARY_PATH=$LIBTORCH/lib",
      },
    ],
  },
  {
    id: "program-torch-without-cuda",
    title: "A C++ program asks for the GPU, and its LibTorch has no part for it",
    on: ["exception", "gpu"],
    specificity: 74,
    matches: (finding, { log, findings }) => {
      // Of Python's torch another rule speaks.
      const isProgram =
        (log.namesLibtorch || log.splitCuda || log.libtorchBuild !== undefined || log.host !== undefined) &&
        !findings.some(({ frames }) => frames?.some((frame) => /\.py:\d/.test(frame)) === true);
      if (finding.kind === "gpu" && !isProgram) return undefined;
      return saidAny(
        finding,
        /DeviceGuardImpl for (?<device>\w+) is not available/,
        /PyTorch is not linked with support for (?<device>\w+) devices/,
        /Cannot initialize (?<device>CUDA|HIP|XPU) without (?:ATen_cuda|torch_cuda|ATen_hip|ATen_xpu|torch_\w+) library/,
        /Could not run 'aten::empty(?:_strided|\.memory_format)' with arguments from the '(?<device>CUDA|HIP|XPU)' backend/,
      );
    },
    confidence: "high",
    cause: (match) =>
      ofPython(match)
        ? `The installed torch is a build without ${(match.facts["device"] ?? "cuda").toUpperCase()}${loadsModel(match) ? ", and the model that is loaded was saved on such a device" : ""}.`
        : isLeftOut(match)
          ? `${match.context.log.keptCuda.length > 0 ? `LibTorch has its part for CUDA in two DLLs: the option that the text shows keeps torch_cuda_cpp.dll, and the linker leaves torch_cuda_cu.dll out` : "The linker leaves LibTorch's DLLs for CUDA (torch_cuda_cpp and torch_cuda_cu) out"}, because the program calls none of its functions by name; naming its .lib does not suffice. The kernels for CUDA register themselves when that DLL is loaded, so that there are none.`
          : `Nothing in this process brings torch's part for ${(match.facts["device"] ?? "cuda").toUpperCase()}: LibTorch (or torch) is the CPU-only build, or the linker left libtorch_${(match.facts["device"] ?? "cuda").toLowerCase()} out, because the program calls none of its functions by name (--as-needed, which Debian and Ubuntu have switched on; on Windows /OPT:REF). It registers itself when it is loaded.`,
    fix: (match) => {
      const device = (match.facts["device"] ?? "cuda").toLowerCase();
      if (ofPython(match))
        return [
          `${python(match)} -c "import torch; print(torch.__version__, torch.version.cuda)"   # +cpu or None: a torch without CUDA`,
          ...(device === "cuda"
            ? [installGpuTorch(match)]
            : [`# torch for ${device.toUpperCase()}: https://pytorch.org/get-started/locally/`]),
          ...(loadsModel(match)
            ? ['# or to run on the CPU: torch.jit.load(path, map_location="cpu"), torch.load(path, map_location="cpu")']
            : []),
        ];
      if (match.context.log.host === "rust" && device === "cuda")
        return [
          "export TORCH_CUDA_VERSION=cu124   # the feature download-libtorch of tch then takes LibTorch for CUDA (cu118, cu124, cu126 as there are for its release); with LIBTORCH set: ls $LIBTORCH/lib | grep cuda has to name libtorch_cuda.so",
          "cargo clean -p torch-sys && cargo build",
          '# still so, libtorch_cuda.so is there and the linker left it out: in build.rs println!("cargo:rustc-link-arg=-Wl,--no-as-needed"); println!("cargo:rustc-link-arg=-ltorch_cuda");',
          "# in the program: tch::Cuda::is_available() before Device::Cuda(0)",
        ];
      if (isLeftOut(match)) return keepCuda(match);
      return [
        `ls <libtorch>/lib | grep ${device}   # nothing: take the LibTorch for ${device === "cuda" ? "your CUDA" : device.toUpperCase()} from https://pytorch.org/get-started/locally/`,
        ...(platformOf(match) === "win32"
          ? device === "cuda" && namesToKeep(match).length > 0
            ? [
                ...keepCuda(match),
                ...(match.context.log.splitCuda
                  ? []
                  : [
                      `# is there a torch_cuda_cu.dll in its lib folder (LibTorch 1.8 to 1.12)? Then this one, too: /INCLUDE:"?_torch_cuda_cu_linker_symbol_op_cuda@native@at@@YA?AVTensor@2@AEBV32@@Z"`,
                    ]),
              ]
            : [`# in the program: LoadLibraryA("torch_${device}.dll"); at the start of main (#include <windows.h>)`]
          : [
              `# link with -Wl,--no-as-needed -ltorch_${device} -lc10_${device} (CMake: target_link_options(app PRIVATE -Wl,--no-as-needed), find_package(Torch) of the CUDA build)`,
            ]),
        "# in the program: torch::cuda::is_available() before .to(torch::kCUDA); no static objects that make tensors on the GPU before main",
      ];
    },
    sources: [
      "pytorch/pytorch#15702",
      "pytorch/pytorch#54131",
      "pytorch/pytorch#72396",
      "https://docs.pytorch.org/cppdocs/installing.html",
    ],
    examples: [
      {
        text: "thread 'main' panicked at src/main.rs:14:51:\ncalled `Result::unwrap()` on an `Err` value: Torch(\"Could not run 'aten::empty_strided' with arguments from the 'CUDA' backend.\")",
        expect: "TORCH_CUDA_VERSION=cu124",
      },
      {
        text: "terminate called after throwing an instance of 'c10::Error'\n  what():  p ASSERT FAILED at /pytorch/c10/impl/DeviceGuardImplInterface.h:130, please report a bug to PyTorch. DeviceGuardImpl for cuda is not available",
        expect: "--no-as-needed",
      },
      { text: "c10::Error: PyTorch is not linked with support for cuda devices", expect: "CPU-only" },
      {
        text: "1>net.vcxproj -> D:\\net\\x64\\Release\\net.exe\nAdditional Dependencies: C:\\libtorch-win-shared-with-deps-1.9.0+cu111\\libtorch\\lib\\c10.lib;torch_cuda.lib;torch_cuda_cu.lib\nerror: Cannot initialize CUDA without ATen_cuda library. PyTorch splits its backend into two shared libraries: a CPU library and a CUDA library",
        expect: "?warp_size@cuda@at@@YAHXZ",
      },
      {
        text: "Linker > Command Line: /INCLUDE:?warp_size@cuda@at@@YAHXZ, libtorch-win-shared-with-deps-1.8.0+cu111, torch_cuda_cpp.lib torch_cuda_cu.lib\nD:\\net\\x64\\Release>Net.exe\nerror: Could not run 'aten::empty_strided' with arguments from the 'CUDA' backend.",
        expect: "searchsorted_cuda@native",
      },
      {
        text: "C:\\libtorch-1.10.0\\lib: c10_cuda.lib torch_cuda.lib torch_cuda_cpp.lib torch_cuda_cu.lib\nC:\\net>Net.exe\nterminate: Could not run 'aten::empty.memory_format' with arguments from the 'CUDA' backend.",
        expect: "_torch_cuda_cu_linker_symbol_op_cuda",
      },
      {
        text: "  File \"/e/lib/python3.9/site-packages/torch/jit/_serialization.py\", line 162, in load\n    cpp_module = torch._C.import_ir_module(cu, str(f), map_location, _extra_files)\nNotImplementedError: Could not run 'aten::empty_strided' with arguments from the 'CUDA' backend.",
        expect: 'map_location="cpu"',
      },
    ],
  },
  {
    id: "operator-unknown-to-program",
    title: "A C++ program does not know an operator of the model",
    on: ["exception"],
    specificity: 78,
    matches: (finding, { findings, log }) => {
      const facts = saidAny(
        finding,
        /(?:[Cc]ould not find|found no) schema (?:for|registered for operator) (?<space>(?!aten\b)\w+)::(?<op>\w+)/,
      );
      const isProgram =
        findings.some(({ code }) => code === "terminate") ||
        /^(?:\.\/|\S*\/build\/)/.test(log.typedProgram ?? "") ||
        log.namesLibtorch;
      const ofPython = findings.some(
        ({ frames = [], text }) => frames.some((frame) => /\.py:\d/.test(frame)) || text.startsWith("Traceback"),
      );
      return facts === undefined || !isProgram || ofPython ? undefined : facts;
    },
    confidence: "high",
    cause: (match) =>
      `The model calls \`${match.facts["space"] ?? ""}::${match.facts["op"] ?? ""}\`, and nothing in this C++ process registers it: what Python code defines (torch.library.custom_op, Library.define) is there in Python alone, and a library of C++ that registers it is not linked, or was dropped by the linker because the program calls nothing in it.`,
    fix: (match) =>
      match.facts["space"] === "torchvision"
        ? [
            "# CMakeLists.txt: find_package(TorchVision REQUIRED), target_link_libraries(<target> PRIVATE TorchVision::TorchVision); in a source: #include <torchvision/vision.h>   (torchvision built for C++, of the release for this LibTorch)",
          ]
        : [
            `# the operator in C++, in a library of its own: TORCH_LIBRARY(${match.facts["space"] ?? "ns"}, m) { m.def("${match.facts["op"] ?? "f"}(Tensor a, …) -> Tensor"); } and its kernel in TORCH_LIBRARY_IMPL(${match.facts["space"] ?? "ns"}, CPU, m) or CUDA; Python loads the same file with torch.ops.load_library before the export`,
            '# CMakeLists.txt: target_link_libraries(<target> PRIVATE -Wl,--no-as-needed <that library>); or in main, before the model is loaded: dlopen("lib<that library>.so", RTLD_NOW | RTLD_GLOBAL)',
          ],
    sources: [
      "pytorch/pytorch#143786",
      "pytorch/pytorch#143773",
      "https://docs.pytorch.org/tutorials/advanced/cpp_custom_ops.html",
    ],
    examples: [
      {
        text: "terminate called after throwing an instance of 'c10::Error'\n  what():  Could not find schema for mylib::custom_add\nException raised from findSchemaOrThrow at /opt/pytorch/aten/src/ATen/core/dispatch/Dispatcher.cpp:160 (most recent call first):",
        expect: "--no-as-needed",
      },
    ],
  },
];
