/** Checks of the CUDA toolkit, the driver and the GPUs, against PyTorch and against each other. */
import { hidesEveryGpu } from "../environment/variables.ts";
import { compareVersions, parseVersion, unique } from "../base/order.ts";
import { fit } from "../environment/cuda-versions.ts";
import { familyName, isTooOld, oldestCuda } from "../environment/cxx-standard.ts";
import { refusal } from "../environment/host-compiler-bounds.ts";
import { cxxStandardOf } from "../environment/torch-version.ts";
import { chooseArchitectures } from "../plan/cuda-arch.ts";
import { capabilitiesOf, compareCapabilities, cudaFor } from "../plan/cuda-support.ts";
import { driverFits } from "../environment/driver-versions.ts";
import { shellWord } from "../base/shell-word.ts";
import { type Check, type DoctorFacts, fromFailure, later, problem, right } from "./facts.ts";

/** Without these nvcc starts and then fails. */
const neededParts = ["cudafe++", "cicc", "ptxas", "fatbinary"];

export function checkCudaHome({ cudaHome, variables }: DoctorFacts): Check[] {
  if (cudaHome === undefined) return [];
  const { variable, value, exists, hasNvcc, hasHeaders = true, toolkit } = cudaHome;
  const unset = [
    `unset ${variable}`,
    `# or name one folder: export ${variable}=${shellWord(toolkit ?? "/usr/local/cuda")}`,
  ];
  if (!hasNvcc && toolkit !== undefined && value.startsWith(`${toolkit}/bin`)) {
    return [
      problem("cuda-home", `\`${variable}\` names something inside of a toolkit, not its folder: \`${value}\``, {
        detail: "Programs look for `bin/nvcc`, `include` and `lib64` below it.",
        fix: [`export ${variable}=${shellWord(toolkit)}`],
      }),
    ];
  }
  if (value.includes(":") && !/^[A-Za-z]:[\\/]/.test(value)) {
    return [
      problem("cuda-home", `\`${variable}\` is a list: \`${value}\``, {
        detail: `It names one folder. A line like \`export ${variable}=$${variable}:/usr/local/cuda\` leaves a \`:\` in front, and every tool then looks in a folder of that odd name.`,
        fix: [`export ${variable}=${value.split(":").findLast((part) => part !== "") ?? "/usr/local/cuda"}`],
      }),
    ];
  }
  if (!exists) {
    return [
      problem("cuda-home", `\`${variable}\` names a folder that is not there: \`${value}\``, {
        detail: "Probably it is of a toolkit that was removed or updated. PyTorch's own builder fails with it.",
        fix: unset,
      }),
    ];
  }
  if (!hasNvcc) {
    return [
      problem("cuda-home", `\`${variable}\` names a folder without \`bin/nvcc\`: \`${value}\``, {
        detail: "It is no toolkit, or only a part of one.",
        fix: unset,
      }),
    ];
  }
  if (!hasHeaders) {
    return [
      problem("cuda-home", `\`${variable}\` names a folder without \`include/cuda_runtime.h\`: \`${value}\``, {
        detail:
          "It is only a part of a toolkit. PyTorch's own builder looks for the headers and libraries there alone.",
        fix: unset,
      }),
    ];
  }
  const other = variables[variable === "CUDA_HOME" ? "CUDA_PATH" : "CUDA_HOME"];
  if (other !== undefined && other !== "" && other !== value) {
    return [
      later("cuda-home", `\`CUDA_HOME\` and \`CUDA_PATH\` name different folders: \`${value}\`, \`${other}\``, {
        detail: "Tools differ in which of them they read first.",
        fix: [`export CUDA_HOME=${value} CUDA_PATH=${value}`],
      }),
    ];
  }
  return [right("cuda-home", `\`${variable}\` is \`${value}\``)];
}

