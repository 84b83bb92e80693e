/**
 * Fields that CUDA 13 took out of cudaDeviceProp, asked for by cudaDeviceGetAttribute in the line that reads them. The value is
 * that of the device that is current; which device the struct was filled for is not known here.
 * Source: release notes of CUDA 13.0; the CUDA run time's documentation of cudaDeviceAttr.
 */
import type { Finding } from "../finding.ts";
import type { Match } from "../rule.ts";
import { editLine } from "./source-edits.ts";

/** The attribute that a field became. */
const attributes: Readonly<Record<string, string>> = {
  clockRate: "cudaDevAttrClockRate",
  memoryClockRate: "cudaDevAttrMemoryClockRate",
  deviceOverlap: "cudaDevAttrGpuOverlap",
  kernelExecTimeoutEnabled: "cudaDevAttrKernelExecTimeout",
  computeMode: "cudaDevAttrComputeMode",
  singleToDoublePrecisionPerfRatio: "cudaDevAttrSingleToDoublePrecisionPerfRatio",
};

export function attributeOf(field: string): string {
  return Object.hasOwn(attributes, field) ? (attributes[field] ?? "") : "cudaDevAttr…";
}

const isRemoved =
  /^(?=.*cudaDeviceProp).*["'‘`](clockRate|memoryClockRate|deviceOverlap|kernelExecTimeoutEnabled|computeMode|singleToDoublePrecisionPerfRatio)["'’`]/;

/** How the line names the struct, `prop.` or `props[i].`: what stands before the place that the compiler marks. */
function ownerIn({ source = "", mark }: Finding, field: string): string | undefined {
  const owner = new RegExp(`([A-Za-z_]\\w*(?:\\[\\w+\\])?(?:\\.|->))${field}\\b(?! *=[^=])`, "g");
  const found = [...source.matchAll(owner)];
  const marked = found.find(({ index, 0: all }) => mark !== undefined && mark >= index && mark <= index + all.length);
  return (marked ?? (found.length === 1 ? found[0] : undefined))?.[1];
}

/** The edits of all lines of the text that read such a field; none where the compiler did not print the line. */
export function askedByAttribute(match: Match): string[] {
  const lines = match.context.findings.flatMap((finding) => {
    const field = finding.kind === "compile" ? isRemoved.exec(finding.message)?.[1] : undefined;
    const owner = field === undefined ? undefined : ownerIn(finding, field);
    if (field === undefined || owner === undefined) return [];
    const read = `[]{ int d = 0, v = 0; cudaGetDevice(&d); cudaDeviceGetAttribute(&v, ${attributeOf(field)}, d); return v; }()`;
    return editLine({ ...match, finding }, [[`\\b${owner.replaceAll(/[.[\]]/g, "\\$&")}${field}\\b`, read]]);
  });
  return [...new Set(lines)];
}
