/**
 * A request that an installer could not meet: which release, and what about its wheels does not fit, as pip, uv, poetry and
 * pixi tell. Source of the sentences: uv's resolver (pubgrub/report.rs), poetry's chooser.py, pip's package finder.
 */
import { pythonVersion } from "./command-words.ts";
import type { Finding } from "../finding.ts";
import type { Match } from "../rule.ts";
import { pythonOfList, pythonsOf, within } from "../tables/torch-wheels.ts";

export interface Unmet {
  readonly name: string;
  /** `2.5.1`, of a range the newest. */
  readonly version?: string | undefined;
  /** What stands behind a plus: `cu124`. */
  readonly build?: string | undefined;
  /** What does not fit, as far as the message says. */
  readonly why?: "python" | "platform" | "version" | undefined;
  /** The Python here, `3.13`. */
  readonly python?: string | undefined;
  /** The Pythons of the wheels: `3.9`, `3.10`. */
  readonly pythons?: readonly string[] | undefined;
  /** The system here as a wheel's tag: `macosx_13_0_x86_64`. */
  readonly platform?: string | undefined;
  /** Those of the wheels. */
  readonly platforms?: readonly string[] | undefined;
}

type Writable = { -readonly [Name in keyof Unmet]: Unmet[Name] };

const name = String.raw`(?<name>[A-Za-z][\w.-]*)(?:\[[\w,-]*\])?(?:\{[^}]{0,200}\})?`;
const version = String.raw`(?:[=<>~!]=?=?[\w.*+]+,)?[=<>~!]=?=?(?<version>\d[\w.*]*)(?:\+(?<build>[\w.]+))?`;
/** Old releases of uv say "has no wheels are available". */
const noWheels = String.raw`(?:has|have|is unusable because)? ?no wheels (?:are available )?with a matching (?<what>Python ABI|Python implementation|platform)`;

