/** The arguments that a text shows of a call. What the function takes is not known here. */

/** How many arguments `Invoked with:` lists; undefined when the text is cut off or has named ones. */
export function argumentsOf(call: string): number | undefined {
  const text = call.replace(/ Did you forget to.*$/s, "").trim();
  if (text === "" || /; kwargs: |,$|\.\.\.$|…/.test(text) || text.length > 20_000) return undefined;
  let depth = 0;
  let count = 1;
  let quote = "";
  // A call with many arguments is cut off between two of them; arrays leave elements out as well.
  for (let at = 0; at < text.length; at++) {
    const letter = text.charAt(at);
    if (depth === 0 && quote === "" && letter === "." && text.startsWith("...", at)) return undefined;
    if (quote !== "") {
      if (letter === quote) quote = "";
    } else if (letter === "'" || letter === '"') quote = letter;
    else if ("([{<".includes(letter)) depth++;
    else if (")]}>".includes(letter)) depth--;
    else if (letter === "," && depth === 0) count++;
    if (depth < 0) return undefined;
  }
  return depth === 0 && quote === "" ? count : undefined;
}
