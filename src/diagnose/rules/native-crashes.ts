/** Crashes whose native stack trace tells more: two C++ run times, bindings of another pybind11, an extension's own code. */
import { rebuildLater } from "../commands/rebuild-later.ts";
import { pip, python, rebuild, reinstall } from "../commands/commands.ts";
import { failedProgram } from "../commands/failed-command.ts";
import { quote } from "../text/quote.ts";
import type { Finding } from "../finding.ts";
import { packageOfModule } from "../tables/packages.ts";
import { ofLog } from "../matchers.ts";
import { baseName } from "../parsers/parser.ts";
import { type Match, type MatchFacts, type Rule, type RuleContext } from "../rule.ts";

interface Frame {
  readonly library: string;
  readonly name: string;
}

function framesOf(finding: Finding): readonly Frame[] {
  return (finding.frames ?? []).map((text) => {
    const at = text.indexOf(": ");
    return { library: text.slice(0, at), name: text.slice(at + 2) };
  });
}

/** A place in a source that is not torch's: `nms_cpu.cpp:27`. */
function isOwnPlace(library: string): boolean {
  return (
    /\.(?:c|cc|cpp|cxx|cu|cuh|h|hh|hpp):\d+$/i.test(library) &&
    !/[\\/]torch[\\/]|pybind11|\bATen\b|^(?:ceval|call|methodobject|object|pythonrun|main|abstract)\.[ch]:/.test(
      library,
    )
  );
}

const ofHeaders = /^(?:at|c10|torch|std|pybind11|nanobind|__gnu_cxx)::/;
const ofInterpreter = /[\\/](?:Objects|Python|Modules)[\\/]|[\\/](?:sysdeps|nptl|csu|elf|stdlib)[\\/]/;

/** A stack trace that was printed because of a crash. */
function crashed(finding: Finding, context: RuleContext): boolean {
  return finding.code === "backtrace" && (finding.frames?.length ?? 0) > 1 && ofLog(context, hasCrash);
}

function hasCrash({ findings }: RuleContext): boolean {
  return findings.some(({ code }) => /^(?:segfault|heap|Fatal Python error|terminate)$/.test(code ?? ""));
}

const system =
  /(?:^|[\\/])(?:libc|libpthread|libm|ld-linux\S*|libgcc_s|libsystem_\w+|libdyld|dyld|libc\+\+\S*|libstdc\+\+)[.-]|^\?|linux-gnu\/libc\./;
