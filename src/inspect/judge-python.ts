/**
 * Whether `import` takes a module: its name, its ending, its Python. What it calls of Python is looked up with the other
 * symbols. A module that is loaded by its path, as `torch.compile` does with what it caches, is not asked for its name.
 */
import { isLoadedByPath } from "./python-facts.ts";
import type { PythonTag } from "./python-tag.ts";
import type { ExtensionReport } from "./report.ts";
import type { JudgeEnvironment, Problem } from "./verdict.ts";

type Interpreter = NonNullable<JudgeEnvironment["python"]>;

/** What stands against importing it; of files that are no modules, nothing. */
export function pythonProblems(report: ExtensionReport, environment: JudgeEnvironment): Problem[] {
  const { python } = environment;
  const { tag, modules } = report.python;
  if (report.kind !== "python-module" || isLoadedByPath(report.name)) return [];
  const problems: Problem[] = [];
  // The module of `pkg/__init__.….so` has the name of its package.
  const isPackage = tag?.module === "__init__" && modules.length > 0;
  const isOther = tag !== undefined && modules.length > 0 && !modules.includes(tag.module);
  if (isOther && !isPackage && !isWindowsDebug(report)) {
    const isPrefixed = modules.includes(tag.module.replace(/^lib/, ""));
    problems.push({
      kind: "wrong-module-name",
      severity: "error",
      owner: "python",
      what: `The file is named \`${tag.module}\`, but the module in it is \`${modules.join("`, `")}\``,
      why: `\`import ${tag.module}\` asks for \`PyInit_${tag.module}\`, which it does not define`,
      fix: isPrefixed
        ? `Name the file \`${tag.module.slice(3)}${tag.suffix}\`: in CMake \`set_target_properties(${tag.module.slice(3)} PROPERTIES PREFIX "")\`, or \`Python_add_library(… MODULE WITH_SOABI …)\` in place of \`add_library\``
        : `Name the file \`${modules[0] ?? ""}${tag.suffix}\`, or give the module the name \`${tag.module}\` (\`PYBIND11_MODULE(TORCH_EXTENSION_NAME, m)\`)`,
    });
  }
  if (python === undefined) return problems;
  const versions = tag === undefined ? [] : [...tagProblems(tag, python), ...limitedProblems(report, tag, python)];
  // Another version says why the ending is another one.
  if (versions.every(({ severity }) => severity === "warning")) problems.push(...endingProblems(report, environment));
  return [...problems, ...versions];
}

function wrongPython(what: string, why: string, { executable }: Interpreter): Problem {
  return {
    kind: "wrong-python",
    severity: "error",
    owner: "python",
    what,
    why,
    fix: `Build it again for this interpreter: \`retorch build --python ${executable}\``,
  };
}

const isPyPy = ({ implementation }: Interpreter): boolean => /pypy/i.test(implementation);

function tagProblems(tag: PythonTag, python: Interpreter): Problem[] {
  if (tag.version === undefined) return [];
  const have = python.version.slice(0, 2).join(".");
  const kind = tag.implementation === "pypy" ? "PyPy" : "CPython";
  const own = `${kind} ${tag.version.join(".")}${tag.freeThreaded ? " (free-threaded)" : ""}`;
  const sameVersion = tag.version[0] === python.version[0] && tag.version[1] === python.version[1];
  const sameKind = (tag.implementation === "pypy") === isPyPy(python);
  if (sameVersion && sameKind && tag.freeThreaded === python.freeThreaded) return [];
  const here = `${isPyPy(python) ? "PyPy" : "CPython"} ${have}${python.freeThreaded ? " (free-threaded)" : ""}`;
  return [
    wrongPython(
      `It is for ${own}, and the interpreter is ${here}`,
      `\`import\` looks for names that end in \`${python.extensionSuffix}\``,
      python,
    ),
  ];
}

