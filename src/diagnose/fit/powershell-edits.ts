/**
 * What `sed -i` does to one file, in PowerShell's words: not every Windows has a sed. It reads the few forms that the rules write
 * (substitutions, of a line or of all, and lines at the head); of any other it says nothing. The command has no `"` within its own,
 * so that cmd.exe hands it over whole. What becomes of a file's encoding is left to PowerShell.
 * Sources: about_Comparison_Operators (-creplace) and about_Regular_Expressions of PowerShell; .NET's Regex.Replace.
 */

interface Substitution {
  readonly line?: number;
  readonly wanted: string;
  readonly replacement: string;
  readonly everywhere: boolean;
}

const sedLine = /^sed -i(?:\.bak)?(?<extended> -E)? '(?<program>[^']+)' (?<file>[\w.:\\/+-]+|"[^"'$`]+")$/;

/** One `s` command at the start of a program, and what stands behind it. */
function substitutionIn(program: string): readonly [Substitution, rest: string] | undefined {
  const [head = "", line, sign = ""] = /^(\d*)s([/~|#])/.exec(program) ?? [];
  if (head === "") return undefined;
  const parts: string[] = [""];
  let at = head.length;
  for (; at < program.length && parts.length < 3; at++) {
    const character = program[at] ?? "";
    if (character === "\\") parts.push(`${parts.pop() ?? ""}${character}${program[++at] ?? ""}`);
    else if (character === sign) parts.push("");
    else parts.push(`${parts.pop() ?? ""}${character}`);
  }
  const [, flag = "", rest = ""] = /^(g?)(?:; (.+))?$/.exec(program.slice(at)) ?? ["", "?"];
  if (parts.length < 3 || flag === "?") return undefined;
  const [wanted = "", replacement = ""] = parts;
  return [
    {
      ...(line === "" ? {} : { line: Number(line) }),
      wanted: wanted.replaceAll(`\\${sign}`, sign === "|" ? "\\|" : sign),
      replacement: replacement.replaceAll(`\\${sign}`, sign),
      everywhere: flag === "g",
    },
    rest,
  ];
}

function substitutionsIn(program: string): readonly Substitution[] | undefined {
  const found: Substitution[] = [];
  for (let rest = program; rest !== "";) {
    const next = substitutionIn(rest);
    if (next === undefined) return undefined;
    found.push(next[0]);
    rest = next[1];
  }
  return found;
}

/** A text in PowerShell's single quotes; what cannot stand in them within a command of cmd.exe is a character by its number. */
function literal(text: string): string {
  // The first part is a text in any case, as a number in front of a text would be added to it.
  const [first = "", ...others] = text.split(/(["'\n\t])/);
  const rest = others.filter((part) => part !== "");
  const written = rest.map((part) => (/^["'\n\t]$/.test(part) ? `[char]${part.charCodeAt(0)}` : `'${part}'`));
  return rest.length === 0 ? `'${first}'` : `(${[`'${first}'`, ...written].join("+")})`;
}

/** The replacement in .NET's words: `$1` for a group, `$$` for the sign itself. */
function replacementOf(text: string): string {
  return literal(
    text
      .replaceAll("$", "$$$$")
      .replaceAll(/\\(.)/g, (_all, character: string) =>
        /\d/.test(character) ? `$${character}` : character === "n" ? "\n" : character === "t" ? "\t" : character,
      ),
  );
}

/** A pattern without the signs that end a text of PowerShell's, or of cmd.exe's around it. */
function inQuotes(pattern: string): string {
  return pattern.replaceAll('"', "\\x22").replaceAll("'", "\\x27");
}

function applied(to: string, { wanted, replacement, everywhere }: Substitution): string {
  const pattern = `'${inQuotes(wanted)}'`;
  const put = replacementOf(replacement);
  return everywhere ? `${to} -creplace ${pattern},${put}` : `([regex]${pattern}).Replace(${to},${put},1)`;
}

/** Whether a pattern of sed's older syntax says the same in .NET's. */
const plain = /^(?:[^\\+?(){}|]|\\[.b/[\]])*$/;

const grepAndSed =
  /^grep -rl(?:[Ew]|F(?= ))*(?= )(?<words>(?: (?:--include=(?:'[^']+'|[\w.*+-]+)|-e|--|'[^']+'|"(?:[^"\\]|\\.)+"|[\w.-]+(?= )))+) \. \| xargs (?:-r )?sed -i(?:\.bak)?(?<extended> -E)? (?:'(?<program>[^']+)'|"(?<quoted>(?:[^"\\$`]|\\.)+)")$/;

