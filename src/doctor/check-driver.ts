/** Checks of the driver's files, of mixed toolkits, and of machines that build for GPUs they do not have. */
import { parseVersion } from "../base/order.ts";
import { type Check, type DoctorFacts, later, problem } from "./facts.ts";

/** What stands between an installed driver and a program: its library, the devices, a module of another version. */
export function checkDriverFiles({ driverFiles, environment, wsl }: DoctorFacts): Check[] {
  const { torch, cuda } = environment;
  if (driverFiles === undefined || wsl !== undefined || (torch?.cudaVersion === undefined && cuda === undefined))
    return [];
  const { kernel, library, hasDevices } = driverFiles;
  if (library !== undefined && /\/stubs\//.test(library.path)) {
    return [
      problem("driver-library", `\`${library.path}\` is a stub, and programs would load it as the driver`, {
        detail: 'It is for linking alone: "CUDA driver is a stub library".',
        fix: ["export LD_LIBRARY_PATH=$(echo \"$LD_LIBRARY_PATH\" | tr ':' '\\n' | grep -v /stubs | paste -sd:)"],
      }),
    ];
  }
  if (kernel === undefined) return [];
  if (library === undefined) {
    return [
      problem("driver-library", "NVIDIA's driver is in the kernel, but its library `libcuda.so.1` is not here", {
        detail:
          'In a container: it was started without the GPU. `torch.cuda.is_available()` is false, and what links to the driver says "libcuda.so.1: cannot open shared object file".',
        fix: [
          "# start the container with the GPU: docker run --gpus all -e NVIDIA_DRIVER_CAPABILITIES=compute,utility …",
          "# without a container: install the driver's user part, e.g. sudo apt-get install libnvidia-compute-" +
            (kernel.split(".")[0] ?? ""),
        ],
      }),
    ];
  }
  // The forward compatibility package is newer than the kernel's part by design.
  const isCompatible = /\/(?:compat|cuda-compat)[^/]*\//.test(library.path);
  if (library.version !== undefined && library.version !== kernel && !isCompatible) {
    return [
      problem("driver-library", `The driver in the kernel is ${kernel}, its library ${library.version}`, {
        detail: `The driver was updated and is not loaded yet: "Driver/library version mismatch", "CUDA initialization: unknown error" (\`${library.path}\`).`,
        fix: ["sudo reboot", "# in a container: it brings a libcuda of its own, which must not be there"],
      }),
    ];
  }
  if (!hasDevices) {
    return [
      problem("driver-devices", "NVIDIA's driver is loaded, but there is no device file (`/dev/nvidia0`)", {
        detail: '`torch.cuda.is_available()` is false: "no CUDA-capable device is detected".',
        fix: ["sudo nvidia-modprobe -u -c=0", "# in a container: docker run --gpus all …"],
      }),
    ];
  }
  return [];
}

/** Without a GPU nobody can be asked for what to compile. */
export function checkNoGpu({ environment, project, variables }: DoctorFacts): Check[] {
  const { gpus, cuda, torch } = environment;
  const isForCuda = project === undefined || project.usesCuda || project.usesSetupScript;
  if (gpus.length > 0 || cuda === undefined || torch?.cudaVersion === undefined || !isForCuda) return [];
  if ((variables["TORCH_CUDA_ARCH_LIST"] ?? "").trim() !== "") return [];
  return [
    later("no-gpu", "There is no GPU here to build for", {
      detail:
        "retorch then compiles for 7.5 with PTX, which every newer GPU translates when it loads it; PyTorch's own builder fails. Name the GPU that will run it.",
      fix: [
        "export TORCH_CUDA_ARCH_LIST=9.0   # H100; 8.0 A100, 8.6 RTX 30, 8.9 RTX 40 and L4, 10.0 B200, 12.0 RTX 50",
      ],
    }),
  ];
}

