/** Macs with Apple's and with Intel's processors: a file for the one in a program for the other. */
import { pip, pythonVersion } from "../commands/commands.ts";
import type { Match } from "../rule.ts";

/** An environment for the Mac's own processor of a conda that is one for Intel. Source: conda-forge's documentation, "Installing Apple Intel packages on Apple Silicon". */
export function nativeConda(version: string | undefined): string[] {
  return [
    `CONDA_SUBDIR=osx-arm64 conda create -y -n native python=${version ?? "3.12"}   # this conda is one for Intel, under Rosetta; what it makes so is for the Mac's own processor`,
    "conda activate native && conda config --env --set subdir osx-arm64",
  ];
}

/** The two ways round on a Mac: an ARM file in a Python for Intel, and an Intel file in a Python for ARM. */
export function onMac(match: Match): string[] {
  const { have = "", need = "" } = match.facts;
  const ownArm =
    'ARCHFLAGS="-arch arm64" for what is compiled, and LibTorch, wheels and other libraries for arm64, too (libtorch-macos-arm64-….zip, or pip\'s torch)';
  if (/arm64|x86_64/.test(have) && /arm64|x86_64/.test(need) && match.context.log.bothProcessors)
    return [
      `export ARCHFLAGS="-arch ${have}"   # this Python is made for both processors (universal2) and compiles for both, and torch is for one: build for that one`,
    ];
  if (/arm64/.test(have) && /x86/.test(need) && (match.context.log.conda || match.context.log.appleProcessor))
    return [
      ...(match.context.log.conda
        ? nativeConda(pythonVersion(match))
        : [
            `uv venv --python cpython-${pythonVersion(match) ?? "3.12"}-macos-aarch64-none --seed native && . native/bin/activate`,
          ]),
      pip(match, "install torch setuptools wheel ninja"),
      "# and the package again: the Python that ran is one for Intel, under Rosetta (on a Mac with Intel's processor: the x86_64 build of the file, with torch 2.2.2 as the last)",
    ];
  if (/arm64/.test(have) && /x86/.test(need))
    return [
      'sysctl -n machdep.cpu.brand_string   # "Apple M…": this Python is one for Intel, under Rosetta; "Intel": the file is for another Mac',
      "# Apple M…: a native Python, and everything installed again with it: CONDA_SUBDIR=osx-arm64 conda create -n native python=3.11, or uv venv --python cpython-3.11-macos-aarch64-none",
      '# Intel: the x86_64 build of it; of torch 2.2.2 is the last (python -m pip install "torch==2.2.2" "numpy<2")',
    ];
  if (/x86/.test(have) && /arm64/.test(need) && /libtorch[\w.+-]*\/lib\//.test(match.finding.text))
    return [
      "# the LibTorch is the one for Intel (libtorch-macos-x86_64-….zip): the one for ARM in its place, of the same release (since 2.2):",
      "# curl -LO https://download.pytorch.org/libtorch/cpu/libtorch-macos-arm64-<release>.zip && unzip -o libtorch-macos-arm64-<release>.zip",
      "python3 -m pip install torch   # or pip's torch, which is for this processor:",
      'rm -rf build && cmake -B build -DCMAKE_PREFIX_PATH="$(python3 -c "import torch; print(torch.utils.cmake_prefix_path)")" && cmake --build build',
    ];
  if (/x86/.test(have) && /arm64/.test(need))
    return [
      "# the file was installed or built by a Python for Intel (Rosetta, an old Homebrew in /usr/local, conda for osx-64), and is used by one for ARM: install it again with the one that uses it",
      `# ${ownArm}`,
      'export ARCHFLAGS="-arch arm64"   # the Python that loads it is one for ARM already',
    ];
  return [`# a native Python (arch -arm64), ${ownArm}`];
}
