/** Libraries of CUDA that a Jetson's torch does not find: the board's own (JetPack), or those that JetPack does not bring. */
import { torchForJetson } from "../commands/jetson-torch.ts";
import { missingLibrary } from "../matchers.ts";
import { type Match, type Rule, said } from "../rule.ts";

/** The image's release of L4T and the board's, where the text tells both and they differ. */
function releases({ context: { log } }: Match): { readonly board: string; readonly image: string } | undefined {
  const { l4tBoard: board, l4tImage: image } = log;
  return board === undefined || image === undefined || board === image ? undefined : { board, image };
}

function jetpack(match: Match): string {
  const other = releases(match);
  return other === undefined
    ? "Up to JetPack 4 the image holds none of it, so that it is missing where that run time is not used (docker build does not, unless it is the default), or the image is for another L4T than the board. Outside of containers: JetPack's CUDA is not installed, or torch is for another JetPack."
    : `The image is for L4T r${other.image} and the board runs r${other.board}: what is mounted from the board is of another JetPack than what the image expects.`;
}

const inContainer = [
  '# /etc/docker/daemon.json: { "runtimes": { "nvidia": { "path": "nvidia-container-runtime", "runtimeArgs": [] } }, "default-runtime": "nvidia" }, then:',
  "sudo systemctl restart docker   # and build again; running: docker run --runtime nvidia …",
];

/** An image is built with the run time that is Docker's default one, and no step of its Dockerfile changes that. */
function forBuilds(match: Match): string[] {
  return [
    `sudo sed -i.bak '0,/{/s//{ "default-runtime": "nvidia",/' /etc/docker/daemon.json   # on the board itself; the file then reads { "default-runtime": "nvidia", "runtimes": { "nvidia": { "path": "nvidia-container-runtime", "runtimeArgs": [] } } }`,
    "# no such file there: write that one (sudo apt-get install -y nvidia-container-toolkit brings the run time)",
    "sudo systemctl restart docker && sudo docker info | grep 'Default Runtime'   # nvidia",
    match.context.log.imageBuild === undefined
      ? "# then build the image again; the Dockerfile stays as it is"
      : `${match.context.log.imageBuild}   # the Dockerfile stays as it is`,
    "# still so: cat /etc/nv_tegra_release on the board says its L4T, and the tag of the FROM line (r32.7.1, r35.2.1) has to be that one",
  ];
}

/** The container of the text, started with NVIDIA's run time. */
function ownRun({ context: { log } }: Match): string[] {
  const line = log.containerRun?.line;
  return line === undefined || /--runtime[= ]/.test(line)
    ? []
    : [
        `${line.replace(/ run (?=\S)/, " run --runtime nvidia ")}   # or, so that every container and docker build has it:`,
      ];
}

