import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { keepCompiledCode } from "../../../src/host/compiled-code.ts";

let home = "";
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "compiled-"));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

/** The folders that Node was asked to use. */
function asked(env: Readonly<Record<string, string>> = {}, uid = process.geteuid?.()): string[] {
  const folders: string[] = [];
  const enable = (folder?: unknown): never => {
    folders.push(String(folder));
    return undefined as never;
  };
  const host = { env, cwd: home, platform: "linux" as const, home, ...(uid === undefined ? {} : { uid }) };
  keepCompiledCode({ ...host, uid }, enable as never);
  return folders;
}

describe("compiled code is kept", () => {
  const usual = () => join(home, ".cache", "retorch", "compiled");

  it("in a folder that only the user can enter", () => {
    expect(asked()).toEqual([usual()]);
    expect(statSync(usual()).mode & 0o777).toBe(0o700);
  });

  it("never where RETORCH_CACHE_DIR leads, which others may write to", () => {
    expect(asked({ RETORCH_CACHE_DIR: join(home, "shared") })).toEqual([usual()]);
    expect(existsSync(join(home, "shared"))).toBe(false);
  });

  it("not in a folder that others can write to, of another user, or behind a link", () => {
    mkdirSync(usual(), { recursive: true });
    chmodSync(usual(), 0o777);
    expect(asked()).toEqual([]);
    chmodSync(usual(), 0o700);
    expect(asked({}, 4242)).toEqual([]);
    rmSync(usual(), { recursive: true });
    symlinkSync(home, usual());
    expect(asked()).toEqual([]);
  });

  it("not beside the folder that Node's own variable names, and not without a home", () => {
    expect(asked({ NODE_COMPILE_CACHE: "/tmp/other" })).toEqual([]);
    rmSync(home, { recursive: true });
    expect(asked()).toEqual([]);
    expect(existsSync(home)).toBe(false);
  });
});
