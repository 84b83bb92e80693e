/**
 * What a run said and lived on with: a warning, a notice that something slower is used instead. It is no cause of what
 * stopped the run later, unless it tells why that came (an import that failed before its names are missing, a GPU that
 * is refused before its kernels fail).
 */
import type { Finding, FindingKind, ToolName } from "./finding.ts";

const warningForm =
  /^(?:\S.{0,300}?:\d+: )?(?:\w+\.)*\w*Warning: |^\W{0,3}(?:WARN(?:ING)?|[Ww]arning)\b|\[W(?:ARN(?:ING)?)?\b|^W\d{4} |\bUserWarning\b|\s-\s(?:WARN(?:ING)?)\s-\s/;
/** What torch.cuda warns of at the first look at a GPU, below a line that says `UserWarning:` alone. */
const unknownGpu = /is not compatible with the current PyTorch installation|which is too old\.$/;
const fallbackForm =
  /\b[Ff]all(?:s|ing)?[ -]?back to\b|\b[Uu]s(?:e|es|ing) .{0,60}\bfallback\b|\b[Cc]ontinuing without\b|\b(?:will be|is|are) (?:disabled|skipped|ignored)\b/;

const forms = [warningForm, unknownGpu, fallbackForm];

/** Whose warnings are of the same work as the errors that follow: a linker's of a library, an installer's of the network. */
const ownWarnings: ReadonlySet<ToolName> = new Set<ToolName>([
  "linker",
  "gcc",
  "clang",
  "nvcc",
  "msvc",
  "assembler",
  "ptxas",
  "nvlink",
  "cmake",
  "make",
  "ninja",
  "bazel",
  "pip",
  "conda",
]);

/** Whether a finding says of itself that the run goes on, or stands among the lines of a warning that does. */
export function isSurvived({ at, kind, tool, severity, text }: Finding, all: readonly Finding[]): boolean {
  if (ownWarnings.has(tool)) return false;
  if (kind === "warning" || severity === "warning" || forms.some((form) => form.test(text))) return true;
  return all.some(
    (other) => other.kind === "warning" && other.at < at && at - other.at < 15 && other.message.includes(text),
  );
}

const ofBuild: ReadonlySet<FindingKind> = new Set<FindingKind>([
  "compile",
  "missing-header",
  "driver",
  "tool-died",
  "link",
  "duplicate-symbol",
]);

const ofGpu = /CUDA|GPU|NVIDIA|NVML|\bHIP\b|\bROCm|driver|device/i;
const ofLoading =
  /import|\bload|undefined symbol|shared object|not (?:installed|available|found|compiled|built)|unavailable|without|No module/i;
const loadingFails: ReadonlySet<string> = new Set([
  "AttributeError",
  "NameError",
  "NotImplementedError",
  "ImportError",
  "ModuleNotFoundError",
  "RuntimeError",
  "AssertionError",
  "TypeError",
  "UnboundLocalError",
]);
const ofTools = /\bcompiler\b|\bninja\b|\bnvcc\b|codec can't|WinError|Errno 2\b/;
const toolsFail: ReadonlySet<string> = new Set([
  "FileNotFoundError",
  "CalledProcessError",
  "ImportError",
  "OSError",
  "UnicodeDecodeError",
]);
/** What torch's builder makes of a GPU that it does not see. */
const noArchitecture = /list index out of range|arch_list\[-1\]|No CUDA runtime is found/;
const outOfMemory = /out of memory/i;

/** A part of torchvision that a program seldom needs, and that says so itself. */
const optionalPart = /Failed to load image Python extension|you can ignore this warning/;

/**
 * Whether the run could not have stopped with `fatal` because of what the warning tells. A build of an image needs no GPU: that
 * torch sees none there has no cause to be mended.
 */
export function isApart(warning: Finding, fatal: Finding, ofImage = false): boolean {
  const said = warning.message;
  if (
    optionalPart.test(`${said} ${warning.text}`) &&
    !/torchvision/.test(`${fatal.text} ${fatal.frames?.at(-1) ?? ""}`)
  )
    return true;
  const tellsOfGpu = warning.kind === "gpu" || ofGpu.test(said);
  if (ofBuild.has(fatal.kind)) return true;
  if (fatal.kind === "undefined-symbol" || fatal.kind === "missing-library")
    return fatal.phase !== "load" && fatal.phase !== undefined;
  if (fatal.kind === "gpu") return outOfMemory.test(fatal.text) || !tellsOfGpu;
  if (fatal.kind === "system") return true;
  if (fatal.kind !== "exception") return false;
  const code = fatal.code ?? "";
  if (loadingFails.has(code) && ofLoading.test(said)) return false;
  if (toolsFail.has(code) && ofTools.test(said)) return false;
  if (!tellsOfGpu || (ofImage && noArchitecture.test(fatal.message))) return true;
  return outOfMemory.test(fatal.message) || !(ofGpu.test(fatal.message) || noArchitecture.test(fatal.message));
}
