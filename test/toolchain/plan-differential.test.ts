/**
 * The plan against torch's own builder: the installed `torch.utils.cpp_extension` says what it would run, with its
 * platform switches set to each platform, and the words of each command are compared as sets. Every difference must
 * stand in the table of `plan-torch-differences.ts`, and everything in the table must occur.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findEnvironment } from "../../src/environment/find-environment.ts";
import type { Environment } from "../../src/environment/environment.ts";
import { nodeHost } from "../../src/host/node-host.ts";
import { type Action, commandText } from "../../src/plan/graph.ts";
import { plan } from "../../src/plan/plan.ts";
import {
  cpuPython,
  cudaPython,
  debianPython,
  need,
  type PythonEnvironment,
  repository,
} from "../support/environments.ts";
import {
  exampleTool,
  extension,
  type ExtensionParts,
  linuxCpu,
  macos,
  projectRoot,
  windowsCuda,
  windowsRoot,
} from "../support/plan-fixtures.ts";
import { torchDifferences } from "./plan-torch-differences.ts";

type ToolName = "host" | "device" | "deviceLink" | "link";
const toolNames: readonly ToolName[] = ["host", "device", "deviceLink", "link"];

interface Scenario {
  readonly name: string;
  readonly mode: "jit" | "aot";
  readonly platform: Environment["platform"];
  readonly device: "cpu" | "cuda" | "rocm" | "xpu";
  readonly kind: "python-module" | "torch-library" | "executable";
  readonly sources: readonly string[];
  readonly more?: Readonly<Record<string, unknown>>;
  readonly parts?: ExtensionParts;
}

interface TorchSays {
  readonly root: string;
  readonly cuda: string | null;
  readonly python: { readonly include: string; readonly windowsInclude: string; readonly base: string };
  readonly results: readonly (Readonly<Record<ToolName, readonly string[]>> & { readonly target: string })[];
}

const flags = { cxx: ["-Wextra"], nvcc: ["-lineinfo"] };

const byValue: readonly Scenario[] = [
  {
    name: "Linux, module",
    mode: "jit",
    platform: "linux",
    device: "cpu",
    kind: "python-module",
    sources: ["a.cpp"],
    more: { include_dirs: [`${projectRoot}/inc`], cxx: flags.cxx },
    parts: { includeDirs: [`${projectRoot}/inc`], flags },
  },
  { name: "Linux, library", mode: "jit", platform: "linux", device: "cpu", kind: "torch-library", sources: ["a.cpp"] },
  { name: "Linux, program", mode: "jit", platform: "linux", device: "cpu", kind: "executable", sources: ["a.cpp"] },
  { name: "macOS, module", mode: "jit", platform: "darwin", device: "cpu", kind: "python-module", sources: ["a.cpp"] },
  { name: "macOS, program", mode: "jit", platform: "darwin", device: "cpu", kind: "executable", sources: ["a.cpp"] },
  { name: "Windows, module", mode: "jit", platform: "win32", device: "cpu", kind: "python-module", sources: ["a.cpp"] },
  { name: "Windows, program", mode: "jit", platform: "win32", device: "cpu", kind: "executable", sources: ["a.cpp"] },
  {
    name: "Windows, CUDA",
    mode: "jit",
    platform: "win32",
    device: "cuda",
    kind: "python-module",
    sources: ["a.cpp", "k.cu"],
  },
  {
    name: "Linux, ROCm",
    mode: "jit",
    platform: "linux",
    device: "rocm",
    kind: "python-module",
    sources: ["a.cpp", "k.hip"],
  },
  {
    name: "Linux, XPU",
    mode: "jit",
    platform: "linux",
    device: "xpu",
    kind: "python-module",
    sources: ["a.cpp", "k.sycl"],
  },
];

const onCpu: readonly Scenario[] = [
  {
    name: "setup.py, Linux",
    mode: "aot",
    platform: "linux",
    device: "cpu",
    kind: "python-module",
    sources: ["a.cpp"],
    more: {
      define_macros: [
        ["A", "1"],
        ["B", null],
      ],
      libraries: ["z"],
      cxx: flags.cxx,
    },
    parts: { defines: [{ name: "A", value: "1" }, { name: "B" }], libraries: ["z"], flags },
  },
  {
    name: "setup.py, Linux, limited API",
    mode: "aot",
    platform: "linux",
    device: "cpu",
    kind: "python-module",
    sources: ["a.cpp"],
    more: { limited: true, name: "pkg._C" },
    parts: { name: "pkg._C", pyLimitedApi: "3.10" },
  },
];

const onCuda: readonly Scenario[] = [
  {
    name: "Linux, CUDA, module, pip's toolkit",
    mode: "jit",
    platform: "linux",
    device: "cuda",
    kind: "python-module",
    sources: ["a.cpp", "k.cu"],
    more: { nvcc: flags.nvcc },
    parts: { flags: { nvcc: flags.nvcc } },
  },
  {
    name: "Linux, CUDA, program, pip's toolkit",
    mode: "jit",
    platform: "linux",
    device: "cuda",
    kind: "executable",
    sources: ["a.cpp", "k.cu"],
  },
  {
    name: "setup.py, Linux, CUDA, pip's toolkit",
    mode: "aot",
    platform: "linux",
    device: "cuda",
    kind: "python-module",
    sources: ["a.cpp", "k.cu"],
    more: { arch: "8.0;9.0+PTX;10.0", cxx: flags.cxx, nvcc: flags.nvcc },
    parts: { flags },
  },
  {
    name: "setup.py, Linux, CUDA, device link, pip's toolkit",
    mode: "aot",
    platform: "linux",
    device: "cuda",
    kind: "python-module",
    sources: ["a.cpp", "k.cu"],
    more: { dlink: true, nvcc: ["-rdc=true"], arch: "8.0;9.0+PTX" },
    parts: { flags: { nvcc: ["-rdc=true"] }, deviceLink: true },
  },
];

const onDebian: readonly Scenario[] = [
  {
    name: "Linux, Debian, module",
    mode: "jit",
    platform: "linux",
    device: "cpu",
    kind: "python-module",
    sources: ["a.cpp"],
  },
  {
    name: "setup.py, Linux, Debian",
    mode: "aot",
    platform: "linux",
    device: "cpu",
    kind: "python-module",
    sources: ["a.cpp"],
  },
];

const used = new Set<string>();
let cacheDir = "";

beforeAll(() => {
  cacheDir = mkdtempSync(join(tmpdir(), "retorch-plan-"));
});
afterAll(() => rmSync(cacheDir, { recursive: true, force: true }));

describe.each([
  ["a CPU torch, other platforms by value", [...byValue, ...onCpu], cpuPython],
  ["a CUDA torch", onCuda, cudaPython],
  ["Debian's torch", onDebian, debianPython],
] as const)("%s", (_group, scenarios, python) => {
  let says: TorchSays;
  let environment: Environment;

  beforeAll(async () => {
    const found = python();
    if (!found.available) return;
    environment = await realEnvironment(found.value);
    says = askTorch(found.value, scenarios, environment.cuda?.root);
  }, 60_000);

  test.for(scenarios.map((scenario, i) => [scenario.name, scenario, i] as const))("%s", ([, scenario, i], context) => {
    need(context, python());
    const result = says.results[i];
    if (result === undefined) throw new Error("torch did not answer");
    const ours = retorchWords(scenario, byValue.includes(scenario) ? exampleFor(scenario) : environment);
    const names = torchNames(says);
    for (const tool of toolNames) {
      const torchs = tokens(result[tool].map((word) => withNames(word, names))).filter((token) => !isFile(token));
      const expected = new Set(torchs);
      const found = new Set(ours[tool].filter((token) => !isFile(token)));
      const unexplained = (side: "torch" | "retorch", mine: Set<string>, other: Set<string>): string[] =>
        [...mine].filter((token) => !other.has(token) && !accounted(side, token, tool, scenario.name));
      const onlyTorch = unexplained("torch", expected, found);
      const onlyRetorch = unexplained("retorch", found, expected);
      expect({ tool, onlyTorch, onlyRetorch }).toEqual({ tool, onlyTorch: [], onlyRetorch: [] });
    }
  });

  test("the file names that setup.py gives", (context) => {
    need(context, python());
    for (const [i, scenario] of scenarios.entries()) {
      if (scenario.mode !== "aot") continue;
      expect(artifactName(scenario, environment)).toBe(says.results[i]?.target);
    }
  });
});

test("every difference of the table occurs", (context) => {
  need(context, cpuPython());
  need(context, cudaPython());
  need(context, debianPython());
  const idle = torchDifferences.filter(({ what }) => !used.has(what)).map(({ what }) => what);
  expect(idle).toEqual([]);
});

/** Whether the table explains that only one side has a word. */
function accounted(side: "torch" | "retorch", token: string, tool: ToolName, scenario: string): boolean {
  const entry = torchDifferences.find(
    (each) =>
      each[side]?.test(token) === true &&
      (each.tools === undefined || each.tools.includes(tool)) &&
      (each.scenarios === undefined || each.scenarios.test(scenario)),
  );
  if (entry !== undefined) used.add(entry.what);
  return entry !== undefined;
}

