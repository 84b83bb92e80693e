/** What a parser is, and the small things that several of them need. */
import type { Collector } from "../collector.ts";
import type { LogLine } from "../text/log-line.ts";

/** Reads one family of tools. Made anew for each log, because some remember the line before. */
export interface Parser {
  /** Looks at a line that may be of interest. True when the line is understood and no other parser need look; one that waits for more gets it all the same, with `taken`. */
  line(line: LogLine, out: Collector, taken?: boolean): boolean;
  /** Whether the next line may continue a message: then it is handed over whatever it says. */
  readonly open?: boolean;
}

/** Words for `error` and `fatal error` in the languages that gcc and clang speak. */
export const severityWords =
  "fatal error|catastrophic error|internal compiler error|sorry, unimplemented|error|" +
  "致命错误|致命錯誤|致命的エラー|错误|錯誤|エラー|schwerwiegender Fehler|Schwerwiegender Fehler|Fehler|fehler|" +
  "erreur fatale|erreur|error fatal|errore irreversibile|errore fatale|errore|erro fatal|erro|" +
  "фатальная ошибка|ошибка|фатальна помилка|помилка|치명적 오류|오류|krytyczny błąd|błąd|ölümcül hata|hata";

const fatalWords =
  /^(?:fatal error|catastrophic error|internal compiler error|致命|schwerwiegend|erreur fatale|error fatal|errore (?:irr|fat)|erro fatal|фатальн|치명적|krytyczny|ölümcül)/i;

/** Whether a severity word, in any language, means that the compiler stops there. */
export function severityOf(word: string): "fatal" | "error" {
  return fatalWords.test(word) ? "fatal" : "error";
}

/** The text between the first pair of quotes of any kind. */
export function quoted(text: string): string | undefined {
  return /[‘'`"“«]\s?([^’'`"”»]{1,400}?)\s?[’'"”»]/.exec(text)?.[1];
}

/**
 * The word that ends at a position: back to white space, a quote or a bracket. Patterns that begin with `\S+` would try
 * every start of a long line; this looks at each character once.
 */
export function wordBefore(text: string, end: number): string {
  const least = Math.max(0, end - 1_000);
  let start = end;
  while (start > least && !/[\s'"\x60‘’“”(),<>*]/.test(text[start - 1] ?? " ")) start--;
  return text.slice(start, end);
}

/** The words of a text, as `wordBefore` cuts them. */
export function words(text: string): string[] {
  return text.split(/[\s'"\x60‘’“”(),<>*]+/, 400);
}

/** The last component of a path of either system. */
export function baseName(path: string): string {
  return (
    path
      .replace(/[\\/]+$/, "")
      .split(/[\\/]/)
      .at(-1) ?? path
  );
}

/** Whether a file name is one of a C or C++ header, by its ending or because it has none. */
export function isHeaderName(name: string): boolean {
  return /\.(?:h|hh|hpp|hxx|h\+\+|cuh|inc|inl|ipp|tcc|def|H)$/.test(name) || !/\.[A-Za-z]\w{0,3}$/.test(name);
}
