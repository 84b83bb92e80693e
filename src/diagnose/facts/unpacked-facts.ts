/** Sources that a command of the text unpacked from an archive, and folders that include options name within a project. It does not know what lies in them. */

export interface UnpackedFacts {
  /** The archive that a command of the text unpacked, and the folder that it leaves. */
  readonly unpacked?: { readonly archive: string; readonly folder: string };
  /** Folders of include options that lie within a project: `third_party/cutlass/include`. */
  readonly carriedIncludes: readonly string[];
}

const unpacks =
  /(?:^|[\s$#>%!;&])(?:(?:tar (?:--?[\w=-]+ )*-?[a-zA-Z]*x[a-zA-Z]*(?: -f)?|unzip(?: -\w+)*|7z x|(?:python\S* -m )?(?:tarfile|zipfile) -e) +|Expand-Archive (?:-\w+ )?)["']?(?:\S*[\\/])?([A-Za-z][\w.+-]*?)\.(?:tar\.(?:gz|bz2|xz)|tgz|zip)\b/;

const include =
  /(?:^|\s)["']?(?:-I|-isystem ?|\/I ?)["']?[^\s"']*?[\\/]((?:third[_-]?party|3rd[_-]?party|3rdparty|extern(?:al)?s?|submodules|deps|dependencies|vendor|libs?|csrc|include)[\\/](?:[\w.+-]+[\\/]){0,3}[\w.+-]+)["']?(?=\s|$)/g;
const mostFolders = 20;

/** Gathers them line by line. */
export class UnpackedReader {
  #unpacked: UnpackedFacts["unpacked"];
  #cloned = false;
  readonly #includes = new Set<string>();

  line(text: string): void {
    if (this.#includes.size < mostFolders && /-I|-isystem|\/I/.test(text) && !text.includes("site-packages/torch/lib"))
      for (const [, folder = ""] of text.slice(0, 8_000).matchAll(include))
        if (this.#includes.size < mostFolders) this.#includes.add(folder.replaceAll("\\", "/"));
    if (text.length > 600) return;
    if (text.includes("git clone") || text.includes("Cloning into")) this.#cloned = true;
    const name = /tar|zip|7z|rchive/.test(text) ? unpacks.exec(text) : null;
    if (name?.[1] !== undefined && !/^(?:libtorch|cuda|cudnn|miniconda)/i.test(name[1]))
      this.#unpacked ??= {
        archive:
          name[0]
            .trim()
            .split(/[\s\\/"']+/)
            .at(-1) ?? "",
        folder: name[1],
      };
  }

  facts(): UnpackedFacts {
    return {
      carriedIncludes: [...this.#includes],
      ...(this.#unpacked === undefined || this.#cloned ? {} : { unpacked: this.#unpacked }),
    };
  }
}
