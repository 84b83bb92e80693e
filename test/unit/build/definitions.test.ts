import { describe, expect, it } from "vitest";
import { definitionIn } from "../../../src/build/definitions.ts";

describe("definitionIn", () => {
  it("finds what is defined, not what is declared or called", () => {
    const text = `#include <torch/extension.h>
at::Tensor scale(at::Tensor x, double by = 2.0);
// at::Tensor scale(at::Tensor x) {
const char* name = "int scale(int x) {";
void other() { auto y = scale(x, 3.0); return scale(y, 1.0); }
if (scale(x)) { }
at::Tensor scale(
    const at::Tensor& x, std::function<int(int)> f)
{
  return x;
}`;
    expect(definitionIn(text, ["scale"])).toBe(7);
    expect(definitionIn(text, ["scal"])).toBeUndefined();
    expect(definitionIn(text, ["ops", "scale"])).toBeUndefined();
  });

  it("knows namespaces, methods, templates, kernels and what follows the parameters", () => {
    expect(definitionIn("namespace ops {\nint f(int a) noexcept { return a; }\n}", ["ops", "f"])).toBe(2);
    expect(definitionIn("int ops::f(int a) { return a; }", ["ops", "f"])).toBe(1);
    expect(definitionIn("template <typename T>\n__global__ void f(T* a)\n{ }", ["f"])).toBe(2);
    expect(definitionIn("auto f(int a) -> std::vector<int> { return {}; }", ["f"])).toBe(1);
    expect(definitionIn("Net::Net(int a) : a_(a), b_{a} { }", ["Net", "Net"])).toBeUndefined();
    expect(definitionIn('extern "C" int\nf(void) {\n  return 1;\n}', ["f"])).toBe(2);
    expect(definitionIn("int T::f() const override { return 1; }", ["T", "f"])).toBe(1);
  });

  it("is not slow on texts that only look like it", () => {
    expect(definitionIn(`void f(${"(".repeat(50_000)}`, ["f"])).toBeUndefined();
    expect(definitionIn("x f(".repeat(20_000), ["f"])).toBeUndefined();
    expect(definitionIn(`int f() ${"const ".repeat(20_000)}`, ["f"])).toBeUndefined();
    expect(definitionIn(`int f() : ${"a::b : c, ".repeat(20_000)};`, ["f"])).toBeUndefined();
    expect(definitionIn(`int f() : ${"a(b), ".repeat(20_000)}`, ["f"])).toBeUndefined();
  });
});
