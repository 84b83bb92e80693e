/** A fix for the log of a CI service is what changes in the service's file: steps, variables, keys of the job. */
import { describe, expect, test } from "vitest";
import { diagnose } from "../../../src/diagnose/diagnose.ts";

function fix(text: string): string {
  return diagnose(text).diagnoses[0]?.fix.join("\n") ?? "";
}

const stamped = (text: string): string =>
  text
    .split("\n")
    .map(
      (line, at) =>
        `2025-03-04T10:${String(10 + Math.trunc(at / 60))}:${String(at % 60).padStart(2, "0")}.1234567Z ${line}`,
    )
    .join("\n");

const ofGh = (text: string): string =>
  text
    .split("\n")
    .map((line) => `build (3.11)\tInstall\t2025-03-04T10:11:12.1234567Z ${line}`)
    .join("\n");

const python = `##[group]Run actions/setup-python@v5
with:
  python-version: 3.13
  cache: pip
  check-latest: false
  token: ***
##[endgroup]
`;
const checkout = `##[group]Run actions/checkout@v4
with:
  repository: ada/ringops
  token: ***
  path: src
  fetch-depth: 1
  submodules: false
##[endgroup]
`;

const step = (script: string, rest = "shell: /usr/bin/bash -e {0}\n##[endgroup]"): string =>
  `##[group]Run ${script.split("\n")[0] ?? ""}\n${script
    .split("\n")
    .map((line) => `\u001b[36;1m${line}\u001b[0m`)
    .join("\n")}\n${rest}\n`;

const isolated = `Obtaining file:///home/runner/work/ringops/ringops
  Getting requirements to build editable: finished with status 'error'
  error: subprocess-exited-with-error
  × Getting requirements to build editable did not run successfully.
      ModuleNotFoundError: No module named 'torch'
##[error]Process completed with exit code 1.`;

const header = `building 'ringops._C' extension
c++ -c csrc/ring.cpp -o ring.o
csrc/ring.cpp:4:10: fatal error: numa.h: No such file or directory
compilation terminated.
error: command '/usr/bin/c++' failed with exit code 1`;

const killed = `building 'ringops._C' extension
c++: fatal error: Killed signal terminated program cc1plus
compilation terminated.
ninja: build stopped: subcommand failed.
RuntimeError: Error compiling objects for extension`;

const missing = `CMake Error at CMakeLists.txt:9 (add_subdirectory):
  The source directory

    /home/runner/work/ringops/ringops/third_party/fmt

  does not contain a CMakeLists.txt file.`;

describe("a workflow of GitHub's", () => {
  test.each([
    ["the raw log", stamped],
    ["gh run view --log", ofGh],
  ])("has the step again, with the line that failed changed: %s", (_, form) => {
    const text =
      step('pip install numpy\npip install -e ".[test]"\npytest') + `Successfully installed numpy-2.1.1\n${isolated}`;
    expect(fix(form(text))).toContain(`      - run: |
          pip install numpy
          python -m pip install torch setuptools wheel ninja
          pip install --no-build-isolation -e ".[test]"
          pytest`);
  });

  test("has a step of its own for packages of the system", () => {
    const text = step("python setup.py build_ext --inplace\npytest -q") + `running build_ext\n${header}`;
    expect(fix(text)).toContain(`      - run: sudo apt-get update && sudo apt-get install -y libnuma-dev
      - run: |
          python setup.py build_ext --inplace
          pytest -q`);
  });

  test("has variables beside those of the step, and its shell", () => {
    const text =
      step(
        "pip install --no-build-isolation .",
        "shell: /usr/bin/bash -l {0}\nenv:\n  FORCE_CUDA: 1\n  pythonLocation: /opt/hostedtoolcache/Python/3.11.9/x64\n##[endgroup]",
      ) + `Processing /home/runner/work/ringops/ringops\n${killed}\nERROR: Failed building wheel for ringops`;
    expect(fix(text)).toContain(`      - run: pip install --no-build-isolation .
        shell: bash -l {0}
        env:
          FORCE_CUDA: "1"
          MAX_JOBS: "1"`);
  });

  test("is read from the page that a browser shows", () => {
    const text = `Run pip install --no-build-isolation .\n  pip install --no-build-isolation .\n  shell: /usr/bin/bash -e {0}\n  env:\n    FORCE_CUDA: 1\nProcessing /home/runner/work/ringops/ringops\n${killed}\nERROR: Failed building wheel for ringops\nError: Process completed with exit code 1.`;
    expect(fix(text)).toMatch(
      /- run: pip install --no-build-isolation \.\n {8}env:\n {10}FORCE_CUDA: "1"\n {10}MAX_JOBS: "1"/,
    );
  });

  test("fetches submodules where it checks the project out", () => {
    const made = fix(checkout + step("cmake -S . -B build\ncmake --build build") + missing);
    expect(made).toContain(`      - uses: actions/checkout@v4
        with:
          repository: "ada/ringops"
          path: "src"
          submodules: recursive`);
    expect(made).not.toMatch(/^git submodule/m);
  });

  test("takes another Python by the action that brings it", () => {
    const text =
      python +
      step("pip install torch==2.1.2 --index-url https://download.pytorch.org/whl/cpu\npip install .") +
      "ERROR: Could not find a version that satisfies the requirement torch==2.1.2 (from versions: 2.6.0+cpu, 2.7.0+cpu)\nERROR: No matching distribution found for torch==2.1.2";
    expect(fix(text)).toContain(`      - uses: actions/setup-python@v5
        with:
          cache: "pip"
          python-version: "3.11"`);
  });

  test("puts folders of a toolkit where later steps find them", () => {
    const text =
      "##[group]Operating System\nUbuntu\n22.04.4\nLTS\n##[endgroup]\n" +
      step("pip install torch==2.4.0\npip install ringattn --no-build-isolation") +
      "Successfully installed nvidia-cuda-runtime-cu12-12.1.105 torch-2.4.0\nCollecting ringattn\n  Preparing metadata (setup.py): finished with status 'error'\n      OSError: CUDA_HOME environment variable is not set. Please set it to your CUDA install root.\n      torch.__version__  = 2.4.0+cu121\n##[error]Process completed with exit code 1.";
    expect(fix(text)).toContain('echo "/usr/local/cuda-12.1/bin" >> "$GITHUB_PATH"');
    expect(fix(text)).toContain('echo "CUDA_HOME=/usr/local/cuda-12.1" >> "$GITHUB_ENV"');
  });

  test("has Visual Studio's environment by an action on Windows", () => {
    const text = `##[group]Run python setup.py bdist_wheel\npython setup.py bdist_wheel\nshell: C:\\Program Files\\PowerShell\\7\\pwsh.EXE -command ". '{0}'"\n##[endgroup]\nrunning build_ext\nUserWarning: Error checking compiler version for cl: [WinError 2] The system cannot find the file specified\n[1/1] cl /nologo -c D:\\a\\ringops\\ringops\\csrc\\ring.cpp\nCreateProcess failed: The system cannot find the file specified.\nninja: build stopped: subcommand failed.`;
    expect(fix(text)).toContain(`      - uses: ilammy/msvc-dev-cmd@v1
      - run: python setup.py bdist_wheel
        env:
          DISTUTILS_USE_SDK: "1"`);
  });

  test("names the runner of the job", () => {
    const text =
      "##[group]Run actions/setup-python@v5\nwith:\n  python-version: 3.7\n##[endgroup]\n##[error]The version '3.7' with architecture 'x64' was not found for Ubuntu 24.04.";
    expect(fix(text)).toMatch(/^ {4}runs-on: ubuntu-22\.04/m);
  });

  test("is none where somebody types on a machine of his own", () => {
    const text = `ada@box:/home/runner/work/ringops/ringops$ pip install -e .\n${isolated.replace(/\n##.*$/, "")}`;
    expect(fix(text)).not.toContain("- run:");
  });
});

describe("other services", () => {
  test("GitLab: entries of script, variables", () => {
    const job = (body: string): string =>
      `Running with gitlab-runner 17.2.0 (6428c288)\nUsing Docker executor with image python:3.11-slim ...\nSkipping Git submodules setup\n$ pip install --no-build-isolation .\n${body}\nERROR: Job failed: exit code 1`;
    expect(fix(job(header))).toMatch(
      /in place of the entry "- pip install --no-build-isolation \." of script:\n {4}- apt-get update && apt-get install -y libnuma-dev\n {4}- pip install/,
    );
    expect(fix(job(killed))).toMatch(/^ {2}variables:\n {4}MAX_JOBS: "1"/m);
    expect(
      fix(job("csrc/a.cu:6:10: fatal error: cutlass/cutlass.h: No such file or directory\ncompilation terminated.")),
    ).toMatch(/GIT_SUBMODULE_STRATEGY: "recursive"/);
  });

  test("Azure: a script with its name", () => {
    const text = `##[section]Starting: Build the extension\n=====\nTask         : Command line\n=====\nGenerating script.\nScript contents:\npip install .\n========================== Starting Command Output ===========================\n[command]/usr/bin/bash --noprofile --norc /home/vsts/work/_temp/a.sh\nProcessing /home/vsts/work/1/s\n${isolated.replace(/^.*\n/, "").replace(/\n##.*$/, "")}\n##[error]Bash exited with code '1'.`;
    expect(fix(stamped(text))).toContain(`- script: |
    python -m pip install torch setuptools wheel ninja
    pip install --no-build-isolation .
  displayName: Build the extension`);
  });

  test("CircleCI: a command of several lines", () => {
    const text = `#!/bin/bash -eo pipefail\n. venv/bin/activate\npip install --no-build-isolation -e .\nObtaining file:///home/circleci/project\n${killed}\nERROR: Failed building editable for ringops\nExited with code exit status 1`;
    expect(fix(text)).toContain(`      - run:
          command: |
            . venv/bin/activate
            pip install --no-build-isolation -e .
          environment:
            MAX_JOBS: "1"`);
  });

  test("Jenkins: lines of the sh step", () => {
    const text = `[Pipeline] sh\n+ cd ext\n+ make -j32\nnvcc -O3 -c k.cu -o k.o\nnvcc error   : 'ptxas' died due to signal 9 (Kill signal)\nmake: *** [Makefile:14: k.o] Error 9\n[Pipeline] End of Pipeline\nFinished: FAILURE`;
    expect(fix(text)).toMatch(/in place of its line "make -j32":\ncd ext\nmake -j1/);
  });

  test("Buildkite and Travis: entries of their lists", () => {
    expect(
      fix(
        `~~~ Running commands\n$ pip install -e .\n${isolated.replace(/\n##.*$/, "")}\n🚨 Error: The command exited with status 1`,
      ),
    ).toMatch(
      /of commands:\n {4}- python -m pip install torch setuptools wheel ninja\n {4}- pip install --no-build-isolation -e \./,
    );
    expect(
      fix(
        `$ python setup.py install\nrunning install\n${header}\nThe command "python setup.py install" failed and exited with 1 during .`,
      ),
    ).toMatch(
      /of install:\n {2}- sudo apt-get update && sudo apt-get install -y libnuma-dev\n {2}- python setup\.py install/,
    );
  });
});

describe("cibuildwheel", () => {
  const inContainer = (message: string): string =>
    `Starting container image quay.io/pypa/manylinux_2_28_x86_64:2025.01.01-1...\nBuilding cp311-manylinux_x86_64 wheel\n + python -m build /project --wheel --outdir=/tmp/cibuildwheel/built_wheel\n${message}\nERROR Backend subprocess exited when trying to invoke get_requires_for_build_wheel`;

  test("has options in the step's variables, behind those that are there", () => {
    const text =
      "##[group]Run pypa/cibuildwheel@v2.22.0\nwith:\n  package-dir: .\n  output-dir: wheelhouse\nenv:\n  CIBW_BEFORE_BUILD: pip install numpy\n##[endgroup]\n" +
      inContainer("ModuleNotFoundError: No module named 'torch'");
    expect(fix(text)).toContain(`      - uses: pypa/cibuildwheel@v2.22.0
        env:
          CIBW_BEFORE_BUILD: "pip install numpy && pip install torch setuptools wheel ninja"
          CIBW_BUILD_FRONTEND: "build; args: --no-isolation"`);
  });

  test("has them in pyproject.toml where no step is shown", () => {
    expect(fix(inContainer(header))).toMatch(
      /^\[tool\.cibuildwheel\.linux\]\nbefore-all = "yum install -y numactl-devel"$/m,
    );
  });
});
