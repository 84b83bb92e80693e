/**
 * What came of a build as one JSON document, for programs that started it: `retorch build --result FILE`. With what the
 * build looked at they can tell by themselves whether another build would find anything to do. The form is described in
 * docs/captured-request.md.
 */
import type { Result } from "../base/result.ts";
import type { BuildSummary } from "./build.ts";
import type { Looked } from "./no-op.ts";

/** Changes with the form. */
const format = 1;

/** What a build looked at, and the variables that it asked for. */
export interface LookedWithVariables {
  readonly looked: Looked;
  readonly variables: readonly string[];
}

/** The document, as text. */
export function resultDocument(result: Result<BuildSummary>, all: LookedWithVariables | undefined): string {
  const document = result.ok
    ? {
        format,
        ok: true,
        artifacts: result.value.artifacts,
        actions: result.value.actions,
        built_with: result.value.builtWith ?? null,
        looked: plainLooked(all),
      }
    : { format, ok: false, failure: plainFailureOf(result.error), artifacts: [] };
  return `${JSON.stringify(document)}\n`;
}

function plainFailureOf({ code, message, hint }: Extract<Result<unknown>, { ok: false }>["error"]): object {
  return { code, message, hint };
}

function plainLooked(all: LookedWithVariables | undefined): object | undefined {
  if (all === undefined) return undefined;
  const { looked, variables } = all;
  const files: string[] = [];
  const states: number[] = [];
  for (const [path, { size, mtimeMs, ctimeMs, ino }] of looked.files) {
    files.push(path);
    states.push(size, mtimeMs, ctimeMs, ino);
  }
  return { files, states, there: [...looked.there], absent: [...looked.absent], listed: [...looked.listed], variables };
}
