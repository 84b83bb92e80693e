import { describe, expect, it } from "vitest";
import { pythonCommand } from "../../../src/build/python-command.ts";
import { FakeHost } from "../../support/fake-host.ts";

function command(
  files: Readonly<Record<string, string>>,
  path: string,
  executable: string,
  env: Readonly<Record<string, string>> = {},
): string | undefined {
  return pythonCommand(new FakeHost({ files, env: { PATH: path, ...env } }), executable);
}

describe("pythonCommand", () => {
  it("is the first python on the search path, when that is the interpreter", () => {
    const files = { "/v/bin/python": "", "/v/bin/python3": "", "/usr/bin/python3": "" };
    expect(command(files, "/v/bin:/usr/bin", "/v/bin/python")).toBe("python");
    expect(command(files, "/usr/bin:/v/bin", "/usr/bin/python3")).toBe("python3");
  });

  it("is none when another comes first, or the search path has none", () => {
    const files = { "/v/bin/python": "", "/w/bin/python": "" };
    expect(command(files, "/w/bin:/v/bin", "/v/bin/python")).toBeUndefined();
    expect(command(files, "/nowhere", "/v/bin/python")).toBeUndefined();
    expect(command(files, "bin", "/v/bin/python")).toBeUndefined();
  });

  it("takes pyenv's shim for the version that it starts", () => {
    const one = { "/p/shims/python": "", "/p/versions/3.11.7/bin/python3": "" };
    const executable = "/p/versions/3.11.7/bin/python3";
    expect(command(one, "/p/shims", executable)).toBe("python");
    const two = { ...one, "/p/versions/3.12.1/bin/python3": "" };
    expect(command(two, "/p/shims", executable)).toBeUndefined();
    expect(command({ ...two, "/p/version": "3.11\n" }, "/p/shims", executable)).toBe("python");
    expect(command({ ...two, "/p/version": "3.12.1\n" }, "/p/shims", executable)).toBeUndefined();
    expect(command(two, "/p/shims", executable, { PYENV_VERSION: "3.11.7" })).toBe("python");
    expect(command(one, "/p/shims", "/usr/bin/python3")).toBeUndefined();
  });
});
