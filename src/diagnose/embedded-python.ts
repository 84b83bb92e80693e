/**
 * Headers and import libraries for an embeddable Python (ComfyUI portable and others), which comes without them. Source: README of
 * woct0rdho/triton-windows, special notes for ComfyUI; files of its release v3.0.0-windows.post1.
 */
import { platformOf, pythonVersion } from "./command-words.ts";
import type { Match } from "./rule.ts";

/** Archives with the folders include and libs; those of a minor release are the same for all its patches. */
const archives: Readonly<Record<string, string>> = {
  "3.12": "python_3.12.7_include_libs.zip",
  "3.13": "python_3.13.2_include_libs.zip",
};

/** Puts the folders include and libs beside the embeddable python.exe. */
export function embeddedHeaders(match: Match): string[] {
  const version =
    pythonVersion(match) ?? /-lpython(3)(1\d)\b|\.cp(3)(1\d)-/.exec(match.finding.text)?.slice(1).join(".");
  const archive = archives[version ?? ""];
  const { embeddedFolder } = match.context.log;
  if (archive === undefined || platformOf(match) !== "win32")
    return [
      `# copy the folders include and libs of an ordinary Python ${version ?? "of the same version"} (python.org: C:\\Users\\…\\AppData\\Local\\Programs\\Python\\Python3…) into the folder of the embeddable python.exe`,
    ];
  return [
    embeddedFolder === undefined
      ? "# in the folder of the python.exe that runs (python_embeded):"
      : `cd /d "${embeddedFolder}"`,
    `curl.exe -LO https://github.com/woct0rdho/triton-windows/releases/download/v3.0.0-windows.post1/${archive}`,
    `tar.exe -xf ${archive}   # brings include and libs`,
  ];
}
