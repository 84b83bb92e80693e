/**
 * Whole answers for builders with an environment of their own, for the few causes whose mend there has another form than in a shell:
 * torch that the build does not see, headers of CUDA, a host compiler that is too new. It does not know the recipe that it speaks of.
 * Sources: nixpkgs' manual (CUDA, cudaPackages), Spack's "Compilers" and catkin_tools' `catkin build`, tox' reference (package, commands_pre),
 * Bazel's `new_local_repository` and `cc_library`.
 */
import { pip, python } from "../commands/command-words.ts";
import { plainName } from "../../base/package-name.ts";
import { forcedBuild } from "../tables/packages.ts";
import { newestGccFor } from "../tables/version-facts.ts";
import type { BuilderName } from "../facts/builder-facts.ts";
import type { LogFacts } from "../facts/log-facts.ts";
import type { Match } from "../rule.ts";

type Builder = NonNullable<LogFacts["ownBuilder"]>;

type Answer = (match: Match, builder: Builder, command: string | undefined) => readonly string[] | undefined;

/** A definition of CMake's among those that a workspace's command passes on. */
function withDefinition(command: string, definition: string): string {
  const name = /^-D(\w+)/.exec(definition)?.[1] ?? "";
  const plain = command.replaceAll(new RegExp(String.raw` -D ?${name}(?::\w+)?=(?:"[^"]*"|'[^']*'|\S+)`, "g"), "");
  if (plain.startsWith("catkin_make")) return `${plain} ${definition}`;
  return / --cmake-args\b/.test(plain)
    ? plain.replace(/ --cmake-args\b/, ` --cmake-args ${definition}`)
    : `${plain} --cmake-args ${definition}`;
}

/** nvcc of a workspace knows no such architecture: another toolkit, or another architecture. */
const architectureForWorkspace: Answer = ({ finding }, { name }, command) => {
  const asked = /compute_(\d{2,3})/.exec(finding.message)?.[1];
  if (command === undefined || asked === undefined) return undefined;
  const fresh =
    name !== "colcon" || / --cmake-clean-cache\b/.test(command)
      ? command
      : / --cmake-args\b/.test(command)
        ? command.replace(/ --cmake-args\b/, " --cmake-clean-cache --cmake-args")
        : `${command} --cmake-clean-cache`;
  const last = Number(asked) >= 100 ? "90" : Number(asked) >= 89 ? "86" : "80";
  return [
    "ls -d /usr/local/cuda*; which -a nvcc; nvcc --version | grep release   # the one that was called is too old (or too new) for it; often /usr/bin/nvcc of the distribution",
    "export PATH=/usr/local/cuda/bin:$PATH CUDACXX=/usr/local/cuda/bin/nvcc",
    fresh,
    `# no other toolkit there: the same with code for an older GPU, which newer ones take: ${withDefinition(fresh, `-DCMAKE_CUDA_ARCHITECTURES=${last}`)}`,
  ];
};

/** ROS is compiled with the new std::string; torch's wheels are since 2.7. */
const rosStrings =
  "# ROS has the new std::string, as torch 2.7 and newer of pip; with an older one take LibTorch (cxx11 ABI): -DTorch_DIR=<libtorch>/share/cmake/Torch";

const torchForWorkspace: Answer = (match, { target }, command) => {
  const given =
    command ??
    (match.context.log.ownBuilder?.name === "colcon" ? "colcon build" : "catkin build") +
      (target === undefined
        ? ""
        : ` ${match.context.log.ownBuilder?.name === "colcon" ? "--packages-select " : ""}${target}`);
  const { libtorchFolder } = match.context.log;
  const folder =
    libtorchFolder === undefined
      ? `"$(${python(match)} -c 'import torch; print(torch.utils.cmake_prefix_path)')/Torch"`
      : `${libtorchFolder}/share/cmake/Torch`;
  return [withDefinition(given, `-DTorch_DIR=${folder}`), ...(libtorchFolder === undefined ? [rosStrings] : [])];
};

const isolatedByTox: Answer = (match, _, command) => [
  "# tox builds the package in an environment of its own (.pkg), which has what [build-system] requires names and no torch: in tox.ini",
  "#     [testenv]",
  "#     package = skip",
  "#     deps =",
  "#         torch",
  "#         setuptools",
  "#         wheel",
  "#         ninja",
  `#     commands_pre = ${pip(match, "install --no-build-isolation -e .")}`,
  `# then: ${command ?? "tox run"} -r`,
  "# (pyproject.toml's [tool.tox] takes the same keys; torch in [build-system] requires would build against the newest torch, not the one of the environment)",
];

