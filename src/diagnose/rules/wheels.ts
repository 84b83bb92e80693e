/** Making a built wheel fit for others: auditwheel, delocate and delvewheel (what cibuildwheel runs at its end). */
import { python } from "../commands/commands.ts";
import { type Match, type Rule, said, saidAny } from "../rule.ts";

/** Torch's libraries, which stay outside of a wheel: whoever imports it has imported torch before. */
const torchLibraries = ["torch", "torch_cpu", "torch_python", "torch_cuda", "c10", "c10_cuda"];

/** CUDA's, whose names bear the number of their release. They come with torch. Source: the packages that PyPI's torch asks for. */
const cudaLibraries = [
  "cuda",
  "cudart",
  "cudnn",
  "cublas",
  "cufft",
  "cupti",
  "curand",
  "cusolver",
  "cusparse",
  "nccl",
  "nv",
];

/** Whether the library is one that torch or its packages bring. */
function ofTorch(library: string): boolean {
  return /^(?:lib)?(?:torch|c10|cuda\.|cudart|cublas|cudnn|cupti|nvJitLink|nvshmem|nccl|cusparse|cufft|curand|cusolver|nvrtc|nvToolsExt|caffe2)/i.test(
    library,
  );
}

/** delocate names the libraries in lines of their own, and torch's before others. */
function libraryOf(match: Match): string | undefined {
  const named = match.context.log.notLocated ?? [];
  return match.facts["library"] ?? named.find(ofTorch) ?? named[0];
}

/** The script that ran when the tool stopped: `bash packaging/post_build_script.sh`. */
function callingScript({ finding, context: { log } }: Match): string | undefined {
  const last = log.typed.findLast(({ at, shell }) => at < finding.at && shell !== "sentence");
  const script = last?.kind === "script" ? /(?:^|\s)((?!-)[\w./-]+\.sh)\b/.exec(last.line)?.[1] : undefined;
  return script?.startsWith("/tmp/") === true ? undefined : script;
}

function repair(match: Match): string {
  const words = match.finding.message + match.finding.text;
  const dylibs = [
    ...new Set([
      ...torchLibraries.map((name) => `--exclude lib${name}.dylib`),
      ...(match.context.log.notLocated ?? []).map((name) => `--exclude ${name}`),
    ]),
  ].join(" ");
  if (/delocate|@rpath|\.dylib|Could not find all dependencies/i.test(words))
    return match.context.log.cibuildwheel
      ? `export CIBW_REPAIR_WHEEL_COMMAND_MACOS="delocate-wheel --require-archs {delocate_archs} ${dylibs} -w {dest_dir} -v {wheel}"   # pyproject.toml: [tool.cibuildwheel.macos] repair-wheel-command`
      : `delocate-wheel -w wheelhouse -v ${dylibs} dist/*.whl`;
  if (/\.dll|delvewheel/i.test(words))
    return match.context.log.cibuildwheel
      ? `set CIBW_REPAIR_WHEEL_COMMAND_WINDOWS=delvewheel repair --exclude "${torchLibraries.map((name) => `${name}.dll`).join(";")}" -w {dest_dir} {wheel}   # pyproject.toml: [tool.cibuildwheel.windows] repair-wheel-command, before-build = "pip install delvewheel"`
      : `delvewheel repair -w wheelhouse --exclude "${torchLibraries.map((name) => `${name}.dll`).join(";")}" dist\\*.whl`;
  const { auditwheel = [] } = match.context.log;
  const there = auditwheel.filter((word) => !/^--exclude|^(?:-w|--wheel-dir)\b/.test(word));
  const excluded = auditwheel.filter((word) => word.startsWith("--exclude"));
  const wanted = [
    ...torchLibraries.map((name) => `--exclude lib${name}.so`),
    ...cudaLibraries.map((name) => `--exclude 'lib${name}*'`),
  ];
  const options = [...there, ...excluded, ...wanted.filter((word) => !excluded.includes(word))].join(" ");
  const script = callingScript(match);
  if (script !== undefined && !match.context.log.cibuildwheel) {
    const library = match.facts["library"] ?? "";
    const added = [...new Set([`--exclude ${library}`, ...wanted.filter((word) => !excluded.includes(word))])]
      .join(" ")
      .replaceAll("'", '"');
    return `sed -i.bak -E 's/auditwheel repair( |$)/auditwheel repair ${added}\\1/' ${script}   # the script that calls it; patterns: auditwheel 6, and the library by its whole name for an older one`;
  }
  // What cibuildwheel runs is set by its own variable.
  return match.context.log.cibuildwheel
    ? `export CIBW_REPAIR_WHEEL_COMMAND_LINUX="auditwheel repair ${options} -w {dest_dir} {wheel}"   # pyproject.toml: [tool.cibuildwheel.linux] repair-wheel-command; patterns: auditwheel 6`
    : `auditwheel repair ${options} -w wheelhouse dist/*.whl   # patterns: auditwheel 6`;
}

