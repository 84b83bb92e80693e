/**
 * What the lines of compilers tell of a build: which source is C, which extension setuptools builds, the form of std::string that is
 * asked for, the clang that compiles. Reads one line at a time; what it means is for the rules to say.
 */

export interface CompileFacts {
  /** Headers of TH stand on a compiler's line: torch 1.10 or older. */
  readonly oldTorchHeaders?: true;
  /** A clang, or a compiler made of it (icpx, hipcc), says that its linker failed. */
  readonly clangLinks?: true;
  /** The CUDA toolkit whose headers a compile takes: `/usr/local/cuda-8.0` of `-I/usr/local/cuda-8.0/include`. */
  readonly includedToolkit?: string;
  /** The toolkit whose nvcc compiles, by its path: `/apps/cuda/12.1` of `/apps/cuda/12.1/bin/nvcc -c k.cu`. */
  readonly calledToolkit?: string;
  /** A source that is compiled as C: `src/lz.c`. */
  readonly cSource?: string;
  /** The extension that setuptools builds: `pkg._core`. */
  readonly builtExtension?: string;
  /** A compiler's line asks for the old form of std::string: `-D_GLIBCXX_USE_CXX11_ABI=0`. */
  readonly oldStringsAsked: boolean;
  /** The clang that compiles by its number in the name: `19` of `clang++-19`. */
  readonly clangRelease?: string;
  /** clang compiles with -flto: its objects hold bitcode. */
  readonly clangLto: boolean;
  /** The last line that links with libraries, as the compiler was called: `g++ -o app app.o -lc10`. */
  readonly linkLine?: string;
  /** What CMake links last: `app` of `[100%] Linking CXX executable app`. */
  readonly linkedTarget?: string;
  /** The program that links objects, as a build shows it: `gcc` of `gcc -o app main.o`. */
  readonly linkProgram?: string;
  /** What stands before `-c` in setuptools' own compile: flags of Python's build and of CFLAGS. */
  readonly flagsOfShell?: string;
  /** What stands behind the object in it: the extension's own extra_compile_args. */
  readonly flagsOfExtension?: string;
  /** What stands before the objects in setuptools' own link: flags of Python's build and of LDFLAGS. */
  readonly linkFlagsOfShell?: string;
  /** The last line that links a program or a library names neither torch nor one of its libraries. */
  readonly linksWithoutTorch?: boolean;
  /** The program that a build asks `which` for as nvcc's host compiler: `gcc-7` of `-ccbin=$(which gcc-7)`. */
  readonly hostByWhich?: string;
  /** The program, without a folder, that nvcc is told to compile the host's part with: `gcc-6.3.0` of `-ccbin=gcc-6.3.0`. */
  readonly hostByFlag?: string;
  /** The one source for the GPU that the failure can be of: the file that a warning of nvcc names, else the only one compiled. */
  readonly gpuSource?: string;
  /** The project's folder, above those that hold the sources of all compiles: `/w/ops` of `-c /w/ops/csrc/a.cpp`. None that an installer made. */
  readonly compiledFolder?: string;
}

