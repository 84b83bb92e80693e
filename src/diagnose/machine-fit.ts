/**
 * The last look at a fix: its commands have to fit the machine of the text, whatever rule wrote them. It knows few things:
 * that torch for a Jetson does not come from PyPI, that a distribution with RPM has no apt-get, that a project of uv's has a lock; of Windows
 * `windows-fit.ts` knows. It does not know whether a fix is right.
 */
import { pip, platformOf, quote } from "./command-words.ts";
import { fromTorchIndex, projectTool } from "./project-tools.ts";
import type { Match } from "./rule.ts";
import { asPasted } from "./snippets.ts";
import { fittedForWindows } from "./windows-fit.ts";

const torchFamily = /^["']?(?:torch|torchvision|torchaudio|pytorch)(?:[=<>~!].*)?["']?$/;
const pipInstall = /((?:\S+ -m )?(?:uv )?\bpip3? install|\bconda install)((?: [^\s;&|)#]+)+)/;
/** Options with a value of their own. */
const withValue = /^(?:-i|-f|-c|--index-url|--extra-index-url|--find-links|--no-binary|--only-binary)$/;

/**
 * Where torch for a Jetson comes from. Sources: "Installing PyTorch for Jetson Platform" of NVIDIA's documentation,
 * "PyTorch for Jetson" in NVIDIA's forum (topic 72048), dusty-nv/jetson-containers. A JetPack goes with one Ubuntu, whose
 * Python the wheels are for: 3.6 of 18.04 with JetPack 4, 3.8 of 20.04 with 5, 3.10 of 22.04 with 6.
 */
export function torchForJetson(match: Match, names = "torch torchvision"): string[] {
  const { python, l4tBoard, l4tImage } = match.context.log;
  const l4t = l4tBoard ?? l4tImage;
  const old =
    python === "3.6" || l4t?.startsWith("32") === true
      ? "4"
      : python === "3.8" || l4t?.startsWith("35") === true
        ? "5"
        : undefined;
  return [
    "cat /etc/nv_tegra_release; dpkg -l nvidia-jetpack | tail -1   # which JetPack? torch has to be the build for it",
    old === undefined
      ? `${pip(match, `install ${names} --index-url https://pypi.jetson-ai-lab.io/jp6/cu126`)}   # JetPack 6; 5 and 4: NVIDIA's wheels, https://docs.nvidia.com/deeplearning/frameworks/install-pytorch-jetson-platform/. PyPI's torch does not know the board`
      : `# NVIDIA's wheel for JetPack ${old}: https://forums.developer.nvidia.com/t/pytorch-for-jetson/72048 (PyPI's torch does not know the board)`,
    "# or an image of https://github.com/dusty-nv/jetson-containers for that JetPack, started with --runtime nvidia",
  ];
}

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

const apt = /\bsudo apt(?:-get)? install((?: (?:-\S+|[\w.+:-]+))+)/;
const rpmRemark = /^# Fedora, RHEL(?:[^:]*): sudo dnf install (.+)$/;

/** On a distribution with RPM: the line for it that the fix has, or the names that are known, or the words that find them. */
function forRpm(lines: readonly string[], manager: string): readonly string[] {
  const has = lines.some((line) => rpmRemark.test(line));
  return lines.flatMap((line) => {
    const own = rpmRemark.exec(line)?.[1];
    if (own !== undefined) return [`sudo ${manager} install ${own}`];
    const found = apt.exec(line);
    if (found === null) return [line.replaceAll(/\bsudo apt(?:-get)? (?:remove|purge)\b/g, `sudo ${manager} remove`)];
    if (has && !line.startsWith("#")) return [];
    const names = (found[1] ?? "")
      .trim()
      .split(" ")
      .filter((word) => !word.startsWith("-"));
    const known = names.map((name) => rpmNames[name]);
    if (known.every((name) => name !== undefined))
      return [line.replace(found[0], `sudo ${manager} install ${known.join(" ")}`)];
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
    if (rpmRemark.test(line)) return [];
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

/** For somebody without the administrator's rights: no sudo, but who else has the package. */
function withoutSudo(lines: readonly string[]): readonly string[] {
  return lines.flatMap((line) => {
    if (rpmRemark.test(line)) return [];
    const found = line.startsWith("#") ? null : apt.exec(line);
    return found === null
      ? [line]
      : [
          `# ${namesOf(found).join(" ")} (so Debian calls it) without sudo: from conda-forge into an environment of conda, or ask whoever runs the machine`,
        ];
  });
}

/** torch of PyTorch's index, as pip installs it. */
const ofTorchIndex =
  /^(?:\S+ -m )?(?:uv )?pip3? install (?:--[\w-]+ )*((?:torch\w*(?:==[\d.]+)?(?:\+\w+)? )+)--index-url https:\/\/download\.pytorch\.org\/whl\/(\w+)(.*)$/;

/** In a project of uv's: what pip installs beside the lock, the next `uv sync` or `uv run` takes away. */
function forUvProject(line: string, match: Match): string[] {
  const [, names, build = "", remark = ""] = ofTorchIndex.exec(line) ?? [];
  if (names === undefined) return [line];
  const [first = "", ...more] = names
    .trim()
    .split(" ")
    .flatMap((name) => fromTorchIndex(match, name.replace(/\+.*/, ""), build));
  return [`${first}${remark}`, ...more];
}

/** The lines of a fix in the words of the machine that the text is of. */
export function fitted(lines: readonly string[], match: Match): readonly string[] {
  const { jetson, libtorchFolder, script, scriptArguments } = match.context.log;
  const given =
    libtorchFolder === undefined
      ? lines
      : lines.map((line) => line.replaceAll(/<libtorch>|(?<![\w])\/path\/to\/libtorch/g, libtorchFolder));
  const program = script === undefined ? undefined : [quote(script), scriptArguments ?? []].flat().join(" ");
  const named = program === undefined ? given : given.map((line) => line.replaceAll("the_program.py", program));
  const asked = match.context.log.uvCommand !== undefined && projectTool(match) === "uv-project";
  const locked = asked ? named.flatMap((line) => forUvProject(line, match)) : named;
  const said = platformOf(match) === "win32" ? fittedForWindows(locked, match) : locked;
  const fit = jetson ? forJetson(said, match) : said;
  return ofSystem(fit, match).flatMap((line) => asPasted(line, match.context.log));
}

/** In the words of the text's system: its package manager, its rights, its loader. */
function ofSystem(lines: readonly string[], match: Match): readonly string[] {
  const { noRoot, pacman, rpm, jetson } = match.context.log;
  const platform = platformOf(match);
  if (platform === "darwin") return lines.map((line) => line.replaceAll(/\bldd (?!--version|-)/g, "otool -L "));
  if (noRoot && platform === "linux") return withoutSudo(lines);
  if (pacman) return forArch(lines);
  return rpm === undefined || jetson ? lines : forRpm(lines, rpm);
}
