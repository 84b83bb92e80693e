/** Programs of a build that are not there, compilers and ninja aside. */
import { programPackage } from "../commands/program-packages.ts";
import {
  packageToBuild,
  pip,
  platformOf,
  python,
  setVariable,
  systemPackage,
  wordsToBuild,
} from "../commands/commands.ts";
import { framesAt } from "../matchers.ts";
import { baseName } from "../parsers/parser.ts";
import { installs, startedProgram } from "../commands/started-programs.ts";
import { type Rule, said } from "../rule.ts";

/** Names of programs that look like plain words. */
const knownProgram =
  /^(?:nvcc|ninja|cmake|make|gcc|cc|ld|as|ar|clang|hipcc|icpx|icx|git|ccache|sccache|swig|bash|python|python3|pip|patchelf|ptxas|cicc|nvlink|fatbinary|cudafe|collect2|cc1plus|cpp|strip|ranlib|mold|lld|wget|curl|unzip|tar|file)$/;

export const missingProgramRules: readonly Rule[] = [
  {
    id: "windows-program-not-found",
    title: "Windows does not find a program that the build starts",
    on: ["missing-program", "exception", "build-tool", "installer"],
    specificity: 60,
    matches: (finding, context) =>
      // The line that starts it names it: no CUDA toolkit, which is told elsewhere.
      finding.frames?.some((frame) => /["'][\\/]?bin[\\/]{1,2}nvcc/.test(frame)) === true
        ? undefined
        : (finding.kind === "missing-program" && finding.program === "") ||
            /\[WinError 2\]|CreateProcess(?: failed)?: The system cannot find the file specified|CreateProcess failed: Command attempted/.test(
              finding.message,
            )
          ? { program: startedProgram(framesAt({ finding, context, facts: {} })) }
          : undefined,
    confidence: (match) =>
      match.facts["program"] === undefined && match.context.log.nvccPlaces === undefined ? "medium" : "high",
    cause: (match) =>
      match.facts["program"] !== undefined
        ? `The set-up script starts \`${match.facts["program"]}\`, and Windows finds no such program on PATH.`
        : match.context.log.nvccPlaces !== undefined
          ? `Two nvcc are on PATH, and torch takes all that \`where nvcc\` prints for one path: CUDA_HOME becomes two lines, and no program is found below it.`
          : "The build starts a program by name and Windows does not find it: nvcc (CUDA_HOME), cl.exe (no developer prompt), ninja or git is not on PATH, or CUDA_HOME names a folder without bin\\nvcc.exe.",
    fix: (match) => {
      const { program } = match.facts;
      const command = program === undefined ? undefined : installs[program];
      if (program !== undefined && command !== undefined)
        return [
          command(match),
          `where ${program}   # in a new prompt: it has to be found, then the same command again`,
          ...(packageToBuild(match) === "." ? [] : [pip(match, `install --no-build-isolation ${wordsToBuild(match)}`)]),
        ];
      const [nvcc] = match.context.log.nvccPlaces ?? [];
      if (nvcc !== undefined)
        return [
          `set CUDA_HOME=${nvcc.replace(/[\\/]bin[\\/]nvcc\.exe$/i, "")}`,
          "# PowerShell: $Env:CUDA_HOME = …; torch then does not look for nvcc. The toolkit has to be of torch's CUDA",
        ];
      return [
        "where nvcc & where cl & where ninja & echo %CUDA_HOME%",
        "# run in the x64 Native Tools Command Prompt (vcvars64.bat), with CUDA_HOME set to the toolkit's folder",
        "set DISTUTILS_USE_SDK=1",
        ...(match.context.log.requested === undefined || packageToBuild(match) === "."
          ? []
          : [pip(match, `install --no-build-isolation ${wordsToBuild(match)}`)]),
      ];
    },
    sources: ["pytorch/pytorch#101138", "Dao-AILab/flash-attention#203", "Dao-AILab/flash-attention#204"],
    examples: [
      {
        text: '  File "C:\\Temp\\pip-install-2k\\my-ops_0a\\setup.py", line 120, in <module>\n    subprocess.run(["git", "submodule", "update", "--init", "csrc/cutlass"])\n  File "c:\\python38\\lib\\subprocess.py", line 493, in run\n    with Popen(*popenargs, **kwargs) as process:\n  File "c:\\python38\\lib\\subprocess.py", line 1311, in _execute_child\n    hp, ht, pid, tid = _winapi.CreateProcess(executable, args,\nFileNotFoundError: [WinError 2] The system cannot find the file specified',
        expect: "winget install --id Git.Git",
      },
      { text: "error: [WinError 2] The system cannot find the file specified", expect: "where nvcc" },
      {
        text: "C:\\p>where nvcc\nC:\\Users\\z\\miniconda3\\envs\\t\\Library\\bin\\nvcc.exe\nC:\\Users\\z\\miniconda3\\envs\\t\\bin\\nvcc.exe\nC:\\p>python setup_cuda.py install\nerror: [WinError 2] The system cannot find the file specified",
        expect: "set CUDA_HOME=C:\\Users\\z\\miniconda3\\envs\\t\\Library",
      },
      { text: "ninja: fatal: CreateProcess: The system cannot find the file specified.", expect: "cl.exe" },
      {
        text: "CreateProcess failed: The system cannot find the file specified.\n  File \"C:\\Users\\me\\Temp\\pip-install-x1\\my-ops_2\\setup.py\", line 271, in run\n    urllib.request.urlretrieve(wheel_url, wheel_filename)\nurllib.error.HTTPError: HTTP Error 404: Not Found\nsubprocess.CalledProcessError: Command '['ninja', '-v']' returned non-zero exit status 1.",
        expect: "cl.exe",
      },
    ],
  },
  {
    id: "program-path-split",
    title: "The path of a program is cut off at a space",
    on: ["missing-program"],
    specificity: 45,
    matches: (finding) => {
      const program = finding.program ?? "";
      const parts = program.split(/[\\/]/);
      const name = parts.at(-1) ?? "";
      return parts.length > 2 &&
        /^[A-Za-z]{2,12}$/.test(name) &&
        !knownProgram.test(name) &&
        !/[\\/]s?bin[\\/]/.test(program)
        ? { program }
        : undefined;
    },
    confidence: "medium",
    cause: (match) =>
      `The shell looks for \`${match.facts["program"] ?? ""}\`, which looks like the first half of a path with a space in it ("Program Files", a folder of two words): CUDA_HOME, CC, CXX, PATH or the project's own path is not quoted where it is used. (Or that file is truly not there.)`,
    fix: (match) => [
      `ls -d "${match.facts["program"] ?? ""}"*`,
      'echo "CUDA_HOME=[$CUDA_HOME] CC=[$CC] CXX=[$CXX]"',
      "# name things by paths without spaces: a link (ln -s '/path with space' ~/p), on Windows the short name (C:\\Progra~1); in WSL use Linux's CUDA, not Windows's under /mnt/c",
    ],
    sources: ["https://docs.nvidia.com/cuda/wsl-user-guide/"],
    examples: [{ text: "/bin/sh: 1: /mnt/c/Program: not found", expect: "WSL" }],
  },
  {
    id: "compiler-variable-of-two-words",
    title: "A launcher takes two words of CXX for one program",
    on: ["missing-program"],
    specificity: 60,
    matches: (finding) =>
      said(
        { ...finding, message: finding.text },
        /(?:could not find compiler|failed to execute|error trying to execute) ["'](?<launcher>(?:\S*[\\/])?(?:ccache|sccache|distcc|icecc|buildcache)) (?<compiler>[\w./+-]+)["']/i,
      ),
    confidence: "high",
    cause: ({ facts }) =>
      `CXX (or CC) is \`${facts["launcher"] ?? ""} ${facts["compiler"] ?? ""}\`, and another launcher stands before it: that one looks for a single program of this whole name. One launcher is enough, and CXX names the compiler alone.`,
    fix: (match) => {
      const compiler = match.facts["compiler"] ?? "g++";
      return [
        setVariable(match, "CXX", compiler),
        setVariable(
          match,
          "CC",
          compiler
            .replace(/clang\+\+/, "clang")
            .replace(/g\+\+/, "gcc")
            .replace(/^c\+\+$/, "cc"),
        ),
        "# two launchers are meant: the first calls the second by a variable of its own (ccache: CCACHE_PREFIX=distcc)",
      ];
    },
    sources: ["https://ccache.dev/manual/latest.html"],
    examples: [
      {
        text: "$ CXX='sccache clang++-18' python setup.py bdist_wheel\nccache: error: Could not find compiler \"sccache clang++-18\" in PATH",
        expect: "export CXX=clang++-18",
      },
    ],
  },
  {
    id: "program-missing",
    title: "A program that the build calls is not installed",
    on: ["missing-program", "installer"],
    role: "symptom",
    specificity: 40,
    matches: (finding) => {
      if (finding.kind === "installer")
        return /Cannot find command 'git'/.test(finding.text) ? { name: "git" } : undefined;
      const name = baseName(finding.program ?? "").replace(/\.exe$/i, "");
      const path = /[\\/]/.test(finding.program ?? "") && finding.tool === "shell" ? finding.program : undefined;
      return name === "" ||
        /^(?:retorch|source|pushd|popd|shopt|declare|mapfile|module|ml|\.|-)$|^(?:retorch|\.|-)/.test(name)
        ? undefined
        : { name, path };
    },
    confidence: (match) =>
      /^(?:cmake|git|make|which|patchelf|ld|ccache|sccache|swig|bash|unzip|wget|curl)$/.test(match.facts["name"] ?? "")
        ? "high"
        : "medium",
    cause: (match) =>
      match.facts["name"] === "ld"
        ? "gcc finds no linker. It says `ld` whichever it looked for: with -fuse-ld=lld, gold or mold in the flags that one is not installed (as ld.lld, ld.gold, ld.mold beside gcc's own programs); without, binutils are missing."
        : match.facts["path"] !== undefined
          ? `The shell was to run \`${match.facts["path"]}\`, and there is no program at that path${/path[\\/]to|your|<|…/i.test(match.facts["path"]) ? ": it is the placeholder of a manual, to be replaced by the real place" : ": it counts from the folder of the prompt, or the program lies elsewhere"}.`
          : `The build starts \`${match.facts["name"] ?? ""}\`, which is not installed or not on PATH.`,
    fix: (match) => {
      const name = match.facts["name"] ?? "";
      if (match.facts["path"] !== undefined)
        return platformOf(match) === "win32" || /\.exe$/.test(match.facts["path"])
          ? [
              `dir /s /b ${name}.exe   # where is it? PowerShell: Get-ChildItem -Recurse -Filter ${name}.exe`,
              ...(/python_embed/.test(match.facts["path"])
                ? [
                    ".\\python_embeded\\python.exe -s -m pip install -r requirements.txt   # in the folder that holds python_embeded",
                  ]
                : []),
            ]
          : [`ls -l ${match.facts["path"]}; command -v ${name}   # another place?`];
      if (
        /^(?:cmake|patchelf|uv|uvx|meson|cython|cythonize|pytest|ruff|hatch|poetry|pdm|conan|scikit-build|pybind11-config)$/.test(
          name,
        )
      )
        return [
          `${python(match)} -m pip install ${name === "uvx" ? "uv" : name === "cythonize" ? "cython" : name.replace("-config", "")}`,
        ];
      if (/^pip3?$/.test(name))
        return [
          `${python(match)} -m pip --version   # in place of pip; without sudo, which has another PATH and another Python`,
          "sudo apt-get install python3-pip",
        ];
      if (name === "python")
        return [
          "python3 --version   # there? then python3 in place of python, or:",
          "sudo apt-get install python-is-python3   # Debian and Ubuntu; elsewhere activate the environment (conda, venv) first",
        ];
      if (name === "nvidia-smi") return ["# comes with the NVIDIA driver; in a container: docker run --gpus all …"];
      if (name === "ld")
        return [
          ...(match.context.log.conda || /-conda\w*-linux-gnu/.test(match.finding.text)
            ? [
                "conda install -c conda-forge gxx_linux-64 binutils_linux-64   # conda's gcc takes conda's linker (x86_64-conda-linux-gnu-ld) alone; then conda deactivate && conda activate",
              ]
            : []),
          'echo "$LDFLAGS $CFLAGS $CXXFLAGS"   # -fuse-ld=… in there, or in the build\'s own flags? drop it, or install what it names:',
          ...systemPackage(match, { apt: "binutils lld mold" }),
        ];
      return programPackage(match, name);
    },
    sources: [],
    examples: [
      { text: "FileNotFoundError: [Errno 2] No such file or directory: 'cmake'", expect: "install cmake" },
      {
        text: "Collecting git+https://github.com/a/b.git\n  ERROR: Error [Errno 2] No such file or directory: 'git' while executing command git version\nERROR: Cannot find command 'git' - do you have 'git' installed and in your PATH?",
        expect: "apt-get install -y git",
      },
    ],
  },
];
