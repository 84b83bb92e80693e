/**
 * What the tag of an image of pytorch/pytorch says: `2.4.0-cuda12.1-cudnn9-runtime` has that torch, with that CUDA, and no nvcc.
 * What a Dockerfile installs on top it does not know. Source: the tags of https://hub.docker.com/r/pytorch/pytorch.
 */

/** torch and its CUDA; undefined of another image. */
export function torchOfImage(
  image: string | undefined,
): { readonly version: string; readonly cuda: string } | undefined {
  const [, version, cuda] = /pytorch\/pytorch:(\d+\.\d+(?:\.\d+)?)-cuda(\d+\.\d+)/.exec(image ?? "") ?? [];
  return version === undefined || cuda === undefined ? undefined : { version, cuda };
}

/** The same image with nvcc; undefined where it has one already. */
export function withNvcc(image: string | undefined): string | undefined {
  return image !== undefined && /-(?:runtime|base)\b/.test(image)
    ? image.replace(/-(?:runtime|base)\b/, "-devel")
    : undefined;
}
