/**
 * Images of CUDA that NVIDIA's registry still has, for a tag that it has no more: of each release the last update stays, the others
 * are taken away, and all of CUDA 10 and older is gone. Sources: kokkos/kokkos#5509 (11.0.3), NVlabs/BundleSDF#30 (11.3.1, 11.4.3),
 * johnsmith0031/alpaca_lora_4bit#151 (11.7.1), NVlabs/instant-ngp#1406 (10.2), the archive of CUDA's releases (their last updates).
 * It does not know which systems each of them is made for but by the years of both.
 */

/** The last update of each release. */
const lastUpdates: Readonly<Record<string, string>> = {
  "11.0": "11.0.3",
  "11.1": "11.1.1",
  "11.2": "11.2.2",
  "11.3": "11.3.1",
  "11.4": "11.4.3",
  "11.6": "11.6.2",
  "11.7": "11.7.1",
  "11.8": "11.8.0",
  "12.0": "12.0.1",
  "12.1": "12.1.1",
  "12.2": "12.2.2",
  "12.3": "12.3.2",
  "12.4": "12.4.1",
  "12.5": "12.5.1",
  "12.6": "12.6.3",
  "12.8": "12.8.1",
  "12.9": "12.9.1",
};

/** `nvidia/cuda:11.3.1-cudnn8-devel-ubuntu20.04` in place of `nvidia/cuda:11.3.0-…`; undefined where the same release has none. */
export function imageInItsPlace(image: string): string | undefined {
  const [, before, major = "", minor = "", rest = ""] =
    /^((?:docker\.io\/)?nvidia\/cuda:)(\d+)\.(\d+)(?:\.\d+)?(-.*)?$/.exec(image) ?? [];
  const update = lastUpdates[`${major}.${minor}`];
  if (before === undefined || update === undefined) return undefined;
  // From 12.4 on no number stands behind cudnn; a system has to be named.
  const kind = /-(base|runtime|devel)\b/.exec(rest)?.[1] ?? "devel";
  const number = Number(major) * 100 + Number(minor);
  const cudnn = rest.includes("-cudnn") ? (number >= 1204 ? "-cudnn" : "-cudnn8") : "";
  const system =
    /-((?:ubuntu|ubi|rockylinux|centos)[\d.]+)$/.exec(rest)?.[1] ?? (number >= 1107 ? "ubuntu22.04" : "ubuntu20.04");
  const named = `${before}${update}${cudnn}-${kind}-${system}`;
  return named === image ? undefined : named;
}