function limitedProblems(report: ExtensionReport, tag: PythonTag, python: Interpreter): Problem[] {
  if (!tag.abi3) return [];
  const problems: Problem[] = [];
  const have = python.version.slice(0, 2).join(".");
  if (python.freeThreaded && !tag.freeThreaded) {
    problems.push(
      wrongPython(
        "Modules of the limited API cannot be loaded by a free-threaded Python",
        "Its objects have another layout",
        python,
      ),
    );
  }
  // Names may have been there before they became part of it.
  const since = report.python.limitedApi?.loadsSince;
  if (
    since !== undefined &&
    (since[0] > python.version[0] || (since[0] === python.version[0] && since[1] > python.version[1]))
  ) {
    problems.push(
      wrongPython(
        `It uses functions of the limited API that Python has since ${since.join(".")}, and the interpreter is Python ${have}`,
        "An abi3 module runs on the Python that it was built for and later ones",
        python,
      ),
    );
  }
  const others = report.python.limitedApi?.others ?? [];
  if (others.length > 0) {
    problems.push({
      kind: "note",
      severity: "warning",
      owner: "python",
      what: `It is named \`abi3\`, but uses ${others.length === 1 ? `\`${others[0] ?? ""}\`, which is` : `${others.length} names (\`${others[0] ?? ""}\`, …) that are`} not in the limited API`,
      why: "On another Python these may be missing or of another layout",
      fix: "Define `Py_LIMITED_API` when compiling (`py-limited-api` in retorch.toml), or drop `abi3` from the name",
    });
  }
  return problems;
}

/**
 * Endings that an interpreter's `import` looks for: Python/dynload_shlib.c, dynload_win.c, `_PyImport_DynLoadFiletab`. A build for
 * debugging takes modules of the plain one, too.
 */
function endingsOf(python: Interpreter, platform: JudgeEnvironment["platform"]): readonly string[] {
  const { extensionSuffix, abi3Suffix } = python;
  const plain = extensionSuffix.replace(/^(\.(?:cpython-|cp)\d+t?)d(?=[-.])/, "$1");
  if (platform === "win32") return [extensionSuffix, extensionSuffix.startsWith("_d") ? "_d.pyd" : ".pyd"];
  const endings = [extensionSuffix, plain, abi3Suffix, ".abi3.so", ".so"];
  return [...new Set(endings.filter((ending) => ending !== ""))];
}

/** `ops_d.cp311-win_amd64.pyd` with the module `ops`, which a debug build of Windows looks for. */
function isWindowsDebug({ platform, python: { tag, modules } }: ExtensionReport): boolean {
  return platform === "win32" && modules.some((module) => tag?.module === `${module}_d`);
}

function endingProblems(report: ExtensionReport, { python, platform }: JudgeEnvironment): Problem[] {
  const [, stem = "", ending = ""] = /^([^.]+)(\..+)$/.exec(report.name) ?? [];
  // A versioned library may be what a link is to, or what a module needs.
  if (python === undefined || isPyPy(python) || ending === "" || /\.so(?:\.\d+)+$/.test(ending)) return [];
  const endings = endingsOf(python, platform);
  const own = isWindowsDebug(report) ? `_d${ending}` : ending;
  // The file systems of the others know no capitals.
  const plain = (text: string): string => (platform === "linux" ? text : text.toLowerCase());
  if (endings.some((one) => plain(one) === plain(own))) return [];
  const module = report.python.modules.includes(stem) ? stem : (report.python.modules[0] ?? stem);
  const { tag } = report.python;
  const listed = endings.map((one) => `\`${one}\``).join(", ");
  const why = `\`import\` looks for names that end in ${listed}: \`No module named '${module}'\``;
  const wrong = (what: string): Problem[] => [wrongPython(what, why, python)];
  if (tag?.debug === true || isWindowsDebug(report))
    return wrong("It is for a debug build of Python, and the interpreter is none");
  if (tag?.abi3 === true && tag.freeThreaded)
    return wrong(
      `It is named for the stable ABI of free-threaded Pythons (\`${ending}\`), which this one does not take`,
    );
  if (tag?.platform !== undefined && !python.extensionSuffix.includes(tag.platform))
    return wrong(`Its name says that it is for \`${tag.platform}\`, and the interpreter is for another platform`);
  // A name with another dot and the whole ending is a variant that some loader picks by its path, as mpi4py's do.
  const isVariant = report.name.endsWith(python.extensionSuffix);
  return [
    {
      kind: "wrong-module-name",
      severity: isVariant ? "warning" : "error",
      owner: "python",
      what: `\`import\` does not find a file that is named \`${report.name}\``,
      why,
      fix: `Name it \`${module}${python.extensionSuffix}\``,
    },
  ];
}
