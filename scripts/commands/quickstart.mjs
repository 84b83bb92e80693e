// `npm run quickstart`: from a fresh clone to built extensions that compute. Needs Node, Python 3 and a C++ compiler;
// installs the rest into the clone. A second run finds everything done.
//
//   --python PATH   builds for this Python, which must have a PyTorch
import { existsSync, readdirSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { bundle } from "../lib/bundle.mjs";
import { ensurePackages } from "../lib/npm-packages.mjs";
import { run, tail, which } from "../lib/process.mjs";
import { ensureTorchPython } from "../lib/python.mjs";
import { root } from "../lib/root.mjs";
import { line, ScriptError, seconds, stopwatch } from "../lib/terminal.mjs";

const examples = [
  { name: "moving-average", about: "one C++ source, no configuration" },
  { name: "layer-norm", about: "several sources, retorch.toml, operators with a gradient, a program" },
  { name: "nearest-neighbour", about: "stable ABI: one file for many versions of Python and PyTorch" },
];
const cudaExample = { name: "cuda-bias-gelu", about: "a CUDA kernel and the operator around it" };

export async function main(args) {
  const given = optionValue(args, "--python");
  const total = stopwatch();
  process.stdout.write("Setting up\n");
  const compiler = findCompiler();
  const installed = await ensurePackages(root);
  line("npm packages", installed === undefined ? "up to date" : `installed in ${seconds(installed)}`);
  const elapsed = stopwatch();
  line("retorch", (await bundle(root, { types: false })) ? `bundled in ${seconds(elapsed())}` : "up to date");
  const python = await ensureTorchPython(root, { given, say: (text) => line("Python", text) });
  if (!python.header) {
    throw new ScriptError(
      `the headers of ${python.executable} are not installed: there is no Python.h`,
      "on Debian and Ubuntu: `apt install python3-dev`",
    );
  }
  const made = python.installSeconds === undefined ? "" : `, ready in ${seconds(python.installSeconds)}`;
  line("Python", `${python.version.join(".")} with PyTorch ${python.torch.version}, ${python.origin}${made}`);
  line("C++ compiler", compiler);

  for (const example of examples) await show(example, python);
  const without = noCuda(python);
  if (without === undefined) await show(cudaExample, python);
  else process.stdout.write(`\n${cudaExample.name}: skipped, ${without}\n`);
  process.stdout.write(`\nAll done in ${seconds(total())}. What to try next:\n\n${next(python)}`);
}

function optionValue(args, name) {
  const index = args.indexOf(name);
  if (index !== -1 && args[index + 1] !== undefined) return args[index + 1];
  return args.find((arg) => arg.startsWith(`${name}=`))?.slice(name.length + 1);
}

/** Looked for before anything is installed: without one nothing can be built. retorch itself makes the choice later. */
function findCompiler() {
  const names = process.platform === "win32" ? ["cl", "clang-cl"] : ["c++", "g++", "clang++"];
  const asked = process.env.CXX?.trim()
    .split(/\s+/)
    .find((word) => /(\+\+|clang|icpx|cl)[^/]*$/.test(word));
  const found = [asked, ...names].map((name) => name && which(name)).find(Boolean);
  if (found !== undefined) return found;
  const hints = {
    darwin: "`xcode-select --install`",
    win32: "run this in a developer prompt of Visual Studio, where `cl` is on PATH",
    linux: "on Debian and Ubuntu: `apt install g++`; on Fedora: `dnf install gcc-c++`",
  };
  throw new ScriptError(`no C++ compiler was found: none of ${names.join(", ")} is on PATH`, hints[process.platform]);
}

/** Builds an example with the program itself, lets it compute, and prints what it says. */
async function show({ name, about }, python) {
  const folder = join("examples", name);
  process.stdout.write(`\n${name}: ${about}\n`);
  const elapsed = stopwatch();
  const program = join(root, "bin", "retorch.js");
  const words = ["build", folder, "--python", python.executable];
  const build = await run(process.execPath, [program, ...words], { cwd: root, output: "result" });
  if (build.code !== 0) {
    throw new ScriptError(
      `\`retorch ${words.map(quoted).join(" ")}\` failed with exit code ${build.code}`,
      "`node bin/retorch.js doctor` looks for the cause",
    );
  }
  for (const path of build.stdout.trim().split("\n")) line("built", relative(root, path) || path);
  line("in", seconds(elapsed()));
  const check = await run(python.executable, [join(folder, "check.py")], { cwd: root });
  if (check.code !== 0) throw new ScriptError(`${name} was built but does not compute\n\n${tail(check.stderr)}`);
  for (const text of check.stdout.trim().split("\n")) line("computes", text);
}

/** Why the CUDA example cannot be built, or undefined when it can. */
function noCuda({ torch }) {
  if (torch.cuda === null) return `PyTorch ${torch.version} was built without CUDA`;
  const nvidia = join(dirname(torch.root), "nvidia");
  const wheels = existsSync(nvidia) ? readdirSync(nvidia).map((name) => join(nvidia, name)) : [];
  const homes = [process.env.CUDA_HOME, process.env.CUDA_PATH, "/usr/local/cuda", ...wheels].filter(Boolean);
  const found = which("nvcc") ?? homes.map((home) => which(join(home, "bin", "nvcc"))).find(Boolean);
  return found === undefined ? "there is no nvcc" : undefined;
}

function quoted(word) {
  return /^[\w@%+=:,./\\-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

function next(python) {
  const executable = relative(process.cwd(), python.executable);
  const interpreter = executable.startsWith("..") ? python.executable : executable;
  const retorch = `node ${quoted(relative(process.cwd(), join(root, "bin", "retorch.js")))}`;
  const example = (name) => quoted(relative(process.cwd(), join(root, "examples", name)));
  // An active environment and the machine's own Python are found without being named.
  const option = python.origin === "`.venv`" || python.given ? ` --python ${quoted(interpreter)}` : "";
  const rows = [
    [`${retorch} build ${example("layer-norm")}${option}`, "nothing has changed: nothing is done"],
    [`${retorch} build ${example("layer-norm")}${option} --dry-run`, "the exact commands"],
    [`${retorch} env${option}`, "what was found on this machine, and why it was chosen"],
    [`${retorch} --help`, "everything else"],
    ["npm test", "the tests"],
  ];
  return rows.map(([command, text]) => `  ${command}\n      ${text}\n`).join("");
}
