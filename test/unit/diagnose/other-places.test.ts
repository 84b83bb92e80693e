/** The same messages in other places: every rule's fix has to be one that can be used where the text's commands are given. */
import { describe, expect, test } from "vitest";
import { type Context, diagnose } from "../../../src/diagnose/diagnose.ts";
import { rules } from "../../../src/diagnose/rules/index.ts";
import { scanText } from "../../../src/diagnose/scan.ts";
import { gpuMachine } from "../../fixtures/diagnose/machines.ts";

/** The first example of each rule, without those that tell of a place of their own. */
const examples = rules
  .map(({ examples: [first] }) => first?.text ?? "")
  .filter(
    (text) =>
      !/[A-Z]:\\|LNK\d|\.dll|\.pyd|Windows|MSVC|docker|RUN |macos|darwin|dylib|poetry|uv |pip3? install|conda/i.test(
        text,
      ) && (scanText(text).facts.platform ?? "linux") === "linux",
  );

/** The lines of the first answer's fix that a shell runs, without their remarks. */
function live(text: string, context: Context = {}): string[] {
  return (diagnose(text, context).diagnoses[0]?.fix ?? [])
    .filter((line) => !line.startsWith("#"))
    .map((line) => line.replace(/\s{2,}# .*$/, ""));
}

/** All those of a place that a form says is wrong there. */
function wrongIn(place: (text: string) => string, wrong: RegExp, context: Context = {}): string[] {
  return examples.flatMap((text) => live(place(text), context).filter((line) => wrong.test(line)));
}

const each = (text: string, prefix: string): string =>
  text
    .split("\n")
    .map((line) => `${prefix}${line}`)
    .join("\n");

describe("a fix can be used where the text's commands are given", () => {
  test("a docker build gets instructions of a Dockerfile, without sudo", { timeout: 120_000 }, () => {
    const place = (text: string): string =>
      `#12 [5/9] RUN pip install my-ops==1.2\n${each(text, "#12 34.5 ")}\n#12 ERROR: process "/bin/sh -c pip install my-ops==1.2" did not complete successfully: exit code: 1`;
    expect(
      wrongIn(
        place,
        /^(?!(?:RUN|ENV|ARG|FROM|COPY|WORKDIR|SHELL|USER) )(?!.*(?:docker|systemctl|getent|nvidia-ctk|reboot))/,
      ),
    ).toEqual([]);
    expect(wrongIn(place, /^RUN .*\bsudo (?!.*docker)|^ENV .*\$\(/)).toEqual([]);
    const header = "a.cpp:6:10: fatal error: google/dense_hash_map: No such file or directory";
    expect(live(place(header))).toEqual([
      "RUN apt-get update && apt-get install -y libsparsehash-dev",
      "RUN python -m pip install my-ops==1.2",
    ]);
  });

  test("a notebook gets cells", { timeout: 120_000 }, () => {
    const isImage = (text: string): boolean => /\b(?:FROM|ARG|RUN) |apt(?:-get)? update/.test(text);
    const cell = (text: string): string => (isImage(text) ? "" : `!pip install my-ops==1.2\n${text}`);
    expect(wrongIn(cell, /^(?![!%]|import \w+(?:, \w+)*; )|sudo /)).toEqual([]);
  });

  test("a docker build whose shell is bash is one, too", () => {
    const text =
      "nvcc error   : 'cudafe++' died due to signal 9 (Kill signal)\nERROR: Failed building wheel for my-ops\n" +
      'ERROR: process "/bin/bash -c pip install . --no-build-isolation" did not complete successfully: exit code: 1';
    expect(live(text)).toEqual(["ENV MAX_JOBS=1", "ENV NVCC_THREADS=1", expect.stringMatching(/^RUN .*pip install/)]);
  });

  test("a cell builds in the folder that the text's cell went to", () => {
    const message =
      '/content/ops/a.cu(246): error: no suitable conversion function from "const at::DeprecatedTypeProperties" to "c10::ScalarType" exists';
    for (const built of ["python setup.py install", "pip install --no-build-isolation -v ."])
      expect(live(`!cd /content/ops && ${built}\n${message}`).at(-1)).toMatch(/^!cd \/content\/ops && python /);
    expect(live(`!pip install my-ops==1.2\n${message}`).at(-1)).not.toContain("cd ");
  });

  test("root in a container gets no sudo", { timeout: 120_000 }, () => {
    expect(wrongIn((text) => `root@3f2a91c0b7de:/workspace/p# pip install -e .\n${text}`, /\bsudo /)).toEqual([]);
    const job =
      "Using Docker executor with image python:3.11-slim-bookworm ...\n$ pip install --no-build-isolation -e .\n";
    expect(wrongIn((text) => `${job}${text}`, /\bsudo /)).toEqual([]);
  });

  test("nothing of a machine whose folders the text does not name", { timeout: 120_000 }, () => {
    const { python } = gpuMachine;
    if (python === undefined) throw new Error("a machine with Python");
    const own = { ...python, executable: "/opt/own/bin/python", prefix: "/opt/own", packageDirs: ["/opt/own/lib"] };
    const context: Context = {
      environment: { ...gpuMachine, python: own },
      basis: "told",
      hasFolder: () => false,
    };
    expect(wrongIn((text) => `jo@box:~/src/p$ pip install my-ops==1.2\n${text}`, /\/opt\/own/, context)).toEqual([]);
    const missing = "ModuleNotFoundError: No module named 'ninja'";
    const here: Context = { ...context, hasFolder: (folder) => folder === "/home/jo" };
    expect(live(`jo@box:~/src/p$ pip install my-ops==1.2\n${missing}`, here).join("\n")).toContain(
      "/opt/own/bin/python",
    );
  });

  test("a project of poetry's gets poetry's Python, one of uv's gets no pip", { timeout: 120_000 }, () => {
    expect(wrongIn((text) => `jo@box:~/p$ poetry install\n${text}`, /(?<!poetry run )python3? -m pip /)).toEqual([]);
    expect(wrongIn((text) => `$ uv sync --extra gpu\n${text}`, /(?<!uv )\bpip3? (?:un)?install\b/)).toEqual([]);
  });

  test("what cannot be run before a person fills something in is a remark", { timeout: 120_000 }, () => {
    expect(
      wrongIn((text) => text, /<(?:the|that|your|its|release|name|folder)\b[^<>]*>|…|(?<!\w)\/path\/to\//),
    ).toEqual([]);
  });

  test("sources that pip fetches by itself are fetched before they are edited", () => {
    const removed = "csrc/a.cpp:17:3: error: ‘AT_CHECK’ was not declared in this scope";
    expect(live(`$ pip install my-ops==1.2\n${removed}`)).toEqual([
      "python -m pip download --no-deps --no-binary :all: --no-build-isolation my-ops==1.2",
      "tar xf my?ops-1.2*.tar.gz",
      "cd my?ops-1.2*/",
      expect.stringMatching(/^grep -rlw AT_CHECK .* \. \| xargs -r sed -i.bak /),
      "python -m pip install --no-build-isolation .",
    ]);
    expect(live(`$ pip install git+https://github.com/u/ops@v2\n${removed}`).slice(0, 2)).toEqual([
      "git clone --recursive https://github.com/u/ops && git -C ops checkout --recurse-submodules v2",
      "cd ops",
    ]);
    expect(live(`$ pip install -e .\n${removed}`).join("\n")).not.toContain("download");
  });

  test("torch that is installed again stays the one that the text states", () => {
    const cudnn =
      "RuntimeError: cuDNN version incompatibility: PyTorch was compiled  against (8, 3, 2) but found runtime version (8, 0, 5).";
    expect(live(`PyTorch version: 2.4.1+cu121\n${cudnn}`).join("\n")).toContain(
      "torch==2.4.1 --index-url https://download.pytorch.org/whl/cu121",
    );
  });

  test("torch whose release no text states is asked for it, also where a shell hands nothing on", () => {
    const cudnn =
      "RuntimeError: cuDNN version incompatibility: PyTorch was compiled  against (8, 3, 2) but found runtime version (8, 0, 5).";
    expect(live(cudnn).at(-1)).toMatch(/--force-reinstall \$\(python -c .*version\('torch'\)/);
    expect(live(`C:\\w>python a.py\n${cudnn}`).slice(-2)).toEqual([
      expect.stringMatching(/^python -c "import subprocess.*version\('torch'\)/),
      "python a.py",
    ]);
    expect(live(`jo@box:~/p$ poetry install\n${cudnn}`).at(-1)).toMatch(
      /^poetry run python -m pip install --force-reinstall \$\(poetry run python -c /,
    );
    expect(live(`Python 3.7.16\n${cudnn}`).at(-1)).toBe("python -m pip install --force-reinstall torch");
  });

  test("Triton is the one of the torch that is there, also where torch brings none", () => {
    const triton = "ImportError: cannot import name 'triton_key' from 'triton.compiler.compiler'";
    expect(live(`PyTorch version: 2.4.1+cu121\n${triton}`).join("\n")).toContain('--no-deps "triton==3.0.*"');
    expect(live(`PyTorch version: 2.5.1+rocm6.2\n${triton}`).join("\n")).toContain("/whl/rocm6.2");
    expect(live(`C:\\w>python a.py\n${triton}`).slice(-2)).toEqual([
      'python -m pip install "triton-windows<3.5"',
      "python a.py",
    ]);
  });

  test("uv takes packages away without an option that older releases do not know", () => {
    const cupy =
      "CuPy failed to load libnvrtc.so.12: OSError: libnvrtc.so.12: cannot open shared object file: No such file or directory";
    expect(live(`$ uv pip install cupy\n${cupy}`).join("\n")).toContain("uv pip uninstall cupy ");
  });

  test("a command of sixty letters is not joined with the first line that its linker says", () => {
    const linked =
      "(base) PS C:\\w\\scene> python -m pip install voxel-ops==1.3.2\nb.obj : error LNK2005: PyInit__C already defined in a.obj";
    expect(diagnose(linked).diagnoses[0]?.fix.at(-1)).toBe("# then: python -m pip install voxel-ops==1.3.2");
  });

  test("a second way is a remark, where the first one stands above it", () => {
    const fix =
      diagnose(
        "RuntimeError:\nThe detected CUDA version (12.1) mismatches the version that was used to compile\nPyTorch (11.8). Please make sure to use the same CUDA versions.",
      ).diagnoses[0]?.fix ?? [];
    expect(fix.join("\n")).toContain("# or torch for the toolkit that is there: ");
  });

  test("what a CI service says before its time stamps counts, too", () => {
    const { facts } = diagnose(
      "2024-05-01T12:00:00.1234567Z torch==2.1.2+cu118\n2024-05-01T12:00:01.1234567Z error: something failed",
    );
    expect(facts.installedTorch).toBe("2.1.2+cu118");
  });

  test("what CI services and lists of versions say below an exception is no part of it", () => {
    const said =
      'Traceback (most recent call last):\n  File "/w/t.py", line 1, in <module>\nRuntimeError: Unknown layout';
    for (const below of [
      "##[error]Process completed with exit code 1.",
      "\nCollecting environment information...\nOS: x",
    ])
      expect(diagnose(`${said}\n${below}`).diagnoses[0]?.id).toBe("extension-reads-tensor-wrongly");
  });

  test("a second toolset of Red Hat's and GNU's sed on a Mac go by their own names", () => {
    const tooNew = "nvcc fatal   : error -- unsupported GNU version! gcc versions later than 11 are not supported!";
    const gcc = live(
      `CentOS Linux release 8.5\n/usr/local/cuda/include/crt/host_config.h:139:2: error: #error -- unsupported GNU version! gcc versions later than 11 are not supported!\n${tooNew}`,
    );
    expect(gcc.join("\n")).toContain("CC=/opt/rh/gcc-toolset-11/root/usr/bin/gcc");
    const mac = live("OS: macOS 14.1 (arm64)\ncsrc/a.cpp:17:3: error: use of undeclared identifier 'AT_CHECK'");
    expect(mac.slice(0, 2)).toEqual(["brew install gnu-sed", expect.stringMatching(/\| xargs -r gsed -i/)]);
  });

  test("a Python that is called python3 stays python3", () => {
    expect(
      live(
        "$ python3 setup.py install\nerror: [Errno 2] No such file or directory: 'ninja'\nModuleNotFoundError: No module named 'numpy'",
      ).join("\n"),
    ).not.toMatch(/(?<![\w])python -m/);
  });
});
