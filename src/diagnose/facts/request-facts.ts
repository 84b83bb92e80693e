/**
 * What an installer was asked for, as its command says: names, repositories, folders, files of requirements. So that a fix asks
 * for the same. Reads one line at a time.
 */
import { plainName } from "../../base/package-name.ts";
import { condaLineIn } from "./conda-lines.ts";
import { quote } from "../text/quote.ts";
import { compiledPackages } from "../tables/packages.ts";

/** A requirement as a word of a shell. */
export function requirementWord(requirement: string): string {
  return requirement.includes("git+") ? `"${requirement}"` : quote(requirement);
}

export interface RequestFacts {
  /** The one package that the last command asks for. */
  readonly asked?: string;
  /** Its release, where one is asked for: `==1.0.1`. */
  readonly askedRelease?: string;
  /** All that the last command asks for beside torch, as words of a shell: `-e ".[all]"`, `-r requirements.txt`, `"git+https://…"`. */
  readonly requested?: readonly string[];
  /** The list that pip says it works on: `requirements.txt`. */
  readonly listFile?: string;
  /** Options of that command that belong to it whenever it is repeated, as words of a shell: `--extra-index-url https://…`. */
  readonly options?: readonly string[];
  /** Variables that are set in front of that command: `CMAKE_ARGS="-DGGML_CUDA=on"`. */
  readonly commandVariables?: readonly (readonly [name: string, value: string])[];
  /** What each command of pip asks for as it was written, options and all: `-v --no-deps -e ".[all]"`. */
  readonly installs?: readonly string[];
  /** The one command of pip that makes wheels, as it was written: `wheel --no-deps -w dist .`. */
  readonly wheelCommand?: string;
  /** Of poetry's list, what comes after the package that failed and is compiled for one torch, too: `torch-sparse==0.6.18`. */
  readonly waiting?: readonly string[];
  /** What the text starts Python with on Windows: `py -3.10`, `.\\python_embeded\\python.exe`. */
  readonly launcher?: string;
  /** `setup.py install`, `setup.py build_ext --inplace`, as a command of the text runs it. */
  readonly setupCommand?: string;
  /** The command of setup.py that the first `running …` tells of, where no line shows what was typed. */
  readonly runningSetup?: string;
  /** That command stands behind all of pip's. */
  readonly setupLast: boolean;
  /** What the commands ask for that were told of a page of wheels: `torch-scatter==2.1.1`. */
  readonly fromPage?: readonly string[];
  /** uv installs into the system's Python (`uv pip install --system`). */
  readonly uvSystem: boolean;
  /** Packages that the last command of conda asks for beside torch's own. */
  readonly condaAsked?: readonly string[];
  /** That command: `conda env create -f environment.yml`. */
  readonly condaLine?: string;
  /** A page of wheels that pip was told to look at: `https://data.pyg.org/whl/torch-1.7.1+cu101.html`. */
  readonly wheelPage?: string;
}

