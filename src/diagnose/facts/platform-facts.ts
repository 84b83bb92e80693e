/**
 * The system that a text is of: Linux, macOS or Windows, its processor, and what stands between it and the build (WSL, MinGW). Paths,
 * messages and names of files tell it, else what people say. Reads one line at a time; it does not know this machine.
 */
import { plainStatement } from "./stated-versions.ts";

/** What a text tells of its system. */
export interface PlatformFacts {
  readonly platform?: "linux" | "darwin" | "win32";
  readonly arch?: "x64" | "arm64";
  readonly wsl: boolean;
  /** MinGW or MSYS2 compiles. */
  readonly mingw: boolean;
  /** The Python is one that MSYS2 builds with gcc. */
  readonly msysPython: boolean;
}

type Mutable = { -readonly [Name in keyof PlatformFacts]: PlatformFacts[Name] };

/** The system as `collect_env` and people's lists name it: `OS: macOS 14.1 (arm64)`, `**OS**: Mac OS`. */
function statedSystem(text: string): PlatformFacts["platform"] {
  const named = /^(?:OS|Operating System|System|Platform)(?: \(.{1,20}\))?: ?(.{1,60})/i.exec(
    plainStatement(text),
  )?.[1];
  if (named === undefined) return undefined;
  if (/^(?:mac ?os|os ?x|darwin)/i.test(named)) return "darwin";
  if (/^(?:microsoft )?windows/i.test(named)) return "win32";
  return /^(?:linux|ubuntu|debian|centos|fedora|red hat|rocky|alma|arch|opensuse)/i.test(named) &&
    !/microsoft|wsl/i.test(named)
    ? "linux"
    : undefined;
}

/** `Architecture: aarch64`, `on an aarch64 machine`. */
const statedArm = /\b(?:architecture|arch|machine|cpu|platform)\b[*:=\s]{1,20}aarch64\b|\b(?:on|my|an) aarch64\b/i;

/** Gathers it line by line. */
export class PlatformReader {
  readonly #spoken = new Set<NonNullable<PlatformFacts["platform"]>>();
  readonly #facts: Mutable = { wsl: false, mingw: false, msysPython: false };

  /** A line that the parsers look at. */
  parsed(text: string): void {
    const facts = this.#facts;
    if (facts.platform === undefined || facts.platform === "linux") {
      if (
        /\b[A-Z]:\\{1,2}\w|\b[a-z]:\\{1,2}(?:[Uu]sers|[Pp]rogram|[Ww]indows|[Pp]ython|[Aa]naconda|[Mm]iniconda)|(?:^|[\s"'(=])[A-Z]:\/\w|\w\\[\w.-]+\.(?:cu|cuh|cpp|cxx|cc|c|h|hpp)\(\d+\)|\bLNK\d{4}\b|^lld-link: |\bLinking C\w* (?:shared library|shared module|executable) \S+\.(?:dll|pyd|exe)\b|\bWinError\b|\.pyd\b|\blibiomp5md\.dll\b|vcvars|\['where', 'cl'\]|DISTUTILS_USE_SDK is not set|compiler version for cl:|Microsoft Visual C\+\+ \d+\.\d+ |\berror C\d{4}\b|\berror D\d{4}\b|CreateProcess: |is not recognized as an internal|DLL load failed|win_amd64|\b(?:x64|x86|arm64)-windows\b|\b(?:cudart|cublas|cudnn\w*)64_\d+\.dll\b/.test(
          text,
        )
      )
        facts.platform = "win32";
      else if (
        /-darwin\.so|\.dylib\b|flat namespace|macosx|\bxcrun\b|\bxcode-select\b|MacOSX[\d.]*\.sdk|\/Library\/Developer\/|\/var\/folders\/|(?<!\/mnt\/[a-z])\/Users\/|apple-darwin|^ld: (?:library '|library not found|framework )|symbol\(s\) not found for|Undefined symbols for|include path for (?:libstdc\+\+|stdlibc\+\+) headers|\bdlopen\(\S+, 0?x?\d+\): |\/opt\/homebrew|\/usr\/local\/Cellar\/|^.{0,200}\/Library\/Frameworks\/|for architecture (?:arm64|x86_64)|which is not the architecture being linked|\b(?:x64|arm64)-osx\b/.test(
          text,
        )
      )
        facts.platform = "darwin";
      else if (
        facts.platform === undefined &&
        /linux-gnu|\b(?:x64|arm64)-linux\b|\/usr\/|\/home\/|\/root\/|\/opt\//.test(text)
      )
        facts.platform = "linux";
    }
    if (facts.arch === undefined) {
      if (/aarch64|arm64/.test(text)) facts.arch = "arm64";
      // The SDKs up to 10.15 are from before Apple's own processors.
      else if (/x86_64|amd64|win_amd64|MacOSX10\.\d+(?:\.\d+)?\.sdk/.test(text)) facts.arch = "x64";
    }
    this.#stated(text);
    this.#msys(text);
    // CMake's generators of Windows.
    if (/NMake Makefiles|Visual Studio \d\d \d{4}/.test(text)) facts.platform = "win32";
    if (/\/mnt\/[a-z]\/|\bWSL ?[12]?\b|Subsystem for Linux|microsoft-standard|\/usr\/lib\/wsl\//.test(text))
      facts.wsl = true;
    if (/mingw(?:32|64|-w64)|[\\/]MinGW\w*[\\/]|[\\/](?:ucrt64|msys64)[\\/]/i.test(text)) facts.mingw = true;
  }

  /** Paths and prompts of MSYS2's environments, and how its Python names itself; Git's window is called MINGW64, too, and has none. */
  #msys(text: string): void {
    if (text.length > 600 || !/64|mingw/i.test(text)) return;
    if (
      !/\b(?:UCRT64|CLANG64|CLANGARM64) [~/]|\bmingw_(?:x86_64|i686|aarch64)|\[GCC [^\]]{0,40}\(AMD64\)\]|[\\/](?:ucrt64|mingw64|clang64)[\\/](?:bin[\\/]python|lib[\\/]python3)/.test(
        text,
      )
    )
      return;
    this.#facts.msysPython = true;
    this.#facts.platform = "win32";
  }

