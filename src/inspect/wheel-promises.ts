/**
 * What a wheel's file name promises of the files in it: which Pythons, machines and C libraries they are for. Where they do not
 * keep it, pip installs what cannot be imported.
 *
 * Sources: PEP 600 (manylinux_X_Y and its older names), PEP 656 (musllinux), PEP 425 and 384 (abi3).
 */
import { compareVersions } from "../base/order.ts";
import { cudaLibraryOf } from "./cuda-facts.ts";
import { torchLibraryOf } from "./extension.ts";
import { packageKindOf } from "./package-kind.ts";
import type { ExtensionReport } from "./report.ts";
import type { Problem } from "./verdict.ts";
import { splitVersion } from "./versions.ts";
import type { WheelName, WheelReport } from "./wheel.ts";

/** Older names of manylinux, by the glibc that they promise. */
const OLD_MANYLINUX: Readonly<Record<string, readonly number[]>> = {
  manylinux1: [2, 5],
  manylinux2010: [2, 12],
  manylinux2014: [2, 17],
};

/** The machine that a Linux tag names, as it is called in the files. */
const LINUX_MACHINES: readonly (readonly [RegExp, RegExp])[] = [
  [/_x86_64$/, /^x86_64/],
  [/_aarch64$/, /^aarch64$/],
];

/** The glibc that a tag promises to be enough. */
export function promisedGlibc(tag: string): readonly number[] | undefined {
  const [, major, minor] = /^manylinux_(\d+)_(\d+)_/.exec(tag) ?? [];
  if (major !== undefined && minor !== undefined) return [Number(major), Number(minor)];
  return OLD_MANYLINUX[/^manylinux\d+(?=_)/.exec(tag)?.[0] ?? ""];
}

interface Member {
  readonly path: string;
  readonly report: ExtensionReport;
}

function warning(what: string, why: string, fix: string): Problem {
  return { kind: "note", severity: "warning", what, why, fix };
}

/** For one ABI of Python, and nothing in it that has one. */
function emptyOfCode({ abi, platform }: WheelName, wheel: WheelReport): Problem[] {
  if (wheel.members.length > 0 || abi.includes("none") || platform.includes("any")) return [];
  if (packageKindOf(wheel)?.kind === "editable") return [];
  return [
    warning(
      `The wheel is named for \`${abi.join(".")}-${platform.join(".")}\`, and holds no compiled file`,
      "The extension was not built, or was not packed with the rest: `import` will not find it",
      "Look into the log of the build for it; with CMake or meson, whether the extension is installed into the package's folder",
    ),
  ];
}

/** `cp311` → [3, 11]. */
function versionOf(tag: string): readonly [number, number] | undefined {
  const [, major, minor] = /^(?:cp|py)(\d)(\d+)$/.exec(tag) ?? [];
  return major === undefined ? undefined : [Number(major), Number(minor)];
}

/** Modules for other Pythons than the name says. */
function otherPythons({ python, abi }: WheelName, members: readonly Member[]): Problem[] {
  const modules = members.filter(({ report }) => report.kind === "python-module");
  const told = python.join(".");
  const isForMany = abi.every((one) => one === "abi3" || one === "none");
  const versions = python.map(versionOf).filter((version) => version !== undefined);
  const tagged = modules.filter(({ report }) => report.python.tag?.version !== undefined);
  const textOf = ({ report }: Member): string => report.python.tag?.version?.join(".") ?? "";
  const [first] = tagged;
  // One for each of several Pythons may be what is meant.
  if (isForMany && first !== undefined && new Set(tagged.map(textOf)).size === 1) {
    const isAbi3 = abi.includes("abi3");
    return [
      warning(
        `The wheel is named for every Python (\`${told}-${abi.join(".")}\`), and \`${first.path}\` is for Python ${textOf(first)} alone`,
        "pip installs it for other versions, where `import` does not find the module",
        isAbi3
          ? "Compile the extension with `py_limited_api=True` and `Py_LIMITED_API`, so that its name ends in `.abi3.so`"
          : `Name the wheel for what is in it (\`cp${textOf(first).replace(".", "")}-cp${textOf(first).replace(".", "")}\`): \`has_ext_modules\` of setuptools, \`wheel.py-api\` of scikit-build-core`,
      ),
    ];
  }
  const other = isForMany
    ? undefined
    : tagged.find((member) => versions.length > 0 && !versions.some((version) => version.join(".") === textOf(member)));
  if (other !== undefined) {
    return [
      warning(
        `The wheel is named for \`${told}\`, and \`${other.path}\` is for Python ${textOf(other)}`,
        "It was left over from a build with another Python: `import` does not find it",
        "Empty the build folder (`rm -r build`), and build again",
      ),
    ];
  }
  const [oldest] = [...versions].sort(compareVersions);
  if (!abi.includes("abi3") || oldest === undefined) return [];
  const newer = modules.find(({ report }) => {
    const since = report.python.tag?.abi3 === true ? report.python.limitedApi?.loadsSince : undefined;
    return since !== undefined && compareVersions(since, oldest) > 0;
  });
  if (newer === undefined) return [];
  const since = newer.report.python.limitedApi?.loadsSince?.join(".") ?? "";
  return [
    warning(
      `The wheel is named for Python ${oldest.join(".")} and later, and \`${newer.path}\` uses functions that Python has since ${since}`,
      `pip installs it for Python ${oldest.join(".")}, where \`import\` fails with \`undefined symbol\``,
      `Compile it with \`Py_LIMITED_API\` of ${oldest.join(".")} (\`0x0${oldest[0]}${oldest[1].toString(16).padStart(2, "0")}0000\`), or name the wheel \`cp${since.replace(".", "")}-abi3\``,
    ),
  ];
}

