/**
 * What the lines of a build and people's words around it tell that a fix must not offer again, or has to start from: a list of
 * architectures that is set already, flags that the project brings itself, the torch that is linked with, the notebook
 * service, the folder of a clone. Reads one line at a time; what it means is for the rules to say.
 */
import { type CmakeArchitectureFacts, CmakeArchitectureReader } from "./cmake-architecture-facts.ts";

export interface BuildFacts extends CmakeArchitectureFacts {
  /** The folder of torch's libraries that a link line names: `/e/lib/python3.8/site-packages/torch/lib`. */
  readonly torchLinkFolder?: string;
  /** What TORCH_CUDA_ARCH_LIST is set to, as a command of the text has it: `8.6`. */
  readonly archListSet?: string;
  /** The same as a family of GPUs, as torch knows them by name: `Volta` (torch/utils/cpp_extension.py, named_arches). */
  readonly archListNamed?: string;
  /** The same where it is written in another form than torch's: `sm_80;sm_90`, `86`. */
  readonly archListMisspelt?: string;
  /** Kernel templates that nvcc found no body for where they are launched: `fill_kernel`. */
  readonly kernelsWithoutBody?: readonly string[];
  /** ccache stands before nvcc. */
  readonly nvccByCcache: boolean;
  /** sccache stands before nvcc, or says something itself. */
  readonly namesSccache: boolean;
  /** The CUDA that CMake says to have found: `13.0`. */
  readonly cmakeCuda?: string;
  /** The include folder of the toolkit that CMake found: `/usr/local/cuda/include`. */
  readonly cmakeCudaInclude?: string;
  /** torch's CMake files looked for NVTX 3 in the project's folder, and fell back to the library of NVTX 2. */
  readonly nvtxFallback: boolean;
  /** The folder that CMake wrote its build files to: `C:/w/ops/_skbuild/win-amd64-3.9/cmake-build`. */
  readonly generatedIn?: string;
  /** All folders that CMake wrote build files into, in their order, and whether what was built there was installed. */
  readonly generatedBuilds: readonly { readonly folder: string; readonly installed: boolean }[];
  /** Architectures that a command line of nvcc's or CMake's report of torch's flags names: `52`. */
  readonly compiledFor: readonly string[];
  /** Architectures that the project names on nvcc's command line itself: torch writes `-gencode=arch=`, and its CMake files say what they add. */
  readonly ownGencode: readonly string[];
  /** Architectures that torch's CMake files say they add. */
  readonly torchGencode: readonly string[];
  /** The service whose notebook it is: its sessions have a GPU and nvcc when they are started with one. */
  readonly notebookService?: "Kaggle" | "Colab";
  /** The folder that git cloned into, written out: `J:\Comfy\SageAttention`. */
  readonly clonedInto?: string;
  /** The Python of the application whose bundled packages the text names, as it is started: `/opt/isaacsim/python.sh`. */
  readonly bundledPython?: string;
  /** The toolkit that a command links with: `/opt/conda` of `-L/opt/conda/lib64 -lcudart`. */
  readonly linkedToolkit?: string;
  /** CUDA of conda's torch, by the name of its build: `11.3` of `py3.9_cuda11.3_cudnn8.2.0_0`. */
  readonly condaTorchCuda?: string;
  /** nvcc is conda-forge's: its own gcc stands behind it, or a list of conda's names where it is from. */
  readonly nvccOfCondaForge?: boolean;
  /** The environment that uv says it installs into, where it is not the one that uv looks for by itself: `venv`. */
  readonly uvEnvironment?: string;
  /** uv made an environment in the course of the text. */
  readonly uvMadeEnvironment?: true;
  /** MinkowskiEngine is what the text is about. */
  readonly namesMinkowski: boolean;
  /** torch is one that NVIDIA or somebody else built from a commit, as in NVIDIA's containers: `2.4.0a0+07cecf4168`. */
  readonly builtTorch: boolean;
  /** A package says that it does without Triton: `A matching Triton is not available, some optimizations will not be enabled`. */
  readonly tritonOptional: boolean;
  /** Packages that `pip show` finds in a folder of installed packages, not those that are used from their sources. */
  readonly shownInstalled: readonly string[];
  /** A step of a Dockerfile needs BuildKit: `RUN --mount=…`. */
  readonly needsBuildKit: boolean;
  /** A job or a process was ended for its memory, as Slurm, the kernel or a shell say: `OUT_OF_MEMORY`, `oom_kill`, `Out of memory: Killed`. */
  readonly killedForMemory: boolean;
  /** What the text sets MAX_JOBS to: `1`. */
  readonly maxJobs?: string;
  /** CMake links a program of which every source is CUDA's: `Linking CUDA executable app`. */
  readonly linksCudaProgram: boolean;
  /** How many compilers a runner of GitHub's ended when its job was over, `(cicc)`, and which. */
  readonly orphanCompilers: readonly string[];
}

