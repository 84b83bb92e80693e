/** Requirements that exclude each other: which package is quarrelled about, and what to ask for instead. */
import { unique } from "../../base/order.ts";
import { pip, quote } from "../commands/commands.ts";
import { contested, type Demand, demandsIn } from "../facts/demands.ts";
import { requirementsFile, withPins } from "../commands/requirements-file.ts";
import { coded, type Match, type Rule } from "../rule.ts";

/** A demand in words: `my-ops 0.3` asks for `numpy<2`. */
function told({ who, version, name, range }: Demand): string {
  const asker = who === undefined ? "the request itself" : `\`${who}${version === undefined ? "" : ` ${version}`}\``;
  return `${asker} asks for \`${name}${range}\``;
}

/** The packages that `Cannot install a==1 and b==2 because` names, without their releases. */
function refused({ finding }: Match): string[] {
  const list = /Cannot install (.+?) because/.exec(finding.message)?.[1] ?? "";
  return unique(
    list
      .split(/,? and |, /)
      .map((word) => /^([A-Za-z][\w.-]*(?:\[[\w,-]+\])?)(?:[=<>!~]|$)/.exec(word.trim())?.[1] ?? "")
      .filter((name) => name !== ""),
  );
}

/** As the installer that refused is called. */
function install(match: Match, words: string): string {
  return match.finding.code === "no-solution" ? `uv pip install ${words}` : pip(match, `install ${words}`);
}

