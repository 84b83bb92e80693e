/** Packages of which each release is made for one torch, and whose names on PyPI lead elsewhere: FBGEMM, k2. */
import { pip, platformOf, python, pythonVersion, torchAtHand, torchCuda, torchIndex } from "../commands/commands.ts";
import { type Match, type Rule, said, saidAny } from "../rule.ts";
import { fbgemmFor } from "../tables/version-facts.ts";

/** k2's wheels of one kind: each is named for a torch and a CUDA. */
function k2Page(match: Match): string {
  if (platformOf(match) !== "linux") return "<page of the list>";
  return match.context.log.torchBuild === "cpu" ? "cpu.html" : "cuda.html";
}

/** CUDA of a torch's version: `10.2` of `1.10.0+cu102`. */
function cudaOfTag(version: string | undefined): string | undefined {
  const [, major, minor] = /\+cu(\d{1,2})(\d)$/.exec(version ?? "") ?? [];
  return major === undefined ? undefined : `${major}.${minor ?? "0"}`;
}

/**
 * Installs the newest wheel of the page for a torch, a CUDA and a Python. Its version holds a date, which nobody has in mind: the
 * page tells. What the wheels are called: k2-fsa.github.io/k2/installation/from_wheels.html.
 */
function newestWheel(match: Match, page: string, kind: string, torch: string | undefined, unsure: boolean): string[] {
  const python3 =
    pythonVersion(match)?.replace(".", "") ??
    `'$(${python(match)} -c "import sys; print('%d%d' % sys.version_info[:2])")'`;
  if (torch === undefined || unsure || page.startsWith("<"))
    return [
      pip(
        match,
        `install "k2==<version>+${kind}.torch${torch ?? "<torch.__version__>"}" -f https://k2-fsa.github.io/k2/${page}   # the newest of the page for this torch and Python`,
      ),
    ];
  const name = `${`${kind}.torch${torch}`.replaceAll(".", "\\.")}-cp${python3}-`;
  return [
    pip(
      match,
      `install "$(curl -sL https://k2-fsa.github.io/k2/${page} | grep -oE 'https://[^"<> ]*${name}[^"<> ]*linux[^"<> ]*\\.whl' | sort -V | tail -n 1)"   # the newest of the page for torch ${torch}, this ${kind === "cpu" ? "" : "CUDA "}and Python; nothing found: build k2 from source`,
    ),
  ];
}

