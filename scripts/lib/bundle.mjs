// Makes `dist/`: the bundled program, the library, the type declarations. Does nothing when the inputs are those of the
// last time, known by content. What is written is complete before the entry points change, so a `retorch` that starts
// meanwhile sees either the old program or the new one.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative, sep } from "node:path";
import { run } from "./process.mjs";
import { ScriptError } from "./terminal.mjs";

/** ES modules that share chunks. */
const entryPoints = { whole: "src/cli/whole.ts", index: "src/index.ts" };
/** One file of CommonJS, which starts faster; it imports `whole` when the quick look is not enough. */
const quickEntry = { cli: "src/cli/main.ts" };
/** What every build that has something to do loads is one file: each file that Node loads takes a millisecond. */
const buildGroup = {
  name: "build",
  test: /[/\\]src[/\\](?:cli[/\\]whole|cli[/\\]commands[/\\]build|build[/\\]build|build[/\\]module-name|config[/\\]toml|report[/\\]plain)\.ts$/,
  includeDependenciesRecursively: true,
};

/** All files below a folder, relative to it, in code-unit order. */
function walk(folder, prefix = "") {
  const names = readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  return names.flatMap((entry) =>
    entry.isDirectory() ? walk(join(folder, entry.name), `${prefix}${entry.name}/`) : [`${prefix}${entry.name}`],
  );
}

function inputsDigest(root) {
  const hash = createHash("sha256");
  const files = [
    ...walk(join(root, "src")).map((name) => `src/${name}`),
    "scripts/lib/bundle.mjs",
    "package.json",
    "package-lock.json",
    "tsconfig.json",
    "tsconfig.types.json",
  ];
  for (const file of files) {
    const content = readFileSync(join(root, file));
    hash.update(`${file}\0${content.length}\0`).update(content);
  }
  return hash.digest("hex");
}

/**
 * Bundles when needed and says whether it did. `types: false` leaves the type declarations alone: running the program
 * does not need them.
 */
export async function bundle(root, { types = true, force = false } = {}) {
  const dist = join(root, "dist");
  const digest = inputsDigest(root);
  const stampPath = join(dist, ".stamp.json");
  const stamp = existsSync(stampPath) ? JSON.parse(readFileSync(stampPath, "utf8")) : {};
  let changed = false;
  if (force || stamp.code !== digest || !existsSync(join(dist, "cli.cjs"))) {
    await bundleCode(root, dist);
    stamp.code = digest;
    writeFileSync(stampPath, JSON.stringify(stamp));
    changed = true;
  }
  if (types && (force || stamp.types !== digest || !existsSync(join(dist, "types", "index.d.ts")))) {
    await declareTypes(root, dist);
    stamp.types = digest;
    writeFileSync(stampPath, JSON.stringify(stamp));
    changed = true;
  }
  return changed;
}

