/**
 * Finds everything that a build needs to know of the machine, without importing torch. It does not fail: what was not
 * found is absent and its reason stands in `problems`; `checkEnvironment` says whether that matters. The whole answer is
 * remembered with all that it rests on, so that the next search reads one file and asks for the state of some others.
 */
import type { Host } from "../host/host.ts";
import { Memory } from "./cache.ts";
import type { Environment } from "./environment.ts";
import { Look } from "./look.ts";
import { variablesDigest } from "./variables.ts";
import type { Witness } from "./witness.ts";

/** What decides the search besides the machine and its variables. */
export interface EnvironmentRequest {
  /** `--python`: a path, also of an environment's folder, a command, or a version. */
  readonly python?: string;
  /** A LibTorch, or the `torch` folder of a package, to be used instead of the interpreter's own. */
  readonly torch?: string;
  /** Absolute. */
  readonly projectRoot: string;
  /** The user's cache folder. */
  readonly cacheDir: string;
  /** ROCm and SYCL are looked for when torch is built for them, or when asked for here. */
  readonly needs?: { readonly rocm?: boolean; readonly sycl?: boolean };
  /** Linker flags of the project: `-fuse-ld=` and `--ld-path=` may name linkers. */
  readonly linkFlags?: readonly string[];
}

/** What was found, and what it rests on. */
export interface FoundEnvironment {
  readonly environment: Environment;
  readonly witnesses: readonly Witness[];
}

/** Finds the environment, remembered or anew. */
export async function findEnvironment(host: Host, request: EnvironmentRequest): Promise<FoundEnvironment> {
  const memory = new Memory(host, request.cacheDir);
  const question = questionOf(host, request);
  const known = memory.recall<Environment>("environment", question);
  if (known !== undefined) return { environment: known.value, witnesses: known.witnesses };
  const look = new Look(host);
  // Most calls end before this.
  const { search } = await import("./search.ts");
  const environment = await search(look, memory, request);
  const { witnesses } = look;
  if (look.certain) memory.keep("environment", question, { value: environment, witnesses });
  memory.close();
  return { environment, witnesses };
}

function questionOf(host: Host, request: EnvironmentRequest): string[] {
  const linkers = (request.linkFlags ?? []).filter((flag) => /^(?:-fuse-ld|--ld-path)=/.test(flag));
  // A relative path or a command is looked for from the working folder.
  const named = [request.python, request.torch].map((name) => (name === undefined ? "" : `${host.cwd} ${name}`));
  return [
    host.platform,
    host.arch,
    host.home,
    request.projectRoot,
    ...named,
    String(request.needs?.rocm === true),
    String(request.needs?.sycl === true),
    variablesDigest(host.env),
    ...linkers,
  ];
}
