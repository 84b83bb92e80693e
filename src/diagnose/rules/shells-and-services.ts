/** Shells, module systems, conda's own refusals, and services that take no package as large as torch. */
import { pip, setVariable } from "../commands/commands.ts";
import { archList } from "../commands/rebuild-commands.ts";
import { coded, type Match, type Rule, said, saidAny } from "../rule.ts";

/** A script of what is called like an environment: `/home/u/.venv/bin/pip`. Its folder is put aside, so that no other will do. */
const ofEnvironment = /^(\/.+\/[^/]*(?:v?env|virtualenv)[^/]*|\/.+\/(?:envs|venvs|virtualenvs)\/[^/]+)\/bin\/[^/]+$/;
/** The same where the path counts from the folder of the prompt. */
const relativeEnvironment = /^((?:\.\/|[^/]+\/)*[^/]*(?:v?env|virtualenv)[^/]*)\/bin\/[^/]+$/;
const inBin = /\/bin\/[^/]+$/;
const ofConda = /conda|mamba|miniforge/;

/** The step of a docker build that failed, with bash as its shell. Source: the Dockerfile reference, SHELL. */
function inBash({ context: { findings } }: Match): string[] {
  const step = findings
    .map(
      ({ text }) =>
        /(?:process "|The command '|executor failed running \[)\/bin\/sh -c (.+?)["'\]] (?:did not complete|returned a non-zero)/.exec(
          text,
        )?.[1],
    )
    .find((command) => command !== undefined);
  return step === undefined ? [] : ['SHELL ["/bin/bash", "-c"]', `RUN ${step}`];
}

