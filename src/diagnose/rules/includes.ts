/** Sources that use what they do not include. */

import { plainName } from "../../base/package-name.ts";
import { quote } from "../text/quote.ts";
import { addInclude, addLines } from "../commands/source-edits.ts";
import { packageToBuild, platformOf, python } from "../commands/commands.ts";
import { type Match, placeOf, type Rule, saidAny } from "../rule.ts";

/** Stands where the header of a name is not known. */
const unknownHeader = "that defines it";

/** Whether a header of Apple's SDK itself lacks a type. */
function inAppleSdk({ finding }: Match): boolean {
  return /\.sdk[\\/]usr[\\/]include[\\/](?!c\+\+)/.test(finding.file ?? finding.text);
}

/** Whether the header lies in a folder that an installer makes anew for each build. */
function isPassing({ finding, context: { log } }: Match): boolean {
  return (
    /[\\/](?:pip-(?:build-env|install|req-build|ephem)|build-env-|builds-v0|sdists-v\d|sdist)/.test(
      finding.file ?? "",
    ) ||
    (finding.file !== undefined &&
      !/^[\\/A-Z]/.test(finding.file) &&
      log.package !== undefined &&
      log.asked !== undefined)
  );
}

/** Whether a tool fetches the sources that it builds, and none of them lie here: poetry's and uv's lists, an image. */
function isFetched({ context: { log } }: Match): boolean {
  const fromElsewhere = log.package !== undefined && !log.localPackages.includes(plainName(log.package));
  return (
    (fromElsewhere && (log.uvCommand === "sync" || log.projectLine !== undefined)) ||
    (log.dockerBuild && (log.requested ?? []).some((word) => /git\+|^[A-Za-z][\w.-]*(?:==[\w.]+)?$/.test(word)))
  );
}

/** A header for all files of a build, by what its compilers read. */
function forAllFiles(match: Match, header: string): string[] {
  const { file, tool, text } = match.finding;
  return [
    /\.cuh?\b/.test(`${file ?? ""} ${text}`) || tool === "cudafe++"
      ? `export NVCC_APPEND_FLAGS="-include ${header}"   # for all CUDA sources, without touching them`
      : `export CXXFLAGS="-include ${header}"   # for all sources, without touching them; an old setuptools: CFLAGS`,
  ];
}

/** The header for all files of a build, without touching them, and the build again. */
function forcedInclude(match: Match): string[] {
  if (platformOf(match) === "win32") return [];
  const { context, finding } = match;
  const name = context.log.package ?? context.log.asked;
  const flags = `CFLAGS="-include stdint.h" CXXFLAGS="-include cstdint"${context.log.cuda !== undefined || /\.cuh?\b|nvcc/.test(`${finding.file ?? ""} ${finding.text}`) || finding.tool === "cudafe++" ? ' NVCC_APPEND_FLAGS="-include cstdint"' : ""}`;
  return isPassing(match) && name !== undefined
    ? [
        `${flags} ${python(match)} -m pip install --no-cache-dir ${packageToBuild(match)}   # the header for all files, without touching them`,
      ]
    : [
        `export ${flags}   # the header for all files, without touching them; then build again (retorch.toml: cxx-flags)`,
      ];
}

/** The include at the head of the header, where that is the project's own; as a remark beside a flag that does the same. */
function cstdintAdded(match: Match): string[] {
  const lines = inAppleSdk(match) || isPassing(match) ? [] : addLines(match, ["#include <cstdint>"]);
  if (lines.length === 0) return ["# or add #include <cstdint> to that header"];
  return isFetched(match) ? lines.map((line) => `# in a checkout: ${line}`) : lines;
}

/** Limits of the C library's numbers: macros, whatever the C++ standard is. */
const ofLimits = /^(?:FLT|DBL|INT|UINT|LONG)_(?:MAX|MIN|EPSILON)$/;

