/** Real programs that wait for a file: `cat`, and nothing that is told by the time it takes. */
import {
  existsSync,
  lstatSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { WaitingPlace } from "../../../src/host/host.ts";
import { nodeHost } from "../../../src/host/node-host.ts";
import { eventually } from "../../support/node-program.ts";

const host = nodeHost();
let folder: string;
let path: string;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "retorch pipe-"));
  path = join(folder, "stub.c");
  await mkdir(join(folder, "own"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function place(): Promise<WaitingPlace> {
  const made = await host.waitingPlace(path, join(folder, "own"));
  if (made === undefined) throw new Error("no named pipe");
  return made;
}

/** The file comes to its place as the outputs of actions do. */
function moved(content: string): Uint8Array {
  const bytes = Buffer.from(content);
  writeFileSync(join(folder, "made"), bytes);
  renameSync(join(folder, "made"), path);
  return bytes;
}

async function cat(): Promise<string> {
  const { stdout } = await host.processes.run({ argv: ["cat", path], cwd: folder, env: process.env });
  return stdout;
}

/** Whether a process holds the pipe open, besides this one: it waits then. */
function isWaitedFor(): boolean {
  const pipe = join(folder, "own/pipe");
  const { stdout } = process
    .getBuiltinModule("node:child_process")
    .spawnSync("sh", ["-c", 'ls -l /proc/[0-9]*/fd 2>/dev/null | grep -c -- "-> $0$"', pipe], { encoding: "utf8" });
  return Number(stdout) > 1;
}

describe.runIf(process.platform === "linux")("a place at which a program waits", () => {
  test.each([
    ["a short file", "int a;\n"],
    ["more than a pipe holds", "x".repeat(1_000_000)],
    ["an empty file", ""],
  ])("gives %s to one that came before it", async (_, content) => {
    const waiting = await place();
    const read = cat();
    await eventually(isWaitedFor, "nobody opens the pipe");
    waiting.handOver(moved(content));
    expect(await read).toBe(content);
    waiting.close();
    expect(readFileSync(path, "utf8")).toBe(content);
  });

  test("leaves the file to one that comes later", async () => {
    const waiting = await place();
    waiting.handOver(moved("int a;\n"));
    expect(await cat()).toBe("int a;\n");
    waiting.close();
    expect(lstatSync(path).isFile()).toBe(true);
  });

  test("gives it to one that opened the pipe when the file was there already", async () => {
    const waiting = await place();
    const pipe = readlinkSync(path);
    waiting.handOver(moved("int a;\n"));
    const { stdout } = await host.processes.run({ argv: ["cat", pipe], cwd: folder, env: process.env });
    expect(stdout).toBe("int a;\n");
    waiting.close();
  });

  test("lets go of whoever waits when it is closed, and leaves nothing", async () => {
    const waiting = await place();
    const read = cat();
    await eventually(isWaitedFor, "nobody opens the pipe");
    waiting.close();
    expect(await read).toBe("");
    expect(lstatSync(path, { throwIfNoEntry: false })).toBeUndefined();
  });

  test("is not made where something is", async () => {
    writeFileSync(path, "there");
    expect(await host.waitingPlace(path, join(folder, "own"))).toBeUndefined();
    expect(readFileSync(path, "utf8")).toBe("there");
    expect(await host.waitingPlace(join(folder, "other"), join(folder, "missing"))).toBeUndefined();
    expect(existsSync(join(folder, "other"))).toBe(false);
  });
});
