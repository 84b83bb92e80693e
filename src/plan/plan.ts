/**
 * Plans builds: from what is wanted and what is there to a graph of commands. Pure: the same input gives the same graph,
 * nothing is looked up and nothing is run.
 */
import { failure } from "../base/failure.ts";
import { compareVersions, parseVersion, unique } from "../base/order.ts";
import { err, ok, type Result } from "../base/result.ts";
import type { Extension, SourceFile } from "../config/extension.ts";
import { standardNumber } from "../environment/cxx-standard.ts";
import type { Environment } from "../environment/environment.ts";
import { cxxStandardOf } from "../environment/torch-version.ts";
import { type CudaArchChoice, chooseArchitectures } from "./cuda-arch.ts";
import { compileCuda, cudaObject, deviceFlags, hasCuda } from "./cuda.ts";
import { planDeviceLink, wantsDeviceLink } from "./device-link.ts";
import { cudaArchFlags, standardIn } from "./flags.ts";
import type { Action, Artifact, Graph, Root } from "./graph.ts";
import { compileWithGcc, gccObject } from "./host-gcc.ts";
import { compileHip, hasOffloadArch, hipFlags, offloadWords } from "./hip.ts";
import { hipified, wantsHipify } from "./hipify.ts";
import { compileWithMsvc, msvcObject } from "./host-msvc.ts";
import { planLink } from "./link.ts";
import { nvccRefusal } from "./nvcc-words.ts";
import { pathRules, type Places } from "./paths.ts";
import { resolve, type Resolved, userFlags, type Variables } from "./resolve.ts";
import { compileSycl, planSyclLink } from "./sycl.ts";

/** What a plan is made of. */
export interface PlanInput {
  readonly extensions: readonly Extension[];
  readonly environment: Environment;
  /** Absolute: where objects and results go. */
  readonly buildDir: string;
  /** The environment variables of the build: TORCH_CUDA_ARCH_LIST, CFLAGS, NVCC_PREPEND_FLAGS, … */
  readonly variables: Variables;
}

/** Plans the build of extensions. The first thing that stands in the way is the failure. */
export function plan(input: PlanInput): Result<Graph> {
  const actions: Action[] = [];
  const artifacts: Artifact[] = [];
  const warnings: string[] = [];
  for (const extension of input.extensions) {
    const places: Places = {
      platform: input.environment.platform,
      path: pathRules(input.environment.platform),
      root: extension.root,
      buildDir: input.buildDir,
    };
    const resolved = resolve(extension, input.environment, places, input.variables);
    if (!resolved.ok) return resolved;
    const planned = planExtension(resolved.value);
    if (!planned.ok) return planned;
    actions.push(...planned.value.actions);
    artifacts.push(planned.value.artifact);
    warnings.push(...planned.value.warnings);
  }
  const seen = new Set<string>();
  const twice = actions.find(({ id }) => seen.size === seen.add(id).size);
  if (twice !== undefined) {
    return err(
      failure("ARTIFACT_CONFLICT", `the project has two extensions called \`${twice.extension}\``, {
        hint: "rename one of them",
      }),
    );
  }
  return ok({ actions, artifacts, roots: rootsOf(input), buildDir: input.buildDir, warnings: unique(warnings) });
}

interface PlannedExtension {
  readonly actions: readonly Action[];
  readonly artifact: Artifact;
  readonly warnings: readonly string[];
}

function planExtension(resolved: Resolved): Result<PlannedExtension> {
  const { extension } = resolved;
  const refused = extension.sources
    .map((source) =>
      source.language === "cuda" && resolved.device !== "rocm" ? nvccRefusal(resolved.places, source.path) : undefined,
    )
    .find((problem) => problem !== undefined);
  if (refused !== undefined) return err(refused);
  const choice = architecturesOf(resolved);
  if (!choice.ok) return choice;
  const { architectures } = choice.value;
  const compiles = distinctSources(extension.sources).map(({ source, copy }) => {
    const object = numbered(objectOf(resolved, source), copy);
    const action = compileSource(resolved, source, object, choice.value);
    return { source, object, action: wantsHipify(resolved, source) ? hipified(resolved, source, action) : action };
  });
  const cuda = compiles.filter(({ source }) => source.language === "cuda");
  const objects = compiles.map(({ object }) => object);
  let deviceLink: Action | undefined;
  if (hasCuda(resolved) && wantsDeviceLink(resolved)) {
    deviceLink = planDeviceLink(resolved, {
      sources: cuda.map(({ source }) => source),
      objects: cuda.map(({ object }) => object),
      architectures,
    });
  } else if (resolved.device === "xpu") deviceLink = planSyclLink(resolved, objects);
  const deviceObject = deviceLink?.outputs[0];
  const link = planLink(resolved, {
    objects,
    architectures,
    ...(deviceObject === undefined ? {} : { deviceLink: deviceObject }),
  });
  if (!link.ok) return link;
  return ok({
    actions: [
      ...compiles.map(({ action }) => action),
      ...(deviceLink === undefined ? [] : [deviceLink]),
      link.value.action,
    ],
    artifact: link.value.artifact,
    warnings: [
      ...choice.value.warnings,
      ...standardWarnings(resolved),
      ...targetWarnings(resolved),
      ...offloadWarnings(resolved),
    ],
  });
}

