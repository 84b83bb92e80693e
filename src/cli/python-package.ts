/** The Python package that belongs to this program, for the commands that work through it. */
import { failure } from "../base/failure.ts";
import { err, ok, type Result } from "../base/result.ts";
import type { CommandContext } from "./context.ts";

/** Its folder, absolute. */
export function pythonPackageOf({ services }: Pick<CommandContext, "services">): Result<string> {
  const folder = services.pythonPackage();
  if (folder !== undefined) return ok(folder);
  return err(
    failure("INPUT_MISSING", "the Python package of retorch is not beside the program", {
      hint: "reinstall retorch: `python/` belongs to it",
    }),
  );
}
