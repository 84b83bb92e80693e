/** Calls of a bound function whose arguments fit no signature of it. */
import { pip, quote, rebuild } from "../commands/commands.ts";
import { packageOf } from "../tables/packages.ts";
import { argumentsOf } from "../facts/called-arguments.ts";
import { type Match, type Rule, said, saidAny } from "../rule.ts";

/** Whether an installed package makes the call, or has the function: their releases may differ. */
function isInstalled(match: Match): boolean {
  return (
    packageOf(match) !== undefined ||
    match.finding.frames?.some((frame) => /-packages[\\/](?!torch[\\/])/.test(frame)) === true
  );
}

/** The line of Python that made the call: `a.py:11 <module> » f(x, n / 8)`. */
function callingFrame(match: Match): string {
  return match.finding.frames?.at(-1) ?? "";
}

function placeOfCall(match: Match): string {
  return callingFrame(match).replace(/ .*$/s, "");
}

/** Whether the call divides as Python does, which gives a float of two integers. */
function divides(match: Match): boolean {
  return /[\w)\]] ?\/ ?[\w(]/.test((callingFrame(match).split(" » ")[1] ?? "").replaceAll(/(["']).*?\1/g, ""));
}

const oneSignature =
  /(?<name>\w+)\(\): incompatible function arguments\. The following argument types are supported:\s+1\. \((?<takes>[^)]*)\)(?<rest>.*?)Invoked with: ?(?<call>.*)$/s;

/** The call in one's own script by position alone; nothing where its line does not show the keywords. */
function withoutKeywords(match: Match): string[] {
  const words = (match.facts["words"] ?? "").split(", ").filter((word) => /^\w+$/.test(word));
  const place = /^(?<file>[^"'$`»<>]+\.py):(?<row>\d+) .*? » (?<source>.*)$/.exec(
    match.finding.frames?.at(-1) ?? "",
  )?.groups;
  if (place === undefined || words.length === 0 || /-packages[\\/]/.test(place["file"] ?? "")) return [];
  if (!words.every((word) => new RegExp(`\\b${word} *=(?!=)`).test(place["source"] ?? ""))) return [];
  return [
    `sed -i.bak -E '${place["row"] ?? ""}s/\\b(${words.join("|")}) *= *//g' ${quote(place["file"] ?? "")}   # by position, where they stand in the order of the C++ function`,
  ];
}

export const callArgumentRules: readonly Rule[] = [
  {
    id: "arguments-do-not-fit",
    title: "The C++ function takes other arguments",
    on: ["exception"],
    role: "symptom",
    specificity: 52,
    matches: (finding) =>
      saidAny(
        finding,
        /(?<name>[\w.]+)\(\): incompatible (?:function|constructor) arguments\. The following argument types are supported/,
        /(?<name>[\w:]+)\(\) (?:expected at most|takes) \d+ .*arguments? .*(?:operator|torch\.ops)/,
        /Unable to cast Python instance of type .* to C\+\+ type/,
      ),
    confidence: "medium",
    cause: (match) =>
      `${match.facts["name"] === undefined ? "The function" : `\`${match.facts["name"]}\``} of the extension was called with types or a number of arguments that it was not compiled for: Python code and compiled module are of different versions (an old build), or None or a numpy array is passed for a tensor.`,
    fix: (match) => [
      "# compare the call with the list of supported types below the message",
      ...(/rasteriz|simple[-_]knn|gaussian/i.test(`${match.facts["name"] ?? ""} ${packageOf(match) ?? ""}`)
        ? [
            `# many forks of this module bear one name: take the one that the project pins, in an environment of its own: git submodule update --init --recursive, then ${pip(match, `uninstall -y ${packageOf(match) ?? "diff-gaussian-rasterization"}`)} and`,
            pip(
              match,
              `install --no-build-isolation --no-cache-dir --force-reinstall ./submodules/${packageOf(match) ?? "diff-gaussian-rasterization"}   # the folder in the project`,
            ),
          ]
        : /^causal_conv1d|selective_scan/.test(match.facts["name"] ?? "")
          ? [
              `${pip(match, "list")} | grep -i -E "causal|mamba"   # their functions change together: releases of one time (1.1.1 with mamba-ssm 1.2.0.post1)`,
              pip(
                match,
                "install --upgrade --force-reinstall --no-deps --no-build-isolation -v causal-conv1d mamba-ssm",
              ) +
                "   # both new; a project that pins an old mamba-ssm: the causal-conv1d of its time (causal-conv1d==1.1.1)",
            ]
          : rebuild(match)),
    ],
    sources: ["state-spaces/mamba#660", "https://pybind11.readthedocs.io/en/stable/advanced/cast/overview.html"],
    examples: [
      {
        text: "TypeError: rasterize_gaussians(): incompatible function arguments. The following argument types are supported:\n    1. (arg0: torch.Tensor) -> int",
        expect: "different versions",
      },
      {
        text: "TypeError: rasterize_gaussians(): incompatible function arguments. The following argument types are supported:\n    1. (arg0: torch.Tensor, arg1: float) -> int",
        expect: "./submodules/",
      },
    ],
  },
  {
    id: "argument-count-wrong",
    title: "The C++ function is called with too many or too few values",
    on: ["exception"],
    role: "symptom",
    specificity: 63,
    matches: (finding) => {
      const facts = said(finding, oneSignature);
      const { takes = "", rest = "" } = facts ?? {};
      if (facts === undefined || / 2\. \(|\*/.test(`${rest}${takes}`)) return undefined;
      const names = takes.match(/\b\w+: [^=,]*(?:\[[^\]]*\])?[^=,]*=?/g) ?? [];
      const needed = names.filter((name) => !name.endsWith("=")).length;
      const given = argumentsOf(facts["call"] ?? "");
      if (given === undefined || (given >= needed && given <= names.length)) return undefined;
      return { name: facts["name"], takes, most: String(names.length), needed: String(needed), given: String(given) };
    },
    confidence: "high",
    cause: (match) => {
      const { name = "", takes = "", most = "", needed = "", given = "" } = match.facts;
      const number = most === needed ? most : `${needed} to ${most}`;
      return `\`${name}(${takes})\` takes ${number} ${number === "1" ? "value" : "values"}, and was called with ${given}. The extension is built and loaded; what calls it ${Number(given) > Number(most) ? "gives too many" : "leaves one out"}, or was written for another state of the C++ code.`;
    },
    fix: (match) => {
      const { name = "", takes = "", most = "", given = "" } = match.facts;
      const frame = match.finding.frames?.at(-1)?.replace(/ .*$/s, "");
      return [
        `# caller${frame === undefined ? "" : ` (${frame})`}: ${name}(${takes.replaceAll(/: [^,[]*(?:\[[^\]]*\])?/g, "")})`,
        Number(given) > Number(most)
          ? "# or the C++ function, and its m.def with one py::arg for each, gets another parameter: then build again"
          : `# or the binding gives a default: m.def("${name}", &${name}, …, py::arg("b") = 1), with one py::arg for each parameter: then build again`,
        ...(isInstalled(match)
          ? ["# the Python files and the compiled module of different releases? Then:", ...rebuild(match)]
          : []),
      ];
    },
    sources: ["https://pybind11.readthedocs.io/en/stable/basics.html#keyword-arguments"],
    examples: [
      {
        text: '  File "/src/try.py", line 4, in <module>\n    m.f(x, 3)\nTypeError: f(): incompatible function arguments. The following argument types are supported:\n    1. (arg0: torch.Tensor) -> torch.Tensor\n\nInvoked with: tensor([1.]), 3',
        expect: "gives too many",
      },
      {
        text: "TypeError: scale(): incompatible function arguments. The following argument types are supported:\n    1. (x: torch.Tensor, factor: float, bias: float = 0.0) -> torch.Tensor\n\nInvoked with: tensor([1.])",
        expect: "takes 2 to 3 values, and was called with 1",
      },
    ],
  },
  {
    id: "argument-of-wrong-kind",
    title: "The C++ function is called with a value of another kind",
    on: ["exception"],
    role: "symptom",
    specificity: 57,
    matches: (finding, context) => {
      const facts = said(
        finding,
        /(?<name>[\w.]+)\(\): incompatible (?:function|constructor) arguments\. The following argument types are supported/,
      );
      const wrong = context.log.wrongArgument;
      return facts === undefined || wrong === undefined
        ? undefined
        : {
            ...wrong,
            ...facts,
            position: String(wrong.position),
            named: /^arg\d+$/.test(wrong.name) ? undefined : wrong.name,
          };
    },
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["name"] ?? ""}\` takes ${match.facts["wants"] ?? ""} as argument ${match.facts["position"] ?? ""}${match.facts["named"] === undefined ? "" : ` (\`${match.facts["named"]}\`)`} and was called with ${match.facts["got"] ?? ""} there. The extension is built and loaded; what calls it hands over ${match.facts["got"] === "None" ? "something that was not set (an option, a bias, a result that was not kept)" : "another kind of value"}, or is written for another release of it.`,
    fix: (match) => {
      const { got = "", wants = "", named } = match.facts;
      const value = named ?? "x";
      return [
        wants === "a tensor"
          ? got === "None"
            ? `# caller: give a tensor (torch.empty(0, device=other.device) where nothing is meant); own binding: std::optional<at::Tensor> (c10::optional before torch 2.5) takes None`
            : got === "a NumPy array"
              ? `# caller: torch.from_numpy(${value}).to(device)`
              : /list|tuple/.test(got)
                ? `# caller: torch.tensor(${value}, dtype=…, device=other.device), or torch.stack(${value}) of a list of tensors`
                : `# caller: torch.tensor(${value}), or is an argument missing before it?`
          : wants === "an int" && got === "a float" && divides(match)
            ? `# caller (${placeOfCall(match)}): \`/\` gives a float in Python: a // b, or int(a / b)`
            : wants === "a list"
              ? `# caller: [${value}] for one element, or as many as the function wants: [${value}, ${value}]`
              : `# caller: ${got === "a tensor" ? `${value}.item() for a tensor of one element` : `${wants.replace(/^an? /, "")}(${value})`}; is an argument missing or too many before it?`,
        ...(isInstalled(match)
          ? ["# the Python files and the compiled module of different releases? Then:", ...rebuild(match)]
          : []),
      ];
    },
    sources: ["https://pybind11.readthedocs.io/en/stable/advanced/cast/overview.html"],
    examples: [
      {
        text: "TypeError: scale(): incompatible function arguments. The following argument types are supported:\n    1. (x: torch.Tensor, factor: float) -> torch.Tensor\n\nInvoked with: [1.0, 2.0], 2.0",
        expect: "torch.tensor(x",
      },
      {
        text: "TypeError: fwd(): incompatible function arguments. The following argument types are supported:\n    1. (arg0: torch.Tensor, arg1: torch.Tensor, arg2: int) -> torch.Tensor\n\nInvoked with: tensor([1.], device='cuda:0'), None, 4",
        expect: "argument 2 and was called with None",
      },
      {
        text: "TypeError: fwd(): incompatible function arguments. The following argument types are supported:\n    1. (arg0: torch.Tensor, arg1: int) -> torch.Tensor\n\nInvoked with: tensor([1.]), 4.5",
        expect: "takes an int as argument 2",
      },
      {
        text: 'Traceback (most recent call last):\n  File "/w/a.py", line 11, in <module>\n    print(m.pool(x, x.shape[-1] / 8, [4, 4]).shape)\nTypeError: pool(): incompatible function arguments. The following argument types are supported:\n    1. (arg0: torch.Tensor, arg1: typing.SupportsInt, arg2: collections.abc.Sequence[typing.SupportsInt]) -> torch.Tensor\n\nInvoked with: tensor([[[[0.5839, 0.7656],\n          [0.6479, 0.7846]],\n\n         [[0.1, 0.2],\n          [0.3, 0.4]]]]), 4.0, [4, 4]',
        expect: "(/w/a.py:11): `/` gives a float in Python: a // b",
      },
      {
        text: "TypeError: pool(): incompatible function arguments. The following argument types are supported:\n    1. (arg0: torch.Tensor, arg1: collections.abc.Sequence[typing.SupportsInt]) -> torch.Tensor\n\nInvoked with: tensor([1.]), 2",
        expect: "takes a list as argument 2",
      },
      {
        text: "TypeError: iou(): incompatible function arguments. The following argument types are supported:\n    1. (a: torch.Tensor, b: torch.Tensor) -> torch.Tensor\n\nInvoked with: array([[0.1, 0.2]], dtype=float32), tensor([[0.9]])",
        expect: "`iou` takes a tensor as argument 1 (`a`)",
      },
    ],
  },
  {
    id: "keyword-not-in-binding",
    title: "The C++ function is called with a keyword that its binding does not name",
    on: ["exception"],
    role: "symptom",
    specificity: 58,
    matches: (finding, context) => {
      const facts = said(
        finding,
        /(?<name>[\w.]+)\(\): incompatible (?:function|constructor) arguments\. The following argument types are supported/,
      );
      const { boundNames, keywords } = context.log;
      const strange = keywords.filter((word) => !boundNames.includes(word));
      if (facts === undefined || strange.length === 0 || boundNames.length === 0 || boundNames.includes("kwargs"))
        return undefined;
      return {
        ...facts,
        strange: strange.map((word) => `\`${word}\``).join(", "),
        words: keywords.join(", "),
        nameless: boundNames.some((word) => /^arg\d+$/.test(word)) ? "yes" : undefined,
        names: boundNames.map((word) => `\`${word}\``).join(", "),
      };
    },
    confidence: "high",
    cause: (match) =>
      match.facts["nameless"] === undefined
        ? `\`${match.facts["name"] ?? ""}\` was called with the keyword ${match.facts["strange"] ?? ""}, and the compiled binding knows ${match.facts["names"] ?? ""}: the Python code and the compiled module are of different releases (an old build, another fork of the same name), or the keyword is misspelt.`
        : `\`${match.facts["name"] ?? ""}\` was called with the keyword ${match.facts["strange"] ?? ""}, and the binding gives its arguments no names (arg0, arg1, …): m.def without py::arg takes them by their position alone.`,
    fix: (match) =>
      match.facts["nameless"] === undefined
        ? [
            `# caller: one of ${match.facts["names"] ?? ""}; where the Python files belong to the package, its compiled module is of another release:`,
            ...rebuild(match),
          ]
        : [
            ...withoutKeywords(match),
            `# call it without keywords, in the order of the C++ function; or name them in the binding: m.def("${(match.facts["name"] ?? "f").split(".").at(-1) ?? "f"}", &f, ${(
              match.facts["words"] ?? "x"
            )
              .split(", ")
              .slice(0, 4)
              .map((word) => `py::arg("${word}")`)
              .join(", ")}, …) and build again`,
            ...(withoutKeywords(match).length > 0 ? [] : rebuild(match)),
          ],
    sources: ["https://pybind11.readthedocs.io/en/stable/basics.html#keyword-arguments"],
    examples: [
      {
        text: "TypeError: forward(): incompatible function arguments. The following argument types are supported:\n    1. (arg0: torch.Tensor, arg1: float) -> torch.Tensor\n\nInvoked with: kwargs: x=tensor([1.], device='cuda:0'), scale=2.0",
        expect: 'py::arg("x"), py::arg("scale")',
      },
      {
        text: "TypeError: render(): incompatible function arguments. The following argument types are supported:\n    1. (points: torch.Tensor, radius: float = 1.0) -> torch.Tensor\n\nInvoked with: tensor([1.]); kwargs: antialiasing=True",
        expect: "different releases",
      },
    ],
  },
];
