/** How wide a text is in a terminal, and how it is cut to fit. Control sequences take no room. */

/** Width of a text in columns; line breaks and other control characters count as nothing. */
export function textWidth(text: string): number {
  // Nearly every text is of this kind.
  if (/^[\u0020-\u007E]*$/.test(text)) return text.length;
  let width = 0;
  for (const cluster of clusters(text.replaceAll(controlSequence, ""))) width += clusterWidth(cluster);
  return width;
}

/** The text itself where it fits, else its beginning and end with `…` between them. Takes no control sequences. */
export function elideMiddle(text: string, width: number): string {
  if (width <= 0) return "";
  if (textWidth(text) <= width) return text;
  if (width === 1) return "…";
  const parts = clusters(text);
  // The end says more than the beginning: it is where file names are.
  const room = width - 1;
  const headRoom = Math.floor(room / 2);
  let head = "";
  let used = 0;
  let next = 0;
  for (; next < parts.length; next++) {
    const size = clusterWidth(parts[next] ?? "");
    if (used + size > headRoom) break;
    head += parts[next] ?? "";
    used += size;
  }
  let tail = "";
  for (let last = parts.length - 1; last >= next; last--) {
    const size = clusterWidth(parts[last] ?? "");
    if (used + size > room) break;
    tail = (parts[last] ?? "") + tail;
    used += size;
  }
  return `${head}…${tail}`;
}

/** How many rows of a terminal a line takes. */
export function rowsOf(line: string, columns: number): number {
  return Math.max(1, Math.ceil(textWidth(line) / Math.max(1, columns)));
}

/** Breaks a text at spaces into lines of at most this width; a longer word stands alone. */
export function wrapText(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/ +/)) {
    if (line !== "" && textWidth(line) + 1 + textWidth(word) > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  lines.push(line);
  return lines;
}

/** Text without colours and other control sequences. */
export function withoutControls(text: string): string {
  return text.replaceAll(controlSequence, "");
}

// CSI and OSC sequences of ECMA-48.
const controlSequence = /\u001B(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001B]*(?:\u0007|\u001B\\))/g;

let segmenter: Intl.Segmenter | undefined;

function clusters(text: string): string[] {
  if (/^[\u0020-\u007E]*$/.test(text)) return [...text];
  segmenter ??= new Intl.Segmenter("en", { granularity: "grapheme" });
  return Array.from(segmenter.segment(text), ({ segment }) => segment);
}

function clusterWidth(cluster: string): number {
  const code = cluster.codePointAt(0) ?? 0;
  if (code < 0x20 || (code >= 0x7f && code < 0xa0)) return 0;
  if (/^[\p{Mark}\p{Format}]/u.test(cluster)) return 0;
  // A variation selector makes a picture of a sign.
  if (/^\p{Emoji_Presentation}/u.test(cluster) || (cluster.includes("\uFE0F") && /^\p{Emoji}/u.test(cluster))) return 2;
  return isWide(code) ? 2 : 1;
}

/** First and last code points of the blocks that East Asian Width (UAX #11) calls wide or full width. */
const wide: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x2329, 0x232a],
  [0x2e80, 0x303e],
  [0x3041, 0x33ff],
  [0x3400, 0x4dbf],
  [0x4e00, 0xa4cf],
  [0xa960, 0xa97f],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe10, 0xfe19],
  [0xfe30, 0xfe6f],
  [0xff00, 0xff60],
  [0xffe0, 0xffe6],
  [0x16fe0, 0x18cff],
  [0x1aff0, 0x1b2ff],
  [0x1f200, 0x1f2ff],
  [0x20000, 0x3fffd],
];

function isWide(code: number): boolean {
  return code >= 0x1100 && wide.some(([first, last]) => code >= first && code <= last);
}
