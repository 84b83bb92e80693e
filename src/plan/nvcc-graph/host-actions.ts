/**
 * The host's side of one CUDA source: cudafe++, the digest of the code that it leaves, and the compile, as nvcc has it.
 *
 * The compile is keyed on that digest: it is made of the preprocessed code, so that a changed list of architectures, other
 * macros or other lines only compile it again where the code depends on them.
 */
import { allowsLargerHeap } from "../gcc-heap.ts";
import { compileVariables } from "../key-variables.ts";
import type { Action } from "../graph.ts";
import { preprocessAction } from "./device-actions.ts";
import {
  codeDigest,
  fatbinAssembly,
  fatbinDeclaration,
  fatbinSymbol,
  ignoresLines,
  namesMacros,
} from "./host-object.ts";
import type { PhaseBuilder } from "./phase-builder.ts";

/** Preprocessing and cudafe++. */
export function frontActions(builder: PhaseBuilder): Action[] {
  const { phases } = builder.input;
  return [preprocessAction(builder, phases.hostPreprocess, phases.hostSource, "host.ii", "host"), frontEnd(builder)];
}

function frontEnd(builder: PhaseBuilder): Action {
  const { phases } = builder.input;
  const [module, moduleFile] = builder.moduleId("host.module_id");
  return builder.action({
    kind: "cuda-front-end",
    what: `split ${builder.displayed} into host and device code (cudafe++)`,
    target: "host",
    command: [
      builder.program("cudafe++"),
      ...builder.words(
        phases.frontEnd.words.filter((word) => word !== "--gen_module_id_file"),
        new Map([
          [phases.hostSource, builder.inputArg(builder.at("host.ii"))],
          [phases.frontEndOutput, builder.outputArg(builder.at("host.cudafe1.cpp"))],
          [phases.stubName, { path: "host.stub.c" }],
          [phases.moduleId, moduleFile],
        ]),
      ),
    ],
    tools: [builder.part("cudafe++")],
    inputs: [builder.at("host.ii")],
    outputs: [builder.at("host.cudafe1.cpp")],
    intermediate: true,
    responseFile: module,
    largePages: true,
    share: 0.75,
  });
}

/** From cudafe++'s output and the stub to the object. */
export function hostActions(builder: PhaseBuilder): Action[] {
  const { moduleId, phases } = builder.input;
  const { relocatable } = phases;
  const symbol = fatbinSymbol(moduleId);
  const object = relocatable ? builder.object : builder.at("host.o");
  const digest = digestAction(builder, symbol);
  const compile = compileAction(builder, { symbol, object, digest });
  return relocatable ? [digest, compile] : [digest, compile, joinAction(builder, object, symbol)];
}

/**
 * Whether the host code is compiled on the stub of last time, while cicc runs: it tells which kernels there are and what
 * they take, which seldom changes. Relocatable code has all of the fat binary in it, which mostly does.
 */
function mayRunAhead(builder: PhaseBuilder): boolean {
  return !builder.input.phases.relocatable;
}

/** What the host code includes in place of nvcc's own file with the fat binary. */
function declaration(builder: PhaseBuilder, symbol: string): Pick<Action, "responseFile"> {
  if (builder.input.phases.relocatable) return {};
  const path = builder.spelled(builder.at("host.fatbin.c"));
  return { responseFile: { path, content: fatbinDeclaration(symbol) } };
}

function digestAction(builder: PhaseBuilder, symbol: string): Action {
  const { phases, whole, family } = builder.input;
  const { words } = phases.hostCompile;
  const front = builder.at("host.cudafe1.cpp");
  const output = builder.at("host.code");
  const depfile = `${output}.d`;
  const preprocess = words.flatMap((word, i): string[] => {
    if (word === "-o" || words[i - 1] === "-o") return [];
    return [word === "-c" ? "-E" : word];
  });
  const compiled = withoutPreprocessing(words).filter(
    (word) => word !== phases.frontEndOutput && word !== phases.object,
  );
  return builder.action({
    kind: "cuda-preprocess",
    what: `preprocess the host code of ${builder.displayed}`,
    target: "host",
    command: [
      "sh",
      "-c",
      codeDigest({ lines: !ignoresLines(compiled) }),
      builder.outputArg(output),
      builder.hostProgram(),
      ...builder.words(preprocess, new Map([[phases.frontEndOutput, builder.inputArg(front)]])),
      ...(namesMacros(words) ? ["-dD"] : []),
      "-MD",
      "-MF",
      builder.path(depfile, "depfile"),
    ],
    tools: [builder.host],
    inputs: [front, builder.at("host.stub.c"), ...(phases.relocatable ? [builder.at("host.fatbin.c")] : [])],
    outputs: [output],
    depfile: { path: builder.spelled(depfile), format: "make" },
    includeSearch: whole.includeSearch,
    keyVariables: compileVariables(family),
    ahead: mayRunAhead(builder),
    ...declaration(builder, symbol),
    share: 0.06,
  });
}

function compileAction(
  builder: PhaseBuilder,
  { symbol, object, digest }: { readonly symbol: string; readonly object: string; readonly digest: Action },
): Action {
  const { phases, family } = builder.input;
  const { words } = phases.hostCompile;
  const names = new Map([
    [phases.frontEndOutput, builder.inputArg(builder.at("host.cudafe1.cpp"))],
    [phases.object, builder.outputArg(object)],
  ]);
  return builder.action({
    kind: "compile",
    what: `compile the host code of ${builder.displayed}`,
    target: "host",
    command: [builder.hostProgram(), ...builder.words(words, names)],
    keyCommand: [builder.hostProgram(), ...builder.words(withoutPreprocessing(words), names)],
    tools: [builder.host],
    inputs: digest.outputs,
    readsAs: digest.id,
    startsOn: digest.inputs,
    // Included at the end of cudafe++'s output.
    readsLate: phases.relocatable ? [] : [builder.at("host.stub.c")],
    outputs: [object],
    keyVariables: compileVariables(family),
    gccHeap: family === "gcc" && allowsLargerHeap(words),
    largePages: true,
    ahead: mayRunAhead(builder),
    ...declaration(builder, symbol),
    share: 0.65,
  });
}

/** The object of the whole command: the host's, and the fat binary. */
function joinAction(builder: PhaseBuilder, host: string, symbol: string): Action {
  const fatbin = builder.at("fatbin");
  const assembly = builder.at("fatbin.s");
  const machine = builder.input.phases.hostCompile.words.filter((word) => /^-m(?:32|64|abi=.*)$/.test(word));
  return builder.action({
    kind: "cuda-fatbinary",
    what: `join host and device code of ${builder.displayed}`,
    command: [
      builder.hostProgram(),
      ...machine,
      "-r",
      "-nostdlib",
      builder.inputArg(host),
      builder.inputArg(assembly),
      "-o",
      builder.outputArg(builder.object),
    ],
    tools: [builder.host],
    inputs: [host, fatbin],
    outputs: [builder.object],
    responseFile: {
      path: builder.spelled(assembly),
      content: fatbinAssembly(symbol, builder.spelled(fatbin)),
    },
    keyVariables: compileVariables(builder.input.family),
    share: 0.05,
  });
}

/** The words of a compile for code of which the preprocessed text is known: the list of architectures is not among them. */
function withoutPreprocessing(words: readonly string[]): string[] {
  const kept: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? "";
    if (/^-(?:[DUI]|isystem|iquote|idirafter|include|imacros)$/.test(word)) i++;
    else if (!/^-(?:[DUI]|isystem|iquote|idirafter)/.test(word)) kept.push(word);
  }
  return kept;
}