function askTorch(python: PythonEnvironment, scenarios: readonly Scenario[], cudaHome: string | undefined): TorchSays {
  const asked = scenarios.map(({ mode, platform, device, kind, sources, more }) => ({
    mode,
    platform,
    device,
    kind,
    sources: sources.map((name) => `${projectRoot}/${name}`),
    ...more,
  }));
  const result = spawnSync(python.executable, [join(repository, "test", "toolchain", "plan-torch-builder.py")], {
    input: JSON.stringify(asked),
    encoding: "utf8",
    env: { ...process.env, ...(cudaHome === undefined ? {} : { CUDA_HOME: cudaHome }) },
    maxBuffer: 1 << 26,
  });
  if (result.status !== 0) throw new Error(result.stderr);
  // setuptools prints what it does before the answer.
  return JSON.parse(result.stdout.slice(result.stdout.indexOf('{"torch"'))) as TorchSays;
}

async function realEnvironment(python: PythonEnvironment): Promise<Environment> {
  const host = nodeHost();
  const { environment } = await findEnvironment(host, { python: python.executable, projectRoot: cacheDir, cacheDir });
  return environment;
}

function exampleFor({ platform, device }: Scenario): Environment {
  if (platform === "win32") return windowsCuda;
  if (platform === "darwin") return macos;
  const torch = linuxCpu.torch;
  if (torch === undefined || device === "cpu") return linuxCpu;
  if (device === "rocm") {
    return {
      ...linuxCpu,
      torch: { ...torch, hipVersion: "6.4.0", libraries: [...torch.libraries, "c10_hip", "torch_hip"] },
      rocm: {
        root: "/fake/rocm",
        version: "6.4.0",
        compiler: exampleTool("hipcc", "/fake/rocm/bin/hipcc", "6.4.0"),
        includeDirs: ["/fake/rocm/include"],
        libraryDirs: ["/fake/rocm/lib"],
      },
    };
  }
  return {
    ...linuxCpu,
    torch: { ...torch, xpuVersion: "20250200", libraries: [...torch.libraries, "c10_xpu", "torch_xpu"] },
    sycl: {
      root: "/fake/sycl",
      version: "2025.2.0",
      compiler: exampleTool("icpx", "/fake/sycl/bin/icpx", "2025.2.0"),
      includeDirs: ["/fake/sycl/include", "/fake/sycl/include/sycl"],
      libraryDirs: ["/fake/sycl/lib"],
    },
  };
}

