/** pip, uv, conda, poetry and the build backends below them: what they say of themselves, and which lines only wrap. */
import { type Collector, extend } from "../collector.ts";
import type { OpenFinding, ToolName } from "../finding.ts";
import type { LogLine } from "../text/log-line.ts";
import { baseName, type Parser, wordBefore } from "./parser.ts";

/** Lines that say that something failed elsewhere. */
const wrappers: readonly RegExp[] = [
  /subprocess-exited-with-error/,
  /^(?!.*\bgit (?:clone|submodule|fetch|checkout)\b).*did not run successfully/,
  /metadata-generation-failed|legacy-install-failure/,
  /See above for (?:output|details)/,
  /This (?:error originates from a subprocess|is an issue with the package mentioned above)/,
  /^(?:ERROR: )?Failed (?:building (?:wheel|editable)|to build)\b/,
  /^ERROR: (?:Could not build wheels|Failed to build installable wheels|Command errored out)/,
  /^error: failed-wheel-build-for-install|failed-wheel-build-for-install/,
  /^(?:error: )?Failed to (?:download and )?build|Failed to prepare distributions|^Caused by: Failed to fetch wheel: /,
  /The build backend returned an error|Call to `?[\w.]+`? failed \(exit status|Build backend failed to/,
  /^This usually indicates a problem with the package or the build environment/,
  /^exit code: \d+$|^\[end of output\]|^Getting requirements to build .* did not run/,
  /^(?:subprocess\.)?CalledProcessError: (?!.*died with <Signals\.)Command '?[[(]?'?(?:ninja|cmake|make|\S*(?:python|cmake|ninja|gcc|g\+\+|cl\.exe|nvcc|pip|bash))/,
  /Error (?:building|compiling|linking) (?:extension|objects for extension)/,
  /^(?:torch|distutils|setuptools)[\w.]*\.(?:CompileError|LinkError)|^(?:distutils\.errors\.)?(?:CompileError|LinkError): command .* failed with exit/,
  /^(?:.*[\s"“:：])?command '[^']{1,300}' failed with exit (?:code|status):? (?!-?9\b|137\b)-?\d+/,
  /^(?:ERROR|error): .* exited with (?:code|status) [1-9]\d?$/,
  /^error: failed to run custom build command for `|^process didn't exit successfully: `/,
  /^(?:\w+Error: )?Error when running CMake: Command/,
  /^CondaEnvException: Pip failed|^Pip subprocess error|^failed$/,
  /^An error (?:occurred while (?:building|configuring) with CMake|has occurred during)|^Please check the CMake output/,
  /ChefBuildError|^(?:ERROR:? )?Backend (?:operation failed|subprocess exited)|^Note: This error originates from the build backend/,
  /^(?:ERROR: )?(?!.*(?:cannot allocate memory|exit code: 137))(?:process "|failed to solve|executor failed|Service .* failed to build).*(?:did not complete successfully|exit code|returned a non-zero)/,
];

/** A step of a docker build that runs CMake or make alone, and no installer. */
function otherStep(text: string): boolean {
  const step = /^(?:ERROR: )?(?:failed to solve: )?process "(.*)" did not complete/.exec(text)?.[1];
  return (
    step !== undefined &&
    /\b(?:cmake|make|ninja)\b/.test(step) &&
    !/\b(?:pip3?|uv|poetry|pdm|conda|setup\.py)\b/.test(step)
  );
}

const own = /^(?:pip\S*: )?(ERROR|error|Error|×|CRITICAL): (.*)$/;
const setuptoolsMissing =
  /(?:command|execute) '([^']+)'(?: failed)?: (?:No such file or directory|None|\[WinError 2\])|^(?:error: )?command ([^\s'"]+) failed: (?:No such file or directory|None)$|^unable to execute '([^']+)': No such file|^error: \[Errno 2\] No such file or directory: '([^']*(?:nvcc|cc|\+\+|ninja|cmake|clang|hipcc|git|make)(?:-\d+)?)'/;
const conda =
  /^(?:conda\.exceptions\.|[├╰└]─▶ )?(Could not solve for environment specs|Encountered problems while solving|PackagesNotFoundError|ResolvePackageNotFound|UnsatisfiableError|LibMambaUnsatisfiableError|Cannot solve the request because of|SpecsConfigurationConflictError|CondaHTTPError|EnvironmentLocationNotFound|PackageNotInstalledError|CondaVerificationError|EnvironmentNotWritableError|NoWritablePkgsDirError|NotWritableError|CondaToSNonInteractiveError|CondaError|CommandNotFoundError)\b:?\s?(.*)$/;

/** The parser of installers. */
export function installerParser(): Parser {
  let last: OpenFinding | undefined;
  let age = 0;
  /** What pip said when it did not reach the index: it goes on, and finds no release of anything. */
  let unreached: string | undefined;
  /** uv's list of what it installed, as long as it goes on. */
  let list: OpenFinding | undefined;
  return {
    get open() {
      return last !== undefined || list !== undefined;
    },
    line(line: LogLine, out: Collector): boolean {
      const { text } = line;
      // pip gives the number of the signal that ended the subprocess as a negative exit code.
      const ended = text.startsWith("exit code: -") ? /^exit code: -(\d{1,2})$/.exec(text)?.[1] : undefined;
      if (ended !== undefined) {
        out.add(line, {
          kind: "tool-died",
          tool: "pip",
          code: ended === "9" ? "signal 9" : `exit code -${ended}`,
          message: text,
        });
        return true;
      }
      if (list !== undefined) {
        // What it took away stands there with a minus, which is read as the mark of a list and left out.
        const change = /^(?:([-+~]) )?([\w.-]+)==(\S+)/.exec(text);
        if (change === null) list = undefined;
        else {
          if (change[1] === "+" || change[1] === "~") extend(list, `${change[2] ?? ""}-${change[3] ?? ""}`);
          return true;
        }
      }
      if (/^Installed \d+ packages? in \d/.test(text)) {
        const message = `${text}, successfully installed`;
        list = out.add(line, { kind: "installer", tool: "pip", code: "installed", message, severity: "note" });
        return true;
      }
      if (last !== undefined) {
        // conda leaves a line free before the list of what it does not find.
        const begins = text === "" && last.message.endsWith("channels:") && last.code?.includes("NotFound") === true;
        if ((text === "" && !begins) || ++age > 10) last = undefined;
        else if (!own.test(text)) extend(last, text);
      }
      if (/^WARNING: Retrying .*connection broken|^(?:WARNING: )?Could not fetch URL .*(?:ssl|connection)/i.test(text))
        unreached = text;
      if (/^Successfully installed \S|^Finished processing dependencies for \S/.test(text)) {
        out.add(line, { kind: "installer", tool: "pip", code: "installed", message: text, severity: "note" });
        return true;
      }
      const killedBelow = /\b137\b|SIGKILL|status -9\b/.test(text);
      for (const wrapper of wrappers) {
        if (!killedBelow && wrapper.test(text)) {
          out.add(line, { kind: "wrapper", tool: otherStep(text) ? "cmake" : "pip", message: text });
          return true;
        }
      }
      const missing = setuptoolsMissing.exec(text);
      if (missing !== null) {
        const program = missing.slice(1).find((part) => part !== undefined) ?? "";
        out.add(line, { kind: "missing-program", tool: "setuptools", program, message: text });
        return true;
      }
      const died = /Command '\[?['"]?([^'",\s]+).*died with <Signals\.SIG(SEGV|ABRT|BUS|ILL|FPE):/.exec(text);
      if (died !== null) {
        const program = baseName(died[1] ?? "");
        if (/^python/.test(program)) return false;
        out.add(line, { kind: "tool-died", tool: "setuptools", program, code: "signal 11", message: text });
        return true;
      }
      const killed = /^(?:error: )?command '(.+?)' failed with exit (?:code|status) (-9|137|-11|139)/.exec(text);
      if (killed !== null) {
        const signal = killed[2] === "-9" || killed[2] === "137" ? "signal 9" : "signal 11";
        out.add(line, {
          kind: "tool-died",
          tool: "setuptools",
          program: baseName(killed[1] ?? ""),
          code: signal,
          message: text,
        });
        return true;
      }
      const solver = conda.exec(text);
      if (solver !== null) {
        // mamba and pixi say it without a name for the error.
        const code = /^(?:Could not|Encountered|Cannot solve)/.test(solver[1] ?? "")
          ? "LibMambaUnsatisfiableError"
          : (solver[1] ?? "");
        last = out.add(line, { kind: "installer", tool: "conda", code, message: solver[2] ?? "" });
        age = 0;
        return true;
      }
      const found = said(text);
      if (found === undefined) return false;
      last =
        unreached !== undefined && /from versions: none|No matching distribution/.test(text)
          ? out.add(line, { kind: "installer", tool: "pip", code: "network", message: unreached })
          : out.add(line, { kind: "installer", ...found, ...(found.code === "wheel-tags" ? { message: "" } : {}) });
      // Hints begin alike, and what tells them apart stands on the next line.
      if (found.code === "wheel-tags") extend(last, found.message);
      age = 0;
      return true;
    },
  };
}

