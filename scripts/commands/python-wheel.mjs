// `npm run python-wheel`: makes the wheel of the Python package, with the bundled program inside. Option: `--out DIR`.
// The last line on standard output is its path.
import { resolve } from "node:path";
import { bundle } from "../lib/bundle.mjs";
import { ensurePackages } from "../lib/npm-packages.mjs";
import { writePythonWheel } from "../lib/python-wheel.mjs";
import { root } from "../lib/root.mjs";
import { ScriptError } from "../lib/terminal.mjs";

export async function main(args) {
  const [option, folder, ...rest] = args;
  if ((option !== undefined && (option !== "--out" || folder === undefined)) || rest.length > 0) {
    throw new ScriptError("`npm run python-wheel` takes `--out DIR` and nothing else");
  }
  await ensurePackages(root);
  await bundle(root, { types: false });
  process.stdout.write(`${await writePythonWheel(root, resolve(folder ?? "dist-python"))}\n`);
}
