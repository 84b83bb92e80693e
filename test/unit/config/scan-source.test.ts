import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { scanSource, stripSource } from "../../../src/config/scan-source.ts";

describe("modules", () => {
  test.each<[string, string, (string | undefined)[]]>([
    ["a name", "PYBIND11_MODULE(my_ops, m) {}", ["my_ops"]],
    ["no name", "PYBIND11_MODULE(TORCH_EXTENSION_NAME, m) {}", [undefined]],
    ["nanobind", "NB_MODULE(fast, m) {}", ["fast"]],
    ["plain C", "PyMODINIT_FUNC PyInit__C(void)\n{\n return 0; }", ["_C"]],
    ["plain C++", 'extern "C" PyObject* PyInit_ops() noexcept {', ["ops"]],
    ["Cython", "PyMODINIT_FUNC PyInit_cy(void); /*proto*/\nPyMODINIT_FUNC PyInit_cy(void)\n#if X\n{", ["cy"]],
    ["the wrapper of operator libraries", "REGISTER_EXTENSION(TORCH_EXTENSION_NAME)", [undefined]],
    ["spread over lines", "PYBIND11_MODULE(\n    my_ops /* the name */,\n    m)\n{", ["my_ops"]],
    ["with a third argument", "PYBIND11_MODULE(my_ops, m, py::mod_gil_not_used()) {", ["my_ops"]],
    ["split by a backslash", "PYBIND11_MO\\\nDULE(my_\\\r\nops, m)", ["my_ops"]],
    ["a macro of the file", "#define NAME my_ops\nPYBIND11_MODULE(NAME, m) {}", ["my_ops"]],
    ["a macro of a macro", "#define A B\n#  define B TORCH_EXTENSION_NAME\nPYBIND11_MODULE(A, m) {}", [undefined]],
    ["a name that is put together", "PYBIND11_MODULE(CONCAT(a, b), m) {}", [undefined]],
    ["two names", "#ifdef X\nPYBIND11_MODULE(a, m)\n#else\nPYBIND11_MODULE(b, m)\n#endif", ["a", "b"]],
    ["the same name twice", "#ifdef X\nPYBIND11_MODULE(a, m)\n#else\nPYBIND11_MODULE(a, m)\n#endif", ["a"]],
    ["after a digit separator", "int x = 1'000'000; PYBIND11_MODULE(my_ops, m)", ["my_ops"]],
    ["after an odd apostrophe", "#error don't\nPYBIND11_MODULE(my_ops, m)", ["my_ops"]],
    ["after a quote in quotes", "char c = '\"'; PYBIND11_MODULE(my_ops, m) // \"", ["my_ops"]],
    ["after an escaped quote", 'auto s = "\\""; PYBIND11_MODULE(my_ops, m)', ["my_ops"]],
    ["with Windows line ends", "#define NAME my_ops\r\nPYBIND11_MODULE(NAME,\r\n m) {}\r\n", ["my_ops"]],
    ["in the living half of #if 1", "#if 1\nPYBIND11_MODULE(a, m)\n#else\nPYBIND11_MODULE(b, m)\n#endif", ["a"]],
    ["after #if 0", "#if 0\n#if X\nPYBIND11_MODULE(a, m)\n#else\n#endif\n#else\nPYBIND11_MODULE(b, m)\n#endif", ["b"]],
  ])("%s", (_what, text, modules) => {
    expect(scanSource(text).modules).toEqual(modules);
  });

  test.each([
    ["a comment", "// PYBIND11_MODULE(a, m)"],
    ["a comment that goes on", "// see \\\nPYBIND11_MODULE(a, m)"],
    ["a comment of several lines", "/* \n PYBIND11_MODULE(a, m)\n */"],
    ["a comment without an end", "/* PYBIND11_MODULE(a, m)"],
    ["a text", 'auto s = "PYBIND11_MODULE(a, m)";'],
    ["a raw text", 'auto s = R"x(" PYBIND11_MODULE(a, m) )" PYBIND11_MODULE(b, m) )x";'],
    ["a raw text with a prefix", 'auto s = u8R"(\n" PYBIND11_MODULE(a, m))";'],
    ["#if 0", "#if 0\nPYBIND11_MODULE(a, m)\n#endif"],
    ["#if (false)", "#  if (false) // off\nPYBIND11_MODULE(a, m)\n#endif"],
    ["#elif after #if 1", "#if 1\n#elif X\nPYBIND11_MODULE(a, m)\n#else\nPYBIND11_MODULE(b, m)\n#endif"],
    ["a definition", "#define MODULE(n) \\\n  PYBIND11_MODULE(n, m)"],
    ["a longer word", "MY_PYBIND11_MODULE(a, m) PYBIND11_MODULES(a, m)"],
    ["a declaration", "PyMODINIT_FUNC PyInit_x(void);"],
    ["a use", 'PyImport_AppendInittab("x", PyInit_x);'],
  ])("none in %s", (_what, text) => {
    expect(scanSource(text).modules).toEqual([]);
  });

  test("a name may be given by the build, but the file's own macro wins", () => {
    const macros = new Map([["NAME", "given"]]);
    expect(scanSource("PYBIND11_MODULE(NAME, m)", macros).modules).toEqual(["given"]);
    expect(scanSource("#define NAME own\nPYBIND11_MODULE(NAME, m)", macros).modules).toEqual(["own"]);
  });

  test("macros that name each other end", () => {
    expect(scanSource("#define A B\n#define B A\nPYBIND11_MODULE(A, m)").modules).toHaveLength(1);
  });
});

