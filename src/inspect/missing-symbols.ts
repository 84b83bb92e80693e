/** What symbols that nothing defines mean: the other `std::string`, another version of torch, a library that is not linked, a source that is missing. */
import { demangleName } from "./demangle.ts";
import type { LoadedFile } from "./loader.ts";
import { oldestStable, stableSince } from "./torch-stable.ts";
import { isDeviceLinkSymbol, ownerOf, stringAbiOf, withoutStringAbi } from "./symbol-owner.ts";
import type { JudgeEnvironment, MissingSymbol, Problem } from "./verdict.ts";

/** Symbols that are looked into; more of them say the same. */
const MAX_LOOKED_INTO = 64;
/** Symbols that a problem names. */
const MAX_NAMED = 10;
/** Other forms that are named for one symbol. */
const MAX_FORMS = 3;

/** A symbol that is missing, before it is looked into. */
export interface Unresolved {
  readonly name: string;
  readonly version?: string;
  readonly neededBy: string;
}

/** Libraries in which other forms are looked for: installed, in the process or not. */
export interface Installed {
  /** Those of torch and Python. */
  readonly libraries: readonly LoadedFile[];
  /** Those whose symbols the file sees. */
  readonly scope: ReadonlySet<LoadedFile>;
}

function baseName(path: string): string {
  return path.replace(/^.*\//, "");
}

/** Finds out why a symbol is missing. */
export function classify(unresolved: Unresolved, installed: Installed): MissingSymbol {
  const { name, version, neededBy } = unresolved;
  const { owner, demangled } = ownerOf(name, version);
  const base = {
    symbol: name,
    owner,
    neededBy,
    ...(demangled === undefined ? {} : { demangled: demangled.text }),
    ...(version === undefined ? {} : { version }),
  };
  for (const library of installed.libraries) {
    if (installed.scope.has(library) || !library.symbols.defines(name, version)) continue;
    return { ...base, cause: "not-linked", forms: [], library: library.path };
  }
  if (demangled === undefined) return { ...base, cause: "absent", forms: [] };

  const stems = stemsLike(demangled.stem);
  const asked = withoutStringAbi(demangled.text);
  const ownName = withoutStringAbi(demangled.name);
  const forms: string[] = [];
  let where: string | undefined;
  for (const library of installed.libraries) {
    for (const stem of stems) {
      for (const symbol of library.symbols.startingWith(stem, 64)) {
        const other = demangleName(symbol.name);
        // A function that returns a string has its form in its name.
        if (other === undefined || withoutStringAbi(other.name) !== ownName) continue;
        if (withoutStringAbi(other.text) === asked) {
          return { ...base, cause: "string-abi", forms: [other.text], library: library.path };
        }
        where ??= library.path;
        if (!forms.includes(other.text)) forms.push(other.text);
      }
    }
  }
  if (forms.length > 0) {
    return {
      ...base,
      cause: "signature",
      forms: forms.slice(0, MAX_FORMS),
      ...(where === undefined ? {} : { library: where }),
    };
  }
  // Where the parameter is part of what precedes the name's end, no other form is found; the string tells nevertheless.
  return { ...base, cause: "absent", forms: [] };
}

/** The beginning of a mangled name, as it may be otherwise: `const` or not, with or without the mark of a string that is returned. */
function stemsLike(stem: string): readonly string[] {
  const marked = /B5cxx11(?=E?$)/.test(stem) ? stem.replace(/B5cxx11(?=E?$)/, "") : stem.replace(/E?$/, "B5cxx11$&");
  return [stem, marked].flatMap((one) => {
    if (/^_ZNK/.test(one)) return [one, one.replace(/^_ZNK/, "_ZN")];
    return /^_ZN/.test(one) ? [one, one.replace(/^_ZN/, "_ZNK")] : [one];
  });
}

/** The problems that missing symbols are, one for each cause. */
export function missingSymbolProblems(
  unresolved: readonly Unresolved[],
  installed: Installed,
  environment: JudgeEnvironment,
): Problem[] {
  const groups = new Map<string, MissingSymbol[]>();
  for (const one of unresolved.slice(0, MAX_LOOKED_INTO)) {
    const missing = classify(one, installed);
    const key = groupOf(missing, environment);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [missing]);
    else group.push(missing);
  }
  const rest = Math.max(0, unresolved.length - MAX_LOOKED_INTO);
  return [...groups.values()].map((group, index) => problemOf(group, environment, index === 0 ? rest : 0));
}

