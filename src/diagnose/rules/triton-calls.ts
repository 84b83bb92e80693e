/**
 * Triton's kernels as they are launched: without a grid, with arguments that the kernel has not, outside of a kernel. It knows the name
 * of a kernel by the line of the traceback. Source: python/triton/runtime/jit.py, runtime/autotuner.py, language/core.py of Triton.
 */
import { type Match, type Rule, said } from "../rule.ts";
import { framesAt } from "../matchers.ts";

/** The line of the program's own that calls the kernel, as the traceback prints it, and where it stands. */
function launch(match: Match): { readonly place: string; readonly source: string } | undefined {
  for (const frame of framesAt(match).toReversed()) {
    const [, place = "", source = ""] = /^(\S.*:\d+) .*? » (.*)$/.exec(frame) ?? [];
    if (source !== "" && !/[\\/](?:triton|torch)[\\/]/.test(place)) return { place, source };
  }
  return undefined;
}

/** `lerp_kernel` of `lerp_kernel[grid](a, b)`, of `lerp_kernel(a, b)`. */
function kernelIn(source: string | undefined): string | undefined {
  return /^(?:[\w.]+ = )?([A-Za-z_]\w*)\s*[[(]/.exec(source ?? "")?.[1];
}

export const tritonCallRules: readonly Rule[] = [
  {
    id: "triton-kernel-without-grid",
    title: "A Triton kernel is called like a function",
    on: ["exception"],
    specificity: 86,
    matches: (finding) => said(finding, /(?<words>Cannot call @triton\.jit'd outside of the scope of a kernel)/),
    confidence: "high",
    cause: (match) => {
      const at = launch(match);
      return `${kernelIn(at?.source) === undefined ? "A kernel" : `\`${kernelIn(at?.source) ?? ""}\``}${at === undefined ? "" : ` (${at.place})`} is called without its grid: the square brackets before the arguments say how many programs are started.`;
    },
    fix: (match) => {
      const name = kernelIn(launch(match)?.source) ?? "kernel";
      return [
        `# grid = (triton.cdiv(n, BLOCK),); ${name}[grid](…, BLOCK=BLOCK)   # the same arguments, behind the brackets`,
        "# a helper that other kernels call is a function without a grid: call it from within a kernel alone",
      ];
    },
    sources: ["triton-lang/triton: python/triton/runtime/jit.py", "triton-lang/triton#1589"],
    examples: [
      {
        text: 'Traceback (most recent call last):\n  File "/w/demo.py", line 19, in lerp\n    lerp_kernel(a, b, out, w, n, BLOCK=1024)\n  File "/e/site-packages/triton/runtime/jit.py", line 856, in __call__\n    raise RuntimeError("Cannot call @triton.jit\'d outside of the scope of a kernel")\nRuntimeError: Cannot call @triton.jit\'d outside of the scope of a kernel',
        expect: "lerp_kernel[grid](",
      },
    ],
  },
  {
    id: "triton-language-outside-kernel",
    title: "A function of Triton's language is called outside of a kernel",
    on: ["exception"],
    specificity: 86,
    matches: (finding) =>
      said(
        finding,
        /(?<words>Did you forget to add @triton\.jit)|(?<range>(?:static_)?range can only be used in @triton\.jit'd functions)/,
      ),
    confidence: "high",
    cause: (match) => {
      const at = launch(match);
      return `What begins with tl. exists in functions with @triton.jit alone, and ${at === undefined ? "one" : `\`${at.source}\` (${at.place})`} is called from Python: the decorator is missing above that function, or the line belongs into the kernel.`;
    },
    fix: () => [
      "# @triton.jit above the function (one that a kernel calls needs it, too)",
      "# outside of kernels: triton.cdiv, triton.next_power_of_2 and torch's functions in place of tl.cdiv, tl.arange, …",
    ],
    sources: ["triton-lang/triton: python/triton/language/core.py"],
    examples: [
      {
        text: "ValueError: Did you forget to add @triton.jit ? (`_semantic` argument must be provided outside of JIT functions.)",
        expect: "@triton.jit above",
      },
      {
        text: "ValueError: Did you forget to add @triton.jit ? (`_builder` argument must be provided outside of JIT functions.)",
        expect: "triton.cdiv",
      },
    ],
  },
  {
    id: "triton-launch-arguments",
    title: "A Triton kernel is launched with other arguments than it has",
    on: ["exception"],
    specificity: 84,
    matches: (finding) =>
      said(finding, /dynamic_func\(\) missing \d+ required positional arguments?: (?<missing>.+)$/) ??
      said(
        finding,
        /dynamic_func\(\) got (?:an unexpected keyword argument|multiple values for argument) ['"](?<other>\w+)/,
      ) ??
      said(
        finding,
        /dynamic_func\(\) takes (?<takes>\d+) positional arguments? but (?<given>\d+) (?:was|were) given/,
      ) ??
      said(finding, /Keyword argument (?<other>\w+) was specified but unrecogni[sz]ed/),
    confidence: "high",
    cause: (match) => {
      const { missing, other, takes, given } = match.facts;
      const at = launch(match);
      const name = kernelIn(at?.source);
      const kernel = `${name === undefined ? "The kernel" : `\`${name}\``}${at === undefined ? "" : ` (launched at ${at.place})`}`;
      if (missing !== undefined)
        return `${kernel} has parameters that the launch does not give: ${missing}. Those marked tl.constexpr (block sizes) have to be given as well, where no @triton.autotune chooses them.`;
      return takes === undefined
        ? `${kernel} has no parameter \`${other ?? ""}\`, or gets it twice: its name at the launch is not the one of the kernel's definition, and of Triton's own it is none either (num_warps, num_stages, num_ctas, maxnreg).`
        : `${kernel} has ${takes} parameters, and the launch gives ${given ?? ""}.`;
    },
    fix: (match) => {
      const { missing, other } = match.facts;
      const name = kernelIn(launch(match)?.source) ?? "kernel";
      const first = /\w+/.exec(missing ?? "")?.[0];
      if (first !== undefined)
        return [
          `# at the launch: ${name}[grid](…, ${first}=…)   # ${/^[A-Z]/.test(first) ? "block sizes: a power of two, such as 1024" : "in the order of the definition, or by name"}`,
        ];
      return other === undefined
        ? [
            `# count the arguments of ${name}[grid](…) against the parameters of its definition (strides and sizes count, too)`,
          ]
        : [
            `# ${other}: the name as the definition of ${name} has it, or leave it out; an option of another release of Triton: leave it out, too`,
          ];
    },
    sources: ["triton-lang/triton: python/triton/runtime/jit.py"],
    examples: [
      {
        text: 'Traceback (most recent call last):\n  File "/w/t.py", line 19, in f\n    add_kernel[grid](x, y, out, n)\n  File "/e/site-packages/triton/runtime/jit.py", line 347, in <lambda>\n    return lambda *args, **kwargs: self.run(grid=grid, warmup=False, *args, **kwargs)\nTypeError: dynamic_func() missing 1 required positional argument: \'BLOCK\'',
        expect: "add_kernel[grid](…, BLOCK=…)",
      },
      {
        text: "KeyError: 'Keyword argument BLOCK_SIZ was specified but unrecognised'",
        expect: "BLOCK_SIZ: the name as",
      },
    ],
  },
  {
    id: "triton-autotuned-argument-given",
    title: "A value that @triton.autotune chooses is given at the launch, too",
    on: ["exception"],
    specificity: 86,
    matches: (finding) => said(finding, /Conflicting meta-parameters: (?<names>[\w, ]+)\./),
    confidence: "high",
    cause: (match) =>
      `The configurations of @triton.autotune set \`${match.facts["names"] ?? ""}\`, and the launch${launch(match) === undefined ? "" : ` (${launch(match)?.place ?? ""})`} sets it as well.`,
    fix: (match) => [
      `# leave ${match.facts["names"] ?? ""} out of the launch; a grid that needs it reads it from the configuration: grid = lambda meta: (triton.cdiv(n, meta["${match.facts["names"]?.split(",")[0] ?? "BLOCK"}"]),)`,
      "# one fixed value: without @triton.autotune, or a single triton.Config",
    ],
    sources: ["triton-lang/triton: python/triton/runtime/autotuner.py"],
    examples: [
      {
        text: "ValueError: Conflicting meta-parameters: BLOCK. Make sure that you don't re-define auto-tuned symbols.",
        expect: "leave BLOCK out of the launch",
      },
    ],
  },
];