export const packageByReleaseRules: readonly Rule[] = [
  {
    id: "fbgemm-for-other-torch",
    title: "FBGEMM is of another release than torch, or of another kind",
    on: ["undefined-symbol", "exception", "missing-library"],
    specificity: 93,
    matches: (finding) => {
      if (finding.kind === "undefined-symbol")
        return finding.phase === "load" && /fbgemm_gpu\w*\.so$/.test(finding.file ?? "")
          ? { name: finding.symbol }
          : undefined;
      if (finding.kind === "missing-library")
        return /fbgemm_gpu/.test(finding.file ?? finding.text) ? { library: finding.library } : undefined;
      return saidAny(
        finding,
        /File fbgemm_gpu_py\.so not found/,
        /'_OpNamespace' 'fbgemm' object has no attribute '(?<operator>\w+)'/,
        /[Nn]o such operator fbgemm::(?<operator2>\w+)|operator fbgemm::(?<operator3>\w+) does not exist/,
      );
    },
    confidence: "high",
    cause: (match) => {
      const torch = torchAtHand(match)?.version;
      const release = fbgemmFor(torch);
      return `FBGEMM's library ${match.facts["operator"] === undefined ? "does not load" : `was not loaded, so torch.ops.fbgemm.${match.facts["operator"]} is unknown`}: each release of fbgemm-gpu is made for one release of torch and one CUDA${release === undefined ? "" : ` (${release} for torch ${/^\d+\.\d+/.exec(torch ?? "")?.[0] ?? ""})`}, and fbgemm-gpu-cpu for a torch without CUDA.`;
    },
    fix: (match) => {
      const release = fbgemmFor(torchAtHand(match)?.version);
      const index = torchIndex(match);
      const known =
        match.context.log.torchBuild !== undefined || torchCuda(match) !== undefined
          ? ` --index-url https://download.pytorch.org/whl/${index}`
          : (match.context.log.options ?? [])
              .filter((option) => /^--(?:extra-)?index-url /.test(option))
              .map((option) => ` ${option}`)
              .join("");
      // TorchRec bears FBGEMM's numbers: 0.2 with 0.2 (torchrec#557), 0.8 with 0.8 (FBGEMM#2938).
      const rec =
        release === undefined || match.context.log.versions["torchrec"] === undefined
          ? ""
          : ` "torchrec==${release}.*"`;
      return [
        ...(release === undefined
          ? [
              `${python(match)} -c "import torch; print(torch.__version__, torch.version.cuda)"   # torch 2.4: fbgemm-gpu 0.8, 2.5: 1.0, 2.6: 1.1, 2.7: 1.2, 2.8: 1.3, 2.9: 1.4, 2.10: 1.5; a nightly goes with a nightly`,
            ]
          : []),
        pip(match, "uninstall -y fbgemm-gpu fbgemm-gpu-cpu fbgemm-gpu-nightly fbgemm-gpu-nightly-cpu"),
        pip(
          match,
          `install --no-deps "fbgemm-gpu==${release ?? "<release>"}.*"${rec}${known}${rec === "" ? "   # torchrec of the same number" : ""}`,
        ),
      ];
    },
    sources: [
      "https://docs.pytorch.org/FBGEMM/general/Releases.html",
      "pytorch/FBGEMM#2715",
      "meta-pytorch/torchrec#557",
    ],
    examples: [
      {
        text: "torch 2.4.0+cu121\n/e/lib/python3.10/site-packages/fbgemm_gpu/fbgemm_gpu_py.so: undefined symbol: _ZNK5torch8autograd4Node4nameEv",
        expect: "fbgemm-gpu==0.8.*",
      },
      { text: "File fbgemm_gpu_py.so not found", expect: "torch 2.4: fbgemm-gpu 0.8" },
      {
        text: "AttributeError: '_OpNamespace' 'fbgemm' object has no attribute 'jagged_2d_to_dense'",
        expect: "torch.ops.fbgemm.jagged_2d_to_dense",
      },
    ],
  },
  {
    id: "k2-for-other-torch",
    title: "k2 is of another torch, or the one of PyPI",
    on: ["undefined-symbol", "exception"],
    specificity: 93,
    matches: (finding, context) => {
      if (finding.kind === "undefined-symbol")
        return finding.phase === "load" && /[\\/](?:_k2\.|libk2\w*\.so|k2[\\/])/.test(finding.file ?? "")
          ? { symbol: finding.symbol }
          : undefined;
      const differ =
        saidAny(
          finding,
          /k2 was (?:built|compiled) using PyTorch (?<built>\d[\w.+]*\w)(?:.*But you are using PyTorch (?<here>\d[\w.+]*\w))?/s,
        ) ?? undefined;
      if (differ !== undefined) return { ...differ, symbol: "yes" };
      // A title's guess, where the traceback below says what is missing.
      if (context.findings.some(({ kind }) => kind === "missing-library")) return undefined;
      return said(finding, /No module named ['"]_k2['"]/);
    },
    confidence: "high",
    cause: (match) =>
      match.facts["built"] !== undefined
        ? `k2 was compiled for torch ${match.facts["built"]}, and ${match.facts["here"] === undefined ? "another torch" : `torch ${match.facts["here"]}`} is imported: each build of k2 is for one torch and one CUDA.`
        : match.facts["symbol"] === undefined
          ? "k2's Python files are there and its compiled module `_k2` is not: PyPI's k2 is an old one for one torch and one Python (newer Pythons get its files without the module). k2's own wheels are on its pages, one for each torch, CUDA and Python."
          : "`_k2` was compiled for another torch than the one that is imported: k2's wheels bear the torch and the CUDA that they are for in their version, and a build from source keeps the torch that CMake found in build/ (another environment's, or the one from before an upgrade).",
    fix: (match) => {
      const here = match.facts["here"];
      const torch = /^\d+\.\d+\.\d+/.exec(here ?? torchAtHand(match)?.version ?? "")?.[0];
      const cuda = cudaOfTag(here) ?? torchCuda(match);
      const page = k2Page(match);
      const kind = page === "cuda.html" ? `cuda${cuda ?? "<torch.version.cuda>"}` : "cpu";
      const own = /^(?!.*(?:site|dist)-packages)(.*[\\/]build)[\\/]lib[\\/]/.exec(match.finding.file ?? "")?.[1];
      if (own !== undefined && match.context.log.condaAsked?.includes("k2") === true)
        return [
          `echo $PYTHONPATH   # ${own}/lib is in it: a build of one's own, for another torch, hides the k2 that conda has installed`,
          "unset PYTHONPATH   # here and in ~/.bashrc, path.sh; then conda's k2 is imported",
          `# or that build again, for this torch: rm -rf ${own}, then cmake and make in it as before`,
        ];
      return [
        ...(torch === undefined || (page === "cuda.html" && cuda === undefined)
          ? [`${python(match)} -c "import torch; print(torch.__version__, torch.version.cuda)"`]
          : []),
        pip(match, "uninstall -y k2"),
        ...(page.startsWith("<")
          ? ["# the pages for this system: https://k2-fsa.github.io/k2/installation/from_wheels.html"]
          : []),
        ...newestWheel(match, page, kind, torch, page === "cuda.html" && cuda === undefined),
        ...(match.facts["symbol"] === undefined
          ? []
          : [
              "# built from source: rm -rf build, then again with this environment's Python and torch (K2_CMAKE_ARGS, -DPYTHON_EXECUTABLE)",
            ]),
      ];
    },
    sources: ["https://k2-fsa.github.io/k2/installation/from_wheels.html", "k2-fsa/k2#1011", "k2-fsa/k2#409"],
    examples: [
      { text: "ModuleNotFoundError: No module named '_k2'", expect: "k2-fsa.github.io/k2/cuda.html" },
      {
        text: "ImportError: k2 was built using PyTorch 1.11.0+cu102\nBut you are using PyTorch 1.10.0+cu102 to run it",
        expect: "k2 was compiled for torch 1.11.0+cu102, and torch 1.10.0+cu102 is imported",
      },
      {
        text: "torch 1.12.1+cu113\nImportError: /e/lib/python3.8/site-packages/_k2.cpython-38-x86_64-linux-gnu.so: undefined symbol: _ZNK3c1010TensorImpl36is_contiguous_nondefault_policy_implENS_12MemoryFormatE",
        expect: "cuda11\\.3\\.torch1\\.12\\.1-cp38-",
      },
    ],
  },
];
