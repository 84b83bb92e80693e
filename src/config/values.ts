/**
 * Turns single texts into values that are known to be good: kinds, profiles, architectures, standards, versions, macros,
 * library names. The same rules serve the configuration file and the command line, so nothing here knows of either.
 */
import { err, ok, type Result } from "../base/result.ts";
import type { CudaGraph, Define, ExtensionKind, Profile } from "./extension.ts";
import type { Complaint } from "./problem.ts";
import { closest, plainSpelling } from "./suggest.ts";

export const extensionKinds: readonly ExtensionKind[] = ["python-module", "torch-library", "executable"];
const switchesElsewhere: ReadonlyMap<string, "on" | "off"> = new Map([
  ...["1", "yes", "true"].map((word) => [word, "on"] as const),
  ...["0", "no", "false"].map((word) => [word, "off"] as const),
]);

export const cudaGraphs: readonly CudaGraph[] = ["auto", "off"];

export const profiles: readonly Profile[] = ["release", "debug", "release-with-debug", "none"];
const cxxStandards: readonly string[] = ["11", "14", "17", "20", "23", "26"];

/** Words from other tools for what has another name here. */
const kindsElsewhere: ReadonlyMap<string, ExtensionKind> = new Map<string, ExtensionKind>([
  ["python", "python-module"],
  ["module", "python-module"],
  ["extension", "python-module"],
  ["pybind11", "python-module"],
  ["library", "torch-library"],
  ["shared-library", "torch-library"],
  ["operators", "torch-library"],
  ["ops", "torch-library"],
  ["exe", "executable"],
  ["binary", "executable"],
  ["bin", "executable"],
  ["program", "executable"],
]);

const profilesElsewhere: ReadonlyMap<string, Profile> = new Map<string, Profile>([
  ["rel-with-deb-info", "release-with-debug"],
  ["relwithdebinfo", "release-with-debug"],
  ["release-debug", "release-with-debug"],
  ["profiling", "release-with-debug"],
  ["dbg", "debug"],
  ["dev", "debug"],
  ["opt", "release"],
  ["plain", "none"],
]);

/** Named architectures of `TORCH_CUDA_ARCH_LIST`, as in `torch.utils.cpp_extension`. */
export const namedArchitectures: readonly string[] = [
  "Kepler+Tesla",
  "Kepler",
  "Maxwell+Tegra",
  "Maxwell",
  "Pascal",
  "Volta+Tegra",
  "Volta",
  "Turing",
  "Ampere+Tegra",
  "Ampere",
  "Ada",
  "Hopper",
  "Blackwell+Tegra",
  "Blackwell",
];

function complaint(message: string, hint?: string): { readonly ok: false; readonly error: Complaint } {
  return err(hint === undefined ? { message } : { message, hint });
}

function oneOf<T extends string>(
  text: string,
  values: readonly T[],
  elsewhere: ReadonlyMap<string, T>,
  what: string,
): Result<T, Complaint> {
  const exact = values.find((value) => value === text);
  if (exact !== undefined) return ok(exact);
  const meant = elsewhere.get(plainSpelling(text)) ?? closest(text, values);
  const all = values.map((value) => `\`${value}\``).join(", ");
  return complaint(
    `\`${text}\` is not a ${what}`,
    meant === undefined ? `it is one of ${all}` : `did you mean \`${meant}\`? It is one of ${all}`,
  );
}

export function parseKind(text: string): Result<ExtensionKind, Complaint> {
  return oneOf(text, extensionKinds, kindsElsewhere, "kind of extension");
}

export function parseProfile(text: string): Result<Profile, Complaint> {
  return oneOf(text, profiles, profilesElsewhere, "profile");
}

export function parseCudaGraph(text: string): Result<CudaGraph, Complaint> {
  return oneOf(text, cudaGraphs, new Map([["on", "auto"]]), "way to run nvcc");
}

