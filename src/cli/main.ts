/* oxlint-disable no-restricted-globals -- the real process */
/**
 * The entry of the program. It is bundled into one file of CommonJS, which Node loads without its machinery for ES
 * modules; that alone saves some milliseconds.
 */
import { keepCompiledCode } from "../host/compiled-code.ts";
import { quickHost, stderrIsTerminal, writeToStream } from "../host/quick-host.ts";
import { start } from "./start.ts";

const host = quickHost();
void start(
  {
    arguments: process.argv.slice(2),
    input: async () => {
      const parts: Uint8Array[] = [];
      for await (const part of process.stdin) parts.push(part as Uint8Array);
      return Buffer.concat(parts);
    },
    writeOut: (text) => writeToStream(1, text),
    writeError: (text) => writeToStream(2, text),
    errorIsTerminal: stderrIsTerminal,
    uptimeMs: () => process.uptime() * 1000,
    whole: async (input) => {
      keepCompiledCode(host);
      const { whole } = await import("./whole.ts");
      await whole(input);
    },
  },
  host,
);
