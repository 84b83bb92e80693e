/**
 * Every command and every option. To add a command: a row here and a file in `commands/`. Help, completions,
 * `docs/cli.md` and the parser follow by themselves.
 */
import { defineCommand, type AnyCommand, type OptionSpecs } from "./spec.ts";

/** Options of every command. */
export const commonOptions = {
  color: {
    type: "choice",
    argument: "WHEN",
    choices: ["auto", "always", "never"],
    description: "When to use colour",
    section: "output",
    variables: ["RETORCH_COLOR"],
    default: "auto: in a terminal, heeding NO_COLOR, FORCE_COLOR and CLICOLOR",
  },
  verbose: {
    type: "flag",
    short: "v",
    description: "Say more: commands as they start, warnings of actions that were not run again, where bugs came from",
    section: "output",
    conflicts: ["quiet"],
  },
  quiet: {
    type: "flag",
    short: "q",
    description: "Say nothing but errors and the result",
    section: "output",
  },
  help: { type: "flag", short: "h", description: "Show this help", section: "output" },
} as const satisfies OptionSpecs;

/** Options that say what is to be built, whatever is then done with it. */
export const requestOptions = {
  request: {
    type: "text",
    argument: "FILE",
    description: "Build what a captured request says, as Python code wrote it (for programs); - for standard input",
    section: "what",
    completes: "file",
  },
  extension: {
    type: "text",
    short: "e",
    argument: "NAME",
    repeatable: true,
    description: "Only this extension of the project",
    section: "what",
  },
  name: {
    type: "text",
    argument: "NAME",
    description: "Name of the module, dots making packages: my_pkg._C",
    section: "what",
    default: "what the configuration or the sources say",
  },
  kind: {
    type: "text",
    argument: "KIND",
    choices: ["python-module", "torch-library", "executable"],
    description: "What is made: python-module (import it), torch-library (torch.ops.load_library) or executable",
    section: "what",
    default: "what the configuration or the sources say",
  },
  out: {
    type: "text",
    argument: "DIR",
    description: "Folder in which the result appears",
    section: "what",
    default: "the project folder",
    completes: "folder",
  },
  python: {
    type: "text",
    argument: "PYTHON",
    description: "Interpreter to build for: a path or a command",
    section: "what",
    variables: ["RETORCH_PYTHON"],
    default: "an active environment, .venv beside the project, python3",
    completes: "file",
  },
  arch: {
    type: "text",
    argument: "LIST",
    repeatable: true,
    description: "GPU architectures, as in TORCH_CUDA_ARCH_LIST: 8.0, 9.0a, 12.0+PTX, native",
    section: "what",
    default: "TORCH_CUDA_ARCH_LIST, else the GPUs of this machine",
  },
  "cuda-graph": {
    type: "text",
    argument: "WHEN",
    choices: ["auto", "off"],
    description: "Run nvcc's phases by themselves where they are understood (auto), or whole commands (off)",
    section: "what",
    variables: ["RETORCH_CUDA_GRAPH"],
    default: "auto",
  },
  profile: {
    type: "text",
    argument: "PROFILE",
    choices: ["release", "debug", "release-with-debug", "none"],
    description: "Set of flags to begin with: release, debug, release-with-debug or none",
    section: "what",
    variables: ["RETORCH_PROFILE"],
    default: "release",
  },
  std: {
    type: "text",
    argument: "STANDARD",
    description: "C++ standard: 17, 20, …",
    section: "what",
    default: "what the installed torch needs",
  },
  define: {
    type: "text",
    short: "D",
    argument: "NAME[=VALUE]",
    repeatable: true,
    description: "Define a macro",
    section: "what",
  },
  undefine: {
    type: "text",
    short: "U",
    argument: "NAME",
    repeatable: true,
    description: "Take a macro back",
    section: "what",
  },
  "include-dir": {
    type: "text",
    short: "I",
    argument: "DIR",
    repeatable: true,
    description: "Look for headers here first",
    section: "what",
    completes: "folder",
  },
  "library-dir": {
    type: "text",
    short: "L",
    argument: "DIR",
    repeatable: true,
    description: "Look for libraries here first",
    section: "what",
    completes: "folder",
  },
  library: {
    type: "text",
    short: "l",
    argument: "NAME",
    repeatable: true,
    description: "Link with this library",
    section: "what",
  },
  "cxx-flag": {
    type: "text",
    argument: "FLAG",
    repeatable: true,
    dashValue: true,
    description: "Flag for the C++ compiler, after all others",
    section: "what",
  },
  "nvcc-flag": {
    type: "text",
    argument: "FLAG",
    repeatable: true,
    dashValue: true,
    description: "Flag for nvcc, after all others",
    section: "what",
  },
  "hipcc-flag": {
    type: "text",
    argument: "FLAG",
    repeatable: true,
    dashValue: true,
    description: "Flag for hipcc, after all others",
    section: "what",
  },
  "sycl-flag": {
    type: "text",
    argument: "FLAG",
    repeatable: true,
    dashValue: true,
    description: "Flag for the SYCL compiler, after all others",
    section: "what",
  },
  "link-flag": {
    type: "text",
    argument: "FLAG",
    repeatable: true,
    dashValue: true,
    description: "Word for the link command, at its end",
    section: "what",
  },
} as const satisfies OptionSpecs;

const jsonOption = {
  json: { type: "flag", description: "Write JSON to standard output", section: "output" },
} as const satisfies OptionSpecs;

