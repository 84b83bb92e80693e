/**
 * The module id of a CUDA source: part of the names of what is private to its device code. nvcc makes a new one in each
 * run; here it is the same in every build, so that what did not change is the same bytes, and another one for each
 * object, so that relocatable code of several sources can be linked.
 */
import { digestOfParts } from "../../base/digest.ts";

/**
 * The module id, in nvcc's form: `_<digest>_<length of the name>_<name>_<digest>`.
 *
 * @param identity What tells the object from all others, on every machine: extension and path.
 * @param source Path of the source, as it is given to nvcc.
 */
export function moduleIdOf(identity: string, source: string): string {
  const digest = digestOfParts(["module id", identity]);
  const name = source.slice(source.lastIndexOf("/") + 1);
  // Only what can stand in a symbol, as nvcc has it.
  const safe = name.replaceAll(/[^A-Za-z0-9]/g, "_");
  return `_${digest.slice(0, 8)}_${safe.length}_${safe}_${digest.slice(8, 16)}`;
}
