/** What macOS's loader says of a library that is not found, or that was made for a newer system. */
import { pip, python, rebuild, torchAgain } from "../commands/commands.ts";
import { baseName } from "../parsers/parser.ts";
import { originOf, packageOf } from "../tables/packages.ts";
import { type Match, type Rule, said } from "../rule.ts";
import { quote } from "../text/quote.ts";
import { verdictOf } from "./symbol-facts.ts";

/** The conda package that a library comes with. */
function condaName(path: string): string {
  const stem = /^(lib[A-Za-z]+)/.exec(baseName(path))?.[1] ?? baseName(path);
  return stem === "libabsl" ? "libabseil" : stem;
}

/** In a folder that many programs search, not in one of the package's or of Homebrew's gcc. */
function inPrefix(match: Match): boolean {
  return match.facts["folder"] === "/usr/local/lib";
}

/** The last releases of Python that python.org has an installer for. Source: python.org/downloads/macos. */
const installers: Readonly<Record<string, string>> = {
  "3.8": "3.8.10",
  "3.9": "3.9.13",
  "3.10": "3.10.11",
  "3.11": "3.11.9",
  "3.12": "3.12.10",
};

/** Puts the framework there that the file names. */
function frameworkOf(version: string): string {
  const release = installers[version];
  const file = `python-${release ?? ""}-macos11.pkg`;
  return release === undefined
    ? `# the installer of Python ${version} from python.org/downloads/macos puts that framework there; the Python that runs may stay the one it is`
    : `curl -LO https://www.python.org/ftp/python/${release}/${file} && sudo installer -pkg ${file} -target /   # puts that framework there; the Python that runs may stay the one it is`;
}

/** What others do without: PyTorch Geometric asks whether it can be imported. */
const optional: ReadonlySet<string> = new Set(["pyg-lib"]);

/** The same library under the ending that CMake gives it on macOS, where the text's build linked or installed it. */
function builtAsDylib(match: Match): string | undefined {
  const name = baseName(match.facts["path"] ?? "").replace(/\.so$/, "");
  return match.context.log.linkedLibraries.map((path) => baseName(path)).find((each) => each === `${name}.dylib`);
}

