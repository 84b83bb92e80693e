// Thousands of sources that share thousands of headers, compiled by a program that only pretends to.
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { rmSync } from "node:fs";
import { fakeCompiler, fakeProject } from "../lib/fake-project.mjs";
import { measure } from "../lib/measure.mjs";
import { byNinja, byRetorch, emptyNode } from "../lib/peers.mjs";

/** The project for retorch and for ninja, both built. */
function built(context, row, size) {
  const env = { CXX: fakeCompiler(context) };
  const make = (tool) => {
    const folder = join(context.scratch, row, tool);
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
    return fakeProject(folder, size);
  };
  const at = { retorch: make("retorch"), ninja: make("ninja") };
  const contenders = [
    { name: "retorch", command: byRetorch(context, at.retorch, { env, args: ["--no-cache"] }) },
    { name: "ninja", command: byNinja(context, at.ninja, { env }) },
  ];
  for (const { command } of contenders) for (let i = 0; i < 2; i++) measure(context, command);
  return { contenders, at };
}

function sized(context, sources, headers, groups = 1) {
  return context.quick ? { sources: sources / 10, headers: headers / 10, groups } : { sources, headers, groups };
}

const note =
  "The compiler is a small program that copies its source and writes the depfile. ninja runs the commands that `retorch export ninja` writes.";

export const nothingToDo1000 = {
  name: "nothing-to-do-1000",
  title: "Nothing to do: 1,000 sources that share 2,000 headers",
  needs: ["ninja"],
  count: true,
  prepare(context) {
    const { contenders } = built(context, "nothing-1000", sized(context, 1000, 2000));
    return {
      contenders: [...contenders, emptyNode(context)],
      notes: [note],
      targets: [
        {
          text: "Nothing to do, 1,000 sources, 2,000 headers: whole process",
          limit: 0.25,
          value: (by) => by.retorch.wall,
        },
      ],
    };
  },
};

export const nothingToDo10000 = {
  name: "nothing-to-do-10000",
  title: "Nothing to do: 10,000 sources, 2,000 headers, of which each source reads 100",
  needs: ["ninja"],
  count: true,
  prepare(context) {
    const small = built(context, "nothing-1000-again", sized(context, 1000, 200, 2));
    const large = built(context, "nothing-10000", sized(context, 10000, 2000, 20));
    const tenth = small.contenders.map((contender) => ({ ...contender, name: `${contender.name}, a tenth of it` }));
    return {
      contenders: [...large.contenders, ...tenth],
      notes: [
        note,
        "*A tenth of it*: 1,000 sources and 200 headers. The cost grows by less than ten where it is not all start.",
      ],
      targets: [
        { text: "Nothing to do, 10,000 sources: whole process", limit: 1.5, value: (by) => by.retorch.wall },
        { text: "Nothing to do, 10,000 sources: peak (memory)", limit: 400 * 2 ** 20, value: (by) => by.retorch.rss },
        {
          text: "Nothing to do: CPU for ten times the files (times)",
          limit: 10,
          value: (by) => by.retorch.cpu / by["retorch, a tenth of it"].cpu,
        },
      ],
    };
  },
};

export const headerEdited = {
  name: "header-edited",
  title: "One header of 2,000 edited: all 1,000 sources compile again",
  needs: ["ninja"],
  rounds: 3,
  prepare(context) {
    const { contenders, at } = built(context, "header-edited", sized(context, 1000, 2000));
    const edit = (folder) => (round) => appendFileSync(join(folder, "include", "parts", "h7.h"), `// edit ${round}\n`);
    return {
      contenders: [
        { ...contenders[0], before: edit(at.retorch) },
        { ...contenders[1], before: edit(at.ninja) },
      ],
      notes: [note, "What is seen is the bookkeeping for each action: the compiler itself takes a millisecond."],
    };
  },
};
