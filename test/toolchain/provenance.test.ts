/** The note that links carry: through real linkers, `strip` and link-time optimisation, and in what retorch builds. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it, type TestContext } from "vitest";
import { bytesSource } from "../../src/inspect/bytes.ts";
import { inspectExtension } from "../../src/inspect/extension.ts";
import { coffNoteObject, elfNoteObject, type NoteMachine } from "../../src/inspect/provenance-object.ts";
import { type Provenance, provenanceJson } from "../../src/inspect/provenance.ts";
import { version } from "../../src/version.ts";
import { runRetorch, runRetorchOk, temporaryProject, type TemporaryProject } from "../support/cli.ts";
import { cpuPython, need, tool } from "../support/environments.ts";
import { pythonModule } from "../support/slim-sources.ts";

const folder = mkdtempSync(join(tmpdir(), "retorch-note-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const facts: Provenance = {
  retorch: "0.1.0",
  torch: "2.13.0+cpu",
  torchGit: "0123456789abcdef",
  python: "cpython-311",
  cudaArch: ["8.0", "12.0+PTX"],
  cxx11Abi: true,
};

function run(program: string, ...args: readonly string[]): string {
  return execFileSync(program, args, {
    cwd: folder,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, LC_ALL: "C" },
  });
}

function llvm(context: TestContext, name: string): string {
  return need(context, tool(name, ...["20", "19", "18", "17", "16", "15", "14"].map((one) => `${name}-${one}`)));
}

/** A folder in which the driver finds the linker under the name that it looks for: Debian calls it `ld.lld-19`. */
function linkerFolder(context: TestContext, linker: string): string {
  const name = `ld.${linker}`;
  const found = need(context, tool(name, linker, ...["20", "19", "18", "17", "16"].map((one) => `${name}-${one}`)));
  const made = join(folder, linker);
  mkdirSync(made, { recursive: true });
  if (!existsSync(join(made, name))) symlinkSync(found, join(made, name));
  return made;
}

function provenanceOfFile(file: string): Provenance | undefined {
  const report = inspectExtension(bytesSource(readFileSync(join(folder, file))), file, { arch: process.arch });
  if (!report.ok) throw new Error(report.error.message);
  return report.value.provenance;
}

const machine: NoteMachine = process.arch === "arm64" ? "aarch64" : "x86_64";
const isLinux = process.platform === "linux";

describe.runIf(isLinux)("the note in ELF files", () => {
  it.for<readonly [string, readonly string[]]>([
    ["g++", []],
    ["g++", ["-Wl,--gc-sections", "-Wl,--strip-all"]],
    ["g++", ["-flto"]],
    ["g++", ["-fuse-ld=gold", "-Wl,--gc-sections"]],
    ["g++", ["-fuse-ld=mold", "-Wl,--gc-sections"]],
    ["g++", ["-fuse-ld=lld", "-Wl,--gc-sections", "-Wl,--icf=all"]],
    ["clang++", ["-fuse-ld=lld", "-flto=thin"]],
    ["g++", ["-pie"]],
  ])("goes through %s %j and strip", ([compiler, flags], context) => {
    const program = compiler === "g++" ? need(context, tool("g++")) : llvm(context, "clang++");
    const linker = flags.find((flag) => flag.startsWith("-fuse-ld="))?.slice("-fuse-ld=".length);
    const words = linker === undefined ? flags : [...flags, `-B${linkerFolder(context, linker)}`];
    const name = `elf-${compiler}-${flags.join("").replaceAll(/\W+/g, "-")}`;
    const isProgram = flags.includes("-pie");
    writeFileSync(join(folder, `${name}.cpp`), isProgram ? "int main() {}\n" : "int answer() { return 42; }\n");
    writeFileSync(join(folder, "note.o"), elfNoteObject(machine, provenanceJson(facts)));
    const link = (output: string, ...more: readonly string[]): string =>
      run(
        program,
        ...(isProgram ? [] : ["-shared"]),
        "-fPIC",
        // Marks of control-flow protection hold for a file only when all of its objects have them.
        ...(machine === "x86_64" ? ["-fcf-protection=full"] : ["-mbranch-protection=standard"]),
        ...words,
        ...more,
        `${name}.cpp`,
        "-o",
        output,
      );
    link(`${name}.so`, "note.o");
    link(`${name}-without.so`);
    expect(provenanceOfFile(`${name}.so`)).toEqual(facts);
    run("strip", `${name}.so`);
    expect(provenanceOfFile(`${name}.so`)).toEqual(facts);
    expect(run("readelf", "-nW", `${name}.so`)).toContain("retorch");
    expect(run("readelf", "-lW", `${name}.so`)).toMatch(/GNU_STACK.* RW /);
    const protection = (file: string): string[] =>
      run("readelf", "-nW", file)
        .split("\n")
        .filter((line) => /feature:/.test(line));
    expect(protection(`${name}.so`)).toEqual(protection(`${name}-without.so`));
  });

  it("suits the linker of another machine", (context) => {
    const lld = need(context, tool("ld.lld", "ld.lld-19", "ld.lld-18", "ld.lld-17"));
    for (const [name, emulation] of [
      ["x86_64", "elf_x86_64"],
      ["aarch64", "aarch64linux"],
    ] as const) {
      writeFileSync(join(folder, `${name}.o`), elfNoteObject(name, provenanceJson(facts)));
      run(lld, "-m", emulation, "-shared", `${name}.o`, "-o", `${name}.so`);
      expect(provenanceOfFile(`${name}.so`), name).toEqual(facts);
    }
  });
});