export const includeRules: readonly Rule[] = [
  {
    id: "cstdint-missing",
    title: "A header forgets #include <cstdint>",
    on: ["compile"],
    specificity: 82,
    matches: (finding) => {
      const type = "u?int(?:8|16|32|64|ptr|max)_t|u?int_(?:fast|least)\\d+_t";
      return saidAny(
        finding,
        // MSVC: 'uint32_t': undeclared identifier; syntax error: identifier 'uint32_t'; 'uint32_t': is not a member of 'std'
        new RegExp(`^["'“](?:std::)?(?<type>${type})["'”]\\s?[:：]`),
        new RegExp(`identifier ["'“](?<type>${type})["'”]`),
        new RegExp(`namespace "std" has no member "(?<type>${type})"`),
        new RegExp(`identifier "(?<type>${type})" is undefined`),
        new RegExp(
          `[‘'"](?:std::)?(?<type>${type})[’'"] (?:was not declared|has not been declared|does not name a type|is not a member of [‘'"]std|is not a type|in namespace [‘'"]std[’'"] does not name)`,
        ),
        new RegExp(
          `(?:unknown type name|no type named|no member named|use of undeclared identifier) '(?:std::)?(?<type>${type})'`,
        ),
        /[‘'"](?<type>U?INT(?:8|16|32|64|MAX|PTR)_(?:C|MAX|MIN)|SIZE_MAX|PTRDIFF_MAX|PRI[diuxX](?:8|16|32|64|PTR))[’'"] (?:was not declared|undeclared|is undefined)/,
        /use of undeclared identifier '(?<type>U?INT(?:8|16|32|64|MAX|PTR)_(?:C|MAX|MIN)|SIZE_MAX|PRI[diuxX](?:8|16|32|64))'/,
        /this is a macro when the header .?<cstdint>|is defined in header .?<cstdint>/,
      );
    },
    confidence: "high",
    cause: (match) =>
      inAppleSdk(match)
        ? `\`${match.facts["type"] ?? "uint8_t"}\` is unknown in a header of Apple's SDK (${placeOf(match.finding)}), which includes what it needs: another stdint.h or sys/types.h is found before the SDK's own (/usr/local/include, a conda folder on CPATH, tools of another Xcode), or the Command Line Tools are damaged or of another macOS.`
        : `\`${match.facts["type"] ?? "uint32_t"}\` is of <cstdint>, which ${match.finding.file === undefined ? "the header" : `\`${placeOf(match.finding)}\``} does not include. Older compilers brought it in by way of other headers; gcc 13 and newer do not.`,
    fix: (match) => [
      ...(inAppleSdk(match)
        ? [
            'ls /usr/local/include/stdint.h /usr/local/include/sys 2>/dev/null; echo "CPATH=[$CPATH] C_INCLUDE_PATH=[$C_INCLUDE_PATH] CPLUS_INCLUDE_PATH=[$CPLUS_INCLUDE_PATH]"   # a header there hides the SDK\'s: move it away',
            "unset CPATH C_INCLUDE_PATH CPLUS_INCLUDE_PATH; export SDKROOT=$(xcrun --show-sdk-path)",
            "sudo rm -rf /Library/Developer/CommandLineTools && xcode-select --install   # the tools anew",
          ]
        : forcedInclude(match)),
      ...cstdintAdded(match),
      ...(/^(?:U?INT|SIZE|PTR|PRI)/.test(match.facts["type"] ?? "")
        ? [
            `# old C libraries have the macros for C++ only with -D__STDC_CONSTANT_MACROS -D__STDC_LIMIT_MACROS -D__STDC_FORMAT_MACROS: add these flags${/^PRI/.test(match.facts["type"] ?? "") ? "; PRI… are of <cinttypes>" : ""}`,
          ]
        : []),
      ...(inAppleSdk(match) ? [] : ["# or build with gcc 12: CC=gcc-12 CXX=g++-12"]),
    ],
    change: () => ({ kind: "add-flag", tool: "cxx", flag: "-include cstdint" }),
    sources: [
      "graphdeco-inria/gaussian-splatting#923",
      "graphdeco-inria/gaussian-splatting#788",
      "hbb1/diff-surfel-rasterization#36",
    ],
    examples: [
      {
        text: 'cuda_rasterizer/rasterizer_impl.h(24): error: namespace "std" has no member "uintptr_t"',
        expect: "-include cstdint",
      },
      { text: "a.h:40:9: error: ‘uint32_t’ does not name a type", expect: "<cstdint>" },
      {
        text: "/Applications/Xcode.app/Contents/Developer/Platforms/MacOSX.platform/Developer/SDKs/MacOSX10.13.sdk/usr/include/sys/resource.h:196:2: error: unknown type name 'uint8_t'",
        expect: "hides the SDK's",
      },
      {
        text: "/tmp/pip-build-env-o94/normal/lib/python3.10/site-packages/pybind11/include/pybind11/attr.h:199:10: error: ‘uint16_t’ in namespace ‘std’ does not name a type\nERROR: Failed building wheel for nmslib",
        expect: 'CXXFLAGS="-include cstdint" python -m pip install',
      },
      { text: "a.h:7:3: error: unknown type name 'uint64_t'", expect: "<cstdint>" },
    ],
  },
  {
    id: "standard-header-missing-include",
    title: "A source forgets to include a standard header",
    on: ["compile"],
    specificity: 62,
    matches: (finding) => {
      const name =
        /[‘'"](?<name>FLT_MAX|FLT_MIN|FLT_EPSILON|DBL_MAX|DBL_MIN|INT_MAX|INT_MIN|UINT_MAX|LONG_MAX|CHAR_BIT|M_PI|M_PI_2|M_SQRT2|numeric_limits|accumulate|iota|unique_ptr|shared_ptr|make_unique|function|runtime_error|sort|max_element|memcpy|memset|memcmp|strlen|strcmp|printf|fprintf|snprintf|assert|getenv|exit|malloc|free|abs|string_view|optional|variant|array|mutex|thread|chrono|setw|stringstream|ostringstream)[’'"] (?:was not declared|is undefined|is not a member of [‘'"]std|has not been declared|in namespace [‘'"]std|does not name)/.exec(
          finding.message,
        ) ??
        /identifier "(?<name>FLT_MAX|FLT_MIN|FLT_EPSILON|DBL_MAX|INT_MAX|INT_MIN|UINT_MAX|M_PI)" is undefined/.exec(
          finding.message,
        ) ??
        /namespace "std" has no (?:actual )?member "(?<name>\w+)"/.exec(finding.message) ??
        /[‘'"](?<name>\w+)[’'"] (?:is not a member of [‘'"]std[’'"]|in namespace [‘'"]std[’'"] does not name)/.exec(
          finding.message,
        ) ??
        /(?:implicit instantiation of undefined template|incomplete type|has initializer but incomplete type|has incomplete type) ?['‘"]?(?:std::(?:__\w+::)?)(?<name>basic_\w+|array|tuple|vector|function|pair|map|set|deque|complex|valarray|thread|future|stringstream|ostringstream|istringstream|ofstream|ifstream|fstream)\b/.exec(
          finding.message,
        ) ??
        /(?:aggregate|variable) [‘'](?:const )?(?:class )?std::(?:__\w+::)?(?<name>basic_\w+|array|function|stringstream|ostringstream|istringstream|ofstream|ifstream|fstream)\b.*(?:has incomplete type|has initializer but incomplete type)/.exec(
          finding.message,
        ) ??
        /use of undeclared identifier '(?<name>FLT_MAX|FLT_MIN|FLT_EPSILON|DBL_MAX|INT_MAX|INT_MIN|UINT_MAX|M_PI)'|no (?:member|template|type) named '(?<name2>\w+)' in namespace 'std'/.exec(
          finding.message,
        ) ??
        (/^use of undeclared identifier 'std'|name followed by "::" must be a class or namespace name/.test(
          finding.message,
        )
          ? /\bstd::(?<name>\w+)/.exec(finding.source ?? "")
          : null);
      if (name === null) return undefined;
      const known = name.groups?.["name"] ?? name.groups?.["name2"] ?? "";
      if (
        /is not a member of|in namespace|'std'|must be a class/.test(finding.message) &&
        headerOf(known) === unknownHeader
      )
        return undefined;
      const of = headerOf(known);
      return {
        name: name.groups?.["name"] ?? name.groups?.["name2"],
        header: of === unknownHeader ? undefined : of.replace(/[<>]/g, ""),
      };
    },
    confidence: ({ facts }) => (ofLimits.test(facts["name"] ?? "") ? "high" : "medium"),
    cause: (match) =>
      ofLimits.test(match.facts["name"] ?? "") && /\.cuh?$/.test(match.finding.file ?? "")
        ? `\`${match.facts["name"] ?? ""}\` is a macro of ${headerOf(match.facts["name"] ?? "")}, which ${placeOf(match.finding)} does not include: CUDA's own headers brought it along up to 12.4, and do so no more.`
        : `\`${match.facts["name"] ?? ""}\` is of a standard header (${headerOf(match.facts["name"] ?? "")}) that ${placeOf(match.finding)} does not include, or it came with a newer C++ standard than the one that is compiled for.`,
    fix: (match) => [
      ...(isFetched(match) && headerOf(match.facts["name"] ?? "") !== unknownHeader
        ? forAllFiles(match, headerOf(match.facts["name"] ?? "").replace(/[<>]/g, ""))
        : [
            ...addInclude(match, headerOf(match.facts["name"] ?? "").replace(/[<>]/g, "")),
            `# without touching the sources: the flag -include ${headerOf(match.facts["name"] ?? "").replace(/[<>]/g, "")}`,
          ]),
    ],
    sources: ["https://gcc.gnu.org/gcc-13/porting_to.html"],
    examples: [
      { text: 'simple_knn.cu(154): error: identifier "FLT_MAX" is undefined', expect: "<cfloat>" },
      {
        text: '$ spack install py-my-decoder@2.4 +cuda\n==> Installing py-my-decoder-2.4.0-mpg6ccza5cherdh5yynz6c22mbi5mdda [9/9]\n  >> 577      /tmp/u/spack-stage/spack-stage-py-my-decoder-2.4.0-mpg6ccza5cherdh5yynz6c22mbi5mdda/spack-src/src/decode.cu(154): error: identifier "FLT_MAX" is undefined',
        expect: 'export NVCC_APPEND_FLAGS="-include cfloat"',
      },
      {
        text: '$ pip install -r requirements.txt\nCollecting git+https://github.com/acme/fast-knn.git@1f2e3d4 (from -r requirements.txt (line 3))\n      knn.cu(9): error: identifier "FLT_MAX" is undefined\n  ERROR: Failed building wheel for fast_knn',
        expect: "cd fast-knn",
      },
      {
        text: 'jo@ws:~/proj$ poetry install\n  - Installing voxel-ops (1.3.2): Failed\n  knn.cu(9): error: identifier "FLT_MAX" is undefined\nNote: This error originates from the build backend, and is likely not a problem with poetry but with voxel-ops (1.3.2) not supporting PEP 517 builds.',
        expect: 'export NVCC_APPEND_FLAGS="-include cfloat"',
      },
      { text: "csrc/x.h:9:10: error: ‘string’ in namespace ‘std’ does not name a type", expect: "<string>" },
      { text: "a.cpp:3:8: error: ‘numeric_limits’ is not a member of ‘std’", expect: "<limits>" },
    ],
  },
  {
    id: "thrust-header-missing",
    title: "Thrust's headers no longer include each other",
    on: ["compile"],
    specificity: 84,
    matches: (finding) =>
      saidAny(
        finding,
        /(?:namespace|in namespace) ["‘'](?<space>thrust)["’'] has no (?:actual )?member (?:named )?["‘'](?<name>\w+)/,
        /["‘'](?<name>\w+)["’'] is not a member of ["‘'](?<space>thrust)["’']/,
        /no member named '(?<name>\w+)' in namespace '(?<space>thrust)'/,
      ),
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["space"] ?? "thrust"}::${match.facts["name"] ?? ""}\` is of a header that ${placeOf(match.finding)} does not include: up to CUDA 11 other headers of Thrust brought it in, since CUDA 12 (and again CUDA 13) they do not, or it was removed.`,
    fix: (match) => {
      const checkout = minkowski(match);
      if (checkout !== undefined) return checkout;
      return [
        ...thrustHeaders(match).flatMap((name) => addInclude(match, `thrust/${name}`)),
        "# or build with CUDA 11 (and a torch for it)",
      ];
    },
    sources: [
      "NVIDIA/MinkowskiEngine#594",
      "NVIDIA/MinkowskiEngine#601",
      "NVIDIA/MinkowskiEngine#543",
      "facebookresearch/ConvNeXt-V2#20",
    ],
    examples: [
      {
        text: '3rdparty/concurrent_unordered_map.cuh(503): error: namespace "thrust" has no member "device"',
        expect: "thrust/execution_policy.h",
      },
      { text: "a.cu:12:3: error: no member named 'remove_if' in namespace 'thrust'", expect: "thrust/remove.h" },
      {
        text: 'k.cu(3): error: namespace "thrust" has no member "device"\n\nk.cu(9): error: namespace "thrust" has no member "remove_if"',
        expect: "thrust/remove.h",
      },
    ],
  },
];

