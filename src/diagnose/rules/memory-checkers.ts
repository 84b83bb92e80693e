/** Faults in compiled code on the CPU that a sanitizer or valgrind found. */
import { python } from "../commands/commands.ts";
import { placeOf, type Match, type Rule } from "../rule.ts";

const kinds: readonly (readonly [RegExp, string])[] = [
  [
    /\bat a null pointer\b/,
    "reads through a pointer that is null: an object that was not made, a module that was not imported, the result of a look-up that found nothing",
  ],
  [
    /use-after|memory that was freed/,
    "uses memory that was given back: at::from_blob (torch::from_blob) of a buffer that is gone, such as a std::vector of a function that has returned, data_ptr of a temporary (x.contiguous().data_ptr() without keeping the tensor), a reference that a thread keeps",
  ],
  [
    /buffer-overflow|Invalid (?:read|write)|container-overflow/,
    "reads or writes beyond the end of a block: an index that is not checked against the tensor's size, a size in bytes taken for a number of elements, a tensor that is not contiguous or of another type than data_ptr<T>() says",
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
        : /use-after|memory that was freed/.test(match.finding.message)
          ? `# look at ${placeOf(match.finding)}: keep the buffer for as long as the tensor lives, or give the tensor memory of its own: torch::from_blob(data, sizes, options).clone() before the buffer goes; auto x = t.contiguous(); then x.data_ptr<float>()`
          : `# look at ${placeOf(match.finding)}; TORCH_CHECK the sizes, type and device of what comes in before the loop`,
      ...(match.finding.program === "memcheck"
        ? match.context.log.script === undefined
          ? []
          : [
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
        text: "==7== Invalid read of size 4\n==7==    at 0x1AF0B3C4: at::native::copy_kernel(at::TensorIterator&, bool) (CopyKernel.cpp:240)\n==7==    by 0x11C4D2: prepare(std::string const&) (app.cpp:41)\n==7==    by 0x11D0A9: main (app.cpp:66)\n==7==  Address 0x2b3fd040 is 0 bytes inside a block of size 4,096 free'd\n==7==    at 0x484BB6F: operator delete(void*, unsigned long) (in /usr/libexec/valgrind/vgpreload_memcheck-amd64-linux.so)\n==7==    by 0x11C3E7: std::vector<float, std::allocator<float> >::~vector() (stl_vector.h:680)\n==7==    by 0x11C3B0: load_frame(std::string const&) (app.cpp:29)",
        expect: "given back in load_frame (app.cpp:29)`: `prepare` (app.cpp:41) uses memory that was given back",
      },
      {
        text: "==9== Invalid read of size 8\n==9==    at 0x1A2B3C4D: Grid::level(long) (grid.cpp:33)\n==9==    by 0x11D0A9: main (app.cpp:66)\n==9==  Address 0x130 is not stack'd, malloc'd or (recently) free'd",
        expect: "a pointer that is null",
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