/** Architectures are only decided where a source needs them from the plan. */
function architecturesOf(resolved: Resolved): Result<CudaArchChoice> {
  const needs = resolved.extension.sources.some(
    (source) => source.language === "cuda" && cudaArchFlags(deviceFlags(resolved, source)).length === 0,
  );
  if (!needs || resolved.cuda === undefined) return ok({ architectures: [], origin: "the flags", warnings: [] });
  return chooseArchitectures({
    requested: resolved.extension.cudaArch,
    variable: resolved.variables["TORCH_CUDA_ARCH_LIST"],
    gpus: resolved.environment.gpus,
    cudaVersion: resolved.cuda.version,
    known: resolved.cuda.architectures,
  });
}

function objectOf(resolved: Resolved, source: SourceFile): string {
  if (source.language === "cuda") return cudaObject(resolved, source);
  return resolved.compiler.family === "msvc" ? msvcObject(resolved, source) : gccObject(resolved, source);
}

function compileSource(resolved: Resolved, source: SourceFile, object: string, choice: CudaArchChoice): Action {
  if (source.language === "cuda" && hasCuda(resolved))
    return compileCuda(resolved, source, object, choice.architectures);
  if (source.language === "hip" || source.language === "cuda") return compileHip(resolved, source, object);
  if (source.language === "sycl") return compileSycl(resolved, source, object);
  return resolved.compiler.family === "msvc"
    ? compileWithMsvc(resolved, source, object)
    : compileWithGcc(resolved, source, object);
}

/** A source that is listed twice alike counts once; with other flags it is compiled once more. */
function distinctSources(sources: readonly SourceFile[]): { readonly source: SourceFile; readonly copy: number }[] {
  const seen = new Map<string, Set<string>>();
  const result: { source: SourceFile; copy: number }[] = [];
  for (const source of sources) {
    const forms = seen.get(source.path) ?? new Set<string>();
    seen.set(source.path, forms);
    const form = JSON.stringify([source.language, source.flags, source.defines]);
    if (forms.has(form)) continue;
    result.push({ source, copy: forms.size });
    forms.add(form);
  }
  return result;
}

function numbered(object: string, copy: number): string {
  return copy === 0 ? object : object.replace(/\.(o|obj)$/, `.${copy + 1}.$1`);
}

/** The user's standard counts, but torch's headers refuse an older one with errors that do not say so. */
function standardWarnings(resolved: Resolved): string[] {
  const { extension, torch, standard, places } = resolved;
  if (torch === undefined) return [];
  const needed = cxxStandardOf(torch.release);
  const dialect = places.platform === "win32" ? "msvc" : "gcc";
  const named = new Set<string>();
  if (extension.cxxStandard !== undefined) named.add(`c++${standard}`);
  for (const source of extension.sources) {
    const found =
      source.language === "cuda"
        ? standardIn(userFlags(resolved, source, "nvcc"), "nvcc")
        : source.language === "c"
          ? undefined
          : standardIn(userFlags(resolved, source, "cxx"), dialect);
    if (found !== undefined) named.add(found);
  }
  return [...named]
    .filter((name) => (standardNumber(name) ?? Number.POSITIVE_INFINITY) < Number(needed))
    .map(
      (name) => `\`${extension.name}\` asks for ${name}, but the headers of PyTorch ${torch.version} need C++${needed}`,
    );
}

function targetWarnings({ extension, torch }: Resolved): string[] {
  if (extension.torchTargetVersion === undefined || torch === undefined) return [];
  return compareVersions(parseVersion(extension.torchTargetVersion), torch.release) > 0
    ? [
        `\`${extension.name}\` is for PyTorch ${extension.torchTargetVersion} and newer, but ${torch.version} is installed`,
      ]
    : [];
}

function offloadWarnings(resolved: Resolved): string[] {
  const asks = resolved.extension.sources.some(
    (source) =>
      resolved.device === "rocm" &&
      (source.language === "hip" || source.language === "cuda") &&
      !hasOffloadArch([...hipFlags(resolved, source), ...offloadWords(resolved, [])]),
  );
  return asks
    ? [
        `no GPU architecture was given and no AMD GPU is visible: hipcc compiles \`${resolved.extension.name}\` for what it chooses; set PYTORCH_ROCM_ARCH to the ones that it is for`,
      ]
    : [];
}

/** Named folders for keys. */
function rootsOf({ extensions, environment, buildDir }: PlanInput): Root[] {
  const roots: Root[] = [];
  const seen = new Set<string>();
  const add = (name: string, path: string | undefined): void => {
    if (path === undefined || path === "" || path === "/" || seen.has(path)) return;
    seen.add(path);
    roots.push({ name, path });
  };
  unique(extensions.map(({ root }) => root)).forEach((root, i) => add(i === 0 ? "$PROJECT" : `$PROJECT${i + 1}`, root));
  add("$BUILD", buildDir);
  add("$TORCH", environment.torch?.root);
  add("$CUDA", environment.cuda?.root);
  add("$ROCM", environment.rocm?.root);
  add("$SYCL", environment.sycl?.root);
  add("$ENV", environment.python?.prefix);
  add("$PYTHON", environment.python?.basePrefix);
  return roots;
}
