/** NVIDIA's packages of CUDA for Ubuntu and Debian: how apt gets to know them. It does not know which of them a release of the system has. */
import { compareVersions, parseVersion } from "../../base/order.ts";
import { platformOf } from "./command-words.ts";
import type { Match } from "../rule.ts";
import { toolkitFolder } from "./toolkit-commands.ts";

/**
 * NVIDIA's repository for the distribution that an address in the message names, else for the one that runs. Sources:
 * https://developer.nvidia.com/blog/updating-the-cuda-linux-gpg-repository-key (cuda-keyring 1.0-1 for the releases of 2022),
 * https://docs.nvidia.com/cuda/cuda-installation-guide-linux (1.1-1).
 */
export function nvidiaRepository(match: Match): string[] {
  const { log } = match.context;
  const [, told, machine] =
    /cuda\/repos\/((?:ubuntu|debian)\d+)\/(x86_64|sbsa|arm64)/.exec(`${match.finding.message} ${match.finding.text}`) ??
    [];
  const processor = machine ?? (log.arch === "arm64" ? "sbsa" : "x86_64");
  const keyring = `cuda-keyring_${/^(?:ubuntu(?:1\d|20)|debian10)/.test(told ?? "") ? "1.0" : "1.1"}-1_all.deb`;
  const folder = told ?? "$(. /etc/os-release; echo $ID$VERSION_ID | tr -d .)";
  return [
    `curl -fLO "https://developer.download.nvidia.com/compute/cuda/repos/${folder}/${processor}/${keyring}" && sudo dpkg -i ${keyring} && sudo apt-get update`,
  ];
}

/** The first CUDA in NVIDIA's repository of a release of Ubuntu. Source: its listings of packages, cuda/repos/ubuntu2004 to ubuntu2404. */
const firstCuda: Readonly<Record<string, readonly number[]>> = {
  "20.04": [11, 0],
  "22.04": [11, 7],
  "24.04": [12, 5],
};

/** Installs a toolkit beside the others where its folder is not there; nothing where the text names no Ubuntu that has it. */
export function toolkitPackage(match: Match, version: string): string[] {
  const { log } = match.context;
  const first = firstCuda[log.ubuntu ?? ""];
  if (first === undefined || log.conda || log.listedToolkits.includes(version) || platformOf(match) !== "linux")
    return [];
  if (compareVersions(parseVersion(version), first) < 0) return [];
  return [packageOf(match, version)];
}

function packageOf(match: Match, version: string): string {
  return `[ -d ${toolkitFolder(match, version)} ] || { ${nvidiaRepository(match).join(" && ")} && sudo apt-get install -y cuda-toolkit-${version.replace(".", "-")}; }`;
}

/** The same on a runner of a CI service's, whose Ubuntu a workflow names: an older one where the newest has no such toolkit. */
export function toolkitOnRunner(match: Match, version: string): string[] {
  const { log } = match.context;
  const known = toolkitPackage(match, version);
  if (known.length > 0 || !log.hostedRunner || log.conda || log.jobImage !== undefined || platformOf(match) !== "linux")
    return known;
  const wanted = parseVersion(version);
  if (compareVersions(wanted, firstCuda["22.04"] ?? []) < 0 || log.listedToolkits.includes(version)) return [];
  return [
    ...(compareVersions(wanted, firstCuda["24.04"] ?? []) < 0 && log.ubuntu !== "22.04"
      ? [
          `# the workflow, the job: runs-on: ubuntu-22.04   NVIDIA has CUDA ${version} for it, and not for ubuntu-24.04 (ubuntu-latest)`,
        ]
      : []),
    packageOf(match, version),
  ];
}
