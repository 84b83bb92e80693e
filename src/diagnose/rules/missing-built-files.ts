/** Files that a build or an installation was to make, and that are not where they are loaded from. */
import { pip, rebuild, removeFolder } from "../commands.ts";
import { packageOf } from "../packages.ts";
import { baseName } from "../parsers/parser.ts";
import type { Match, Rule, RuleContext } from "../rule.ts";

/** torch's own libraries, which no build of an extension makes. */
const ofTorch =
  /[\\/]lib(?:c10|c10_\w+|torch|torch_(?:cpu|cuda|hip|xpu|python|global_deps|cuda_linalg|nvshmem|cuda_cu|cuda_cpp)|caffe2\w*|shm|cu[a-z]\w*)\.so/;

/** Whether torch.ops.load_library, or ctypes, was given the path. */
function givenByPath(context: RuleContext): boolean {
  return context.findings.some(
    ({ message, frames }) =>
      /Could not load this library: /.test(message) ||
      frames?.some((frame) => /_ops\.py:\d+ load_library/.test(frame)) === true,
  );
}

function folderOf(match: Match): string {
  return (match.facts["library"] ?? "").replace(/[\\/][^\\/]*$/, "");
}

export const missingBuiltFileRules: readonly Rule[] = [
  {
    id: "extension-file-missing",
    title: "The built extension is not where it should be: its build failed earlier",
    on: ["missing-library"],
    role: "symptom",
    specificity: 77,
    matches: (finding) => {
      const library = finding.library ?? "";
      if (finding.phase !== "load" || !/[\\/]/.test(library) || /^@/.test(library)) return undefined;
      if (!/torch_extensions|\.cpython-|\.abi3\.|\.pyd$|[\\/][\w-]+\.so$/.test(library) || ofTorch.test(library))
        return undefined;
      if (/ \(deleted\)/.test(finding.message)) return undefined;
      return { library, jit: /torch_extensions/.test(library) ? library.replace(/[\\/][^\\/]+$/, "") : undefined };
    },
    confidence: (match) => (match.facts["jit"] === undefined ? "medium" : "high"),
    cause: (match) =>
      match.facts["jit"] === undefined
        ? `\`${match.facts["library"] ?? ""}\` does not exist: it was not built, or for another Python or place${givenByPath(match.context) ? ", or torch.ops.load_library was given another path than the one where the build put it" : ""}.`
        : `\`${match.facts["library"] ?? ""}\` was never made: the JIT build of the extension failed earlier (the first error, or the log of the first rank, says why), another process that held the lock failed, or ninja was replaced by \`ninja --version\` in cpp_extension.py.`,
    fix: (match) =>
      match.facts["jit"] === undefined
        ? [
            `ls ${folderOf(match)}; find . -name '${baseName(match.facts["library"] ?? "").replace(/\..*$/, "")}*'   # is it there under another name, or in another folder?`,
            ...rebuild(match),
          ]
        : [
            removeFolder(match, match.facts["jit"]),
            "# undo any edit that turned ['ninja', '-v'] into ['ninja', '--version']",
            "# run it once in one process and read the first error; then start all ranks",
          ],
    sources: ["OptimalScale/LMFlow#117", "XingangPan/DragGAN#9", "pytorch/pytorch#96589", "pytorch/pytorch#125403"],
    examples: [
      {
        text: "ImportError: /root/.cache/torch_extensions/py310_cu117/fused/fused.so: cannot open shared object file: No such file or directory",
        expect: "rm -rf",
      },
      {
        text: "OSError: /src/build/libmy_ops.so: cannot open shared object file: No such file or directory\nOSError: Could not load this library: /src/build/libmy_ops.so",
        expect: "load_library was given another path",
      },
    ],
  },
  {
    id: "library-file-replaced",
    title: "A library was deleted or replaced while a process used it",
    on: ["missing-library"],
    specificity: 92,
    matches: (finding) => (/ \(deleted\)/.test(finding.message) ? { library: finding.library } : undefined),
    confidence: "high",
    cause: (match) =>
      `The process has \`${baseName(match.facts["library"] ?? "")}\` in memory, and its file is gone: Linux marks it "(deleted)" in /proc/self/maps, where the program took the path from. The package was upgraded or installed again while the process ran, or a network file system or container layer replaced the file.`,
    fix: (match) => {
      const name = packageOf(match)?.replace(/\.libs$/, "");
      return [
        "# end all processes that use the environment (notebooks, servers, ray stop), and start again",
        ...(name === undefined ? [] : [pip(match, `install --force-reinstall --no-deps ${name}`)]),
        `ls -l ${folderOf(match)}   # the file is back?`,
      ];
    },
    sources: ["vllm-project/vllm#13040", "https://man7.org/linux/man-pages/man5/proc_pid_maps.5.html"],
    examples: [
      {
        text: "OSError: /e/lib/python3.10/site-packages/torchvision.libs/libcudart.41118559.so.12 (deleted): cannot open shared object file: No such file or directory",
        expect: "--force-reinstall --no-deps torchvision",
      },
    ],
  },
];
