// `npm test`: sets up what the tests need, runs them, and ends with the line `N passed, N failed`.
//
//   --all         the tests that take minutes too, and nothing may be skipped for want of a PyTorch
//   --soak        the tests that loop for minutes, too
//   --no-install  does not make a Python environment when there is no PyTorch: those tests are skipped
//
// Everything else goes to vitest: `npm test -- test/unit/plan`, `npm test -- -t 'a name'`.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundle } from "../lib/bundle.mjs";
import { ensurePackages } from "../lib/npm-packages.mjs";
import { run } from "../lib/process.mjs";
import { ensureTorchPython } from "../lib/python.mjs";
import { root } from "../lib/root.mjs";
import { line, ScriptError, seconds, stopwatch } from "../lib/terminal.mjs";

const own = new Set(["--all", "--soak", "--no-install"]);

export async function main(args) {
  const all = args.includes("--all");
  const forVitest = args.filter((arg) => !own.has(arg));
  const env = { ...process.env };
  if (all) env.RETORCH_TEST_ALL = "1";
  if (args.includes("--soak")) env.RETORCH_TEST_SOAK = "1";
  // Costs every start of Node 20 some 70 ms, and the tests start it often: https://github.com/nodejs/node/issues/40524
  delete env.NODE_EXTRA_CA_CERTS;

  const installed = await ensurePackages(root);
  line("npm packages", installed === undefined ? "up to date" : `installed in ${seconds(installed)}`);
  const elapsed = stopwatch();
  const bundled = await bundle(root, { types: false });
  line("dist/", bundled ? `made in ${seconds(elapsed())}` : "up to date");
  if (needsPython(forVitest)) await setUpPython(env, { all, install: !args.includes("--no-install") });

  const folder = mkdtempSync(join(tmpdir(), "retorch-summary-"));
  const summary = join(folder, "summary");
  const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
  const result = await run(process.execPath, [vitest, "run", ...forVitest], {
    cwd: root,
    env: { ...env, RETORCH_TEST_SUMMARY: summary },
    output: "show",
  });
  process.stdout.write(closingLine(summary));
  rmSync(folder, { recursive: true, force: true });
  process.exitCode = result.code;
}

/** Unit tests, named alone, need no Python. */
function needsPython(forVitest) {
  const paths = forVitest.filter((arg) => arg.startsWith("test/"));
  return paths.length === 0 || paths.some((path) => !path.startsWith("test/unit"));
}

async function setUpPython(env, { all, install }) {
  const given = env.RETORCH_TEST_PYTHON;
  try {
    const python = await ensureTorchPython(root, { given, install, say: (text) => line("Python", text) });
    env.RETORCH_TEST_PYTHON = python.executable;
    const made = python.installSeconds === undefined ? "" : `, made in ${seconds(python.installSeconds)}`;
    line("Python", `${python.origin}: ${python.version.join(".")}, PyTorch ${python.torch.version}${made}`);
  } catch (error) {
    if (!(error instanceof ScriptError) || all || given !== undefined) throw error;
    line(
      "Python",
      `${error.message}\n\nThe tests that need a PyTorch are skipped.${error.hint ? ` hint: ${error.hint}` : ""}\n`,
    );
  }
}

function closingLine(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "0 passed, 1 failed\n";
  }
}
