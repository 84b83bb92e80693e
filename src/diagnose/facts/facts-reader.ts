/**
 * Gathers, line by line, what a log tells about the machine it comes from (`log-facts.ts`): the readers of its parts, and what none of
 * them reads. It does not know what is done with it.
 */
import { ArchiveReader } from "./archive-facts.ts";
import { JobReader } from "./job-facts.ts";
import { UnpackedReader } from "./unpacked-facts.ts";
import { type BuildFacts, BuildReader } from "./build-facts.ts";
import { BuilderReader } from "./builder-facts.ts";
import { CheckReader } from "./check-facts.ts";
import { CiReader } from "./ci-steps.ts";
import { type CompileFacts, CompileReader } from "./compile-lines.ts";
import { JitReader } from "./jit-facts.ts";
import { LibtorchReader } from "./libtorch-facts.ts";
import { packageCalled } from "./called-module.ts";
import { FunctionHeadReader } from "./function-heads.ts";
import { cleanLine } from "../text/log-line.ts";
import { PackageReader } from "./package-reader.ts";
import { FieldReader } from "./other-field.ts";
import { VendorReader } from "./gpu-vendor.ts";
import { type PasteFacts, PasteReader } from "./paste-facts.ts";
import { type PlatformFacts, PlatformReader } from "./platform-facts.ts";
import { type PlaceFacts, PlaceReader } from "./place-facts.ts";
import { importsAnew, runningModule } from "./running-module.ts";
import {
  requestedWord,
  type RequestFacts,
  RequestReader,
  setupWithoutInstaller,
  wordWithExtras,
} from "./request-facts.ts";
import { type SettingFacts, SettingReader } from "./setting-facts.ts";
import { SignatureReader } from "./signatures.ts";
import { StatedVersions } from "./stated-versions.ts";
import { type SystemFacts, SystemReader } from "./system-facts.ts";
import { type ToolFacts, ToolReader } from "./tool-facts.ts";
import { AlpineReader } from "./alpine-images.ts";
import { ShownCompilerReader } from "./shown-compilers.ts";
import { LibraryPathReader } from "./library-path.ts";
import { ShownLineReader } from "./shown-lines.ts";
import { ShownLibraryReader } from "./shown-libraries.ts";
import { MobileReader } from "./mobile-facts.ts";
import { OperatorReader } from "./operator-facts.ts";
import { type TypedFacts, TypedReader } from "./typed-commands.ts";
import { type TypedGitFacts, TypedGitReader } from "./typed-git.ts";
import { PixiReader } from "./pixi-facts.ts";
import { ToldVariableReader } from "./told-variables.ts";
import { likelyTorchCuda, ToolListReader, withList } from "./tool-lists.ts";
import { plainSpelling } from "../text/spelling.ts";
import type { LogFacts } from "./log-facts.ts";

