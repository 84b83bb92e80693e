/**
 * Settings of the shell and its commands that a text tells and that lead to the wrong place: another LibTorch on LD_LIBRARY_PATH, a
 * CUDA_HOME that is a list, an index without GPU. Reads one line at a time; whether it matters is for the rules to say.
 */

import { capabilitiesIn } from "./nvidia-gpus.ts";

/** What a text tells of such settings. */
export interface SettingFacts {
  /** A LibTorch, not the torch of the environment, is on LD_LIBRARY_PATH. */
  readonly libtorchOnPath: boolean;
  /** Folders of a CUDA_HOME that is written like a search path: `/usr/local/cuda-9.0`, `/usr/local/cuda-8.0`. */
  readonly cudaHomeList?: readonly string[];
  /** A command installs from an index of packages without GPU: `…/whl/torch-2.8.0+cpu.html`, `…/whl/cpu`. */
  readonly cpuIndex: boolean;
  /** Software comes as environment modules here, as on clusters: `module load gcc/11`. */
  readonly usesModules: boolean;
  /** Compute capability of the NVIDIA GPU whose name the text tells, `8.6`; undefined where it names several. */
  readonly namedGpu?: string;
  /** A runner of GitHub (or cibuildwheel on one) builds. */
  readonly hostedRunner: boolean;
  /** The one package that the last command of pip asks for. */
  readonly asked?: string;
  /** Its release, where one is asked for: `==1.0.1`. */
  readonly askedRelease?: string;
  /** The last command of uv: `pip`, `sync`, `tool`. */
  readonly uvCommand?: string;
  /** The program that `uv tool run`, `uvx` or `uv tool install` is about. */
  readonly uvTool?: string;
}

/** Somebody says that it is not there, or that taking it out was of no use. */
const denied = /\b(?:not|never|no|without|unset|neither)\b|n['’]t\b/i;
const cudaHome = /\bCUDA_(?:HOME|PATH)\s?=\s?["']?([^\s"']{1,400})/;

const modules =
  /(?:^|[\s$#>`&;])(?:module|ml) (?:load|purge|avail|swap|unload|spider|add) ?|^#SBATCH |\/(?:cvmfs|gridware|easybuild|lmod|spack)\/|\/(?:apps|software|sw)\/(?:\w+\/)?(?:compilers?|cuda|gcc|eb)\//i;
const installCommand = /(?:^|[\s`'"!$>(])(?:uv )?pip3? install ([^;&|#`\n]{1,300})/;
/** Options with a value of their own. */
const withValue =
  /^(?:-i|-f|-c|-t|--(?:extra-)?index-url|--find-links|--constraint|--target|--no-binary|--only-binary|--python|--prefix|--root|--timeout)$/;
const packageWord = /^["']?([A-Za-z][\w.-]*)(?:\[[\w,-]+\])?([=<>!~]=?[\w.,<>=!*+-]+)?["']?$/;

/** The package of a command that asks for one alone: torch, files, folders and repositories are none. */
function onePackage(words: string): { readonly name: string; readonly release?: string } | undefined {
  let named: string | undefined;
  let release: string | undefined;
  let value = false;
  for (const word of words.trim().split(/\s+/)) {
    if (value) value = false;
    else if (withValue.test(word)) value = true;
    else if (!word.startsWith("-")) {
      const [, name, wanted] = packageWord.exec(word) ?? [];
      if (name === undefined || named !== undefined) return undefined;
      named = name;
      if (wanted?.startsWith("==") === true) release = wanted;
    } else if (/^-(?:r|e|-requirement|-editable)\b/.test(word)) return undefined;
  }
  if (named === undefined || /^torch$/i.test(named)) return undefined;
  return { name: named, ...(release === undefined ? {} : { release }) };
}

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

/** Gathers them line by line. */
export class SettingReader {
  #libtorch = false;
  #cpuIndex = false;
  #list: readonly string[] | undefined;
  #uv: string | undefined;
  #tool: string | undefined;
  #modules = false;
  #asked: ReturnType<typeof onePackage>;
  #runner = false;
  readonly #gpus = new Set<string>();

  line(text: string): void {
    if (text.length > 600) return;
    if (text.includes("LD_LIBRARY_PATH") && /libtorch(?![\w.-]*\.so)/i.test(text) && !denied.test(text))
      this.#libtorch = true;
    if (text.includes("whl/") && /\binstall .*\/whl\/(?:\S{0,60}(?:\+|%2[Bb]))?cpu\b/.test(text)) this.#cpuIndex = true;
    if (!this.#modules && modules.test(text)) this.#modules = true;
    if (!this.#runner && /\bcibuildwheel\b|hostedtoolcache|\/home\/runner\/work|##\[(?:error|group)\]/.test(text))
      this.#runner = true;
    if (text.length <= 300) for (const capability of capabilitiesIn(text)) this.#gpus.add(capability);
    const request = text.includes("install ") ? installCommand.exec(text)?.[1] : undefined;
    if (request !== undefined) this.#asked = onePackage(request);
    if (text.includes("uv")) {
      const tool = uvTool.exec(text)?.[1];
      if (tool !== undefined) this.#tool = tool;
      const command = tool === undefined ? uvCommand.exec(text)?.[1] : "tool";
      // uv's own hints name `uv pip` below what a command for projects said.
      if (command !== undefined && (command !== "pip" || this.#uv === undefined)) this.#uv = command;
    }
    const value = text.includes("CUDA_") ? cudaHome.exec(text)?.[1] : undefined;
    if (value !== undefined) this.#list ??= listed(value);
  }

  facts(): SettingFacts {
    return {
      libtorchOnPath: this.#libtorch,
      cpuIndex: this.#cpuIndex,
      usesModules: this.#modules,
      hostedRunner: this.#runner,
      ...(this.#gpus.size === 1 ? { namedGpu: [...this.#gpus][0] ?? "" } : {}),
      ...(this.#asked === undefined ? {} : { asked: this.#asked.name }),
      ...(this.#asked?.release === undefined ? {} : { askedRelease: this.#asked.release }),
      ...(this.#uv === undefined ? {} : { uvCommand: this.#uv }),
      ...(this.#tool === undefined ? {} : { uvTool: this.#tool }),
      ...(this.#list === undefined ? {} : { cudaHomeList: this.#list }),
    };
  }
}
