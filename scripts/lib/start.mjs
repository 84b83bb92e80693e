// Starts one of the commands in ../commands, after a look at Node's version. Kept in the syntax of Node 12, the first
// that runs `.mjs` files at all: the commands may use newer syntax, so they are imported only after the look.
import fs from "fs";

/** Whether a version such as `20.19.0` is in a range such as `^20.19.0 || >=22.12.0`. */
export function inRange(version, range) {
  const have = version.split(".").map(Number);
  return range.split("||").some(function (part) {
    const match = /^\s*(\^|>=)\s*(\d+)\.(\d+)/.exec(part);
    if (match === null) throw new Error("cannot read the range " + part);
    const major = Number(match[2]);
    if (have[0] === major) return have[1] >= Number(match[3]);
    return match[1] === ">=" && have[0] > major;
  });
}

/** Runs `main(arguments)` of a command, or ends with one clear message when this Node cannot. */
export function start(command) {
  const manifest = JSON.parse(fs.readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  if (!inRange(process.versions.node, manifest.engines.node)) {
    process.stderr.write(
      "error: Node " +
        process.versions.node +
        " cannot run retorch, which needs Node " +
        manifest.engines.node +
        "\n\n" +
        "hint: install a current Node from https://nodejs.org, or with a version manager: `nvm install 22`\n",
    );
    process.exitCode = 2;
    return;
  }
  Promise.all([import("../commands/" + command + ".mjs"), import("./terminal.mjs")])
    .then(function (modules) {
      return modules[1].runMain(modules[0].main);
    })
    .catch(function (error) {
      process.stderr.write((error.stack || String(error)) + "\n");
      process.exitCode = 70;
    });
}
