/**
 * The torch of a paste: its release, its build and its CUDA, as `collect_env`, lists of packages and people tell them; and a torch that
 * was fetched for one build, which is none that is installed. Reads one line at a time; it does not know which torch would be right.
 */
import { plainStatement } from "./stated-versions.ts";

/** Kinds of builds of torch. */
export type TorchBuild = "cpu" | "cuda" | "rocm" | "xpu";

/** What a paste says of the torch that is installed. */
export interface TorchFacts {
  /** The installed torch as the paste states it, `2.1.2+cpu`; a version that something was built for is not meant. */
  readonly installedTorch?: string;
  /** torch is a build of conda-forge, as a list of conda's tells: with other flags than PyTorch's own wheels. */
  readonly torchOfCondaForge?: boolean;
  /** The torch that a package says it was built for, beside the one that is there: `2.1.2+cu121`. */
  readonly builtForTorch?: string;
  /** What the installed torch was built for. */
  readonly torchBuild?: TorchBuild;
  /** CUDA major and minor of torch, `11.8`. */
  readonly torchCuda?: string;
  /** ROCm of torch, `6.2`. */
  readonly torchRocm?: string;
  /** Whether torch has the new std::string, as `collect_env` says. */
  readonly cxx11Abi?: boolean;
  /** Where a wheel of torch lies, as the paste has it: `https://developer.download.nvidia.com/…/torch-1.12.0a0+….whl`. */
  readonly torchWheel?: string;
  /** torch that pip or uv fetched for the build alone, `1.11.0`. */
  readonly isolatedTorch?: string;
  /** The oldest and the newest compute capability that torch says to have code for: `8.0`, `12.0`. */
  readonly torchCapabilities?: readonly [oldest: string, newest: string];
}

type Mutable = { -readonly [Name in keyof TorchFacts]: TorchFacts[Name] };

