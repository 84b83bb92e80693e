/** Looking where there may be nothing to see. */

/** Undefined in place of an error of the file system: while searching, what cannot be had is not there. */
export function quietly<T>(action: () => T | undefined): T | undefined {
  try {
    return action();
  } catch {
    return undefined;
  }
}
