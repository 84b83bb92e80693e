/**
 * The versions of a machine's tools as people string them together in one line: `ubuntu22.04 cuda11.3 pytorch 1.10.0`,
 * `py3.9+torch1.13+cuda11.7`, `torch 2.0.0+cuda118, torch_geometric 2.4.0`. A line counts when it names two tools or more,
 * and says of none that something else wants it, or that another one works. Reads one line at a time.
 */

import type { PasteFacts } from "./paste-facts.ts";
import { cudaBuildsOf } from "../tables/torch-wheels.ts";

export interface ToolLists {
  /** `1.10.0`. */
  readonly torch?: string;
  /** CUDA that stands in the list: of torch or of the toolkit, people do not tell them apart. `11.3`. */
  readonly cuda?: string;
  /** CUDA that is written behind torch's own number: `11.8` of `2.0.0+cu118`. */
  readonly torchCuda?: string;
  /** `3.9`. */
  readonly python?: string;
}

const longest = 240;
/** A paste says it early, or not at all; a log of training names torch in every line. */
const mostLines = 1_000;
const mention =
  /(?<![\w/.-])(pytorch|torch|cuda[ -]?(?:toolkit)?|python|py|gcc|g\+\+|ubuntu|cudnn|torchvision|torchaudio|torch_geometric|mmcv(?:-full)?|spconv|windows|win|centos|debian)(?: ?version)?(?: is)? ?[:=]{0,2} ?v?(\d{1,3}(?:\.\d{1,3}){0,2})(?:\s?\+\s?(cu(?:da)?\d{2,3}|cpu))?(?![\w.]*\d)/gi;
/** Somebody else's versions, or ones that were tried; a command, a path, a question. */
const other =
  /requir|support|needs?\b|instead|works?\b|worked|fine\b|disappear|upgrad|downgrad|switch|newer|older|higher|lower|least|compatib|[<>?]|success|solve|\bonly\b|wheel|xpect|\bbuilt\b|compiled|ismatch|etected|install|\bwant|recommend|should|\btr(?:ied|y)\b(?! to (?:compile|build|run|use))|\bvs\b|https?:|[\\/][\w.]|\.(?:whl|so|html|yml|yaml|txt)\b|^\s*(?:[$>#%]|RUN|FROM)\s|_cuda|\bbounds\b/i;

/** `118` of `cu118`: `11.8`. */
function dottedCuda(tag: string | undefined): string | undefined {
  const [, major, minor] = /^cu(?:da)?(\d+)(\d)$/i.exec(tag ?? "") ?? [];
  return major === undefined || minor === undefined ? undefined : `${major}.${minor}`;
}

/** torch's CUDA where the text names one CUDA and torch's release has a build for it: people write the two down together. */
export function likelyTorchCuda(
  { installedTorch, torchBuild }: PasteFacts,
  spoken: string | undefined,
): string | undefined {
  if (installedTorch === undefined || spoken === undefined || (torchBuild !== undefined && torchBuild !== "cuda"))
    return undefined;
  return cudaBuildsOf(installedTorch)?.includes(`cu${spoken.replace(".", "")}`) === true ? spoken : undefined;
}

/** With the torch of a list of tools, where nothing states it more exactly. */
export function withList(paste: PasteFacts, { torch, torchCuda }: ToolLists): PasteFacts {
  if (torch === undefined || (paste.installedTorch !== undefined && !paste.installedTorch.startsWith(torch)))
    return paste;
  return {
    ...paste,
    installedTorch: paste.installedTorch ?? torch,
    ...(torchCuda === undefined || paste.torchCuda !== undefined
      ? {}
      : { torchCuda, torchBuild: paste.torchBuild ?? "cuda" }),
  };
}

/** Gathers them line by line. What two lines give two numbers for is not told. */
export class ToolListReader {
  #lines = 0;
  readonly #found = new Map<string, Set<string>>();

  line(text: string): void {
    if (this.#lines >= mostLines || text.length > longest || !/torch|cuda/i.test(text)) return;
    this.#lines++;
    const plain = text.replaceAll(/[*`|]/g, " ").replaceAll(/\s+/g, " ");
    const named: [string, string][] = [];
    const tools = new Set<string>();
    for (const [, tool = "", version = "", tag] of plain.matchAll(mention)) {
      const name = tool.toLowerCase();
      tools.add(/^(?:py)?torch$/.test(name) ? "torch" : name);
      if (/^(?:py)?torch$/.test(name) && /^(?:0|1|2)\.\d{1,2}(?:\.\d)?$/.test(version)) {
        named.push(["torch", version]);
        const built = dottedCuda(tag);
        if (built !== undefined) named.push(["torchCuda", built]);
      } else if (name.startsWith("cuda") && /^(?:8|9|1[0-4])\.\d/.test(version))
        named.push(["cuda", version.split(".").slice(0, 2).join(".")]);
      else if (name.startsWith("cuda")) {
        const short = dottedCuda(`cu${version}`);
        if (short !== undefined && version.length === 3) named.push(["cuda", short]);
      } else if (/^py(?:thon)?$/.test(name) && /^3\.\d{1,2}/.test(version))
        named.push(["python", version.split(".").slice(0, 2).join(".")]);
    }
    if (tools.size < 2 || other.test(plain)) return;
    for (const [name, version] of named) {
      const all = this.#found.get(name) ?? new Set<string>();
      this.#found.set(name, all.add(version));
    }
  }

  facts(): ToolLists {
    return Object.fromEntries(
      [...this.#found].flatMap(([name, all]) => (all.size === 1 ? [[name, [...all][0] ?? ""]] : [])),
    );
  }
}
