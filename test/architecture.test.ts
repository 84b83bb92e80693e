/** The direction of imports, read from the sources themselves. The picture is in docs/architecture.md. */
import { readFileSync, readdirSync, statSync } from "node:fs";
import { dirname, join, posix, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../", import.meta.url));

/** Which rooms each room may import, itself aside. Order: from the bottom up; a room only names rooms above it. */
const rooms: Readonly<Record<string, readonly string[]>> = {
  base: [],
  host: ["base"],
  inspect: ["base", "host"],
  cache: ["base", "host"],
  config: ["base", "host"],
  environment: ["base", "host", "inspect"],
  capture: ["base", "host", "config", "environment"],
  plan: ["base", "host", "inspect", "config", "environment"],
  engine: ["base", "host", "cache", "config", "environment", "plan"],
  export: ["base", "host", "config", "environment", "plan"],
  diagnose: ["base", "host", "inspect", "config", "environment", "plan", "engine", "export"],
  report: ["base", "host", "inspect", "config", "environment", "plan", "engine", "export", "diagnose"],
  doctor: [
    "base",
    "host",
    "inspect",
    "cache",
    "config",
    "environment",
    "plan",
    "engine",
    "export",
    "diagnose",
    "report",
  ],
  build: [
    "base",
    "host",
    "inspect",
    "cache",
    "config",
    "environment",
    "capture",
    "plan",
    "engine",
    "export",
    "diagnose",
    "report",
    "doctor",
  ],
};

/** Which folders of `src/diagnose` each of them may import, itself aside; what lies in the room itself is for all. */
const foldersOfDiagnose: Readonly<Record<string, readonly string[]>> = {
  text: [],
  tables: [],
  facts: ["text", "tables"],
  parsers: ["text", "tables", "facts"],
  commands: ["text", "tables", "facts"],
  fit: ["text", "tables", "facts", "commands"],
  rules: ["text", "tables", "facts", "parsers", "commands"],
};

/** The top: everything may be used there. */
const tops = ["cli", "index.ts"];
/** Files in `src/` itself that every room may import. */
const shared = ["version.ts"];
/** What reaches outside the program. `node:path`, `node:crypto`, `node:zlib`, `node:util`, … only compute. */
const effects =
  /^node:(fs|fs\/promises|child_process|os|net|http|https|http2|tls|dns|dgram|worker_threads|cluster|readline|readline\/promises|perf_hooks|process|tty|inspector|v8|vm|timers|timers\/promises)$/;

interface Import {
  readonly file: string;
  readonly line: number;
  readonly specifier: string;
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? filesBelow(path) : [path];
  });
}

/** Static and dynamic imports, re-exports, and types named by `import("…")`. */
function importsOf(file: string): Import[] {
  const text = readFileSync(file, "utf8");
  const pattern =
    /^(?:import|export)\s+(?:[\w*{][^;"']*?\sfrom\s+)?["']([^"'\n]+)["']|\bimport\(\s*["']([^"'\n]+)["']\s*\)/gm;
  return [...text.matchAll(pattern)].map((match) => ({
    file: relative(root, file).split(sep).join("/"),
    line: text.slice(0, match.index).split("\n").length,
    specifier: match[1] ?? match[2] ?? "",
  }));
}

const sources = filesBelow(join(root, "src")).filter((file) => file.endsWith(".ts"));
const imports = sources.flatMap(importsOf);

/** The first part of a path below `src/`. */
function roomOf(path: string): string {
  return path.split("/")[1] ?? "";
}

/** The file that a relative import names, relative to the clone. */
function target({ file, specifier }: Import): string {
  return posix.normalize(posix.join(dirname(file), specifier));
}

const show = ({ file, line, specifier }: Import): string => `${file}:${line} imports ${specifier}`;

describe("the architecture", () => {
  it("has imports to look at", () => {
    expect(imports.length).toBeGreaterThan(50);
    expect(imports.some(({ specifier }) => specifier.startsWith("node:"))).toBe(true);
  });

  it("knows every room", () => {
    const known = [...Object.keys(rooms), ...tops, ...shared];
    expect(readdirSync(join(root, "src")).filter((name) => !known.includes(name))).toEqual([]);
  });

  it("lists rooms from the bottom up, so that there is no way round in a circle", () => {
    const order = Object.keys(rooms);
    for (const [room, allowed] of Object.entries(rooms)) {
      for (const other of allowed)
        expect(order.indexOf(other), `${room} -> ${other}`).toBeLessThan(order.indexOf(room));
    }
  });

  it("imports in one direction only", () => {
    const wrong = imports.filter((it) => {
      if (!it.specifier.startsWith(".")) return false;
      const from = roomOf(it.file);
      const to = roomOf(target(it));
      if (from === to || shared.includes(to)) return false;
      if (shared.includes(from)) return true;
      return tops.includes(from) ? to === "index.ts" : !(rooms[from] ?? []).includes(to);
    });
    expect(wrong.map(show)).toEqual([]);
  });

  it("imports in one direction only within diagnose/, too", () => {
    const folder = (path: string): string => /^src\/diagnose\/(\w+)\//.exec(path)?.[1] ?? "";
    const wrong = imports.filter((it) => {
      if (!it.specifier.startsWith(".")) return false;
      const from = folder(it.file);
      const to = folder(target(it));
      return from !== "" && to !== "" && from !== to && !(foldersOfDiagnose[from] ?? []).includes(to);
    });
    expect(wrong.map(show)).toEqual([]);
  });

  it("stays inside src/ and names files with their suffix", () => {
    const wrong = imports.filter((it) => {
      if (!it.specifier.startsWith(".")) return false;
      return !target(it).startsWith("src/") || !/\.(ts|json)$/.test(it.specifier);
    });
    expect(wrong.map(show)).toEqual([]);
  });

  it("reaches outside the program in src/host alone", () => {
    const wrong = imports.filter(({ file, specifier }) => effects.test(specifier) && roomOf(file) !== "host");
    expect(wrong.map(show)).toEqual([]);
  });

  it("needs no package when it runs: all are bundled, and listed for development", () => {
    const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
      readonly dependencies?: unknown;
      readonly devDependencies: Readonly<Record<string, string>>;
    };
    expect(manifest.dependencies).toBeUndefined();
    const unknown = imports.filter(({ specifier }) => {
      if (specifier.startsWith(".") || specifier.startsWith("node:")) return false;
      const name = specifier.split("/").slice(0, specifier.startsWith("@") ? 2 : 1);
      return manifest.devDependencies[name.join("/")] === undefined;
    });
    expect(unknown.map(show)).toEqual([]);
  });
});
