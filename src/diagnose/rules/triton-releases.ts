/** Triton and torch of releases that do not go together, or a package that asks for what its Triton has not. */
import { own } from "../../base/own.ts";
import { compareVersions, parseVersion } from "../../base/order.ts";
import { pip, platformOf, python, torchAgain } from "../commands/commands.ts";
import { statedRelease } from "../facts/stated-torch.ts";
import { type Match, type Rule, saidAny } from "../rule.ts";
import { tritonFor } from "../tables/version-facts.ts";

/** bitsandbytes before 0.45.1 takes a part of Triton that is gone. Source: matthewdouglas in bitsandbytes#1493. */
function ofOldBitsandbytes(match: Match): boolean {
  return (
    match.facts["module"]?.startsWith("triton.ops") === true &&
    (match.context.log.runningModule === "bitsandbytes" ||
      match.finding.frames?.some((frame) => /[\\/]bitsandbytes[\\/]/.test(frame)) === true)
  );
}

/** Something else that asks for what Triton has no more, beside a torch that may be the one that brought such a Triton. */
function wantsLostOps(match: Match): boolean {
  const torch = statedRelease(match);
  return (
    match.facts["module"]?.startsWith("triton.ops") === true &&
    (torch === undefined || compareVersions(parseVersion(torch), [2, 6]) >= 0)
  );
}

/** The package that asks, by the traceback. */
function asker(match: Match): string | undefined {
  const { runningModule } = match.context.log;
  return runningModule === undefined || /^(?:triton|torch)$/.test(runningModule) ? undefined : runningModule;
}

/** What triton.language has had since which release, and the torch that brought it. Source: Triton's releases and git history. */
const tritonSince: Readonly<Record<string, readonly [triton: string, torch: string]>> = {
  cumsum: ["2.1", "2.1"],
  associative_scan: ["2.1", "2.1"],
  make_block_ptr: ["2.1", "2.1"],
  advance: ["2.1", "2.1"],
  expand_dims: ["2.1", "2.1"],
  inline_asm_elementwise: ["2.2", "2.2"],
  cast: ["3.0", "2.4"],
  join: ["3.0", "2.4"],
  interleave: ["3.0", "2.4"],
  range: ["3.0", "2.4"],
  fma: ["3.0", "2.4"],
  clamp: ["3.0", "2.4"],
  gather: ["3.2", "2.6"],
  dot_scaled: ["3.2", "2.6"],
  make_tensor_descriptor: ["3.4", "2.8"],
  constexpr_function: ["3.5", "2.9"],
};

/** The release of Triton that brought what is missing. */
function tooOldTriton({ facts }: Match): { readonly triton: string; readonly torch: string } | undefined {
  if (facts["module"] !== "triton.language") return undefined;
  const found = own(tritonSince, facts["name"] ?? "");
  return found === undefined ? undefined : { triton: found[0], torch: found[1] };
}

/**
 * The Triton that goes with the torch that is there. On Windows no torch brings one, and AMD's and Intel's have other names.
 * triton_key is in Triton 3.0 to 3.4 (woct0rdho/triton-windows#158, pytorch/pytorch#123042).
 */
function tritonOfItsTorch(match: Match): string[] {
  const { log, environment } = match.context;
  const installed = log.installedTorch ?? environment?.torch?.version ?? statedRelease(match);
  const triton = tritonFor(installed);
  if (platformOf(match) === "win32")
    return [
      pip(match, "uninstall -y triton triton-windows"),
      triton === undefined
        ? `${pip(match, `install "triton-windows<${match.facts["name"] === "triton_key" ? "3.5" : "3.6"}"`)}   # ${match.facts["name"] === "triton_key" ? "for torch 2.8 and older, which ask for triton_key; " : ""}by torch's release: <3.6 for 2.9, <3.5 for 2.8, <3.4 for 2.7, <3.3 for 2.6`
        : `${pip(match, `install "triton-windows<${triton.below}"`)}   # the one of torch ${triton.torch}; torch for Windows brings none`,
    ];
  const [, release, other] = /^(\d[\d.]*)\+(rocm[\d.]+|xpu)/.exec(installed ?? "") ?? [];
  if (release !== undefined && other !== undefined)
    return [
      `${pip(match, "uninstall -y triton")}   # the one for NVIDIA's GPUs: it lies in the same folder as this torch's own`,
      pip(match, `install --force-reinstall torch==${release} --index-url https://download.pytorch.org/whl/${other}`),
    ];
  if (triton === undefined || log.amd || /\+cpu/.test(installed ?? ""))
    return [
      `${python(match)} -m pip show torch triton | grep -E 'Name|Version|Requires'`,
      `${torchAgain(match)}   # brings its own Triton`,
    ];
  return [
    `${pip(match, `install --force-reinstall --no-deps "triton==${triton.release}.*"`)}   # the one that torch ${triton.torch} asks for`,
    "# what asked for the other (a package's requirements, pip install -U triton) would change it again: pip check names it",
  ];
}

