/** What Nix and Yocto refuse by rules of their own: licences, and findings of a package's quality. They do not know whether the package would work. */
import { type Match, type Rule, said } from "../rule.ts";

/** Nix' command of the text with what lets the variable through. */
function impure({ context: { log } }: Match): string {
  const typed = log.typed.findLast(({ line }) =>
    /^nix(?:-build|-shell| (?:build|develop|shell|run))\b/.test(line),
  )?.line;
  if (typed === undefined) return "nix build --impure";
  return /^nix-/.test(typed) || / --impure\b/.test(typed) ? typed : `${typed} --impure`;
}

const licences: Readonly<Record<string, readonly [variable: string, setting: string]>> = {
  unfree: ["NIXPKGS_ALLOW_UNFREE", "allowUnfree = true"],
  broken: ["NIXPKGS_ALLOW_BROKEN", "allowBroken = true"],
  insecure: ["NIXPKGS_ALLOW_INSECURE", "permittedInsecurePackages = [ … ]"],
};

/** What mends a finding of Yocto's, by its name: lines for the recipe. */
const findings: Readonly<Record<string, readonly string[]>> = {
  rpaths: removesPath(),
  "useless-rpaths": removesPath(),
  ldflags: ['export LDSHARED = "${CXX} -shared ${LDFLAGS}"'],
  "file-rdeps": [],
  buildpaths: ['CXXFLAGS:append = " -ffile-prefix-map=${WORKDIR}=/usr/src"'],
};

function removesPath(): readonly string[] {
  return [
    'DEPENDS += "chrpath-replacement-native"',
    "do_install:append() {",
    "    find ${D} -name '*.so' -exec chrpath -d {} +",
    "}",
  ];
}

function mendsFinding(match: Match): readonly string[] {
  const { finding = "", package: name } = match.facts;
  const recipe = match.context.log.ownBuilder?.recipe;
  const lines = findings[finding] ?? [`INSANE_SKIP:\${PN} += "${finding}"`];
  if (lines.length === 0)
    return [
      `# ${recipe ?? "the recipe (.bb)"}: RDEPENDS:\${PN} += "<the recipe that has the library which the message names>"`,
    ];
  return recipe === undefined
    ? lines.map((line) => `# the recipe${name === undefined ? "" : ` of ${name}`}: ${line}`)
    : [`cat >> ${recipe} <<'EOT'`, ...lines, "EOT"];
}

export const builderRefusalRules: readonly Rule[] = [
  {
    id: "nix-package-refused",
    title: "Nix evaluates no package with this licence or mark",
    on: ["build-tool"],
    specificity: 88,
    inBuildersWords: true,
    matches: (finding) => {
      if (finding.code !== "nix-refused") return undefined;
      const facts = said(
        finding,
        /Package [‘'"](?<name>[\w.+-]+)[’'"] in .*? (?:has an? (?<what>unfree)|is marked as (?<what2>broken|insecure))/,
      );
      return facts;
    },
    confidence: "high",
    cause: (match) =>
      `nixpkgs refuses \`${match.facts["name"] ?? ""}\` because it is ${match.facts["what"] === "unfree" ? "not free (CUDA's licence is NVIDIA's own)" : `marked as ${match.facts["what"] ?? ""}`}: nothing was built, the evaluation stopped.`,
    fix: (match) => {
      const [variable = "", setting = ""] = licences[match.facts["what"] ?? ""] ?? [];
      return [
        `export ${variable}=1`,
        impure(match),
        `# for good, in the flake: pkgs = import nixpkgs { inherit system; config = { ${setting}; cudaSupport = true; }; }; without flakes: ~/.config/nixpkgs/config.nix: { ${setting}; }`,
      ];
    },
    sources: ["https://nixos.org/manual/nixpkgs/stable/#sec-allow-unfree", "NixOS/nixpkgs#275698"],
    examples: [
      {
        text: "$ nix develop\n       error: Package ‘cuda_nvcc-12.4.99’ in /nix/store/abc-source/pkgs/generic.nix:351 has an unfree license (‘CUDA EULA’), refusing to evaluate.",
        expect: "nix develop --impure",
      },
    ],
  },
  {
    id: "yocto-quality-finding",
    title: "Yocto finds fault with what the build made",
    on: ["build-tool"],
    specificity: 86,
    inBuildersWords: true,
    matches: (finding) =>
      finding.code === "yocto-qa"
        ? (said(finding, /in package (?<package>[\w+.-]+) .*\[(?<finding>[\w-]+)\]$/) ??
          said(finding, /\[(?<finding>[\w-]+)\]$/))
        : undefined,
    confidence: "high",
    cause: (match) =>
      `The extension was built, and Yocto's check of packages refuses it (\`${match.facts["finding"] ?? ""}\`)${/rpath/.test(match.facts["finding"] ?? "") ? ": torch's builder writes the folder of the build's libraries into the module, which is not there on the device" : ""}.`,
    fix: (match) => mendsFinding(match),
    sources: ["https://docs.yoctoproject.org/ref-manual/qa-checks.html"],
    examples: [
      {
        text: "ERROR: python3-ops-1.0-r0 do_package_qa: QA Issue: File /usr/lib/python3.12/site-packages/ops/_C.so in package python3-ops contains bad RPATH /work/tmp/recipe-sysroot/usr/lib [rpaths]\nERROR: Task (/meta-x/python3-ops_1.0.bb:do_package_qa) failed with exit code '1'",
        expect: "chrpath -d",
      },
      {
        text: "ERROR: python3-ops-1.0-r0 do_package_qa: QA Issue: File '/usr/lib/ops/_C.so' from python3-ops was already stripped, this will prevent future debugging! [already-stripped]\nERROR: Task (/meta-x/python3-ops_1.0.bb:do_package_qa) failed with exit code '1'",
        expect: 'INSANE_SKIP:${PN} += "already-stripped"',
      },
    ],
  },
];
