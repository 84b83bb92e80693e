/** Checks of what lies about: locks, built extensions, the store, memory, variables that hurt. */
import { dirname } from "node:path";
import { compareVersions, parseVersion } from "../base/order.ts";
import { sizeText } from "../report/duration.ts";
import { type Check, type DoctorFacts, fromFailure, later, problem, right } from "./facts.ts";
import { shellWord } from "../base/shell-word.ts";

const minute = 60_000;
/** No compile of one extension takes so long without anything being written. */
const staleAfter = 60 * minute;
const gib = 2 ** 30;
/**
 * Memory of one compile of `torch/extension.h`, measured with torch 2.13: nvcc 13 takes 3.1 GB, g++ 12 1.6 GB.
 */
const jobMemory = { cuda: 3 * gib, cpu: 1.7 * gib };

export function checkLocks({ locks }: DoctorFacts): Check[] {
  return locks.map(({ path, ageMs }) => {
    const age = ageText(ageMs);
    if (ageMs < staleAfter) {
      return later("torch-extensions-lock", `\`${path}\` is held, or was left ${age} ago`, {
        detail: "`torch.utils.cpp_extension.load` waits for it to go away, for ever if its owner was killed.",
        fix: [`rm ${shellWord(path)}   # when no build is going on`],
      });
    }
    return problem("torch-extensions-lock", `\`${path}\` was left ${age} ago`, {
      detail: "The build that made it was killed. `torch.utils.cpp_extension.load` waits for it to go away, for ever.",
      fix: [`rm ${shellWord(path)}`],
    });
  });
}

export function checkExtensions({ extensions, moreExtensions }: DoctorFacts): Check[] {
  const checks: Check[] = [];
  let good = 0;
  for (const { path, verdict, isLoaded } of extensions) {
    if (verdict.loads !== "no" && verdict.runs !== "no") {
      if (verdict.loads === "yes") good++;
      continue;
    }
    const first = verdict.problems.find(({ severity }) => severity === "error");
    const again = isLoaded === true ? `rm -r ${shellWord(dirname(path))}` : "retorch build --force";
    const rebuild = [again, `# retorch inspect ${shellWord(path)}   says more`];
    // Of a function of the user's own that is missing, another PyTorch is not the reason: an experiment that never loaded.
    const isUnfinished = isLoaded === true && first?.owner === "user" && first.kind === "missing-symbol";
    const kept =
      isLoaded === true && !isUnfinished
        ? " `torch.utils.cpp_extension.load` keeps it and does not notice when PyTorch changes: it compiles again only when sources or flags do."
        : "";
    const detail = `${first === undefined ? "" : `${first.what}. ${first.why}.`}${kept}`;
    if (first !== undefined && /^wrong-(?:python|platform|machine)$/.test(first.kind)) {
      checks.push(later("built-extension", `\`${path}\` is for another Python or machine`, { detail, fix: rebuild }));
      continue;
    }
    const what = verdict.loads === "no" ? "will not load here" : "will not run on the GPU here";
    const say = isUnfinished ? later : problem;
    checks.push(say("built-extension", `\`${path}\` ${what}`, { detail, fix: rebuild }));
  }
  if (good > 0) {
    const more = moreExtensions ? "; there are more, which were not looked at" : "";
    checks.push(
      right(
        "built-extensions",
        `${good} built ${good === 1 ? "extension fits" : "extensions fit"} the installed PyTorch and Python${more}`,
      ),
    );
  }
  return checks;
}

export function checkStore({ store }: DoctorFacts): Check[] {
  if (store.problem !== undefined) return [fromFailure("store", store.problem)];
  if (store.bytes === undefined) return [];
  const { bytes, limit } = store;
  if (limit !== undefined && limit > 0 && bytes > limit * 1.2) {
    return [
      later("store", `The store of earlier results has ${sizeText(bytes)}, more than its ${sizeText(limit)}`, {
        detail: store.path,
        fix: ["retorch cache gc"],
      }),
    ];
  }
  return [right("store", `${sizeText(bytes)} of earlier results`, store.path)];
}