/** The same substitutions in all files of some names: what grep looked for, they look for themselves. */
function editOfMany(command: string): string | undefined {
  const { words = "", extended, program, quoted } = grepAndSed.exec(command)?.groups ?? {};
  const names = Array.from(words.matchAll(/--include='?([\w.*+-]+)'?/g), ([, name = ""]) => name);
  const all = substitutionsIn(program ?? quoted?.replaceAll(/\\(["\\$`])/g, "$1") ?? "");
  if (names.length === 0 || all === undefined || all.length === 0) return undefined;
  if (
    all.some(
      ({ line, wanted, replacement }) =>
        line !== undefined ||
        /\[:|%/.test(wanted) ||
        replacement.includes("%") ||
        (extended === undefined && !plain.test(wanted)),
    )
  )
    return undefined;
  const changed = all.reduce(
    (to, { wanted, replacement }) =>
      // The text of a whole file has many beginnings of lines.
      applied(to, {
        wanted: /(?<![[\\])\^|\$/.test(wanted) ? `(?m)${wanted}` : wanted,
        replacement,
        everywhere: true,
      }),
    "$t",
  );
  return `powershell -Command "Get-ChildItem -Recurse -Include ${names.join(",")} | ForEach-Object { $f = $_.FullName; $t = Get-Content $f -Raw; $n = ${changed}; if ($n -cne $t) { Set-Content $f $n -NoNewline; $f } }"`;
}

/** The command for the same edit; undefined for what is none, or none that it knows. */
export function editByPowerShell(command: string): string | undefined {
  if (command.startsWith("grep -rl")) return editOfMany(command);
  const { extended, program = "", file: written = "" } = sedLine.exec(command)?.groups ?? {};
  if (program === "") return undefined;
  const file = written.startsWith('"') ? `'${written.slice(1, -1)}'` : written;
  const head = /^1i (.+)$/.exec(program)?.[1];
  if (head !== undefined) {
    const lines = head.split("\\n").map((line) => literal(line));
    return `powershell -Command "Set-Content ${file} (@(${lines.join(",")})+@(Get-Content ${file}))"`;
  }
  const all = substitutionsIn(program);
  if (
    all === undefined ||
    all.some(({ wanted }) => wanted.includes("[:") || (extended === undefined && !plain.test(wanted)))
  )
    return undefined;
  if (all.every(({ line, everywhere }) => line === undefined && everywhere))
    return `powershell -Command "${all.reduce((to, each) => applied(to, each), `(Get-Content ${file})`)} | Set-Content ${file}"`;
  if (all.every(({ line }) => line === undefined))
    return `powershell -Command "(Get-Content ${file}) | ForEach-Object { ${all.reduce((to, each) => applied(to, each), "$_")} } | Set-Content ${file}"`;
  if (all.some(({ line }) => line === undefined)) return undefined;
  const changes = [...new Set(all.map(({ line }) => line))].map((line) => {
    const at = `$t[${String((line ?? 1) - 1)}]`;
    return `${at} = ${all.filter((each) => each.line === line).reduce((to, each) => applied(to, each), at)}`;
  });
  return `powershell -Command "$t = @(Get-Content ${file}); ${changes.join("; ")}; Set-Content ${file} $t"`;
}

/** The same within PowerShell, which would put its own variables into the quotes. */
export function withinPowerShell(line: string): string {
  return line.replace(/^powershell -Command "([^"]*)"(?=$|\s+#)/, "$1");
}
