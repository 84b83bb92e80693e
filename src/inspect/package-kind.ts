/**
 * What a package is for, by the names of its files: a source distribution, an editable wheel, what PyTorch saved. Nothing is read
 * of them.
 */
import type { WheelReport } from "./wheel.ts";

export interface PackageKind {
  readonly kind: "sources" | "editable" | "exported-program" | "saved-model" | "python-alone";
  /** One line for who inspects it. */
  readonly text: string;
}

/** Names that setuptools, scikit-build-core, meson-python and hatchling give to what finds the project's folder. */
const EDITABLE =
  /^(?:__editable__[^/]*|_[\w.]+_editable(?:_loader)?\.(?:py|pth)|_editable_[\w.]+\.(?:py|pth)|[\w.]+-editable\.pth)$/;

/** Undefined for a package of which there is nothing to say. */
export function packageKindOf({ kind, name, names, members }: WheelReport): PackageKind | undefined {
  const some = (test: RegExp): boolean => names.some((one) => test.test(one));
  if (name !== undefined) {
    if (some(EDITABLE)) {
      return {
        kind: "editable",
        text: `an editable wheel: it leads to the project's folder on the machine where it was made${members.length === 0 ? ", and holds no compiled files of it" : ""}`,
      };
    }
    return members.length === 0
      ? { kind: "python-alone", text: "no compiled files: it loads wherever Python does" }
      : undefined;
  }
  if (kind === "conda") return undefined;
  if (some(/^[^/]+\/PKG-INFO$/) && members.length === 0)
    return { kind: "sources", text: "a source distribution: pip compiles it when it installs it" };
  if (some(/^(?:[^/]+\/)?archive_format$/)) {
    const models = names.map((one) => /(?:^|\/)data\/aotinductor\/([^/]+)\/.*\.so$/.exec(one)?.[1]);
    const compiled = [...new Set(models.filter((one) => one !== undefined))];
    return {
      kind: "exported-program",
      text:
        compiled.length === 0
          ? "a program that torch.export saved (.pt2): nothing in it is compiled"
          : `a package of PyTorch (.pt2) with what AOTInductor compiled: ${compiled.join(", ")}`,
    };
  }
  if (some(/^[^/]+\/data\.pkl$/)) {
    const text = some(/^[^/]+\/code\//) ? "a model of TorchScript" : "what `torch.save` wrote";
    return { kind: "saved-model", text: `${text}: nothing in it is compiled` };
  }
  return undefined;
}
