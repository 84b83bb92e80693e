/** Who asks for which release of what, in the sentences of pip and uv about requirements that exclude each other. */
import type { Finding } from "../finding.ts";

/** What a package, or the user, asks for. */
export interface Demand {
  /** The package that asks, with its extras; undefined where it is the user's own request. */
  readonly who?: string | undefined;
  readonly version?: string | undefined;
  readonly name: string;
  /** `==2.8.*`, `>=2.4,<3`; empty for any release. */
  readonly range: string;
}

const depends =
  /(?:(?<who>[A-Za-z][\w.-]*(?:\[[\w,-]+\])?)(?:==| )(?<version>\d[\w.+]*) depends on |(?:The user requested|you require|your project depends on) (?:\(constraint\) )?)(?<name>[A-Za-z][\w.-]*)(?:\[[\w,-]+\])? ?(?<range>(?:\(?[=<>!~]=?[\w.*+]+\)?(?:, ?(?=[=<>!~]))?)*)/g;

/** All demands of a message. */
export function demandsIn(message: string): Demand[] {
  return [...message.matchAll(depends)].map(({ groups }) => ({
    who: groups?.["who"],
    version: groups?.["version"],
    name: groups?.["name"] ?? "",
    range: (groups?.["range"] ?? "").replaceAll(/[\s()]/g, ""),
  }));
}

/** The demands of a text for the package that they quarrel about, torch before others. */
export function contested(findings: readonly Finding[]): readonly Demand[] {
  const all = findings
    .filter(({ code }) => code === "conflict-cause" || code === "no-solution" || code === "conflict")
    .flatMap(({ message }) => demandsIn(message.replaceAll(/\s+/g, " ")))
    .filter(({ range }) => range !== "");
  const names = [...new Set(all.map(({ name }) => name))].filter(
    (name) => new Set(all.filter((demand) => demand.name === name).map(({ range }) => range)).size > 1,
  );
  const name = names.find((found) => found === "torch") ?? names[0];
  const demands = all.filter((demand) => demand.name === name);
  return demands.filter(
    (demand, at) => demands.findIndex(({ who, range }) => who === demand.who && range === demand.range) === at,
  );
}
