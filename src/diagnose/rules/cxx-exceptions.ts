/** Exceptions of C++ that come to Python, or end a program, with nothing but their name. */
import { pip, python, rebuild } from "../commands/commands.ts";
import { packageOf } from "../tables/packages.ts";
import type { Rule, RuleContext } from "../rule.ts";
import { said } from "../rule.ts";

/** Whether the model that runs was traced or scripted, or a program of C++ runs it. */
function isScripted({ findings }: RuleContext): boolean {
  return findings.some(({ message, text, frames }) =>
    /TorchScript|torch::jit|torch[./]jit|__torch__|terminate called|c10::Error/.test(
      [message, text, ...(frames ?? [])].join("\n"),
    ),
  );
}

/** What the bare name says. */
const meanings: Readonly<Record<string, string>> = {
  "std::bad_cast": "a Python object was not what the C++ code took it for",
  "std::bad_any_cast": "a value was of another type than the C++ code asked for",
  "bad any_cast": "a value was of another type than the C++ code asked for",
  "std::bad_variant_access": "a value was of another type than the C++ code asked for",
  bad_variant_access: "a value was of another type than the C++ code asked for",
  "bad optional access": "an optional value was used that is not there (an argument that was None)",
  bad_optional_access: "an optional value was used that is not there (an argument that was None)",
  bad_function_call: "a function was called that was never set",
  "map::at": "a key was looked up that is not in a table (a name, a dtype or an option that this build does not know)",
  "_Map_base::at":
    "a key was looked up that is not in a table (a name, a dtype or an option that this build does not know)",
  "unordered_map::at":
    "a key was looked up that is not in a table (a name, a dtype or an option that this build does not know)",
  "vector::_M_range_check":
    "an index was beyond the end of a list (fewer tensors, or fewer dimensions, than the code takes for granted)",
  "invalid vector subscript":
    "an index was beyond the end of a list (fewer tensors, or fewer dimensions, than the code takes for granted)",
  "std::bad_alloc":
    "it asked for more memory than there is, most often because a size is negative or was read from memory that holds something else (another type, another release's struct)",
  "vector::reserve": "a size was negative or beyond all bounds",
  "cannot create std::vector larger than max_size()": "a size was negative or beyond all bounds",
  "vector too long": "a size was negative or beyond all bounds",
  "basic_string::_M_create":
    "a text has a length beyond all bounds: memory was read as a std::string that is none, as with two string ABIs",
  "basic_string::_M_construct null not valid":
    "a null pointer was taken for text (an environment variable that is not set)",
  "basic_string: construction from null is not valid":
    "a null pointer was taken for text (an environment variable that is not set)",
};

const names =
  /^(?:\w+(?:::\w+)*: )?(?<name>(?:std::)?bad_(?:alloc|cast|any_cast|variant_access|optional_access|function_call)|bad (?:any_cast|optional access|variant access)|_?(?:Map_base|map|unordered_map)::at|(?:vector|deque|array|basic_string)::_M_\w+(?: null not valid)?|vector::reserve|cannot create std::vector larger than max_size\(\)|invalid vector subscript|vector too long|basic_string: construction from null is not valid)\b/;

