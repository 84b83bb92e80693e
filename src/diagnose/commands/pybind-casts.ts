/**
 * pybind11's cast.h before nvcc: the edit that its own project made for compilers that misread a call of a conversion. Source:
 * pybind/pybind11#4893.
 */
import { quote } from "../text/quote.ts";
import type { Match } from "../rule.ts";

/**
 * pybind11's own change for these compilers: the type of the conversion gets a name before it is called. Undefined where the path of
 * the header is not told, or another place of it is refused.
 */
export function namedResult({ finding, context: { log } }: Match): string | undefined {
  const file = finding.file?.replace(/detail[\\/]\.\.[\\/]/, "") ?? "";
  if (!/^(?:\/|(?!\.\.)[\w.-]+\/).*pybind11\/cast\.h$/.test(file) || log.platform === "win32") return undefined;
  if (!/expected (?:template-name|identifier|primary-expression) before/.test(finding.message)) return undefined;
  const root = /^\/(?:usr|opt)\//.test(file) && !/conda|forge/.test(file) ? "sudo " : "";
  return `${root}sed -i.bak -Ez 's/return (caster|std::move\\(caster\\))\\.operator\\s+(typename make_caster<T>::template cast_op_type<[^;]*>)\\(\\);/using result_t = \\2; return \\1.operator result_t();/g' ${quote(file)}   # as pybind11 2.12 has it`;
}
