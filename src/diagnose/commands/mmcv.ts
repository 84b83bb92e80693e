/**
 * mmcv with its operators. Its wheels are on pages of OpenMMLab, one for each CUDA and torch, for Linux and Windows; with
 * operators it was called mmcv-full before 2.0. Knows no list of the pages: not each torch has one.
 * Source: https://mmcv.readthedocs.io/en/latest/get_started/installation.html and /en/v1.7.0/ of it.
 */
import { isOfUv, pip, platformOf, python, setVariable } from "./command-words.ts";
import type { Match } from "../rule.ts";

/** OpenMMLab's installer; an interpreter of an environment that is not active has no `mim` on PATH. */
export function mim(match: Match): string {
  const own = python(match);
  return /^python[\d.]*$/.test(own) ? "mim" : `${own} -m mim`;
}

/** The release that a command of the text asked for: `mim install mmcv==1.6.2`. */
function askedMmcv({ context: { log } }: Match): string | undefined {
  return [...log.typed.map(({ line }) => line), ...(log.installs ?? [])]
    .map((line) => /(?:^|[\s"'])mmcv==(\d+(?:\.\d+)+)/.exec(line)?.[1])
    .findLast((release) => release !== undefined);
}

/** Whether the text's mmcv is one from before 2.0, which has no operators: those were in mmcv-full. */
export function isMmcvWithoutOperators(match: Match): boolean {
  const { versions } = match.context.log;
  return versions["mmcv-full"] === undefined && (versions["mmcv"] ?? askedMmcv(match))?.startsWith("1.") === true;
}

/** The mmcv that the text speaks of: `mmcv-full==1.7.0`. */
function wanted(match: Match): string {
  const { versions } = match.context.log;
  const full = versions["mmcv-full"];
  const plain = versions["mmcv"] ?? askedMmcv(match);
  if (full !== undefined) return `mmcv-full==${full}`;
  if (plain === undefined) return "mmcv";
  return plain.startsWith("1.") ? `mmcv-full==${plain}` : `mmcv==${plain}`;
}

/** The page of wheels for the torch that the text states: one for a minor release, `torch2.1.0` for 2.1.2, too. */
function page(match: Match): string | undefined {
  const { installedTorch, torchCuda, torchBuild } = match.context.log;
  const torch = /^\d+\.\d+/.exec(installedTorch ?? "")?.[0];
  const build =
    torchCuda === undefined ? (torchBuild === "cpu" ? "cpu" : undefined) : `cu${torchCuda.replace(".", "")}`;
  return torch === undefined || build === undefined
    ? undefined
    : `https://download.openmmlab.com/mmcv/dist/${build}/torch${torch}.0/index.html`;
}

function torchName(match: Match): string {
  const version = match.context.log.installedTorch;
  return version === undefined ? "torch" : `torch (${version})`;
}

/**
 * at::mps::MPSStream::commit(bool) went with torch 2.1; mmcv calls it before 2.1.0, which leaves its operators for MPS out there
 * (open-mmlab/mmcv#2951, #2958).
 */
function ofRemovedMps({ finding }: Match): boolean {
  return /MPSStream6commitEb|MPSStream::commit\(bool\)/.test(`${finding.symbol ?? ""} ${finding.text}`);
}

/** Removes all that owns the folder `mmcv`, and installs the one with operators for the torch at hand. */
export function reinstallMmcv(match: Match): string[] {
  // What the text has is too old for its torch: compiled anew it would miss the same.
  const stated = wanted(match);
  const isOld = ofRemovedMps(match) && stated.startsWith("mmcv-full");
  const name = ofRemovedMps(match) && !isOld ? "mmcv>=2.1.0,<2.2.0" : stated;
  const plain = name.split(/[=<>]/)[0] ?? name;
  const build = [
    setVariable(match, "MMCV_WITH_OPS", "1"),
    pip(match, `install --no-build-isolation --no-cache-dir --no-binary ${plain} "${name}"`),
  ];
  const remove = pip(match, "uninstall -y mmcv mmcv-full mmcv-lite");
  const hint = name === "mmcv" ? "; mmdet 2 and its kin: mmcv-full" : "";
  // There are no wheels for macOS.
  if (platformOf(match) === "darwin")
    return [
      ...(isOld
        ? [`${pip(match, "install torch==2.0.1 torchvision==0.15.2")}   # the last one that mmcv 1 knows on a Mac`]
        : []),
      remove,
      ...build,
      ...(ofRemovedMps(match) && !isOld
        ? [
            "# a project that asserts mmcv<2.1.0: torch 2.0.1 with torchvision 0.15.2, and the mmcv from before, built anew",
          ]
        : []),
    ];
  const wheels = page(match);
  return [
    remove,
    wheels === undefined || isOfUv(match)
      ? `${pip(match, "install -U openmim")} && ${mim(match)} install "${name}"   # the wheel for the torch that is installed${wheels === undefined ? "" : `; when there is one, it is on ${wheels}`}${hint}`
      : `${pip(match, `install "${name}" -f ${wheels}`)}   # the wheel for this ${torchName(match)}; ${mim(match)} install "${name}" finds the page by itself${hint}`,
    `# where a .tar.gz is fetched and no .whl, there is none for this ${torchName(match)}: another torch that has one, or build it: ${build.join(platformOf(match) === "win32" ? " && " : "; ")}`,
  ];
}
