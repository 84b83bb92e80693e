import { describe, expect, test } from "vitest";
import { diagnose } from "../../../src/diagnose/diagnose.ts";

const fix = (text: string): readonly string[] => diagnose(text).diagnoses[0]?.fix ?? [];
const live = (text: string): string =>
  fix(text)
    .filter((line) => !line.startsWith("#"))
    .join("\n");

const pic =
  "/usr/bin/ld: a.o: relocation R_X86_64_32 against `.rodata' can not be used when making a shared object; recompile with -fPIC";

describe("a build again is one of the text's own tool", () => {
  test("of setup.py", () => {
    const lines = live(`$ python setup.py install\n${pic}`);
    expect(lines).toContain("python setup.py install");
    expect(lines).not.toContain("retorch");
  });

  test("of CMake", () => {
    const lines = live(`$ cmake -DCMAKE_PREFIX_PATH=/opt/libtorch ..\n${pic}`);
    expect(lines).toContain("cmake --build build --clean-first");
    expect(lines).not.toContain("retorch");
  });

  test("of retorch, where the text has it, and where it tells of none", () => {
    expect(live(pic)).toContain("retorch build --force");
    expect(live(`$ retorch build\nsetup.py is not used\n${pic}`)).toContain("retorch build --force");
  });

  test("a log that holds the lines of make alone names no retorch", () => {
    const lines = live("make[1]: *** [CMakeFiles/app.dir/all] Error 2\nmake: *** [all] Error 2");
    expect(lines).toContain("cmake --build build --verbose -j 1");
  });

  test("operators without a module are not built again", () => {
    const text =
      "The source has this:\nTORCH_LIBRARY(neighbors, m) {\nImportError: dynamic module does not define module export function (PyInit_neighbors)";
    expect(live(text)).toBe("");
    expect(fix(text).join("\n")).toContain("torch.ops.neighbors");
    expect(live(`PYBIND11_MODULE(TORCH_EXTENSION_NAME, m) {\n${text}`)).toContain("build");
  });

  test("a DLL that is not found asks for torch first, and for nothing else where no module is named", () => {
    const text =
      "I ran a build and an install with a setup.py file like the one of the example.\nWindows 10\nImportError: DLL load failed: The specified module could not be found.";
    expect(fix(text)[0]).toContain("import torch first");
    expect(live(text)).toBe("");
  });
});

describe("a build again where an installer's command failed", () => {
  const fatal = "nvcc fatal   : 'wrapped' is in an unexpected state";
  const locked = "Assembler messages:\nFatal error: can't create build/temp/csrc/a.o: No such file or directory";

  test("is that command, with all that it can say where nothing else is to be done", () => {
    expect(live(`(v) jo@ws:~/ops$ pip install -e .\n${fatal}`)).toBe("python -m pip install -v -e .");
    expect(live(`(v) jo@ws:~/ops$ uv sync\n${fatal}`)).toBe("uv sync -v");
    expect(live(`(v) jo@ws:~/ops$ pip install -e .\n${locked}`)).toMatch(/\npython -m pip install -e \.$/);
  });

  test("retorch where the text names it", () => {
    expect(live(`$ retorch build\n$ pip install -e .\n${fatal}`)).toContain("retorch build -v");
  });
});

describe("in a build of conda's recipes", () => {
  test("nothing is installed by hand", () => {
    const folder = "/home/conda/feedstock_root/build_artifacts/my-ops_1739311841674/work";
    const text = `${folder}/setup.py:3: in <module>\nModuleNotFoundError: No module named 'torch'`;
    expect(live(text)).not.toMatch(/pip install|conda install/);
    expect(fix(`${folder}\nModuleNotFoundError: No module named 'pybind11'`).join("\n")).toMatch(
      /requirements, host: .*pybind11/,
    );
  });
});

describe("torch before 1.6 has no cmake_prefix_path", () => {
  const missing =
    'CMake Error at CMakeLists.txt:19 (FIND_PACKAGE):\n  By not providing "FindTorch.cmake" in CMAKE_MODULE_PATH this project has\n  asked CMake to find a package configuration file provided by "Torch", but\n  CMake did not find one.';

  test("as conda lists it", () => {
    const list = "pytorch                   1.3.0               py3.7_cpu_0  [cpuonly]  pytorch";
    expect(live(`${list}\n${missing}`)).toContain("print(torch.__path__[0])')/share/cmake");
    expect(live(`${list.replace("1.3.0", "1.8.1")}\n${missing}`)).toContain("cmake_prefix_path");
  });

  test("what no release is told of is left as it is", () => {
    expect(live(missing)).toContain("cmake_prefix_path");
  });
});
