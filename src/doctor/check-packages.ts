/** Checks of what Python would import, and of what is put into every process. */
import { type Check, type DoctorFacts, later, problem } from "./facts.ts";
import { shellWord } from "../base/shell-word.ts";

/** The other folders of the list stay. */
function withoutFolder(list: string, package_: string): string {
  const windows = list.includes(";");
  const folder = package_.replace(/[/\\]torch(?:\.py)?$/, "");
  const parts = list.split(windows ? ";" : ":").filter((part) => part !== "");
  const left = parts.filter((part) => part.replace(/(?<=.)[/\\]+$/, "") !== folder);
  return left.length === 0 || left.length === parts.length
    ? "unset PYTHONPATH"
    : `export PYTHONPATH=${shellWord(left.join(windows ? ";" : ":"))}`;
}

export function checkTorches({ torches = [], torchMetadata = [], environment, variables }: DoctorFacts): Check[] {
  const checks: Check[] = [];
  const python = environment.python?.executable ?? "python3";
  const [first, ...others] = torches;
  // What a build here is for, when it is another one than `import` finds first; else what that one hides.
  const root = environment.torch?.root;
  const hidden = root !== undefined && root !== first?.folder ? root : others[0]?.folder;
  // Standing in a checkout of PyTorch shadows the installed one for `python -m` and `python -c` alone.
  if (first !== undefined && first.from !== "packages" && hidden !== undefined) {
    const whose = first.from === "PYTHONPATH" ? "`PYTHONPATH`" : `the ${first.from}`;
    const version = first.version === undefined ? "" : ` (${first.version})`;
    checks.push(
      later("torch-shadowed", `${whose} has a \`torch\` of its own${version}: \`${first.folder}\``, {
        detail: `Python imports it instead of \`${hidden}\`: what is built for one of them may not load with the other.`,
        fix: [
          first.from === "PYTHONPATH"
            ? withoutFolder(variables["PYTHONPATH"] ?? "", first.folder)
            : first.from === "current folder"
              ? "# work in another folder, or rename it"
              : `${python} -m pip uninstall torch   # twice: the first in sight goes first`,
        ],
      }),
    );
  } else if (others.length > 0 && first !== undefined) {
    const list = others.map(({ folder, version }) => `\`${folder}\`${version === undefined ? "" : ` (${version})`}`);
    checks.push(
      later("several-torches", `There is more than one PyTorch: besides \`${first.folder}\` also ${list.join(", ")}`, {
        detail: "Which of them is imported depends on the folder and on PYTHONPATH; an extension fits one of them.",
        fix: ["# uninstall those that are not needed"],
      }),
    );
  }
  if (torchMetadata.length > 1) {
    checks.push(
      problem(
        "torch-installed-twice",
        `Two versions of PyTorch are installed over each other: ${torchMetadata.map((path) => `\`${path}\``).join(", ")}`,
        {
          detail: "Their files are mixed: libraries of one, headers of the other.",
          fix: [
            `${python} -m pip uninstall -y torch && ${python} -m pip uninstall -y torch`,
            `${python} -m pip install torch`,
          ],
        },
      ),
    );
  }
  return checks;
}

/** What a build without isolation has to find. */
export function checkRequirements({ missingRequirements = [], environment }: DoctorFacts): Check[] {
  if (missingRequirements.length === 0) return [];
  const python = environment.python?.executable ?? "python3";
  const names = missingRequirements.map((name) => `\`${name}\``).join(", ");
  return [
    later(
      "build-requirements",
      `\`pyproject.toml\` asks for ${names} for the build, which ${missingRequirements.length === 1 ? "is" : "are"} not installed`,
      {
        detail: "`pip install --no-build-isolation .` takes what is installed, and fails without.",
        fix: [`${python} -m pip install ${missingRequirements.map(shellWord).join(" ")}`],
      },
    ),
  ];
}

export function checkPreloads({ preloads = [] }: DoctorFacts): Check[] {
  const gone = preloads.filter(({ exists }) => !exists);
  if (gone.length > 0) {
    return [
      later(
        "ld-preload",
        `\`LD_PRELOAD\` names what is not there: ${gone.map(({ name }) => `\`${name}\``).join(", ")}`,
        {
          detail: "The loader complains of it at each start of a program, which fills the output of every build.",
          fix: ["unset LD_PRELOAD"],
        },
      ),
    ];
  }
  if (preloads.length === 0) return [];
  return [
    later(
      "ld-preload",
      `\`LD_PRELOAD\` puts ${preloads.map(({ name }) => `\`${name}\``).join(", ")} into every program`,
      {
        detail:
          "Into compilers as well: sanitizers slow them down and report their leaks as failures. Give it to Python alone.",
        fix: ["unset LD_PRELOAD", `LD_PRELOAD=${shellWord(preloads.map(({ name }) => name).join(":"))} python …`],
      },
    ),
  ];
}
