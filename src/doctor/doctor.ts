/** Puts the checks together: the whole environment as one list, what is wrong first. Pure. */
import { checkCompiler, checkCxxLibrary, checkPython, checkTorch, checkWarnings } from "./check-basics.ts";
import { checkCudaHome, checkDriver, checkGpus, checkToolkit, checkVisibleDevices } from "./check-cuda.ts";
import { checkCudaPlaces } from "./check-cuda-places.ts";
import {
  checkExtensions,
  checkHelpers,
  checkIsolation,
  checkLocks,
  checkMemory,
  checkNode,
  checkStore,
  checkVariables,
} from "./check-machine.ts";
import {
  checkDriverFiles,
  checkHeaderPlaces,
  checkMixedToolkit,
  checkNoGpu,
  checkToolkitHeaders,
} from "./check-driver.ts";
import { checkActive, checkFlags, checkTemporary } from "./check-flags.ts";
import { checkPreloads, checkRequirements, checkTorches } from "./check-packages.ts";
import { checkClock, checkFileSystems, checkLimits, checkSpace, checkWritable, checkWsl } from "./check-places.ts";
import type { Check, Checker, CheckStatus, DoctorFacts } from "./facts.ts";

/** All that was found. */
export interface DoctorReport {
  /** Nothing is wrong. */
  readonly ok: boolean;
  /** In the order of the checks. */
  readonly checks: readonly Check[];
}

/** Every check, in the order in which a build would meet what it is about. */
const checkers: readonly Checker[] = [
  checkPython,
  checkActive,
  checkTorch,
  checkTorches,
  checkCompiler,
  checkCudaHome,
  checkToolkit,
  checkMixedToolkit,
  checkToolkitHeaders,
  checkDriver,
  checkDriverFiles,
  checkGpus,
  checkNoGpu,
  checkVisibleDevices,
  checkWsl,
  checkCudaPlaces,
  checkHeaderPlaces,
  checkCxxLibrary,
  checkVariables,
  checkFlags,
  checkPreloads,
  checkMemory,
  checkLimits,
  checkTemporary,
  checkSpace,
  checkWritable,
  checkFileSystems,
  checkClock,
  checkLocks,
  checkExtensions,
  checkStore,
  checkNode,
  checkHelpers,
  checkIsolation,
  checkRequirements,
  checkWarnings,
];

/** Judges the facts. */
export function examine(facts: DoctorFacts): DoctorReport {
  const checks = checkers.flatMap((checker) => checker(facts));
  return { ok: !checks.some(({ status }) => status === "problem"), checks };
}

/** The checks of one kind, in order. */
export function checksOf(report: DoctorReport, status: CheckStatus): readonly Check[] {
  return report.checks.filter((check) => check.status === status);
}
