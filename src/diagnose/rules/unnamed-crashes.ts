/** Crashes whose trace names no function of the project, if there is one: a start of CUDA, a stack that was overwritten, the word alone. */
import { rebuildLater } from "../commands/rebuild-later.ts";
import { platformOf, python, rebuild, setVariable } from "../commands/commands.ts";
import { ofLog } from "../matchers.ts";
import { coded, type Match, type Rule, type RuleContext, said } from "../rule.ts";
import { crashedProgram } from "../commands/programs.ts";

/** The call in the project's own Python that Python's dump of a crash ends in: it stands last. */
function ownCall({ context }: Match): string | undefined {
  const dump = context.findings.find((finding) => coded(finding, "Fatal Python error") !== undefined);
  const frame = dump?.frames?.findLast((each) => !/[\\/]ctypes[\\/]|<frozen |[\\/]importlib[\\/]/.test(each));
  return frame === undefined || /[\\/](?:site|dist)-packages[\\/]|[\\/]lib[\\/]python\d|<\w+>/.test(frame)
    ? undefined
    : frame.split(" » ")[0];
}

/** What Windows' status says of the end of a process. Source: NTSTATUS values of [MS-ERREF]. */
function windowsStatus(text: string): string {
  if (/0x[cC]0000005\b|-1073741819\b|\b3221225477\b/.test(text))
    return "0xC0000005 (-1073741819) is an access violation, what is a segmentation fault elsewhere. ";
  if (/0x[cC]0000409\b|-1073740791\b|\b3221226505\b/.test(text))
    return "0xC0000409 (-1073740791) says that the program ended itself: abort(), an exception that nobody caught, or a local array that was written past its end. ";
  if (/0x[cC]0000374\b|-1073740940\b|\b3221226356\b/.test(text))
    return "0xC0000374 (-1073740940) says that the heap is corrupted: memory was written past its end, or freed twice or by another run time than the one that gave it. ";
  return "";
}