/** Symbols of one cause make one problem. */
function groupOf(missing: MissingSymbol, environment: JudgeEnvironment): string {
  if (isDeviceLinkSymbol(missing.symbol)) return "device-link";
  if (isLibcxx(missing)) return "cxx-library";
  if (isStringAbi(missing, environment)) return "string-abi";
  if (missing.cause === "not-linked") return `not-linked ${missing.library ?? ""}`;
  if (missing.owner === "c10" || missing.owner === "torch") return "torch";
  return `${missing.owner}`;
}

function isStringAbi(missing: MissingSymbol, environment: JudgeEnvironment): boolean {
  if (missing.cause === "string-abi") return true;
  if (missing.owner !== "c10" && missing.owner !== "torch") return false;
  if (environment.torch === undefined) return false;
  const abi = stringAbiOf(missing.symbol, demangleName(missing.symbol));
  return abi !== undefined && abi !== "libc++" && (abi === "cxx11") !== environment.torch.cxx11Abi;
}

/** Asks torch for types of LLVM's C++ library, which no PyTorch for Linux or Windows has. */
function isLibcxx({ owner, demangled = "" }: MissingSymbol): boolean {
  return (owner === "c10" || owner === "torch") && /\bstd::(?:__1|__ndk1)::/.test(demangled);
}

function problemOf(group: readonly MissingSymbol[], environment: JudgeEnvironment, more: number): Problem {
  const [first] = group;
  if (first === undefined) throw new Error("a group of symbols is never empty");
  const symbols = group.slice(0, MAX_NAMED);
  const count = group.length + more;
  const name = first.demangled ?? first.symbol;
  const others = count > 1 ? ` and ${count - 1} more` : "";
  const base = { severity: "error" as const, owner: first.owner, symbols, count };
  const { torch, python } = environment;
  const version = torch?.version ?? "";
  const rebuild = `Build it again with the installed PyTorch ${version}: \`retorch build\`, or \`pip install --no-build-isolation --force-reinstall --no-cache-dir …\``;

  if (isDeviceLinkSymbol(first.symbol)) {
    return {
      ...base,
      kind: "missing-device-link",
      what: `Device code was compiled to be linked (\`-rdc=true\`), but it was not linked: \`${first.symbol}\`${others}`,
      why: "Relocatable device code needs a link of its own (`nvcc -dlink`) before the link of the host code",
      fix: "Set `device-link = true` in retorch.toml (`dlink=True` of CUDAExtension), or compile without `-rdc=true`",
    };
  }
  if (isLibcxx(first)) {
    return {
      ...base,
      kind: "cxx-library",
      what: `It was compiled for libc++, and the installed PyTorch ${version} for libstdc++: \`${name}\`${others}`,
      why: "Strings, vectors and the like of LLVM's C++ library are other types than those of GCC's, so that the same functions have other names (`std::__1::…`)",
      fix: "Compile and link it without `-stdlib=libc++`: Clang takes GCC's library then. Only PyTorch's stable ABI (`torch/csrc/stable`) can be used across the two",
    };
  }
  if (isStringAbi(first, environment)) {
    const abi = torch?.cxx11Abi === true ? "new" : "old";
    const own = abi === "new" ? "old" : "new";
    return {
      ...base,
      kind: "string-abi",
      what: `It was compiled with the ${own} \`std::string\`, the installed PyTorch ${version} with the ${abi} one: \`${name}\`${others}`,
      why: `\`_GLIBCXX_USE_CXX11_ABI\` was ${own === "new" ? 1 : 0} for it and is ${abi === "new" ? 1 : 0} for this PyTorch, so that the same functions have other names`,
      fix: `Build it again with \`-D_GLIBCXX_USE_CXX11_ABI=${abi === "new" ? 1 : 0}\`, which \`retorch build\` sets by itself; drop any flag that says otherwise`,
    };
  }
  if (first.cause === "not-linked") {
    const library = baseName(first.library ?? "");
    const link = /^lib(.+?)\.so/.exec(library)?.[1] ?? library;
    return {
      ...base,
      kind: "missing-symbol",
      library,
      what: `It uses \`${name}\`${others} of \`${library}\`, but does not ask for that library`,
      why: `The symbols of \`${library}\` are seen only by those that are linked to it, even when it is loaded`,
      fix: `Link it: \`libraries = ["${link}"]\` in retorch.toml (\`-l${link}\`)`,
    };
  }
  switch (first.owner) {
    case "c10":
    case "torch": {
      const since = oldestStable(group.map(({ symbol }) => symbol));
      if (since !== undefined && stableSince(first.symbol) !== undefined && torch !== undefined) {
        const here = torch.release.slice(0, 2).join(".");
        return {
          ...base,
          kind: "other-torch",
          what: `\`${name}\`${others} is not in the installed PyTorch`,
          why: `It is part of the stable ABI since PyTorch ${since}, and ${version} is installed: code for the stable ABI loads with the PyTorch whose headers it was built with, or that \`TORCH_TARGET_VERSION\` named, and with later ones`,
          fix: `Build it again for this one: \`torch-target-version = "${here}"\` in retorch.toml (\`TORCH_TARGET_VERSION\`) and no newer functions; or install PyTorch ${since}`,
        };
      }
      const instead = first.forms[0];
      const why =
        instead === undefined
          ? `No library of the installed PyTorch ${version} has it: it was built against another version`
          : `The installed PyTorch ${version} has \`${instead}\` instead: it was built against another version`;
      return {
        ...base,
        kind: "other-torch",
        what: `\`${name}\`${others} is not in the installed PyTorch`,
        why,
        fix: rebuild,
      };
    }
    case "python":
      return {
        ...base,
        kind: "wrong-python",
        what: `\`${name}\`${others} is not in Python ${python?.version.join(".") ?? ""}`,
        why: pythonBuild(group) ?? "It was built for another version of Python, or another kind of build of it",
        fix: "Build it again with the interpreter that imports it: `retorch build --python PYTHON`",
      };
    case "cuda":
      return {
        ...base,
        kind: "missing-symbol",
        what: `\`${name}\`${others} of CUDA is not in any library that it asks for`,
        why: "It is not linked to the CUDA library that has it, or was built for another version",
        fix: `Link the library: ${cudaLink(first.symbol)}`,
      };
    case "libstdc++":
    case "c":
      return {
        ...base,
        kind: "missing-symbol",
        what: `\`${name}\`${others} is not in the C++ or C library that is loaded`,
        why: "It was compiled with a newer compiler, or linked with `gcc` instead of `g++`",
        fix: "Link with the C++ compiler; build it on this machine or with an older compiler",
      };
    case "pybind11":
    case "user":
      return {
        ...base,
        kind: "missing-symbol",
        what: `\`${name}\`${others} is defined nowhere`,
        why:
          first.demangled === undefined
            ? 'A source file or a library was not part of the link, or it is declared without `extern "C"` where it is defined (or the other way round)'
            : "A source file or a library was not part of the link, or its declaration and its definition differ (a parameter, a `const`, a namespace)",
        fix: "Add the source that defines it to `sources`, or the library to `libraries`; `-Wl,--no-undefined` in `link-flags` shows it when it is linked",
      };
    default:
      return { ...base, kind: "missing-symbol", what: `\`${name}\`${others} is defined nowhere`, why: "", fix: "" };
  }
}

