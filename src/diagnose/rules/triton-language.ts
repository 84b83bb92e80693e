/**
 * A kernel that Triton's compiler refuses: what it said below the kernel's lines, and what is written in its place. It knows the words of
 * Triton 2 and 3, not which release is installed. Source: python/triton/language/semantic.py and compiler/code_generator.py of Triton.
 */
import { python } from "../commands/commands.ts";
import type { Rule } from "../rule.ts";

/** What Triton's compiler says below the kernel, and what is to be written instead. */
const refusals: readonly (readonly [said: RegExp, sentence: string, fix: string])[] = [
  [
    /Both operands must be same dtype\. Got \w+ and \w+/,
    "tl.dot multiplies blocks of one type, and its two operands are of different ones: an input in half precision beside weights in float32, as a rule.",
    "# in the kernel: w = w.to(x.dtype) before tl.dot(x, w); or outside of it: layer.half(), weight.to(x.dtype); the accumulator stays tl.float32",
  ],
  [
    /not compatible for matmul|equal (?:reduction|batch) dimensions|must be either 2D or 3D|dot operands must be block tensors|equal ranks >= 2/,
    "tl.dot wants blocks of two dimensions, [M, K] and [K, N]: here the second of the first is not the first of the second.",
    "# pointers of the second operand as [K, N]: w_ptr + rk[:, None] * stride_k + rn[None, :] * stride_n; or tl.dot(x, tl.trans(w)); one row alone: tl.sum(x[:, None] * w, axis=0)",
  ],
  [
    /(?:Value|Mask|Other) argument cannot be block type if pointer argument is not a block/,
    "A block of values (or a mask) goes with one single address: the pointer lacks the block of offsets.",
    "# tl.store(ptr + offsets, value, mask=mask) with offsets = start + tl.arange(0, BLOCK), of the shape of the value; one number: tl.sum(value, axis=0) first",
  ],
  [
    /Boolean value of Tensor with more than one value is ambiguous|`if` conditionals can only accept/,
    "An `if` (or `and`, `or`, `not`) in a kernel decides once for the whole block, and its condition is a block of values.",
    "# element by element: r = tl.where(condition, a, b); & | ~ in place of and, or, not; once for the block: if tl.max(condition.to(tl.int32), axis=0) > 0:",
  ],
  [
    /Mask must have boolean scalar type/,
    "The mask of an atomic operation is a block of numbers, not of truth values.",
    "# mask=(mask != 0), or the comparison itself: mask=offsets < n",
  ],
  [
    /invalid operands of type|cannot add pointers together|[Uu]nsupported ptr type|[Ee]xpected (?:pointer|integer) (?:argument|type)|base must be a pointer type/,
    "A pointer and a value are taken for each other: a tensor that is passed to a kernel is the address of its first element, a number stays a number, and only tl.load turns addresses into values.",
    "# x = tl.load(x_ptr + offsets, mask=mask) before it is computed with; offsets are integers; what tl.load and tl.store take has to be a tensor at the launch, not x.item() or a number",
  ],
  [
    /`other` cannot be provided without `mask`|`mask` (?:and `other` arguments|argument) cannot be specified/,
    "tl.load takes `other` for what the mask leaves out, and a block pointer takes neither.",
    '# tl.load(ptr + offsets, mask=offsets < n, other=0.0); a block pointer: tl.load(block_ptr, boundary_check=(0, 1), padding_option="zero")',
  ],
  [
    /constexpr cannot be reassigned|cannot reassign constexpr/,
    "What is a constant for the compiler (a parameter marked tl.constexpr, a variable that was annotated so) gets another value.",
    "# another name for the new value; a number that changes in a loop is no tl.constexpr",
  ],
  [
    /Cannot have `return` statements inside/,
    "A kernel returns at its end alone, not from within a loop.",
    "# a condition in place of it: a mask, tl.where, or a while whose condition ends",
  ],
  [
    /nested function definitions are not allowed/,
    "A kernel holds no function of its own.",
    "# the helper at the top of the file, with @triton.jit above it",
  ],
  [
    /__setitem__ is not supported|unsupported tensor index/,
    "A block is no array: single elements of it are neither read nor written by an index.",
    "# x[:, None] and x[None, :] add a dimension; to change some: tl.where(offsets == i, new, x); to take one: tl.sum(tl.where(offsets == i, x, 0), axis=0); from memory: tl.load(ptr + i)",
  ],
  [
    /Only `range` and `static_range` iterators|For (?:loop bounds|lower bound|upper bound|step)\b.*must (?:all )?be/,
    "A loop of a kernel goes over range(), tl.range() or tl.static_range() with whole numbers, not over a list, a tuple or a block.",
    "# for i in range(0, n, BLOCK): with scalars; over constants: for i in tl.static_range(0, 4):",
  ],
  [
    /cannot convert .* of type .* to tensor/,
    "The kernel uses a value of Python (None, a list, a text, a torch type) where Triton wants a number or a block.",
    "# hand over numbers and tensors; what only decides how the kernel is made is a parameter marked tl.constexpr; a type: tl.float16, not torch.float16",
  ],
  [
    /between an unsigned tensor and a negative scalar|unexpected signedness|Cannot use \/, #, or %/,
    "A signed and an unsigned block meet in one operation, which Triton does not decide by itself.",
    "# .to(tl.int32) on the unsigned one before it",
  ],
  [
    /supported fp8 dtypes are/,
    "This GPU has no instructions for that 8-bit type: fp8e4nv (torch.float8_e4m3fn) needs compute capability 8.9 (RTX 40, H100).",
    "# fp8e5 (torch.float8_e5m2), fp8e4b15, or weights in bfloat16 on this GPU",
  ],
  [
    /^atomic_\w+ (?:does not support|not supported|only supports)/,
    "Triton has no atomic operation for this type.",
    "# an accumulator of torch.float32 for tl.atomic_add, converted after the kernel",
  ],
  [
    /\bis not \(currently\) implemented|unsupported AST node type|simultaneous multiple|[Aa]ttribute assignment is not|comprehensions are|[Nn]ested comprehensions/,
    "The kernel uses a form of Python that Triton does not compile: it knows assignments, arithmetic, if, for, while and calls of functions with @triton.jit.",
    "# 0 <= x < n → (0 <= x) & (x < n); and, or on blocks → &, |; lists, dictionaries, try and with stay outside of the kernel",
  ],
  [
    /M >= \d+|N >= \d+|K >= \d+/,
    "tl.dot works on blocks of 16 and more in each dimension (of K, for some types, 32): a block size that is smaller (or a shape rounded to less) has to be padded.",
    "# BLOCK = max(16, triton.next_power_of_2(n)), with a mask for what is beyond n",
  ],
  [
    /arguments must be of type tl\.constexpr|must be a constexpr|not (?:a )?constexpr|constexpr.*(?:required|expected)/,
    "What decides a shape (the ends of tl.arange, the shape of tl.zeros) has to be known while the kernel is compiled: the parameter is an ordinary one, whose value comes with the launch.",
    "# mark the parameter: def kernel(x, n, BLOCK: tl.constexpr): and give it by name at the launch: kernel[grid](x, n, BLOCK=128)",
  ],
  [
    /must be (?:a )?powers? of (?:2|two)|power of 2|Shape element \d+ must be/,
    "Blocks of Triton have a power of two of elements.",
    "# BLOCK = triton.next_power_of_2(n) at the launch, and in the kernel mask=offsets < n in tl.load and tl.store",
  ],
  [
    /(?:[Cc]annot|Cannot make_shape_compatible|incompatible).*(?:shape|broadcast)|Mismatched block shapes|[Ii]ncompatible dimensions/,
    "Two blocks of different shapes meet in one operation.",
    "# a[:, None] and b[None, :] say along which dimension each lies; tl.trans or tl.reshape where the order differs",
  ],
  [
    /is not defined$|^name '/,
    "The kernel uses a name that it cannot see: a kernel reads its parameters, tl's functions, and globals that are tl.constexpr.",
    "# hand it over as a parameter (NAME: tl.constexpr), or say NAME = tl.constexpr(128) at the top of the file",
  ],
  [
    /[Cc]annot access global variable/,
    "A kernel reads globals only when they are constants of Triton's.",
    "# NAME = tl.constexpr(128) at the top of the file, or a parameter (NAME: tl.constexpr)",
  ],
  [
    /exceeds triton maximum tensor numel/,
    "One block is to hold more elements than Triton takes (1048576), most often a whole row that was rounded up to a power of two; far less than that fills the registers already.",
    "# go through the row in blocks: for start in range(0, n, BLOCK): with BLOCK = min(4096, triton.next_power_of_2(n)), a mask, and a running sum or maximum",
  ],
  [
    /[Ll]oop-carried variable|initial type .* but is re-assigned|stays consistent/,
    "A variable that a loop carries along keeps its type in Triton, and this one begins with another type than the loop gives it: `acc = 0` is an int32, a block of zeros has the type that is named.",
    "# before the loop: acc = 0.0 for a number, acc = tl.zeros([BLOCK], dtype=tl.float32) for a block; or .to(the first type) where it is assigned",
  ],
  [
    /pointer type|unsupported/i,
    "The kernel uses a type or a form of Python that Triton does not know.",
    "# tl.load and tl.store take the pointer that was passed plus offsets; if, for and while are known, and tuples, lists, classes and most of Python's functions are not",
  ],
];

