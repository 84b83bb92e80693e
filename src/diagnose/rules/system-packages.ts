/** Packages and repositories of the system, and paths that scripts and Dockerfiles take for granted. */
import { python } from "../commands/commands.ts";
import { emptySentence, emptyVariables, setEmpty } from "../commands/empty-variables.ts";
import { nvidiaRepository } from "../commands/nvidia-repository.ts";
import { type Match, type Rule } from "../rule.ts";

/** A system whose repositories have moved to an archive. */
function archived(match: Match): boolean {
  return /mirrorlist\.centos\.org|base\/7|vault|buster|stretch|xenial|bionic|focal/.test(match.finding.message);
}

/** In the words of the package manager that spoke. */
function search(match: Match, name: string): string[] {
  const { text } = match.finding;
  const plain = name.replace(/[\d.+-]*$/, "");
  if (/no such package/.test(text)) return [`apk update && apk search ${plain}`];
  if (/target not found/.test(text)) return [`pacman -Syu && pacman -Ss ${plain}`];
  if (/formula/.test(text)) return [`brew update && brew search ${plain}`];
  if (/find a match|No package|No match for/.test(text))
    return [
      `dnf search ${plain} || yum search ${plain}`,
      "# extra repositories: dnf install epel-release; dnf config-manager --set-enabled crb",
    ];
  if (/^(?:cuda|libcudnn|libnccl|nsight)/.test(name))
    return [
      ...nvidiaRepository(match),
      `sudo apt-get install ${name}`,
      `# not there, either: apt-cache search '^${plain}' shows what NVIDIA has for this release of the distribution (package cuda-keyring)`,
    ];
  if (/^(?:gcc|g\+\+|python3)[-.]\d/.test(name) && !/debian|bullseye|bookworm|trixie/i.test(match.finding.message))
    return [
      "sudo apt-get update && sudo apt-get install software-properties-common",
      `sudo add-apt-repository -y ppa:${/^python/.test(name) ? "deadsnakes/ppa" : "ubuntu-toolchain-r/test"} && sudo apt-get update   # Ubuntu's other releases of compilers and Pythons`,
      `sudo apt-get install ${name.replace(/^g(?:cc|\+\+)-(\d+)$/, "gcc-$1 g++-$1")}`,
      `# Debian has no such repository: apt-cache search '^${plain}', or conda install -c conda-forge ${/^python/.test(name) ? name.replace(/^python([\d.]+).*$/, "python=$1") : name.replace(/^g(?:cc|\+\+)-(\d+).*$/, "gxx=$1")}`,
    ];
  return [
    `apt-get update && apt-cache policy ${name} && apt-cache search '^${plain}'`,
    /^(?:cuda|libcudnn|libnccl|nvidia|nsight)/.test(name)
      ? "# NVIDIA's packages: the repository of this very distribution from https://developer.download.nvidia.com/compute/cuda/repos (package cuda-keyring)"
      : /^(?:gcc|g\+\+|clang|python3\.)/.test(name)
        ? `# another release of a compiler or Python: add-apt-repository ppa:${/^python/.test(name) ? "deadsnakes/ppa" : "ubuntu-toolchain-r/test"} && apt-get update`
        : "# the name differs between releases: take the one that the search shows",
  ];
}

