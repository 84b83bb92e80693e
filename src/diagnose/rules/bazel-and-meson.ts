/** Bazel and Meson. */
import { developmentPackages, type PackageNames } from "../tables/development-packages.ts";
import { buildAgain, pip, platformOf, python, systemPackage, useToolkit } from "../commands/commands.ts";
import { ofLog } from "../matchers.ts";
import { baseName } from "../parsers/parser.ts";
import { type Match, placeOf, type Rule, said, saidAny } from "../rule.ts";

const dependencies: Readonly<Record<string, PackageNames>> = {
  openblas: developmentPackages.openblasWithLapack,
  blas: developmentPackages.openblasWithLapack,
  cblas: developmentPackages.openblasWithLapack,
  lapack: developmentPackages.openblasWithLapack,
  lapacke: developmentPackages.openblasWithLapack,
  zlib: developmentPackages.zlib,
  libpng: developmentPackages.png,
  fftw3: developmentPackages.fftw,
  hdf5: developmentPackages.hdf5,
  eigen3: developmentPackages.eigen,
  cairo: developmentPackages.cairo,
  freetype2: developmentPackages.freetype,
  "glib-2.0": developmentPackages.glib,
  "dbus-1": developmentPackages.dbus,
};

/** What brings the dependency, where it is one of the usual ones. */
function mesonPackages(match: Match, name: string): string[] {
  const key = name.toLowerCase();
  const names = Object.hasOwn(dependencies, key) ? dependencies[key] : undefined;
  return names === undefined ? [] : systemPackage(match, names);
}