/** The command of the text without the releases that it asks for. */
function withoutPins(match: Match): string | undefined {
  const { requested = [] } = match.context.log;
  const free = requested.map((word) => word.replace(/^"?([A-Za-z][\w.-]*(?:\[[\w,-]+\])?)[=<>!~][^"]*"?$/, "$1"));
  return free.join(" ") === requested.join(" ")
    ? undefined
    : `${install(match, free.map(quote).join(" "))}   # without a release: the installer looks for those that go together`;
}

const ofField =
  /torch|cuda|nvidia|cudnn|nccl|triton|xformers|flash|vllm|sglang|deepspeed|apex|mmcv|detectron|spconv|gsplat|bitsandbytes|tensorrt|jax|pyg|dgl|numpy|setuptools|pybind11|ninja|cmake|gcc|gxx|python(?:_abi)?\b/i;

export const requirementConflictRules: readonly Rule[] = [
  {
    id: "metadata-of-isolated-torch",
    title: "A source package got its demand for torch from the torch of its isolated build",
    on: ["installer"],
    specificity: 76,
    matches: (finding) => {
      if (coded(finding, "conflict-cause") === undefined) return undefined;
      const all = demandsIn(finding.message).filter(({ name }) => name === "torch");
      // The package's own demand, and that of the metadata which the build wrote.
      const odd = all.find(
        ({ who, range }) =>
          who !== undefined && range === "" && all.some((other) => other.who === who && /^==/.test(other.range)),
      );
      const asked = all.find(({ who, range }) => who !== odd?.who && /^==\d+\.\d+\.\d/.test(range));
      return odd === undefined
        ? undefined
        : { name: odd.who, release: odd.version, torch: asked?.range, by: asked?.who, of: asked?.version };
    },
    confidence: "high",
    cause: ({ facts }) =>
      `\`${facts["name"] ?? ""} ${facts["release"] ?? ""}\` has no wheel that fits: pip builds its metadata in isolation, with the newest torch, and its setup.py then asks for that very torch.${facts["torch"] === undefined ? "" : ` \`${facts["by"] ?? "The request"}\` asks for torch${facts["torch"]}.`}`,
    fix: (match) => {
      const { facts } = match;
      const wanted = `${facts["name"] ?? ""}==${facts["release"] ?? ""}`;
      return [
        pip(match, `install torch${facts["torch"] ?? ""} setuptools wheel ninja packaging numpy`),
        `${pip(match, `install --no-build-isolation ${wanted}`)}   # its metadata then names the torch that is there`,
        facts["by"] === undefined
          ? "# then the same command"
          : pip(match, `install ${quote(`${facts["by"]}${facts["of"] === undefined ? "" : `==${facts["of"]}`}`)}`),
      ];
    },
    sources: ["flashinfer-ai/flashinfer#1408"],
    examples: [
      {
        text: 'ERROR: Cannot install sglang and sglang[srt]==0.4.9.post3 because these package versions have conflicting dependencies.\n\nThe conflict is caused by:\n    sglang[srt] 0.4.9.post3 depends on torch==2.7.1; extra == "srt"\n    flashinfer-python 0.2.7.post1 depends on torch\n    flashinfer-python 0.2.7.post1 depends on torch==2.8.*',
        expect: "install --no-build-isolation flashinfer-python==0.2.7.post1",
      },
    ],
  },
  {
    id: "dependency-conflict",
    title: "The requirements contradict each other",
    on: ["installer"],
    specificity: 55,
    matches: (finding) =>
      coded(
        finding,
        "no-solution",
        "conflict",
        "conflict-cause",
        "UnsatisfiableError",
        "LibMambaUnsatisfiableError",
        "PackagesNotFoundError",
        "ResolvePackageNotFound",
        "SpecsConfigurationConflictError",
      ),
    // Packages of which none is compiled against torch: a conflict of another field.
    confidence: ({ context }) =>
      context.findings.some(({ text, message }) => ofField.test(`${text} ${message}`)) ? "medium" : "low",
    cause: (match) => {
      if (/NotFound/.test(match.finding.code ?? ""))
        return "conda finds a package in none of the channels in that version.";
      const demands = contested(match.context.findings);
      const [only, ...others] = refused(match);
      if (
        demands.length === 0 &&
        only !== undefined &&
        others.length === 0 &&
        match.context.log.onlyIndex !== undefined
      )
        return `No release of \`${only}\` can be installed: each asks for something that the only index (${match.context.log.onlyIndex}) does not have, such as the release of torch that the index is made for.`;
      return `Two packages ask for versions of a third that exclude each other; nothing was built.${demands.length === 0 ? "" : ` Of \`${demands[0]?.name ?? ""}\`: ${demands.slice(0, 4).map(told).join(", ")}.`}`;
    },
    fix: (match) => {
      if (/NotFound|nsatisfiable/.test(match.finding.code ?? ""))
        return ["conda config --add channels conda-forge", "# loosen the version, or take the package from pip"];
      const demands = contested(match.context.findings);
      const own = demands.find(({ who }) => who === undefined);
      const askers = unique(demands.flatMap(({ who }) => (who === undefined ? [] : [who])));
      const { onlyIndex } = match.context.log;
      const named = refused(match);
      const inList = requirementsFile(match) !== undefined && match.finding.code !== "no-solution";
      if (inList && own !== undefined && askers.length > 0) {
        const other = demands.find(({ who, range }) => who !== undefined && range !== own.range);
        return [
          ...withPins(match, [{ name: own.name, range: other?.range }]),
          `# what ${other?.who ?? "the other"} asks for; or keep ${own.name}, and take the pin of ${askers.join(" and ")} out of the list`,
        ];
      }
      if (inList && (askers.length > 0 || named.length > 0))
        return [
          ...withPins(
            match,
            (askers.length > 0 ? askers : named).map((name) => ({ name: name.replace(/\[.*$/, "") })),
          ),
          "# without their releases: the installer looks for those that go together",
        ];
      if (own !== undefined && askers.length > 0) {
        const other = demands.find(({ who, range }) => who !== undefined && range !== own.range);
        return [
          `${install(match, `${quote(`${own.name}${other?.range ?? ""}`)} ${quote(`${other?.who ?? ""}==${other?.version ?? ""}`)}`)}   # what ${other?.who ?? "the other"} asks for: change the pin of ${own.name} in the requirements`,
          `# or keep ${own.name}, and let the release of the other free: ${install(match, `${quote(`${own.name}${own.range}`)} ${askers.map(quote).join(" ")}`)}`,
        ];
      }
      if (askers.length > 0)
        return [
          `${install(match, askers.map(quote).join(" "))}   # without a release: the installer looks for those that go together; take their pins out of the requirements`,
          `# a bound that is too strict: ${install(match, `--no-deps ${quote(`${askers[0] ?? ""}${demands[0]?.version === undefined ? "" : `==${demands[0].version}`}`)}`)}, and what it needs by hand; else an environment for each`,
        ];
      if (named.length === 1 && onlyIndex !== undefined)
        return [
          `${pip(match, "list")} | grep -i torch   # the torch and CUDA in the index's address (cu124/torch2.5) have to be those that are installed: else the address for them`,
          `${pip(match, `install ${named[0] ?? ""} --extra-index-url ${onlyIndex}`)}   # PyPI beside it, for what it depends on`,
        ];
      return [
        named.length === 0
          ? (withoutPins(match) ?? "# loosen the pinned versions that the message names")
          : `${install(match, named.map(quote).join(" "))}   # without a release: the installer looks for those that go together; take their pins out of the requirements`,
      ];
    },
    sources: ["https://pip.pypa.io/en/stable/topics/dependency-resolution/", "flashinfer-ai/flashinfer#1002"],
    examples: [
      {
        text: "ERROR: Cannot install foo and torch==2.1.0 because these package versions have conflicting dependencies.",
        expect: "install foo torch",
      },
      {
        text: "$ uv pip install my-ops==0.6.5 my-flash-ops\n  × No solution found when resolving dependencies:\n  ╰─▶ Because my-ops==0.6.5 depends on torch{platform_machine != 'aarch64'}==2.5.1 and\n      my-flash-ops>=2.6.1 depends on torch==2.4.0, we can conclude that my-ops==0.6.5 and\n      all of:\n          my-flash-ops==2.6.1\n       are incompatible. (1)",
        expect: "uv pip install my-ops my-flash-ops",
      },
      {
        text: "  × No solution found when resolving dependencies:\n  ╰─▶ Because my-ops==0.3 depends on numpy<2 and other-ops==1.2 depends on numpy>=2.1, we can conclude that my-ops==0.3 and other-ops==1.2 are incompatible.",
        expect: "`my-ops 0.3` asks for `numpy<2`, `other-ops 1.2` asks for `numpy>=2.1`",
      },
      {
        text: "ERROR: Cannot install -r r.txt (line 1) and numpy==2.1.0 because these package versions have conflicting dependencies.\n\nThe conflict is caused by:\n    The user requested numpy==2.1.0\n    my-ops 0.3 depends on numpy<2",
        expect: "s/^ *numpy( *[=<>!~;@].*)?$/numpy<2/g' r.txt\npython -m pip install -r r.txt",
      },
      {
        text: "$ pip install numpy==2.1.0 my-ops==0.3\nERROR: Cannot install my-ops==0.3 and numpy==2.1.0 because these package versions have conflicting dependencies.\n\nThe conflict is caused by:\n    The user requested numpy==2.1.0\n    my-ops 0.3 depends on numpy<2",
        expect: 'install "numpy<2" my-ops==0.3',
      },
      {
        text: "Looking in indexes: https://flashinfer.ai/whl/cu124/torch2.5/\nERROR: Cannot install flashinfer-python==0.2.0+cu124torch2.5 and flashinfer-python==0.2.5+cu124torch2.5 because these package versions have conflicting dependencies.",
        expect: "--extra-index-url https://flashinfer.ai/whl/cu124/torch2.5",
      },
    ],
  },
];
