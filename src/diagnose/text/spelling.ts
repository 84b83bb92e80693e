/**
 * Lines as people write them, in the spelling that the readers of facts know: narrow punctuation, and pins without blanks
 * (`torch == 2.5.1`). Comparisons of source code keep theirs. It does not know what a line means.
 */

/** Punctuation of Chinese and Japanese texts as that of others: `torch：2.3.1，cuda12.1`. */
const wide: Readonly<Record<string, string>> = {
  "，": ", ",
  "、": ", ",
  "；": "; ",
  "：": ": ",
  "（": " (",
  "）": ") ",
  "＝": "=",
};

/** A line of a paste with narrow punctuation. */
function narrow(text: string): string {
  return text.length < 400 && /[，、；：（）＝]/.test(text)
    ? text.replaceAll(/[，、；：（）＝]/g, (mark) => wide[mark] ?? mark)
    : text;
}

/** `torch == 2.5.1`, `flash_attn ==2.7.4.post1`; not `torch.__version__ == 2.5`. */
const spacedPin = /(?<![\w.)\]])([A-Za-z][\w-]*(?:\[[\w,-]+\])?)(?: == ?|== )(?=\d+\.\d)/g;
const sourceCode = /^(?:if|elif|else|while|assert|return|and|or|not|def|for)\b|[({;:]$|&&|\|\|/;

/** A line for the readers of facts. */
export function plainSpelling(text: string): string {
  const line = narrow(text);
  return line.length < 400 && (line.includes(" ==") || line.includes("== ")) && !sourceCode.test(line.trim())
    ? line.replaceAll(spacedPin, "$1==")
    : line;
}
