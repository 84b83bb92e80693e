/**
 * The commands that somebody typed to compile, given again: nvcc's with other flags, CMake's with an empty cache where what it
 * found there is the trouble. It does not know what the flags mean.
 */
import { changeFolder, platformOf, python, setVariable } from "./command-words.ts";
import { standardFor } from "./toolkit-commands.ts";
import type { Match } from "../rule.ts";
import { isBuiltByPython } from "./typed-builds.ts";

/** The nvcc that was called by hand; undefined where a build tool calls it. */
function typedNvcc(match: Match): string | undefined {
  const { log } = match.context;
  return log.typedLast === "compile" && !isBuiltByPython(match) && /(?:^|[\s/])nvcc /.test(log.typedCompile ?? "")
    ? log.typedCompile
    : undefined;
}

/** A flag of nvcc and of g++ before each of some folders of torch, as a word that the shell makes. */
function torchFolders(match: Match, folders: string): string {
  return `$(${python(match)} -c "import sysconfig, torch.utils.cpp_extension as c; print(${folders})")`;
}

/** The compiler that was called by hand, with the folder of Python's headers; nothing where none was. */
export function typedWithPython(match: Match): string[] {
  const { log } = match.context;
  const typed = log.typedLast === "compile" ? log.typedCompile : undefined;
  return typed === undefined || isBuiltByPython(match) || platformOf(match) !== "linux"
    ? []
    : [withWords(typed, [`-I$(${python(match)} -c "import sysconfig; print(sysconfig.get_paths()['include'])")`])];
}

/** The compiler that was called by hand, with torch's and Python's folders; nothing where none was. */
export function typedWithTorch(match: Match): string[] {
  const { log } = match.context;
  const typed = log.typedLast === "compile" ? log.typedCompile : undefined;
  if (typed === undefined || isBuiltByPython(match) || platformOf(match) === "win32" || /(?:^|\s)hipcc /.test(typed))
    return [];
  const includes = torchFolders(
    match,
    "*['-isystem ' + p for p in [*c.include_paths(), sysconfig.get_paths()['include']]]",
  );
  const standard = /-std[= ]/.test(typed) ? [] : [`-std=c++${standardFor(match)}`];
  const command = withWords(typed, [...standard, includes]);
  // A library of Python's finds torch in the process; a program has to be linked with it.
  if (/(?:^|\s)(?:-c|--?shared|-dc|-E|-S|-ptx|-cubin|-fsyntax-only)(?:\s|$)/.test(typed)) return [command];
  const linker = /(?:^|[\s/])nvcc /.test(typed) ? "-Xlinker -rpath=" : "-Wl,-rpath,";
  return [
    `${command} ${torchFolders(match, `*['-L' + p + ' ${linker}' + p for p in c.library_paths()]`)} -ltorch -ltorch_cpu -lc10`,
  ];
}

/** Words of a command behind the name of the program. */
function withWords(command: string, words: readonly string[]): string {
  return command.replace(
    /((?:^|[\s/])(?:nvcc|hipcc|g\+\+|gcc|c\+\+|clang(?:\+\+)?)(?:-\d+)?) /,
    `$1 ${words.join(" ")} `,
  );
}

/** nvcc gets more flags: in the command that was typed, else by the variable that every nvcc reads. */
export function withNvccFlags(match: Match, flags: readonly string[]): string[] {
  const typed = typedNvcc(match);
  if (typed !== undefined) return [withWords(typed, flags)];
  return [
    `${setVariable(match, "NVCC_APPEND_FLAGS", flags.join(" "))}   # every nvcc of this shell reads it (CUDA 11.1 and newer)`,
  ];
}

/** nvcc as it was called by hand, taking all its sources for CUDA; nothing where objects are among them, or a build tool calls it. */
export function typedAsCuda(match: Match): string[] {
  const typed = typedNvcc(match);
  return typed === undefined ||
    /\.(?:o|obj|a|so|lib)(?:\s|$)/.test(typed.replace(/ -o ?\S+/, "")) ||
    / (?:-x|--x)[ =]/.test(typed)
    ? []
    : [withWords(typed, ["-x", "cu"])];
}