export function checkToolkit(facts: DoctorFacts): Check[] {
  const { environment, project } = facts;
  const { cuda, torch, problems } = environment;
  if (cuda === undefined) {
    if (torch?.cudaVersion === undefined) return [];
    const needed = project?.usesCuda === true;
    if (problems.cuda !== undefined) return [fromFailure("cuda", problems.cuda, needed ? "problem" : "later")];
    const more = {
      detail: `PyTorch ${torch.version} is built for CUDA ${torch.cudaVersion}, but CUDA sources need \`nvcc\`.`,
      fix: ["# install NVIDIA's toolkit, or: pip install nvidia-cuda-nvcc nvidia-cuda-runtime nvidia-cuda-cccl"],
    };
    const title = "No CUDA toolkit with `nvcc` was found";
    return [needed ? problem("cuda", title, more) : later("cuda", title, more)];
  }
  const checks: Check[] = [];
  const where = `${cuda.root} (${cuda.origin})`;
  const torchCuda = torch?.cudaVersion;
  if (torch !== undefined && torchCuda === undefined && torch.hipVersion === undefined) {
    const title = `CUDA ${cuda.version} is installed, but PyTorch ${torch.version} is built without CUDA`;
    const more = {
      detail: "CUDA sources cannot be built for it.",
      fix: ["# install a PyTorch with CUDA: https://pytorch.org/get-started/locally"],
    };
    checks.push(project?.usesCuda === true ? problem("cuda-torch", title, more) : right("cuda-torch", title));
  } else if (torchCuda !== undefined) checks.push(toolkitAgainstTorch(cuda, torchCuda));
  else checks.push(right("cuda", `CUDA ${cuda.fullVersion}`, where));
  const parts = new Set(cuda.nvcc.parts.map(({ name }) => name));
  // Where nothing but nvcc itself is known (a wrapper), nothing is known to be missing.
  const lacking = parts.size <= 1 ? [] : neededParts.filter((name) => !parts.has(name));
  if (lacking.length > 0) {
    checks.push(
      problem("cuda-parts", `The CUDA toolkit at \`${cuda.root}\` has no ${lacking.join(", ")}`, {
        detail: "`nvcc` needs them; it is installed in part.",
        fix: [
          "# pip's wheels: pip install nvidia-cuda-nvcc nvidia-nvvm nvidia-cuda-crt",
          `# NVIDIA's packages: sudo apt-get install cuda-nvcc-${cuda.version.replace(".", "-")}`,
        ],
      }),
    );
  }
  // Only CUDA's part of PyTorch asks for them.
  if (cuda.missingHeaders.length > 0 && torchCuda !== undefined) {
    checks.push(
      later("cuda-headers", `The CUDA toolkit has no ${cuda.missingHeaders.join(", ")}`, {
        detail: "PyTorch's `ATen/cuda/CUDAContext.h` includes them; sources that use it do not compile.",
        fix: headerPackages(cuda.missingHeaders, cuda.version),
      }),
    );
  }
  checks.push(...checkCudaCompiler(facts));
  return checks;
}

function toolkitAgainstTorch(cuda: NonNullable<DoctorFacts["environment"]["cuda"]>, torchCuda: string): Check {
  const how = fit(cuda.version, torchCuda);
  const where = `${cuda.root} (${cuda.origin})`;
  if (how === 2) return right("cuda", `CUDA ${cuda.fullVersion}, as PyTorch's (${torchCuda})`, where);
  if (how === 1) {
    return right(
      "cuda",
      `CUDA ${cuda.fullVersion} goes with PyTorch's ${torchCuda}: the major version is the same`,
      where,
    );
  }
  const major = torchCuda.split(".")[0] ?? torchCuda;
  return problem("cuda-torch", `The CUDA toolkit is ${cuda.version}, but PyTorch was built with CUDA ${torchCuda}`, {
    detail: `Extensions with CUDA sources need a toolkit of CUDA ${major}; found ${where}.`,
    fix: [
      `export CUDA_HOME=/usr/local/cuda-${torchCuda}   # with that toolkit installed`,
      `# or install a PyTorch for CUDA ${cuda.version.split(".")[0] ?? cuda.version}`,
    ],
  });
}