/** So many folders tell where a log is from. */
const mostFolders = 4;
const packageFolder =
  /(?:^|[\s"'`(=:]|-[LI])((?:\/[\w.+@ -]{1,80}){1,12}?\/lib\/python3\.\d{1,2}\/(?:site|dist)-packages)\//;
/** Environments that pip, uv and `build` make for one build. */
const passing = /\/(?:pip-build-env-|pip-ephem|build-env-|builds-v0\/|\.tmp)|\/uv\/(?:cache|archive)|\/overlay\//;

/** conda in commands and people's sentences: `conda activate e`, `in the conda environment`, `**Conda env:**`. */
const condaWords =
  /\b(?:conda|mamba) (?:activate|create|install|env|environment)\b|(?:^|[$#>] ?)(?:conda|mamba) (?:list|info)\b|^[-*\s]*\**(?:Ana)?[Cc]onda env(?:ironment)?\b/i;

type Mutable = Omit<
  { -readonly [Name in keyof LogFacts]: LogFacts[Name] },
  Exclude<
    keyof (BuildFacts &
      PasteFacts &
      PlaceFacts &
      PlatformFacts &
      RequestFacts &
      SettingFacts &
      SystemFacts &
      ToolFacts &
      CompileFacts &
      TypedFacts &
      TypedGitFacts),
    "torchCuda"
  >
>;

const names: readonly RegExp[] = [
  /Failed building (?:wheel|editable) for ([\w.-]+)/,
  /Could not build wheels for ([\w.-]+)/,
  /Failed to build installable wheels for some pyproject\.toml based projects \(([\w.-]+)/,
  /Failed to (?:download and )?build:? [`']?([\w.-]+?)(?:==| @|[`'])/,
  /Building (?:wheel|editable) for ([\w.-]+)/,
  /This error likely indicates that [`']?([\w.-]+)(?: ?@|==|[`'])/,
  /(?:•|-) Installing ([\w.-]+) \(.*\): Failed/,
  /not a problem with poetry but (?:one of the following issues )?with ([\w.-]+) \(/,
  /^(?:\S*UserWarning: )?(\w+) was requested, but nvcc was not found/,
  /^add ([\w.-]+) failed:?$/,
  /^✖ Install ([\w.-]+) \S+ failed/,
];

/** Code that compiles a function by torch, or a test that is named for it. */
const callsCompile = /\btorch\.compile\(|\btest_\w*compile/;

/** Code that builds an extension as it runs. */
const callsLoad =
  /\bcpp_extension import (?:\w+, )*load(?:_inline)?\b|\bcpp_extension\.load(?:_inline)?\(|\bload_inline\(/;

/** What a CI service or docker put before a line is taken away; what the line is indented by stays. */
function withoutStamp(written: string): string {
  const { text, indent } = cleanLine(written.slice(0, 4_000), 0);
  return `${" ".repeat(Math.min(indent, 80))}${text}`;
}

/** Gathers facts line by line. */
export class FactsReader {
  readonly #packageFolders: string[] = [];
  readonly #paste = new PasteReader();
  readonly #place = new PlaceReader();
  readonly #packages = new PackageReader();
  readonly #versions = new StatedVersions();
  readonly #settings = new SettingReader();
  readonly #requests = new RequestReader();
  readonly #platform = new PlatformReader();
  readonly #systems = new SystemReader();
  readonly #words = new ToolReader();
  readonly #compiles = new CompileReader();
  readonly #libtorch = new LibtorchReader();
  readonly #jit = new JitReader();
  readonly #compilers = new ShownCompilerReader();
  readonly #shownLines = new ShownLineReader();
  readonly #alpine = new AlpineReader();
  readonly #libraries = new ShownLibraryReader();
  readonly #libraryPath = new LibraryPathReader();
  readonly #typedCommands = new TypedReader();
  readonly #typedGit = new TypedGitReader();
  readonly #builds = new BuildReader();
  readonly #builders = new BuilderReader();
  readonly #checks = new CheckReader();
  readonly #ci = new CiReader();
  readonly #vendor = new VendorReader();
  readonly #field = new FieldReader();
  readonly #tools = new ToolListReader();
  readonly #archives = new ArchiveReader();
  readonly #jobs = new JobReader();
  readonly #unpacked = new UnpackedReader();
  readonly #heads = new FunctionHeadReader();
  readonly #operators = new OperatorReader();
  readonly #mobile = new MobileReader();
  readonly #told = new ToldVariableReader();
  readonly #pixi = new PixiReader();
  readonly #signatures = new SignatureReader();
  #namedNext = false;
  readonly #facts: Mutable = {
    localPackages: [],
    processedFolders: [],
    splitCuda: false,
    keptCuda: [],
    shownCompilers: [],
    shownLines: [],
    shownLibraries: [],
    librariesWithoutVersions: [],
    pythonOperators: [],
    linkedLibraries: [],
    lddWithoutTorchPython: false,
    namesVisionOps: false,
    ios: false,
    shownScripts: [],
    compiledPackages: [],
    functionHeads: {},
    toldVariables: {},
    pixiProject: {},
    signatures: [],
    checks: {},
    withoutGit: false,
    carriedIncludes: [],
    ofJob: false,
    versions: {},
    packageFolders: this.#packageFolders,
    conda: false,
    builtAtRunTime: false,
    amd: false,
    extensionLoaded: false,
    docker: false,
  };

  /** Up to which line `step` has to see each one. */
  get wanted(): number {
    return this.#ci.wanted;
  }

  /** A line below the head of a CI service's step, whatever it says. */
  step(raw: string, at: number): void {
    this.#ci.step(raw, at);
  }

  /** A line that the parsers look at. */
  line(written: string, at: number): void {
    const text = plainSpelling(written);
    this.#everyReader(text, at);
    this.#line(text);
  }

  #everyReader(text: string, at: number): void {
    this.#paste.line(text);
    this.#place.line(text);
    this.#versions.line(text);
    this.#settings.line(text);
    this.#requests.line(text);
    this.#systems.line(text);
    this.#tools.line(text);
    this.#words.line(text);
    this.#compiles.line(text);
    this.#libtorch.line(text);
    this.#jit.line(text);
    this.#compilers.line(text);
    this.#shownLines.line(text, at);
    this.#alpine.line(text);
    this.#libraries.line(text, at);
    this.#libraryPath.line(text);
    this.#typedCommands.line(text, at);
    this.#typedGit.line(text);
    this.#builds.line(text);
    this.#builders.line(text);
    this.#checks.line(text);
    this.#ci.line(text, at);
    this.#heads.line(text);
    this.#operators.line(text, at);
    this.#mobile.line(text);
    this.#signatures.line(text, at);
    this.#archives.line(text);
    this.#told.line(text);
    this.#pixi.line(text);
    this.#jobs.line(text);
    this.#unpacked.line(text);
    this.#called(text);
    this.#vendor.line(text);
    this.#field.line(text);
  }

  #called(text: string): void {
    if (text.includes("compile") && callsCompile.test(text)) this.#facts.showsCompile = true;
    if (text.includes("fullgraph=True")) this.#facts.asksFullGraph = true;
    if (text.includes("load") && callsLoad.test(text)) this.#facts.showsLoad = true;
    const name = packageCalled(text);
    if (name !== undefined) this.#facts.calledPackage ??= name;
  }

  #line(text: string): void {
    const facts = this.#facts;
    this.#packages.line(text);
    if (text.length > 2_000) text = text.slice(0, 2_000);
    this.#platform.parsed(text);
    // The tags of a wheel that is refused are those of another Python.
    const python = /is not a supported wheel|not compatible with|install \S*\.whl/.test(text)
      ? null
      : /^Python version: (\d)\.(\d{1,2})|^Python (\d)\.(\d{1,2})\.\d\S* [(|]|\bUsing (?:CPython|Python) (\d)\.(\d{1,2})\.\d|^(?:[Pp]ython|- Python)(?: version)?:? (\d)\.(\d{1,2})\.\d{1,2}$|Python, but you have (\d)\.(\d{1,2})|Python +[\d.]+ \(you have (\d)\.(\d{1,2})|(?:cpython-|\bcp)(\d)(\d{1,2})m?\b|python(\d)\.(\d{1,2})(?:[/\\]|\b(?!\.))|[/\\]Python(\d)(\d{1,2})[/\\]|torch_extensions[/\\](?:torch_extensions[/\\]Cache[/\\])?py(\d)(\d{1,2})/.exec(
          text,
        );
    if (python !== null && facts.python === undefined) {
      const [major, minor] = python.slice(1).filter((part) => part !== undefined);
      if (major === "3" && minor !== undefined) facts.python = `${major}.${minor}`;
      else if (/python2\.7[\\/](?:site|dist)-packages[\\/]/.test(text)) facts.oldPython = true;
    }
    const cuda =
      /release (\d+\.\d+), V|[/\\]cuda-nvcc-(\d+\.\d+)\.\d|[/\\]cuda-(\d+\.\d+)|[/\\]CUDA[/\\]v(\d+\.\d+)|detected CUDA version \((\d+\.\d+)\)|Installed CUDA version (\d+\.\d+)|version bounds defined for CUDA version (\d+\.\d+)|Found CUDAToolkit: .{1,200}\(found (?:suitable )?version "(\d+\.\d+)/.exec(
        text,
      );
    if (cuda !== null) facts.cuda ??= cuda.slice(1).find((part) => part !== undefined) ?? "";
    // The run time that torch's wheel brings is of the CUDA that it was built for.
    const brought =
      text.includes("cuda") && facts.torchCuda === undefined
        ? /\bnvidia[-_]cuda[-_]runtime(?:[-_]cu1\d)?(?:==|-)(1\d\.\d{1,2})\.\d{1,3}\b.*?(?:\(from torch\b|\btorch-\d)/.exec(
            text,
          )?.[1]
        : undefined;
    if (brought !== undefined) facts.torchCuda = brought;
    const torch = /\btorch(?:==|-| )(\d+\.\d+(?:\.\d+)?)(?:\+(cu\d+|cpu|rocm[\d.]+))?/.exec(text);
    if (torch !== null) {
      facts.torch ??= torch[1] ?? "";
      const cu = /^cu(\d+)(\d)$/.exec(torch[2] ?? "");
      if (cu !== null) facts.torchCuda ??= `${cu[1] ?? ""}.${cu[2] ?? ""}`;
    }
    if (
      /[/\\]uv[/\\]|builds-v0|No solution found when resolving|The build backend returned an error|Call to `[\w.:]+` failed|Failed to (?:download and )?build `|[`' ]uv (?:pip|sync|add|run)\b|build-system\.requires|This error likely indicates that/.test(
        text,
      )
    )
      facts.installer = "uv";
    else if (/poetry(?![-_.]core)|^Chef(?:Build|Install)Error$/i.test(text)) facts.installer ??= "poetry";
    else if (
      /\bpdm (?:install|add|sync|build)\b|[\\/]pdm[\\/]|[\\/]pdm-build-env|^\[BuildError\]: Build backend/.test(text)
    )
      facts.installer ??= "pdm";
    else if (/\bpixi (?:install|add|run)\b|[\\/]\.pixi[\\/]/.test(text)) facts.installer ??= "pixi";
    else if (
      /Failed building wheel|subprocess-exited-with-error|pip-(?:req-build|install|build-env)|pip subprocess|\bpip3? install\b/.test(
        text,
      )
    )
      facts.installer ??= "pip";
    if (
      /(?:conda|micromamba|mambaforge|miniforge)\w*[/\\]|\bmamba[/\\](?:envs|pkgs|bin)[/\\]|CondaEnvException|LibMamba|conda-linux-gnu/i.test(
        text,
      )
    )
      facts.conda = true;
    this.#conda(text);
    if (this.#packageFolders.length < mostFolders && text.includes("-packages/")) {
      const folder = packageFolder.exec(text)?.[1];
      if (folder !== undefined && !passing.test(folder) && !this.#packageFolders.includes(folder))
        this.#packageFolders.push(folder);
    }
    const running = runningModule(text);
    if (running !== undefined) facts.runningModule = running;
    else if (importsAnew(text)) delete facts.runningModule;
    if (/Setting up PyTorch plugin|torch_extensions|Loading extension module|Error building extension '/.test(text))
      facts.builtAtRunTime = true;
    // A set-up script that an installer runs may call load() as well.
    if (facts.installer === undefined && text.endsWith("in _jit_compile") && /cpp_extension\.py", line \d/.test(text))
      facts.builtAtRunTime = true;
    if (facts.otherGpu === undefined && text.includes("cuda:")) {
      const other = /\bcuda:([1-9]\d?)\b(?!\.\d)/.exec(text)?.[1];
      if (other !== undefined) facts.otherGpu = other;
    }
    // DataParallel names the thread that failed.
    const replica = text.includes(" in replica ")
      ? /\bin replica \d+ on device ([1-9]\d?)\b/.exec(text)?.[1]
      : undefined;
    if (replica !== undefined) facts.otherGpu ??= replica;
    this.#gpu(text);
    if (/^Loading extension module |^Time to load |^Done setting up PyTorch plugin/.test(text))
      facts.extensionLoaded = true;
    if (
      /^(?:Step \d+\/\d+|ERROR: failed to solve|(?:>>> )?RUN (?:pip3?|uv|python3?|conda|cd|git|apt-get) )|\[(?:[\w-]+ )?\d+\/\d+\] RUN |(?<!hub\.)docker(?!\.com)|\/\.dockerenv/.test(
        text,
      )
    )
      facts.docker = true;
    // pip names the package in the line below, behind an arrow.
    if (this.#namedNext && /^[A-Za-z][\w.-]*$/.test(text)) {
      facts.package = text;
      this.#packages.built(text);
    }
    this.#namedNext = text.includes("Encountered error while trying to install package");
    for (const name of names) {
      const match = name.exec(text);
      if (match?.[1] === undefined) continue;
      facts.package = match[1];
      this.#packages.built(match[1]);
      // An editable installation is of a folder.
      if (text.includes("building editable for") || text.startsWith("Building editable for"))
        this.#packages.editable(match[1]);
    }
    if (facts.jitRoot === undefined && text.endsWith(" as PyTorch extensions root...")) {
      const root = /^Using (.{1,300}) as PyTorch extensions root\.\.\.$/.exec(text)?.[1];
      if (root !== undefined) facts.jitRoot = root;
    }
    const jit = text.includes("torch_extensions")
      ? /((?:[A-Za-z]:)?[^\s'"():]{0,300}torch_extensions[/\\](?:torch_extensions[/\\]Cache[/\\])?py\d+\w*[/\\][\w.-]+)[/\\]/.exec(
          text,
        )
      : null;
    if (jit?.[1] !== undefined) facts.jitFolder ??= jit[1];
    // torch calls the folder by its own CUDA.
    const cu = text.includes("torch_extensions") ? /[/\\]py3\d{1,2}_cu(\d+)(\d)\b/.exec(text) : null;
    if (cu !== null) facts.torchCuda ??= `${cu[1] ?? ""}.${cu[2] ?? ""}`;
  }

  #conda(text: string): void {
    if (this.#facts.conda || text.length > 300) return;
    // conda's own environment in the prompt; no other tool calls one so.
    if (/^\(base\) (?:\S+@\S|PS [A-Z]:\\|[A-Z]:\\|[➜~[])/.test(text)) this.#facts.conda = true;
    if (!/onda|mamba/.test(text)) return;
    if (condaWords.test(text) && !/\b(?:no|not|without|outside)\b|n['’]t\b/i.test(text)) this.#facts.conda = true;
  }

  #gpu(text: string): void {
    const facts = this.#facts;
    this.#vendor.message(text);
    if (facts.gfx !== undefined || !text.includes("gfx") || /arch[-_ ]?list|offload-arch|PYTORCH_ROCM_ARCH/i.test(text))
      return;
    // A list of targets is what was built for; one alone is the GPU.
    const named = new Set(text.slice(0, 400).match(/\bgfx(?:9|1[0-2])[0-9a-f]{1,3}\b/g));
    if (named.size === 1) facts.gfx = [...named][0] ?? "";
  }

  /** The line behind `print(torch.__version__, torch.version.cuda)`: `1.13.1 11.7`, `('1.13.1', None)`. */
  answer(question: string, written: string): void {
    if (written.length > 80) return;
    const text = written
      .trim()
      .replaceAll(/['"(),]/g, " ")
      .trim();
    const version = question.indexOf("torch.__version__");
    const cuda = question.indexOf("torch.version.cuda");
    const [torch, of] =
      version < 0
        ? [undefined, /^(\d{1,2}\.\d|None)$/.exec(text)?.[1]]
        : (/^(\d\.\d{1,2}\.\d{1,2}(?:\.?(?:post|dev|rc|a|b)\d+)?(?:\+[\w.]+)?)(?:\s+(\d{1,2}\.\d|None)(?:\s.*)?)?$/
            .exec(text)
            ?.slice(1) ?? []);
    if (torch !== undefined) this.#paste.line(`torch==${torch}`);
    if (of !== undefined && cuda > version)
      this.#paste.line(of === "None" ? "CUDA used to build PyTorch: None" : `torch.version.cuda: ${of}`);
  }

  /** A line that no parser looks at: only its head is read. */
  command(written: string, at: number): void {
    const facts = this.#facts;
    if (written.length < 4) return;
    // The time stamps of CI services, the marks of docker.
    const text = plainSpelling(
      /^[#[\d\u001b]|^[^\t]{1,100}\t[^\t]{1,100}\t\ufeff?\d{4}-/.test(written) ? withoutStamp(written) : written,
    );
    if (text.startsWith("Collecting ") && !text.includes("torch")) {
      this.#packages.line(text);
      return;
    }
    this.#everyReader(text, at);
    this.#platform.unparsed(text);
    this.#conda(text);
    if (text.includes("gfx") || text.includes("/opt/rocm")) this.#gpu(text);
    if (/^Loading extension module |^Time to load |^Done setting up PyTorch plugin/.test(text))
      facts.extensionLoaded = true;
    if (text.startsWith(">>> ") || text.includes("RUN ") || text.includes("torch_extensions")) this.#line(text);
    this.#packages.line(text.trimStart());
    const running = text.startsWith("--") ? runningModule(text) : undefined;
    if (running !== undefined) facts.runningModule = running;
    if (facts.python !== undefined && this.#platform.isKnown() && facts.cuda !== undefined) return;
    const head = text.length > 400 ? text.slice(0, 400) : text;
    if (/ython|:\\|tools, release|\/cuda-|-cp3|macosx|MacOSX|\/Library\/Developer|-windows\b|\b[Tt]orch[= ]/.test(head))
      this.#line(head);
  }

  /** What it told; `namesTorch`: whether any line of the whole text does. */
  facts(namesTorch = true): LogFacts {
    const stated = this.#versions.versions();
    // `Name: torch`, `Version: …` of pip show are two lines.
    const spoken = this.#paste.facts().installedTorch;
    if (stated["torch"] !== undefined && (spoken === undefined || stated["torch"].startsWith(`${spoken}+`)))
      this.#paste.line(`torch==${stated["torch"]}`);
    const tools = this.#tools.facts();
    const paste = withList(this.#paste.facts(), tools);
    const installed = paste.installedTorch?.split("+");
    const cu = /^cu(\d+)(\d)$/.exec(installed?.[1] ?? "");
    const torch = installed?.[0] ?? this.#facts.torch;
    const built = this.#facts.package ?? this.#packages.failed();
    const requests = this.#requests.facts();
    const requirement =
      wordWithExtras(requests, built) ??
      this.#packages.requirement(built) ??
      (built === undefined
        ? requests.requested?.join(" ")
        : (requestedWord(requests, built) ??
          (requests.requested === undefined ? undefined : this.#packages.fetched(built))));
    const place = this.#place.facts();
    const projectTool = /^(poetry|pdm|pixi) /.exec(place.projectLine ?? "")?.[1] as LogFacts["installer"];
    const system = this.#systems.facts();
    const settings = this.#settings.facts();
    const builds = this.#builds.facts();
    const otherField = this.#field.field();
    const spokenPython = system.spokenPython ?? tools.python;
    const torchCuda =
      cu === null
        ? (paste.torchCuda ??
          this.#facts.torchCuda ??
          builds.condaTorchCuda ??
          likelyTorchCuda(paste, settings.spokenCuda ?? tools.cuda))
        : `${cu[1] ?? ""}.${cu[2] ?? ""}`;
    const typed = this.#typedCommands.facts();
    const printedSetup = setupWithoutInstaller(requests, {
      installer: this.#facts.installer,
      builder: this.#builders.facts().ownBuilder?.name,
      docker: place.dockerBuild || this.#facts.docker,
      typed: typed.typed,
    });
    return {
      ...this.#facts,
      ...this.#platform.facts(),
      ...paste,
      ...place,
      ...settings,
      ...(settings.spokenCuda === undefined && tools.cuda !== undefined ? { spokenCuda: tools.cuda } : {}),
      ...requests,
      ...(projectTool === undefined || requests.installs !== undefined ? {} : { installer: projectTool }),
      ...system,
      ...this.#words.facts(),
      ...this.#compiles.facts(),
      ...this.#libtorch.facts(),
      ...this.#jit.facts(),
      ...this.#compilers.facts(),
      ...this.#shownLines.facts(),
      ...this.#libraryPath.facts(),
      ...typed,
      ...(printedSetup === undefined ? {} : { setupCommand: printedSetup }),
      ...this.#alpine.facts(),
      ...this.#libraries.facts(),
      ...this.#typedGit.facts(),
      ...builds,
      ...this.#builders.facts(),
      ...this.#checks.facts(),
      ...this.#ci.facts(),
      ...this.#jobs.facts(),
      ...this.#unpacked.facts(),
      ...this.#heads.facts(),
      ...this.#operators.facts(),
      ...this.#mobile.facts(),
      ...this.#signatures.facts(),
      ...this.#archives.facts(),
      ...this.#told.facts(),
      ...this.#pixi.facts(),
      conda:
        this.#facts.conda ||
        system.spokenConda ||
        paste.pixi ||
        place.condaProgram !== undefined ||
        place.condaRun !== undefined,
      ...(this.#vendor.isAmd() || paste.torchBuild === "rocm" ? { amd: true } : {}),
      ...(built === undefined ? {} : { package: built }),
      ...(this.#packages.unpacked() === undefined ? {} : { unpackedPackage: this.#packages.unpacked() ?? "" }),
      ...(this.#facts.python === undefined && spokenPython !== undefined ? { python: spokenPython } : {}),
      ...(this.#facts.oldPython === true && this.#facts.python !== undefined ? { oldPython: false } : {}),
      ...(torch === undefined ? {} : { torch }),
      ...(torchCuda === undefined ? {} : { torchCuda }),
      packageFolders: [...this.#packageFolders],
      localPackages: this.#packages.local(),
      processedFolders: this.#packages.folders(),
      compiledPackages: this.#packages.fromElsewhere(),
      ...(namesTorch || otherField === undefined ? {} : { otherField }),
      ...(requirement === undefined ? {} : { requirement }),
      versions: stated,
    };
  }
}
