/**
 * Commands that sudo starts: it hands none of the user's variables on, and LD_LIBRARY_PATH not even with -E. It does not know what
 * the administrator has allowed (sudoers: setenv, env_keep). Sources: sudo(8), sudoers(5), ld.so(8).
 */
import { missingLibrary } from "../matchers.ts";
import { asksForToolkit } from "./no-toolkit.ts";
import type { Match, Rule, RuleContext } from "../rule.ts";

/** The command of the text that sudo starts, where the text has a search path for libraries that it does not get. */
function withoutPath({ log }: RuleContext): string | undefined {
  const { sudoCommand, toldVariables } = log;
  return sudoCommand !== undefined &&
    toldVariables["LD_LIBRARY_PATH"] !== undefined &&
    !sudoCommand.includes("LD_LIBRARY_PATH") &&
    !/^sudo (?:-\S+ )*(?:apt|apt-get|dnf|yum|docker|ldconfig|systemctl|mount|chmod|chown|ln|cp|mv|rm|mkdir|make install)\b/.test(
      sudoCommand,
    )
    ? sudoCommand
    : undefined;
}

/** A folder of that path bears the library's family in its name. */
function isOfFamily(library: string, path: string): boolean {
  const families: readonly (readonly [library: RegExp, folder: RegExp])[] = [
    [/^libnv(?:infer|onnx|parsers)/, /tensorrt|trt/i],
    [/^lib(?:cu\w+|nv\w+|nccl)\b/, /cuda|nvidia|cudnn|nccl/i],
    [/^lib(?:torch|c10)/, /torch/i],
    [/^lib(?:sycl|imf|svml|mkl|ccl|ze_)/, /oneapi|mkl|intel/i],
    [/^lib(?:amdhip|hip|roc|MIOpen|rccl)/, /rocm|hip/i],
  ];
  return families.some(([form, folder]) => form.test(library) && folder.test(path));
}

function path({ context: { log } }: Match): string {
  return log.toldVariables["LD_LIBRARY_PATH"] ?? "";
}

const builds = /\b(?:setup\w*\.py|pip[\d.]*|cmake|make|ninja|bazel|bash|sh|\.\/\S+\.sh)\b/;

/** The build of the text that sudo starts, where the user's own shell knows the toolkit. */
function withoutHome({ log }: RuleContext): string | undefined {
  const { sudoCommand, toldVariables } = log;
  const knows = toldVariables["CUDA_HOME"] ?? toldVariables["CUDA_PATH"] ?? log.nvccShown;
  return sudoCommand !== undefined &&
    knows !== undefined &&
    builds.test(sudoCommand) &&
    !/^sudo (?:-\w*E|env |.*\bCUDA_HOME=)|\b(?:apt|apt-get|docker|make install)\b/.test(sudoCommand)
    ? sudoCommand
    : undefined;
}

export const commandAsRootRules: readonly Rule[] = [
  {
    id: "library-path-lost-by-sudo",
    title: "sudo drops LD_LIBRARY_PATH",
    on: ["missing-library"],
    specificity: 92,
    matches: (finding, context) => {
      const command = withoutPath(context);
      const facts = command === undefined ? undefined : missingLibrary(finding, /^lib/);
      return facts === undefined ? undefined : { ...facts, command };
    },
    confidence: (match) => (isOfFamily(match.facts["name"] ?? "", path(match)) ? "high" : "medium"),
    cause: (match) =>
      `The program was started by sudo, which gives it an environment of its own: LD_LIBRARY_PATH, which is set to ${path(match)} in the user's shell, is not there (and -E does not bring it), so the loader does not find \`${match.facts["name"] ?? "the library"}\`.`,
    fix: (match) => {
      const command = match.facts["command"] ?? "";
      return [
        `${command.replace(/^sudo /, 'sudo LD_LIBRARY_PATH="$LD_LIBRARY_PATH" ')}`,
        `# better without the rights of root: ${command.replace(/^sudo (?:-\S+ )*/, "")}   (files that the runs by sudo have left behind belong to root: sudo chown -R "$USER" …)`,
        `# for all users and for good: echo <the folder> | sudo tee /etc/ld.so.conf.d/local.conf && sudo ldconfig`,
      ];
    },
    sources: ["pytorch/TensorRT#157", "https://www.sudo.ws/docs/man/sudoers.man/"],
    examples: [
      {
        text: "$ export LD_LIBRARY_PATH=$LD_LIBRARY_PATH:/opt/TensorRT-7.0/lib\n$ sudo bazel run //cpp/infer -- a.pt\n/root/.cache/bazel/x/bin/cpp/infer: error while loading shared libraries: libnvinfer.so.7: cannot open shared object file: No such file or directory",
        expect: 'sudo LD_LIBRARY_PATH="$LD_LIBRARY_PATH" bazel run //cpp/infer -- a.pt',
      },
      {
        text: "$ export LD_LIBRARY_PATH=/opt/libtorch/lib\n$ sudo -E ./build/serve model.pt\n./build/serve: error while loading shared libraries: libtorch.so: cannot open shared object file: No such file or directory",
        expect: "better without the rights of root: ./build/serve model.pt",
      },
    ],
  },
  {
    id: "toolkit-lost-by-sudo",
    title: "sudo drops CUDA_HOME and the PATH to nvcc",
    on: ["exception", "missing-program", "build-tool"],
    specificity: 88,
    matches: (finding, context) => {
      const command = withoutHome(context);
      return command === undefined || asksForToolkit(finding, context) === undefined ? undefined : { command };
    },
    confidence: "medium",
    cause: () =>
      "The build was started by sudo, which gives it a PATH of its own and none of the user's variables: nvcc and CUDA_HOME are there in the user's shell, and not in the build.",
    fix: ({ facts, context: { log } }) => {
      const command = facts["command"] ?? "";
      const home = log.toldVariables["CUDA_HOME"] !== undefined || log.toldVariables["CUDA_PATH"] === undefined;
      return [
        ...(home && log.toldVariables["CUDA_HOME"] === undefined
          ? ['export CUDA_HOME="$(dirname "$(dirname "$(readlink -f "$(which nvcc)")")")"']
          : []),
        command
          .replace(
            /^sudo (?:-H )?/,
            `sudo env "PATH=$PATH" ${home ? '"CUDA_HOME=$CUDA_HOME"' : '"CUDA_PATH=$CUDA_PATH"'} `,
          )
          .replace(/ (python[\d.]*) /, ' "$(which $1)" '),
        `# better without the rights of root, in an environment of one's own (python -m venv, conda): ${command.replace(/^sudo (?:-\S+ )*/, "")}`,
      ];
    },
    sources: ["https://www.sudo.ws/docs/man/sudoers.man/", "pytorch: torch/utils/cpp_extension.py"],
    examples: [
      {
        text: "jo@ws:~/p$ export CUDA_HOME=/usr/local/cuda-12.1\njo@ws:~/p$ sudo python3 setup.py install\nOSError: CUDA_HOME environment variable is not set. Please set it to your CUDA install root.",
        expect: 'sudo env "PATH=$PATH" "CUDA_HOME=$CUDA_HOME" "$(which python3)" setup.py install',
      },
    ],
  },
];
