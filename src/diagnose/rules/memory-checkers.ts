/** Faults in compiled code on the CPU that a sanitizer or valgrind found. */
import { python } from "../commands/commands.ts";
import { placeOf, type Match, type Rule } from "../rule.ts";

const kinds: readonly (readonly [RegExp, string])[] = [
  [
    /buffer-overflow|Invalid (?:read|write)|container-overflow/,
    "reads or writes beyond the end of a block: an index that is not checked against the tensor's size, a size in bytes taken for a number of elements, a tensor that is not contiguous or of another type than data_ptr<T>() says",
  ],
  [
    /use-after|heap-use-after-free|stack-use-after/,
    "uses memory that was given back: data_ptr of a temporary (x.contiguous().data_ptr() without keeping the tensor), at::from_blob of a buffer that is gone, a reference that a thread keeps",
  ],
  [
    /free|alloc-dealloc-mismatch/,
    "frees memory that is not its own, or twice: two owners of one buffer, new with free, at::from_blob with a wrong deleter",
  ],
  [
    /uninitialised|uninitialized/,
    "decides by a value that nothing has written: torch.empty, a variable without a first value",
  ],
  [/data race/, "is reached by two threads without a lock, and one of them writes (at::parallel_for, std::thread)"],
  [/leak/, "keeps memory that nothing frees; Python itself leaks a little on purpose"],
  [
    /overflow|cannot be represented|shift/,
    "computes a number that its type cannot hold: int in place of int64_t for sizes and offsets",
  ],
  [/null pointer|misaligned|load of/, "reads through a pointer that is null, not aligned or of another type"],
];

function meaning(match: Match): string {
  return kinds.find(([form]) => form.test(match.finding.message))?.[1] ?? "does what the language leaves undefined";
}

export const memoryCheckerRules: readonly Rule[] = [
  {
    id: "memory-fault-found",
    title: "A sanitizer or valgrind found a fault in compiled code",
    on: ["exception"],
    specificity: 70,
    matches: (finding) => (finding.code === "memory-checker" ? {} : undefined),
    confidence: (match) => (match.finding.line === undefined || /leak/.test(match.finding.message) ? "low" : "high"),
    cause: (match) => {
      const name = (match.finding.symbol ?? "").replace(/\(.*$/s, "");
      const where = placeOf(match.finding);
      return `\`${match.finding.message}\`: ${name === "" ? (where === "" ? "compiled code" : "the code") : `\`${name}\``}${where === "" ? "" : ` (${where})`} ${meaning(match)}.`;
    },
    fix: (match) => [
      match.finding.line === undefined
        ? "# compile with -g -O1 -fno-omit-frame-pointer, so that the report names the line"
        : `# look at ${placeOf(match.finding)}; TORCH_CHECK the sizes, type and device of what comes in before the loop`,
      ...(match.finding.program === "memcheck"
        ? [
            `PYTHONMALLOC=malloc valgrind --suppressions=valgrind-python.supp ${python(match)} the_program.py   # without the noise of Python's own allocator`,
          ]
        : match.finding.program === "lsan"
          ? ["export ASAN_OPTIONS=detect_leaks=0   # leaks of Python itself are no fault of the extension"]
          : []),
    ],
    sources: [
      "https://github.com/google/sanitizers/wiki/AddressSanitizer",
      "https://valgrind.org/docs/manual/mc-manual.html",
    ],
    examples: [
      {
        text: "==777==ERROR: AddressSanitizer: heap-buffer-overflow on address 0x602000000114 at pc 0x7f bp 0x7ffe sp 0x7ffe\nWRITE of size 4 at 0x602000000114 thread T0\n    #0 0x7f1122 in grid_cpu(at::Tensor, long) /w/grid.cpp:33",
        expect: "`grid_cpu` (/w/grid.cpp:33)",
      },
      {
        text: "==4242== Invalid write of size 4\n==4242==    at 0x1A2B3C4D: grid_cpu(at::Tensor, long) (grid.cpp:33)\n==4242==    by 0x1A2B4F00: pybind11::cpp_function::dispatcher(_object*, _object*, _object*) (in /w/_C.so)",
        expect: "grid.cpp:33",
      },
      {
        text: "/w/grid.cpp:41:12: runtime error: signed integer overflow: 2147483647 + 1 cannot be represented in type 'int'",
        expect: "int64_t",
      },
      {
        text: "WARNING: ThreadSanitizer: data race (pid=123)\n  Write of size 4 at 0x7b0400000010 by thread T2:\n    #0 grid_cpu /w/grid.cpp:33",
        expect: "(/w/grid.cpp:33)",
      },
    ],
  },
];