/** pip installs the parts of a toolkit one by one, each in its newest version. */
/** The packages of a header, by pip's names; what nvcc itself brought up to CUDA 12 has a package of its own since 13. */
const headerParts: Readonly<Record<string, readonly [of12: string, since13: string]>> = {
  "crt/host_config.h": ["nvidia-cuda-nvcc-cu12", "nvidia-cuda-crt"],
  "cuda_runtime.h": ["nvidia-cuda-runtime-cu12", "nvidia-cuda-runtime"],
  "thrust/complex.h": ["nvidia-cuda-cccl-cu12", "nvidia-cuda-cccl"],
};

/**
 * Toolkits that were installed in part: nvcc is there, and what each CUDA source includes is not.
 * Source: nerfstudio-project/gsplat#898 (CUDA 13 took `crt` out of nvcc's package).
 */
export function checkToolkitHeaders({ environment, missingCudaHeaders = [] }: DoctorFacts): Check[] {
  const { cuda, python } = environment;
  if (cuda === undefined || missingCudaHeaders.length === 0) return [];
  const major = Number(cuda.version.split(".")[0]);
  const packages = missingCudaHeaders.flatMap((header) => headerParts[header]?.[major >= 13 ? 1 : 0] ?? []);
  const pip = `${python?.executable ?? "python3"} -m pip install ${packages.map((name) => `'${name}==${cuda.version}.*'`).join(" ")}`;
  const isPips = /[\\/](?:site|dist)-packages[\\/]nvidia[\\/]/.test(cuda.root);
  return [
    problem("cuda-parts", `The CUDA toolkit at \`${cuda.root}\` has no ${missingCudaHeaders.join(", ")}`, {
      detail: "Every CUDA source includes them, by itself or with PyTorch's headers; the toolkit is installed in part.",
      fix: [
        ...(isPips && major >= 12 ? [pip] : []),
        `# NVIDIA's packages: sudo apt-get install cuda-toolkit-${cuda.version.replace(".", "-")}`,
      ],
    }),
  ];
}

export function checkMixedToolkit({ environment, cudaHeaders }: DoctorFacts): Check[] {
  const { cuda, python, torch } = environment;
  if (cuda === undefined || cudaHeaders === undefined || cudaHeaders === cuda.version) return [];
  const wanted = torch?.cudaVersion ?? cudaHeaders;
  const isPip = cuda.root.includes("site-packages") || cuda.root.includes("dist-packages");
  const parts = ["nvidia-cuda-nvcc", "nvidia-nvvm", "nvidia-cuda-crt", "nvidia-cuda-runtime"];
  return [
    problem("cuda-mixed", `\`nvcc\` is of CUDA ${cuda.version}, the headers beside it are of ${cudaHeaders}`, {
      detail: `The parts of a toolkit have to be of one version: headers and compiler of \`${cuda.root}\` do not know each other, and compiles fail within CUDA's own headers.`,
      fix: [
        isPip && (parseVersion(wanted)[0] ?? 0) >= 13
          ? `${python?.executable ?? "python3"} -m pip install ${parts.map((name) => `"${name}==${wanted}.*"`).join(" ")}`
          : `# install one CUDA toolkit ${wanted} and set CUDA_HOME`,
      ],
    }),
  ];
}

/** `CPATH` goes before all other folders of headers, in every compile. */
export function checkHeaderPlaces({ cudaHeaderPlaces = [], environment }: DoctorFacts): Check[] {
  const { cuda } = environment;
  if (cuda === undefined) return [];
  const other = cudaHeaderPlaces.find(({ version }) => version !== cuda.version);
  if (other === undefined) return [];
  return [
    later(
      "cuda-in-include-path",
      `\`${other.variable}\` has the headers of CUDA ${other.version}, \`nvcc\` is of ${cuda.version}`,
      {
        detail: `\`${other.folder}\` is searched in every compile, whatever the project says; CUDA's headers of two versions do not go together.`,
        fix: [`unset ${other.variable}`],
      },
    ),
  ];
}