/** The four files of MinkowskiEngine 0.5.4 that lack headers of Thrust, and which. Source: NVIDIA/MinkowskiEngine#543. */
const minkowskiFiles: readonly (readonly [string, string])[] = [
  ["src/convolution_kernel.cuh", "execution_policy"],
  ["src/coordinate_map_gpu.cu", "unique remove"],
  ["src/spmm.cu", "execution_policy reduce sort"],
  ["src/3rdparty/concurrent_unordered_map.cuh", "execution_policy"],
];

/** All of MinkowskiEngine's files at once, in a clone of its own: one error hides the next. */
function minkowski(match: Match): string[] | undefined {
  const { file = "", text } = match.finding;
  const said = [
    match.context.log.requirement,
    ...(match.context.log.requested ?? []),
    match.context.log.package,
    file,
    text,
  ];
  if (
    !match.context.log.namesMinkowski &&
    !said.some((word) => /MinkowskiEngine/i.test(word ?? "")) &&
    !/concurrent_unordered_map\.cuh$|coordinate_map_gpu\.cu$/.test(file)
  )
    return undefined;
  if (platformOf(match) === "win32") return undefined;
  const folder = /^(.*[\\/]MinkowskiEngine)[\\/]src[\\/]/.exec(file)?.[1];
  const { setupCommand } = match.context.log;
  const revision = /MinkowskiEngine(?:\.git)?@([\w.-]+)/.exec(match.context.log.requirement ?? "")?.[1];
  return [
    ...(folder === undefined
      ? [
          `git clone https://github.com/NVIDIA/MinkowskiEngine && cd MinkowskiEngine${revision === undefined ? "" : ` && git checkout ${revision}`}`,
        ]
      : [`cd ${quote(folder)}`]),
    ...minkowskiFiles.map(
      ([name, headers]) =>
        `sed -i.bak '1i ${headers
          .split(" ")
          .map((header) => `#include <thrust/${header}.h>`)
          .join("\\n")}' ${name}`,
    ),
    `${python(match)} ${setupCommand === undefined ? "setup.py install --force_cuda --blas=openblas" : setupCommand}   # the same CUDA as torch.version.cuda; after gcc 11 and CUDA 12.8 more has to change: CUDA 11.8 with its torch needs none of this`,
  ];
}

