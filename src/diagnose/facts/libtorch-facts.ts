/**
 * LibTorch as a text tells of it: its release, its folder, what the link of the program keeps, the C++ standard of the program. Reads one line at a time; it does not know
 * what lies in that folder.
 */

export interface LibtorchFacts {
  /** `1.12.0` of `libtorch/1.12.0`, `LibTorch 1.12.0`, `libtorch-shared-with-deps-1.12.0`. */
  readonly libtorchRelease?: string;
  /** The CUDA of a cluster's module: `11.2` of `cuda/11.2`. */
  readonly cudaModule?: string;
  /** The C++ standard that CMake is asked for: `14`. */
  readonly cmakeStandard?: string;
  /** The folder of a LibTorch whose files for CMake the text names: `~/libtorch` of `~/libtorch/share/cmake/Torch`. */
  readonly libtorchPrefix?: string;
  /** A crate of Rust that itself asks for tch: `rust-bert`. */
  readonly tchAsker?: string;
  /** Its part for CUDA is in two libraries: torch_cuda_cpp and torch_cuda_cu. */
  readonly splitCuda: boolean;
  /** What the text's link is told to keep of them: `?warp_size@cuda@at@@YAHXZ`. */
  readonly keptCuda: readonly string[];
  /** Whether LibTorch for Windows is the one with checks, as its archive is called. */
  readonly libtorchBuild?: "Debug" | "Release";
  /** Which of them the program is: the folder that Visual Studio puts it in, or what CMake is told. */
  readonly programBuild?: "Debug" | "Release";
  /** The source with the program's main, as a stack of Windows names it. */
  readonly programSource?: string;
}

/** `libtorch is downloaded by hand (version 2.3.0)`, `the 1.11.0 version of libtorch`. */
const said =
  /\blibtorch\b[^\d/\\=,;]{0,50}?\b([12]\.\d{1,2}\.\d)\b|(?<![\w.])v?([12]\.\d{1,2}\.\d)[`"']? (?:version (?:of|for) )?libtorch\b/i;

/** Gathers them line by line. */
export class LibtorchReader {
  #release: string | undefined;
  #standard: string | undefined;
  #module: string | undefined;
  #prefix: string | undefined;
  #asker: string | undefined;
  #split = false;
  #main: string | undefined;
  #libtorchBuild: "Debug" | "Release" | undefined;
  #programBuild: "Debug" | "Release" | undefined;
  readonly #kept = new Set<string>();

  line(text: string): void {
    if (text.length > 1_000) return;
    // CMake names the file and the release that is the least one, not the one that it found.
    if (/libtorch/i.test(text) && !text.includes("Required is at least"))
      this.#release ??=
        /\blibtorch(?:-(?:cxx11-abi|win|macos|shared|static|with|deps|debug|x86_64|arm64))*[-/ :=]{1,3}v?(\d\.\d{1,2}\.\d)\b/i.exec(
          text,
        )?.[1] ??
        said
          .exec(text)
          ?.slice(1)
          .find((release) => release !== undefined);
    if (text.includes("cuda/")) this.#module ??= /(?:^|[\s,`'"])cuda\/(\d{1,2}\.\d)(?![\w/])/.exec(text)?.[1];
    if (text.includes("/share/cmake/Torch"))
      this.#prefix ??= /(?:^|[\s"'=(])([~/][\w./+-]{0,200}?)\/share\/cmake\/Torch\b/.exec(text)?.[1];
    if (text.includes("rust-bert") || text.includes("pyo3-tch"))
      this.#asker ??= /(?:^|[\s`"'])(rust-bert|pyo3-tch)(?: ?=| v\d|[`"'])/.exec(text)?.[1];
    if (text.includes("libtorch-win-"))
      this.#libtorchBuild ??= /\blibtorch-win-shared-with-deps-debug\b/.test(text) ? "Debug" : "Release";
    if (/Debug|Release/.test(text)) this.#built(text);
    if (text.includes("torch_cuda_cu")) this.#split = true;
    if (text.includes("INCLUDE:"))
      for (const [, name = ""] of text.matchAll(/[-/]INCLUDE:"?(\?\w+@[\w@?]{3,120})/g))
        if (this.#kept.size < 4) this.#kept.add(name);
    if (text.includes("!main ["))
      this.#main ??= /!main \[([A-Za-z]:\\[^\]@]{1,200}\.(?:cpp|cc|cxx)) @ \d+\]/.exec(text)?.[1];
    if (text.includes("CXX_STANDARD")) this.#standard ??= /\bCXX_STANDARD[ =]"?(11|14|17|20)\b/.exec(text)?.[1];
  }

  /** The last one counts: people build one after the other. */
  #built(text: string): void {
    const [, told, folder] = /--config[ =]"?(Debug|Release)\b|[\\/](Debug|Release)[\\/][\w.-]+\.exe\b/.exec(text) ?? [];
    const kind = told ?? folder ?? /\bConfiguration: (Debug|Release) (?:x64|Win32)\b/.exec(text)?.[1];
    if (kind === "Debug" || kind === "Release") this.#programBuild = kind;
  }

  facts(): LibtorchFacts {
    return {
      splitCuda: this.#split,
      keptCuda: [...this.#kept],
      ...(this.#libtorchBuild === undefined ? {} : { libtorchBuild: this.#libtorchBuild }),
      ...(this.#programBuild === undefined ? {} : { programBuild: this.#programBuild }),
      ...(this.#main === undefined ? {} : { programSource: this.#main }),
      ...(this.#release === undefined ? {} : { libtorchRelease: this.#release }),
      ...(this.#prefix === undefined ? {} : { libtorchPrefix: this.#prefix }),
      ...(this.#asker === undefined ? {} : { tchAsker: this.#asker }),
      ...(this.#module === undefined ? {} : { cudaModule: this.#module }),
      ...(this.#standard === undefined ? {} : { cmakeStandard: this.#standard }),
    };
  }
}
