/**
 * A namespace of the extension's own around Thrust and CUB. Both put the list of architectures into the name of an inline
 * namespace (`__CUDA_ARCH_LIST__`), which keeps apart what libraries of one process were compiled for; so a changed list
 * changes every source that includes them. CCCL's documented way to do without is `THRUST_CUB_WRAPPED_NAMESPACE`
 * (thrust/detail/config/namespace.h, cub/util_namespace.cuh): a name that no other library has. PyTorch is built like
 * that itself (`at_cuda_detail`). Its headers say `thrust::`, for which there is an alias.
 */
import { digestOfParts } from "../base/digest.ts";
import { sorted } from "../base/order.ts";
import type { Extension } from "../config/extension.ts";
import type { Action } from "./graph.ts";
import { type Places, spelled } from "./paths.ts";

/** What a CUDA compile needs for it. */
export interface CcclNamespace {
  /** `NAME=VALUE`. */
  readonly macro: string;
  /** Included before the source; absolute. */
  readonly file: string;
  readonly header: NonNullable<Action["responseFile"]>;
}

/**
 * The macro and the header for an object: the same name for all sources of the extension, on every machine, and no
 * other's. Each object has a header of its own, since some tools remove such files after a command.
 */
export function ccclNamespace(extension: Extension, places: Places, object: string): CcclNamespace {
  const files = extension.sources.map(({ path }) => places.path.relative(places.root, path).replaceAll("\\", "/"));
  const digest = digestOfParts(["cccl namespace", extension.name, ...sorted(files)]);
  const name = `retorch_${extension.name.replaceAll(/[^A-Za-z0-9]/g, "_")}_${digest.slice(0, 8)}`;
  const path = `${object}.cccl.h`;
  return {
    macro: `THRUST_CUB_WRAPPED_NAMESPACE=${name}`,
    file: path,
    header: {
      path: spelled(places, path),
      // One line: ninja has no other. An alias may be declared again.
      content: `namespace ${name} { namespace thrust {} namespace cub {} } namespace thrust = ${name}::thrust; namespace cub = ${name}::cub;\n`,
    },
  };
}
