/** The host where few files may be open at once. Needs a shell with `ulimit`. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { digestOf } from "../../src/base/digest.ts";
import { nodeProgram } from "../support/node-program.ts";

const supported = existsSync("/bin/sh") && process.platform !== "win32";
if (!supported) console.log("skipped: a low limit of open files (no /bin/sh)");

const source = `
  import { writeSync } from "node:fs";
  import { nodeHost } from "../../src/host/node-host.ts";
  const host = nodeHost();
  const file = process.argv[2];
  const runs = Array.from({ length: 40 }, (_, i) =>
    host.processes.run({ argv: ["/bin/sh", "-c", "sleep 0.05; echo " + i], cwd: "/", env: { PATH: "/usr/bin:/bin" } }),
  );
  const digests = Array.from({ length: 100 }, () => host.fs.digest(file));
  const results = await Promise.all(runs);
  const said = results.map((result) => result.startError ?? result.stdout.trim());
  writeSync(1, JSON.stringify({ said, digests: [...new Set(await Promise.all(digests))] }));
`;

describe.runIf(supported)("with few open files", () => {
  it("everything is done, later", { timeout: 60_000 }, async () => {
    const folder = mkdtempSync(join(tmpdir(), "retorch-limits-"));
    const program = await nodeProgram(source);
    const content = Buffer.alloc(3 * 1024 * 1024, 7);
    writeFileSync(join(folder, "large"), content);
    const env: NodeJS.ProcessEnv = { ...process.env };
    delete env["NODE_EXTRA_CA_CERTS"];
    delete env["NODE_OPTIONS"];
    const script = `ulimit -n 64 && exec "${process.execPath}" "${program.path}" "${folder}/large"`;
    const result = spawnSync("/bin/sh", ["-c", script], { encoding: "utf8", env });
    program.dispose();
    rmSync(folder, { recursive: true, force: true });
    expect(result.stderr).toBe("");
    expect(JSON.parse(result.stdout)).toEqual({
      said: Array.from({ length: 40 }, (_, i) => String(i)),
      digests: [digestOf(content)],
    });
  });
});
