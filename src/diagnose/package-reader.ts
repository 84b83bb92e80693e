/**
 * Which packages an installer works on, and where they come from: folders, repositories, the last one that it collected.
 * Reads one line at a time; what a package is, `packages.ts` knows.
 */
import { plainName } from "./packages.ts";

/** So many names of packages are remembered. */
const mostPackages = 200;

/** Which of the packages that are built came from a folder of the machine. */
export class PackageReader {
  readonly #collected = new Set<string>();
  readonly #built = new Set<string>();
  readonly #local = new Set<string>();
  readonly #repositories = new Map<string, string>();
  #folder = false;
  #last: string | undefined;
  #failed: string | undefined;

  line(text: string): void {
    // What is collected last is what pip asks for its requirements next.
    if (text.startsWith("Collecting ")) this.#last = /^Collecting ([A-Za-z][\w.-]*)(?=[\s=<>!~([;@]|$)/.exec(text)?.[1];
    else if (
      this.#failed === undefined &&
      this.#last !== undefined &&
      /^(?:Getting requirements to build|Preparing (?:\w+ )?metadata|Running setup\.py egg_info).*\b(?:error|exit code)/.test(
        text,
      )
    )
      this.#failed = this.#last;
    if (
      (text.startsWith("Processing ") || text.startsWith("Obtaining ")) &&
      /^(?:Processing (?!\S*\.(?:whl|zip|gz|bz2)\b)(?:\.{0,2}[\\/]|[A-Za-z]:\\|file:)|Obtaining file:)/.test(text)
    )
      this.#folder = true;
    const collected = text.startsWith("Collecting ") ? /^Collecting ([A-Za-z][\w.-]*)/.exec(text)?.[1] : undefined;
    if (collected !== undefined && this.#collected.size < mostPackages) this.#collected.add(plainName(collected));
    const named = text.includes("@ file:") ? /\b([A-Za-z][\w.-]*) @ file:\/\//.exec(text)?.[1] : undefined;
    if (named !== undefined && this.#local.size < mostPackages) this.#local.add(plainName(named));
    const from = text.includes("@ git+")
      ? /(?<![\w.-])([A-Za-z][\w.-]*) @ (git\+(?:https?|ssh):\/\/[^\s`'")\]]{4,300})/.exec(text)
      : null;
    if (from !== null && this.#repositories.size < mostPackages)
      this.#repositories.set(plainName(from[1] ?? ""), from[2] ?? "");
  }

  /** Repositories that packages come from, by the package's plain name. */
  repositories(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.#repositories);
  }

  built(name: string): void {
    if (this.#built.size < mostPackages) this.#built.add(plainName(name));
  }

  editable(name: string): void {
    if (this.#local.size < mostPackages) this.#local.add(plainName(name));
  }

  /** The package whose requirements or metadata could not be had. */
  failed(): string | undefined {
    return this.#failed;
  }

  local(): string[] {
    const unasked = this.#folder ? [...this.#built].filter((name) => !this.#collected.has(name)) : [];
    return [...new Set([...this.#local, ...unasked])];
  }
}