export const jetsonLibraryRules: readonly Rule[] = [
  {
    id: "jetson-container-without-cuda",
    title: "A container on a Jetson does not see the board's CUDA",
    on: ["missing-library", "exception"],
    specificity: 84,
    matches: (finding, context) =>
      context.log.jetson
        ? finding.kind === "exception"
          ? said(finding, /(?<name>lib\w+\.so\S*) not found in the system path/)
          : missingLibrary(
              finding,
              /^lib(?!cusparseLt)(?<lib>cu(?:dart|blas|blasLt|fft|rand|solver|sparse|dnn|pti)\w*|nvrtc|nvToolsExt|nvinfer\w*|cudla|nvmedia\w*)\.so/,
            )
        : undefined,
    confidence: "high",
    cause: (match) =>
      `On a Jetson \`${match.facts["name"] ?? ""}\` is the board's own (JetPack): NVIDIA's run time for containers mounts it. ${match.context.log.dockerBuild && releases(match) === undefined ? "Up to JetPack 4 the image holds none of it, and docker build uses Docker's default run time, which is runc unless Docker is told otherwise." : jetpack(match)}`,
    fix: (match) => {
      const other = releases(match);
      if (other === undefined && match.context.log.dockerBuild) return forBuilds(match);
      return other === undefined
        ? [
            ...ownRun(match),
            ...inContainer,
            "cat /etc/nv_tegra_release; ls /usr/local | grep cuda   # the image's tag (r32.7.1, r35.2.1) has to be the board's L4T; sudo apt-get install nvidia-jetpack outside of containers",
            ...torchForJetson(match).slice(1),
          ]
        : [
            `# take the image whose tag is the board's L4T (r${other.board} in place of r${other.image}), or bring the board to the JetPack with L4T ${other.image} (SDK Manager; back up first)`,
            "docker run --runtime nvidia …   # always with NVIDIA's run time",
            ...inContainer,
          ];
    },
    sources: [
      "dusty-nv/jetson-containers#266",
      "dusty-nv/jetson-containers#126",
      "https://github.com/dusty-nv/jetson-containers/blob/master/docs/setup.md",
    ],
    examples: [
      {
        text: "nano@nano:~/nets$ sudo docker build -t nets .\nStep 2/9 : FROM nvcr.io/nvidia/l4t-pytorch:r32.6.1-pth1.9-py3\nStep 7/9 : RUN git clone https://github.com/jo/nets && cd nets && python3 setup.py install\n ---> Running in d6dbcce55f3d\nOSError: libcurand.so.10: cannot open shared object file: No such file or directory\nThe command '/bin/sh -c git clone https://github.com/jo/nets && cd nets && python3 setup.py install' returned a non-zero code: 1",
        expect: "docker info | grep 'Default Runtime'   # nvidia\nsudo docker build -t nets .",
      },
      {
        text: 'jo@nano:~$ docker run -it --rm nvcr.io/nvidia/l4t-pytorch:r32.7.1-pth1.10-py3 python3 -c "import torch"\nOSError: libcurand.so.10: cannot open shared object file: No such file or directory',
        expect: "docker run --runtime nvidia -it --rm",
      },
      {
        text: "FROM nvcr.io/nvidia/l4t-pytorch:r32.7.1-pth1.10-py3\nOSError: libcurand.so.10: cannot open shared object file: No such file or directory",
        expect: "default-runtime",
      },
      {
        text: 'docker run --runtime nvidia -it dustynv/ros:foxy-pytorch-l4t-r32.5.0\n  File "/usr/local/lib/python3.6/dist-packages/torch/__init__.py", line 141, in _load_global_deps\nOSError: libcurand.so.10: cannot open shared object file: No such file or directory\n# R32 (release), REVISION: 3.1, GCID: 18284527, BOARD: t186ref, EABI: aarch64',
        expect: "r32.3.1 in place of r32.5.0",
      },
      {
        text: "ValueError: libcublas.so.*[0-9] not found in the system path ['', '/usr/lib/python3.8']\nJetson AGX Orin, JetPack 5.1",
        expect: "the board's own",
      },
    ],
  },
  {
    id: "jetson-library-besides-jetpack",
    title: "torch for Jetson wants a library that JetPack does not bring",
    on: ["missing-library"],
    specificity: 84,
    matches: (finding, context) =>
      context.log.jetson ? missingLibrary(finding, /^lib(?<lib>cudss|cusparseLt)\.so/) : undefined,
    confidence: "high",
    cause: (match) =>
      `This build of torch for Jetson is linked with \`${match.facts["name"] ?? ""}\`, which is no part of JetPack and has to be installed beside it. PyPI's nvidia packages are not for the board.`,
    fix: (match) =>
      match.facts["lib"] === "cusparseLt"
        ? [
            "wget https://raw.githubusercontent.com/pytorch/pytorch/5c6af2b583709f6176898c017424dc9981023c28/.ci/docker/common/install_cusparselt.sh",
            "export CUDA_VERSION=12.1 && sudo -E bash ./install_cusparselt.sh && sudo ldconfig   # as NVIDIA's guide has it",
            "# https://docs.nvidia.com/deeplearning/frameworks/install-pytorch-jetson-platform/",
          ]
        : [
            "wget https://developer.download.nvidia.com/compute/cuda/repos/ubuntu2204/arm64/cuda-keyring_1.1-1_all.deb && sudo dpkg -i cuda-keyring_1.1-1_all.deb",
            "sudo apt-get update && sudo apt-get -y install cudss",
            "# or stay with the release of torch for this JetPack that does without it (the one before)",
          ],
    sources: [
      "NVIDIA/Isaac-GR00T#343",
      "https://docs.nvidia.com/deeplearning/frameworks/install-pytorch-jetson-platform/index.html",
    ],
    examples: [
      {
        text: "Jetson Orin, JetPack 6.2, torch 2.8\nImportError: libcudss.so.0: cannot open shared object file: No such file or directory",
        expect: "install cudss",
      },
      {
        text: "Linux 5.15.148-tegra\nImportError: libcusparseLt.so.0: cannot open shared object file: No such file or directory",
        expect: "install_cusparselt.sh",
      },
    ],
  },
];
