/** What an expected failure says. The codes and their meaning stand in `failure-codes.ts`. */
import type { FailureCode } from "./failure-codes.ts";

/** One candidate that was looked at while something was searched for, and what came of it. */
export interface Attempt {
  /** What was looked for: `python`, `torch`, `nvcc`, … */
  readonly what: string;
  /** Where: a path, a variable, a command. */
  readonly where: string;
  readonly outcome: "chosen" | "rejected" | "missing";
  /** Why, in words: `not set`, `no such file`, `CUDA 12.4, torch needs 13.0`. */
  readonly why: string;
}

/** A place in a file, counted from 1. */
export interface Location {
  /** Absolute path. */
  readonly file: string;
  readonly line?: number;
  readonly column?: number;
}

/** An expected failure: a stable code, one sentence, and what to do about it. */
export interface Failure {
  readonly code: FailureCode;
  /** One sentence without a full stop; paths and commands in backticks. */
  readonly message: string;
  readonly hint?: string;
  readonly location?: Location;
  readonly attempts?: readonly Attempt[];
  /** Variables with which it would not have come to it, looked up on this machine. */
  readonly remedy?: Readonly<Record<string, string>>;
  /** The text of what lay beneath, e.g. a system error or a tool's output. */
  readonly cause?: string;
}

/** Builds a failure. */
export function failure(code: FailureCode, message: string, more: Omit<Failure, "code" | "message"> = {}): Failure {
  return { code, message, ...more };
}

/** Thrown where the program itself is at fault. Ends in exit code 70. */
export class InternalError extends Error {
  override readonly name = "InternalError";
}
