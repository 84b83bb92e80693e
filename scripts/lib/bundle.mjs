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
  const esbuild = await import("esbuild");
  const common = {
    absWorkingDir: root,
    outdir: dist,
    bundle: true,
    platform: "node",
    target: "node20",
    minifySyntax: true,
    minifyWhitespace: true,
    sourcemap: "linked",
    sourcesContent: false,
    legalComments: "none",
    treeShaking: true,
    metafile: true,
    write: false,
    logLevel: "silent",
  };
  const [result, quick] = await Promise.all([
    esbuild.build({
      ...common,
      entryPoints,
      entryNames: "[name]",
      chunkNames: "chunks/[name]-[hash]",
      splitting: true,
      format: "esm",
      plugins: [versionPlugin(root), examplesPlugin()],
    }),
    esbuild.build({
      ...common,
      entryPoints: quickEntry,
      outExtension: { ".js": ".cjs" },
      format: "cjs",
      plugins: [versionPlugin(root), wholePlugin()],
    }),
  ]).catch((error) => {
    const messages = (error.errors ?? []).map(({ text, location }) =>
      location ? `${location.file}:${location.line}:${location.column}: ${text}` : text,
    );
    throw new ScriptError(`the program could not be bundled\n\n${messages.join("\n") || error.message}`);
  });

  const outside = [result, quick]
    .flatMap(({ metafile }) => Object.values(metafile.outputs))
    .flatMap((output) => output.imports)
    .filter(({ external, path }) => external && !path.startsWith("node:") && path !== wholeFile)
    .map(({ path }) => path);
  if (outside.length > 0) {
    throw new ScriptError(
      `the bundle still imports ${[...new Set(outside)].join(", ")}`,
      "import builtins with `node:`",
    );
  }

  const written = new Set();
  // Chunks first, the file that people start last.
  const rank = (path) => (path.endsWith(".cjs") ? 2 : dirname(path) === dist && path.endsWith(".js") ? 1 : 0);
  const files = [...result.outputFiles, ...quick.outputFiles].sort((a, b) => rank(a.path) - rank(b.path));
  for (const file of files) {
    replace(file.path, file.contents);
    written.add(relative(dist, file.path).split(sep).join("/"));
  }
  writeLicenses(root, dist, result.metafile);
  for (const old of walk(dist)) {
    const kept = written.has(old) || old.startsWith("types/") || old.startsWith(".") || old.endsWith(".txt");
    if (!kept) rmSync(join(dist, old));
  }
}

/** Puts the version of package.json in place of `src/version.ts`. */
function versionPlugin(root) {
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  return {
    name: "version",
    setup(build) {
      build.onLoad({ filter: /[/\\]src[/\\]version\.ts$/ }, () => ({
        contents: `export const version = ${JSON.stringify(version)};`,
        loader: "ts",
      }));
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
    setup(build) {
      build.onLoad({ filter: /[/\\]src[/\\]diagnose[/\\]rules[/\\][^/\\]+\.ts$/ }, ({ path }) => {
        const text = readFileSync(path, "utf8");
        const without = text.replaceAll(
          examples,
          (all, indent) => `${indent}examples: [${"\n".repeat(all.split("\n").length - 1)}],`,
        );
        return { contents: without, loader: "ts" };
      });
    },
  };
}

/** Leaves `import("./whole.ts")` to be done when it is run, from the file beside. */
const wholeFile = "./whole.js";
function wholePlugin() {
  return {
    name: "whole",
    setup(build) {
      build.onResolve({ filter: /^\.\/whole\.ts$/ }, () => ({ path: wholeFile, external: true }));
    },
  };
}

function replace(path, contents) {
  mkdirSync(dirname(path), { recursive: true });
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}`);
  writeFileSync(temporary, contents);
  renameSync(temporary, path);
}

/** The licences of the packages that went into the bundle, which ask to be named. */
function writeLicenses(root, dist, metafile) {
  const packages = new Set();
  for (const path of Object.keys(metafile.inputs)) {
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
