/**
 * A call of AT_DISPATCH_… that a compiler printed: how many types it names, and how many the macro's own name asks for. What
 * follows in the log from a wrong number (`scalar_t` unknown, no constant, a lambda for a name) is of no interest then.
 * Source: aten/src/ATen/Dispatch.h of torch.
 */
import { partedArguments } from "../text/call-text.ts";
import type { Finding } from "../finding.ts";

export interface MiscountedDispatch {
  readonly macro: string;
  /** The macro for as many types as are given. */
  readonly fitting: string;
  /** How many types the macro adds, and how many are given beside the tensor's. */
  readonly wanted: number;
  readonly given: number;
}

const call =
  /\b(?<macro>AT_DISPATCH_(?:\w+_)?(?:TYPES|COMPLEX)(?<ending>_AND[2-8]?)?)\s*\((?<rest>[^"]{0,300}"\w[^"]{0,80}"\s*,)/;

/** The dispatch in a line of source whose types are too few or too many. */
export function miscountedDispatch(source: string | undefined): MiscountedDispatch | undefined {
  const { macro = "", ending, rest = "" } = call.exec(source ?? "")?.groups ?? {};
  if (macro === "") return undefined;
  const types = partedArguments(rest.slice(0, rest.indexOf('"')).replace(/,\s*$/, ""));
  const given = types.length - 1;
  const wanted = ending === undefined ? 0 : Number(ending.slice(4) || "1");
  // A type that is left out altogether, or more than there are macros for: nothing is known of these.
  if (types.some((type) => type === "") || given === wanted || given > 4) return undefined;
  const base = ending === undefined ? macro : macro.slice(0, -ending.length);
  return { macro, fitting: `${base}${given === 0 ? "" : `_AND${given === 1 ? "" : String(given)}`}`, wanted, given };
}

/** Whether what is said of `scalar_t` follows from a dispatch that the log shows to be wrong. */
export function hasWrongDispatch({ file, at }: Finding, findings: readonly Finding[]): boolean {
  return findings.some(
    (other) =>
      other.at !== at &&
      (other.file === file || other.caller?.startsWith(`${file ?? ""}:`) === true) &&
      (miscountedDispatch(other.source) !== undefined ||
        /call to non-[‘'"]?constexpr[’'"]? function .*\bscalar_type\b|non-constexpr function '.*scalar_type|lambda.{0,120}[’'] to [‘']const char ?\* ?const[’']/.test(
          other.message,
        )),
  );
}