/** The folder of a source that is named by its whole path, without the folders for sources in a project. */
function folderOfSource(text: string): string | undefined {
  const source = / -c "?(\/[\w./+@-]{1,300}\.(?:cpp|cc|cxx|cu))(?="? |"?$)/.exec(text)?.[1];
  if (source === undefined || /-packages\/|\/pip-|\/builds-v0\/|^\/tmp\/|torch_extensions|\/\.\.\//.test(source))
    return undefined;
  return (
    /^(\/.+?)\/(?:src|csrc|cpp|cuda|ops|lib|kernels)\//.exec(source)?.[1] ?? source.slice(0, source.lastIndexOf("/"))
  );
}

/** A compiler's whole command that makes a file of objects, without words that a shell would read otherwise. */
const links = /^(?:\S*\/)?(?:[cg]\+\+|gcc|clang(?:\+\+)?)(?:-\d+)? (?!.* -c )(?=.* -o )(?=.* -l\w)[^"'`$;|<>()]+$/;

/** A compiler's line that makes a program or a library of objects. */
const linksObjects =
  /^\s*(?:\[\d+\/\d+\] )?(?:: && )?(?:\S*\/)?(?:[cg]\+\+|g?cc|clang(?:\+\+)?|x86_64\S+-[cg]\+\+)(?:-\d+)? (?!(?:.* )?-c )(?=.*\.o(?: |$))(?=(?:.* )?-o )/;

/** Gathers them line by line. */
export class CompileReader {
  readonly #folders = new Set<string>();
  #cSource: string | undefined;
  #extension: string | undefined;
  #oldStrings = false;
  #th = false;
  #clangLinks = false;
  #clang: string | undefined;
  #lto = false;
  #link: string | undefined;
  #withoutTorch: boolean | undefined;
  #linkProgram: string | undefined;
  #linkedTarget: string | undefined;
  #ofShell: readonly [before: string, behind: string] | undefined;
  #linkOfShell: string | undefined;
  readonly #gpuSources = new Set<string>();
  #hostCallIn: string | undefined;
  #toolkit: string | undefined;
  #which: string | undefined;
  #host: string | undefined;
  #called: string | undefined;

  line(text: string): void {
    if (text.startsWith("building '")) this.#extension = /^building '([\w.]+)' extension/.exec(text)?.[1];
    if (text.includes("clang")) {
      this.#clang ??= /\bclang(?:\+\+)?-(\d{1,2})\b/.exec(text)?.[1];
      if (text.includes("-flto")) this.#lto ||= /\bclang\S* .*-flto\b/.test(text);
    }
    if (text.includes("inking C"))
      this.#linkedTarget =
        /Linking (?:CXX|C|CUDA) (?:executable|shared (?:library|module)) (?:\S*\/)?(?:lib(?=\S+\.(?:so|dylib)))?([\w-]+)/.exec(
          text,
        )?.[1] ?? this.#linkedTarget;
    if (text.includes("build/temp.") && text.length < 20_000) {
      const [, before, behind] = /^\s*(\S.*?) -c \S+ -o "?build\/temp\.\S+(.*)$/.exec(text) ?? [];
      if (before !== undefined && behind !== undefined) this.#ofShell ??= [before, behind];
      this.#linkOfShell ??=
        /^\s*(\S* (?:-pthread )?-(?:shared|bundle)\b.*?) "?(?:\S*\/)?build\/temp\.\S+\.o(?: |$)/.exec(text)?.[1];
    }
    if (text.includes(".o ") && text.length < 20_000 && linksObjects.test(text)) {
      this.#linkProgram = /^\s*(?:\[\d+\/\d+\] )?(?:: && )?(\S+)/.exec(text)?.[1];
      this.#withoutTorch = !/(?:-l|[/ ]lib)(?:c10|torch)|\/torch\/lib\b|link\.txt|@/.test(text);
    }
    if (text.includes(" -l") && links.test(text)) this.#link = text;
    if (text.includes("linker command failed"))
      this.#clangLinks ||=
        /(?:^|[\s/])(?:icpx|dpcpp|clang(?:\+\+)?(?:-\d+)?|amdclang\+\+|hipcc): error: linker command failed/.test(text);
    if (text.includes("__host__ function("))
      this.#hostCallIn ??= /^(?:#\$ )?((?:[A-Za-z]:)?[^\s():]+\.cuh?)\(\d+\): (?:warning|error)\b/.exec(
        text.trim(),
      )?.[1];
    if (text.includes("ccbin")) this.#which ??= /-ccbin[= ]?["']?(?:\$\(|`)which ([\w+-]+)(?:\)|`)/.exec(text)?.[1];
    if (text.includes("ccbin") && text.includes("nvcc "))
      this.#host = / --?(?:ccbin|compiler-bindir)[= ]["']?([\w.+-]+)(?=["']?(?:\s|$))/.exec(text)?.[1] ?? this.#host;
    if (!text.includes(" -c ")) return;
    if (text.includes("/include/THC")) this.#th = true;
    if (text.includes("/bin/nvcc "))
      this.#called = /^\s*(?:\[\d+\/\d+\] )?(\/[\w./+-]{1,200})\/bin\/nvcc /.exec(text)?.[1] ?? this.#called;
    if (text.includes("cuda"))
      this.#toolkit ??= /(?:-I|-isystem )["']?((?:\/[\w.+-]{1,60}){0,8}\/cuda(?:-\d{1,2}\.\d)?)\/include\b/.exec(
        text,
      )?.[1];
    const source = / -c "?((?:[A-Za-z]:)?[^\s":]+\.cu)(?="? |"?$)/.exec(text)?.[1];
    if (source !== undefined && this.#gpuSources.size < 2) this.#gpuSources.add(source);
    if (this.#folders.size < 2) {
      const folder = folderOfSource(text);
      if (folder !== undefined) this.#folders.add(folder);
    }
    this.#cSource ??= / -c (\S+\.c)(?= |$)/.exec(text)?.[1];
    this.#oldStrings ||= text.includes("-D_GLIBCXX_USE_CXX11_ABI=0");
  }

  facts(): CompileFacts {
    const gpuSource = this.#hostCallIn ?? (this.#gpuSources.size === 1 ? [...this.#gpuSources][0] : undefined);
    const [folder] = this.#folders.size === 1 ? this.#folders : [];
    return {
      ...(folder === undefined ? {} : { compiledFolder: folder }),
      ...(gpuSource === undefined ? {} : { gpuSource }),
      oldStringsAsked: this.#oldStrings,
      ...(this.#th ? { oldTorchHeaders: true as const } : {}),
      ...(this.#clangLinks ? { clangLinks: true as const } : {}),
      ...(this.#toolkit === undefined ? {} : { includedToolkit: this.#toolkit }),
      ...(this.#host === undefined ? {} : { hostByFlag: this.#host }),
      ...(this.#which === undefined ? {} : { hostByWhich: this.#which }),
      ...(this.#called === undefined ? {} : { calledToolkit: this.#called }),
      clangLto: this.#lto,
      ...(this.#cSource === undefined ? {} : { cSource: this.#cSource }),
      ...(this.#extension === undefined ? {} : { builtExtension: this.#extension }),
      ...(this.#clang === undefined ? {} : { clangRelease: this.#clang }),
      ...(this.#linkedTarget === undefined ? {} : { linkedTarget: this.#linkedTarget }),
      ...(this.#linkProgram === undefined ? {} : { linkProgram: this.#linkProgram }),
      ...(this.#ofShell === undefined ? {} : { flagsOfShell: this.#ofShell[0], flagsOfExtension: this.#ofShell[1] }),
      ...(this.#linkOfShell === undefined ? {} : { linkFlagsOfShell: this.#linkOfShell }),
      ...(this.#withoutTorch === true ? { linksWithoutTorch: true } : {}),
      ...(this.#link === undefined ? {} : { linkLine: this.#link }),
    };
  }
}
