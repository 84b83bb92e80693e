/** What conda's, mamba's and pixi's solvers say when there is no set of packages. */
import { condaAgain } from "../commands/conda-again.ts";
import { platformOf, setVariable } from "../commands/commands.ts";
import { originOf } from "../tables/packages.ts";
import { type Match, type Rule, saidAny } from "../rule.ts";

/** CUDA for the override: of the log, else a common one. */
function cudaOf(match: Match): string {
  return match.context.log.torchCuda ?? match.context.log.cuda ?? "12.8";
}

const solver =
  /^(?:UnsatisfiableError|LibMambaUnsatisfiableError|ResolvePackageNotFound|PackagesNotFoundError|solver|SpecsConfigurationConflictError)$/;

/** The first of the packages that are not found: `a=1.2`, `b=3 and others`. */
function listed(match: Match): string | undefined {
  const [first, second] = match.finding.message
    .replace(/^.*channels:\s*/, "")
    .replace(/Current channels:.*$/, "")
    .split(/\s+/)
    .filter((word) => /^[\w.-]+(?:[=<>][\w.=<>*]+)?$/.test(word) && word !== "-");
  return first === undefined ? undefined : `${first}${second === undefined ? "" : ` (and others)`}`;
}

/** A package with compiled parts whose channel has builds for a few releases of torch alone: built for the torch that is there. */
function fromSource(match: Match, name: string): string[] {
  const origin = originOf(name);
  if (origin?.from === undefined) return [];
  return [
    `${Object.entries(origin.variables ?? {})
      .map(([key, value]) => `${setVariable(match, key, value)} && `)
      .join(
        "",
      )}python -m pip install --no-build-isolation "${origin.from}"   # ${name} for the torch that is installed: its channel has builds for some releases of torch, Python and CUDA alone. nvcc of torch's CUDA has to be there`,
  ];
}

/** What pip builds for the torch that is there, where a package is asked for that pip can build; else an environment of its own. */
function condaOrSource(match: Match): string[] {
  const built = (match.context.log.condaAsked ?? []).flatMap((name) => fromSource(match, name));
  const fresh =
    "conda create -n fresh -c conda-forge --strict-channel-priority python=3.11 pytorch-gpu   # an empty environment, one channel; add the rest afterwards";
  return built.length === 0 ? [fresh] : [...built, `# or ${fresh}`];
}

