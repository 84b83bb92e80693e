// One file of many edited.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { activated } from "../lib/context.mjs";
import { measure } from "../lib/measure.mjs";
import { byNinja, byRetorch, bySetupPy, folders } from "../lib/peers.mjs";
import { plainModule } from "../lib/projects.mjs";

const count = 12;

function unit(i, salt) {
  return `#include <string>\n#include <vector>\nstd::vector<std::string> unit${i}() { return {"${salt}", std::to_string(${i})}; }\n`;
}

// The module itself without pybind11 and torch: what is measured is the tool, and a compile of a second would hide it.
const moduleText = plainModule("edited");

export const oneEdited = {
  name: "one-edited",
  title: `One small file of ${count + 1} edited`,
  needs: ["python", "ninja"],
  prepare(context) {
    const files = { "src/module.cpp": moduleText };
    for (let i = 0; i < count; i++) files[`src/unit${i}.cpp`] = unit(i, "first");
    const sources = Object.keys(files);
    const settings = `[extension.edited]\nsources = ["src/*.cpp"]\n`;
    const at = folders(context, "one-edited", ["retorch", "ninja", "setup"], { ...files, "retorch.toml": settings });
    const env = activated(context);
    const edit = (folder) => (round) =>
      writeFileSync(join(folder, "src", "unit3.cpp"), unit(3, `${process.pid}.${round}`));
    const contenders = [
      { name: "retorch", command: byRetorch(context, at.retorch, { env }), before: edit(at.retorch) },
      { name: "ninja, same commands", command: byNinja(context, at.ninja, { env }), before: edit(at.ninja) },
      {
        name: "setup.py build_ext",
        command: bySetupPy(context, at.setup, { name: "edited", sources }),
        before: edit(at.setup),
      },
    ];
    for (const { command } of contenders) measure(context, command);
    return { contenders, notes: ["Each tool compiles one file of two standard headers and links."] };
  },
};