function checkCudaCompiler({ environment }: DoctorFacts): Check[] {
  const { cuda, cudaHost, compiler, torch } = environment;
  const host = cudaHost ?? compiler;
  if (cuda === undefined) return [];
  const checks: Check[] = [];
  const standard = torch?.cudaVersion === undefined ? undefined : cxxStandardOf(torch.release);
  const oldest = standard === undefined ? undefined : oldestCuda(standard);
  if (oldest !== undefined && compareVersions(parseVersion(cuda.version), parseVersion(oldest)) < 0) {
    checks.push(
      problem(
        "cuda-too-old",
        `CUDA ${cuda.version} does not know the C++${standard ?? ""} that PyTorch ${torch?.version ?? ""} needs`,
        {
          detail: `That takes CUDA ${oldest} or newer.`,
          fix: ["# install a newer toolkit and set CUDA_HOME"],
        },
      ),
    );
  }
  if (host === undefined) return checks;
  const name = `${familyName(host.family)} ${host.cxx.version}`;
  const refused = refusal(cuda.hostCompilers, host);
  if (refused !== undefined) {
    const newest = cuda.hostCompilers?.gccNewest;
    checks.push(
      problem(
        "cuda-compiler",
        `${name} is ${refused.reason} for CUDA ${cuda.version}, which takes ${refused.allowed}`,
        {
          detail: `\`nvcc\` would stop with "unsupported GNU version" or the like; found \`${host.cxx.path}\`.`,
          fix:
            environment.cudaHostInstead !== undefined
              ? [`export CC=${environment.cudaHostInstead.cxx.path}`]
              : host.family === "gcc" && refused.reason === "too new" && newest !== undefined
                ? [`sudo apt-get install g++-${newest}`, `export CC=gcc-${newest} CXX=g++-${newest}`]
                : ["# install one that it takes, and set CC and CXX"],
        },
      ),
    );
  } else if (standard !== undefined && isTooOld(host, standard)) {
    checks.push(
      problem("cuda-compiler", `nvcc's host compiler ${name} is too old for the C++${standard} that PyTorch needs`, {
        fix: ["# set CC and CXX to a newer one"],
      }),
    );
  } else checks.push(right("cuda-compiler", `CUDA ${cuda.version} takes ${name} as its host compiler`, host.cxx.path));
  return checks;
}

/** pip's wheels by the header that they bring. */
function headerPackages(headers: readonly string[], version: string): string[] {
  const suffix = Number(version.split(".")[0]) >= 13 ? "" : `-cu${version.split(".")[0] ?? ""}`;
  const named = headers.flatMap((header) => {
    const library = /^(cublas|cusparse|cusolver|cufft|curand)/i.exec(header)?.[1]?.toLowerCase();
    return library === undefined ? [] : [`nvidia-${library}${suffix}`];
  });
  const packages = unique(named);
  return [
    ...(packages.length === 0 ? [] : [`pip install ${packages.join(" ")}`]),
    "# NVIDIA's packages: sudo apt-get install cuda-libraries-dev-" + version.replace(".", "-"),
  ];
}

export function checkDriver({ driver, environment }: DoctorFacts): Check[] {
  const { cuda, torch } = environment;
  if (driver === undefined) return [];
  const checks: Check[] = [];
  const subjects = [
    ["PyTorch's", torch?.cudaVersion],
    ["the toolkit's", cuda?.version],
  ] as const;
  const seen = new Set<string>();
  for (const [whose, version] of subjects) {
    if (version === undefined || seen.has(version)) continue;
    seen.add(version);
    const { fits, needed } = driverFits(driver, version);
    if (fits === "no") {
      checks.push(
        problem("driver", `The NVIDIA driver ${driver} is too old for ${whose} CUDA ${version}`, {
          detail: `It needs ${needed ?? "a newer one"} or newer; nothing of it will run: "CUDA driver version is insufficient for CUDA runtime version".`,
          fix: ["# update the driver, or use a PyTorch and a toolkit of an older CUDA"],
        }),
      );
    } else if (fits === "minor") {
      checks.push(
        later("driver", `The NVIDIA driver ${driver} is older than ${whose} CUDA ${version} (${needed ?? ""})`, {
          detail: `Compiled code runs, but PTX that this toolkit makes does not: "the provided PTX was compiled with an unsupported toolchain". Some newer functions are missing too.`,
          fix: ["# name the GPU's architecture without +PTX in TORCH_CUDA_ARCH_LIST, or update the driver"],
        }),
      );
    }
  }
  if (checks.length === 0) checks.push(right("driver", `NVIDIA driver ${driver}`));
  return checks;
}

