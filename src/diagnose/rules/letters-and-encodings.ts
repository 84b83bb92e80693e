/** Characters outside of ASCII where they do not belong, and files in another encoding than they are read in. */
import { buildAgain, platformOf } from "../commands/commands.ts";
import { placeOf, type Rule, said, saidAny, type Match } from "../rule.ts";
import { scriptPlace } from "./setup-refusals.ts";

/** The file that setup.py reads, in its folder where the traceback tells it. */
function fileBeside(match: Match): string {
  const file = match.facts["file"] ?? "";
  const folder = /^(\/[^\s:]*)\/[\w.-]+\.py:\d+/.exec(match.facts["where"] ?? "")?.[1];
  return folder === undefined || file.startsWith("/") || /^\/tmp\//.test(folder) ? file : `${folder}/${file}`;
}

export const letterRules: readonly Rule[] = [
  {
    id: "letters-of-a-word-processor",
    title: "A source has quotation marks, dashes or spaces of a word processor",
    on: ["compile"],
    specificity: 72,
    matches: (finding) => {
      const facts = saidAny(
        finding,
        /extended character (?<letter>\P{ASCII}) is not valid in an identifier/u,
        /stray ['‘"`](?<letter>\\(?:302|342|357|342\\200\\\d+|U?000\w+|u\w{4}))['’"] in program/,
        /stray ['‘"`](?<letter>\P{ASCII})['’"] in program/u,
        /unexpected character <U\+(?<letter>00A0|20[0-2]\w|2212|FEFF|FF\w\w|300\w)>/,
        /unknown character ['"]?0x(?<letter>a0|9[1-7]|e2|c2|ef|20[01]\w)['"]?/i,
        /universal character name "\\u(?<letter>00a0|20\w\w)" cannot be used in an identifier/i,
      );
      return facts === undefined ? undefined : { ...facts, where: placeOf(finding) };
    },
    confidence: (match) => (/^\p{L}$/u.test(match.facts["letter"] ?? "") ? "medium" : "high"),
    cause: (match) =>
      `${match.facts["where"] === "" ? "The source" : `\`${match.facts["where"] ?? ""}\``} has a character outside of ASCII (${/^\s$/u.test(match.facts["letter"] ?? "") ? "a no-break space" : (match.facts["letter"] ?? "")}) where C++ takes none: curly quotation marks, long dashes, a minus sign or no-break spaces come along when code is copied from a web page, a PDF or a chat. The errors after it follow from it.`,
    fix: (match) => [
      platformOf(match) === "linux"
        ? `sed -i.bak -e 's/\\xc2\\xa0/ /g; s/\\xe3\\x80\\x80/ /g; s/\\xe2\\x80[\\x8b-\\x8f]//g; s/\\xef\\xbb\\xbf//g' -e 's/“\\|”/"/g; s/−\\|–\\|—/-/g' -e "s/‘\\|’/'/g" ${match.finding.file ?? "<file>"}`
        : `# in ${match.finding.file ?? "the source"}: ordinary " and ' for the curly ones, - for – and −, ordinary spaces for no-break ones`,
      `grep -nP '[^\\x00-\\x7F]' ${match.finding.file ?? "<file>"}   # what is left outside of comments and strings is to be typed anew`,
    ],
    sources: ["https://gcc.gnu.org/onlinedocs/cpp/Tokenization.html"],
    examples: [
      { text: "wkv.cpp:5:42: error: extended character “ is not valid in an identifier", expect: "sed -i" },
      { text: "wkv.cpp:4:1: error: stray ‘\\302’ in program", expect: "copied from a web page" },
      { text: "a.cpp:4:1: error: unexpected character <U+201C>", expect: "sed -i" },
    ],
  },
  {
    id: "setup-reads-other-encoding",
    title: "setup.py reads a file in an encoding that it is not in",
    on: ["exception"],
    specificity: 60,
    matches: (finding, context) => {
      if (finding.code !== "UnicodeDecodeError") return undefined;
      const place = scriptPlace(finding, context);
      const facts = said(finding, /^'(?<codec>utf-?8)' codec can't decode/);
      if (place === undefined || facts === undefined) return undefined;
      const frames = (finding.frames ?? []).join("\n");
      const file = /» .*\b(?:open|read_text|Path)\(\s*(?:[\w.]+\()*[^"'()]*["']([\w./-]+\.\w{2,4})["']/.exec(
        frames,
      )?.[1];
      return { ...facts, where: place.where, file };
    },
    confidence: "high",
    cause: (match) =>
      `${match.facts["where"] ?? "setup.py"} reads ${match.facts["file"] === undefined ? "a text file of the project" : `\`${match.facts["file"]}\``} as UTF-8, and the file is not in UTF-8 (most likely Latin-1 or a code page of Windows).`,
    fix: (match) => [
      ...(match.facts["file"] === undefined
        ? [
            "# find it by the line of setup.py above (README, LICENSE, version.py), then: iconv -f latin1 -t utf-8 FILE -o FILE.new && mv FILE.new FILE",
          ]
        : [
            platformOf(match) === "win32"
              ? `powershell -Command "$t = [IO.File]::ReadAllText('${match.facts["file"]}', [Text.Encoding]::GetEncoding(1252)); [IO.File]::WriteAllText('${match.facts["file"]}', $t)"`
              : `iconv -f latin1 -t utf-8 ${fileBeside(match)} -o ${fileBeside(match)}.new && mv ${fileBeside(match)}.new ${fileBeside(match)}   # ${fileBeside(match) === match.facts["file"] ? "in the folder of setup.py" : "beside setup.py"}`,
          ]),
      ...buildAgain(match),
    ],
    sources: ["https://docs.python.org/3/library/functions.html#open"],
    examples: [
      {
        text: 'Traceback (most recent call last):\n  File "/p/setup.py", line 4, in <module>\n    long_description = open("README.md", encoding="utf-8").read()\n  File "<frozen codecs>", line 322, in decode\nUnicodeDecodeError: \'utf-8\' codec can\'t decode byte 0xe9 in position 26: invalid continuation byte',
        expect: "iconv -f latin1 -t utf-8 /p/README.md",
      },
    ],
  },
];
