/**
 * What code asks of torch and does not find there: the names in messages of compilers, or in the line of the source below one
 * that names nothing. It does not know which release has them.
 */
import { literally } from "../../base/literally.ts";
import { compareVersions, parseVersion } from "../../base/order.ts";
import type { Finding } from "../finding.ts";
import { torchName } from "../tables/torch-api.ts";

const space = String.raw`(?<space>(?:at|c10d?|torch|caffe2|executorch)(?:::[\w:<>{} ]+)?)`;
const open = "[\"‘'`“]";
const close = "[\"’'”`]";

/** Messages that name what a namespace or class of torch does not have. */
const named: readonly RegExp[] = [
  new RegExp(
    `${open}(?:const )?(?:struct |class |const )*${space}${close}(?: \\{aka [^}]*\\})? has no (?:actual )?member (?:named )?${open}?(?<name>[\\w~]+)`,
  ),
  new RegExp(`${open}(?<name>[\\w~]+)${close} is not a member of ${open}(?:class |struct )?${space}`),
  new RegExp(`no (?:member|type|template) named ${open}(?<name>[\\w~]+)${close} in (?:namespace )?${open}${space}`),
  new RegExp(`${open}(?<name>[\\w~]+)${close}\\s?: is not a member of ${open}${space}`),
  new RegExp(`no matching function for call to ${open}(?<space>(?:at|c10d?|torch)(?:::\\w+)*)::(?<name>\\w+)`),
  new RegExp(
    `${open}(?<name>\\w+)${close} in (?:namespace|class|struct) ${open}(?:class |struct )?${space}${close} does not name a (?:type|template type)`,
  ),
  new RegExp(
    `no instance of (?:overloaded )?function "(?<space>(?:at|c10d?|torch)(?:::\\w+)*)::(?<name>\\w+)[^"]*" matches`,
  ),
  new RegExp(
    `${open}(?<space>(?:at|c10d?|torch|caffe2)(?:::\\w+)*)::(?<name>\\w+)${close} (?:has not been declared|is not a class or namespace|is not a (?:type|template)|does not name a type|was not declared)`,
  ),
  new RegExp(
    `(?:unknown type name|use of undeclared identifier) '(?<space>(?:at|c10d?|torch)(?:::\\w+)*)::(?<name>\\w+)'`,
  ),
];

/** Messages behind which an unknown name stands that they do not say. */
const unnamed =
  /^expected (?:template-name|class-name|class name|constructor, destructor, or type conversion|primary-expression|unqualified-id|initializer|namespace-name|a type specifier|declaration|[‘'"]?[;,{(>)][’'"]? )|^expected |^variable or field .* declared void|does not name a type|has not been declared|was not declared in this scope|is not a template|C\+\+ requires a type specifier|a type specifier is required|this declaration has no storage class|unknown type name|undeclared identifier/;

/** Whether a message without the name can be about that word of its line: what the message names stands in it or right behind it. */
function isMeant(message: string, source: string, word: string): boolean {
  // `‘f_cuda’ was not declared`: of the word, or of what the macro is given.
  const unknown =
    /^(?:identifier |unknown type name |use of undeclared identifier )?[‘'"](?<name>[\w:]+)[’'"](?: was not declared| does not name| has not been declared| is not a template| is undefined|$|[;,])/.exec(
      message,
    )?.groups?.["name"];
  if (unknown !== undefined)
    return (
      word.split("::").includes(unknown.split("::").at(-1) ?? "") ||
      (/^(?:STABLE_)?TORCH_LIBRARY/.test(word) && new RegExp(`${word}\\s*\\([^()]*\\b${unknown}\\b`).test(source))
    );
  if (/ (?:before (?:string|numeric) constant|at end of )/.test(message)) return false;
  const before = / before [‘'"](?<token>[^’'"]+)[’'"]/.exec(message)?.groups?.["token"];
  if (before !== undefined)
    return new RegExp(`(?<![\\w:])${literally(word)}(?:<[^<>]{0,80}>)?\\s*${literally(before)}`).test(source);
  return /^expected an? ["']/.test(message)
    ? new RegExp(`(?:^|[;{}:,] {0,4}(?:public )?)${literally(word)}`).test(source.trim())
    : true;
}

/** The name that is asked of torch and not there. */
export function askedOfTorch(
  finding: Finding,
  torch?: string,
): { readonly name: string; readonly said: boolean } | undefined {
  for (const form of named) {
    const groups = form.exec(finding.message)?.groups;
    if (groups !== undefined) {
      const within = (groups["space"] ?? "").replaceAll("{anonymous}::", "").replace(/^caffe2::TypeMeta$/, "");
      return { name: `${within}::${groups["name"] ?? ""}`, said: true };
    }
  }
  const macro =
    /[‘'"](?<name>[A-Z][A-Z0-9_]{4,})[’'"](?:\s?:| was not declared| is undefined| does not name| has not been)/.exec(
      finding.message,
    )?.groups?.["name"] ??
    /(?:identifier|unknown type name) ["'](?<name>[A-Z][A-Z0-9_]{4,})["']/.exec(finding.message)?.groups?.["name"];
  if (macro !== undefined && torchName(macro) !== undefined) return { name: macro, said: true };
  const accessor =
    /^[‘'"]?(?:identifier ["'])?(?:at::|torch::)?(?<name>(?:Generic)?PackedTensorAccessor(?:32|64)?)["'’]? (?:is not a template|is undefined|does not name a (?:type|template type)|was not declared)/.exec(
      finding.message,
    )?.groups?.["name"];
  if (accessor !== undefined) return { name: `at::${accessor}`, said: true };
  if (finding.source === undefined || !unnamed.test(finding.message)) return undefined;
  for (const [word] of finding.source.matchAll(/(?:at|c10d?|torch)(?:::\w+)+|\b[A-Z][A-Z0-9_]{4,}(?=\s*\()/g))
    if (torchName(word) !== undefined && isMeant(finding.message, finding.source, word))
      return { name: word, said: false };
  // A missing word `template` looks the same, and is what ails all but very old releases.
  if (torch === undefined || compareVersions(parseVersion(torch), [1, 3]) >= 0) return undefined;
  const member = /[.>](data_ptr|const_data_ptr|mutable_data_ptr|packed_accessor(?:32|64))\s?</.exec(
    finding.source,
  )?.[1];
  return member === undefined || /[\w)] *\.template /.test(finding.source)
    ? undefined
    : { name: `at::Tensor::${member}`, said: false };
}

/** torch's own sources, where a torch is built: nothing there was written for another release. */
export function inTorchTree(file: string | undefined): boolean {
  const path = (file ?? "").replaceAll("\\", "/");
  if (/\/torch\/lib\/tmp_install\/include\/|(?:^|\/)pytorch[\w.-]*\/build\/(?:aten|caffe2|c10)\//.test(path))
    return true;
  return (
    !/-packages\/|\/include\/|\.egg\//.test(path) &&
    /(?:^|\/)(?:torch\/csrc|torch\/lib|aten\/src\/ATen|c10\/(?:core|util|cuda|macros|hip|xpu|mobile)|caffe2\/(?:core|operators|utils|serialize|sgd))\//.test(
      path,
    )
  );
}