describe("the note in other formats", () => {
  it.for<NoteMachine>(["x86_64", "aarch64"])("is linked into a DLL for %s", (name, context) => {
    const clang = llvm(context, "clang++");
    const lld = llvm(context, "lld-link");
    writeFileSync(join(folder, "dll.cpp"), 'extern "C" __declspec(dllexport) int answer() { return 42; }\n');
    run(clang, "-target", `${name}-pc-windows-msvc`, "-c", "dll.cpp", "-o", "dll.obj");
    writeFileSync(join(folder, "note.obj"), coffNoteObject(name, provenanceJson(facts)));
    run(lld, "/dll", "/noentry", "/nodefaultlib", "/Brepro", "/opt:ref,icf", "note.obj", "dll.obj", `/out:${name}.dll`);
    expect(provenanceOfFile(`${name}.dll`)).toEqual(facts);
  });

  it("is linked into a bundle of macOS", (context) => {
    const clang = llvm(context, "clang++");
    const lld = need(context, tool("ld64.lld", "ld64.lld-19", "ld64.lld-18", "ld64.lld-17"));
    writeFileSync(join(folder, "mac.cpp"), 'extern "C" int answer() { return 42; }\n');
    writeFileSync(join(folder, "note.json"), provenanceJson(facts));
    run(clang, "-target", "arm64-apple-macos11", "-c", "mac.cpp", "-o", "mac.o");
    const words = ["-arch", "arm64", "-platform_version", "macos", "11.0", "11.0", "-bundle", "-dead_strip"];
    run(lld, ...words, "-sectcreate", "__TEXT", "__retorch", "note.json", "mac.o", "-o", "mac.so");
    expect(provenanceOfFile("mac.so")).toEqual(facts);
  });
});

describe.runIf(isLinux)("what retorch builds", () => {
  const sources = { "ops.cpp": pythonModule("ops") };

  it("says with what it was built, alike in another folder, and not at all when asked", async (context) => {
    const { executable: python, torch } = need(context, cpuPython());
    const project = temporaryProject(sources);
    const other = temporaryProject(sources, "other");
    const build = async ({ root }: TemporaryProject, ...words: readonly string[]): Promise<string> =>
      (await runRetorchOk(["build", "--python", python, ...words], { cwd: root })).stdout.trim();
    const inspect = async (file: string, ...words: readonly string[]): Promise<string> =>
      (await runRetorch(["inspect", "--python", python, ...words, file], { cwd: project.root })).stdout;

    const built = await build(project, "ops.cpp");
    const { provenance } = JSON.parse(await inspect(built, "--json")) as { readonly provenance: Provenance };
    expect(provenance).toMatchObject({
      retorch: version,
      torch: torch.version,
      torchGit: expect.any(String) as string,
    });
    expect(provenance.python).toMatch(/^cpython-3\d+t?$/);
    expect(provenance.compiler).toMatch(/^(?:gcc|clang) \d+/);
    expect(await inspect(built)).toContain(`retorch ${version}, for PyTorch ${torch.version}`);

    const again = await build(other, "--no-cache", "ops.cpp");
    expect(readFileSync(again).equals(readFileSync(built))).toBe(true);
    expect(JSON.stringify(provenance)).not.toContain(project.root);

    project.write("retorch.toml", '[extension.ops]\nsources = ["ops.cpp"]\nprovenance = false\n');
    expect(JSON.parse(await inspect(await build(project), "--json"))).not.toHaveProperty("provenance");
  });

  it("links again, and compiles nothing, when only the note is another", async (context) => {
    const { executable: python } = need(context, cpuPython());
    const project = temporaryProject({
      // Not what another test of this file has left in the store.
      "ops.cpp": pythonModule("ops", "41"),
      "retorch.toml": '[extension.ops]\nsources = ["ops.cpp"]\nprovenance = false\n',
    });
    await runRetorchOk(["build", "--python", python], { cwd: project.root });
    project.write("retorch.toml", '[extension.ops]\nsources = ["ops.cpp"]\n');
    const { stdout } = await runRetorchOk(["build", "--python", python, "--json"], { cwd: project.root });
    const started = stdout
      .split("\n")
      .filter((line) => line.includes('"type":"started"'))
      .map((line) => (JSON.parse(line) as { readonly action: { readonly kind: string } }).action.kind);
    expect(started).toEqual(["link"]);
  });

  it("is not what an exported script builds: retorch does not make that", async (context) => {
    const { executable: python } = need(context, cpuPython());
    const project = temporaryProject(sources);
    const { stdout } = await runRetorchOk(["build", "--dry-run", "--python", python, "ops.cpp"], { cwd: project.root });
    expect(stdout).not.toContain("provenance");
  });
});
