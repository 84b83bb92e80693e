/** Requirements that exclude each other, because each names another release of torch: the companions of torch, xFormers. */
import { unique } from "../../base/order.ts";
import { pip, torchIndex, xformersFor } from "../commands/commands.ts";
import { coded, type Match, type Rule, type RuleContext } from "../rule.ts";
import { requirementsFile, withPins } from "../commands/requirements-file.ts";
import { companionFor } from "../tables/torch-wheels.ts";

const companion = /^torch(?:vision|audio)$/;

/** A package and the release of torch that it insists on. */
interface Demand {
  readonly who: string;
  readonly version: string;
  readonly torch: string;
}

const depends =
  /(?<who>[A-Za-z][\w.-]*)(?: |==)(?<version>\d[\w.+]*) depends on torch ?==(?<torch>\d+\.\d+(?:\.\d+)?)/g;
const requires =
  /^(?<who>[A-Za-z][\w.-]*) (?<version>\d\S*) requires torch ?==(?<torch>\d+\.\d+(?:\.\d+)?)\S*, but you have torch (?<have>\d\S*)/;

function demandsIn(message: string): Demand[] {
  return [...message.matchAll(depends)].map(({ groups }) => ({
    who: groups?.["who"] ?? "",
    version: groups?.["version"] ?? "",
    torch: groups?.["torch"] ?? "",
  }));
}

/** The packages that insist on another torch than the one that pip installed, all of one log. */
function broken({ findings }: RuleContext): readonly (Demand & { readonly have: string })[] {
  return findings
    .filter(({ code }) => code === "installed-conflict")
    .flatMap(({ message }) => {
      const groups = requires.exec(message)?.groups;
      return groups === undefined
        ? []
        : [
            {
              who: groups["who"] ?? "",
              version: groups["version"] ?? "",
              torch: groups["torch"] ?? "",
              have: groups["have"] ?? "",
            },
          ];
    });
}

/** As the installer that refused is called. */
function install(match: Match, words: string): string {
  return match.finding.code === "no-solution" ? `uv pip ${words}` : pip(match, words);
}

/** torch of a release with its companions, from one index. */
function together(match: Match, torch: string, names: readonly string[], build?: string): string {
  const asked = names
    .filter((name) => companion.test(name))
    .map((name) => {
      const release = companionFor(name === "torchaudio" ? "torchaudio" : "torchvision", torch);
      return release === undefined ? name : `"${name}==${release}"`;
    });
  const index = build === undefined ? "" : ` --index-url https://download.pytorch.org/whl/${build}`;
  return install(match, `install torch==${torch} ${asked.join(" ")}`.trimEnd() + index);
}

function buildOf(version: string): string | undefined {
  return /\+(cu\d+|cpu|rocm[\d.]+)$/.exec(version)?.[1];
}

