/**
 * What a text shows of a project that pixi keeps: under which names its tables stand, which packages are built without isolation, and
 * whether torch is conda's or PyPI's there. Reads one line at a time; it does not know which feature an environment takes.
 * Source: pixi's reference of the manifest.
 */
export interface PixiProject {
  /** Tables are written as pyproject.toml has them: `[tool.pixi.dependencies]`. */
  readonly prefixed?: true;
  /** Tables are written as pixi.toml has them: `[dependencies]`. */
  readonly plain?: true;
  /** The table with the option: `tool.pixi.pypi-options`, `feature.gpu.pypi-options`. */
  readonly options?: string;
  /** What it names, in words of the list. */
  readonly unisolated?: readonly string[];
  /** The packages of torch's that are asked for from PyPI. */
  readonly pypiTorch?: readonly string[];
  /** Torch is asked for from conda. */
  readonly condaTorch?: true;
}

export interface PixiFacts {
  readonly pixiProject: PixiProject;
}

const header =
  /^\s*\[((?:tool\.pixi\.)?(?:feature\.[\w-]+\.)?(?:target\.[\w-]+\.)?(?:workspace|project|dependencies|pypi-dependencies|pypi-options|tasks|environments))\]\s*(?:#.*)?$/;
const words = /\]|torch|no-build-isolation/;

/** Gathers them line by line. */
export class PixiReader {
  #table = "";
  #prefixed = false;
  #plain = false;
  #options: string | undefined;
  #unisolated: string[] | undefined;
  readonly #pypi = new Set<string>();
  #conda = false;

  line(text: string): void {
    if (text.length > 400 || !words.test(text)) return;
    const table = header.exec(text)?.[1];
    if (table !== undefined) {
      this.#table = table;
      if (table.startsWith("tool.pixi.")) this.#prefixed = true;
      else if (!/^(?:project|dependencies|environments)$/.test(table)) this.#plain = true;
      if (table.endsWith("pypi-options")) this.#options ??= table;
      return;
    }
    if (/^\s*\[[\w.-]+\]\s*$/.test(text)) this.#table = "";
    const list = /^\s*no-build-isolation\s*=\s*\[([^\]]*)\]/.exec(text)?.[1];
    if (list !== undefined) this.#unisolated = Array.from(list.matchAll(/["']([\w.-]+)["']/g), ([, name = ""]) => name);
    const name = /^\s*"?((?:py)?torch(?:vision|audio|-gpu|-cuda)?)"?\s*=\s*["{]/.exec(text)?.[1];
    if (name === undefined) return;
    if (this.#table.endsWith("pypi-dependencies")) this.#pypi.add(name);
    else if (name.startsWith("pytorch")) this.#conda = true;
  }

  facts(): PixiFacts {
    return {
      pixiProject: {
        ...(this.#prefixed ? { prefixed: true as const } : {}),
        ...(this.#plain ? { plain: true as const } : {}),
        ...(this.#options === undefined ? {} : { options: this.#options }),
        ...(this.#unisolated === undefined ? {} : { unisolated: this.#unisolated }),
        ...(this.#pypi.size === 0 ? {} : { pypiTorch: [...this.#pypi] }),
        ...(this.#conda ? { condaTorch: true as const } : {}),
      },
    };
  }
}