const longestReason = 200;

/** The last words of the message, below the kernel's own lines. */
function reasonIn(message: string): string | undefined {
  const called =
    /(?:AssertionError|ValueError|TypeError|NameError|NotImplementedError)\((?:'|")?(.{3,1500}?)(?:'|")?\)\s*$/s.exec(
      message,
    )?.[1];
  if (called !== undefined) return called.length <= longestReason ? called : `${called.split(/\. /)[0] ?? ""}.`;
  const last = /\^\s+(\S[^^]{3,400})$/s.exec(message.trimEnd())?.[1]?.trim();
  return last !== undefined && refusals.some(([words]) => words.test(last)) ? last.slice(0, longestReason) : undefined;
}

function adviceOn(why: string | undefined): (typeof refusals)[number] | undefined {
  return why === undefined ? undefined : refusals.find(([words]) => words.test(why));
}

export const tritonLanguageRules: readonly Rule[] = [
  {
    id: "triton-kernel-refused",
    title: "Triton does not take the kernel as it is written",
    on: ["exception"],
    role: "generic",
    specificity: 60,
    matches: (finding) =>
      /^(?:CompilationError|UnsupportedLanguageConstruct)$/.test(finding.code ?? "") &&
      /^at \d+:\d+:/.test(finding.message.trim())
        ? {
            at: /^at (\d+:\d+):/.exec(finding.message.trim())?.[1],
            made: /\bdef triton_/.test(finding.message) ? "yes" : undefined,
            why: reasonIn(finding.message),
          }
        : undefined,
    confidence: (match) => (match.facts["why"] === undefined ? "low" : "medium"),
    cause: (match) =>
      match.facts["made"] !== undefined && match.facts["why"] === undefined
        ? `Triton's compiler stops in a kernel that torch.compile wrote (line:column ${match.facts["at"] ?? ""} of it): no source of yours is at fault. Most often the kernel reads a type that this GPU has no instructions for (float8_e4m3fn before RTX 40 and H100, bfloat16 before RTX 30), or Triton is of another release than the one that this torch is made for. The last line of the message, below the kernel, says which.`
        : `Triton's compiler stops in the kernel's own source (line:column ${match.facts["at"] ?? ""} of the function)${match.facts["why"] === undefined ? "" : `: \`${match.facts["why"]}\``}. ${adviceOn(match.facts["why"])?.[1] ?? "The kernel was written for another release of Triton, or with types, shapes or constants that the language does not take."}`,
    fix: (match) => [
      ...(adviceOn(match.facts["why"]) === undefined
        ? [
            `${python(match)} -c "import torch, triton; print(torch.__version__, triton.__version__)"   # the release that the kernel was written for?`,
          ]
        : []),
      ...(match.facts["made"] !== undefined && match.facts["why"] === undefined
        ? [
            `${python(match)} -c "import torch; print(torch.cuda.get_device_name(0), torch.cuda.get_device_capability(0))"   # fp8 weights (e4m3fn) want 8.9 or more`,
            "# weights in fp16 or bf16 (or e5m2) in place of fp8, or without torch.compile for this model (ComfyUI: without the node that compiles)",
            "# the Triton that fits torch: Linux: pip install --force-reinstall torch; Windows: triton-windows of the release for this torch",
          ]
        : [
            adviceOn(match.facts["why"])?.[2] ??
              "# block sizes and flags as tl.constexpr; a mask where sizes are no multiple of the block",
          ]),
    ],
    sources: ["triton: python/triton/compiler/code_generator.py", "kijai/ComfyUI-HunyuanVideoWrapper#263"],
    examples: [
      {
        text: "torch._dynamo.exc.BackendCompilerFailed: backend='inductor' raised:\nCompilationError: at 8:11:\ndef triton_(in_ptr0, out_ptr0, xnumel, XBLOCK : tl.constexpr):\n    xnumel = 56623104\n    tmp1 = tmp0.to(tl.float32)",
        expect: "in place of fp8",
      },
      {
        text: 'triton.compiler.errors.CompilationError: at 12:24:\n    y = tl.dot(x, w)\n        ^\nAssertionError("Input shapes should have M >= 16, N >= 16 and K >= 16")',
        expect: "max(16",
      },
      {
        text: "triton.compiler.errors.CompilationError: at 2:6:\ndef k(x, n, B): \n    o=tl.arange(0,B)\n      ^\narange's arguments must be of type tl.constexpr",
        expect: "BLOCK: tl.constexpr",
      },
      {
        text: "triton.compiler.errors.CompilationError: at 2:6:\ndef k(x, B: tl.constexpr): \n    o=tl.arange(0,B)\n      ^\narange's range must be a power of 2",
        expect: "next_power_of_2(n) at the launch",
      },
      {
        text: "triton.compiler.errors.CompilationError: at 3:11:\ndef row(x, B: tl.constexpr):\n    o = tl.arange(0, B)\n        ^\nnumel (2097152) exceeds triton maximum tensor numel (1048576)",
        expect: "in blocks",
      },
      {
        text: "triton.compiler.errors.CompilationError: at 4:4:\n    acc = 0\n    for i in range(0, n, B):\n    ^\nAssertionError('Loop-carried variable acc has initial type int32 but is re-assigned to fp32 in loop! Please make sure that the type stays consistent.')",
        expect: "acc = 0.0",
      },
      {
        text: `triton.compiler.errors.CompilationError: at 4:9:\n    y = v * SLOPE\n            ^\nNameError("Cannot access global variable SLOPE from within @jit'ed function. Triton kernels can only access global variables that are instanstiated as constexpr (\`x = triton.language.constexpr(42)\`). Note that this is different from annotating a variable as constexpr (\`x: triton.language.constexpr = 42\`), which is not supported.")`,
        expect: "NAME = tl.constexpr(128)",
      },
      {
        text: "triton.compiler.errors.CompilationError: at 9:14:\n    acc = tl.dot(x, w, acc)\n          ^\nBoth operands must be same dtype. Got fp16 and fp32",
        expect: "w.to(x.dtype)",
      },
      {
        text: "triton.compiler.errors.CompilationError: at 11:4:\n    tl.store(out_ptr + row0, acc)\n    ^\nValue argument cannot be block type if pointer argument is not a block",
        expect: "tl.store(ptr + offsets",
      },
      {
        text: "triton.compiler.errors.UnsupportedLanguageConstruct: at 5:4:\n    if d < delta:\n    ^\nBoolean value of Tensor with more than one value is ambiguous",
        expect: "tl.where(condition, a, b)",
      },
      {
        text: "triton.compiler.errors.CompilationError: at 9:14:\n    acc = tl.dot(x, w)\n          ^\nFirst input shape (['constexpr[16]', 'constexpr[32]']) and second input shape ['constexpr[16]', 'constexpr[16]'] are not compatible for matmul (second index of first shape (32) must be equal to first index of second shape (16)",
        expect: "tl.trans(w)",
      },
      {
        text: "triton.compiler.errors.CompilationError: at 3:8:\n    y = x_ptr * 2\n        ^\ninvalid operands of type pointer<fp32> and triton.language.int32",
        expect: "tl.load(x_ptr + offsets",
      },
      {
        text: "triton.compiler.errors.CompilationError: at 6:4:\n    for v in (a, b):\n    ^\nOnly `range` and `static_range` iterators are currently supported",
        expect: "tl.static_range",
      },
    ],
  },
];
