/** A path as a word of a command, for sh and for cmd.exe alike. */

export function quote(path: string): string {
  return /^[\w@%+=:,./\\~-]+$/.test(path) ? path : `"${path}"`;
}
