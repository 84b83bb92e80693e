/**
 * spconv and the cumm that it is built upon: their packages bear a CUDA in their names, and two of them write one folder. It
 * knows which there are, not which Pythons each has wheels for. Source: the packages on PyPI (spconv-cu102 to spconv-cu126).
 */
import { changeFolder, pip, platformOf, python, removeFolder } from "./command-words.ts";
import { showTorchCuda, torchCuda } from "./toolkit-commands.ts";
import type { Match } from "../rule.ts";

/** CUDA releases that there is a package for, oldest first. */
const numbers: readonly number[] = [102, 111, 113, 114, 116, 117, 118, 120, 121, 124, 126];

/** The package for a CUDA: of the same major version, the newest that is not newer, else the oldest. */
function numberFor(cuda: string): number | undefined {
  const wanted = Number(cuda.replace(".", ""));
  const same = numbers.filter((number) => Math.floor(number / 10) === Math.floor(wanted / 10));
  return same.findLast((number) => number <= wanted) ?? same[0];
}

/** Those that the text lists as installed, or asks for: `spconv-cu111`, `cumm`. */
function named(match: Match): string[] {
  const { versions, requested = [], installs = [] } = match.context.log;
  const words = [...requested, ...installs].flatMap((text) => text.match(/\b(?:spconv|cumm)(?:-cu\d{3})?\b/g) ?? []);
  return [
    ...new Set([...Object.keys(versions).filter((name) => /^(?:spconv|cumm)(?:-cu\d{3})?$/.test(name)), ...words]),
  ];
}

/**
 * cumm for an older release, which asks for its least one alone, so that pip takes a newer one with another interface; newer ones
 * name the bound themselves (2.3.6: <0.5, 2.3.8: <0.8). Sources: setup.py of spconv 2.1.21 (`cumm>=0.2.8`),
 * Luoyadan/CRB-active-3Ddet#7 and traveller59/spconv#438 (2.1.21 with cumm 0.4.9), traveller59/spconv#726.
 */
function cummBound(release: string | undefined): string | undefined {
  const minor = /^2\.([012])(?:\.|$)/.exec(release ?? "")?.[1];
  return minor === undefined ? undefined : minor === "2" ? "0.4" : "0.3";
}

/** The CUDA of the spconv that the text names: `11.7` of `spconv-cu117`. */
export function cudaOfSpconv(match: Match): string | undefined {
  const [, major, minor] =
    named(match)
      .map((name) => /^spconv-cu(\d\d)(\d)$/.exec(name))
      .find((found) => found !== null) ?? [];
  return major === undefined ? undefined : `${major}.${minor ?? ""}`;
}

/** `/w/spconv` of `/w/spconv/src/spconv/indice.cu`, which releases before 2.0 name in their messages. */
const oldSource = /(?:((?:[A-Za-z]:)?[\\/][^\s"']*?)[\\/])?src[\\/]spconv[\\/]\w+\.(?:cu|cc)\b/;

/**
 * spconv 1.x, with another interface, is built from its sources alone: no package of PyPI's takes its place. Source: README of
 * spconv 1.2.1, traveller59/spconv#140. Undefined for newer ones.
 */
function buildOldSpconv(match: Match): string[] | undefined {
  const { versions, python: release } = match.context.log;
  const texts = [match.finding.text, match.finding.message, ...match.context.findings.map(({ text }) => text)];
  const found = texts.map((text) => oldSource.exec(text)).find((each) => each !== null);
  if (found === undefined && !/^1\./.test(versions["spconv"] ?? "") && !/^3\.[56]$/.test(release ?? ""))
    return undefined;
  const folder = found?.[1];
  const wheel = platformOf(match) === "win32" ? "for %f in (dist\\*.whl) do" : "";
  return [
    ...(folder === undefined
      ? [
          "git clone --recursive -b v1.2.1 https://github.com/traveller59/spconv.git spconv-1.2.1 && cd spconv-1.2.1   # or the folder it was built in",
        ]
      : [changeFolder(match, folder)]),
    removeFolder(match, "build"),
    removeFolder(match, "dist"),
    `${python(match)} setup.py bdist_wheel`,
    wheel === ""
      ? pip(match, "install --force-reinstall --no-deps dist/*.whl")
      : `${wheel} ${pip(match, "install --force-reinstall --no-deps %f")}`,
  ];
}

/** Takes all of them away and installs the one for a CUDA, torch's by itself, with the cumm that it asks for. */
export function installSpconv(match: Match, cuda = torchCuda(match) ?? match.context.log.spokenCuda): string[] {
  const old = buildOldSpconv(match);
  if (old !== undefined) return old;
  const { versions } = match.context.log;
  const there = named(match);
  const number = cuda === undefined ? undefined : numberFor(cuda);
  const installed = there.find((name) => /^spconv-cu/.test(name));
  // Nothing tells torch's CUDA: the one that was chosen before.
  const name = number === undefined ? installed : `spconv-cu${String(number)}`;
  const release = name === installed && name !== undefined ? versions[name] : undefined;
  const bound = cummBound(release);
  const cumm = bound === undefined || name === undefined ? "" : ` "${name.replace("spconv", "cumm")}<${bound}"`;
  const known = there.some((each) => each.startsWith("spconv"));
  const away = [...new Set(["spconv", "cumm", ...there, ...there.map((each) => each.replace("spconv", "cumm"))])];
  const uninstall = known
    ? pip(match, `uninstall -y ${away.join(" ")}`)
    : platformOf(match) === "win32"
      ? pip(
          match,
          `uninstall -y ${["", ...numbers.slice(-9).map((each) => `-cu${String(each)}`)].flatMap((end) => [`spconv${end}`, `cumm${end}`]).join(" ")}`,
        )
      : pip(match, "uninstall -y spconv cumm $(pip list --format=freeze | grep -o -i -E '^(spconv|cumm)-cu[0-9]+')");
  return [
    ...(name === undefined ? [showTorchCuda(match)] : []),
    uninstall,
    `${pip(match, `install ${name ?? "spconv-cu126"}${release === undefined ? "" : `==${release}`}${cumm}`)}   # ${name === undefined ? "for CUDA 12.6 and newer; 11.8: spconv-cu118, 12.1: spconv-cu121, 12.4: spconv-cu124; it brings" : "with"} the cumm that it ${cumm === "" ? "needs" : "was built with: by itself it takes a newer one"}; plain spconv is the one for the CPU`,
    ...(cumm === "" || name === undefined
      ? []
      : [`# or the newest of both: ${pip(match, `install -U ${name} ${name.replace("spconv", "cumm")}`)}`]),
  ];
}
