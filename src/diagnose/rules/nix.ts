/** Nix: wheels that it patches, and links that reach out of its store. */
import { ofLog } from "../matchers.ts";
import { coded, type Rule, type RuleContext } from "../rule.ts";

const wanted = /could not satisfy dependency (\S+) wanted by (\S+)/;

/** Libraries that auto-patchelf did not find, and the packages that ask for them. */
function unsatisfied({ findings }: RuleContext): {
  readonly libraries: readonly string[];
  readonly packages: readonly string[];
} {
  const lines = findings.flatMap(({ code, message }) => {
    const [, library = "", file = ""] = code === "nix-patchelf" ? (wanted.exec(message) ?? []) : [];
    return library === ""
      ? []
      : [{ library, owner: /\/nix\/store\/[a-z0-9]{32}-([\w.-]+?)-\d[\w.]*\//.exec(file)?.[1] }];
  });
  const unique = (words: readonly (string | undefined)[]): readonly string[] => [
    ...new Set(words.filter((word) => word !== undefined)),
  ];
  return { libraries: unique(lines.map(({ library }) => library)), packages: unique(lines.map(({ owner }) => owner)) };
}

/** NVIDIA's wheel with a library. */
const wheels: readonly (readonly [RegExp, string])[] = [
  [/^libnvJitLink/, "nvidia-nvjitlink-cu12"],
  [/^libcusparseLt/, "nvidia-cusparselt-cu12"],
  [/^libcusparse/, "nvidia-cusparse-cu12"],
  [/^libcublas/, "nvidia-cublas-cu12"],
  [/^libcudnn/, "nvidia-cudnn-cu12"],
  [/^libnccl/, "nvidia-nccl-cu12"],
  [/^libcudart/, "nvidia-cuda-runtime-cu12"],
  [/^libcufft/, "nvidia-cufft-cu12"],
  [/^libcurand/, "nvidia-curand-cu12"],
  [/^libcusolver/, "nvidia-cusolver-cu12"],
  [/^libcupti/, "nvidia-cuda-cupti-cu12"],
  [/^libnvrtc/, "nvidia-cuda-nvrtc-cu12"],
];

export const nixRules: readonly Rule[] = [
  {
    id: "nix-wheel-wants-others",
    title: "Nix does not find the libraries that a wheel wants of other wheels",
    on: ["installer"],
    specificity: 82,
    matches: (finding) =>
      coded(finding, "nix-patchelf") !== undefined && wanted.test(finding.message) ? {} : undefined,
    confidence: "high",
    cause: ({ context }) => {
      const { libraries, packages } = ofLog(context, unsatisfied);
      return `Nix builds each wheel by itself, and auto-patchelf looks for ${libraries.map((each) => `\`${each}\``).join(", ")} at that time: ${packages.length === 0 ? "the wheel" : packages.join(", ")} takes ${libraries.length > 1 ? "them" : "it"} from ${libraries.every((each) => /^libcuda\.so/.test(each)) ? "the NVIDIA driver of the machine" : "other wheels (or the driver)"}, which are not there yet.`;
    },
    fix: ({ context }) => {
      const { libraries, packages } = ofLog(context, unsatisfied);
      const name = packages[0] ?? "torch";
      const inputs = [
        ...new Set(libraries.flatMap((each) => wheels.filter(([form]) => form.test(each)).map(([, wheel]) => wheel))),
      ];
      return [
        `# in the overlay of the flake: ${name} = prev.${name}.overrideAttrs (old: {${inputs.length === 0 ? "" : ` buildInputs = (old.buildInputs or [ ]) ++ [ ${inputs.map((each) => `final.${each}`).join(" ")} ];`} autoPatchelfIgnoreMissingDeps = [ ${libraries.map((each) => `"${each}"`).join(" ")} ]; });`,
        "# the same for torch itself with all of them, and addAutoPatchelfSearchPath for ${final.nvidia-…}/lib/python3.x/site-packages/nvidia/…/lib in its postFixup; libcuda.so.1 is the driver's: addDriverRunpath, /run/opengl-driver/lib",
        "# or nixpkgs' own, which is patched already: python3Packages.torch-bin (or torch with config.cudaSupport = true)",
      ];
    },
    sources: [
      "pyproject-nix/uv2nix#31",
      "nix-community/poetry2nix#69",
      "https://nixos.org/manual/nixpkgs/stable/#setup-hook-autopatchelfhook",
    ],
    examples: [
      {
        text: "error: builder for '/nix/store/ay0rc9q951jhrpdsvzr6kir3xwq9mdyf-nvidia-cusolver-cu12-11.4.5.107.drv' failed with exit code 1;\n       last 10 log lines:\n       > auto-patchelf: 7 dependencies could not be satisfied\n       > error: auto-patchelf could not satisfy dependency libnvJitLink.so.12 wanted by /nix/store/fy4s44jvs74sm5gb0ais471cfql5cy81-nvidia-cusolver-cu12-11.4.5.107/lib/python3.11/site-packages/nvidia/cusolver/lib/libcusolver.so.11",
        expect: "final.nvidia-nvjitlink-cu12",
      },
    ],
  },
  {
    id: "nix-impure-path",
    title: "Nix refuses a library from outside of its store",
    on: ["installer"],
    specificity: 82,
    matches: (finding) => {
      if (coded(finding, "nix-impure") === undefined) return undefined;
      return { path: /impure path [`'"‘]?([^\s'"’]+)/.exec(finding.message)?.[1] };
    },
    confidence: "high",
    cause: (match) =>
      `Nix's compiler links what is in /nix/store alone, and the build gives it \`${match.facts["path"] ?? "a path of the machine"}\`: it found a CUDA (or another library) of the system, by a variable or by its default path.`,
    fix: () => [
      "export NIX_ENFORCE_PURITY=0   # in nix-shell or nix develop, on a machine that is not NixOS: links it all the same",
      "# in a derivation: cudaPackages.cudatoolkit (cuda_cudart, cuda_nvcc, libcublas, …) among buildInputs, and CUDA_HOME and CUDA_PATH set to it in place of /usr/local/cuda",
    ],
    sources: ["NixOS/nixpkgs#45692", "nixpkgs: pkgs/build-support/bintools-wrapper/ld-wrapper.sh"],
    examples: [
      { text: "impure path `/usr/local/cuda/lib64/libcudart.so' used in link", expect: "NIX_ENFORCE_PURITY=0" },
    ],
  },
];
