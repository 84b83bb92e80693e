/**
 * Every difference between retorch's commands and those of `torch.utils.cpp_extension`, with its reason. The differential
 * test accepts these and no others, and each must occur; `docs/commands.md` repeats them, which a test checks.
 */

/** One kind of difference. */
export interface TorchDifference {
  /** What differs, in words. The first column of the table in the docs. */
  readonly what: string;
  /** Words of torch's commands that retorch's lack: by tool. */
  readonly torch?: RegExp;
  /** Words of retorch's commands that torch's lack. */
  readonly retorch?: RegExp;
  /** Tools whose commands may differ so. All when not said. */
  readonly tools?: readonly ("host" | "device" | "deviceLink" | "link")[];
  /** Scenarios, by their names. All when not said. */
  readonly scenarios?: RegExp;
  /** Why. The last column of the table in the docs. */
  readonly why: string;
}

export const torchDifferences: readonly TorchDifference[] = [
  {
    what: "default optimisation",
    retorch: /^(?:-O3|-DNDEBUG|\/O2|\/DNDEBUG)$/,
    tools: ["host", "device"],
    why: "`load()` compiles without optimisation unless told; the profile `release` does what `setup.py` does. `--profile none` leaves it out",
  },
  {
    what: "flags of the interpreter's own build",
    torch:
      /^(?:-Wsign-compare|-g|-fwrapv|-Wall|-fno-strict-overflow|-Wunreachable-code|-DNDEBUG|-O[23]|-fstack-protector-strong|-Wformat|-Werror=format-security|-specs=.*|-march=.*|-fdebug.*)$/,
    tools: ["host", "link"],
    scenarios: /^setup\.py/,
    why: "`setup.py` repeats the CFLAGS with which somebody once built Python: debug information and warnings that nobody asked for. The profile decides here",
  },
  {
    what: "the ABI macro of libstdc++",
    retorch: /^-D_GLIBCXX_USE_CXX11_ABI=[01]$/,
    tools: ["host", "device"],
    scenarios: /Linux|setup\.py/,
    why: "torch 2.13 no longer passes it, so that a compiler with another default makes a module that cannot be imported; the value is what libtorch was built with",
  },
  {
    what: "locations kept out of objects",
    retorch: /^(?:-Xcompiler )?-ffile-prefix-map=/,
    tools: ["host", "device"],
    why: "the same object for the same source wherever the project and PyTorch lie: what makes a shared cache and reproducible builds possible",
  },
  {
    what: "`-isystem` for PyTorch, CUDA and Python",
    torch: /^-I\$(?:TORCH|PYINC|CUDA)/,
    retorch: /^-isystem \$(?:TORCH|PYINC|CUDA)/,
    tools: ["host", "device"],
    scenarios: /^setup\.py/,
    why: "`load()` does it and `setup.py` does not: warnings of their headers are nobody's business, and `-I` folders of the project come first",
  },
  {
    what: "include folder of the virtual environment",
    torch: /^-I\$ENV\/include$/,
    tools: ["host", "device"],
    scenarios: /^setup\.py/,
    why: "setuptools names it though it does not exist",
  },
  {
    what: "headers of the old tensor library",
    torch: /^-(?:isystem |I)\$TORCH\/include\/THC?$/,
    tools: ["host"],
    scenarios: /Debian/,
    why: "torch 1.13 names the folders though nothing is in them any more",
  },
  {
    what: "linker flags of the interpreter's own build",
    torch: /^-Wl,-(?:O1|Bsymbolic-functions|z,relro|rpath,\$PYLIB)$/,
    tools: ["link"],
    scenarios: /^setup\.py/,
    why: "as with the CFLAGS: distributions choose them for Python itself; `LDFLAGS` is honoured",
  },
  {
    what: "the host compiler of nvcc",
    retorch: /^-ccbin /,
    tools: ["device", "deviceLink"],
    why: "torch passes `$CC` only where it is set, else nvcc takes whatever `gcc` is first on PATH, which may not be the compiler of the other sources",
  },
  {
    what: "`-undefined dynamic_lookup` for programs on macOS",
    torch: /^-undefined dynamic_lookup$/,
    tools: ["link"],
    scenarios: /macOS, program/,
    why: "a program with undefined symbols should fail when it is linked, not when it runs",
  },
  {
    what: "`-arch` on macOS",
    retorch: /^-arch /,
    tools: ["host", "link"],
    scenarios: /macOS/,
    why: "the architecture of the interpreter, also where the compiler runs translated; `ARCHFLAGS` replaces it",
  },
  {
    what: "the name inside of a library on macOS",
    retorch: /^-Wl,-install_name,/,
    tools: ["link"],
    scenarios: /macOS/,
    why: "otherwise the path of the build folder stands in the library",
  },
  {
    what: "Python's library folder in the link",
    torch: /^-L\$PYLIB(?:\/[\w-]+)?$/,
    tools: ["link"],
    scenarios: /^setup\.py/,
    why: "nothing is taken from there: modules are not linked with libpython on Linux",
  },
  {
    what: "the CUDA run time by file name",
    torch: /^-lcudart$/,
    retorch: /^-l:libcudart\.so\.\d+$/,
    tools: ["link"],
    scenarios: /pip's toolkit/,
    why: "pip's CUDA wheels have `libcudart.so.13` alone, for which `-lcudart` fails",
  },
  {
    what: "run path of CUDA for programs",
    retorch: /^-Wl,-rpath,\$CUDA/,
    tools: ["link"],
    scenarios: /CUDA, program/,
    why: "a program needs `libcudart.so` before PyTorch's libraries could bring it",
  },
  {
    what: "PyTorch's Python bindings in a library of operators",
    torch: /^-ltorch_python$/,
    retorch: /^(?:-Wl,--push-state,--as-needed|-ltorch_python|-Wl,--pop-state)$/,
    tools: ["link"],
    scenarios: /library/,
    why: "`is_python_module=False` links them always; here only if something in them is used, so that the library loads in programs without Python",
  },
  {
    what: "machine code alone in the device link, `-dlto` only where it was asked for",
    torch:
      /^(?:-dlto|-D(?:__CUDA_NO|TORCH)_.*|--expt-relaxed-constexpr|-gencode=arch=compute_\d+,code=compute_\d+|-std=c\+\+\d+)$/,
    tools: ["deviceLink"],
    why: "PTX cannot be linked, the others mean nothing to it, and `-dlto` fails with toolkits that lack libnvvm (pip's)",
  },
  {
    what: "CUDA's device run time in the link",
    retorch: /^-lcudadevrt$/,
    tools: ["link"],
    scenarios: /device link/,
    why: "kernels that start kernels need it, and what nobody uses of an archive is not taken",
  },
  {
    what: "reproducible objects and libraries of cl and link",
    retorch: /^(?:\/Brepro|\/INCREMENTAL:NO)$/,
    tools: ["host", "link"],
    scenarios: /Windows/,
    why: "otherwise the time of day stands in them; incremental linking pads the result for later patches",
  },
  {
    what: "`/nologo`, `/showIncludes`, `/c`, import library",
    retorch: /^(?:\/nologo|\/showIncludes|\/IMPLIB:.*)$/,
    tools: ["host", "link"],
    scenarios: /Windows/,
    why: "torch writes them into the rule of its ninja file, but for `/IMPLIB`, which keeps the import library out of the result's folder",
  },
  {
    what: "`--use-local-env`",
    retorch: /^--use-local-env$/,
    tools: ["device"],
    scenarios: /Windows/,
    why: "`setup.py` passes it and `load()` does not; without it nvcc starts `vcvars` for each file",
  },
  {
    what: "`sleef.lib`",
    retorch: /^sleef\.lib$/,
    tools: ["link"],
    scenarios: /Windows/,
    why: "`CppExtension` links it and `load()` does not; vector code of torch's headers may call it",
  },
  {
    what: "the host compiler of icpx by path",
    torch: /^-fsycl-host-compiler(?:-options)?=/,
    retorch: /^-fsycl-host-compiler(?:-options)?=/,
    tools: ["device"],
    scenarios: /XPU/,
    why: "the compiler that the environment has, with the same flags, the profile's among them",
  },
];
