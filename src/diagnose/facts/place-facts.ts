/**
 * Where the commands of a text are given: in a Dockerfile, in a notebook, by root, in a project of poetry's, and by what name
 * Python goes there; and in which folders the machine keeps its things. So that a fix can be used in the same place. Reads one
 * line at a time; it does not know whose machine it is.
 */

export interface ContainerRun {
  readonly program: "docker" | "podman";
  readonly image: string;
  readonly line: string;
}

export interface PlaceFacts {
  /** conda-build or rattler-build makes a package: what is missing goes into its recipe. */
  readonly feedstock: boolean;
  /** A CI service put back files of an earlier job. */
  readonly restoredCache: boolean;
  /** The text speaks of a setup.py. */
  readonly namesSetup: boolean;
  /** The text speaks of retorch, or of its file. */
  readonly namesRetorch: boolean;
  /** A docker build ran: what it does stands in a Dockerfile. */
  readonly dockerBuild: boolean;
  /** Modal builds an image, whose steps stand in the app's Python file. */
  readonly modalImage: boolean;
  /** cog builds the image, from cog.yaml: its command, or that file's name where no command is shown. */
  readonly cogBuild?: string;
  /** A Space of Hugging Face's is built from its lists of requirements; its Dockerfile is not the user's. */
  readonly spaceLists: boolean;
  /** The commands are given in a notebook: `!pip install a`, `%pip install a`, or what fails is one of its cells: `<ipython-input-3-…>`. */
  readonly notebook: boolean;
  /** What fails is a cell of IPython or Jupyter, be it on a machine of one's own. */
  readonly inCell: boolean;
  /** The prompt is that of root, for whom minimal images have no sudo. */
  readonly rootShell: boolean;
  /** How the text starts Python where it never says plain `python` or `pip`: `python3`, `python3.10`. */
  readonly pythonName?: string;
  /** The interpreter that the text's commands name by a path, where none says plain `python` or `pip`: `.venv/bin/python`. */
  readonly interpreter?: string;
  /** What PyCharm started, as it writes above a program's output: the interpreter and the program, by their paths. */
  readonly editorRun?: { readonly interpreter: string; readonly program: string };
  /** How a web UI is started, whose start script tells of its environment: the folder, and the script there. */
  readonly startScript?: readonly [folder: string, script: string];
  /** The command of poetry, pdm or pixi that ran: `poetry install --with dev`. */
  readonly projectLine?: string;
  /** The program that keeps conda's packages there, where it is not conda itself. */
  readonly condaProgram?: "mamba" | "micromamba";
  /** The environment that commands of the text are run in by `conda run -n build`. */
  readonly condaRun?: readonly [program: string, environment: string];
  /** How the last command was run in an image of a cluster's containers: `apptainer exec --nv pytorch_24.10.sif`. */
  readonly inImage?: string;
  /** The command that started the program in a container of an image: what is installed there afterwards is lost. */
  readonly containerRun?: ContainerRun;
  /** Upper folders of the machine's own, some of them: `/home/jo`, `/opt/conda`. */
  readonly upperFolders: readonly string[];
}

