/**
 * Every command. To add one: a row here, its options in `options.ts` and a file in `commands/`. Help, completions,
 * `docs/cli.md` and the parser follow by themselves.
 */
import {
  buildOptions,
  cacheOptions,
  cleanOptions,
  completionsOptions,
  diagnoseOptions,
  doctorOptions,
  envOptions,
  explainOptions,
  exportOptions,
  initOptions,
  inspectOptions,
  metadataOptions,
  runOptions,
  versionOptions,
  wheelOptions,
} from "./options.ts";
import { defineCommand, type AnyCommand } from "./spec.ts";

const pathOperand = {
  name: "PATH",
  description:
    "Source files, a folder with a retorch.toml, a pyproject.toml with [tool.retorch], a setup.py or bare sources, or nothing for the project here",
  optional: true,
  repeatable: true,
  completes: "file",
} as const;

/** All commands, in the order of `--help`. */
export const commands: readonly AnyCommand[] = [
  defineCommand({
    name: "build",
    summary: "Build extensions, or bring them up to date",
    details: [
      "Only what changed is done again. The last line on standard output is the path of what was built; all else goes to standard error.",
    ],
    operands: [pathOperand],
    options: buildOptions,
    examples: [
      { command: "retorch build my_ops.cpp", text: "an importable extension from one file, without any configuration" },
      { command: "retorch build", text: "the project here" },
      { command: "retorch build --arch '8.0;9.0a' -j4", text: "for two GPU architectures, four programs at a time" },
      { command: "retorch build --dry-run | sh", text: "the same build by a shell" },
    ],
    load: () => import("./commands/build.ts"),
  }),
  defineCommand({
    name: "run",
    summary: "Run a command with PyTorch's builder replaced in every Python that it starts",
    details: [
      "`load`, `load_inline` and `BuildExtension` of `torch.utils.cpp_extension` build with retorch then; no file is changed. It ends as the command ends.",
      "Pythons that heed no environment variables (`-I`, `-E`) or no site (`-S`), and pip's isolated builds, are not reached.",
    ],
    operands: [
      {
        name: "COMMAND",
        description: "The command with its arguments",
        repeatable: true,
        completes: "file",
      },
    ],
    passes: true,
    options: runOptions,
    examples: [
      { command: "retorch run -- python train.py", text: "a program that calls `load()`" },
      { command: "retorch run -- pip install --no-build-isolation -e .", text: "a project with a `setup.py`" },
      { command: "retorch run -- pytest -n4", text: "tests, in all their processes" },
    ],
    load: () => import("./commands/run.ts"),
  }),
  defineCommand({
    name: "wheel",
    summary: "Build a wheel of the project, as `pip wheel` does with the build backend retorch.build",
    details: [
      "The target Python builds it, without build isolation: it needs setuptools and the torch that is meant. The last line on standard output is the path of the wheel.",
    ],
    operands: [
      {
        name: "FOLDER",
        description: "A folder with a pyproject.toml or a setup.py",
        optional: true,
        completes: "folder",
      },
    ],
    options: wheelOptions,
    examples: [
      { command: "retorch wheel", text: "the project here, into dist/" },
      { command: "retorch wheel --python 3.12 --out wheelhouse", text: "for another Python" },
      { command: "retorch wheel --arch '8.0;9.0a' --json", text: "for two GPU architectures, told to a program" },
    ],
    load: () => import("./commands/wheel.ts"),
  }),
  defineCommand({
    name: "metadata",
    summary: "Write what a project is, as JSON for programs",
    details: [
      "Extensions with their sources and folders of headers, as they stand in the configuration. Nothing is built.",
    ],
    operands: [pathOperand],
    options: metadataOptions,
    examples: [{ command: "retorch metadata", text: "the project here" }],
    load: () => import("./commands/metadata.ts"),
  }),
  defineCommand({
    name: "explain",
    summary: "Say what a build would do, and why",
    details: ["Nothing is run and nothing is written."],
    operands: [
      {
        name: "TARGET",
        description: "A source, an object or an extension; all without one",
        optional: true,
        repeatable: true,
        completes: "file",
      },
    ],
    options: explainOptions,
    examples: [
      { command: "retorch explain", text: "everything that would be done" },
      { command: "retorch explain csrc/ops.cpp", text: "one source" },
      { command: "retorch explain --path my_ops.cpp", text: "a build without configuration" },
    ],
    load: () => import("./commands/explain.ts"),
  }),
  defineCommand({
    name: "env",
    summary: "Show the Python, PyTorch, CUDA and compilers that are used, and why",
    operands: [
      {
        name: "FOLDER",
        description: "The project, whose .venv may be meant",
        optional: true,
        completes: "folder",
      },
    ],
    options: envOptions,
    examples: [
      { command: "retorch env", text: "what was chosen and what was tried" },
      { command: "retorch env --python 3.12 --json", text: "for another Python, for programs" },
    ],
    load: () => import("./commands/env.ts"),
  }),
  defineCommand({
    name: "doctor",
    summary: "Check the environment: what is right, what is wrong, what will bite later",
    details: [
      "Each problem comes with its fix. Exit code 1 when something is wrong; what will only bite later is no problem yet.",
    ],
    operands: [
      {
        name: "FOLDER",
        description: "The project, whose .venv and built extensions are looked at",
        optional: true,
        completes: "folder",
      },
    ],
    options: doctorOptions,
    examples: [
      { command: "retorch doctor", text: "the environment of the project here" },
      { command: "retorch doctor --python 3.12 --json", text: "of another Python, for programs" },
    ],
    load: () => import("./commands/doctor.ts"),
  }),
  defineCommand({
    name: "diagnose",
    summary: "Say what went wrong in a log, and what to do",
    details: [
      "Takes any text: a build log, a pip or CI log, a traceback, a screenful pasted by hand. The exit code is 0 also when nothing in it is known.",
    ],
    operands: [
      {
        name: "FILE",
        description: "The log; - or nothing for standard input",
        optional: true,
        completes: "file",
      },
    ],
    options: diagnoseOptions,
    examples: [
      { command: "pip install . 2>&1 | retorch diagnose", text: "whatever a command said" },
      { command: "retorch diagnose --no-environment ci.log", text: "a log of another machine" },
    ],
    load: () => import("./commands/diagnose.ts"),
  }),
  defineCommand({
    name: "inspect",
    summary: "Say what a built extension or wheel is, and whether it will load here",
    details: [
      "Nothing of the file is run. Exit code 0 when it will load, 1 when it will not, 2 when it cannot be read.",
    ],
    operands: [
      {
        name: "FILE",
        description: "Extensions (.so, .pyd, .dylib), wheels, conda packages, or folders with them",
        repeatable: true,
        completes: "file",
      },
    ],
    options: inspectOptions,
    examples: [
      { command: "retorch inspect my_ops.cpython-311-x86_64-linux-gnu.so", text: "before anybody imports it" },
      { command: "retorch inspect --json dist/*.whl", text: "wheels, for programs" },
      { command: "retorch inspect build", text: "all that lies in a folder" },
      { command: "retorch inspect --gpu 8.0 --gpu 9.0:550 ops.so", text: "for GPUs that are not here" },
    ],
    load: () => import("./commands/inspect.ts"),
  }),
  defineCommand({
    name: "export",
    summary: "Write the build in the language of another tool",
    details: ["What is written stands alone: retorch is not needed to run it."],
    operands: [
      {
        name: "FORMAT",
        description: "What to write",
        choices: [
          ["sh", "a shell script with every command"],
          ["make", "a makefile for GNU make"],
          ["ninja", "a build.ninja"],
          ["cmake", "a CMakeLists.txt"],
          ["compile-commands", "compile_commands.json for editors and clang tools"],
        ],
      },
      pathOperand,
    ],
    options: exportOptions,
    examples: [
      { command: "retorch export make --file Makefile", text: "a makefile to keep" },
      { command: "retorch export compile-commands > compile_commands.json", text: "for clangd" },
    ],
    load: () => import("./commands/export.ts"),
  }),
  defineCommand({
    name: "cache",
    summary: "Look after the store of earlier results",
    operands: [
      {
        name: "ACTION",
        description: "What to do",
        choices: [
          ["stats", "how much is stored, and where"],
          ["gc", "remove what was not used for longest, down to the limit"],
          ["clear", "remove everything"],
          ["verify", "read everything, remove what is damaged"],
        ],
      },
    ],
    options: cacheOptions,
    examples: [
      { command: "retorch cache stats", text: "how much is stored" },
      { command: "retorch cache gc --max-size 5G", text: "make it smaller" },
    ],
    load: () => import("./commands/cache.ts"),
  }),
  defineCommand({
    name: "clean",
    summary: "Remove what was built for a project",
    details: ["Sources, the store of earlier results, and artefacts that were changed since are left alone."],
    operands: [pathOperand],
    options: cleanOptions,
    examples: [
      { command: "retorch clean", text: "the build folder and the artefacts of the project here" },
      { command: "retorch clean --dry-run", text: "only list them" },
    ],
    load: () => import("./commands/clean.ts"),
  }),
  defineCommand({
    name: "init",
    summary: "Write a retorch.toml for the sources that are there",
    operands: [{ name: "FOLDER", description: "The project", optional: true, completes: "folder" }],
    options: initOptions,
    examples: [{ command: "retorch init", text: "for the sources below this folder" }],
    load: () => import("./commands/init.ts"),
  }),
  defineCommand({
    name: "completions",
    summary: "Write completions for a shell",
    operands: [
      {
        name: "SHELL",
        description: "Which shell",
        choices: [
          ["bash", 'add `eval "$(retorch completions bash)"` to ~/.bashrc'],
          ["zsh", "save it as `_retorch` in a folder of `$fpath`"],
          ["fish", "save it as ~/.config/fish/completions/retorch.fish"],
        ],
      },
    ],
    options: completionsOptions,
    examples: [{ command: 'eval "$(retorch completions bash)"', text: "for this session of bash" }],
    load: () => import("./commands/completions.ts"),
  }),
  defineCommand({
    name: "version",
    summary: "Show the version",
    operands: [],
    options: versionOptions,
    examples: [{ command: "retorch version --json", text: "with that of Node, for programs" }],
    load: () => import("./commands/version.ts"),
  }),
];

/** How the process ends. */
export const exitCodes: readonly { readonly code: number; readonly meaning: string }[] = [
  { code: 0, meaning: "done" },
  { code: 1, meaning: "the build failed; `inspect`: it will not load or run here; `doctor`: something is wrong" },
  { code: 2, meaning: "usage, configuration or environment" },
  { code: 70, meaning: "a bug in retorch" },
  { code: 130, meaning: "interrupted" },
];
