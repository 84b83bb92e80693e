/** A release by its exact number that no index has, and one whose archive lacks what its set-up script reads. */
import { compareVersions, parseVersion } from "../../base/order.ts";
import { python, pythonVersion } from "../commands.ts";
import type { Finding } from "../finding.ts";
import { askFor } from "../project-tools.ts";
import { coded, type Rule, type RuleContext, said } from "../rule.ts";

const exact = /^([A-Za-z][\w.-]*)(?:\[[\w,-]*\])?==(\d[\w.]*)$/;

/** The releases that pip lists as those that it could take, of the request that a finding is about. */
function listed(finding: Finding, context: RuleContext): readonly string[] {
  for (const other of [finding, ...context.findings]) {
    if (other.code !== "no-distribution" || other.symbol !== finding.symbol) continue;
    const list = /\(from versions: (\d[^)]*)\)/.exec(other.message)?.[1];
    if (list !== undefined) return list.split(",").map((version) => version.trim());
  }
  return [];
}

/** The release that is nearest to one that is not there: a repair of it, else the newest of its kind, else the next one. */
function nearest(wanted: string, there: readonly string[]): string | undefined {
  const kind = wanted.split(".").slice(0, 2).join(".");
  return (
    there.findLast((version) => version.startsWith(`${wanted}.post`)) ??
    there.findLast((version) => version === kind || version.startsWith(`${kind}.`)) ??
    there.find((version) => compareVersions(parseVersion(version), parseVersion(wanted)) > 0)
  );
}

export const absentReleaseRules: readonly Rule[] = [
  {
    id: "release-never-published",
    title: "There is no release of that number",
    on: ["installer"],
    specificity: 71,
    matches: (finding, context) => {
      if (coded(finding, "no-distribution") === undefined) return undefined;
      const [, name = "", version = ""] = exact.exec(finding.symbol ?? "") ?? [];
      // Releases of torch come and go with Python: a rule of its own knows them.
      if (name === "" || /^torch(?:vision|audio)?$/.test(name)) return undefined;
      const there = listed(finding, context);
      const newest = there.at(-1);
      const near = nearest(version, there);
      if (newest === undefined || near === undefined || there.includes(version)) return undefined;
      return {
        name,
        version,
        near,
        newest,
        repaired: near.startsWith(`${version}.post`) ? "yes" : undefined,
        first: compareVersions(parseVersion(version), parseVersion(there[0] ?? "0")) < 0 ? there[0] : undefined,
      };
    },
    confidence: (match) => (match.facts["repaired"] === undefined ? "medium" : "high"),
    cause: (match) => {
      const { name = "", version = "", near = "", newest = "", repaired, first } = match.facts;
      const here = pythonVersion(match);
      if (repaired !== undefined)
        return `\`${name}==${version}\` was never published, or was taken back: what came out under that number is ${near} (\`==${version}\` does not mean it).`;
      return first === undefined
        ? `\`${name}==${version}\` is not among the releases that pip may take (up to ${newest}): it was not published, was taken back, or has files only for other Pythons or systems than this one${here === undefined ? "" : ` (Python ${here})`}.`
        : `\`${name}==${version}\` is older than what fits here: the list begins with ${first}, because older releases have files only for older Pythons${here === undefined ? "" : ` than ${here}`}, or were taken back.`;
    },
    fix: (match) => {
      const { name = "", version = "", near = "", repaired } = match.facts;
      return [
        askFor(match, `${name}==${near}`),
        ...(repaired === undefined
          ? [
              `# exactly ${version}: the files of that release on PyPI say for which Pythons and systems it is; from its repository: ${python(match)} -m pip install --no-build-isolation git+<repository>@v${version}`,
            ]
          : [`# requirements.txt and the like: ${name}==${version} → ${name}==${version}.*`]),
      ];
    },
    sources: ["SkyworkAI/Gamba#2", "https://packaging.python.org/en/latest/specifications/version-specifiers/"],
    examples: [
      {
        text: "ERROR: Could not find a version that satisfies the requirement my-conv==1.2.0 (from versions: 1.0.0, 1.1.3.post1, 1.2.0.post1, 1.2.0.post2, 1.2.1)\nERROR: No matching distribution found for my-conv==1.2.0",
        expect: 'install "my-conv==1.2.0.post2"',
      },
      {
        text: "ERROR: Could not find a version that satisfies the requirement my-conv==1.2.7 (from versions: 1.0.0, 1.2.1, 1.2.2, 1.3.0)",
        expect: 'install "my-conv==1.2.2"',
      },
    ],
  },
  {
    id: "fairseq-archive-without-version",
    title: "pip goes back to a release of fairseq that cannot be built",
    on: ["exception"],
    specificity: 82,
    matches: (finding) => said(finding, /No such file or directory: ['"]fairseq[\\/]{1,2}version\.txt['"]/),
    confidence: "high",
    cause: () =>
      "pip 24.1 and newer refuse the metadata of what fairseq 0.12.2 asks for (omegaconf 2.0, `PyYAML>=5.1.*`), so pip goes on to another release of fairseq, whose archive lacks fairseq/version.txt.",
    fix: (match) => {
      const here = pythonVersion(match);
      const tooNew = here !== undefined && Number(here.split(".")[1]) > 10;
      return [
        ...(tooNew
          ? [
              `# fairseq 0.12.2 does not run on Python ${here}: uv venv --seed --python 3.10   (conda create -n e python=3.10), then`,
            ]
          : []),
        `${python(match)} -m pip install "pip<24.1"`,
        `${python(match)} -m pip install "fairseq==0.12.2"`,
        "# or its newest state: git clone https://github.com/facebookresearch/fairseq && cd fairseq && pip install ./",
      ];
    },
    sources: ["facebookresearch/fairseq#5552", "facebookresearch/fairseq#5518"],
    examples: [
      { text: "FileNotFoundError: [Errno 2] No such file or directory: 'fairseq/version.txt'", expect: "pip<24.1" },
    ],
  },
];
