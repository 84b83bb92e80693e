/**
 * What a wheel's file name promises, against the interpreter and against the files in it: pip goes by the name alone.
 *
 * Sources: Python Packaging User Guide, "Platform compatibility tags"; PEP 600 (manylinux_X_Y and its older names).
 */
import { plainName } from "../base/package-name.ts";
import { compareVersions } from "../base/order.ts";
import type { ExtensionReport } from "./report.ts";
import type { JudgeEnvironment, Problem } from "./verdict.ts";
import { splitVersion } from "./versions.ts";
import type { WheelMetadata, WheelName, WheelReport } from "./wheel.ts";

/** Older names of manylinux, by the glibc that they promise. */
const OLD_MANYLINUX: Readonly<Record<string, readonly number[]>> = {
  manylinux1: [2, 5],
  manylinux2010: [2, 12],
  manylinux2014: [2, 17],
};

/** Machines as tags write them, by Node's names. */
const TAG_MACHINES: Readonly<Record<string, RegExp>> = {
  x64: /_(?:x86_64|amd64|universal2|intel)$/,
  ia32: /_i686$|^win32$/,
  arm64: /_(?:aarch64|arm64|universal2)$/,
};

/** The machine that a Linux tag names, as it is called in the files. */
const LINUX_MACHINES: readonly (readonly [RegExp, RegExp])[] = [
  [/_x86_64$/, /^x86_64/],
  [/_aarch64$/, /^aarch64$/],
];

/** What stands against the name of a wheel; without an environment, only what its files say against it. */
export function wheelNameProblems(wheel: WheelReport, environment: JudgeEnvironment | undefined): Problem[] {
  const { name } = wheel;
  if (name === undefined) return [];
  const reports = wheel.members.flatMap(({ path, report }) => (report === undefined ? [] : [{ path, report }]));
  return [
    ...(environment === undefined ? [] : refusedHere(name, environment)),
    ...(wheel.own === undefined ? [] : renamed(name, wheel.own)),
    ...brokenPromises(name.platform, reports),
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

function refusedHere(name: WheelName, environment: JudgeEnvironment): Problem[] {
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
  if (name.platform.some(isFor)) return [];
  return [
    {
      ...problem(`The wheel is named for \`${name.platform.join(".")}\`, and this is ${platform} on ${arch}`),
      kind: "wrong-platform",
    },
  ];
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

/** The glibc that a tag promises to be enough. */
function promisedGlibc(tag: string): readonly number[] | undefined {
  const [, major, minor] = /^manylinux_(\d+)_(\d+)_/.exec(tag) ?? [];
  if (major !== undefined && minor !== undefined) return [Number(major), Number(minor)];
  return OLD_MANYLINUX[/^manylinux\d+(?=_)/.exec(tag)?.[0] ?? ""];
}

interface Member {
  readonly path: string;
  readonly report: ExtensionReport;
}

function brokenPromises(tags: readonly string[], members: readonly Member[]): Problem[] {
  const problems: Problem[] = [];
  const warn = (what: string, why: string, fix: string): void => {
    problems.push({ kind: "note", severity: "warning", what, why, fix });
  };
  const [first] = members.filter(({ report }) => report.kind !== "object");
  if (first !== undefined && tags.includes("any")) {
    warn(
      `The wheel is named for \`any\` platform, and \`${first.path}\` is compiled for ${first.report.platform} on ${first.report.machine}`,
      "pip installs it everywhere, where it does not load",
      "Build it with `ext_modules` in `setup.py` (or `has_ext_modules` that returns True), so that the name says the platform",
    );
  }
  for (const [tag, machine] of LINUX_MACHINES) {
    const other = members.find(({ report }) => report.format === "elf" && !machine.test(report.machine));
    if (other === undefined || !tags.every((one) => tag.test(one)) || /^(?:cuda|amdgpu)$/.test(other.report.machine))
      continue;
    warn(
      `The wheel is named for \`${tags.join(".")}\`, and \`${other.path}\` is for ${other.report.machine}`,
      "pip installs it where that file does not load",
      "Build it on that machine, or set the platform's name to what was built",
    );
  }
  const promised = tags.map(promisedGlibc).filter((version) => version !== undefined);
  const least = promised.sort(compareVersions)[0];
  if (least === undefined) return problems;
  const floors = members.flatMap(({ path, report }) =>
    report.floors.flatMap(({ version }) => {
      const split = splitVersion(version);
      return split?.family === "GLIBC" ? [{ path, version, numbers: split.numbers }] : [];
    }),
  );
  const highest = floors.sort((a, b) => compareVersions(b.numbers, a.numbers))[0];
  if (highest !== undefined && compareVersions(highest.numbers, least) > 0) {
    warn(
      `The wheel's name promises that glibc ${least.join(".")} is enough, and \`${highest.path}\` asks for ${highest.version}`,
      `On a system with a glibc in between pip installs it, and \`import\` fails: \`version '${highest.version}' not found\``,
      `Build it in a container of that manylinux, or name it for what it needs (\`auditwheel repair --plat manylinux_${highest.numbers.slice(0, 2).join("_")}_…\`)`,
    );
  }
  return problems;
}
