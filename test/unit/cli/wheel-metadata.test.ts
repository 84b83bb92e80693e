import { describe, expect, it } from "vitest";
import { ok } from "../../../src/base/result.ts";
import type { Services } from "../../../src/cli/services.ts";
import type { Extension, Project } from "../../../src/config/extension.ts";
import type { Environment } from "../../../src/environment/environment.ts";
import { failing, runCli } from "./fakes.ts";

const extension: Extension = {
  name: "my_pkg._C",
  kind: "python-module",
  root: "/p",
  outDir: "/p",
  sources: [{ path: "/p/a.cu", language: "cuda" }],
  includeDirs: ["/p/include"],
  defines: [],
  undefines: [],
  flags: { cxx: [], nvcc: [], hipcc: [], sycl: [] },
  linkFlags: [],
  libraries: [],
  libraryDirs: [],
  runtimeLibraryDirs: [],
  extraObjects: [],
  pyLimitedApi: "3.10",
  withCuda: "auto",
  deviceLink: false,
  deviceLinkLibraries: [],
  deviceLinkFlags: [],
  usesTorch: true,
  provenance: true,
  profile: "release",
  origin: { file: "/p/retorch.toml" },
};

describe("retorch metadata", () => {
  const project: Project = {
    root: "/p",
    extensions: [extension],
    witnesses: [],
    configured: true,
    editableRebuild: true,
  };

  it("says what a project is", async () => {
    const { program, code } = await runCli(["metadata", "p"], {
      services: { project: () => Promise.resolve(ok(project)) },
    });
    expect(code).toBe(0);
    expect(JSON.parse(program.out)).toEqual({
      format: 1,
      root: "/p",
      configured: true,
      editable_rebuild: true,
      extensions: [
        {
          name: "my_pkg._C",
          kind: "python-module",
          described_in: "/p/retorch.toml",
          out_dir: "/p",
          sources: [{ path: "/p/a.cu", language: "cuda" }],
          include_dirs: ["/p/include"],
          extra_objects: [],
          depends: [],
          uses_torch: true,
          uses_cuda: true,
          py_limited_api: "3.10",
          torch_target_version: null,
        },
      ],
    });
  });

  it("passes failures on", async () => {
    const services = { project: () => Promise.resolve(failing("NO_SOURCES", "none")) };
    expect((await runCli(["metadata"], { services })).code).toBe(2);
  });
});

describe("retorch wheel", () => {
  function services(
    status: number | undefined,
    startError?: string,
    version = [3, 10, 0],
  ): { asked: unknown[]; services: Partial<Services> } {
    const asked: unknown[] = [];
    return {
      asked,
      services: {
        pythonPackage: () => ok("/lib/python/retorch"),
        environment: (_host, question) => {
          asked.push(question);
          return Promise.resolve(
            ok({ python: { executable: "/venv/bin/python", version }, problems: {} } as unknown as Environment),
          );
        },
        foreground: ({ argv, cwd, env }) => {
          asked.push([argv.slice(0, 2), JSON.parse(argv[2] ?? ""), cwd, env["RETORCH_NODE"]]);
          return Promise.resolve({ status, ...(startError === undefined ? {} : { startError }) });
        },
      },
    };
  }
  const host = { cwd: "/p/deep/er", files: { "/p/pyproject.toml": "", "/p/deep/er/x": "" } };

  it("hands the project and the settings to the Python of the project", async () => {
    const { asked, services: parts } = services(0);
    const words = [
      "wheel",
      "--python",
      "3.12",
      "--arch",
      "9.0",
      "--arch",
      "8.0",
      "-j2",
      "-C",
      "a=1",
      "-C",
      "a=2=3",
      "--json",
    ];
    const { code, program } = await runCli(words, { services: parts, host });
    expect(program.err).toBe("");
    expect(code).toBe(0);
    const request = {
      project: "/p",
      out: "/p/dist",
      settings: { a: ["1", "2=3"], arch: "9.0;8.0", jobs: "2" },
      verbose: false,
      quiet: false,
      json: true,
    };
    expect(asked).toEqual([
      { folder: "/p", python: "3.12" },
      [["/venv/bin/python", "/lib/python/retorch/_wheel.py"], request, "/p", program.nodePath],
    ]);
  });

  it("says so where the Python is too old for the backend", async () => {
    const { asked, services: parts } = services(0, undefined, [3, 9, 18]);
    const { code, program } = await runCli(["wheel"], { services: parts, host });
    expect(code).toBe(2);
    expect(program.err).toContain("`/venv/bin/python` is Python 3.9.18, and the build backend needs 3.10 or later");
    expect(asked).toHaveLength(1);
  });

  it("ends as the backend ends", async () => {
    expect((await runCli(["wheel"], { services: services(1).services, host })).code).toBe(1);
    const { code, program } = await runCli(["wheel"], { services: services(undefined, "EACCES").services, host });
    expect(code).toBe(2);
    expect(program.err).toContain("`/venv/bin/python` cannot be run (EACCES)");
  });

  it.each([
    [["wheel", "-C", "nothing"], "`nothing` is no setting"],
    [["wheel", "/p/deep"], "has neither a pyproject.toml nor a setup.py"],
    [["wheel", "/p/pyproject.toml"], "is not a folder"],
    [["wheel", "/nowhere"], "does not exist"],
  ])("%j: %s", async (words, message) => {
    const { code, program } = await runCli(words, { services: services(0).services, host });
    expect(code).toBe(2);
    expect(program.err).toContain(message);
  });

  it("says so when there is no package around", async () => {
    const nowhere = { cwd: "/q", files: { "/q/x": "" } };
    const { program } = await runCli(["wheel"], { services: services(0).services, host: nowhere });
    expect(program.err).toContain("there is no pyproject.toml or setup.py here or above");
  });
});
