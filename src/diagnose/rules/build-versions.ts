/** Setup scripts that ask for a version or a setting and get none. */
import { installTorchFor, pip, platformOf, setVariable, wordsToBuild } from "../commands/commands.ts";
import { type Rule, said } from "../rule.ts";

export const buildVersionRules: readonly Rule[] = [
  {
    id: "setup-setting-is-none",
    title: "The setup script takes something apart that is not there (None)",
    on: ["exception"],
    specificity: 52,
    matches: (finding) => {
      const facts = said(
        finding,
        /^'NoneType' object has no attribute '(?<name>split|strip|group|groups|decode|replace|startswith|rsplit|lower|splitlines|find|endswith)'/,
      );
      if (facts === undefined) return undefined;
      const frames = (finding.frames ?? []).slice(-4).join(" ");
      // The error is in the innermost frame; what it takes apart is named there.
      if (/default_cuda_version|torch\.version|torch_cuda|TORCH_CUDA\b/i.test(finding.frames?.at(-1) ?? ""))
        return { ...facts, of: "torch" };
      if (/nvcc|_run_cc|cuda_home|CUDA_HOME|get_cuda|cuda_version|bare_metal/i.test(frames))
        return { ...facts, of: "nvcc" };
      if (/get_config_vars?\b|\bopt\.split|\bcfg_vars|\bOPT\b/.test(frames)) return { ...facts, of: "sysconfig" };
      if (/\bgit\b|get_version|versioneer|__version__|re\.(?:search|match)/.test(frames) && /setup\.py/.test(frames))
        return { ...facts, of: "version" };
      if (/setup\.py|build_meta|cpp_extension/.test(frames)) return facts;
      // Without a traceback it may be anybody's.
      return frames === "" && finding.message.length < 80 ? { ...facts, bare: "yes" } : undefined;
    },
    confidence: (match) =>
      match.facts["bare"] !== undefined ? "low" : match.facts["of"] === undefined ? "medium" : "high",
    cause: (match) =>
      ({
        torch:
          "The script takes torch.version.cuda (or a CUDA version that it derives from it) apart, and it is None: the torch that is found while building is a CPU-only build, or pip's build isolation fetched one.",
        nvcc: "The script asks nvcc for its version and gets nothing: nvcc is not on PATH and CUDA_HOME is not set (or there is no CUDA toolkit).",
        sysconfig:
          "The script cleans the flags that Python was built with (sysconfig's OPT, CFLAGS), and Python on Windows has none: it was written for Linux.",
        version:
          "The script looks for a version in a file or in git and finds none: the sources are incomplete (a download without git's history), or that file has another form.",
      })[match.facts["of"] ?? ""] ??
      "The script expects an answer of a program or of torch and gets None. Usual are: nvcc is not found (no CUDA_HOME), torch is a CPU build (torch.version.cuda is None), or git finds no history.",
    fix: (match) =>
      match.facts["of"] === "sysconfig"
        ? [
            '# in setup.py: opt = sysconfig.get_config_var("OPT") or ""; the lines that take -Wstrict-prototypes out are of no use on Windows',
            "# or build in WSL",
          ]
        : match.facts["of"] === "version"
          ? ["git clone --recursive <the repository>   # instead of an archive, then install from there"]
          : match.facts["of"] === "torch" && platformOf(match) === "darwin"
            ? [
                "# torch for macOS has no CUDA: a part for NVIDIA GPUs is built and run on Linux or Windows",
                `BUILD_CUDA_EXT=0 ${pip(match, `install --no-build-isolation -v ${wordsToBuild(match)}`)}   # auto-gptq and its like; others have a switch of their own (FORCE_CUDA=0), or none`,
              ]
            : match.facts["of"] === "torch"
              ? [
                  'python -c "import torch; print(torch.__version__, torch.version.cuda)"   # None: a torch without CUDA',
                  installTorchFor(match, match.context.log.cuda ?? "12.8"),
                  pip(match, `install --no-build-isolation -v ${wordsToBuild(match)}`),
                ]
              : [
                  platformOf(match) === "win32"
                    ? "where nvcc & nvcc --version"
                    : "which nvcc; nvcc --version; echo $CUDA_HOME",
                  setVariable(match, "CUDA_HOME", platformOf(match) === "win32" ? "%CUDA_PATH%" : "/usr/local/cuda"),
                  ...(platformOf(match) === "win32" ? [] : ["export PATH=$CUDA_HOME/bin:$PATH"]),
                  'python -c "import torch; print(torch.__version__, torch.version.cuda)"   # None: a torch without CUDA',
                  pip(match, `install --no-build-isolation -v ${wordsToBuild(match)}`),
                ],
    sources: ["Pointcept/Pointcept#57", "cupy/cupy#4321", "DeMoriarty/custom_matmul_kernels#3"],
    examples: [
      {
        text: "Traceback (most recent call last):\n  File \"/e/cupy/cuda/compiler.py\", line 48, in _get_nvcc_version\n    _nvcc_version = _run_cc(cmd, None, \"nvcc\").split()\nAttributeError: 'NoneType' object has no attribute 'split'",
        expect: "CUDA_HOME",
      },
      {
        text: "Traceback (most recent call last):\n  File \"setup.py\", line 8, in <module>\n    flag for flag in opt.split() if flag != '-Wstrict-prototypes'\nAttributeError: 'NoneType' object has no attribute 'split'",
        expect: "Windows",
      },
      {
        text: '  File "/private/var/folders/gx/T/pip-install-2t/my-ops_3c/setup.py", line 58, in <module>\n    CUDA_VERSION = "".join(os.environ.get("CUDA_VERSION", default_cuda_version).split("."))\nAttributeError: \'NoneType\' object has no attribute \'split\'',
        expect: "BUILD_CUDA_EXT=0",
      },
      { text: "AttributeError: 'NoneType' object has no attribute 'split'", expect: "nvcc" },
    ],
  },
];
