/**
 * What people paste beside the message itself: their own source, the compiler that they chose, the tools that run; the torch is read by
 * `installed-torch.ts`, sessions of Python by `session-facts.ts`. Reads one line at a time; whether a fact matters is for the rules to say.
 */
import { type BoardFacts, BoardReader } from "./board-facts.ts";
import { type CallFacts, CallReader } from "./call-facts.ts";
import { type TorchFacts, TorchReader } from "./installed-torch.ts";
import { linkedLibraries, linkOrder } from "./link-order.ts";
import { type SessionFacts, SessionReader } from "./session-facts.ts";

/** What a paste says of what surrounds the message. */
export interface PasteFacts extends BoardFacts, CallFacts, SessionFacts, TorchFacts {
  /** C++ standard of the last compile, `17`. */
  readonly standard?: string;
  /** gcc that is named by CC or CXX: `g++-12`. */
  readonly gnuCompiler?: string;
  /** Name of a variable that holds a torch.library.Library in pasted Python. */
  readonly libraryObject?: string;
  /** Namespaces of TORCH_LIBRARY blocks in pasted C++. */
  readonly namespaces: readonly string[];
  /** Pasted C++ defines a module: `PYBIND11_MODULE(…)`. */
  readonly definesModule: boolean;
  /** A Python from before its first release: `3.14.0b2`. */
  readonly pythonPreview?: string;
  /** What other than Python uses LibTorch here. */
  readonly host?: "rust" | "java" | "visual-studio" | "program";
  /** Version of tch-rs and torch-sys, the bindings of Rust: `0.17.0`. */
  readonly tch?: string;
  /** The packages with Python's headers are said to be installed. */
  readonly hasPythonDev: boolean;
  /** CMake builds. */
  readonly cmake: boolean;
  /** scikit-build-core runs CMake, for pip or `python -m build`. */
  readonly scikit: boolean;
  /** scikit-build-core speaks as a plugin of setuptools, which has taken over `build_ext`. */
  readonly scikitPlugin: boolean;
  /** torch's include folder is on a command line, or one of its headers was read. */
  readonly torchIncluded: boolean;
  /** The headers of Python's own torch are on a command line. */
  readonly pythonTorchIncluded: boolean;
  /** An embeddable Python for Windows runs, as ComfyUI and its like bring it. */
  readonly embeddedPython: boolean;
  /** The folder of that Python: `D:\\ComfyUI_windows_portable\\python_embeded`. */
  readonly embeddedFolder?: string;
  /** `-isystem /usr/include` is on a command line, or CPATH names it. */
  readonly systemIncluded: boolean;
  /** Objects and libraries of the last command that linked, in their order: `main.o`, `-lfoo`. */
  readonly linkOrder?: readonly string[];
  /** Libraries of the last command that linked a module: `c10`, `torch_cpu`. */
  readonly linked?: readonly string[];
  /** clang is told to take libc++, or one of libc++'s headers was read. */
  readonly libcxx: boolean;
  /** clang-cl compiles. */
  readonly clangCl: boolean;
  /** The value of Py_LIMITED_API on a command line. */
  readonly limitedApi?: string;
  /** Version of Microsoft's compiler, `14.29`. */
  readonly msvc?: string;
  /** Libraries whose folder within the project is on a command line: `glm` of `-Ithird_party/glm`. */
  readonly vendored: readonly string[];
  /** A place where the compiler was told of an old macOS: `10.7`. */
  readonly oldMacos?: string;
  /** Python of the Microsoft Store runs. */
  readonly storePython: boolean;
  /** pixi installs. */
  readonly pixi: boolean;
  /** A command that runs Python or a script was given with sudo. */
  readonly sudo: boolean;
  /** ROCm comes from pip (`_rocm_sdk_libraries_*`). */
  readonly rocmFromPip: boolean;
  /** The one index that the installer looks in, PyPI aside: `https://download.pytorch.org/whl/cu118`. */
  readonly onlyIndex?: string;
  /** Packages that the command with that index asks for: `torch torchvision`. */
  readonly fromIndex?: string;
  /** The line of Python that called load() or load_inline(), as a traceback of the build names it; `inline`: the latter. */
  readonly loadedBy?: { readonly file: string; readonly line: string; readonly inline: boolean };
  /** Code of torch's stable API is shown or named: `torch::stable::Tensor`. */
  readonly stableApi: boolean;
  /** torch was reading the sources as text, to hash them. */
  readonly readsSources: boolean;
  /** A container image of PyTorch or NVIDIA: `pytorch/pytorch:2.4.0-cuda12.1-cudnn9-runtime`. */
  readonly gpuImage?: string;
  /** The image that a job of GitLab's runs in: `python:3.11`. */
  readonly jobImage?: string;
  /** Pythons for which the text names a file of a compiled module: `rext` → `3.12` of `rext.cpython-312-x86_64-linux-gnu.so`. */
  readonly moduleFiles: Readonly<Record<string, readonly string[]>>;
  /** The Python that runs, as a program's name, a folder of its packages or its greeting tells it; no file's tag counts. */
  readonly runningPython?: string;
  /** What ptxas says that it compiles for: `61` of `Compiling entry function 'f' for 'sm_61'`. */
  readonly ptxasTarget?: string;
  /** The ptxas that Triton called. */
  readonly tritonPtxas?: string;
}