function planned(scenario: Scenario, environment: Environment): ReturnType<typeof plan> & { readonly ok: true } {
  const windows = scenario.platform === "win32";
  const root = windows ? windowsRoot : projectRoot;
  const arch = scenario.more?.["arch"];
  const result = plan({
    extensions: [extension({ root, kind: scenario.kind, sources: scenario.sources, ...scenario.parts })],
    environment,
    buildDir: windows ? String.raw`${root}\.retorch` : `${root}/.retorch`,
    variables: {
      TORCH_CUDA_ARCH_LIST: typeof arch === "string" ? arch : "9.0",
      PYTORCH_ROCM_ARCH: "gfx90a",
      TORCH_XPU_ARCH_LIST: "pvc",
    },
  });
  if (!result.ok) throw new Error(result.error.message);
  return result;
}

function artifactName(scenario: Scenario, environment: Environment): string | undefined {
  return planned(scenario, environment).value.artifacts[0]?.built.split("/").at(-1);
}

/** The words of each tool's command, without the program and the files that it reads and writes. */
function retorchWords(scenario: Scenario, environment: Environment): Record<ToolName, string[]> {
  const { actions } = planned(scenario, environment).value;
  const names = retorchNames(environment);
  const wordsOf = (kind: Action["kind"]): string[] => {
    const action = actions.find((each) => each.kind === kind);
    if (action === undefined) return [];
    const command = action.command.filter(
      (arg) =>
        typeof arg === "string" || arg.role !== "tool" || arg.prefix !== undefined || action.command.indexOf(arg) > 0,
    );
    return tokens(commandText(command).map((word) => withNames(word, names)));
  };
  return {
    host: wordsOf("compile"),
    device: wordsOf("compile-cuda"),
    deviceLink: wordsOf("device-link"),
    link: wordsOf("link"),
  };
}