/** `nox > python -m pip install -e '.[test]'`: what the session asks for, in the words of the noxfile. */
const isolatedByNox: Answer = ({ context: { log } }, { target }, command) => {
  const words = (log.installs ?? [])[0]?.match(/"[^"]*"|'[^']*'|\S+/g) ?? ["."];
  const quoted = words.map((word) => `"${word.replaceAll(/["']/g, "")}"`).join(", ");
  return [
    "# noxfile.py, in the session, in place of the installation that fails:",
    '#     session.install("torch", "setuptools", "wheel", "ninja")',
    `#     session.install("--no-build-isolation", ${quoted})`,
    `# then: ${command ?? `nox -s ${target ?? "<the session>"}`}`,
  ];
};

/** Spack's own installation has no environment of pip's: what is missing is missing in the recipe. */
const missingInSpack: Answer = ({ facts }, { target = "<the package>" }, command) => {
  const module = facts["module"] ?? "torch";
  return [
    `# the recipe (spack edit ${target.replace(/@.*$/, "")}): depends_on("py-${module.toLowerCase()}", type=${module === "torch" ? '("build", "link", "run")' : '"build"'})`,
    `# then: ${command ?? `spack install ${target}`}`,
  ];
};

/** Spack's CUDA lies in a folder of its own, which torch's builder learns by CUDA_HOME. */
const cudaBySpack: Answer = (_, { target = "<the package>" }, command) => [
  `# the recipe (spack edit ${target.replace(/@.*$/, "")}):`,
  '#     depends_on("cuda", type=("build", "link", "run"))',
  "#     def setup_build_environment(self, env):",
  '#         env.set("CUDA_HOME", self.spec["cuda"].prefix)   # CUDAExtension takes its headers; a CppExtension: env.prepend_path("CPATH", self.spec["cuda"].prefix.include)',
  `# then: ${command ?? `spack install ${target}`}`,
];

/** A package that took the nvcc of a loaded module, which is not the CUDA that Spack's torch is built with. */
const otherCudaOfSpack: Answer = ({ facts, context: { log } }, { target }, command) => {
  const { package: named = "torchvision", torch = log.torchCuda } = facts;
  const name = `py-${named.toLowerCase().replaceAll("_", "-")}`;
  return [
    `spack uninstall -y ${name}`,
    `export CUDA_HOME=$(spack location -i cuda${torch === undefined ? "" : `@${torch}`})   # torch's own; the build takes it before the nvcc on PATH (a loaded module's, which nvcc)`,
    command ?? `spack install ${target ?? name}`,
    `# for good, in the recipe (spack edit ${name}): def setup_build_environment(self, env): env.set("CUDA_HOME", self.spec["cuda"].prefix), with depends_on("cuda"); the recipe of a newer Spack has it`,
    ...(log.usesModules
      ? [`# or, instead of CUDA_HOME: module load cuda/${torch ?? "<torch's>"}… before spack install`]
      : []),
  ];
};

/** flash-attn and its like fetch a wheel of their own: the machine that builds has no network. */
const compiledByEasybuild: Answer = (_, { recipe = "<the easyconfig>" }, command) => [
  `echo "preinstallopts = 'export FLASH_ATTENTION_FORCE_BUILD=TRUE MAX_JOBS=%(parallel)s && '" >> ${recipe}   # it compiles then, and fetches nothing; one that is there already: add it to that`,
  ...(command === undefined ? [] : [command]),
];

/** The wheel that setup.py fetches lies in the build's folder, and pip's temporary folder on another file system. */
const oneFileSystemInEasybuild: Answer = ({ context: { log } }, { recipe }, command) => {
  const force = log.package === undefined ? undefined : forcedBuild(plainName(log.package));
  const given = command ?? (recipe === undefined ? undefined : `eb ${recipe} --robot`);
  if (given === undefined) return undefined;
  const moved = `mkdir -p /tmp/eb-build && ${given} --buildpath=/tmp/eb-build --tmpdir=/tmp`;
  return force === undefined
    ? [moved]
    : [
        `export ${force}=TRUE MAX_JOBS=4   # compiles with the toolchain and the CUDA of the modules, and fetches no wheel: that one is built for another CUDA and a newer system; eb hands the variable on`,
        given,
        `# for good, in the easyconfig: preinstallopts = 'export ${force}=TRUE MAX_JOBS=%(parallel)s && '`,
        `# or that wheel all the same, with both folders on one file system: ${moved}`,
      ];
};

