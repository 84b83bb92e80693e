/** Places and builders that a text states without naming them: PyPA's images, a driver, archives of others, boards. */
import { describe, expect, test } from "vitest";
import { diagnose } from "../../../src/diagnose/diagnose.ts";

const live = (text: string): string =>
  (diagnose(text).diagnoses[0]?.fix ?? []).filter((line) => !line.startsWith("#")).join("\n");

describe("the Pythons of PyPA's images", () => {
  const missing = "a.cpp:3:10: fatal error: zlib.h: No such file or directory";

  test("are of a system with yum", () => {
    expect(live(`g++ -I/opt/python/cp310-cp310/include/python3.10 -c a.cpp\n${missing}`)).toContain(
      "yum install -y zlib",
    );
  });

  test("are Alpine's where musl is named", () => {
    const text = `musllinux_1_2_x86_64\ng++ -I/opt/python/cp310-cp310/include/python3.10 -c a.cpp\n${missing}`;
    expect(live(text)).not.toContain("yum");
  });
});

describe("the driver's library at the link", () => {
  const link =
    "/usr/bin/ld: cannot find -lcuda: No such file or directory\nsubprocess.CalledProcessError: Command '['/usr/bin/gcc', '/tmp/tmpab/cuda_utils.c', '-shared', '-o', '/tmp/tmpab/cuda_utils.so', '-lcuda', '-L/v/lib/python3.11/site-packages/triton/backends/nvidia/lib', '-L/usr/lib64']' returned non-zero exit status 1.";

  test("gets its name where Triton's command says that it lies", () => {
    expect(live(link)).toContain("sudo ln -s libcuda.so.1 /usr/lib64/libcuda.so");
    expect(live(link)).not.toContain("stubs");
    expect(live(`I have no root here\n${link}`)).toMatch(/ln -sf \/usr\/lib64\/libcuda\.so\.1 .*LIBRARY_PATH=/);
  });

  test("is a stub where nothing tells of a driver", () => {
    expect(live("/usr/bin/ld: cannot find -lcuda")).toContain("stubs");
  });
});

describe("an archive without -fPIC", () => {
  const of = (file: string): string =>
    live(
      `/usr/bin/ld: ${file}(a.o): relocation R_X86_64_32 against \`.rodata' can not be used when making a shared object; recompile with -fPIC`,
    );

  test("is made anew by its own builder", () => {
    expect(of("/home/jo/.pyenv/versions/3.10.4/lib/libpython3.10.a")).toContain("pyenv install --force 3.10.4");
    expect(of("/usr/local/lib/libpython3.12.a")).toContain("./configure --enable-shared --prefix=/usr/local");
    expect(of("/w/gtest/build/lib/libgtest.a")).toContain("-B /w/gtest/build -DCMAKE_POSITION_INDEPENDENT_CODE=ON");
  });

  test("is not mended by a build of the module", () => {
    expect(of("/usr/local/lib/libgflags.a")).not.toMatch(/pip install|retorch build/);
  });
});

describe("a board with an old glibc", () => {
  test("is told of no tunable that its loader does not know", () => {
    const text =
      "Jetson Xavier NX, Python 3.6\nImportError: /home/jo/.local/lib/python3.6/site-packages/open3d/pybind.cpython-36m-aarch64-linux-gnu.so: cannot allocate memory in static TLS block";
    expect(live(text)).toContain("export LD_PRELOAD=");
    expect(live(text)).not.toContain("GLIBC_TUNABLES");
  });
});
