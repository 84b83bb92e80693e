// Loaded before a program (`NODE_OPTIONS=--import=…`): notes which files the program reads and which programs it starts,
// and writes that to the file named by NOTE_EFFECTS when it ends. Modules that are loaded appear as URLs.
import childProcess from "node:child_process";
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import workers from "node:worker_threads";

const into = process.env.NOTE_EFFECTS;
const effects = { read: [], written: [], started: [] };
const opened = new Map();

/** Calls `note` with the arguments before each call. */
function before(owner, names, note) {
  for (const name of names) {
    const original = owner[name];
    if (typeof original !== "function") continue;
    owner[name] = function (...args) {
      note(args, name);
      return Reflect.apply(original, this, args);
    };
  }
}

const changes = /[wax+]/;
const noteOpen = (path, flags = "r") => {
  const writes = typeof flags === "number" ? (flags & 3) !== 0 : changes.test(flags);
  (writes ? effects.written : effects.read).push(String(path));
};

if (into !== undefined) {
  before(fs, ["readFileSync", "readFile"], ([path]) => {
    effects.read.push(typeof path === "number" ? (opened.get(path) ?? `file ${path}`) : String(path));
  });
  const openSync = fs.openSync;
  fs.openSync = (path, flags, ...rest) => {
    noteOpen(path, flags);
    const fd = openSync(path, flags, ...rest);
    opened.set(fd, String(path));
    return fd;
  };
  before(fs, ["open"], ([path, flags]) => noteOpen(path, typeof flags === "function" ? "r" : flags));
  before(fs, ["createReadStream", "copyFileSync", "copyFile", "cpSync", "cp"], ([path]) => noteOpen(path));
  before(fs.promises, ["readFile", "copyFile", "cp"], ([path]) => noteOpen(path));
  before(fs.promises, ["open"], ([path, flags]) => noteOpen(path, flags));
  before(fs, ["writeFileSync", "appendFileSync"], ([path]) => effects.written.push(String(path)));
  const programs = ["spawn", "spawnSync", "exec", "execSync", "execFile", "execFileSync", "fork"];
  before(childProcess, programs, ([program, args]) => {
    effects.started.push([program, ...(Array.isArray(args) ? args : [])]);
  });
  const { Worker } = workers;
  workers.Worker = class extends Worker {
    constructor(...args) {
      effects.started.push([`worker ${args[0]}`]);
      super(...args);
    }
  };
  syncBuiltinESMExports();
  const writeFileSync = fs.writeFileSync;
  process.on("exit", () => {
    const text = JSON.stringify(effects);
    writeFileSync(into, text);
  });
}
