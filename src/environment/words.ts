/** Splits a command as in `CXX="ccache g++ -m64"` into words. Knows quotes and backslashes, no other shell syntax. */

/** The words of a command. On Windows a backslash is a letter like others. */
export function splitWords(text: string, platform: "linux" | "darwin" | "win32"): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = "";
  for (let i = 0; i < text.length; i++) {
    const char = text.charAt(i);
    if (quote !== "") {
      if (char === quote) {
        quote = "";
      } else if (char === "\\" && quote === '"' && platform !== "win32" && /["\\$`]/.test(text.charAt(i + 1))) {
        word = `${word ?? ""}${text.charAt(++i)}`;
      } else {
        word = `${word ?? ""}${char}`;
      }
    } else if (char === '"' || (char === "'" && platform !== "win32")) {
      quote = char;
      word ??= "";
    } else if (char === "\\" && platform !== "win32" && i + 1 < text.length) {
      word = `${word ?? ""}${text.charAt(++i)}`;
    } else if (/\s/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else {
      word = `${word ?? ""}${char}`;
    }
  }
  if (word !== undefined) words.push(word);
  return words;
}
