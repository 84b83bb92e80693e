// A project with a `setup.py` and nothing else, taken as it is.
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { activated } from "../lib/context.mjs";
import { measure } from "../lib/measure.mjs";
import { byRetorch, bySetupPy, emptyNode, folders } from "../lib/peers.mjs";
import { plainModule, setupPy, slowUnit } from "../lib/projects.mjs";

/** The module itself needs neither pybind11 nor torch's headers: what is measured is the tool. */
const moduleName = "unchanged";

/** A project for each of the two, built once by each. */
function built(context, row, units) {
  const files = { "src/module.cpp": plainModule(moduleName) };
  for (let i = 0; i < units; i++) files[`src/unit${i}.cpp`] = slowUnit(i, "first");
  const sources = Object.keys(files);
  const at = folders(context, row, ["retorch", "setup"], { ...files, "setup.py": setupPy(moduleName, sources) });
  const env = { ...activated(context), RETORCH_CACHE_DIR: join(context.scratch, row, "cache") };
  const contenders = [
    { name: "retorch", command: byRetorch(context, at.retorch, { env }) },
    { name: "setup.py build_ext", command: bySetupPy(context, at.setup, { name: moduleName, sources }) },
  ];
  for (const { command } of contenders) measure(context, command);
  return { at, env, contenders };
}

export const setupPyUnchanged = {
  name: "setup-py-unchanged",
  title: "A project with a `setup.py`, unchanged: four files",
  needs: ["python", "ninja"],
  count: true,
  prepare(context) {
    const { contenders } = built(context, "setup-py-unchanged", context.quick ? 1 : 3);
    // The first build ends too soon after its own files for their times to be relied on: let it settle.
    for (let i = 0; i < 2; i++) measure(context, contenders[0].command);
    return {
      contenders: [...contenders, emptyNode(context)],
      notes: [
        "`setup.py` imports torch, asks the compiler, has ninja look and links again, also when nothing changed.",
      ],
      targets: [
        {
          text: "A `setup.py` project, unchanged: thirty times retorch's time beside that of `setup.py build_ext --inplace` (times)",
          limit: 1,
          value: (by) => (30 * by.retorch.wall) / by["setup.py build_ext"].wall,
        },
      ],
    };
  },
};

export const setupPyEdited = {
  name: "setup-py-edited",
  title: "A project with a `setup.py`: one file of nine edited",
  needs: ["python", "ninja"],
  prepare(context) {
    const { at, contenders } = built(context, "setup-py-edited", context.quick ? 2 : 8);
    const edit = (folder) => (round) =>
      writeFileSync(join(folder, "src", "unit1.cpp"), slowUnit(1, `${process.pid}.${round}`));
    const [ours, theirs] = contenders;
    return {
      contenders: [
        { ...ours, before: edit(at.retorch) },
        { ...theirs, before: edit(at.setup) },
      ],
      notes: ["Each compiles that file, of a second or two, and links."],
      targets: [
        {
          text: "A `setup.py` project, one file edited: retorch's share of the time (times)",
          limit: 1,
          value: (by) => by.retorch.wall / by["setup.py build_ext"].wall,
        },
      ],
    };
  },
};

export const setupPyCold = {
  name: "setup-py-cold",
  title: "A project with a `setup.py`, cold: nine files, nothing remembered",
  needs: ["python", "ninja"],
  rounds: 3,
  prepare(context) {
    const { at, env, contenders } = built(context, "setup-py-cold", context.quick ? 2 : 8);
    const clean = (folder, names) => () => {
      for (const name of names) rmSync(join(folder, name), { recursive: true, force: true });
    };
    const [ours, theirs] = contenders;
    return {
      contenders: [
        {
          ...ours,
          before: () => {
            clean(at.retorch, [".retorch"])();
            rmSync(env.RETORCH_CACHE_DIR, { recursive: true, force: true });
          },
        },
        { ...theirs, before: clean(at.setup, ["build"]) },
      ],
      notes: [
        "retorch looks for everything on the machine anew, and runs the `setup.py` once to see what it declares.",
      ],
      targets: [
        {
          text: "A `setup.py` project, cold: retorch's share of the time (times)",
          limit: 1.1,
          value: (by) => by.retorch.wall / by["setup.py build_ext"].wall,
        },
      ],
    };
  },
};
