/** What was typed to build comes again in the fix: make, CMake, a script, with what the compilers' lines tell. */
import { describe, expect, it } from "vitest";
import { diagnose } from "../../../src/diagnose/diagnose.ts";

function fixOf(text: string): readonly string[] {
  return diagnose(text).diagnoses[0]?.fix ?? [];
}

describe("a build that was typed", () => {
  it("with make compiles all again once the Makefile was changed", () => {
    const fix = fixOf(
      [
        "jo@box:~/geom$ make -j4",
        "g++ -O2 -c geom.cpp -o geom.o",
        "/usr/bin/ld: ./libgeom.a(geom.o): relocation R_X86_64_PC32 against symbol `counter' can not be used when making a shared object; recompile with -fPIC",
        "collect2: error: ld returned 1 exit status",
        "make: *** [Makefile:14: geom.so] Error 1",
      ].join("\n"),
    );
    expect(fix.join("\n")).toMatch(/^make -B -j4 CC=".* -fPIC" CXX=".* -fPIC"/);
  });

  it("with CMake is the same command after the cache was told otherwise", () => {
    const fix = fixOf(
      [
        "$ cmake --build out -j2",
        "/w/tok.cpp:6:21: error: comparison of integer expressions of different signedness: ‘int’ and ‘long unsigned int’ [-Werror=sign-compare]",
        "/w/tok.cpp:9:15: error: unused variable ‘n’ [-Werror=unused-variable]",
        "cc1plus: all warnings being treated as errors",
        "gmake[2]: *** [CMakeFiles/_tok.dir/build.make:76: CMakeFiles/_tok.dir/tok.cpp.o] Error 1",
      ].join("\n"),
    );
    expect(fix[0]).toContain('-DCMAKE_CXX_FLAGS="-Wno-error=sign-compare -Wno-error=unused-variable" out');
    expect(fix).toContain("cmake --build out -j2");
  });

  it("names the script that has Windows' line ends", () => {
    const fix = fixOf("$ ./scripts/build.sh\n/usr/bin/env: ‘bash\\r’: No such file or directory");
    expect(fix[0]).toMatch(/^sed -i\.bak 's\/\\r\$\/\/' \.\/scripts\/build\.sh/);
    expect(fix).toContain("./scripts/build.sh");
  });

  it("has a source in C whose functions C++ asks for by another name", () => {
    const fix = fixOf(
      [
        "$ python setup.py build_ext --inplace",
        "gcc -O3 -fPIC -Isrc -c src/lz.c -o build/lz.o",
        "g++ -O3 -fPIC -Isrc -c src/module.cpp -o build/module.o",
        "$ python -c 'import fastlz'",
        "ImportError: /w/fastlz.cpython-311-x86_64-linux-gnu.so: undefined symbol: _Z8lz_boundm",
      ].join("\n"),
    );
    expect(fix.join("\n")).toContain('#     extern "C" {\n#     #include "lz.h"');
    expect(fix).toContain("python setup.py build_ext --inplace");
  });

  it("starts the program again with the run time of a sanitizer", () => {
    const fix = fixOf(
      "$ python -c 'import parse; parse.one()'\n==7==ASan runtime does not come first in initial library list; you should either link runtime to your application or manually preload it with LD_PRELOAD.",
    );
    expect(fix[0]).toBe("LD_PRELOAD=$(gcc -print-file-name=libasan.so) python -c 'import parse; parse.one()'");
  });

  it("gives up the full folder for temporary files", () => {
    const fix = fixOf(
      "$ TMPDIR=/mnt/s pip install --no-build-isolation .\n  a.cpp:5:8: fatal error: error writing to /mnt/s/ccF.s: No space left on device\n  ERROR: Failed building wheel for a",
    );
    expect(fix.join("\n")).not.toContain("TMPDIR=/mnt/s");
  });
});
