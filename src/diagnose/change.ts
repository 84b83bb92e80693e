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
