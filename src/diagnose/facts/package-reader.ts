/**
 * Which packages an installer works on, and where they come from: folders, repositories, the last one that it collected.
 * Reads one line at a time; what a package is, `packages.ts` knows.
 */

import { plainName } from "../../base/package-name.ts";
import { requirementWord } from "./request-facts.ts";

/** So many names of packages are remembered. */
const mostPackages = 200;
const mostFolders = 12;

const repository = String.raw`git\+(?:https?|ssh):\/\/[^\s\`'")\]]{4,300}`;
const namedRepository = new RegExp(String.raw`(?<![\w.-])([A-Za-z][\w.-]*) ?@ ?(${repository})`);
/** pip and uv name what they cannot build; `Collecting` and `hint`, what they were asked for. */
const bareRepository = new RegExp(
  String.raw`(?:^Collecting |Failed to build [\`']?|likely indicates that [\`'])(${repository})`,
);
/** `Collecting a==1.0 (from -r requirements.txt (line 4))`, `Failed to build `a==1.0``, `that `a@1.0` depends`, `Installing a (1.0): Failed`. */
const release =
  /^Collecting ([A-Za-z][\w.-]*)(?:\[[\w,-]+\])?==([\w.+]+)|Failed to (?:download and )?build:? [`']?([A-Za-z][\w.-]*)==([\w.+]+)|likely indicates that [`']([A-Za-z][\w.-]*)(?:@|==)(\d[\w.+]*)|^(?:•|-) Installing ([A-Za-z][\w.-]*) \((\d[\w.+]*)\): Failed/;
/** `Using cached causal_conv1d-1.2.0.post2.tar.gz (7.1 kB)`: the release whose sources are built. */
const archive =
  /^(?:Using cached|Downloading) (?:\S*\/)?([A-Za-z][\w.]*?(?:-[A-Za-z][\w.]*)*)-(\d[\w.]*?)\.(?:tar\.gz|zip)\b/;
/** A folder, not a wheel or an archive. */
const folder =
  /^Processing ((?!\S*\.(?:whl|zip|gz|bz2)\b)(?:\.{0,2}[\\/]|[A-Za-z]:\\)[^\s"']*)|^Obtaining file:\/\/(\/[^\s"'#]*)/;

/** Which of the packages that are built came from a folder of the machine, and how to ask for them again. */
export class PackageReader {
  readonly #collected = new Set<string>();
  readonly #built = new Set<string>();
  /** Those that pip makes a wheel of by itself. */
  readonly #wheels = new Set<string>();
  readonly #local = new Set<string>();
  /** Requirements by the package's plain name. */
  readonly #requirements = new Map<string, string>();
  /** Repositories and folders whose packages are not named. */
  readonly #places = new Set<string>();
  /** Whole paths of folders that pip built or linked. */
  readonly #folders = new Set<string>();
  /** What pip fetched as sources, with its release. */
  readonly #archives = new Map<string, string>();
  #folder = false;
  #last: string | undefined;
  #failed: string | undefined;
  #lastRequirement: string | undefined;
  #unpacked: string | undefined;
  #failedRequirement: string | undefined;

  line(text: string): void {
    // What is collected last is what pip asks for its requirements next.
    if (text.startsWith("Collecting ")) {
      this.#last = /^Collecting ([A-Za-z][\w.-]*)(?=[\s=<>!~([;@]|$)/.exec(text)?.[1];
      this.#lastRequirement = undefined;
    } else if (
      this.#failedRequirement === undefined &&
      /^(?:Getting requirements to build|Preparing (?:\w+ )?metadata|Running setup\.py egg_info).*\b(?:error|exit code)/.test(
        text,
      )
    ) {
      this.#failed ??= this.#last;
      this.#failedRequirement = this.#lastRequirement;
    }
    this.#place(text);
    const wheel = text.includes("uilding wheel for ")
      ? /Building wheel for ([A-Za-z][\w.-]*) \([\w.]+\)/.exec(text)?.[1]
      : undefined;
    if (wheel !== undefined && this.#wheels.size < mostPackages) this.#wheels.add(plainName(wheel));
    if (text.includes(".tar.gz") || text.includes(".zip")) {
      const [, name, number] = archive.exec(text) ?? [];
      if (name !== undefined && this.#archives.size < mostPackages)
        this.#archives.set(plainName(name), `${name.replaceAll("_", "-")}==${number ?? ""}`);
    }
    const arrow = text.startsWith("╰─> ") ? /^╰─> ([A-Za-z][\w.-]*)$/.exec(text)?.[1] : undefined;
    if (arrow !== undefined) this.#unpacked = arrow;
    if (this.#unpacked === undefined && text.includes("pip-install-"))
      this.#unpacked = /[\\/]pip-install-\w+[\\/]([A-Za-z][\w.-]*?)(?:_[\da-f]+)?[\\/]/.exec(text)?.[1];
    const collected = text.startsWith("Collecting ") ? /^Collecting ([A-Za-z][\w.-]*)/.exec(text)?.[1] : undefined;
    if (collected !== undefined && this.#collected.size < mostPackages) this.#collected.add(plainName(collected));
    const named = text.includes("@ file:") ? /\b([A-Za-z][\w.-]*) @ file:\/\//.exec(text)?.[1] : undefined;
    if (named !== undefined && this.#local.size < mostPackages) this.#local.add(plainName(named));
    if (text.includes("git+")) this.#repository(text);
    if (text.includes("==") || text.includes("likely indicates") || text.includes("Installing ")) {
      const [name, number] =
        release
          .exec(text)
          ?.slice(1)
          .filter((part) => part !== undefined) ?? [];
      if (name !== undefined && number !== undefined) this.#requires(name, `${name}==${number}`);
    }
  }

  #place(text: string): void {
    if (!text.startsWith("Processing ") && !text.startsWith("Obtaining ")) return;
    const [whole, processed, obtained] = folder.exec(text) ?? [];
    if (whole === undefined) return;
    this.#folder = true;
    // pip 26 writes `./.` for the folder that it stands in.
    const path = processed?.replace(/^\.\/\.$/, ".") ?? obtained?.replace(/^\/(?=[A-Za-z]:)/, "") ?? "";
    this.#last = undefined;
    if (/^(?:\/|[A-Za-z]:\\)/.test(path) && this.#folders.size < mostFolders)
      this.#folders.add(path.replace(/[\\/]$/, ""));
    this.#add(obtained === undefined ? requirementWord(path) : `-e ${requirementWord(path)}`);
  }

  #repository(text: string): void {
    const [, name, from] = namedRepository.exec(text) ?? [];
    if (name !== undefined && from !== undefined) this.#requires(name, withoutEgg(from));
    else {
      const bare = bareRepository.exec(text)?.[1];
      if (bare !== undefined) this.#add(requirementWord(withoutEgg(bare)));
    }
  }

  #requires(name: string, requirement: string): void {
    const word = requirementWord(requirement);
    this.#lastRequirement = word;
    if (this.#requirements.size >= mostPackages) return;
    const known = this.#requirements.get(plainName(name));
    // Where it comes from tells more than its number.
    if (known?.includes("git+") !== true) this.#requirements.set(plainName(name), word);
  }

  #add(place: string): void {
    this.#lastRequirement = place;
    if (this.#places.size < mostPackages) this.#places.add(place);
  }

  built(name: string): void {
    if (this.#built.size < mostPackages) this.#built.add(plainName(name));
  }

  editable(name: string): void {
    if (this.#local.size < mostPackages) this.#local.add(plainName(name));
  }

  /** The package whose requirements or metadata could not be had, or whose sources pip unpacked. */
  failed(): string | undefined {
    return this.#failed ?? this.#unpacked;
  }

  /** The package whose sources pip fetched by its name and unpacked: `/tmp/pip-install-ab1/my-ops_c2/`. */
  unpacked(): string | undefined {
    return this.#unpacked;
  }

  /** What to ask for to get that package, or the one whose metadata could not be had, again: a word of a shell, `-e folder`. */
  requirement(name: string | undefined): string | undefined {
    if (name === undefined)
      return this.#failedRequirement ?? (this.#places.size === 1 ? [...this.#places][0] : undefined);
    const plain = plainName(name);
    const known = this.#requirements.get(plain);
    if (known !== undefined || this.#collected.has(plain)) return known;
    const places = [...this.#places];
    return (
      places.find((place) => plainName(/([\w.-]+?)(?:\.git)?["@]?$/.exec(place)?.[1] ?? "") === plain) ??
      (places.length === 1 && this.#built.size === 1 ? places[0] : undefined)
    );
  }

  /** The release of a package whose sources pip fetched: `causal-conv1d==1.2.0.post2`. */
  fetched(name: string | undefined): string | undefined {
    return name === undefined ? undefined : this.#archives.get(plainName(name));
  }

  /** Packages that were compiled from what an index or a repository has. */
  fromElsewhere(): string[] {
    const local = new Set(this.local());
    return this.#folder ? [] : [...this.#wheels].filter((name) => !local.has(name));
  }

  folders(): readonly string[] {
    return [...this.#folders];
  }

  local(): string[] {
    const unasked = this.#folder ? [...this.#built].filter((name) => !this.#collected.has(name)) : [];
    return [...new Set([...this.#local, ...unasked])];
  }
}

/** pip's old way to name what a repository holds. */
function withoutEgg(address: string): string {
  // As uv and pixi write a branch or a commit.
  const [, repository, revision] = /^([^?#]+)\?(?:rev|branch|tag)=([^#&]+)(?:#[\da-f]{40})?$/.exec(address) ?? [];
  if (repository !== undefined) return `${repository}@${revision ?? ""}`;
  return address.replace(/#egg=[^&]*$|(?<=#)egg=[^&]*&|&egg=[^&]*/, "");
}
