/**
 * Settings of the shell and its commands that a text tells and that lead to the wrong place: another LibTorch on LD_LIBRARY_PATH, a
 * CUDA_HOME that is a list, an index without GPU. Reads one line at a time; whether it matters is for the rules to say.
 */

import { capabilitiesIn } from "../tables/nvidia-gpus.ts";

/** What a text tells of such settings. */
export interface SettingFacts {
  /** A LibTorch, not the torch of the environment, is on LD_LIBRARY_PATH. */
  readonly libtorchOnPath: boolean;
  /** Folders of a CUDA_HOME that is written like a search path: `/usr/local/cuda-9.0`, `/usr/local/cuda-8.0`. */
  readonly cudaHomeList?: readonly string[];
  /** The folder of the Visual Studio that the text names, where it is another than the usual one: `F:\\VisualStudio`. */
  readonly visualStudio?: string;
  /** A folder of the Windows SDK stands in the text. */
  readonly windowsKits: boolean;
  /** PYTHONHOME, as Python shows it where it cannot start: `/opt/python-3.8`. */
  readonly pythonHome?: string;
  /** The folder whose setup.py was building, as torch's builder names it; not one that pip makes for one build. */
  readonly buildRoot?: string;
  /** The folder in which load() builds an extension while a program runs. */
  readonly emittedFolder?: string;
  /** Python printed torch's CUDA_HOME, and it is None: torch finds no toolkit. */
  readonly cudaHomeNone: boolean;
  /** CUDA_HOME, where that is the toolkit of pip's packages: `/e/lib/python3.11/site-packages/nvidia/cu13`. */
  readonly cudaHomeOfPip?: string;
  /** A command of the text sets CUDA_HOME or CUDA_PATH. */
  readonly setsCudaHome: boolean;
  /** The CUDA of an nvcc that ran: `nvcc --version`, or a set-up script that says what it found. */
  readonly nvccShown?: string;
  /** A command installs from an index of packages without GPU: `…/whl/torch-2.8.0+cpu.html`, `…/whl/cpu`. */
  readonly cpuIndex: boolean;
  /** Software comes as environment modules here, as on clusters: `module load gcc/11`. */
  readonly usesModules: boolean;
  /** It is the output of a job of Slurm's, as names of its own in it tell. */
  readonly batchJob: boolean;
  /** What the text calls the module of gcc: `GCC`, `gnu`, `compiler/gcc`. */
  readonly gccModuleName?: string;
  /** The toolkits that a command of the text lists: `12.1` of `/usr/local/cuda-12.1`. */
  readonly listedToolkits: readonly string[];
  /** Compute capability of the NVIDIA GPU whose name the text tells, `8.6`; undefined where it names several. */
  readonly namedGpu?: string;
  /** Those of all that it names, the oldest first, where it names two to four. */
  readonly namedGpus?: readonly string[];
  /** A runner of GitHub (or cibuildwheel on one) builds. */
  readonly hostedRunner: boolean;
  /** A relative path that CMake got for CMAKE_PREFIX_PATH or Torch_DIR: `../libtorch`. */
  readonly relativePrefix?: string;
  /** CMake was given the folder of a manual's example as it stands there: `-DCMAKE_PREFIX_PATH=/path/to/libtorch`. */
  readonly placeholderPrefix: boolean;
  /** A command of the text runs CMake itself. */
  readonly runsCmake: boolean;
  /** The compute capability that CUMM_CUDA_ARCH_LIST names: `8.7`. */
  readonly cummArch?: string;
  /** The Python that CMake found: `/opt/brew/bin/python3.8`. */
  readonly cmakePython?: string;
  /** CMake was asked for an interpreter alone, without what modules are built with. */
  readonly pythonWithoutHeaders?: true;
  /** The folder of a setup.py that a command runs from elsewhere: `C:\work\my-ops`. */
  readonly setupFolder?: string;
  /** The one CUDA that the text's sentences and lists name, `11.7`; what something wants or was built for is not meant. */
  readonly spokenCuda?: string;
  /** setuptools or pip builds for Windows with 32 bit. */
  readonly builds32Bit: boolean;
  /** The name that torch gives to the module on a command line. */
  readonly extensionName?: string;
  /** A flag of Microsoft's compiler on a command line of gcc or clang: `/wd4624`. */
  readonly microsoftFlag?: string;
  /** The last command of uv: `pip`, `sync`, `tool`. */
  readonly uvCommand?: string;
  /** The command of uv for a project as it was typed, with its options: `uv sync --extra compile`. */
  readonly uvLine?: string;
  /** torch's allocator takes its memory from the driver's pools. */
  readonly asyncAllocator: boolean;
  /** The Mac has a processor of Apple's own, as the text says in words; what runs may still be for Intel. */
  readonly appleProcessor: boolean;
  /** pip takes the source package of torch 0.1.2, the only one that PyPI has. */
  readonly placeholderTorch: boolean;
  /** A command of conda or mamba installs nvcc. */
  readonly condaNvcc: boolean;
  /** The release of CUDA that such a line asks for: `11.6` of `cuda-nvcc=11.6`. */
  readonly condaNvccVersion?: string;
  /** The 32-bit edition of Microsoft's compiler runs: `HostX86\\x64\\cl.exe`. */
  readonly host32Bit: boolean;
  /** Microsoft's compiler makes 32-bit programs, by its first line or its folder: `Hostx64\\x86\\cl.exe`. */
  readonly target32Bit: boolean;
  /** The compiler that Triton starts, as its message names it: of `cc_cmd: ['C:\\VS\\cl.exe', …]`. */
  readonly tritonCompiler?: string;
  /** A variable that somebody set in the words of bash at a prompt of Windows. */
  readonly foreignSetting?: readonly [name: string, value: string];
  /** LibTorch was built as static libraries, as the text says. */
  readonly staticTorch: boolean;
  /** LibTorch, the download for C++, is named. */
  readonly namesLibtorch: boolean;
  /** The package is built for the processor alone, as vLLM's variable or NATTEN's set-up script says. */
  readonly cpuTarget: boolean;
  /** The folder of a LibTorch: `/home/u/libtorch`. */
  readonly libtorchFolder?: string;
  /** qmake's project file stands in the text: `LIBS += -L$$PWD/lib`. */
  readonly qmake: boolean;
  /** Wheels that the text names with the form of their strings: `flash_attn-2.3.4+cu122torch2.1cxx11abiTRUE-cp39-cp39-linux_x86_64.whl`. */
  readonly abiWheels: readonly string[];
  /** The releases of gcc that a list of modules has: `gcc/9.3.0`. */
  readonly listedGccs: readonly string[];
  /** The library that the pasted Python hands to torch.ops.load_library, written out. */
  readonly loadedLibrary?: string;
  /** ComfyUI runs. */
  readonly comfy: boolean;
  /** The program that `uv tool run`, `uvx` or `uv tool install` is about. */
  readonly uvTool?: string;
}