/** The Python and the processor that a wheel is named for: `3.11`, `x86_64`. */
function ofWheel(name: string): readonly (string | undefined)[] {
  const [, minor, processor] = /-cp3(\d+)-\w+-\w*?(x86_64|aarch64)\.whl$/.exec(name) ?? [];
  return [name, minor === undefined ? undefined : `3.${minor}`, processor];
}

/** The repair command of the text names the old tag itself: the image alone would change nothing. */
function newTag({ context: { log } }: Match, platform: string): string[] {
  const options = log.auditwheel ?? [];
  if (!options.some((each) => /^--plat[ =]/.test(each))) return [];
  const kept = options.filter((each) => !/^--plat[ =]/.test(each)).map((each) => ` ${each}`);
  return [
    `export CIBW_REPAIR_WHEEL_COMMAND_LINUX="auditwheel repair${kept.join("")} --plat ${platform} -w {dest_dir} {wheel}"   # the command named the old tag (pyproject.toml: repair-wheel-command)`,
  ];
}

export const wheelRules: readonly Rule[] = [
  {
    id: "wheel-library-not-located",
    title: "The tool that repairs wheels does not find a library",
    on: ["exception", "installer"],
    specificity: 82,
    matches: (finding) =>
      saidAny(
        finding,
        /Cannot repair wheel, because required library ["'](?<library>[^"']+)["'] could not be located/,
        /Could not find all dependencies\.?\s*(?:@(?:rpath|loader_path)\/)?(?<library>\S+\.dylib)?/,
        /Unable to find library:? ["']?(?<library>[\w.-]+\.dll)/,
      ),
    confidence: "high",
    cause: (match) => {
      const library = libraryOf(match) ?? "a library";
      return ofTorch(library)
        ? `\`${library}\` is torch's (or CUDA's), and the tool wants to copy it into the wheel. It has to stay outside: a second copy of torch's libraries would not work beside the first, and torch is imported before the extension anyway.`
        : `The wheel needs \`${library}\`, which lies in no folder that the tool searches, so that it cannot be copied into the wheel.`;
    },
    fix: (match) => [
      ...(ofTorch(libraryOf(match) ?? "libtorch")
        ? [repair(match)]
        : [
            /\.dll$/.test(match.facts["library"] ?? "")
              ? "delvewheel repair --add-path <folder of the DLL> -w wheelhouse dist\\*.whl"
              : /\.dylib$/.test(libraryOf(match) ?? "")
                ? "DYLD_LIBRARY_PATH=<folder of the library>:$DYLD_LIBRARY_PATH delocate-wheel -w wheelhouse -v dist/*.whl"
                : "LD_LIBRARY_PATH=<folder of the library>:$LD_LIBRARY_PATH auditwheel repair -w wheelhouse dist/*.whl   # macOS: DYLD_LIBRARY_PATH and delocate-wheel",
          ]),
      ...(match.context.log.cibuildwheel ||
      (callingScript(match) !== undefined && ofTorch(libraryOf(match) ?? "libtorch"))
        ? []
        : ["# cibuildwheel: the same line as CIBW_REPAIR_WHEEL_COMMAND, with {dest_dir} and {wheel}"]),
    ],
    sources: ["pypa/auditwheel#391", "https://cibuildwheel.pypa.io/en/stable/options/#repair-wheel-command"],
    examples: [
      {
        text: 'ValueError: Cannot repair wheel, because required library "libc10.so" could not be located',
        expect: "--exclude libc10.so",
      },
      {
        text: 'auditwheel repair \\\n    dist/*.whl \\\n    --plat manylinux_2_34_x86_64 \\\n    --exclude libmine.so\nValueError: Cannot repair wheel, because required library "libcublas.so.12" could not be located',
        expect: "auditwheel repair --plat manylinux_2_34_x86_64 --exclude libmine.so --exclude libtorch.so",
      },
      {
        text: '+ bash packaging/repair.sh\n+ auditwheel repair --plat manylinux_2_28_x86_64 -w . --exclude libtorch.so --exclude libcudart.so.12 dist/a.whl\nValueError: Cannot repair wheel, because required library "libcudart.so.13" could not be located',
        expect: "auditwheel repair --exclude libcudart.so.13",
      },
      {
        text: "+ sh -c 'auditwheel repair -w /tmp/cibuildwheel/repaired_wheel /tmp/cibuildwheel/built_wheel/a-1-cp310-cp310-linux_x86_64.whl'\nValueError: Cannot repair wheel, because required library \"libtorch_cpu.so\" could not be located",
        expect: "CIBW_REPAIR_WHEEL_COMMAND_LINUX=",
      },
      {
        text: "delocate.libsana.DelocationError: Could not find all dependencies.\n@rpath/libc10.dylib not found:\n  Needed by: /p/_C.cpython-311-darwin.so",
        expect: "delocate-wheel",
      },
      {
        text: "+ sh -c 'delocate-wheel --require-archs arm64 -w /tmp/cibw-run-3m4d/cp311-macosx_arm64/repaired_wheel -v a.whl'\nERROR:delocate.libsana:\n@rpath/libtorch_cpu.dylib not found:\n  Needed by: /p/_C.cpython-311-darwin.so\ndelocate.libsana.DelocationError: Could not find all dependencies.\ncibuildwheel: error: Command failed with code 1",
        expect: "CIBW_REPAIR_WHEEL_COMMAND_MACOS=",
      },
      { text: "FileNotFoundError: Unable to find library: c10.dll", expect: "delvewheel repair" },
    ],
  },
  {
    id: "wheel-symbols-too-recent",
    title: "The wheel was built on a system that is too new for its tag",
    on: ["installer"],
    specificity: 82,
    matches: (finding) =>
      finding.code === "wheel-repair"
        ? saidAny(
            finding,
            /cannot repair "(?<wheel>[^"]+)" to "(?<tag>[^"]+)" ABI because of the presence of (?<why>too-recent versioned symbols|black-listed symbol|a blacklisted dependency|black-listed symbols?)/,
            /cannot repair "(?<wheel>[^"]+)" to "(?<tag>[^"]+)" ABI because (?<why>.*)/,
          )
        : undefined,
    confidence: "high",
    cause: (match) =>
      `The extension uses symbols of a newer glibc or libstdc++ than \`${match.facts["tag"] ?? "the tag"}\` promises (${match.facts["why"] ?? ""}): it was compiled on a newer system. torch's own wheels are manylinux_2_28 since 2.6, so that an older tag gains nothing.`,
    fix: (match) => {
      const [, python = "3.12", processor = "x86_64"] = ofWheel(match.facts["wheel"] ?? "");
      const platform = `manylinux_2_28_${processor}`;
      if (match.context.log.cibuildwheel)
        return [
          `export CIBW_MANYLINUX_${processor.toUpperCase()}_IMAGE=manylinux_2_28   # in a workflow: env of that step; pyproject.toml: [tool.cibuildwheel] manylinux-${processor}-image`,
          ...newTag(match, platform),
          "# it builds in that image then, and auditwheel takes its tag; auditwheel show <the wheel> names the symbols, should one be newer still",
        ];
      return [
        "auditwheel show dist/*.whl   # which symbols, and the oldest tag that fits",
        `docker run --rm -v $PWD:/p -w /p quay.io/pypa/${platform} bash -c 'python${python} -m pip wheel --no-deps -w /tmp/dist . && auditwheel repair --plat ${platform} -w wheelhouse /tmp/dist/*.whl'`,
        `# cibuildwheel: CIBW_MANYLINUX_${processor.toUpperCase()}_IMAGE=manylinux_2_28`,
      ];
    },
    sources: ["https://github.com/pypa/auditwheel", "pytorch/pytorch#123649"],
    examples: [
      {
        text: 'auditwheel: error: cannot repair "dist/ext-0.1-cp311-cp311-linux_x86_64.whl" to "manylinux_2_17_x86_64" ABI because of the presence of too-recent versioned symbols. You\'ll need to compile the wheel on an older toolchain.',
        expect: "bash -c 'python3.11 -m pip wheel",
      },
      {
        text: 'Repairing wheel...\n    + sh -c \'auditwheel repair --exclude libc10.so --plat manylinux_2_17_x86_64 -w /tmp/cibuildwheel/repaired_wheel /tmp/cibuildwheel/built_wheel/ops-0.1-cp311-cp311-linux_x86_64.whl\'\nauditwheel: error: cannot repair "/tmp/cibuildwheel/built_wheel/ops-0.1-cp311-cp311-linux_x86_64.whl" to "manylinux_2_17_x86_64" ABI because of the presence of too-recent versioned symbols.',
        expect: "auditwheel repair --exclude libc10.so --plat manylinux_2_28_x86_64 -w {dest_dir} {wheel}",
      },
    ],
  },
  {
    id: "wheel-for-older-macos",
    title: "The wheel is named for an older macOS than its libraries need",
    on: ["exception", "installer"],
    specificity: 82,
    matches: (finding) =>
      said(finding, /Library dependencies do not satisfy target MacOS version (?<target>\d+(?:\.\d+)?)/i),
    confidence: "high",
    cause: (match) =>
      `The wheel is for macOS ${match.facts["target"] ?? ""} and newer (MACOSX_DEPLOYMENT_TARGET, or what Python was built for), and a library that delocate copies into it needs ${match.context.log.macosOfLibraries === undefined ? "a newer one" : `macOS ${match.context.log.macosOfLibraries}`}: Homebrew's libraries are built for the macOS of the machine.`,
    fix: (match) => {
      const version = match.context.log.macosOfLibraries;
      const set = `export MACOSX_DEPLOYMENT_TARGET=${version ?? "<the highest minimum target in the lines below>"}`;
      return [
        set,
        match.context.log.cibuildwheel
          ? "cibuildwheel --platform macos   # in pyproject.toml: [tool.cibuildwheel.macos] environment = { MACOSX_DEPLOYMENT_TARGET = … }"
          : `rm -rf build && ${python(match)} -m pip wheel --no-deps --no-build-isolation -w dist . && delocate-wheel -w wheelhouse -v dist/*.whl   # the wheel's name says for which macOS it is: it has to be built again`,
        "# for older ones, too: build those libraries yourself with an old MACOSX_DEPLOYMENT_TARGET, or take conda-forge's, in place of Homebrew's",
      ];
    },
    sources: [
      "https://cibuildwheel.pypa.io/en/stable/faq/#macos-library-dependencies-do-not-satisfy-target-macos",
      "matthew-brett/delocate#211",
      "passagemath/passagemath#148",
    ],
    examples: [
      {
        text: "  delocate.libsana.DelocationError: Library dependencies do not satisfy target MacOS version 10.9:\n  /private/var/folders/4b/T/tmpw/wheel/ops.dylibs/libomp.dylib has a minimum target of 13.0\n  /private/var/folders/4b/T/tmpw/wheel/ops.dylibs/libgcc_s.1.1.dylib has a minimum target of 11.0",
        expect: "MACOSX_DEPLOYMENT_TARGET=13.0",
      },
    ],
  },
  {
    id: "wheel-without-extension",
    title: "The wheel has no compiled part, or says that it has none",
    on: ["installer", "exception"],
    specificity: 78,
    matches: (finding) =>
      saidAny(
        finding,
        /(?<what>does not look like a platform wheel|isn't a platform wheel|no ELF executable or shared library file)/,
        /(?<what>Build failed because a pure Python wheel was generated)/,
      ),
    confidence: "high",
    cause: () =>
      "The wheel is tagged as pure Python (py3-none-any), or holds no shared library: ext_modules is empty in this build (the script found no CUDA, torch was not importable), or the .so was copied in as data without the package being marked as one with extensions.",
    fix: () => [
      "unzip -l dist/*.whl | grep -E '\\.(so|pyd|dylib)'",
      "# look for 'Compiling without CUDA' or a skipped extension in the log; setup.py must reach ext_modules=[…] (FORCE_CUDA=1 where no GPU is visible)",
      "# copied by hand: class BinaryDistribution(Distribution): def has_ext_modules(self): return True; setup(distclass=BinaryDistribution)",
    ],
    sources: ["https://cibuildwheel.pypa.io/en/stable/faq/"],
    examples: [
      {
        text: "auditwheel: error: This does not look like a platform wheel, no ELF executable or shared library file (including compiled Python C extension) found in the wheel archive",
        expect: "ext_modules",
      },
    ],
  },
];
