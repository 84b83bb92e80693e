/** Packages that are made for one release and one build of torch: torchvision and its like, xFormers. */
import { own } from "../../base/own.ts";
import { unique } from "../../base/order.ts";
import {
  installTogether,
  installTogetherFor,
  pip,
  platformOf,
  python,
  setVariable,
  reinstall,
  torchIndex,
  torchThere,
  xformersFor,
} from "../commands/commands.ts";
import { originOf } from "../tables/packages.ts";
import { companionsAlone } from "../commands/companion-commands.ts";
import { baseName } from "../parsers/parser.ts";
import { coded, type Match, type Rule, said } from "../rule.ts";
import { companionTag } from "../tables/torch-wheels.ts";

/** FFmpeg's libraries that torchcodec did not find, and nothing else that it lacked. */
function ffmpeg(match: Match): string[] {
  if (match.facts["name"] !== "torchcodec") return [];
  const missing = match.context.findings.filter((other) => other.kind === "missing-library");
  // The last line of the list is its own file for the oldest FFmpeg, which a newer wheel does not carry.
  const names = missing
    .map((other) => baseName(other.library ?? ""))
    .filter((name) => !/^libtorchcodec\w*\.|^$/.test(name));
  const others = match.context.findings.some((other) => other.kind === "undefined-symbol" && other.phase === "load");
  return others || names.length === 0 || !names.every((name) => avLibrary.test(name)) ? [] : unique(names);
}

/** torchcodec says that nothing loads, and not why: its line for each release of FFmpeg names its own file alone. */
function unexplained(match: Match): boolean {
  return (
    match.facts["name"] === "torchcodec" &&
    /Could not load libtorchcodec/.test(match.finding.message) &&
    !match.context.findings.some(
      ({ kind, phase }) => phase === "load" && (kind === "missing-library" || kind === "undefined-symbol"),
    )
  );
}

/** One library loaded by hand says which of the two it is. */
function whichOfTwo(match: Match): string[] {
  const windows = platformOf(match) === "win32";
  const installedTorch =
    match.context.log.installedTorch ?? /PyTorch version \((\d[\w.+]*)\)/.exec(match.finding.message)?.[1];
  const nightly = /\.dev\d/.test(installedTorch ?? "");
  const release = torchcodecFor(installedTorch);
  return [
    ...(windows
      ? [
          "where ffmpeg avutil-59.dll avutil-58.dll",
          '# not there: a "full-shared" build of FFmpeg 7 (https://www.gyan.dev/ffmpeg/builds), its bin folder at the front of PATH of the program that runs',
        ]
      : [
          "ldconfig -p | grep libavutil; ffmpeg -version   # libavutil 56 is FFmpeg 4, 57 is 5, 58 is 6, 59 is 7, 60 is 8",
          match.context.log.conda ? 'conda install -c conda-forge "ffmpeg<8"' : "sudo apt-get install ffmpeg",
        ]),
    nightly
      ? `${pip(match, `install --pre --force-reinstall --no-deps torchcodec --index-url https://download.pytorch.org/whl/nightly/${torchIndex(match)}`)}   # FFmpeg is there: the nightly of torchcodec, as torch is one`
      : `${pip(match, `install --force-reinstall --no-deps ${release === undefined ? "torchcodec==<release>" : `"torchcodec==${release}.*"`}`)}   # FFmpeg is there: the release for this torch (table in torchcodec's README)`,
  ];
}

/** torchcodec's release for a torch. Source: the table in README.md of meta-pytorch/torchcodec. */
function torchcodecFor(torch: string | undefined): string | undefined {
  const release = /^2\.\d+/.exec(torch ?? "")?.[0];
  return release === undefined ? undefined : own(torchcodecs, release);
}

const torchcodecs: Readonly<Record<string, string>> = {
  "2.5": "0.1",
  "2.6": "0.2",
  "2.7": "0.5",
  "2.8": "0.7",
  "2.9": "0.9",
};

const avLibrary = /(?:^|lib)(?:avutil|avcodec|avformat|avdevice|avfilter|swscale|swresample)[.-]/;