/** Libraries that every system of a manylinux has: PEP 600, with what auditwheel's policies add. */
const PROMISED =
  /^(?:lib(?:c|m|dl|rt|nsl|util|pthread|resolv|mvec|anl)\.so\.\d|ld-linux[\w-]*\.so\.\d|libgcc_s\.so\.1|libstdc\+\+\.so\.6|libatomic\.so\.1|lib(?:X11|ICE|SM)\.so\.6|libXext\.so\.6|libXrender\.so\.1|libGL\.so\.1|lib(?:gobject|gthread|glib)-2\.0\.so\.0|libz\.so\.1|libexpat\.so\.1)$/;

/** Libraries that a manylinux does not promise, and that neither the wheel nor PyTorch nor CUDA brings. */
function unpacked(tags: readonly string[], members: readonly Member[]): Problem[] {
  if (!tags.every((tag) => tag.startsWith("manylinux"))) return [];
  const own = new Set(members.map(({ path }) => path.replace(/^.*\//, "")));
  for (const { path, report } of members) {
    const missing = report.libraries.find(
      ({ name }) =>
        !PROMISED.test(name) &&
        !MUSL.test(name) &&
        !own.has(name.replace(/^.*\//, "")) &&
        torchLibraryOf(name) === undefined &&
        cudaLibraryOf(name) === undefined,
    );
    if (missing === undefined) continue;
    return [
      warning(
        `The wheel is named for \`${tags.join(".")}\`, and \`${path}\` needs \`${missing.name}\`, which that does not promise and the wheel does not bring`,
        "pip installs it on systems without that library, where it does not load, unless another package brings it",
        "Put it into the wheel with `auditwheel repair`, or link it statically",
      ),
    ];
  }
  return [];
}

/** The C library of musl. */
const MUSL = /^libc\.(?:musl-.*|so)$/;

/** Named for one C library, linked to the other. */
function otherLibc(tags: readonly string[], members: readonly Member[]): Problem[] {
  const needs = (test: RegExp): Member | undefined =>
    members.find(({ report }) => report.libraries.some(({ name }) => test.test(name)));
  const glibc = tags.every((tag) => tag.startsWith("musllinux")) ? needs(/^libc\.so\.6$/) : undefined;
  const musl = tags.every((tag) => tag.startsWith("manylinux")) ? needs(MUSL) : undefined;
  const member = glibc ?? musl;
  if (member === undefined) return [];
  const [named, linked] = glibc === undefined ? ["glibc", "musl"] : ["musl", "glibc"];
  return [
    warning(
      `The wheel is named for ${named} (\`${tags.join(".")}\`), and \`${member.path}\` is linked to ${linked}`,
      "pip installs it where it does not load",
      `Build it in a container of that tag`,
    ),
  ];
}

/** What the name promises and the files do not keep. */
export function brokenPromises(name: WheelName, wheel: WheelReport): Problem[] {
  const tags = name.platform;
  const members = wheel.members.flatMap(({ path, report }) => (report === undefined ? [] : [{ path, report }]));
  const problems: Problem[] = [
    ...emptyOfCode(name, wheel),
    ...otherPythons(name, members),
    ...otherLibc(tags, members),
    ...unpacked(tags, members),
  ];
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
