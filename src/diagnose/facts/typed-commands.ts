/**
 * The commands that somebody gave to build, to install or to run something, as the text shows them: each as it was typed, with its
 * line, its variables, the folder that the same line went to, and what kind of command it is. So that a fix gives the one
 * that failed again, changed where that is the fix. Reads one line at a time. What a build tool prints of its own commands
 * is none of them, and it does not know whether a command would have gone well.
 */
import { partedCommands, quotedIn, type Shell, shownIn } from "./shown-commands.ts";

/**
 * - `configure`: CMake makes a build folder; `build`: CMake, make or ninja compile.
 * - `compile`: a compiler that is called by hand.
 * - `package`: `python -m build`; `script`: a shell script; `pip`, `setup`: pip installs, setup.py builds.
 * - `program`: a program of Python's; `tool`: another tool that builds, or runs what builds.
 */
export type CommandKind =
  | "configure"
  | "build"
  | "compile"
  | "package"
  | "script"
  | "pip"
  | "setup"
  | "program"
  | "tool";

export interface TypedCommand {
  readonly kind: CommandKind;
  /** As it was typed, variables and all, without what it is piped into: `MAX_JOBS=4 make -j4`. */
  readonly line: string;
  /** What it is started by: `srun --gres=gpu:1 `, `xvfb-run `; mostly nothing. */
  readonly starter: string;
  /** The number of its line in the text. */
  readonly at: number;
  readonly shell: Shell;
  /** Where it runs, seen from where the line was given, or as a whole path. Undefined: there. */
  readonly folder?: string;
  /** The folder that its prompt names: `~/proj/build`. */
  readonly prompt?: string;
  /** The text says of this very command that it failed. */
  readonly failed?: true;
}

export interface TypedBuild {
  readonly tool: "make" | "cmake" | "ninja" | "build" | "script";
  /** As it was typed: `make -j4`, `cmake --build build`. */
  readonly line: string;
  /** Where it ran, and who was given it, as in a `TypedCommand`. */
  readonly folder?: string;
  readonly shell?: Shell;
}

export interface TypedFacts {
  /** All of them in their order, the last ones where they are many. */
  readonly typed: readonly TypedCommand[];
  /** CMake configures: `cmake -S . -B build -DCMAKE_CUDA_ARCHITECTURES=86`. */
  readonly typedConfigure?: string;
  /** And builds: `cmake --build build -j8`, `make -j4`, `ninja -C build`. */
  readonly typedBuildStep?: string;
  /** A compiler that is called by hand: `nvcc -O3 -arch=sm_80 -c k.cu`. */
  readonly typedCompile?: string;
  /** The kind of the last of them. */
  readonly typedLast?: "configure" | "build" | "compile";
  /** The last command that builds, by whatever tool but pip and setup.py. */
  readonly typedBuild?: TypedBuild;
  /** The last program of Python's that was started: `python -c 'import ops'`. */
  readonly typedProgram?: string;
  /** The command that builds the image whose step failed: `docker compose build trainer`. */
  readonly imageBuild?: string;
  /** The folder that a cell of a notebook went to with `!cd`, in a shell of its own that ended there. */
  readonly lostFolder?: string;
  /** The step of a Dockerfile that failed, as it is written: with its variables. */
  readonly failedStep?: string;
}

const setting = "[A-Za-z_]\\w*=(?:\"[^\"]*\"|'[^']*'|\\S*)";
const variables = new RegExp(`^(?:sudo (?:-E |-H )?|time |${setting} )+`);
/** What starts a command elsewhere or otherwise. */
const starters =
  /^(?:(?:srun|mpirun|salloc|bsub|xvfb-run|nice|nohup|timeout|docker exec|docker run|podman run|docker[ -]compose (?:run|exec)|(?:conda|mamba|micromamba) run)(?: \S+)*? |env )(?=(?:\S*\/)?(?:python[\d.]*|pip3?|cmake|g?make|ninja|uv|bash|sh|poetry|torchrun|accelerate|deepspeed) |\.\/)/;

