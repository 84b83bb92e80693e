/**
 * Messages that people met, and the answer that each must get. The found sets were collected one after the other, each
 * without a look at the rules, and measured before anything was mended for them.
 */
import { describe, expect, it } from "vitest";
import { diagnose } from "../../../src/diagnose/diagnose.ts";
import type { Case } from "../../fixtures/diagnose/case.ts";
import * as found from "../../fixtures/diagnose/found-cases.ts";
import * as gpu from "../../fixtures/diagnose/gpu-cases.ts";
import * as build from "../../fixtures/diagnose/build-cases.ts";
import * as later from "../../fixtures/diagnose/later-cases.ts";
import * as toolchain from "../../fixtures/diagnose/toolchain-cases.ts";
import { referenceCases } from "../../fixtures/diagnose/reference-cases.ts";
import * as runTime from "../../fixtures/diagnose/run-time-cases.ts";
import { surroundings } from "../../fixtures/diagnose/surroundings-cases.ts";

const sets: Readonly<Record<string, readonly Case[]>> = {
  reference: referenceCases,
  ...found,
  ...later,
  ...build,
  ...toolchain,
  ...runTime,
  surroundings,
  ...gpu,
};
const all = Object.values(sets).flat();

for (const [name, cases] of Object.entries(sets)) {
  describe(name, () => {
    for (const { from, text, expect: wanted } of cases) {
      it(`${from}: ${text.slice(0, 100).replaceAll(/\s+/g, " ")}`, () => {
        const { diagnoses } = diagnose(text);
        if (wanted.length === 0) expect(diagnoses.filter(({ confidence }) => confidence === "high")).toEqual([]);
        else expect(wanted).toContain(diagnoses[0]?.id);
      });
    }
  });
}

/** What CI systems, containers, installers, launchers and people put around a log. */
const wrappings: Readonly<Record<string, (text: string) => string>> = {
  "GitHub's time stamps": eachLine((line) => `2024-05-01T12:00:00.1234567Z ${line}`),
  "GitLab's time stamps": eachLine((line) => `2024-05-01T12:00:00.123456Z 01O ${line}`),
  "gh run view": eachLine((line) => `build\tInstall\t2024-05-01T12:00:00.1234567Z ${line}`),
  "buildkit's steps": eachLine((line) => `#12 34.56 ${line}`),
  "docker compose's services": eachLine((line) => `web-1  | ${line}`),
  "pip's indentation": eachLine((line) => `      ${line}`),
  "uv's bars": eachLine((line) => `  │ ${line}`),
  "ranks of torchrun": eachLine((line) => `[rank0]: ${line}`),
  "vLLM's processes": eachLine((line) => `(EngineCore_DP0 pid=1234) ${line}`),
  "Jenkins's clock": eachLine((line) => `[12:34:56] ${line}`),
  "Markdown's quotes": eachLine((line) => `> ${line}`),
  "a logger's level": eachLine((line) => `INFO 05-01 12:00:00 [x.py:12] ${line}`),
  "Visual Studio's CMake": eachLine((line) => `1> [CMake] ${line}`),
  "MSBuild's numbers": eachLine((line) => `12>${line}`),
  "pip's own log": eachLine((line) => `2024-05-01T12:00:00,123   ${line}`),
  "Spack's numbers": eachLine((line, index) => `${index % 5 === 3 ? "  >>" : "    "} ${364 + index}    ${line}`),
  "Windows's line ends": (text) => text.replaceAll("\n", "\r\n"),
  "gcc's colours": (text) =>
    text.replaceAll(/\b(fatal error|error|warning|Error)\b/g, "\u001b[01m\u001b[31m$1\u001b[m\u001b[K"),
  "straight quotes": (text) => text.replaceAll(/[‘’]/g, "'").replaceAll(/[“”]/g, '"'),
  "a build before and its wrappers after": (text) => `${before}${text}\n${after}`,
};

const before = Array.from(
  { length: 40 },
  (_, index) =>
    `[${index + 1}/400] /usr/local/cuda/bin/nvcc --generate-dependencies-with-compile -I/e/torch/include -c /p/k${index}.cu -o /p/k${index}.o -O3 -std=c++17 -DTORCH_EXTENSION_NAME=_C\n/e/torch/include/c10/util/x.h:10:5: warning: unused variable ‘y’ [-Wunused-variable]\n`,
).join("");
const after = `ninja: build stopped: subcommand failed.
Traceback (most recent call last):
  File "/e/torch/utils/cpp_extension.py", line 2107, in _run_ninja_build
    subprocess.run(
subprocess.CalledProcessError: Command '['ninja', '-v']' returned non-zero exit status 1.

The above exception was the direct cause of the following exception:

RuntimeError: Error compiling objects for extension
error: subprocess-exited-with-error
`;

describe("whatever stands around a message, the answer is the same", () => {
  for (const [name, wrap] of Object.entries(wrappings)) {
    it(name, { timeout: 120_000 }, () => {
      const changed = all
        .filter(({ expect: wanted }) => wanted.length > 0)
        // That torch waits for a lock shows only when nothing follows.
        .filter(
          ({ expect: wanted }) =>
            !(wrap === wrappings["a build before and its wrappers after"] && wanted.includes("stale-build-lock")),
        )
        .filter(({ text, expect: wanted }) => !wanted.includes(diagnose(wrap(text)).diagnoses[0]?.id ?? ""))
        .map(({ from }) => from);
      expect(changed).toEqual([]);
    });
  }
});

function eachLine(change: (line: string, index: number) => string): (text: string) => string {
  return (text) =>
    text
      .split("\n")
      .map((line, index) => change(line, index))
      .join("\n");
}

describe("what a paste lost or got, the answer is mostly the same", () => {
  const sure = all.filter(({ expect: wanted }) => wanted.length > 0);
  const kept = (wrap: (text: string) => string): number =>
    sure.filter(({ text, expect: wanted }) => wanted.includes(diagnose(wrap(text)).diagnoses[0]?.id ?? "")).length /
    sure.length;

  it("without any quotation mark", () => {
    expect(kept((text) => text.replaceAll(/['"‘’“”`]/g, ""))).toBeGreaterThan(0.95);
  });

  it("without those that Markdown and old encodings take", () => {
    expect(kept((text) => text.replaceAll(/[‘’“”`]/g, ""))).toBeGreaterThan(0.99);
  });

  it("as a listing with line numbers", () => {
    expect(kept(eachLine((line, index) => `${12 + index} | ${line}`))).toBeGreaterThan(0.995);
  });
});
