// `npm run build`: makes dist/. Options: `--no-types`, `--force`.
import { bundle } from "../lib/bundle.mjs";
import { ensurePackages } from "../lib/npm-packages.mjs";
import { root } from "../lib/root.mjs";
import { seconds, stopwatch } from "../lib/terminal.mjs";

export async function main(args) {
  const elapsed = stopwatch();
  await ensurePackages(root);
  const changed = await bundle(root, {
    types: !args.includes("--no-types"),
    force: args.includes("--force"),
  });
  process.stderr.write(changed ? `dist/ made in ${seconds(elapsed())}\n` : "dist/ is up to date\n");
}