/** Releases of FFmpeg by the numbers of libavutil: 56 is 4, 57 is 5. Source: FFmpeg's doc/APIchanges. */
function releases(match: Match): string {
  const majors = ffmpeg(match)
    .map((name) => Number(/libavutil\.(?:so\.)?(\d+)/.exec(name)?.[1] ?? Number.NaN) - 52)
    .filter((major) => major >= 4);
  return majors.length === 0 ? "<8" : `>=${Math.min(...majors)},<${Math.max(...majors) + 1}`;
}

/** A package that lies in the user's own folder, outside of the environment that runs, is found by every Python of that version. */
function userSite(match: Match): string[] {
  const folders = match.context.findings
    .flatMap(({ file, frames, message }) => [file ?? "", message, ...(frames ?? [])])
    .join(" ");
  if (!/AppData[\\/]Roaming[\\/]Python|[\\/]\.local[\\/]lib[\\/]python/.test(folders)) return [];
  return [
    `${setVariable(match, "PYTHONNOUSERSITE", "1")}   # ${match.facts["name"] ?? "the package"} lies in the user's folder, beside the environment's torch; or, with a Python outside of environments: python -m pip uninstall ${match.facts["name"] ?? ""}`,
  ];
}

/** All companions that the log complains of: they are installed together, too. */
function companions(match: Match): string[] {
  const named = match.context.findings.flatMap(
    ({ file, message }) => companion.exec(`${file ?? ""} ${message}`)?.groups?.["name"] ?? [],
  );
  return unique([match.facts["name"] ?? "torchvision", ...named]);
}

const companion = /(?:[\\/]|lib_?|^)(?<name>torchaudio|torchvision|torchtext|torchcodec|torchao)(?:[\\/]|\b)/;

/** What xFormers was built for and what is installed, as its message says. */
function builtFor(match: Match): { readonly built?: string | undefined; readonly here?: string | undefined } {
  return { built: match.context.log.builtForTorch, here: match.context.log.installedTorch };
}

/** The tag of a companion's repository for the torch of the text. */
function tagFor(name: string, match: Match): string {
  const torch = torchThere(match) ?? match.context.log.torch;
  const known = name === "torchvision" || name === "torchaudio" ? companionTag(name, torch ?? "") : undefined;
  return known ?? "v<the release for that torch>";
}