const sentences: readonly RegExp[] = [
  new RegExp(`${name}${version} ${noWheels}`, "g"),
  new RegExp(String.raw`there (?:is|are) no versions? of ${name}${version}`, "g"),
  new RegExp(
    String.raw`no versions of ${name} match ${String.raw`(?<version>\d[\w.]*)(?:\+(?<build>[\w.]+))?`}(?=[\s,)]|$)`,
    "g",
  ),
  /Distribution [`']?(?<name>[A-Za-z][\w.-]*)==(?<version>\d[\w.]*?)(?:\+(?<build>[\w.]+))? @ /g,
];
const hint =
  /You(?: require|'re (?:on|using)) (?<system>CPython (?<python>3\.\d+)|[^(`]{1,40}) \([`'](?<tag>[\w.]+)[`']\), but (?:we only found wheels for )?[`']?(?<name>[\w.-]+)[`'] \(v(?<version>[^)+]+)(?:\+(?<build>[\w.]+))?\) (?:only has wheels )?(?:with|for) the following (?:Python (?:ABI|implementation) tags?|platforms?): (?<tags>[`'\w.,\s]{1,600})/g;

const requirement = /^([A-Za-z][\w.-]*)(?:\[[\w,-]*\])?(?:[=<>~! ]{1,3}(\d[\w.*]*?)(?:\+([\w.]+))?)?(?:,\S*)?$/;

/** `cp310` → `3.10`. */
function pythonOfTag(tag: string): string | undefined {
  const found = /^cp3(\d{1,2})/.exec(tag)?.[1];
  return found === undefined ? undefined : `3.${found}`;
}

function tagsOf(list: string): string[] {
  return [...list.matchAll(/[\w.]{2,}/g)].map(([tag]) => tag);
}

function ofTorch(found: string): boolean {
  return /^torch(?:vision|audio)?$/.test(found);
}

/** What the sentences of the resolver tell; those about torch before others. */
function told(message: string): Unmet | undefined {
  const other = otherPython.exec(message)?.groups;
  if (other !== undefined)
    return {
      name: other["name"] ?? "",
      version: other["version"],
      build: other["build"],
      why: "python",
      python: other["python"],
      ...(ofTorch(other["name"] ?? "") ? {} : { pythons: [other["least"] ?? ""] }),
    };
  let first: Unmet | undefined;
  for (const sentence of sentences)
    for (const { groups } of message.matchAll(sentence)) {
      const what = groups?.["what"];
      const unmet: Unmet = {
        name: groups?.["name"] ?? "",
        version: groups?.["version"],
        build: groups?.["build"],
        why:
          what === undefined
            ? /@ $/.test(sentence.source)
              ? undefined
              : "version"
            : what === "platform"
              ? "platform"
              : "python",
      };
      if (ofTorch(unmet.name)) return unmet;
      first ??= unmet;
    }
  return first;
}

const otherPython = new RegExp(
  String.raw`(?:current|requested) Python version \([^)]*?(?<python>3\.\d+)[^)]*\) does not satisfy Python ?[<>=~]+(?<least>3\.\d+)\S* and ${name}${version}`,
);

/** What uv's hints tell of the wheels of a release. */
function hinted(findings: readonly Finding[], wanted: string | undefined): Unmet | undefined {
  const all: Unmet[] = [];
  for (const { kind, message } of findings) {
    if (kind !== "installer" || !message.includes("following ")) continue;
    for (const { groups } of message.replaceAll(/\s+/g, " ").matchAll(hint)) {
      const tags = tagsOf(groups?.["tags"] ?? "");
      const unmet: Writable = {
        name: groups?.["name"] ?? "",
        version: groups?.["version"],
        build: groups?.["build"],
      };
      if (groups?.["python"] === undefined) {
        unmet.why = "platform";
        unmet.platform = groups?.["tag"];
        unmet.platforms = tags;
      } else {
        unmet.why = "python";
        unmet.python = groups["python"];
        unmet.pythons = [...new Set(tags.map(pythonOfTag).filter((python) => python !== undefined))];
      }
      all.push(unmet);
    }
  }
  return (
    all.find((unmet) => unmet.name === wanted) ??
    (wanted === undefined ? (all.find((unmet) => ofTorch(unmet.name)) ?? all[0]) : undefined)
  );
}

/** The request that a finding of an installer is about. */
export function unmetOf({ finding, context }: Pick<Match, "finding" | "context">): Unmet | undefined {
  const asked = requirement.exec(finding.symbol ?? "");
  const said =
    told(finding.message.replaceAll(/\s+/g, " ")) ??
    (asked?.[1] === undefined || finding.code === "wheel-tags"
      ? undefined
      : { name: asked[1], version: asked[2], build: asked[3] });
  const tip = hinted(context.findings, said?.name);
  if (said === undefined && tip === undefined) return undefined;
  const python =
    tip?.python ??
    (said !== undefined && "python" in said ? said.python : undefined) ??
    /current Python version \((3\.\d+)/.exec(finding.message)?.[1] ??
    pythonVersion({ finding, context, facts: {} }) ??
    (said !== undefined && ofTorch(said.name)
      ? pythonOfList(said.name, /from versions: (.+?)\)/.exec(finding.message)?.[1])
      : undefined);
  const base: Unmet = {
    ...(said !== undefined && "pythons" in said ? { pythons: said.pythons } : {}),
    ...tip,
    name: said?.name ?? tip?.name ?? "",
    version: said?.version ?? tip?.version,
    build: said?.build ?? tip?.build,
    why: tip?.why ?? (said !== undefined && "why" in said ? said.why : undefined),
    python,
  };
  const range = pythonsOf(base.name, base.version);
  const why =
    base.why === "platform"
      ? "platform"
      : base.why === undefined && range !== undefined && python !== undefined && !within(range, python)
        ? "python"
        : base.why;
  return {
    ...base,
    why,
    platform: base.platform ?? /matching platform tag \(e\.g\., [`'](\w+)[`']\)/.exec(finding.message)?.[1],
  };
}
