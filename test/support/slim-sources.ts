/** Sources that compile in a second or two: Python's own headers, torch's stable ABI and its C shim, but no ATen. */

/** A module with a function `answer()` that gives an expression's value. `head` stands after `#include <Python.h>`. */
export function pythonModule(name: string, expression = "42", head = ""): string {
  return `#include <Python.h>
${head}
static PyObject* answer(PyObject*, PyObject*) { return PyLong_FromLong(${expression}); }
static PyMethodDef methods[] = {{"answer", answer, METH_NOARGS, nullptr}, {nullptr, nullptr, 0, nullptr}};
static PyModuleDef definition = {PyModuleDef_HEAD_INIT, "${name}", nullptr, -1, methods};
PyMODINIT_FUNC PyInit_${name}() { return PyModule_Create(&definition); }
`;
}

/** Operators `add` of a namespace through torch's stable ABI. Needs torch 2.10. */
export function stableOperators(namespace: string): string {
  return `#include <torch/csrc/stable/library.h>
static void add(StableIValue* stack, uint64_t, uint64_t) {
  const auto a = torch::stable::detail::to<int64_t>(stack[0]);
  const auto b = torch::stable::detail::to<int64_t>(stack[1]);
  stack[0] = torch::stable::detail::from(a + b);
}
STABLE_TORCH_LIBRARY(${namespace}, m) { m.def("add(int a, int b) -> int"); }
STABLE_TORCH_LIBRARY_IMPL(${namespace}, CompositeExplicitAutograd, m) { m.impl("add", &add); }
`;
}

/** A program that asks LibTorch for a tensor of 2 by 3 and prints how many elements it has. */
export const torchProgram = `#include <cstdio>
#include <torch/csrc/inductor/aoti_torch/c/shim.h>
int main() {
  const int64_t sizes[] = {2, 3}, strides[] = {3, 1};
  AtenTensorHandle tensor = nullptr;
  int64_t count = 0;
  if (aoti_torch_empty_strided(2, sizes, strides, aoti_torch_dtype_float32(), aoti_torch_device_type_cpu(), 0, &tensor))
    return 1;
  if (aoti_torch_get_numel(tensor, &count)) return 1;
  std::printf("%d elements\\n", static_cast<int>(count));
}
`;

/** A program that prints a text. */
export function plainProgram(text: string): string {
  return `#include <cstdio>\nint main() { std::puts("${text}"); }\n`;
}
