/** tch-rs and its torch-sys: the release of the crate for a LibTorch, and the LibTorch for a release of the crate. */
import { compareVersions, parseVersion } from "../../base/order.ts";
import type { Finding } from "../finding.ts";
import type { Match, RuleContext } from "../rule.ts";
import { tchForTorch, torchOfTch } from "../tables/version-facts.ts";
import { replaceLibtorch } from "./libtorch-downloads.ts";

/** ` (torch 2.4)`: the one that the crate is made for. */
export function torchOfCrate(match: Match): string {
  const torch = match.facts["wants"] ?? torchOfTch(match.facts["tch"]);
  return torch === undefined ? "" : ` (torch ${torch})`;
}

/** The crate for the torch that is there. */
export function crateFor(match: Match): string {
  const { log } = match.context;
  const torch = match.facts["has"] ?? log.libtorchRelease ?? log.installedTorch ?? log.torch;
  const tch = tchForTorch(torch);
  return tch === undefined
    ? "# the crate that goes with this torch: tch 0.17 with torch 2.4, 0.20 with 2.7, 0.23 with 2.10, 0.26 with 2.13 (CHANGELOG.md of tch-rs has all)"
    : `cargo add tch@${tch}   # in Cargo.toml: tch = "${tch}", the one for torch ${torch ?? ""}`;
}

/**
 * Whether a header of LibTorch asks torch-sys for C++17: torch-sys compiles as C++14 up to 0.10, which is for torch 1.13, and
 * the headers ask for C++17 since 2.0 (LaurentMazare/tch-rs: CHANGELOG.md).
 */
export function isOfOlderCrate(finding: Finding, { log }: RuleContext): boolean {
  return (
    finding.kind === "compile" &&
    /^0\.(?:\d|10)(?:\.|$)/.test(log.tch ?? "") &&
    /C\+\+ ?17/.test(finding.message) &&
    /[\\/](?:c10|torch|ATen)[\\/]/.test(finding.file ?? "")
  );
}

/**
 * The LibTorch for the crate in the place of the other one, where another crate of the project asks for tch: it settles which
 * tch that is.
 */
export function libtorchForCrate(match: Match): string[] | undefined {
  const { log } = match.context;
  const wanted = match.facts["wants"] ?? torchOfTch(match.facts["tch"]);
  if (log.tchAsker === undefined || wanted === undefined || log.libtorchZip === undefined) return undefined;
  const release = wanted.split(".").length > 2 ? wanted : `${wanted}.0`;
  // LibTorch with CUDA is of other builds in each release; from 2.7 on the name has no ABI in it.
  if (!/\/libtorch\/cpu\//.test(log.libtorchZip)) return undefined;
  const archive = log.libtorchZip
    .replace(/-\d+\.\d+\.\d+(?=%2B|\+|\.zip)/, `-${release}`)
    .replace(/-cxx11-abi(?=-)/, (abi) => (compareVersions(parseVersion(release), [2, 7]) >= 0 ? "" : abi));
  const lines = replaceLibtorch(match, archive);
  return lines.length === 0
    ? undefined
    : [
        ...lines.map((line, at) =>
          at === 0
            ? `${line}   # ${log.tchAsker ?? ""} asks for tch ${log.tch ?? ""}, which is for torch ${wanted}`
            : line,
        ),
        `# or ${log.tchAsker} from a release (or its git) that asks for tch ${tchForTorch(log.libtorchRelease) ?? "for your torch"}, and the same tch in Cargo.toml, no "*"`,
      ];
}
