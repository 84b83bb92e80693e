/**
 * Finds Microsoft's compiler: the one of an active developer prompt, else the newest that Visual Studio's own locator
 * (vswhere) knows, with the variables that a developer prompt would set. Written by the layout that Microsoft documents;
 * tested with fakes only.
 */
import { compareVersions, parseVersion } from "../base/order.ts";
import type { Memory } from "./cache.ts";
import type { CompilerFacts } from "./compiler-facts.ts";
import { parseClBanner } from "./compiler-output.ts";
import type { HostCompiler } from "./environment.ts";
import type { Look } from "./look.ts";
import { makeTool, type Part } from "./tool-identity.ts";

/** The parts of cl besides itself: front ends, code generator, and what they share. */
const clParts = ["c1.dll", "c1xx.dll", "c2.dll", "mspdbcore.dll", "mspdbsrv.exe", "msobj140.dll", "tbbmalloc.dll"];

/** Finds `cl`, wherever it is. */
export async function findMsvc(look: Look, memory: Memory): Promise<CompilerFacts | undefined> {
  const onPath = look.program("cl", look.host.cwd);
  if (onPath !== undefined) {
    const found = await readCl(look, memory, onPath, undefined);
    return accept(look, onPath, "`cl` on the search path", found);
  }
  look.note({
    what: "compiler",
    where: "`cl` on the search path",
    outcome: "missing",
    why: "no developer prompt is active",
  });
  const installation = await newestVisualStudio(look);
  if (installation === undefined) return undefined;
  const tools = toolsFolder(look, installation);
  const host = look.host.arch === "arm64" ? "Hostarm64" : "Hostx64";
  const target = look.host.arch === "arm64" ? "arm64" : "x64";
  const cl = tools === undefined ? undefined : look.path.join(tools, "bin", host, target, "cl.exe");
  if (tools === undefined || cl === undefined || !look.isFile(cl)) {
    look.note({
      what: "compiler",
      where: `\`${installation}\``,
      outcome: "rejected",
      why: "the C++ tools are not installed",
    });
    return undefined;
  }
  const env = developerPrompt(look, tools, look.path.dirname(cl), target);
  return accept(look, cl, "Visual Studio, found by vswhere", await readCl(look, memory, cl, env));
}

function accept(look: Look, path: string, source: string, found: CompilerFacts | string): CompilerFacts | undefined {
  const where = `\`${path}\` (${source})`;
  if (typeof found === "string") {
    look.note({ what: "compiler", where, outcome: "rejected", why: found });
    return undefined;
  }
  look.note({ what: "compiler", where, outcome: "chosen", why: `MSVC ${found.compiler.cxx.version}` });
  return found;
}

/** vswhere lies at a place of its own since Visual Studio 2017. */
async function newestVisualStudio(look: Look): Promise<string | undefined> {
  const programs = look.variable("ProgramFiles(x86)") ?? "C:\\Program Files (x86)";
  const vswhere = look.path.join(programs, "Microsoft Visual Studio", "Installer", "vswhere.exe");
  if (!look.isFile(vswhere)) {
    look.note({ what: "compiler", where: `\`${vswhere}\``, outcome: "missing", why: "Visual Studio is not installed" });
    return undefined;
  }
  // Which installations there are is not told by files that could be witnessed.
  look.list(look.path.join(look.variable("ProgramFiles") ?? "C:\\Program Files", "Microsoft Visual Studio"));
  const component =
    look.host.arch === "arm64"
      ? "Microsoft.VisualStudio.Component.VC.Tools.ARM64"
      : "Microsoft.VisualStudio.Component.VC.Tools.x86.x64";
  const said = await look.run([
    vswhere,
    "-latest",
    "-products",
    "*",
    "-requires",
    component,
    "-property",
    "installationPath",
    "-utf8",
  ]);
  const path = said.stdout.trim().split(/\r?\n/)[0];
  if (said.exitCode === 0 && path !== undefined && path !== "") return path;
  look.note({ what: "compiler", where: "vswhere", outcome: "missing", why: "no Visual Studio with the C++ tools" });
  return undefined;
}

function toolsFolder(look: Look, installation: string): string | undefined {
  const vc = look.path.join(installation, "VC");
  const file = look.path.join(vc, "Auxiliary", "Build", "Microsoft.VCToolsVersion.default.txt");
  const version = look.readText(file)?.trim();
  return version === undefined || version === "" ? undefined : look.path.join(vc, "Tools", "MSVC", version);
}

/** INCLUDE, LIB and PATH as vcvarsall.bat sets them for the newest Windows SDK. */
function developerPrompt(look: Look, tools: string, bin: string, target: string): Record<string, string> {
  const kits = look.path.join(look.variable("ProgramFiles(x86)") ?? "C:\\Program Files (x86)", "Windows Kits", "10");
  const versions = look.list(look.path.join(kits, "Include"), { prefix: "10." });
  const sdk = [...versions].sort((a, b) => compareVersions(parseVersion(b), parseVersion(a)))[0];
  const include = [look.path.join(tools, "include")];
  const library = [look.path.join(tools, "lib", target)];
  if (sdk !== undefined) {
    for (const part of ["ucrt", "shared", "um", "winrt", "cppwinrt"])
      include.push(look.path.join(kits, "Include", sdk, part));
    for (const part of ["ucrt", "um"]) library.push(look.path.join(kits, "Lib", sdk, part, target));
  }
  const path = [
    bin,
    ...(sdk === undefined ? [] : [look.path.join(kits, "bin", sdk, target)]),
    look.variable("PATH") ?? "",
  ];
  return { INCLUDE: include.join(";"), LIB: library.join(";"), PATH: path.join(";"), DISTUTILS_USE_SDK: "1" };
}

async function readCl(
  look: Look,
  memory: Memory,
  cl: string,
  env: Record<string, string> | undefined,
): Promise<CompilerFacts | string> {
  const said = await look.run([cl], { tolerant: true, ...(env === undefined ? {} : { env }) });
  const banner = parseClBanner(`${said.stderr}\n${said.stdout}`);
  if (banner === undefined)
    return said.startError === undefined ? "it does not answer like cl" : `it cannot be started (${said.startError})`;
  const bin = look.path.dirname(cl);
  const parts: Part[] = [
    { name: "cl", path: cl },
    ...clParts.map((name) => ({ name, path: look.path.join(bin, name) })),
  ];
  const mode = `msvc ${banner.target}`;
  const tool = await makeTool(look, memory, { name: "cl", path: cl, version: banner.version, mode, parts });
  const dirs = (name: "INCLUDE" | "LIB"): string[] =>
    (env?.[name] ?? look.variable(name) ?? "").split(";").filter((dir) => dir !== "");
  const compiler: HostCompiler = {
    family: "msvc",
    cxx: tool,
    cc: tool,
    version: parseVersion(banner.version),
    target: banner.target,
    systemIncludeDirs: dirs("INCLUDE"),
    systemLibraryDirs: dirs("LIB"),
    ...(env === undefined ? {} : { env }),
  };
  const linkParts = ["mspdbcore.dll", "c2.dll", "cvtres.exe"].map((name) => ({
    name,
    path: look.path.join(bin, name),
  }));
  return { compiler, programDirs: [bin], linker: look.path.join(bin, "link.exe"), linkParts };
}
