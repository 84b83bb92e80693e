/** Turns errors of the operating system into failures with a code and a hint. Other errors are bugs and stay thrown. */
import { failure, type Failure } from "../base/failure.ts";

interface SystemError extends Error {
  readonly code: string;
  readonly path?: string;
  readonly syscall?: string;
}

function isSystemError(error: unknown): error is SystemError {
  return error instanceof Error && "code" in error && typeof error.code === "string" && /^E[A-Z0-9]+$/.test(error.code);
}

/** The failure for a system error; anything else is thrown again. */
export function ioFailure(error: unknown): Failure {
  if (!isSystemError(error)) throw error;
  const place = error.path === undefined ? "" : ` \`${error.path}\``;
  switch (error.code) {
    case "ENOSPC":
    case "EDQUOT":
      return failure("DISK_FULL", `no space left on the disk for${place || " the build"}`, {
        hint: "free some space and build again: what was finished is kept",
        cause: error.message,
      });
    case "EMFILE":
    case "ENFILE":
      return failure("TOO_MANY_OPEN_FILES", "too many files are open", {
        hint: "raise the limit with `ulimit -n 4096`, or build with fewer jobs",
        cause: error.message,
      });
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return failure("NOT_WRITABLE", `not allowed to use${place || " a file"}`, {
        hint: "change its permissions, or choose another place with `--out`",
        cause: error.message,
      });
    default:
      return failure("IO_ERROR", `could not use${place || " a file"}: ${error.code}`, { cause: error.message });
  }
}
