/** bitsandbytes: the libraries that its wheels and checkouts have for CUDA, ROCm and the CPU. */
import { pip, platformOf, python } from "../commands/commands.ts";
import { bounded } from "../commands/rebuild-commands.ts";
import { coded, type Match, type Rule, said } from "../rule.ts";

/** Whether bitsandbytes is asked for AMD GPUs. */
function onAmd(match: Match): boolean {
  return (
    match.context.log.amd ||
    match.context.findings.some((finding) =>
      /rocm|ROCm|hip_bfloat16|_hip\b/.test(`${finding.text} ${finding.library ?? ""}`),
    )
  );
}

/** A checkout of bitsandbytes without any of its libraries. */
function uncompiled({ context }: Match): boolean {
  return context.findings.some(({ text }) =>
    /(?<!(?:site|dist)-packages)[\\/]bitsandbytes[\\/]libbitsandbytes_cpu\.(?:so|dll)\b.*(?:No such file|could not find module)/i.test(
      text,
    ),
  );
}

/**
 * The ROCm whose library is looked for, where its number was counted as `major * 10 + minor`: 84 of ROCm 7.14. Source:
 * bitsandbytes#1890 and #2014; mended by #1980, which is in 0.50.
 */
function miscounted({ finding, context }: Match): string | undefined {
  const number = Number(/libbitsandbytes_rocm(\d{2})\.so/.exec(`${finding.text} ${finding.library ?? ""}`)?.[1]);
  if (!(number >= 80)) return undefined;
  const told = context.findings.some(({ text }) => text.includes(`7.${number - 70}`));
  return number < 90 || told ? `7.${number - 70}` : undefined;
}

/** The driver's library was not found. */
function withoutDriver({ context }: Match): boolean {
  return context.findings.some(({ text, message }) =>
    /libcuda\.so not found|No GPU detected/.test(`${text} ${message}`),
  );
}

/** The text's own build of bitsandbytes for AMD's GPUs: its library has the right number. */
function compiledForAmd({ context: { log } }: Match): boolean {
  return log.typed.some(({ line }) => /-DCOMPUTE_BACKEND=hip\b/.test(line));
}