const command =
  /(?:^|[\s`'"!$>(])(?:[\w.~:\\/-]{1,120}[\\/])?(?:(?:uv )?pip3?(?:\.exe)? install|(?:uv|poetry|pdm) add) ((?:[^;&|#`\n]|(?<=\S)#|&(?=(?:subdirectory|egg)=)){1,300})/;
const wheelCommand = /(?:^|[+$#>%] |-m )pip3? wheel ([^;&|#`\n]{1,300})/;
const condaCommand = /\b(?:conda|micromamba|mamba) (?:install|create) ((?:[^;&|#`\n]){1,300})/;
const condaValue = /^(?:-[cnp]|--(?:channel|name|prefix|file))$/;

/** The packages of a command of conda. */
function condaNames(text: string): string[] {
  const names: string[] = [];
  let value = false;
  for (const word of wordsOf(text)) {
    if (value) value = false;
    else if (condaValue.test(word)) value = true;
    else if (!word.startsWith("-")) {
      const name = /^(?:[\w-]+::)?([a-z][\w.-]*?)(?:[=<>!].*)?$/.exec(word)?.[1];
      if (name === undefined || prose.test(name)) break;
      if (!/^(?:pytorch|torchvision|torchaudio|cudatoolkit|pytorch-cuda|python)$/.test(name)) names.push(name);
    }
  }
  return names;
}

/** Options with a value of their own. */
const withValue =
  /^(?:-[ifctGEw]|--wheel-dir|--(?:extra-)?index-url|--find-links|--constraint|--target|--no-binary|--only-binary|--python|--prefix|--root|--timeout|--trusted-host|--(?:global|build|install|config)-options?|--config-settings|--index|--extra|--group|--source|--no-build-isolation-package|--torch-backend|--progress-bar)$/;
const ofFile = /^(?:-r|-e|--requirement|--editable)$/;
const packageWord = /^([A-Za-z][\w.-]*)(?:\[[\w,-]+\])?((?:[=<>!~]=?[\w.,<>=!*+-]+)?)$/;
const placeWord =
  /^(?:(?:[\w-]+ ?@ ?)?(?:git\+|https?:|file:)\S+|[\w.+%-]+\.whl|\.{1,2}(?:[\\/][^\s"']*)?(?:\[[\w,-]+\])?|[\w.~-]*[\\/][^\s"']+|[\w.~-]+[\\/]|[A-Za-z]:[\\/][^\s"']+)$/;
/** Words of the sentence that a command stands in. */
const prose =
  /^(?:and|but|then|it|i|in|on|to|with|for|the|a|an|or|command|gives?|fails?|failed|error|errors|got|get|is|was|not|does|did|didn|do|works?|as|at|from|using|when|after|before|this|that|my|failing|results?|raises?|returns?|again|instead|first|by|which|so|if|into|inside|via|however|problem|issue|issues|though|although|while|where|there|because|since|please|anyone|has|have|had|still|also|just|can|cannot|will|would|should)$/i;

/** `Collecting a==1.0 (from -r requirements.txt (line 4))`. */
const fromFile = /\(from -r ([^\s()]{1,300}) \(line \d+\)\)/;

interface Asked {
  readonly name?: string;
  readonly release?: string;
  readonly words: readonly string[];
  readonly options: readonly string[];
}

/** Options that a repetition brings itself, or that say only how much is printed. */
const notRepeated =
  /^(?:--no-build-isolation|--no-isolation|--system|--dry-run|-q+|--quiet|--disable-pip-version-check|--progress-bar|--root-user-action=?\w*)$/;
/** Variables in front of a command. */
const variablesInFront = /(?:[A-Z_][A-Z\d_]*=(?:"[^"]*"|'[^']*'|[^\s"']+)\s+)+$/;
/** `set CMAKE_ARGS="-DGGML_CUDA=on"`, `$env:CMAKE_ARGS = "…"`, `export CMAKE_ARGS="…"`: for the commands that follow. */
const ownLine =
  /(?:^|[\s>#$`])(?:set|export|\$?[Ee]nv:) ?["']?CMAKE_ARGS ?= ?(?:["']([^"'\n]{1,300})["']|([^"'\n&;]{1,300}))/;
const mostOptions = 12;

/** The words of a command, quotation marks taken away. */
function wordsOf(text: string): string[] {
  return [...text.matchAll(/([^\s"'=]*=)?(?:"([^"]*)"|'([^']*)')|[^\s"']+/g)].map(([whole, before, double, single]) => {
    const quoted = double ?? single;
    return quoted === undefined ? whole : `${before ?? ""}${quoted}`;
  });
}

/** The words of a command that stands in brackets, `(with pip install git+https://…)`, up to the closing one. */
function upToBracket(words: readonly string[]): string[] {
  const closes = /^([^()]*[\w/\]])\)[.,:;]?$/;
  const at = words.findIndex((word) => closes.test(word));
  return at < 0 ? [...words] : [...words.slice(0, at), closes.exec(words[at] ?? "")?.[1] ?? ""];
}

/** What the words behind `install` ask for. */
function askedBy(text: string): Asked | undefined {
  const asked: string[] = [];
  const names: { readonly name: string; readonly release: string }[] = [];
  const options: string[] = [];
  let option: string | undefined;
  for (const raw of upToBracket(wordsOf(text))) {
    const word = raw.replace(/[:,]$/, "");
    if (option !== undefined) {
      if (ofFile.test(option)) asked.push(`${option} ${requirementWord(word)}`);
      else if (!notRepeated.test(option) && options.length < mostOptions) options.push(`${option} ${quote(word)}`);
      option = undefined;
    } else if (withValue.test(word) || ofFile.test(word)) option = word;
    else if (word.startsWith("-")) {
      if (/^--?[A-Za-z]/.test(word) && !notRepeated.test(word) && options.length < mostOptions)
        options.push(quote(word));
    } else if (placeWord.test(word)) asked.push(requirementWord(word));
    else {
      const [, name, release = ""] = packageWord.exec(word) ?? [];
      if (name === undefined || prose.test(name)) break;
      if (/^(?:torch(?:vision|audio)?|setuptools|wheel|ninja|packaging|pip)$/i.test(name)) continue;
      names.push({ name, release });
      asked.push(quote(word));
    }
  }
  if (asked.length === 0) return undefined;
  const [only] = names;
  return {
    words: asked,
    options,
    ...(only !== undefined && asked.length === 1
      ? { name: only.name, ...(only.release.startsWith("==") ? { release: only.release } : {}) }
      : {}),
  };
}

/** The variables of `A=1 B="two words" `. */
function settings(text: string): (readonly [string, string])[] {
  return [...text.matchAll(/([A-Z_][A-Z\d_]*)=(?:"([^"]*)"|'([^']*)'|([^\s"']+))/g)].map(
    ([, name = "", double, single, plain]) => [name, double ?? single ?? plain?.replace(/;$/, "") ?? ""] as const,
  );
}

/** The word of a command that asks for the package. */
export function requestedWord({ requested = [] }: Pick<RequestFacts, "requested">, name: string): string | undefined {
  return requested.find((word) => plainName(/^"?([A-Za-z][\w.-]*)(?!\w*\+)/.exec(word)?.[1] ?? "") === plainName(name));
}

/** A command that stands in quotes itself ends with them: `process "/bin/sh -c pip install a" did not complete`. */
function withinQuotes(words: string): string {
  const closes = words.split('"').length % 2 === 0 ? words.indexOf('"') : -1;
  return closes < 0 ? words : words.slice(0, closes);
}

/** The word of any command that asks for the package with extras, `"megablocks[gg]==0.7.0"`: what installers print lacks them. */
export function wordWithExtras(
  { requested = [], installs = [] }: RequestFacts,
  name: string | undefined,
): string | undefined {
  if (name === undefined) return undefined;
  const words = [...requested, ...installs.flatMap((install) => install.split(" "))].map((word) =>
    word.replaceAll('"', ""),
  );
  const word = words.find(
    (each) => /^[A-Za-z][\w.-]*\[/.test(each) && plainName(each.split("[")[0] ?? "") === plainName(name),
  );
  return word === undefined ? undefined : quote(word);
}

/** Who else may have run setup.py. */
interface OtherBuilds {
  readonly installer: string | undefined;
  readonly builder: string | undefined;
  readonly docker: boolean;
  readonly typed: readonly { readonly kind: string }[];
}

/** The command of setup.py that printed `running …`, where the text shows no command and nothing that runs setup.py by itself. */
export function setupWithoutInstaller(
  { runningSetup }: RequestFacts,
  { installer, builder, docker, typed }: OtherBuilds,
): string | undefined {
  return installer === undefined && builder === undefined && !docker && typed.every(({ kind }) => kind === "program")
    ? runningSetup
    : undefined;
}

/** So many commands are remembered. */
const mostInstalls = 4;
/** `setup.py build_ext bdist_wheel`, `setup_cpu.py install --user`: every word of Python's own that the command has. */
const setupWord =
  "(?:install|develop|build_ext|build_py|build|bdist_wheel|sdist|bdist_egg|clean)(?![\\w./-])(?: --?[a-z][\\w-]*(?:=[^\\s\"'`;&|]+)?(?: \\d+(?:\\.\\d+)*(?![\\w.>]))?)*";
/** What scikit-build passes on to CMake: `-DTORCH_CUDA_ARCH_LIST="8.0"`, behind `--` or not. */
const definitions = '(?:(?: --)? -D[A-Za-z]\\w*(?::[A-Z]+)?=(?:"[^"]*"|[^\\s"\'`;&|]+))*';
const setupCommand = new RegExp(
  `\\bpython[\\d.]*(?:\\.exe)? (?:-u |-m )?((?:\\.[\\\\/])?setup\\w*\\.py (?:-[qv] )?${setupWord}(?: ${setupWord})*${definitions})`,
);

/** The words of a command as they are written, up to where a sentence goes on. */
function written(text: string): string | undefined {
  const words: string[] = [];
  let value = false;
  let asks = false;
  const all = Array.from(text.matchAll(/(?:[^\s"']|"[^"]*"|'[^']*')+/g), ([word]) => word);
  for (const raw of upToBracket(all)) {
    const word = raw.replace(/[:,]$/, "");
    if (word === "\\") continue;
    if (!value && !/^["'-]/.test(word) && !placeWord.test(word) && (prose.test(word) || !packageWord.test(word))) break;
    asks ||= value ? ofFile.test(words.at(-1) ?? "") : !word.startsWith("-");
    value = !value && (withValue.test(word) || ofFile.test(word));
    words.push(/^[\w-]*'/.test(word) ? word.replaceAll("'", '"') : word);
  }
  return asks && !value ? words.join(" ") : undefined;
}

const pending = /(?:•|-) Installing ([\w.-]+) \((\d[\w.+]*)\): Pending/;

/** Gathers them line by line. */
export class RequestReader {
  readonly #waiting = new Set<string>();
  readonly #installs: string[] = [];
  readonly #fromPage: string[] = [];
  #launcher: string | undefined;
  #setup: string | undefined;
  #setupLast = false;
  /** The first `running …` of setuptools, and whether its script was called by its bare name: nobody but a person does so. */
  #running: string | undefined;
  #bareScript = false;
  #wheel: string | undefined;
  #asked: Asked | undefined;
  #file: string | undefined;
  #system = false;
  #conda: readonly string[] | undefined;
  #condaLine: string | undefined;
  #variables: readonly (readonly [string, string])[] = [];
  #page: string | undefined;

  line(text: string): void {
    if (text.length > 600) return;
    if (text.includes(": Pending")) {
      const [, name = "", version = ""] = pending.exec(text) ?? [];
      if (compiledPackages().includes(plainName(name))) this.#waiting.add(`${name}==${version}`);
    }
    if (this.#running === undefined && text.startsWith("running "))
      this.#running = /^running (install|develop|build_ext|build|bdist_wheel|bdist_egg)$/.exec(text)?.[1];
    if (text.includes('File "setup.py"')) this.#bareScript = true;
    if (text.includes("CMAKE_ARGS")) {
      const [, quoted, plain] = ownLine.exec(text) ?? [];
      const value = quoted ?? plain;
      if (value !== undefined) this.#variables = [["CMAKE_ARGS", value.trim()]];
    }
    if (this.#file === undefined && text.includes("from -r ")) this.#file = fromFile.exec(text)?.[1];
    if (this.#page === undefined && text.includes(".html"))
      this.#page = /(?:Looking in links: |\s-f |--find-links[ =])["']?(https?:\/\/[^\s"']+\.html)/.exec(text)?.[1];
    // pip says so of what it runs by itself.
    if (
      text.includes("setup") &&
      text.includes(".py ") &&
      !text.includes("did not run") &&
      !text.includes("unning command")
    ) {
      const typed = setupCommand.exec(text);
      if (typed !== null) {
        this.#setupLast = true;
        this.#setup = typed[1];
        const before = text.slice(0, typed.index).replace(/[\w./~-]*$/, "");
        const set = settings(variablesInFront.exec(before)?.[0] ?? "");
        if (set.length > 0) this.#variables = set;
      }
    }
    if (text.includes("pip wheel ") || text.includes("pip3 wheel ")) {
      const words = written(wheelCommand.exec(text)?.[1] ?? "");
      if (words !== undefined) this.#wheel = `wheel ${words}`;
    }
    this.#condaLine = condaLineIn(text) ?? this.#condaLine;
    // An environment with nothing but Python in it asks for nothing yet.
    if (text.includes("onda create ") || text.includes("amba create ")) {
      const names = condaNames(condaCommand.exec(text)?.[1] ?? "");
      if (names.length > 0) this.#conda = names;
    }
    if (text.includes("py -3"))
      this.#launcher = /(?:^|[\s>`])(py -3(?:\.\d{1,2})?) (?:-m |[\w.\\/-]+\.py\b)/.exec(text)?.[1] ?? this.#launcher;
    if (!text.includes("install ") && !text.includes(" add ")) return;
    const conda =
      text.includes("onda install ") || text.includes("amba install ") ? condaCommand.exec(text)?.[1] : undefined;
    if (conda !== undefined) this.#conda = condaNames(conda);
    if (text.includes("--system")) this.#system ||= /\buv pip install (?:\S+ ){0,8}?--system\b/.test(text);
    // From ComfyUI's folder, as its documentation has it.
    if (text.includes("ython_embe"))
      this.#launcher ??= /(?:^|[\s>`])((?:\.\\)?python_embed\w*\\python(?:\.exe)?) /.exec(text)?.[1];
    const found = command.exec(text);
    const words = found?.[1] === undefined ? undefined : withinQuotes(found[1]);
    const asked = words === undefined ? undefined : askedBy(words);
    if (found === null || words === undefined || asked === undefined) return;
    this.#setupLast = false;
    // What an option of `uv add` or `poetry add` means, pip does not know.
    this.#asked = / add $/.test(found[0].slice(0, -(found[1]?.length ?? 0))) ? { ...asked, options: [] } : asked;
    const before = settings(variablesInFront.exec(text.slice(0, found.index + 1))?.[0] ?? "");
    if (before.length > 0) this.#variables = before;
    if (text.includes(".html")) this.#fromPage.push(...asked.words.filter((word) => !this.#fromPage.includes(word)));
    const whole = /pip3?(?:\.exe)? install /.test(text) ? written(words) : undefined;
    if (whole !== undefined && this.#installs.length < mostInstalls && !this.#installs.includes(whole))
      this.#installs.push(whole);
  }

  facts(): RequestFacts {
    const file = this.#file === undefined ? undefined : [`-r ${quote(this.#file)}`];
    const { name, release, words = file, options = [] } = this.#asked ?? {};
    const printed =
      this.#bareScript && this.#asked === undefined && this.#running !== undefined
        ? `setup.py ${this.#running}`
        : undefined;
    const setup = this.#setup ?? printed;
    return {
      uvSystem: this.#system,
      setupLast: this.#setupLast,
      ...(name === undefined ? {} : { asked: name }),
      ...(release === undefined ? {} : { askedRelease: release }),
      ...(words === undefined ? {} : { requested: words }),
      ...(this.#file === undefined ? {} : { listFile: this.#file }),
      ...(options.length === 0 ? {} : { options }),
      ...(this.#variables.length === 0 ? {} : { commandVariables: this.#variables }),
      ...(this.#conda === undefined || this.#conda.length === 0 ? {} : { condaAsked: this.#conda }),
      ...(this.#condaLine === undefined ? {} : { condaLine: this.#condaLine }),
      ...(this.#installs.length === 0 ? {} : { installs: [...this.#installs] }),
      ...(this.#launcher === undefined ? {} : { launcher: this.#launcher }),
      ...(this.#wheel === undefined ? {} : { wheelCommand: this.#wheel }),
      ...(this.#waiting.size === 0 ? {} : { waiting: [...this.#waiting] }),
      ...(setup === undefined ? {} : { setupCommand: setup }),
      ...(setup === undefined &&
      this.#asked === undefined &&
      this.#wheel === undefined &&
      this.#running !== undefined &&
      // pip makes wheels by that command.
      this.#running !== "bdist_wheel"
        ? { runningSetup: `setup.py ${this.#running}${this.#running === "build_ext" ? " --inplace" : ""}` }
        : {}),
      ...(this.#fromPage.length === 0 ? {} : { fromPage: [...this.#fromPage] }),
      ...(this.#page === undefined ? {} : { wheelPage: this.#page }),
    };
  }
}
