/**
 * What a text tells of the system that commands of a fix have to fit: a distribution with dnf or yum, a user without the
 * administrator's rights, the releases of L4T of a Jetson and of the container's image. Reads one line at a time.
 */

/** What a text tells of the system. */
export interface SystemFacts {
  /** The system has packages of RPM: `yum` where only that is there (CentOS 7 and older), `zypper` on SUSE's. */
  readonly rpm?: "dnf" | "yum" | "zypper";
  /** The system is Fedora, which has no GCC Toolset and keeps no older gcc. */
  readonly fedora: boolean;
  /** The one release of Ubuntu that the text names: `22.04`. */
  readonly ubuntu?: string;
  /** The system is Arch Linux or one made from it: its packages are pacman's. */
  readonly pacman: boolean;
  /** The log is of npm and node-gyp: what they compile is no extension of torch. */
  readonly nodeBuild: boolean;
  /** The writer says that he is no administrator there. */
  readonly noRoot: boolean;
  /** The writer says that he has conda, or a command is one of conda's. */
  readonly spokenConda: boolean;
  /** pip (or `build`) makes an environment of its own for the build. */
  readonly isolatedBuild: boolean;
  /** The one Python that the text's sentences and lists name, `3.13`; what something works with or wants is not meant. */
  readonly spokenPython?: string;
  /** Release of L4T that runs on the board, as /etc/nv_tegra_release tells it: `32.3.1`. */
  readonly l4tBoard?: string;
  /** Release of L4T that the container's image is for: `32.5.0`. */
  readonly l4tImage?: string;
  /** PowerShell's prompt stands before a command: `PS C:\\p>`. */
  readonly powerShell: boolean;
}