const release = String.raw`\d+\.\d+(?:\.\d+)?(?:(?:a|b|rc)\d+|\.dev\d+)?`;
const local = String.raw`\+[\w.]+`;
/** Sentences whose version is that of the installed torch. */
const installed: readonly RegExp[] = [
  new RegExp(String.raw`\(you have (${release}(?:${local})?)\)`),
  new RegExp(
    String.raw`^(?:\[pip3?\] |\[conda\] )?(?:Py|py)?[Tt]orch(?:[ _]version)?\s*[:=]{1,2}\s*(${release}(?:${local})?)`,
  ),
  new RegExp(String.raw`\bPyTorch version(?: is)?\s?[:=(]\s*(${release}(?:${local})?)`, "i"),
  // As Horovod's CMake tells it.
  new RegExp(String.raw`-- Found Pytorch: (${release}(?:${local})?)(?=\s|$)`),
  // The same word in Chinese, Japanese and Korean.
  new RegExp(
    String.raw`\b[Pp]?[Yy]?[Tt]orch ?(?:版本号?|バージョン|버전)\s?(?:[:：=是为]\s?)?(${release}(?:${local})?)`,
  ),
  // In a sentence about the writer's own machine.
  new RegExp(
    String.raw`^(?!.*\b(?:requires?|needs?|built|compiled|supports?|expects?|instead of|upgrad\w+|downgrad\w+|tried|works? with|older|newer|minimum|at least)\b).*\b(?:[Mm]y |[Uu]sing |[Ww]ith |and |, )(?:[Pp]y)?[Tt]orch(?:\s?version)?(?: is|:|=|\.)? ?v?(${release}(?:${local})?)(?=$|[\s,;)]|\.(?:\s|$))`,
  ),
  new RegExp(
    String.raw`(?<!required |needed |supported |minimum |right |correct )\btorch version is (${release}(?:${local})?)(?!\w|\.\w)`,
  ),
  new RegExp(
    String.raw`\b(?:[Mm]y (?:environment|env|setup|system)(?: is|:)|I (?:am using|use|used|have)|I'm using) (?:[Pp]y)?[Tt]orch (${release}(?:${local})?)(?!\w|\.\w)`,
  ),
  new RegExp(
    String.raw`^(?!.*\b(?:solved?|fix(?:ed|es)?|works?|worked|try|need|should)\b).*\b(?:upgraded?|downgraded?|updated?) (?:my )?(?:[Pp]y)?[Tt]orch (?:from \S+ )?to (?:version )?v?(${release}(?:${local})?)(?=$|[\s,;)]|\.(?:\s|$))`,
  ),
  new RegExp(String.raw`^(?:>>> )?torch\s+(${release}(?:${local})?)(?:\s|$)`),
  new RegExp(String.raw`^[Pp]y[Tt]orch(?: version)?\s+(${release}(?:${local})?)(?:\s+@\S+)?$`),
  new RegExp(String.raw`\btorch\.__version__\s*(?:[:=]{1,2}|->|is)\s*['"]?(${release}(?:${local})?)`),
  // The answer of `print(torch.__version__)`.
  /^(?:Out ?\[\d+\]: )?['"]?(\d+\.\d+\.\d+(?:\.dev\d+)?\+(?:cpu|cu\d{2,3}|rocm[\d.]+|xpu)\b)/,
  // `Name: torch`, `Version: …` of pip show are two lines; this is how uv and pip tell that nothing is to be done.
  new RegExp(String.raw`Requirement already satisfied: torch[=<>!~ ].*\((${release}(?:${local})?)\)$`),
];
/** uv tells what it has put in place of another release: `+ torch==2.7.1+cu128`, behind `- torch==2.6.0`. */
const changedByUv = new RegExp(String.raw`^\+ torch==(${release}(?:${local})?)$`);
/** A line of `conda list`: `pytorch  1.13.1  py3.9_cuda11.7_cudnn8.5.0_0  pytorch`. */
const ofCondaList = /^(?:\[conda\] )?pytorch\s+(\d+\.\d+\.\d+)\s+py3\.?\d{1,2}_(?:cpu|cuda(\d+\.\d+)_)/;
/** The same of conda-forge, whose builds have names of their own: `cpu_generic_py310ha4c588e_0`, `cuda118_py311h30ffba6_200`. */
const ofCondaForge =
  /^(?:\[conda\] )?(?:lib)?(?:py)?torch\s+(\d+\.\d+\.\d+)\s+(?:cpu|cuda_?(\d{2})(\d))(?:_(?:generic|mkl|openblas|accelerate))?_(?:py3\d{1,2})?h[\da-f]{6,}_\d+/;
/** The CUDA that torch was built with, as `collect_env` and the checks of set-up scripts tell it. */
const torchsCuda: readonly RegExp[] = [
  /^CUDA used to build PyTorch: (\S+)/,
  /^(?:[Pp]y)?[Tt]orch(?:'s)? (?:CUDA|Cuda|cuda)(?: version)?\s?[:=]\s?(\d+\.\d+)/,
  /\b[Pp]y[Tt]orch binaries were compiled with C(?:uda|UDA) (\d+\.\d+)/,
  /^PyTorch ?\((\d+\.\d+)\)\. Please make sure/,
  /\bPyTorch has CUDA [Vv]ersion[ =:]{1,3}(\d+\.\d+)/,
  /mismatches the version that was used to compile ?PyTorch ?\((\d+\.\d+)\)/,
  /does not match the version torch was compiled with (\d+\.\d+)/,
  /\btorch\.version\.cuda\)?\s*(?:[:=]{1,2}|->|is)\s*['"`]?(\d+\.\d+)/,
];

/** Gathers them line by line. */
export class TorchReader {
  #noCuda = false;
  /** What is run is of an environment that pip or uv made for one build. */
  #isolated = false;
  readonly #facts: Mutable = {};

  line(text: string): void {
    const facts = this.#facts;
    if (text.length < 400) this.#torch(text);
    // pip indents what it fetches for one build.
    const fetched = /^\s{4,}(?:Using cached|Downloading) torch-(\d+\.\d+(?:\.\d+)?)\S*\.whl/.exec(text)?.[1];
    if (fetched !== undefined) facts.isolatedTorch ??= fetched;
    const wheel = text.includes("/torch-")
      ? /https?:\/\/[^\s"'<>()]{1,300}\/torch-\d[^\s"'<>()]{1,200}\.whl/.exec(text)?.[0]
      : undefined;
    if (wheel !== undefined) facts.torchWheel ??= wheel;
    if (/(?:pip-build-env-\w+|builds-v0[\\/][^\\/]+)[\\/].{0,80}-packages[\\/]torch[\\/]/.test(text))
      this.#isolated = true;
    if (text.includes(") - (")) {
      const [, oldest, newest] =
        /(?:^\s*|capability supported by this version of PyTorch is\s+)\((\d+\.\d)\) - \((\d+\.\d)\)/.exec(text) ?? [];
      if (oldest !== undefined && newest !== undefined) facts.torchCapabilities ??= [oldest, newest];
    }
  }

  #torch(text: string): void {
    const facts = this.#facts;
    const changed = text.includes("torch==") ? changedByUv.exec(text.trim())?.[1] : undefined;
    if (changed !== undefined) {
      facts.installedTorch = changed;
      delete facts.torchBuild;
      this.#build(changed);
      return;
    }
    text = plainStatement(text);
    for (const form of installed) {
      const version = form.exec(text)?.[1];
      if (version === undefined) continue;
      if (this.#isolated && text.includes("__version__")) {
        facts.isolatedTorch ??= version.replace(/\+.*$/, "");
        break;
      }
      if (facts.installedTorch === undefined || version.startsWith(`${facts.installedTorch}+`))
        facts.installedTorch = version;
      this.#build(version);
      break;
    }
    const [list, listed, listedCuda] = text.includes("pytorch ") ? (ofCondaList.exec(text) ?? []) : [];
    if (list !== undefined) {
      facts.installedTorch ??= listed ?? "";
      facts.torchBuild ??= listedCuda === undefined ? "cpu" : "cuda";
      if (listedCuda !== undefined) facts.torchCuda ??= listedCuda;
    }
    const [forge, forged, major, minor] = text.includes("torch ") ? (ofCondaForge.exec(text) ?? []) : [];
    if (forge !== undefined) {
      facts.torchOfCondaForge = true;
      facts.installedTorch ??= forged ?? "";
      facts.torchBuild ??= major === undefined ? "cpu" : "cuda";
      if (major !== undefined) facts.torchCuda ??= `${major}.${minor ?? ""}`;
    }
    const builtFor = /PyTorch (\d\S+) with .*\(you have /.exec(text)?.[1];
    if (builtFor !== undefined) facts.builtForTorch ??= builtFor;
    const cuda = torchsCuda.map((form) => form.exec(text)?.[1]).find((found) => found !== undefined);
    if (cuda !== undefined && /^\d/.test(cuda)) {
      facts.torchBuild ??= "cuda";
      facts.torchCuda ??= cuda;
    }
    // Both are said of a build without.
    if (/^CUDA used to build PyTorch: (?:None|Could not collect)\b/.test(text)) this.#noCuda = true;
    const rocm = /^ROCM used to build PyTorch: (\d+\.\d+)?/.exec(text);
    if (rocm?.[1] !== undefined) {
      facts.torchBuild = "rocm";
      facts.torchRocm ??= rocm[1];
    }
    const abi = /CXX11[ _]ABI\b\s*[:=]\s*(Yes|No|True|False|1|0)\b/i.exec(text);
    if (abi !== null && !/-D_GLIBCXX/.test(text)) facts.cxx11Abi ??= /yes|true|1/i.test(abi[1] ?? "");
  }

  #build(version: string): void {
    const facts = this.#facts;
    const tag = /\+(cpu|cu|rocm|xpu)([\d.]*)/.exec(version);
    if (tag === null) return;
    facts.torchBuild ??= tag[1] === "cu" ? "cuda" : (tag[1] as TorchBuild);
    const rocm = tag[1] === "rocm" ? /^\d+\.\d+/.exec(tag[2] ?? "")?.[0] : undefined;
    if (rocm !== undefined) facts.torchRocm ??= rocm;
  }

  facts(): TorchFacts {
    const without = this.#noCuda && this.#facts.torchBuild === undefined;
    return { ...this.#facts, ...(without ? { torchBuild: "cpu" as const } : {}) };
  }
}
