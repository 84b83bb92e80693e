/** What pytest says of itself as it gathers tests, over several lines. What a test says is an exception of Python. */
import type { Parser } from "./parser.ts";

/** `import file mismatch:`, the module, its file, and the file that was to be imported. */
export function pytestParser(): Parser {
  let module: string | undefined;
  let first: string | undefined;
  let waits = 0;
  return {
    get open() {
      return waits > 0;
    },
    line(line, out, taken) {
      const { text } = line;
      if (taken === true || waits === 0) {
        const found = /^(?:E {1,3})?imported module ['"](?<name>[\w.]+)['"] has this __file__ attribute:$/.exec(text);
        if (found === null) return false;
        module = found.groups?.["name"];
        first = undefined;
        waits = 4;
        return true;
      }
      waits--;
      const path = /^(?:E {1,3})?(?<path>(?:[A-Za-z]:)?[\w./\\ +-]+\.py)$/.exec(text)?.groups?.["path"];
      if (path === undefined) return /which is not the same as the test file/.test(text);
      if (first === undefined) {
        first = path;
        return true;
      }
      waits = 0;
      out.add(line, {
        kind: "exception",
        tool: "python",
        code: "import-file-mismatch",
        message: `imported module '${module ?? ""}' has this __file__ attribute: ${first} which is not the same as the test file we want to collect: ${path}`,
        file: path,
        library: first,
        ...(module === undefined ? {} : { symbol: module }),
      });
      return true;
    },
  };
}
