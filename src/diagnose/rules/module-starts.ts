/** What Python says of a module that was loaded: its init function, and what that declares. Finding the file is for `loading.ts`. */
import { python, rebuild } from "../commands/commands.ts";
import { type Rule, said } from "../rule.ts";

export const moduleStartRules: readonly Rule[] = [
  {
    id: "init-function-failed",
    title: "The module's init function went wrong",
    on: ["exception"],
    specificity: 76,
    matches: (finding) =>
      said(
        finding,
        /initialization of (?<module>[\w.]+) (?:did not return an extension module|failed without raising an exception|raised unreported exception)/,
      ),
    confidence: "medium",
    cause: (match) =>
      `\`PyInit\` of \`${match.facts["module"] ?? ""}\` returned something that this Python does not take for a module: the file was compiled against the headers of another Python (another version, a debug or a free-threaded build), with a pybind11 that is too old for it, or the function is not made by PYBIND11_MODULE.`,
    fix: (match) => [
      `${python(match)} -c "import sys, sysconfig; print(sys.version, sysconfig.get_paths()['include'])"   # the headers to compile with`,
      ...rebuild(match),
    ],
    sources: ["https://docs.python.org/3/c-api/module.html#initializing-c-modules"],
    examples: [
      { text: "SystemError: initialization of _C did not return an extension module", expect: "another Python" },
    ],
  },
  {
    id: "extension-switches-gil-on",
    title: "The extension switches the GIL of a free-threaded Python on",
    on: ["warning"],
    role: "advice",
    specificity: 70,
    matches: (finding) =>
      said(finding, /global interpreter lock \(GIL\) has been enabled to load module '(?<module>[^']+)'/),
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["module"] ?? ""}\` does not say that it can run without the GIL, so the free-threaded Python takes it back for the whole process. Nothing fails, it is slower.`,
    fix: () => [
      "# in the sources, when they are safe for threads: PYBIND11_MODULE(TORCH_EXTENSION_NAME, m, py::mod_gil_not_used())   (pybind11 2.13 and newer)",
      "PYTHON_GIL=0 python the_program.py   # at your own risk",
    ],
    sources: ["https://docs.python.org/3/howto/free-threading-extensions.html"],
    examples: [
      {
        text: "<frozen importlib._bootstrap>:491: RuntimeWarning: The global interpreter lock (GIL) has been enabled to load module 'my_ops._C', which has not declared that it can run safely without the GIL.",
        expect: "mod_gil_not_used",
      },
    ],
  },
];
