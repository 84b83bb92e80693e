/**
 * Packages that research projects carry in a folder of theirs (submodules/, thirdparty/, models/ops): pip's index has none of
 * them, so they are installed from that folder, with `./`. And a build that a signal ended before it said a word.
 */
import { pip, platformOf, python, reinstall } from "../commands/commands.ts";
import { originOf } from "../tables/packages.ts";
import { coded, type Match, type Rule, said } from "../rule.ts";

/** Names of modules that only such folders have. */
const carried =
  /^No module named ['"](?<module>diff_\w*raster\w*|diff_gauss\w*|diff_surfel\w*|simple_knn|lietorch\w*|droid_backends|pointnet2_ops|pointops|curope|alt_cuda_corr|gaussian_rasteriz\w*)['"]/;
/** How they are called where somebody asks PyPI for them. */
const named =
  /^(?:diff[-_]\w*(?:raster|gauss|surfel)[\w-]*|simple[-_]knn|lietorch|droid[-_]backends|pointops[\w-]*|curope|fused[-_]ssim|submodules\/.*)$/i;

/** Packages that only their repositories have. */
function hasRepository(name: string): boolean {
  return (
    /^(?:detectron2|tinycudann|nvdiffrast|groundingdino|pointnet2[-_]ops|torchsparse)$/i.test(name) &&
    originOf(name)?.from !== undefined
  );
}

function dashed(name: string): string {
  return name.replaceAll("_", "-");
}

/** Finds the folder of the project that installs a module, and installs it. */
function fromFolder(match: Match, name: string): string[] {
  const onWindows = platformOf(match) === "win32";
  return [
    "git submodule update --init --recursive   # a ZIP of the project has no submodules: git clone --recursive",
    onWindows
      ? `findstr /s /m /c:"${name.replaceAll("-", "_")}" setup.py`
      : `grep -rlE "${name.replaceAll(/[-_]/g, "[-_]")}" --include=setup.py .   # the folder that it is installed from`,
    `${pip(match, `install --no-build-isolation ./submodules/${dashed(name)}`)}   # that folder, with ./ in front; nvcc of torch's CUDA has to be there`,
  ];
}

const signals: Readonly<Record<string, string>> = {
  4: "SIGILL: a library was compiled for a newer processor than this one",
  6: "SIGABRT",
  7: "SIGBUS: a file that is mapped into memory is shorter than it should be: a full disk or quota, a damaged or half-copied torch, a network folder",
  8: "SIGFPE",
  9: "SIGKILL: the system took it away, nearly always because memory ran out",
  11: "SIGSEGV: a crash in compiled code, nearly always in one of the libraries that `import torch` loads",
  15: "SIGTERM",
};

export const carriedPackageRules: readonly Rule[] = [
  {
    id: "package-of-the-project-not-installed",
    title: "A package that the project carries in a folder is not installed",
    on: ["exception", "installer"],
    specificity: 67,
    matches: (finding) => {
      if (finding.kind === "exception") return said(finding, carried);
      if (coded(finding, "no-distribution") === undefined) return undefined;
      const module = (finding.symbol ?? "").replace(/[=<>!~;].*$/, "");
      if (named.test(module)) return { module, asked: "yes" };
      return originOf(module)?.carried === undefined && !hasRepository(module)
        ? undefined
        : { module, asked: "origin" };
    },
    confidence: "high",
    cause: (match) =>
      match.facts["asked"] === undefined
        ? `\`${match.facts["module"] ?? ""}\` is a package with compiled parts that such projects carry in a folder of their own (submodules/, thirdparty/): it was not installed from there into the environment of this Python, or its build failed. Two folders whose setup.py give the same name replace each other.`
        : match.facts["asked"] === "origin"
          ? `\`${match.facts["module"] ?? ""}\` is not on PyPI: ${originOf(match.facts["module"] ?? "")?.carried === undefined ? "it is installed from its repository" : "projects carry it in a folder of theirs, and install it from there"}.`
          : `\`${match.facts["module"] ?? ""}\` is a folder of the project, and pip was given a bare name, which it looks up in its index: a folder needs \`./\` in front.`,
    fix: (match) => {
      const name = match.facts["module"] ?? "";
      if (match.facts["asked"] === "origin") return reinstall(match, name);
      if (match.facts["asked"] !== undefined)
        return [
          "git submodule update --init --recursive; ls   # is the folder here, and not empty?",
          `${pip(match, `install --no-build-isolation ./${name}`)}   # from the folder that holds it`,
        ];
      return [
        ...fromFolder(match, name),
        `${python(match)} -c "import torch, ${name}"   # from another folder than the sources`,
      ];
    },
    sources: [
      "chensjtu/GaussianObject#49",
      "Pixel-Talk/GUAVA#13",
      "graphdeco-inria/gaussian-splatting#874",
      "https://pip.pypa.io/en/stable/cli/pip_install/",
    ],
    examples: [
      {
        text: "ModuleNotFoundError: No module named 'diff_gaussian_rasterization_w_pose'",
        expect: "./submodules/diff-gaussian-rasterization-w-pose",
      },
      {
        text: "ERROR: Could not find a version that satisfies the requirement MultiScaleDeformableAttention (from versions: none)",
        expect: "*/ops/setup.py",
      },
      {
        text: "ERROR: Could not find a version that satisfies the requirement diff-gaussian-rasterization-32 (from versions: none)",
        expect: "install --no-build-isolation ./diff-gaussian-rasterization-32",
      },
    ],
  },
  {
    id: "build-ended-by-signal",
    title: "A signal ended the build's Python before it said anything",
    on: ["tool-died"],
    specificity: 85,
    matches: (finding) => {
      const number = /^exit code -(\d+)$/.exec(finding.code ?? "")?.[1];
      return number === undefined ? undefined : { number };
    },
    confidence: "medium",
    cause: (match) =>
      `pip's subprocess ended with exit code -${match.facts["number"] ?? ""}: signal ${match.facts["number"] ?? ""}${signals[match.facts["number"] ?? ""] === undefined ? "" : `, ${signals[match.facts["number"] ?? ""] ?? ""}`}. setup.py had printed nothing: it is the import of torch, or of what it brings, that died.`,
    fix: (match) => [
      `${python(match)} -X faulthandler -c "import torch; print(torch.__version__)"   # does it die here, too, and in which import?`,
      "df -h . /tmp ~; free -g   # a full disk, little memory",
      `${pip(match, "install --force-reinstall --no-cache-dir torch")}   # a damaged installation; in the release and from the index that it was from`,
    ],
    sources: ["YuelangX/Gaussian-Head-Avatar#46", "https://docs.python.org/3/library/subprocess.html"],
    examples: [
      {
        text: "Preparing metadata (setup.py) ... error\n  error: subprocess-exited-with-error\n  × python setup.py egg_info did not run successfully.\n  │ exit code: -7\n  ╰─> [0 lines of output]\n      [end of output]",
        expect: "SIGBUS",
      },
      {
        text: "  × Getting requirements to build wheel did not run successfully.\n  │ exit code: -11\n  ╰─> [0 lines of output]",
        expect: "-X faulthandler",
      },
    ],
  },
];
