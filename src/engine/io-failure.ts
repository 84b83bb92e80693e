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
      return diskFull(place === "" ? "" : ` for${place}`, error.message);
    case "EMFILE":
    case "ENFILE":
      return tooManyOpenFiles(error.message);
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

/** @param what What the space was for: ` for …`, or nothing. */
export function diskFull(what: string, cause?: string): Failure {
  return failure("DISK_FULL", `no space left on the disk${what}`, {
    hint: "free some space and build again: what was finished is kept; `retorch cache gc` shrinks the store",
    ...(cause === undefined ? {} : { cause }),
  });
}

export function tooManyOpenFiles(cause?: string): Failure {
  return failure("TOO_MANY_OPEN_FILES", "too many files are open", {
    hint: "raise the limit with `ulimit -n 4096`, or build with fewer jobs",
    ...(cause === undefined ? {} : { cause }),
  });
}
