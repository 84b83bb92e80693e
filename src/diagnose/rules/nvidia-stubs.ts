/** Packages of NVIDIA's whose sdist holds no sources: it only looks for a wheel on NVIDIA's index while it is "built". */
import { pip, platformOf } from "../commands/commands.ts";
import { projectTool } from "../commands/project-tools.ts";
import { type Match, type Rule, saidAny } from "../rule.ts";

/** What a project file has to say so that the package is left out where it cannot be. */
function leftOut(match: Match): string[] {
  const name = match.facts["name"] ?? "tensorrt";
  return [
    `# pyproject.toml or requirements: "${name}; sys_platform == 'linux'" (with what brings it), so that it is left out here${projectTool(match).startsWith("uv") ? "; then uv lock && uv sync. [tool.uv] environments = [\"sys_platform == 'darwin'\", …] says for which systems uv resolves at all" : ""}`,
  ];
}

export const nvidiaStubRules: readonly Rule[] = [
  {
    id: "nvidia-wheel-not-found",
    title: "NVIDIA has no wheel of the package for this system and Python",
    on: ["exception"],
    specificity: 84,
    matches: (finding) =>
      saidAny(
        finding,
        /Didn't find wheel for (?<name>[\w.-]+) (?<version>[\w.]+)/,
        /only a placeholder project on PyPI\.org repository/,
      ),
    confidence: "high",
    cause: (match) =>
      match.facts["name"] === undefined
        ? "What PyPI has under that name is a placeholder: the wheels are on NVIDIA's own index (pypi.nvidia.com), and for Linux and Windows with NVIDIA GPUs alone."
        : `What PyPI has of \`${match.facts["name"]}\` is a stub that fetches a wheel from pypi.nvidia.com, and found none of ${match.facts["version"] ?? "that release"} for this system, processor and Python${platformOf(match) === "darwin" ? ": there are none for macOS" : ""}.`,
    fix: (match) => {
      const name = match.facts["name"] ?? "tensorrt";
      if (platformOf(match) === "darwin")
        return [...leftOut(match), "# its place on a Mac: torch itself (device mps), coremltools or onnxruntime"];
      return [
        pip(match, `install --extra-index-url https://pypi.nvidia.com ${name}`),
        `# the lines "Testing wheel … against tag" above name the Pythons and systems that it is made for: an environment with one of those (uv venv --python 3.12), and pip of today (${pip(match, "install --upgrade pip")})`,
        ...(match.context.log.jetson || match.context.log.arch === "arm64"
          ? [
              "# Jetson: TensorRT is part of JetPack (sudo apt-get install python3-libnvinfer), and an environment with --system-site-packages sees it",
            ]
          : []),
      ];
    },
    sources: ["NVIDIA/TensorRT-LLM#2181", "astral-sh/uv#11607", "SkyworkAI/Matrix-Game#43"],
    examples: [
      {
        text: '        File "/Users/x/.cache/uv/builds-v0/.tmpKJ/lib/python3.12/site-packages/wheel_stub/wheel.py", line 111, in download_manual\n      RuntimeError: Didn\'t find wheel for tensorrt-cu12-libs 10.8.0.43',
        expect: "sys_platform == 'linux'",
      },
      {
        text: "      RuntimeError: Didn't find wheel for tensorrt-llm 0.15.0",
        expect: "--extra-index-url https://pypi.nvidia.com tensorrt-llm",
      },
    ],
  },
];
