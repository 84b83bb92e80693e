/**
 * The order of objects and libraries on a link's command line. GNU's linkers read from left to right and take from a
 * library what was asked for up to there; which library defines what is not known here.
 */

/** So many words of a command are kept. */
const mostWords = 400;
const object = /\.(?:o|obj|lo|cpp|cc|cxx|c|cu)$/;
const archive = /(?:^|[\\/])lib([\w.+-]+)\.(?:a|so)(?:\.[\d.]+)?$/;
/** The linker is told, or able, to look again. */
const anyOrder = /--start-group|-Wl,-\(|--no-as-needed|-fuse-ld=(?:lld|mold)|\b(?:ld\.lld|mold)\b/;

/** The objects (as files) and libraries (as `-lname`) of a command that links, in their order; undefined for another. */
export function linkOrder(text: string): readonly string[] | undefined {
  // A compile, as most commands are.
  if (text.includes(" -c ") || / -[SE] /.test(text)) return undefined;
  if (!/(?:g\+\+|gcc|clang|c\+\+|cc|ld|nvcc|hipcc|icpx)(?:-[\d.]+)?(?:\.exe)?["']? /.test(text.slice(0, 400)))
    return undefined;
  if (anyOrder.test(text)) return undefined;
  const words: string[] = [];
  let target = false;
  for (const word of text.split(/\s+/)) {
    const plain = word.replace(/^["']|["',]$/g, "");
    if (target) target = false;
    else if (plain === "-o") target = true;
    else if (/^-l[\w.:+-]+$/.test(plain)) words.push(plain.replace(/^-l:lib([\w+-]+)\..*$/, "-l$1"));
    else if (!plain.startsWith("-") && archive.test(plain)) words.push(`-l${archive.exec(plain)?.[1] ?? ""}`);
    else if (!plain.startsWith("-") && object.test(plain)) words.push(plain);
    if (words.length >= mostWords) break;
  }
  return words.some((word) => word.startsWith("-l")) ? words : undefined;
}

/** The libraries that a command that links names, as `-l` would; undefined for another command. */
export function linkedLibraries(text: string): readonly string[] | undefined {
  const isMicrosoft = /\blink(?:\.exe)?["']? /i.test(text.slice(0, 600)) && /\s[/-](?:DLL|OUT:)/i.test(text);
  const isShared = / -(?:shared|dynamiclib|bundle)\b/.test(text) && / -o /.test(text);
  if (!isMicrosoft && !isShared) return undefined;
  const names: string[] = [];
  for (const word of text.split(/\s+/)) {
    const plain = word.replace(/^["']|["',]$/g, "");
    const name =
      (isMicrosoft ? /^(?:.*[\\/])?([\w.+-]+)\.lib$/i.exec(plain)?.[1] : /^-l([\w.+-]+)$/.exec(plain)?.[1]) ??
      archive.exec(plain)?.[1];
    if (name !== undefined && !names.includes(name)) names.push(name);
    if (names.length >= mostWords) break;
  }
  return names;
}

/** Names of the libraries that stand only before the one who asks: an object, or a library (`libx.a`). */
export function librariesBefore(order: readonly string[], asker: string | undefined): readonly string[] {
  const library = archive.exec(asker ?? "")?.[1];
  const at = order.findLastIndex((word) => (library === undefined ? !word.startsWith("-l") : word === `-l${library}`));
  if (at < 0) return [];
  const after = new Set(order.slice(at));
  return [...new Set(order.slice(0, at))]
    .filter((word) => word.startsWith("-l") && !after.has(word))
    .map((word) => word.slice(2));
}