/** Whether the log is of a build that failed, and of no program that ran. */
function whileBuilding({ findings }: RuleContext): boolean {
  return findings.some(
    ({ kind, tool, message }) =>
      kind === "wrapper" &&
      (tool === "ninja" ||
        tool === "make" ||
        tool === "cmake" ||
        /CalledProcessError.*['"](?:cmake|ninja|make)['"]/.test(message)),
  );
}

export const unnamedCrashRules: readonly Rule[] = [
  {
    id: "crash-when-cuda-starts",
    title: "The program crashes when torch asks the driver for GPUs",
    on: ["exception"],
    role: "symptom",
    specificity: 62,
    matches: (finding) => {
      if (coded(finding, "Fatal Python error") === undefined) return undefined;
      const frame = (finding.frames ?? [])
        .slice(-3)
        .find((each) =>
          /[\\/]torch[\\/]cuda[\\/]__init__\.py:\d+ (?:is_available|_lazy_init|_lazy_call|device_count|current_device|get_device_\w+|init)\b/.test(
            each,
          ),
        );
      return frame === undefined ? undefined : { call: / (\w+)(?: »|$)/.exec(frame)?.[1] };
    },
    confidence: "medium",
    cause: (match) =>
      `The crash is in torch.cuda.${match.facts["call"] ?? "init"}(), torch's first call to the GPU's driver, before any code of yours or of an extension runs on the GPU: the driver is older than the CUDA of this torch, or was installed by half, or this build of torch is at fault (nightlies for a new CUDA were).`,
    fix: (match) => [
      `nvidia-smi   # does it work, and which CUDA does it know (top right)? It has to be as new as torch.version.cuda: else a newer driver`,
      `${python(match)} -c "import torch; print(torch.__version__, torch.version.cuda)"   # a nightly (dev): the release, or a newer nightly`,
      "# without a GPU: the torch of https://download.pytorch.org/whl/cpu",
    ],
    sources: ["pytorch/pytorch#162333", "https://docs.python.org/3/library/faulthandler.html"],
    examples: [
      {
        text: 'Windows fatal exception: access violation\n\nCurrent thread 0x00001980 (most recent call first):\n  File "C:\\e\\lib\\site-packages\\torch\\cuda\\__init__.py", line 182 in is_available\n  File "<stdin>", line 1 in <module>',
        expect: "torch.cuda.is_available()",
      },
    ],
  },
  {
    id: "stack-overwritten",
    title: "Compiled code wrote past a local array",
    on: ["exception"],
    role: "symptom",
    specificity: 48,
    matches: (finding) =>
      coded(finding, "stack") === undefined
        ? undefined
        : said(finding, /(?<what>stack smashing|buffer overflow) detected/),
    confidence: "medium",
    cause: (match) =>
      match.facts["what"] === "buffer overflow"
        ? "The C library's checks (_FORTIFY_SOURCE) saw a copy or a format (memcpy, strcpy, sprintf, read) that is larger than the array that it writes to, and ended the program."
        : "A function of compiled code wrote past one of its local arrays (gcc's -fstack-protector saw it when the function returned): a fixed size such as `float buf[16]` that the input exceeds, or a struct or class that the caller and the library lay out differently, because they were compiled with other headers, another C++ ABI or other flags (a build for another torch, OpenCV, ROCm or CUDA).",
    fix: (match) => [
      ...rebuild(match),
      `gdb -batch -ex run -ex bt --args ${python(match)} the_program.py   # the frame above __stack_chk_fail is the function`,
      "# own code: compile with -g -O1 -fsanitize=address, which names the array and the line",
    ],
    sources: [
      "vchoutas/torch-mesh-isect#22",
      "pytorch/pytorch#22565",
      "https://gcc.gnu.org/onlinedocs/gcc/Instrumentation-Options.html",
    ],
    examples: [
      { text: "*** stack smashing detected ***: python terminated\nAborted (core dumped)", expect: "__stack_chk_fail" },
      { text: "*** buffer overflow detected ***: terminated", expect: "_FORTIFY_SOURCE" },
    ],
  },
  {
    id: "crash-in-native-code",
    title: "The program crashed in native code",
    on: ["exception"],
    role: "symptom",
    specificity: 35,
    matches: (finding) => coded(finding, "segfault", "Fatal Python error", "terminate", "heap"),
    confidence: "low",
    cause: (match) =>
      ofLog(match.context, whileBuilding)
        ? "A program of the build crashed (the compiler, nvcc, cmake), not the code that is built: most often memory ran out, a processor is emulated (docker --platform), or the tool does not fit the system. The same command with one job tells which."
        : ownCall(match) !== undefined
          ? `Compiled code died in the call that ${ownCall(match) ?? ""} makes: an index out of range or a null pointer in that function, a tensor on another device or of another type, size or layout than it takes it for, or a library that was compiled for another torch or Python.`
          : `${windowsStatus(match.finding.text)}A crash in compiled code has many causes: an extension built for another torch, Python or C++ ABI than the installed one, an index out of range in C++, or two OpenMP or CUDA run times in one process.`,
    fix: (match) =>
      ofLog(match.context, whileBuilding)
        ? [
            `${setVariable(match, "MAX_JOBS", "1")}   # one at a time, and again: the last command before the crash is the one that does it`,
            ...(match.context.log.docker || match.context.log.wsl
              ? [
                  "# more memory: Docker Desktop > Resources; WSL: [wsl2] memory=16GB in %UserProfile%\\.wslconfig, then wsl --shutdown",
                ]
              : ["free -g; dmesg | tail   # did memory run out?"]),
            "uname -m   # in a container of another processor (qemu) compilers crash: build on that processor",
          ]
        : [
            // Modules of torch's types crash when torch is not there yet.
            ...(match.context.log.imports.length > 0 && match.context.log.imports[0] !== "torch"
              ? [
                  `${python(match)} -c "import torch, ${match.context.log.imports.filter((name) => name !== "torch").join(", ")}"   # torch first: an extension needs it to be loaded before`,
                ]
              : []),
            ...(crashedProgram(match) === undefined
              ? [
                  `${python(match)} -X faulthandler the_program.py   # which call`,
                  ...(platformOf(match) === "win32"
                    ? []
                    : [`gdb -batch -ex run -ex bt --args ${python(match)} the_program.py   # which C++ function`]),
                ]
              : [
                  `gdb -batch -ex run -ex bt --args ${crashedProgram(match) ?? ""}   # which C++ function`,
                  "# in a destructor or at the exit: the program and LibTorch hold strings or containers of two C++ ABIs or run times: one compiler (gcc 7 or newer, the one that LibTorch was built with), -D_GLIBCXX_USE_CXX11_ABI as find_package(Torch) sets it, one libstdc++ (ldd), and no LibTorch linked statically beside a shared one",
                ]),
            ...(platformOf(match) === "win32"
              ? [
                  "# the newest Visual C++ run time: https://aka.ms/vs/17/release/vc_redist.x64.exe   (what Visual Studio 2022 17.10 and newer compiled crashes in std::mutex when an older msvcp140.dll is loaded, of the system or of a Python or conda)",
                ]
              : []),
            ...(match.context.log.builtAtRunTime && match.context.log.jitFolder === undefined
              ? [
                  platformOf(match) === "win32"
                    ? 'rmdir /s /q "%LOCALAPPDATA%\\torch_extensions"   # the extension that load() built: it is built anew'
                    : "rm -rf ~/.cache/torch_extensions   # the extension that load() built: it is built anew",
                ]
              : rebuildLater(match)),
          ],
    sources: ["https://docs.python.org/3/library/faulthandler.html"],
    examples: [
      {
        text: '$ pytest -v tests\nFatal Python error: Segmentation fault\n\nCurrent thread 0x00007f00 (most recent call first):\n  File "/w/rope/rope/ops.py", line 44 in apply\n  File "/w/rope/tests/test_rope.py", line 31 in test_values',
        expect: "--args python -m pytest -v tests",
      },
      {
        text: 'Fatal Python error: Segmentation fault\n\nCurrent thread 0x00007f00 (most recent call first):\n  File "/w/rope/rope/ops.py", line 44 in apply\n  File "/w/rope/tests/test_rope.py", line 31 in test_values',
        expect: "the call that /w/rope/rope/ops.py:44 apply makes",
      },
      { text: "Segmentation fault (core dumped)", expect: "faulthandler" },
      { text: "zsh: segmentation fault  python test.py", expect: "faulthandler" },
      {
        text: "*** Error in `./main': free(): invalid pointer: 0x00007ff95efac970 ***",
        expect: "bt --args ./main",
      },
      {
        text: "subprocess.CalledProcessError: Command '['cmake', '/w/vllm', '-G', 'Ninja']' returned non-zero exit status 1.\nSegmentation fault (core dumped)",
        expect: "MAX_JOBS",
      },
    ],
  },
];
