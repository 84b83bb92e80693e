// Real C++ projects for the rows.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** Writes a folder anew: `{ path: text }`. */
export function writeProject(folder, files) {
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

/** Name of the module that `oneFile` makes. */
export const oneFileName = "add_scaled";

/** One file that includes all of PyTorch, as most extensions do: some 45 s of compiling. A quick run does without. */
export function oneFile({ quick }) {
  return quick ? plainModule(oneFileName) : wholeTorch;
}

const wholeTorch = `#include <torch/extension.h>

torch::Tensor add_scaled(const torch::Tensor& a, const torch::Tensor& b, double scale) { return a + b * scale; }

PYBIND11_MODULE(TORCH_EXTENSION_NAME, m) { m.def("add_scaled", &add_scaled, "a + scale * b"); }
`;

/** A module that needs nothing but Python. */
export function plainModule(name) {
  return `#include <Python.h>

static PyModuleDef definition = {PyModuleDef_HEAD_INIT, "${name}", nullptr, -1, nullptr};
PyMODINIT_FUNC PyInit_${name}() { return PyModule_Create(&definition); }
`;
}

/** `setup.py` for PyTorch's own builder. */
export function setupPy(name, sources) {
  return `from setuptools import setup
from torch.utils.cpp_extension import BuildExtension, CppExtension

setup(
    name="${name}",
    ext_modules=[CppExtension("${name}", ${JSON.stringify(sources)}, extra_compile_args=["-O3"])],
    cmdclass={"build_ext": BuildExtension},
)
`;
}

/** A script that calls PyTorch's `load()`. */
export function loadPy(name, sources, { verbose = false } = {}) {
  return `import os
from torch.utils.cpp_extension import load

here = os.path.dirname(os.path.abspath(__file__))
os.makedirs(os.path.join(here, "built"), exist_ok=True)
load(
    name="${name}",
    sources=[os.path.join(here, source) for source in ${JSON.stringify(sources)}],
    extra_cflags=["-O3"],
    build_directory=os.path.join(here, "built"),
    verbose=${verbose ? "True" : "False"},
)
`;
}

/** A source of plain C++ that takes a second or two to compile. */
export function slowUnit(i, salt) {
  return `#include <map>
#include <random>
#include <regex>
#include <sstream>
#include <string>

std::string unit${i}(const std::string& text) {
  std::mt19937 random(${i});
  std::map<std::string, int> counts;
  const std::regex word("[a-z]+${i}");
  for (std::sregex_iterator it(text.begin(), text.end(), word), end; it != end; ++it) ++counts[it->str()];
  std::ostringstream out("${salt}");
  for (const auto& [key, count] : counts) out << key << '=' << count + random() % ${i + 2} << ';';
  return std::regex_replace(out.str(), word, "$&");
}
`;
}

/** A program of slow units. */
export function slowProject(units, salt) {
  const numbers = Array.from({ length: units }, (_, i) => i);
  return {
    "retorch.toml": `[extension.slow]\nkind = "executable"\nuses-torch = false\ncxx-standard = 17\nsources = ["src/*.cpp"]\n`,
    ...Object.fromEntries(numbers.map((i) => [`src/unit${i}.cpp`, slowUnit(i, salt)])),
    "src/main.cpp": `#include <string>
${numbers.map((i) => `std::string unit${i}(const std::string&);\n`).join("")}
int main() { return sizeof("${salt}") == 0 ? 1 : static_cast<int>((${numbers.map((i) => `unit${i}("a${i}").size()`).join(" + ")}) % 2); }
`,
  };
}
