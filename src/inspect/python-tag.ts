/** What a file name says of the Python that it is for: `my.cpython-311-x86_64-linux-gnu.so`, `my.abi3.so`, `my.cp311-win_amd64.pyd`. */

/** The tag of an extension module's file name. */
export interface PythonTag {
  /** Name that `import` looks for: the part before the first dot. */
  readonly module: string;
  /** With the leading dot: `.cpython-311-x86_64-linux-gnu.so`. */
  readonly suffix: string;
  /** Limited API: for this and any later version. */
  readonly abi3: boolean;
  readonly implementation?: "cpython" | "pypy";
  /** [3, 11]. */
  readonly version?: readonly [number, number];
  readonly freeThreaded: boolean;
  readonly debug: boolean;
  /** `x86_64-linux-gnu`, `darwin`, `win_amd64`. */
  readonly platform?: string;
}

/** Reads the name of an extension module. Undefined when it has no ending of one. */
export function pythonTagOf(path: string): PythonTag | undefined {
  const file = path.replace(/^[^]*[/\\]/, "");
  const match = /^([^.]+)((?:\.[^.]+)?\.(?:so|pyd|dylib|dll))$/.exec(file);
  if (match === null) return undefined;
  const [, module = "", suffix = ""] = match;
  const none = { module, suffix, abi3: false, freeThreaded: false, debug: false };
  const tag = /^\.([^.]+)\.\w+$/.exec(suffix)?.[1];
  if (tag === undefined) return none;
  if (tag === "abi3" || tag === "abi3t") return { ...none, abi3: true, freeThreaded: tag === "abi3t" };
  // CPython: `cpython-311d-x86_64-linux-gnu`, `cpython-313t-darwin`, on Windows `cp313t-win_amd64`.
  const cpython = /^(?:cpython-|cp)(\d)(\d{1,2})([a-z]*)(?:-(.+))?$/.exec(tag);
  if (cpython !== null) {
    const [, major, minor, flags = "", platform] = cpython;
    return {
      ...none,
      implementation: "cpython",
      version: [Number(major), Number(minor)],
      freeThreaded: flags.includes("t"),
      debug: flags.includes("d"),
      ...(platform === undefined ? {} : { platform }),
    };
  }
  // PyPy: `pypy310-pp73-x86_64-linux-gnu`.
  const pypy = /^pypy(\d)(\d{1,2})-pp\d+(?:-(.+))?$/.exec(tag);
  if (pypy !== null) {
    const [, major, minor, platform] = pypy;
    return {
      ...none,
      implementation: "pypy",
      version: [Number(major), Number(minor)],
      ...(platform === undefined ? {} : { platform }),
    };
  }
  return none;
}