/** Python's greeting names the compiler of whoever built it: `[GCC 4.4.7 20120313 (Red Hat 4.4.7-1)] on linux`. */
const rpmSystem =
  /\bCent ?OS\b|(?<!\[GCC .{0,30})\bRed ?Hat\b|\bRHEL\b|\bRocky ?Linux\b|\bAlma ?Linux\b|\bAmazon Linux\b|\bFedora\b|\b(?:Oracle|Scientific) Linux\b|\b(?:rockylinux|almalinux|oraclelinux|amazonlinux|centos|fedora)(?::?\d|\b)|[:/-]ubi\d|\.el[6-9](?:[._]|$)/;
const fedora = /\b[Ff]edora(?:[ :-]?(?:Linux )?\d\d|\b)|\.fc[34]\d\b/;
const rebuilt = /\bCent ?OS\b|\bRHEL\b|\bRocky|\bAlma ?Linux\b|\brockylinux\b|\balmalinux\b|\.el[6-9](?:[._]|$)/;
/** By name, and by the prompt that SUSE's bash has: `jo@box:~/src> make`. */
const suseSystem =
  /\b[Oo]pen ?SUSE\b|\bSUSE Linux\b|\bSLES\b|\bzypper (?:in|install|se)\b|^[a-z_][\w-]*@[\w.-]+:[~/][^\s>$#]*> \S/i;
/** A step of an image that installs by it. */
const rpmStep = /\bRUN (?:.* && )?(?:yum|dnf|microdnf) (?:-\w+ )*install\b/;
/** The Pythons of PyPA's images, which are CentOS 7 and AlmaLinux; those of musllinux are Alpine. Source: pypa/manylinux. */
const manylinux = /(?:^|[\s"'=:(I])\/opt\/python\/[cp]p3\d+-[cp]p3?\w+\//;
const debianSystem = /\bUbuntu\b|\bDebian\b|~(?:18|20|22|24)\.04\b|\bapt(?:-get)? install\b/;
const pacmanSystem = /\bArch ?Linux\b|\bManjaro\b|\bEndeavourOS\b|\bpacman -S|@arch(?:linux|box)?[ :]/;
const yumSystem = /\bCent ?OS\b.{0,24}?\b[67](?:\.\d|\b)|\bRHEL ?-?[67]\b|\.el[67]\./;
const noRoot =
  /(?:\b(?:no|not have|without|lack(?:ing)?|not a)|n['’]t have|n['’]t got) (?:any |the |a )?(?:su|sudo|sudoers?|root|admin(?:istrator)?(?:['’]s)?)\b(?! cause| of )|is not in the sudoers file|is not allowed to (?:execute|run) .{1,80} as root|may not run sudo\b/i;
const conda =
  /\b(?:from|with|using|via|through|my|in|under) (?:a |the |an )?(?:ana|mini)?conda\b|^\W{0,3}conda (?:install|create|activate|env|list)\b/i;
const spokenPython =
  /\b(?:[Uu]se|[Uu]sing|with|on|under|in|[Rr]unning|[Mm]y) [*`]{0,2}[Pp]ython[*`]{0,2}(?: ?[=:]{1,2} ?| version (?:is )?| v?)3\.(\d{1,2})\b|\b[Pp]ython ?(?:={1,2}|version:?|: ) ?3\.(\d{1,2})\b|\bpython3? (?:--version|-V):? (?:Python )?3\.(\d{1,2})\b/g;
/** Of another Python than the one that is there. */
const otherPython =
  /requir|support|needs?\b|instead|works?\b|worked|fine\b|disappear|upgrad|downgrad|switch|tried|\btry|newer|older|higher|lower|least|compatib|[<>]=|success|solved|only|wheels?/i;
const board = /R(\d{2}) \(release\), REVISION: (\d+\.\d+)/;
const image = /(?:l4t-|[:-])r(3\d\.\d(?:\.\d)?)\b/;

/** Gathers them line by line. */
export class SystemReader {
  #rpm = false;
  #yum = false;
  #fedora = false;
  #otherRpm = false;
  #manylinux = false;
  #musl = false;
  #debian = false;
  #pacman = false;
  #suse = false;
  readonly #ubuntus = new Set<string>();
  #node = false;
  #noRoot = false;
  #conda = false;
  #isolated = false;
  readonly #pythons = new Set<string>();
  #board: string | undefined;
  #image: string | undefined;
  #powerShell = false;

  line(text: string): void {
    if (text.includes("/opt/python/")) this.#manylinux ||= manylinux.test(text.slice(0, 2_000));
    if (text.includes("musl")) this.#musl ||= /musllinux|linux-musl/.test(text.slice(0, 2_000));
    if (text.length <= 300)
      for (const [, release = ""] of text.matchAll(/\b[Uu]buntu[ -]?(?:Linux )?v?((?:18|20|22|24)\.04)\b/g))
        this.#ubuntus.add(release);
    if (text.length > 400) return;
    this.#rpm ||= rpmSystem.test(text) || (text.includes("RUN ") && rpmStep.test(text));
    this.#yum ||= yumSystem.test(text);
    if (text.includes("edora") || text.includes(".fc")) this.#fedora ||= fedora.test(text);
    this.#otherRpm ||= rebuilt.test(text);
    this.#debian ||= debianSystem.test(text);
    this.#noRoot ||= noRoot.test(text);
    this.#pacman ||= pacmanSystem.test(text);
    this.#suse ||= suseSystem.test(text);
    if (text.includes("ERR!")) this.#node ||= /\b(?:npm|gyp) ERR!/.test(text);
    if (text.length <= 200 && text.includes("3.") && text.includes("ython") && !otherPython.test(text))
      for (const found of text.replaceAll(/\s+/g, " ").matchAll(spokenPython))
        this.#pythons.add(`3.${found.slice(1).find((minor) => minor !== undefined) ?? ""}`);
    if (text.includes("onda")) this.#conda ||= conda.test(text);
    if (text.includes("uild"))
      this.#isolated ||=
        /Getting requirements to build|(?:pip-)?build-env-|Installing build dependencies|in isolated environment/.test(
          text,
        );
    const [, major, rest] = text.includes("(release), REV") ? (board.exec(text) ?? []) : [];
    if (major !== undefined) this.#board ??= `${major}.${rest ?? ""}`;
    if (!this.#powerShell && (text.includes("PS ") || text.includes("nv:")))
      this.#powerShell = /(?:^|\) ?)PS [A-Z]:\\|^\$env:[A-Z_]{3,40} ?=/i.test(text);
    if (text.includes("r3")) this.#image ??= image.exec(text)?.[1];
  }

  facts(): SystemFacts {
    return {
      ...(this.#ubuntus.size === 1 ? { ubuntu: [...this.#ubuntus][0] ?? "" } : {}),
      // A text that names both compares them.
      ...(this.#debian
        ? {}
        : this.#rpm
          ? { rpm: this.#yum ? ("yum" as const) : ("dnf" as const) }
          : this.#suse
            ? { rpm: "zypper" as const }
            : this.#manylinux && !this.#musl
              ? { rpm: "yum" as const }
              : {}),
      fedora: this.#fedora && !this.#otherRpm && !this.#debian,
      pacman: this.#pacman && !this.#debian && !this.#rpm,
      nodeBuild: this.#node,
      noRoot: this.#noRoot,
      spokenConda: this.#conda,
      isolatedBuild: this.#isolated,
      powerShell: this.#powerShell,
      ...(this.#pythons.size === 1 ? { spokenPython: [...this.#pythons][0] ?? "" } : {}),
      ...(this.#board === undefined ? {} : { l4tBoard: this.#board }),
      ...(this.#image === undefined ? {} : { l4tImage: this.#image }),
    };
  }
}
