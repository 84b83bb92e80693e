/** Texts that people, chats, terminals and log collectors changed: other line breaks, lines in one line, words in front. */
import { describe, expect, it } from "vitest";
import { diagnose } from "../../../src/diagnose/diagnose.ts";
import { rewrappings } from "../../../src/diagnose/text/rewrap.ts";
import { spokenPart } from "../../../src/diagnose/text/spoken-part.ts";
import { writtenLines } from "../../../src/diagnose/text/written-lines.ts";

const first = (text: string): string | undefined => diagnose(text).diagnoses[0]?.id;

describe("lines that somebody wrote into one", () => {
  it.each([
    ['{"log":"a\\nb: \\"c\\"\\n","stream":"stderr"}', ["a", 'b: "c"', ""]],
    ['fatal: [host]: FAILED! => {"rc": 1, "stderr": "a\\nb", "stderr_lines": ["a"]}', ["a", "b"]],
    ["b'a \\xe2\\x80\\x98x\\xe2\\x80\\x99\\nb\\n'", ["a ‘x’", "b"]],
    ['time="12:00" level=error msg="a: \\"x\\""', ['a: "x"']],
    [
      "RuntimeError: Error building extension 'my_ext': \"[1/2] nvcc\\nb\"",
      ["RuntimeError: Error building extension 'my_ext': ", "[1/2] nvcc", "b"],
    ],
  ])("%s", (raw, lines) => {
    expect(writtenLines(raw)).toEqual(lines);
  });

  it.each([
    "FileNotFoundError: Could not find module 'C:\\new\\name.pyd'",
    'printf("x: %s\\n", y);',
    "an ordinary line",
  ])("not %s", (raw) => {
    expect(writtenLines(raw)).toBeUndefined();
  });
});

describe("a sentence that was broken for the eye", () => {
  it.each([
    [
      'error: no suitable conversion function from\n"const at::DeprecatedTypeProperties"\nto "c10::ScalarType" exists\n\nThis happens at AT_DISPATCH.',
      "tensor-type-to-scalar-type",
    ],
    [
      "ImportError: cannot import name\n'is_compiling'\nfrom 'torch.foo_bar' (/e/torch/foo_bar.py)",
      "torch-python-api-missing",
    ],
  ])("%s", (text, id) => {
    const { diagnoses } = diagnose(text);
    expect(diagnoses[0]?.id).toBe(id);
    expect(diagnoses[0]?.evidence.line).toBe(1);
  });
});

describe("where a tool begins to speak", () => {
  it.each([
    [
      "anyone seen g++: error: unrecognized command-line option '-std=c++23'",
      "g++: error: unrecognized command-line option '-std=c++23'",
    ],
    ["trainer says k.cu(9): error: x", "k.cu(9): error: x"],
    ["I get UserWarning: x but AttributeError: y", "AttributeError: y"],
    ["step failed: /usr/bin/ld: cannot find -lx", "/usr/bin/ld: cannot find -lx"],
  ])("%s", (line, part) => {
    expect(spokenPart(line)).toBe(part);
  });

  it.each(["k.cu(9): error: x", "a.cpp:3:2: warning: error: x", 'raise RuntimeError("error: x")', "all is well"])(
    "not in %s",
    (line) => {
      expect(spokenPart(line)).toBeUndefined();
    },
  );
});

describe("line breaks that are not the tool's", () => {
  const message =
    "ImportError: /opt/conda/envs/train/lib/python3.10/site-packages/flash_attn_2_cuda.cpython-310-x86_64-linux-gnu.so: undefined symbol: _ZN3c105ErrorC2ENS_14SourceLocationENSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE";

  it("of a terminal of 80 columns", () => {
    const text = (message.match(/.{1,80}/g) ?? []).join("\n");
    const [best] = diagnose(`$ python run.py\n${text}`).diagnoses;
    expect(best?.id).toBe("abi-new-extension-old-torch");
    expect(best?.evidence.line).toBe(2);
  });

  it("of a mail program", () => {
    expect(
      first(
        "RuntimeError: The current installed version of g++ (13.2.0) is\ngreater than the maximum required version by CUDA 11.8. Please make\nsure to use an adequate version of g++ (>=6.0.0, <12.0).",
      ),
    ).toBe("host-compiler-too-new");
  });

  it("that are missing", () => {
    expect(
      first(
        "No module named 'torch' × Getting requirements to build wheel did not run successfully. │ exit code: 1 note: This error originates from a subprocess, and is likely not a problem with pip.",
      ),
    ).toBe("torch-missing-in-isolated-build");
  });

  it("lists are no broken lines", () => {
    const list =
      "libavutil.so.59: cannot open shared object file: No such file or directory\nlibavutil.so.58: cannot open shared object file: No such file or directory";
    expect(rewrappings(list)).toEqual([]);
  });

  it("behind the prefix of a collector lines are whole", () => {
    const text = `web-1  | ${"x".repeat(80)}\nweb-1  | yyyy`;
    expect(rewrappings(text).filter(({ sure }) => sure)).toEqual([]);
  });

  it("nothing is made of a build that went well", () => {
    expect(
      first(
        "Using /root/.cache/torch_extensions/py310_cu117 as PyTorch extensions root...\nBuilding extension module fused...\nninja: no work to do.\nLoading extension module fused...\nTime to load fused op: 0.08 seconds",
      ),
    ).toBeUndefined();
  });
});

