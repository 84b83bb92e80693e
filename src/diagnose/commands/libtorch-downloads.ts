/**
 * The archive of LibTorch that fits a text: the one for macOS, and the one for old systems. It does not know what else lies in a project's folder of LibTorch. Sources: pytorch#120291 (`libtorch-macos-1.9.1.zip`),
 * pytorch#133205 (1.12 needs C++14, 2.2 C++17), ocaml/opam-repository's libtorch.1.3.0 (`libtorch-macos-1.3.0.zip`, the last release that
 * C++11 compiles: vision#1635), docs/cpp/source/installing.rst of pytorch (`cu113/libtorch-shared-with-deps-1.12.0%2Bcu113.zip`).
 */
import { compareVersions, parseVersion } from "../../base/order.ts";
import { quote } from "../text/quote.ts";
import type { Match } from "../rule.ts";
import { cudaBuildsOf, cudaOfBuild } from "../tables/torch-wheels.ts";

const downloads = "https://download.pytorch.org/libtorch";

/** The archive for a Mac with that processor: of the release in the text, else the newest that the C++ standard compiles. */
export function macLibtorch({ context: { log } }: Match, processor: "x86_64" | "arm64"): string {
  const told = log.libtorchRelease;
  // Before 2.2 there was one archive, for Intel.
  const oldest = processor === "arm64" ? "2.2.0" : "1.3.0";
  if (
    told !== undefined &&
    compareVersions(parseVersion(told), parseVersion(oldest)) >= 0 &&
    (processor === "arm64" || !/^2\.[3-9]|^2\.\d\d/.test(told))
  )
    return /^1|^2\.[01]/.test(told)
      ? `${downloads}/cpu/libtorch-macos-${told}.zip`
      : `${downloads}/cpu/libtorch-macos-${processor}-${told}.zip`;
  if (processor === "arm64") return `${downloads}/cpu/libtorch-macos-arm64-2.6.0.zip`;
  if (log.cmakeStandard === "11") return `${downloads}/cpu/libtorch-macos-1.3.0.zip`;
  if (log.cmakeStandard === "14") return `${downloads}/cpu/libtorch-macos-1.9.1.zip`;
  return `${downloads}/cpu/libtorch-macos-x86_64-2.2.2.zip`;
}

/**
 * The archive with the old std::string for systems with an old C library (glibc 2.17): of the release in the text and of the oldest
 * CUDA build of that release that is no older than the toolkit, within one major version.
 */
export function oldSystemsLibtorch({ context: { log } }: Match): string | undefined {
  const { libtorchRelease: release, cuda: toolkit = log.spokenCuda ?? log.cudaModule } = log;
  if (release === undefined || compareVersions(parseVersion(release), [2, 7]) >= 0) return undefined;
  if (toolkit === undefined) return undefined;
  const [major = 0] = parseVersion(toolkit);
  const same = (cudaBuildsOf(release) ?? []).filter((build) => parseVersion(cudaOfBuild(build))[0] === major);
  const build =
    same.find((each) => compareVersions(parseVersion(cudaOfBuild(each)), parseVersion(toolkit)) >= 0) ?? same.at(-1);
  return build === undefined ? undefined : `${downloads}/${build}/libtorch-shared-with-deps-${release}%2B${build}.zip`;
}

/** What the text built before against the LibTorch that is replaced, and links now: it is built for the other strings. */
function builtBefore({ context: { log } }: Match): string[] {
  return log.generatedBuilds
    .filter(({ folder }) => folder !== log.generatedIn && !/^[A-Za-z]:/.test(folder))
    .map(
      ({ folder, installed }) =>
        `cmake ${quote(folder)} && cmake --build ${quote(folder)} --clean-first${installed ? " --target install" : ""}   # was built against the other LibTorch, too`,
    );
}

/** Puts an archive in the place of the LibTorch that the text names; the other one is kept. */
export function replaceLibtorch(match: Match, archive: string): string[] {
  const { log } = match.context;
  const folder = log.libtorchFolder;
  const name = archive.replace(/^.*\//, "").replaceAll("%2B", "+");
  const fetch = `curl -fL -o /tmp/${name} ${archive}`;
  const parent = folder?.replace(/\/[^/]+$/, "");
  // The archive unpacks to `libtorch`.
  if (folder === undefined || parent === undefined || parent === "" || /^[A-Za-z]:/.test(folder)) return [];
  const moved = folder.endsWith("/libtorch") ? "" : ` && mv ${quote(`${parent}/libtorch`)} ${quote(folder)}`;
  return [
    fetch,
    `mv ${quote(folder)} ${quote(`${folder}.other`)} && unzip -q /tmp/${name} -d ${quote(parent)}${moved}`,
    ...builtBefore(match),
  ];
}
