/** A change of the words of a line, before it is a command of a shell. */

/** What is looked for, in words that `sed -E`, JavaScript and .NET read alike, and what comes in its place (`\1` for a group). */
export type Edit = readonly [wanted: string, replacement: string, times?: "once"];