const orphan =
  /^Terminate orphan process: pid \(\d+\) \((cicc|ptxas|nvcc|cudafe\+\+|cc1plus|fatbinary|clang\S*|hipcc)\)/;

const archListOther =
  /\bTORCH_CUDA_ARCH_LIST["']?\s?=\s?["']?((?:(?:sm_?|compute_?)?\d{2,3}[af]?(?:\+PTX)?(?:[;, ]+|(?=["'\s]|$)))+)/;
const archList = /\bTORCH_CUDA_ARCH_LIST["']?\s?=\s?["']?(\d{1,2}\.\d[\d.; +PTXaf]{0,80})/;

/**
 * Applications that come with a Python and a torch of their own. Sources: "Python Environment" of Isaac Sim's documentation
 * (python.sh beside exts), the folders of a portable Blender (4.2/python/bin).
 */
function bundledPython(text: string): string | undefined {
  if (/(?:site|dist)-packages[\\/]isaac/.test(text)) return undefined;
  const [, isaac] =
    /(?:^|[\s"'(=])(\/(?:[\w.+-]+\/){0,10}[\w.+-]*isaac[_-]?sim[\w.+-]*)\/(?:exts|extscache|extsDeprecated|kit)\//i.exec(
      text,
    ) ?? [];
  if (isaac !== undefined) return `${isaac}/python.sh`;
  const [, blender, version] =
    /(?:^|[\s"'(=])(\/(?:[\w.+-]+\/){0,10}[\w.+-]*[Bb]lender[\w.+-]*\/\d\.\d+\/python)\/lib\/python(3\.\d{1,2})\//.exec(
      text,
    ) ?? [];
  return blender === undefined ? undefined : `${blender}/bin/python${version ?? "3"}`;
}

/** Gathers them line by line. */
export class BuildReader {
  #folder: string | undefined;
  #list: string | undefined;
  #named: string | undefined;
  #otherList: string | undefined;
  #cmakeCuda: string | undefined;
  #cmakeCudaInclude: string | undefined;
  #nvtxFallback = false;
  #generatedIn: string | undefined;
  readonly #generated = new Map<string, boolean>();
  #ccache = false;
  #sccache = false;
  readonly #bodiless: string[] = [];
  readonly #gencode = new Set<string>();
  /** What torch's CMake files say that they add. */
  readonly #ofTorch = new Set<string>();
  readonly #compiledFor = new Set<string>();
  #service: BuildFacts["notebookService"];
  #clone: string | undefined;
  #forge = false;
  #buildKit = false;
  #memory = false;
  #bundled: string | undefined;
  #cudaFolder: string | undefined;
  #condaCuda: string | undefined;
  #uvEnvironment: string | undefined;
  #uvMade = false;
  #minkowski = false;
  #builtTorch = false;
  #tritonOptional = false;
  #shownName: string | undefined;
  readonly #shown = new Set<string>();
  readonly #architectures = new CmakeArchitectureReader();
  #jobs: string | undefined;
  #cudaProgram = false;
  readonly #orphans: string[] = [];

  line(text: string): void {
    if (!this.#memory && /OUT_OF_ME|oom|OOM|ut of memory: Kill/.test(text))
      this.#memory = /\bOUT_OF_ME(?:M|\+)|\boom[-_ ]?kill|\bOOM[-_ ]?[Kk]ill|Out of memory: Kill/.test(text);
    this.#architectures.line(text);
    if (text.includes("Linking CUDA exec")) this.#cudaProgram = true;
    this.#pipShow(text);
    if (text.includes("MAX_JOBS"))
      this.#jobs = /\bMAX_JOBS(?:["']?: |["']?=)["']?(\d{1,3})\b/.exec(text)?.[1] ?? this.#jobs;
    if (text.includes("rphan process")) {
      const name = orphan.exec(text.trim())?.[1];
      if (name !== undefined && this.#orphans.length < 100) this.#orphans.push(name);
    }
    if (text.includes("-lcudart") || (text.includes("-lc10") && text.includes("64")))
      this.#cudaFolder =
        /(?:^|\s)-L((?:\/[\w.+@-]+){1,12})\/lib64(?=\s|$)(?!.*\s-L\S+\/lib64)/.exec(text.slice(0, 20_000))?.[1] ??
        this.#cudaFolder;
    if (text.includes("/torch/lib"))
      this.#folder ??= /(?:^|\s)-L(\/[^\s"']{1,300}\/torch\/lib)(?=\s|$)/.exec(text)?.[1];
    if (text.includes("static-global-template-stub=true") && this.#bodiless.length < 20) {
      const kernel = /instantiation or specialization \("(?:\w+::)*(\w+)/.exec(text)?.[1];
      if (kernel !== undefined) this.#bodiless.push(kernel);
    }
    this.#sccache ||= text.includes("sccache") && /\bsccache(?:: | \S*nvcc )/.test(text.slice(0, 400));
    this.#ccache ||= text.includes("ccache ") && /\bccache \S*nvcc /.test(text.slice(0, 400));
    if (text.includes("files have been written to: ")) {
      const folder = /^\s*-- Build files have been written to: (\S.{0,400}?)\s*$/.exec(text)?.[1];
      if (folder !== undefined && this.#generated.size < 20) this.#generated.set(folder, false);
      this.#generatedIn = folder ?? this.#generatedIn;
    }
    if (this.#generatedIn !== undefined && text.startsWith("-- Install configuration"))
      this.#generated.set(this.#generatedIn, true);
    this.#nvtxFallback ||= text.includes("NVTX") && text.includes("Cannot find NVTX3, find old NVTX");
    if (text.includes("Found CUDAToolkit: "))
      this.#cmakeCudaInclude =
        /-- Found CUDAToolkit: ([^;(]{1,300}?)(?:;[^(]*)? \(found/.exec(text)?.[1] ?? this.#cmakeCudaInclude;
    if (text.startsWith("--") || text.includes("CUDA compiler id"))
      this.#cmakeCuda =
        /CUDA compiler identification is NVIDIA (\d+\.\d+)|Found CUDA(?:Toolkit)?: .* \(found (?:suitable )?version "(\d+\.\d+)/
          .exec(text)
          ?.slice(1)
          .find((part) => part !== undefined) ?? this.#cmakeCuda;
    if (text.includes("TORCH_CUDA_ARCH_LIST"))
      this.#otherList = archListOther.exec(text)?.[1]?.trim() ?? this.#otherList;
    if (text.includes("TORCH_CUDA_ARCH_LIST"))
      this.#named ??= /\bTORCH_CUDA_ARCH_LIST["']?\s?=\s?["']?(Maxwell|Pascal|Volta|Turing|Ampere|Ada|Hopper)\b/.exec(
        text,
      )?.[1];
    if (text.includes("TORCH_CUDA_ARCH_LIST")) this.#list = archList.exec(text)?.[1]?.trim() ?? this.#list;
    if (text.includes("arch=compute_"))
      for (const [, before, sign, arch = ""] of text
        .slice(0, 20_000)
        .matchAll(/( ?)-gencode([ =;])arch=compute_(\d{2,3}[af]?)/g)) {
        if (this.#compiledFor.size < 20) this.#compiledFor.add(arch);
        if (before === " " && sign === " " && this.#gencode.size < 20) this.#gencode.add(arch);
        if (sign === ";" && text.includes("Added CUDA NVCC flags")) this.#ofTorch.add(arch);
      }
    if (this.#service === undefined && /aggle|olab|\/content\//.test(text)) {
      if (
        /\/kaggle\/(?:working|input)\b|\b(?:in|on|using) (?:a )?[Kk]aggle\b|\b[Kk]aggle (?:notebook|kernel)/.test(text)
      )
        this.#service = "Kaggle";
      else if (
        /(?:^|[\s"'`=])\/content\/\w|\b(?:in|on|using) (?:a |[Gg]oogle )?[Cc]olab\b|\b[Cc]olab (?:notebook|runtime|session)/.test(
          text,
        )
      )
        this.#service = "Colab";
    }
    if (!this.#forge && /nvcc/.test(text))
      this.#forge =
        /(?:conda|mamba|miniforge)[^\s"']*\/bin\/nvcc\b.{0,200}-conda-linux-gnu-|^\s*cuda-nvcc\S*\s+\d\S*\s+\S+\s+conda-forge\s*$/.test(
          text.slice(0, 2_000),
        );
    if (text.includes("Cloning into"))
      this.#clone ??= /^Cloning into '((?:\/|[A-Za-z]:[\\/])[^']{1,300})'\.\.\./.exec(text.trim())?.[1];
    if (/isaac|lender/.test(text)) this.#bundled ??= bundledPython(text);
    if (text.includes("_cudnn")) this.#condaCuda ??= /\bpy3\.\d{1,2}_cuda(\d{1,2}\.\d)\S{0,4}_cudnn/.exec(text)?.[1];
    if (text.includes("environment at: ")) {
      this.#uvMade ||= /\bCreating virtual environment at: /.test(text);
      this.#uvEnvironment ??= /\bUsing Python \d\S* environment at: (?!\.venv$)([\w.-]+)$/.exec(text.trim())?.[1];
    }
    if (!this.#minkowski && text.includes("inkowski")) this.#minkowski = /Minkowski ?Engine/.test(text);
    if (text.includes("matching Triton"))
      this.#tritonOptional ||= /\bA matching Triton is not available, some optimizations will not be enabled/.test(
        text,
      );
    if (!this.#builtTorch && /a0\+|nvcr\.io|NVIDIA Release/.test(text))
      this.#builtTorch =
        /\b[12]\.\d{1,2}\.\d{1,2}a0\+(?:git)?[\da-f]{7,}|\bnvcr\.io\/nvidia\/pytorch\b|^NVIDIA Release \d\d\.\d\d\b/.test(
          text,
        );
    if (!this.#buildKit && text.includes("RUN --mount=")) this.#buildKit = true;
  }

  /** `Name: a`, `Location: /e/lib/python3.8/site-packages`, `Editable project location: /w/a`. */
  #pipShow(text: string): void {
    if (text.startsWith("Name: ")) this.#shownName = /^Name: ([\w.-]+)\s*$/.exec(text)?.[1];
    if (this.#shownName === undefined || !text.includes("ocation: ")) return;
    if (/^Location: .*[\\/](?:site|dist)-packages\s*$/.test(text) && this.#shown.size < 20)
      this.#shown.add(this.#shownName);
    if (text.startsWith("Editable project location: ")) this.#shown.delete(this.#shownName);
  }

  facts(): BuildFacts {
    return {
      shownInstalled: [...this.#shown],
      ...this.#architectures.facts(),
      ownGencode: [...this.#gencode].filter((arch) => !this.#ofTorch.has(arch)),
      torchGencode: [...this.#ofTorch],
      compiledFor: [...this.#compiledFor],
      killedForMemory: this.#memory,
      ...(this.#jobs === undefined ? {} : { maxJobs: this.#jobs }),
      linksCudaProgram: this.#cudaProgram,
      orphanCompilers: this.#orphans,
      needsBuildKit: this.#buildKit,
      namesMinkowski: this.#minkowski,
      builtTorch: this.#builtTorch,
      tritonOptional: this.#tritonOptional,
      ...(this.#cudaFolder === undefined ? {} : { linkedToolkit: this.#cudaFolder }),
      ...(this.#bundled === undefined ? {} : { bundledPython: this.#bundled }),
      ...(this.#condaCuda === undefined ? {} : { condaTorchCuda: this.#condaCuda }),
      ...(this.#forge ? { nvccOfCondaForge: true } : {}),
      ...(this.#uvMade ? { uvMadeEnvironment: true as const } : {}),
      ...(this.#uvEnvironment === undefined ? {} : { uvEnvironment: this.#uvEnvironment }),
      ...(this.#folder === undefined ? {} : { torchLinkFolder: this.#folder }),
      ...(this.#list === undefined ? {} : { archListSet: this.#list }),
      ...(this.#named === undefined ? {} : { archListNamed: this.#named }),
      ...(this.#bodiless.length === 0 ? {} : { kernelsWithoutBody: [...this.#bodiless] }),
      nvccByCcache: this.#ccache,
      namesSccache: this.#sccache,
      generatedBuilds: Array.from(this.#generated, ([folder, installed]) => ({ folder, installed })),
      ...(this.#generatedIn === undefined ? {} : { generatedIn: this.#generatedIn }),
      ...(this.#cmakeCuda === undefined ? {} : { cmakeCuda: this.#cmakeCuda }),
      ...(this.#cmakeCudaInclude === undefined ? {} : { cmakeCudaInclude: this.#cmakeCudaInclude }),
      nvtxFallback: this.#nvtxFallback,
      ...(this.#otherList === undefined ? {} : { archListMisspelt: this.#otherList }),
      ...(this.#service === undefined ? {} : { notebookService: this.#service }),
      ...(this.#clone === undefined ? {} : { clonedInto: this.#clone }),
    };
  }
}
