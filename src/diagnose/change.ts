/** Changes of the configuration that `--fix` applies, as values. How they are written into a file is not known here. */

/** A safe change to an extension's configuration. */
export type ConfigChange =
  | { readonly kind: "add-include-dir"; readonly dir: string }
  | { readonly kind: "add-library"; readonly library: string; readonly dir?: string }
  | { readonly kind: "add-library-dir"; readonly dir: string }
  | { readonly kind: "set-cxx-standard"; readonly standard: string }
  | { readonly kind: "set-host-compiler"; readonly path: string }
  | { readonly kind: "remove-flag"; readonly flag: string }
  | { readonly kind: "add-flag"; readonly tool: "cxx" | "nvcc"; readonly flag: string };

/** The change in words, for the line under a diagnosis. */
export function changeText(change: ConfigChange): string {
  switch (change.kind) {
    case "add-include-dir":
      return `include-dirs += "${change.dir}"`;
    case "add-library":
      return change.dir === undefined
        ? `libraries += "${change.library}"`
        : `libraries += "${change.library}", library-dirs += "${change.dir}"`;
    case "add-library-dir":
      return `library-dirs += "${change.dir}"`;
    case "set-cxx-standard":
      return `cxx-standard = "${change.standard}"`;
    case "set-host-compiler":
      return `host compiler ${change.path}`;
    case "remove-flag":
      return `without the flag ${change.flag}`;
    case "add-flag":
      return `${change.tool}-flags += "${change.flag}"`;
  }
}