export function checkGpus({ environment, variables, torchOnGpus }: DoctorFacts): Check[] {
  const { gpus, cuda, torch } = environment;
  const checks: Check[] = [];
  for (const gpu of gpus) {
    const capability = gpu.computeCapability.join(".");
    const id = `gpu-${capability}`;
    if (checks.some((check) => check.id === id)) continue;
    const known = (version: string): boolean => runsOn(capability, capabilitiesOf(version));
    const judged = torchOnGpus?.find((each) => each.capability === capability);
    if (judged?.runs === "no") {
      checks.push(
        problem(id, `PyTorch ${torch?.version ?? ""} does not run on ${gpu.name} (${capability})`, {
          detail: `${judged.why}.`,
          fix: ["# install a PyTorch that is built for it: https://pytorch.org/get-started/locally"],
        }),
      );
    } else if (judged === undefined && torch?.cudaVersion !== undefined && !known(torch.cudaVersion)) {
      checks.push(
        problem(id, `PyTorch's CUDA ${torch.cudaVersion} has no code for ${gpu.name} (${capability})`, {
          detail: `That takes ${cudaFor(capability, "") ?? "another CUDA"}.`,
          fix: ["# install a PyTorch for that CUDA: https://pytorch.org/get-started/locally"],
        }),
      );
    } else if (cuda !== undefined) {
      const supported = cuda.architectures ?? capabilitiesOf(cuda.version);
      if (supported.includes(capability))
        checks.push(right(id, `${gpu.name} (${capability}): CUDA ${cuda.version} compiles for it`));
      else {
        const usable = runsOn(capability, supported);
        const more = {
          detail: `That takes ${cudaFor(capability, "") ?? "another CUDA"}.`,
          fix: ["# install another toolkit and set CUDA_HOME"],
        };
        const title = `CUDA ${cuda.version} does not compile for ${gpu.name} (${capability})`;
        checks.push(
          usable
            ? later(id, title, { ...more, detail: `Code for an older GPU of its kind runs on it. ${more.detail}` })
            : problem(id, title, more),
        );
      }
    } else checks.push(right(id, `${gpu.name} (${capability})`));
  }
  checks.push(...checkArchitectureList(environment, variables));
  return checks;
}

/** `CUDA_VISIBLE_DEVICES`: numbers or beginnings of UUIDs; from the first that is none on, nothing is seen. */
export function checkVisibleDevices({ variables, environment }: DoctorFacts): Check[] {
  const value = variables["CUDA_VISIBLE_DEVICES"];
  const usesCuda = environment.torch?.cudaVersion !== undefined || environment.cuda !== undefined;
  if (value === undefined || !usesCuda) return [];
  const words = value.split(",").map((word) => word.trim());
  const bad = words.find((word) => !/^(?:\d+|GPU-[\da-fA-F-]+|MIG-[\w/-]+)$/.test(word));
  const shown = `\`CUDA_VISIBLE_DEVICES=${value}\``;
  if (hidesEveryGpu(value)) {
    return [
      later("visible-devices", `${shown} hides every GPU`, {
        detail: "`torch.cuda.is_available()` is false, and a build has no GPU to ask for its architecture.",
        fix: ["unset CUDA_VISIBLE_DEVICES"],
      }),
    ];
  }
  if (bad !== undefined) {
    return [
      problem("visible-devices", `${shown}: \`${bad}\` is neither a number nor the UUID of a GPU`, {
        detail: "CUDA sees the GPUs before it, and none from it on.",
        fix: ["export CUDA_VISIBLE_DEVICES=0"],
      }),
    ];
  }
  return [];
}