type Names = readonly (readonly [path: string, name: string])[];

function torchNames({ root, cuda, python }: TorchSays): Names {
  return [
    [root, "$TORCH"],
    ...(cuda === null ? [] : ([[cuda, "$CUDA"]] as const)),
    ["/fake/cuda", "$CUDA"],
    [`${python.base}/libs`, "$PYLIB"],
    [python.include, "$PYINC"],
    [python.windowsInclude, "$PYINC"],
    [`${python.base}/lib`, "$PYLIB"],
    [root.replace(/\/lib\/python[\d.]+\/site-packages\/torch$/, ""), "$ENV"],
    [projectRoot, "$PROJECT"],
  ];
}

function retorchNames({ torch, cuda, python }: Environment): Names {
  return [
    ...(torch === undefined ? [] : ([[torch.root, "$TORCH"]] as const)),
    [".venv/lib/python3.11/site-packages/torch", "$TORCH"],
    ...(cuda === undefined ? [] : ([[cuda.root, "$CUDA"]] as const)),
    ...(python === undefined
      ? []
      : ([
          [python.includeDirs[0] ?? "", "$PYINC"],
          [python.libraryDir, "$PYLIB"],
        ] as const)),
  ];
}

function withNames(word: string, names: Names): string {
  const text = names.reduce((result, [path, name]) => (path === "" ? result : result.replaceAll(path, name)), word);
  return text.replaceAll("\\", "/").replace("$PROJECT/", "");
}

/** Words with their values as one; what stands for the files of a single command is left out. */
function tokens(words: readonly string[]): string[] {
  const result: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = (words[i] ?? "").replace(/^--compiler-options$/, "-Xcompiler");
    const next = words[i + 1] ?? "";
    if (/^-(?:MF|o|x)$/.test(word)) i++;
    else if (/^(?:-isystem|-Xcompiler|-Xcudafe|-ccbin|-arch|-undefined|-Xs)$/.test(word)) {
      result.push(`${word} ${next.replaceAll("'", "")}`);
      i++;
    } else if (!/^(?:-MD|-c|\/c|-dlink)$/.test(word)) result.push(word);
  }
  return result;
}

function isFile(token: string): boolean {
  return /^[^-].*\.(?:cpp|cu|hip|sycl|o|obj)$/.test(token) || /^\/(?:OUT|Fo)/.test(token);
}