/** Somebody says that it is not there, or that taking it out was of no use. */
const denied = /\b(?:not|never|no|without|unset|neither)\b|n['’]t\b/i;
const setsVariable = /^[^\s>$]*[>$]?\s*(?:set|setx|export) "?CUDA_(?:HOME|PATH)|\$env:CUDA_(?:HOME|PATH)\s*=/i;
/** `I've already set the CUDA_HOME`. */
const saysSet =
  /\b(?:I|have|has|['’]ve)(?: \w+){0,2} (?:set|setted|defined|exported)(?: \w+){0,3} CUDA_HOME\b|^[Aa]lready set(?:ted)?(?: the)? CUDA_HOME\b/;
const notSet = /\b(?:not|never|n['’]t)(?: \w+)? (?:set|defined|exported)(?: \w+){0,3} CUDA_HOME\b/;
const cudaHome = /\bCUDA_(?:HOME|PATH)\s?=\s?["']?([^\s"']{1,400})/;

/** `-I/usr/local/cuda:/include`, `-I:/opt/cuda/include`: what torch makes of a CUDA_HOME with a colon at an end. */
const inFlags = /[\s"']-(?:I|L|isystem )(:\/[\w./+-]*cuda[\w./+-]*|\/[\w./+-]*cuda[\w.+-]*\/?:)\/?(?:include|lib64)\b/;

const appleProcessor =
  /\bApple (?:M[1-9]\b|[Ss]ilicon)|\bM[1-9] (?:Pro|Max|Ultra|[Mm]ac)|^Darwin [\d.]+ arm64|\bMac[Bb]ook.{0,20}\bM[1-9]\b/;
const spokenCuda =
  /(?<![\w/.+-])(?:CUDA|Cuda|cuda)(?:[ -]?(?:[Vv]ersion|[Tt]oolkit|release))?(?: is)?\s?[:=@]?\s?v?((?:8|9|1[0-4])\.\d)(?:\.\d+)?(?![\w+]|\.\w)/g;
/** Of another CUDA than the one that is there, or of the driver's. */
const otherCuda =
  /Driver|NVIDIA-SMI|above|newer|higher|later|older|at least|requir|support|needs?\b|minimum|[<>]=?|xpect|compiled|built|ismatch|etected|install|\btry|\bwant|[Ee]rror|bounds/;

const modules =
  /(?:^|[\s$#>`&;])(?:module|ml) (?:load|purge|avail|swap|unload|spider|add) ?|^#SBATCH |^srun: |^slurmstepd|\/(?:cvmfs|gridware|easybuild|lmod|spack)\/|\/(?:apps|software|sw)\/(?:\w+\/)?(?:compilers?|cuda|gcc|eb)\//i;
/** A line of `module avail gcc`: modules of gcc alone. */
const listOfGccs = /^\s*(?:(?:gcc|GCC)\/\d+(?:\.\d+)*(?: ?\([A-Z]\))?\s*)+$/;
/** In a list of loaded modules and in the commands that load them. */
const gccName =
  /(?:^\s*\d+\) |\s\d+\) |\b(?:module|ml) (?:load|add|swap|purge) (?:\S+ )*?)((?:[\w.-]+\/)*(?:GCC|gcc|gnu\d{0,2}|devtoolset))\/\d/;
const condaNvcc =
  /\b(?:conda|micromamba|mamba) install\b.*\b(?:cuda-nvcc|cuda-toolkit|cudatoolkit-dev|nvidia::cuda|cuda-compiler)\b/;
const staticTorch =
  /\bBUILD_SHARED_LIBS(?::BOOL)?\s?=\s?(?:OFF|0|False)\b|\bstatic(?:ally)?\b.{0,30}\b(?:libtorch|pytorch)\b|\b(?:libtorch|pytorch)\b.{0,30}\bstatic(?:ally)?\b/i;
const extensionName = /-DTORCH_EXTENSION_NAME=["'\\]*([^\s"'\\]+)/;
/** Only at the head of a command: cl.exe and nvcc's -Xcompiler take such flags. */
const gnuCommand =
  /^(?:\[\d+\/\d+\] )?(?:ccache )?(?:[\w./+-]*[/-])?(?:c\+\+|g\+\+|gcc|cc|clang|clang\+\+)(?:-[\d.]+)? -/;
const microsoftFlag =
  / (\/(?:wd\d{4}|W[0-4X]|M[DT]d?|EH\w+|O[12dx]|std:c\+\+\w+|bigobj|Zc:[\w+:]+|permissive-|utf-8|openmp)) /;
const uvLine = /(?:^|[\s`'">$#(])(uv (?:sync|lock|build)(?: --?[a-z][\w-]*(?:[= ][\w.,:/-]*\w(?=\s|$|[`'"]))?){0,8})/;
const uvCommand = /(?:^|[\s`'">$#(])uv (pip|sync|add|lock|run|remove|build)\b/;
const uvTool = /(?:^|[\s`'">$#(])(?:uvx|uv tool (?:run|install)) (?:(?:--?[\w-]+(?:[= ][\d.]+)?) )*([A-Za-z][\w.-]*)/;

/**
 * The folders of `:/usr/local/cuda-9.0:/usr/local/cuda-8.0`, `$CUDA_HOME:/usr/local/cuda`; undefined for one folder, and
 * for what is no list of folders (`${CUDA_HOME:-/usr/local/cuda}`, a command that goes on).
 */
function listed(value: string): readonly string[] | undefined {
  const parts = value.replace(/:+$/, "").split(":");
  if (parts.length < 2 || !parts.every((part) => /^(?:|\$\w+|\$\{\w+\}|\/[\w./+-]+)$/.test(part))) return undefined;
  const folders = parts.filter((part) => part.startsWith("/"));
  return folders.length === 0 ? undefined : folders;
}

/** `set(CMAKE_PREFIX_PATH "/home/jo/libtorch")`, `LIBTORCH=/opt/libtorch`, `LibTorch 2.2.0 in /opt/libtorch`: the folder alone. */
const namedLibtorch =
  /(?:CMAKE_PREFIX_PATH|Torch_DIR|LIBTORCH|[Ll]ib[Tt]orch)\b[^"'`/:]{0,40}["'`]?((?:\/|[A-Za-z]:[\\/])(?:[\w.+-]+[\\/]){0,10}libtorch(?:[\w+-]|\.(?=\d)){0,30})(?=["'`);,\s]|$)/;

/** `$ cmake -DCMAKE_PREFIX_PATH=… ..`, `-> cmake ..`: as it is typed, and not in a sentence. */
const cmakeCommand = /(?:^|[$#>%] ?|&& |; )cmake *(?:-(?:[DGSB]|-build\b)|\.\.?(?:[\s/]|$)|$)/;

/** Gathers them line by line. */
export class SettingReader {
  #libtorch = false;
  #cpuIndex = false;
  #list: readonly string[] | undefined;
  #nvcc: string | undefined;
  #uv: string | undefined;
  #uvLine: string | undefined;
  #tool: string | undefined;
  #modules = false;
  #job = false;
  readonly #listed = new Set<string>();
  #pythonHome: string | undefined;
  #gccName: string | undefined;
  #runner = false;
  #bits32 = false;
  #pools = false;
  #comfy = false;
  #cpuTarget = false;
  #setsHome = false;
  #studio: string | undefined;
  #kits = false;
  #placeholder = false;
  #apple = false;
  #condaNvcc = false;
  #condaNvccVersion: string | undefined;
  #host32 = false;
  #target32 = false;
  #tritonCompiler: string | undefined;
  #foreignSetting: readonly [string, string] | undefined;
  #static = false;
  #libtorchNamed = false;
  #libtorchFolder: string | undefined;
  #qmake = false;
  #loaded: string | undefined;
  readonly #abiWheels = new Set<string>();
  readonly #gccs = new Set<string>();
  #extension: string | undefined;
  #microsoft: string | undefined;
  #prefix: string | undefined;
  #placeholderPrefix = false;
  #runsCmake = false;
  #cumm: string | undefined;
  #cmakePython: string | undefined;
  #pythonWithoutHeaders = false;
  #homeNone = false;
  #pipHome: string | undefined;
  #emittedFolder: string | undefined;
  #buildRoot: string | undefined;
  #askedForHome = false;
  #setup: string | undefined;
  readonly #cudas = new Set<string>();
  readonly #gpus = new Set<string>();

  line(text: string): void {
    if (text.includes("PYTHONHOME"))
      this.#pythonHome ??= /PYTHONHOME\s*=\s*['"]?(?<home>[^\s'"(]+)/.exec(text)?.groups?.["home"];
    if (this.#list === undefined && text.includes(":") && text.includes("cuda")) {
      const written = inFlags.exec(text.length > 4_000 ? text.slice(0, 4_000) : text);
      if (written !== null) this.#list = [(written[1] ?? "").replaceAll(":", "")];
    }
    // `:/usr/local/cuda:/usr/local/cuda/bin/nvcc …`: what a CUDA_HOME like that makes of a command.
    const before = text.includes("/bin/nvcc")
      ? /^((?::\/[\w./+-]+)+|(?:\/[\w.+-]+)+(?::\/[\w./+-]+)+)\/bin\/nvcc /.exec(text)?.[1]
      : undefined;
    if (before !== undefined) this.#list ??= listed(before);
    if (!this.#kits) this.#kits = /\bWindows Kits[\\/]/.test(text);
    if (text.includes("MSVC"))
      this.#studio ??= /\b([A-Z]:\\[\w .()\\-]{1,120}?)\\{1,2}VC\\{1,2}Tools\\{1,2}MSVC\\/
        .exec(text)?.[1]
        ?.replaceAll("\\\\", "\\");
    if (text.includes("win32-") || text.includes("-win32."))
      this.#bits32 ||= /\btemp\.win32-\d|\bcp\d+-win32\b/.test(text);
    if (this.#microsoft === undefined && text.includes("-DTORCH_EXTENSION_NAME=") && gnuCommand.test(text))
      this.#microsoft = microsoftFlag.exec(text)?.[1];
    if (text.includes("-DTORCH_EXTENSION_NAME=")) this.#extension = extensionName.exec(text)?.[1] ?? this.#extension;
    if (!this.#comfy && /[\\/]ComfyUI[\\/]|^# ComfyUI |ComfyUI version|^!!! Exception during processing !!!/.test(text))
      this.#comfy = true;
    if (text.includes("ostX86") || text.includes("ostx86")) this.#host32 ||= /[\\/][Hh]ost[Xx]86[\\/]/.test(text);
    if (!this.#target32 && text.includes("x86"))
      this.#target32 =
        /[\\/][Hh]ost[Xx](?:86|64)[\\/]{1,2}x86\b|Microsoft \(R\) C\/C\+\+.{0,60}\bx86\s*$|\bx86\b.{0,12}Microsoft \(R\) C\/C\+\+/.test(
          text,
        );
    if (text.includes("cc_cmd: ["))
      this.#tritonCompiler ??= /cc_cmd: \[['"]([^'"]{1,400})['"]/.exec(text)?.[1]?.replaceAll("\\\\", "\\");
    if (text.length > 600) return;
    const [, exported, written = ""] = text.includes("export ")
      ? (/^(?:\([\w.-]+\) )?(?:PS )?[A-Za-z]:\\[^>]{0,200}> ?export (\w+)=(\S+|"[^"]*"|'[^']*')\s*$/.exec(text) ?? [])
      : [];
    if (exported !== undefined) this.#foreignSetting = [exported, written.replace(/^(["'])(.*)\1$/, "$2")];
    if (
      !this.#placeholder &&
      /\btorch-0\.1\.2(?:\.post\d)?\.tar\.gz|\btorch==0\.1\.2\b|\(name="torch", version="0\.1\.2/.test(text)
    )
      this.#placeholder = true;
    if (!this.#apple && appleProcessor.test(text)) this.#apple = true;
    if (
      !this.#libtorchNamed &&
      /\blibtorch(?:\d|-(?:cxx11|shared|win|macos)|[\w.-]*[\\/](?:lib|include|share)\b| \d)/i.test(text)
    )
      this.#libtorchNamed = true;
    if (!this.#cpuTarget)
      this.#cpuTarget = /\bVLLM_TARGET_DEVICE=["']?cpu\b|^-- Target device: cpu$|\bBuilding \w+ for CPU ONLY\b/.test(
        text,
      );
    if (text.includes("cxx11abi"))
      for (const [wheel] of text.matchAll(/\b\w+-[\w.+]{1,60}cxx11abi(?:TRUE|FALSE)[\w.-]{1,80}\.whl/g))
        if (this.#abiWheels.size < 8) this.#abiWheels.add(wheel);
    if (/gcc\/|GCC\//.test(text) && listOfGccs.test(text))
      for (const [module] of text.matchAll(/\b(?:gcc|GCC)\/\d+(?:\.\d+)*(?=[\s(]|$)/g)) this.#gccs.add(module);
    this.#loaded ??= /\bload_library\(["']([\w./-]{1,200}\.(?:so|dll|dylib|pyd))["']\)/.exec(text)?.[1];
    if (text.includes("libtorch"))
      this.#libtorchFolder ??=
        /(?:^|[\s"'`(:=]|-[LI]|\/)((?:\/|[A-Za-z]:[\\/])(?:[\w.+-]+[\\/]){0,10}libtorch[\w.+-]{0,30})[\\/](?:lib|include|share)\b/.exec(
          text,
        )?.[1] ?? namedLibtorch.exec(text)?.[1];
    if (this.#libtorchFolder?.startsWith("/path/to/") === true) this.#libtorchFolder = undefined;
    if (!this.#qmake && /^\s*(?:INCLUDEPATH|LIBS|QMAKE_\w+) *\+= |\$\$PWD\b/.test(text)) this.#qmake = true;
    if (!this.#static && staticTorch.test(text)) this.#static = true;
    if (text.includes("allocAsync"))
      this.#pools ||= /: cudaMallocAsync$|backend:\s?cudaMallocAsync|CUDAMallocAsyncAllocator/.test(text);
    if (text.includes("LD_LIBRARY_PATH") && /libtorch(?![\w.-]*\.so)/i.test(text) && !denied.test(text))
      this.#libtorch = true;
    if (text.includes("whl/") && /\binstall .*\/whl\/(?:\S{0,60}(?:\+|%2[Bb]))?cpu\b/.test(text)) this.#cpuIndex = true;
    if (!this.#modules && modules.test(text)) this.#modules = true;
    if (!this.#job && /slurm|SLURM|StepId/.test(text))
      this.#job = /\bSLURM_JOB\w*=|\bslurm-\d+\.(?:out|err)\b|^slurmstepd: |^srun: .*\bStepId=/.test(text);
    // What `ls -d /usr/local/cuda*` prints: nothing but such folders.
    if (text.includes("/cuda-") && /^(?:\/usr\/local\/cuda(?:-\d+(?:\.\d+)?)?\/?\s*)+$/.test(text.trim()))
      for (const [, version = ""] of text.matchAll(/cuda-(\d+\.\d+)/g)) this.#listed.add(version);
    if (this.#gccName === undefined && /gcc|GCC|gnu\//.test(text) && text.length <= 300)
      this.#gccName = /-GCC(?:core)?-\d/.test(text) ? "GCC" : gccName.exec(text)?.[1];
    if (
      !this.#runner &&
      /\bcibuildwheel\b|hostedtoolcache|\/home\/runner\/work|\/__w\/|\/github\/workspace\b|##\[(?:error|group)\]|^shell: .*\{0\}['"]*$|\b[A-Z]:\\a\\([\w.-]+)\\\1\b|The runner will stop working/.test(
        text,
      )
    )
      this.#runner = true;
    if (text.length <= 300) for (const capability of capabilitiesIn(text)) this.#gpus.add(capability);
    if (!this.#condaNvcc && /(?:onda|amba) install/.test(text)) {
      this.#condaNvcc = condaNvcc.test(text);
      if (this.#condaNvcc) this.#condaNvccVersion = /\bcuda-(?:nvcc|toolkit)={1,2}(\d+\.\d+)/.exec(text)?.[1];
    }
    if (text.includes("setup.py ") && text.includes("python"))
      this.#setup ??= /\bpython[\d.]* ([^\s"']{1,200})[\\/]setup\.py (?:install|develop|build)/.exec(text)?.[1];
    if (text.length <= 160 && text.toLowerCase().includes("cuda") && !otherCuda.test(text))
      for (const [, version = ""] of text.matchAll(spokenCuda)) this.#cudas.add(version);
    if (text.includes("CUMM_CUDA_ARCH_LIST"))
      this.#cumm ??= /CUMM_CUDA_ARCH_LIST[= ]["']?(\d{1,2}\.\d)/.exec(text)?.[1];
    if (text.includes("_PREFIX_PATH=") || text.includes("Torch_DIR="))
      this.#prefix ??=
        /-D(?:CMAKE_PREFIX_PATH|Torch_DIR)=["']?(\.{1,2}\/[\w./+-]+|[A-Za-z][\w+-]*\/[\w./+-]+|libtorch)(?=["'\s]|$)/.exec(
          text,
        )?.[1];
    if (text.includes("cmake")) this.#runsCmake ||= cmakeCommand.test(text);
    if (text.includes("/path/to/")) this.#placeholderPrefix ||= /CMAKE_PREFIX_PATH(?:=| )["']?\/path\/to\//.test(text);
    if (text.includes("uv")) {
      const tool = uvTool.exec(text)?.[1];
      if (tool !== undefined) this.#tool = tool;
      const command = tool === undefined ? uvCommand.exec(text)?.[1] : "tool";
      // uv's own hints name `uv pip` below what a command for projects said.
      if (command !== undefined && (command !== "pip" || this.#uv === undefined)) this.#uv = command;
      this.#uvLine = uvLine.exec(text)?.[1] ?? this.#uvLine;
    }
    if (text.includes("Found Python") || text.includes("ython executable"))
      this.#cmakePython =
        /(?:Found Python(?:Interp|3)?|^-- Python executable): (\S{2,200}?python[\d.]*(?:\.exe)?)(?= |$)/.exec(
          text,
        )?.[1] ?? this.#cmakePython;
    if (text.includes("Found Python"))
      this.#pythonWithoutHeaders ||= /Found Python3?: .*found components: Interpreter\s*$/.test(text);
    if (text.includes("Emitting ninja build file ") || text.startsWith("FAILED: "))
      this.#buildRoot =
        /(?:Emitting ninja build file |^FAILED: (?:\[code=\d+\] )?)((?:[A-Za-z]:)?[\\/](?!.*(?:pip-(?:req-build|install|modern)|[\\/]tmp[\\/]|builds-v0)).{1,200}?)[\\/]build[\\/]temp\./.exec(
          text,
        )?.[1] ?? this.#buildRoot;
    if (text.includes("Emitting ninja build file "))
      this.#emittedFolder =
        /Emitting ninja build file ((?:[A-Za-z]:)?[\\/](?!.*(?:pip-|builds-v0|[\\/]build[\\/]temp\.)).{1,200}?)[\\/]build\.ninja/.exec(
          text,
        )?.[1] ?? this.#emittedFolder;
    if (this.#askedForHome) this.#homeNone ||= text.trim() === "None";
    this.#askedForHome = text.includes("print(CUDA_HOME)") || text.includes("cpp_extension.CUDA_HOME");
    if (text.includes("CUDA_HOME") && saysSet.test(text) && !notSet.test(text)) this.#setsHome = true;
    if (text.includes("tools, release") || text.includes("etected CUDA version"))
      this.#nvcc ??= /\bCuda compilation tools, release (\d+\.\d+)|^Detected CUDA version (\d+\.\d+)$/
        .exec(text.trim())
        ?.slice(1)
        .find((part) => part !== undefined);
    const value = text.includes("CUDA_") ? cudaHome.exec(text)?.[1] : undefined;
    if (value !== undefined) {
      this.#list ??= listed(value);
      if (/-packages[\\/]nvidia[\\/]cu\d\d$/.test(value)) this.#pipHome = value;
    }
    if (value !== undefined && setsVariable.test(text)) this.#setsHome = true;
  }

  facts(): SettingFacts {
    return {
      libtorchOnPath: this.#libtorch,
      cpuIndex: this.#cpuIndex,
      placeholderPrefix: this.#placeholderPrefix,
      runsCmake: this.#runsCmake,
      usesModules: this.#modules,
      batchJob: this.#job,
      listedToolkits: [...this.#listed],
      ...(this.#pythonHome === undefined ? {} : { pythonHome: this.#pythonHome }),
      ...(this.#gccName === undefined ? {} : { gccModuleName: this.#gccName }),
      hostedRunner: this.#runner,
      builds32Bit: this.#bits32,
      asyncAllocator: this.#pools,
      comfy: this.#comfy,
      cpuTarget: this.#cpuTarget,
      setsCudaHome: this.#setsHome,
      cudaHomeNone: this.#homeNone,
      ...(this.#pipHome === undefined ? {} : { cudaHomeOfPip: this.#pipHome }),
      ...(this.#buildRoot === undefined ? {} : { buildRoot: this.#buildRoot }),
      ...(this.#emittedFolder === undefined ? {} : { emittedFolder: this.#emittedFolder }),
      ...(this.#nvcc === undefined ? {} : { nvccShown: this.#nvcc }),
      ...(this.#studio === undefined ? {} : { visualStudio: this.#studio }),
      windowsKits: this.#kits,
      placeholderTorch: this.#placeholder,
      appleProcessor: this.#apple,
      condaNvcc: this.#condaNvcc,
      ...(this.#condaNvccVersion === undefined ? {} : { condaNvccVersion: this.#condaNvccVersion }),
      host32Bit: this.#host32,
      target32Bit: this.#target32,
      ...(this.#foreignSetting === undefined ? {} : { foreignSetting: this.#foreignSetting }),
      ...(this.#tritonCompiler === undefined ? {} : { tritonCompiler: this.#tritonCompiler }),
      staticTorch: this.#static,
      namesLibtorch: this.#libtorchNamed,
      ...(this.#libtorchFolder === undefined ? {} : { libtorchFolder: this.#libtorchFolder }),
      qmake: this.#qmake,
      abiWheels: [...this.#abiWheels],
      listedGccs: [...this.#gccs],
      ...(this.#loaded === undefined ? {} : { loadedLibrary: this.#loaded }),
      ...(this.#extension === undefined ? {} : { extensionName: this.#extension }),
      ...(this.#microsoft === undefined ? {} : { microsoftFlag: this.#microsoft }),
      ...(this.#gpus.size === 1 ? { namedGpu: [...this.#gpus][0] ?? "" } : {}),
      ...(this.#gpus.size > 1 && this.#gpus.size <= 4
        ? { namedGpus: [...this.#gpus].toSorted((one, other) => Number(one) - Number(other)) }
        : {}),
      ...(this.#cudas.size === 1 ? { spokenCuda: [...this.#cudas][0] ?? "" } : {}),
      ...(this.#cmakePython === undefined ? {} : { cmakePython: this.#cmakePython }),
      ...(this.#pythonWithoutHeaders ? { pythonWithoutHeaders: true as const } : {}),
      ...(this.#setup === undefined ? {} : { setupFolder: this.#setup }),
      ...(this.#cumm === undefined ? {} : { cummArch: this.#cumm }),
      ...(this.#prefix === undefined ? {} : { relativePrefix: this.#prefix }),
      ...(this.#uv === undefined ? {} : { uvCommand: this.#uv }),
      ...(this.#uvLine === undefined ? {} : { uvLine: this.#uvLine }),
      ...(this.#tool === undefined ? {} : { uvTool: this.#tool }),
      ...(this.#list === undefined ? {} : { cudaHomeList: this.#list }),
    };
  }
}
