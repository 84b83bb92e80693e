/** What a file is that cannot be loaded by anybody: words for the answer, from its first bytes. */
import { failure, type Failure } from "../base/failure.ts";
import type { ByteSource } from "./bytes.ts";
import { architectureText } from "./architecture.ts";
import { readFatbins } from "./fatbin.ts";

const linked = "Inspect the extension into which it was linked";
const usual = "Give the path of a built extension (`.so`, `.pyd`, `.dylib`) or of a wheel";

interface Known {
  readonly what: string;
  readonly hint: string;
}

const magics: readonly (Known & { readonly bytes: readonly number[] })[] = [
  { bytes: [...Buffer.from("!<arch>\n")], what: "is a static library: objects that were not linked yet", hint: linked },
  {
    bytes: [...Buffer.from("!<thin>\n")],
    what: "is a thin archive, which names objects that were not linked yet",
    hint: linked,
  },
  { bytes: [0x42, 0x43, 0xc0, 0xde], what: "is LLVM bitcode, which was not compiled to the end", hint: linked },
  { bytes: [0x1f, 0x8b], what: "is compressed by gzip", hint: "Unpack it, and inspect a file in it" },
  { bytes: [0x28, 0xb5, 0x2f, 0xfd], what: "is compressed by zstd", hint: "Unpack it, and inspect a file in it" },
  { bytes: [0x42, 0x5a, 0x68], what: "is compressed by bzip2", hint: "Unpack it, and inspect a file in it" },
  { bytes: [0xfd, 0x37, 0x7a, 0x58, 0x5a], what: "is compressed by xz", hint: "Unpack it, and inspect a file in it" },
];

/** What was built wrong, or is something else, as a failure. */
export function otherFormat(source: ByteSource, file: string): Failure {
  const { what, hint } = describe(source);
  return failure("INSPECT_UNKNOWN_FORMAT", `The file \`${file}\` ${what}`, { hint });
}

function describe(source: ByteSource): Known {
  const head = source.read(0, 4096);
  if (head.length === 0) return { what: "is empty", hint: usual };
  const magic = magics.find(({ bytes }) => bytes.every((byte, index) => head[index] === byte));
  if (magic !== undefined) return magic;
  const { fatbins } = readFatbins(source, [{ offset: 0, size: source.size, relocatable: false }]);
  if (fatbins.length > 0) {
    const names = fatbins.flatMap(({ entries }) =>
      entries.map(
        ({ kind, architecture }) => `${kind === "cubin" ? "sm" : "compute"}_${architectureText(architecture)}`,
      ),
    );
    const code = names.length === 0 ? "" : `, with code for ${[...new Set(names)].join(", ")}`;
    return { what: `is a CUDA fat binary by itself${code}`, hint: linked };
  }
  const text = Buffer.from(head.buffer, head.byteOffset, head.byteLength).toString("latin1");
  if (text.includes("\0")) return { what: "is neither ELF, PE nor Mach-O", hint: usual };
  const target = /^\.target\s+(\w+)/m.exec(text)?.[1];
  if (target !== undefined && /^\.version\s+\d/m.test(text))
    return { what: `is PTX, the assembler text of NVIDIA's compilers, for ${target} and later`, hint: linked };
  if (/^\s*(?:\/\*[^]*?\*\/\s*)*(?:(?:INPUT|GROUP|OUTPUT_FORMAT)\s*\()/.test(text))
    return { what: "is a script for the linker", hint: "Inspect the library that it names" };
  if (text.startsWith("version https://git-lfs"))
    return { what: "is a pointer of Git LFS, not the file itself", hint: "Get the file: `git lfs pull`" };
  if (text.startsWith("#!")) return { what: "is a script", hint: usual };
  return { what: "is neither ELF, PE nor Mach-O", hint: usual };
}
