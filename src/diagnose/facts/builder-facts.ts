/**
 * A builder that keeps an environment of its own: Nix, Guix, Spack, EasyBuild, Yocto, Bazel, tox, nox, catkin, colcon. What is installed or set in
 * the shell that calls it does not reach the build; it is asked for in its recipe or in its own words. Reads one line at a time; it does
 * not know whether the recipe is somebody's own.
 */

export type BuilderName =
  | "nix"
  | "guix"
  | "spack"
  | "easybuild"
  | "yocto"
  | "bazel"
  | "tox"
  | "nox"
  | "catkin"
  | "colcon";

export interface BuilderFacts {
  readonly ownBuilder?: {
    readonly name: BuilderName;
    /** What it builds, as its command names it: `py-torch-scatter@2.1.1`, `python3-lidarops`. */
    readonly target?: string;
    /** The file that says how: `/ec/a.eb`, `/meta/a_1.0.bb`, `/w/ops/BUILD.bazel`. */
    readonly recipe?: string;
  };
}

/** How each of them says that a build of its failed; the groups are the target and the recipe. */
const forms: readonly (readonly [BuilderName, RegExp])[] = [
  [
    "nix",
    /^(?:error: )?(?:builder for|Cannot build) '\/nix\/store\/[^']+\.drv'|^[\w.-]+> (?:Running phase: |Executing \w+Phase)/,
  ],
  ["guix", /^(?:builder for|build of) `\/gnu\/store\/|^guix build: error: /],
  [
    "spack",
    /^==> Installing (?<name>[\w-]+?)-(?<version>\d[\w.]*)-[a-z0-9]{7,32}\b|\/spack-stage-(?<name2>[\w-]+?)-(?<version2>\d[\w.]*)-[a-z0-9]{7,32}\/|^==> Error: (?:ProcessError|InstallError|failed to concretize)/,
  ],
  [
    "easybuild",
    /^== FAILED: Installation ended unsuccessfully|^ERROR: (?:Build|Installation) of (?<recipe>\S+\.eb) failed|^== processing EasyBuild easyconfig (?<recipe2>\S+\.eb)/,
  ],
  [
    "yocto",
    /^ERROR: (?<name>[\w+.-]+?)-\d[\w.+~]*-r\d+ do_\w+: |^ERROR: Task \((?:\w+:)*(?<recipe>\/\S+\.bb):do_\w+\) failed/,
  ],
  ["bazel", /^ERROR: (?<recipe>\S+\/BUILD(?:\.bazel)?):\d+:\d+: /],
  [
    "tox",
    /^\.pkg[\w.-]*: (?:exit \d|install_requires|_optional_hooks|get_requires|build_wheel)|^[\w.-]+: (?:install_package> python|FAIL code \d)/,
  ],
  ["nox", /^nox > (?:Command .* failed with exit code|Session (?<name>[\w.-]+) failed)/],
  ["catkin", /^(?:Errors|Failed) +<< (?<name>[\w-]+):(?:cmake|make|check)\b|^Invoking "(?:cmake|make)[^"]*" failed/],
  ["colcon", /^(?:Failed +<<< (?<name>[\w-]+) \[.*exited with code|--- stderr: (?<name2>[\w-]+)$)/],
];
const words =
  /\/(?:nix|gnu)\/store|guix build|^==> |spack-stage|^== |\.eb failed|^ERROR: |^\.pkg|: install_package> |: FAIL code |^Invoking "|^nox > |<< |^--- stderr: |nix-build|Cannot build/;

/** Gathers them line by line. */
export class BuilderReader {
  #name: BuilderName | undefined;
  #target: string | undefined;
  #recipe: string | undefined;

  line(text: string): void {
    if (text.length > 4_000 || !words.test(text)) return;
    for (const [name, form] of forms) {
      if (this.#name !== undefined && this.#name !== name) continue;
      const found = form.exec(text);
      if (found === null) continue;
      this.#name = name;
      const groups = found.groups ?? {};
      const target = groups["name"] ?? groups["name2"];
      const version = groups["version"] ?? groups["version2"];
      // The last package that was begun is the one that failed.
      if (target !== undefined) this.#target = version === undefined ? target : `${target}@${version}`;
      const recipe = groups["recipe"] ?? groups["recipe2"];
      // With its folder, where one of the lines tells that.
      if (recipe !== undefined && (recipe.includes("/") || this.#recipe === undefined)) this.#recipe = recipe;
      return;
    }
  }

  facts(): BuilderFacts {
    return this.#name === undefined
      ? {}
      : {
          ownBuilder: {
            name: this.#name,
            ...(this.#target === undefined ? {} : { target: this.#target }),
            ...(this.#recipe === undefined ? {} : { recipe: this.#recipe }),
          },
        };
  }
}
