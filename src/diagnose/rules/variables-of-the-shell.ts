/** Variables of the shell that were set for another machine or Python, where the message tells which one it is. */
import { platformOf, unsetVariable } from "../commands/commands.ts";
import { commandAgain } from "../commands/failed-command.ts";
import { type Rule, said } from "../rule.ts";

export const shellVariableRules: readonly Rule[] = [
  {
    id: "python-home-wrong",
    title: "PYTHONHOME names a folder that is not this Python's",
    on: ["exception"],
    specificity: 84,
    matches: (finding, { log }) => {
      const starts =
        (finding.code === "Fatal Python error" &&
          /^(?:init_fs_encoding|init_import_site|initfsencoding|Py_Initialize)|unable to (?:get|load) the (?:locale|file ?system) (?:encoding|codec)|codec of the filesystem encoding/.test(
            finding.message,
          )) ||
        (finding.code === "ModuleNotFoundError" && /^No module named ['"]encodings['"]/.test(finding.message));
      if (!starts) return undefined;
      const home = log.pythonHome;
      return { home };
    },
    confidence: (match) => (match.facts["home"] === undefined ? "medium" : "high"),
    cause: (match) =>
      match.facts["home"] === undefined
        ? "Python does not find its own standard library (`encodings`) as it starts: PYTHONHOME or PYTHONPATH is set for another Python, or the environment's Python was moved or taken away."
        : `PYTHONHOME is \`${match.facts["home"]}\`, and Python looks for its standard library there and does not find it: the variable is meant for another Python (a program that embeds one, an older installation), and every Python that starts in this shell reads it.`,
    fix: (match) => [
      unsetVariable(match, "PYTHONHOME"),
      ...(commandAgain(match) ?? []),
      ...(match.facts["home"] === undefined ? [unsetVariable(match, "PYTHONPATH")] : []),
      platformOf(match) === "win32"
        ? "# for good: out of the environment variables of Windows; still so: the environment anew (py -m venv)"
        : "# for good: out of ~/.bashrc (~/.profile, a module or script that is loaded): grep -n PYTHONHOME ~/.bashrc ~/.profile ~/.bash_profile; still so: the environment anew, its Python is gone (python3 -m venv --clear)",
    ],
    sources: ["https://docs.python.org/3/using/cmdline.html"],
    examples: [
      {
        text: "$ python train.py\nPython path configuration:\n  PYTHONHOME = '/opt/py38'\n  PYTHONPATH = (not set)\nFatal Python error: init_fs_encoding: failed to get the Python codec of the filesystem encoding\nPython runtime state: core initialized\nModuleNotFoundError: No module named 'encodings'",
        expect: "unset PYTHONHOME",
      },
    ],
  },
  {
    id: "compile-cache-no-folder",
    title: "The cache folder of torch.compile cannot be made",
    on: ["exception"],
    specificity: 84,
    matches: (finding) => {
      const facts = said(
        finding,
        /(?<said>File exists|Not a directory|Read-only file system|Permission denied|No such file or directory): ['"](?<folder>[^'"]+)['"]/,
      );
      const last = finding.frames?.filter((frame) => !/^<frozen|[\\/]os\.py:/.test(frame)).at(-1) ?? "";
      return facts !== undefined &&
        /cache_dir|torch[\\/]_inductor[\\/](?:codecache|runtime[\\/]cache_dir_utils)/.test(last)
        ? facts
        : undefined;
    },
    confidence: "high",
    cause: (match) =>
      `torch.compile cannot make its cache folder \`${match.facts["folder"] ?? ""}\` (${match.facts["said"] ?? ""}): TORCHINDUCTOR_CACHE_DIR (or the folder for temporary files) names ${match.facts["said"] === "File exists" || match.facts["said"] === "Not a directory" ? "something that is a file, no folder" : "a place where this user may not write"}.`,
    fix: (match) => [
      unsetVariable(match, "TORCHINDUCTOR_CACHE_DIR"),
      `# or a folder of one's own: export TORCHINDUCTOR_CACHE_DIR=$HOME/.cache/torchinductor`,
      ...(platformOf(match) === "win32" ? [] : [`# what is there: ls -ld ${match.facts["folder"] ?? ""}`]),
    ],
    sources: ["https://docs.pytorch.org/docs/stable/torch.compiler_troubleshooting.html"],
    examples: [
      {
        text: 'Traceback (most recent call last):\n  File "/w/step.py", line 4, in <module>\n    @torch.compile\n  File "/e/lib/python3.11/site-packages/torch/_inductor/runtime/cache_dir_utils.py", line 20, in cache_dir\n    os.makedirs(cache_dir, exist_ok=True)\n  File "<frozen os>", line 225, in makedirs\nFileExistsError: [Errno 17] File exists: \'/scratch/me/inductor\'',
        expect: "unset TORCHINDUCTOR_CACHE_DIR",
      },
    ],
  },
];