/** Functions that headers call with one kind of build alone. */
function pythonBuild(group: readonly MissingSymbol[]): string | undefined {
  const some = (test: RegExp): boolean => group.some(({ symbol }) => test.test(symbol));
  if (some(/^_Py_(?:DecRefShared(?:Debug)?|MergeZeroLocalRefcount|ExplicitMergeRefcount)$/))
    return "It was compiled for a free-threaded Python (`Py_GIL_DISABLED`), and the interpreter is none";
  if (
    some(
      /^_Py_(?:NegativeRefcount|RefTotal|INCREF_IncRefTotal|DECREF_DecRefTotal|(?:Inc|Dec)RefTotal_DO_NOT_USE_THIS)$/,
    )
  )
    return "It was compiled for a debug build of Python (`Py_DEBUG`), and the interpreter is none";
  return undefined;
}

function cudaLink(symbol: string): string {
  const known: readonly (readonly [RegExp, string])[] = [
    [/^cublasLt/, "cublasLt"],
    [/^cublas/, "cublas"],
    [/^cudnn/, "cudnn"],
    [/^cufft/, "cufft"],
    [/^curand/, "curand"],
    [/^cusolver/, "cusolver"],
    [/^cusparse/, "cusparse"],
    [/^nccl/, "nccl"],
    [/^nvrtc/, "nvrtc"],
    [/^(?:__)?cuda/, "cudart"],
    [/^cu[A-Z]/, "cuda"],
  ];
  const library = known.find(([test]) => test.test(symbol))?.[1] ?? "cudart";
  return `\`libraries = ["${library}"]\` in retorch.toml (\`-l${library}\`)`;
}
