/** A host as it is, but for its environment variables: changed, or watched. It knows no meaning of any. */
import type { Host } from "./host.ts";

/** The same host with variables set, or taken away where the value is undefined. */
export function hostWithVariables(host: Host, variables: Readonly<Record<string, string | undefined>>): Host {
  // Inherited, not copied: members may be looked up when they are first asked for.
  return Object.create(host, {
    env: { value: { ...host.env, ...variables }, enumerable: true },
  }) as Host;
}

/**
 * The same host, and the names of the variables that are asked for by name from now on. Copies of all of them, as they
 * are made for programs, do not count.
 */
export function hostNotingVariables(host: Host): { readonly host: Host; readonly names: () => string[] } {
  const names = new Set<string>();
  // A spread asks for the descriptor of each member just before its value.
  let copied: string | undefined;
  const env = new Proxy<Record<string, string | undefined>>(
    { ...host.env },
    {
      get: (target, name) => {
        if (typeof name !== "string") return undefined;
        if (name !== copied) names.add(name);
        copied = undefined;
        return target[name];
      },
      has: (target, name) => {
        if (typeof name === "string") names.add(name);
        return name in target;
      },
      getOwnPropertyDescriptor: (target, name) => {
        copied = typeof name === "string" ? name : undefined;
        return Object.getOwnPropertyDescriptor(target, name);
      },
    },
  );
  const noting = Object.create(host, { env: { value: env, enumerable: true } }) as Host;
  return { host: noting, names: () => [...names].sort() };
}
