/**
 * Where the Python package of this program lies: in `python/` of the npm package and of a checkout; in the wheel the
 * program is inside the package. Knows nothing of what is in it.
 */
import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { failure } from "../base/failure.ts";
import { err, ok, type Result } from "../base/result.ts";

/** The folder `retorch` with `__init__.py`, absolute. A failure in an installation without it. */
export function pythonPackage(): Result<string> {
  const isPackage = (folder: string): boolean => existsSync(join(folder, "_node.py"));
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const parent = dirname(folder);
    if (basename(folder) === "_bundle" && isPackage(parent)) return ok(parent);
    const beside = join(folder, "python", "retorch");
    if (isPackage(beside)) return ok(beside);
    if (parent === folder) break;
  }
  return err(
    failure("INPUT_MISSING", "the Python package of retorch is not beside the program", {
      hint: "reinstall retorch: `python/` belongs to it",
    }),
  );
}
