/**
 * Which driver a CUDA version needs. NVIDIA, CUDA Toolkit release notes, table "CUDA Toolkit and Corresponding Driver
 * Versions" and "Minimum Required Driver Version for CUDA Minor Version Compatibility"
 * (https://docs.nvidia.com/cuda/cuda-toolkit-release-notes/), Linux, first release of each version. The oldest drivers
 * stand in https://docs.nvidia.com/deploy/cuda-compatibility/minor-version-compatibility.html too.
 */
import { compareVersions, parseVersion } from "../base/order.ts";

/** The driver that came with a toolkit: with it everything works, also PTX that this toolkit makes. */
const companions: readonly (readonly [cuda: string, driver: string])[] = [
  ["10.0", "410.48"],
  ["10.1", "418.39"],
  ["10.2", "440.33"],
  ["11.0", "450.36.06"],
  ["11.1", "455.23"],
  ["11.2", "460.27.03"],
  ["11.3", "465.19.01"],
  ["11.4", "470.42.01"],
  ["11.5", "495.29.05"],
  ["11.6", "510.39.01"],
  ["11.7", "515.43.04"],
  ["11.8", "520.61.05"],
  ["12.0", "525.60.13"],
  ["12.1", "530.30.02"],
  ["12.2", "535.54.03"],
  ["12.3", "545.23.06"],
  ["12.4", "550.54.14"],
  ["12.5", "555.42.02"],
  ["12.6", "560.28.03"],
  ["12.8", "570.26"],
  ["12.9", "575.51.03"],
  ["13.0", "580.65.06"],
  ["13.1", "590.44.01"],
  ["13.2", "595.45.04"],
  ["13.3", "610.43.02"],
  ["13.4", "615.71.09"],
];

/** The oldest driver on which programs of a major version run at all. */
const oldest: Readonly<Record<number, string>> = { 10: "410.48", 11: "450.80.02", 12: "525.60.13", 13: "580.65.06" };

/** How a driver stands to a CUDA version. `unknown`: newer than the tables. */
export function driverFits(
  driver: string,
  cuda: string,
): { readonly fits: "yes" | "minor" | "no" | "unknown"; readonly needed?: string } {
  const have = parseVersion(driver);
  const version = parseVersion(cuda);
  const floor = oldest[version[0] ?? 0];
  if (floor === undefined) return { fits: "unknown" };
  if (compareVersions(have, parseVersion(floor)) < 0) return { fits: "no", needed: floor };
  const companion = companions.findLast(
    ([each]) => parseVersion(each)[0] === version[0] && compareVersions(parseVersion(each), version.slice(0, 2)) <= 0,
  )?.[1];
  if (companion !== undefined && compareVersions(have, parseVersion(companion)) < 0)
    return { fits: "minor", needed: companion };
  return { fits: "yes" };
}

/** The newest CUDA whose own driver is not newer than this one; undefined for one that is older than all of the table. */
export function cudaOfDriver(driver: string): string | undefined {
  const have = parseVersion(driver);
  return companions.findLast(([, came]) => compareVersions(parseVersion(came), have) <= 0)?.[0];
}

/** The driver that came with a CUDA version. */
export function driverOfCuda(cuda: string): string | undefined {
  return companions.find(([version]) => version === cuda)?.[1];
}