/** EasyBuild itself stopped over letters: what its easyconfig exports comes too late. */
const localeForEasybuild: Answer = ({ finding }, _, command) =>
  command === undefined ||
  !/'ascii' codec/.test(finding.message) ||
  finding.frames?.some((frame) => /easybuild[\\/]/.test(frame)) !== true
    ? undefined
    : [
        "export LC_ALL=\"$(locale -a | grep -m1 -i -E '^(C|en_US)\\.utf-?8$')\"   # a locale with UTF-8 for eb itself: C.UTF-8, or en_US.UTF-8",
        command,
        "# for good: the same line in the profile of the user who builds, in place of LC_ALL=POSIX",
      ];

/** A header that a source forgets: nvcc takes it by a variable, which Spack hands on to the build. */
const headerForSpack: Answer = ({ finding, facts }, { target = "<the package>" }, command) => {
  const header = facts["header"];
  if (header === undefined || command === undefined || !/\.cuh?$/.test(finding.file ?? "")) return undefined;
  return [
    `export NVCC_APPEND_FLAGS="-include ${header}"   # for every CUDA source of the build; Spack leaves that variable as it is`,
    command,
    `# for good, in the recipe (spack edit ${target.replace(/@.*$/, "")}), unless a newer Spack has the patch (git -C "$SPACK_ROOT" pull): def setup_build_environment(self, env): env.append_flags("NVCC_APPEND_FLAGS", "-include ${header}")`,
    "# or a release of the package, or a CUDA, with which it compiles: @… or ^cuda@… in the request",
  ];
};

/** LibTorch of the old strings: every source of the build is compiled alike. */
const oldStringsForBazel: Answer = ({ context: { log } }, _, command) => {
  if (command === undefined) return undefined;
  const flags = "--cxxopt=-D_GLIBCXX_USE_CXX11_ABI=0 --host_cxxopt=-D_GLIBCXX_USE_CXX11_ABI=0";
  const zip = log.libtorchZip;
  return [
    `${command.replace(/ (build|run|test) /, ` $1 ${flags} `)}   # compiles all that Bazel compiles with the strings of that LibTorch`,
    zip === undefined || zip.includes("cxx11-abi")
      ? "# or the archive that is marked cxx11-abi in WORKSPACE (MODULE.bazel), with its own sha256, for the new strings everywhere"
      : `# or the new strings everywhere, in WORKSPACE (MODULE.bazel): ${zip.replace("libtorch-shared", "libtorch-cxx11-abi-shared")}, its sha256 = … taken out`,
    "# Torch-TensorRT up to 2.6 has a configuration for it, with a repository of its own (libtorch_pre_cxx11_abi): --config pre_cxx11_abi",
  ];
};

/** Python's headers come to Bazel from the rules of Python. */
const pythonForBazel: Answer = (_, { recipe }, command) => [
  `# ${recipe ?? "BUILD.bazel"}, the target that fails: deps = ["@rules_python//python/cc:current_py_cc_headers"] beside torch's (rules_python 0.31 and newer; the toolchain's own Python)`,
  '# MODULE.bazel: bazel_dep(name = "rules_python", version = "1.5.0")',
  "# a LibTorch of the downloads has no torch_python, which modules of Python link: take pip's torch for @libtorch (path = the folder of `python -c 'import torch; print(torch.__path__[0])'`), built for that same Python",
  ...(command === undefined ? [] : [`# then: ${command}`]),
];

/** Which package of nixpkgs' cudaPackages has a header. */
const nixCuda: readonly (readonly [header: RegExp, name: string])[] = [
  [/^cublas/, "libcublas"],
  [/^cusparse/, "libcusparse"],
  [/^cusolver/, "libcusolver"],
  [/^curand/, "libcurand"],
  [/^cufft/, "libcufft"],
  [/^cudnn/, "cudnn"],
  [/^(?:thrust|cub|cuda\/std|nv\/target)/, "cuda_cccl"],
  [/^(?:nvtx3|nvToolsExt)/, "cuda_nvtx"],
  [/^(?:nvrtc)/, "cuda_nvrtc"],
];

