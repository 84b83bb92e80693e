/**
 * The device's side of one CUDA source: for each architecture preprocess → cicc → ptxas, all of it packed into a fat
 * binary, and the stub that cicc leaves for the host.
 */
import { compileVariables } from "../key-variables.ts";
import type { Action, Arg } from "../graph.ts";
import type { Step } from "./dry-run.ts";
import { withStubName } from "./host-object.ts";
import type { PhaseBuilder } from "./phase-builder.ts";
import { imageFile, type Phases } from "./roles.ts";

/** Everything up to the fat binary and the stub, in order. */
export function deviceActions(builder: PhaseBuilder): Action[] {
  const { phases } = builder.input;
  return [
    ...phases.devices.flatMap((device) => [
      preprocessAction(builder, device.preprocess, device.source, `${device.architecture}.ii`, device.architecture),
      compileDevice(builder, device),
    ]),
    ...phases.assemblies.map((assembly) => assemble(builder, assembly)),
    fatbinary(builder),
    stub(builder),
  ];
}

/** Preprocesses the source, for the host or for an architecture. */
export function preprocessAction(
  builder: PhaseBuilder,
  step: Step,
  source: string,
  name: string,
  target: string,
): Action {
  const output = builder.at(name);
  const depfile = `${output}.d`;
  return builder.action({
    kind: "cuda-preprocess",
    what: `preprocess ${builder.displayed} for ${target === "host" ? "the host" : target}`,
    target,
    command: [
      builder.hostProgram(),
      ...builder.words(step.words, new Map([[source, builder.outputArg(output)]])),
      "-MD",
      "-MF",
      builder.path(depfile, "depfile"),
    ],
    tools: [builder.host],
    inputs: builder.input.whole.inputs,
    outputs: [output],
    intermediate: true,
    depfile: { path: builder.spelled(depfile), format: "make" },
    includeSearch: builder.input.whole.includeSearch,
    ...(builder.input.whole.responseFile === undefined ? {} : { responseFile: builder.input.whole.responseFile }),
    keyVariables: compileVariables(builder.input.family),
    share: 0.06,
  });
}

function compileDevice(builder: PhaseBuilder, device: Phases["devices"][number]): Action {
  const { phases } = builder.input;
  const { architecture, compile } = device;
  const [module, moduleFile] = builder.moduleId(`${architecture}.module_id`);
  const source = builder.at(`${architecture}.ii`);
  const ptx = builder.at(`${architecture}.ptx`);
  const stub = builder.at(`${architecture}.stub.c`);
  const side = (name: string): string => compile.words[compile.words.indexOf(name) + 1] ?? "";
  return builder.action({
    kind: "cuda-device-compile",
    what: `compile ${builder.displayed} for ${architecture} (cicc)`,
    target: architecture,
    command: [
      ...libdeviceWords(builder),
      builder.program("cicc"),
      ...builder.words(
        compile.words.filter((word) => word !== "--gen_module_id_file"),
        new Map([
          [device.source, builder.inputArg(source)],
          [device.ptx, builder.outputArg(ptx)],
          [device.stub, builder.outputArg(stub)],
          [phases.fatbinName, { path: "host.fatbin.c" }],
          [phases.moduleId, moduleFile],
          [side("--gen_c_file_name"), builder.inputArg(builder.at(`${architecture}.c`))],
          [side("--gen_device_file_name"), builder.inputArg(builder.at(`${architecture}.gpu`))],
        ]),
      ),
    ],
    tools: [builder.part("cicc", "libdevice")],
    inputs: [source],
    outputs: [ptx, stub],
    responseFile: module,
    // The stub tells its own name.
    inPlace: true,
    scrap: [builder.at(`${architecture}.c`), builder.at(`${architecture}.gpu`)],
    largePages: true,
    share: 1,
  });
}

/** Where cicc finds libdevice, of which the content counts and not the place. */
function libdeviceWords(builder: PhaseBuilder): Arg[] {
  const { libdeviceDir } = builder.input.phases;
  if (libdeviceDir === undefined) return [];
  const known = builder.hasPart("libdevice");
  return ["env", { prefix: "NVVMIR_LIBRARY_DIR=", path: libdeviceDir, ...(known ? { role: "tool" } : {}) }];
}

function assemble(builder: PhaseBuilder, { target, step, ptx, output }: Phases["assemblies"][number]): Action {
  const { phases } = builder.input;
  const device = phases.devices.find((each) => each.ptx === ptx);
  const source = builder.at(`${device?.architecture ?? ""}.ptx`);
  const result = builder.at(output === undefined ? `${target}.valid` : `${target}.cubin`);
  const names = new Map([[ptx, builder.inputArg(source)]]);
  if (output !== undefined) names.set(output, builder.outputArg(result));
  const command = [builder.program("ptxas"), ...builder.words(step.words, names)];
  return builder.action({
    kind: "cuda-assemble",
    what: `${output === undefined ? "check the PTX of" : "assemble"} ${builder.displayed} for ${target} (ptxas)`,
    ...(device === undefined ? {} : { target: device.architecture }),
    // Without an output ptxas only looks whether the PTX is valid: an empty file says that it is.
    command:
      output === undefined ? ["sh", "-c", `f=$0; "$@" && : > "$f"`, builder.outputArg(result), ...command] : command,
    tools: [builder.part("ptxas")],
    inputs: [source],
    outputs: [result],
    share: 0.15,
  });
}

function fatbinary(builder: PhaseBuilder): Action {
  const { phases } = builder.input;
  const files = new Map(phases.devices.map(({ ptx, architecture }) => [ptx, builder.at(`${architecture}.ptx`)]));
  for (const { output, target } of phases.assemblies) {
    if (output !== undefined) files.set(output, builder.at(`${target}.cubin`));
  }
  const images: string[] = [];
  const output = builder.at(phases.relocatable ? "host.fatbin.c" : "fatbin");
  const words = phases.fatbinary.words.flatMap((word): Arg[] => {
    if (word.startsWith("--create=")) return [];
    if (word.startsWith("--embedded-fatbin="))
      return [builder.path(output, "output", phases.relocatable ? "--embedded-fatbin=" : "--create=")];
    const image = imageFile(word);
    const file = files.get(image?.path ?? "");
    if (image === undefined || file === undefined) return builder.words([word], new Map());
    images.push(file);
    return [builder.path(file, "input", image.prefix)];
  });
  return builder.action({
    kind: "cuda-fatbinary",
    what: `pack the device code of ${builder.displayed}`,
    command: [builder.program("fatbinary"), ...words],
    tools: [builder.part("fatbinary")],
    inputs: [
      ...images,
      // What was only checked must be valid, too.
      ...phases.assemblies
        .filter((each) => each.output === undefined)
        .map(({ target }) => builder.at(`${target}.valid`)),
    ],
    outputs: [output],
    share: 0.05,
  });
}

function stub(builder: PhaseBuilder): Action {
  const from = builder.at(`${builder.input.phases.stubDevice.architecture}.stub.c`);
  const to = builder.at("host.stub.c");
  return builder.action({
    kind: "copy",
    what: `take the host's part of the device code of ${builder.displayed}`,
    command: ["sh", "-c", withStubName, builder.inputArg(from), builder.outputArg(to)],
    tools: [],
    inputs: [from],
    outputs: [to],
    share: 0.01,
  });
}
