/** Sources from an archive of somebody's own have no submodules and no git; short folders get by without Windows' own switch. */
import { describe, expect, test } from "vitest";
import { diagnose } from "../../../src/diagnose/diagnose.ts";

function fix(text: string): string {
  return diagnose(text).diagnoses[0]?.fix.join("\n") ?? "";
}

const build = (folder: string, include: string, header: string): string =>
  `building 'ring_cuda' extension\n/usr/local/cuda/bin/nvcc -I${folder}/${include} -c csrc/ring.cu -o ring.o\ncsrc/ring.cu:3:10: fatal error: ${header}: No such file or directory\n    3 | #include "${header}"\ncompilation terminated.\nerror: command '/usr/local/cuda/bin/nvcc' failed with exit code 1`;

describe("an unpacked archive", () => {
  test.each([
    [
      "tar",
      "$ tar xzf ringscan-1.4.tar.gz && cd ringscan-1.4",
      "third_party/cutlass/include",
      "cutlass/cutlass.h",
      "NVIDIA/cutlass third_party/cutlass",
    ],
    [
      "unzip",
      "$ unzip -q ringscan-1.4.zip && cd ringscan-1.4",
      "submodules/glm",
      "glm/glm.hpp",
      "g-truc/glm submodules/glm",
    ],
  ])("%s: the library is cloned into its folder", (_, head, include, header, wanted) => {
    const made = fix(
      `${head}\n$ python setup.py install\nrunning install\n${build("/w/ringscan-1.4", include, header)}`,
    );
    expect(made).toMatch(new RegExp(`^git clone --depth 1 .*https://github\\.com/${wanted}\\b`, "m"));
    expect(made).not.toMatch(/^git submodule/m);
    expect(made).toMatch(/is no repository/);
  });

  test("a clone has submodules", () => {
    const made = fix(
      `$ git clone https://github.com/mia/ringscan && cd ringscan\n$ python setup.py install\nrunning install\n${build("/w/ringscan", "third_party/cutlass/include", "cutlass/cutlass.h")}`,
    );
    expect(made).toMatch(/^git submodule update --init --recursive/m);
  });
});

describe("long paths on Windows", () => {
  test("what pip clones is cloned into a short folder, in the state that was asked for", () => {
    const made = fix(
      "C:\\Users\\mia\\Documents>pip install --no-build-isolation \"git+https://github.com/mia/ringscan.git@v2#subdirectory=bindings/torch\"\n  Running command git submodule update --init --recursive -q\n  error: unable to create file third_party/cutlass/a_very_long_name.hpp: Filename too long\n  fatal: Unable to checkout '1a2b' in submodule path 'third_party/cutlass'",
    );
    expect(made).toContain("git clone --recursive https://github.com/mia/ringscan C:\\s\\ringscan");
    expect(made).toContain("git -C C:\\s\\ringscan checkout --recurse-submodules v2");
    expect(made).toContain("install --no-build-isolation C:\\s\\ringscan\\bindings\\torch");
    expect(made).not.toMatch(/^reg add/m);
  });

  test("an environment in a short folder takes torch's long names", () => {
    const made = fix(
      "PS C:\\Users\\mia> pip install torch\nERROR: Could not install packages due to an OSError: [Errno 2] No such file or directory: 'C:\\\\Users\\\\mia\\\\AppData\\\\Local\\\\Packages\\\\Python311\\\\site-packages\\\\torch\\\\include\\\\ATen\\\\ops\\\\a_dispatch.h'\nHINT: This error might have occurred since this system does not have Windows Long Path support enabled.",
    );
    expect(made).toMatch(/-m venv C:\\v/);
    expect(made).toMatch(/^pip install torch$/m);
    expect(made).not.toMatch(/^reg add/m);
  });

  test("PowerShell has a word of its own for the folder at hand", () => {
    const made = fix(
      "PS C:\\Users\\mia\\Documents\\a long name\\ringscan> pip install --no-build-isolation .\nProcessing c:\\users\\mia\\documents\\a long name\\ringscan\nninja: error: Stat(C:/Users/mia/Documents/a long name/ringscan/build/temp.win-amd64-cpython-310/Release/a.obj): Filename longer than 260 characters\n  ERROR: Failed building wheel for ringscan",
    );
    expect(made).toContain('subst P: "$PWD"');
  });
});