const strings =
  /(?:^|[\s:])(?:std::)(?:__cxx11::)?basic_string<|^(?:std::string::|_ZNS[as]|_ZNKS[as])|basic_string\(|_M_(?:create|assign|append|dispose|construct|mutate)\b/;
const streams =
  /\b(?:locale|codecvt|ios_base|basic_(?:o|i)?stream|ostream|istream|_M_insert|_M_install_facet|basic_filebuf)\b|St(?:6locale|8ios_base|7codecvt)/;
const binding =
  /pybind11::detail::(?:get_internals|internals_pp|make_new_python_type|generic_type::initialize|get_local_internals|enum_base)|pybind11::(?:module_::|dict::dict|class_|detail::)|\bPyInit_\w+/;

/** The module whose init function, or whose binding, is in the trace. */
function boundModule(frames: readonly Frame[]): Frame | undefined {
  return (
    frames.find(({ library, name }) => /\bPyInit_\w+/.test(name) && !/libpython/.test(library)) ??
    frames.find(
      ({ library, name }) =>
        binding.test(name) &&
        /\.(?:so|pyd|dylib)/.test(library) &&
        !/libtorch|libpython|[\\/]torch[\\/]_C/.test(library),
    )
  );
}

function ofBinding(finding: Finding, context: RuleContext): MatchFacts | undefined {
  if (!crashed(finding, context)) return undefined;
  const frames = framesOf(finding);
  if (!frames.slice(0, 8).some(({ name }) => binding.test(name))) return undefined;
  const module = boundModule(frames);
  if (module === undefined) return undefined;
  const free =
    /python3\.\d+t[\\/]|\.cpython-3\d+t-|\+freethreaded/.exec(`${frames.map(({ library }) => library).join(" ")}`) !==
    null;
  return {
    file: module.library,
    name: /\bPyInit_(\w+)/.exec(module.name)?.[1] ?? baseName(module.library).split(".")[0] ?? "",
    free: free ? "yes" : undefined,
  };
}

function packageAt(match: Match): string | undefined {
  const folder = /(?:site|dist)-packages[\\/](\w+)[\\/]/.exec(match.facts["file"] ?? "")?.[1];
  return folder === undefined ? undefined : packageOfModule(`${folder}.`);
}

/** The module of the extension whose library stands in the trace: `dummy`. */
function extensionOf(match: Match): string | undefined {
  const { file } = match.facts;
  return file === undefined ? undefined : baseName(file).split(".")[0];
}

/** torch above the extension in the script that the text prints and runs. */
function importedInScript(match: Match): string[] {
  const module = extensionOf(match);
  const script = match.context.log.shownScripts.find(
    ({ imports }) => module !== undefined && imports.includes(module) && !imports.includes("torch"),
  );
  const program = failedProgram(match)?.line ?? (script === undefined ? "" : `${python(match)} ${script.file}`);
  return script === undefined || module === undefined
    ? []
    : [`sed -i.bak -E '/^(import|from) ${module}\\b/i import torch' ${quote(script.file)}   # torch first`, program];
}

export const nativeCrashRules: readonly Rule[] = [
  {
    id: "crash-without-torch-imported",
    title: "A tensor is handed to Python where torch was not imported",
    on: ["exception"],
    role: "symptom",
    specificity: 66,
    matches: (finding, context) => {
      if (!crashed(finding, context)) return undefined;
      const frames = framesOf(finding);
      return /^_?THPVariable_(?:NewWithVar|Wrap)\b|^THPVariable_(?:NewWithVar|Wrap)\(/.test(frames[0]?.name ?? "")
        ? {
            file: frames.find(
              ({ library }) => /\.(?:so|pyd|dylib)/.test(library) && !/libtorch|libc10|libpython/.test(library),
            )?.library,
          }
        : undefined;
    },
    confidence: "high",
    cause: (match) =>
      `The crash is in \`THPVariable_Wrap\`, which makes a Python tensor of a C++ one: it needs the class torch.Tensor, which exists only after \`import torch\`. The program imported ${match.facts["file"] === undefined ? "the extension" : `\`${baseName(match.facts["file"])}\``} and not torch (its libraries alone were loaded, through rpath).`,
    fix: (match) => [
      ...importedInScript(match),
      `# import torch before the extension, in the program or, better, in the package's own __init__.py: import torch; from . import _C`,
      "# a C++ program that runs Python inside: py::module_::import of torch before the first tensor goes to Python",
      ...(importedInScript(match).length > 0
        ? []
        : [`${python(match)} -c "import torch, ${extensionOf(match) ?? "the_extension"}"`]),
    ],
    sources: ["pytorch/pytorch#63749", "pytorch/pytorch: torch/csrc/autograd/python_variable.cpp"],
    examples: [
      {
        text: "==35== Invalid read of size 8\n==35==    at 0x11C6A347: THPVariable_NewWithVar(_typeobject*, at::Tensor) (in /e/lib/python3.8/site-packages/torch/lib/libtorch_python.so)\n==35==    by 0x11C6AB0E: THPVariable_Wrap(at::Tensor) (in /e/lib/python3.8/site-packages/torch/lib/libtorch_python.so)\n==35==    by 0x10F1A2B3: pybind11::cast(at::Tensor const&) (in /w/dummy.cpython-38-x86_64-linux-gnu.so)\n==35== Process terminating with default action of signal 11 (SIGSEGV)",
        expect: "import torch, dummy",
      },
      {
        text: "$ cat run.py\nimport grid\nprint(grid.zeros(3))\n$ python run.py\nSegmentation fault (core dumped)\n$ valgrind python run.py\n==35== Invalid read of size 8\n==35==    at 0x11C6A347: THPVariable_NewWithVar(_typeobject*, at::Tensor) (in /e/torch/lib/libtorch_python.so)\n==35==    by 0x11C6AB0E: THPVariable_Wrap(at::Tensor) (in /e/torch/lib/libtorch_python.so)\n==35==    by 0x10F1A2B3: pybind11::cast(at::Tensor const&) (in /w/grid.cpython-38-x86_64-linux-gnu.so)\n==35== Process terminating with default action of signal 11 (SIGSEGV)",
        expect: "sed -i.bak -E '/^(import|from) grid\\b/i import torch' run.py",
      },
    ],
  },
  {
    id: "crash-in-two-cxx-run-times",
    title: "Two C++ run times are mixed in one process",
    on: ["exception"],
    role: "symptom",
    specificity: 63,
    matches: (finding, context) => {
      if (!crashed(finding, context)) return undefined;
      const frames = framesOf(finding);
      // Crashes in locales and streams, that is in static objects which each run time has for itself.
      const inner = frames
        .slice(0, 5)
        .filter(({ library, name }) => streams.test(name) && (/stdc\+\+|libshm|\.so/.test(library) || library === "?"));
      const outer = frames.find(
        ({ library, name }) =>
          !system.test(library) &&
          /[\\/]torch[\\/]lib[\\/]|libtorch|libc10/.test(library) &&
          !/std::|^_ZNSt/.test(name),
      );
      return inner.length === 0 || outer === undefined
        ? undefined
        : { where: outer.name.replace(/\(.*$/s, ""), library: baseName(outer.library) };
    },
    confidence: "medium",
    cause: (match) =>
      `The crash is in a locale or stream of the C++ run time, called from \`${match.facts["where"] ?? ""}\` of ${match.facts["library"] ?? ""}: two copies of libstdc++ are in the process and share one another's objects. One came with a module that was linked with -static-libstdc++ and shows its symbols, or with another environment (conda's beside the system's).`,
    fix: (match) => [
      `LD_PRELOAD=$(g++ -print-file-name=libstdc++.so.6) ${python(match)} the_program.py   # one run time for all; or import torch before the other module`,
      "# the module that is linked statically: without -static-libstdc++, or with -Wl,--exclude-libs,ALL and -fvisibility=hidden, so that it keeps its symbols to itself",
      `LD_DEBUG=libs ${python(match)} the_program.py 2>&1 | grep -E "calling init.*stdc"   # which copies are loaded`,
    ],
    sources: ["pytorch/pytorch#109923", "pytorch/pytorch#2473"],
    examples: [
      {
        text: "Program received signal SIGSEGV, Segmentation fault.\n#0  0x00007fffc24d242b in ?? () from /lib/x86_64-linux-gnu/libstdc++.so.6\n#1  0x00007fffc253d3ca in std::ostream& std::ostream::_M_insert<unsigned long>(unsigned long) () from /lib/x86_64-linux-gnu/libstdc++.so.6\n#2  0x00007fffa7f04755 in torch::Library::_fallback(torch::CppFunction&&) & () from /e/torch/lib/libtorch_cpu.so",
        expect: "-static-libstdc++",
      },
    ],
  },
  {
    id: "crash-in-string-abi",
    title: "Two forms of std::string meet",
    on: ["exception"],
    role: "symptom",
    specificity: 62,
    matches: (finding, context) => {
      if (!crashed(finding, context)) return undefined;
      const frames = framesOf(finding);
      if (
        !frames
          .slice(-3)
          .some(({ library, name }) => strings.test(name) && (/stdc\+\+/.test(library) || library === "?"))
      )
        return undefined;
      const torch = frames.find(({ library }) => /libtorch|libc10|[\\/]torch[\\/]lib[\\/]/.test(library));
      const own = frames.find(
        ({ library }) =>
          /\.(?:so|dylib)/.test(library) &&
          !system.test(library) &&
          !/libtorch|libc10|[\\/]torch[\\/]|libpython/.test(library),
      );
      return torch === undefined && own === undefined
        ? undefined
        : {
            where: (torch ?? own)?.name.replace(/\(.*$/s, ""),
            library: own === undefined ? undefined : baseName(own.library),
            file: own?.library,
          };
    },
    confidence: "medium",
    cause: (match) =>
      `The crash is in a std::string that is handed to \`${match.facts["where"] ?? ""}\`: ${match.facts["library"] === undefined ? "the library" : `\`${match.facts["library"]}\``} and torch were compiled with different values of _GLIBCXX_USE_CXX11_ABI (LibTorch's cxx11-abi download beside pip's torch up to 2.5, or the reverse), so that each takes the other's strings for memory of another form. (Or two releases of torch are mixed.)`,
    fix: (match) => [
      `${python(match)} -c "import torch; print(torch.__version__, torch._C._GLIBCXX_USE_CXX11_ABI, torch.utils.cmake_prefix_path)"   # of the torch that loads it`,
      "# compile the library against that torch: cmake -DCMAKE_PREFIX_PATH=$(python -c 'import torch; print(torch.utils.cmake_prefix_path)') …, which sets -D_GLIBCXX_USE_CXX11_ABI as it has to be",
      ...rebuild(match),
    ],
    sources: ["pytorch/pytorch#24248", "https://gcc.gnu.org/onlinedocs/libstdc++/manual/using_dual_abi.html"],
    examples: [
      {
        text: "Thread 1 received signal SIGSEGV, Segmentation fault.\n#0  0x00007ffff2c3119f in std::basic_string<char, std::char_traits<char>, std::allocator<char> >::basic_string(std::string const&) () from /usr/lib/libstdc++.so.6\n#1  0x00007fffe81d3a5c in c10::RegisterOperators::op(std::string const&) () from /e/torch/lib/libtorch.so\n#2  0x00007fffb1a2b3c4 in _GLOBAL__sub_I_ops.cpp () from /w/build/libxx.so",
        expect: "_GLIBCXX_USE_CXX11_ABI",
      },
    ],
  },
  {
    id: "crash-in-python-binding",
    title: "A module's binding to Python crashes while it is imported",
    on: ["exception"],
    role: "symptom",
    specificity: 64,
    matches: ofBinding,
    confidence: (match) => (match.facts["free"] === undefined ? "medium" : "high"),
    cause: (match) =>
      match.facts["free"] !== undefined
        ? `\`${match.facts["name"] ?? ""}\` was compiled for the usual Python, and a free-threaded one (3.13t, 3.14t) loads it: their objects have different layouts, and pybind11 crashes on them.`
        : `The crash is in pybind11 while \`${match.facts["name"] ?? ""}\` is set up: it was compiled with another pybind11 (or compiler, or Python) than a module that was loaded before it, and both take the same shared state for theirs. Releases before pybind11 2.4 crash that way beside torch.`,
    fix: (match) => {
      const name = packageAt(match);
      const again =
        name === undefined ? rebuild(match) : [pip(match, `install --upgrade ${name}`), ...reinstall(match, name)];
      return match.facts["free"] !== undefined
        ? [
            "uv venv --python 3.13   # the usual Python, without t   (conda create -n e python=3.13)",
            `# or a wheel for it (cp313t, cp314t), or build it with this Python: ${again.at(-1) ?? ""}`,
          ]
        : [
            ...again,
            "# own module: torch's own pybind11 headers (<torch>/include), or pybind11 2.13 and newer, whose state is kept apart by version and compiler",
            `${python(match)} -c "import ${match.facts["name"] ?? "the_module"}, torch"   # does the other order work?`,
          ];
    },
    sources: ["NVIDIA/TensorRT#4731", "pytorch/pytorch#8712", "pytorch/pytorch#4809"],
    examples: [
      {
        text: "Segmentation fault (core dumped)\n#0  0x00007ffeca891f3e in pybind11::dict::dict(pybind11::object&&) [clone .lto_priv.0] () from /v/lib/python3.13t/site-packages/my_ops/_C.so\n#1  0x00007ffeca895ac3 in pybind11::detail::get_internals() () from /v/lib/python3.13t/site-packages/my_ops/_C.so\n#2  0x00007ffeca89d44f in PyInit__C () from /v/lib/python3.13t/site-packages/my_ops/_C.so",
        expect: "free-threaded",
      },
      {
        text: "Program received signal SIGSEGV, Segmentation fault.\n#0  0x00007fffb53ff6c9 in pybind11::detail::make_new_python_type (rec=...) at /e/include/pybind11/detail/class.h:568\n#1  0x00007fffb5409dd1 in pybind11::detail::generic_type::initialize (rec=...) at /e/include/pybind11/pybind11.h:895\n#2  0x00007fffb53f5d0f in PyInit_fast_text () from /e/lib/python3.9/site-packages/fast_text/fast_text.so",
        expect: "pip install --upgrade fast-text",
      },
    ],
  },
  {
    id: "crash-in-named-function",
    title: "The stack trace names the function that crashed",
    on: ["exception"],
    role: "symptom",
    specificity: 46,
    matches: (finding, context) => {
      if (!crashed(finding, context)) return undefined;
      const crashedIn = framesOf(finding).find(
        ({ library, name }) =>
          !system.test(library) &&
          name !== "" &&
          !/^\?\?|^_?_?(?:GI_)?(?:raise|abort|kill|pthread_kill|cfree|free|malloc|memcpy|memmove|strlen|gsignal)\b|c10::(?:Error|detail::torch\w+Fail|ThrowException)|__cxa_|std::terminate/.test(
            name,
          ),
      );
      if (crashedIn === undefined || /libpython|^python|[\\/]bin[\\/]python/.test(crashedIn.library)) return undefined;
      const caller = framesOf(finding).find(
        ({ library, name }) => isOwnPlace(library) && !ofInterpreter.test(library) && !ofHeaders.test(name),
      );
      // What a header brings stands in the project's own code: that calls it wrongly.
      const frame =
        caller !== undefined && ofHeaders.test(crashedIn.name) && isOwnPlace(crashedIn.library) ? caller : crashedIn;
      const own = !/libtorch|libc10|libcuda|libcud|libstdc/.test(frame.library);
      // What torch prints below an exception says who threw it, not what crashed.
      if (!own && framesOf(finding).some(({ name }) => /^c10::(?:Error::Error|detail::torchCheckFail)/.test(name)))
        return undefined;
      return {
        name: frame.name.replace(/\(.*$/s, "").slice(0, 160),
        library: baseName(frame.library),
        own: own ? "yes" : undefined,
        caller:
          caller === undefined || caller === frame ? undefined : caller.name.replace(/[ (].*$/s, "").slice(0, 160),
        callerAt: caller === undefined || caller === frame ? undefined : baseName(caller.library),
        place: isOwnPlace(frame.library) ? "yes" : undefined,
        onCpu: /(?:^|_)cpu(?:_|\b)|_cpu\w*\./i.test(`${frame.name} ${baseName(frame.library)}`) ? "yes" : undefined,
      };
    },
    confidence: (match) => (match.facts["place"] === undefined ? "low" : "medium"),
    cause: (match) =>
      `The program crashed in \`${match.facts["name"] ?? ""}\` (${match.facts["library"] ?? ""})${
        match.facts["own"] === undefined
          ? `${match.facts["caller"] === undefined ? "" : `, which \`${match.facts["caller"]}\` (${match.facts["callerAt"] ?? ""}) leads to`}: torch got something that it cannot work with, from code that was compiled for another torch, from a tensor whose memory is gone, or from an object that was freed twice.`
          : ": an index out of range or a null pointer there (a tensor that was never given a value, an empty std::optional), a tensor on the GPU that is read on the CPU (or of another type than it is read as), or the library was compiled for another torch, Python or C++ ABI."
      }`,
    fix: (match) => [
      ...(match.facts["place"] === undefined
        ? [
            ...(match.facts["callerAt"] === undefined
              ? []
              : [`# look at ${match.facts["callerAt"]}: what does it hand to torch, or free?`]),
            ...rebuildLater(match),
          ]
        : [
            `# look at ${match.facts["library"] ?? ""}: is each index within the tensor's size, each pointer of the right type?`,
            match.facts["onCpu"] === undefined
              ? '# at the beginning of the function: TORCH_CHECK(x.is_cuda(), "x must be on the GPU") or x.is_cpu(), as it needs; x.is_contiguous(), x.scalar_type()'
              : '# at the beginning of the function: TORCH_CHECK(x.is_cpu(), "x must be on the CPU") for each tensor: one on the GPU, read on the CPU, crashes like that; a caller that has it on the GPU: x.cpu(), or the function for CUDA',
            ...rebuildLater(match),
          ]),
      `# if it stays: compile with -g -O1, then gdb -batch -ex run -ex bt --args ${python(match)} the_program.py   shows the line; -fsanitize=address finds accesses out of range`,
      "# check in the function: x.is_contiguous(), x.device(), x.scalar_type() before x.data_ptr<T>() or x.accessor<T, N>()",
    ],
    sources: ["https://docs.pytorch.org/tutorials/advanced/cpp_extension.html"],
    examples: [
      {
        text: "Segmentation fault (core dumped)\n#0  0x00007f00 in nms_cpu (boxes=...) at nms.cpp:42\n#1  0x00007f01 in PyObject_Call () from /usr/bin/python3",
        expect: "nms_cpu",
      },
      {
        text: "Program terminated with signal SIGSEGV, Segmentation fault.\n#0  0x00007f00 in at::TensorBase::data_ptr<float> (this=0x0) at /e/lib/python3.10/site-packages/torch/include/ATen/core/TensorBase.h:602\n#1  0x00007f01 in add_bias (x=..., bias=...) at /w/csrc/bias.cpp:33\n#2  0x00007f02 in cfunction_call (func=0x7f) at Objects/methodobject.c:543",
        expect: "crashed in `add_bias` (bias.cpp:33)",
      },
      {
        text: "free(): invalid pointer\n#0  0x00007f00 in raise () from /lib/x86_64-linux-gnu/libc.so.6\n#1  0x00007f01 in free () from /lib/x86_64-linux-gnu/libc.so.6\n#2  0x00007f02 in c10::TensorImpl::~TensorImpl() () from /v/lib/python3.9/site-packages/torch/lib/libc10.so\n#3  0x00007f03 in Ring::~Ring (this=0x55) at /w/csrc/ring.cpp:61",
        expect: "which `Ring::~Ring` (ring.cpp:61) leads to",
      },
      {
        text: "Thread 1 received signal SIGSEGV, Segmentation fault.\n#0  0x00007f00 in iou_cpu_kernel<float> (boxes=...) at /w/csrc/iou_cpu.cpp:27\n#1  0x00007f01 in iou (boxes=...) at /w/csrc/iou.h:19\n#2  0x00007f02 in PyObject_Call () from /usr/bin/python3",
        expect: "TORCH_CHECK(x.is_cpu()",
      },
    ],
  },
];
