/** Checks of the interpreter, PyTorch and the host compiler: what every build needs. */
import { compareVersions, parseVersion } from "../base/order.ts";
import { shellWord } from "../base/shell-word.ts";
import { familyName, isTooOld, oldestCompiler } from "../environment/cxx-standard.ts";
import { cxxStandardOf, torchDevice } from "../environment/torch-version.ts";
import { gccOf } from "../inspect/versions.ts";
import { compilerFailure, pythonFailure, torchFailure } from "./advice.ts";
import { checkCudaHome } from "./check-cuda.ts";
import { type Check, type DoctorFacts, fromFailure, later, problem, right } from "./facts.ts";

export function checkPython(facts: DoctorFacts): Check[] {
  const { environment } = facts;
  const { python, problems } = environment;
  if (python === undefined) {
    return problems.python === undefined
      ? [problem("python", "No Python interpreter was found", { fix: ["# name one with `--python`"] })]
      : [pythonFailure(problems.python, facts)];
  }
  const version = python.version.join(".");
  const [major, minor] = python.version;
  if (python.includeDirs.length === 0) {
    return [
      problem("python-headers", `\`Python.h\` of Python ${version} is not installed (\`${python.executable}\`)`, {
        detail: "No extension module can be compiled for this interpreter without it.",
        fix: pythonHeaders(python.basePrefix, version, `${major}.${minor}`),
      }),
    ];
  }
  return [right("python", `Python ${version}${python.abiFlags} with headers`, python.executable)];
}