async function bundleCode(root, dist) {
  const { rolldown } = await import("rolldown");
  const make = async (input, plugins, output) => {
    const bundled = await rolldown({
      cwd: root,
      input,
      platform: "node",
      external: /^node:/,
      plugins: [versionPlugin(root), ...plugins],
      transform: { target: "node20" },
      checks: { ineffectiveDynamicImport: false },
    });
    const { output: files } = await bundled.generate({
      minify: { compress: false, mangle: false, codegen: { removeWhitespace: true } },
      sourcemap: true,
      sourcemapExcludeSources: true,
      comments: false,
      ...output,
    });
    await bundled.close();
    return files;
  };
  const made = await Promise.all([
    make(entryPoints, [examplesPlugin()], {
      format: "esm",
      entryFileNames: "[name].js",
      chunkFileNames: "chunks/[name]-[hash].js",
      codeSplitting: { groups: [buildGroup] },
    }),
    make(quickEntry, [wholePlugin()], { format: "cjs", entryFileNames: "[name].cjs" }),
  ]).catch((error) => {
    throw new ScriptError(`the program could not be bundled\n\n${error.message}`);
  });
  const files = made.flat();
  const chunks = files.filter(({ type }) => type === "chunk");

  const names = new Set(files.map(({ fileName }) => fileName));
  const outside = chunks
    .flatMap(({ imports, dynamicImports }) => [...imports, ...dynamicImports])
    .filter((path) => !names.has(path) && !path.startsWith("node:") && path !== wholeFile);
  if (outside.length > 0) {
    throw new ScriptError(
      `the bundle still imports ${[...new Set(outside)].join(", ")}`,
      "import builtins with `node:`",
    );
  }

  // Chunks first, the file that people start last.
  const rank = (name) => (name.endsWith(".cjs") ? 2 : !name.includes("/") && name.endsWith(".js") ? 1 : 0);
  const written = [...files].sort((a, b) => rank(a.fileName) - rank(b.fileName));
  for (const file of written) replace(join(dist, file.fileName), file.type === "chunk" ? file.code : file.source);
  writeLicenses(
    root,
    dist,
    chunks.flatMap(({ moduleIds }) => moduleIds).map((id) => relative(root, id)),
  );
  for (const old of walk(dist)) {
    const kept = names.has(old) || old.startsWith("types/") || old.startsWith(".") || old.endsWith(".txt");
    if (!kept) rmSync(join(dist, old));
  }
}

/** Puts the version of package.json in place of `src/version.ts`. */
function versionPlugin(root) {
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  return {
    name: "version",
    load: {
      filter: { id: /[/\\]src[/\\]version\.ts$/ },
      handler: () => `export const version = ${JSON.stringify(version)};`,
    },
  };
}

/**
 * Leaves the examples of the rules of diagnosis out, a seventh of the program: they are for tests and for the
 * documentation. Lines stay where they are. As the formatter writes them: from the key to the bracket below it.
 */
function examplesPlugin() {
  const examples = /^( +)examples: \[(?:.*\],|\n[^]*?^\1\],)$/gm;
  return {
    name: "examples",
    load: {
      filter: { id: /[/\\]src[/\\]diagnose[/\\]rules[/\\][^/\\]+\.ts$/ },
      handler: (path) =>
        readFileSync(path, "utf8").replaceAll(
          examples,
          (all, indent) => `${indent}examples: [${"\n".repeat(all.split("\n").length - 1)}],`,
        ),
    },
  };
}

/** Leaves `import("./whole.ts")` to be done when it is run, from the file beside. */
const wholeFile = "./whole.js";
function wholePlugin() {
  return {
    name: "whole",
    resolveId: { filter: { id: /^\.\/whole\.ts$/ }, handler: () => ({ id: wholeFile, external: true }) },
  };
}

function replace(path, contents) {
  mkdirSync(dirname(path), { recursive: true });
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}`);
  writeFileSync(temporary, contents);
  renameSync(temporary, path);
}

/** The licences of the packages that went into the bundle, which ask to be named. */
function writeLicenses(root, dist, modules) {
  const packages = new Set();
  for (const path of modules.map((module) => module.split(sep).join("/"))) {
    const match = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path);
    if (match !== null) packages.add(match[1]);
  }
  const texts = [...packages]
    .sort((a, b) => (a < b ? -1 : 1))
    .map((folder) => {
      const { name, version, license } = JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8"));
      const file = readdirSync(join(root, folder)).find((entry) => /^licen[cs]e/i.test(entry));
      const text = file === undefined ? "" : `\n\n${readFileSync(join(root, folder, file), "utf8").trim()}`;
      return `${name} ${version} (${license})${text}\n`;
    });
  replace(join(dist, "third-party-licenses.txt"), texts.join(`\n${"-".repeat(72)}\n\n`));
}

async function declareTypes(root, dist) {
  const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
  rmSync(join(dist, "types"), { recursive: true, force: true });
  const result = await run(process.execPath, [tsc, "-p", "tsconfig.types.json"], { cwd: root });
  if (result.code !== 0) throw new ScriptError(`the type declarations could not be made\n\n${result.stdout.trim()}`);
}
