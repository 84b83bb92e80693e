/**
 * What libtorch's own libraries say of how they were built: the C++11 ABI of libstdc++ by the names of libc10's symbols,
 * pybind11's ABI by a name in libtorch_python, the CUDA major by the runtime that libc10_cuda asks for. Only the ranges
 * that are needed are read: libtorch has 500 MB.
 */
import { bytesSource, fileSource } from "../inspect/bytes.ts";
import { openElf } from "../inspect/elf.ts";
import type { Look } from "./look.ts";

/** More than the names of any libc10 have (0.2 MB). */
const mostNames = 16 * 1024 * 1024;
/** A text is looked for in pieces of this size. */
const piece = 4 * 1024 * 1024;

/**
 * Whether a libc10 was built with the C++11 ABI. `c10::Error` has a constructor that takes a `std::string`: its mangled
 * name holds `__cxx11` with the new ABI, `Ss` with the old one. Undefined when the library does not tell.
 */
export function cxx11AbiOf(look: Look, library: string): boolean | undefined {
  const names = dynamicNames(look, library);
  if (names === undefined) return undefined;
  for (let at = names.indexOf("_ZN3c105ErrorC"); at !== -1; at = names.indexOf("_ZN3c105ErrorC", at + 1)) {
    const end = names.indexOf(0, at);
    const name = names.toString("latin1", at, end === -1 ? names.length : end);
    if (name.includes("__cxx11")) return true;
    if (/Ss(?:[^a-z]|$)/.test(name)) return false;
  }
  return undefined;
}

/** The bytes of a library's dynamic string table. */
function dynamicNames(look: Look, library: string): Buffer | undefined {
  if (!look.isFile(library)) return undefined;
  const elf = openElf(fileSource(look.host.fs, library) ?? bytesSource(new Uint8Array()));
  if (!elf.ok) return undefined;
  const tables = elf.value.dynamic?.tables;
  if (tables?.strings === undefined) return undefined;
  const bytes = elf.value.reader.source.read(tables.strings, Math.min(tables.stringsSize, mostNames));
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The three parts of pybind11's ABI. */
export interface Pybind11Abi {
  readonly compilerType: string;
  readonly stdlib: string;
  readonly buildAbi: string;
}

/**
 * Reads pybind11's ABI from the name under which its internals are shared:
 * `__pybind11_internals_v4_gcc_libstdcpp_cxxabi1011__`. pybind11 3 writes other names; they need no macros.
 */
export function parsePybind11Abi(name: string): Pybind11Abi | undefined {
  const match =
    /^__pybind11_internals_v\d+(_gcc|_clang|_icc|_gcc_cygwin|_mingw|_msvc)(_libstdcpp|_libcpp)(_cxxabi\d+)(?:_[a-z]+)?__/.exec(
      name,
    );
  const [, compilerType, stdlib, buildAbi] = match ?? [];
  if (compilerType === undefined || stdlib === undefined || buildAbi === undefined) return undefined;
  return { compilerType, stdlib, buildAbi };
}

/** Looks for that name in libtorch_python. */
export function pybind11AbiOf(look: Look, library: string): Pybind11Abi | undefined {
  const stat = look.stat(library);
  if (stat?.kind !== "file") return undefined;
  const prefix = "__pybind11_internals_v";
  const overlap = 128;
  for (let offset = 0; offset < stat.size; offset += piece) {
    const bytes = look.readRange(library, offset, piece + overlap);
    if (bytes === undefined) return undefined;
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const at = buffer.indexOf(prefix);
    if (at === -1 || at >= piece) continue;
    const end = buffer.indexOf(0, at);
    return parsePybind11Abi(buffer.toString("latin1", at, end === -1 ? at + overlap : end));
  }
  return undefined;
}