/** A program of C++ that was compiled and linked by the driver of C, with that of C++; undefined where another tool did. */
export function typedWithCxxDriver(match: Match): string | undefined {
  const { log } = match.context;
  const typed = log.typedLast === "compile" && !isBuiltByPython(match) ? log.typedCompile : undefined;
  const changed = typed
    ?.replace(/(^|[\s/])(?:gcc|cc)(-\d+)?(?= )/, "$1g++$2")
    .replace(/(^|[\s/])clang(-\d+)?(?= )/, "$1clang++$2");
  return changed === typed ? undefined : changed;
}

/** The compiler of C++ that was called by hand, with more flags (nvcc hands them on); nothing where a build tool calls it. */
export function withHostFlags(match: Match, flags: readonly string[]): string[] {
  const { log } = match.context;
  const typed = log.typedLast === "compile" ? log.typedCompile : undefined;
  if (typed === undefined || isBuiltByPython(match) || platformOf(match) === "win32") return [];
  const handed = flags.map((flag) =>
    typedNvcc(match) === undefined || flag.startsWith("-std=") ? flag : `-Xcompiler ${flag}`,
  );
  const standard = flags.find((flag) => flag.startsWith("-std="));
  if (standard === undefined || !/(?:^|\s)-std[= ]\S+/.test(typed)) return [withWords(typed, handed)];
  const others = handed.filter((flag) => flag !== standard);
  const changed = typed.replace(/(^|\s)-std[= ]\S+/, `$1${standard}`);
  return [others.length === 0 ? changed : withWords(changed, others)];
}

/** The command that was typed, with every one of its words changed or, where nothing is given back, left out. */
export function changedNvcc(match: Match, change: (word: string) => string | undefined): string | undefined {
  const typed = typedNvcc(match);
  if (typed === undefined) return undefined;
  // An option and its value in two words: `-gencode arch=…`, `-arch sm_70`.
  const words = typed.match(
    /(?:-gencode|--generate-code|-arch|--gpu-architecture|-code|--gpu-code) [^\s-]\S*|-X(?:compiler|linker|ptxas|nvlink|cudafe) \S+|(?:[^\s"']|"[^"]*"|'[^']*')+/g,
  );
  const changed = (words ?? []).map((word) => change(word)).filter((word) => word !== undefined);
  const command = changed.join(" ");
  return command === typed ? undefined : command;
}

/** What a fix has to change for CMake to look again at what it found before. */
const findsAnew =
  /^(?:export |set )?(?:CC|CXX|CFLAGS|CXXFLAGS|CUDAFLAGS|LDFLAGS|CUDACXX|CUDAHOSTCXX|CUDA_HOME|CUDA_PATH|PATH|NVCC_PREPEND_FLAGS|CMAKE_\w+|TORCH_CUDA_ARCH_LIST)=|\b(?:apt-get|dnf|yum|conda|pip|brew)\b.* install |&& unzip /;

/** CMake's commands of the text again, `given` with other definitions; undefined where none was typed. */
export function cmakeAgain(match: Match, lines: readonly string[], given = ""): readonly string[] | undefined {
  const { log, findings } = match.context;
  const { typedConfigure: configure, typedBuildStep: build } = log;
  if (log.installer !== undefined || (configure === undefined && build === undefined)) return undefined;
  if (log.typedLast === "compile") return undefined;
  const stopped =
    match.finding.kind === "build-tool" ||
    /CMake|Could NOT/.test(match.finding.text) ||
    findings.some(({ message }) => /CMake(?: Generate step failed| Error)|onfiguring incomplete/.test(message));
  const fresh = stopped || given !== "" || lines.some((line) => findsAnew.test(line));
  if (configure === undefined || !fresh) return build === undefined ? undefined : [build];
  const folder = /(?:^|\s)-B ?("[^"]+"|[^\s"]+)/.exec(configure)?.[1];
  const windows = platformOf(match) === "win32";
  const forget =
    folder === undefined
      ? windows
        ? "del CMakeCache.txt"
        : "rm -rf CMakeCache.txt CMakeFiles"
      : windows
        ? `rmdir /s /q ${folder}`
        : `rm -rf ${folder}`;
  return [
    ...backToPrompt(match, configure),
    `${forget}   # CMake keeps what it found`,
    withDefinitions(configure, given),
    ...(build === undefined ? [] : [build]),
  ];
}

