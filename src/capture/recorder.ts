/** Where the recorder lies: in the Python package that comes with the program. */
import { join } from "node:path";
import { InternalError } from "../base/failure.ts";
import { pythonPackageFolder } from "../host/python-package.ts";

/** The recorder's path. */
export function recorderPath(): string {
  const folder = pythonPackageFolder();
  if (folder === undefined) throw new InternalError("the Python package of retorch is missing beside the program");
  return join(folder, "_setup_capture.py");
}
