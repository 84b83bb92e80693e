/**
 * Archives of sources that an index has and pip cannot use: their metadata, made here by setup.py, differ from what the
 * file is called, or a file of the repository was left out of them.
 */
import { pip, setVariable } from "../commands/commands.ts";
import { mim } from "../commands/mmcv.ts";
import { coded, type Match, type Rule, said } from "../rule.ts";

const inconsistent =
  /Requested (?<asked>\S+)(?:\[[^\]]*\])? from (?<address>\S+?)(?:#\S*)?(?: \(from [^)]*\))? has inconsistent (?<what>name|version|Requires-Python): (?:expected|filename has) '(?<file>[^']*)', but metadata has '(?<made>[^']*)'/i;

/** The words of pip 20.3. */
const different =
  /Requested (?<asked>\S+)(?:\[[^\]]*\])? from (?<address>\S+?)(?:#\S*)?(?: \(from [^)]*\))? has different (?<what>name|version) in metadata: '(?<made>[^']*)'/;

/** The number in the name of an archive: `0.2.1+torch14.cuda101` of `x-0.2.1%2Btorch14.cuda101-cp36-cp36m-linux_x86_64.whl`. */
function numberOf(address = ""): string {
  const name = (/[^/]*$/.exec(address)?.[0] ?? "").replaceAll(/%2B/gi, "+");
  return /-(\d[\w.+!]*)(?:-.*)?(?:\.whl|\.tar\.gz|\.zip)$/.exec(name)?.[1]?.replace(/\.tar$/, "") ?? "";
}

/** A release of the package that is at hand as an archive: pip compares nothing with a direct address. */
function byAddress(match: Match): string[] {
  const { address } = match.facts;
  if (address?.endsWith(".whl") === true)
    return [pip(match, `install "${address}"   # a direct address: pip compares no number with it`)];
  return [
    pip(
      match,
      `install --no-build-isolation "${match.facts["address"] ?? "<address of the archive>"}"   # a direct address: no number to compare with`,
    ),
    "# or the newest state: git clone of its repository, then pip install --no-build-isolation . in it",
  ];
}

export const sourceArchiveRules: readonly Rule[] = [
  {
    id: "archive-metadata-differ",
    title: "pip leaves a release out because its setup.py calls itself otherwise",
    on: ["installer"],
    specificity: 78,
    matches: (finding) =>
      coded(finding, "inconsistent-metadata") === undefined
        ? undefined
        : (said(finding, inconsistent) ?? said(finding, different) ?? {}),
    confidence: "high",
    cause: (match) => {
      const { what = "version", made = "", address } = match.facts;
      const file = match.facts["file"] ?? numberOf(address);
      if (address?.endsWith(".whl") === true)
        return `The wheel's file name has the ${what} \`${file}\`, and the metadata in it say \`${made}\`: it was renamed after it was built, to tell the torch and CUDA that it is for. pip (20.3 and newer) refuses such a wheel from an index.`;
      return file === "mmcv-full"
        ? "There is no wheel of mmcv-full for this system, torch and CUDA, so pip takes the sources; their setup.py calls itself `mmcv` unless MMCV_WITH_OPS is 1, and pip (20.3 and newer) refuses an archive that is called otherwise than its file."
        : `The archive's file name has the ${what} \`${file}\`, and its setup.py, run here, says \`${made}\` (it asks torch, CUDA or git for it, or the archive was made wrongly). pip (20.3 and newer) refuses such an archive and goes on to older releases.`;
    },
    fix: (match) =>
      match.facts["file"] === "mmcv-full"
        ? [
            setVariable(match, "MMCV_WITH_OPS", "1"),
            pip(
              match,
              `install --no-build-isolation -v ${match.context.log.asked ?? "mmcv-full"}${match.context.log.askedRelease ?? ""}   # compiles it: nvcc of torch's CUDA and a C++ compiler are needed`,
            ),
            `${pip(match, "install -U openmim")} && ${mim(match)} install "mmcv-full${match.context.log.askedRelease ?? ""}"   # or a wheel of OpenMMLab's pages, where there is one for this torch and system`,
          ]
        : byAddress(match),
    sources: [
      "espnet/warp-ctc#35",
      "open-mmlab/mmcv: setup.py",
      "open-mmlab/mmcv#822",
      "vllm-project/vllm#1922",
      "pypa/pip: src/pip/_internal/exceptions.py",
    ],
    examples: [
      {
        text: "ERROR: Requested warpctc-pytorch==0.2.1+torch14.cuda101 from https://files.pythonhosted.org/packages/af/23/warpctc_pytorch-0.2.1%2Btorch14.cuda101-cp36-cp36m-manylinux1_x86_64.whl#sha256=97 has different version in metadata: '0.2.1'",
        expect:
          'install "https://files.pythonhosted.org/packages/af/23/warpctc_pytorch-0.2.1%2Btorch14.cuda101-cp36-cp36m-manylinux1_x86_64.whl"',
      },
      {
        text: "WARNING: Discarding https://files.pythonhosted.org/packages/ef/90/mmcv-full-1.2.0.tar.gz#sha256=88 (from https://pypi.org/simple/mmcv-full/). Requested mmcv from https://files.pythonhosted.org/packages/ef/90/mmcv-full-1.2.0.tar.gz#sha256=88 has inconsistent name: filename has 'mmcv-full', but metadata has 'mmcv'\nERROR: Could not find a version that satisfies the requirement mmcv-full==1.2.0\nERROR: No matching distribution found for mmcv-full==1.2.0",
        expect: "MMCV_WITH_OPS=1",
      },
      {
        text: "Discarding https://files.pythonhosted.org/packages/3c/57/vllm-0.2.3.tar.gz (from https://pypi.org/simple/vllm/) (requires-python:>=3.8): Requested vllm==0.2.3 from https://files.pythonhosted.org/packages/3c/57/vllm-0.2.3.tar.gz has inconsistent version: expected '0.2.3', but metadata has '0.2.3+cu122'",
        expect: 'install --no-build-isolation "https://files.pythonhosted.org/packages/3c/57/vllm-0.2.3.tar.gz"',
      },
    ],
  },
  {
    id: "archive-lacks-file",
    title: "The package's archive lacks a file that its set-up script installs",
    on: ["installer"],
    specificity: 60,
    matches: (finding) =>
      coded(finding, "unknown-error") === undefined
        ? undefined
        : said(
            finding,
            // A path below the package's own folder, with an ending: no program, no folder of the system.
            /^\[Errno 2\] No such file or directory: '(?<name>(?![A-Za-z]:|[\\/~$<])[\w.-]+(?:[\\/]+[\w.-]+)+\.\w{1,6})'$/,
          ),
    confidence: "medium",
    cause: (match) =>
      `setup.py names \`${(match.facts["name"] ?? "").replaceAll("\\\\", "\\")}\`, which is not there: the archive of the sources that pip fetched was made without it (MANIFEST.in does not name it; often the file of another system), or a git submodule was not cloned.`,
    fix: (match) => {
      const name = match.context.log.package;
      return [
        `# the whole repository in place of the archive: git clone --recursive <repository${name === undefined ? "" : ` of ${name}`}>, then in it: ${pip(match, "install -v --no-build-isolation .")}`,
        ...(name === undefined
          ? []
          : [
              `${pip(match, `install --only-binary ${name} ${name}`)}   # or a release that has a wheel for this Python and system`,
            ]),
      ];
    },
    sources: ["deepspeedai/DeepSpeed#6923"],
    examples: [
      {
        text: "running build_scripts\ncreating build\\scripts-3.10\nerror: [Errno 2] No such file or directory: 'bin\\\\deepspeed.bat'\n[end of output]\nERROR: Failed building wheel for deepspeed",
        expect: "--only-binary deepspeed",
      },
    ],
  },
];
