/**
 * From one nvcc command that is understood to a graph of actions with the same result. nvcc's temporary names become
 * names in a folder beside the object; each program gets exactly what it reads and writes, so that each has a key on its
 * real input. Three things are other than in nvcc's own run:
 *
 * - the module id is given, not made anew in each run;
 * - the fat binary is an object of its own, joined with the host's at the end, so that new device code does not compile
 *   the host code again;
 * - the host code is preprocessed by itself, so that a changed list of architectures only compiles it again where the
 *   code depends on it.
 */
import { posix } from "node:path";
import type { HostCompiler, Tool } from "../../environment/environment.ts";
import { allowsLargerHeap } from "../gcc-heap.ts";
import type { Action, Arg, PathArg } from "../graph.ts";
import { compileVariables } from "../key-variables.ts";
import { actionId, type Places, spelled } from "../paths.ts";
import { namesTemporary, type Step } from "./dry-run.ts";
import {
  fatbinAssembly,
  fatbinDeclaration,
  fatbinSymbol,
  ignoresLines,
  withoutLines,
  withStubName,
} from "./host-object.ts";
import { imageFile, type Phases } from "./roles.ts";

/** What the phases of one source are made from. */
export interface PhaseInput {
  /** The whole nvcc command, as planned. */
  readonly whole: Action;
  readonly phases: Phases;
  readonly buildDir: string;
  readonly family: HostCompiler["family"];
  readonly moduleId: string;
  /** Whether a path names the host compiler by another name. */
  readonly isHostCompiler?: (path: string) => boolean;
}

/** Folder for what lies between a source and its object. */
export function phaseFolder(object: string): string {
  return `${object}.phases`;
}

/** The actions, in order; the last one makes the object of the whole command. A text says why there are none. */
export function phaseActions(input: PhaseInput): Action[] | string {
  const builder = new Builder(input);
  const actions = builder.build();
  return builder.problem ?? actions;
}

type Fresh = Pick<Action, "kind" | "command" | "tools" | "inputs" | "outputs"> &
  Partial<Action> & {
    readonly what: string;
    /**
     * Part of the memory of the whole command, which is that of cicc. Measured with `torch/extension.h`: cicc 3.1 GB,
     * cudafe++ 2.3, the host compiler 1.6, preprocessing 0.2.
     */
    readonly share: number;
  };

/** A temporary name of nvcc and what takes its place. */
type Names = ReadonlyMap<string, PathArg>;

class Builder {
  readonly #in: PhaseInput;
  readonly #places: Places;
  readonly #folder: string;
  readonly #object: string;
  readonly #source: string;
  readonly #displayed: string;
  readonly #host: Tool;
  readonly #nvcc: Tool;
  problem: string | undefined;

  constructor(input: PhaseInput) {
    this.#in = input;
    const { whole, buildDir } = input;
    const [nvcc, host] = whole.tools;
    if (nvcc === undefined || host === undefined) throw new Error("a CUDA compile has two tools");
    this.#nvcc = nvcc;
    this.#host = host;
    this.#places = { platform: "linux", path: posix, root: whole.cwd, buildDir };
    this.#object = whole.outputs[0] ?? "";
    this.#folder = phaseFolder(this.#object);
    this.#source = whole.source ?? "";
    this.#displayed = whole.description.replace(/^compile /, "");
  }

