/** What every `FileSystem` does: run against the real one in a temporary folder and against the one in memory. */
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { digestOf } from "../../../src/base/digest.ts";
import type { FileSystem } from "../../../src/host/host.ts";

/** A file system with an empty folder in it. */
export interface FileSystemUnderTest {
  readonly fs: FileSystem;
  readonly folder: string;
  /** Makes a symbolic link, which the port itself cannot. */
  readonly symlink: (target: string, path: string) => void;
  readonly dispose: () => void;
}

/** Registers the tests. */
export function fileSystemContract(name: string, make: () => FileSystemUnderTest): void {
  describe(`file system: ${name}`, () => {
    let subject: FileSystemUnderTest;
    let fs: FileSystem;
    const at = (...parts: string[]): string => join(subject.folder, ...parts);

    beforeEach(() => {
      subject = make();
      fs = subject.fs;
    });
    afterEach(() => subject.dispose());

    describe("what is missing", () => {
      it("is undefined for every question", async () => {
        const path = at("nothing");
        expect(fs.stat(path)).toBeUndefined();
        expect(fs.lstat(path)).toBeUndefined();
        expect(fs.readBytes(path)).toBeUndefined();
        expect(fs.readText(path)).toBeUndefined();
        expect(fs.readRange(path, 0, 1)).toBeUndefined();
        expect(fs.list(path)).toBeUndefined();
        expect(fs.realpath(path)).toBeUndefined();
        expect(fs.readLink(path)).toBeUndefined();
        expect(fs.digestSync(path)).toBeUndefined();
        expect(await fs.digest(path)).toBeUndefined();
        expect(fs.writable(path)).toBe(false);
        expect(fs.space(path)).toBeUndefined();
        expect(fs.touch(path)).toBe(false);
        expect(fs.removeEmpty(path)).toBe(false);
        expect(() => fs.remove(path)).not.toThrow();
      });

      it("includes paths below a file", async () => {
        fs.writeAtomic(at("file"), "x");
        const path = at("file", "below");
        expect(fs.stat(path)).toBeUndefined();
        expect(fs.lstat(path)).toBeUndefined();
        expect(fs.readText(path)).toBeUndefined();
        expect(fs.list(path)).toBeUndefined();
        expect(fs.realpath(path)).toBeUndefined();
        expect(await fs.digest(path)).toBeUndefined();
        expect(() => fs.remove(path)).not.toThrow();
      });

      it("includes dangling links and circles of links", async () => {
        subject.symlink(at("nothing"), at("dangling"));
        subject.symlink(at("b"), at("a"));
        subject.symlink(at("a"), at("b"));
        for (const name of ["dangling", "a"]) {
          expect(fs.stat(at(name))).toBeUndefined();
          expect(fs.readText(at(name))).toBeUndefined();
          expect(await fs.digest(at(name))).toBeUndefined();
          expect(fs.realpath(at(name))).toBeUndefined();
          expect(fs.lstat(at(name))?.kind).toBe("link");
        }
      });

      it("throws where something is written to it", () => {
        expect(() => fs.writeAtomic(at("no", "file"), "x")).toThrow(expect.objectContaining({ code: "ENOENT" }));
        expect(() => fs.openAppend(at("no", "file"))).toThrow(expect.objectContaining({ code: "ENOENT" }));
        expect(() => fs.truncate(at("no"), 0)).toThrow(expect.objectContaining({ code: "ENOENT" }));
        expect(() => fs.rename(at("no"), at("to"))).toThrow(expect.objectContaining({ code: "ENOENT" }));
        expect(() => fs.link(at("no"), at("to"))).toThrow(expect.objectContaining({ code: "ENOENT" }));
        expect(() => fs.copy(at("no"), at("to"), ["copy"])).toThrow(expect.objectContaining({ code: "ENOENT" }));
        expect(() => fs.chmod(at("no"), 0o600)).toThrow(expect.objectContaining({ code: "ENOENT" }));
        expect(fs.list(subject.folder)).toEqual([]);
      });
    });

    describe("errors that are none of absence", () => {
      it("throws when a folder is read as a file, or listed as one", () => {
        fs.mkdir(at("folder"));
        expect(() => fs.readText(at("folder"))).toThrow(expect.objectContaining({ code: "EISDIR" }));
        expect(() => fs.writeAtomic(at("folder"), "x")).toThrow(expect.objectContaining({ code: "EISDIR" }));
        expect(fs.list(subject.folder)).toEqual(["folder"]);
      });

      it("throws when a folder is to be made where a file is", () => {
        fs.writeAtomic(at("file"), "x");
        expect(() => fs.mkdir(at("file"))).toThrow(expect.objectContaining({ code: "EEXIST" }));
        expect(() => fs.mkdir(at("file", "below"))).toThrow(expect.objectContaining({ code: "ENOTDIR" }));
      });
    });

    describe("content", () => {
      it("is read as it was written", async () => {
        fs.writeAtomic(at("text"), "grüße\n");
        expect(fs.readText(at("text"))).toBe("grüße\n");
        const bytes = Uint8Array.from([0, 255, 128, 10]);
        fs.writeAtomic(at("bytes"), bytes);
        expect([...(fs.readBytes(at("bytes")) ?? [])]).toEqual([...bytes]);
        expect(fs.stat(at("bytes"))?.size).toBe(4);
        expect(await fs.digest(at("bytes"))).toBe(digestOf(bytes));
        expect(fs.digestSync(at("bytes"))).toBe(digestOf(bytes));
      });

      it("has the same digest when it is large", async () => {
        const bytes = new Uint8Array(3 * 1024 * 1024 + 17).map((_, i) => (i * 7) & 255);
        fs.writeAtomic(at("large"), bytes);
        const digest = digestOf(bytes);
        expect(fs.digestSync(at("large"))).toBe(digest);
        const many = await Promise.all(Array.from({ length: 40 }, () => fs.digest(at("large"))));
        expect(new Set(many)).toEqual(new Set([digest]));
      });

      it("is read in ranges, cut at the end", () => {
        fs.writeAtomic(at("file"), "0123456789");
        const range = (offset: number, length: number): string =>
          Buffer.from(fs.readRange(at("file"), offset, length) ?? []).toString();
        expect(range(0, 3)).toBe("012");
        expect(range(4, 2)).toBe("45");
        expect(range(8, 10)).toBe("89");
        expect(range(10, 1)).toBe("");
        expect(range(100, 1)).toBe("");
      });

      it("is read once from its beginning; what is missing is an error", async () => {
        const read = async (path: string): Promise<string> => {
          const parts: Uint8Array[] = [];
          for await (const part of fs.stream(path)) parts.push(part);
          return Buffer.concat(parts).toString();
        };
        fs.writeAtomic(at("file"), "0123456789");
        expect(await read(at("file"))).toBe("0123456789");
        await expect(read(at("nothing"))).rejects.toMatchObject({ code: "ENOENT" });
      });

      it("is appended to", () => {
        const file = fs.openAppend(at("log"), 0o600);
        file.append(Buffer.from("one\n"));
        file.append(Buffer.from("two\n"));
        file.sync();
        file.close();
        const again = fs.openAppend(at("log"));
        again.append(Buffer.from("three\n"));
        again.close();
        expect(fs.readText(at("log"))).toBe("one\ntwo\nthree\n");
        expect(fs.stat(at("log"))?.mode).toBe(0o600);
      });

      it("is cut and filled up", () => {
        fs.writeAtomic(at("file"), "abcdef");
        fs.truncate(at("file"), 3);
        expect(fs.readText(at("file"))).toBe("abc");
        fs.truncate(at("file"), 5);
        expect(fs.readText(at("file"))).toBe("abc\0\0");
      });
    });

    describe("atomic writes", () => {
      it("replace the file and leave nothing beside it", () => {
        fs.writeAtomic(at("file"), "old");
        const before = fs.stat(at("file"))?.ino;
        fs.link(at("file"), at("other"));
        fs.writeAtomic(at("file"), "new");
        expect(fs.readText(at("file"))).toBe("new");
        expect(fs.readText(at("other"))).toBe("old");
        expect(fs.stat(at("file"))?.ino).not.toBe(before);
        expect(fs.list(subject.folder)).toEqual(["file", "other"]);
      });

      it("replace a link, not what it leads to", () => {
        fs.writeAtomic(at("target"), "old");
        subject.symlink(at("target"), at("link"));
        fs.writeAtomic(at("link"), "new");
        expect(fs.lstat(at("link"))?.kind).toBe("file");
        expect(fs.readText(at("target"))).toBe("old");
      });

      it("set the mode", () => {
        fs.writeAtomic(at("private"), "x", 0o600);
        fs.writeAtomic(at("program"), "x", 0o755);
        expect(fs.stat(at("private"))?.mode).toBe(0o600);
        expect(fs.stat(at("program"))?.mode).toBe(0o755);
      });
    });

    describe("folders", () => {
      it("are made with their parents, again and again", () => {
        fs.mkdir(at("a", "b", "c"));
        fs.mkdir(at("a", "b", "c"));
        fs.mkdir(at("private"), 0o700);
        expect(fs.stat(at("a", "b", "c"))?.kind).toBe("directory");
        expect(fs.stat(at("private"))?.mode).toBe(0o700);
        expect(fs.writable(at("a"))).toBe(true);
        const space = fs.space(at("a"));
        expect(space?.total).toBeGreaterThan(0);
        expect(space?.free).toBeLessThanOrEqual(space?.total ?? 0);
      });

      it("are listed by code unit", () => {
        for (const name of ["b", "a", "B", "ä", "10", "9", ".x"]) fs.writeAtomic(at(name), "");
        expect(fs.list(subject.folder)).toEqual([".x", "10", "9", "B", "a", "b", "ä"]);
      });

      it("are removed with what they hold, links not followed", () => {
        fs.mkdir(at("keep"));
        fs.writeAtomic(at("keep", "file"), "x");
        fs.mkdir(at("gone", "below"));
        fs.writeAtomic(at("gone", "below", "file"), "x");
        subject.symlink(at("keep"), at("gone", "link"));
        subject.symlink(at("keep"), at("link"));
        fs.remove(at("gone"));
        fs.remove(at("link"));
        expect(fs.list(subject.folder)).toEqual(["keep"]);
        expect(fs.readText(at("keep", "file"))).toBe("x");
      });

      it("are removed when empty, and only then", () => {
        fs.mkdir(at("full"));
        fs.writeAtomic(at("full", "file"), "x");
        fs.mkdir(at("empty"));
        expect(fs.removeEmpty(at("full"))).toBe(false);
        expect(fs.removeEmpty(at("full", "file"))).toBe(false);
        expect(fs.removeEmpty(at("empty"))).toBe(true);
        expect(fs.list(subject.folder)).toEqual(["full"]);
      });

      it("get new names for temporary use", () => {
        const one = fs.makeTemporary(at("tmp-"));
        const two = fs.makeTemporary(at("tmp-"));
        expect(one).not.toBe(two);
        expect(one.startsWith(at("tmp-"))).toBe(true);
        expect(fs.stat(one)?.kind).toBe("directory");
        expect(fs.stat(one)?.mode).toBe(0o700);
      });
    });

    describe("moving", () => {
      it("replaces a file", () => {
        fs.writeAtomic(at("a"), "a");
        fs.writeAtomic(at("b"), "b");
        fs.rename(at("a"), at("b"));
        expect(fs.readText(at("b"))).toBe("a");
        expect(fs.stat(at("a"))).toBeUndefined();
      });

      it("puts a folder at a free name or over an empty one, and nowhere else", () => {
        fs.mkdir(at("one"));
        fs.writeAtomic(at("one", "file"), "1");
        fs.mkdir(at("two"));
        fs.writeAtomic(at("two", "file"), "2");
        fs.mkdir(at("empty"));
        expect(() => fs.rename(at("one"), at("two"))).toThrow(/ENOTEMPTY|EEXIST|EPERM/);
        expect(fs.readText(at("two", "file"))).toBe("2");
        fs.rename(at("one"), at("three"));
        expect(fs.readText(at("three", "file"))).toBe("1");
        fs.rename(at("three"), at("empty"));
        expect(fs.readText(at("empty", "file"))).toBe("1");
        expect(fs.list(subject.folder)).toEqual(["empty", "two"]);
      });
    });

    describe("links", () => {
      it("are followed by stat and not by lstat", () => {
        fs.writeAtomic(at("file"), "12345");
        subject.symlink("file", at("link"));
        expect(fs.stat(at("link"))).toEqual(fs.stat(at("file")));
        expect(fs.lstat(at("link"))?.kind).toBe("link");
        expect(fs.readLink(at("link"))).toBe("file");
        expect(fs.readLink(at("file"))).toBeUndefined();
        expect(fs.readText(at("link"))).toBe("12345");
        expect(fs.realpath(at("link"))).toBe(at("file"));
      });

      it("of folders are resolved within a path", () => {
        fs.mkdir(at("real", "sub"));
        fs.writeAtomic(at("real", "file"), "x");
        subject.symlink("real", at("alias"));
        subject.symlink("../real/sub", at("real", "again"));
        expect(fs.readText(at("alias", "file"))).toBe("x");
        expect(fs.realpath(at("alias", "again"))).toBe(at("real", "sub"));
        expect(fs.list(at("alias"))).toEqual(["again", "file", "sub"]);
        fs.writeAtomic(at("alias", "again", "new"), "y");
        expect(fs.readText(at("real", "sub", "new"))).toBe("y");
      });

      it("that are hard share one inode, and do not replace", () => {
        fs.writeAtomic(at("a"), "a");
        fs.writeAtomic(at("b"), "b");
        expect(fs.link(at("a"), at("c"))).toBe(true);
        expect(fs.link(at("a"), at("b"))).toBe(false);
        expect(fs.stat(at("c"))?.ino).toBe(fs.stat(at("a"))?.ino);
        expect(fs.readText(at("b"))).toBe("b");
        fs.remove(at("a"));
        expect(fs.readText(at("c"))).toBe("a");
      });
    });

    describe("copies", () => {
      it("are of their own, with the mode of the original", () => {
        fs.writeAtomic(at("from"), "content", 0o755);
        expect(fs.copy(at("from"), at("to"), ["copy"])).toBe("copy");
        expect(fs.readText(at("to"))).toBe("content");
        expect(fs.stat(at("to"))?.mode).toBe(0o755);
        expect(fs.stat(at("to"))?.ino).not.toBe(fs.stat(at("from"))?.ino);
        expect(fs.list(subject.folder)).toEqual(["from", "to"]);
      });

      it("replace what was there", () => {
        fs.writeAtomic(at("from"), "new");
        fs.writeAtomic(at("to"), "old");
        fs.link(at("to"), at("other"));
        fs.copy(at("from"), at("to"), ["copy"]);
        expect(fs.readText(at("to"))).toBe("new");
        expect(fs.readText(at("other"))).toBe("old");
      });

      it("are made by the first way that works", () => {
        fs.writeAtomic(at("from"), "content");
        const method = fs.copy(at("from"), at("to"), ["reflink", "hardlink", "copy"]);
        expect(["reflink", "hardlink"]).toContain(method);
        expect(fs.readText(at("to"))).toBe("content");
        const sameFile = fs.stat(at("to"))?.ino === fs.stat(at("from"))?.ino;
        expect(sameFile).toBe(method === "hardlink");
      });

      it("by hard link replace, and leave nothing when both are the same file", () => {
        fs.writeAtomic(at("from"), "content");
        fs.writeAtomic(at("to"), "old");
        expect(fs.copy(at("from"), at("to"), ["hardlink"])).toBe("hardlink");
        expect(fs.copy(at("from"), at("to"), ["hardlink"])).toBe("hardlink");
        expect(fs.readText(at("to"))).toBe("content");
        expect(fs.list(subject.folder)).toEqual(["from", "to"]);
      });
    });

    describe("what stat says", () => {
      it("changes with the content", () => {
        fs.writeAtomic(at("file"), "x");
        const before = fs.stat(at("file"));
        fs.touch(at("file"), 1_600_000_000_500);
        const touched = fs.stat(at("file"));
        expect(touched?.mtimeMs).toBe(1_600_000_000_500);
        expect(touched?.ino).toBe(before?.ino);
        fs.touch(at("file"));
        expect(fs.stat(at("file"))?.mtimeMs).toBeGreaterThan(1_700_000_000_000);
      });

      it("tells kinds and modes apart", () => {
        fs.mkdir(at("folder"));
        fs.writeAtomic(at("file"), "x");
        fs.chmod(at("file"), 0o640);
        expect(fs.stat(at("folder"))?.kind).toBe("directory");
        expect(fs.stat(at("file"))).toMatchObject({ kind: "file", size: 1, mode: 0o640 });
      });
    });
  });
}
