// One file with all of PyTorch, already built by each tool.
import { measure } from "../lib/measure.mjs";
import { activated } from "../lib/context.mjs";
import { byLoad, byNinja, byRetorch, bySetupPy, emptyNode, folders } from "../lib/peers.mjs";
import { oneFile, oneFileName } from "../lib/projects.mjs";

export const nothingToDo = {
  name: "nothing-to-do",
  title: "Nothing to do: one file with `torch/extension.h`",
  needs: ["python", "ninja"],
  count: true,
  prepare(context) {
    const name = oneFileName;
    const sources = [`${name}.cpp`];
    const at = folders(context, "nothing-to-do", ["retorch", "ninja", "setup", "load"], {
      [sources[0]]: oneFile(context),
    });
    const env = activated(context);
    const contenders = [
      { name: "retorch", command: byRetorch(context, at.retorch, { env }) },
      { name: "ninja, same commands", command: byNinja(context, at.ninja, { env }) },
      { name: "setup.py build_ext", command: bySetupPy(context, at.setup, { name, sources }) },
      { name: "load(), new process", command: byLoad(context, at.load, { name, sources }) },
    ];
    for (const { command } of contenders) measure(context, command);
    // The first build ends too soon after its own files for their times to be relied on: let it settle.
    measure(context, contenders[0].command);
    return {
      contenders: [...contenders, emptyNode(context)],
      targets: [
        {
          text: "Nothing to do, one file: whole process",
          limit: 0.1,
          value: (by) => by.retorch.wall,
        },
      ],
    };
  },
};
