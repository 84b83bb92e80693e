/** Bazel and Meson. */
import { python } from "../commands.ts";
import { type Rule, saidAny } from "../rule.ts";

export const bazelAndMesonRules: readonly Rule[] = [
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
          )
        : undefined,
    confidence: "high",
    cause: (match) =>
      match.facts["kind"] === undefined
        ? `\`${match.facts["target"] ?? ""}\` includes headers (of torch, Python or CUDA) that none of its deps declares: Bazel takes only what is declared, also of the system.`
        : `${match.facts["kind"]} \`${match.facts["target"] ?? ""}\`: the workspace (MODULE.bazel, WORKSPACE) does not define it, or its BUILD file is elsewhere.`,
    fix: (match) => [
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
      match.facts["compiler"] === undefined
        ? `Meson asked pkg-config and CMake for \`${match.facts["name"] ?? ""}\`, and neither knows it: it is not installed, or its .pc file is on no path of pkg-config's (PKG_CONFIG_PATH).`
        : `Meson could not run a compiler (${match.facts["compiler"]}): none is installed, or CC, CXX or CUDACXX names one that does not exist.`,
    fix: (match) => {
      const name = match.facts["name"] ?? "";
      if (match.facts["compiler"] !== undefined)
        return ["sudo apt-get install build-essential", 'echo "CC=[$CC] CXX=[$CXX] CUDACXX=[$CUDACXX]"'];
      return [
        ...(/^(?:pybind11|numpy|nanobind)$/.test(name) ? [`${python(match)} -m pip install ${name}`] : []),
        ...(/^python/.test(name)
          ? [
              "sudo apt-get install python3-dev",
              `export PKG_CONFIG_PATH=$(${python(match)} -c "import sysconfig; print(sysconfig.get_config_var('LIBPC'))"):$PKG_CONFIG_PATH`,
            ]
          : []),
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
    ],
  },
];
