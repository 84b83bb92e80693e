/** Where a build takes the version of a package from: git, which an archive or a copied folder does not have. */
import { commandAgain, failedCommand } from "../commands/failed-command.ts";
import { installAgain, setVariable } from "../commands/commands.ts";
import { type Match, type Rule, saidAny } from "../rule.ts";

/** The release that a folder of sources, or the archive that was asked for, is named for: `0.4.2` of `/home/jo/ops-0.4.2`. */
function releaseOfSources(folder: string | undefined, asked: readonly string[] = []): string {
  return (
    /-v?(\d+(?:\.\d+)+)[/\\.]*$/.exec(folder ?? "")?.[1] ??
    asked
      .map((word) => /[-/]v?(\d+(?:\.\d+)+)\.(?:zip|tar\.gz|tgz)\b/.exec(word)?.[1])
      .find((each) => each !== undefined) ??
    asked
      .map((word) => /-v?(\d+(?:\.\d+)+)[/\\"']*(?:\[[\w,]+\])?$/.exec(word)?.[1])
      .find((each) => each !== undefined) ??
    "1.0.0"
  );
}

/** The command that failed, pip's or another tool's. */
function againAsGiven(match: Match): readonly string[] {
  const again = installAgain(match);
  const failed = failedCommand(match);
  return again.length > 0 || failed === undefined || failed.kind === "program" ? again : (commandAgain(match) ?? []);
}

export const versionSourceRules: readonly Rule[] = [
  {
    id: "version-not-from-git",
    title: "The version is taken from git, and there is no git history",
    on: ["exception"],
    specificity: 78,
    matches: (finding) =>
      saidAny(
        finding,
        /unable to detect version for (?<where>\S+)/,
        /(?:setuptools-scm|setuptools_scm|hatch-vcs|versioningit|dunamai) .*(?:was unable to detect version|could not|unable)/,
        /Error getting the version from source `vcs`/,
      ),
    confidence: "high",
    cause: () =>
      "The package's build asks git for its version, and the sources are an archive, a shallow clone without tags, or a folder copied without .git (a Docker COPY), or git is not installed.",
    fix: (match) => {
      const release = setVariable(
        match,
        "SETUPTOOLS_SCM_PRETEND_VERSION",
        releaseOfSources(match.facts["where"], match.context.log.installs),
      );
      // A service's checkout is shallow, and its repository is at hand.
      if (match.context.log.hostedRunner && !match.context.log.docker)
        return [
          "git fetch --tags --unshallow   # the checkout has no tags, from which the version is made",
          ...againAsGiven(match),
          `# or the release that it is: ${release}`,
        ];
      return [
        `${release}   # the release that it is`,
        ...againAsGiven(match),
        "# or a whole clone: git fetch --tags --unshallow; in Docker copy .git too and install git",
      ];
    },
    sources: ["https://setuptools-scm.readthedocs.io/en/latest/config/"],
    examples: [
      {
        text: "$ uv build --wheel --no-build-isolation\nBuilding wheel...\nLookupError: setuptools-scm was unable to detect version for /w/kern.\n  × Failed to build `/w/kern`\n  ├─▶ The build backend returned an error",
        expect: "uv build --wheel --no-build-isolation",
      },
      {
        text: "LookupError: setuptools-scm was unable to detect version for /src/my_ops.\n\nMake sure you're either building from a fully intact git repository or PyPI tarballs.",
        expect: "SETUPTOOLS_SCM_PRETEND_VERSION",
      },
      {
        text: "$ pip install vllm-0.6.2.zip\nLookupError: setuptools-scm was unable to detect version for /tmp/pip-req-build-7ptioibj.",
        expect: "SETUPTOOLS_SCM_PRETEND_VERSION=0.6.2",
      },
    ],
  },
];
