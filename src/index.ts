/**
 * retorch as a library: everything the command line does, typed. Paths are absolute unless said otherwise, times are
 * milliseconds, sizes bytes. Expected failures are `Result` values; bugs throw.
 *
 * @packageDocumentation
 */
export type { Attempt, Failure, Location } from "./base/failure.ts";
export { failureCodes, type FailureCode, type FailureCodeEntry } from "./base/failure-codes.ts";
export { err, ok, type Result } from "./base/result.ts";
export type { Digest } from "./base/digest.ts";
export type * from "./config/extension.ts";
export type { BuildRequest } from "./config/request.ts";
export type * from "./environment/environment.ts";
export { findEnvironment, type EnvironmentRequest, type FoundEnvironment } from "./environment/find-environment.ts";
export { argText, commandText } from "./plan/graph.ts";
export type * from "./plan/graph.ts";
export type * from "./engine/events.ts";
export { reasonText, type Reason } from "./engine/reason.ts";
export { build, planOnly, type BuildOptions, type BuildSummary } from "./build/build.ts";
export { buildDiagnosed, type DiagnosedBuild } from "./build/diagnose-failure.ts";
export type { DiagnosedFailure } from "./build/safe-change.ts";
export { buildAndFix } from "./build/fix.ts";
export { diagnoseContext, type DiagnoseSurroundings } from "./build/diagnose-context.ts";
export {
  diagnose,
  diagnoseAction,
  diagnoseStream,
  type Context as DiagnoseContext,
  type Diagnosis,
  type DiagnoseReport,
} from "./diagnose/diagnose.ts";
export { describeJson, describeText } from "./inspect/describe.ts";
export { inspectPath, type Inspection } from "./inspect/inspect.ts";
export { examine, type DoctorReport } from "./doctor/doctor.ts";
export { gatherFacts, type GatherInput } from "./doctor/gather.ts";
export type { Check, CheckStatus, DoctorFacts } from "./doctor/facts.ts";
export { explain, type ExplainedAction } from "./build/explain.ts";
export { clean, cleanTargets } from "./build/clean.ts";
export { prepare, type Prepared } from "./build/prepare.ts";
export type { Host } from "./host/host.ts";
export { nodeHost } from "./host/node-host.ts";
export { compileCommands } from "./export/compile-commands.ts";
export { shellScript } from "./export/shell.ts";
export { makefile } from "./export/make.ts";
export { ninjaFile } from "./export/ninja.ts";
export { openLocalStore, type LocalStoreOptions } from "./cache/local.ts";
export { version } from "./version.ts";
