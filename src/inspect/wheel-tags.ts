/**
 * What a wheel's file name says, against the interpreter and the system: pip goes by the name alone. What it promises of the files in
 * it is `wheel-promises.ts`.
 *
 * Sources: Python Packaging User Guide, "Platform compatibility tags"; PEP 600 (manylinux), PEP 656 (musllinux).
 */
import { plainName } from "../base/package-name.ts";
import { compareVersions } from "../base/order.ts";
import type { SystemLibc } from "./system-libc.ts";
import type { JudgeEnvironment, Problem } from "./verdict.ts";
import type { WheelMetadata, WheelName, WheelReport } from "./wheel.ts";
import { brokenPromises, promisedGlibc } from "./wheel-promises.ts";

/** Machines as tags write them, by Node's names. */
const TAG_MACHINES: Readonly<Record<string, RegExp>> = {
  x64: /_(?:x86_64|amd64|universal2|intel)$/,
  ia32: /_i686$|^win32$/,
  arm64: /_(?:aarch64|arm64|universal2)$/,
};

/** What stands against the name of a wheel; without an environment, only what its files say against it. */
export function wheelNameProblems(
  wheel: WheelReport,
  environment: JudgeEnvironment | undefined,
  libc?: SystemLibc,
): Problem[] {
  const { name } = wheel;
  if (name === undefined) return [];
  return [
    ...(environment === undefined ? [] : refusedHere(name, environment, libc)),
    ...(wheel.own === undefined ? [] : renamed(name, wheel.own)),
    ...brokenPromises(name, wheel),
  ];
}

/**
 * A file that was renamed: pip goes by the file's name alone, `pip check` by the tags inside. Tried with pip 23.2, which installs other
 * tags and another version, and refuses another name.
 */
function renamed(name: WheelName, { folder, tags }: WheelMetadata): Problem[] {
  const fix = "Give it the name it was built with, or build it again for what the name says";
  const [, project = folder, version] = /^([^-]+)-(.+)$/.exec(folder) ?? [];
  if (plainName(project) !== plainName(name.name))
    return [
      {
        kind: "note",
        severity: "error",
        what: `The wheel is named \`${name.name}\`, and its metadata lies in \`${folder}.dist-info\``,
        why: "pip refuses it: `.dist-info directory … does not start with …`",
        fix,
      },
    ];
  const problem = (what: string, why: string): Problem => ({ kind: "note", severity: "warning", what, why, fix });
  // Of the platform, wheels that are published say less inside than outside: `linux` for manylinux.
  const told = name.python.flatMap((python) => name.abi.map((abi) => `${python}-${abi}`));
  const inside = tags.flatMap((tag) => {
    const [python = "", abi = ""] = tag.split("-");
    return python.split(".").flatMap((one) => abi.split(".").map((other) => `${one}-${other}`));
  });
  return [
    ...(version === undefined || plainName(version) === plainName(name.version)
      ? []
      : [
          problem(
            `The wheel is named for version ${name.version}, and its metadata says ${version}`,
            "A requirement of the one version is met by a file that installs the other",
          ),
        ]),
    ...(inside.length === 0 || told.some((pair) => inside.includes(pair))
      ? []
      : [
          problem(
            `The wheel is named for \`${told.join(" ")}\`, and was built for \`${inside.join(" ")}\`: it was renamed`,
            "pip installs it by its name where its compiled files may not load",
          ),
        ]),
  ];
}

function refusedHere(name: WheelName, environment: JudgeEnvironment, libc: SystemLibc | undefined): Problem[] {
  const { python, platform, arch } = environment;
  const problem = (what: string): Problem => ({
    kind: "wrong-python",
    severity: "error",
    owner: "python",
    what,
    why: "pip goes by the file's name: `… is not a supported wheel on this platform`",
    fix: "Build it with this interpreter (`pip wheel --no-deps --no-build-isolation FOLDER`), or take the wheel that is named for it",
  });
  if (python !== undefined && !name.python.some((tag) => name.abi.some((abi) => fits(tag, abi, python)))) {
    const own = `${/pypy/i.test(python.implementation) ? "PyPy" : "CPython"} ${python.version.slice(0, 2).join(".")}`;
    const threads = python.freeThreaded ? " (free-threaded)" : "";
    return [
      problem(
        `The wheel is named for \`${name.python.join(".")}-${name.abi.join(".")}\`, and the interpreter is ${own}${threads}`,
      ),
    ];
  }
  const system = { linux: /^(?:many|musl)?linux/, darwin: /^macosx_/, win32: /^win/ }[platform];
  const machine = TAG_MACHINES[arch];
  const isFor = (tag: string): boolean =>
    tag === "any" || (system.test(tag) && (machine === undefined || machine.test(tag)));
  if (name.platform.some((tag) => isFor(tag) && fitsLibc(tag, libc))) return [];
  if (name.platform.some(isFor)) {
    const here = libc === undefined ? "" : libc.kind === "musl" ? "musl" : `glibc ${libc.version.join(".")}`;
    return [
      {
        ...problem(`The wheel is named for \`${name.platform.join(".")}\`, and the C library here is ${here}`),
        kind: "wrong-platform",
      },
    ];
  }
  return [
    {
      ...problem(`The wheel is named for \`${name.platform.join(".")}\`, and this is ${platform} on ${arch}`),
      kind: "wrong-platform",
    },
  ];
}

/** packaging.tags: a manylinux of a glibc that is not newer, a musllinux on musl. */
function fitsLibc(tag: string, libc: SystemLibc | undefined): boolean {
  if (libc === undefined || !/^(?:many|musl)linux/.test(tag)) return true;
  if (tag.startsWith("musl")) return libc.kind === "musl";
  const promised = promisedGlibc(tag);
  return libc.kind === "glibc" && (promised === undefined || compareVersions(promised, libc.version) <= 0);
}

/** Whether pip takes a pair of tags for an interpreter: packaging.tags, `cpython_tags` and `compatible_tags`. */
function fits(tag: string, abi: string, python: NonNullable<JudgeEnvironment["python"]>): boolean {
  const [, kind = "", digits = ""] = /^([a-z]+)(\d+)$/.exec(tag) ?? [];
  const major = Number(digits.slice(0, 1));
  const minor = digits.length > 1 ? Number(digits.slice(1)) : undefined;
  const [ownMajor, ownMinor] = python.version;
  if (major !== ownMajor) return false;
  const isSame = minor === ownMinor;
  const isOlder = minor === undefined || minor <= ownMinor;
  const isPyPy = /pypy/i.test(python.implementation);
  if (kind === "py") return abi === "none" && isOlder;
  if (kind === "pp") return isPyPy && isSame;
  if (kind !== "cp" || isPyPy) return false;
  if (abi === "none") return isSame || minor === undefined;
  if (abi === "abi3") return isOlder && !python.freeThreaded;
  if (abi === "abi3t") return isOlder;
  return isSame && abi.endsWith("t") === python.freeThreaded;
}
