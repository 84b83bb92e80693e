/** Crashes while modules are imported: two C++ or OpenMP run times in one process, libraries built for another torch. */
import { pip, python, rebuild, reinstall, torchAgain } from "../commands/commands.ts";
import { packageOfModule } from "../tables/packages.ts";
import { type Match, type Rule, coded } from "../rule.ts";

/** The modules that an interactive session imported before the crash, last one last. */
function session(match: Pick<Match, "context">): readonly string[] {
  return match.context.log.imports;
}

/** The frame in which Python loads a compiled module or library, and the Python line that asks for it. */
function loadingFrame(frames: readonly string[] | undefined): string | undefined {
  if (frames === undefined) return undefined;
  const inner = frames.slice(-6);
  const at = inner.findIndex((frame) =>
    /(?:_ops\.py:\d+ load_library|ctypes[\\/]__init__\.py:\d+ __init__|importlib\._bootstrap_external>?:?\d* ?create_module|_bootstrap_external.*create_module)/.test(
      frame,
    ),
  );
  if (at < 0) return undefined;
  // Frames are listed with the innermost last; the one who asks stands before it.
  const asker = frames
    .slice(0, frames.length - inner.length + at)
    .toReversed()
    .find((frame) => !/<frozen |importlib|ctypes|[\\/]torch[\\/]_ops\.py/.test(frame));
  return asker ?? inner[at];
}

function packageAt(frame: string): string | undefined {
  const inside =
    /(?:site|dist)-packages[\\/](\w+)[\\/]/.exec(frame)?.[1] ??
    /[\\/](\w+)[\\/]__init__\.py:\d/.exec(frame)?.[1] ??
    /[\\/](\w+)[\\/]\w+\.py:\d/.exec(frame)?.[1];
  return inside === undefined || inside === "torch" ? undefined : packageOfModule(`${inside}.`);
}

export const importOrderRules: readonly Rule[] = [
  {
    id: "crash-between-imports",
    title: "Two packages do not get on in one process: the order of imports matters",
    on: ["exception"],
    role: "symptom",
    specificity: 62,
    matches: (finding, context) => {
      if (coded(finding, "segfault", "Fatal Python error", "terminate", "heap") === undefined) return undefined;
      const modules = context.log.imports;
      if (modules.length < 2 || !modules.includes("torch")) return undefined;
      // Something was done between the imports and the crash.
      return context.log.importsLast ? { last: modules.at(-1), others: modules.slice(0, -1).join(", ") } : undefined;
    },
    confidence: "medium",
    cause: (match) => {
      const { last, others } = match.facts;
      return `The crash comes while \`${last ?? ""}\` is imported after ${others ?? ""}: both bring parts of one library (the C++ run time, OpenMP, protobuf, MKL) of different builds into the process, and the first one that is loaded serves both. ("free(): invalid pointer" at an import is the sign of two C++ run times.)`;
    },
    fix: (match) => {
      const modules = session(match);
      const last = modules.at(-1) ?? "";
      return [
        `${python(match)} -c "import ${[last, ...modules.filter((name) => name !== last)].join(", ")}"   # the other order: in the program, import ${last} first`,
        `${pip(match, "list")} | grep -iE "${modules.join("|")}"   # both from one source: pip's wheels or conda-forge, not mixed, in newer releases`,
        `LD_PRELOAD=$(g++ -print-file-name=libstdc++.so.6) ${python(match)} -c "import ${modules.join(", ")}"   # the system's newest C++ run time for both`,
        ...modules
          .filter((name) => name !== "torch")
          .map(
            (name) =>
              `${pip(match, `install --upgrade --force-reinstall --no-cache-dir ${packageOfModule(name) ?? name.replaceAll("_", "-")}`)}   # a newer wheel; both orders crash: built here, with --no-binary ${packageOfModule(name) ?? name.replaceAll("_", "-")}`,
          ),
      ];
    },
    sources: ["isl-org/Open3D#1207", "pytorch/pytorch#2473"],
    examples: [
      {
        text: ">>> import torch\n>>> import open3d\nfree(): invalid pointer\nAborted (core dumped)",
        expect: "import open3d, torch",
      },
    ],
  },
  {
    id: "crash-while-loading",
    title: "The program dies while a compiled library is loaded",
    on: ["exception"],
    role: "symptom",
    specificity: 60,
    matches: (finding) => {
      if (coded(finding, "Fatal Python error") === undefined) return undefined;
      const frame = loadingFrame(finding.frames);
      return frame === undefined ? undefined : { frame: frame.split(" » ")[0], package: packageAt(frame) };
    },
    confidence: "medium",
    cause: (match) =>
      `Python dies inside the loader, called from ${match.facts["frame"] ?? ""}: code that runs when the library${match.facts["package"] === undefined ? "" : ` of ${match.facts["package"]}`} is loaded (its registration of operators and classes, its static objects) does not fit the torch, C++ run time or processor that is there. Most often the library was built for another torch (a nightly of another day, another release), or its operators are registered twice.`,
    fix: (match) => {
      const name = match.facts["package"];
      if (name === undefined && /[\\/]torch[\\/]__init__\.py/.test(match.facts["frame"] ?? ""))
        return [
          `env -u LD_LIBRARY_PATH -u LD_PRELOAD ${python(match)} -c "import torch"   # works: one of these brings another libstdc++, CUDA or cuDNN than torch's`,
          `${pip(match, "list")} | grep -iE "^torch|^nvidia"   # one torch, and the nvidia packages that it names`,
          torchAgain(match) + "   # a file that broke off, or of another torch",
          `gdb -batch -ex run -ex bt --args ${python(match)} -c "import torch"   # which library, if it stays (Illegal instruction: a processor without AVX)`,
        ];
      return [
        `${pip(match, "list")} | grep -iE "^torch|${name ?? "nvidia"}"   # which releases are there; nightlies have to be of one day`,
        ...(name === undefined ? rebuild(match) : [pip(match, `uninstall -y ${name}`), ...reinstall(match, name)]),
        `gdb -batch -ex run -ex bt --args ${python(match)} -c "import torch, ${name?.replaceAll("-", "_") ?? "the_module"}"   # which C++ function, if it stays`,
      ];
    },
    sources: [
      "pytorch/pytorch#160657",
      "pytorch/pytorch#107371",
      "https://docs.python.org/3/library/faulthandler.html",
    ],
    examples: [
      {
        text: 'Fatal Python error: Aborted\n\nCurrent thread 0x00007f00 (most recent call first):\n  File "/e/lib/python3.13/ctypes/__init__.py", line 390 in __init__\n  File "/e/lib/python3.13/site-packages/torch/_ops.py", line 1487 in load_library\n  File "/e/lib/python3.13/site-packages/torchao/__init__.py", line 31 in <module>',
        expect: "torchao",
      },
      {
        text: 'Fatal Python error: Segmentation fault\n\nCurrent thread 0x00007fade862d080 (most recent call first):\n  File "<frozen importlib._bootstrap_external>", line 1173 in create_module\n  File "<frozen importlib._bootstrap>", line 565 in module_from_spec\n  File "/e/lib/python3.9/site-packages/torch/__init__.py", line 229 in <module>',
        expect: "env -u LD_LIBRARY_PATH",
      },
    ],
  },
];
