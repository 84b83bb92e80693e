/** Modules that a process can start once, and in its first interpreter alone: what happens when it is asked for them again. */
import { python } from "../commands/commands.ts";
import { framesAt } from "../matchers.ts";
import { type Match, type Rule, saidAny } from "../rule.ts";

const subinterpreters = "https://docs.python.org/3/c-api/subinterpreters.html";

/** Servers that give each site an interpreter of its own, and how they are told not to. */
const servers: readonly (readonly [form: RegExp, line: string])[] = [
  [
    /mod_wsgi|wsgi:error|httpd|apache/i,
    "# Apache: in the site's configuration WSGIApplicationGroup %{GLOBAL}, then restart Apache; the site runs in the first interpreter then",
  ],
  [/uwsgi/i, "# uWSGI: single-interpreter = true in its .ini (or --single-interpreter), then restart it"],
];

function serverOf({ finding, context }: Match): string | undefined {
  const texts = [finding, ...context.findings].map(({ text, file = "" }) => `${text} ${file}`);
  return servers.find(([form]) =>
    [...texts, ...framesAt({ finding, context, facts: {} })].some((text) => form.test(text)),
  )?.[1];
}

export const oneInterpreterRules: readonly Rule[] = [
  {
    id: "module-once-per-process",
    title: "A compiled module is started a second time in one process",
    on: ["exception"],
    specificity: 82,
    matches: (finding) =>
      saidAny(
        finding,
        /(?<numpy>CPU dispatcher tracer already initi?al?i[sz]ed|CPU dispatcher tracer already initlized)/,
        /(?<numpy>cannot load module more than once per process)/,
        /(?<inside>Interpreter change detected) - this module can only be loaded into one interpreter per process/,
        /module (?<module>[\w.]+) does not support loading in (?<inside>subinterpreters)/,
        /(?<inside>PyO3 modules (?:do not yet support subinterpreters|(?:compiled for .{1,40} )?may only be initialized once per interpreter process))/,
      ),
    confidence: "high",
    cause: (match) =>
      match.facts["inside"] === undefined
        ? "NumPy's compiled part is started a second time in this process: the interpreter was closed and opened again (Py_Finalize and Py_Initialize in a program that embeds Python), or numpy was taken out of sys.modules and imported once more. What it set up the first time is still there, and a process can hold it once."
        : `A compiled module${match.facts["module"] === undefined ? "" : ` (\`${match.facts["module"]}\`)`} is imported in another interpreter than the one that loaded it first, and it is made for one in a process (torch, NumPy and most extensions are): a server that keeps an interpreter for each site (mod_wsgi, uWSGI, Ceph), Py_NewInterpreter, or Python opened again after Py_Finalize.`,
    fix: (match) => {
      const server = serverOf(match);
      return [
        ...(server === undefined ? [] : [server]),
        "# a program that embeds Python: Py_Initialize once at its start, Py_Finalize once at its end (or never), and all calls in between with the GIL in that one interpreter",
        ...(server === undefined
          ? [
              "# a server: one interpreter for all sites (mod_wsgi: WSGIApplicationGroup %{GLOBAL}; uWSGI: single-interpreter = true), or each in a process of its own",
            ]
          : []),
        "# Python code: no del sys.modules['numpy'], no importlib.reload of a package with compiled parts; a new process in its place",
      ];
    },
    sources: ["numpy/numpy#28271", "flightaware/tohil#89", "qoretechnologies/qore#4281", subinterpreters],
    examples: [
      {
        text: '  File ".venv/lib/python3.12/site-packages/numpy/_core/__init__.py", line 23, in <module>\n    from . import multiarray\nRuntimeError: CPU dispatcher tracer already initlized',
        expect: "Py_Initialize once",
      },
      { text: "ImportError: cannot load module more than once per process", expect: "sys.modules" },
      {
        text: "ImportError: Interpreter change detected - this module can only be loaded into one interpreter per process.",
        expect: "WSGIApplicationGroup",
      },
      {
        text: "[wsgi:error] [pid 81] [client 10.0.0.1:1] ImportError: module torch._C does not support loading in subinterpreters",
        expect: "# Apache: in the site's configuration WSGIApplicationGroup %{GLOBAL}",
      },
      {
        text: "ImportError: PyO3 modules do not yet support subinterpreters, see https://github.com/PyO3/pyo3/issues/576",
        expect: "one interpreter",
      },
    ],
  },
  {
    id: "torch-imported-again",
    title: "torch is imported a second time in one process",
    on: ["exception"],
    specificity: 84,
    matches: (finding) => {
      const facts = saidAny(
        finding,
        /^name ['"](?<name>_C)['"] is not defined/,
        /function ['"](?<name>_has_torch_function\w*)['"] already has a docstring/,
      );
      const own = finding.frames?.some((frame) => /[\\/]torch[\\/](?:__init__|overrides|functional)\.py:/.test(frame));
      return facts !== undefined && (own === true || facts["name"] !== "_C") ? facts : undefined;
    },
    confidence: "high",
    cause: () =>
      "torch's Python files are run a second time in a process whose compiled part of torch is there already, and that part starts once: an import failed before and is tried again in the same session (a notebook after pip install), torch was taken out of sys.modules or reloaded, or a test runner or debugger imports it anew. Nothing has to be built.",
    fix: (match) => [
      ...(match.context.log.notebook
        ? ["# restart the kernel (Kernel > Restart, Colab: Runtime > Restart session), then run the cells from the top"]
        : []),
      `${python(match)} -c "import torch; print(torch.__version__, torch.__file__)"   # in a new process: if this works, nothing is wrong with the installation; if not, its message is the cause`,
      ...(match.context.log.notebook
        ? []
        : [
            "# notebook: restart the kernel; program: no sys.modules.pop('torch'), no importlib.reload(torch), no second interpreter; what needs a fresh torch gets a process of its own (multiprocessing with spawn, subprocess)",
          ]),
    ],
    sources: ["pytorch/pytorch#91039", "pytorch/pytorch#6998"],
    examples: [
      {
        text: 'Traceback (most recent call last):\n  File "/w/test.py", line 10, in <module>\n    import torch\n  File "/home/a/.local/lib/python3.10/site-packages/torch/__init__.py", line 233, in <module>\n    for name in dir(_C):\nNameError: name \'_C\' is not defined',
        expect: "in a new process",
      },
      {
        text: "RuntimeError: function '_has_torch_function' already has a docstring",
        expect: "sys.modules.pop",
      },
    ],
  },
];
