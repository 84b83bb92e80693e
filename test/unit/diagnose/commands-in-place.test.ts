import { describe, expect, test } from "vitest";
import { diagnose } from "../../../src/diagnose/diagnose.ts";

/** The fix of the first diagnosis. */
function fixOf(text: string): string[] {
  return [...(diagnose(text).diagnoses[0]?.fix ?? [])];
}

const glm = "csrc/knn.cpp:2:10: fatal error: glm/glm.hpp: No such file or directory";

describe("setup.py, known by what it prints", () => {
  test("installs or builds in place", () => {
    expect(fixOf(`running install\nrunning bdist_egg\nrunning build_ext\n${glm}`).at(-1)).toBe(
      "python setup.py install",
    );
    expect(fixOf(`running build_ext\nbuilding 'a._C' extension\n${glm}`).at(-1)).toBe(
      "python setup.py build_ext --inplace",
    );
  });

  test("not what pip or another command runs", () => {
    expect(fixOf(`$ sh make.sh\nrunning build_ext\n${glm}`).join("\n")).not.toContain("setup.py build_ext");
    expect(fixOf(`Building wheels for collected packages: a\n  running build_ext\n  ${glm}`).join("\n")).not.toContain(
      "--inplace",
    );
  });

  test("is given again in its folder and by the name of its Python", () => {
    const lines = fixOf(
      `+ pip install torch\n+ cd /opt/ops\n+ python3 setup.py install --force_cuda\nIndexError: list index out of range\n    arch_list[-1] += '+PTX'\n  File "/e/torch/utils/cpp_extension.py", line 1959, in _get_cuda_arch_flags\n    arch_list[-1] += '+PTX'\nIndexError: list index out of range`,
    );
    expect(lines.join("\n")).toContain("cd /opt/ops && python3 setup.py install --force_cuda");
  });
});

describe("a command of the text", () => {
  test("make is told of Python's headers", () => {
    const lines = fixOf(
      "$ make\ng++ -shared -fPIC -o a.so a.cpp\na.cpp:1:10: fatal error: Python.h: No such file or directory\nmake: *** [Makefile:3: a.so] Error 1",
    );
    expect(lines.some((line) => line.startsWith("export CPATH=$(python -c "))).toBe(true);
    expect(lines.at(-1)).toBe("make");
  });

  test("pip installs into the same folder again, which holds no sources", () => {
    const lines = fixOf(
      "$ pip install --no-build-isolation . --target out && PYTHONPATH=out python -c 'import grid_C'\nImportError: /w/out/grid_C.cpython-311-x86_64-linux-gnu.so: undefined symbol: _Z6reduceIfET_i",
    );
    expect(lines).toContain("python -m pip install --upgrade --no-build-isolation . --target out");
    expect(lines.join("\n")).not.toContain("cd /w/out");
  });

  test("a compiler called by hand gets its memory, and no build of pip's", () => {
    const lines = fixOf(
      "$ ulimit -v 150000; g++ -O2 -c a.cpp -o a.o\nvirtual memory exhausted: Cannot allocate memory",
    );
    expect(lines).toContain("g++ -O2 -c a.cpp -o a.o");
    expect(lines.join("\n")).not.toContain("pip install");
  });
});

describe("an image that cog builds", () => {
  test("is changed in cog.yaml", () => {
    const lines = fixOf(
      '$ cog build -t me/gs\n#14 [stage-1 9/11] RUN pip install /gs/simple-knn\n#14 1.0 Processing /gs/simple-knn\n#14 58.12 /gs/simple-knn/simple_knn.cu(90): error: identifier "FLT_MAX" is undefined\n#14 ERROR: process "/bin/sh -c pip install /gs/simple-knn" did not complete successfully: exit code: 1',
    );
    expect(lines).toContain("  run:");
    expect(lines.some((line) => line.startsWith("    - ") && line.includes("simple_knn.cu"))).toBe(true);
    expect(lines).toContain("# then: cog build -t me/gs");
    expect(lines.some((line) => line.startsWith("RUN "))).toBe(false);
  });
});