export const tritonReleaseRules: readonly Rule[] = [
  {
    id: "triton-other-release",
    title: "Triton and torch are of releases that do not go together",
    on: ["exception"],
    specificity: 78,
    matches: (finding) =>
      saidAny(
        finding,
        /cannot import name ['"](?<name>\w+)['"] from ['"](?<module>triton[\w.]*)['"]/,
        /module ['"](?<module>triton[\w.]*)['"] has no attribute ['"](?<name>\w+)['"]/,
        /No module named ['"](?<module>triton\.[\w.]+)['"]/,
      ),
    confidence: (match) => (wantsLostOps(match) && !ofOldBitsandbytes(match) ? "medium" : "high"),
    cause: (match) =>
      ofOldBitsandbytes(match)
        ? `bitsandbytes imports \`${match.facts["module"] ?? "triton.ops"}\`, which Triton lost in 3.2 (torch 2.6): the installed bitsandbytes is older than 0.45.1, the first that does without.`
        : wantsLostOps(match)
          ? `Triton lost \`triton.ops\` in 3.2, which torch 2.6 brought: ${asker(match) === undefined ? "what imports it" : `the installed ${asker(match) ?? ""}`} is of a release for an older torch (bitsandbytes up to 0.45.0 is the most frequent).`
          : tooOldTriton(match) !== undefined
            ? `\`${match.facts["module"] ?? "triton.language"}.${match.facts["name"] ?? ""}\` came with Triton ${tooOldTriton(match)?.triton ?? ""} (torch ${tooOldTriton(match)?.torch ?? ""}), and the Triton that is installed is older: ${asker(match) === undefined ? "the kernel that runs" : `\`${asker(match) ?? ""}\``} is written for a newer torch.`
            : `\`${match.facts["module"] ?? "triton"}${match.facts["name"] === undefined ? "" : `.${match.facts["name"]}`}\` is not in the Triton that is installed: every torch goes with one release of Triton, and another package changed it.`,
    fix: (match) =>
      ofOldBitsandbytes(match)
        ? [`${pip(match, 'install --upgrade "bitsandbytes>=0.45.1"')}   # torch and Triton stay`]
        : wantsLostOps(match)
          ? [
              `${pip(match, `install --upgrade ${asker(match) ?? '"bitsandbytes>=0.45.1"'}`)}   # a release that does without`,
              '# none does: the last torch whose Triton has it: pip install "torch<2.6", with the torchvision of that release',
            ]
          : tooOldTriton(match) !== undefined
            ? [
                `${pip(match, `install --upgrade "triton${platformOf(match) === "win32" ? "-windows" : ""}>=${tooOldTriton(match)?.triton ?? ""}"`)}   # pip names torch's own pin: torch.compile of a torch before ${tooOldTriton(match)?.torch ?? ""} may then not work`,
                `# with torch.compile: torch ${tooOldTriton(match)?.torch ?? ""} or newer, which brings that Triton (what is compiled for the old torch has to be installed anew), or a release of ${asker(match) ?? "the package"} for the Triton that is there`,
              ]
            : tritonOfItsTorch(match),
    sources: [
      "pytorch/pytorch#155647",
      "woct0rdho/triton-windows#158",
      "bitsandbytes-foundation/bitsandbytes#1493",
      "triton-lang/triton#4236",
      "state-spaces/mamba#366",
      "triton-lang/triton#2024",
    ],
    examples: [
      {
        text: "  File \"/e/lib/python3.12/site-packages/bitsandbytes/triton/int8_matmul_mixed_dequantize.py\", line 12, in <module>\n    from triton.ops.matmul_perf_model import early_config_prune, estimate_matmul_time\nModuleNotFoundError: No module named 'triton.ops'",
        expect: "bitsandbytes>=0.45.1",
      },
      { text: "ImportError: cannot import name 'triton_key' from 'triton.compiler.compiler'", expect: "own Triton" },
      { text: "ModuleNotFoundError: No module named 'triton.ops'", expect: "which torch 2.6 brought" },
      {
        text: "AttributeError: module 'triton.language' has no attribute 'make_block_ptr'",
        expect: 'install --upgrade "triton>=2.1"',
      },
      {
        text: "torch 2.5.1+cu124\nModuleNotFoundError: No module named 'triton.ops'",
        expect: 'install --force-reinstall --no-deps "triton==3.1.*"',
      },
      {
        text: "D:\\app>python_embeded\\python.exe run.py\nImportError: cannot import name 'triton_key' from 'triton.compiler.compiler' (D:\\app\\python_embeded\\Lib\\site-packages\\triton\\compiler\\compiler.py)\ntorch                     2.7.1+cu128\ntriton-windows            3.5.0.post21",
        expect: 'install "triton-windows<3.4"',
      },
      {
        text: "D:\\app>python run.py\nImportError: cannot import name 'triton_key' from 'triton.compiler.compiler' (D:\\app\\venv\\Lib\\site-packages\\triton\\compiler\\compiler.py)",
        expect: 'install "triton-windows<3.5"',
      },
      {
        text: "torch 2.5.1+rocm6.2\nModuleNotFoundError: No module named 'triton.ops'",
        expect: "torch==2.5.1 --index-url https://download.pytorch.org/whl/rocm6.2",
      },
    ],
  },
];
