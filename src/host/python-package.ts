/**
 * Where the Python package of this program lies: in `python/` of the npm package and of a checkout; in the wheel the
 * program is inside the package. Knows nothing of what is in it.
 */
import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder `retorch` with `__init__.py`, absolute. Undefined in an installation without it. */
export function pythonPackageFolder(): string | undefined {
  const isPackage = (folder: string): boolean => existsSync(join(folder, "_node.py"));
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const parent = dirname(folder);
    if (basename(folder) === "_bundle" && isPackage(parent)) return parent;
    const beside = join(folder, "python", "retorch");
    if (isPackage(beside)) return beside;
    if (parent === folder) return undefined;
  }
}