export const bitsandbytesRules: readonly Rule[] = [
  {
    id: "bitsandbytes-of-linux",
    title: "A bitsandbytes from before its Windows wheels",
    on: ["exception", "load"],
    specificity: 88,
    matches: (finding, context) =>
      coded(finding, "bitsandbytes-of-linux") ??
      // It loads Linux's libbitsandbytes_cpu.so, which is no program for Windows.
      (/WinError 193/.test(finding.text) &&
      context.findings.some(({ text }) => /CUDA[_ ]SETUP|libbitsandbytes_\w+\.so/.test(text))
        ? {}
        : undefined),
    confidence: "high",
    cause: () =>
      "This release of bitsandbytes is older than 0.43, the first with libraries for Windows: it looks for Linux's libcudart.so and /usr/local/cuda, and no setting, link or copied file of CUDA mends that.",
    fix: (match) => [
      pip(match, "uninstall -y bitsandbytes bitsandbytes-windows"),
      pip(match, 'install "bitsandbytes>=0.43.0"'),
      `${python(match)} -m bitsandbytes   # says SUCCESS; ${python(match)} -c "import torch; print(torch.version.cuda)" must not say None`,
      "# a Python or a program that holds it at an older release: a newer release of that program, or WSL2",
    ],
    sources: ["bitsandbytes-foundation/bitsandbytes#1043", "bmaltais/kohya_ss#2041"],
    examples: [
      {
        text: "CUDA_SETUP: WARNING! libcudart.so not found in any environmental path. Searching in backup paths...\nThe following directories listed in your path were found to be non-existent: {WindowsPath('/usr/local/cuda/lib64')}\nargument of type 'WindowsPath' is not iterable",
        expect: "bitsandbytes>=0.43.0",
      },
      {
        text: "CUDA SETUP: Loading binary C:\\P\\site-packages\\bitsandbytes\\libbitsandbytes_cpu.so...\n[WinError 193] %1 is not a valid Win32 application\nCUDA SETUP: Problem: The main issue seems to be that the main CUDA library was not detected.",
        expect: "bitsandbytes>=0.43.0",
      },
      {
        text: "NameError: name 'CUDA_RUNTIME_LIB' is not defined. Did you mean: 'CUDA_RUNTIME_LIBS'?",
        expect: "bitsandbytes>=0.43.0",
      },
    ],
  },
  {
    id: "bitsandbytes-setup",
    title: "bitsandbytes finds no CUDA library for this environment",
    on: ["exception", "missing-library", "undefined-symbol", "load"],
    specificity: 82,
    matches: (finding) =>
      coded(finding, "bitsandbytes") ??
      (/libs?bitsandbytes_/.test(`${finding.library ?? ""} ${finding.file ?? ""}`) ? {} : undefined) ??
      said(
        finding,
        /Could not (?:find|load) the? ?bitsandbytes|libs?bitsandbytes_\w+\.(?:so|dll)|name 'str2optimizer\w+' is not defined|has no attribute 'cget_managed_ptr'|\bcadam32bit_grad_fp32\b/,
      ),
    confidence: "medium",
    cause: (match) =>
      miscounted(match) !== undefined
        ? `torch is for ROCm ${miscounted(match) ?? ""}, and this release of bitsandbytes makes the name of its library out of 10 times 7 and the rest: it looks for a ROCm that does not exist. From 0.50 on it reads the number right, and takes the nearest library that it has.`
        : onAmd(match)
          ? "bitsandbytes looks for a library for the ROCm of torch (torch.version.hip), libbitsandbytes_rocm<version>.so, and it is not there or does not fit: it was built against another ROCm than torch's (or for none: its older releases have CUDA alone), or its build left kernels out. It then goes on with a library that has no GPU functions."
          : uncompiled(match)
            ? "A checkout of bitsandbytes is imported, which was not compiled: the libraries beside its sources are missing, that for the CPU included, which every wheel has."
            : "bitsandbytes looks for a ready-made library for torch's CUDA version and for CUDA's run time, and finds one of them not: its release has none for this CUDA (or for Windows, or this processor), torch is a CPU build, or it was installed from a clone without being compiled. It then goes on with a library that has no GPU functions.",
    fix: (match) =>
      miscounted(match) !== undefined
        ? [
            ...(compiledForAmd(match)
              ? [
                  `sed -i.bak 's/{major \\* 10 + minor}/{major}{minor}/' $(${python(match)} -c "import importlib.util as u; print(u.find_spec('bitsandbytes').submodule_search_locations[0])")/cuda_specs.py   # it then looks for the library that you have compiled, libbitsandbytes_rocm${(miscounted(match) ?? "").replace(".", "")}.so`,
                  `${python(match)} -m bitsandbytes`,
                  "# or a release that reads it right; its wheel has kernels for the usual GPUs:",
                ]
              : []),
            pip(match, 'install --upgrade --no-deps "bitsandbytes>=0.50"'),
            `ls $(${python(match)} -c "import importlib.util as u; print(u.find_spec('bitsandbytes').submodule_search_locations[0])")/libbitsandbytes_rocm*   # the libraries that it has`,
            "# held at an older release: export BNB_ROCM_VERSION=<the highest number of them, 72 for ROCm 7.2>   (BNB_CUDA_VERSION before 0.50), in the shell that starts the program",
          ]
        : onAmd(match)
          ? [
              `${python(match)} -c "import torch; print(torch.__version__, torch.version.hip)"; ls /opt/rocm/.info/version; ls $(${python(match)} -c "import importlib.util as u; print(u.find_spec('bitsandbytes').submodule_search_locations[0])")   # one ROCm, in torch and in the library's name?`,
              pip(match, "install --upgrade --force-reinstall --no-deps bitsandbytes") +
                "   # from 0.50 on the wheels have ROCm, too",
              "# or from source against torch's ROCm: git clone https://github.com/bitsandbytes-foundation/bitsandbytes && cd bitsandbytes && rm -rf build && cmake -DCOMPUTE_BACKEND=hip -DBNB_ROCM_ARCH=$(rocminfo | grep -o -m1 'gfx[0-9a-f]*') -S . -B build && cmake --build build && pip install --no-deps .",
              "# a library of another number than it looks for: export BNB_ROCM_VERSION=<its number, 71 for ROCm 7.1>   (BNB_CUDA_VERSION in older releases), or a link of that name",
            ]
          : [
              ...(uncompiled(match)
                ? [
                    `cd ~ && ${python(match)} -c "import bitsandbytes; print(bitsandbytes.__file__)"   # outside of the checkout: the installed one, when there is one`,
                    "# or compile the checkout, in its folder: cmake -DCOMPUTE_BACKEND=cuda -S . && make && pip install -e .",
                  ]
                : []),
              ...(match.context.log.wsl && withoutDriver(match)
                ? [
                    "export LD_LIBRARY_PATH=/usr/lib/wsl/lib:$LD_LIBRARY_PATH   # WSL's libcuda.so is Windows' driver, and lies there; no driver of Linux is installed within WSL",
                  ]
                : []),
              pip(match, `install --upgrade --force-reinstall --no-deps ${bounded(match, "bitsandbytes")}`),
              `${python(match)} -m bitsandbytes; ${python(match)} -c "import torch; print(torch.__version__, torch.version.cuda)"   # None: a torch without CUDA`,
              "# a CUDA that its wheel does not have: git clone https://github.com/bitsandbytes-foundation/bitsandbytes && cd bitsandbytes && cmake -DCOMPUTE_BACKEND=cuda -S . && make && pip install .",
              platformOf(match) === "win32"
                ? "# or another library of the wheel: set BNB_CUDA_VERSION=126   (libbitsandbytes_cuda126.dll in its folder)"
                : "# or another library of the wheel: export BNB_CUDA_VERSION=126 LD_LIBRARY_PATH=/usr/local/cuda/lib64",
            ],
    sources: [
      "https://huggingface.co/docs/bitsandbytes/installation",
      "bitsandbytes-foundation/bitsandbytes#1890",
      "bitsandbytes-foundation/bitsandbytes#1889",
    ],
    examples: [
      {
        text: "CUDA Setup failed despite CUDA being available. Please run the following command to get more information:\nPyTorch version: 2.1.0+cu121",
        expect: '--no-deps "bitsandbytes<0.46"',
      },
      {
        text: "RuntimeError: Configured ROCm binary not found at /e/lib/python3.12/site-packages/bitsandbytes/libbitsandbytes_rocm84.so",
        expect: "ROCm 7.14",
      },
      {
        text: "$ cmake -DCOMPUTE_BACKEND=hip -DBNB_ROCM_ARCH=gfx1151 -S . && make -j16 && pip install -q .\n[100%] Built target bitsandbytes\nRuntimeError: Configured ROCm binary not found at /e/lib/python3.12/site-packages/bitsandbytes/libbitsandbytes_rocm82.so",
        expect: "{major}{minor}",
      },
      {
        text: "Could not find the bitsandbytes CUDA binary at PosixPath('/src/bitsandbytes/bitsandbytes/libbitsandbytes_cuda121.so')\nCould not load bitsandbytes native library: /src/bitsandbytes/bitsandbytes/libbitsandbytes_cpu.so: cannot open shared object file: No such file or directory",
        expect: "make && pip install -e .",
      },
      {
        text: "RuntimeError: CUDA Setup failed despite GPU being available. Please run the following command to get more information:",
        expect: "bitsandbytes",
      },
      {
        text: "AttributeError: /e/site-packages/bitsandbytes/libbitsandbytes_cpu.so: undefined symbol: cadam32bit_grad_fp32",
        expect: "no GPU functions",
      },
      { text: "NameError: name 'str2optimizer32bit' is not defined", expect: "bitsandbytes" },
    ],
  },
];