describe("the one line that a chat quotes", () => {
  it.each([
    ["_ZNK2at6Tensor7is_cudaEv undefined symbol...", "torch-version-mismatch"],
    ["does not define module export function (PyInit__ext)", "init-function-missing"],
    ["'_OpNamespace' 'my_ops' object has no attribute", "operator-not-registered"],
    ["PyTorch 2.0.1+cu118 with CUDA 1108 (you have 2.0.1+cpu)", "xformers-built-for-other-torch"],
    ["mismatches the version that was used to compilePyTorch (%s)", "cuda-major-mismatch"],
    [
      "The current installed version of g++ (14.2.0) is greater than the maximum required version",
      "host-compiler-too-new",
    ],
    ["Unknown CUDA arch (10.3) or GPU", "unknown-cuda-arch"],
    ["No such file or directory: 'ninja'", "ninja-missing"],
    ["multiple rules generate build/nms.o", "two-sources-one-object"],
    ["cannot open input file 'c10_cuda.lib'", "torch-gpu-library-not-found-at-link"],
    ["unrecognized command line option ‘-std=c++17’", "cxx-standard-unknown-to-compiler"],
    ["TH/TH.h: No such file", "removed-torch-headers"],
    ["'AT_CHECK' was not declared", "at-check-removed"],
    [
      'unresolved external symbol "int __cdecl at::cuda::warp_size(void)" (?warp_size@cuda@at@@YAHXZ)',
      "torch-gpu-symbol-missing",
    ],
    ["A single input file is required for a non-link phase", "nvcc-command-split"],
    ["OSError: libcudart.so.12: cannot open shared obj…", "cuda-library-missing"],
    ["    wait (torch/utils/file_baton.py:42)", "stale-build-lock"],
  ])("%s", (text, id) => {
    expect(first(text)).toBe(id);
  });
});

describe("a part of a message, without its beginning or its end", () => {
  it.each([
    [
      "compilePyTorch (%s). Please make sure to use the same CUDA versions.', '12.4', '13.0')",
      "cuda-major-mismatch",
      "12.4",
    ],
    ["The detected CUDA version (11.4) has a minor version mism…", "cuda-minor-mismatch", ""],
    ["unable to compile cuda/cpp extensions without a matching cuda version", "cuda-major-mismatch", ""],
    ["Only the versions between 2017 and 2019 (inclusive) are supported!", "msvc-unsupported-by-cuda", "14.29"],
    ['what is "dynamic module does not define module export function"?', "init-function-missing", "PYBIND11_MODULE"],
    ["required for a non-link phase when an outputfile is specified", "nvcc-command-split", ""],
    ['"const at::DeprecatedTypeProperties" to "c10::ScalarType"', "tensor-type-to-scalar-type", ""],
    [
      'it hangs at "Using /data/ext/py312_cu128 as PyTorch extensions root..."',
      "stale-build-lock",
      "/data/ext/py312_cu128",
    ],
  ])("%s", (text, id, fact) => {
    const [best] = diagnose(text).diagnoses;
    expect(best?.id).toBe(id);
    expect(`${best?.cause ?? ""} ${best?.fix.join(" ") ?? ""}`).toContain(fact);
    expect(best?.confidence).not.toBe("high");
  });

  it.each([
    "Please make sure to use the same branch for both repositories.",
    "How do I use TORCH_LIBRARY_FRAGMENT for the second block?",
    "The image is available for download.",
  ])("none in %s", (text) => {
    expect(diagnose(text).diagnoses).toEqual([]);
  });
});
