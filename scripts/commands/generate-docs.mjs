// `npm run docs:gen`: writes the documents that are made from the code. `--check` only says which are out of date.
//
//   docs/cli.md            from the table of commands and options in src/cli
//   docs/configuration.md  the part between the two marks, from the table of settings in src/config
//   docs/retorch.schema.json  from the same table
//   docs/failures.md       from src/base/failure-codes.ts
//   docs/errors/           from the rules in src/diagnose: a page each and an index; pages of rules that are gone go
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { ensurePackages } from "../lib/npm-packages.mjs";
import { root } from "../lib/root.mjs";
import { ScriptError } from "../lib/terminal.mjs";

const notice = "<!-- Made by `npm run docs:gen`; changes here are lost. -->\n\n";
const begin = "<!-- made by `npm run docs:gen`: begin -->";
const end = "<!-- made by `npm run docs:gen`: end -->";
const errorPagesFolder = "docs/errors";

export async function main(args) {
  await ensurePackages(root);
  if (args.includes("--check")) {
    const problems = await docsProblems();
    if (problems !== undefined) throw new ScriptError(problems, "`npm run docs:gen` writes them");
    return;
  }
  const wanted = await documents();
  for (const [file, text] of Object.entries(wanted)) {
    if (current(file) === text) continue;
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), text);
    process.stderr.write(`${file} written\n`);
  }
  for (const file of leftOver(wanted)) {
    rmSync(join(root, file));
    process.stderr.write(`${file} removed\n`);
  }
}

/** Which documents differ from what the code says; undefined when none does. */
export async function docsProblems() {
  const wanted = await documents();
  const problems = [
    ...Object.entries(wanted)
      .filter(([file, text]) => current(file) !== text)
      .map(([file]) => `${file} is not what the code says`),
    ...leftOver(wanted).map((file) => `${file} is of a rule that is not there`),
  ];
  return problems.length === 0 ? undefined : problems.join("\n");
}

/** Pages of rules that were removed or renamed: every page of that folder is made here. */
function leftOver(wanted) {
  const folder = join(root, errorPagesFolder);
  const there = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(".md")) : [];
  return there.map((name) => `${errorPagesFolder}/${name}`).filter((file) => !Object.hasOwn(wanted, file));
}

function current(file) {
  const path = join(root, file);
  return existsSync(path) ? readFileSync(path, "utf8") : undefined;
}

async function documents() {
  const { failureCodes, cliReference, configurationJsonSchema, configurationReference, errorPages } = await load();
  return {
    "docs/cli.md": withNotice(cliReference()),
    "docs/configuration.md": between(current("docs/configuration.md"), configurationReference().trim()),
    "docs/retorch.schema.json": `${JSON.stringify(configurationJsonSchema(), undefined, 2)}\n`,
    "docs/failures.md": withNotice(failuresPage(failureCodes)),
    ...Object.fromEntries(errorPages().map(({ path, text }) => [path, text])),
  };
}

function withNotice(text) {
  return `${text.startsWith("<!--") ? "" : notice}${text.trim()}\n`;
}

/** The document with the part between the marks replaced; a missing document begins with a heading. */
function between(text = `# Configuration\n\n${begin}\n${end}\n`, part) {
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from === -1 || to < from) throw new ScriptError(`docs/configuration.md lacks the marks\n\n${begin}\n${end}`);
  return `${text.slice(0, from + begin.length)}\n\n${part}\n\n${text.slice(to)}`;
}

function failuresPage(codes) {
  const status = {
    1: "1, the build failed",
    2: "2, usage, configuration or environment",
    130: "130, interrupted",
  };
  const entries = Object.entries(codes)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(
      ([code, { exit, meaning, todo }]) => `## \`${code}\`\n\n${meaning}\n\n${todo}\n\nExit status ${status[exit]}.\n`,
    );
  return (
    "# Failures\n\nEvery failure that retorch expects has a code that stays the same. " +
    "With `--json` it is the `code` of the event that reports it. Status 70 is a bug in retorch.\n\n" +
    entries.join("\n")
  );
}

/** The values that the documents are made from, loaded from the TypeScript sources. */
async function load() {
  const { build } = await import("rolldown");
  const folder = mkdtempSync(join(tmpdir(), "retorch-docs-"));
  try {
    const lines = [
      ["src/base/failure-codes.ts", "failureCodes"],
      [whereExported("src/cli", "cliReference"), "cliReference"],
      [whereExported("src/config", "configurationReference"), "configurationJsonSchema, configurationReference"],
      [whereExported("src/diagnose", "errorPages"), "errorPages"],
    ].map(([path, names]) => `export { ${names} } from ${JSON.stringify(join(root, path))};`);
    const entry = join(folder, "entry.js");
    writeFileSync(entry, lines.join("\n"));
    const outfile = join(folder, "documents.mjs");
    await build({
      input: entry,
      platform: "node",
      transform: { target: "node20" },
      output: { file: outfile, format: "esm", codeSplitting: false },
      logLevel: "warn",
    });
    return await import(pathToFileURL(outfile).href);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The file of a room that exports a function. */
function whereExported(folder, name) {
  const files = readdirSync(join(root, folder)).filter((file) => file.endsWith(".ts"));
  const file = files.find((it) => readFileSync(join(root, folder, it), "utf8").includes(`export function ${name}(`));
  if (file === undefined) throw new ScriptError(`no file in ${folder} exports \`${name}\``);
  return `${folder}/${file}`;
}
