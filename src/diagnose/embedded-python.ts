/**
 * An embeddable Python on Windows (ComfyUI portable and others) has no headers and no import library: they come from the package
 * of the same version on nuget.org, which has the whole Python in its folder `tools`. Source: "The nuget.org packages" and "The
 * embeddable package" of docs.python.org/3/using/windows.html.
 */
import { platformOf, python } from "./command-words.ts";
import type { Match } from "./rule.ts";

/** Whether the text's Python is one, as its folders tell. */
export function isEmbeddable(match: Match): boolean {
  return (
    platformOf(match) === "win32" &&
    (match.context.log.embeddedPython || /python_embed|embedded|embeddable/i.test(match.finding.message))
  );
}

/** Puts the folders include and libs of the same version beside its python.exe. */
export function headersForEmbeddable(match: Match): string[] {
  return [
    `${python(match)} -c "import io, platform, sys, urllib.request, zipfile; z = zipfile.ZipFile(io.BytesIO(urllib.request.urlopen('https://www.nuget.org/api/v2/package/python/' + platform.python_version()).read())); [(setattr(i, 'filename', i.filename[6:]), z.extract(i, sys.prefix)) for i in z.infolist() if i.filename.startswith(('tools/include/', 'tools/libs/'))]"`,
    "# the folders include and libs of the full Python of exactly that version, beside its python.exe; by hand: from an ordinary Python of the same version",
  ];
}
