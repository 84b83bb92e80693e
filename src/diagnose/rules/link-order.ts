/** Symbols that a library has which stands too early on the command line, or not at all. */
import { platformOf } from "../commands/command-words.ts";
import { linkToo } from "../commands/flag-variables.ts";
import { isBuiltByPython } from "../commands/typed-builds.ts";
import { librariesBefore } from "../facts/link-order.ts";
import type { Finding } from "../finding.ts";
import { baseName } from "../parsers/parser.ts";
import { type Match, type MatchFacts, type Rule, type RuleContext, saidAny } from "../rule.ts";
import { isTorch, type SymbolVerdict } from "../symbols.ts";
import { symbolFacts, verdictOf } from "./symbol-facts.ts";

/** Libraries that come with the system: names of the user's own are not in them. */
const ofSystem =
  /^(?:c|pthread|dl|rt|util|stdc\+\+|stdc\+\+fs|gcc|gcc_s|gomp|cuda|cudart(?:_static)?|c10\w*|torch\w*|python3[\w.]*)$/;
/** What of C's mathematics is in libm. */
const mathematics =
  /^(?:sqrt|cbrt|pow|exp2?|expm1|log(?:2|10|1p)?|sin|cos|tan|a(?:sin|cos|tan2?)|sinh|cosh|tanh|floor|ceil|round|trunc|fmod|hypot|erfc?|[tl]gamma|f(?:max|min|abs|ma)|ldexp|l?lround|rint|nearbyint)[fl]?$/;

/** Those of the early libraries that may have the symbol, and whether its name says so. */
function candidates(
  verdict: SymbolVerdict,
  early: readonly string[],
): { readonly libraries: readonly string[]; readonly sure: boolean } {
  const of = (test: (name: string) => boolean): { libraries: readonly string[]; sure: boolean } => ({
    libraries: early.filter(test),
    sure: true,
  });
  const { owner, library, symbol } = verdict;
  if (isTorch(owner)) return of((name) => /^(?:c10|torch)/.test(name));
  if (owner === "glibc") return of((name) => /^(?:pthread|dl|rt|c)$/.test(name));
  if (symbol.form === "c" && mathematics.test(symbol.name)) return of((name) => name === "m");
  if (library !== undefined) return of((name) => name === library || name.split("_")[0] === library.split("_")[0]);
  if (owner !== "user" && owner !== "library") return { libraries: [], sure: false };
  return { libraries: early.filter((name) => !ofSystem.test(name) && name !== "m"), sure: false };
}

function tooEarly(finding: Finding, context: RuleContext): MatchFacts | undefined {
  const order = context.log.linkOrder;
  if (order === undefined || finding.phase !== "link" || finding.tool !== "linker") return undefined;
  // LLVM's linker and mold look everywhere, and so does Apple's.
  if (
    /ld\.lld|lld-link|mold/.test(finding.text) ||
    context.log.platform === "darwin" ||
    context.log.platform === "win32"
  )
    return undefined;
  const verdict = verdictOf(finding);
  if (verdict === undefined) return undefined;
  const { libraries, sure } = candidates(verdict, librariesBefore(order, finding.file));
  if (libraries.length === 0) return undefined;
  return { ...symbolFacts(finding, verdict, context), libraries: libraries.join(" "), sure: sure ? "yes" : undefined };
}

function words(match: Match): string {
  return (match.facts["libraries"] ?? "")
    .split(" ")
    .map((name) => `-l${name}`)
    .join(" ");
}

/** LibTorch's libraries beside one of them: from torch 1.5 on libtorch is a shell around libtorch_cpu. */
function libtorch(name: string): string {
  if (/^caffe2/.test(name)) return `-ltorch -l${name} -lc10`;
  return `-ltorch -ltorch_cpu${/cuda/.test(name) ? " -ltorch_cuda -lc10_cuda" : ""} -lc10`;
}

/** Whether the line that links names the folder. */
function isLinkedFrom({ context: { log } }: Match, folder: string): boolean {
  return log.linkLine?.split(" ").some((word) => word.replace(/\/$/, "") === `-L${folder}`) === true;
}