  /** A line that no parser looks at: what people say of their machine. */
  unparsed(text: string): void {
    const facts = this.#facts;
    this.#stated(text);
    this.#msys(text);
    if (!facts.wsl && /\bWSL ?[12]?\b|Subsystem for Linux/.test(text)) facts.wsl = true;
  }

  /** Whether paths or messages told the system. */
  isKnown(): boolean {
    return this.#facts.platform !== undefined;
  }

  #stated(text: string): void {
    this.#speaksOf(text);
    if (/^\s*-- Build files have been written to: [A-Za-z]:[\\/]/.test(text)) this.#facts.platform = "win32";
    if (text.includes("aarch64") && text.length <= 200 && statedArm.test(text)) this.#facts.arch ??= "arm64";
    if (!/OS|ystem|latform/.test(text)) return;
    const system = statedSystem(text.length > 200 ? text.slice(0, 200) : text);
    if (system === undefined) return;
    if (this.#facts.platform !== "win32") this.#facts.platform = system;
    if (/\b(?:aarch64|arm64)\b/.test(text)) this.#facts.arch ??= "arm64";
  }

  /** The machine in people's sentences: one that is named beside another is a comparison. */
  #speaksOf(line: string): void {
    if (line.length > 300) return;
    const text = line.replaceAll(/ {2,}/g, " ");
    if (/\b[Ww]in(?:dows)? ?(?:7|8|10|11)\b|\b(?:on|in|under|for|my) [Ww]indows\b/.test(text) && !/\bWSL/i.test(text))
      this.#spoken.add("win32");
    if (
      /\b[Mm]ac[Bb]ook\b|\b(?:my|on|a) [Mm]ac\b(?! ?address)|\bMac laptop\b|\b(?:mac ?)?[Oo][Ss] ?[Xx] 1\d\b|\bmacOS \d|\bApple (?:M[1-9]|[Ss]ilicon)\b|\bM[1-9] (?:Pro|Max|Ultra|Mac)\b/.test(
        text,
      )
    )
      this.#spoken.add("darwin");
    if (
      /\b[Mm]ac(?:[Bb]ook|OS| ?[Mm]ini|\b).{0,60}\b[Ii]ntel\b|\b[Ii]ntel\b.{0,20}\bmac(?:OS|[Bb]ook|s)?\b/i.test(text)
    ) {
      this.#spoken.add("darwin");
      this.#facts.arch ??= "x64";
    }
    if (/\b(?:Ubuntu|Debian|Fedora|CentOS|Rocky|Arch Linux|WSL2?)\b/.test(text)) this.#spoken.add("linux");
  }

  facts(): PlatformFacts {
    const platform = this.#facts.platform ?? (this.#spoken.size === 1 ? [...this.#spoken][0] : undefined);
    return { ...this.#facts, ...(platform === undefined ? {} : { platform }) };
  }
}