const kinds: readonly (readonly [CommandKind, RegExp])[] = [
  ["build", /^(?:cmake3? --build \S.*|(?:ninja|g?make)(?: (?!sure\b).*)?)$/],
  ["configure", /^cmake3? (?!--(?:build|install|version|help)\b)(?=.*(?<=\s)(?:-[SBDG]|--preset|\.{1,2}\/?(?:\s|$)))/],
  [
    "compile",
    /^(?:\/\S+\/)?(?:nvcc|hipcc|g\+\+|gcc|c\+\+|(?:amd)?clang(?:\+\+)?|clang-cl)(?:-\d+)?(?:\.exe)? (?=.*(?:-|\S\.(?:cu|cpp|cc|cxx|c|hip|o)\b))(?!--?v(?:ersion)?\b)/,
  ],
  ["package", /^\S*(?:python[\d.]*|py)(?:\.exe)? -m build(?: .*)?$|^(?:\S*[\\/])?pyproject-build(?: .*)?$/],
  ["script", /^(?:(?:bash|sh|source|\.) (?:-\w+ )*[\w./~-]+\.sh|\.\/\S+\.sh)(?: .*)?$/],
  // What only sets the shell up is no build: vcvars64.bat, activate.bat, Activate.ps1.
  [
    "script",
    /^(?:call |& )?(?:\.\\|[A-Za-z]:\\)?(?:[\w.-]+\\)*(?!\w*(?:vars|[Aa]ctivate|DevCmd|DevShell)\w*\.)[\w-]+\.(?:bat|cmd|ps1)(?: .*)?$/,
  ],
  [
    "pip",
    /^(?:\S*python[\d.]*(?:\.exe)? (?:-\w )*-m |py(?: -[\d.]+)? -m |uv )?(?:\S*[\\/])?pip[\d.]*(?:\.exe)? (?:--?[\w-]+ )*(?:install|wheel) /,
  ],
  ["setup", /^(?:\S*python[\d.]*(?:\.exe)?|py(?: -[\d.]+)?) (?:-u |-m )?\S*setup\w*\.py \w/],
  [
    "tool",
    /^(?:uv (?:run|add|build|sync|lock) ?|hatch (?:-\S+ )*(?:build|run|env|shell)\b|(?:\S*python[\d.]* -m )?(?:tox|nox|cibuildwheel|maturin|scikit_build|meson)(?: |$)|colcon build|catkin_make|catkin build|cargo (?:build|run|test|check|install|bench)\b|sbatch \S|bazel(?:isk)? (?:build|run|test)|conda[ -]build |rattler-build |(?:conda|mamba|micromamba) (?:env (?:create|update)|create .*-f )|poetry (?:build|install|add|run|lock|update|sync)\b|pdm (?:build|install|add|run|sync|lock|update)\b|pixi (?:build|install|add|run|lock|update)\b|retorch (?:build|wheel|run)\b|scons(?: |$)|xmake(?: |$)|spack install |eb (?:--?\S+ )*\S+\.eb\b|bitbake (?!-)\S|guix (?:build|package|shell) |makepkg|nix(?:-build| build| develop)|ebuild |emerge |msbuild |devenv |pre-commit run|flit (?:build|install)|npm (?:install|run)|stack build)/i,
  ],
  [
    "program",
    /^(?:\S*python[\d.]*(?:\.exe)? (?!\S*setup\w*\.py |-m (?:pip|build|venv)\b|-V|--version)|(?:torchrun|deepspeed|pytest|py\.test)(?= )|pytest$|mim install |(?:vllm (?:serve|bench|chat)|lmdeploy (?:serve|chat|lite)|sglang serve|trtllm-(?:serve|build|bench)|llamafactory-cli|axolotl train|xtuner train|ns-(?:train|eval|viewer)) |ros2 (?:launch|run) |accelerate launch |py \S+\.py\b)./,
  ],
];
/** Without a prompt a line has to be a command through and through. */
const bare =
  /^(?:(?:make|ninja)(?: (?:-\S+|[A-Z_]+=\S+|all|\d+))*|(?:vllm|lmdeploy|sglang) serve \S+(?: --?\S+(?: [\w./:-]+)?)*|cmake --build \S+(?: --?\S+| \d+)*|mim install(?: [\w.-]+(?:[=<>~!]=?[\w.*]+)?)+)$|^(?:cmake3? |nvcc -|hipcc -)/;
/** A sentence that begins with the name of a tool. */
const prose =
  / (?:fails?|failed|errors?|gives?|says|and|with the|is|was|does|cannot|to|of|it|I|but|then|because|works?)(?:[ ,.:]|$)/;
/** What shows something, removes it or only makes folders. */
/** What only sets variables of the shell is no program, and builds nothing. */
export const setsVariables = /^(?:source|\.) \S*(?:setvars|set_env|activate|vars|env)\S*(?: \S+)*$/;
const idle =
  /^cibuildwheel version\b|\b(?:clean(?! (?:--all |-a )?(?:build|install|develop|bdist))|--version|--help|-v$|install -d)\b|^(?:pip3?|uv pip) install --help/;
const imageBuild =
  /^(?:sudo )?(?:docker(?:[ -]compose)? (?:\S+ )*?build|docker buildx build|podman build|(?:apptainer|singularity) build)(?: \S.*)?$/;
