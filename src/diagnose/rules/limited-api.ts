/** Python's limited API (abi3): code that uses more than it, and Pythons that do not have it. */
import type { Finding } from "../finding.ts";
import { about, ofLog } from "../matchers.ts";
import { pip, platformOf, rebuild } from "../commands/commands.ts";
import { commandAgain } from "../commands/failed-command.ts";
import { type Match, placeOf, type Rule, type RuleContext, said, saidAny } from "../rule.ts";

/** Not in the limited API, or only late, and in every Python otherwise. Source: "Contents of Limited API" of CPython. */
const whole =
  /^(?:Py_buffer|PyObject_(?:CheckBuffer|GetBuffer)|PyBuffer_\w+|PyMemoryView_FromBuffer|PyGILState_Check|PyThreadState_GET|_PyInterpreterState_GET|PyUnicode_(?:DATA|READY|KIND)|PyTuple_[SG]ET_(?:ITEM|SIZE)|PyList_[SG]ET_(?:ITEM|SIZE)|Py(?:Frame|HeapType|List|Tuple|Dict|Long|Float|Unicode|Bytes|InstanceMethod|CFunction|Module)Object|_PyObject_GetDictPtr)$/;

function wholeInPybind11(finding: Finding): boolean {
  return /[\\/]pybind11[\\/]/.test(finding.file ?? "") && about(finding, whole) !== undefined;
}

/** Whether the code is compiled with the limited API: the command says so, or pybind11 lacks what every Python has. */
export function limitsApi({ log, findings }: RuleContext): boolean {
  return log.limitedApi !== undefined || findings.some(wholeInPybind11);
}

const noFreeThreads =
  /limited api.{0,60}free.?thread|free.?thread.{0,80}limited api|(?:Py_LIMITED_API|abi3).{0,80}(?:Py_GIL_DISABLED|free.?thread)|(?:Py_GIL_DISABLED|free.?thread).{0,80}(?:Py_LIMITED_API|abi3)/i;

/** A build from nothing, in the words of the text where it has some. */
function builtAgain(match: Match): readonly string[] {
  if (match.context.log.namesRetorch) return rebuild(match);
  return ["rm -rf build", ...(commandAgain(match) ?? [pip(match, "install --no-build-isolation .")])];
}

