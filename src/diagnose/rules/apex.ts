/** NVIDIA's apex, which installs without its compiled parts unless it is told to build them. It does not know which revision of it fits a torch. */
import { compareVersions, parseVersion } from "../../base/order.ts";
import { changeFolder, pythonVersion, removeFolder } from "../commands/command-words.ts";
import { pip, python, reinstall } from "../commands/commands.ts";
import { statedRelease } from "../facts/stated-torch.ts";
import { type Match, type Rule, said } from "../rule.ts";

/** The folder of apex's sources that the text installs from. */
function apexFolder({ context: { log } }: Match): string | undefined {
  return log.typed
    .filter(({ kind, line }) => (kind === "pip" && / \.\/?(?= |$)/.test(line)) || kind === "setup")
    .map(({ folder, prompt }) => folder ?? prompt ?? "")
    .findLast((folder) => /(?:^|[\\/])apex[\\/]?$/.test(folder));
}

/**
 * apex with its compiled parts, from the sources that are there. Older ones know the options alone, not the variables, and the newest
 * ones need a newer torch (htdt/hyp_metric#11); Pythons before 3.8 have a pip that hands on options as `--global-option`.
 */
function apexWithExtensions(match: Match): string[] {
  const folder = apexFolder(match);
  const torch = statedRelease(match);
  const isOld =
    /^3\.[5-7]$/.test(pythonVersion(match) ?? "") ||
    (torch !== undefined && compareVersions(parseVersion(torch), [2, 0]) < 0);
  if (folder === undefined && !isOld) return reinstall(match, "apex");
  const options = "install -v --no-cache-dir --no-build-isolation";
  const both = (option: (name: string) => string): string => `${option("--cpp_ext")} ${option("--cuda_ext")}`;
  const byPip = isOld
    ? pip(match, `${options} ${both((name) => `--global-option="${name}"`)} .`)
    : pip(match, `${options} ${both((name) => `--config-settings "--build-option=${name}"`)} .`);
  return [
    ...(folder === undefined
      ? [
          "git clone https://github.com/NVIDIA/apex && cd apex && git checkout 22.04-dev   # the newest sources need a newer torch",
        ]
      : [changeFolder(match, folder)]),
    removeFolder(match, "build"),
    `${byPip}   # ${isOld ? 'pip 23.1 and newer: --config-settings "--build-option=--cpp_ext" --config-settings "--build-option=--cuda_ext"' : 'pip before 23.1: --global-option="--cpp_ext" --global-option="--cuda_ext"'}; "Successfully installed" alone says nothing: the modules are compiled for minutes`,
  ];
}

export const apexRules: readonly Rule[] = [
  {
    id: "apex-without-extensions",
    title: "apex was installed without its compiled parts",
    on: ["warning", "exception"],
    specificity: 78,
    matches: (finding) =>
      said(
        finding,
        /apex was installed without --c(?:uda|pp)_ext|(?:\bapex[\w.]*|\bFused\w+|\bMixedFused\w+|amp_C) requires (?:the )?(?:cuda|cpp|c\+\+) extensions?|(?:requires|needs|install) (?:NVIDIA )?apex (?:with|from).*(?:cuda|--cuda_ext|extensions)|No module named ['"](?<module>amp_C|apex_C|fused_layer_norm_cuda|syncbn|scaled_\w+_softmax_cuda|fused_weight_gradient_mlp_cuda)['"]|cannot import name ['"](?<name>amp|parallel|UnencryptedCookieSessionFactoryConfig)['"] from ['"]apex/,
      ),
    confidence: "high",
    cause: (match) =>
      match.facts["name"] !== undefined
        ? "PyPI's package `apex` is not NVIDIA's: it has the name only. NVIDIA's is installed from its repository."
        : `apex builds its C++ and CUDA parts${match.facts["module"] === undefined ? "" : ` (here \`${match.facts["module"]}\`)`} only when it is told to, and falls back to Python without them. (PyPI's package \`apex\` is another project.)`,
    fix: (match) => [
      pip(match, "uninstall -y apex"),
      `${python(match)} -c "import torch; print(torch.version.cuda)"; nvcc --version   # both of one version`,
      ...apexWithExtensions(match),
      "# fused_weight_gradient_mlp_cuda and others have variables of their own: see apex's README",
    ],
    sources: [
      "https://github.com/NVIDIA/apex#readme",
      "NVIDIA/apex#499",
      "NVIDIA/apex#161",
      "NVIDIA/apex#1851",
      "huyvvo/BiB#3",
      "htdt/hyp_metric#11",
    ],
    examples: [
      {
        text: "(t) jo@box:~/nets$ cd ../apex && pip install -v --no-cache-dir ./\nSuccessfully installed apex-0.1\n(t) jo@box:~/apex$ cd ../nets && python3 train.py\n  File \"/home/jo/miniconda3/envs/t/lib/python3.7/site-packages/apex/normalization/fused_layer_norm.py\", line 133, in __init__\nModuleNotFoundError: No module named 'fused_layer_norm_cuda'",
        expect: '--global-option="--cpp_ext" --global-option="--cuda_ext" .',
      },
      {
        text: "jo@box:~/apex$ pip install .\njo@box:~/nets$ python train.py\n  File \"/home/jo/e/lib/python3.11/site-packages/apex/optimizers/fused_adam.py\", line 9, in __init__\nModuleNotFoundError: No module named 'amp_C'",
        expect: '--config-settings "--build-option=--cuda_ext" .',
      },
      {
        text: "torch 1.7.1+cu110\n  File \"/home/jo/e/lib/python3.7/site-packages/apex/optimizers/fused_adam.py\", line 9, in __init__\nModuleNotFoundError: No module named 'amp_C'",
        expect: "checkout 22.04-dev",
      },
      {
        text: "Warning:  multi_tensor_applier fused unscale kernel is unavailable, possibly because apex was installed without --cuda_ext --cpp_ext. Using Python fallback.  Original ImportError was: ModuleNotFoundError(\"No module named 'amp_C'\",)",
        expect: "APEX_CUDA_EXT",
      },
      {
        text: "ModuleNotFoundError: No module named 'fused_layer_norm_cuda'",
        expect: "git+https://github.com/NVIDIA/apex",
      },
      { text: "RuntimeError: apex.optimizers.FusedLAMB requires cuda extensions", expect: "APEX_CUDA_EXT" },
      {
        text: "ImportError: cannot import name 'amp' from 'apex' (/e/site-packages/apex/__init__.py)",
        expect: "not NVIDIA's",
      },
    ],
  },
];