/** Options of `build`. */
export const buildOptions = {
  ...requestOptions,
  jobs: {
    type: "count",
    short: "j",
    argument: "N",
    description: "How many programs may run at once",
    section: "how",
    variables: ["RETORCH_JOBS", "MAX_JOBS"],
    default: "the processors, fewer while memory is short",
  },
  memory: {
    type: "size",
    argument: "SIZE",
    description: "Memory for all programs together: 8G, 512M",
    section: "how",
    variables: ["RETORCH_MEMORY"],
    default: "what is free",
  },
  force: { type: "flag", description: "Do everything again", section: "how" },
  "keep-going": {
    type: "flag",
    short: "k",
    description: "After a failure, go on with what does not depend on it",
    section: "how",
    variables: ["RETORCH_KEEP_GOING"],
  },
  "no-cache": {
    type: "flag",
    description: "Neither read nor write the store of earlier results",
    section: "how",
    variables: ["RETORCH_NO_CACHE"],
  },
  check: {
    type: "flag",
    description: "Import the result in the target Python afterwards; see that it has code for the GPU here",
    section: "how",
  },
  fix: {
    type: "flag",
    description: "After a failure with a safe remedy change the configuration and build again",
    section: "how",
    conflicts: ["dry-run"],
  },
  "dry-run": {
    type: "flag",
    description: "Run nothing; write the exact commands to standard output, as text for sh",
    section: "output",
    conflicts: ["check"],
  },
  explain: { type: "flag", description: "Say why each action has to be done", section: "output" },
  json: { type: "flag", description: "Write one JSON event a line to standard output", section: "output" },
  result: {
    type: "text",
    argument: "FILE",
    description: "Write what came of it, and all that was looked at, to this file (for programs)",
    section: "output",
    conflicts: ["dry-run", "fix"],
    completes: "file",
  },
  ...commonOptions,
} as const satisfies OptionSpecs;

export const explainOptions = {
  path: {
    type: "text",
    argument: "PATH",
    repeatable: true,
    description: "What `retorch build` is given: source files or a folder",
    section: "what",
    default: "the project here",
    completes: "file",
  },
  ...requestOptions,
  ...jsonOption,
  ...commonOptions,
} as const satisfies OptionSpecs;

export const runOptions = {
  ...commonOptions,
} as const satisfies OptionSpecs;

export const envOptions = {
  python: requestOptions.python,
  ...jsonOption,
  ...commonOptions,
} as const satisfies OptionSpecs;

export const exportOptions = {
  ...requestOptions,
  file: {
    type: "text",
    short: "f",
    argument: "FILE",
    description: "Write to this file",
    section: "output",
    default: "standard output",
    completes: "file",
  },
  force: {
    type: "flag",
    description: "Replace the file even if retorch did not write it",
    section: "output",
  },
  ...commonOptions,
} as const satisfies OptionSpecs;

export const cacheOptions = {
  "max-size": {
    type: "size",
    argument: "SIZE",
    description: "For gc: how much may stay: 10G, 500M",
    section: "how",
    default: "RETORCH_CACHE_SIZE, else 10G",
  },
  ...jsonOption,
  ...commonOptions,
} as const satisfies OptionSpecs;

/** As for `build`, so that the same words name the same thing. */
export const cleanOptions = {
  "dry-run": { type: "flag", description: "Only list what would be removed", section: "output" },
  ...requestOptions,
  ...commonOptions,
} as const satisfies OptionSpecs;

export const initOptions = {
  name: requestOptions.name,
  kind: requestOptions.kind,
  ...commonOptions,
} as const satisfies OptionSpecs;

const noEnvironmentOption = {
  type: "flag",
  section: "how",
} as const;

export const diagnoseOptions = {
  python: {
    ...requestOptions.python,
    description: "Interpreter that the log is about: a path or a command",
    section: "how",
  },
  "no-environment": {
    ...noEnvironmentOption,
    description: "The log is of another machine: look at nothing here",
    conflicts: ["python"],
  },
  ...jsonOption,
  ...commonOptions,
} as const satisfies OptionSpecs;

export const inspectOptions = {
  python: {
    ...requestOptions.python,
    description: "Interpreter that shall load it: a path or a command",
    section: "how",
  },
  "no-environment": {
    ...noEnvironmentOption,
    description: "Only say what the file is, not whether it loads here",
    conflicts: ["python"],
  },
  json: { type: "flag", description: "Write one JSON object a line for each file", section: "output" },
  ...commonOptions,
} as const satisfies OptionSpecs;

export const doctorOptions = {
  python: requestOptions.python,
  ...jsonOption,
  ...commonOptions,
} as const satisfies OptionSpecs;

export const metadataOptions = { ...commonOptions } as const satisfies OptionSpecs;

/** Those of `build` have the same meaning here. */
export const wheelOptions = {
  out: {
    ...requestOptions.out,
    description: "Folder in which the wheel appears",
    default: "dist in the project folder",
  },
  python: requestOptions.python,
  arch: requestOptions.arch,
  profile: requestOptions.profile,
  jobs: buildOptions.jobs,
  "config-setting": {
    type: "text",
    short: "C",
    argument: "KEY=VALUE",
    repeatable: true,
    description: "Setting for the build backend, as pip's -C",
    section: "how",
  },
  json: { type: "flag", description: "Write one JSON object about the wheel to standard output", section: "output" },
  ...commonOptions,
} as const satisfies OptionSpecs;

export const completionsOptions = { ...commonOptions } as const satisfies OptionSpecs;
export const versionOptions = { ...jsonOption, ...commonOptions } as const satisfies OptionSpecs;

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
        description: "Extensions (.so, .pyd, .dylib) or wheels",
        repeatable: true,
        completes: "file",
      },
    ],
    options: inspectOptions,
    examples: [
      { command: "retorch inspect my_ops.cpython-311-x86_64-linux-gnu.so", text: "before anybody imports it" },
      { command: "retorch inspect --json dist/*.whl", text: "wheels, for programs" },
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