type Own = Omit<PasteFacts, keyof (BoardFacts & SessionFacts & TorchFacts)>;
type Mutable = { -readonly [Name in keyof Own]: Own[Name] };

const macroNamespace = /\bTORCH_LIBRARY(?:_IMPL|_FRAGMENT)?\s*\(\s*([A-Za-z_]\w*)\s*,/;
/** Indented: in a function, or a `with` block. What stands at the left edge lives as long as its module. */
const libraryObject = /^\s+(\w+)\s*=\s*(?:torch\.library\.|library\.)?Library\(.*["'](?:DEF|IMPL|FRAGMENT)["']/;
const sudoRuns = /(?:^|[$#%>] ?|&& |; )sudo (?:-\S+ )*(?:\S*\/)?(?:python|pip|sh |bash |make|ninja|\.\/|\w+\.sh)/;
const mostNamespaces = 8;
const vendoredFolder =
  /-(?:I|isystem)\s?["']?[^\s"']{0,300}[\\/](?:third[-_]?party|3rd[-_]?party|external|extern|submodules|vendor|deps|dependencies|subprojects)[\\/]([\w.-]+)/g;
/** The modules by which programs are started and threads run. */
const fromArchive =
  /^\s*File "(?:subprocess|runpy|threading|contextlib|functools|inspect|platform|tempfile|shutil|(?:importlib|ctypes|asyncio|concurrent|multiprocessing|json)\\[\w\\]+)\.py", line \d/;
const beforePackages =
  /\b([A-Za-z]:[\\/](?:[^"'<>|*?:\\/]{1,80}[\\/]){0,10}?[^"'<>|*?:\\/]{1,80})[\\/]lib[\\/]site-packages[\\/]/i;
const mostVendored = 12;
const moduleFile = /\b([A-Za-z_]\w{0,60})\.(?:c?python-3(\d{1,2})\w{0,2}-|cp3(\d{1,2})-win)/g;
const mostModuleFiles = 40;
const runningPython = /(?:^|[\s/\\])python3\.(\d{1,2})(?=[\s/\\]|$)|^Python 3\.(\d{1,2})\.\d/;
const gpuImage = /(?<![\w./-])((?:[\w-]+(?:\.[\w-]+)+\/)?(?:pytorch\/pytorch|nvidia\/cuda):[\w.-]{1,120})/;

/** A compiler quotes the option that it proposes (`only available with ‘-std=c++20’`), which is not how it was called. */
function isAdvised(text: string, at: number): boolean {
  const before = text.slice(Math.max(0, at - 400), at);
  if (/[\u2018\u00ab\u201e\u201c]\s?$/.test(before)) return true;
  return /['"`]$/.test(before) && /(?:^|\s)(?:note|warning|error|remark):\s/.test(before);
}

/** Gathers them line by line. */
export class PasteReader {
  readonly #namespaces: string[] = [];
  readonly #vendored: string[] = [];
  readonly #moduleFiles: Record<string, string[]> = {};
  #moduleFileCount = 0;
  readonly #calls = new CallReader();
  #caller: { readonly file: string; readonly line: string } | undefined;
  readonly #boards = new BoardReader();
  readonly #torch = new TorchReader();
  readonly #sessions = new SessionReader();
  #fromArchive = false;
  #packagesOnWindows: string | undefined;
  readonly #facts: Mutable = {
    namespaces: this.#namespaces,
    vendored: this.#vendored,
    moduleFiles: this.#moduleFiles,
    boundNames: [],
    keywords: [],
    hasPythonDev: false,
    cmake: false,
    scikit: false,
    scikitPlugin: false,
    definesModule: false,
    torchIncluded: false,
    pythonTorchIncluded: false,
    embeddedPython: false,
    systemIncluded: false,
    libcxx: false,
    clangCl: false,
    sudo: false,
    storePython: false,
    pixi: false,
    rocmFromPip: false,
    readsSources: false,
    stableApi: false,
  };

  line(text: string): void {
    const facts = this.#facts;
    this.#boards.line(text);
    this.#torch.line(text);
    this.#sessions.line(text);
    const last = text.lastIndexOf("-std=");
    const standard =
      last < 0 || isAdvised(text, last) ? null : /^-std=(?:c|gnu)\+\+(\d\w)\b/.exec(text.slice(last, last + 16));
    if (standard?.[1] !== undefined) facts.standard = standard[1];
    if (
      !facts.torchIncluded &&
      text.includes("include") &&
      /(?:-I|-isystem ?|\/I ?|from |^)["']?[^\s"']{0,300}[\\/](?:torch[\\/](?:lib[\\/])?|libtorch[\w.+-]*[\\/])include\b/.test(
        text,
      )
    )
      facts.torchIncluded = true;
    if (!facts.pythonTorchIncluded && text.includes("-packages"))
      facts.pythonTorchIncluded = /(?:-I|-isystem ?|\/I ?)["']?[^\s"']{0,300}-packages[\\/]torch[\\/]include\b/.test(
        text,
      );
    if (text.includes("/usr/include") && /(?:-isystem ?|-I ?)\/usr\/include(?=[\s"']|$)/.test(text))
      facts.systemIncluded = true;
    if (!facts.libcxx && text.includes("c++") && /-stdlib=libc\+\+|[\\/]c\+\+[\\/]v1[\\/]/.test(text))
      facts.libcxx = true;
    if (text.includes("lang-cl")) facts.clangCl = true;
    const limited = text.includes("LIMITED_API=") ? /Py_LIMITED_API=(\w+)/.exec(text)?.[1] : undefined;
    if (limited !== undefined) facts.limitedApi ??= limited;
    if (text.includes("ython_embed")) {
      facts.embeddedPython = true;
      const folder =
        /(?:(?<=[-/]I)|\b)[A-Za-z]:[\\/]{1,2}(?:[^"'<>|*?:\\/]{1,80}[\\/]{1,2}){0,10}?python_embed\w*(?=[\\/])/i.exec(
          text.slice(0, 1_000),
        )?.[0];
      if (folder !== undefined) facts.embeddedFolder ??= folder.replaceAll("\\\\", "\\").replaceAll("/", "\\");
    }
    this.#zipped(text);
    const msvc = text.includes("MSVC") ? /[\\/]MSVC[\\/]{1,2}(\d{2}\.\d{2})\./.exec(text)?.[1] : undefined;
    if (msvc !== undefined) facts.msvc ??= msvc;
    const macos = /acosx|MACOSX/.test(text)
      ? /(?:-mmacosx-version-min=|macosx-|MACOSX_DEPLOYMENT_TARGET=)(10\.[5-8])\b/.exec(text)?.[1]
      : undefined;
    if (macos !== undefined) facts.oldMacos ??= macos;
    if (this.#vendored.length < mostVendored && (text.includes("-I") || text.includes("-isystem")))
      for (const [, name = ""] of text.matchAll(vendoredFolder))
        if (!this.#vendored.includes(name) && this.#vendored.length < mostVendored) this.#vendored.push(name);
    const order = text.includes(" -l") || text.includes(".a ") ? linkOrder(text) : undefined;
    if (order !== undefined) facts.linkOrder = order;
    const linked = text.includes(" -l") || text.includes(".lib") ? linkedLibraries(text) : undefined;
    if (linked !== undefined) facts.linked = linked;
    if (text.length > 2_000) return;
    if (text.includes("ython-3") || text.includes(".cp3")) this.#modules(text);
    if (text.includes("ython3.") || text.startsWith("Python 3.")) {
      const [, program, greeting] = runningPython.exec(text) ?? [];
      const minor = program ?? greeting;
      if (minor !== undefined) facts.runningPython = `3.${minor}`;
    }
    const gnu =
      !text.includes("CC=") && !text.includes("CXX=")
        ? undefined
        : /\b(?:CC|CXX)=["']?(?:\S*\/)?(g(?:cc|\+\+)(?:-\d+)?)\b/.exec(text)?.[1];
    if (gnu !== undefined) facts.gnuCompiler = gnu;
    const object = text.includes("ibrary(")
      ? (libraryObject.exec(text)?.[1] ?? /\b_scoped_library\(.*\bas (\w+)\s*:/.exec(text)?.[1])
      : undefined;
    if (object !== undefined) facts.libraryObject ??= object;
    const namespace = text.includes("TORCH_LIBRARY") ? macroNamespace.exec(text)?.[1] : undefined;
    if (
      namespace !== undefined &&
      this.#namespaces.length < mostNamespaces &&
      !this.#namespaces.includes(namespace) &&
      !/^(?:namespace|ns|name)$/.test(namespace)
    )
      this.#namespaces.push(namespace);
    if (
      text.includes("-dev") &&
      /python3?[\d.]*-dev(?:el)?\b.*(?:installed|newest version|already)|^ii\s+(?:lib)?python3?[\d.]*-dev/.test(text)
    )
      facts.hasPythonDev = true;
    if (text.includes("PythonSoftwareFoundation")) facts.storePython = true;
    if (
      /(?:re)?solve (?:the )?pypi (?:requirements|dependencies)|Failed to update PyPI packages for environment|\[tool\.pixi\b|[\\/]\.pixi[\\/]|[\\/]rattler[\\/]cache|\bPixi task \(|^\S*[$#>✗➜]? ?pixi (?:install|add|run|shell|build)\b/.test(
        text,
      )
    )
      facts.pixi = true;
    if (text.includes("sudo ") && sudoRuns.test(text)) facts.sudo = true;
    if (facts.pythonPreview === undefined && text.includes("Python 3.")) {
      const preview = /^(?:\S+ )?Python (3\.\d+\.\d+(?:a|b|rc)\d+)\b/.exec(text)?.[1];
      if (preview !== undefined) facts.pythonPreview = preview;
    }
    if (text.includes("CMakeFiles/")) facts.cmake = true;
    if (text.startsWith("*** scikit-build-core ")) facts.scikit = true;
    if (/^\s*loading initial cache file build[\\/]temp\.\S+CMakeInit\.txt/.test(text)) facts.scikitPlugin = true;
    if (text.includes("PYBIND11_MODULE")) facts.definesModule ||= /^\s*(?:\d+ \|? *)?PYBIND11_MODULE\s*\(/.test(text);
    if (facts.host === undefined) this.#host(text);
    const tch =
      text.includes("tch ") || text.includes("torch-sys")
        ? /\b(?:torch-sys|tch)(?:@| v|-| = (?:\{ ?version = )?["'][~^=]?)(0\.\d+(?:\.\d+)?)/.exec(text)?.[1]
        : undefined;
    if (tch !== undefined) facts.tch ??= tch;
    if (
      text.includes("rocm") &&
      /_rocm_sdk_|rocm\[(?:libraries|devel)|rocm\.nightlies\.amd\.com|\brocm[-_]sdk\b|\brocm\b.{0,40}\bwheels\b|repo\.amd\.com\/rocm\/whl/.test(
        text,
      )
    )
      facts.rocmFromPip = true;
    if (this.#calls.open || text.includes("nvoked with") || /^\s*\d+\. /.test(text)) this.#calls.line(text);
    if (text.includes("ndex")) this.#index(text);
    if (text.includes("in hash_source_files")) facts.readsSources = true;
    if (text.includes('File "')) this.#frame(text);
    if (text.includes("torch::stable::") || text.includes("STABLE_TORCH_LIBRARY")) facts.stableApi = true;
    // The last stage of a Dockerfile is the one that failed, as far as one can see.
    const image = /orch\/pytorch:|dia\/cuda:/.test(text) ? gpuImage.exec(text)?.[1] : undefined;
    if (image !== undefined) facts.gpuImage = image;
    const job = text.includes("executor with image ")
      ? /^Using \w+ executor with image (\S+)/.exec(text)?.[1]
      : undefined;
    if (job !== undefined) facts.jobImage ??= job;
    // A job container of GitHub's: its folders are below /__w, and root works there.
    const pulled = text.includes("docker pull ")
      ? /^(?:##\[command\])?\/usr\/bin\/docker pull (\S+)$/.exec(text.trim())?.[1]
      : undefined;
    if (pulled !== undefined) facts.jobImage ??= pulled;
    const target = text.includes("for 'sm_") ? /for 'sm_(\d{2,3})[a-z]?'/.exec(text)?.[1] : undefined;
    if (target !== undefined) facts.ptxasTarget = target;
    const ptxas = text.includes("ptxas") ? /^Repro command: (\S*ptxas)\b/.exec(text)?.[1] : undefined;
    if (ptxas !== undefined) facts.tritonPtxas ??= ptxas;
  }

  #modules(text: string): void {
    for (const [, name = "", minor, minor2] of text.matchAll(moduleFile)) {
      if (this.#moduleFileCount >= mostModuleFiles) return;
      const all = (this.#moduleFiles[name] ??= []);
      const python = `3.${minor ?? minor2 ?? ""}`;
      if (all.includes(python)) continue;
      all.push(python);
      this.#moduleFileCount++;
    }
  }

  #index(text: string): void {
    const facts = this.#facts;
    const url =
      /(?:--index-url[= ]|--default-index[= ]|\s-i )["']?(https?:\/\/[^\s"'`]+)/.exec(text)?.[1] ??
      /^Looking in indexes: (https?:\/\/[^\s,]+)$/.exec(text)?.[1];
    if (url === undefined || /--extra-index-url|--index[= ]|\bpypi\./.test(text)) return;
    // What comes from PyTorch's index is torch itself, as a rule; another index is that of the package.
    if (facts.onlyIndex?.includes("download.pytorch.org") !== false) facts.onlyIndex = url.replace(/\/$/, "");
    const packages = /\b(?:install|uv add) ((?:[\w.+=<>~![\]-]+ )+)/.exec(text.slice(0, 400))?.[1];
    const named = packages?.split(" ").filter((word) => word !== "" && !word.startsWith("-"));
    if (named !== undefined && named.length > 0) facts.fromIndex ??= named.join(" ");
  }

  /** Two lines of a traceback: who called, and torch's load() or load_inline(). */
  #frame(text: string): void {
    const [, file = "", line = "", name] = /^\s*File "([^"]{1,400}\.py)", line (\d+), in (\S+)/.exec(text) ?? [];
    if (/[\\/]torch[\\/]utils[\\/]cpp_extension\.py$/.test(file)) {
      if ((name === "load" || name === "load_inline") && this.#caller !== undefined)
        this.#facts.loadedBy ??= { ...this.#caller, inline: name === "load_inline" };
    } else if (file !== "") this.#caller = { file, line };
  }

  #host(text: string): void {
    if (
      /\.rlib\b|\bcargo (?:run|build|test)\b|torch[-_]sys\b|\brustc\b|Running `target\/|\btarget\/(?:debug|release)\/|error: could not compile `|error: linking with `\S+` failed: exit|\btch-rs\b|^thread '[^']{1,60}'(?: \(\d+\))? panicked at /.test(
        text,
      )
    )
      this.#facts.host = "rust";
    else if (
      /(?:^|\/)java: symbol lookup|\.jar\/|libjnitorch|libdjl_torch|\bai\.djl\b|org\.bytedeco|UnsatisfiedLinkError/.test(
        text,
      )
    )
      this.#facts.host = "java";
    else if (/in function [`'‘"]main['’"]/.test(text)) this.#facts.host = "program";
    else if (/^Error\s+(?:C|LNK)\d{4}\s|\.vcxproj\b/.test(text)) this.#facts.host = "visual-studio";
  }

  /** Modules of the standard library that come out of an archive have no folder in a traceback: the Python is an embeddable one. */
  #zipped(text: string): void {
    this.#fromArchive ||= text.includes('File "') && fromArchive.test(text);
    if (this.#packagesOnWindows === undefined && /-packages/.test(text))
      this.#packagesOnWindows = beforePackages.exec(text.slice(0, 1_000))?.[1];
  }

  facts(): PasteFacts {
    return {
      ...this.#facts,
      // A frozen program has no folder of packages.
      ...(this.#fromArchive && this.#packagesOnWindows !== undefined
        ? { embeddedPython: true, embeddedFolder: this.#facts.embeddedFolder ?? this.#packagesOnWindows }
        : {}),
      ...this.#torch.facts(),
      ...this.#sessions.facts(),
      ...this.#calls.facts(),
      ...this.#boards.facts(),
      namespaces: [...this.#namespaces],
      vendored: [...this.#vendored],
    };
  }
}
