/** Spack, whose solver finds no set of packages. */
import { compareVersions, parseVersion } from "../../base/order.ts";
import { ofLog } from "../matchers.ts";
import { coded, type Match, type Rule, type RuleContext } from "../rule.ts";

/** What the solver was told of versions: `cuda` has to be in `7.5:11.4`. */
interface Bound {
  readonly name: string;
  readonly range: string;
}

/** All of them in the text. */
function bounds(context: RuleContext): readonly Bound[] {
  return context.findings.flatMap(({ code, message }) => {
    if (code !== "spack-bound") return [];
    const [, name, range] =
      /"version_satisfies","([\w-]+)","([\d.:,]+)"/.exec(message) ??
      /satisfy ['"`]?\^?([\w-]+)@=?([\d.:,]+)/.exec(message) ??
      [];
    return name === undefined || range === undefined ? [] : [{ name, range }];
  });
}

/** Whether a version is in `7.5:11.4`, `:11.4` or `11`. */
function within(version: string, range: string): boolean {
  return range.split(",").some((part) => {
    const [least, most] = part.includes(":") ? part.split(":") : [part, part];
    const has = parseVersion(version);
    // `:11.4` holds 11.4.2, too.
    const cut = has.slice(0, parseVersion(most ?? "").length);
    return (
      (least === undefined || least === "" || compareVersions(has, parseVersion(least)) >= 0) &&
      (most === undefined || most === "" || compareVersions(cut, parseVersion(most)) <= 0)
    );
  });
}

/** The version in the request that a bound excludes, and the request without it. */
function mended(match: Match): { readonly asked: string; readonly bound: Bound; readonly spec: string } | undefined {
  const spec = match.facts["spec"] ?? "";
  for (const bound of ofLog(match.context, bounds)) {
    const asked = new RegExp(String.raw`(?:^|[\s^])${bound.name}@=?([\d.]+\d|\d)(?=\s|$|[+~%])`).exec(spec)?.[1];
    if (asked !== undefined && !within(asked, bound.range))
      return {
        asked,
        bound,
        spec: spec.replace(
          new RegExp(String.raw`(?<=(?:^|[\s^])${bound.name}@)=?${asked.replaceAll(".", "\\.")}`),
          bound.range,
        ),
      };
  }
  return undefined;
}

/** The request with the GPU's architecture behind each +cuda that has none. */
function withArchitecture(match: Match): readonly string[] | undefined {
  const { spec } = match.facts;
  if (spec === undefined || !/\+cuda\b/.test(spec)) return undefined;
  if (!match.context.findings.some(({ code }) => code === "spack-cuda-arch")) return undefined;
  const typed = match.context.log.typed.findLast(({ line }) => line.startsWith("spack "))?.line;
  const given = typed?.includes("+cuda") === true ? typed : `spack install ${spec}`;
  return [
    "arch=$(nvidia-smi --query-gpu=compute_cap --format=csv,noheader | head -1 | tr -d .)   # on a node with the GPU; elsewhere by hand: V100 70, A100 80, RTX 3090 86, L40 89, H100 90",
    given
      .split(/(?= \^)/)
      .map((part) =>
        /\+cuda\b/.test(part) && !/cuda_arch=/.test(part) ? part.replace(/\+cuda\b/, "+cuda cuda_arch=$arch") : part,
      )
      .join(""),
    '# for all packages: packages.yaml, all: variants: "+cuda cuda_arch=80"',
  ];
}

export const spackRules: readonly Rule[] = [
  {
    id: "spack-request-excludes-itself",
    title: "Spack finds no set of packages for the request",
    on: ["installer"],
    specificity: 80,
    matches: (finding) => {
      if (coded(finding, "spack-unsatisfiable") === undefined) return undefined;
      const spec =
        /Error: (.+?) is unsatisfiable/.exec(finding.message)?.[1] ??
        /concretize [`'"](.+?)[`'"]/.exec(finding.message)?.[1];
      return spec === undefined ? {} : { spec };
    },
    confidence: (match) => (mended(match) === undefined && withArchitecture(match) === undefined ? "medium" : "high"),
    cause: (match) => {
      const found = mended(match);
      if (withArchitecture(match) !== undefined)
        return `Spack builds what has +cuda for the GPUs that the request names, and \`${match.facts["spec"] ?? ""}\` names none: the recipe does not take cuda_arch=none.`;
      return found === undefined
        ? `Spack's solver finds no versions, variants and compilers that meet all that is asked for${match.facts["spec"] === undefined ? "" : ` (\`${match.facts["spec"]}\`)`} together with what the recipes and packages.yaml demand.`
        : `The request asks for ${found.bound.name}@${found.asked}, and the recipe of the package takes ${found.bound.name}@${found.bound.range} alone: the two exclude each other.`;
    },
    fix: (match) => {
      const found = mended(match);
      const arch = withArchitecture(match);
      if (arch !== undefined) return arch;
      const { spec } = match.facts;
      const bare = (spec ?? "py-torch").replace(/ ?\^\S+/g, "");
      return found === undefined
        ? [
            `spack spec ${bare}   # what Spack would take by itself: then add the rest of the request one by one`,
            "# the lines below the message name the conflict: a version, a variant, a compiler, an entry of packages.yaml (spack config blame packages)",
            "# newer recipes allow newer versions: git pull in the folder that spack repo list shows",
          ]
        : [
            `spack install ${found.spec}`,
            `# or a newer ${bare.replace(/[@+~ ].*$/, "")}, whose recipe takes ${found.bound.name}@${found.asked}: spack versions, or git pull in the folder that spack repo list shows`,
          ];
    },
    sources: ["spack/spack#30116", "https://spack.readthedocs.io/en/latest/spec_syntax.html"],
    examples: [
      {
        text: '==> Error: py-torch@1.11 cuda_arch=70 ^cuda@11.5 is unsatisfiable, conflicts are:\n  A conflict was triggered\n  imposed_constraint(6329,"version_satisfies","cuda","7.5:11.4")\n  version_satisfies("cuda","11.5")',
        expect: "spack install py-torch@1.11 cuda_arch=70 ^cuda@7.5:11.4",
      },
      {
        text: "==> Error: failed to concretize `py-torch@2.1 ^cuda@12.4` for the following reasons:\n     1. Cannot satisfy 'cuda@11:12.1'",
        expect: "spack install py-torch@2.1 ^cuda@11:12.1",
      },
      {
        text: "$ spack install py-ops +cuda ^py-torch@2.3 +cuda\n==> Error: failed to concretize `py-ops+cuda ^py-torch@2.3+cuda` for the following reasons:\n     1. py-torch: Must specify CUDA compute capabilities of your GPU, see https://developer.nvidia.com/cuda-gpus",
        expect: "spack install py-ops +cuda cuda_arch=$arch ^py-torch@2.3 +cuda cuda_arch=$arch",
      },
      {
        text: "==> Error: concretization failed for the following reasons:\n\n   1. cannot satisfy a requirement for package 'mpi'.",
        expect: "spack spec",
      },
    ],
  },
];
