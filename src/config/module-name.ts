/** What an extension may be called, and how a name is made of a file's or folder's name. */
import { err, ok, type Result } from "../base/result.ts";
import type { ExtensionKind } from "./extension.ts";
import type { Complaint } from "./problem.ts";

/** Keywords of Python 3.13 (`keyword.kwlist`): `import class` cannot be written. */
const keywords: ReadonlySet<string> = new Set(
  (
    "False None True and as assert async await break class continue def del elif else except finally for from global " +
    "if import in is lambda nonlocal not or pass raise return try while with yield"
  ).split(" "),
);

/** Modules that an extension of the same name would hide from the very program that loads it. */
const taken: ReadonlySet<string> = new Set(["torch"]);

/** Checks a name. What it must be depends on what is built: a program need not be importable. */
export function parseExtensionName(name: string, kind: ExtensionKind): Result<string, Complaint> {
  if (name === "") return refuse(name, "it is empty", undefined);
  if (/[\\/]/.test(name)) {
    return refuse(
      name,
      "it is a path",
      "a name holds no folder; packages are separated by dots, and `out-dir` says where the result is put",
    );
  }
  const parts = name.split(".");
  for (const [index, part] of parts.entries()) {
    const last = index === parts.length - 1;
    const why = part === "" ? "a part between its dots is empty" : partProblem(part, kind, last);
    if (why !== undefined) {
      const proposal = parts.map((one) => (one === "" ? "" : (asIdentifier(one) ?? ""))).filter((one) => one !== "");
      const meant = proposal.join(".");
      return refuse(name, why, meant === "" || meant === name ? undefined : `did you mean \`${meant}\`?`);
    }
  }
  if (kind !== "executable" && parts.length === 1 && taken.has(name)) {
    return refuse(name, `a module of this name would hide \`${name}\` itself`, `did you mean \`${name}_ext\`?`);
  }
  return ok(name);
}

function partProblem(part: string, kind: ExtensionKind, last: boolean): string | undefined {
  if (kind === "executable" && last) {
    return /^[\p{L}\p{N}_][\p{L}\p{N}_+-]*$/u.test(part)
      ? undefined
      : `\`${part}\` holds characters that a file name should not have`;
  }
  if (/^\p{N}/u.test(part)) return `\`${part}\` begins with a digit`;
  if (!/^[\p{ID_Start}_][\p{ID_Continue}]*$/u.test(part)) return `\`${part}\` is not a Python identifier`;
  if (keywords.has(part)) return `\`${part}\` is a keyword of Python`;
  // PEP 489: of a name outside ASCII Python looks for `PyInitU_` and its punycode, which the binding macros do not define.
  if (last && !/^[\x21-\x7e]+$/.test(part))
    return `\`${part}\` holds letters outside ASCII, which the module's own entry point cannot have`;
  return undefined;
}

function refuse(name: string, why: string, hint: string | undefined): Result<never, Complaint> {
  const message = `\`${name}\` cannot be the name of an extension: ${why}`;
  return err(hint === undefined ? { message } : { message, hint });
}

/** The nearest ASCII identifier to a file's name: `2d-conv é` → `_2d_conv_e`; undefined when nothing would be left. */
export function asIdentifier(text: string): string | undefined {
  const plain = text
    .normalize("NFKD")
    .replaceAll(/\p{M}/gu, "")
    .replaceAll(/[^A-Za-z0-9_]+/g, "_");
  if (!/[A-Za-z0-9]/.test(plain)) return undefined;
  const identifier = /^[0-9]/.test(plain) ? `_${plain}` : plain;
  return keywords.has(identifier) || taken.has(identifier) ? `${identifier}_ext` : identifier;
}
