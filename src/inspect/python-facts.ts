/** What a file has to do with Python: the modules in it, what it calls, and the library that made its bindings. */
import { sorted } from "../base/order.ts";
import { bindingIn } from "./binding-abi.ts";
import { pythonTagOf } from "./python-tag.ts";
import type { NeededLibrary, PythonFacts, UndefinedSymbol } from "./report.ts";
import { limitedApiUse } from "./stable-abi.ts";

export interface PythonEvidence {
  /** Name of the file. */
  readonly file: string;
  readonly undefinedSymbols: readonly UndefinedSymbol[];
  readonly libraries: readonly NeededLibrary[];
  /** Names of exported `PyInit…` functions. */
  readonly initFunctions: readonly string[];
  readonly constants: () => Buffer;
}

export function pythonFacts(evidence: PythonEvidence): PythonFacts {
  const used = evidence.undefinedSymbols.map((symbol) => symbol.name).filter((name) => /^_?Py[A-Z_]/.test(name));
  const modules = evidence.initFunctions
    .map((name) => /^PyInit_(.+)$/.exec(name)?.[1])
    .filter((name) => name !== undefined);
  const tag = pythonTagOf(evidence.file);
  const limitedApi = used.length === 0 ? undefined : limitedApiUse(used);
  const binding = bindingOf(evidence);
  return {
    uses: used.length > 0 || modules.length > 0,
    ...(tag === undefined ? {} : { tag }),
    modules: sorted(modules),
    ...(limitedApi === undefined ? {} : { limitedApi }),
    ...(binding === undefined ? {} : { binding: binding.binding }),
    ...(binding?.abi === undefined ? {} : { bindingAbi: binding.abi }),
  };
}

function bindingOf(
  evidence: PythonEvidence,
): { readonly binding: NonNullable<PythonFacts["binding"]>; readonly abi?: string } | undefined {
  if (evidence.initFunctions.length === 0) return undefined;
  const constants = evidence.constants();
  const told = bindingIn(constants);
  const isShared = evidence.libraries.some(({ name }) => /boost_python|nanobind/.test(name));
  if (told !== undefined || (constants.length > 0 && !isShared)) return told;
  const binding = bindingByCalls(evidence);
  return binding === undefined ? undefined : { binding };
}

/** pybind11 and Cython leave nothing in the dynamic symbols but habits of calling; nanobind's shared library leaves names. */
function bindingByCalls({ undefinedSymbols, libraries }: PythonEvidence): PythonFacts["binding"] {
  const names = new Set(undefinedSymbols.map((symbol) => symbol.name));
  const has = (test: RegExp): boolean => [...names].some((name) => test.test(name));
  if (libraries.some((library) => /boost_python/.test(library.name))) return "boost.python";
  if (has(/nanobind|^nb_/)) return "nanobind";
  // Both are used by pybind11's internals and by few others.
  if (names.has("PyInstanceMethod_Type") && (names.has("PyThread_tss_create") || names.has("PyThread_tss_get"))) {
    return "pybind11";
  }
  if (
    names.has("_PyDict_GetItem_KnownHash") ||
    (names.has("PyUnicode_InternFromString") && names.has("PyCode_NewEmpty"))
  ) {
    return "cython";
  }
  return undefined;
}

/** Named by a digest (torch/_inductor/codecache.py, `code_hash`), `c` and 51 digits of base 32: `import` never looks for it. */
export function isLoadedByPath(name: string): boolean {
  return /^c[a-z2-7]{51}(?:\.main)?\.so$/.test(name);
}
