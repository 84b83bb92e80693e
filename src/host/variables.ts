/** A host as it is, but for its environment variables: changed, or watched. It knows no meaning of any. */
import type { Host } from "./host.ts";

type Variables = Record<string, string | undefined>;

/** By which a host that notes variables is known, and every host that inherits from it. */
const noted = Symbol("noted variables");

interface Noted {
  readonly names: Set<string>;
  /** New variables count as well. */
  all: boolean;
}

/** The same host with variables set, or taken away where the value is undefined. The others are asked of the given host. */
export function hostWithVariables(host: Host, variables: Readonly<Variables>): Host {
  const env = new Proxy<Variables>(
    { ...host.env, ...variables },
    {
      get: (target, name) =>
        typeof name !== "string" || name in variables ? Reflect.get(target, name) : host.env[name],
      has: (target, name) => (typeof name !== "string" || name in variables ? name in target : name in host.env),
      getOwnPropertyDescriptor: (target, name) => {
        // A copy of all is made: no single one is asked for.
        if (!(name in variables)) Object.getOwnPropertyDescriptor(host.env, name);
        return Object.getOwnPropertyDescriptor(target, name);
      },
    },
  );
  // Inherited, not copied: members may be looked up when they are first asked for.
  return Object.create(host, { env: { value: env, enumerable: true } }) as Host;
}

/**
 * The same host, and the names of the variables that are asked for by name from now on. Copies of all of them, as they
 * are made for programs, do not count.
 */
export function hostNotingVariables(host: Host): { readonly host: Host; readonly names: () => string[] } {
  const names = new Set<string>();
  // A spread asks for the descriptor of each member just before its value.
  let copied: string | undefined;
  const env = new Proxy<Variables>(
    // Not a copy: on Windows names are compared without case, which only the original object does.
    host.env as Variables,
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
  const noting = Object.create(host, {
    env: { value: env, enumerable: true },
    [noted]: { value: { names, all: false } satisfies Noted },
  }) as Host;
  return { host: noting, names: () => [...names].sort() };
}

/** The variables that were asked for of a host that notes them; undefined where nobody notes, or where all count. */
export function askedVariables(host: Host): readonly string[] | undefined {
  const all = (host as { readonly [noted]?: Noted })[noted];
  return all === undefined || all.all ? undefined : [...all.names].sort();
}

/** Notes that variables were asked for elsewhere: by a program. Undefined: all of them, also those that are not set. */
export function noteVariables(host: Host, names: readonly string[] | undefined): void {
  const all = (host as { readonly [noted]?: Noted })[noted];
  if (all === undefined) return;
  if (names === undefined) all.all = true;
  for (const name of names ?? []) all.names.add(name);
}