export const systemPackageRules: readonly Rule[] = [
  {
    id: "system-package-unknown",
    title: "The system's package manager does not have a package",
    on: ["installer"],
    role: "symptom",
    specificity: 70,
    matches: (finding) => (finding.code === "no-system-package" ? { name: finding.symbol } : undefined),
    confidence: "high",
    cause: (match) =>
      emptySentence(match, match.facts["name"] ?? "") ??
      `\`${match.facts["name"] ?? "The package"}\` is in none of the repositories that this system knows: its lists were not fetched (a fresh container), the name is of another release of the distribution, it is in a repository that is not enabled, or it was withdrawn.`,
    fix: (match) => {
      const name = match.facts["name"] ?? "";
      return emptyVariables(match, name).length > 0 ? setEmpty(match, name) : search(match, name);
    },
    sources: [
      "https://manpages.debian.org/apt-cache",
      "pytorch/builder#910",
      "https://docs.docker.com/reference/dockerfile/#understand-how-arg-and-from-interact",
    ],
    examples: [
      {
        text: "E: Unable to locate package python-distutils\nThe command '/bin/sh -c apt update && apt install -y python$PY_VERSION-dev python$PY_VERSION-distutils' returned a non-zero code: 100",
        expect: "ARG PY_VERSION",
      },
      { text: "E: Unable to locate package cuda-toolkit-12-9", expect: "cuda-keyring" },
      { text: "E: Package 'g++-13' has no installation candidate", expect: "ubuntu-toolchain-r" },
      { text: "#13 99.86 No package git224-core available.", expect: "yum search git" },
      { text: "Error: Unable to find a match: ninja-build", expect: "crb" },
    ],
  },
  {
    id: "system-repository-unusable",
    title: "A repository of the system cannot be used",
    on: ["installer"],
    role: "symptom",
    specificity: 68,
    matches: (finding) => (finding.code === "system-repository" ? { name: finding.symbol } : undefined),
    confidence: "high",
    cause: (match) =>
      /NO_PUBKEY/.test(match.finding.message)
        ? `apt does not know the key ${match.facts["name"] ?? ""} that the repository is signed with${/nvidia|A4B469963BF863CC/.test(match.finding.message) ? ": NVIDIA changed its key in April 2022, and older images of CUDA have the old one" : ""}.`
        : archived(match)
          ? "The distribution is out of support and its repositories were moved to an archive."
          : `The package manager cannot read \`${match.facts["name"] ?? "a repository"}\`: no network or name server in the container, a mirror that is out of step, or a repository of another release.`,
    fix: (match) =>
      /nvidia|A4B469963BF863CC/.test(match.finding.message)
        ? [
            "sudo rm -f /etc/apt/sources.list.d/cuda.list /etc/apt/sources.list.d/nvidia-ml.list && sudo apt-key del 7fa2af80",
            ...nvidiaRepository(match),
            "# better: a newer image nvidia/cuda:…-devel",
          ]
        : archived(match) && /centos|base\/7/.test(match.finding.message)
          ? [
              "sed -i.bak -e 's/^mirrorlist=/#mirrorlist=/' -e 's|^#* *baseurl=http://mirror.centos.org|baseurl=http://vault.centos.org|' /etc/yum.repos.d/CentOS-*.repo",
              "# better: an image of manylinux_2_28 (AlmaLinux 8), which torch 2.7 and newer need anyway",
            ]
          : [
              "apt-get update   # (or dnf makecache) alone: which address fails?",
              "getent hosts archive.ubuntu.com   # nothing: docker build --network=host, or a dns entry in /etc/docker/daemon.json",
            ],
    sources: ["https://developer.nvidia.com/blog/updating-the-cuda-linux-gpg-repository-key/"],
    examples: [
      {
        text: "W: GPG error: https://developer.download.nvidia.com/compute/cuda/repos/ubuntu1804/x86_64  InRelease: The following signatures couldn't be verified because the public key is not available: NO_PUBKEY A4B469963BF863CC",
        expect: "cuda-keyring",
      },
      { text: "Cannot find a valid baseurl for repo: base/7/x86_64", expect: "vault.centos.org" },
    ],
  },
  {
    id: "script-path-missing",
    title: "A script goes to a path that does not exist",
    on: ["system"],
    role: "symptom",
    specificity: 60,
    matches: (finding, context) =>
      finding.code === "no-such-path" || finding.code === "docker-copy"
        ? {
            path: finding.symbol,
            copy: finding.code === "docker-copy" ? "yes" : undefined,
            docker: context.log.docker ? "yes" : undefined,
            torch: /(?:site|dist)-packages[\\/](?:torch|nvidia)/.test(finding.symbol ?? "") ? "yes" : undefined,
          }
        : undefined,
    confidence: (match) =>
      match.facts["torch"] === undefined && match.facts["copy"] === undefined ? "medium" : "high",
    cause: (match) =>
      match.facts["copy"] !== undefined
        ? `The Dockerfile copies \`${match.facts["path"] ?? ""}\`, which is not in the build context: the path counts from the folder that is given to docker build, .dockerignore leaves it out, or a submodule is empty.`
        : match.facts["torch"] !== undefined
          ? `\`${match.facts["path"] ?? ""}\` is written down as the place of torch, and torch is not there: this image has another Python, a virtual environment or conda, or torch was not installed before this step.`
          : `\`${match.facts["path"] ?? ""}\` does not exist when the script gets there: an earlier step did not make it, or it lies elsewhere on this system.`,
    fix: (match) =>
      match.facts["copy"] !== undefined
        ? [
            "git submodule update --init --recursive; cat .dockerignore; ls",
            "docker build -f <Dockerfile> <the folder that holds the path>",
          ]
        : match.facts["torch"] !== undefined
          ? [
              `cd "$(${python(match)} -c 'import os, torch; print(os.path.dirname(torch.__file__))')/lib"   # in place of the fixed path`,
              `which -a python python3; ${python(match)} -m pip show -f torch | head -12   # which Python has it`,
            ]
          : [`ls -la "$(dirname '${match.facts["path"] ?? "."}')"   # what is there instead`],
    sources: ["https://docs.docker.com/build/concepts/context/", "facefusion/facefusion-docker#26"],
    examples: [
      {
        text: "0.116 /bin/sh: 1: cd: can't cd to /usr/local/lib/python3.10/dist-packages/torch/lib",
        expect: "torch.__file__",
      },
      {
        text: 'ERROR: failed to compute cache key: failed to calculate checksum of ref x: "/third_party": not found',
        expect: ".dockerignore",
      },
      { text: "cp: cannot stat 'build/lib/my_ops.so': No such file or directory", expect: "build/lib/my_ops.so" },
    ],
  },
];
