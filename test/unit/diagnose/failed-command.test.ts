/** The command that failed stands at the end of a fix, in its folder and in its tool, wherever it was given. */
import { describe, expect, test } from "vitest";
import { diagnose } from "../../../src/diagnose/diagnose.ts";
import { isBuildLine } from "../../../src/diagnose/commands/fix-lines.ts";
import { rules } from "../../../src/diagnose/rules/index.ts";
import { scanText } from "../../../src/diagnose/scan.ts";

const fix = (text: string): readonly string[] => diagnose(text).diagnoses[0]?.fix ?? [];
const live = (text: string): string[] =>
  fix(text)
    .filter((line) => !line.startsWith("#"))
    .map((line) => line.replace(/\s{2,}# .*$/, ""));

const kinds = /^(?:compile|missing-header|driver|tool-died|link|duplicate-symbol|missing-program|build-tool)$/;
const ofOtherPlace =
  /[A-Z]:\\|LNK\d|\.dll|\.pyd|Windows|MSVC|docker|RUN |macos|darwin|dylib|poetry|uv |pip3? install|conda|Error building extension|setup\.py (?:inst|build|dev)|\$ /i;

/** Messages of builds, each the first example of its rule: every ninth, which are enough to see a place that fails. */
const messages = rules
  .map(({ id, examples: [first] }) => [id, first?.text ?? ""] as const)
  .filter(([id, text]) => {
    // A script of a shell's, which no builder of Windows runs; what an editor says, which builds nothing.
    if (id === "script-with-windows-line-ends" || id === "header-unknown-to-editor") return false;
    const best = ofOtherPlace.test(text) ? undefined : diagnose(text).diagnoses[0];
    const found = scanText(text).findings.find(({ at }) => at === best?.evidence.line);
    return best?.id === id && best.fix.length > 0 && found !== undefined && kinds.test(found.kind);
  })
  .filter((_, index) => index % 9 === 1)
  .map(([, text]) => text);

const each = (text: string, prefix: string): string =>
  text
    .split("\n")
    .map((line) => prefix + line)
    .join("\n");
const home = "jo@box:~/src/p$ ";
const step = (command: string) => (text: string) =>
  `#12 [5/9] RUN ${command}\n${each(text, "#12 34.5 ")}\n#12 ERROR: process "/bin/sh -c ${command}" did not complete successfully: exit code: 1`;
const behind = (before: string) => (text: string) => `${before}\n${text}`;

const places: readonly (readonly [string, (text: string) => string, RegExp])[] = [
  ["pip", behind(`${home}pip install --no-build-isolation -e .`), /pip install .*-e \./],
  ["setup.py", behind("$ python3 setup.py build_ext --inplace"), /python3 setup\.py build_ext --inplace/],
  ["setup.py below", behind(`${home}cd csrc/ops && python setup.py install`), /cd ~\/src\/p\/csrc\/ops(?: &&|$)/m],
  ["build", behind(`${home}python -m build --wheel --no-isolation`), /python -m build --wheel --no-isolation/],
  ["uv pip", behind(`${home}uv pip install --no-build-isolation -e .`), /uv pip install --no-build-isolation -e \./],
  ["uv sync", behind(`${home}uv sync --extra gpu`), /uv sync --extra gpu/],
  ["uv build", behind(`${home}uv build --wheel`), /uv build --wheel/],
  ["uv run", behind(`${home}uv run train.py --epochs 3`), /uv run train\.py --epochs 3/],
  ["poetry", behind(`${home}poetry install --with gpu`), /poetry install --with gpu/],
  ["pdm", behind(`${home}pdm install -G gpu`), /pdm install -G gpu/],
  ["pixi", behind(`${home}pixi run build`), /pixi run build/],
  ["hatch", behind(`${home}hatch build -t wheel`), /hatch build -t wheel/],
  ["tox", behind(`${home}tox -e py311`), /tox -e py311/],
  ["nox", behind(`${home}nox -s tests-3.11`), /nox -s tests-3\.11/],
  ["conda env", behind(`${home}mamba env create -f environment.yml`), /mamba env update -f environment\.yml/],
  ["docker", step("cd ops && python setup.py install"), /^RUN cd ops && .*python setup\.py install/m],
  ["docker make", step("make -C csrc -j8"), /^RUN .*make -C csrc -j8/m],
  [
    "docker cmake",
    step("cmake -B build -DX=Y && cmake --build build"),
    /^RUN cmake -B build -DX=Y && cmake --build build$/m,
  ],
  [
    "apptainer build",
    behind("$ apptainer build ml.sif ml.def\n+ cd /opt/ops\n+ pip install --no-build-isolation ."),
    /cd \/opt\/ops[\s\S]*pip install --no-build-isolation \./,
  ],
  [
    "apptainer exec",
    behind("$ apptainer exec --nv ml.sif pip install --no-build-isolation ."),
    /apptainer exec --nv ml\.sif .*pip install --no-build-isolation \./,
  ],
  [
    "a step of GitHub's",
    behind("##[group]Run cd ops\ncd ops\npython setup.py install\nshell: /usr/bin/bash -e {0}\n##[endgroup]"),
    /^(?: *cd ops\n(?:.*\n)*? *|cd ops && )python setup\.py install|^git commit -am .* && git push$/m,
  ],
  [
    "a job of GitLab's",
    behind("Using Docker executor with image python:3.11 ...\n$ cd ops\n$ make -j4"),
    /cd ops[\s\S]*make (?:-B )?-j4/,
  ],
  ["a cell", behind("!cd /content/ops && python setup.py install"), /!cd \/content\/ops && python setup\.py install/],
  ["a script in a cell", behind("!cd ops && bash make.sh"), /!cd ops && bash make\.sh/],
  ["cmd.exe", behind("C:\\w\\p>python setup.py install"), /python setup\.py install/],
  ["PowerShell", behind("PS C:\\w\\p> cmake --build build --config Release"), /cmake --build build --config Release/],
  ["Git Bash", behind("jo@PC MINGW64 /c/w/p (main)\n$ pip install --no-build-isolation ."), /pip install .*\./],
  ["cmake", behind(`${home}cmake --build build -j8`), /cmake --build build -j8/],
  ["ninja", behind(`${home}ninja -C build`), /ninja -C build/],
  ["make below", behind(`${home}cd lib/nms && make`), /cd ~\/src\/p\/lib\/nms && make/],
  ["colcon", behind("jo@box:~/ws$ colcon build --packages-select my_ops"), /colcon build --packages-select my_ops/],
  ["catkin", behind("jo@box:~/ws$ catkin_make"), /catkin_make/],
  ["cargo", behind("jo@box:~/t$ cargo build --release"), /cargo build --release/],
  ["sbatch", behind("[jo@login p]$ sbatch build.sh\nSubmitted batch job 4711"), /sbatch build\.sh/],
  [
    "srun",
    behind("[jo@login p]$ srun --gres=gpu:1 python setup.py install"),
    /srun --gres=gpu:1 python setup\.py install/,
  ],
  ["a script", behind(`${home}bash install.sh`), /bash install\.sh/],
  ["a script below", behind(`${home}cd models/ops && sh make.sh`), /cd ~\/src\/p\/models\/ops && sh make\.sh/],
  [
    "load()",
    (text) =>
      `${home}python train.py --cfg a.yaml\nUsing /home/jo/.cache/torch_extensions/py310_cu121 as PyTorch extensions root...\n${text}\nRuntimeError: Error building extension 'fused'`,
    /python train\.py --cfg a\.yaml/,
  ],
  ["retorch", behind(`${home}retorch build -v`), /retorch build/],
  ["a sentence", behind("When I run `tox -e gpu` it stops:"), /tox -e gpu/],
];

/** What Microsoft's compiler says is of no shell of Linux. */
const ofWindows = /error C\d{4}: |Visual Studio \d/;

/** A fix that changes nothing by itself names the command in a remark: live it would fail once more. */
const afterwards = (text: string): string =>
  (fix(text).find((line) => line.startsWith("# then: ")) ?? "").replace("# then: ", "");

describe("a fix of a build ends with the text's own command, or builds in another way", () => {
  test.each(places)("%s", { timeout: 120_000 }, (name, place, wanted) => {
    const without = messages.filter((text) => {
      if (ofWindows.test(text) && !/cmd|PowerShell|Bash/.test(name)) return false;
      const lines = live(place(text));
      if (wanted.test(afterwards(place(text)))) return false;
      return lines.length === 0 || !(wanted.test(lines.join("\n")) || lines.some((line) => isBuildLine(line)));
    });
    expect(without).toEqual([]);
    const given = (text: string): string => `${live(text).join("\n")}\n${afterwards(text)}`;
    expect(messages.filter((text) => wanted.test(given(place(text)))).length).toBeGreaterThan(messages.length * 0.6);
  });
});

const header = "a.cpp:6:10: fatal error: google/dense_hash_map: No such file or directory";

describe("which command it is", () => {
  test.each([
    ["the last one before the message", `$ pip install numpy\n$ tox -e a\n${header}\n$ nvcc --version`, "tox -e a"],
    ["a script that traces its commands", `$ bash b.sh\n+ cd ops\n+ python setup.py install\n${header}`, "bash b.sh"],
    ["what builds, of a line that tests as well", `$ hatch build && pytest -x\n${header}`, "hatch build"],
    [
      "one that goes on in the next line",
      `$ bash build.sh \\\n    --torch /opt/libtorch/lib\n${header}`,
      "bash build.sh --torch /opt/libtorch/lib",
    ],
    [
      "of Windows' launcher",
      `C:\\w\\x>py -3.10 setup.py install\nLINK : fatal error LNK1181: cannot open input file 'aio.lib'`,
      "py -3.10 setup.py install",
    ],
    ["in the folder that a sentence names", `\`make -j2\` in \`scene/ops\` stops:\n${header}`, "make -j2"],
    [
      "without the variable that the fix sets",
      "$ TORCH_CUDA_ARCH_LIST=\"9.0\" tox\nptxas /tmp/k.ptx, line 26; error   : Instruction 'wgmma.fence' not supported on .target 'sm_90'",
      "tox",
    ],
  ])("%s", (_name, text, wanted) => {
    expect(live(text).at(-1)).toBe(wanted);
  });

  test("CMake's, with an empty cache for flags that it reads at the first time alone", () => {
    const narrowing = "a.cpp:3:14: error: narrowing conversion of ‘n’ from ‘long int’ to ‘int’ [-Werror=narrowing]";
    const lines = live(`jo:~/p/build$ cmake -DX=1 ..\njo:~/p/build$ make -j8\n${narrowing}`);
    if (lines.some((line) => line.includes("CXXFLAGS"))) expect(lines.slice(-3, -1)).toContain("cmake -DX=1 ..");
    expect(lines.at(-1)).toBe("make -j8");
  });

  test("torch alone is no build, unless the command asks for it", () => {
    expect(isBuildLine("python -m pip install --force-reinstall --no-deps torch", "pip install .")).toBe(false);
    expect(isBuildLine("python -m pip install torch==2.4.1 --index-url https://a/cu121", "pip install torch")).toBe(
      true,
    );
    expect(isBuildLine('. "$HOME/.cargo/env"')).toBe(false);
    expect(isBuildLine("pip install --upgrade cmake && cmake --version", "x")).toBe(false);
  });
});

describe("a program that failed as it ran is started again behind what mends", () => {
  const missing = "ImportError: libcublas.so.12: cannot open shared object file: No such file or directory";
  test.each([
    ["(det) jo@ws:~/x$ python tools/train.py c.py", "python tools/train.py c.py"],
    ["!python demo.py --input a.png", "!python demo.py --input a.png"],
    ["+ srun --gres=gpu:1 python train.py", "srun --gres=gpu:1 python train.py"],
    ["$ pip install -e . && pytest tests/test_ops.py -x", "pytest tests/test_ops.py -x"],
  ])("%s", (typed, wanted) => {
    expect(live(`${typed}\nTraceback (most recent call last):\n${missing}`).at(-1)).toBe(wanted);
  });

  test("in the output of a job its script is named, whose shell is gone", () => {
    const text = `SLURM_JOB_ID=88\n+ srun --gres=gpu:1 python train.py\nTraceback (most recent call last):\n${missing}`;
    const fix = diagnose(text).diagnoses[0]?.fix.join("\n");
    expect(fix).toMatch(/^# in the job's script, before "srun --gres=gpu:1 python train\.py":$/m);
    expect(fix).toMatch(/^# then the job again: sbatch/m);
  });
});