const changesFolder = /^(?:cd|pushd|Set-Location|sl)(?: \/d)? +("[^"]+"|'[^']+'|\S+)$/i;
/** GitLab's runner: a job is one script, whose commands it shows behind a `$`. */
const ofScript = /\bexecutor with image |^(?:Preparing the ")?\S+ executor\b|"\w+" executor/;
const makeFailed = /^make: \*\*\* \[(?:[Mm]akefile|GNUmakefile|\S+\.mk):\d+: (?!CMakeFiles)/;
const tools =
  /make|ninja|nvcc|hipcc|g\+\+|gcc|c\+\+|clang|pyth|pip|py |uv |\.sh|build|cd |tox|nox|hatch|colcon|catkin|cargo|sbatch|poetry|pdm|pixi|conda|mamba|retorch|torchrun|deepspeed|accelerate|pytest|pushd|Set-Location|scons|xmake|spack|nix|maturin|meson|emerge|bazel|bitbake|\.eb\b|guix|flit|npm|vllm |lmdeploy |sglang |trtllm-|llamafactory|axolotl |xtuner |mim |ns-|\.bat|\.cmd|\.ps1/;
const mostRead = 1_000;
const mostKept = 40;
/** Lines of a CI service's step that follow its first one. */
const mostOfStep = 30;

/** A folder seen from another one; a whole path is itself. */
function below(base: string | undefined, folder: string): string | undefined {
  const plain = folder.replaceAll(/["']/g, "");
  if (/^(?:[\\/~$]|[A-Za-z]:|%)/.test(plain) || base === undefined) return plain;
  if (plain === "-" || base === "") return undefined;
  const separator = /^[A-Za-z]:/.test(base) ? "\\" : "/";
  return `${base.replace(/[\\/]$/, "")}${separator}${plain.replace(/^\.[\\/]/, "")}`;
}

/** A command without what its output goes into. */
function withoutOutput(command: string): string {
  return command.replace(/\s+\d?>+\s?(?:&\d?|\S+)?(?:\s+\d>&\d)?\s*$/, "").trim();
}

/** Gathers them line by line. */
export class TypedReader {
  readonly #typed: TypedCommand[] = [];
  #image: string | undefined;
  #make = false;
  /** Make itself says that it stopped. */
  #stopped = false;
  #cmake = false;
  #lost: string | undefined;
  #failedStep: string | undefined;
  #pending: { readonly text: string; readonly at: number } | undefined;
  /** The title of a step: the first line of its script, which the next line gives again. */
  #title = { text: "", at: -1 };
  /** The folder that a shell without a prompt went to: of a trace, of a CI service, of a notebook's `%cd`. */
  #folder: string | undefined;
  /** A CI service shows a step's lines below its first one. */
  #step = 0;
  /** All prompts are those of one script. */
  #script = false;

  line(text: string, at: number): void {
    if (text.includes("xecutor")) this.#script ||= ofScript.test(text);
    const before = this.#pending?.at === at - 1 ? `${this.#pending.text} ` : "";
    this.#pending = undefined;
    if (text.length > mostRead || (before === "" && !tools.test(text) && !text.startsWith("shell: "))) return;
    const line = `${before}${text.trim()}`;
    if (line.startsWith("make: *** ")) this.#stopped = true;
    if (line.includes("CMakeFiles")) this.#cmake = true;
    else if (makeFailed.test(line)) this.#make = true;
    if (/^shell: |^##\[endgroup\]/.test(line)) this.#step = 0;
    const shown =
      this.#shown(line) ??
      (at <= this.#step ? { shell: "ci" as const, text: line } : undefined) ??
      (bare.test(line) && !prose.test(line) ? { shell: "prompt" as const, text: line } : undefined);
    if (shown === undefined) {
      for (const { text: quoted, folder } of quotedIn(line))
        this.#take(quoted, { shell: "sentence", at, ...(folder === undefined ? {} : { folder }) });
      return;
    }
    if (shown.shell === "ci" && !this.#script && at > this.#step) {
      this.#step = at + mostOfStep;
      this.#folder = undefined;
      this.#title = { text: shown.text, at };
    } else if (at === this.#title.at + 1 && shown.text === this.#title.text) return;
    if (/[\\^`]$/.test(shown.text) && !/`[^`]*`$/.test(shown.text)) {
      this.#pending = { text: line.replace(/\s*[\\^`]$/, ""), at };
      return;
    }
    this.#commands(shown, at);
  }

  #shown(line: string): ReturnType<typeof shownIn> {
    const shown = shownIn(line);
    return this.#script && shown?.shell === "prompt" ? { shell: "ci", text: shown.text } : shown;
  }

  #commands(shown: NonNullable<ReturnType<typeof shownIn>>, at: number): void {
    const { shell, text, folder: base, failed } = shown;
    const isMagic = shown.magic === true;
    if (failed === true) this.#failedStep = text;
    // A trace and a step keep their folder from line to line; each step of a Dockerfile and each `!` is a shell of its own.
    const keeps = shell === "trace" || shell === "ci";
    let went: string | undefined = keeps ? this.#folder : undefined;
    const { commands } = partedCommands(text);
    for (const written of commands) {
      const command = withoutOutput(written);
      const folder = changesFolder.exec(command)?.[1];
      if (folder !== undefined) {
        went = below(went ?? base, folder) ?? undefined;
        if (keeps) this.#folder = went;
        if (shell === "notebook" && commands.length === 1 && went !== undefined)
          this.#lost = isMagic ? undefined : went;
        continue;
      }
      if (imageBuild.test(command)) this.#image = command;
      this.#take(command, {
        shell,
        at,
        ...(went === undefined ? {} : { folder: went }),
        ...(shell === "prompt" && base !== undefined && base !== "" ? { prompt: base } : {}),
        ...(failed === undefined ? {} : { failed }),
      });
    }
  }

  #take(command: string, where: Pick<TypedCommand, "shell" | "at" | "folder" | "prompt" | "failed">): void {
    const start = variables.exec(command)?.[0].length ?? 0;
    const starter = starters.exec(command.slice(start))?.[0] ?? "";
    const plain = command.slice(start + starter.length).replace(variables, "");
    const kind = kinds.find(([, form]) => form.test(plain))?.[0];
    if (kind === undefined || idle.test(plain)) return;
    // A sentence names tools in passing: what it has to be is a whole command.
    if (where.shell === "sentence" && (/^(?:make|ninja|cmake|\S+)$/.test(plain) || kind === "compile")) return;
    if (/[<>]\S/.test(plain.replaceAll(/["'`].*?["'`]|[<>]=?(?=[\d.])/g, "")) && kind !== "program" && kind !== "pip")
      return;
    if (this.#typed.length >= mostKept) this.#typed.shift();
    this.#typed.push({ kind, line: command, starter, ...where });
  }

  facts(): TypedFacts {
    const shown = this.#typed.filter(({ shell, line }) => shell !== "sentence" && !setsVariables.test(line));
    const last = (...wanted: readonly CommandKind[]): TypedCommand | undefined =>
      shown.findLast(({ kind }) => wanted.includes(kind));
    const step = last("configure", "build", "compile")?.kind as TypedFacts["typedLast"];
    const configure = last("configure")?.line;
    const build = last("build")?.line ?? (this.#stopped ? stepOf(configure) : undefined);
    const compile = last("compile")?.line;
    const program = last("program")?.line;
    const built = asBuild(last("build", "package", "script"));
    const typedBuild = built ?? (this.#make && !this.#cmake ? { tool: "make" as const, line: "make" } : undefined);
    return {
      typed: this.#typed,
      ...(configure === undefined ? {} : { typedConfigure: configure }),
      ...(build === undefined ? {} : { typedBuildStep: build }),
      ...(compile === undefined ? {} : { typedCompile: compile }),
      ...(step === undefined ? {} : { typedLast: step }),
      ...(program === undefined ? {} : { typedProgram: program }),
      ...(typedBuild === undefined ? {} : { typedBuild }),
      ...(this.#image === undefined ? {} : { imageBuild: this.#image }),
      ...(this.#lost === undefined ? {} : { lostFolder: this.#lost }),
      ...(this.#failedStep === undefined ? {} : { failedStep: this.#failedStep }),
    };
  }
}

/** What builds where CMake was configured, when make stopped and the text does not show how it was called. */
function stepOf(configure: string | undefined): string | undefined {
  if (configure === undefined) return undefined;
  const folder = /(?:^|\s)-B ?("[^"]+"|[^\s"]+)/.exec(configure)?.[1];
  return folder === undefined ? "make" : `cmake --build ${folder}`;
}

/** A command that builds, with the name of its tool. */
function asBuild(command: TypedCommand | undefined): TypedBuild | undefined {
  if (command === undefined) return undefined;
  const { kind, line, folder, shell } = command;
  const where = { line, shell, ...(folder === undefined ? {} : { folder }) };
  if (kind === "package") return { tool: "build", ...where };
  if (kind === "script") return { tool: "script", ...where };
  const tool = /(?:^|\s)(cmake|ninja|g?make)3?(?=\s|$)/.exec(line)?.[1];
  return { tool: tool === "cmake" || tool === "ninja" ? tool : "make", ...where };
}
