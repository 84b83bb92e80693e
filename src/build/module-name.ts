/**
 * Whether a module that was just linked can be imported under its name: `import x` asks for `PyInit_x`, and a name in
 * `PYBIND11_MODULE` that differs from the extension's shows at no earlier time. Reads ELF files; of others nothing is said.
 */
import type { Extension } from "../config/extension.ts";
import type { Host } from "../host/host.ts";
import { fileSource } from "../inspect/bytes.ts";
import { openElf } from "../inspect/elf.ts";
import { dynamicSymbols } from "../inspect/elf-symbols.ts";

/** What is wrong, in a sentence, and what to do; undefined when it is right, or defines no module at all. */
export function wrongModuleName(
  host: Pick<Host, "fs">,
  { kind, name }: Pick<Extension, "kind" | "name">,
  path: string,
): { readonly message: string; readonly hint: string } | undefined {
  if (kind !== "python-module") return undefined;
  const own = name.split(".").at(-1) ?? name;
  const source = fileSource(host.fs, path);
  const elf = source === undefined ? undefined : openElf(source);
  if (elf?.ok !== true) return undefined;
  const symbols = dynamicSymbols(elf.value);
  // A name beyond ASCII is spelled `PyInitU_…`.
  if (symbols.find(`PyInit_${own}`).length > 0 || !/^\w+$/.test(own)) return undefined;
  const others = symbols.startingWith("PyInit_").map((symbol) => symbol.name.slice("PyInit_".length));
  const [other] = others;
  if (other === undefined) return undefined;
  return {
    message: `\`import ${own}\` will fail: the sources define the module \`${others.join("`, `")}\`, not \`${own}\``,
    hint: `write \`TORCH_EXTENSION_NAME\` in place of \`${other}\`, or call the extension \`${other}\``,
  };
}