/** How a library that a linker names by its path comes onto the link line, in the words of the tool that links. */
function nameLibrary(match: Match): string[] {
  const file = (match.facts["file"] ?? "").replace(/^\/\/+/, "/");
  const name = /^lib(.+?)\.so/.exec(baseName(file))?.[1];
  if (name === undefined) return ['# add it: -l<name>, or libraries = ["<name>"]'];
  const ofTorch = /^(?:torch|c10|caffe2)/.test(name);
  if (match.context.log.cmake) {
    const target =
      match.context.findings.map(({ text }) => /CMakeFiles\/([\w.+-]+)\.dir\//.exec(text)?.[1]).find(Boolean) ??
      "the_target";
    return [
      ofTorch
        ? `# CMakeLists.txt: find_package(Torch REQUIRED), then target_link_libraries(${target} \${TORCH_LIBRARIES})   # it lists all of LibTorch's libraries; keyword (PRIVATE, PUBLIC) as in the other lines of ${target}`
        : `# CMakeLists.txt: target_link_libraries(${target} ${file})`,
      "rm -rf build && cmake -S . -B build && cmake --build build   # with the options of before (CMAKE_PREFIX_PATH)",
    ];
  }
  const folder = file.replace(/\/[^/]*$/, "");
  const given = `${isLinkedFrom(match, folder) ? "" : `-L${folder} `}${ofTorch ? libtorch(name) : `-l${name}`}`;
  const isSystem = /^\/(?:usr\/)?lib(?:64)?(?:\/|$)/.test(folder) || folder === file;
  const { linkLine } = match.context.log;
  if (linkLine !== undefined && !isBuiltByPython(match) && platformOf(match) === "linux")
    return [
      `${linkLine} ${isSystem ? `-l${name}` : given}   # the text's own line, with what is missing at its end`,
      `# for good: in LDLIBS (LIBS, LDFLAGS) of the Makefile, behind the objects`,
    ];
  return [
    `# the line that links (LDFLAGS, LIBS or LDLIBS of the Makefile; g++ …), behind the objects: ${isSystem ? "" : `-L${folder} `}-l${name}${ofTorch ? "   # LibTorch from 1.5 on: -ltorch -ltorch_cpu -lc10 (CUDA: -ltorch_cuda -lc10_cuda), before: -ltorch -lcaffe2 -lc10" : ""}`,
    `# an extension of Python: libraries = ["${name}"] (setup.py: libraries=["${name}"])`,
    ...(isBuiltByPython(match) ? linkToo(match, [name], isSystem ? undefined : folder) : []),
  ];
}

/** The compiler's command that the text shows, with those libraries at its end. */
function inOrder(match: Match): string[] {
  const { typedCompile, typedLast } = match.context.log;
  const late = (match.facts["libraries"] ?? "").split(" ").map((name) => `-l${name}`);
  const rest = (typedCompile ?? "").split(" ").filter((word) => !late.includes(word));
  const all = late.every((word) => typedCompile?.split(" ").includes(word) === true);
  return typedLast === "compile" && all && !typedCompile?.includes('"')
    ? [[...rest, ...late].join(" ")]
    : [`# put ${words(match)} behind the objects and sources: g++ -o app main.o … ${words(match)}`];
}

export const linkOrderRules: readonly Rule[] = [
  {
    id: "torch-libraries-find-no-others",
    title: "The linker does not find what torch's libraries need",
    on: ["missing-library"],
    specificity: 94,
    matches: (finding) =>
      finding.phase === "link"
        ? saidAny(
            { ...finding, message: finding.text },
            /(?:^|\s)(?<name>lib[\w.+-]+\.so[\w.-]*), needed by \/{0,2}(?<folder>\/\S*torch\S*\/lib)\/lib(?:torch|c10)\w*\.so, not found/,
          )
        : undefined,
    confidence: "high",
    cause: (match) =>
      `What is linked uses torch's libraries in \`${match.facts["folder"] ?? ""}\`, and the linker does not know the folder in which these find \`${match.facts["name"] ?? ""}\` and others: only a library that was itself linked with torch is named, or torch's libraries without their folder as -rpath. The undefined references to torch, CUDA and OpenMP below come from that; none of them is missing.`,
    fix: (match) => {
      const folder = match.facts["folder"] ?? "";
      return [
        `export LD_LIBRARY_PATH=${folder}:$LD_LIBRARY_PATH   # for the link and for the run; then link again. Or -Wl,-rpath-link,${folder} -Wl,-rpath,${folder}`,
        "# CMake: find_package(Torch REQUIRED) and target_link_libraries(the_target ${TORCH_LIBRARIES}) in the project that links the program, too, not only in that of the library",
        `ls ${folder} | grep '${(match.facts["name"] ?? "").replace(/\.so.*$/, "")}'   # it is not there: this LibTorch takes it from the system (CUDA's run time, libgomp), which has to be on the same path`,
      ];
    },
    sources: ["pytorch/pytorch#48167"],
    examples: [
      {
        text: "/usr/bin/ld: warning: libc10_cuda.so, needed by //home/u/libtorch/lib/libtorch_cuda.so, not found (try using -rpath or -rpath-link)\n//home/u/libtorch/lib/libtorch_cuda.so: undefined reference to `c10::cuda::getDefaultCUDAStream(signed char)'",
        expect: "LD_LIBRARY_PATH=/home/u/libtorch/lib",
      },
    ],
  },
  {
    id: "dso-missing-on-command-line",
    title: "A library that is needed indirectly is not linked",
    on: ["link"],
    specificity: 70,
    matches: (finding) =>
      // Objects of another C++ library are another rule's.
      /libc\+\+\.so/.test(finding.message)
        ? undefined
        : saidAny(
            finding,
            /(?<file>\S+?):? error adding symbols: DSO missing from command line|DSO missing from command line/,
          ),
    confidence: "high",
    cause: (match) =>
      `The code uses a symbol of ${match.facts["file"] === undefined ? "a library" : `\`${match.facts["file"]}\``} that is only needed by another library: it has to be named on the link line itself.`,
    fix: (match) => nameLibrary(match),
    sources: ["https://sourceware.org/binutils/docs/ld/Options.html", "Liuguanli/RSMI#2", "pytorch/pytorch#21794"],
    examples: [
      {
        text: "g++ -O2 -std=c++14 -o infer main.o -L/opt/libtorch/lib -lc10 -ltorch\n/usr/bin/ld: main.o: undefined reference to symbol '_ZTTN5torch2nn10LinearImplE'\n/usr/bin/ld: //opt/libtorch/lib/libtorch_cpu.so: error adding symbols: DSO missing from command line",
        expect: "g++ -O2 -std=c++14 -o infer main.o -L/opt/libtorch/lib -lc10 -ltorch -ltorch -ltorch_cpu -lc10",
      },
      {
        text: "/usr/bin/ld: CMakeFiles/app.dir/run.cpp.o: undefined reference to symbol '_ZN3c106Symbol14fromQualStringERKSs'\n//opt/libtorch/lib/libcaffe2.so: error adding symbols: DSO missing from command line",
        expect: "target_link_libraries(app ${TORCH_LIBRARIES})",
      },
      {
        text: "/usr/bin/ld: main.o: undefined reference to symbol '_ZTTN5torch2nn10LinearImplE'\n/usr/bin/ld: /opt/libtorch/lib/libtorch_cpu.so: error adding symbols: DSO missing from command line",
        expect: "-L/opt/libtorch/lib -ltorch_cpu",
      },
      {
        text: "/usr/bin/ld: /usr/lib/libpthread.so.0: error adding symbols: DSO missing from command line",
        expect: "pthread",
      },
    ],
  },
  {
    id: "libraries-before-objects",
    title: "A library stands before what needs it on the link line",
    on: ["undefined-symbol"],
    specificity: 86,
    matches: tooEarly,
    confidence: (match) => (match.facts["sure"] === undefined ? "medium" : "high"),
    cause: (match) => {
      const one = !words(match).includes(" ");
      return `\`${words(match)}\` ${one ? "stands" : "stand"} on the command line before ${/\.a$/.test(match.finding.file ?? "") ? `\`${match.finding.file ?? ""}\`` : "the objects"} that ${/\.a$/.test(match.finding.file ?? "") ? "needs" : "need"} \`${match.facts["readable"] ?? ""}\`${match.facts["sure"] === undefined ? `, which ${one ? "it" : "one of them"} may define` : ""}. GNU's linker reads from left to right and takes from a library only what was asked for up to there: static libraries always, shared ones where --as-needed is the default (Ubuntu).`;
    },
    fix: (match) => [
      ...inOrder(match),
      match.context.log.cmake
        ? "# CMake: target_link_libraries(the_target PRIVATE …), not CMAKE_EXE_LINKER_FLAGS, CMAKE_SHARED_LINKER_FLAGS or LDFLAGS"
        : "# make: LDLIBS, not LDFLAGS; setup.py: libraries=[…], not extra_link_args or LDFLAGS; retorch.toml: libraries, not link-flags",
      "# libraries that need each other: -Wl,--start-group … -Wl,--end-group",
    ],
    sources: ["https://sourceware.org/binutils/docs/ld/Options.html"],
    examples: [
      {
        text: "g++ -o app -lfoo main.o\n/usr/bin/ld: main.o: in function `main':\nmain.cpp:(.text+0x9): undefined reference to `foo_init'\ncollect2: error: ld returned 1 exit status",
        expect: "behind the objects",
      },
      {
        text: "g++ -std=c++17 -L/e/torch/lib -lc10 -ltorch_cpu main.cpp -o app\n/usr/bin/ld: /tmp/ccx.o: in function `main':\nmain.cpp:(.text+0x1f): undefined reference to `at::_ops::rand::call(c10::ArrayRef<long>)'",
        expect: "-ltorch_cpu",
      },
      {
        text: "gcc -o app main.o -lbase -lnet\n/usr/bin/ld: /opt/lib/libnet.a(socket.o): in function `net_open':\nsocket.c:(.text+0x9): undefined reference to `base_log'",
        expect: "`/opt/lib/libnet.a`",
      },
      {
        text: "$ gcc -o app main.o -lbase -lnet\n/usr/bin/ld: /opt/lib/libnet.a(socket.o): in function `net_open':\nsocket.c:(.text+0x9): undefined reference to `base_log'",
        expect: "gcc -o app main.o -lnet -lbase",
      },
      {
        text: "g++ -lpthread main.o -o app\nmain.o: in function `main':\nmain.cpp:(.text+0x9): undefined reference to `pthread_create'",
        expect: "-lpthread",
      },
    ],
  },
];
