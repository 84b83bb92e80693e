/** Packages that are made for one release and one build of torch: torchvision and its like, xFormers. */
import { unique } from "../../base/order.ts";
import { pip, platformOf, python, pythonVersion, reinstall, torchCuda } from "../commands.ts";
import { originOf } from "../packages.ts";
import { baseName } from "../parsers/parser.ts";
import { coded, type Match, type Rule, said } from "../rule.ts";

/** FFmpeg's libraries that torchcodec did not find, and nothing else that it lacked. */
function ffmpeg(match: Match): string[] {
  if (match.facts["name"] !== "torchcodec") return [];
  const missing = match.context.findings.filter((other) => other.kind === "missing-library");
  const names = missing.map((other) => baseName(other.library ?? ""));
  const others = match.context.findings.some((other) => other.kind === "undefined-symbol" && other.phase === "load");
  return others || names.length === 0 || !names.every((name) => avLibrary.test(name)) ? [] : unique(names);
}

const avLibrary = /(?:^|lib)(?:avutil|avcodec|avformat|avdevice|avfilter|swscale|swresample)[.-]/;

/** Releases of FFmpeg by the numbers of libavutil: 56 is 4, 57 is 5. Source: FFmpeg's doc/APIchanges. */
function releases(match: Match): string {
  const majors = ffmpeg(match)
    .map((name) => Number(/libavutil\.(?:so\.)?(\d+)/.exec(name)?.[1] ?? Number.NaN) - 52)
    .filter((major) => major >= 4);
  return majors.length === 0 ? "<8" : `>=${Math.min(...majors)},<${Math.max(...majors) + 1}`;
}

/** What xFormers was built for and what is installed, as its message says. */
function builtFor(match: Match): { readonly built?: string | undefined; readonly here?: string | undefined } {
  return { built: match.context.log.builtForTorch, here: match.context.log.installedTorch };
}