/** `on` or `off`. */
export function parseSwitch(text: string): Result<boolean, Complaint> {
  const chosen = oneOf(text, ["on", "off"], switchesElsewhere, "position of a switch");
  return chosen.ok ? ok(chosen.value === "on") : chosen;
}

/** `native`, `all`, `8.0`, `9.0a`, `10.0f`, `12.0+PTX`, `8.0-virtual`, `Ampere`. Whether this CUDA has it is not asked here. */
export function parseArchitecture(text: string): Result<string, Complaint> {
  if (/^(?:native|all|all-major|\d{1,2}\.\d[af]?(?:\+PTX|-real|-virtual)?)$/.test(text)) return ok(text);
  const base = text.endsWith("+PTX") ? text.slice(0, -"+PTX".length) : text;
  if (namedArchitectures.includes(text) || namedArchitectures.includes(base)) return ok(text);
  const parts = text.split(/[;,\s]+/).filter((part) => part !== "");
  if (parts.length > 1) {
    return complaint(
      `\`${text}\` holds several CUDA architectures`,
      `write each by itself: ${parts.map((part) => `"${part}"`).join(", ")}`,
    );
  }
  if (/^gfx\w+$/i.test(text)) {
    return complaint(
      `\`${text}\` is an AMD architecture, not one of CUDA`,
      "AMD architectures are taken from `PYTORCH_ROCM_ARCH`",
    );
  }
  const meant = architectureMeant(text);
  return complaint(
    `\`${text}\` is not a CUDA architecture`,
    meant === undefined
      ? "write the compute capability (`8.0`, `9.0a`, `12.0+PTX`), a name such as `Ampere`, or `native` for the GPU that is here"
      : `did you mean \`${meant}\`?`,
  );
}

function architectureMeant(text: string): string | undefined {
  const number = /^(?:(?:sm|compute|lto)_?)?(\d{1,2})\.?(\d)([af]?)(\+ptx)?$/i.exec(text.replaceAll(" ", ""));
  if (number !== null) {
    const [, major = "", minor = "", variant = "", ptx] = number;
    return `${major}.${minor}${variant.toLowerCase()}${ptx === undefined ? "" : "+PTX"}`;
  }
  if (/^(?:auto|detect|host|local|gpu)$/i.test(text)) return "native";
  return closest(text, [...namedArchitectures, "native"]);
}

/** The architectures of one option: separated by `;`, `,` or spaces, as in `TORCH_CUDA_ARCH_LIST`. */
export function parseArchitectureList(text: string): Result<readonly string[], Complaint> {
  const parts = text.split(/[;,\s]+/).filter((part) => part !== "");
  if (parts.length === 0)
    return complaint("the list of CUDA architectures is empty", "write e.g. `8.0;9.0`, or `native`");
  const found: string[] = [];
  for (const part of parts) {
    const one = parseArchitecture(part);
    if (!one.ok) return one;
    found.push(one.value);
  }
  return ok(found);
}

/** `17`, `c++17` → `17`. */
export function parseCxxStandard(text: string): Result<string, Complaint> {
  const number = /^(?:c\+\+)?(\d+)$/i.exec(text)?.[1];
  if (number !== undefined && cxxStandards.includes(number)) return ok(number);
  if (/^gnu\+\+/i.test(text)) {
    return complaint(
      `\`${text}\` is not a C++ standard but a dialect of it`,
      `write \`-std=${text}\` among the \`cxx-flags\``,
    );
  }
  return complaint(
    `\`${text}\` is not a C++ standard`,
    `it is one of ${cxxStandards.map((one) => `\`${one}\``).join(", ")}`,
  );
}

/** A CPython version `3.N`. The limited API begins with 3.2 (PEP 384). */
export function parseLimitedApi(text: string): Result<string, Complaint> {
  const minor = /^3\.(\d{1,2})$/.exec(text)?.[1];
  if (minor !== undefined && Number(minor) >= 2) return ok(text);
  const packed = /^(?:cp|py)?3\.?(\d{1,2})(?:\.\d+)?$/.exec(text)?.[1];
  return complaint(
    `\`${text}\` is not a Python version with a limited API`,
    packed !== undefined && Number(packed) >= 2 ? `did you mean \`3.${packed}\`?` : "write e.g. `3.10`",
  );
}

