/**
 * The lines of a fix in the words of the program that keeps conda's packages in the text: mamba, micromamba or pixi, whose projects
 * take no `conda install` and set no variables in the shell that calls them. It does not know whether a line is right.
 * Sources: the user guides of mamba and micromamba; pixi's reference of `pixi add` and `pixi shell-hook`.
 */
import type { Match } from "../rule.ts";

/** A specification as pixi takes it: `gxx=11` as `"gxx=11.*"`. */
function asSpec(word: string): string {
  const [, name = word, version] = /^"?([\w.-]+)={1,2}([\d.]+)"?$/.exec(word) ?? [];
  return version === undefined ? word : `"${name}=${version}.*"`;
}

const install = /\b(?:conda|mamba|micromamba) install((?: --?[\w-]+| [^\s;&|#]+)+)/;
/** A label of NVIDIA's channel stands for one release of CUDA, which conda-forge names by a package of its own. */
const label = /^nvidia\/label\/cuda-(\d+\.\d+)/;

/** `conda install -c conda-forge gxx=11`: what pixi adds to the project. */
function added(words: string): string {
  const specs: string[] = [];
  const channels: string[] = [];
  let before = "";
  for (const word of words.trim().split(" ")) {
    if (before === "-c" || before === "--channel") channels.push(word);
    else if (!word.startsWith("-")) specs.push(asSpec(word));
    before = word;
  }
  const cuda = channels.map((channel) => label.exec(channel)?.[1]).find((version) => version !== undefined);
  return `pixi add ${[...(cuda === undefined ? [] : [`"cuda-version=${cuda}.*"`]), ...specs].join(" ")}`;
}

/** In a shell that has not entered the environment, its programs and its variables are not there. */
const wantsEnvironment = /\$\{?CONDA_PREFIX|(?:^|[\s;&(])(?:python3?|pip|nvcc|cmake|retorch)\b/;

/** The toolkit comes into the project, and nothing of the system's is looked for. */
function withPixiToolkit(lines: readonly string[]): readonly string[] {
  const at = lines.findIndex((line) => /^# conda install -c nvidia\/label\/cuda-.* cuda-toolkit && export/.test(line));
  if (at < 0) return lines;
  const version = /cuda-(\d+\.\d+)/.exec(lines[at] ?? "")?.[1];
  return [
    ...lines.slice(0, at).filter((line) => !/^(?:ls -d|dir) /.test(line)),
    `pixi add ${version === undefined ? "" : `"cuda-version=${version}.*" `}cuda-toolkit cxx-compiler${version === undefined ? '   # and "cuda-version=12.4.*" beside them: the number is that of torch.version.cuda' : ""}`,
    "export CUDA_HOME=$CONDA_PREFIX",
    ...lines
      .slice(at + 1)
      .filter((line) => !/^ls -d |^export (?:CUDA_HOME|PATH)=|^# install the CUDA toolkit of/.test(line)),
  ];
}

function forPixi(given: readonly string[]): readonly string[] {
  const lines = withPixiToolkit(given);
  const made = lines.map((line) =>
    line
      .replace(install, (_all, words: string) => added(words))
      .replaceAll(/\bconda list\b/g, "pixi list")
      .replaceAll(/\bconda activate \S+ && /g, ""),
  );
  const first = made.findIndex(
    (line) => !line.startsWith("#") && wantsEnvironment.test(line.replaceAll(/\bpixi run [^;&|]*/g, "")),
  );
  return first < 0 || made.some((line) => line.includes("shell-hook"))
    ? made
    : [
        ...made.slice(0, first),
        'eval "$(pixi shell-hook)"   # the project\'s environment, in this shell',
        ...made.slice(first),
      ];
}

/** Where the text runs its commands by `conda run -n e`, no shell has entered the environment yet. */
function entered(lines: readonly string[], { context: { log } }: Match): readonly string[] {
  const [program, environment] = log.condaRun ?? [];
  if (program === undefined || environment === undefined) return lines;
  const isFirst = (line: string): boolean =>
    !line.startsWith("#") && (wantsEnvironment.test(line) || /\b(?:conda|mamba|micromamba) install /.test(line));
  const first = lines.findIndex(isFirst);
  const hook = program === "micromamba" ? "micromamba shell hook --shell bash" : "conda shell.bash hook";
  return first < 0
    ? lines
    : [
        ...lines.slice(0, first),
        `eval "$(${hook})" && ${program} activate ${environment}   # in place of ${program} run -n ${environment}`,
        ...lines.slice(first),
      ];
}

/** The lines as mamba, micromamba or pixi take them. */
export function fittedForConda(lines: readonly string[], match: Match): readonly string[] {
  const { pixi, condaProgram } = match.context.log;
  if (pixi) return forPixi(lines);
  const named =
    condaProgram === undefined
      ? lines
      : lines.map((line) =>
          line.replaceAll(
            /(?<![\w./-])conda (?=(?:install|create|list|activate|deactivate|remove|search|update|env|run) )/g,
            `${condaProgram} `,
          ),
        );
  return entered(named, match);
}
