import { expect, test, vi } from "vitest";
import { runForeground } from "../../../src/host/foreground.ts";

const moments = vi.hoisted(() => ({ whileStarting: (): void => undefined }));

vi.mock("node:child_process", async (original) => {
  const real = await original<typeof import("node:child_process")>();
  const spawn = (...words: Parameters<typeof real.spawn>): ReturnType<typeof real.spawn> => {
    const child = real.spawn(...words);
    moments.whileStarting();
    return child;
  };
  return { ...real, spawn };
});

test.skipIf(process.platform === "win32")("a signal that comes while the program starts reaches it", async () => {
  // Where nobody takes it, it ends this process.
  moments.whileStarting = () => process.kill(process.pid, "SIGHUP");
  const request = { argv: ["sleep", "60"], cwd: process.cwd(), env: { PATH: process.env["PATH"] } };
  expect(await runForeground(request)).toEqual({ status: 129 });
});
