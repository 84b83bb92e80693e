/**
 * The lines of a fix for the place where the text's commands are given: instructions of a Dockerfile, the cells of a notebook, a
 * shell of root or of a CI service that cannot be asked. It does not know what a line is for, only how the place writes it.
 * Sources: the Dockerfile reference (ENV takes no output of a command), IPython's documentation of %env and %cd, apt-get(8).
 */
import { forCog } from "./cog-fit.ts";
import { platformOf } from "../commands/command-words.ts";
import type { ContainerRun } from "../facts/place-facts.ts";
import { partedCommands } from "../facts/shown-commands.ts";
import { exported, isToFillIn, parted } from "../text/fix-words.ts";
import type { Match } from "../rule.ts";

/** Without a question: when a whole fix is pasted, the line behind it would be taken for the answer. */
function unasking(line: string): string {
  if (line.startsWith("#")) return line;
  return line
    .replaceAll(
      /\b(apt-get|apt|dnf|yum|zypper) (install|reinstall|remove|purge|autoremove|upgrade)\b(?![^;&|#]* -y\b)/g,
      "$1 $2 -y",
    )
    .replaceAll(
      /\b(conda|mamba|micromamba) (install|create|remove|update|env remove)\b(?![^;&|#]* (?:-y|--yes|--help)\b)/g,
      "$1 $2 -y",
    )
    .replaceAll(/\badd-apt-repository (?!-y\b)/g, "add-apt-repository -y ")
    .replaceAll(/\bpacman (-S[yu]*|-R\w*) (?!--noconfirm\b)/g, "pacman $1 --noconfirm ");
}

/** Without sudo: in an image and in a job, the user is root. */
function asRoot(command: string): string {
  return command
    .replaceAll(/(?<=^|[\s;&|(])sudo (?:-E |-H )?/g, "")
    .replace(/^apt-get install/, "apt-get update && apt-get install");
}

const instruction = /^(?:RUN|ENV|ARG|FROM|COPY|WORKDIR|SHELL|USER) /;
/** Of the machine that builds the image, not of the image. */
const ofHost = /\bdocker\b|\bsystemctl\b|\/etc\/docker|\bnvidia-ctk\b|\bgetent\b|\breboot\b/;

/** A build of an image sees no GPU. */
const wantsGpu = /\btorch\.cuda\.(?:get_device|is_avail)|\bnvidia-smi\b|\brocm-smi\b|\brocminfo\b|\bxpu-smi\b/;

/** What only holds for the shell that runs it goes in front of the next command. */
const forOneShell = /^(?:unset |\. |source |conda activate )/;

const fetches = /^(?:git clone|curl|wget|tar|unzip) /;

/** What the step that failed fetched before: nothing of it is in the image, and the same step has to fetch it again. */
function fetchedInStep(step: string | undefined): readonly string[] {
  if (step === undefined || /[^|]\|[^|]|\\$/.test(step)) return [];
  const commands = partedCommands(step)
    .commands.map((command) => command.trim())
    .filter((command) => command !== "");
  return commands.slice(0, commands.findLastIndex((command) => fetches.test(command)) + 1);
}

/** The fix as one step, behind what the failed one had fetched. */
function inOneStep(lines: readonly string[], step: string | undefined): readonly string[] {
  const fetched = fetchedInStep(step);
  const runs = lines.filter((line) => line.startsWith("RUN "));
  const last = fetched.at(-1);
  if (last === undefined || runs.length === 0 || runs.some((line) => line.includes(last))) return lines;
  const parts = runs.map((line) => parted(line.slice(4)));
  const commands = parts.map(([command], at) =>
    command.startsWith("cd ") && at < parts.length - 1 ? `(${command})` : command,
  );
  const own = lines.filter((line) => !line.startsWith("RUN "));
  return [
    ...own,
    ...parts.flatMap(([, remark]) => (remark === "" || remark.startsWith("# again") ? [] : [remark])),
    `RUN ${[...fetched, ...commands].join(" && ")}`,
  ];
}

/** As instructions of a Dockerfile. */
function forDockerfile(lines: readonly string[], step: string | undefined): readonly string[] {
  let before = "";
  let notes: string[] = [];
  let any = false;
  const made = lines.flatMap((line) => {
    if (/^# then: (?!RUN )/.test(line)) return [line.replace("# then: ", "# then: RUN ")];
    if (line.startsWith("#") || instruction.test(line) || ofHost.test(parted(line)[0])) return [line];
    if (wantsGpu.test(parted(line)[0])) return [`# where the image runs, with a GPU: ${line}`];
    any = true;
    const [command, remark] = parted(line);
    const variables = exported(command);
    if (forOneShell.test(command) || variables?.some(([, value]) => value.includes("$(")) === true) {
      before += `${asRoot(command)} && `;
      notes = [...notes, ...(remark === "" ? [] : [remark])];
      return [];
    }
    if (variables !== undefined && variables.length > 0)
      return [
        ...(remark === "" ? [] : [remark]),
        // ENV knows no HOME: the user is root.
        `ENV ${variables.map(([name, value]) => `${name}=${value.replaceAll(/\$HOME\b|\$\{HOME\}/g, "/root")}`).join(" ")}`,
      ];
    const folder = /^cd (\S+|"[^"]+")$/.exec(command)?.[1];
    if (folder?.includes("*") === true) {
      before += `${asRoot(command)} && `;
      return [];
    }
    if (folder !== undefined) return [`WORKDIR ${folder}`];
    const run = `RUN ${before}${asRoot(command)}`;
    return [...notes.splice(0), remark === "" ? run : `${run}   ${remark}`];
  });
  return any ? ["# in the Dockerfile, at the step that fails:", ...inOneStep(made, step)] : made;
}

/** A variable of the environment, for all cells that follow. */
function inNotebook(name: string, value: string): string {
  return value.includes("$")
    ? `import os; os.environ["${name}"] = os.path.expandvars("${value}")`
    : `%env ${name}=${value}`;
}

/** As a cell of a notebook, where each `!` is a shell of its own. */
function forNotebook(lines: readonly string[]): readonly string[] {
  let before = "";
  let notes: string[] = [];
  return lines.flatMap((line) => {
    if (/^# then: (?![!%])/.test(line)) return [line.replace("# then: ", "# then: !")];
    // A line of Python is a cell as it stands.
    if (/^(?:[#!%]|import \w[\w.]*(?: as \w+)?(?:, \w+)*;)/.test(line)) return [line];
    const [command, remark] = parted(line);
    const variables = exported(command);
    const own = remark === "" ? [] : [remark];
    if (forOneShell.test(command) || variables?.some(([, value]) => /\$\(|:-/.test(value)) === true) {
      before += `${asRoot(command)} && `;
      notes = [...notes, ...own];
      return [];
    }
    if (variables !== undefined && variables.length > 0)
      return [...variables.map(([name, value]) => inNotebook(name, value.replaceAll(/^"|"$/g, ""))), ...own];
    const folder = /^cd (\S+|"[^"]+")$/.exec(command)?.[1];
    if (folder !== undefined) return [`%cd ${folder}`, ...own];
    const run = `!${before}${asRoot(command)}`;
    return [...notes.splice(0), remark === "" ? run : `${run}   ${remark}`];
  });
}

/** What a cell builds as it runs is built when it runs again; a package that was imported already takes a new kernel instead. */
function withCell(lines: readonly string[], { context: { log } }: Match): readonly string[] {
  return log.builtAtRunTime &&
    lines.some((line) => /^(?:%env |import os; )/.test(line)) &&
    !lines.some((line) => /\binstall\b|[Rr]estart|cell again/.test(line.replace(/^#.*/, "")))
    ? [...lines, "# then the cell that failed, once more"]
    : lines;
}

/** As steps of Modal's image, in the app's file. Source: modal.com/docs/reference/modal.Image (run_commands, env). */
function forModal(lines: readonly string[]): readonly string[] {
  const live = lines.filter((line) => !line.startsWith("#")).map((line) => asRoot(parted(line)[0]));
  if (live.length === 0) return lines;
  const quoted = (text: string): string =>
    text.includes('"') ? `'${text.replaceAll("'", String.raw`\'`)}'` : `"${text}"`;
  const variables = live.flatMap((line) => exported(line) ?? []);
  const commands = live.filter((line) => exported(line) === undefined);
  const env = variables.map(([name, value]) => `"${name}": ${quoted(value.replaceAll(/^"|"$/g, ""))}`).join(", ");
  return [
    "# in the app's file, in place of the step of the image that fails:",
    `image = image${env === "" ? "" : `.env({${env}})`}${commands.length === 0 ? "" : `.run_commands(${commands.map((each) => quoted(each)).join(", ")})`}`,
    ...lines.filter((line) => line.startsWith("#")),
  ];
}

/**
 * What has to be there before requirements.txt is installed in a Space without a Dockerfile of its own: a list of its own.
 * Source: huggingface.co/docs/hub/spaces-dependencies. undefined where the fix installs nothing beforehand.
 */
function forSpace(lines: readonly string[]): readonly string[] | undefined {
  const at = lines.findIndex((line) => /^\S*(?:python[\d.]* -m )?pip install torch\b/.test(line));
  if (at < 0) return undefined;
  const words = parted(lines[at] ?? "")[0]
    .replace(/^.*? install /, "")
    .split(" ")
    .filter((word) => !word.startsWith("-"));
  return [
    `printf '%s\\n' ${words.join(" ")} >> pre-requirements.txt   # in the Space's repository: that list is installed before requirements.txt`,
    'git add pre-requirements.txt && git commit -m "torch before what is compiled for it" && git push   # the Space builds again',
    "# the image has no nvcc: what has to compile CUDA needs a Dockerfile of the Space's own (sdk: docker) from an nvidia/cuda:…-devel image, or a ready-made wheel in requirements.txt",
  ];
}

/** What a remark calls another way, beside the one that stands above it. */
const otherWay = /^# or (?:from source|torch for|a torch|a newer release|build it|a release that|with pip)\b/;

/** One way is for the shell, and another one a remark: who pastes the whole fix runs no two ways after each other. */
export function oneWay(lines: readonly string[]): readonly string[] {
  const made: string[] = [];
  let any = false;
  for (const line of lines) {
    const before = made.at(-1) ?? "";
    const [command, remark] = parted(line);
    if (line.startsWith("#")) made.push(line);
    else if (any && otherWay.test(remark)) made.push(`${remark}: ${command}`);
    else if (any && /^# or [^:]*:$/.test(before) && /\bpip3? install /.test(command)) {
      made.pop();
      made.push(`${before} ${command}`);
    } else {
      any = true;
      made.push(line);
    }
  }
  return made;
}

/** What runs in the image that the text's last command ran in: the host has another Python, or none. */
const ofImage = /^(?:# then: )?(?=(?:(?:python|pip)[\d.]*|nvcc)\b)/;

function inImage(lines: readonly string[], image: string): readonly string[] {
  return lines.map((line) => line.replace(ofImage, (then) => `${then}${image} `));
}

/** Other commands were given beside it, in a shell: what failed may be theirs. */
function isTypedBeside({ context: { log } }: Match): boolean {
  return log.typed.some(({ shell, starter, kind }) => shell === "prompt" && starter === "" && kind !== "tool");
}

/** What changes the file system of a container, and can be a step of an image. */
const forImage = /^(?:(?:\S*python[\d.]* -m )?pip[\d.]* (?:install|uninstall) |apt-get |uv pip (?:install|uninstall) )/;

/**
 * For a container that was started from an image and is gone: the steps that install something, as an image on top of that one, and
 * the same command with it. Source: docker build of a Dockerfile on its standard input (docs.docker.com/reference/cli/docker/buildx/build).
 */
function onTopOfImage(lines: readonly string[], { program, image, line: run }: ContainerRun): readonly string[] {
  const steps = lines
    .filter((line) => !line.startsWith("#"))
    .map((line) => asRoot(parted(line)[0]).replace(/^python -m/, "python3 -m"))
    .filter((command) => forImage.test(command) && !/'|\$|&& (?:export|cd)\b|\.$/.test(command));
  if (steps.length === 0) return lines;
  const made = `${image.replace(/@.*$/, "").replace(/(?<=[^/]):[\w.-]+$/, "")}:mended`;
  return [
    "# the container is made anew from its image each time: an image on top of it (or these RUN lines in its Dockerfile), and that one started",
    `printf '%s\\n' 'FROM ${image}' ${steps.map((step) => `'RUN ${step}'`).join(" ")} | ${program} build -t ${made} -`,
    run.replace(image, () => made),
    ...lines.filter((line) => line.startsWith("#")),
  ];
}

/** A search path below a CUDA_HOME that a person has to name first is set with it. */
function withoutEmptyHome(lines: readonly string[]): readonly string[] {
  const named = lines.findIndex((line) => /^# export CUDA_HOME=/.test(line));
  if (named < 0) return lines;
  return lines.map((line, at) =>
    at > named &&
    /^export PATH="?\$CUDA_HOME\/bin:/.test(line) &&
    !lines.slice(0, at).some((each) => /^export CUDA_HOME=/.test(each))
      ? `# ${line}`
      : line,
  );
}

/** The lines as the text's place writes them; what cannot be run as it stands is a remark. */
export function fittedForPlace(lines: readonly string[], match: Match): readonly string[] {
  const {
    dockerBuild,
    modalImage,
    cogBuild,
    spaceLists,
    imageBuild,
    upperFolders,
    failedStep,
    notebook,
    rootShell,
    jobImage,
    inImage: image,
    containerRun,
  } = match.context.log;
  const honest = withoutEmptyHome(
    lines.map((line) => (!line.startsWith("#") && isToFillIn(line) ? `# ${line}` : unasking(line))),
  );
  if (platformOf(match) !== "linux") return honest;
  if (modalImage) return forModal(honest);
  if (spaceLists) return forSpace(honest) ?? forDockerfile(honest, failedStep);
  // A step is no shell in which conda activated something: the variable is empty there.
  if (dockerBuild && cogBuild !== undefined)
    return forCog(forDockerfile(honest, failedStep), cogBuild.startsWith("cog ") ? cogBuild : undefined);
  if (dockerBuild)
    return forDockerfile(
      upperFolders.includes("/opt/conda")
        ? honest.map((line) => line.replaceAll(/\$CONDA_PREFIX\b|\$\{CONDA_PREFIX\}/g, "/opt/conda"))
        : honest,
      failedStep,
    );
  if (/\b(?:apptainer|singularity) build /.test(imageBuild ?? ""))
    return honest.some((line) => !line.startsWith("#"))
      ? [
          "# in %post of the definition file, at the command that fails:",
          ...honest.map((line) => (line.startsWith("#") ? line : asRoot(line))),
          `# then build the image again: ${imageBuild ?? ""}`,
        ]
      : honest;
  if (notebook) return withCell(forNotebook(honest), match);
  if (image !== undefined) return inImage(honest, image);
  if (containerRun !== undefined && !isTypedBeside(match)) return onTopOfImage(honest, containerRun);
  if (rootShell || jobImage !== undefined) return honest.map((line) => (line.startsWith("#") ? line : asRoot(line)));
  return honest;
}