export function checkMemory({ memory, machineMemory, processors, variables, environment }: DoctorFacts): Check[] {
  const checks: Check[] = [];
  const given = variables["MAX_JOBS"];
  if (given !== undefined && given !== "" && !/^[1-9]\d*$/.test(given)) {
    checks.push(problem("max-jobs", `\`MAX_JOBS=${given}\` is no number of jobs`, { fix: ["unset MAX_JOBS"] }));
  }
  const jobs = /^[1-9]\d*$/.test(given ?? "") ? Number(given) : processors;
  const each = environment.torch?.cudaVersion === undefined ? jobMemory.cpu : jobMemory.cuda;
  const limited = machineMemory === undefined ? "" : `, of the ${sizeText(memory.total)} that this container may use`;
  const room = Math.max(1, Math.floor(memory.available / each));
  if (jobs > room) {
    const whose = given === undefined || given === "" ? "one for each processor" : "`MAX_JOBS`";
    checks.push(
      later(
        "memory",
        `${sizeText(memory.available)} of free memory${limited} are little for ${jobs} compiles at once (${whose})`,
        {
          detail: `One compile with \`torch/extension.h\` takes up to ${sizeText(each)}. retorch starts no more than fit; a \`setup.py\` starts all of them, and the kernel kills some ("Killed signal terminated program cc1plus").`,
          fix: [`export MAX_JOBS=${room}`],
        },
      ),
    );
  } else
    checks.push(
      right("memory", `${sizeText(memory.available)} of free memory${limited} are enough for ${jobs} compiles at once`),
    );
  return checks;
}

/** Lists of folders in which an empty part means the current folder. */
const lists = [
  "LD_LIBRARY_PATH",
  "LIBRARY_PATH",
  "CPATH",
  "C_INCLUDE_PATH",
  "CPLUS_INCLUDE_PATH",
  "PATH",
  "PYTHONPATH",
];

export function checkVariables({ variables, environment }: DoctorFacts): Check[] {
  if (environment.platform === "win32") return [];
  return lists.flatMap((name) => {
    const value = variables[name];
    if (value === undefined || value === "" || !value.split(":").includes("")) return [];
    const clean = value.split(":").filter((part) => part !== "");
    return [
      later("empty-path", `\`${name}\` has an empty part${value.startsWith(":") ? " in front" : ""}`, {
        detail: `It means the folder in which a command happens to be started. It comes from lines like \`export ${name}=$${name}:/some/folder\` while \`${name}\` is not set.`,
        fix: [
          clean.length === 0
            ? `unset ${name}`
            : clean.length <= 4
              ? `export ${name}=${shellWord(clean.join(":"))}`
              : `export ${name}=$(echo "$${name}" | sed 's/^:*//; s/:*$//; s/::*/:/g')`,
        ],
      }),
    ];
  });
}

/** Node 17 to 20 parse the file at every start, slowly since OpenSSL 3 (nodejs/node#40524); seen with 20, not with 22. */
const lastEagerNode = 20;

/** `engines` of package.json: ^20.19.0 || >=22.12.0. */
function isSupportedNode(version: string): boolean {
  const [major = 0, minor = 0] = parseVersion(version);
  return (major === 20 && minor >= 19) || (major === 22 && minor >= 12) || major > 22;
}

export function checkNode({ nodeVersion, extraCertificates }: DoctorFacts): Check[] {
  if (!isSupportedNode(nodeVersion)) {
    return [
      problem("node", `Node ${nodeVersion} is too old for retorch`, {
        detail: "It needs Node 20.19, 22.12 or newer.",
        fix: ["# install a newer one: https://nodejs.org"],
      }),
    ];
  }
  if (extraCertificates === undefined) return [];
  const { path, bytes } = extraCertificates;
  if (bytes === undefined) {
    return [
      later("node-certificates", `\`NODE_EXTRA_CA_CERTS\` names a file that is not there: \`${path}\``, {
        detail: "Node warns of it at every start.",
        fix: ["unset NODE_EXTRA_CA_CERTS"],
      }),
    ];
  }
  if (Number(nodeVersion.split(".")[0]) > lastEagerNode) return [];
  return [
    later(
      "node-certificates",
      `Node ${nodeVersion} reads \`NODE_EXTRA_CA_CERTS\` at every start (${sizeText(bytes)})`,
      {
        detail:
          "With a long list of certificates that takes longer than a whole build with nothing to do. retorch needs none of them to build.",
        fix: ["alias retorch='env -u NODE_EXTRA_CA_CERTS retorch'", "# or a newer Node"],
      },
    ),
  ];
}

