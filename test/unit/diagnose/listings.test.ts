/** Listings of source code and runs that ended well hold the words of errors; what really failed beside them is still told. */
import { describe, expect, it } from "vitest";
import { diagnose } from "../../../src/diagnose/diagnose.ts";
import { listedLines } from "../../../src/diagnose/listings.ts";

const workflow = `name: wheels
on:
  push:
    branches: [main]
jobs:
  build:
    runs-on: ubuntu-22.04
    steps:
      - uses: actions/checkout@v4
      # ERROR: Could not build wheels for my_ops, which is required to install pyproject.toml-based projects
      # happens when torch is missing: ModuleNotFoundError: No module named 'torch'
      - name: build
        run: |
          pip wheel . --no-build-isolation 2>&1 | tee log.txt
          if grep -q "nvcc fatal   : Unsupported gpu architecture 'compute_90'" log.txt; then
            echo "error: nvcc too old: Unsupported gpu architecture 'compute_90'"
            exit 1
          fi
`;

const listings: Readonly<Record<string, string>> = {
  "a C++ file that cat showed": `$ cat csrc/loader.cpp
#include <dlfcn.h>
#include <stdexcept>

void* open_lib(const char* path) {
  void* h = dlopen(path, RTLD_NOW);
  if (!h) {
    // typical text: ImportError: libcudart.so.12: cannot open shared object file: No such file or directory
    throw std::runtime_error("libc10.so: cannot open shared object file: No such file or directory");
  }
  return h;
}
`,
  "a CUDA header in a container's shell": `root@c3a1:/work# cat kernels/guard.cuh
#pragma once
#include <cuda_runtime.h>
/*
 * CUDA error: an illegal memory access was encountered
 * nvcc fatal   : Unsupported gpu architecture 'compute_120'
 */
#define GUARD(e)                                             \\
  do {                                                       \\
    if ((e) != cudaSuccess)                                  \\
      fprintf(stderr, "RuntimeError: CUDA error: out of memory\\n"); \\
  } while (0)
#if CUDART_VERSION < 11000
#error "unsupported GNU version! gcc versions later than 9 are not supported!"
#endif
root@c3a1:/work# 
`,
  "a file that git show printed": `~/ops % git show HEAD~2:tools/explain.py
"""Explains the errors of a build.

ModuleNotFoundError: No module named 'torch'
    build isolation is on; pass --no-build-isolation.

OSError: CUDA_HOME environment variable is not set. Please set it to your CUDA install root.
    no toolkit.
"""
import re
import sys

TABLE = {
    "undefined symbol": "ABI",
    "ninja: build stopped: subcommand failed.": "see above",
}


def main(argv):
    text = sys.stdin.read()
    for key, value in TABLE.items():
        if key in text:
            print(value)
            return 0
    raise RuntimeError("Ninja is required to load C++ extensions")


if __name__ == "__main__":
    sys.exit(main(sys.argv))
`,
  "a workflow in YAML": workflow,
  "a file of tests that was pasted": `import pytest
import torch
from torch.utils.cpp_extension import load_inline


def test_message():
    with pytest.raises(RuntimeError, match="Error building extension 'bad'"):
        load_inline(name="bad", cpp_sources="int f( {}", functions=["f"])


def test_symbol(tmp_path):
    # ImportError: /tmp/x/broken.so: undefined symbol: _ZN3c105ErrorC2ENS_14SourceLocationESs
    with pytest.raises(ImportError) as e:
        torch.ops.load_library(str(tmp_path / "broken.so"))
    assert "undefined symbol: _ZN3c105ErrorC2ENS_14SourceLocationESs" in str(e.value)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="RuntimeError: No CUDA GPUs are available")
def test_gpu():
    assert torch.ones(1).cuda().sum() == 1
`,
  "a CMakeLists.txt with line numbers": `   1	cmake_minimum_required(VERSION 3.18)
   2	project(myops LANGUAGES CXX CUDA)
   3	# Could NOT find CUDA (missing: CUDA_TOOLKIT_ROOT_DIR)
   4	find_package(Torch QUIET)
   5	if(NOT Torch_FOUND)
   6	  message(FATAL_ERROR "Could not find a package configuration file provided by \\"Torch\\"")
   7	endif()
   8	set(CMAKE_CXX_STANDARD 17)
   9	add_library(myops SHARED csrc/a.cpp csrc/b.cu)
  10	target_link_libraries(myops PRIVATE \${TORCH_LIBRARIES})
`,
  "the hits of a search": `$ grep -rn "no kernel image" src/ tests/
src/errors.py:14:    "RuntimeError: CUDA error: no kernel image is available for execution on the device": "arch",
src/check.cu:22:  // CUDA error: no kernel image is available for execution on the device
tests/test_errors.py:31:    assert explain("no kernel image is available for execution on the device") == "arch"
$
`,
  "a commit with its message": `commit 5e1f0a9c2b7d4e6f8091a2b3c4d5e6f708192a3b
Author: Kim Lee <kim@example.org>
Date:   Mon Mar 3 10:11:12 2025 +0100

    Do not ship the stub of libcuda

    Users got
      ImportError: libcuda.so.1: cannot open shared object file: No such file or directory
    when the driver was missing.

diff --git a/setup.py b/setup.py
index 111..222 100644
--- a/setup.py
+++ b/setup.py
@@ -1,3 +1,4 @@
 import os
+# error: command '/usr/bin/nvcc' failed with exit status 1
 from setuptools import setup
 setup()
`,
  "a shell script": `#!/usr/bin/env bash
set -euo pipefail

die() { echo "error: $*" >&2; exit 1; }

if ! command -v nvcc >/dev/null; then
  die "/bin/sh: 1: nvcc: not found"
fi
# g++: fatal error: Killed signal terminated program cc1plus  -> MAX_JOBS
if [ "$(free -g | awk '/Mem/{print $2}')" -lt 16 ]; then
  export MAX_JOBS=2
fi
for v in 3.10 3.11; do
  python$v -m build --no-isolation || die "ERROR Backend subprocess exited when trying to invoke build_wheel"
done
`,
  "the script of a step": `2025-05-06T08:00:00.1000000Z ##[group]Run if python -c "import my_ops"; then
2025-05-06T08:00:00.1000100Z if python -c "import my_ops"; then
2025-05-06T08:00:00.1000200Z   echo ok
2025-05-06T08:00:00.1000300Z else
2025-05-06T08:00:00.1000400Z   echo "ImportError: libtorch_cpu.so: cannot open shared object file: No such file or directory"
2025-05-06T08:00:00.1000500Z   echo "::error::undefined symbol: _ZN2at4_ops5zeros4callE"
2025-05-06T08:00:00.1000600Z fi
2025-05-06T08:00:00.1000700Z shell: /usr/bin/bash -e {0}
2025-05-06T08:00:00.1000800Z ##[endgroup]
2025-05-06T08:00:03.1000800Z ok
`,
  "a file in PowerShell": `PS C:\\src\\ops> Get-Content .\\ops\\errors.py
class OpsError(RuntimeError):
    pass


# LINK : fatal error LNK1104: cannot open file 'python311.lib'
# error C2872: 'std': ambiguous symbol
# error: Microsoft Visual C++ 14.0 or greater is required.
def wrap(text):
    if "LNK1104" in text:
        return OpsError("fatal error LNK1104: cannot open file 'c10.lib'")
    return OpsError(text)
PS C:\\src\\ops>
`,
  "a file between fences": `Here is the file as it is now, could somebody review it?

\`\`\`python
import os
import torch


class Loader:
    """Loads the library.

    Raises ImportError: DLL load failed while importing _C: The specified module could not be found.
    """

    def load(self, path):
        if not os.path.exists(path):
            raise FileNotFoundError(path)
        try:
            torch.ops.load_library(path)
        except OSError as e:
            # OSError: libcudart.so.11.0: cannot open shared object file: No such file or directory
            raise RuntimeError("rebuild for this CUDA") from e
\`\`\`
`,
  "a Dockerfile": `FROM nvidia/cuda:12.1.1-devel-ubuntu22.04
# error: subprocess-exited-with-error; OSError: CUDA_HOME environment variable is not set
ENV CUDA_HOME=/usr/local/cuda
RUN apt-get update && apt-get install -y python3-pip ninja-build
# fatal error: Python.h: No such file or directory
RUN apt-get install -y python3-dev
COPY . /src
WORKDIR /src
RUN pip install --no-build-isolation . || (echo "ERROR: Failed building wheel for ops" && exit 1)
`,
  "a script that the shell wrote": `$ cat > check.py <<'EOF'
import sys
try:
    import ops
except ImportError as e:
    print("ImportError: libtorch_cpu.so: cannot open shared object file: No such file or directory")
    sys.exit("undefined symbol: _ZN2at4_ops5zeros4callE")
EOF
$ python check.py
$ echo $?
0
`,
  "a function that was typed into Python": `>>> def explain(text):
...     if "no kernel image" in text:
...         raise RuntimeError("CUDA error: no kernel image is available for execution on the device")
...     return None
...
>>> explain("ok")
>>>
`,
  "a file in Rust": `use std::process::Command;

/// \`libtorch_cpu.so: cannot open shared object file: No such file or directory\` comes from here.
pub fn load(path: &str) -> Result<Library, LoadError> {
    let lib = unsafe { Library::new(path) };
    match lib {
        Ok(lib) => Ok(lib),
        Err(e) => {
            eprintln!("ImportError: libc10.so: cannot open shared object file: No such file or directory");
            panic!("undefined symbol: _ZN3c105ErrorC1E {}", e);
        }
    }
}
`,
  "a manual that head showed": `$ head -30 docs/troubleshooting.md
# Troubleshooting

ImportError: libcudart.so.11.0: cannot open shared object file: No such file or directory

: The wheel is for CUDA 11. Install the one for your CUDA.

nvcc fatal   : Unsupported gpu architecture 'compute_89'

: CUDA 11.8 or newer is needed.
$
`,
  "a cell that writes a file": `%%writefile ops/errors.py
MESSAGES = {
    "no_nvcc": "OSError: CUDA_HOME environment variable is not set. Please set it to your CUDA install root.",
    "abi": "ImportError: undefined symbol: _ZN3c1021throwNullDataPtrErrorEv",
}


def tell(key):
    """Tells what went wrong."""
    raise RuntimeError(MESSAGES[key])
`,
  "a history": `$ git log -3
commit 1234567890abcdef1234567890abcdef12345678 (HEAD -> main)
Author: A <a@b.c>
Date:   Mon Jan 6 10:00:00 2025 +0000

    Fix "RuntimeError: CUDA error: an illegal memory access was encountered"

    nvcc error   : 'cicc' died due to signal 9 (Kill signal) was seen with MAX_JOBS=64.

commit 234567890abcdef1234567890abcdef123456789
Author: A <a@b.c>
Date:   Mon Jan 6 09:00:00 2025 +0000

    ModuleNotFoundError: No module named 'torch' is gone with --no-build-isolation
`,
};