export const releaseConflictRules: readonly Rule[] = [
  {
    id: "requirements-want-two-torches",
    title: "The requirements pin packages that are made for different releases of torch",
    on: ["installer"],
    specificity: 72,
    matches: (finding) => {
      if (coded(finding, "conflict-cause", "no-solution") === undefined) return undefined;
      const asked = /(?:user requested|you require|project depends on|and) torch ?(?:==|~=)(\d+\.\d+(?:\.\d+)?)/.exec(
        finding.message,
      )?.[1];
      const demands = demandsIn(finding.message);
      const wanted = unique(demands.map(({ torch }) => torch));
      if (asked === undefined ? wanted.length < 2 : !wanted.some((torch) => torch !== asked)) return undefined;
      return { asked: asked ?? wanted[0] };
    },
    confidence: "high",
    cause: (match) => {
      const asked = match.facts["asked"] ?? "";
      const others = demandsIn(match.finding.message).filter(({ torch }) => torch !== asked);
      return `torch ${asked} is asked for, and ${unique(
        others.map(({ who, version, torch }) => `\`${who} ${version}\` is made for torch ${torch} alone`),
      )
        .slice(0, 3)
        .join(
          ", ",
        )}: each release of torchvision, torchaudio and xFormers belongs to one of torch. Nothing was installed.`;
    },
    fix: (match) => {
      const asked = match.facts["asked"] ?? "";
      const torch = /^\d+\.\d+$/.test(asked) ? `${asked}.0` : asked;
      const demands = demandsIn(match.finding.message);
      const names = unique(demands.map(({ who }) => who));
      const others = demands.filter((demand) => demand.torch !== asked);
      const first = others[0];
      const rest = others.filter(({ who }) => !companion.test(who)).map(({ who }) => who);
      const other =
        first === undefined
          ? []
          : [
              `# or the other way: ${together(match, first.torch, names)}   # the torch that ${first.who} ${first.version} is for`,
            ];
      if (requirementsFile(match) !== undefined && match.finding.code !== "no-solution")
        return [
          ...withPins(
            match,
            others.map(({ who }) => {
              const release = companion.test(who)
                ? companionFor(who === "torchaudio" ? "torchaudio" : "torchvision", torch)
                : undefined;
              return { name: who, range: release === undefined ? undefined : `==${release}` };
            }),
            rest.includes("xformers") ? " --only-binary xformers" : "",
          ),
          "# torch stays, and what was pinned to another one is taken in the release for this torch",
          ...other,
        ];
      return [
        `${together(match, torch, names)}${rest.includes("xformers") ? " xformers --only-binary xformers" : ""}   # torch stays: take the pin of ${unique(others.map(({ who }) => who)).join(" and ")} out of the requirements, and pip finds the release for this torch`,
        ...other,
      ];
    },
    sources: [
      "NIRVANALAN/GaussianAnything#9",
      "https://pytorch.org/get-started/previous-versions",
      "https://pip.pypa.io/en/stable/topics/dependency-resolution/",
    ],
    examples: [
      {
        text: "ERROR: Cannot install -r requirements.txt (line 2) and torch==2.1.0 because these package versions have conflicting dependencies.\n\nThe conflict is caused by:\n    The user requested torch==2.1.0\n    torchvision 0.16.0 depends on torch==2.1.0\n    xformers 0.0.26.post1 depends on torch==2.3.0",
        expect: "install -r requirements.txt --only-binary xformers",
      },
      {
        text: "$ pip install torch==2.1.0 torchvision==0.16.0 xformers==0.0.26.post1\nThe conflict is caused by:\n    The user requested torch==2.1.0\n    torchvision 0.16.0 depends on torch==2.1.0\n    xformers 0.0.26.post1 depends on torch==2.3.0",
        expect: 'torch==2.1.0 "torchvision==0.16.*" xformers --only-binary xformers',
      },
      {
        text: "The conflict is caused by:\n    The user requested torch~=1.10.0\n    torchvision 0.8.2 depends on torch==1.7.1",
        expect: '"torchvision==0.11.*"',
      },
    ],
  },
  {
    id: "torch-replaced-under-companions",
    title: "torch was replaced, and its companions are still of the old release",
    on: ["installer"],
    role: "advice",
    specificity: 60,
    matches: (finding) => {
      if (coded(finding, "installed-conflict") === undefined) return undefined;
      const groups = requires.exec(finding.message)?.groups;
      return groups === undefined || !/^(?:torch(?:vision|audio|text)|xformers)$/.test(groups["who"] ?? "")
        ? undefined
        : { have: groups["have"], torch: groups["torch"] };
    },
    confidence: "medium",
    cause: (match) => {
      const all = broken(match.context);
      return `torch is ${match.facts["have"] ?? "another one"} now, and ${unique(
        all.map(({ who, version, torch }) => `\`${who} ${version}\` is made for torch ${torch}`),
      )
        .slice(0, 4)
        .join(", ")}. pip goes on, but these fail at import (undefined symbols, missing operators).`;
    },
    fix: (match) => {
      const all = broken(match.context);
      const have = match.facts["have"] ?? "";
      const release = have.replace(/\+.*$/, "");
      const build = buildOf(have);
      const names = unique(all.map(({ who }) => who)).filter((name) => companion.test(name));
      const old = all.find(({ who }) => companion.test(who)) ?? all[0];
      const oldBuild = old === undefined ? undefined : buildOf(old.version);
      return [
        ...(names.length === 0
          ? []
          : [
              `${together(match, release, names, build ?? (match.context.log.torchCuda === undefined ? undefined : torchIndex(match)))}   # companions for this torch`,
            ]),
        ...(all.some(({ who }) => who === "xformers") ? xformersFor(match, have) : []),
        ...(old === undefined
          ? []
          : [
              `# or back to the torch that they are for: ${together(match, old.torch, unique(all.filter(({ torch }) => torch === old.torch).map(({ who }) => who)), oldBuild)}`,
            ]),
        `${pip(match, "check")}   # what brought the other torch: its requirements, one of the packages installed last (--no-deps keeps torch as it is)`,
      ];
    },
    sources: [
      "https://pytorch.org/get-started/previous-versions",
      "Linaqruf/kohya-trainer#162",
      "guoyww/AnimateDiff#390",
    ],
    examples: [
      {
        text: "torchvision 0.19.1 requires torch==2.4.1, but you have torch 2.3.1+cu121 which is incompatible.\nxformers 0.0.27.post2+cu118 requires torch==2.4.0, but you have torch 2.3.1+cu121 which is incompatible.",
        expect: 'torch==2.3.1 "torchvision==0.18.*" --index-url https://download.pytorch.org/whl/cu121',
      },
      {
        text: "torchvision 0.15.0a0 requires torch==1.14.0a0, but you have torch 2.0.1 which is incompatible.",
        expect: "torch is 2.0.1",
      },
    ],
  },
];