export function checkHelpers(facts: DoctorFacts): Check[] {
  const { programs, project, setuptools, environment } = facts;
  const checks: Check[] = [];
  if (programs.ninja === undefined) {
    checks.push(
      right(
        "ninja",
        "ninja is not installed, and retorch does not need it",
        "`setup.py` and `load()` do: without it they compile one file after the other, or not at all.",
      ),
    );
  }
  if (programs.ccache !== undefined && environment.compiler?.cxx.launcher.length === 0) {
    checks.push(
      right("ccache", "ccache is installed, and retorch does not need it", "What was compiled once is in the store."),
    );
  }
  if (project?.usesSetupScript === true && setuptools === undefined && environment.python !== undefined) {
    checks.push(
      later("setuptools", "The project has a `setup.py`, but setuptools is not installed", {
        detail: "Python has not brought it along since 3.12.",
        fix: [`${environment.python.executable} -m pip install setuptools wheel`],
      }),
    );
  }
  checks.push(...checkSetuptools(facts));
  return checks;
}

/** Since 70 `pkg_resources` has no `packaging`, which torch/utils/cpp_extension.py imported from it before PyTorch 2.1. */
const firstSetuptoolsWithoutPackaging = "70";

function checkSetuptools({ project, setuptools, torchSetuptools, environment }: DoctorFacts): Check[] {
  const { python, torch } = environment;
  if (project?.usesSetupScript !== true || setuptools === undefined || python === undefined || torch === undefined) {
    return [];
  }
  const isOlder = (version: string, than: string): boolean =>
    compareVersions(parseVersion(version), parseVersion(than)) < 0;
  const fix = (wanted: string): string[] => [
    `${shellWord(python.executable)} -m pip install ${shellWord(`setuptools${wanted}`)}`,
  ];
  if (torchSetuptools !== undefined && isOlder(setuptools, torchSetuptools)) {
    return [
      later(
        "setuptools",
        `setuptools ${setuptools} is older than PyTorch ${torch.version} asks for (${torchSetuptools})`,
        {
          detail: "`setup.py` and `torch.utils.cpp_extension` build with it.",
          fix: fix(`>=${torchSetuptools}`),
        },
      ),
    ];
  }
  if (compareVersions(torch.release, [2, 1]) < 0 && !isOlder(setuptools, firstSetuptoolsWithoutPackaging)) {
    return [
      later(
        "setuptools",
        `setuptools ${setuptools} is too new for \`torch.utils.cpp_extension\` of PyTorch ${torch.version}`,
        {
          detail: "`setup.py` fails at its import: \"cannot import name 'packaging' from 'pkg_resources'\".",
          fix: fix(`<${firstSetuptoolsWithoutPackaging}`),
        },
      ),
    ];
  }
  return [];
}

/** pip's isolated environments get a PyTorch of their own, the newest that the requirement allows. */
export function checkIsolation({ project, environment }: DoctorFacts): Check[] {
  const { torch, python } = environment;
  const requirement = project?.requiresTorch;
  if (requirement === undefined || torch === undefined) return [];
  const exact = /===?\s*([\w.+!]+)\s*$/.exec(requirement)?.[1];
  const release = torch.version.split("+")[0] ?? torch.version;
  if (exact !== undefined && (exact === torch.version || exact === release)) return [];
  return [
    later(
      "build-isolation",
      `\`pyproject.toml\` requires \`${requirement}\` for the build, ${torch.version} is installed`,
      {
        detail:
          '`pip install .` builds in an environment of its own, with the newest PyTorch that this allows; the module then fails to load with the installed one ("undefined symbol").',
        fix: [`${python?.executable ?? "python3"} -m pip install --no-build-isolation .`],
      },
    ),
  ];
}

function ageText(ms: number): string {
  const minutes = Math.floor(Math.max(0, ms) / minute);
  if (minutes < 1) return "less than a minute";
  if (minutes < 120) return `${minutes} minute${minutes === 1 ? "" : "s"}`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} hours` : `${Math.floor(hours / 24)} days`;
}