/** Machine code runs on GPUs of the same major capability that are not older. */
function runsOn(capability: string, supported: readonly string[]): boolean {
  const major = capability.split(".")[0];
  return supported.some((each) => each.split(".")[0] === major && compareCapabilities(each, capability) <= 0);
}

function understood(
  word: string,
  cudaVersion: string,
  known: readonly string[] | undefined,
  gpus: DoctorFacts["environment"]["gpus"],
): boolean {
  return chooseArchitectures({ requested: undefined, variable: word, gpus, cudaVersion, known }).ok;
}

/** Words of `TORCH_CUDA_ARCH_LIST` that torch/utils/cpp_extension.py (`_get_cuda_arch_flags`) refuses, whatever GPU is meant. */
function wordsOfOthers(list: string): readonly string[] {
  if (list === "native") return [];
  return list
    .replaceAll(" ", ";")
    .split(";")
    .filter((word) => !/^(?:\d+\.\da?(?:\+PTX)?|[A-Z][A-Za-z]+(?:\+(?:Tesla|Tegra|PTX))*)$/.test(word) && word !== "");
}

function checkArchitectureList(
  { cuda, torch, gpus }: DoctorFacts["environment"],
  variables: DoctorFacts["variables"],
): Check[] {
  const list = variables["TORCH_CUDA_ARCH_LIST"];
  const version = cuda?.version ?? torch?.cudaVersion;
  if (list === undefined || list.trim() === "" || version === undefined) return [];
  const chosen = chooseArchitectures({
    requested: undefined,
    variable: list,
    gpus,
    cudaVersion: version,
    known: cuda?.architectures,
  });
  if (!chosen.ok) {
    const good = list
      .split(/[;,\s]+/)
      .filter((word) => word !== "" && understood(word, version, cuda?.architectures, gpus));
    const check = fromFailure("cuda-arch-list", chosen.error);
    const without = good.length > 0 ? `export TORCH_CUDA_ARCH_LIST="${good.join(";")}"` : "unset TORCH_CUDA_ARCH_LIST";
    return [{ ...check, fix: [without, ...check.fix] }];
  }
  const { architectures } = chosen.value;
  const uncovered = gpus.find(({ computeCapability }) => {
    const capability = computeCapability.join(".");
    return !architectures.some(
      (each) =>
        (each.binary && runsOn(capability, [each.capability])) ||
        (each.ptx && compareCapabilities(each.capability, capability) <= 0),
    );
  });
  if (uncovered !== undefined) {
    const capability = uncovered.computeCapability.join(".");
    return [
      later("cuda-arch-list", `\`TORCH_CUDA_ARCH_LIST=${list}\` has nothing for ${uncovered.name} (${capability})`, {
        detail: `What is built with it fails there: "no kernel image is available for execution on the device".`,
        fix: [`export TORCH_CUDA_ARCH_LIST="${list};${capability}"`],
      }),
    ];
  }
  const foreign = cuda === undefined ? [] : wordsOfOthers(list);
  if (foreign.length > 0) {
    const named = architectures.map(({ capability, suffix, ptx }) => ({
      name: `${capability}${suffix === "a" ? "a" : ""}`,
      ptx,
    }));
    const merged = unique(named.map(({ name }) => name)).map((name) => {
      const hasPtx = named.some((one) => one.name === name && one.ptx);
      return `${name}${hasPtx ? "+PTX" : ""}`;
    });
    return [
      later(
        "cuda-arch-list",
        `PyTorch's own builder does not understand \`${foreign.join("`, `")}\` in TORCH_CUDA_ARCH_LIST; retorch does`,
        {
          detail:
            'A `setup.py` or `load()` ends with "Unknown CUDA arch". It takes numbers (`9.0`, `9.0a`, `9.0+PTX`) and names, with `;` or a space between them.',
          fix: [`export TORCH_CUDA_ARCH_LIST=${shellWord(merged.join(";"))}`],
        },
      ),
    ];
  }
  return [right("cuda-arch-list", `\`TORCH_CUDA_ARCH_LIST=${list}\` is understood`)];
}
