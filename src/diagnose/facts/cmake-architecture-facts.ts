/**
 * The architectures that CMake compiles CUDA for, where a text shows the line or the option that lists them, and what torch's CMake
 * files detected. Reads one line at a time; it does not know whether a later line sets another list.
 */

export interface ShownArchitectures {
  /** What stands there up to the list: `CMAKE_CUDA_ARCHITECTURES `, `CMAKE_CUDA_ARCHITECTURES=`. */
  readonly before: string;
  /** `60 70 80`, `60;70-real`. */
  readonly list: string;
  /** The file of a line; an option of a command has none. */
  readonly file?: string;
}

export interface CmakeArchitectureFacts {
  /** The list of CUDA_ARCHITECTURES that the text shows. */
  readonly cmakeArchitectures?: ShownArchitectures;
  /** torch's CMake files saw no GPU and take a list of common targets. */
  readonly detectionFailed: boolean;
  /** What torch's CMake files found or take for found: `8.6`, `9.0a`. */
  readonly autodetected?: readonly string[];
}

const number = String.raw`\d{2,3}[af]?(?:-real|-virtual)?`;
const numbers = `${number}(?:[; ]+${number})*`;
/** `31:set(CMAKE_CUDA_ARCHITECTURES 60 70)`, `+ set_target_properties(a PROPERTIES CUDA_ARCHITECTURES "60;70")`. */
const inFile = new RegExp(
  String.raw`^(?!\s*#)(?:(?<file>[\w./\\+-]*(?:CMakeLists\.txt|\.cmake))[:-])?(?:\d+[:-])?\s*(?:set|set_target_properties|set_property) ?\([^#]*?(?<before>\b(?:CMAKE_)?CUDA_ARCHITECTURES +"?)(?<list>${numbers})`,
  "i",
);
/** `cmake -DCMAKE_CUDA_ARCHITECTURES="60;70" ..`, within CMAKE_ARGS, too. */
const asOption = new RegExp(
  String.raw`-D ?(?<before>CMAKE_CUDA_ARCHITECTURES(?::\w+)?=\\?["']?)(?<list>${number}(?:;${number})*)`,
);
const namedFile = /(?:^|[\s"'`])((?:[\w.+-]+[\\/])*(?:CMakeLists\.txt|[\w.-]+\.cmake))(?=$|[\s"'`:;|])/;

/** Gathers them line by line. */
export class CmakeArchitectureReader {
  #shown: ShownArchitectures | undefined;
  #file: string | undefined;
  #failed = false;
  #detected: readonly string[] | undefined;

  line(text: string): void {
    if (text.includes("Autodetected CUDA arch"))
      this.#detected = (/Autodetected CUDA architecture\(s\): {1,3}(\S.{0,200})$/.exec(text)?.[1] ?? "")
        .split(/[;,\s]+/)
        .filter((word) => /^\d{1,2}\.\d[af]?(?:\+PTX)?$/.test(word));
    if (text.includes("Automatic GPU detection failed")) this.#failed = true;
    if (text.length > 1_000 || !/CUDA_ARCHITECTURES|CMakeLists|\.cmake/.test(text)) return;
    const { file, before, list } = inFile.exec(text)?.groups ?? {};
    if (before !== undefined && list !== undefined) {
      this.#shown = { before, list, file: file ?? this.#file ?? "CMakeLists.txt" };
      return;
    }
    const option = asOption.exec(text)?.groups;
    // A line of a file counts for more: it sets what the option had set.
    if (option !== undefined && this.#shown?.file === undefined)
      this.#shown = { before: option["before"] ?? "", list: option["list"] ?? "" };
    if (/\b(?:grep|cat|sed|head|tail|less|vim?|nano|bat|type|findstr|diff)\b/.test(text))
      this.#file = namedFile.exec(text)?.[1] ?? this.#file;
  }

  facts(): CmakeArchitectureFacts {
    return {
      detectionFailed: this.#failed,
      ...(this.#detected === undefined || this.#detected.length === 0 ? {} : { autodetected: this.#detected }),
      ...(this.#shown === undefined ? {} : { cmakeArchitectures: this.#shown }),
    };
  }
}