/** Sentences of installers that are known, with or without their `ERROR:` in front. */
const known: readonly (readonly [RegExp, string, ToolName])[] = [
  [
    /depends on [`'"]?([\w.-]+)[`'"]?, but doesn't declare it as a build dependency/,
    "undeclared-build-dependency",
    "pip",
  ],
  [/may be available on a subsequent index|--index-strategy unsafe-best-match/, "uv-first-index", "pip"],
  [
    /^(?:error: )?[Dd]istribution [`']([^`']+)[`'] can't be installed|^(?:error: )?found distribution (\S+) @ .{1,200} with neither wheels nor source distribution/,
    "uv-platform",
    "pip",
  ],
  [
    /^hint: (?:You require|You're (?:on|using)) .*\([`'][\w.]+[`']\),|^hint: Wheels are available for [`']/,
    "wheel-tags",
    "pip",
  ],
  [
    /supported Python range \([^)]*\) is not compatible|resolution failed for other Python|[`']requires-python[`'] value \([^)]*\) includes Python versions/,
    "python-range",
    "pip",
  ],
  [/Unable to find installation candidates for ([\w.-]+ \([^)]+\))/, "no-candidate", "pip"],
  [/no versions of [\w.-]+ match \d[\w.+]*(?:[\s,)]|$)/, "no-solution", "pip"],
  [/Extra build requirement .* was declared with|does not declare static metadata/, "match-runtime", "pip"],
  [
    /^(?:ERROR: )?(?:WARNING: |Discarding |Requested ).*has (?:inconsistent (?:name|version|Requires-Python): |different (?:name|version) in metadata: )/,
    "inconsistent-metadata",
    "pip",
  ],
  [
    /No matching distribution found for (\S+)|Could not find a version that satisfies the requirement (\S+)/,
    "no-distribution",
    "pip",
  ],
  [
    /No solution found when resolving|Because (?:.* )?(?:was not found|has no wheels|there (?:is|are) no)|has no wheels with a matching|no wheels with a matching (?:Python|platform)|doesn't have a source distribution or wheel for the current platform|are incompatible\.|we can conclude that/,
    "no-solution",
    "pip",
  ],
  [/is not a supported wheel on this platform/, "wrong-wheel", "pip"],
  [/A URL dependency is incompatible with the current platform: \S*\/(\S+\.whl)/, "wrong-wheel", "pip"],
  [/requires a different Python: ([\d.]+) not in|requires Python ([<>=!~\d.,]+)/, "wrong-python", "pip"],
  [/Cannot uninstall ['"]?([\w.-]+?)['"]?(?:[ .,]|$)/, "cannot-uninstall", "pip"],
  [/externally-managed-environment|The interpreter at .* is externally managed/, "externally-managed", "pip"],
  [/^([\w.-]+) \S+ requires .+, but you have .+ which is incompatible/, "installed-conflict", "pip"],
  [/^The conflict is caused by:/, "conflict-cause", "pip"],
  [
    /because these package versions have conflicting dependencies|ResolutionImpossible|^(?:ERROR|error): (?!.*does not currently take into account).*dependency conflicts/,
    "conflict",
    "pip",
  ],
  [
    /Microsoft Visual C\+\+ \d+\.\d+ (?:or greater )?is required|Microsoft Visual C\+\+ .* is required|Unable to find vcvarsall\.bat/,
    "no-msvc",
    "setuptools",
  ],
  [/^Fatal error in launcher: Unable to create process using/, "launcher", "pip"],
  [/invalid command '(\w+)'/, "invalid-command", "setuptools"],
  [
    /^(?:auditwheel: error: )?cannot repair ".+" to ".+" ABI|does not look like a platform wheel|pure Python wheel was generated/,
    "wheel-repair",
    "pip",
  ],
  [/has invalid metadata: |Please use pip<24\.1/, "invalid-metadata", "pip"],
  [/[Ss]etup script specifies an absolute path/, "absolute-path", "setuptools"],
  [
    /^(?:error: |\S*UnknownFileError: )unknown file type '|[Dd]on't know how to compile \S+ to /,
    "unknown-source",
    "setuptools",
  ],
  [/^(?:pip\S*: error: |ERROR: )?no such option: (--[\w-]+)/, "no-such-option", "pip"],
  [/Disabling PEP 517 processing is invalid: (project .*)$/, "no-such-option", "pip"],
  [
    /Wheel '?(\S+?)'? located at \S+ is invalid|has an invalid wheel|Failed to (?:read|unzip|extract|parse) .*\.whl|not a (?:valid )?zip file/i,
    "hash",
    "pip",
  ],
  [/DO NOT MATCH THE HASHES|Hash mismatch|HashMismatch|hashes are required/i, "hash", "pip"],
  [/No virtual environment found|--system flag/, "no-venv", "pip"],
  [/Could not install packages due to an (?:OSError|EnvironmentError): (.*)$/, "os-error", "pip"],
  [
    /(?<![\w./+-])(?:git|clone|fetch|checkout|submodule)(?![\w./+@]).*(?:did not run successfully|(?<!\b(?:is|was|has|have|had|it|but|always|still|also|too|and) )failed)|Cannot find command 'git'|Failed to recurse into submodule|unable to access 'https?:|RPC failed|early EOF|Could not read from remote repository|Git operation failed|Failed to clone|fatal: clone of/i,
    "git",
    "pip",
  ],
  [/Multiple top-level (?:packages|modules) discovered/, "flat-layout", "setuptools"],
  [/does not appear to be a Python project|[Nn]either 'setup\.py' nor 'pyproject\.toml' found/, "no-project", "pip"],
  [
    /editable mode .*requires a setuptools-based build|missing the 'build_editable' hook|setup\.py not found/,
    "no-editable",
    "pip",
  ],
  [/Cannot import '([\w.]+)'|BackendUnavailable/, "backend-unavailable", "pip"],
  [/^Backend '([\w.]+)(?::\w+)?' is not available/, "poetry-backend", "pip"],
  [/can't find Rust compiler|Cargo, the Rust package manager, is not installed/, "no-rust", "pip"],
  [
    /(?:Read timed out|Connection (?:reset|refused|aborted|timed out)|Temporary failure in name resolution|Name or service not known|Could not resolve host|Max retries exceeded|SSLError|CERTIFICATE_VERIFY_FAILED|ProxyError|IncompleteRead|operation timed out|dns error|HTTP (?:Error|error) [45]\d\d|Failed to fetch(?! wheel: )|error sending request|incomplete[ -]download|because not enough bytes were received|due to network timeout)/i,
    "network",
    "pip",
  ],
];

function said(text: string): { tool: ToolName; code: string; message: string; symbol?: string } | undefined {
  const bare = own.exec(text)?.[2] ?? text;
  for (const [words, code, tool] of known) {
    const match = words.exec(text);
    if (match === null) continue;
    // Without the word ERROR these may be talk; a retry that worked is talk, too.
    if (
      (code === "network" || code === "git") &&
      !own.test(text) &&
      !/^(?:[├╰]─▶ |× )?(?:fatal|error|Caused by|Failed to download |\S*Error|curl|pip|git )/i.test(text)
    )
      return undefined;
    if (/^WARNING: Retrying/.test(text)) return undefined;
    const symbol =
      code === "wrong-wheel" && match[1] === undefined
        ? wordBefore(text, match.index - 1)
        : match.slice(1).find((part) => part !== undefined);
    // poetry: torch (2.5.1)
    const named = code === "no-candidate" ? symbol?.replace(/ \((.+)\)$/, "==$1") : symbol?.replaceAll("%2B", "+");
    return { tool, code, message: bare, ...(named === undefined ? {} : { symbol: named }) };
  }
  return undefined;
}
