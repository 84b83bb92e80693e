/** The options of every command, by command. What a command is called and does stands in `table.ts`. */
import type { OptionSpecs } from "./spec.ts";

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
  "setup-arg": {
    type: "text",
    argument: "WORD",
    repeatable: true,
    description: "Word for setup.py, after build_ext --inplace: --setup-arg=--cuda_ext",
    section: "what",
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
  provenance: {
    type: "text",
    argument: "WHETHER",
    choices: ["on", "off"],
    description: "Whether the built file says with which torch, Python, CUDA and compiler it was built",
    section: "what",
    variables: ["RETORCH_PROVENANCE"],
    default: "what the configuration says, else on",
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
  "packages-at": {
    type: "text",
    argument: "DIR",
    description: "Where an installed program finds Python's packages, torch among them, as a run path: $ORIGIN/…",
    default: "where they are now",
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
