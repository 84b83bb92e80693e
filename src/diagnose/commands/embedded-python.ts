/**
 * An embeddable Python on Windows (ComfyUI portable and others) has no headers and no import library. Those of some releases are
 * among the files of triton-windows; of others they come from the package of the same version on nuget.org, which has the whole
 * Python in its folder `tools`. Sources: README of woct0rdho/triton-windows, special notes for ComfyUI, and its release
 * v3.0.0-windows.post1; "The nuget.org packages" and "The embeddable package" of docs.python.org/3/using/windows.html.
 */
import { platformOf, python, pythonVersion } from "./command-words.ts";
import type { Match } from "../rule.ts";

/** Archives with the folders include and libs; those of a minor release are the same for all its patches. */
const archives: Readonly<Record<string, string>> = {
  "3.12": "python_3.12.7_include_libs.zip",
  "3.13": "python_3.13.2_include_libs.zip",
};

/** Whether the text's Python is one, as its folders tell. */
export function isEmbeddable(match: Match): boolean {
  return (
    platformOf(match) === "win32" &&
    (match.context.log.embeddedPython || /python_embed|embedded|embeddable/i.test(match.finding.message))
  );
}

/** Puts the folders include and libs of the same version beside its python.exe. */
export function embeddedHeaders(match: Match): string[] {
  const version =
    pythonVersion(match) ??
    /-lpython(3)(1\d)\b|\.cp(3)(1\d)-|\bpython(3)(1\d)\.lib\b/
      .exec(match.finding.text)
      ?.slice(1)
      .filter((part) => part !== undefined)
      .join(".");
  const archive = archives[version ?? ""];
  const { embeddedFolder } = match.context.log;
  if (archive === undefined) return fromNuget(match);
  const address = `https://github.com/woct0rdho/triton-windows/releases/download/v3.0.0-windows.post1/${archive}`;
  // What is run again stays in the prompt's folder.
  if (embeddedFolder !== undefined)
    return [
      `curl.exe -Lo "${embeddedFolder}\\${archive}" ${address}`,
      `tar.exe -xf "${embeddedFolder}\\${archive}" -C "${embeddedFolder}"   # brings include and libs`,
    ];
  return [
    "# in the folder of the python.exe that runs (python_embeded):",
    `curl.exe -LO ${address}`,
    `tar.exe -xf ${archive}   # brings include and libs`,
  ];
}

function fromNuget(match: Match): string[] {
  return [
    `${python(match)} -c "import io, platform, sys, urllib.request, zipfile; z = zipfile.ZipFile(io.BytesIO(urllib.request.urlopen('https://www.nuget.org/api/v2/package/python/' + platform.python_version()).read())); [(setattr(i, 'filename', i.filename[6:]), z.extract(i, sys.prefix)) for i in z.infolist() if i.filename.startswith(('tools/include/', 'tools/libs/'))]"`,
    "# the folders include and libs of the full Python of exactly that version, beside its python.exe; by hand: from an ordinary Python of the same version",
  ];
}