const goodEnds: Readonly<Record<string, string>> = {
  "pytest with its summary": `$ pytest -q
/e/lib/python3.11/site-packages/torch/cuda/__init__.py:129: UserWarning: CUDA initialization: The NVIDIA driver on your system is too old (found version 11040).
.....x..s....                                                            [100%]
=========================== short test summary info ============================
SKIPPED [1] tests/test_gpu.py:10: RuntimeError: No CUDA GPUs are available
XFAIL tests/test_abi.py::test_old - ImportError: undefined symbol: _ZNK2at6Tensor8data_ptrIfEEPT_v
11 passed, 1 skipped, 1 xfailed in 2.10s
$ 
`,
  unittest: `test_bad_arch (tests.test_cli.Cli) ... nvcc fatal   : Unsupported gpu architecture 'compute_999'
ok
test_missing_torch (tests.test_cli.Cli) ... ModuleNotFoundError: No module named 'torch'
ok
test_gpu (tests.test_gpu.Gpu) ... skipped 'No CUDA GPUs are available'

----------------------------------------------------------------------
Ran 3 tests in 1.204s

OK (skipped=1)
`,
  "an image that was built": `#12 3.1 /opt/venv/lib/python3.11/site-packages/torch/cuda/__init__.py:118: UserWarning: CUDA initialization: Found no NVIDIA driver on your system. Please check that you have an NVIDIA GPU
#12 88.2 Successfully built ops
#12 89.0 Successfully installed ops-0.1
#12 DONE 90.1s

#13 exporting to image
#13 exporting layers 12.1s done
#13 writing image sha256:9f3e2d1c done
#13 naming to docker.io/library/ops:dev done
#13 DONE 12.3s
`,
  "an image of the older builder": `Step 7/9 : RUN pip install --no-build-isolation .
 ---> Running in 3c9f0f
  error: subprocess-exited-with-error is printed by our own self test and is expected
  ImportError: libcuda.so.1: cannot open shared object file: No such file or directory (ignored)
Successfully installed ops-0.1
Removing intermediate container 3c9f0f
 ---> 11aa22
Successfully built 11aa22
Successfully tagged ops:latest
`,
  "tests of cargo": `running 4 tests
test loader::missing_library ... ok
test loader::undefined_symbol ... ok
thread 'loader::undefined_symbol' panicked: libx.so: undefined symbol: _Z3foov
test gpu::none ... ignored
test arch::parse ... ok

test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.02s
`,
  "a pipeline of Jenkins": `[Pipeline] sh
+ python -m pytest tests -q
tests/test_x.py::test_a
  UserWarning: Failed to load image Python extension: libc10_cuda.so: cannot open shared object file: No such file or directory
40 passed, 1 warning in 10.3s
[Pipeline] }
[Pipeline] // node
[Pipeline] End of Pipeline
Finished: SUCCESS
`,
  "wheels of cibuildwheel": `Repairing wheel...

    + sh -c 'auditwheel repair -w /tmp/out /tmp/built/ops-0.1-cp311-cp311-linux_x86_64.whl'
INFO:auditwheel.main_repair:Repairing ops-0.1-cp311-cp311-linux_x86_64.whl
Testing wheel...
    + sh -c 'python -c "import ops"'
    UserWarning: CUDA initialization: Found no NVIDIA driver on your system.
                                                             ✓ 12.10s

✓ cp311-manylinux_x86_64 finished in 133.20s

1 wheels produced in 2 minutes:
  ops-0.1-cp311-cp311-manylinux_2_28_x86_64.whl
`,
  "a shell that asks for the status": `kim@ws:~/ops$ python -m unittest -q
nvcc not found, skipping: OSError: CUDA_HOME environment variable is not set. Please set it to your CUDA install root.
----------------------------------------------------------------------
Ran 22 tests in 0.911s

OK
kim@ws:~/ops$ echo $?
0
`,
  "a step that ends with artifacts": `2025-04-04T10:00:00.0Z ##[section]Starting: test
2025-04-04T10:00:01.0Z ModuleNotFoundError: No module named 'torch' (first try, installing)
2025-04-04T10:00:30.0Z ================= 55 passed, 2 skipped, 1 xpassed in 20.01s ==================
2025-04-04T10:00:31.0Z Uploading artifacts...
2025-04-04T10:00:32.0Z Found 3 artifacts
2025-04-04T10:00:33.0Z ##[section]Finishing: test
`,
  "a job of GitHub that tidies up": `2025-07-01T09:00:00.5Z tests/test_err.py::test_missing_lib PASSED                 [ 10%]
2025-07-01T09:00:01.5Z tests/test_err.py::test_dup XFAIL (RuntimeError: Only a single TORCH_LIBRARY can be used to register the namespace t) [ 20%]
2025-07-01T09:00:02.5Z ============ 9 passed, 1 xfailed in 2.2s ============
2025-07-01T09:00:03.5Z Post job cleanup.
2025-07-01T09:00:03.6Z [command]/usr/bin/git version
2025-07-01T09:00:03.7Z git version 2.49.0
2025-07-01T09:00:03.8Z Cleaning up orphan processes
`,
  tox: `ModuleNotFoundError: No module named 'torch' (probing; falling back)
  py311: OK (41.01=setup[20.0]+cmd[21.0] seconds)
  congratulations :) (41.10 seconds)
`,
  MSBuild: `  cl.exe : warning D9025
C:\\x\\a.cpp(3): warning C4244: conversion
  ModuleNotFoundError: No module named 'torch' -- optional
Build succeeded.
    3 Warning(s)
    0 Error(s)

Time Elapsed 00:00:31.22
`,
  colcon: `Starting >>> ops
--- stderr: ops
CMake Warning at CMakeLists.txt:4: Could NOT find CUDA (missing: CUDA_TOOLKIT_ROOT_DIR)
---
Finished <<< ops [12.1s]

Summary: 1 package finished [12.4s]
  1 package had stderr output: ops
`,
  uv: `UserWarning: CUDA initialization: Found no NVIDIA driver on your system. Please check that you have an NVIDIA GPU
Resolved 14 packages in 11ms
Built ops @ file:///w/ops
Prepared 1 package in 31.02s
Installed 1 package in 3ms
 + ops==0.1 (from file:///w/ops)
`,
  "automake's tests": `Running suite(s): loader
100%: Checks: 14, Failures: 0, Errors: 0
undefined symbol: _Z5nopev was reported as it should
PASS: test_loader
============================================================================
Testsuite summary for ops 0.1
============================================================================
# TOTAL: 1
# PASS:  1
# FAIL:  0
# ERROR: 0
============================================================================
`,
};