export const condaSolvingRules: readonly Rule[] = [
  {
    id: "conda-virtual-package",
    title: "The environment asks for a GPU driver or a C library that this machine does not have",
    on: ["installer"],
    specificity: 82,
    matches: (finding) =>
      // A list of what is not found is the other rule's.
      finding.tool !== "conda" || /^nothing provides (?:requested )?__(?:unix|linux|win|osx)\b/.test(finding.message)
        ? undefined
        : saidAny(
            finding,
            /[Vv]irtual package '?(?<name>__\w+)[^']*'? does not match/,
            /(?<name>__(?:cuda|glibc)) ?(?<want>[<>=~][\d.=<>,*a]*)?[*\s]*,? for which no candidates were found/,
            /nothing provides (?:requested )?(?<name>__\w+) ?(?<want>[<>=!~\d.,*|]*)/,
            /(?<name>__(?:cuda|glibc)) (?<want>[<>=~][\d.=<>,*a]*) conflicting with __(?:cuda|glibc)-(?<have>[\d.]+)/,
            /(?<name>__(?:cuda|glibc|osx|win|linux|archspec))\s?(?<want>[<>=~][\d.=<>,*]*)?.{0,80}(?:missing on the system|is not installable|conflict|does not exist)/,
          ),
    confidence: "high",
    cause: (match) =>
      match.facts["name"] === "__cuda" && match.facts["have"] !== undefined
        ? `The packages need a driver for CUDA ${match.facts["want"] ?? ""}, and the NVIDIA driver of this machine knows CUDA up to ${match.facts["have"]}.`
        : match.facts["name"] === "__cuda"
          ? "The packages are for machines with an NVIDIA driver, which conda finds by the virtual package `__cuda`; there is none here (a login node, a CI runner, a docker build)."
          : match.facts["name"] === "__glibc"
            ? `The packages need glibc ${match.facts["want"] ?? "of a newer release"}, and this system's is older.`
            : `The packages need \`${match.facts["name"] ?? ""}\` ${match.facts["want"] ?? ""}, which this system is not.`,
    fix: (match) =>
      match.facts["name"] === "__cuda" && match.facts["have"] !== undefined
        ? [
            "nvidia-smi | head -4   # install a newer driver: https://www.nvidia.com/drivers",
            `# or the release of the packages for CUDA ${match.facts["have"]} (cudatoolkit=${match.facts["have"]}, cuda-version=${match.facts["have"]})`,
            `${setVariable(match, "CONDA_OVERRIDE_CUDA", /\d+\.\d+/.exec(match.facts["want"] ?? "")?.[0] ?? cudaOf(match))}   # only to install for another machine`,
          ]
        : match.facts["name"] === "__cuda"
          ? [
              // pixi solves for a machine that the project describes, not for the one that it runs on.
              ...(/no candidates were found/.test(match.finding.message)
                ? [
                    `pixi workspace system-requirements add cuda ${cudaOf(match).split(".")[0] ?? "12"}   # pixi.toml: [system-requirements] cuda = "${cudaOf(match).split(".")[0] ?? "12"}"; then pixi install`,
                  ]
                : []),
              `${setVariable(match, "CONDA_OVERRIDE_CUDA", cudaOf(match))}   # install for a GPU machine all the same${match.context.log.condaLine === undefined ? "; then the same command" : ""}`,
              ...condaAgain(match),
              '# or an environment without it: in pixi.toml a feature "gpu" with [system-requirements] cuda = "12" beside a plain one',
            ]
          : match.facts["name"] === "__glibc"
            ? [
                "ldd --version | head -1",
                '# a newer system or image, or older releases of the packages; pixi: [system-requirements] libc = "2.28"',
              ]
            : [
                "conda info   # the virtual packages of this machine",
                "# other releases of the packages, or another machine",
              ],
    sources: [
      "https://docs.conda.io/projects/conda/en/stable/user-guide/tasks/manage-virtual.html",
      "fieldsoftheworld/ftw-baselines#117",
    ],
    examples: [
      {
        text: "    ╰─▶ Virtual package '__cuda' does not match any of the available virtual packages on your machine: [__archspec=1=zen2, __glibc=2.39=0]",
        expect: "CONDA_OVERRIDE_CUDA",
      },
      {
        text: "Error: × failed to solve the conda requirements of 'default' 'linux-64'\n╰─▶ Cannot solve the request because of: pytorch * cuda* cannot be installed because there are no viable options:\n└─ pytorch 2.5.1 would require __cuda *, for which no candidates were found.",
        expect: "system-requirements add cuda 12",
      },
      {
        text: "Encountered problems while solving:\n  - package cudatoolkit-11.0.3-h15472ef_6 has constraint __cuda >=11.0 conflicting with __cuda-10.2-0",
        expect: "CUDA up to 10.2",
      },
      {
        text: "LibMambaUnsatisfiableError: Encountered problems while solving:\n  - nothing provides __glibc >=2.28,<3.0.a0 needed by pytorch-2.7.0-cuda126",
        expect: "glibc",
      },
    ],
  },
  {
    id: "conda-no-solution",
    title: "conda finds no set of packages that go together",
    on: ["installer"],
    specificity: 64,
    matches: (finding) => {
      if (finding.tool !== "conda" || !solver.test(finding.code ?? "")) return undefined;
      const facts =
        saidAny(
          finding,
          /package (?<who>[\w.-]+?-\d[\w.]*-[\w.]+) requires (?<what>[\w.-]+ [^;]{1,80}?), but none of the providers can be installed/,
          /(?:^|[─ ])(?<missing>[a-z][\w.-]* [^\s,]+(?: [\w*]+)?), for which no candidates were found/,
          /nothing provides requested (?<missing>[^\s,]+ ?[<>=\d.*]*)/,
          /nothing provides (?<missing>[\w.-]+ ?[<>=\d.*]*) needed by (?<who>[\w.-]+)/,
          /(?:^|[─ ])(?<what>[\w.-]+) is not installable because it conflicts with any installable versions previously reported/,
          /(?:^|[─ ])(?<missing>[\w.-]+ ?[<>=!\d.*]*) does not exist/,
        ) ?? {};
      return {
        ...facts,
        // The build of the package that asks says nothing; that of what it asks for does.
        pinned: /(?:requires |requested |does not exist|==?[\w.]+=)[^,]*?\b(?:cuda\d+)?py\d+h[0-9a-f]{6,}_\d+\b/.test(
          finding.message,
        )
          ? "yes"
          : undefined,
        clash: /Package ([\w.-]+) conflicts for/.exec(finding.message)?.[1],
        absent: /NotFound/.test(finding.code ?? "") ? "yes" : undefined,
      };
    },
    confidence: "medium",
    cause: (match) =>
      (match.facts["absent"] !== undefined || match.facts["missing"] !== undefined
        ? `No channel that was asked has \`${match.facts["missing"] ?? listed(match) ?? "one of the packages"}\` for this system and in that version.`
        : match.facts["what"] === undefined
          ? match.facts["clash"] === undefined
            ? "Two requirements of the environment exclude each other."
            : `What is asked for wants \`${match.facts["clash"]}\` in versions or builds that exclude each other.`
          : `${match.facts["who"] === undefined ? "What is asked for" : `\`${match.facts["who"]}\``} needs \`${match.facts["what"]}\`, which does not go with the rest${match.facts["who"] === undefined ? " (with what is installed in this environment already, most often a cudatoolkit of another version)" : ""}.`) +
      (/^conda-\d/.test(match.facts["who"] ?? "")
        ? " conda itself lives in this environment (base) and wants its own Python: take an environment of its own."
        : "") +
      (match.facts["pinned"] === undefined
        ? ""
        : " The file pins single builds (the last part, like cuda112py38h0bbbad9_1): they are of one day and one system, and some are gone."),
    fix: (match) => [
      ...(match.facts["pinned"] === undefined
        ? []
        : [
            "sed -E 's/^( *- [A-Za-z0-9_.-]+=[^=]+)=[^=]+$/\\1/' environment.yml > loose.yml && conda env create -f loose.yml   # without the builds",
          ]),
      ...condaOrSource(match),
      `# or torch from pip, in an environment with Python alone: conda create -n e python=3.11 && pip install torch --index-url https://download.pytorch.org/whl/cu${cudaOf(match).replace(".", "")}${platformOf(match) === "darwin" ? " (macOS: plain pip install torch)" : ""}`,
    ],
    sources: [
      "https://docs.conda.io/projects/conda/en/stable/user-guide/concepts/conda-performance.html",
      "pytorch/pytorch#138506",
    ],
    examples: [
      {
        text: "$ conda install pytorch3d -c pytorch3d\nSolving environment: failed\n\nUnsatisfiableError: The following specifications were found to be incompatible with each other:\n\nOutput in format: Requested package -> Available versions",
        expect: "github.com/facebookresearch/pytorch3d.git",
      },
      {
        text: "LibMambaUnsatisfiableError: Encountered problems while solving:\n  - package pytorch-gpu-1.9.0-cuda112py38h0bbbad9_1 requires pytorch 1.9.0 cuda112py38h3d13190_1, but none of the providers can be installed",
        expect: "loose.yml",
      },
      {
        text: "Could not solve for environment specs\nThe following packages are incompatible\n├─ cuda-version 12.2**  is installable and it requires\n│  └─ cudatoolkit 12.2|12.2.* , which can be installed;\n└─ cudatoolkit is not installable because it conflicts with any installable versions previously reported.",
        expect: "cudatoolkit",
      },
      { text: "ResolvePackageNotFound:\n  - cudatoolkit=9.2", expect: "conda-forge" },
    ],
  },
];