describe("operators and programs", () => {
  test.each<[string, boolean, boolean]>([
    ["TORCH_LIBRARY(my_ops, m) {}", true, true],
    ["TORCH_LIBRARY_FRAGMENT(my_ops, m) {}", true, true],
    ["STABLE_TORCH_LIBRARY(my_ops, m) {}", true, true],
    ["TORCH_LIBRARY_EXPAND(TORCH_EXTENSION_NAME, ops) {}", true, true],
    ["TORCH_LIBRARY_IMPL(my_ops, CPU, m) {}", true, false],
    ["STABLE_TORCH_LIBRARY_IMPL(my_ops, CPU, m) {}", true, false],
    ["static auto r = torch::RegisterOperators();", true, false],
    ["// TORCH_LIBRARY(my_ops, m)", false, false],
  ])("%s", (text, registers, declares) => {
    expect(scanSource(text)).toMatchObject({ registersOperators: registers, declaresLibrary: declares });
  });

  test.each<[string, boolean]>([
    ["int main() {}", true],
    ["int\nmain (int argc, char** argv) {}", true],
    ["auto main() -> int {}", true],
    ["int domain() {}", false],
    ["int main_loop() {}", false],
    ['const char* s = "int main(";', false],
    ["/* int main( */", false],
  ])("%s", (text, found) => {
    expect(scanSource(text).hasMain).toBe(found);
  });
});

describe("any text", () => {
  test("is read without an error, and what lies after it is found", () => {
    const piece = fc.constantFrom(
      '"',
      "'",
      "/*",
      "*/",
      "//",
      "\n",
      "\\",
      'R"(',
      ')"',
      "#if 0\n",
      "#endif\n",
      "#else\n",
      "x",
      "1'0",
      "(",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        const text = pieces.join("");
        expect(() => scanSource(`${text} PYBIND11_MODULE(a, m)`)).not.toThrow();
        const { code } = stripSource(text);
        expect(code).not.toMatch(/\/\*[\s\S]*\*\/|\/\//);
      }),
      { numRuns: 300 },
    );
  });

  test("takes time that grows with the text only", () => {
    const hard = ["/*", 'R"(', '"', "'", "1'"].map((piece) => piece.repeat(20_000));
    for (const text of hard) expect(() => scanSource(`${text}main`)).not.toThrow();
  });
});
