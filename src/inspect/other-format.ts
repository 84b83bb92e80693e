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
  { bytes: [0xde, 0xc0, 0x17, 0x0b], what: "is LLVM bitcode, which was not compiled to the end", hint: linked },
  { bytes: [0x1f, 0x8b], what: "is compressed by gzip", hint: "Unpack it, and inspect a file in it" },
  { bytes: [0x28, 0xb5, 0x2f, 0xfd], what: "is compressed by zstd", hint: "Unpack it, and inspect a file in it" },
  { bytes: [0x80, 0x02], what: "is a pickle of Python, as an older `torch.save` wrote it", hint: usual },
  { bytes: [0x42, 0x5a, 0x68], what: "is compressed by bzip2", hint: "Unpack it, and inspect a file in it" },
  { bytes: [0xfd, 0x37, 0x7a, 0x58, 0x5a], what: "is compressed by xz", hint: "Unpack it, and inspect a file in it" },
];

/** What was built wrong, or is something else, as a failure. */
export function otherFormat(source: ByteSource, file: string): Failure {
  const { what, hint } = describe(source, file);
  return failure("INSPECT_UNKNOWN_FORMAT", `The file \`${file}\` ${what}`, { hint });
}

function describe(source: ByteSource, file: string): Known {
  const head = source.read(0, 4096);
  if (head.length === 0) return { what: "is empty", hint: usual };
  const magic = magics.find(({ bytes }) => bytes.every((byte, index) => head[index] === byte));
  if (magic !== undefined) return magic;
  // Python writes a return and a new line after the number of its version.
  if (head[2] === 0x0d && head[3] === 0x0a && /\.py[co]$/.test(file))
    return { what: "is bytecode of Python, of which nothing is compiled", hint: usual };
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
  if (text.includes("\0") || /[\u0001-\u0008\u000e-\u001a]/.test(text))
    return { what: "is neither ELF, PE nor Mach-O", hint: usual };
  return describeTextFile(text, file);
}

const SOURCES = /\.(?:c|cc|cpp|cxx|cu|cuh|h|hpp|hip|m|mm|pyx|pxd|rs|f90)$/i;

/** Texts that lie where a built file is expected. */
function describeTextFile(text: string, file: string): Known {
  const target = /^\.target\s+(\w+)/m.exec(text)?.[1];
  if (target !== undefined && /^\.version\s+\d/m.test(text))
    return { what: `is PTX, the assembler text of NVIDIA's compilers, for ${target} and later`, hint: linked };
  if (/^\s*(?:\/\*[^]*?\*\/\s*)*(?:(?:INPUT|GROUP|OUTPUT_FORMAT)\s*\()/.test(text))
    return { what: "is a script for the linker", hint: "Inspect the library that it names" };
  if (text.startsWith("version https://git-lfs"))
    return { what: "is a pointer of Git LFS, not the file itself", hint: "Get the file: `git lfs pull`" };
  if (/^\s*<(?:!doctype html|html|head|\?xml)\b/i.test(text))
    return {
      what: "is a page of HTML or XML: a server's answer in place of the file",
      hint: "Download it again; the page says why not",
    };
  if (text.startsWith("#!")) return { what: "is a script", hint: usual };
  // git without links, and zip, leave a link's text.
  const link = /^[^\s\0]{1,255}$/.exec(text.trimEnd())?.[0];
  if (link !== undefined && /\.(?:so(?:\.\d+)*|dylib)$/.test(link))
    return {
      what: `holds nothing but the name \`${link}\`: a link that was unpacked as a text`,
      hint: "Unpack it with its links, or inspect the file that it names",
    };
  if (SOURCES.test(file)) return { what: "is a source, which was not compiled", hint: "Build it: `retorch build`" };
  if (/\.pyi?$/.test(file)) return { what: "is a source of Python, of which nothing is compiled", hint: usual };
  return { what: "is a text, not a built file", hint: usual };
}