/** A torch version `2.N` or `2.N.P`. */
export function parseTorchVersion(text: string): Result<string, Complaint> {
  if (/^\d+\.\d+(?:\.\d+)?$/.test(text)) return ok(text);
  const leading = /^\d+\.\d+(?:\.\d+)?/.exec(text)?.[0];
  return complaint(
    `\`${text}\` is not a torch version`,
    leading === undefined ? "write e.g. `2.10`" : `did you mean \`${leading}\`?`,
  );
}

const macroName = /^[A-Za-z_$][\w$]*(?:\([\w\s,.$]*\))?$/;

/** The name of a macro, `NAME` or `NAME(x)`. */
export function parseMacroName(text: string): Result<string, Complaint> {
  if (macroName.test(text)) return ok(text);
  const [name, ...rest] = text.replace(/^-[DU]\s*/, "").split("=");
  if (name !== undefined && macroName.test(name) && (name !== text || rest.length > 0)) {
    return complaint(
      `\`${text}\` is not the name of a macro`,
      rest.length > 0 ? `did you mean \`${name} = "${rest.join("=")}"\`?` : `did you mean \`${name}\`?`,
    );
  }
  return complaint(
    `\`${text}\` is not the name of a macro`,
    "a name is made of letters, digits and underscores and does not begin with a digit",
  );
}

/** `NAME` or `NAME=VALUE`, as after `-D`. */
export function parseDefine(text: string): Result<Define, Complaint> {
  const equals = text.indexOf("=");
  const name = parseMacroName(equals < 0 ? text : text.slice(0, equals));
  if (!name.ok) return name;
  return ok(equals < 0 ? { name: name.value } : { name: name.value, value: text.slice(equals + 1) });
}

/** A name for `-l`. */
export function parseLibraryName(text: string): Result<string, Complaint> {
  if (text.startsWith("-l") && text.length > 2) {
    return complaint(`\`${text}\` is a flag, not the name of a library`, `did you mean \`${text.slice(2)}\`?`);
  }
  if (text.startsWith("-")) {
    return complaint(
      `\`${text}\` is a flag, not the name of a library`,
      "flags for the linker belong into `link-flags`",
    );
  }
  if (/[\\/]/.test(text)) {
    return complaint(
      `\`${text}\` is a path, not the name of a library`,
      "libraries given by path belong into `extra-objects`",
    );
  }
  const short = /^lib(.+?)\.(?:a|so|dylib)(?:\.[\d.]+)?$/.exec(text)?.[1] ?? /^(.+)\.(?:lib|dll)$/i.exec(text)?.[1];
  if (short !== undefined) {
    return complaint(`\`${text}\` is a file, not the name of a library`, `did you mean \`${short}\`?`);
  }
  if (text === "") return complaint("the name of a library is empty");
  return ok(text);
}

/** A flag is one word for the program; two flags in one text would reach it as one, which it does not know. */
export function parseFlag(text: string, before: string | undefined): Result<string, Complaint> {
  if (text === "") return complaint("a flag is empty", "remove it");
  const takesValue = before !== undefined && /^-(?:X\w+|-compiler-options|-linker-options|-\w+-options)$/.test(before);
  if (!takesValue && /^-[^\s"'=]*\s+-/.test(text)) {
    const parts = text.split(/\s+/).map((part) => `"${part}"`);
    return complaint(`\`${text}\` is several flags in one text`, `write each by itself: ${parts.join(", ")}`);
  }
  return ok(text);
}
