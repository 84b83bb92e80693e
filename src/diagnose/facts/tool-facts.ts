/**
 * What a text tells of the commands of tools beside the installer: auditwheel's options, cibuildwheel, the LibTorch that was
 * fetched, torchvision and torchaudio that stand beside torch in a command, the gcc of a cluster's module or of Spack. So that a
 * fix keeps them. Reads one line at a time.
 */

import { compareVersions, parseVersion } from "../../base/order.ts";

export interface ToolFacts {
  /** Options of `auditwheel repair`, without its folders and wheels: `--plat manylinux_2_34_x86_64`, `--exclude libc10.so`. */
  readonly auditwheel?: readonly string[];
  /** Libraries that delocate does not find: `libc10.dylib`. */
  readonly notLocated?: readonly string[];
  /** The newest macOS that a library in the wheel asks for, as delocate says: `13.0`. */
  readonly macosOfLibraries?: string;
  /** Windows's nvcc, where the text lists more than one: `C:\e\Library\bin\nvcc.exe`. */
  readonly nvccPlaces?: readonly string[];
  /** cibuildwheel builds. */
  readonly cibuildwheel: boolean;
  /** The LibTorch that was fetched: `https://download.pytorch.org/libtorch/cpu/libtorch-cxx11-abi-shared-with-deps-2.2.1%2Bcpu.zip`. */
  readonly libtorchZip?: string;
  /** What a command asks for beside a release of torch: `torchvision==0.18.1+cu121`. */
  readonly companions?: readonly string[];
  /** The gcc that a module brings: `gcc/11.3.0`. */
  readonly gccModule?: string;
  /** The program that ran, as the traceback's first line or its command names it: `train.py`. */
  readonly script?: string;
  /** What its command hands to it: `--batch 16`. */
  readonly scriptArguments?: string;
  /** The Python whose pip `pip --version` shows: `3.10`. */
  readonly pipPython?: string;
  /** A free-threaded Python runs or is built for: `python3.13t`, `cp314t`. */
  readonly freeThreaded: boolean;
  /** The C library is musl: Alpine, or a build for musllinux. */
  readonly musl: boolean;
  /** clang compiles for both processors of Macs, as a Python that is made for both (universal2) tells it to. */
  readonly bothProcessors: boolean;
  /** The folder with a space in it that cl.exe gets without quotes: `c:/Users/Ann Lee/AppData/`. */
  readonly spacedInclude?: string;
  /** The one target that the CMakeLists.txt in the text makes or links: `my_ext`. */
  readonly cmakeTarget?: string;
  /** The keyword of its target_link_libraries, `PRIVATE`; empty for the plain form, undefined where none stands in the text. */
  readonly cmakeKeyword?: string;
  /** The CMakeLists.txt in the text links `${TORCH_LIBRARIES}`, and names torch_python nowhere. */
  readonly linksTorchAlone: boolean;
  /** The gcc that Spack compiles with: `9.3.0`. */
  readonly spackGcc?: string;
}

const gccModule = /\b(?:module|ml) (?:load |add |swap \S+ )?(?:[\w./+-]+ )*?((?:gcc|GCC|gnu|GCCcore)\/[\w.+-]+)/;
const spackGcc = /\/spack\/\S{0,200}?\/gcc-(\d+\.\d+(?:\.\d+)?)\//;
const withValue = /^--(?:plat|exclude|lib-sdir|zip-compression-level|ldpaths|disable-isa-ext-check)$/;

const cmakeTarget =
  /\b(?:add_library|add_executable|target_link_libraries|(?:pybind11|[Pp]ython3?|nanobind)_add_(?:module|library))\s*\(\s*([A-Za-z_][\w.+-]*|\$\{\w+\})(?=[\s)]|$)/;
