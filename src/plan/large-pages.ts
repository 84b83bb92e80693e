/**
 * Compilers hold gigabytes for PyTorch's headers, in pages of 4 KB, and take part of their time to get them and to find
 * things in them. The kernel has pages of 2 MB for who asks (`madvise(MADV_HUGEPAGE)`, with `transparent_hugepage/enabled`
 * at `madvise`, which is the usual); no compiler asks. What it gains is in docs/cuda.md. Two ways to ask for them:
 *
 * - glibc's malloc does where a tunable says so (`glibc.malloc.hugetlb=1`, glibc 2.35; an older one passes over names
 *   that it does not know): cudafe++, ptxas, clang.
 * - A library that is loaded before libc (`LD_PRELOAD`) and asks for what a program maps itself: g++'s collected heap,
 *   and cicc, which brings an allocator of its own.
 *
 * What a compiler makes does not depend on where its memory lies, so nothing of this is part of a key.
 *
 * It knows text; `engine/large-page-library.ts` makes the library.
 */
type Variables = Readonly<Record<string, string | undefined>>;

const tunables = "GLIBC_TUNABLES";
const tunable = "glibc.malloc.hugetlb";

function isTurnedOff(variables: Variables): boolean {
  return (variables[tunables] ?? "").split(":").some((each) => each.startsWith(`${tunable}=`));
}

/**
 * Whether programs may be given the library: not where the user has said something about large pages, nor where
 * libraries of the user are loaded, since a sanitizer's must come alone.
 */
export function mayPreload(variables: Variables): boolean {
  return !isTurnedOff(variables) && (variables["LD_PRELOAD"] ?? "") === "";
}

/**
 * Variables that let a program have large pages, on top of these.
 *
 * @param library Absolute path of the library, where there is one and `mayPreload` allows it.
 */
export function largePageVariables(variables: Variables, library?: string): Readonly<Record<string, string>> {
  if (isTurnedOff(variables)) return {};
  const given = variables[tunables] ?? "";
  return {
    [tunables]: [...(given === "" ? [] : [given]), `${tunable}=1`].join(":"),
    ...(library === undefined ? {} : { LD_PRELOAD: library }),
  };
}

/** Where Linux tells about large pages (kernel documentation, "Transparent Hugepage Support"). */
export const largePageFiles = {
  enabled: "/sys/kernel/mm/transparent_hugepage/enabled",
  size: "/sys/kernel/mm/transparent_hugepage/hpage_pmd_size",
};

/**
 * Whether asking makes a difference, by the content of these files: not where the kernel gives large pages to all or to
 * none, and not where they are of another size than the library thinks (512 MB with arm64's pages of 64 KB).
 */
export function askingHelps(enabled: string | undefined, size: string | undefined): boolean {
  return enabled?.includes("[madvise]") === true && size?.trim() === String(2 ** 21);
}

/**
 * The library, C++ for any compiler on Linux. It needs no headers and no libraries, so that it loads with each libc.
 * Numbers: MAP_PRIVATE | MAP_ANONYMOUS, with or without MAP_NORESERVE; PROT_READ | PROT_WRITE; MADV_HUGEPAGE (Linux,
 * `mman-common.h`, `mman.h`, the same on both machines).
 */
export const librarySource = `typedef unsigned long size;
extern "C" long syscall(long, ...);
extern "C" int munmap(void*, size);
extern "C" int madvise(void*, size, int);
#if defined(__x86_64__) && defined(__LP64__)
static const long number = 9;
#elif defined(__aarch64__) && defined(__LP64__)
static const long number = 222;
#else
#error "no large pages for this machine"
#endif

extern "C" __attribute__((visibility("default")))
void* mmap(void* where, size length, int protection, int flags, int file, long offset) {
  const size large = 1ul << 21;
  if (where || length < large || protection != 3 || (flags & ~0x4000) != 0x22 || length + large < length)
    return (void*)syscall(number, where, length, protection, flags, file, offset);
  /* More than was asked for, and the ends given back: it begins where a large page can. */
  char* start = (char*)syscall(number, where, length + large, protection, flags, file, offset);
  if (start == (char*)-1)
    return (void*)syscall(number, where, length, protection, flags, file, offset);
  const size end = (length + 4095) & ~4095ul;
  char* aligned = (char*)(((size)start + large - 1) & ~(large - 1));
  if (aligned > start) munmap(start, aligned - start);
  if (aligned - start < (long)large) munmap(aligned + end, large - (aligned - start));
  madvise(aligned, end, 14);
  return aligned;
}

extern "C" __attribute__((visibility("default"), alias("mmap")))
void* mmap64(void*, size, int, int, int, long);
`;

/**
 * The words that make the library.
 *
 * @param compiler Absolute path of a C++ compiler, gcc's or clang's.
 */
export function libraryCommand(compiler: string, source: string, output: string): string[] {
  return [compiler, "-O2", "-fPIC", "-fno-exceptions", "-shared", "-nostdlib", "-o", output, source];
}
