/**
 * Which binding library made a module, from what that leaves among the module's constants: pybind11 and nanobind the name
 * under which modules of one process find each other's types, Cython its version. What is linked to a shared library of
 * nanobind has no such constant; its symbols tell then.
 *
 * Sources: pybind11/detail/internals.h (`PYBIND11_INTERNALS_ID`), pybind11/conduit/pybind11_platform_abi_id.h; nanobind,
 * src/nb_internals.cpp and nb_abi.h; Cython, Utility/CommonStructures.c (`CYTHON_ABI`).
 */
import type { ByteSource } from "./bytes.ts";

export interface BindingFacts {
  readonly binding: "pybind11" | "nanobind" | "cython";
  /**
   * Modules share types when this is the same: `v12_system_libstdcpp_gxx_abi_1xxx_use_cxx11_abi_1`. Of Cython its version.
   * Undefined where it cannot be told.
   */
  readonly abi?: string;
}

/** A stretch of constants. */
export interface ConstantRange {
  readonly offset: number;
  readonly size: number;
}

/** So much of a file's constants is looked at. */
const MAX_CONSTANTS = 16 * 1024 * 1024;

/** Where constants lie in the three formats. */
export function constantRanges(
  sections: readonly { readonly name: string; readonly offset: number; readonly size: number }[],
): ConstantRange[] {
  return sections.filter(
    ({ name, size }) => size > 0 && /^(?:\.rodata(?:\..*)?|\.rdata|__cstring|__const)$/.test(name),
  );
}

/** Constants as bytes, not more than cost little. */
export function constantsOf(source: ByteSource, ranges: readonly ConstantRange[]): Buffer {
  const parts: Uint8Array[] = [];
  let left = MAX_CONSTANTS;
  for (const { offset, size } of ranges) {
    if (left <= 0) break;
    const bytes = source.read(offset, Math.min(size, left));
    left -= bytes.length;
    parts.push(bytes);
  }
  return Buffer.concat(parts);
}

/** Longer is no such name. */
const MAX_NAME = 200;

/** The text from a place to the end of its string. */
function textAt(constants: Buffer, at: number): string {
  const end = constants.indexOf(0, at);
  return constants.toString("latin1", at, Math.min(end === -1 ? constants.length : end, at + MAX_NAME));
}

const CYTHON = ["cython_runtime", "__pyx_"];

/** What a module's constants say; undefined when none of the three made it. */
export function bindingIn(constants: Buffer): BindingFacts | undefined {
  const pybind = constants.indexOf("__pybind11_internals_v");
  if (pybind !== -1) {
    const abi = /^__pybind11_internals_(v\d+\w*?)__$/.exec(textAt(constants, pybind))?.[1];
    return { binding: "pybind11", ...(abi === undefined ? {} : { abi }) };
  }
  const nanobind = constants.indexOf("__nb_internals_");
  if (nanobind !== -1) {
    const abi = /^__nb_internals_(v\d+\w*?)__$/.exec(textAt(constants, nanobind))?.[1] ?? nanobindTag(constants);
    return { binding: "nanobind", ...(abi === undefined ? {} : { abi }) };
  }
  const cython = constants.indexOf("\0_cython_");
  const version = /^_cython_(\d+(?:_\d+)*(?:_?(?:a|b|rc|alpha|beta|dev)\d+)?)/.exec(textAt(constants, cython + 1))?.[1];
  if (cython !== -1 && version !== undefined) return { binding: "cython", abi: version.replaceAll("_", ".") };
  // Modules without types of Cython have no such name.
  return CYTHON.some((mark) => constants.includes(mark)) ? { binding: "cython" } : undefined;
}

/** Since 2.0 the name is put together from two constants; the one that counts stands by itself. */
function nanobindTag(constants: Buffer): string | undefined {
  for (const known of ["_libstdcpp_", "_libcpp_", "_mscver"]) {
    for (let at = constants.indexOf(known); at !== -1; at = constants.indexOf(known, at + 1)) {
      const start = constants.lastIndexOf(0, at) + 1;
      if (at - start > MAX_NAME) continue;
      const tag = /^v\d+\w*$/.exec(textAt(constants, start))?.[0];
      if (tag !== undefined) return tag;
    }
  }
  return undefined;
}

/** `12` of `v12_system_…`. */
export function internalsVersion(abi: string): string | undefined {
  return /^v(\d+)/.exec(abi)?.[1];
}