const failures: readonly (readonly [what: string, id: string, text: string])[] = [
  [
    "a listing and a traceback after it",
    "cuda-library-missing",
    `$ cat csrc/loader.cpp
#include <dlfcn.h>
#include <stdexcept>

void* open_lib(const char* path) {
  void* h = dlopen(path, RTLD_NOW);
  if (!h) {
    // typical text: ImportError: libcudart.so.12: cannot open shared object file: No such file or directory
    throw std::runtime_error("libc10.so: cannot open shared object file: No such file or directory");
  }
  return h;
}
$ python -c "import ops"
Traceback (most recent call last):
  File "<string>", line 1, in <module>
ImportError: libcudart.so.12: cannot open shared object file: No such file or directory
`,
  ],
  [
    "a workflow and the linker of its run",
    "cuda-library-not-found-at-link",
    `${workflow}
the run says:
2025-05-06T08:00:00.1000800Z /usr/bin/ld: cannot find -lcudart: No such file or directory
2025-05-06T08:00:00.1000900Z collect2: error: ld returned 1 exit status
2025-05-06T08:00:01.1000900Z ##[error]Process completed with exit code 1.
`,
  ],
  [
    "a log that cat showed",
    "torch-headers-missing",
    `$ cat build.log
[1/2] g++ -c a.cpp
a.cpp:3:10: fatal error: torch/extension.h: No such file or directory
    3 | #include <torch/extension.h>
compilation terminated.
ninja: build stopped: subcommand failed.
`,
  ],
  [
    "pytest that shows the source of a test",
    "no-kernel-image",
    `=================================== FAILURES ===================================
___________________________________ test_op ____________________________________

    def test_op():
        x = torch.randn(4, device="cuda")
        y = torch.empty_like(x)
        for _ in range(3):
            y = x + 1
>       out = my_ops.scale(x)
E       RuntimeError: CUDA error: no kernel image is available for execution on the device
E       CUDA kernel errors might be asynchronously reported at some other API call

tests/test_op.py:9: RuntimeError
=========================== short test summary info ============================
FAILED tests/test_op.py::test_op - RuntimeError: CUDA error: no kernel image ...
1 failed, 12 passed in 3.21s
`,
  ],
  [
    "a kernel and what nvcc says of it",
    "tensor-type-to-scalar-type",
    `__global__ void k(float* x, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) x[i] *= 2.f;
}
void run(torch::Tensor t) {
  AT_DISPATCH_FLOATING_TYPES(t.type(), "k", [&] {
    k<<<1, 32>>>(t.data_ptr<scalar_t>(), t.numel());
  });
}
b.cu(6): error: no suitable conversion function from "const at::DeprecatedTypeProperties" to "c10::ScalarType" exists
1 error detected in the compilation of "b.cu".
`,
  ],
  [
    "one failed test among others",
    "nvidia-driver-too-old",
    `$ pytest -q
/e/lib/python3.11/site-packages/torch/cuda/__init__.py:129: UserWarning: CUDA initialization: The NVIDIA driver on your system is too old (found version 11040).
.....x..s....                                                            [100%]
=========================== short test summary info ============================
SKIPPED [1] tests/test_gpu.py:10: RuntimeError: No CUDA GPUs are available
FAILED tests/test_abi.py::test_old - ImportError: a.so: undefined symbol: _ZNK2at6Tensor8data_ptrIfEEPT_v
1 failed, 10 passed, 1 skipped, 1 xfailed in 2.10s
$ 
`,
  ],
  [
    "a step after tests that passed",
    "torch-missing-in-isolated-build",
    `2025-04-04T10:00:30.0Z ================= 55 passed in 20.01s ==================
2025-04-04T10:00:31.0Z ##[group]Run python -m build
2025-04-04T10:00:31.0Z python -m build
2025-04-04T10:00:31.0Z shell: /usr/bin/bash -e {0}
2025-04-04T10:00:31.0Z ##[endgroup]
2025-04-04T10:00:32.0Z ModuleNotFoundError: No module named 'torch'
2025-04-04T10:00:33.0Z 
2025-04-04T10:00:33.0Z ERROR Backend subprocess exited when trying to invoke get_requires_for_build_wheel
2025-04-04T10:00:33.2Z ##[error]Process completed with exit code 1.
2025-04-04T10:00:33.3Z Post job cleanup.
`,
  ],
  [
    "a program after tests that passed",
    "torch-version-mismatch",
    `$ pytest -q tests
.....                                                                    [100%]
5 passed in 0.50s
$ python train.py
Traceback (most recent call last):
  File "train.py", line 3, in <module>
    import fused
ImportError: /e/lib/python3.10/site-packages/fused.so: undefined symbol: _ZN3c104impl8GPUTrace13gpuTraceStateE
$ ls
fused.so  train.py
`,
  ],
  [
    "GoogleTest with a failed test",
    "no-kernel-image",
    `[ RUN      ] Ops.Gpu
unknown file: Failure
C++ exception with description "CUDA error: no kernel image is available for execution on the device" thrown in the test body.
[  FAILED  ] Ops.Gpu (12 ms)
[==========] 3 tests from 1 test suite ran. (14 ms total)
[  PASSED  ] 2 tests.
[  FAILED  ] 1 test, listed below:
[  FAILED  ] Ops.Gpu

 1 FAILED TEST
`,
  ],
  [
    "a log of JSON lines",
    "no-kernel-image",
    `{"ts":1,"level":"info","msg":"start"}
{"ts":2,"level":"info","msg":"load"}
{"ts":3,"level":"info","msg":"run"}
{"ts":4,"level":"error","msg":"RuntimeError: CUDA error: no kernel image is available for execution on the device"}
{"ts":5,"level":"info","msg":"stop"}
`,
  ],
  [
    "a script and a traceback between quotes",
    "torch-version-mismatch",
    `My script

import torch
import ops
x = torch.ones(3).cuda()
y = ops.f(x)
print(y)

gives

'''
Traceback (most recent call last):
  File "a.py", line 2, in <module>
    import ops
ImportError: /e/lib/python3.10/site-packages/ops.so: undefined symbol: _ZNK2at6Tensor8data_ptrIfEEPT_v
'''
`,
  ],
  [
    "a program that runs behind what cat shows",
    "cuda-home-led-by-colon",
    `$ cat setup.py && python setup.py install
from setuptools import setup
from torch.utils.cpp_extension import CUDAExtension, BuildExtension
setup(name='x', ext_modules=[CUDAExtension('x', ['x.cu'])], cmdclass={'build_ext': BuildExtension})
running install
/bin/sh: 1: :/usr/local/cuda/bin/nvcc: not found
`,
  ],
  [
    "another prompt after what cat showed",
    "cuda-home-led-by-colon",
    `$ cat setup.py
from setuptools import setup
from torch.utils.cpp_extension import CUDAExtension, BuildExtension
setup(name='x', ext_modules=[CUDAExtension('x', ['x.cu'])], cmdclass={'build_ext': BuildExtension})
(env) kim@ws:~$ python setup.py install
/bin/sh: 1: :/usr/local/cuda/bin/nvcc: not found
`,
  ],
  [
    "CMake's own log, which is YAML",
    "nvcc-unsupported-architecture",
    `$ cat build/CMakeFiles/CMakeConfigureLog.yaml
events:
  -
    kind: "try_compile-v1"
    buildResult:
      stdout: |
        nvcc fatal   : Unsupported gpu architecture 'compute_120'
        ninja: build stopped: subcommand failed.
`,
  ],
  [
    "a build that failed after tests that passed",
    "cuda-toolkit-not-found",
    `$ pytest -q
1 passed in 0.1s
$ pip install --no-build-isolation .
Building wheel for x (setup.py): finished with status 'error'
OSError: CUDA_HOME environment variable is not set. Please set it to your CUDA install root.
$ ls
setup.py
`,
  ],
];

