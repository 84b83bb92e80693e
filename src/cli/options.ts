/** The options of every command, by command. What a command is called and does stands in `table.ts`. */
import { requestOptions } from "./request-options.ts";
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
    conflicts: ["python", "gpu"],
  },
  gpu: {
    type: "text",
    argument: "CAPABILITY[:DRIVER]",
    repeatable: true,
    description:
      "GPU that shall run it, in place of those that are here: `9.0`, or `8.6:550` with the version of its driver",
    section: "how",
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
