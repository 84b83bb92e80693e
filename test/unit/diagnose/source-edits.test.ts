/** Slips that a compiler points at, mended in their line: what the fix's `sed` makes of the line that was printed. */
import { execFileSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { diagnose } from "../../../src/diagnose/diagnose.ts";

function fixOf(text: string): readonly string[] {
  return diagnose(text).diagnoses[0]?.fix ?? [];
}

/** The message with its line below, as gcc prints it. */
function printed(message: string, source: string, line = 3): string {
  return `csrc/ops.cpp:${line}:9: error: ${message}\n    ${line} | ${source}\n      |         ^`;
}

/** What becomes of the line; the line number is taken out, since only that line is there. */
function mended(message: string, source: string): string {
  const command = fixOf(printed(message, source)).find((line) => line.startsWith("sed -i.bak -E "));
  const script = /^sed -i\.bak -E '(.*)' csrc\/ops\.cpp$/.exec(command ?? "")?.[1] ?? "";
  return execFileSync("sed", ["-E", script.replaceAll(/(^|; )3s/g, "$1s")], {
    input: `${source}\n`,
    encoding: "utf8",
  }).trimEnd();
}

describe.skipIf(process.platform === "win32")("an edit of the line that the compiler names", () => {
  const cases: readonly (readonly [message: string, before: string, after: string])[] = [
    [
      "‘class at::Tensor’ has no member named ‘shape’",
      "int n = x.shape[0] * 2; auto s = x.shape;",
      "int n = x.size(0) * 2; auto s = x.sizes();",
    ],
    ["‘class at::Tensor’ has no member named ‘ndim’", "if (x.ndim == 2) return;", "if (x.dim() == 2) return;"],
    ["‘True’ was not declared in this scope", "auto s = x.sum(1, True);", "auto s = x.sum(1, true);"],
    [
      "‘len’ was not declared in this scope",
      "for (int i = 0; i < len(xs); ++i) f(i);",
      "for (int i = 0; i < xs.size(0); ++i) f(i);",
    ],
    [
      "cannot convert ‘at::Tensor’ to ‘float’ in initialization",
      "float s = x.sum();",
      "float s = (x.sum()).item<float>();",
    ],
    [
      "expected ‘)’ before string constant",
      'TORCH_CHECK(x.dim() == 2 "x must be 2-d");',
      'TORCH_CHECK(x.dim() == 2, "x must be 2-d");',
    ],
    ["cannot convert ‘at::Tensor’ to ‘int64_t’", "return torch::stack(a, b);", "return torch::stack({a, b});"],
    [
      "no matching function for call to ‘at::Tensor::view(int, int)’",
      "auto y = x.view(n, -1);",
      "auto y = x.view({n, -1});",
    ],
    ["invalid type argument of unary ‘*’ (have ‘int’)", "return x ** 2;", "return pow(x, 2);"],
    ["stray ‘@’ in program", "return x @ w;", "return torch::matmul(x, w);"],
    [
      "expected class-name before ‘{’ token",
      "struct Scale : public Function {",
      "struct Scale : public torch::autograd::Function<Scale> {",
    ],
    [
      "too many arguments to function call, expected at most 2, have 3",
      "return torch::zeros({n, n}, torch::kFloat32, torch::kCUDA);",
      "return torch::zeros({n, n}, torch::dtype(torch::kFloat32).device(torch::kCUDA));",
    ],
    ["arithmetic on a pointer to void", "float* p = x.data_ptr() + 4;", "float* p = x.data_ptr<float>() + 4;"],
    [
      "expected primary-expression before ‘{’ token",
      "return x.sizes() == {2, 3};",
      "return x.sizes() == at::IntArrayRef({2, 3});",
    ],
    ["‘class torch::nn::Linear’ has no member named ‘weight’", "auto w = fc.weight;", "auto w = fc->weight;"],
    [
      "‘class std::optional<at::Tensor>’ has no member named ‘defined’",
      "if (bias.defined()) f();",
      "if (bias.value_or(torch::Tensor()).defined()) f();",
    ],
    [
      "cannot resolve overloaded function ‘data_ptr’ based on conversion to type ‘float*’",
      "k(x.data_ptr<float>, n);",
      "k(x.data_ptr<float>(), n);",
    ],
    [
      "‘struct torch::autograd::AutogradContext’ has no member named ‘saved_tensors’",
      "auto saved = ctx->saved_tensors;",
      "auto saved = ctx->get_saved_variables();",
    ],
    [
      "cannot convert ‘c10::Scalar’ to ‘float’ in initialization",
      "float m = x.max().item();",
      "float m = x.max().item<float>();",
    ],
    ["expected primary-expression before ‘float’", "return x.to(float);", "return x.to(torch::kFloat);"],
    ["cannot convert 'c10::SymInt' to 'int64_t' in assignment", "int64_t n = x.sym_size(0);", "int64_t n = x.size(0);"],
  ];
  test.each(cases)("%s: %s", (message, before, after) => {
    expect(mended(message, before)).toBe(after);
  });

  test("an edit that fits nothing in the printed line is left out, as is one of torch's own headers", () => {
    const other = printed("‘class at::Tensor’ has no member named ‘shape’", "auto s = SHAPE_OF(x);");
    expect(fixOf(other).some((line) => line.startsWith("sed "))).toBe(false);
    const inTorch =
      "/e/lib/python3.10/site-packages/torch/include/torch/types.h:3:9: error: ‘class at::Tensor’ has no member named ‘shape’";
    expect(fixOf(inTorch).some((line) => line.startsWith("sed "))).toBe(false);
  });

  test("what is not the project's own is left alone: torch's sources, generated code, the toolkit", () => {
    const message = "error: ‘class at::Tensor’ has no member named ‘shape’";
    for (const file of [
      "/usr/include/c++/13/bits/x.h",
      "/tmp/torchinductor_jo/ab/cab.cpp",
      "/home/jo/libtorch/include/torch/types.h",
      "/home/jo/pytorch/torch/csrc/autograd/a.cpp",
      "C:/Program Files/NVIDIA GPU Computing Toolkit/CUDA/v12.4/include/k.h",
    ])
      expect(fixOf(`${file}:3:9: ${message}`).filter((line) => /\bsed |creplace/.test(line))).toEqual([]);
    expect(fixOf(`/usr/src/app/csrc/a.cpp:3:9: ${message}`)[0]).toMatch(/^sed /);
  });

  test("a word of old C in a header that is not the project's own is allowed by a flag", () => {
    expect(
      fixOf(
        "/usr/include/python2.7/unicodeobject.h:534:5: error: ISO C++17 does not allow 'register' storage class specifier [-Wregister]",
      )[0],
    ).toBe("export CXXFLAGS=-Wno-register");
  });

  test("a name of a namespace that moved takes none of its neighbours along", () => {
    const fix = fixOf("a.cpp:3:9: error: ‘variant’ is not a member of ‘c10’");
    expect(fix.join("\n")).not.toContain("s/c10::/");
  });

  test("a type in the replacement is nothing to fill in, and within PowerShell the command is PowerShell's own", () => {
    const message = "ext.cpp(1): error C2440: 'initializing': cannot convert from 'c10::Scalar' to 'float'\n";
    const fix = fixOf(`PS C:\\w\\ops> python setup.py install\nrunning build_ext\n${message}`);
    expect(fix[0]).toBe(
      "$t = @(Get-Content ext.cpp); $t[0] = $t[0] -creplace '\\.item\\(\\)','.item<float>()'; Set-Content ext.cpp $t",
    );
  });

  test("on Windows PowerShell does it, from any shell", () => {
    const at = "C:\\w\\ops>python setup.py install\nrunning build_ext\n";
    expect(fixOf(`${at}csrc\\ops.cpp(3): error C2039: 'shape': is not a member of 'at::Tensor'`)[0]).toBe(
      `powershell -Command "$t = @(Get-Content csrc\\ops.cpp); $t[2] = $t[2] -creplace '\\.shape\\[([A-Za-z0-9_+*-]+)\\]','.size($1)' -creplace '\\.shape(\\(\\))?([^A-Za-z0-9_(]|$)','.sizes()$2'; Set-Content csrc\\ops.cpp $t"`,
    );
  });

  test("a header that is lacking is put at the head of the file, and what was typed comes again", () => {
    const text =
      "$ python setup.py install\nrunning build_ext\ncsrc/k.cu:12:5: error: 'cooperative_groups' has not been declared";
    expect(fixOf(text)).toContain(
      "sed -i.bak '1i #include <cooperative_groups.h>\\nnamespace cg = cooperative_groups;' csrc/k.cu",
    );
    expect(fixOf(text).at(-1)).toBe("python setup.py install");
    expect(fixOf('csrc/k.cu(12): error: namespace "at" has no member "ceil_div"')[0]).toContain("ATen/ceil_div.h");
    expect(fixOf("csrc/k.cu:12:3: error: 'AT_DISPATCH_FLOATING_TYPES' was not declared in this scope")[0]).toContain(
      "#include <ATen/Dispatch.h>",
    );
  });

  test("sources that pip fetches are fetched for an edit by hand wherever the change stands in the remarks", () => {
    const text =
      "$ pip install fused-ops==0.3\nCollecting fused-ops==0.3\n  csrc/a.cpp:4:35:   required from here\n  /usr/include/c++/12/type_traits:1447:38: error: invalid use of incomplete type ‘struct Plan’\nERROR: Failed building wheel for fused-ops";
    expect(fixOf(text)[0]).toContain("pip download --no-deps");
    expect(fixOf(text).at(-1)).toBe("python -m pip install --no-build-isolation .");
  });
});
