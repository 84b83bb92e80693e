/**
 * The last look at a fix: its commands have to fit the machine of the text, whatever rule wrote them. It knows few things:
 * that torch for a Jetson does not come from PyPI, that a distribution with RPM has no apt-get; of Windows `windows-fit.ts` knows, of
 * uv `uv-fit.ts`, of Dockerfiles and notebooks `place-fit.ts`. It does not know whether a fix is right.
 */
import { asLaunched } from "./launched-programs.ts";
import { platformOf, runner } from "../commands/command-words.ts";
import { torchForJetson } from "../commands/jetson-torch.ts";
import { quote } from "../text/quote.ts";
import { fittedForConda } from "./conda-fit.ts";
import { forRecipe } from "../commands/own-build.ts";
import { fittedForPlace, oneWay } from "./place-fit.ts";
import type { Match } from "../rule.ts";
import { asPasted } from "../commands/snippets.ts";
import { withItsCompanions, withPrefixPath, withStatedTorch } from "./torch-fit.ts";
import { fittedForUv } from "./uv-fit.ts";
import { fittedForWindows } from "./windows-fit.ts";

const torchFamily = /^["']?(?:torch|torchvision|torchaudio|pytorch)(?:[=<>~!].*)?["']?$/;
const pipInstall = /((?:\S+ -m )?(?:uv )?\bpip3? install|\bconda install)((?: [^\s;&|)#]+)+)/;
/** Options with a value of their own. */
const withValue = /^(?:-i|-f|-c|--index-url|--extra-index-url|--find-links|--no-binary|--only-binary)$/;

/** A line without torch in what it installs: undefined when nothing else is left of it. */
function withoutTorch(line: string): string | undefined {
  const found = pipInstall.exec(line);
  if (found === null) return line;
  let value = false;
  let others = 0;
  const kept = (found[2] ?? "")
    .trim()
    .split(" ")
    .filter((word) => {
      if (torchFamily.test(word)) return false;
      if (value) value = false;
      else if (withValue.test(word)) value = true;
      else if (!word.startsWith("-")) others++;
      return true;
    });
  if (kept.length === (found[2] ?? "").trim().split(" ").length) return line;
  return others === 0 || line.includes("download.pytorch.org")
    ? undefined
    : line.replace(found[0], `${found[1] ?? ""} ${kept.join(" ")}`);
}

/** On a Jetson: torch of NVIDIA in place of PyPI's, which has no code for the board or none for a GPU at all. */
function forJetson(lines: readonly string[], match: Match): readonly string[] {
  let told = false;
  return lines.flatMap((line) => {
    if (line.includes("jetson")) return [line];
    const rest = withoutTorch(line);
    if (rest !== undefined) return [rest];
    if (told) return [];
    told = true;
    return torchForJetson(match, /\btorchaudio\b/.test(line) ? "torch torchvision torchaudio" : undefined);
  });
}

/** Names of packages where those of Debian are known by heart. Source: the package lists of Fedora and Debian. */
const rpmNames: Readonly<Record<string, string>> = {
  "build-essential": "gcc gcc-c++ make",
  "g++": "gcc-c++",
  "python3-dev": "python3-devel",
  "libpython3-dev": "python3-devel",
  "python3-venv": "python3",
  "ninja-build": "ninja-build",
  "libomp-dev": "libomp-devel",
  libgl1: "mesa-libGL",
  "libstdc++6": "libstdc++",
  cmake: "cmake",
  git: "git",
  gcc: "gcc",
  clang: "clang",
};

/** Names of openSUSE's packages that are not those of Fedora. Source: software.opensuse.org. */
const suseNames: Readonly<Record<string, string>> = {
  libgl1: "Mesa-libGL1",
  "ninja-build": "ninja",
  "libstdc++6": "libstdc++6",
};

/** The name of a package of Debian's in the packages of the manager; undefined where it is not known. */
function rpmName(name: string, manager: string): string | undefined {
  const [, minor] = /^(?:lib)?python3\.(\d{1,2})-dev$/.exec(name) ?? [];
  const [, tool, version] = /^(gcc|g\+\+)-(\d{1,2})$/.exec(name) ?? [];
  if (manager === "zypper") {
    if (minor !== undefined) return `python3${minor}-devel`;
    if (tool !== undefined) return tool === "gcc" ? `gcc${version ?? ""}` : `gcc${version ?? ""}-c++`;
    return suseNames[name] ?? rpmNames[name];
  }
  // The Pythons beside the system's own are named by their release since 3.11.
  return minor !== undefined && Number(minor) >= 11 ? `python3.${minor}-devel` : rpmNames[name];
}

const apt = /\bsudo apt(?:-get)? install((?: (?:-\S+|[\w.+:-]+))+)/;
const rpmRemark = /^# Fedora, RHEL(?:[^:]*): sudo dnf install ([^;]+)(?:; .*)?$/;

/** On a distribution with RPM: the line for it that the fix has, or the names that are known, or the words that find them. */
function forRpm(lines: readonly string[], manager: string, fedora: boolean): readonly string[] {
  const has = lines.some((line) => rpmRemark.test(line));
  const toolset =
    manager === "zypper"
      ? undefined
      : /\bgcc-toolset-(\d+)\b/.exec(lines.find((line) => rpmRemark.test(line)) ?? "")?.[1];
  return lines.flatMap((written) => {
    // A toolset lies in a folder of its own, and its programs have no number. Source: Red Hat's documentation of GCC Toolset.
    const line =
      toolset === undefined || rpmRemark.test(written) || apt.test(written)
        ? written
        : written
            .replaceAll(
              new RegExp(String.raw`(?<![\w-])(?:/usr/bin/)?(gcc|g\+\+)-${toolset}\b`, "g"),
              fedora ? `$$HOME/gcc-${toolset}/bin/$1` : `/opt/rh/gcc-toolset-${toolset}/root/usr/bin/$1`,
            )
            .replaceAll(/'(-ccbin [$]HOME[^'"]*)'/g, '"$1"');
    const own = rpmRemark.exec(line)?.[1];
    if (own !== undefined && fedora && toolset !== undefined && own.startsWith("gcc-toolset-"))
      return [
        "curl -Ls https://micro.mamba.pm/api/micromamba/linux-64/latest | tar -xj bin/micromamba   # Fedora has no older gcc: conda-forge's, in a folder of its own",
        `./bin/micromamba create -y -p $HOME/gcc-${toolset} -c conda-forge gxx=${toolset}`,
      ];
    // The line for Debian names the release; and SUSE's names are others.
    const inLine = has && (manager === "zypper" || lines.some((each) => /\bpython3\.1[1-9]-dev\b/.test(each)));
    if (own !== undefined) return inLine ? [] : [`sudo ${manager} install ${own}`];
    const found = apt.exec(line);
    if (found === null) return [line.replaceAll(/\bsudo apt(?:-get)? (?:remove|purge)\b/g, `sudo ${manager} remove`)];
    if (has && !inLine && !line.startsWith("#")) return [];
    const names = namesOf(found);
    const known = names.map((name) => rpmName(name, manager));
    if (known.every((name) => name !== undefined))
      return [
        line.replace(found[0], `sudo ${manager} install ${known.join(" ")}`).replace(/sudo apt-get update && /, ""),
      ];
    const rpm = lines.map((each) => rpmRemark.exec(each)?.[1]).find((each) => each !== undefined);
    if (inLine && rpm !== undefined)
      return [`sudo ${manager} install ${rpm}   # as Fedora calls it; ${manager} search ${names[0] ?? ""}`];
    return [
      `# what Debian calls ${names.join(" ")}, in the packages of this distribution: ${manager} search ${names[0] ?? ""}`,
    ];
  });
}

/** Names of Arch Linux's packages for those of Debian. Source: archlinux.org/packages. */
const archNames: Readonly<Record<string, string>> = {
  "build-essential": "base-devel",
  "g++": "gcc",
  "python3-dev": "python",
  "libpython3-dev": "python",
  "python3-venv": "python",
  "ninja-build": "ninja",
  "libomp-dev": "openmp",
  "libopenblas-dev": "openblas",
  "libeigen3-dev": "eigen",
  "libglm-dev": "glm",
  "rocm-hip-sdk": "rocm-hip-sdk",
  "hip-dev": "hip-runtime-amd",
  "rocblas-dev": "rocblas",
  "hipblas-dev": "hipblas",
  libgl1: "libglvnd",
  cmake: "cmake",
  git: "git",
  gcc: "gcc",
  clang: "clang",
};

/** The names of Debian's packages that a line installs. */
function namesOf(found: RegExpExecArray): string[] {
  return (found[1] ?? "")
    .trim()
    .split(" ")
    .filter((word) => !word.startsWith("-"));
}

/** On Arch Linux: the names that are known, or the words that find them. */
function forArch(lines: readonly string[]): readonly string[] {
  return lines.flatMap((line) => {
    if (rpmRemark.test(line) || line.startsWith("# Arch Linux: ")) return [];
    const found = apt.exec(line);
    if (found === null) return [line];
    const names = namesOf(found);
    const known = names.map((name) => archNames[name]);
    return known.every((name) => name !== undefined)
      ? [line.replace(/^(.*?)\bsudo apt.*$/, `$1sudo pacman -S ${known.join(" ")}`)]
      : [
          `# what Debian calls ${names.join(" ")}, in the packages of Arch Linux: pacman -Ss ${names[0]?.replace(/^lib|-dev$/g, "") ?? ""}`,
        ];
  });
}

/** Names of Homebrew's packages for those of Debian. Source: formulae.brew.sh. */
const brewNames: Readonly<Record<string, string>> = {
  cmake: "cmake",
  git: "git",
  "git-lfs": "git-lfs",
  "ninja-build": "ninja",
  "libomp-dev": "libomp",
  "libopenblas-dev": "openblas",
  "libeigen3-dev": "eigen",
  "libglm-dev": "glm",
  "pkg-config": "pkgconf",
  protobuf: "protobuf",
};

/** On macOS: Homebrew, or that what Debian has is not there. */
function forMac(lines: readonly string[]): readonly string[] {
  let asked = false;
  return lines.flatMap((line) => {
    if (rpmRemark.test(line)) return [];
    // The system's own sed takes the word behind -i for a suffix, and knows neither \b nor 0,/pattern/.
    if (!line.startsWith("#") && /\bsed -i/.test(line)) {
      const first = asked ? [] : ["brew install gnu-sed"];
      asked = true;
      return [...first, line.replaceAll(/\bsed (?=-i)/g, "gsed ")];
    }
    const found = line.startsWith("#") ? null : apt.exec(line);
    if (found === null) return [line.replaceAll(/\bldd (?!--version|-)/g, "otool -L ")];
    const known = namesOf(found).map((name) => brewNames[name]);
    return known.every((name) => name !== undefined)
      ? [`brew install ${known.join(" ")}`]
      : [
          `# Debian's ${namesOf(found).join(" ")}: on macOS see brew search ${namesOf(found)[0]?.replace(/^lib|-dev$/g, "") ?? ""}`,
        ];
  });
}

/** For somebody without the administrator's rights: no sudo, but who else has the package. */
function withoutSudo(lines: readonly string[]): readonly string[] {
  return lines.flatMap((line) => {
    if (rpmRemark.test(line)) return [];
    const found = line.startsWith("#") ? null : apt.exec(line);
    return found === null
      ? [!line.startsWith("#") && /(?:^|[\s;&|(])sudo /.test(line) ? `# whoever runs the machine: ${line}` : line]
      : [
          `# ${namesOf(found).join(" ")} (so Debian calls it) without sudo: from conda-forge into an environment of conda, or ask whoever runs the machine`,
        ];
  });
}

/** In a project of poetry's (pdm's, pixi's) its own Python has pip install. */
function withRunner(lines: readonly string[], match: Match): readonly string[] {
  const before = runner(match);
  return before === "" || before.startsWith("uv ")
    ? lines
    : lines.map((line) =>
        line.startsWith("#")
          ? line
          : line.replaceAll(/(?<![\w/.-])(?<!\brun )python3? (?=-m pip )/g, `${before}python `),
      );
}

/** The lines of a fix in the words of the machine that the text is of. */
export function fitted(lines: readonly string[], match: Match): readonly string[] {
  const { jetson, libtorchFolder, script, scriptArguments } = match.context.log;
  const given =
    libtorchFolder === undefined
      ? lines
      : lines.map((line) => line.replaceAll(/<libtorch>|(?<![\w])\/path\/to\/libtorch/g, libtorchFolder));
  const toolkit = match.context.log.calledToolkit;
  const own =
    toolkit === undefined || toolkit === "/usr/local/cuda"
      ? given
      : given.map((line) => line.replaceAll("${CUDA_HOME:-/usr/local/cuda}", `\${CUDA_HOME:-${toolkit}}`));
  const program = script === undefined ? undefined : [quote(script), scriptArguments ?? []].flat().join(" ");
  const started = asLaunched(own, match);
  const named = program === undefined ? started : started.map((line) => line.replaceAll("the_program.py", program));
  const locked = fittedForUv(
    withRunner(oneWay(match.context.log.feedstock ? forRecipe(named) : named), match).map((line) =>
      withPrefixPath(withItsCompanions(withStatedTorch(line, match), match), match),
    ),
    match,
  );
  const packaged = fittedForConda(locked, match);
  const said = platformOf(match) === "win32" ? fittedForWindows(packaged, match) : packaged;
  const fit = jetson ? forJetson(said, match) : said;
  const whole = ofSystem(fit, match).flatMap((line) => asPasted(line, match.context.log, match.finding.file));
  return fittedForPlace(whole, match);
}

/** In the words of the text's system: its package manager, its rights, its loader. */
function ofSystem(lines: readonly string[], match: Match): readonly string[] {
  const { noRoot, pacman, rpm, jetson } = match.context.log;
  const platform = platformOf(match);
  if (platform === "darwin") return forMac(lines);
  if (noRoot && platform === "linux") return withoutSudo(lines);
  if (pacman) return forArch(lines);
  return rpm === undefined || jetson ? lines : forRpm(lines, rpm, match.context.log.fedora);
}