export const cxxExceptionRules: readonly Rule[] = [
  {
    id: "cxx-exception-by-name",
    title: "An exception of C++ says no more than its name",
    on: ["exception"],
    role: "symptom",
    specificity: 46,
    matches: (finding) => {
      const text = finding.message.replace(/^what\(\):\s*/, "");
      const facts = names.exec(text)?.groups;
      return facts === undefined
        ? undefined
        : {
            name: facts["name"],
            importing:
              finding.frames?.some((frame) => /<module>/.test(frame) && /» (?:from|import)\b/.test(frame)) === true
                ? "yes"
                : undefined,
          };
    },
    confidence: "low",
    cause: (match) => {
      const name = match.facts["name"] ?? "";
      const meaning =
        meanings[name] ?? meanings[`std::${name}`] ?? "a standard function of C++ refused what it was given";
      return `\`${name}\` is thrown by compiled code${packageOf(match) === undefined ? "" : ` (of ${packageOf(match) ?? ""}, as the traceback tells)`}: ${meaning}.${
        /bad_cast/.test(name)
          ? " With nanobind and pybind11 that is an argument, a default or a result of another class than the one that is bound: Python code and compiled module of different releases, a class of another module, or (nanobind's ndarray) NumPy is not installed."
          : " Python code and compiled module of different releases, or an argument that the code does not check, are the usual reasons."
      }`;
    },
    fix: (match) => {
      const name = packageOf(match);
      return [
        ...(/bad_cast/.test(match.facts["name"] ?? "")
          ? [`${python(match)} -c "import numpy; print(numpy.__version__)" || ${pip(match, "install numpy")}`]
          : []),
        ...(name === undefined
          ? rebuild(match)
          : [pip(match, `install --upgrade --force-reinstall --no-cache-dir ${name}`)]),
        `gdb -batch -ex "catch throw" -ex run -ex bt --args ${python(match)} the_program.py   # which function throws it`,
      ];
    },
    sources: ["wjakob/nanobind#1130", "https://en.cppreference.com/w/cpp/error/exception"],
    examples: [
      { text: "RuntimeError: std::bad_cast", expect: "install numpy" },
      { text: "IndexError: map::at", expect: "not in a table" },
      { text: "MemoryError: std::bad_alloc", expect: "a size is negative" },
      {
        text: "terminate called after throwing an instance of 'std::out_of_range'\n  what():  vector::_M_range_check: __n (which is 3) >= this->size() (which is 3)",
        expect: "beyond the end of a list",
      },
    ],
  },
  {
    id: "interpreter-of-script-failed",
    title: "A scripted model failed on a tensor that it was not made for",
    on: ["exception"],
    role: "symptom",
    specificity: 58,
    matches: (finding, context) =>
      /^Expected all tensors/.test(finding.message) && !isScripted(context)
        ? undefined
        : said(
            finding,
            /Input type \((?<have>[\w.]+)\) and (?:weight|bias) type \((?<want>[\w.]+)\) should be the same|Expected all tensors to be on the same device, but (?:found at least two devices|got \w+ is on) |Expected object of (?:device type|backend) (?<want2>\w+) but got (?:device type|backend) (?<have2>\w+)/,
          ),
    confidence: "high",
    cause: (match) => {
      const { have, want } = match.facts;
      const cuda = /cuda/i;
      if (have !== undefined && want !== undefined && cuda.test(have) === cuda.test(want))
        return `The model's weights are ${want}, and it was given ${have}: another number type on the same device.`;
      return `The model (or one of its tensors) and its input are on different devices${have === undefined ? "" : `: the input is ${have}, the weights are ${want ?? ""}`}. A traced model keeps the device of constants that were made while it was traced, and a device that is written into Python code.`;
    },
    fix: (match) => {
      const { have, want } = match.facts;
      const cuda = /cuda/i;
      if (have !== undefined && want !== undefined && cuda.test(have) === cuda.test(want))
        return [
          `# input = input.to(model_dtype): ${/half/i.test(want) ? "x.half(), or model.float()" : "x.float(), or model.half() where the weights are to be half"}`,
        ];
      return [
        "# Python: model.to(device); x = x.to(device)   C++: model.to(torch::kCUDA); input = input.to(torch::kCUDA) (or kCPU for both)",
        "# a traced model: trace it on the device that it runs on; torch.jit.load(file, map_location=device); make tensors inside with device=x.device",
      ];
    },
    sources: ["YWL0720/YOLO_ORB_SLAM3#3", "https://docs.pytorch.org/docs/stable/generated/torch.jit.trace.html"],
    examples: [
      {
        text: "RuntimeError: Input type (CPUFloatType) and weight type (CUDAFloatType) should be the same or input should be a MKLDNN tensor and weight is a dense tensor",
        expect: "model.to(torch::kCUDA)",
      },
      {
        text: "RuntimeError: Input type (torch.cuda.FloatTensor) and weight type (torch.cuda.HalfTensor) should be the same",
        expect: "another number type",
      },
    ],
  },
];
