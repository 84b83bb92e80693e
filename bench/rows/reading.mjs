// What only reads: a log of 10 MB, a library of 500 MB.
import { closeSync, openSync, readdirSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { activated, retorchNow } from "../lib/context.mjs";
import { runOrThrow } from "../lib/measure.mjs";
import { emptyNode } from "../lib/peers.mjs";

/** Numbers that look random and are the same each time. */
function random(seed) {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    return (state >> 8) % below;
  };
}

const words =
  "error failed missing undefined symbol torch cuda device launch match version not found template operator cannot invalid unknown".split(
    " ",
  );

/** What a log of each kind consists of: its lines by number. */
function kinds() {
  const next = random(1);
  const name = () => Array.from({ length: 9 }, () => String.fromCharCode(97 + next(26))).join("");
  const compile = (i) =>
    `[${i}/10000] /usr/local/cuda/bin/nvcc -I/w/csrc -I/e/torch/include -I/usr/local/cuda/include -c /w/csrc/${name()}.cu -o /w/build/${name()}.o -O3 -std=c++17 -Wno-error -DTORCH_EXTENSION_NAME=_C ${"-D__CUDA_NO_HALF_OPERATORS__ ".repeat(8)}`;
  return {
    "commands of compilers": compile,
    "every line another error": (i) =>
      `OSError: ${name()}.so.${i}: cannot open shared object file: No such file or directory`,
    "every line another sentence": () => Array.from({ length: 14 }, () => words[next(words.length)]).join(" "),
  };
}

const root = "undefined symbol: _ZN3c105ErrorC2ENS_14SourceLocationESs";

function log(path, line, size) {
  const file = openSync(path, "w");
  let written = 0;
  let told = false;
  for (let i = 0; written < size;) {
    const part = [];
    for (let n = 0; n < 1_000; n++) part.push(line(i++));
    if (!told && written > size / 2) {
      part.push(`ImportError: /w/_C.so: ${root}`);
      told = true;
    }
    written += writeSync(file, `${part.join("\n")}\n`);
  }
  closeSync(file);
}

export const diagnose10mb = {
  name: "diagnose-10mb",
  title: "`retorch diagnose` of a log of 10 MB",
  prepare(context) {
    const size = context.quick ? 1e6 : 10e6;
    const contenders = Object.entries(kinds()).map(([name, line], index) => {
      const path = join(context.scratch, `log-${index}.txt`);
      log(path, line, size);
      const args = ["diagnose", "--no-environment", "--json", path];
      const said = retorchNow(context, args, { cwd: context.scratch });
      if (!said.includes(root)) throw new Error(`the error in the middle of \`${name}\` was not found`);
      return { name, command: { argv: [...context.retorch, ...args], cwd: context.scratch } };
    });
    return {
      contenders: [...contenders, emptyNode(context)],
      targets: [
        {
          text: "A log of 10 MB: whole process, the slowest kind",
          limit: 1,
          value: (by) => Math.max(...contenders.map(({ name }) => by[name].wall)),
        },
      ],
      notes: ["In the middle of each log stands one undefined symbol, which has to be among the answers."],
    };
  },
};

/** The largest library of the installed PyTorch. */
function largest(context) {
  const folder = runOrThrow(context.tools.python, [
    "-c",
    "import importlib.util, os; print(os.path.join(os.path.dirname(importlib.util.find_spec('torch').origin), 'lib'))",
  ]).trim();
  const sized = readdirSync(folder).map((name) => ({ name, size: statSync(join(folder, name)).size }));
  const { name, size } = sized.sort((a, b) => b.size - a.size)[0];
  return { path: join(folder, name), name, size };
}

export const inspect500mb = {
  name: "inspect-500mb",
  title: "`retorch inspect` of PyTorch's largest library",
  needs: ["python"],
  prepare(context) {
    const { path, name, size } = largest(context);
    const argv = [...context.retorch, "inspect", path];
    const command = { argv, cwd: context.scratch, env: activated(context) };
    return {
      contenders: [{ name: "retorch", command }, emptyNode(context)],
      targets: [{ text: "A library of 500 MB: whole process", limit: 2, value: (by) => by.retorch.wall }],
      notes: [`The library is \`${name}\`, ${Math.round(size / 2 ** 20)} MB, in the page cache.`],
    };
  },
};