export const shellAndServiceRules: readonly Rule[] = [
  {
    id: "script-without-interpreter",
    title: "The first line of a script names an interpreter that is not there",
    on: ["system"],
    specificity: 74,
    matches: (finding) =>
      finding.code === "bad-interpreter"
        ? saidAny(
            finding,
            /(?:^|: )(?<script>[^\s:]+): bad interpreter: (?<interpreter>\/[^\s:]+): /,
            /(?:^|: )(?<script>[^\s:]+): (?<interpreter>\/[^\s:]+): bad interpreter: /,
            /(?:^|: )(?<script>[^\s:]+): cannot execute: required file not found/,
          )
        : undefined,
    confidence: "high",
    cause: ({ facts }) =>
      facts["interpreter"] === undefined
        ? `\`${facts["script"] ?? ""}\` is there, and the program that its first line names (after #!) is not: ${
            inBin.test(facts["script"] ?? "")
              ? "the environment was moved, copied or renamed (its scripts keep the path at which it was made), or the Python that it was made with is gone."
              : "the script has the line ends of Windows, which make a carriage return a part of that program's name, or it was written on another system. (Of a compiled program it is the loader that is missing: it was built for another system.)"
          }`
        : `\`${facts["script"] ?? ""}\` is to be run by \`${facts["interpreter"] ?? ""}\`, as its first line says, and there is no such program: ${
            ofEnvironment.test(facts["script"] ?? "")
              ? "the environment was moved, copied or renamed (its scripts keep the path at which it was made), or the Python that it was made with is gone."
              : "the script was written on another system, or that program is elsewhere."
          }`,
    fix: (match) => {
      const { facts } = match;
      const script = facts["script"] ?? "";
      if (facts["interpreter"] === undefined && !inBin.test(script))
        return [
          `head -1 ${script} | od -c | head -2   # a \\r before the \\n? The next line takes it away; else the path that is printed does not exist here`,
          `sed -i.bak 's/\\r$//' ${script}   # dos2unix does the same`,
          ...(match.context.log.typedBuild?.tool === "script" ? [match.context.log.typedBuild.line] : []),
          "# for all that git writes: git config core.autocrlf input, then clone again",
        ];
      const moved = facts["interpreter"] === undefined ? relativeEnvironment.exec(script)?.[1] : undefined;
      if (moved !== undefined)
        return [
          `mv ${moved} ${moved}.old && python3 -m venv ${moved} && . ${moved}/bin/activate   # made anew at its place`,
          "# and what was installed, again: python -m pip install …; the folder .old can go then",
        ];
      const folder = ofEnvironment.exec(script)?.[1];
      if (folder !== undefined && !ofConda.test(folder))
        return [
          `mv ${folder} ${folder}.old && python3 -m venv ${folder} && . ${folder}/bin/activate   # made anew at its place`,
          "# and what was installed, again: python -m pip install …; the folder .old can go then",
        ];
      if (/\/bin\/[^/]+$/.test(script))
        return [
          `ls -l ${script} && head -1 ${script}`,
          `# the environment's own Python, if it still runs, writes its scripts anew: ${script.replace(/[^/]+$/, "python")} -m pip install --force-reinstall --no-deps pip`,
        ];
      return [`${/python/.test(facts["interpreter"] ?? "") ? "python3" : "bash"} ${script}`];
    },
    sources: ["https://docs.python.org/3/library/venv.html"],
    examples: [
      {
        text: "$ pip install torch\nbash: /home/u/new/venv/bin/pip: /home/u/old/venv/bin/python: bad interpreter: No such file or directory",
        expect: "python3 -m venv /home/u/new/venv",
      },
      {
        text: "zsh: /Users/u/bin/pip: bad interpreter: /Users/u/old/bin/python3.11: no such file or directory",
        expect: "head -1 /Users/u/bin/pip",
      },
      {
        text: "bash: ./setup.py: /usr/bin/python: bad interpreter: No such file or directory",
        expect: "python3 ./setup.py",
      },
      {
        text: "$ ./make_ext.sh --fast\nbash: ./make_ext.sh: cannot execute: required file not found",
        expect: "sed -i.bak 's/\\r$//' ./make_ext.sh",
      },
      {
        text: "$ venv2/bin/pip install ninja\n-bash: venv2/bin/pip: cannot execute: required file not found",
        expect: "python3 -m venv venv2",
      },
      {
        text: "/usr/bin/bash: line 1: /home/u/w/.venv/bin/ninja: cannot execute: required file not found",
        expect: "python3 -m venv /home/u/w/.venv",
      },
    ],
  },
  {
    id: "shell-builtin-not-there",
    title: "The shell that runs the script is not the one that it was written for",
    on: ["missing-program"],
    specificity: 72,
    matches: (finding) => {
      const name = /^(source|pushd|popd|shopt|declare|mapfile|module|ml|\[\[|function)$/.exec(
        finding.program ?? "",
      )?.[1];
      return name === undefined ? undefined : { name };
    },
    confidence: "high",
    cause: (match) =>
      /^(?:module|ml)$/.test(match.facts["name"] ?? "")
        ? `\`${match.facts["name"] ?? ""}\` is a function that a login shell of the cluster defines; this shell (a batch script, a container, sh) has not read that file, so that nothing was loaded.`
        : `\`${match.facts["name"] ?? ""}\` is a command of bash, and /bin/sh (dash, which RUN in a Dockerfile and many CI services use) does not have it.`,
    fix: (match) =>
      /^(?:module|ml)$/.test(match.facts["name"] ?? "")
        ? [
            "source /etc/profile.d/modules.sh 2>/dev/null || source /etc/profile.d/lmod.sh || source /usr/share/lmod/lmod/init/bash   # before module load",
            "#!/bin/bash -l   # as the first line of the batch script",
          ]
        : [
            ...inBash(match),
            '# Dockerfile: SHELL ["/bin/bash", "-c"] before the RUN; or a point in place of source: . venv/bin/activate',
            "# an environment holds for one RUN only: ENV PATH=/path/of/venv/bin:$PATH holds for all",
          ],
    sources: ["https://docs.docker.com/reference/dockerfile/#shell"],
    examples: [
      { text: "/bin/sh: 1: source: not found", expect: "SHELL" },
      { text: "bash: line 3: module: command not found", expect: "modules.sh" },
    ],
  },
  {
    id: "environment-module-unknown",
    title: "The module system has no module of that name",
    on: ["system"],
    specificity: 88,
    matches: (finding) =>
      finding.code === "module-unknown"
        ? (said(finding, /(?:unknown|locate a modulefile for|ignore_cache load)[:']* ['"]?(?<name>[\w./+-]+)/) ?? {})
        : undefined,
    confidence: "high",
    cause: (match) =>
      `\`module load ${match.facts["name"] ?? ""}\` did nothing: no module of that name and version is there (or only after another one, a compiler or a release of the software, was loaded). What was to come from it (nvcc, CUDA_HOME, a compiler) is missing afterwards.`,
    fix: (match) => {
      const name = (match.facts["name"] ?? "cuda").split("/")[0] ?? "cuda";
      return [
        `module spider ${name}   # which versions there are, and what has to be loaded before them; without Lmod: module avail ${name}`,
        `module load ${name} && module list${/cuda/i.test(name) ? " && command -v nvcc" : ""}   # the release that the system takes by itself; another one of the list: module load ${name}/12.4`,
      ];
    },
    sources: ["https://lmod.readthedocs.io/en/latest/135_module_spider.html"],
    examples: [
      {
        text: 'Lmod has detected the following error: The following module(s) are unknown: "cuda/12.4"',
        expect: "module spider cuda",
      },
      {
        text: 'Lmod has detected the following error: The following module(s) are unknown:\n"gcc/11.9"\n\n  $ module --ignore_cache load "gcc/11.9"',
        expect: "module load gcc && module list",
      },
      {
        text: "ModuleCmd_Load.c(213):ERROR:105: Unable to locate a modulefile for 'cuda/11.8'",
        expect: "module spider cuda",
      },
    ],
  },
  {
    id: "installer-asks-a-question",
    title: "The package manager waits for an answer that nobody gives",
    on: ["system"],
    specificity: 80,
    matches: (finding) => coded(finding, "asks"),
    confidence: "high",
    cause: () =>
      "apt configures a package (tzdata, keyboard-configuration) and asks on the terminal; in a docker build or in CI nobody answers, and it waits until the job is ended.",
    fix: () => [
      "export DEBIAN_FRONTEND=noninteractive TZ=Etc/UTC   # then the same command again, with apt-get install -y",
      "# Dockerfile: ARG DEBIAN_FRONTEND=noninteractive above the RUN lines",
    ],
    sources: ["https://manpages.debian.org/debconf.7"],
    examples: [
      {
        text: "Please select the geographic area in which you live. Subsequent configuration\nGeographic area: ",
        expect: "noninteractive",
      },
    ],
  },
  {
    id: "conda-terms-not-accepted",
    title: "conda: the terms of Anaconda's channels were not accepted",
    on: ["installer"],
    specificity: 82,
    matches: (finding) => coded(finding, "CondaToSNonInteractiveError"),
    confidence: "high",
    cause: () =>
      "Since July 2025 conda wants Anaconda's terms of service accepted before it takes packages from the channels `defaults`, and a script cannot answer.",
    fix: () => [
      "conda tos accept --override-channels --channel https://repo.anaconda.com/pkgs/main && conda tos accept --override-channels --channel https://repo.anaconda.com/pkgs/r",
      "# or without these channels: conda create -c conda-forge --override-channels … (Miniforge has conda-forge alone)",
    ],
    sources: ["https://www.anaconda.com/docs/tools/anaconda-tos-plugin"],
    examples: [
      {
        text: "CondaToSNonInteractiveError: Terms of Service have not been accepted for the following channels. Please accept or remove them before proceeding:",
        expect: "conda tos accept",
      },
    ],
  },
  {
    id: "conda-not-writable",
    title: "conda may not write where it has to",
    on: ["installer", "exception", "system"],
    specificity: 84,
    matches: (finding) =>
      coded(finding, "EnvironmentNotWritableError", "NoWritablePkgsDirError", "NotWritableError") ??
      said(finding, /libmamba .*(?:set lock|[Cc]annot lock).*(?<what>[Pp]ermission denied|pkgs)/),
    confidence: "high",
    cause: () =>
      "The environment (or conda's folder of packages) belongs to another user: a base environment of root in a container or of the cluster's administrators.",
    fix: () => [
      "conda create -p $HOME/envs/build python=3.11 && conda activate $HOME/envs/build   # an environment of your own",
      "export CONDA_PKGS_DIRS=$HOME/.conda/pkgs   # and a cache of your own",
    ],
    sources: [
      "https://docs.conda.io/projects/conda/en/stable/user-guide/configuration/custom-env-and-pkg-locations.html",
    ],
    examples: [
      {
        text: "EnvironmentNotWritableError: The current user does not have write permissions to the target environment.",
        expect: "conda create -y -p",
      },
      { text: "error    libmamba Could not set lock (Permission denied)", expect: "CONDA_PKGS_DIRS" },
    ],
  },
  {
    id: "conda-not-initialised",
    title: "conda activate did not work in this shell",
    on: ["installer"],
    specificity: 84,
    matches: (finding) =>
      finding.code === "CondaError" || finding.code === "CommandNotFoundError"
        ? saidAny(
            finding,
            /(?<what>Run 'conda init' before)/,
            /(?<what>has not been properly configured to use 'conda activate')/,
          )
        : undefined,
    confidence: "high",
    cause: () =>
      "`conda activate` is a function of the shell that `conda init` sets up for interactive shells; a script, a RUN line or a CI step does not have it. Whatever ran afterwards ran in another Python, without torch and the compilers of the environment.",
    fix: () => [
      'source "$(conda info --base)/etc/profile.d/conda.sh" && conda activate the-env   # in the script, before activate',
      "conda run -n the-env python setup.py install   # or without activating",
      "# GitHub: defaults: run: shell: bash -el {0}",
    ],
    sources: ["https://docs.conda.io/projects/conda/en/stable/dev-guide/deep-dives/activation.html"],
    examples: [
      { text: "CondaError: Run 'conda init' before 'conda activate'", expect: "conda.sh" },
      {
        text: "CommandNotFoundError: Your shell has not been properly configured to use 'conda activate'.",
        expect: "conda run",
      },
    ],
  },
  {
    id: "service-takes-no-such-size",
    title: "torch is larger than the service takes",
    on: ["system"],
    specificity: 80,
    matches: (finding) => coded(finding, "too-large"),
    confidence: "high",
    cause: () =>
      "The service has an upper limit for what is deployed (Heroku 500 MB, AWS Lambda and Vercel 250 MB unzipped), and torch with its CUDA libraries has several gigabytes.",
    fix: (match) => [
      pip(match, "install torch --index-url https://download.pytorch.org/whl/cpu   # a few hundred MB"),
      "# requirements.txt: --extra-index-url https://download.pytorch.org/whl/cpu and torch==<version>+cpu; for 250 MB: a container image (Lambda takes 10 GB), or ONNX Runtime in place of torch",
    ],
    sources: ["https://devcenter.heroku.com/articles/slug-compiler#slug-size"],
    examples: [
      { text: " !     Compiled slug size: 2.4G is too large (max is 500M).", expect: "whl/cpu" },
      {
        text: "Unzipped size must be smaller than 262144000 bytes",
        expect: "container image",
      },
    ],
  },
  {
    id: "shared-memory-not-writable",
    title: "Python cannot make locks: /dev/shm may not be written",
    on: ["exception"],
    specificity: 86,
    matches: (finding) =>
      /\[Errno (?:30|13|38|2)\]/.test(finding.message) &&
      finding.frames?.some((frame) => /multiprocessing[\\/]synchronize\.py/.test(frame)) === true
        ? {}
        : undefined,
    confidence: "high",
    cause: () =>
      "multiprocessing keeps its locks in /dev/shm, and in this container (Singularity, a sandbox, a serverless function) that is missing or read-only.",
    fix: () => [
      "ls -ld /dev/shm; df -h /dev/shm",
      "singularity shell --bind /dev/shm:/dev/shm …   # docker: --tmpfs /dev/shm:rw or --ipc=host",
    ],
    sources: ["apptainer/singularity#6340"],
    examples: [
      {
        text: 'Traceback (most recent call last):\n  File "multiprocessing/context.py", line 68, in Lock\n  File "multiprocessing/synchronize.py", line 57, in __init__\nOSError: [Errno 30] Read-only file system',
        expect: "--bind /dev/shm",
      },
    ],
  },
  {
    id: "torch-cannot-read-own-architectures",
    title: "This release of torch does not understand an architecture in its own list",
    on: ["exception"],
    specificity: 88,
    matches: (finding, context) =>
      context.findings.every(({ frames }) => frames === undefined) ||
      context.findings.some(({ frames }) => frames?.some((frame) => /cpp_extension|[\\/]torch[\\/]/.test(frame)))
        ? said(finding, /invalid literal for int\(\) with base 10: ['"](?<arch>\d+[af])['"]/)
        : undefined,
    confidence: (match) => (match.context.findings.some(({ frames }) => frames !== undefined) ? "high" : "medium"),
    cause: (match) =>
      `The torch that is installed was compiled for sm_${match.facts["arch"] ?? "90a"} too, and its cpp_extension cannot read the letter when it makes the list of architectures by itself (older releases, as NVIDIA builds them for Jetson and its containers).`,
    fix: (match) => [
      `${setVariable(match, "TORCH_CUDA_ARCH_LIST", archList(match))}   # the GPU's own: the list is then not made`,
      "# or a newer torch",
    ],
    sources: ["NVlabs/svraster#11", "huggingface/optimum-quanto#361"],
    examples: [
      {
        text: "  File \"/e/torch/utils/cpp_extension.py\", line 1972, in <listcomp>\nValueError: invalid literal for int() with base 10: '90a'",
        expect: "TORCH_CUDA_ARCH_LIST",
      },
    ],
  },
];
