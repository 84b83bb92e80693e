/**
 * What a log tells about the machine it comes from: system, Python, CUDA, torch, installer, package. The rules use it
 * where the log is not of this machine, or no environment was probed. `facts-reader.ts` gathers it.
 */
import type { AlpineFacts } from "./alpine-images.ts";
import type { ArchiveFacts } from "./archive-facts.ts";
import type { BuildFacts } from "./build-facts.ts";
import type { BuilderFacts } from "./builder-facts.ts";
import type { CheckFacts } from "./check-facts.ts";
import type { CiFacts } from "./ci-steps.ts";
import type { CompileFacts } from "./compile-lines.ts";
import type { FunctionHeads } from "./function-heads.ts";
import type { JitFacts } from "./jit-facts.ts";
import type { LibraryPathFacts } from "./library-path.ts";
import type { LibtorchFacts } from "./libtorch-facts.ts";
import type { MobileFacts } from "./mobile-facts.ts";
import type { OperatorFacts } from "./operator-facts.ts";
import type { JobFacts } from "./job-facts.ts";
import type { OtherField } from "./other-field.ts";
import type { PasteFacts } from "./paste-facts.ts";
import type { PixiFacts } from "./pixi-facts.ts";
import type { PlaceFacts } from "./place-facts.ts";
import type { PlatformFacts } from "./platform-facts.ts";
import type { RequestFacts } from "./request-facts.ts";
import type { SignatureFacts } from "./signatures.ts";
import type { SettingFacts } from "./setting-facts.ts";
import type { ShownCompilers } from "./shown-compilers.ts";
import type { ShownLineFacts } from "./shown-lines.ts";
import type { ShownLibraries } from "./shown-libraries.ts";
import type { SystemFacts } from "./system-facts.ts";
import type { ToldVariables } from "./told-variables.ts";
import type { ToolFacts } from "./tool-facts.ts";
import type { TypedFacts } from "./typed-commands.ts";
import type { TypedGitFacts } from "./typed-git.ts";
import type { UnpackedFacts } from "./unpacked-facts.ts";

/** Facts of a log; what it does not tell is undefined. */
export interface LogFacts
  extends
    AlpineFacts,
    ArchiveFacts,
    BuildFacts,
    BuilderFacts,
    CheckFacts,
    CiFacts,
    CompileFacts,
    FunctionHeads,
    SignatureFacts,
    JitFacts,
    JobFacts,
    LibraryPathFacts,
    LibtorchFacts,
    MobileFacts,
    OperatorFacts,
    PasteFacts,
    PixiFacts,
    PlaceFacts,
    PlatformFacts,
    RequestFacts,
    SettingFacts,
    ShownCompilers,
    ShownLineFacts,
    ShownLibraries,
    SystemFacts,
    ToldVariables,
    ToolFacts,
    TypedFacts,
    TypedGitFacts,
    UnpackedFacts {
  /** Packages of a Python 2 are named, and no Python 3. */
  readonly oldPython?: boolean;
  /** `3.10`. */
  readonly python?: string;
  /** `12.1`: the toolkit that was used. */
  readonly cuda?: string;
  /** `2.6.0`. */
  readonly torch?: string;
  readonly installer?: "pip" | "uv" | "conda" | "poetry" | "pdm" | "pixi" | "setup.py";
  /** `site-packages` folders in it, some of them; not those that an installer makes for one build. */
  readonly packageFolders: readonly string[];
  readonly conda: boolean;
  /** The log tells of an extension that `load()` builds while a program runs. */
  readonly builtAtRunTime: boolean;
  /** Code of the text calls torch.compile(), or a test is named for it. */
  readonly showsCompile?: boolean;
  /** torch.compile is asked for one graph, without a cut. */
  readonly asksFullGraph?: boolean;
  /** Code of the text calls load() or load_inline(). */
  readonly showsLoad?: boolean;
  /** The GPU is AMD's: torch for ROCm says `CUDA error`, too. */
  readonly amd: boolean;
  /** Target of the AMD GPU: `gfx1034`. */
  readonly gfx?: string;
  /** Number of a GPU other than 0 that the paste speaks of: `cuda:1`. */
  readonly otherGpu?: string;
  /** torch says that it loads an extension, or how long that took: no lock is waited for. */
  readonly extensionLoaded: boolean;
  readonly docker: boolean;
  /** The package that was being built or imported. */
  readonly package?: string;
  /** The package whose sources pip fetched and unpacked, by the name of the folder: `pip-install-ab1/my-ops_c2`. */
  readonly unpackedPackage?: string;
  /** Packages that are installed from a folder: pip says that it processes the folder, and fetches none of their names. */
  readonly localPackages: readonly string[];
  /** The folders, as whole paths, that pip says it processes: `/w/FRNN` and, within it, `/w/FRNN/external/prefix_sum`. */
  readonly processedFolders: readonly string[];
  /** Packages that an installer compiled from what an index or a repository has. */
  readonly compiledPackages: readonly string[];
  /** What an installer has to be asked for to build the package again, as words of a shell: `a==1.0`, `"git+https://…"`, `-e ./a`. */
  readonly requirement?: string;
  /** Top folder in site-packages of the last line of a traceback, without those that load or carry others. */
  readonly runningModule?: string;
  /** The well-known package whose compiled module a line of Python calls. */
  readonly calledPackage?: string;
  /** Build folder of a JIT extension: `/root/.cache/torch_extensions/py310_cu117/fused`. */
  readonly jitFolder?: string;
  /** Folder of all JIT extensions, as torch says it: `/root/.cache/torch_extensions/py310_cu117`. */
  readonly jitRoot?: string;
  /** What the text is of, when nothing in it names torch. */
  readonly otherField?: OtherField;
  /** Versions of installed packages, by their plain names, as lists in the text state them: `mmcv-full` → `1.7.0`. */
  readonly versions: Readonly<Record<string, string>>;
}