/** The folder in which CMake was called, where the last prompt of the text names another one. */
function backToPrompt(match: Match, configure: string): string[] {
  const { typed } = match.context.log;
  const command = typed.findLast(({ kind, line }) => kind === "configure" && line === configure);
  const last = typed.findLast(({ shell }) => shell === "prompt");
  if (command?.prompt === undefined || command.folder !== undefined || command.prompt === last?.prompt) return [];
  return last?.prompt === undefined ? [] : [changeFolder(match, command.prompt)];
}

/** `-DA=1 -DB=2` in a command of CMake's, in place of what it says of the same names. */
function withDefinitions(command: string, given: string): string {
  let changed = command;
  for (const [whole, name = ""] of given.matchAll(/-D(\w+)(?::\w+)?=(?:"[^"]*"|\S+)/g)) {
    const before = new RegExp(`-D ?${name}(?::\\w+)?=(?:"[^"]*"|'[^']*'|\\S+)`);
    changed = before.test(changed) ? changed.replace(before, () => whole) : `${changed} ${whole}`;
  }
  return changed;
}

/** CMake's command as rules write it: from the build folder, with some definitions. */
const written = /^(?:rm -rf build(?:;| &&) )?cmake((?: -D\w+=(?:"[^"]*"|[^\s"]+))+) \.\.(?=\s*(?:#|$))/;

/**
 * Where an installer of Python's runs CMake, its definitions go by a variable. Source: scikit-build-core's documentation of
 * configuration (CMAKE_ARGS), pybind/cmake_example.
 */
function byVariable(match: Match, given: string): string | undefined {
  const { installer, commandVariables, requested } = match.context.log;
  if (installer === undefined || installer === "conda" || installer === "setup.py" || requested === undefined)
    return undefined;
  const before = commandVariables?.find(([name]) => name === "CMAKE_ARGS")?.[1];
  const words = [...given.matchAll(/(-D\w+=)(?:"([^"]*)"|([^\s"]+))/g)].map(
    ([, name = "", quoted, plain]) => `${name}${quoted ?? plain ?? ""}`,
  );
  const value = [...(before === undefined ? [] : [before]), ...words].join(" ");
  return platformOf(match) === "win32"
    ? value.includes("$(")
      ? undefined
      : `set CMAKE_ARGS=${value}`
    : `export CMAKE_ARGS="${value}"`;
}

/** The lines of a fix with the text's own command of CMake, or the installer's way to it, in place of one that is put as an example. */
export function inTypedCmake(lines: readonly string[], match: Match): readonly string[] {
  const at = lines.findIndex((line) => written.test(line));
  if (at < 0) return lines;
  const given = written.exec(lines[at] ?? "")?.[1] ?? "";
  const again = cmakeAgain(match, lines, given);
  if (again !== undefined) return [...lines.slice(0, at), ...again, ...lines.slice(at + 1)];
  const variable = byVariable(match, given);
  if (variable === undefined) return lines;
  const remark = /\.\.(\s{2,}# .*)$/.exec(lines[at] ?? "")?.[1] ?? "";
  return [...lines.slice(0, at), variable + (remark.includes("within pip") ? "" : remark), ...lines.slice(at + 1)];
}