export const macosLoadingRules: readonly Rule[] = [
  {
    id: "macos-framework-python-missing",
    title: "The module was linked with the Python of python.org's installer",
    on: ["missing-library", "load"],
    specificity: 89,
    matches: (finding) => {
      const [, version] =
        /Library not loaded: \/Library\/Frameworks\/Python\.framework\/Versions\/(3\.\d+)\/Python\b/.exec(
          finding.text,
        ) ??
        /^\/Library\/Frameworks\/Python\.framework\/Versions\/(3\.\d+)\/Python$/.exec(finding.library ?? "") ??
        [];
      return version === undefined || finding.phase !== "load" ? undefined : { version };
    },
    confidence: "high",
    cause: (match) =>
      `${match.finding.file === undefined ? "The module" : `\`${baseName(match.finding.file)}\``} was linked with the framework of Python ${match.facts["version"] ?? ""} that python.org's installer puts into /Library/Frameworks, and that is not there: another Python runs (Homebrew's, pyenv's, conda's, uv's). A module must not be linked with libpython at all on macOS; the same wheel again is linked the same.`,
    fix: (match) => {
      const name = packageOf(match);
      const framework = frameworkOf(match.facts["version"] ?? "");
      const origin = name === undefined ? undefined : (originOf(name)?.from ?? originOf(name)?.source);
      const build =
        name === undefined
          ? rebuild(match)
          : [
              pip(
                match,
                `install --no-build-isolation --no-cache-dir --force-reinstall --no-deps ${origin === undefined ? `--no-binary ${name} ${name}` : `"${origin}"`}`,
              ),
            ];
      return name !== undefined && optional.has(name)
        ? [
            `${pip(match, `uninstall -y ${name}`)}   # what imports it goes on without: it only makes some of it faster`,
            `# to keep it: ${framework.replace(/^# /, "")}`,
            `# or from its sources, for the Python that runs: ${build.join(" && ")}`,
          ]
        : [
            framework,
            `# or from its sources, for the Python that runs: ${build
              .map((line) => line.replace(/\s{2,}# .*$/, ""))
              .filter((line) => !line.startsWith("#"))
              .join(" && ")}`,
          ];
    },
    sources: ["pyg-team/pyg-lib#323", "pyg-team/pyg-lib#217", "https://www.python.org/downloads/macos/"],
    examples: [
      {
        text: "OSError: dlopen(/Users/jo/v/lib/python3.11/site-packages/libpyg.so, 0x0006): Library not loaded: /Library/Frameworks/Python.framework/Versions/3.11/Python\n  Referenced from: <7BF3> /Users/jo/v/lib/python3.11/site-packages/libpyg.so\n  Reason: tried: '/Library/Frameworks/Python.framework/Versions/3.11/Python' (no such file)",
        expect: "uninstall -y pyg-lib",
      },
      {
        text: "ImportError: dlopen(/Users/jo/v/lib/python3.10/site-packages/my_ops/_C.so, 0x0002): Library not loaded: /Library/Frameworks/Python.framework/Versions/3.10/Python\n  Referenced from: <7BF3> /Users/jo/v/lib/python3.10/site-packages/my_ops/_C.so\n  Reason: tried: '/Library/Frameworks/Python.framework/Versions/3.10/Python' (no such file)",
        expect: "python-3.10.11-macos11.pkg",
      },
    ],
  },
  {
    id: "macos-too-old-for-library",
    title: "The library was made for a newer macOS",
    on: ["undefined-symbol", "missing-library", "load"],
    specificity: 88,
    matches: (finding) => {
      if (finding.phase !== "load") return undefined;
      if (
        /load command 0x[0-9a-f]+ is unknown|built for newer macOS|requires? (?:a newer|macOS \d)/i.test(
          finding.message,
        )
      )
        return {};
      return finding.kind === "undefined-symbol" &&
        verdictOf(finding)?.owner !== "compiler-runtime" &&
        /^(?:\/usr\/lib\/|\/System\/Library\/)/.test(finding.library ?? "")
        ? { name: finding.symbol, system: baseName(finding.library ?? "") }
        : undefined;
    },
    confidence: "high",
    cause: (match) =>
      `${match.finding.file === undefined ? "The library" : `\`${match.finding.file}\``} was built on a newer macOS than this one${match.facts["name"] === undefined ? "" : `: it asks the system's \`${match.facts["system"] ?? ""}\` for \`${match.facts["name"]}\`, which came later`}. A wheel names the oldest macOS that it is for (macosx_11_0_arm64), and what it calls may ask for more.`,
    fix: (match) => [
      "sw_vers -productVersion   # then update macOS, or take an older release:",
      ...(/[\\/]torch[\\/]/.test(match.finding.file ?? "")
        ? [
            pip(match, "index versions torch   # what is there"),
            pip(match, 'install "torch<2.3"   # the last with wheels for Intel Macs and macOS 10'),
          ]
        : [
            "# what is built here: for the system that runs it",
            "export MACOSX_DEPLOYMENT_TARGET=$(sw_vers -productVersion | cut -d. -f1).0",
            ...rebuild(match),
          ]),
    ],
    sources: ["pytorch/pytorch#78938", "https://pytorch.org/get-started/locally/"],
    examples: [
      {
        text: "ImportError: dlopen(/e/site-packages/torch/_C.cpython-39-darwin.so, 2): Library not loaded: @loader_path/../.dylibs/libomp.dylib\n  Referenced from: /e/site-packages/torch/lib/libtorch_cpu.dylib\n  Reason: no suitable image found.  Did find:\n        /e/site-packages/torch/lib/../.dylibs/libomp.dylib: cannot load 'libomp.dylib' (load command 0x80000034 is unknown)",
        expect: "sw_vers",
      },
      {
        text: "ImportError: dlopen(/e/site-packages/torch/lib/libtorch_cpu.dylib, 0x0006): Symbol not found: (_cblas_cgemm$NEWLAPACK$ILP64)\n  Referenced from: '/e/site-packages/torch/lib/libtorch_cpu.dylib'\n  Expected in: '/System/Library/Frameworks/Accelerate.framework/Versions/A/Accelerate'",
        expect: "torch<2.3",
      },
    ],
  },
  {
    id: "macos-gcc-libraries-mixed",
    title: "A run-time library of gcc is of another gcc than the ones beside it",
    on: ["undefined-symbol"],
    specificity: 85,
    matches: (finding) => {
      const { file = "", library = "", phase } = finding;
      const who = /[\\/](lib(?:quadmath|gfortran|gcc_s|gcc_ext|gomp|stdc\+\+)[\w.+]*\.dylib)$/.exec(file)?.[1];
      return phase === "load" && who !== undefined
        ? { who, path: file, folder: file.slice(0, -who.length - 1), name: finding.symbol, whom: library }
        : undefined;
    },
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["path"] ?? ""}\` is a run-time library of gcc, and it looks for \`${match.facts["name"] ?? ""}\` in ${match.facts["whom"] === "" ? "a library that lacks it" : `\`${match.facts["whom"] ?? ""}\`, which lacks it`}: it belongs in another copy of gcc's libraries (libgcc_s of the same gcc). ${inPrefix(match) ? "It lies in a folder that is searched before that of the package, put there by an installer of gfortran or by hand, and is found in place of the right one." : "gcc's libraries of two releases are mixed there."} torch, and what imports it, is not at fault, and nothing is to be compiled.`,
    fix: (match) => {
      const { path = "", folder = "", who = "" } = match.facts;
      const brew = /\/(?:opt|Cellar)\/gcc/.test(folder) || folder.startsWith("/opt/homebrew");
      return [
        ...(inPrefix(match)
          ? [
              `sudo mkdir -p ${folder}/aside && sudo mv ${folder}/lib{quadmath,gfortran,gcc_s,gcc_ext}*.dylib ${folder}/aside/   # out of the way; then try again, and put them back if something else needs them`,
            ]
          : []),
        ...(brew ? ["brew reinstall gcc   # its libraries all of one release"] : []),
        ...(match.context.log.conda
          ? ["conda install -c conda-forge --force-reinstall libgfortran libgfortran5   # the environment's own ones"]
          : []),
        `otool -L ${path}; mdfind -name ${who}   # what it asks for, and the other copies`,
        "echo $DYLD_LIBRARY_PATH $DYLD_FALLBACK_LIBRARY_PATH   # set: unset both",
      ];
    },
    sources: [
      "TomHeaven/pytorch-osx-build#19",
      "citwild/laugh-finder#11",
      "ContinuumIO/anaconda-issues#3455",
      "CMU-Perceptual-Computing-Lab/openpose#1053",
    ],
    examples: [
      {
        text: "ImportError: dlopen(/Users/h/opt/anaconda3/envs/e/lib/python3.7/site-packages/torch/_C.cpython-37m-darwin.so, 2): Symbol not found: ___addtf3\n  Referenced from: /usr/local/lib/libquadmath.0.dylib\n  Expected in: /usr/lib/libSystem.B.dylib\n in /usr/local/lib/libquadmath.0.dylib",
        expect: "/usr/local/lib/aside",
      },
      {
        text: "OSError: dlopen(mylib.dylib, 6): Symbol not found: ___addtf3\n  Referenced from: /usr/local/opt/gcc/lib/gcc/10/libquadmath.0.dylib\n  Expected in: flat namespace\n in /usr/local/opt/gcc/lib/gcc/10/libquadmath.0.dylib",
        expect: "brew reinstall gcc",
      },
    ],
  },
  {
    id: "macos-libraries-of-two-releases",
    title: "Two libraries of one conda environment are of releases that do not go together",
    on: ["undefined-symbol"],
    specificity: 84,
    matches: (finding) => {
      const { file = "", library = "", phase } = finding;
      const folder =
        /^(?<folder>.*\/envs\/[^/]+|.*\/(?:ana|mini)conda\d?|.*\/mini(?:forge|mamba)\d?)\/lib\/lib[^/]+\.dylib$/;
      const who = folder.exec(file)?.groups?.["folder"];
      const whom = folder.exec(library)?.groups?.["folder"];
      return phase === "load" && who !== undefined && who === whom
        ? { who: baseName(file), whom: baseName(library), one: condaName(file), other: condaName(library) }
        : undefined;
    },
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["who"] ?? ""}\` was built for another release of \`${match.facts["whom"] ?? ""}\` than the one that lies beside it: both are packages of this conda environment, from two channels or of two updates. Nothing of the program itself is wrong.`,
    fix: (match) => {
      const { one = "", other = "" } = match.facts;
      return [
        `conda list | grep -iE "pytorch|${one}|${other}"   # two channels in the last column are the trouble`,
        `conda update -c conda-forge --strict-channel-priority --update-deps pytorch ${one} ${other}   # one channel for all of them`,
        "# else an environment of its own, with pip's torch, which brings these along: conda create -n fresh python=3.11 && conda activate fresh && pip install torch",
      ];
    },
    sources: ["LEOMMM1/Typhoon-satellite-Image-prediction-based-on-SA-ConvLstm-and-GAN#1"],
    examples: [
      {
        text: "ImportError: dlopen(/opt/anaconda3/envs/e/lib/python3.9/site-packages/torch/_C.cpython-39-darwin.so, 0x0002): Symbol not found: __ZN4absl12lts_2024072212log_internal10LogMessagelsIiLi0EEERS2_RKT_\n  Referenced from: <7DD6F527-7A4A> /opt/anaconda3/envs/e/lib/libprotobuf.28.2.0.dylib\n  Expected in:     <D623F952-8116> /opt/anaconda3/envs/e/lib/libabsl_log_internal_message.2407.0.0.dylib",
        expect: "libprotobuf libabseil",
      },
    ],
  },
  {
    id: "macos-library-version",
    title: "A library is of another version than the file that uses it was linked with",
    on: ["missing-library", "load"],
    specificity: 86,
    matches: (finding) => {
      const versions =
        /Incompatible library version: (?<who>[^\s:]+) requires version (?<need>[\d.]+) or later, but (?<name>[^\s:]+) provides version (?<have>[\d.]+)/.exec(
          finding.message,
        )?.groups;
      return versions === undefined || finding.phase !== "load" ? undefined : { ...versions };
    },
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["who"] ?? ""}\` was linked with \`${match.facts["name"] ?? ""}\` ${match.facts["need"] ?? ""} or newer, and the one that is found is ${match.facts["have"] ?? ""}: an older file of that name is found first, or files of two builds lie in one folder (a source build that was not cleaned, two installations on top of each other).`,
    fix: (match) =>
      /[\\/]torch[\\/]/.test(`${match.finding.file ?? ""} ${match.finding.message}`)
        ? [
            `${torchAgain(match)}   # all its files anew`,
            `# torch that was built from its sources, in their folder: ${python(match)} setup.py clean && ${python(match)} -m pip install --no-build-isolation -v .`,
          ]
        : [`mdfind -name ${match.facts["name"] ?? ""}   # the others of that name`, ...rebuild(match)],
    sources: ["pytorch/pytorch#6455"],
    examples: [
      {
        text: "ImportError: dlopen(/e/site-packages/torch/_C.cpython-36m-darwin.so, 9): Library not loaded: @rpath/libATen.dylib\n  Referenced from: /e/site-packages/torch/lib/libshm.dylib\n  Reason: Incompatible library version: libshm.dylib requires version 1.0.0 or later, but libATen.dylib provides version 0.0.0",
        expect: "setup.py clean",
      },
    ],
  },
  {
    id: "macos-library-file-missing",
    title: "A library is loaded by a name that no file has",
    on: ["exception"],
    specificity: 78,
    matches: (finding) => {
      const facts = said(finding, /dlopen\((?<path>\/[^,]{1,300}), 0x[0-9a-fA-F]+\): tried: (?<tried>'.*)$/);
      // Each place was empty: nothing is said of another processor or a signature.
      const reasons = [...(facts?.["tried"] ?? "").matchAll(/' \(([^()]*)\)/g)].map(([, why = ""]) => why);
      return facts !== undefined && reasons.length > 0 && reasons.every((why) => why.startsWith("no such file"))
        ? { path: facts["path"] }
        : undefined;
    },
    confidence: (match) => (builtAsDylib(match) === undefined ? "medium" : "high"),
    cause: (match) => {
      const dylib = builtAsDylib(match);
      return dylib === undefined
        ? `There is no file \`${match.facts["path"] ?? ""}\`: it was not built or not installed with the package, or on macOS it has another ending (CMake names a shared library .dylib there, modules of Python end in .so).`
        : `The code loads \`${baseName(match.facts["path"] ?? "")}\`, the name that Linux has for it, and CMake made \`${dylib}\` of it, as shared libraries are named on macOS.`;
    },
    fix: (match) => {
      const path = match.facts["path"] ?? "";
      const folder = path.slice(0, path.lastIndexOf("/"));
      const dylib = builtAsDylib(match);
      return dylib === undefined
        ? [
            `ls ${quote(folder)}`,
            `# a file of that name that ends in .dylib: ln -s <it>.dylib ${quote(path)}; none: the package's compiled part was not built, or is not packed for macOS (package_data, install())`,
          ]
        : [
            `ln -s ${dylib} ${quote(path)}`,
            `# for good, in the code: ".dylib" if sys.platform == "darwin" else ".so"; or in CMakeLists.txt: set_target_properties(${dylib.replace(/^lib|\.dylib$/g, "")} PROPERTIES SUFFIX .so)`,
          ];
    },
    sources: ["openmm/NNPOps#102"],
    examples: [
      {
        text: "[100%] Linking CXX shared library libGridOps.dylib\n  File \"/e/lib/python3.9/site-packages/torch/_ops.py\", line 255, in load_library\n    ctypes.CDLL(path)\nOSError: dlopen(/e/lib/python3.9/site-packages/grid/libGridOps.so, 0x0006): tried: '/e/lib/python3.9/site-packages/grid/libGridOps.so' (no such file), '/System/Volumes/Preboot/Cryptexes/OS/e/lib/python3.9/site-packages/grid/libGridOps.so' (no such file)",
        expect: "ln -s libGridOps.dylib /e/lib/python3.9/site-packages/grid/libGridOps.so",
      },
      {
        text: "OSError: dlopen(/Users/u/e/lib/python3.11/site-packages/my_ops/lib/_ops.so, 0x0006): tried: '/Users/u/e/lib/python3.11/site-packages/my_ops/lib/_ops.so' (no such file), '/usr/lib/_ops.so' (no such file, not in dyld cache)",
        expect: "ls /Users/u/e/lib/python3.11/site-packages/my_ops/lib",
      },
    ],
  },
  {
    id: "macos-library-not-on-rpath",
    title: "A library is in none of the folders that the file names",
    on: ["missing-library"],
    specificity: 45,
    matches: (finding) =>
      /Incompatible library version/.test(finding.message)
        ? undefined
        : finding.phase === "load" &&
            /\.dylib$/.test(finding.library ?? "") &&
            /Library not loaded/.test(finding.message)
          ? { name: baseName(finding.library ?? ""), path: finding.library }
          : undefined,
    confidence: (match) => (/[\\/]torch[\\/](?:lib|_C)/.test(match.finding.file ?? "") ? "high" : "medium"),
    cause: (match) =>
      /[\\/]torch[\\/](?:lib|_C)/.test(match.finding.file ?? "")
        ? `torch's own file needs \`${match.facts["name"] ?? ""}\`, and the installation has it not where it should be: the wheel is damaged, of another system, or mixed with another torch.`
        : `${match.finding.file === undefined ? "The module" : `\`${match.finding.file}\``} looks for \`${match.facts["path"] ?? ""}\`: @rpath and @loader_path stand for folders that are written into the file, and the library lies in none of them.`,
    fix: (match) => {
      const file = match.finding.file ?? "<file>.so";
      if (/[\\/]torch[\\/](?:lib|_C)/.test(file)) return [torchAgain(match), `otool -L ${file}`];
      return [
        `otool -L ${file}; otool -l ${file} | grep -A2 LC_RPATH; mdfind -name ${match.facts["name"] ?? ""}   # what it asks for, where it looks, where it is`,
        `install_name_tool -add_rpath <folder of ${match.facts["name"] ?? ""}> ${file} && codesign --force --sign - ${file}`,
        `# libraries of torch: ${python(match)} -c "import torch" before the module; setup.py: extra_link_args=["-Wl,-rpath,@loader_path/../torch/lib"]`,
        ...rebuild(match),
      ];
    },
    sources: ["https://developer.apple.com/library/archive/documentation/DeveloperTools/Conceptual/DynamicLibraries/"],
    examples: [
      {
        text: "ImportError: dlopen(/e/site-packages/my_ops/_C.cpython-311-darwin.so, 0x0002): Library not loaded: @rpath/libopenvdb.9.dylib\n  Referenced from: <F1B6> /e/site-packages/my_ops/_C.cpython-311-darwin.so\n  Reason: tried: '/usr/local/lib/libopenvdb.9.dylib' (no such file)",
        expect: "install_name_tool -add_rpath",
      },
      {
        text: "ImportError: dlopen(/e/site-packages/torch/_C.cpython-38-darwin.so, 2): Library not loaded: @rpath/libc++.1.dylib\n  Referenced from: /e/site-packages/torch/_C.cpython-38-darwin.so\n  Reason: image not found",
        expect: "--force-reinstall",
      },
    ],
  },
];
