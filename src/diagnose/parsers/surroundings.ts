/**
 * What stands around a build: package managers of the system, shells and Dockerfiles, setuptools when it copies and fetches,
 * services that end a build, ninja when it only says its version. And, last, lines that begin with `error:` and that no
 * other parser knows: they are kept as such, for an answer that at least names them.
 */
import type { Collector } from "../collector.ts";
import type { FindingKind, Severity, ToolName } from "../finding.ts";
import type { LogLine } from "../text/log-line.ts";
import type { Parser } from "./parser.ts";

interface Sentence {
  /** The group `name` is what it is about. */
  readonly words: RegExp;
  readonly kind: FindingKind;
  readonly tool: ToolName;
  readonly code: string;
  readonly severity?: Severity;
}

const sentences: readonly Sentence[] = [
  // Triton's compiler, which is made of MLIR and LLVM.
  {
    words:
      /^(?=.*(?:\bmlir::|\/mlir\/|\btriton::|\/lib\/(?:Analysis|Conversion|Dialect|Target)\/)).*\bAssertion [`'‘"](?<name>.+)['’"] failed|^LLVM ERROR: (?<name2>Cannot select: intrinsic %llvm\.nvvm\.\S+|mma\w* data type not supported|Unsupported \w+ layout.*)/,
    kind: "exception",
    tool: "torch",
    code: "triton-compiler",
    severity: "fatal",
  },
  // apt, yum, dnf, apk, pacman, Homebrew.
  {
    words:
      /^(?:\[?91m)?(?:E: )?Unable to locate package (?<name>\S+)|^E: Package '(?<name2>[^']+)' has no installation candidate|^E: Version '[^']*' for '(?<name3>[^']+)' was not found|^(?:Warning: )?No (?:package|match for argument:?) (?<name4>\S+?)(?: available\.?)?$|^Error: Unable to find a match: (?<name5>.+)$|^(?<name6>\S+) \(no such package\):|^error: target not found: (?<name7>\S+)$|^(?:Warning|Error): No available formula (?:or cask )?with the name "(?<name8>[^"]+)"|^E: Couldn't find any package by (?:glob|regex) '(?<name9>[^']+)'/,
    kind: "installer",
    tool: "system",
    code: "no-system-package",
  },
  {
    words:
      /NO_PUBKEY (?<name>[0-9A-F]{8,})|^E: The repository '(?<name2>[^']+)' (?:is not signed|does not have a Release file|no longer has a Release file)|^Cannot find a valid baseurl for repo: (?<name3>\S+)|^Error: Failed to download metadata for repo '(?<name4>[^']+)'|^E: Failed to fetch (?<name5>\S+)|Could not (?:resolve host|retrieve mirrorlist)\S*:? ?\S*(?<name6>mirrorlist\.centos\.org)/,
    kind: "installer",
    tool: "system",
    code: "system-repository",
  },
  // CUTLASS's kernels in xFormers, printed by the kernel itself.
  {
    words: /FATAL: ?(?:this function|kernel `?\w+`?) is for sm\d+(?:-sm\d+)?, but was built for (?<name>sm\d+)/,
    kind: "installer",
    tool: "cuda",
    code: "built-for-other-sm",
  },
  // Shells and Dockerfiles.
  {
    words:
      /^(?:\S*\/)?(?:sh|bash|dash|zsh|ash): (?:(?:line )?\d+: )?cd: (?:can't cd to )?(?<name>[^:]+?)(?:: (?:No such file or directory|Not a directory))?$|^(?:cp|mv|ln|tar|install|chmod|rm): (?:cannot stat|can't stat|failed to access|cannot access|cannot open|can't open) ['‘]?(?<name2>[^'’:]+)['’]?: No such file/,
    kind: "system",
    tool: "shell",
    code: "no-such-path",
  },
  {
    words:
      /failed to compute cache key: .*?"(?<name>[^"]+)": not found|^COPY failed: (?:file not found in build context or excluded by \.dockerignore: )?(?:stat )?(?<name2>[^\s:]+):? .*(?:no such file|does not exist|not found)/,
    kind: "system",
    tool: "shell",
    code: "docker-copy",
  },
  {
    words: /^\S*python\S*: can't open file ['"](?<name>[^'"]+)['"]: \[Errno 2\]/i,
    kind: "system",
    tool: "shell",
    code: "no-script",
  },
  {
    words:
      /(?:docker\.io|ghcr\.io|nvcr\.io|quay\.io)\/(?<name>[\w./-]+:[\w.-]+): not found|manifest for (?<name2>\S+) not found|pull access denied for (?<name3>[^\s,]+)/,
    kind: "system",
    tool: "shell",
    code: "no-image",
  },
  {
    words: /Cannot connect to the Docker daemon|permission denied while trying to connect to the Docker (?:daemon|API)/,
    kind: "system",
    tool: "shell",
    code: "no-docker",
  },
  {
    words: /The version '[^']+' with (?:the )?architecture '[^']+' was not found for/,
    kind: "system",
    tool: "shell",
    code: "no-ci-python",
  },
  {
    words: /The '(?<name>[\w-]+)' PyPI package is deprecated/,
    kind: "installer",
    tool: "pip",
    code: "deprecated-name",
  },
  {
    words: /^(?:-- )?Could NOT find HIP: Found unsuitable version/,
    kind: "build-tool",
    tool: "cmake",
    code: "hip-version",
  },
  // Spack's solver, and the versions that it may choose from.
  {
    words:
      /^==> Error: (?<name>\S.{0,300}) is unsatisfiable\b|^==> Error: (?:failed to concretize|concretization failed)/,
    kind: "installer",
    tool: "system",
    code: "spack-unsatisfiable",
  },
  {
    words: /^(?<name>imposed_constraint\(\d+,"version_satisfies",)|^\d{1,3}\. [Cc]annot satisfy '/,
    kind: "installer",
    tool: "system",
    code: "spack-bound",
    severity: "note",
  },
  // Nix.
  {
    words: /auto-patchelf could not satisfy dependency (?<name>\S+) wanted by /,
    kind: "installer",
    tool: "system",
    code: "nix-patchelf",
  },
  {
    words: /^(?:\S*ld: )?impure path [`'"‘]?(?<name>\/[^\s'"’]+)['"’]? used in link/,
    kind: "installer",
    tool: "system",
    code: "nix-impure",
  },
  // setuptools, when it copies, fetches and installs by itself.
  {
    words: /^(?:error: )?can't copy '(?<name>[^']+)': doesn't exist or not a regular file/,
    kind: "installer",
    tool: "setuptools",
    code: "artifact-missing",
  },
  { words: /SandboxViolation: (?<name>.*)$/, kind: "installer", tool: "setuptools", code: "sandbox" },
  {
    words:
      /^error: (?<name>\S+ \S+) is installed but (?<name2>\S+) is required by |^error: Could not find suitable distribution for Requirement\.parse\('(?<name3>[^']+)'\)|^error: Couldn't find a setup script in (?<name4>\S+)|^Download error on https?:\/\/\S+?(?<name5>simple\/\S+)/,
    kind: "installer",
    tool: "setuptools",
    code: "easy-install",
  },
  // git.
  {
    words:
      /^(?:git-lfs filter-process: )?git-lfs: command not found|[Ss]mudge filter lfs failed|external filter 'git-lfs|^batch response: |over its data quota/,
    kind: "installer",
    tool: "system",
    code: "git-lfs",
  },
  { words: /^Host key verification failed/, kind: "installer", tool: "system", code: "git-key" },
  {
    words:
      /^fatal: reference is not a tree: |upload-pack: not our ref|^error: pathspec '(?<name>[^']+)' did not match|did not contain [0-9a-f]{40}|unadvertised object|^fatal: Remote branch (?<name2>\S+) not found/,
    kind: "installer",
    tool: "system",
    code: "git-commit",
  },
  {
    words:
      /^(?:remote: )?(?:ERROR: )?Repository not found|^fatal: repository '[^']+' (?:not found|does not exist)|could not read (?:Username|Password) for|Authentication failed for 'https/,
    kind: "installer",
    tool: "system",
    code: "git-repository",
  },
  {
    words:
      /^fatal: (?:无法访问|无法克隆|konnte nicht|kann nicht auf|impossible d'accéder|no se puede acceder|не удалось)/,
    kind: "installer",
    tool: "system",
    code: "git-transfer",
  },
  // conda, mamba, pixi.
  {
    words: /[Vv]irtual package '?__\w+|^(?:[-└├─│ ]*)nothing provides (?:requested )?__\w+/,
    kind: "installer",
    tool: "conda",
    code: "solver",
  },
  // Services that end a build.
  {
    words: /^Command killed due to (?:timeout or )?excessive memory consumption/,
    kind: "tool-died",
    tool: "system",
    code: "signal 9",
  },
  // Module systems of clusters, questions that nobody answers, limits of services.
  {
    words:
      /The following module\(s\) are unknown: "?(?<name>[\w./+-]+)|ERROR:105: Unable to locate a modulefile for '(?<name2>[^']+)'|^ERROR: Unable to locate a modulefile for '(?<name3>[^']+)'/,
    kind: "system",
    tool: "shell",
    code: "module-unknown",
  },
  {
    words: /^\$ module --ignore_cache load "(?<name>[\w./+-]+)/,
    kind: "system",
    tool: "shell",
    code: "module-unknown",
  },
  // Nix' licences, Yocto's checks of packages.
  {
    words: /^(?:error: )?Package .[\w.+-]+. in .* (?:has an? unfree license|is marked as (?:broken|insecure))/,
    kind: "build-tool",
    tool: "shell",
    code: "nix-refused",
  },
  {
    words: /^(?:ERROR: )?[\w+.-]+ do_package_qa: QA Issue: .*\[[\w-]+\]$/,
    kind: "build-tool",
    tool: "shell",
    code: "yocto-qa",
  },
  // Checks of form in a CI job.
  {
    words:
      /^(?:would reformat \S|Would reformat: )|^ERROR: \S+\.py Imports are incorrectly sorted|^\[\*\] \d+ fixable with the .--fix. option|^Found \d+ errors? in \d+ files? \(checked \d+|^(?:- )?hook id: |^\.?[\w./-]+\.py:\d+:\d+: [EFWCN]\d{3} \S/,
    kind: "build-tool",
    tool: "shell",
    code: "style-check",
  },
  // Spack's recipes of what is built for GPUs.
  {
    words: /^\d+\. (?<name>[\w-]+): Must specify CUDA compute capabilities|conflicts? .*cuda_arch=none/,
    kind: "installer",
    tool: "shell",
    code: "spack-cuda-arch",
  },
  {
    words: /^Please select the geographic area in which you live/,
    kind: "system",
    tool: "shell",
    code: "asks",
  },
  {
    words:
      /Compiled slug size: \S+ is too large|Unzipped size must be smaller than \d+|exceeded the unzipped maximum size|exceeds? the (?:maximum )?(?:unzipped )?size limit of/,
    kind: "system",
    tool: "system",
    code: "too-large",
  },
  // Spack's compiler wrapper.
  {
    words: /(?<name>SPACK_\w+): ERROR: .*WAS NOT SET|MAYBE THE PACKAGE DOES NOT DEPEND ON/,
    kind: "system",
    tool: "shell",
    code: "spack-wrapper",
  },
  // `python -m name`.
  {
    words: /^(?:\S*[\\/])?python[\d.]*(?:\.exe)?: No module named '?(?<name>[\w.]+?)'?\.?$/,
    kind: "exception",
    tool: "python",
    code: "ModuleNotFoundError",
  },
];

/** Cheap test before the table. */
const anySentence =
  /ocate package|installation candidate|^E: |No package|No match for|find a match|no such package|target not found|No available formula|NO_PUBKEY|baseurl|metadata for repo|mirrorlist|\bcd: |cannot stat|can't stat|failed to access|cannot access|cannot open|can't open|cache key|COPY failed|can't copy|SandboxViolation|is required by|suitable distribution|setup script in|Download error|Command killed|git-lfs|lfs|Host key|batch response|not a tree|not our ref|pathspec|did not contain|unadvertised|Remote branch|epository|module\(s\)|modulefile|ignore_cache|unfree license|marked as |QA Issue|ould reformat|ncorrectly sorted|fixable with|\(checked \d|hook id: |\.py:\d+:\d+: [A-Z]\d{3} |Must specify CUDA|cuda_arch=none|geographic|slug size|nzipped|size limit|SPACK_|: No module named|could not read|Authentication failed|fatal: |irtual package|nothing provides|can't open file|: not found|manifest for|access denied|Docker|architecture '|deprecated|find HIP|ssertion [`'‘"]|LLVM ERROR|but was built for sm|^==> Error|auto-patchelf|impure path|imposed_constraint|annot satisfy '/;

/** pip's frame around the output of a program that failed. */
const outputBegins = /^\[\d+ lines? of output\]$/;
const outputEnds = /^\[end of output\]$/;
/** So long an output is looked at whole, in case that it is plain words alone. */
const plainOutput = 40;

/** `1.11.1.git.kitware.jobserver-1`: what `ninja --version` prints. */
const ninjaVersion = /^1\.\d{1,2}\.\d{1,2}(?:\.git(?:\.kitware\.\S+)?)?$/;
const ninjaStarts =
  /^(?:Allowing ninja to set a default number of workers|Using envvar MAX_JOBS|Building extension module )/;

/** A tool says that it failed. */
const unknown = /^(?:(?:ERROR|error|Error|fatal|FATAL|Fatal error|FATAL ERROR)\s?: )+(?<words>\S.{3,})$/;
/** And in these words it says nothing by itself, or another parser has the rest. */
const saysNothing =
  /^(?:Command |command '|Failed (?:building|to build)|Could not build wheels|subprocess|Exception:|failed to solve|Service |Process completed|Job failed|test_|script returned|exit code|.* exited with|Build (?:failed|did NOT)|detected dubious ownership)|subprocess-exited|did not run successfully|metadata-generation|returned non-zero|See above|does not currently take into account/;

/** The parser of what stands around a build. */
export function surroundingsParser(): Parser {
  /** What a program said that failed below pip, as long as no parser made anything of it. */
  let output: string[] | undefined;
  let madeBefore = 0;
  /** Lines since ninja was to be started. */
  let sinceNinja = -1;
  return {
    get open() {
      return sinceNinja >= 0 || output !== undefined;
    },
    line(line: LogLine, out: Collector): boolean {
      const { text } = line;
      if (output !== undefined) {
        if (outputEnds.test(text)) {
          // The end itself is a line that wraps.
          if (out.made <= madeBefore + 1 && output.length > 0)
            out.add(line, { kind: "installer", tool: "setuptools", code: "plain-output", message: output.join(" ") });
          output = undefined;
        } else if (output.length >= plainOutput || out.made !== madeBefore) output = undefined;
        else if (text !== "") output.push(text);
      }
      if (outputBegins.test(text)) {
        output = [];
        madeBefore = out.made;
      }
      if (sinceNinja >= 0) {
        if (ninjaVersion.test(text))
          out.add(line, { kind: "warning", tool: "ninja", code: "ninja-version", message: text, severity: "note" });
        if (text !== "" && ++sinceNinja > 2) sinceNinja = -1;
      }
      if (ninjaStarts.test(text)) sinceNinja = 0;
      if (anySentence.test(text)) {
        for (const sentence of sentences) {
          const match = sentence.words.exec(text);
          if (match === null) continue;
          const name = Object.values(match.groups ?? {}).find((group) => group !== undefined);
          out.add(line, {
            kind: sentence.kind,
            tool: sentence.tool,
            code: sentence.code,
            message: text,
            ...(name === undefined ? {} : { symbol: name }),
            ...(sentence.severity === undefined ? {} : { severity: sentence.severity }),
          });
          return false;
        }
      }
      return false;
    },
  };
}

/** A line that begins with `error:` and that no parser made anything of. */
export function unknownError(line: LogLine, out: Collector): void {
  const { text } = line;
  const words = text.length > 400 ? undefined : unknown.exec(text)?.groups?.["words"];
  if (words === undefined || saysNothing.test(words)) return;
  out.add(line, { kind: "installer", tool: "system", code: "unknown-error", message: words });
}
