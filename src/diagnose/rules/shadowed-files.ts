/**
 * Files that are found before those of the same name that were meant: headers of a second torch, a library that stands in for another one,
 * a package of one's own called like an installed one. It knows them by their paths in the text.
 */
import { baseName } from "../parsers/parser.ts";
import { header } from "../matchers.ts";
import { platformOf, python, unsetVariable } from "../commands/commands.ts";
import { type Match, type Rule, said } from "../rule.ts";

/** `/opt/sdk/libtorch/include` of a header of torch's below it, where that is not Python's torch. */
function otherInclude(file: string | undefined): string | undefined {
  const folder = /^(.*[\\/]include)[\\/](?:torch|ATen|c10|caffe2)[\\/]/.exec(file ?? "")?.[1];
  return folder === undefined || /-packages[\\/]torch[\\/]include$/.test(folder) ? undefined : folder;
}

function standIn({ finding, context: { log } }: Match): string | undefined {
  const name = baseName(finding.library ?? "");
  return name === "" ? undefined : log.librariesWithoutVersions.find((path) => baseName(path) === name);
}

/** The folder goes out of the variable in which the loader looks first. */
function withoutFolder(path: string): string {
  return `export LD_LIBRARY_PATH=$(echo "$LD_LIBRARY_PATH" | tr ':' '\\n' | grep -vxF "${path.slice(0, path.lastIndexOf("/"))}" | paste -sd:)   # in this shell; and in what sets it (~/.bashrc, a script, a module)`;
}

export const shadowedFileRules: readonly Rule[] = [
  {
    id: "torch-headers-of-two-torches",
    title: "The headers of a second torch are found first",
    on: ["missing-header"],
    specificity: 90,
    matches: (finding, { log }) => {
      const folder = otherInclude(finding.file);
      const facts = header(finding, /^(?:torch|ATen|c10|caffe2)\//);
      return facts === undefined || folder === undefined || !log.pythonTorchIncluded ? undefined : { ...facts, folder };
    },
    confidence: "high",
    cause: (match) =>
      `The build has the headers of Python's torch, and \`${baseName(match.finding.file ?? "")}\` is all the same taken from \`${match.facts["folder"] ?? ""}\`, a torch of another release: its headers ask for \`${match.facts["header"] ?? ""}\`, which the installed torch does not have. A variable (CPATH, CPLUS_INCLUDE_PATH) or a folder of the project's own puts it in front.`,
    fix: (match) => [
      ...(platformOf(match) === "win32"
        ? []
        : [
            "unset CPATH CPLUS_INCLUDE_PATH C_INCLUDE_PATH   # in this shell; a script that sets them (an SDK's, ~/.bashrc) is not to be sourced before a build",
          ]),
      `# still so: take ${match.facts["folder"] ?? "that folder"} out of include_dirs, extra_include_paths and extra_cflags`,
    ],
    sources: ["https://gcc.gnu.org/onlinedocs/gcc/Environment-Variables.html"],
    examples: [
      {
        text: "g++ -I/opt/sdk/libtorch/include -I/e/lib/python3.12/site-packages/torch/include -c x.cpp\nIn file included from x.cpp:1:\n/opt/sdk/libtorch/include/torch/extension.h:7:10: fatal error: torch/csrc/utils/auto_gil.h: No such file or directory",
        expect: "unset CPATH",
      },
    ],
  },
  {
    id: "library-stands-in-for-another",
    title: "Another library of that name is loaded in place of the one that was meant",
    on: ["undefined-symbol"],
    specificity: 92,
    matches: (finding, context) => {
      const path = finding.phase === "load" ? standIn({ finding, context, facts: {} }) : undefined;
      return path === undefined ? undefined : { path };
    },
    confidence: "high",
    cause: (match) =>
      `\`${match.finding.symbol ?? ""}\` is looked for in \`${match.facts["path"] ?? ""}\`, and the loader says of that very file that it has no version information: it is not the library that the program was linked with, but another one of the same name (a shim, a stub, a build of one's own), which LD_LIBRARY_PATH or an rpath puts in front.`,
    fix: (match) => [
      withoutFolder(match.facts["path"] ?? ""),
      `# it is not in that variable: readelf -d <the program> | grep -iE "rpath|runpath", and LD_PRELOAD`,
    ],
    sources: ["https://man7.org/linux/man-pages/man8/ld.so.8.html"],
    examples: [
      {
        text: "./saxpy: /p/shim/lib/libcudart.so.13: no version information available (required by ./saxpy)\n./saxpy: symbol lookup error: ./saxpy: undefined symbol: __cudaGetKernel, version libcudart.so.13",
        expect: 'grep -vxF "/p/shim/lib"',
      },
    ],
  },
  {
    id: "triton-hidden-by-namesake",
    title: "Something else called triton hides the installed Triton",
    on: ["exception"],
    specificity: 84,
    // Every release of Triton has these.
    matches: (finding) =>
      said(finding, /No module named ['"](?<module>triton\.(?:language|runtime|compiler))['"]/) ??
      said(finding, /module ['"]triton['"] has no attribute ['"](?<module>jit|language|cdiv|autotune)['"]/),
    confidence: "high",
    cause: (match) =>
      `\`triton\` was imported, and it has no \`${(match.facts["module"] ?? "").replace(/^triton\./, "")}\`, which every release of Triton has: what was found is a folder or a file of that name (in the current folder, beside the script, on PYTHONPATH), or what an uninstalled Triton left behind.`,
    fix: (match) => [
      `${python(match)} -c "import triton; print(triton.__file__, list(getattr(triton, '__path__', [])))"   # which one: not in site-packages? Rename it, or start elsewhere`,
      unsetVariable(match, "PYTHONPATH"),
      `# it is in site-packages: ${python(match)} -m pip install --force-reinstall --no-deps triton, in the release that torch asks for`,
    ],
    sources: ["https://docs.python.org/3/library/sys_path_init.html"],
    examples: [
      { text: "ModuleNotFoundError: No module named 'triton.language'", expect: "unset PYTHONPATH" },
      { text: "AttributeError: module 'triton' has no attribute 'jit'", expect: "of that name" },
    ],
  },
];
