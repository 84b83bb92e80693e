/** Checks of variables that put words into every compile, and of the environment that is active. */
import { shellWord } from "../base/shell-word.ts";
import { standardNumber } from "../environment/cxx-standard.ts";
import { cxxStandardOf } from "../environment/torch-version.ts";
import { type Check, type DoctorFacts, later, problem } from "./facts.ts";

/** distutils and torch's builder read the first ones, nvcc the last. */
const flagVariables = ["CPPFLAGS", "CFLAGS", "CXXFLAGS", "NVCC_PREPEND_FLAGS", "NVCC_APPEND_FLAGS"];

export function checkFlags({ variables, environment, missingHosts = [] }: DoctorFacts): Check[] {
  const { torch } = environment;
  const hosts = missingHosts.map(({ variable, host }) => {
    const left = (variables[variable] ?? "").replace(/(?:^|\s)(?:-ccbin|--compiler-bindir)[=\s]\s*[^\s'"]+/, "").trim();
    return problem("flags", `\`${variable}\` names the host compiler \`${host}\`, which is not there`, {
      detail: "nvcc reads the variable at each start, whoever builds, and stops without its host compiler.",
      fix: [left === "" ? `unset ${variable}` : `export ${variable}=${shellWord(left)}`],
    });
  });
  return [...hosts, ...wrongFlags(variables, torch)];
}

function wrongFlags(variables: DoctorFacts["variables"], torch: DoctorFacts["environment"]["torch"]): Check[] {
  return flagVariables.flatMap((name) => {
    const value = variables[name];
    if (value === undefined || value.trim() === "") return [];
    const words = value.trim().split(/\s+/);
    const without = (bad: RegExp): string => {
      const left = words.filter((word) => !bad.test(word)).join(" ");
      return left === "" ? `unset ${name}` : `export ${name}=${shellWord(left)}`;
    };
    const standard = /^(?:--?std[=:]|\/std:)(?:c|gnu)\+\+/;
    const given = words.findLast((word) => standard.test(word));
    const needed = torch === undefined ? undefined : cxxStandardOf(torch.release);
    const number = given === undefined ? undefined : standardNumber(given.replace(/^.*?[=:]/, ""));
    if (torch !== undefined && needed !== undefined && number !== undefined && number < Number(needed)) {
      return [
        later("flags", `\`${name}\` says \`${given ?? ""}\`, and PyTorch ${torch.version} needs C++${needed}`, {
          detail: "A `setup.py` hands it to every compile, where it may come behind the right one and win.",
          fix: [without(standard)],
        }),
      ];
    }
    const abi = /^-D_GLIBCXX_USE_CXX11_ABI=([01])$/;
    const said = words.map((word) => abi.exec(word)?.[1]).findLast((one) => one !== undefined);
    if (torch !== undefined && said !== undefined && (said === "1") !== torch.cxx11Abi) {
      return [
        problem(
          "flags",
          `\`${name}\` says \`-D_GLIBCXX_USE_CXX11_ABI=${said}\`, PyTorch was built with ${torch.cxx11Abi ? 1 : 0}`,
          {
            detail: 'What is compiled with it does not load: "undefined symbol", with a `std::string` in its name.',
            fix: [without(abi)],
          },
        ),
      ];
    }
    if (words.includes("-Werror")) {
      return [
        later("flags", `\`${name}\` has \`-Werror\``, {
          detail: "PyTorch's headers are not free of warnings with every compiler; one of them then ends the build.",
          fix: [without(/^-Werror$/)],
        }),
      ];
    }
    return [];
  });
}

/** The shell says one environment, the interpreter is of another. */
export function checkActive({ variables, environment, activeExists = true }: DoctorFacts): Check[] {
  const { python } = environment;
  const active = variables["VIRTUAL_ENV"];
  if (python === undefined || active === undefined || active === "") return [];
  const plain = (path: string): string => path.replace(/[/\\]+$/, "");
  if (plain(active) === plain(python.prefix) || python.executable.startsWith(`${plain(active)}/`)) return [];
  if (!activeExists) {
    return [
      later("active-environment", `\`VIRTUAL_ENV\` names an environment that is not there: \`${active}\``, {
        detail: `It was removed or moved while it was active; \`${python.executable}\` is used instead.`,
        fix: ["unset VIRTUAL_ENV"],
      }),
    ];
  }
  return [
    later(
      "active-environment",
      `The active environment is \`${active}\`, the interpreter is \`${python.executable}\``,
      {
        detail:
          "What is built here is for that interpreter, and will not be found by the `python` of the active environment.",
        fix: [`retorch build --python ${shellWord(`${plain(active)}/bin/python`)}`],
      },
    ),
  ];
}

export function checkTemporary({ badTemporary }: DoctorFacts): Check[] {
  if (badTemporary === undefined) return [];
  const { path, exists } = badTemporary;
  return [
    later("temporary-folder", `\`TMPDIR\` names ${exists ? "no folder" : "a folder that is not there"}: \`${path}\``, {
      detail: 'Compilers write there; some take another folder, nvcc and others stop: "Cannot create temporary file".',
      fix: [exists ? "unset TMPDIR" : `mkdir -p ${shellWord(path)}`],
    }),
  ];
}