const cmakeKeyword = /\btarget_link_libraries\s*\(\s*\S+ +(PRIVATE|PUBLIC|INTERFACE)?/;

/** A program of the user's own: no installed package, no build. */
function scriptIn(text: string): string | undefined {
  const [, file] = /^\s*File "([^"<>]{1,200}\.py)", line \d+, in <module>$/.exec(text) ?? [];
  const [, started] =
    file === undefined
      ? (/(?:^|[$#>] ?)(?:python3?|torchrun)(?:\.exe)? ([\w./\\:-]{1,120}\.py)(?= |$)/.exec(text) ?? [])
      : [];
  const found = file ?? started;
  return found === undefined ||
    /-packages|[\\/]lib[\\/]python|[\\/]bin[\\/]|pip-|(?:^|[\\/])(?:setup|conf|__init__|__main__)\.py$|\/tmp\//i.test(
      found,
    )
    ? undefined
    : found;
}

/** `python train.py --batch 16`: a command that ends with its line. */
const startsScript =
  /(?:^(?:[$%>#] )?|[\w)\]:\\~/-][$#>%] ?)(?:python3?(?:\.\d+)?|torchrun)(?:\.exe)? ((?:[\w./\\:-]{0,119})\w\.py)((?: -{1,2}[A-Za-z][\w.-]*(?:[= ][\w./\\:=,+@-]+)*)+) *$/;

/** The options among the words of a command that go on the next line. */
function optionsIn(text: string): string[] {
  const words = text.split(/\s+/).filter((word) => word !== "" && word !== "\\");
  const options: string[] = [];
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? "";
    if (withValue.test(word) && words[at + 1] !== undefined) options.push(`${word} ${words[++at] ?? ""}`);
    else if (/^--(?:plat|exclude|only-plat|strip|no-update-tags)\b/.test(word)) options.push(word.replace(/=/, " "));
  }
  return options;
}

/** Gathers them line by line. */
export class ToolReader {
  readonly #auditwheel: string[] = [];
  #goesOn = false;
  readonly #notLocated = new Set<string>();
  #macos: string | undefined;
  readonly #nvccs = new Set<string>();
  #cibuildwheel = false;
  #zip: string | undefined;
  #companions: readonly string[] | undefined;
  #module: string | undefined;
  #spack: string | undefined;
  #freeThreaded = false;
  #musl = false;
  #both = false;
  #pip: string | undefined;
  #script: string | undefined;
  #started: readonly [script: string, options: string] | undefined;
  readonly #targets = new Set<string>();
  #keyword: string | undefined;
  #linksTorch = false;
  #linksTorchPython = false;
  #spaced: string | undefined;

  line(text: string): void {
    if (text.includes("cl /I "))
      this.#spaced ??= /\/I ([A-Za-z]:[\\/][^\s"/\\]+(?:[\\/][^\s"/\\]+)* [^\s"/\\]+)[\\/]/.exec(
        text.slice(0, 4_000),
      )?.[1];
    if (!this.#both && text.includes("-arch "))
      this.#both = /-arch arm64 -arch x86_64|-arch x86_64 -arch arm64/.test(text.slice(0, 4_000));
    if (text.length > 600) return;
    if (!this.#freeThreaded && text.includes("3"))
      this.#freeThreaded =
        /\+freethreaded\b|\bcp31\dt\b|\bpython3?\.?1\dt\b|\bpython3\.1\dt\b|(?:^|[\s(,-])3\.1\dt(?=[\s,)]|$)|\bfree-threaded Python\b/.test(
          text,
        ) && !/skip|exclud|no wheel/i.test(text);
    if (text.includes(".dylib not found") && this.#notLocated.size < 8) {
      const library = /^(?:ERROR:delocate\.libsana:)?@(?:rpath|loader_path)\/(\S+\.dylib) not found/.exec(text)?.[1];
      if (library !== undefined) this.#notLocated.add(library);
    }
    if (text.includes("nvcc.exe") && !text.includes(" -c ") && this.#nvccs.size < 4)
      for (const [place] of text.matchAll(/[A-Za-z]:[\\/][\w .()\\/+-]{1,160}?[\\/]bin[\\/]{1,2}nvcc\.exe/g))
        this.#nvccs.add(place.replaceAll("\\\\", "\\"));
    if (text.includes("minimum target of ") || text.includes("to update minimum")) {
      const asked = /has a minimum target of (\d+(?:\.\d+)*)|MACOSX_DEPLOYMENT_TARGET=(\d+(?:\.\d+)*)/.exec(text);
      const version = asked?.[1] ?? asked?.[2];
      if (version !== undefined && compareVersions(parseVersion(version), parseVersion(this.#macos ?? "0")) > 0)
        this.#macos = version;
    }
    if (text.includes("ibuildwheel") || text.includes("CIBW_") || text.includes("cibw-run")) this.#cibuildwheel = true;
    if (text.startsWith("pip "))
      this.#pip ??= /^pip \d\S* from .{1,300} \(python (3\.\d{1,2})\)$/.exec(text.trim())?.[1];
    if (text.includes(".py")) {
      this.#script ??= scriptIn(text);
      const [, started, options] = text.includes(".py -") ? (startsScript.exec(text) ?? []) : [];
      if (started !== undefined && options !== undefined && scriptIn(`$ python ${started}`) !== undefined)
        this.#started = [started, options.trim()];
    }
    if (/librar|_module\s*\(|add_exec/.test(text)) {
      const target = cmakeTarget.exec(text)?.[1];
      if (target !== undefined) this.#targets.add(target);
      const linked = cmakeKeyword.exec(text);
      if (linked !== null) this.#keyword ??= linked[1] ?? "";
    }
    if (text.includes("TORCH_LIBRARIES"))
      this.#linksTorch ||= /\btarget_link_libraries\s*\([^)#]*\$\{TORCH_LIBRARIES\}/.test(text);
    if (/torch_python|TORCH_PYTHON/.test(text))
      this.#linksTorchPython ||= /find_library|target_link|-ltorch_python|\$\{?TORCH_PYTHON/.test(text);
    if (!this.#musl && /musl|lpine|apk add/.test(text))
      this.#musl =
        /\bmusllinux_|-musllinux\b|\bAlpine (?:Linux|\d)|[:-]alpine[\d.]*\b|\balpine:\d|\bapk add\b|ld-musl/.test(
          text,
        ) && !/skip/i.test(text);
    const repairs = text.includes("auditwheel repair ");
    if (repairs || (this.#goesOn && /^\s*--?\w|^\s*\S+\.whl\b/.test(text))) {
      this.#auditwheel.push(...optionsIn(repairs ? text.slice(text.indexOf("auditwheel repair ") + 18) : text));
      this.#goesOn = text.trimEnd().endsWith("\\");
    } else this.#goesOn = false;
    if (text.includes("/libtorch/"))
      this.#zip ??= /https:\/\/download\.pytorch\.org\/libtorch\/[^\s"'<>()]{1,160}\.zip/.exec(text)?.[0];
    if (text.includes("install ") && /\btorch==\d/.test(text)) {
      const beside = [...text.matchAll(/(?<=\s|["'])torch(?:vision|audio)==[\d.]+(?:\+\w+)?/g)].map(([word]) => word);
      if (beside.length > 0) this.#companions = beside;
    }
    if (text.includes("odule load") || text.includes("odule add") || text.includes("odule swap"))
      this.#module = gccModule.exec(text)?.[1] ?? this.#module;
    if (text.includes("oading "))
      this.#module = /^\s*Loading ((?:gcc|GCC)\/\d[\w.+-]*)\s*$/.exec(text)?.[1] ?? this.#module;
    if (text.includes("/spack/")) this.#spack ??= spackGcc.exec(text)?.[1];
  }

  facts(): ToolFacts {
    const [started, options] = this.#started ?? [];
    const nameOf = (path: string): string => path.split(/[\\/]/).at(-1) ?? path;
    const isIt = started !== undefined && (this.#script === undefined || nameOf(this.#script) === nameOf(started));
    const script = isIt ? started : this.#script;
    return {
      ...(script === undefined ? {} : { script }),
      ...(isIt && options !== undefined ? { scriptArguments: options } : {}),
      ...(this.#pip === undefined ? {} : { pipPython: this.#pip }),
      freeThreaded: this.#freeThreaded,
      linksTorchAlone: this.#linksTorch && !this.#linksTorchPython,
      musl: this.#musl,
      bothProcessors: this.#both,
      ...(this.#targets.size === 1 ? { cmakeTarget: [...this.#targets][0] ?? "" } : {}),
      ...(this.#keyword === undefined ? {} : { cmakeKeyword: this.#keyword }),
      cibuildwheel: this.#cibuildwheel,
      ...(this.#nvccs.size < 2 ? {} : { nvccPlaces: [...this.#nvccs] }),
      ...(this.#macos === undefined ? {} : { macosOfLibraries: this.#macos }),
      ...(this.#notLocated.size === 0 ? {} : { notLocated: [...this.#notLocated] }),
      ...(this.#auditwheel.length === 0 ? {} : { auditwheel: [...new Set(this.#auditwheel)] }),
      ...(this.#zip === undefined ? {} : { libtorchZip: this.#zip }),
      ...(this.#companions === undefined ? {} : { companions: this.#companions }),
      ...(this.#module === undefined ? {} : { gccModule: this.#module }),
      ...(this.#spaced === undefined ? {} : { spacedInclude: this.#spaced }),
      ...(this.#spack === undefined ? {} : { spackGcc: this.#spack }),
    };
  }
}
