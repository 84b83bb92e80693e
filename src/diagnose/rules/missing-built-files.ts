/** Files that a build or an installation was to make, and that are not where they are loaded from. */
import { pip, python, rebuild, reinstall, removeFolder } from "../commands/commands.ts";
import { packageOf, packageOfModule } from "../tables/packages.ts";
import { baseName } from "../parsers/parser.ts";
import { type Match, type Rule, type RuleContext, said } from "../rule.ts";

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
    id: "run-time-build-skipped",
    title: "load() does not build again what failed to build before in this process",
    on: ["missing-library", "exception"],
    role: "symptom",
    specificity: 83,
    matches: (finding, { log }) => {
      const name = log.unchangedExtension;
      const asked = `${finding.library ?? ""} ${finding.message}`.replaceAll("\\", "/");
      if (name === undefined || (finding.kind === "exception" && !/No module named|cannot open shared/.test(asked)))
        return undefined;
      return finding.phase === "load" || finding.kind === "exception"
        ? // The version of a rebuilt one stands behind its name.
          new RegExp(`[/']${name}(?:_v\\d+)?[.']`).test(asked)
          ? { name }
          : undefined
        : undefined;
    },
    confidence: "high",
    cause: (match) =>
      `The first call that loads \`${match.facts["name"] ?? ""}\` in this Python process failed, and torch has noted the extension as built all the same: with the same sources and flags the next call skips the build ("No modifications detected") and loads a file that was never made. Removing its folder or installing something does not help as long as the process lives.`,
    fix: (match) => {
      const name = match.facts["name"] ?? "";
      const forget = `import torch.utils.cpp_extension as e; e.JIT_EXTENSION_VERSIONER.entries.pop(${JSON.stringify(name)}, None)`;
      const { notebook, typedProgram } = match.context.log;
      if (!notebook && typedProgram !== undefined)
        return [
          "# the program asks twice, and the first error tells the cause: it is further up, or a try … except around the first import or load() hides it (print it there)",
          typedProgram,
        ];
      return [
        notebook
          ? `${forget}   # the next call of load() builds`
          : `# in that session, so that the next call of load() builds: ${forget}`,
        `# then the ${notebook ? "cell" : "statement"} that calls load() again. Or restart the ${notebook ? "kernel (Colab: Runtime, Restart session)" : "interpreter"}, or give the extension another name=`,
        "# what the first call failed with is mended by now? If not, it shows again",
      ];
    },
    sources: ["pytorch/pytorch#119206", "https://docs.pytorch.org/docs/stable/cpp_extension.html"],
    examples: [
      {
        text: "In [3]: m = load_inline(name='blur', cpp_sources=[src], functions=['blur'], verbose=True)\nRuntimeError: Ninja is required to load C++ extensions\n\nIn [4]: !pip install -q ninja\n\nIn [5]: m = load_inline(name='blur', cpp_sources=[src], functions=['blur'], verbose=True)\nNo modifications detected for re-loaded extension module blur, skipping build step...\nLoading extension module blur...\nImportError: /root/.cache/torch_extensions/py310_cu121/blur/blur.so: cannot open shared object file: No such file or directory",
        expect: 'JIT_EXTENSION_VERSIONER.entries.pop("blur", None)',
      },
      {
        text: "$ python train.py\nNo modifications detected for re-loaded extension module blur, skipping build step...\nLoading extension module blur...\nImportError: /home/u/.cache/torch_extensions/py38_cu113/blur/blur.so: cannot open shared object file: No such file or directory",
        expect: "hides it",
      },
    ],
  },
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
    id: "operator-library-not-found",
    title: "A package does not find its own compiled file",
    on: ["exception"],
    specificity: 82,
    matches: (finding, context) => {
      const named = said(
        finding,
        /Could not find module ['"]_version_(?:cpu|cuda)['"] in ['"]?\S*?[\\/](?<name>torch_\w+|pyg_lib)\b/,
      );
      if (named !== undefined) return named;
      if (said(finding, /'NoneType' object has no attribute 'origin'/) === undefined) return undefined;
      const frames = finding.frames?.join("\n") ?? "";
      const name =
        /[\\/](torch_(?:scatter|sparse|cluster|spline_conv)|pyg_lib|\w+)[\\/]__init__\.py/.exec(frames)?.[1] ??
        context.log.runningModule?.split(".")[0];
      return { name };
    },
    confidence: (match) => (match.facts["name"] === undefined ? "medium" : "high"),
    cause: (match) => {
      const name = match.facts["name"] ?? "the package";
      return `\`${name}\` looks in its own folder for its compiled file (\`_version_cuda\` where torch has CUDA or CUDA is installed, else \`_version_cpu\`) and finds none for this Python: it was built without CUDA beside a torch with CUDA (or the other way round), its wheel is for another Python, only its Python files were installed, or Python runs in its source folder and imports that.`;
    },
    fix: (match) => {
      const name = match.facts["name"];
      const builds = name === undefined ? undefined : (packageOfModule(`${name}.`) ?? name);
      return [
        `${python(match)} -c "import torch; print(torch.__version__, torch.version.cuda)"; ls $(${pip(match, `show -f ${builds ?? "<package>"}`)} | sed -n 's/^Location: //p')/${name ?? "<package>"}/*.so   # which of the two is there?`,
        ...(builds === undefined
          ? rebuild(match)
          : [pip(match, `uninstall -y ${builds}   # again, until nothing is left of it`), ...reinstall(match, builds)]),
        "# all of torch-scatter, torch-sparse, torch-cluster and torch-spline-conv from the page of the same torch and CUDA; and not from within the folder of its sources",
      ];
    },
    sources: ["rusty1s/pytorch_scatter#307", "rusty1s/pytorch_sparse#121", "pyg-team/pytorch_geometric#2304"],
    examples: [
      {
        text: "Traceback (most recent call last):\n  File \"/e/lib/python3.10/site-packages/torch_scatter/__init__.py\", line 14, in <module>\n    f'{library}_{suffix}', [osp.dirname(__file__)]).origin)\nAttributeError: 'NoneType' object has no attribute 'origin'",
        expect: "data.pyg.org",
      },
      { text: "AttributeError: 'NoneType' object has no attribute 'origin'", expect: "_version_cuda" },
      {
        text: "ImportError: Could not find module '_version_cpu' in c:\\Users\\u\\.conda\\envs\\e\\lib\\site-packages\\torch_sparse",
        expect: "install --no-cache-dir --force-reinstall --no-deps --only-binary torch-scatter,torch-sparse",
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
