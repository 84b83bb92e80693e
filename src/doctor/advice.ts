/** Commands that end what the search for the environment failed at, for a shell; the failure's own words stand behind `#`. */
import type { Failure } from "../base/failure.ts";
import { shellWord } from "../base/shell-word.ts";
import type { Environment } from "../environment/environment.ts";
import { type Check, type DoctorFacts, fromFailure } from "./facts.ts";

/** An interpreter that cannot be used: `PYTHONHOME` lets every one fail but that whose files it names. */
export function pythonFailure(failure: Failure, { variables }: DoctorFacts): Check {
  const check = fromFailure("python", failure);
  const home = variables["PYTHONHOME"];
  if (home === undefined || home === "" || !failure.message.includes("cannot be used")) return check;
  return {
    ...check,
    title: `${failure.message.split(": ")[0] ?? ""}, and \`PYTHONHOME\` is \`${home}\``,
    detail:
      "Python looks for its own library there alone; where that is missing or another version's, it does not start.",
    fix: ["unset PYTHONHOME", ...check.fix],
  };
}

/** PyTorch that is missing or broken. */
export function torchFailure(failure: Failure, environment: Environment): Check {
  const { python } = environment;
  const check = fromFailure("torch", failure);
  if (python === undefined) return check;
  const executable = shellWord(python.executable);
  const other = /^`([^`]+)` has PyTorch/.exec(failure.hint ?? "")?.[1];
  if (other !== undefined) {
    return { ...check, fix: [`export RETORCH_PYTHON=${shellWord(other)}`, `# or ${executable} -m pip install torch`] };
  }
  if (failure.code === "TORCH_NOT_FOUND") {
    // pip refuses to install into the system's own interpreter (PEP 668).
    const isSystems = python.prefix === python.basePrefix && python.prefix === "/usr";
    const fix = isSystems
      ? [`${executable} -m venv .venv`, ".venv/bin/python -m pip install torch"]
      : [`${executable} -m pip install torch`];
    return { ...check, fix: [...fix, "# or name another interpreter with `--python PATH`"] };
  }
  if (failure.code === "TORCH_BROKEN" && !failure.message.includes("/dist-packages/")) {
    const version = /: torch (\d[\w.]*)(\+\w[\w.]*)? is there/.exec(failure.message);
    const [, release = "", local = ""] = version ?? [];
    // The same one again: another would not load what was built for it.
    const index = /^\+(?:cpu|cu\d+|rocm[\d.]+|xpu)$/.test(local)
      ? ` --index-url https://download.pytorch.org/whl/${local.slice(1)}`
      : "";
    const wanted = release === "" ? "torch" : `torch==${release}${index === "" ? "" : local}`;
    return { ...check, fix: [`${executable} -m pip install --force-reinstall --no-deps ${wanted}${index}`] };
  }
  return check;
}

/** A compiler that is missing, or that a variable names without need. */
export function compilerFailure(failure: Failure, { environment, variables }: DoctorFacts): Check {
  const check = fromFailure("compiler", failure);
  if (failure.remedy !== undefined) return check;
  const name = /^(CXX|CC) names /.exec(failure.message)?.[1];
  if (name !== undefined && variables[name] !== undefined) {
    return { ...check, fix: [`unset ${name}`, `# or set ${name} to a C++ compiler`] };
  }
  if (failure.message !== "No C++ compiler was found") return check;
  if (environment.platform === "darwin") return { ...check, fix: ["xcode-select --install"] };
  if (environment.platform !== "linux") return check;
  return { ...check, fix: ["sudo apt-get install g++", "# Fedora, RHEL: sudo dnf install gcc-c++; or set CXX"] };
}
