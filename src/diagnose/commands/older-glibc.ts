/** torch on a Linux whose C library is older than the one that its wheels are made for. It does not look at the system itself. */
import { compareVersions, parseVersion } from "../../base/order.ts";
import { pip, platformOf } from "./commands.ts";
import type { Match } from "../rule.ts";
import { unmetOf } from "./unmet-requests.ts";

/**
 * The last release that an old Linux gets, where the list that the index gave ends with it. Source: PyPI's files of torch:
 * 2.5.1 is for manylinux1 (made for manylinux2014), 2.6.0 and newer for manylinux_2_28.
 */
export function lastBeforeNewerGlibc(match: Match): string | undefined {
  const { finding } = match;
  const unmet = finding.code === "no-distribution" ? unmetOf(match) : undefined;
  const last = /from versions: ([^)]+)\)/.exec(finding.message)?.[1]?.split(", ").at(-1)?.replace(/\+.*$/, "");
  const ends: Readonly<Record<string, string>> = { torch: "2.5.1", torchvision: "0.20.1", torchaudio: "2.5.1" };
  const end = ends[unmet?.name ?? ""];
  if (unmet?.version === undefined || end === undefined || last !== end || platformOf(match) !== "linux")
    return undefined;
  return compareVersions(parseVersion(unmet.version), parseVersion(end)) > 0 ? end : undefined;
}

export function withNewerGlibc(match: Match, last: string): string[] {
  const { log } = match.context;
  if (log.cibuildwheel)
    return [
      "export CIBW_MANYLINUX_X86_64_IMAGE=manylinux_2_28 CIBW_MANYLINUX_AARCH64_IMAGE=manylinux_2_28   # pyproject.toml: [tool.cibuildwheel] manylinux-x86_64-image; in a workflow: env",
    ];
  const index = log.onlyIndex === undefined ? "" : ` --index-url ${log.onlyIndex}`;
  return [
    `ldd --version | head -1; ${pip(match, "--version")}   # below 2.28: this system is too old for it; else pip is: ${pip(match, "install --upgrade pip")}`,
    "# a newer system: the image quay.io/pypa/manylinux_2_28_x86_64 in place of manylinux2014_x86_64, Ubuntu 20.04, RHEL 8 or newer; or here the last one:",
    `${pip(match, `install ${unmetOf(match)?.name ?? "torch"}==${last}`)}${index}`,
  ];
}
