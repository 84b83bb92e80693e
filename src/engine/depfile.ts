/**
 * Readers of what compilers say of the headers they read: make rules as written by `gcc -MD`, clang and nvcc, and the
 * notes of MSVC's `/showIncludes`. They know the syntax only; whether a file exists is not their business.
 */

/**
 * The prerequisites of all rules in a depfile, in order, without repetitions.
 * Escapes as GNU make reads them and GCC writes them: `\ ` space, `\#`, `$$`, `\` at a line's end continues.
 */
export function parseMakeDepfile(text: string): string[] {
  const found = new Set<string>();
  let word = "";
  let inTargets = true;
  const end = (): void => {
    if (word !== "" && !inTargets) found.add(word);
    word = "";
  };
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (c === "\\") {
      const next = text[i + 1];
      if (next === "\n") {
        end();
        i += 1;
      } else if (next === "\r" && text[i + 2] === "\n") {
        end();
        i += 2;
      } else if (next === "\\" || next === " " || next === "\t" || next === "#") {
        // A run of 2n backslashes before a blank stands for n, an odd one escapes the blank.
        let run = 1;
        while (text[i + run] === "\\") run++;
        const after = text[i + run];
        if (after === " " || after === "\t") {
          word += "\\".repeat(run >> 1);
          i += run - 1;
          if (run % 2 === 1) {
            word += after;
            i += 1;
          }
        } else if (after === "#") {
          word += `${"\\".repeat(run - 1)}#`;
          i += run;
        } else {
          word += "\\".repeat(run);
          i += run - 1;
        }
      } else if (next === "$" && text[i + 2] !== "$") {
        // nvcc names its own source as it was quoted for its shell. From gcc and clang a lone dollar never comes.
        word += "$";
        i += 1;
      } else {
        word += "\\";
      }
    } else if (c === "$" && text[i + 1] === "$") {
      word += "$";
      i += 1;
    } else if (c === "\n") {
      end();
      inTargets = true;
    } else if (c === " " || c === "\t" || c === "\r") {
      end();
    } else if (c === ":" && inTargets && endsTargets(text, i + 1)) {
      inTargets = false;
      word = "";
    } else {
      word += c;
    }
  }
  end();
  return [...found];
}

/** Whether a colon before `at` ends the targets, and is not that of a Windows drive. */
function endsTargets(text: string, at: number): boolean {
  const c = text[at];
  if (c === undefined || c === " " || c === "\t" || c === "\n" || c === "\r") return true;
  return c === "\\" && (text[at + 1] === "\n" || text[at + 1] === "\r");
}

/**
 * Splits MSVC's output into the headers of `/showIncludes` and the rest.
 * The note is translated with Visual Studio's language; its shape is `prefix: detail:   path`.
 */
export function splitShowIncludes(text: string): { headers: string[]; rest: string } {
  const headers = new Set<string>();
  const rest: string[] = [];
  for (const line of text.split("\n")) {
    const match = showIncludes.exec(line);
    if (match?.[1] === undefined) rest.push(line);
    else headers.add(match[1].trim());
  }
  return { headers: [...headers], rest: rest.join("\n") };
}

// English, German, French, Spanish, Italian, Japanese and Chinese wording of the note's first word(s).
const showIncludes =
  /^(?:Note: including file|Hinweis: Einlesen der Datei|Remarque\s?: inclusion du fichier|Nota: inclusi[oó]n del archivo|Nota: file incluso|メモ: インクルード ファイル|注意: 包含文件|注意: 包含檔案)\s?:\s+(\S.*?)\r?$/u;