/** The headers of all names of Thrust that are missing in the same file. */
function thrustHeaders(match: Match): readonly string[] {
  const names = match.context.findings
    .filter(({ kind, file }) => kind === "compile" && file === match.finding.file)
    .map(({ message }) =>
      /namespace ["‘']thrust["’'] has no (?:actual )?member (?:named )?["‘'](\w+)|no member named '(\w+)' in namespace 'thrust'|["‘'](\w+)["’'] is not a member of ["‘']thrust["’']/
        .exec(message)
        ?.slice(1)
        .find((name) => name !== undefined),
    );
  return [...new Set([match.facts["name"], ...names].filter((name) => name !== undefined).map(thrustHeader))];
}

function thrustHeader(name: string): string {
  if (/^(?:device|host|seq|cuda)$/.test(name)) return "execution_policy.h";
  if (/^(?:device|host)_vector$/.test(name)) return `${name}.h`;
  const headers: Record<string, string> = {
    remove_if: "remove.h",
    remove: "remove.h",
    unique_by_key: "unique.h",
    count_if: "count.h",
    sort_by_key: "sort.h",
    stable_sort_by_key: "sort.h",
    reduce_by_key: "reduce.h",
    exclusive_scan: "scan.h",
    inclusive_scan: "scan.h",
    make_tuple: "tuple.h",
    make_zip_iterator: "iterator/zip_iterator.h",
    counting_iterator: "iterator/counting_iterator.h",
    make_transform_iterator: "iterator/transform_iterator.h",
    device_ptr: "device_ptr.h",
    device_pointer_cast: "device_ptr.h",
    copy_if: "copy.h",
    max_element: "extrema.h",
    min_element: "extrema.h",
    minmax_element: "extrema.h",
    plus: "functional.h",
    lower_bound: "binary_search.h",
    upper_bound: "binary_search.h",
  };
  return headers[name] ?? `${name}.h`;
}

function headerOf(name: string): string {
  if (/^(?:FLT|DBL)_/.test(name)) return "<cfloat>";
  if (/^(?:U?INT|LONG|CHAR)_/.test(name)) return "<climits>";
  if (/^M_/.test(name)) return "<cmath>";
  const headers: Record<string, string> = {
    numeric_limits: "<limits>",
    basic_ostream: "<ostream>",
    basic_istream: "<istream>",
    basic_iostream: "<iostream>",
    basic_string: "<string>",
    basic_stringstream: "<sstream>",
    basic_ostringstream: "<sstream>",
    basic_istringstream: "<sstream>",
    istringstream: "<sstream>",
    basic_ofstream: "<fstream>",
    basic_ifstream: "<fstream>",
    basic_fstream: "<fstream>",
    ofstream: "<fstream>",
    ifstream: "<fstream>",
    fstream: "<fstream>",
    basic_regex: "<regex>",
    pair: "<utility>",
    deque: "<deque>",
    valarray: "<valarray>",
    future: "<future>",
    streamsize: "<ios>",
    ostream: "<ostream>",
    istream: "<istream>",
    endl: "<ostream>",
    exchange: "<utility>",
    forward: "<utility>",
    underlying_type: "<type_traits>",
    enable_if: "<type_traits>",
    is_same: "<type_traits>",
    uncaught_exceptions: "<exception>",
    logic_error: "<stdexcept>",
    out_of_range: "<stdexcept>",
    invalid_argument: "<stdexcept>",
    domain_error: "<stdexcept>",
    atomic: "<atomic>",
    condition_variable: "<condition_variable>",
    lock_guard: "<mutex>",
    unique_lock: "<mutex>",
    weak_ptr: "<memory>",
    make_shared: "<memory>",
    back_inserter: "<iterator>",
    distance: "<iterator>",
    ostream_iterator: "<iterator>",
    bind: "<functional>",
    hash: "<functional>",
    less: "<functional>",
    greater: "<functional>",
    nth_element: "<algorithm>",
    find: "<algorithm>",
    find_if: "<algorithm>",
    transform: "<algorithm>",
    reverse: "<algorithm>",
    fill: "<algorithm>",
    copy: "<algorithm>",
    all_of: "<algorithm>",
    any_of: "<algorithm>",
    lower_bound: "<algorithm>",
    upper_bound: "<algorithm>",
    clamp: "<algorithm>",
    unordered_set: "<unordered_set>",
    list: "<list>",
    queue: "<queue>",
    priority_queue: "<queue>",
    stack: "<stack>",
    bitset: "<bitset>",
    mt19937: "<random>",
    uniform_int_distribution: "<random>",
    uniform_real_distribution: "<random>",
    this_thread: "<thread>",
    accumulate: "<numeric>",
    iota: "<numeric>",
    unique_ptr: "<memory>",
    shared_ptr: "<memory>",
    make_unique: "<memory>",
    function: "<functional>",
    runtime_error: "<stdexcept>",
    sort: "<algorithm>",
    max_element: "<algorithm>",
    memcpy: "<cstring>",
    memset: "<cstring>",
    memcmp: "<cstring>",
    strlen: "<cstring>",
    strcmp: "<cstring>",
    printf: "<cstdio>",
    fprintf: "<cstdio>",
    snprintf: "<cstdio>",
    assert: "<cassert>",
    getenv: "<cstdlib>",
    exit: "<cstdlib>",
    malloc: "<cstdlib>",
    free: "<cstdlib>",
    abs: "<cmath>",
    mutex: "<mutex>",
    thread: "<thread>",
    chrono: "<chrono>",
    setw: "<iomanip>",
    stringstream: "<sstream>",
    ostringstream: "<sstream>",
    array: "<array>",
    optional: "<optional>",
    variant: "<variant>",
    string_view: "<string_view>",
    setprecision: "<iomanip>",
    vector: "<vector>",
    string: "<string>",
    tuple: "<tuple>",
    iostream: "<iostream>",
    cout: "<iostream>",
    max: "<algorithm>",
    min: "<algorithm>",
    swap: "<utility>",
    move: "<utility>",
    exception: "<exception>",
    complex: "<complex>",
    unordered_map: "<unordered_map>",
    map: "<map>",
    set: "<set>",
  };
  return headers[name] ?? unknownHeader;
}
