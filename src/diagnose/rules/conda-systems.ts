/** Files of conda environments that were written on another system: told by packages that exist on one system alone. */
import { type Match, type MatchFacts, type Rule, type RuleContext } from "../rule.ts";
import type { Finding } from "../finding.ts";

type System = "Linux" | "Windows" | "macOS";

/** Source: the platforms of these packages on conda-forge and defaults. */
const alone: readonly (readonly [RegExp, System])[] = [
  [
    /^(?:_libgcc_mutex|ld_impl_linux-(?:64|aarch64)|libgcc-ng|libstdcxx-ng|libgomp|libnsl|patchelf|wurlitzer|secretstorage|jeepney|libxcb|libuuid|unixodbc|dbus|gst-plugins-base|alsa-lib|libselinux|xorg-\w+|sysroot_linux-64|gcc_linux-64|gxx_linux-64|liblapack ==\S+ \S*linux64\S*)\b/,
    "Linux",
  ],
  [
    /^(?:vc|vs20\d\d_runtime|vc14_runtime|ucrt|winpty|wincertstore|win_inet_pton|pywinpty|pywin32|m2w64-[\w-]+|msys2-[\w-]+|icc_rt)\b/,
    "Windows",
  ],
  [/^(?:libcxx|appnope|pyobjc-[\w-]+|llvm-openmp-osx|cctools_osx-64|clang_osx-64|libgfortran5-osx)\b/, "macOS"],
];

const systemOfPackage: Readonly<Record<string, System>> = {
  __unix: "Linux",
  __linux: "Linux",
  __win: "Windows",
  __osx: "macOS",
};

const requested = /nothing provides requested (?<what>[^\s,]+)|(?:^|\s)- (?<listed>[\w.-]+)(?==)/g;

/** The system that the file was written on, by two packages of it, or by what a package says of its system. */
function writtenOn(finding: Finding): MatchFacts | undefined {
  const said =
    /nothing provides (?:requested )?(?<virtual>__(?:unix|linux|win|osx))\b(?: needed by (?<who>[\w.-]+))?/.exec(
      finding.message,
    )?.groups;
  const counts = new Map<System, string[]>();
  for (const { groups } of finding.message.slice(0, 20_000).matchAll(requested)) {
    const name = groups?.["what"] ?? groups?.["listed"] ?? "";
    const system = alone.find(([form]) => form.test(name))?.[1];
    if (system !== undefined) counts.set(system, [...(counts.get(system) ?? []), name]);
  }
  const system = said === undefined ? undefined : systemOfPackage[said["virtual"] ?? ""];
  if (system !== undefined)
    return { system: said?.["virtual"] === "__unix" ? "Linux or macOS" : system, shown: said?.["virtual"] };
  // More of it than of the others: some of these came to a second system with the years.
  const [most, next] = [...counts].toSorted((one, other) => other[1].length - one[1].length);
  if (most === undefined || most[1].length < 2 || (next !== undefined && next[1].length * 3 > most[1].length))
    return undefined;
  return { system: most[0], shown: most[1].slice(0, 3).join(", ") };
}

/** A file of the system that is here is not the matter. */
function isHere(system: string | undefined, { log }: RuleContext): boolean {
  const here = { linux: "Linux", darwin: "macOS", win32: "Windows" }[log.platform ?? "linux"];
  return log.platform !== undefined && system?.includes(here) === true;
}

function torchLine(match: Match): string {
  const cuda =
    match.context.log.platform === "darwin" ? "" : " (with CUDA: --index-url https://download.pytorch.org/whl/cu128)";
  return `# or by hand, with the Python of the file, torch from pip${cuda}, then what the program imports: conda create -n fresh python=3.11 && conda activate fresh && pip install torch torchvision`;
}

/** Names of packages that the other system alone has. Source: as above. */
const ofOther: readonly (readonly [RegExp, string])[] = [
  [
    /Linux/,
    "_libgcc|_openmp_mutex|ld_impl|lib(gcc|stdcxx|gomp|gfortran|nsl|uuid|xcb|selinux)|xorg-|ncurses|readline|dbus|alsa-lib|patchelf|wurlitzer|jeepney|secretstorage|unixodbc|gst-plugins|sysroot_|gcc_|gxx_",
  ],
  [/Windows/, "vc=|vc14_|vs20|ucrt|win|pywin|m2w64|msys2|icc_rt"],
  [/macOS/, "libcxx|appnope|pyobjc|cctools_|clang_osx|libgfortran5-osx"],
];

