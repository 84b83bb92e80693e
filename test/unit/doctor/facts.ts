/** Facts of a machine on which nothing is wrong. */
import type { DoctorFacts } from "../../../src/doctor/facts.ts";
import type { Environment } from "../../../src/environment/environment.ts";
import type { Verdict } from "../../../src/inspect/verdict.ts";
import { linuxCpu, linuxCuda } from "../../support/plan-fixtures.ts";

const gib = 2 ** 30;

export function facts(parts: Partial<DoctorFacts> = {}): DoctorFacts {
  return {
    environment: linuxCpu,
    variables: {},
    cudaPlaces: [],
    locks: [],
    extensions: [],
    moreExtensions: false,
    store: { path: "/home/ada/.cache/retorch/store/v1" },
    memory: { total: 64 * gib, available: 60 * gib },
    processors: 4,
    nodeVersion: "22.12.0",
    programs: { ninja: "/usr/bin/ninja" },
    ...parts,
  };
}

/** The example with CUDA, its parts changed. */
export function cuda(
  parts: Partial<NonNullable<Environment["cuda"]>> = {},
  rest: Partial<Environment> = {},
): Environment {
  if (linuxCuda.cuda === undefined) throw new Error("the example has no CUDA");
  return { ...linuxCuda, cuda: { ...linuxCuda.cuda, ...parts }, ...rest };
}

export function verdict(parts: Partial<Verdict> = {}): Verdict {
  return {
    loads: "yes",
    runs: "yes",
    reasons: [],
    problems: [],
    libraries: [],
    gpus: [],
    checked: { symbols: 1, files: 1 },
    ...parts,
  };
}
