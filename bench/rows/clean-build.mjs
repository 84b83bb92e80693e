// Everything removed and built again, from what the store or ccache remembers.
import { rmSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { activated } from "../lib/context.mjs";
import { measure } from "../lib/measure.mjs";
import { byRetorch, byShell, folders } from "../lib/peers.mjs";
import { oneFile, oneFileName } from "../lib/projects.mjs";

export const cleanBuild = {
  name: "clean-build",
  title: "Clean, and build again: one file with `torch/extension.h`",
  needs: ["python"],
  count: true,
  prepare(context) {
    const at = folders(context, "clean-build", ["retorch", "ccache", "shell"], {
      [`${oneFileName}.cpp`]: oneFile(context),
    });
    const env = activated(context);
    const clean = (folder) => () => {
      for (const name of readdirSync(folder)) {
        if (name === ".retorch" || name.endsWith(".so")) rmSync(join(folder, name), { recursive: true, force: true });
      }
    };
    const contenders = [
      { name: "retorch", command: byRetorch(context, at.retorch, { env }), before: clean(at.retorch) },
    ];
    if (context.tools.ccache !== undefined) {
      const withCcache = (text) => {
        const edited = text.replaceAll(/^(\S*\+\+) (?=.* -c )/gm, `${context.tools.ccache} $1 `);
        if (edited === text) throw new Error("no compile command was found to put ccache before");
        return edited;
      };
      const command = byShell(context, at.ccache, {
        env: { ...env, CCACHE_DIR: join(context.scratch, "ccache"), CCACHE_DISABLE: undefined },
        edit: withCcache,
      });
      contenders.push({ name: "ccache, same commands", command, before: clean(at.ccache) });
    }
    for (const { command } of contenders) measure(context, command);
    if (!context.quick) {
      const command = byShell(context, at.shell, { env });
      contenders.push({ name: "the bare commands, sh", command, before: clean(at.shell), rounds: 1 });
    }
    return {
      contenders,
      targets: [{ text: "Clean, and build from the store", limit: 1, value: (by) => by.retorch.wall }],
    };
  },
};