/** Steps of a build as BuildKit and its forerunner name them, and how both say that one failed. */
const dockerBuild =
  /^ ?(?:#\d+ )?(?:=?> )?(?:ERROR |CACHED )?\[(?:[\w./-]+ ){0,2} ?\d+\/\d+\] RUN |^(?:Step|STEP) \d+\/\d+ ?: |^INFO\[\d+\] (?:RUN|Running: \[\/bin\/) ?|^--> RUN |^(?: *\d+ \| )?(?:>>> )?RUN (?:--mount=\S+ )*(?:pip3?|uv|python3?|conda|cd|git|apt-get|set|export|[A-Z_]+=) ?|\bfailed to solve: |process "\/bin\/(?:ba)?sh -c |^The command '\/bin\/(?:ba)?sh -c /;
const modalImage =
  /^=> Step \d+: (?:RUN|FROM) |^Building image im-\w|\bImage build for im-\w+ failed|^Terminating task due to error: failed to run builder command/;
const spaceLists = /--mount=target=(?:\/root\/)?pre-requirements\.txt,source=pre-requirements\.txt/;
const notebook =
  /^(?:In ?\[\d*\]: ?)?(?:(?:!|%)(?:pip3?|python3?|uv pip|conda|cd|env) |!(?:git clone|apt(?:-get)?|nvcc|bash|sh|[A-Z_]{3,}=\S+) )/;
/** What IPython prints of a cell that failed. */
const ofCell = /^(?:\/tmp\/ipykernel_\d+\/|<ipython-input-|Cell In\[\d+\], line \d|Input In \[\d+\])/;
/** Where the services' images have their packages; Debian's own Python has none there. */
const ofService =
  /(?:^|[\s"'])\/usr\/local\/lib\/python3\.\d{1,2}\/dist-packages\/|\/kaggle\/|(?:^|[\s"'`])\/content\//;
const condaRun = /(?:^|[\s$#>`+;&])(conda|mamba|micromamba) run (?:-\S+ )*?(?:-n|--name) ?([\w.-]+) /;
const condaProgram =
  /(?:^|[$#>`;&+] ?)(mamba|micromamba) (?:install (?:-|[\w.-]+[=<>])|create |activate |list\b|run -|env |shell\b)|\/(micromamba)\/envs\//;
const rootShell = /(?:^|\) ?)\[?root@[\w.-]+[: ][^#$]{0,80}[#] /;
/** What a person runs; pip's advice to update itself, and what pip runs by itself, is none. */
const starts =
  /(?:^|(?<!-m)[\s$#>`'"!(])(pip|python)(3(?:\.\d{1,2})?)? (?=-m |-c |install |setup\.py |-V|--version|[\w./-]+\.py\b)/g;
/** The same by the path of a program: what builds or installs, and behind a prompt what runs a file, too. */
const startsByPath =
  /(^|^.{0,120}?[$#>%] ?(?:& ?)?|^!|^RUN |^(?:\+ )?srun (?:-\S+ ){0,12})("(?:~|[A-Za-z]:|\.{1,2})?[\\/]?(?:[\w.+@ -]+[\\/]){1,12}(?:python|pip)[\d.]*(?:\.exe)?"|(?:(?:~|[A-Za-z]:|\.{1,2})?[\\/])?(?:[\w.+@-]+[\\/]){1,12}(?:python|pip)[\d.]*(?:\.exe)?) (?:-[sEIuB] ){0,3}(-m (?:pip|build)\b|install |setup\.py |-c |(?:[A-Za-z]:)?[\w./\\-]+\.py\b)/;
/** The start script of a web UI names the Python of its environment, which no prompt has active: `venv "C:\\sd\\venv\\Scripts\\Python.exe"`. */
const startedByScript = /^venv "((?:[A-Za-z]:)?[\\/][^"]{1,200}[\\/]python[\d.]*(?:\.exe)?)"$/i;
/** A command within an image, options and all. */
const imageRun =
  /(?:^|[$#>%] ?|srun [^|;]{0,160}? )((?:apptainer|singularity) exec (?:--?\w[\w-]*(?:[= ](?!\S+\.(?:sif|simg) )[^\s-]\S*)? )*\S+\.(?:sif|simg)) (?=\S)/;
/** The shell has no program of that plain name: a Mac with python.org's or Apple's Python, Debian and Ubuntu. */
const noPlainPython =
  /^(?:zsh: command not found: python|(?:-?(?:ba|da|z)?sh: )?(?:line )?(?:\d+: )?python: (?:command )?not found|Command 'python' not found, did you mean:)$/;
const notRun = /did not run|\[notice\]|To update, run|consider upgrading|exited with|Failed building|most recent/;
const projectLine =
  /(?:^|[\s`'">$#(])((?:poetry|pdm|pixi) (?:install|sync|update|lock|add|run|build)(?: (?!(?:and|but|then|fails?|failed|gives?|command|with|in|on|I|it)\b)[\w.,:/\\=<>~^@+"[\]-]+){0,8})/;
const upper =
  /(?:^|[\s"'`(=:]|-[LI]|"|file:\/\/)(\/(?:home|Users|opt|mnt|data\d?|workspace|content|kaggle|srv|scratch|gpfs|lustre|root|app|projects?|work|workdir|apps|cluster|storage|nfs|ssd\d?|hdd\d?|media)(?:\/[\w.+@-]+)?)\//g;
/** The folders that conda-forge's builds and conda-build work in. */
const feedstock =
  /[\\/]feedstock_root[\\/]|[\\/]_?h_env_placehold|[\\/]conda-bld[\\/](?!pytorch_\d+[\\/]work[\\/](?:aten|c10|caffe2|torch)[\\/])[\w.-]+_\d{6,}[\\/](?:work|_)/;
/** The folders that the notebook services keep a user's files in, and a shell's prompt, which their terminals have. */
const ofServiceFiles = /(?:^|[\s"'`(=:])\/(?:content\/(?!drive\/?$)|kaggle\/working\/)/;
const prompt = /^(?:\([\w.-]+\) ?)?(?:\S{1,40}@[\w.-]+[: ]\S*|\/(?:content|kaggle)\S*) ?[#$] |^\$ /;
/** Somebody at his home: `jo@box:~/src$`, `[jo@box src]$`. */
const atHome = /(?:^|\) ?)(?:([a-z_][\w-]*)@[\w.-]+:~|\[([a-z_][\w-]*)@[\w.-]+ [^\]/]*\]\$)/;
const mostFolders = 8;

/** pip lies beside its Python; a path of somebody's package folder or of a cache is no such program. */
function interpreterBeside(program: string): string | undefined {
  const plain = program.replaceAll('"', "");
  return /site-packages|dist-packages|pip-build-env/.test(plain)
    ? undefined
    : plain.replace(/(?<=[\\/])pip(?:3(?:\.\d{1,2})?)?(?=(?:\.exe)?$)/, "python");
}

/** With a program of the field behind the image's name: a service, a look (`nvidia-smi`) and a shell are others. */
const runsContainer =
  /^(?:sudo )?(?<program>docker|podman) run (?:(?:--(?:gpus|volume|env|env-file|publish|name|ipc|pid|network|net|shm-size|workdir|user|runtime|mount|device|entrypoint|hostname|memory|cpus|platform|ulimit|cap-add|security-opt|restart|label)(?:=| +)|-[vepwuhml] +)(?:"[^"]*"|'[^']*'|\S+) +|--?[\w-]+(?:=\S+)? +)*(?<image>[a-z0-9][\w./:-]*(?:@sha256:\w+)?) +(?:(?:\S*\/)?(?:python[\d.]*|torchrun|accelerate|deepspeed|pytest|vllm|sglang|lmdeploy|trtllm-\w+|llamafactory-cli|uv run) .+|(?:ba)?sh -\w*c .+|\S+\.(?:sh|py)(?: .*)?)$/;
const containerPrompt = /^[^`'"]{0,80}?[$#%❯➜>] +(?=(?:sudo )?(?:docker|podman) run )/u;

/** `/e/bin/python /p/train.py --lr 1`, with the debugger's own program in front of the file or not. */
const startedByEditor =
  /^"?((?:\/|[A-Za-z]:[\\/])[^"]{1,200}?[\\/]python[\d.]*(?:\.exe)?)"? (?:-\w+ )*(?:(?:"[^"]*[\\/]pydev\w*\.py"|[^" ]*[\\/]pydev\w*\.py) .*--file )?"?((?:\/|[A-Za-z]:[\\/])[^"]{1,200}?\.py)"?(?= |$)/;
const ofPycharm = /PycharmProjects[\\/]|^Process finished with exit code -?\d|[\\/]pydev\w*\.py\b/;

/** Gathers them line by line. */
export class PlaceReader {
  #feedstock = false;
  #restored = false;
  #setup = false;
  #retorch = false;
  #docker = false;
  #modal = false;
  #cog: string | undefined;
  #space = false;
  #notebook = false;
  #conda: PlaceFacts["condaProgram"];
  #condaRun: readonly [string, string] | undefined;
  #cell = false;
  #service = false;
  #serviceFiles = false;
  #prompt = false;
  #root = false;
  #plain = false;
  #plainPip = false;
  #noPlain = false;
  #name: string | undefined;
  #project: string | undefined;
  #interpreter: string | undefined;
  #startedIn: string | undefined;
  #inEditor: PlaceFacts["editorRun"];
  #pycharm = false;
  #image: string | undefined;
  #container: ContainerRun | undefined;
  readonly #folders = new Set<string>();

  line(text: string): void {
    if (this.#folders.size < mostFolders && text.includes("/"))
      for (const [, folder] of text.slice(0, 600).matchAll(upper)) if (folder !== undefined) this.#folders.add(folder);
    if (!this.#feedstock && text.includes("/")) this.#feedstock = feedstock.test(text.slice(0, 2_000));
    // conda-build writes its variables in place of the folders that they name.
    if (!this.#feedstock && text.includes("$SRC_DIR"))
      this.#feedstock = /^(?:\s*(?:\d+ \| )?)?\$SRC_DIR[\\/][^\s:(]{1,300}(?:\(\d+\)|:\d+)/.test(text.slice(0, 600));
    if (text.length > 600) return;
    if (text.includes("ache restored")) this.#restored = true;
    if (text.includes("or recipe: ")) this.#feedstock ||= /\bRunning build for recipe: \S/.test(text);
    if (text.includes("setup.py")) this.#setup = true;
    if (text.includes("retorch"))
      this.#retorch ||= /\bretorch(?:\.toml| (?:build|init|diagnose|inspect|doctor)|:)/.test(text);
    if (!this.#docker && /RUN |Step |STEP |Running: |solve|sh -c/.test(text)) this.#docker = dockerBuild.test(text);
    if (text.includes("cog")) {
      const typed = /(?:^|[$#>] )(cog (?:build|push|predict|train|run|serve)\b(?: [^\s"'`|;&]+)*)/.exec(text)?.[1];
      if (typed !== undefined) this.#cog = typed;
      else if (/\bcog\.yaml\b/.test(text)) this.#cog ??= "cog.yaml";
    }
    if (!this.#modal && /im-|=> Step|builder command/.test(text)) this.#modal = modalImage.test(text);
    if (!this.#space && text.includes("pre-requirements")) this.#space = spaceLists.test(text);
    if (!this.#notebook && /[!%]/.test(text)) this.#notebook = notebook.test(text);
    if (text.includes("amba"))
      this.#conda ??= condaProgram
        .exec(text)
        ?.slice(1)
        .find((word) => word !== undefined) as PlaceFacts["condaProgram"];
    if (this.#container === undefined && /(?:docker|podman) run /.test(text)) {
      const line = text.replace(containerPrompt, "").trim();
      const { program, image } = line === text.trim() ? {} : (runsContainer.exec(line)?.groups ?? {});
      if (image !== undefined && program !== undefined)
        this.#container = { program: program as ContainerRun["program"], image, line };
    }
    if (text.includes(" exec ")) this.#image = imageRun.exec(text)?.[1] ?? this.#image;
    if (text.includes(" run -")) {
      const [, program, environment] = condaRun.exec(text) ?? [];
      if (program !== undefined && environment !== undefined) this.#condaRun ??= [program, environment];
    }
    if (/ipy|Cell In|Input In/.test(text)) this.#cell ||= ofCell.test(text);
    if (!this.#service && /dist-packages|kaggle|content/.test(text)) this.#service = ofService.test(text);
    if (/\/(?:content|kaggle)\//.test(text)) this.#serviceFiles ||= ofServiceFiles.test(text);
    this.#prompt ||= /[$#] /.test(text) && prompt.test(text);
    if (text.includes("@")) {
      this.#root ||= rootShell.test(text);
      const [, one, other] = atHome.exec(text) ?? [];
      const user = one ?? other;
      if (user !== undefined && user !== "root") this.#folders.add(`/home/${user}`);
    }
    if (text.includes("python")) this.#noPlain ||= noPlainPython.test(text);
    if (/pip|python/.test(text) && !notRun.test(text))
      for (const [, program, version] of text.matchAll(starts)) {
        // Debian's pip comes without a plain `python`.
        if (version === undefined && program === "pip") this.#plainPip = true;
        else if (version === undefined) this.#plain = true;
        else this.#name ??= `python${version}`;
      }
    if (text.startsWith('venv "')) {
      this.#startedIn = startedByScript.exec(text.trim())?.[1] ?? this.#startedIn;
      this.#interpreter ??= this.#startedIn;
    }
    if (/[\\/](?:pip|python)[\d.]*(?:\.exe)?"? /.test(text) && !notRun.test(text)) {
      const [, before = "", program, what = ""] = startsByPath.exec(text.trim()) ?? [];
      if (program !== undefined && (before !== "" || /^(?:-m|install|setup)/.test(what)))
        this.#interpreter = interpreterBeside(program);
    }
    if (this.#inEditor === undefined && text.includes(".py")) {
      const [, interpreter, program] = startedByEditor.exec(text.trim()) ?? [];
      if (interpreter !== undefined && program !== undefined) this.#inEditor = { interpreter, program };
    }
    if (!this.#pycharm && /y[cd]|Process/.test(text)) this.#pycharm = ofPycharm.test(text);
    if (/poetry|pdm|pixi/.test(text)) this.#project = projectLine.exec(text)?.[1] ?? this.#project;
  }

  /** Scripts of stable-diffusion-webui and what was made of it. Source: its README, "Installation and Running". */
  #script(): Pick<PlaceFacts, "startScript"> {
    const [, onWindows, elsewhere] =
      /^(.+)\\venv\\Scripts\\python|^(.+)\/venv\/bin\/python/i.exec(this.#startedIn ?? "") ?? [];
    if (onWindows !== undefined) return { startScript: [onWindows, "webui-user.bat"] };
    return elsewhere === undefined ? {} : { startScript: [elsewhere, "./webui.sh"] };
  }

  /** A shell that has no `python` was told so by its answer: what is named beside it runs. */
  #named(): Pick<PlaceFacts, "pythonName"> {
    if (this.#noPlain && this.#interpreter === undefined) return { pythonName: this.#name ?? "python3" };
    return this.#name === undefined || this.#plain ? {} : { pythonName: this.#name };
  }

  facts(): PlaceFacts {
    return {
      feedstock: this.#feedstock,
      restoredCache: this.#restored,
      namesSetup: this.#setup,
      namesRetorch: this.#retorch,
      dockerBuild: this.#docker,
      modalImage: this.#modal,
      ...(this.#cog === undefined ? {} : { cogBuild: this.#cog }),
      spaceLists: this.#space,
      inCell: this.#cell,
      notebook: this.#notebook || (this.#cell && this.#service) || (this.#serviceFiles && !this.#prompt),
      rootShell: this.#root,
      ...this.#named(),
      ...this.#script(),
      ...(this.#interpreter === undefined || this.#plain || this.#plainPip || this.#name !== undefined
        ? {}
        : { interpreter: this.#interpreter }),
      ...(this.#pycharm && this.#inEditor !== undefined ? { editorRun: this.#inEditor } : {}),
      ...(this.#project === undefined ? {} : { projectLine: this.#project }),
      ...(this.#image === undefined ? {} : { inImage: this.#image }),
      ...(this.#container === undefined ? {} : { containerRun: this.#container }),
      ...(this.#condaRun === undefined ? {} : { condaRun: this.#condaRun }),
      ...(this.#conda === undefined ? {} : { condaProgram: this.#conda }),
      upperFolders: [...this.#folders],
    };
  }
}