/** A package of the system has headers for the system's own interpreter alone; the others bring theirs along. */
function pythonHeaders(prefix: string, version: string, minor: string): readonly string[] {
  const folder = prefix.replaceAll("\\", "/");
  if (/\/\.?pyenv\/versions\//.test(folder)) return [`pyenv install --force ${version}`];
  if (/\/uv\/python\//.test(folder)) return [`uv python install --reinstall ${minor}`];
  if (/conda|mamba|miniforge|\/envs\//.test(folder)) {
    return [`conda install -p ${shellWord(prefix)} --force-reinstall python=${version}`];
  }
  if (folder === "/usr") {
    return [`sudo apt-get install python${minor}-dev`, "# Fedora, RHEL: sudo dnf install python3-devel"];
  }
  return [`# install Python ${version} again with its headers: they belong in ${prefix}/include/python${minor}`];
}

export function checkTorch({ environment }: DoctorFacts): Check[] {
  const { torch, python, problems } = environment;
  // Without an interpreter nobody can tell where PyTorch would have to be: one trouble, told once.
  if (python === undefined && problems.python !== undefined && torch === undefined) return [];
  if (problems.torch !== undefined) return [torchFailure(problems.torch, environment)];
  if (torch === undefined) {
    return [
      problem("torch", "No PyTorch was found", {
        fix: [python === undefined ? "pip install torch" : `${python.executable} -m pip install torch`],
      }),
    ];
  }
  const device = torchDevice(torch) ?? "CPU only";
  const abi = torch.cxx11Abi ? "C++11 ABI" : "old ABI of std::string";
  const checks = [right("torch", `PyTorch ${torch.version}, ${device}, ${abi}`, torch.root)];
  const missing = torch.missingHeaders ?? [];
  if (missing.length > 0) {
    checks.push(
      later("torch-headers", `\`torch/extension.h\` needs headers that are not installed: ${missing.join(", ")}`, {
        detail: "This PyTorch comes without them.",
        fix: [
          missing.some((name) => name.startsWith("pybind11"))
            ? `${python?.executable ?? "python3"} -m pip install pybind11`
            : "# install the package that has them",
        ],
      }),
    );
  }
  return checks;
}

export function checkCompiler(facts: DoctorFacts): Check[] {
  const { environment } = facts;
  const { compiler, torch, problems } = environment;
  if (compiler === undefined) {
    return problems.compiler === undefined
      ? [problem("compiler", "No C++ compiler was found", { fix: ["sudo apt-get install g++"] })]
      : [compilerFailure(problems.compiler, facts)];
  }
  const name = `${familyName(compiler.family)} ${compiler.cxx.version}`;
  const checks: Check[] = [];
  const standard = torch === undefined ? undefined : cxxStandardOf(torch.release);
  if (standard !== undefined && isTooOld(compiler, standard)) {
    const needed = oldestCompiler(compiler.family, standard) ?? "a newer one";
    checks.push(
      problem(
        "compiler-too-old",
        `${name} is too old for PyTorch ${torch?.version ?? ""}, which needs C++${standard}`,
        {
          detail: `C++${standard} needs ${familyName(compiler.family)} ${needed} or newer; found \`${compiler.cxx.path}\`.`,
          fix:
            compiler.family === "gcc"
              ? [`sudo apt-get install g++-${needed}`, `export CXX=g++-${needed} CC=gcc-${needed}`]
              : ["# install a newer one and set CXX"],
        },
      ),
    );
  } else {
    const knows = standard === undefined ? "" : `, knows the C++${standard} that PyTorch ${torch?.version ?? ""} needs`;
    checks.push(right("compiler", `${name}${knows}`, compiler.cxx.path));
  }
  if (environment.linker === undefined && problems.linker !== undefined)
    checks.push(fromFailure("linker", problems.linker));
  const launcher = compiler.cxx.launcher[0];
  if (launcher !== undefined) {
    checks.push(
      right(
        "compiler-launcher",
        `\`${launcher}\` stands in front of the compiler`,
        "It is used, but retorch's own store already keeps what was compiled.",
      ),
    );
  }
  return checks;
}

/** A module compiled with a new libstdc++ meets an older one when Python loads it: conda's, or the system's. */
export function checkCxxLibrary({ cxxLibraries, environment }: DoctorFacts): Check[] {
  if (cxxLibraries === undefined) return [];
  const { loaded, compiler } = cxxLibraries;
  const numbers = (version: string): number[] => parseVersion(version.replace(/^GLIBCXX_/, ""));
  const prefixes = [environment.python?.prefix, environment.python?.basePrefix];
  const isPythons = prefixes.some((prefix) => prefix !== undefined && loaded.path.startsWith(`${prefix}/lib/`));
  const whose = isPythons ? "Python's own C++ library" : "The system's C++ library";
  if (compareVersions(numbers(loaded.newest), numbers(compiler.newest)) >= 0)
    return [right("cxx-library", `${whose} is as new as the compiler's (${loaded.newest})`, loaded.path)];
  const gcc = gccOf(compiler.newest);
  return [
    later("cxx-library", `${whose} is older than the compiler's: ${loaded.newest}, ${compiler.newest}`, {
      detail: `What is compiled here${gcc === undefined ? "" : ` (GCC ${gcc})`} may ask for symbols that \`${loaded.path}\` does not have: "version \`${compiler.newest}' not found".`,
      fix: isPythons
        ? [
            "conda install -c conda-forge 'libstdcxx-ng>=" + (gcc?.split(".")[0] ?? "13") + "'",
            "# or compile with conda's compilers: conda install -c conda-forge gxx",
          ]
        : ["export CXX=/usr/bin/g++ CC=/usr/bin/gcc", "# or use a Python of the same place as the compiler (conda's)"],
    }),
  ];
}

/** What the search for the environment found odd, but for that of which another check tells. */
export function checkWarnings(facts: DoctorFacts): Check[] {
  const { environment, projectProblem } = facts;
  const told = new Set([
    "cuda",
    "torch-headers",
    ...checkCudaHome(facts).flatMap(({ id, status }) => (status === "ok" ? [] : [id])),
  ]);
  const checks = environment.warnings
    .filter(({ about }) => !told.has(about))
    .map(({ about, text, variable }) =>
      later(about, text, {
        detail: "`retorch env` shows what was tried.",
        fix: variable === undefined ? [] : [`unset ${variable}`],
      }),
    );
  for (const part of ["rocm", "sycl"] as const) {
    const failure = environment.problems[part];
    if (failure !== undefined) checks.push(fromFailure(part, failure, "later"));
  }
  if (projectProblem !== undefined) checks.push(fromFailure("project", projectProblem));
  return checks;
}
