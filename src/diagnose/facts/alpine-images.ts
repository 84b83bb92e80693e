/**
 * The image with Alpine that a text builds on or runs, what apk adds to it, and the same with Debian: its musl takes no wheel of
 * torch. Packages whose name is not known to differ keep it. Sources: hub.docker.com/_/python (variants), pkgs.alpinelinux.org,
 * packages.debian.org.
 */

export interface AlpineFacts {
  /** `python:3.12-alpine3.20`. */
  readonly alpineImage?: string;
  /** What `apk add` names: `build-base`, `git`. */
  readonly apkPackages?: readonly string[];
}

const image =
  /(?:^|[\s"'])(?:docker\.io\/)?(?:library\/)?((?:[\w.-]+(?::\d+)?\/)*(?:[\w-]+:[\w.-]*alpine[\w.-]*|alpine:[\w.-]+|alpine))(?=[\s"'@]|$)/;
const adds = /\bapk (?:-\S+ )*add ((?:(?!&&)[^;|\\])*)/;

/** Gathers them line by line. */
export class AlpineReader {
  #image: string | undefined;
  readonly #packages = new Set<string>();

  line(text: string): void {
    if (text.length > 600) return;
    if (
      this.#image === undefined &&
      text.includes("alpine") &&
      /FROM |metadata for|docker (?:run|pull)|image/.test(text)
    )
      this.#image = image.exec(text)?.[1];
    if (!text.includes("apk ")) return;
    const words = adds.exec(text.replace(/ {2,}(?:\d+\.\d+s)?.*$/, ""))?.[1]?.split(" ") ?? [];
    for (const word of words)
      if (/^[a-z][\w.+-]+(?:[=<>~].*)?$/.test(word)) this.#packages.add(word.replace(/[=<>~].*$/, ""));
  }

  facts(): AlpineFacts {
    return {
      ...(this.#image === undefined ? {} : { alpineImage: this.#image }),
      ...(this.#packages.size === 0 ? {} : { apkPackages: [...this.#packages] }),
    };
  }
}

/** Names of Debian's packages; empty where the image with glibc has it anyway. */
const debianNames: Readonly<Record<string, string>> = {
  "build-base": "build-essential",
  "alpine-sdk": "build-essential",
  ninja: "ninja-build",
  samurai: "ninja-build",
  "ninja-build": "ninja-build",
  "musl-dev": "",
  "libc-dev": "",
  "linux-headers": "",
  gcompat: "",
  "libc6-compat": "",
  "libstdc++": "",
  python3: "python3",
  "py3-pip": "python3-pip",
  "openssl-dev": "libssl-dev",
  "libffi-dev": "libffi-dev",
  "zlib-dev": "zlib1g-dev",
  "jpeg-dev": "libjpeg-dev",
  "libjpeg-turbo-dev": "libjpeg-dev",
  "libpng-dev": "libpng-dev",
  "openblas-dev": "libopenblas-dev",
  "lapack-dev": "liblapack-dev",
  "libxml2-dev": "libxml2-dev",
  "libxslt-dev": "libxslt1-dev",
  "postgresql-dev": "libpq-dev",
  "ffmpeg-dev": "libavformat-dev libavcodec-dev libavutil-dev libswscale-dev",
  "libsndfile-dev": "libsndfile1-dev",
  libsndfile: "libsndfile1",
  "sox-dev": "libsox-dev",
  "eigen-dev": "libeigen3-dev",
  "hdf5-dev": "libhdf5-dev",
  openssh: "openssh-client",
};

/** The same image with Debian; of Alpine alone, Python's. */
export function debianImage(alpine: string, python: string | undefined): string {
  return /(?:^|\/)alpine(?::|$)/.test(alpine)
    ? `python:${python ?? "3.12"}-slim`
    : alpine.replace(/(?<=[:-])alpine[\d.]*/, "slim");
}

/** The same packages by Debian's names. */
export function debianPackages(alpine: readonly string[]): readonly string[] {
  return [
    ...new Set(
      alpine
        .map((name) => (Object.hasOwn(debianNames, name) ? (debianNames[name] ?? "") : name))
        .filter((name) => name !== ""),
    ),
  ];
}
