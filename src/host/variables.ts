/** A host as it is, but for some environment variables. It knows no meaning of any. */
import type { Host } from "./host.ts";

/** The same host with variables set, or taken away where the value is undefined. */
export function hostWithVariables(host: Host, variables: Readonly<Record<string, string | undefined>>): Host {
  // Inherited, not copied: members may be looked up when they are first asked for.
  return Object.create(host, {
    env: { value: { ...host.env, ...variables }, enumerable: true },
  }) as Host;
}