  build(): Action[] {
    const { phases, isHostCompiler } = this.#in;
    const { program } = phases.hostCompile;
    if (program !== this.#host.path && isHostCompiler?.(program) !== true)
      this.problem = `nvcc would call \`${program}\``;
    if (spelled(this.#places, this.#folder).includes(",")) this.problem = "fatbinary takes no path with a comma";
    for (const { compile } of phases.devices) this.#checkPlace("cicc", compile.program);
    const targets = phases.assemblies.map(({ target }) => target);
    if (new Set(targets).size !== targets.length) this.problem = "ptxas would run twice for one architecture";
    const devices = phases.devices.flatMap((device) => [
      this.#preprocess(device.preprocess, device.source, `${device.architecture}.ii`, device.architecture),
      this.#compileDevice(device),
    ]);
    return [
      this.#preprocess(phases.hostPreprocess, phases.hostSource, "host.ii", "host"),
      this.#frontEnd(),
      ...devices,
      ...phases.assemblies.map((assembly) => this.#assemble(assembly)),
      this.#fatbinary(),
      this.#stub(),
      ...this.#hostObject(),
    ];
  }

  /**
   * Whether the host code is compiled on the stub of last time, while cicc runs: it tells which kernels there are and
   * what they take, which seldom changes. Relocatable code has all of the fat binary in it, which mostly does.
   */
  get #ahead(): boolean {
    return !this.#in.phases.relocatable;
  }

  #preprocess(step: Step, source: string, name: string, target: string): Action {
    const output = this.#at(name);
    const depfile = `${output}.d`;
    return this.#action({
      kind: "cuda-preprocess",
      what: `preprocess ${this.#displayed} for ${target === "host" ? "the host" : target}`,
      target,
      command: [
        this.#hostProgram(),
        ...this.#words(step.words, new Map([[source, this.#output(output)]])),
        "-MD",
        "-MF",
        this.#path(depfile, "depfile"),
      ],
      tools: [this.#host],
      inputs: this.#in.whole.inputs,
      outputs: [output],
      depfile: { path: spelled(this.#places, depfile), format: "make" },
      includeSearch: this.#in.whole.includeSearch,
      ...(this.#in.whole.responseFile === undefined ? {} : { responseFile: this.#in.whole.responseFile }),
      keyVariables: compileVariables(this.#in.family),
      share: 0.06,
    });
  }

  #frontEnd(): Action {
    const { phases } = this.#in;
    const [module, moduleFile] = this.#moduleId("host.module_id");
    return this.#action({
      kind: "cuda-front-end",
      what: `split ${this.#displayed} into host and device code (cudafe++)`,
      target: "host",
      command: [
        this.#program("cudafe++"),
        ...this.#words(
          phases.frontEnd.words.filter((word) => word !== "--gen_module_id_file"),
          new Map([
            [phases.hostSource, this.#input(this.#at("host.ii"))],
            [phases.frontEndOutput, this.#output(this.#at("host.cudafe1.cpp"))],
            [phases.stubName, { path: "host.stub.c" }],
            [phases.moduleId, moduleFile],
          ]),
        ),
      ],
      tools: [this.#part("cudafe++")],
      inputs: [this.#at("host.ii")],
      outputs: [this.#at("host.cudafe1.cpp")],
      responseFile: module,
      share: 0.75,
    });
  }

  #compileDevice(device: Phases["devices"][number]): Action {
    const { phases } = this.#in;
    const { architecture, compile } = device;
    const [module, moduleFile] = this.#moduleId(`${architecture}.module_id`);
    const source = this.#at(`${architecture}.ii`);
    const ptx = this.#at(`${architecture}.ptx`);
    const stub = this.#at(`${architecture}.stub.c`);
    const side = (name: string): string => compile.words[compile.words.indexOf(name) + 1] ?? "";
    return this.#action({
      kind: "cuda-device-compile",
      what: `compile ${this.#displayed} for ${architecture} (cicc)`,
      target: architecture,
      command: [
        ...this.#libdevice(),
        this.#program("cicc"),
        ...this.#words(
          compile.words.filter((word) => word !== "--gen_module_id_file"),
          new Map([
            [device.source, this.#input(source)],
            [device.ptx, this.#output(ptx)],
            [device.stub, this.#output(stub)],
            [phases.fatbinName, { path: "host.fatbin.c" }],
            [phases.moduleId, moduleFile],
            [side("--gen_c_file_name"), this.#input(this.#at(`${architecture}.c`))],
            [side("--gen_device_file_name"), this.#input(this.#at(`${architecture}.gpu`))],
          ]),
        ),
      ],
      tools: [this.#part("cicc", "libdevice")],
      inputs: [source],
      outputs: [ptx, stub],
      responseFile: module,
      // The stub tells its own name.
      inPlace: true,
      scrap: [this.#at(`${architecture}.c`), this.#at(`${architecture}.gpu`)],
      share: 1,
    });
  }

  /** Where cicc finds libdevice, of which the content counts and not the place. */
  #libdevice(): Arg[] {
    const { libdeviceDir } = this.#in.phases;
    if (libdeviceDir === undefined) return [];
    const known = this.#nvcc.parts.some(({ name }) => name === "libdevice");
    return ["env", { prefix: "NVVMIR_LIBRARY_DIR=", path: libdeviceDir, ...(known ? { role: "tool" } : {}) }];
  }

  #assemble({ target, step, ptx, output }: Phases["assemblies"][number]): Action {
    const { phases } = this.#in;
    const device = phases.devices.find((each) => each.ptx === ptx);
    const source = this.#at(`${device?.architecture ?? ""}.ptx`);
    const result = this.#at(output === undefined ? `${target}.valid` : `${target}.cubin`);
    const names = new Map([[ptx, this.#input(source)]]);
    if (output !== undefined) names.set(output, this.#output(result));
    const command = [this.#program("ptxas"), ...this.#words(step.words, names)];
    return this.#action({
      kind: "cuda-assemble",
      what: `${output === undefined ? "check the PTX of" : "assemble"} ${this.#displayed} for ${target} (ptxas)`,
      ...(device === undefined ? {} : { target: device.architecture }),
      // Without an output ptxas only looks whether the PTX is valid: an empty file says that it is.
      command:
        output === undefined ? ["sh", "-c", `f=$0; "$@" && : > "$f"`, this.#output(result), ...command] : command,
      tools: [this.#part("ptxas")],
      inputs: [source],
      outputs: [result],
      share: 0.15,
    });
  }

  #fatbinary(): Action {
    const { phases } = this.#in;
    const files = new Map(phases.devices.map(({ ptx, architecture }) => [ptx, this.#at(`${architecture}.ptx`)]));
    for (const { output, target } of phases.assemblies) {
      if (output !== undefined) files.set(output, this.#at(`${target}.cubin`));
    }
    const images: string[] = [];
    const output = this.#at(phases.relocatable ? "host.fatbin.c" : "fatbin");
    const words = phases.fatbinary.words.flatMap((word): Arg[] => {
      if (word.startsWith("--create=")) return [];
      if (word.startsWith("--embedded-fatbin="))
        return [this.#path(output, "output", phases.relocatable ? "--embedded-fatbin=" : "--create=")];
      const image = imageFile(word);
      const file = files.get(image?.path ?? "");
      if (image === undefined || file === undefined) return this.#words([word], new Map());
      images.push(file);
      return [this.#path(file, "input", image.prefix)];
    });
    return this.#action({
      kind: "cuda-fatbinary",
      what: `pack the device code of ${this.#displayed}`,
      command: [this.#program("fatbinary"), ...words],
      tools: [this.#part("fatbinary")],
      inputs: [
        ...images,
        // What was only checked must be valid, too.
        ...phases.assemblies
          .filter((each) => each.output === undefined)
          .map(({ target }) => this.#at(`${target}.valid`)),
      ],
      outputs: [output],
      share: 0.05,
    });
  }

  #stub(): Action {
    const from = this.#at(`${this.#in.phases.stubDevice.architecture}.stub.c`);
    const to = this.#at("host.stub.c");
    return this.#action({
      kind: "copy",
      what: `take the host's part of the device code of ${this.#displayed}`,
      command: ["sh", "-c", withStubName, this.#input(from), this.#output(to)],
      tools: [],
      inputs: [from],
      outputs: [to],
      cacheable: false,
      share: 0.01,
    });
  }

  /** From cudafe++'s output and the stub to the object. */
  #hostObject(): Action[] {
    const { phases, moduleId, whole } = this.#in;
    const { hostCompile, relocatable } = phases;
    const front = this.#at("host.cudafe1.cpp");
    const joined = this.#at("host.cpp.ii");
    const depfile = `${joined}.d`;
    const declaration = this.#at("host.fatbin.c");
    const symbol = fatbinSymbol(moduleId);
    const preprocess = this.#action({
      kind: "cuda-preprocess",
      what: `preprocess the host code of ${this.#displayed}`,
      target: "host",
      command: [
        this.#hostProgram(),
        ...this.#words(
          hostCompile.words.map((word) => (word === "-c" ? "-E" : word)),
          new Map([
            [phases.frontEndOutput, this.#input(front)],
            [phases.object, this.#output(joined)],
          ]),
        ),
        "-MD",
        "-MF",
        this.#path(depfile, "depfile"),
      ],
      tools: [this.#host],
      inputs: [front, this.#at("host.stub.c"), ...(relocatable ? [declaration] : [])],
      outputs: [joined],
      depfile: { path: spelled(this.#places, depfile), format: "make" },
      includeSearch: whole.includeSearch,
      keyVariables: compileVariables(this.#in.family),
      ahead: this.#ahead,
      ...(relocatable
        ? {}
        : { responseFile: { path: spelled(this.#places, declaration), content: fatbinDeclaration(symbol) } }),
      share: 0.06,
    });
    const object = relocatable ? this.#object : this.#at("host.o");
    const compileWords = withoutPreprocessing(hostCompile.words);
    const key = this.#at("host.cpp.key");
    const keyed = ignoresLines(compileWords.filter((word) => word !== phases.frontEndOutput && word !== phases.object));
    const compile = this.#action({
      kind: "compile",
      what: `compile the host code of ${this.#displayed}`,
      target: "host",
      command: [
        this.#hostProgram(),
        ...this.#words(
          compileWords,
          new Map([
            [phases.frontEndOutput, this.#input(joined)],
            [phases.object, this.#output(object)],
          ]),
        ),
      ],
      tools: [this.#host],
      // Made from the preprocessed code: the same but for the numbers of lines.
      inputs: [keyed ? key : joined],
      outputs: [object],
      keyVariables: compileVariables(this.#in.family),
      gccHeap: this.#in.family === "gcc" && allowsLargerHeap(compileWords),
      ahead: this.#ahead,
      share: 0.65,
    });
    const comparison = this.#action({
      kind: "copy",
      what: `leave out the lines of the host code of ${this.#displayed}`,
      target: "host",
      command: ["sh", "-c", withoutLines, this.#input(joined), this.#output(key)],
      tools: [],
      inputs: [joined],
      outputs: [key],
      cacheable: false,
      ahead: this.#ahead,
      share: 0.01,
    });
    const before = [preprocess, ...(keyed ? [comparison] : []), compile];
    return relocatable ? before : [...before, this.#join(object, symbol)];
  }

  /** The object of the whole command: the host's, and the fat binary. */
  #join(host: string, symbol: string): Action {
    const fatbin = this.#at("fatbin");
    const assembly = this.#at("fatbin.s");
    const machine = this.#in.phases.hostCompile.words.filter((word) => /^-m(?:32|64|abi=.*)$/.test(word));
    return this.#action({
      kind: "cuda-fatbinary",
      what: `join host and device code of ${this.#displayed}`,
      command: [
        this.#hostProgram(),
        ...machine,
        "-r",
        "-nostdlib",
        this.#input(host),
        this.#input(assembly),
        "-o",
        this.#output(this.#object),
      ],
      tools: [this.#host],
      inputs: [host, fatbin],
      outputs: [this.#object],
      responseFile: {
        path: spelled(this.#places, assembly),
        content: fatbinAssembly(symbol, spelled(this.#places, fatbin)),
      },
      keyVariables: compileVariables(this.#in.family),
      share: 0.05,
    });
  }

  #action({ what, share, ...given }: Fresh): Action {
    const { whole } = this.#in;
    return {
      id: actionId(this.#places, given.outputs[0] ?? ""),
      description: what,
      extension: whole.extension,
      cwd: whole.cwd,
      env: {},
      keyVariables: [],
      includeSearch: [],
      librarySearch: [],
      memoryEstimate: Math.max(60_000_000, whole.memoryEstimate * share),
      cacheable: whole.cacheable,
      group: whole.id,
      source: this.#source,
      ...given,
    };
  }

  /** Words with nvcc's temporary names replaced, and with what is known of the paths among them. */
  #words(words: readonly string[], names: Names): Arg[] {
    return words.map((word, i): Arg => {
      const named = names.get(word);
      if (named !== undefined) return named;
      if (namesTemporary(word)) this.problem ??= `a temporary file of nvcc is not understood: \`${word}\``;
      // The place of the source, which comes into the output with debug information only.
      if (words[i - 1] === "--orig_src_path_name") return { path: word, ...(this.#literal() ? { literal: true } : {}) };
      const map = /^(-f(?:file|macro|debug)-prefix-map=)(\/.*)(=[^=]*)$/.exec(word);
      if (map !== null) return { prefix: map[1] ?? "", path: map[2] ?? "", suffix: map[3] ?? "" };
      return word;
    });
  }

  #literal(): boolean {
    return this.#in.whole.command.some(
      (arg) => typeof arg !== "string" && arg.role === "input" && arg.literal === true,
    );
  }

  #moduleId(name: string): [NonNullable<Action["responseFile"]>, PathArg] {
    const path = spelled(this.#places, this.#at(name));
    return [{ path, content: this.#in.moduleId }, { path }];
  }

  #program(name: string): PathArg {
    const part = this.#nvcc.parts.find((each) => each.name === name);
    if (part === undefined) this.problem ??= `\`${name}\` was not found beside nvcc`;
    return { path: part?.path ?? name, role: "tool" };
  }

  /** Some releases bring a second cicc for new architectures: it must be the one whose content is known. */
  #checkPlace(name: string, program: string): void {
    const place = (path: string): string => path.split("/").slice(-3).join("/");
    const part = this.#nvcc.parts.find((each) => each.name === name);
    if (program.includes("/") && part !== undefined && place(posix.normalize(program)) !== place(part.path))
      this.problem ??= `nvcc would run another ${name}: \`${program}\``;
  }

  #hostProgram(): PathArg {
    return { path: this.#in.phases.hostCompile.program, role: "tool" };
  }

  /** A program of the toolkit, known by its own content and not by that of all of nvcc. */
  #part(...names: readonly string[]): Tool {
    const parts = this.#nvcc.parts.filter(({ name }) => names.includes(name));
    return {
      name: names[0] ?? "",
      path: parts[0]?.path ?? "",
      version: this.#nvcc.version,
      launcher: [],
      identity: this.#nvcc.identity,
      parts,
    };
  }

  #at(name: string): string {
    return posix.join(this.#folder, name);
  }

  #path(file: string, role: NonNullable<PathArg["role"]>, prefix?: string): PathArg {
    return { path: spelled(this.#places, file), role, ...(prefix === undefined ? {} : { prefix }) };
  }

  #input(file: string): PathArg {
    return this.#path(file, "input");
  }

  #output(file: string): PathArg {
    return this.#path(file, "output");
  }
}

/** The words of a compile for code that is preprocessed already: the list of architectures is not among them. */
function withoutPreprocessing(words: readonly string[]): string[] {
  const kept: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? "";
    if (/^-(?:[DUI]|isystem|iquote|idirafter|include|imacros)$/.test(word)) i++;
    else if (word === "-x") {
      kept.push("-x", "c++-cpp-output");
      i++;
    } else if (!/^-(?:[DUI]|isystem|iquote|idirafter)/.test(word)) kept.push(word);
  }
  return kept;
}
