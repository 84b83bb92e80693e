/**
 * One header of a library that is not there although the library is: the installed release is older than the header, newer
 * than its removal, or only half there. Which release is installed is not known here, only which ones have the header.
 */
import { pip, platformOf } from "../commands/commands.ts";
import { includedBy } from "../matchers.ts";
import type { Match, Rule } from "../rule.ts";

interface Changed {
  readonly form: RegExp;
  readonly what: string;
  /** `came with GLM 1.0` */
  readonly change: string;
  /** A release that has it: what to ask conda for. */
  readonly conda?: string;
  readonly fix: readonly string[];
}

/** Headers that came or went with a release. First match wins. */
const changed: readonly Changed[] = [
  {
    form: /^glm\/gtx\/pca\.hpp$/,
    what: "GLM",
    change: "came after GLM 0.9.9.8, which is what Debian's and Ubuntu's libglm-dev has",
    conda: '"glm>=1.0"',
    fix: [
      "# the project's own copy (third_party/glm): the state that it names, or GLM 1.0 in its place: git clone --depth 1 -b 1.0.1 https://github.com/g-truc/glm third_party/glm",
    ],
  },
  {
    form: /^fmt\/base\.h$/,
    what: "fmt",
    change: "came with fmt 11",
    conda: '"fmt>=11"',
    fix: ["# the project's own copy: third_party/fmt of 11 or newer, before the system's on the include path"],
  },
  {
    form: /^fmt\/std\.h$/,
    what: "fmt",
    change: "came with fmt 9",
    conda: '"fmt>=9"',
    fix: ["# the project's own copy: third_party/fmt of 9 or newer, before the system's on the include path"],
  },
  {
    form: /^fmt\/(?:xchar|args)\.h$/,
    what: "fmt",
    change: "came with fmt 8",
    conda: '"fmt>=8"',
    fix: ["# the project's own copy: third_party/fmt of 8 or newer, before the system's on the include path"],
  },
  {
    form: /^tbb\/(?:task_scheduler_init|task|tbb_stddef|atomic|tbb_thread|mutex|recursive_mutex|pipeline|reader_writer_lock|compat\/\w+)\.h$/,
    what: "TBB",
    change: "went with oneTBB 2021",
    conda: '"tbb-devel<2021"',
    fix: ["# or the release of the project that is for oneTBB: tbb::global_control in place of task_scheduler_init"],
  },
  {
    form: /^(?:opencv\/(?:cv|cxcore|highgui|cvaux|ml)\.hp*|opencv2\/(?:imgcodecs\/imgcodecs_c|nonfree\/\w+|legacy\/\w+|contrib\/contrib|gpu\/gpu)\.h(?:pp)?)$/,
    what: "OpenCV",
    change: "went with OpenCV 3 and 4",
    fix: [
      "# #include <opencv2/opencv.hpp> in its place (CV_BGR2GRAY → cv::COLOR_BGR2GRAY and the like), or the release of the project that is for OpenCV 4",
    ],
  },
  {
    form: /^libavresample\//,
    what: "FFmpeg",
    change: "went with FFmpeg 5",
    conda: '"ffmpeg<5"',
    fix: ["# or the release of the project that uses libswresample in its place"],
  },
  {
    form: /^boost\/asio\/io_service\.hpp$/,
    what: "Boost",
    change: "went with Boost 1.87",
    conda: '"libboost-headers<1.87"',
    fix: ["# or boost/asio/io_context.hpp in its place"],
  },
  {
    form: /^pybind11\/native_enum\.h$/,
    what: "pybind11",
    change: "came with pybind11 3; what torch's wheels have is older than the one of the project",
    fix: ["pybind11"],
  },
  {
    form: /^pybind11\/(?:typing|gil_safe_call_once)\.h$/,
    what: "pybind11",
    change: "came with pybind11 2.12; what an older torch has is older",
    fix: ["pybind11"],
  },
];

/** The library whose own header asks for another of its headers: `boost` of /usr/include/boost/a.hpp. */
function halfThere(name: string, file: string | undefined): string | undefined {
  const top = /^([\w.+-]+)\/./.exec(name)?.[1];
  // What a project calls its own folders says nothing.
  if (
    top === undefined ||
    file === undefined ||
    /^(?:src|include|csrc|detail|utils?|common|torch|ATen|c10|cuda|sys|bits|linux|asm|gnu)$/.test(top)
  )
    return undefined;
  const path = file.replaceAll("\\", "/");
  const ofOthers =
    /^\/usr\/|\/(?:opt|envs|\w*conda\w*|third[-_]?party|3rd[-_]?party|external|submodules|vendor|deps|site-packages|vcpkg\w*|Cellar|homebrew)\//;
  return ofOthers.test(path) && (path.includes(`include/${top}/`) || path.includes(`/${top}/${top}/`))
    ? top
    : undefined;
}

