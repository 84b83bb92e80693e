/**
 * What a project is, without building it: the document of `retorch metadata`, for programs that package it. Paths are
 * absolute. Neither Python nor a compiler is looked for.
 */
import type { Extension, Project } from "../config/extension.ts";

/** Changes with the form. */
const format = 1;

/** The document, described in docs/packaging.md. */
export function projectDocument(project: Project): object {
  return {
    format,
    root: project.root,
    configured: project.configured ?? false,
    editable_rebuild: project.editableRebuild ?? null,
    extensions: project.extensions.map(extensionDocument),
  };
}

function extensionDocument(extension: Extension): object {
  return {
    name: extension.name,
    kind: extension.kind,
    /** The file that describes it; null for sources that are built without one. */
    described_in: extension.origin?.file ?? null,
    out_dir: extension.outDir,
    sources: extension.sources.map(({ path, language }) => ({ path, language })),
    include_dirs: extension.includeDirs,
    extra_objects: extension.extraObjects,
    depends: extension.depends ?? [],
    uses_torch: extension.usesTorch,
    uses_cuda: extension.withCuda === true || extension.sources.some(({ language }) => language === "cuda"),
    py_limited_api: extension.pyLimitedApi ?? null,
    torch_target_version: extension.torchTargetVersion ?? null,
  };
}
