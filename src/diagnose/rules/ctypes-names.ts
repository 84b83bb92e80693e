/** Functions that ctypes asks of a library by their plain names. Windows says of them another sentence. */
import { baseName } from "../parsers/parser.ts";
import { quote } from "../commands/commands.ts";
import { type Match, type Rule, said } from "../rule.ts";

/** Where the project defines the function, when the project is at hand. */
function definition({
  facts,
  context: { findDefinition },
}: Match): { readonly file: string; readonly line: number } | undefined {
  return findDefinition?.([facts["name"] ?? ""])[0];
}

/** The command that made the library, as the text has it. */
function madeBy({ facts, context: { log } }: Match): string | undefined {
  const file = baseName(facts["file"] ?? "");
  return (
    log.typed.findLast(({ kind, line }) => kind === "compile" && line.includes(file))?.line ?? log.typedBuild?.line
  );
}

export const ctypesNameRules: readonly Rule[] = [
  {
    id: "function-not-extern-c",
    title: "ctypes looks for a function by its plain name, and C++ gave it another one",
    on: ["undefined-symbol"],
    specificity: 84,
    matches: (finding) =>
      finding.text.includes("AttributeError: ") && !finding.text.includes("-packages")
        ? said(finding, /(?<file>[^\s'"]+\.(?:so|dylib)[\w.]*): undefined symbol: (?<name>(?!_Z)[A-Za-z]\w*)$/)
        : undefined,
    confidence: "high",
    cause: (match) => {
      const at = definition(match);
      return `ctypes asks \`${baseName(match.facts["file"] ?? "")}\` for \`${match.facts["name"] ?? ""}\`, and a function of C++ or CUDA bears a mangled name in the library (\`_Z…\`) unless it is declared extern "C"${at === undefined ? "" : `; \`${at.file}:${at.line}\` defines it`}. Or the library is an older build, or hides its functions (-fvisibility=hidden).`;
    },
    fix: (match) => {
      const { name = "", file = "" } = match.facts;
      const at = definition(match);
      const again = madeBy(match);
      const edit =
        at === undefined || /\.c$/.test(at.file)
          ? undefined
          : `sed -i.bak '${at.line}s/^ *\\(extern "C" *\\)*/extern "C" /' ${quote(at.file)}`;
      return [
        ...(edit === undefined ? [] : [edit]),
        `# extern "C" ${edit === undefined ? `before the definition of ${name}` : "there"}; hidden: __attribute__((visibility("default"))) beside it`,
        edit === undefined || again === undefined ? `# then ${again ?? "build the library again"}` : again,
        `nm -D --defined-only ${quote(file)} | grep ${name}   # is it there now, without _Z?`,
      ];
    },
    sources: [
      "https://docs.python.org/3/library/ctypes.html",
      "https://en.cppreference.com/w/cpp/language/language_linkage",
    ],
    examples: [
      {
        text: "$ nvcc -shared -Xcompiler -fPIC -o libdither.so dither.cu\n$ python dither.py\nAttributeError: /w/libdither.so: undefined symbol: dither_threshold",
        expect: 'extern "C" before the definition of dither_threshold',
      },
    ],
  },
];