function entryOf(match: Match): Changed | undefined {
  return match.facts["index"] === undefined ? undefined : changed[Number(match.facts["index"])];
}

export const libraryHeaderVersionRules: readonly Rule[] = [
  {
    id: "library-header-of-other-release",
    title: "A library is there, in a release without this header",
    on: ["missing-header"],
    specificity: 86,
    matches: (finding, context) => {
      const header = (finding.header ?? "").replaceAll("\\", "/");
      // A copy within the project, on the command line: another rule knows which one it is.
      const top = header.replace(/\/.*$/, "");
      if (context.log.vendored.some((copy) => copy.toLowerCase().startsWith(top.toLowerCase()))) return undefined;
      const index = changed.findIndex(({ form }) => form.test(header));
      if (index >= 0) return { header, index: String(index) };
      const library = halfThere(header, finding.file);
      return library === undefined ? undefined : { header, library };
    },
    confidence: (match) => (entryOf(match) === undefined ? "medium" : "high"),
    cause: (match) => {
      const header = `\`${match.facts["header"] ?? ""}\`${includedBy(match)}`;
      const entry = entryOf(match);
      return entry === undefined
        ? `${header} is asked for by another header of the same library, \`${match.facts["library"] ?? ""}\`: the library is there, and not whole. Two of its releases lie one over the other, a copy or a submodule is not complete, or it was reached by another way than its include folder, which is not on the command line.`
        : `${header} ${entry.change}: the ${entry.what} that is found is of another release than the code is for (or none is there at all).`;
    },
    fix: (match) => {
      const header = match.facts["header"] ?? "";
      const entry = entryOf(match);
      const top = header.replace(/\/.*$/, "");
      const where =
        platformOf(match) === "win32"
          ? `where /r C:\\ ${top === header ? header : (header.split("/").at(-1) ?? header)}`
          : `find / -type d -name ${top} -path '*include*' -not -path '/proc/*' 2>/dev/null   # which ones there are`;
      if (entry === undefined)
        return [
          where,
          "git submodule update --init --recursive --force   # a copy in the project",
          `# take ${top} away and install it anew, of one release; and one include folder of it on the command line`,
        ];
      if (entry.fix[0] === "pybind11")
        return [
          pip(match, "install --upgrade pybind11"),
          `# its folder before torch's: include_dirs=[pybind11.get_include()] in setup.py, include-dirs in retorch.toml`,
        ];
      return [
        "git submodule update --init --recursive   # a project that brings the library: after a git pull its submodules stay as they were",
        ...entry.fix,
        ...(entry.conda === undefined
          ? []
          : [`conda install -c conda-forge ${entry.conda}   # in an environment of conda`]),
        where,
      ];
    },
    sources: [
      "HKUST-SAIL/RaDe-GS#6",
      "https://github.com/oneapi-src/oneTBB/blob/master/doc/main/tbb_userguide/Migration_Guide.rst",
    ],
    examples: [
      { text: "rasterize.cu:20:10: fatal error: glm/gtx/pca.hpp: No such file or directory", expect: "GLM 0.9.9.8" },
      {
        text: "fatal error: glm/gtx/pca.hpp: 没有那个文件或目录\n20 | #include <glm/gtx/pca.hpp>",
        expect: "submodule update",
      },
      { text: "a.cpp:1:10: fatal error: tbb/task_scheduler_init.h: No such file or directory", expect: "oneTBB 2021" },
      {
        text: "log.h(3): fatal error C1083: Cannot open include file: 'fmt/base.h': No such file or directory",
        expect: "fmt 11",
      },
      {
        text: "/usr/include/boost/python/detail/prefix.hpp:13:10: fatal error: boost/config/auto_link.hpp: No such file or directory",
        expect: "not whole",
      },
      { text: "bind.cpp:3:10: fatal error: pybind11/native_enum.h: No such file or directory", expect: "pybind11 3" },
    ],
  },
];
