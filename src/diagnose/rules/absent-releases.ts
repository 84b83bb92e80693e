/** A release by its exact number that no index has, and one whose archive lacks what its set-up script reads. */
import { compareVersions, parseVersion } from "../../base/order.ts";
import { python, pythonVersion } from "../commands/commands.ts";
import type { Finding } from "../finding.ts";
import { askFor } from "../commands/project-tools.ts";
import { coded, type MatchFacts, type Rule, type RuleContext, said } from "../rule.ts";

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

const bounded = /^([A-Za-z][\w.-]*)(?:\[[\w,-]*\])?((?:[<>=!~]=?[\w.*]+,?)+)$/;

/** A range that nothing on the list is in, and whether what is wanted is newer than all of it. */
function unmetRange(finding: Finding, context: RuleContext): MatchFacts | undefined {
  const [, name = "", range = ""] = bounded.exec(finding.symbol ?? "") ?? [];
  const there = listed(finding, context);
  const newest = there.at(-1);
  if (name === "" || newest === undefined || exact.test(finding.symbol ?? "") || /^torch(?:vision|audio)?$/.test(name))
    return undefined;
  const least = />=?(\d[\w.]*)/.exec(range)?.[1];
  return {
    name,
    range,
    first: there[0],
    newest,
    asker: /\(from ([A-Za-z][\w.-]*)\)/.exec(finding.message)?.[1],
    newer: least !== undefined && compareVersions(parseVersion(least), parseVersion(newest)) >= 0 ? "yes" : undefined,
  };
}

/** Of these there are wheels for Linux on x86-64 and Windows alone. */
const sparse = /^(?:spconv|cumm)(?:-cu\d+)?$/;

export const absentReleaseRules: readonly Rule[] = [
  {
    id: "spconv-on-arm",
    title: "spconv has no wheels for ARM",
    on: ["installer"],
    specificity: 75,
    matches: (finding, { log }) => {
      if (coded(finding, "no-distribution") === undefined) return undefined;
      const isArm =
        log.jetson ||
        log.jetsonArch !== undefined ||
        log.arch === "arm64" ||
        /^(?:7\.2|8\.7)$/.test(log.cummArch ?? "");
      const name = /^[A-Za-z][\w.-]*/.exec(finding.symbol ?? "")?.[0] ?? "";
      return isArm && sparse.test(name.replace(/[<>=].*$/, "")) ? { name } : undefined;
    },
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["name"] ?? ""}\` has wheels for x86-64 alone, and this is an ARM machine: cumm and spconv have to be built here, one after the other. (pip's build isolation does not see a cumm that was installed from a folder.)`,
    fix: ({ context: { log } }) => [
      `export CUMM_CUDA_ARCH_LIST=${log.cummArch ?? log.jetsonArch ?? log.namedGpu ?? "8.7"} CUMM_DISABLE_JIT=1 SPCONV_DISABLE_JIT=1   # the GPU's compute capability: Orin 8.7, Xavier 7.2`,
      "python -m pip install --upgrade pccm ccimport ninja wheel setuptools",
      "git clone https://github.com/FindDefinition/cumm && (cd cumm && python -m pip install --no-build-isolation -e .)",
      "git clone https://github.com/traveller59/spconv && cd spconv && sed -i.bak 's/\"cumm[^\"]*\",\\?//' pyproject.toml && python -m pip install --no-build-isolation --no-deps -e .   # releases that belong together: pyproject.toml names cumm's",
    ],
    sources: ["traveller59/spconv#698", "traveller59/spconv#639", "https://github.com/traveller59/spconv#readme"],
    examples: [
      {
        text: "I'm on Jetson AGX Orin with L4T R35.4.1.\nERROR: Could not find a version that satisfies the requirement spconv-cu114 (from versions: none)",
        expect: "CUMM_CUDA_ARCH_LIST=8.7",
      },
      {
        text: 'ENV CUMM_CUDA_ARCH_LIST="7.2"\nERROR: Could not find a version that satisfies the requirement cumm>=0.2.3 (from versions: 0.1.0)',
        expect: "CUMM_CUDA_ARCH_LIST=7.2",
      },
    ],
  },
  {
    id: "range-without-release",
    title: "No release within the range fits this Python and system",
    on: ["installer"],
    specificity: 68,
    matches: (finding, context) =>
      coded(finding, "no-distribution") === undefined ? undefined : unmetRange(finding, context),
    confidence: "medium",
    cause: (match) => {
      const { name = "", range = "", first = "", newest = "", newer, asker } = match.facts;
      const here = pythonVersion(match);
      const who = asker === undefined ? "" : `, which ${asker} asks for,`;
      return newer === undefined
        ? `\`${name}${range}\`${who} is not among what pip may take here (${first} … ${newest}): those releases have wheels for other Pythons alone${here === undefined ? "" : ` than ${here}`} (older ones, as a rule), or for another system.`
        : `\`${name}${range}\`${who} is newer than what pip may take here (up to ${newest}): newer releases have wheels for newer Pythons alone${here === undefined ? "" : ` than ${here}`}, or for another system or processor.`;
    },
    fix: (match) => {
      const { name = "", range = "", newer, asker } = match.facts;
      const other = newer === undefined ? "3.10" : "3.12";
      return [
        `${python(match)} -VV; ${python(match)} -m pip download --no-deps --only-binary :all: -d wheels --python-version ${other} "${name}${range}"   # are they there for ${newer === undefined ? "an older" : "a newer"} Python?`,
        `# then an environment with it: uv venv --python ${other}   (conda create -n e python=${other})`,
        asker !== undefined
          ? `# or a release of ${asker} that asks for a ${name} of today: ${askFor(match, asker)} --upgrade`
          : `# or from source: ${python(match)} -m pip install --no-build-isolation git+<repository of ${name}>, and what asks for it with --no-build-isolation, too`,
      ];
    },
    sources: ["traveller59/spconv#726"],
    examples: [
      {
        text: "ERROR: Could not find a version that satisfies the requirement my-gemm<0.5.0,>=0.4.5 (from my-conv) (from versions: 0.1.0, 0.5.0, 0.5.1, 0.6.3)\nERROR: No matching distribution found for my-gemm<0.5.0,>=0.4.5",
        expect: "which my-conv asks for",
      },
    ],
  },
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