export const companionPackageRules: readonly Rule[] = [
  {
    id: "companion-package-for-other-torch",
    title: "A companion package of torch is of another release",
    on: ["undefined-symbol", "load", "exception", "missing-library"],
    specificity: 90,
    matches: (finding, context) => {
      const where = `${finding.file ?? ""} ${finding.message}`;
      // Windows does not say which file it was: the traceback does.
      const running = context.log.runningModule ?? "";
      const name =
        companion.exec(where)?.groups?.["name"] ??
        (finding.kind === "load" && finding.library === undefined && finding.code === "dll-procedure"
          ? companion.exec(running)?.groups?.["name"]
          : undefined);
      if (finding.kind === "missing-library") {
        // A CUDA build of it, beside a torch without; what else a ROCm build lacks is another rule's.
        const asked = companion.exec(running)?.groups?.["name"];
        return asked !== undefined &&
          finding.phase === "load" &&
          finding.file === undefined &&
          context.log.torchBuild !== "rocm" &&
          /^lib(?:c10|torch)_(?:cuda|hip|xpu)\w*\.so/.test(finding.library ?? "")
          ? { name: asked }
          : undefined;
      }
      if (name === undefined) return undefined;
      if (finding.kind === "exception")
        return /operator \w+::\w+ does not exist|Could not load (?:this library|libtorchcodec)|Couldn't load custom C\+\+ ops/.test(
          finding.message,
        )
          ? { name }
          : undefined;
      if (finding.kind === "undefined-symbol")
        // A plain C name is of a library that a build of one's own was linked with (SoX, WavPack, FFmpeg).
        return finding.phase === "load" &&
          !/^(?!_Z|\?|_?Py|THP|aoti_|torch|cu[A-Z]|cuda|cudnn|cublas|nvrtc|nccl|hip)\w+$/.test(finding.symbol ?? "")
          ? { name }
          : undefined;
      return coded(finding, "dll-procedure", "dll-not-found", "dll") === undefined ? undefined : { name };
    },
    confidence: (match) => (unexplained(match) ? "medium" : "high"),
    cause: (match) => {
      const torch = match.context.environment?.torch;
      if (unexplained(match))
        return `torchcodec loads one of its libraries for each release of FFmpeg, and none did load; why stands in none of these lines. The two causes: FFmpeg's shared libraries are not there (no FFmpeg, a static build, its folder not on the search path), or torchcodec is for another release of torch${match.context.log.installedTorch === undefined ? "" : ` than ${match.context.log.installedTorch}`}.`;
      if (ffmpeg(match).length > 0)
        return `torchcodec loads FFmpeg's libraries from the system, and none of the releases that it was built for is found: it tried ${ffmpeg(match).join(", ")}. What is installed is no FFmpeg, an older or a newer one, or one without shared libraries. (torch and torchcodec may fit.)`;
      return `\`${match.facts["name"] ?? ""}\` is built for one release and one kind (CUDA version or CPU) of torch, and the installed torch${torch === undefined ? "" : ` (${torch.version})`} is another: one of the two was upgraded alone, or they come from two indexes.`;
    },
    fix: (match) => {
      if (unexplained(match)) return whichOfTwo(match);
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
      // The board's torch is NVIDIA's: what is not from there is compiled against it.
      if (match.context.log.jetson)
        return [
          `${python(match)} -m pip list | grep -i torch; cat /etc/nv_tegra_release   # torch is to stay as it is`,
          ...companions(match).flatMap((name) => [
            pip(match, `uninstall -y ${name}`),
            ...(name === "torchvision" ? ["sudo apt-get install libjpeg-dev zlib1g-dev libpng-dev"] : []),
            `git clone --recursive -b ${tagFor(name, match)} https://github.com/pytorch/${name.replace("torch", "")} && ${pip(match, `install --no-build-isolation --no-deps -v ./${name.replace("torch", "")}`)}`,
          ]),
          `# JetPack 6 has wheels: ${pip(match, `install --no-deps ${companions(match).join(" ")} --index-url https://pypi.jetson-ai-lab.io/jp6/cu126`)}`,
        ];
      return [
        `${python(match)} -m pip list | ${platformOf(match) === "win32" ? "findstr /i" : "grep -i"} torch`,
        ...userSite(match),
        ...(companions(match).includes("torchtext")
          ? [
              pip(match, 'install "torch==2.3.1" "torchvision==0.18.1" "torchaudio==2.3.1" "torchtext==0.18.0"') +
                "   # torchtext ended with 0.18, for torch 2.3",
              pip(match, "uninstall -y torchtext") + "   # or without it: few things still need it",
            ]
          : [...companionsAlone(match, companions(match)), installTogether(match, ...companions(match))]),
      ];
    },
    sources: [
      "pytorch/audio#2525",
      "pytorch/vision#8558",
      "pytorch/text#2250",
      "pytorch/audio: README.md",
      "meta-pytorch/torchcodec#637",
    ],
    examples: [
      {
        text: "[WARNING] - Error processing item: Could not load libtorchcodec. Likely causes:\n 2. The PyTorch version (2.9.0+cu130) is not compatible with\n[start of libtorchcodec loading traceback]\nFFmpeg version 7: Could not load this library: /e/lib/python3.11/site-packages/torchcodec/libtorchcodec_core7.so\n[end of libtorchcodec loading traceback].",
        expect: '"torchcodec==0.9.*"',
      },
      {
        text: "OSError: /e/lib/python3.8/dist-packages/torchaudio/lib/libtorchaudio.so: undefined symbol: _ZNK3c107SymBool10guard_boolEPKcl\nMy torch version is 1.13.1",
        expect: '"torchaudio==0.13.*"',
      },
      {
        text: "RuntimeError: Could not load libtorchcodec. Likely causes:\n[start of libtorchcodec loading traceback]\nlibavutil.so.59: cannot open shared object file: No such file or directory\nlibavutil.so.58: cannot open shared object file: No such file or directory\n[end of libtorchcodec loading traceback].",
        expect: 'conda install -y -c conda-forge "ffmpeg>=6,<8"',
      },
      {
        text: "RuntimeError: Could not load libtorchcodec. Likely causes:\n[start of libtorchcodec loading traceback]\nlibavutil.so.59: cannot open shared object file: No such file or directory\nlibavutil.so.57: cannot open shared object file: No such file or directory\n/e/lib/python3.10/site-packages/torchcodec/libtorchcodec4.so: cannot open shared object file: No such file or directory\n[end of libtorchcodec loading traceback].",
        expect: 'conda install -y -c conda-forge "ffmpeg>=5,<8"',
      },
      {
        text: "torch 2.6.0+cpu\nOSError: /e/site-packages/torchaudio/lib/libtorchaudio.so: undefined symbol: torch_library_impl",
        expect: "torch torchaudio --index-url https://download.pytorch.org/whl/cpu",
      },
      {
        text: "OSError: /e/site-packages/torchtext/lib/libtorchtext.so: undefined symbol: _ZNK5torch8autograd4Node4nameB5cxx11Ev",
        expect: "torchtext==0.18.0",
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
    confidence: (match) => (builtFor(match).built === undefined ? "medium" : "high"),
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
        ...(cpu && torch.length > 0 ? [] : xformersFor(match, here)),
        ...(cpu || torch.length === 0 ? [] : torch.map((line) => `# or: ${line}`)),
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
        /Detected that PyTorch and (?<package>\w+) were compiled with different CUDA.*?(?:PyTorch has CUDA [Vv]ersion[= ](?<torch>[\d.]*\d).*?CUDA [Vv]ersion[= ](?<other>[\d.]*\d)|$)/s,
      ),
    confidence: "high",
    cause: (match) =>
      `${match.context.log.ownBuilder === undefined ? "The wheel of " : ""}\`${match.facts["package"] ?? "the package"}\` is for another CUDA version${match.facts["other"] === undefined ? "" : ` (${match.facts["other"]})`} than the installed torch${match.facts["torch"] === undefined ? "" : ` (${match.facts["torch"]})`}.${match.context.log.ownBuilder === undefined ? "" : " It was compiled with the nvcc that its build found first (CUDA_HOME, then PATH), not with that of torch's CUDA."}`,
    fix: (match) => [
      `${python(match)} -c "import torch; print(torch.__version__, torch.version.cuda)"`,
      ...(/^torch(?:vision|audio)$/i.test(match.facts["package"] ?? "")
        ? [installTogetherFor(match, match.facts["torch"], (match.facts["package"] ?? "torchvision").toLowerCase())]
        : originOf((match.facts["package"] ?? "").replaceAll("_", "-")) === undefined
          ? [
              pip(
                match,
                `install --force-reinstall --no-cache-dir --no-deps --no-build-isolation ${(match.facts["package"] ?? "").replaceAll("_", "-")}`,
              ),
            ]
          : reinstall(match, (match.facts["package"] ?? "").replaceAll("_", "-"))),
    ],
    sources: ["pytorch/vision: torchvision/extension.py", "spack/spack#18474"],
    examples: [
      {
        text: "RuntimeError: Detected that PyTorch and torchvision were compiled with different CUDA major versions. PyTorch has CUDA Version=12.1 and torchvision has CUDA Version=11.8. Please reinstall the torchvision that matches your PyTorch install.",
        expect: "cu121",
      },
      {
        text: "RuntimeError: Detected that PyTorch and torch_scatter were compiled with different CUDA versions.",
        expect: "torch-scatter",
      },
      {
        text: "$ module load cuda/11.4\n$ spack install py-torchvision^py-torch+cuda\n[+] /opt/spack/opt/spack/linux-rhel8-x86_64/gcc-8.5.0/py-torch-1.13.1-abcd\n==> Installing py-torchvision-0.14.1-c4wdmwf\n/tmp/spack-stage/spack-stage-py-torchvision-0.14.1-c4wdmwf/spack-src\n==> py-torchvision: Successfully installed py-torchvision\n>>> import torchvision\nRuntimeError: Detected that PyTorch and torchvision were compiled with different CUDA versions. PyTorch has CUDA Version=11.8 and torchvision has CUDA Version=11.4. Please reinstall the torchvision that matches your PyTorch install.",
        expect: "export CUDA_HOME=$(spack location -i cuda@11.8)",
      },
    ],
  },
];