const cudaByNix: Answer = ({ finding }, _, command) => {
  const header = finding.header ?? "";
  const own = nixCuda.find(([form]) => form.test(header))?.[1];
  const usual = ["cuda_cudart", "cuda_cccl", "libcublas", "libcusparse", "libcusolver", "libcurand"];
  const names = own === undefined || usual.includes(own) ? usual : [own, ...usual];
  return [
    "# in the derivation: cuda_nvcc has no headers of the run time and of the libraries, each is a package of its own",
    `#     buildInputs = with cudaPackages; [ ${names.join(" ")} ];   # torch's headers include those of all of these`,
    "#     nativeBuildInputs = [ cudaPackages.cuda_nvcc which ninja ];",
    '#     preBuild = "export CUDA_HOME=${cudaPackages.cuda_nvcc}";   # nixpkgs puts the others on the compiler\'s path',
    "# the cudaPackages have to be torch's own: python3Packages.torch.cudaPackages",
    ...(command === undefined ? [] : [`# then: ${command}`]),
  ];
};

const compilerOfSpack: Answer = (match, { target }, command) => {
  const { cuda } = match.context.log;
  const newest = match.facts["newest"] ?? (cuda === undefined ? undefined : newestGccFor(cuda));
  if (newest === undefined || (command ?? target) === undefined) return undefined;
  const written = command ?? `spack install ${target ?? ""}`;
  // The compiler belongs to the package that is asked for, before what it depends on.
  const [head = "", ...rest] = written.replaceAll(/ ?%\S+/g, "").split(" ^");
  return [
    `spack compilers | grep -E 'gcc@${newest}' || (spack install gcc@${newest} && spack compiler find "$(spack location -i gcc@${newest})")`,
    [`${head} %gcc@${newest}`, ...rest].join(" ^"),
    "# or a newer CUDA, whose nvcc takes this gcc: ^cuda@… in the request",
  ];
};

const torchForBazel: Answer = (match, { recipe }, command) => [
  `# ${recipe ?? "BUILD.bazel"}, the target that fails: deps = ["@libtorch//:torch"]; and in WORKSPACE (MODULE.bazel: with use_repo_rule)`,
  `${python(match)} -c "import os, torch; print(os.path.dirname(torch.__file__))"   # the path for the next lines`,
  "#     new_local_repository(",
  '#         name = "libtorch", path = "<that folder>",',
  '#         build_file_content = \'cc_library(name = "torch", srcs = glob(["lib/*.so*"]), hdrs = glob(["include/**"]), includes = ["include", "include/torch/csrc/api/include"], visibility = ["//visibility:public"])\',',
  "#     )",
  ...(command === undefined ? [] : [`# then: ${command}`]),
];

/** The answers by builder and rule. */
export const builderAnswers: Readonly<Partial<Record<BuilderName, Readonly<Record<string, Answer>>>>> = {
  catkin: { "cmake-torch-not-found": torchForWorkspace, "nvcc-unsupported-architecture": architectureForWorkspace },
  colcon: { "cmake-torch-not-found": torchForWorkspace, "nvcc-unsupported-architecture": architectureForWorkspace },
  nox: { "torch-missing-in-isolated-build": isolatedByNox },
  easybuild: {
    "ready-wheel-not-fetched": compiledByEasybuild,
    "cross-device-move": oneFileSystemInEasybuild,
    "msvc-output-undecodable": localeForEasybuild,
  },
  tox: { "torch-missing-in-isolated-build": isolatedByTox },
  nix: { "cuda-headers-missing": cudaByNix, "library-header-missing": cudaByNix },
  spack: {
    "torch-missing-in-isolated-build": missingInSpack,
    "cuda-headers-missing": cudaBySpack,
    "cuda-toolkit-not-found": cudaBySpack,
    "package-built-for-other-cuda": otherCudaOfSpack,
    "host-compiler-too-new": compilerOfSpack,
    "standard-header-missing-include": headerForSpack,
  },
  bazel: {
    "abi-new-extension-old-torch": oldStringsForBazel,
    "python-headers-missing": pythonForBazel,
    "torch-headers-missing": torchForBazel,
    "torch-libraries-not-linked": torchForBazel,
  },
};
