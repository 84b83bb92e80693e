/** Fixes in the words of builders that keep an environment of their own. */
import { describe, expect, it } from "vitest";
import { diagnose } from "../../../src/diagnose/diagnose.ts";

function fixOf(text: string): string {
  return diagnose(text).diagnoses[0]?.fix.join("\n") ?? "";
}

function liveOf(text: string): string[] {
  return (diagnose(text).diagnoses[0]?.fix ?? []).filter((line) => !line.startsWith("#"));
}

const noTorch = (setup: string): string =>
  `Traceback (most recent call last):\n  File "${setup}", line 3, in <module>\n    import torch\nModuleNotFoundError: No module named 'torch'`;

describe("builders with an environment of their own", () => {
  it("asks tox for torch in its file, and installs nothing beside it", () => {
    const text = `$ tox run -e py311\n.pkg: install_requires> python -I -m pip install setuptools\n${noTorch("/w/ops/setup.py")}\n.pkg: exit 1 (0.71 seconds) /w/ops> python _backend.py\n`;
    expect(liveOf(text)).toEqual([]);
    expect(fixOf(text)).toContain("package = skip");
    expect(fixOf(text)).toContain("# then: tox run -e py311 -r");
  });

  it("writes nox' session anew", () => {
    const text = `nox > python -m pip install -e '.[test]'\nnox > Command python -m pip install -e '.[test]' failed with exit code 1:\n  × Getting requirements to build editable did not run successfully.\n${noTorch("<string>")}\nnox > Session tests-3.11 failed.\n`;
    expect(fixOf(text)).toContain('session.install("--no-build-isolation", "-e", ".[test]")');
    expect(fixOf(text)).toContain("nox -s tests-3.11");
  });

  it("sets a variable in Nix' derivation", () => {
    const text =
      "$ nix-build -A pkgs.ops\n    arch_list[-1] += '+PTX'\nIndexError: list index out of range\nerror: builder for '/nix/store/1b0v-python3.12-ops-0.1.drv' failed with exit code 1;\n";
    expect(fixOf(text)).toContain("env.TORCH_CUDA_ARCH_LIST");
    expect(liveOf(text)).toEqual([]);
  });

  it("names the packages of CUDA's headers for Nix", () => {
    const text =
      "In file included from /build/source/a.cpp:3:\n/nix/store/xv-python3.11-torch-2.2.1/lib/python3.11/site-packages/torch/include/c10/cuda/CUDAStream.h:5:10: fatal error: cuda_runtime_api.h: No such file or directory\nerror: builder for '/nix/store/7n-python3.11-a-0.4.drv' failed with exit code 1;\n";
    expect(fixOf(text)).toContain("cuda_cudart");
    expect(fixOf(text)).not.toContain("apt-get");
  });

  it("asks Spack for an older compiler", () => {
    const text =
      "==> Installing py-ops-1.2.0-x2kq4mcl7wz5wd5mzyq5fq2hcl6p5e2k [61/61]\n==> Error: ProcessError: Command exited with status 1:\n/opt/cuda-12.1.1/include/crt/host_config.h:132:2: error: #error -- unsupported GNU version! gcc versions later than 12 are not supported!\n";
    expect(liveOf(text).at(-1)).toBe("spack install py-ops@1.2.0 %gcc@12");
  });

  it("writes into EasyBuild's file", () => {
    const text =
      "== processing EasyBuild easyconfig /ec/ops-1.1.eb\n== FAILED: Installation ended unsuccessfully (build directory: /tmp/b): build failed (first 300 chars): cmd \"pip install --prefix=/apps/ops --no-deps --no-index .\" exited with exit code 1 and output:\nProcessing /tmp/b/ops-1.1\n  Installing build dependencies: finished with status 'error'\n  error: subprocess-exited-with-error\n  × pip subprocess to install build dependencies did not run successfully.\n      ERROR: Could not find a version that satisfies the requirement setuptools>=61 (from versions: none)\n      ERROR: No matching distribution found for setuptools>=61\n";
    expect(liveOf(text)).toContainEqual(expect.stringContaining(">> /ec/ops-1.1.eb"));
    expect(liveOf(text).at(-1)).toBe("eb /ec/ops-1.1.eb --robot");
  });

  it("quotes a list for EasyBuild, and does not ask for what its command has", () => {
    const text =
      "== processing EasyBuild easyconfig /ec/gsr-0.1.eb\n== FAILED: Installation ended unsuccessfully (build directory: /tmp/b): build failed (first 300 chars): cmd \"pip install --prefix=/a --no-deps --no-index --no-build-isolation .\" exited with exit code 1 and output:\n    arch_list[-1] += '+PTX'\nIndexError: list index out of range\nERROR: Build of /ec/gsr-0.1.eb failed\n";
    expect(liveOf(text)[0]).toContain(
      String.raw`export TORCH_CUDA_ARCH_LIST=\"8.0;8.6;9.0+PTX\" && '" >> /ec/gsr-0.1.eb`,
    );
    expect(liveOf(text)).toHaveLength(2);
  });

  it("gives catkin_make the folder of torch", () => {
    const text = `$ catkin_make -j4\nCMake Error at quad/CMakeLists.txt:14 (find_package):\n  By not providing "FindTorch.cmake" in CMAKE_MODULE_PATH this project has\n  asked CMake to find a package configuration file provided by "Torch", but\n  CMake did not find one.\n\n-- Configuring incomplete, errors occurred!\nInvoking "cmake" failed\n`;
    expect(liveOf(text)[0]).toMatch(/^catkin_make -j4 -DTorch_DIR=/);
  });

  it("changes nothing for a text of pip", () => {
    const text = `$ pip install ops\n  × Getting requirements to build wheel did not run successfully.\n${noTorch("<string>")}\n`;
    expect(liveOf(text)).toContain("python -m pip install --no-build-isolation ops");
  });

  it("names a recipe's dependencies for Yocto", () => {
    const text = `ERROR: python3-ops-0.2.0-r0 do_compile: 'python3 setup.py bdist_wheel ' execution failed.\n| ${noTorch("/b/tmp/work/python3-ops/0.2.0/git/setup.py").replaceAll("\n", "\n| ")}\nERROR: Task (/meta/python3-ops_0.2.0.bb:do_compile) failed with exit code '1'\n`;
    expect(fixOf(text)).toContain("/meta/python3-ops_0.2.0.bb: DEPENDS +=");
    expect(fixOf(text)).toContain("# then: bitbake python3-ops");
  });

  it("gives cargo's command again as it was typed", () => {
    const text =
      "$ FOO=1 cargo test --all --locked\nerror: failed to run custom build command for `torch-sys v0.17.0`\n  Error: Cannot find a libtorch install, you can either:\n  - Install libtorch manually and set the LIBTORCH environment variable to appropriate path.\n";
    expect(liveOf(text)).toContain("FOO=1 cargo test --all --locked");
  });
});
