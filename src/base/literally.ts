/** A text as a part of a regular expression that means itself, of JavaScript's and of sed's with -E. */
export function literally(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}
