// A cold build, one program at a time, against the bare commands.
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { byRetorch, byShell, folders } from "../lib/peers.mjs";
import { slowProject } from "../lib/projects.mjs";
import { measure } from "../lib/measure.mjs";

export const overhead = {
  name: "overhead",
  title: "Cold build of five plain C++ files, one at a time",
  prepare(context) {
    const units = context.quick ? 1 : 4;
    const at = folders(context, "overhead", ["retorch", "fresh", "shell"], slowProject(units, "first"));
    const args = ["-j1"];
    const fresh = { RETORCH_CACHE_DIR: join(context.scratch, "overhead-fresh-cache") };
    // Sources that no store has seen: each round has its own, the same for all.
    const clean = (folder) => (round) => {
      for (const name of [".retorch", "slow"]) rmSync(join(folder, name), { recursive: true, force: true });
      for (const [path, text] of Object.entries(slowProject(units, `${process.pid}.${round}`))) {
        writeFileSync(join(folder, path), text);
      }
    };
    const retorch = byRetorch(context, at.retorch, { args });
    measure(context, retorch);
    return {
      contenders: [
        { name: "retorch", command: retorch, before: clean(at.retorch) },
        {
          name: "retorch, first time on a machine",
          command: byRetorch(context, at.fresh, { args, env: fresh }),
          before: (round) => {
            clean(at.fresh)(round);
            rmSync(fresh.RETORCH_CACHE_DIR, { recursive: true, force: true, maxRetries: 3 });
          },
        },
        { name: "the bare commands, sh", command: byShell(context, at.shell), before: clean(at.shell) },
      ],
      notes: [
        "Nothing is in the store for these sources; the environment is known, but for *first time on a machine*. The bare commands are the text of `retorch build --dry-run`.",
      ],
      targets: [
        {
          text: "Overhead over the bare commands, cold (%)",
          limit: 0.03,
          value: (by) => by.retorch.wall / by["the bare commands, sh"].wall - 1,
        },
      ],
    };
  },
};
