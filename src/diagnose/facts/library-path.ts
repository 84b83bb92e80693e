/**
 * CUDA on the loader's path: a folder of a toolkit that LD_LIBRARY_PATH holds, as a command sets or prints it, and the module of a
 * cluster that puts it there. It does not know whether the program of the text was started in the same shell.
 */

export interface LibraryPathFacts {
  /** `/apps/cuda/12.0.1/lib64`. */
  readonly cudaOnLibraryPath?: string;
  /** As `module` calls it: `cuda/12.0.1`. */
  readonly loadedCudaModule?: string;
}

/** Of a toolkit or of cuDNN: not of a package in Python's folders, nor WSL's driver. */
const ofCuda =
  /(?:^|[:="' ])(\/(?![^:\s]*(?:-packages\/|\/wsl\/|\/stubs\b))[^:\s"'$]*cuda[^:\s"'$]*\/lib(?:64)?)\/?(?=[:"'\s;]|$)/i;
const pathAlone = /^\/[\w.+/-]+(?::\/?[\w.+/-]*)+$/;
const loads =
  /\b(?:module|ml) (?:load |add |swap )?(?:[\w.+-]\S* )*?((?:[\w.-]+\/)*(?:cuda|cudatoolkit|CUDA)(?:\/[\w.-]+)?)(?=[\s;&]|$)/;
const listed = /(?:^|\s)\d+\) ((?:[\w.-]+\/)*(?:cuda|cudatoolkit|CUDA)\/[\w.-]+)/;

/** Gathers it line by line. */
export class LibraryPathReader {
  #folder: string | undefined;
  #module: string | undefined;

  line(text: string): void {
    if (text.length > 2_000) return;
    if (this.#folder === undefined && (text.includes("LD_LIBRARY_PATH") || pathAlone.test(text.trim())))
      this.#folder = ofCuda.exec(text)?.[1];
    if (/cuda|CUDA/.test(text) && text.length <= 400)
      this.#module ??= listed.exec(text)?.[1] ?? (/\b(?:module|ml) /.test(text) ? loads.exec(text)?.[1] : undefined);
  }

  facts(): LibraryPathFacts {
    return {
      ...(this.#folder === undefined ? {} : { cudaOnLibraryPath: this.#folder }),
      ...(this.#module === undefined ? {} : { loadedCudaModule: this.#module }),
    };
  }
}
