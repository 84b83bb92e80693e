/**
 * What an interpreter is asked, once: a script for `python -c` that prints one line of JSON after a mark. It must run on
 * every Python since 2.7 far enough to say its version, imports nothing but the standard library, and never torch.
 */

/** Stands before the JSON; a `sitecustomize` may print lines of its own. */
export const answerMark = "@retorch-python ";

/** Variables of sysconfig that a build may ask for. Those of setuptools' `customize_compiler` are among them. */
const configNames = [
  "SOABI",
  "EXT_SUFFIX",
  "ABIFLAGS",
  "LDVERSION",
  "VERSION",
  "MULTIARCH",
  "Py_GIL_DISABLED",
  "Py_DEBUG",
  "Py_ENABLE_SHARED",
  "INCLUDEPY",
  "CONFINCLUDEPY",
  "LIBDIR",
  "LIBPL",
  "LDLIBRARY",
  "LIBRARY",
  "INSTSONAME",
  "LIBS",
  "SYSLIBS",
  "LINKFORSHARED",
  "CC",
  "CXX",
  "CFLAGS",
  "CPPFLAGS",
  "LDFLAGS",
  "OPT",
  "CCSHARED",
  "LDSHARED",
  "LDCXXSHARED",
  "BLDSHARED",
  "SHLIB_SUFFIX",
  "AR",
  "ARFLAGS",
  "MACOSX_DEPLOYMENT_TARGET",
] as const;

/** What the script prints. */
export interface PythonAnswer {
  readonly version: readonly [number, number, number];
  readonly executable: string;
  /** Absent when the interpreter is too old to be asked more. */
  readonly facts?: {
    readonly implementation: string;
    readonly abiFlags: string;
    readonly extensionSuffix: string;
    readonly abi3Suffix: string;
    readonly soabi: string;
    readonly include: readonly string[];
    readonly libraryDir: string;
    readonly prefix: string;
    readonly basePrefix: string;
    readonly packageDirs: readonly string[];
    /** Folders in which packages would be looked for, or would begin to be if they were made. */
    readonly siteDirs: readonly string[];
    readonly platform: string;
    readonly freeThreaded: boolean;
    readonly config: Readonly<Record<string, string>>;
    /** Package folder of a torch that no folder of `packageDirs` has: an editable installation with a finder. */
    readonly torch: string | null;
    /** Files that decided the answer. */
    readonly files: readonly string[];
  };
}

/**
 * The working folder is taken off `sys.path` first: a `json.py` in a project must not be imported. `find_spec` of a
 * top-level name imports nothing; it is only asked where no folder has torch, because some editable finders build.
 */
export const pythonScript = `
import sys
sys.path[:] = [p for p in sys.path if p not in ("", ".")]
import json, os
answer = {"version": list(sys.version_info[:3]), "executable": sys.executable or ""}
if sys.version_info >= (3, 6):
    import importlib.machinery, importlib.util, site, sysconfig
    variables = sysconfig.get_config_vars()
    config = {}
    for name in ${JSON.stringify(configNames)}:
        value = variables.get(name)
        if value is not None:
            config[name] = str(value)
    paths = sysconfig.get_paths()
    scheme = "nt" if os.name == "nt" else "posix_prefix"
    include = [sysconfig.get_path("include", scheme), sysconfig.get_path("platinclude", scheme)]
    include += [paths.get("include"), paths.get("platinclude"), config.get("INCLUDEPY"), config.get("CONFINCLUDEPY")]
    if sys.prefix != getattr(sys, "base_prefix", sys.prefix):
        include.append(os.path.join(sys.prefix, "include"))
    base = getattr(sys, "base_prefix", sys.prefix)
    same = lambda p: os.path.normcase(os.path.realpath(p))
    standard = set(same(p) for p in (paths.get("stdlib"), paths.get("platstdlib")) if p)
    packages = []
    for p in sys.path:
        p = os.path.abspath(p)
        if not os.path.isdir(p) or same(p) in standard or p in packages:
            continue
        if os.path.basename(p) == "lib-dynload" or (os.name == "nt" and os.path.basename(p) == "DLLs"):
            continue
        packages.append(p)
    sites = [p for p in sys.path if not os.path.exists(p)]
    try:
        sites += site.getsitepackages()
    except Exception:
        pass
    try:
        if site.ENABLE_USER_SITE:
            sites.append(site.getusersitepackages())
    except Exception:
        pass
    torch = None
    if not any(os.path.isfile(os.path.join(p, "torch", "version.py")) for p in packages):
        try:
            spec = importlib.util.find_spec("torch")
            if spec is not None and spec.origin and os.path.isabs(spec.origin):
                torch = os.path.dirname(spec.origin)
        except Exception:
            pass
    abi3 = ""
    for suffix in importlib.machinery.EXTENSION_SUFFIXES:
        if ".abi3" in suffix or suffix == ".pyd":
            abi3 = suffix
            break
    files = [getattr(sys, "_base_executable", None), os.path.join(sys.prefix, "pyvenv.cfg")]
    for name in ("sitecustomize", "usercustomize"):
        files.append(getattr(sys.modules.get(name), "__file__", None))
    try:
        files.append(sys.modules[sysconfig._get_sysconfigdata_name()].__file__)
    except Exception:
        pass
    suffix = config.get("EXT_SUFFIX") or importlib.machinery.EXTENSION_SUFFIXES[0]
    answer["facts"] = {
        "implementation": sys.implementation.name,
        "abiFlags": getattr(sys, "abiflags", config.get("ABIFLAGS", "")),
        "extensionSuffix": suffix,
        "abi3Suffix": abi3,
        "soabi": config.get("SOABI") or (suffix[1:].rsplit(".", 1)[0] if suffix.count(".") > 1 else ""),
        "include": [os.path.abspath(p) for p in include if p],
        "libraryDir": os.path.join(base, "libs") if os.name == "nt" else config.get("LIBDIR", ""),
        "prefix": sys.prefix,
        "basePrefix": base,
        "packageDirs": packages,
        "siteDirs": [os.path.abspath(p) for p in sites],
        "platform": sysconfig.get_platform(),
        "freeThreaded": bool(variables.get("Py_GIL_DISABLED")),
        "config": config,
        "torch": torch,
        "files": [os.path.abspath(p) for p in files if p],
    }
sys.stdout.write("\\n${answerMark}" + json.dumps(answer) + "\\n")
`;

/** Reads what the script printed. Undefined when it did not come to its end. */
export function parsePythonAnswer(stdout: string): PythonAnswer | undefined {
  const at = stdout.lastIndexOf(`\n${answerMark}`);
  if (at === -1) return undefined;
  const line = stdout.slice(at + 1 + answerMark.length).split("\n", 1)[0] ?? "";
  try {
    const answer: unknown = JSON.parse(line);
    return isAnswer(answer) ? answer : undefined;
  } catch {
    return undefined;
  }
}

function isAnswer(value: unknown): value is PythonAnswer {
  if (typeof value !== "object" || value === null) return false;
  if (!("version" in value) || !Array.isArray(value.version) || value.version.length !== 3) return false;
  return "executable" in value && typeof value.executable === "string";
}
