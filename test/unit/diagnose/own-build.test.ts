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

  test("of retorch, where the text has it", () => {
    expect(live(`$ retorch build\nsetup.py is not used\n${pic}`)).toContain("retorch build --force");
  });

  test("of pip, where the text tells of no tool", () => {
    expect(live(pic)).toMatch(
      /rm -rf build   # in the folder of .*\npython -m pip install --no-build-isolation .* -v \.$/,
    );
    expect(live(pic)).not.toContain("retorch");
  });

  test("in the folder of a module that lies beside its sources, or in what setuptools built", () => {
    const symbol = "undefined symbol: _ZNK3c106SymInt6sym_neERKS0_";
    const beside = live(`ImportError: /home/jo/w/ops/_C.cpython-310-x86_64-linux-gnu.so: ${symbol}`);
    expect(beside).toMatch(/^cd \/home\/jo\/w\/ops .*\nrm -rf build\npython setup\.py build_ext --inplace --force$/);
    const alone = live(`>>> import my_ext\nImportError: /home/jo/w/my_ext.cpython-310-x86_64-linux-gnu.so: ${symbol}`);
    expect(alone).toMatch(/^cd \/home\/jo\/w /);
    const inBuild = `/home/jo/w/build/lib.linux-x86_64-cpython-310/ops/_C.cpython-310-x86_64-linux-gnu.so`;
    expect(live(`ImportError: ${inBuild}: ${symbol}`)).toMatch(/^cd \/home\/jo\/w /);
  });

  test("of CMake, in the folder that the library's path tells", () => {
    const text =
      '  File "/usr/local/lib/python3.8/dist-packages/torch/_ops.py", line 643, in load_library\n    ctypes.CDLL(path)\nOSError: /srv/turbo/build/lib/libturbo_th.so: undefined symbol: _ZN5torch3jit17parseSchemaOrNameERKNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE';
    expect(live(text)).toMatch(
      /^cmake -S \/srv\/turbo -B \/srv\/turbo\/build .*-DCMAKE_CXX_FLAGS=-D_GLIBCXX_USE_CXX11_ABI=0/,
    );
    expect(live(text)).toContain("cmake --build /srv/turbo/build --clean-first");
    expect(live(text)).not.toMatch(/retorch|pip install/);
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
    expect(live(text)).not.toMatch(/pip install|conda install -y/);
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