export const limitedApiRules: readonly Rule[] = [
  {
    id: "limited-api-free-threaded",
    title: "A free-threaded Python has no limited API",
    on: ["compile", "exception", "installer", "build-tool"],
    specificity: 88,
    matches: (finding) =>
      finding.severity === "warning" || !noFreeThreads.test(finding.message)
        ? undefined
        : { python: /python(?<version>3\.\d+)t\b/.exec(`${finding.file ?? ""} ${finding.text}`)?.groups?.["version"] },
    confidence: "high",
    cause: (match) =>
      `The build is for a free-threaded Python${match.facts["python"] === undefined ? "" : ` (${match.facts["python"]}t)`}, and asks for the limited API (Py_LIMITED_API, py_limited_api=True, abi3), which free-threaded Pythons before 3.15 do not have.`,
    fix: (match) => [
      `# with the ordinary Python: uv venv --python ${match.facts["python"] ?? "3.13"}   (or conda create -n gil "python=${match.facts["python"] ?? "3.13"}" python-gil), and build there`,
      "# or without the limited API: no -DPy_LIMITED_API (CMake: no USE_SABI in Python_add_library), no py_limited_api in setup.py and setup.cfg, no wheel.py-api in pyproject.toml (retorch.toml: no py-limited-api)",
      '# a project for both, in setup.py: py_limited_api = not sysconfig.get_config_var("Py_GIL_DISABLED")',
    ],
    sources: [
      "python/cpython#111506",
      "https://docs.python.org/3/howto/free-threading-extensions.html#limited-c-api-and-stable-abi",
    ],
    examples: [
      {
        text: '/e/include/python3.13t/object.h:100:2: error: #error "The limited API is not currently supported in the free-threaded build"',
        expect: "py_limited_api",
      },
      {
        text: '/e/include/python3.14t/Python.h:51:4: error: "The limited API is not currently supported in the free-threaded build"',
        expect: "--python 3.14 ",
      },
      {
        text: "ValueError: `py_limited_api='cp39'` not supported. `Py_LIMITED_API` is currently incompatible with `Py_GIL_DISABLED`. See https://github.com/python/cpython/issues/111506.",
        expect: "free-threaded",
      },
    ],
  },
  {
    id: "limited-api-with-pybind11",
    title: "pybind11 does not go with Python's limited API",
    on: ["compile"],
    specificity: 83,
    matches: (finding, context) =>
      said(finding, /#error.*(?<name>Py_LIMITED_API|limited API)/) ??
      about(finding, whole) ??
      about(finding, /^PyTypeObject$/) ??
      (ofLog(context, limitsApi)
        ? (about(finding, /^_?Py[A-Z]\w*$/) ??
          saidAny(
            finding,
            /incomplete (?:class )?type.*[‘'"“](?:struct )?(?<name>_?Py\w+|_(?:typeobject|object|ts|frame))/,
          ))
        : undefined),
    confidence: (match) => (match.context.log.limitedApi === undefined ? "medium" : "high"),
    cause: (match) =>
      /limited/i.test(match.facts["name"] ?? "")
        ? `${placeOf(match.finding)} refuses Py_LIMITED_API (py_limited_api=True): pybind11 and torch/extension.h use the whole API of Python.`
        : `\`${match.facts["name"] ?? ""}\` is not part of Python's limited API (Py_LIMITED_API, py_limited_api=True${match.facts["name"] === "Py_buffer" ? "; Py_buffer came into it with 3.11" : ""}), and pybind11 and torch/extension.h use the whole API.`,
    fix: (match) => [
      ...(platformOf(match) === "win32"
        ? []
        : [
            `sed -i.bak -E "s/py_limited_api([\\"']?) *([=:]) *True/py_limited_api\\1\\2False/g; s/[\\"']py_limited_api[\\"'] *: *[\\"']cp3[0-9]+[\\"'],? *//g; s/[\\"']-D *Py_LIMITED_API[^\\"']*[\\"'],? *//g" setup.py   # built without the limited API: one wheel for each Python`,
            ...builtAgain(match),
          ]),
      "# or keep it, and bind with TORCH_LIBRARY only: in .cpp and .cu, torch/library.h, ATen/ATen.h and Python.h in place of torch/extension.h and pybind11 (no PYBIND11_MODULE)",
      "# without the limited API by hand: py_limited_api=False in setup.py (CppExtension, CUDAExtension and bdist_wheel), no -DPy_LIMITED_API (retorch.toml: no py-limited-api)",
    ],
    sources: ["pytorch/extension-cpp#112", "https://docs.pytorch.org/tutorials/advanced/cpp_custom_ops.html"],
    examples: [
      { text: 'bind.h(12): error: identifier "Py_buffer" is undefined', expect: "limited API" },
      {
        text: '$ python setup.py bdist_wheel\n/usr/local/cuda/bin/nvcc -c csrc/add.cu -o build/add.o -DPy_LIMITED_API=0x030a0000 -DTORCH_EXTENSION_NAME=_C\n/e/lib/python3.12/site-packages/torch/include/pybind11/cast.h(1819): error: identifier "PyGILState_Check" is undefined',
        expect:
          "setup.py   # built without the limited API: one wheel for each Python\nrm -rf build\npython setup.py bdist_wheel",
      },
      {
        text: "g++ -DPy_LIMITED_API=0x03090000 -c a.cpp\n/e/torch/include/pybind11/detail/internals.h:73:12: error: ‘PyInterpreterState_Get’ was not declared in this scope",
        expect: "TORCH_LIBRARY",
      },
    ],
  },
];