/** The target whose files Bazel laid out: `//app:main` of `bazel-out/k8-fastbuild/bin/app/main.runfiles/`. */
function targetIn(match: Match): string | undefined {
  return ofLog(match.context, ({ findings }) => {
    const path = findings
      .flatMap(({ text, frames = [], file = "" }) => [text, file, ...frames])
      .map((each) => /\/bin\/([\w./+-]{1,200})\.runfiles\//.exec(each)?.[1])
      .find((each) => each !== undefined);
    if (path === undefined) return undefined;
    const parts = path.split("/");
    return `//${parts.slice(0, -1).join("/")}:${parts.at(-1) ?? ""}`;
  });
}

/** Bazel's command of the text with more flags of its own; what follows `--` is the program's. */
function withFlags(match: Match, flags: string): string {
  const typed = match.context.log.typed.findLast(
    ({ line, shell }) => shell !== "sentence" && /^(?:sudo )?bazel(?:isk)? (?:run|test|build) /.test(line),
  )?.line;
  return typed === undefined
    ? `bazel run ${flags} ${targetIn(match) ?? "//<package>:<target>"}`
    : typed.replace(/ (run|test|build) /, ` $1 ${flags} `);
}

/** The folders of the nvidia packages below the target's runfiles, for an older rules_python. */
function runfilesPath(match: Match): string[] {
  const target = targetIn(match);
  if (target === undefined) return [];
  const folder = `bazel-bin/${target.replace(/^\/\//, "").replace(":", "/").replace(/^\//, "")}.runfiles`;
  return [
    `# still not found, or an older rules_python: export LD_LIBRARY_PATH=$(find -L "$PWD/${folder}" -type d -path '*nvidia*/lib' | paste -sd:):$LD_LIBRARY_PATH, then the same command as before`,
  ];
}

/** The last command of Bazel's again, or of a setup.py that starts it. */
function bazelAgain(match: Match): string {
  const shown = match.context.log.typed.filter(({ shell }) => shell !== "sentence");
  return (
    (shown.findLast(({ line }) => /\bbazel(?:isk)? /.test(line)) ?? shown.findLast(({ kind }) => kind === "setup"))
      ?.line ?? "bazel build <the target>"
  );
}

/** Torch's CMake files lie within the package: Meson finds them by the prefix that its own command names. */
function torchForMeson(match: Match): string[] {
  const prefix = `--cmake-prefix-path="$(${python(match)} -c 'import torch; print(torch.utils.cmake_prefix_path)')"`;
  const typed = match.context.log.typed.findLast(({ line }) => /\bmeson setup\b/.test(line))?.line;
  return [
    ...(typed === undefined
      ? [`meson setup build ${prefix}   # with the options of the first time`]
      : [`${typed.replaceAll(/ --cmake-prefix-path=\S+/g, "")} ${prefix}`]),
    "# meson.build: dependency('Torch', method: 'cmake', modules: ['torch']); within pip: pip install --no-build-isolation . with torch installed before",
  ];
}

/** Paths as Debian's packages for more than one processor have them. */
function ofDebian(file: string): boolean {
  return /^(?:include|lib)\/(?:x86_64|aarch64)-linux-gnu\//.test(file);
}

export const bazelAndMesonRules: readonly Rule[] = [
  {
    id: "bazel-parts-torch-from-nvidia",
    title: "Bazel lays torch and its nvidia packages in different folders",
    on: ["missing-library"],
    specificity: 91,
    matches: (finding, context) =>
      /^lib(?:cu\w+|nccl|nvJitLink|nvrtc|nvToolsExt|nvshmem_host|cupti)\.so/.test(baseName(finding.library ?? "")) &&
      finding.phase === "load" &&
      targetIn({ finding, context, facts: {} }) !== undefined
        ? { name: baseName(finding.library ?? "") }
        : undefined,
    confidence: "high",
    cause: (match) =>
      `torch looks for \`${match.facts["name"] ?? ""}\` beside itself (../../nvidia/…/lib in site-packages), and rules_python gives each package of pip a site-packages of its own below runfiles: the nvidia packages are there, and not where torch looks.`,
    fix: (match) => [
      `${withFlags(match, "--@rules_python//python/config_settings:bootstrap_impl=script --@rules_python//python/config_settings:venvs_site_packages=yes")}   # one site-packages for all (rules_python 1.5 and newer); bazel test and bazel build take the same flags`,
      ...runfilesPath(match),
      "# for good: both flags in .bazelrc behind `common`",
      "# an older rules_python: before `import torch`, ctypes.CDLL(path, mode=ctypes.RTLD_GLOBAL) for each library of the nvidia packages; or rules_py of Aspect, whose py_binary makes one site-packages",
    ],
    sources: [
      "bazel-contrib/rules_python#2125",
      "aspect-build/rules_py#275",
      "https://rules-python.readthedocs.io/en/latest/api/rules_python/python/config_settings/index.html",
    ],
    examples: [
      {
        text: 'Traceback (most recent call last):\n  File "/home/u/.cache/bazel/_bazel_u/0b6/execroot/_main/bazel-out/k8-fastbuild/bin/app/main.runfiles/_main/app/main.py", line 1, in <module>\n    import torch\n  File "/home/u/.cache/bazel/_bazel_u/0b6/execroot/_main/bazel-out/k8-fastbuild/bin/app/main.runfiles/rules_python~~pip~pypi_311_torch/site-packages/torch/__init__.py", line 290, in <module>\n    from torch._C import *\nImportError: libnccl.so.2: cannot open shared object file: No such file or directory',
        expect: "venvs_site_packages=yes //app:main",
      },
    ],
  },
  {
    id: "bazel-repository-lacks-file",
    title: "A file that a repository's BUILD file names is not in its folder",
    on: ["build-tool"],
    specificity: 78,
    matches: (finding) =>
      finding.tool === "bazel"
        ? said(finding, /missing input file '(?:\.\.\/)?external\/(?<repository>[\w.~+-]+)\/(?<file>[^']+)'/)
        : undefined,
    confidence: "high",
    cause: (match) => {
      const { repository = "", file = "" } = match.facts;
      return ofDebian(file)
        ? `The BUILD file of \`@${repository}\` is the one for Debian's packages (include/x86_64-linux-gnu, lib/x86_64-linux-gnu below /usr), and the folder in WORKSPACE has no \`${file}\`: an archive of NVIDIA's has its headers in include and its libraries in lib.`
        : `The BUILD file of \`@${repository}\` names \`${file}\`, which is not in the folder that WORKSPACE (MODULE.bazel) gives: another version, or only a part of it is installed there.`;
    },
    fix: (match) => {
      const { repository = "", file = "" } = match.facts;
      const again = bazelAgain(match);
      if (!ofDebian(file))
        return [
          `ls "$(bazel info output_base)/external/${repository}"/   # what the folder has; its path = … in WORKSPACE or MODULE.bazel has to be one with ${file}`,
          `# then: ${again}`,
        ];
      return /^(?:tensorrt|cudnn)$/.test(repository)
        ? [
            `sed -i.bak 's#//third_party/${repository}/local:BUILD#//third_party/${repository}/archive:BUILD#' WORKSPACE   # Torch-TensorRT has a BUILD file for NVIDIA's archives beside it; a project of your own: copy that file`,
            again,
            `# or Debian's packages in place of the archive (${repository === "tensorrt" ? "sudo apt-get install -y libnvinfer-dev libnvinfer-plugin-dev libnvonnxparsers-dev" : "sudo apt-get install -y libcudnn8-dev, or libcudnn9-dev-cuda-12"}), and path = "/usr/" of ${repository} in WORKSPACE`,
          ]
        : [
            `# in the BUILD file of ${repository}: include/… and lib/… without x86_64-linux-gnu; or the packages of the system, and path = "/usr/"`,
            `# then: ${again}`,
          ];
    },
    sources: ["pytorch/TensorRT#1560", "pytorch/TensorRT#45"],
    examples: [
      {
        text: "$ bazel build //demo:app -c opt\nERROR: /root/.cache/bazel/x/external/tensorrt/BUILD.bazel:29:11: @tensorrt//:nvinfer_headers: missing input file 'external/tensorrt/include/x86_64-linux-gnu/NvUtils.h', owner: '@tensorrt//:include/x86_64-linux-gnu/NvUtils.h'",
        expect: "third_party/tensorrt/archive:BUILD#' WORKSPACE",
      },
      {
        text: "ERROR: /w/external/ops/BUILD.bazel:4:10: @ops//:ops: missing input file 'external/ops/lib/libops.so', owner: '@ops//:lib/libops.so'",
        expect: "bazel info output_base",
      },
    ],
  },
  {
    id: "bazel-workspace-incomplete",
    title: "WORKSPACE uses what it has not loaded yet",
    on: ["build-tool"],
    specificity: 78,
    matches: (finding) =>
      finding.tool === "bazel"
        ? saidAny(
            finding,
            /^Failed to load Starlark extension '@(?<repository>[\w.~+-]+)\/\//,
            /^name '(?<name>\w+)' is not defined$/,
          )
        : undefined,
    confidence: "high",
    cause: ({ facts }) =>
      facts["repository"] !== undefined
        ? `WORKSPACE loads a file of \`@${facts["repository"]}\` above the http_archive that defines that repository, or it is defined nowhere (taken out with others, commented out): Bazel reads the file from top to bottom.`
        : `WORKSPACE or a BUILD file calls \`${facts["name"] ?? ""}\`, and no load() above brings it: the line was taken out, or the rules that are there have it no more${facts["name"] === "pip_install" ? " (rules_python has pip_parse in its place)" : ""}.`,
    fix: (match) => {
      const { repository, name } = match.facts;
      const again = bazelAgain(match);
      if (repository !== undefined)
        return [
          `git diff WORKSPACE; git show HEAD:WORKSPACE | grep -n -B1 -A5 'name = "${repository}"'   # as the project itself has it`,
          `# that block, http_archive(name = "${repository}", urls = [...], sha256 = ...), goes back into WORKSPACE, above load("@${repository}//...")${repository === "rules_pkg" ? ': urls = ["https://github.com/bazelbuild/rules_pkg/releases/download/0.9.1/rules_pkg-0.9.1.tar.gz"]' : ""}; or all edits are undone: git checkout -- WORKSPACE`,
          `# then: ${again}`,
        ];
      return name === "pip_install"
        ? [
            "sed -i.bak '/^pip_install(/,/^)/d' WORKSPACE   # what it would fetch is for tests and tools (look: grep -n -A4 pip_install WORKSPACE)",
            again,
            '# needed all the same: load("@rules_python//python:pip.bzl", "pip_parse") above it, and pip_parse(name = ..., requirements_lock = ...) in its place',
          ]
        : [
            `git log -S ${name ?? ""} --oneline -3 -- WORKSPACE; grep -rn '"${name ?? ""}"' --include=WORKSPACE* --include=*.bzl . | head   # which load() brings it`,
            `# that load() above line ${/:(\d+):\d+/.exec(match.finding.text)?.[1] ?? "…"}; then: ${again}`,
          ];
    },
    sources: ["pytorch/TensorRT#132", "pytorch/TensorRT#2623"],
    examples: [
      {
        text: "$ bazel build //:libtrtorch\nERROR: Failed to load Starlark extension '@rules_pkg//:deps.bzl'.\nCycle in the workspace file detected. This indicates that a repository is used prior to being defined.",
        expect: "above the http_archive",
      },
      {
        text: "$ bazel build //:lib\nERROR: /w/trt/WORKSPACE:95:1: name 'pip_install' is not defined",
        expect: "sed -i.bak '/^pip_install(/,/^)/d' WORKSPACE",
      },
    ],
  },
  {
    id: "bazel-too-old-for-platforms",
    title: "Bazel is too old for this project",
    on: ["build-tool"],
    specificity: 80,
    matches: (finding) =>
      finding.tool === "bazel"
        ? saidAny(
            finding,
            /no such package ['"](?<target>@platforms\/\/[^'"]*)['"](?=.*(?:could not be resolved|is not defined))/,
          )
        : undefined,
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["target"] ?? ""}\` is of the repository @platforms, which Bazel brings along itself: the Bazel that runs is older than the project expects (its .bazelversion or README names the release) and does not have it yet. The workspace needs no entry for it.`,
    fix: (match) => [
      ...(platformOf(match) === "darwin"
        ? ["brew install bazelisk"]
        : platformOf(match) === "win32"
          ? ["winget install Bazel.Bazelisk"]
          : [
              'sudo curl -fLo /usr/local/bin/bazel "https://github.com/bazelbuild/bazelisk/releases/latest/download/bazelisk-linux-$(dpkg --print-architecture 2>/dev/null || echo amd64)"   # bazelisk: takes the release that .bazelversion names',
              "sudo chmod +x /usr/local/bin/bazel; hash -r",
              "[ -f .bazelversion ] || printf '3.7.2' > .bazelversion   # or the release that the README names (at least 3.3.1); not the newest, which no longer reads WORKSPACE",
            ]),
      ...(platformOf(match) === "linux"
        ? []
        : ["# no .bazelversion in the project: set USE_BAZEL_VERSION to the release that its README names"]),
    ],
    sources: ["pytorch/TensorRT#248", "https://github.com/bazelbuild/bazelisk"],
    examples: [
      {
        text: "$ bazel build //:ops -c opt\nERROR: /w/ops/BUILD:3:1: no such package '@platforms//cpu': The repository '@platforms' could not be resolved and referenced by '//:arm'",
        expect: "bazelisk-linux",
      },
    ],
  },
  {
    id: "bazel-dependency-undeclared",
    title: "Bazel does not know where headers or a package come from",
    on: ["build-tool"],
    specificity: 76,
    matches: (finding) =>
      finding.tool === "bazel"
        ? saidAny(
            finding,
            /undeclared inclusion\(s\) in rule ['"](?<target>[^'"]+)['"]/,
            /(?<kind>no such (?:package|target)) ['"](?<target>[^'"]+)['"]/,
            /[Rr]epository '(?<repository>@[\w.~+-]+)' (?:is not defined|could not be resolved)/,
          )
        : undefined,
    confidence: "high",
    cause: (match) =>
      match.facts["repository"] !== undefined
        ? `A .bzl file loads from \`${match.facts["repository"]}\`, and the workspace does not define it: MODULE.bazel or WORKSPACE has to declare it before what uses it, and a newer Bazel or rule set expects a repository that older workspaces do not have.`
        : match.facts["kind"] === undefined
          ? `\`${match.facts["target"] ?? ""}\` includes headers (of torch, Python or CUDA) that none of its deps declares: Bazel takes only what is declared, also of the system.`
          : `${match.facts["kind"]} \`${match.facts["target"] ?? ""}\`: the workspace (MODULE.bazel, WORKSPACE) does not define it, or its BUILD file is elsewhere.`,
    fix: (match) =>
      match.facts["repository"] !== undefined
        ? [
            "cat .bazelversion; bazel --version   # the version that the project names: bazelisk takes it by itself",
            `# MODULE.bazel: bazel_dep(name = "${match.facts["repository"].replace(/^@+/, "")}", version = "…"); WORKSPACE: http_archive(name = "${match.facts["repository"].replace(/^@+/, "")}", …) before the load()${/python/.test(match.facts["repository"]) ? ', and load("@rules_python//python:repositories.bzl", "py_repositories") py_repositories()' : ""}`,
            "bazel build --enable_workspace …   # Bazel 8 no longer reads WORKSPACE by default",
          ]
        : [
            `bazel query 'deps(${match.facts["kind"] === undefined ? (match.facts["target"] ?? "//...") : "//..."})' --output=build | head -40`,
            "# torch as a repository: new_local_repository(name = 'torch', path = <site-packages>/torch, build_file = …) with cc_library(hdrs = glob(['include/**']), includes = ['include', 'include/torch/csrc/api/include'], srcs = glob(['lib/*.so'])), and '@torch' in deps",
          ],
    sources: ["https://bazel.build/docs/bazel-and-cpp"],
    examples: [
      {
        text: "ERROR: /p/csrc/BUILD:12:11: Compiling csrc/ops.cc failed: undeclared inclusion(s) in rule '//csrc:ops':",
        expect: "//csrc:ops",
      },
      {
        text: "ERROR: /p/BUILD:3:11: no such package '@torch//': The repository '@torch' could not be resolved",
        expect: "@torch//",
      },
      {
        text: "ERROR: Analysis of target '//c:main' failed; build aborted: error loading package '@x//y': Unable to find package for @rules_python//python:defs.bzl: The repository '@rules_python' could not be resolved: Repository '@rules_python' is not defined.",
        expect: "py_repositories",
      },
    ],
  },
  {
    id: "bazel-version-does-not-fit",
    title: "Bazel's version and a set of rules do not go together",
    on: ["exception"],
    specificity: 76,
    matches: (finding) =>
      finding.frames?.some((frame) => /\.bzl:\d/.test(frame)) === true
        ? saidAny(
            finding,
            /'?(?<what>\w+)'? value has no field or method '(?<name>\w+)'/,
            /(?<what>\w+)\(\) got unexpected keyword argument:? '?(?<name>\w+)/,
            /no native (?<what>function) or rule '(?<name>\w+)'/,
            /(?<what>name) '(?<name>\w+)' is not defined/,
          )
        : undefined,
    confidence: "high",
    cause: (match) =>
      `A .bzl file (${match.finding.frames?.at(-1)?.split(" ")[0] ?? ""}) uses \`${match.facts["name"] ?? ""}\` of ${match.facts["what"] ?? "Bazel"}, which the Bazel that runs does not have: the rules are newer than Bazel, or so old that Bazel has dropped what they use.`,
    fix: () => [
      "bazel --version; cat .bazelversion 2>/dev/null; grep -rn 'rules_python\\|rules_cc' MODULE.bazel WORKSPACE*",
      "export USE_BAZEL_VERSION=7.4.1   # with bazelisk, which starts the Bazel of that version; or the one that the rules' release notes name",
      "# or an older release of the rules in MODULE.bazel or WORKSPACE",
    ],
    sources: ["https://bazel.build/release", "google-deepmind/envlogger#21"],
    examples: [
      {
        text: "Traceback (most recent call last):\n  File \"/x/rules_python/python/private/toolchains_repo.bzl\", line 113, column 57, in _toolchains_repo_impl\n    python_version = rctx.attr.python_version\nError: 'Label' value has no field or method 'repo_name'",
        expect: "USE_BAZEL_VERSION",
      },
    ],
  },
  {
    id: "meson-source-missing",
    title: "meson.build names a file that is not there",
    on: ["build-tool"],
    specificity: 74,
    matches: (finding) => said(finding, /^File (?<name>\S+) does not exist\.?$/),
    confidence: "high",
    cause: (match) =>
      `${placeOf(match.finding) === "" ? "meson.build" : placeOf(match.finding)} names \`${match.facts["name"] ?? ""}\` among its sources, and there is no such file (a name counts from the folder of that meson.build): it is called otherwise, was not added to git, is written by a step that has not run, or belongs to a submodule.`,
    fix: (match) => {
      const name = match.facts["name"] ?? "";
      const folder = name.includes("/") ? name.replace(/\/[^/]*$/, "") : ".";
      const stem = (name.split("/").at(-1) ?? "").replace(/\.\w+$/, "");
      return [
        `ls ${folder}; find . -iname '*${stem}*' -not -path './.git/*'   # what it is called, or where it lies`,
        `# ${placeOf(match.finding) === "" ? "meson.build" : placeOf(match.finding)}: the name as it is there; deleted by mistake: git checkout -- ${name}; a submodule: git submodule update --init --recursive`,
      ];
    },
    sources: ["https://mesonbuild.com/Syntax.html"],
    examples: [
      {
        text: "$ meson setup build\nThe Meson build system\nVersion: 1.5.1\nBuild type: native build\n\nmeson.build:6:3: ERROR: File src/scan.c does not exist.\n\nA full log can be found at /w/build/meson-logs/meson-log.txt",
        expect: "find . -iname '*scan*'",
      },
    ],
  },
  {
    id: "meson-dependency-not-found",
    title: "Meson does not find a dependency",
    on: ["build-tool"],
    specificity: 72,
    matches: (finding) =>
      saidAny(
        finding,
        /Dependency ["'](?<name>[^"']+)["'] (?:not found|is required but not found)/,
        /^Unknown compiler\(s\): \[?\[?'?(?<compiler>[^\]']*)/,
        /C\+\+ (?:shared or static )?library ['"](?<name>[^'"]+)['"] not found/,
      ),
    confidence: "high",
    cause: (match) =>
      /^torch$/i.test(match.facts["name"] ?? "")
        ? "Meson asks CMake for torch, and CMake does not find TorchConfig.cmake: it lies within the installed package (torch/share/cmake), which is on no path that CMake looks into by itself."
        : match.facts["compiler"] === undefined
          ? `Meson asked pkg-config and CMake for \`${match.facts["name"] ?? ""}\`, and neither knows it: it is not installed, or its .pc file is on no path of pkg-config's (PKG_CONFIG_PATH).`
          : `Meson could not run a compiler (${match.facts["compiler"]}): none is installed, or CC, CXX or CUDACXX names one that does not exist.`,
    fix: (match) => {
      const name = match.facts["name"] ?? "";
      if (match.facts["compiler"] === "nvcc") return useToolkit(match);
      if (match.facts["compiler"] !== undefined)
        return ["sudo apt-get install build-essential", 'echo "CC=[$CC] CXX=[$CXX] CUDACXX=[$CUDACXX]"'];
      if (/^torch$/i.test(name)) return torchForMeson(match);
      return [
        ...(/^(?:pybind11|numpy|nanobind)$/.test(name) ? [`${python(match)} -m pip install ${name}`] : []),
        ...(/^python/.test(name)
          ? [
              "sudo apt-get install python3-dev",
              `export PKG_CONFIG_PATH=$(${python(match)} -c "import sysconfig; print(sysconfig.get_config_var('LIBPC'))"):$PKG_CONFIG_PATH`,
            ]
          : []),
        ...mesonPackages(match, name),
        `pkg-config --modversion ${name}   # apt: apt-cache search --names-only '${name}.*-dev'`,
        "# within pip: pip install --no-build-isolation . sees what is installed in the environment",
      ];
    },
    sources: ["https://mesonbuild.com/Dependencies.html"],
    examples: [
      {
        text: '../meson.build:14:11: ERROR: Dependency "pybind11" not found, tried pkgconfig and cmake',
        expect: "pip install pybind11",
      },
      { text: "meson.build:12:0: ERROR: Unknown compiler(s): [['nvcc']]", expect: "CUDA_HOME" },
      {
        text: '$ meson setup out -Dtests=false\nmeson.build:9:8: ERROR: Dependency "Torch" not found, tried pkgconfig and cmake',
        expect: "meson setup out -Dtests=false --cmake-prefix-path=",
      },
    ],
  },
  {
    id: "meson-not-installed",
    title: "meson-python finds no Meson or Ninja",
    on: ["installer", "exception", "build-tool"],
    specificity: 80,
    matches: (finding) =>
      said(finding, /meson-python: error: Could not find (?<tool>meson|ninja) version (?<least>\d[\d.]*\d) or newer/),
    confidence: "high",
    cause: (match) =>
      `meson-python builds the package with ${match.facts["tool"] === "ninja" ? "Ninja" : "Meson"} ${match.facts["least"] ?? ""} or newer, and there is none: without build isolation pip fetches nothing, so that what the build needs has to be in the environment itself.`,
    fix: (match) => {
      const tool = match.facts["tool"] ?? "meson";
      const asked = `"${tool}>=${match.facts["least"] ?? ""}"`;
      return [
        pip(match, `install meson-python ${tool === "meson" ? `${asked} ninja` : `meson ${asked}`}`),
        ...(match.context.log.requested === undefined ? buildAgain(match) : installAgainPlainly(match)),
      ];
    },
    sources: ["mesonbuild/meson-python: mesonpy/__init__.py"],
    examples: [
      {
        text: "$ pip install -e . --no-build-isolation\n      ERROR: meson-python: error: Could not find meson version 0.63.3 or newer, found .",
        expect: 'install meson-python "meson>=0.63.3" ninja',
      },
    ],
  },
];

/** The command of the text, without isolation as it was given. */
function installAgainPlainly(match: Match): string[] {
  const { requested = [], options = [] } = match.context.log;
  return [pip(match, `install --no-build-isolation ${[...requested, ...options].join(" ")}`)];
}