Object.assign(listings, {
  "a list of changes by release": `# Changelog

## 1.4.2 (2025-02-03)

### Fixed
- Wheels: no more \`ImportError: undefined symbol: _ZN3c105ErrorC2E...\` with torch 2.5 (#12).
- Setup: a missing nvcc is told at once (\`RuntimeError: CUDA_HOME is not set\`).

### Changed
- sm_70 is dropped ("no kernel image is available" is
  expected there).

## 1.4.1 (2025-01-02)

- CI: retry when the runner is killed (exit code 137).
`,
  "a list of changes that was pasted without its title": `## [Unreleased]
### Added
- A hint for \`fatal error: Python.h: No such file or directory\`.

## [0.3.0] - 2024-11-05
### Bug fixes
* CUDA error: no kernel image is available for execution on the device (Blackwell)
`,
});

describe("listings of source code", () => {
  for (const [what, text] of Object.entries(listings))
    it(`${what} is no failure`, () => {
      expect(diagnose(text).diagnoses).toEqual([]);
    });

  it("a list of changes ends where a tool speaks", () => {
    const text = `${listings["a list of changes by release"] ?? ""}$ python setup.py install\nOSError: CUDA_HOME environment variable is not set. Please set it to your CUDA install root.\n`;
    expect(diagnose(text).diagnoses[0]?.id).toBe("cuda-toolkit-not-found");
  });

  it("end at a message", () => {
    const text = `${listings["a C++ file that cat showed"] ?? ""}a.cpp:3:4: error: expected ';' before 'return'\n`;
    expect(listedLines(text).has(text.split("\n").length - 1)).toBe(false);
  });
});

describe("runs that ended well", () => {
  for (const [what, text] of Object.entries(goodEnds))
    it(`${what}: nothing is said with confidence`, () => {
      expect(diagnose(text).diagnoses.filter(({ confidence }) => confidence !== "low")).toEqual([]);
    });
});

describe("what failed beside them", () => {
  for (const [what, id, text] of failures)
    it(what, () => {
      const first = diagnose(text).diagnoses[0];
      expect(first?.id).toBe(id);
      expect(first?.confidence).not.toBe("low");
    });
});