export const companionPackageRules: readonly Rule[] = [
  {
    id: "companion-package-for-other-torch",
    title: "A companion package of torch is of another release",
    on: ["undefined-symbol", "load", "exception"],
    specificity: 90,
    matches: (finding) => {
      const where = `${finding.file ?? ""} ${finding.message}`;
      const name = /(?:[\\/]|lib_?|^)(?<name>torchaudio|torchvision|torchtext|torchcodec|torchao)(?:[\\/]|\b)/.exec(
        where,
      )?.groups?.["name"];
      if (name === undefined) return undefined;
      if (finding.kind === "exception")
        return /operator \w+::\w+ does not exist|Could not load (?:this library|libtorchcodec)|Couldn't load custom C\+\+ ops/.test(
          finding.message,
        )
          ? { name }
          : undefined;
      if (finding.kind === "undefined-symbol") return finding.phase === "load" ? { name } : undefined;
      return coded(finding, "dll-procedure", "dll-not-found", "dll") === undefined ? undefined : { name };
    },
    confidence: "high",
    cause: (match) => {
      const torch = match.context.environment?.torch;
      if (ffmpeg(match).length > 0)
        return `torchcodec loads FFmpeg's libraries from the system, and none of the releases that it was built for is found: it tried ${ffmpeg(match).join(", ")}. What is installed is no FFmpeg, an older or a newer one, or one without shared libraries. (torch and torchcodec may fit.)`;
      return `\`${match.facts["name"] ?? ""}\` is built for one release and one kind (CUDA version or CPU) of torch, and the installed torch${torch === undefined ? "" : ` (${torch.version})`} is another: one of the two was upgraded alone, or they come from two indexes.`;
    },
    fix: (match) => {
      const cuda = torchCuda(match);
      if (ffmpeg(match).length > 0) {
        const wanted = releases(match);
        return [
          ...(platformOf(match) === "darwin"
            ? ["brew install ffmpeg"]
            : [
                `conda install -c conda-forge "ffmpeg${wanted}"   # in this environment; shared libraries, which torchcodec finds`,
              ]),
          ...(platformOf(match) === "linux"
            ? [
                "ldconfig -p | grep libavutil; ffmpeg -version   # libavutil 56 is FFmpeg 4, 57 is 5, 58 is 6, 59 is 7, 60 is 8; sudo apt-get install ffmpeg gives the distribution's release",
                "export LD_LIBRARY_PATH=<folder of libavutil.so>:$LD_LIBRARY_PATH   # when it lies elsewhere",
              ]
            : []),
          ...(platformOf(match) === "win32"
            ? ['# a "full-shared" build of FFmpeg, its bin folder on PATH (the usual builds are static)']
            : []),
          `# still not: torchcodec and torch of one release: ${pip(match, "list")} | grep -i torch, and the table in torchcodec's README`,
        ];
      }
      return [
        `${python(match)} -m pip list | grep -i torch`,
        pip(
          match,
          `install --force-reinstall torch ${match.facts["name"] ?? ""} --index-url https://download.pytorch.org/whl/${cuda === undefined ? "cu130" : `cu${cuda.replace(".", "")}`}   # both from one index${pythonVersion(match) === undefined ? "" : ", in one command"}`,
        ),
      ];
    },
    sources: ["pytorch/vision#8558", "pytorch/audio: README.md", "meta-pytorch/torchcodec#637"],
    examples: [
      {
        text: "RuntimeError: Could not load libtorchcodec. Likely causes:\n[start of libtorchcodec loading traceback]\nlibavutil.so.59: cannot open shared object file: No such file or directory\nlibavutil.so.58: cannot open shared object file: No such file or directory\n[end of libtorchcodec loading traceback].",
        expect: 'conda install -c conda-forge "ffmpeg>=6,<8"',
      },
      {
        text: "OSError: /e/site-packages/torchaudio/lib/libtorchaudio.so: undefined symbol: torch_library_impl",
        expect: "install --force-reinstall torch torchaudio",
      },
    ],
  },
  {
    id: "xformers-built-for-other-torch",
    title: "xFormers was built for another torch",
    on: ["warning", "exception"],
    specificity: 75,
    matches: (finding) => (finding.code === "xformers-built-for" ? {} : undefined),
    confidence: "high",
    cause: (match) => {
      const { built, here } = builtFor(match);
      if (here?.includes("+cpu") === true && built?.includes("+cpu") !== true)
        return `The installed torch is the CPU-only build ${here}, and xFormers' wheel was built for ${built ?? "a torch with CUDA"}: torch is what has to be replaced, not xFormers. (A package that was installed later brought it from PyPI: on Windows PyPI has the CPU build alone.)`;
      return `xFormers' C++/CUDA part does not load: its wheel was built for ${built === undefined ? "another torch, CUDA or Python than the installed one; the lines below it say which" : `torch ${built}, and ${here ?? "another one"} is installed`}.`;
    },
    fix: (match) => {
      const { built, here } = builtFor(match);
      const exact = /^([\d.]+)\+(cu\d+|rocm[\d.]+)$/.exec(built ?? "");
      const torch =
        exact === null
          ? []
          : [
              pip(
                match,
                `install --force-reinstall torch==${exact[1] ?? ""} --index-url https://download.pytorch.org/whl/${exact[2] ?? ""}   # the torch that this xFormers is for; torchvision and torchaudio along with it`,
              ),
            ];
      const cpu = here?.includes("+cpu") === true;
      return [
        ...(cpu ? torch : []),
        ...(cpu && torch.length > 0
          ? []
          : [pip(match, "install --upgrade --force-reinstall --no-deps xformers   # the release for your torch")]),
        `${python(match)} -m xformers.info`,
        "# or from source: pip install --no-build-isolation --no-binary xformers xformers",
      ];
    },
    sources: ["unslothai/unsloth#8580", "facebookresearch/xformers#982"],
    examples: [
      {
        text: "WARNING[XFORMERS]: xFormers can't load C++/CUDA extensions. xFormers was built for:\n    PyTorch 2.10.0+cu128 with CUDA 1208 (you have 2.11.0+cu130)",
        expect: "torch 2.10.0+cu128, and 2.11.0+cu130 is installed",
      },
      {
        text: "WARNING[XFORMERS]: xFormers can't load C++/CUDA extensions. xFormers was built for:\n    PyTorch 2.3.0+cu121 with CUDA 1201 (you have 2.3.0+cpu)",
        expect: "install --force-reinstall torch==2.3.0 --index-url https://download.pytorch.org/whl/cu121",
      },
    ],
  },
  {
    id: "package-built-for-other-cuda",
    title: "A package and torch were compiled for different CUDA versions",
    on: ["exception"],
    specificity: 82,
    matches: (finding) =>
      said(
        finding,
        /Detected that PyTorch and (?<package>\w+) were compiled with different CUDA.*?(?:PyTorch has CUDA Version=(?<torch>[\d.]+).*?CUDA Version=(?<other>[\d.]+))?/s,
      ),
    confidence: "high",
    cause: (match) =>
      `The wheel of \`${match.facts["package"] ?? "the package"}\` is for another CUDA version than the installed torch.`,
    fix: (match) => [
      `${python(match)} -c "import torch; print(torch.__version__, torch.version.cuda)"`,
      ...(/^torch(?:vision|audio)$/.test(match.facts["package"] ?? "")
        ? [
            pip(
              match,
              `install --force-reinstall torch ${match.facts["package"] ?? "torchvision"} --index-url https://download.pytorch.org/whl/cu130   # both from one index`,
            ),
          ]
        : originOf((match.facts["package"] ?? "").replaceAll("_", "-")) === undefined
          ? [
              pip(
                match,
                `install --force-reinstall --no-cache-dir --no-deps --no-build-isolation ${(match.facts["package"] ?? "").replaceAll("_", "-")}`,
              ),
            ]
          : reinstall(match, (match.facts["package"] ?? "").replaceAll("_", "-"))),
    ],
    sources: ["pytorch/vision: torchvision/extension.py"],
    examples: [
      {
        text: "RuntimeError: Detected that PyTorch and torchvision were compiled with different CUDA major versions. PyTorch has CUDA Version=12.1 and torchvision has CUDA Version=11.8. Please reinstall the torchvision that matches your PyTorch install.",
        expect: "one index",
      },
      {
        text: "RuntimeError: Detected that PyTorch and torch_scatter were compiled with different CUDA versions.",
        expect: "torch-scatter",
      },
    ],
  },
];
