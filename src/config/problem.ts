/** What is wrong with a request, before it is known at which line and column that stands. */
import type { FailureCode } from "../base/failure-codes.ts";

/** A way through a TOML document: `["extension", "my_ops", "sources", 0]`. */
export type TomlPath = readonly (string | number)[];

/** A key or a value in a TOML document. */
export interface Place {
  readonly path: TomlPath;
  readonly part: "key" | "value";
}

/** A failure in the making. */
export interface Problem {
  readonly code: FailureCode;
  /** One sentence without a full stop. */
  readonly message: string;
  readonly hint?: string;
  /** Absent when it came from the command line. */
  readonly at?: Place;
}

/** What is wrong with a single value, no matter where it was written. */
export interface Complaint {
  readonly message: string;
  readonly hint?: string;
}

/** The place of a value, when it stands in a document. */
export function valueAt(path: TomlPath | undefined): { readonly at?: Place } {
  return path === undefined ? {} : { at: { path, part: "value" } };
}

/** The place of a key, when it stands in a document. */
export function keyAt(path: TomlPath | undefined): { readonly at?: Place } {
  return path === undefined ? {} : { at: { path, part: "key" } };
}