/** Writes the file anew without the builds, and without what is of the other system. */
function loosened(match: Match): string {
  const { platform, typed } = match.context.log;
  const file =
    typed
      .map(({ line }) => /(?:\s-f |--file[= ])["']?([^\s"']+\.ya?ml)/.exec(line)?.[1])
      .findLast((name) => name !== undefined) ?? "environment.yml";
  const names = ofOther
    .filter(([system]) => system.test(match.facts["system"] ?? ""))
    .map(([, list]) => list)
    .join("|");
  return platform === "win32"
    ? `powershell -Command "Get-Content ${file} | Where-Object { $_ -notmatch '^ *- (${names})' } | ForEach-Object { $_ -replace '^( *- [A-Za-z0-9_.-]+=[^=]+)=[^=]+$','$1' } | Set-Content loose.yml"`
    : `sed -E '/^ *- (${names})/d; s/^( *- [A-Za-z0-9_.-]+=[^=]+)=[^=]+$/\\1/' ${file} > loose.yml`;
}

export const condaSystemRules: readonly Rule[] = [
  {
    id: "conda-file-of-other-system",
    title: "The environment's file was written on another system",
    on: ["installer"],
    specificity: 83,
    matches: (finding, context) => {
      if (finding.tool !== "conda") return undefined;
      if (!/^(?:LibMambaUnsatisfiableError|ResolvePackageNotFound|PackagesNotFoundError)$/.test(finding.code ?? ""))
        return undefined;
      const facts = writtenOn(finding);
      return facts === undefined || isHere(facts["system"], context) ? undefined : facts;
    },
    // Old builds are gone for the system that they were made for, too.
    confidence: (match) =>
      match.context.log.platform === undefined && match.facts["shown"]?.startsWith("__") !== true ? "medium" : "high",
    cause: (match) =>
      `The file was exported on ${match.facts["system"] ?? "another system"} (\`${match.facts["shown"] ?? ""}\` exist there alone), with the builds of that system (the letters behind the second =), and this is another: none of them is to be had here.`,
    fix: (match) => [
      `# of the file keep what the program imports, without builds and without what belongs to ${match.facts["system"] ?? "the other system"}:`,
      loosened(match),
      "conda env create -f loose.yml   # what is still not found: take it out of loose.yml by hand",
      torchLine(match),
      ...(/Linux/.test(match.facts["system"] ?? "") && match.context.log.platform !== "darwin"
        ? ["# or Linux within Windows, where the file fits as it is: wsl --install"]
        : []),
      "# who wrote it: conda env export --from-history names only what was asked for, for every system",
    ],
    sources: [
      "https://docs.conda.io/projects/conda/en/stable/user-guide/tasks/manage-environments.html#exporting-an-environment-file-across-platforms",
      "brianhie/efficient-evolution#45",
      "liusiyan/UQnet#5",
    ],
    examples: [
      {
        text: "LibMambaUnsatisfiableError: Encountered problems while solving:\n- nothing provides requested zlib ==1.2.13 h5eee18b_0\n- nothing provides __unix needed by pysocks-1.7.1-pyha2e5f31_6\n- nothing provides requested libstdcxx-ng ==11.2.0 h1234567_1",
        expect: "loose.yml",
      },
      {
        text: "Platform: win-64\nLibMambaUnsatisfiableError: Encountered problems while solving:\n  - nothing provides requested wurlitzer 2.1.0**\n  - nothing provides requested patchelf 0.12**\n  - nothing provides requested libxcb 1.14**",
        expect: "wsl --install",
      },
      {
        text: "(base) C:\\w\\v>conda env create -f env.yml\nPlatform: win-64\nSolving environment: failed\nLibMambaUnsatisfiableError: Encountered problems while solving:\n  - nothing provides requested bzip2 ==1.0.8 h4bc722e_7\n  - nothing provides requested xorg-libxt ==1.3.0 hb9d3cd8_0\n  - nothing provides requested xorg-libsm ==1.2.4 he73a12e_1",
        expect: "Get-Content env.yml",
      },
      {
        text: "LibMambaUnsatisfiableError: Encountered problems while solving:\n  - nothing provides requested winpty ==0.4.3 4\n  - nothing provides requested wincertstore ==0.2 py39haa95532_2\n  - nothing provides __win needed by win_inet_pton-1.1.0-pyhd8ed1ab_6",
        expect: "exported on Windows",
      },
    ],
  },
];
