/**
 * Static libraries that were compiled without -fPIC, and how their own builders compile them with it. Building the module again
 * changes nothing of them. It does not know where the sources of an installed library lie.
 */
import { cmakeFolder, configuredAnew } from "./cmake-folders.ts";
import { platformOf } from "./command-words.ts";
import type { Match } from "../rule.ts";
import { typedBuild, typedBuildFromScratch } from "./typed-builds.ts";

/** `libdep.a` of `/w/dep/libdep.a(x.o)`. */
const archive = /^(.*?([\w.+-]+)\.a)(?:\(|:|$)/;

/** The lines that make such an archive anew; undefined where what is not position-independent is no archive. */
export function archiveWithPic(match: Match): string[] | undefined {
  const [, file = "", stem = ""] = archive.exec(match.facts["file"] ?? "") ?? [];
  if (file === "" || platformOf(match) !== "linux") return undefined;
  const make = typedBuild(match);
  // It is of the build that failed.
  if (make !== undefined && !file.startsWith("/") && !stem.startsWith("libpython"))
    return make.tool === "make"
      ? [
          `${typedBuildFromScratch(make)} CC="\${CC:-gcc} -fPIC" CXX="\${CXX:-g++} -fPIC"   # all objects anew; for good: -fPIC in CFLAGS and CXXFLAGS of the Makefile (nvcc: -Xcompiler -fPIC)`,
        ]
      : undefined;
  if (stem.startsWith("libpython")) return pythonWithPic(file);
  const folder = cmakeFolder(file);
  if (folder !== undefined) return configuredAnew(match, folder, ["-DCMAKE_POSITION_INDEPENDENT_CODE=ON"]);
  const { typedConfigure } = match.context.log;
  if (typedConfigure !== undefined && !typedConfigure.includes("POSITION_INDEPENDENT"))
    return [`${typedConfigure} -DCMAKE_POSITION_INDEPENDENT_CODE=ON`];
  // One that the same build has made, below its own folder: torch's sources, built with static libraries.
  if (/^(?:\.\/)?lib\//.test(file))
    return [
      'export CMAKE_POSITION_INDEPENDENT_CODE=ON CFLAGS="$CFLAGS -fPIC" CXXFLAGS="$CXXFLAGS -fPIC"   # torch\'s setup.py hands the first on to CMake, which reads the others by itself',
      "rm -rf build   # objects without it are left there; then the same build again",
    ];
  // An installed one of a package of the system has a shared form beside it, or in the package of the same name.
  return [
    `find / -name '${stem}.so*' -not -path '/proc/*' 2>/dev/null   # its shared form: that one in the link, in place of ${stem}.a`,
    `# or ${stem}.a anew, in the folder of its sources: CMake: cmake -S . -B build -DCMAKE_POSITION_INDEPENDENT_CODE=ON && cmake --build build --clean-first; configure: CFLAGS=-fPIC CXXFLAGS=-fPIC ./configure && make clean && make; then the link again`,
  ];
}

/**
 * CPython by itself makes a static library without -fPIC; a shared one is made with it. Sources: meta-pytorch/multipy#302,
 * cocotb/cocotb#525 (pyenv), Python's documentation of --enable-shared.
 */
function pythonWithPic(file: string): string[] {
  const version = /\.pyenv\/versions\/([^/]+)\//.exec(file)?.[1];
  if (version !== undefined)
    return [
      `CFLAGS=-fPIC PYTHON_CONFIGURE_OPTS="--enable-shared" pyenv install --force ${version}   # and what was installed into it anew, too`,
    ];
  const prefix = /^(\/.+)\/lib(?:64)?\/libpython[\w.]+\.a$/.exec(file)?.[1];
  return [
    `./configure --enable-shared ${prefix === undefined ? "" : `--prefix=${prefix} `}CFLAGS=-fPIC && make clean && make -j "$(nproc)" && sudo make altinstall && sudo ldconfig   # in the folder of that CPython's sources; a Python of conda, or of the distribution, is shared already`,
    "# then the build again, from an empty build folder",
  ];
}
