// How long it takes until the first compiler starts: a compiler that writes down when it was started.
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { activated } from "../lib/context.mjs";
import { fakeCompiler } from "../lib/fake-project.mjs";
import { measure } from "../lib/measure.mjs";
import { byLoad, byNinja, byRetorch, bySetupPy, emptyNode, folders } from "../lib/peers.mjs";
import { oneFile, oneFileName } from "../lib/projects.mjs";

export const firstCompiler = {
  name: "first-compiler",
  title: "From the start of the tool to the start of the first compiler: one file",
  needs: ["python", "ninja"],
  prepare(context) {
    const name = oneFileName;
    const text = oneFile(context);
    const sources = [`${name}.cpp`];
    const at = folders(context, "first-compiler", ["retorch", "ninja", "setup", "load"], { [sources[0]]: text });
    const log = join(context.scratch, "first-compiler", "started.txt");
    const env = activated(context, { CXX: fakeCompiler(context), FAKE_COMPILER_LOG: log });
    // Another text each time, in a folder where nothing was built; the environment is known.
    const before = (folder) => (round) => {
      rmSync(log, { force: true });
      for (const entry of readdirSync(folder)) {
        if (/^(?:\.retorch|build|built|\.ninja_.*|.*\.so)$/.test(entry))
          rmSync(join(folder, entry), { recursive: true });
      }
      writeFileSync(join(folder, sources[0]), `// ${process.pid}.${round}\n${text}`);
    };
    // In seconds. `startedAt` was taken just before the tool was started.
    const read = ({ startedAt }) => Number(BigInt(readFileSync(log, "utf8").split("\n")[0]) - BigInt(startedAt)) / 1e9;
    const contender = (label, folder, command) => ({
      name: label,
      // What the pretended linker makes cannot be imported.
      command: { ...command, mayFail: true },
      before: before(folder),
      read,
    });
    const contenders = [
      contender("retorch", at.retorch, byRetorch(context, at.retorch, { env })),
      contender("ninja, same commands", at.ninja, byNinja(context, at.ninja, { env })),
      contender("setup.py build_ext", at.setup, bySetupPy(context, at.setup, { name, sources, env })),
      contender("load(), new process", at.load, byLoad(context, at.load, { name, sources, env })),
    ];
    for (const each of contenders) {
      each.before(-1);
      measure(context, each.command);
    }
    return {
      contenders: [...contenders, emptyNode(context)],
      notes: [
        "*Wall* is here the time until the compiler starts: the compiler is a program that writes down its own start. CPU and memory are of the whole run. *Node, empty script* is the whole process.",
      ],
      targets: [{ text: "Until the first compiler starts, one source", limit: 0.15, value: (by) => by.retorch.wall }],
    };
  },
};
