/** torch's stable C++ API: what its headers declare and no library exports, and the types that it carries. */
import { pip, python } from "../commands/commands.ts";
import { placeOf, type Rule, said } from "../rule.ts";

const spelled = /^(?:torch::(?:stable|headeronly)::|_ZNK?5torch(?:6stable|10headeronly))/;

export const stableAbiRules: readonly Rule[] = [
  {
    id: "stable-abi-type-unsupported",
    title: "torch's stable ABI does not carry this type",
    on: ["compile"],
    specificity: 84,
    matches: (finding) =>
      said(
        finding,
        /(?<what>StableLibrary stack does not support parameter types[^.]*|no matching function.*StableIValue|static assertion failed.*StableIValue)/,
      ) ??
      (/torch[\\/]csrc[\\/]stable[\\/](?:stableivalue_conversions|library)\.h$/.test(finding.file ?? "")
        ? said(finding, /(?<what>static assertion failed|no matching function for call|is_trivially_copyable)/)
        : undefined),
    confidence: "medium",
    cause: (match) =>
      `An operator of torch's stable ABI (STABLE_TORCH_LIBRARY) has a parameter or result of a type that cannot be put on its stack (${match.facts["what"] ?? ""}): values of up to 64 bits, torch::stable::Tensor, optional, and from torch 2.10 strings and arrays (std::string, torch::headeronly::HeaderOnlyArrayRef) are taken. Or the headers are of an older torch (often one in /usr/include) than the code was written for.`,
    fix: (match) => [
      `${python(match)} -c "import torch; print(torch.__version__, torch.utils.cpp_extension.include_paths())"`,
      "# std::vector<int64_t>, std::string, at::Tensor in the signature → torch::stable::Tensor, int64_t, double, bool, std::optional of them; torch 2.10 and newer for more",
      'echo "$CPATH $CPLUS_INCLUDE_PATH"   # another torch\'s headers on a variable, or in /usr/include?',
    ],
    sources: ["pytorch/pytorch#170976", "https://docs.pytorch.org/docs/stable/notes/libtorch_stable_abi.html"],
    examples: [
      {
        text: "/p/torch/csrc/stable/stableivalue_conversions.h:71:19: error: static assertion failed: StableLibrary stack does not support parameter types larger than 64 bits.",
        expect: "torch::stable::Tensor",
      },
    ],
  },
  {
    id: "stable-api-not-defined",
    title: "A function of torch's stable C++ API has no definition",
    on: ["undefined-symbol", "link"],
    specificity: 92,
    matches: (finding) => {
      const symbol =
        finding.symbol ?? /hidden symbol [`'‘]?(?<name>[^`'’]{1,500})['’]? isn't defined/.exec(finding.message)?.[1];
      if (symbol === undefined || !spelled.test(symbol)) return undefined;
      return { name: symbol.startsWith("_Z") ? symbol : symbol.replace(/\(.*$/s, "") };
    },
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["name"] ?? ""}\`${placeOf(match.finding) === "" ? "" : ` (wanted by \`${placeOf(match.finding)}\`)`} is of torch's stable C++ API, which is in headers alone: its names are hidden, and no library of torch exports them, whatever the ABI of std::string. Either the source includes a header that only declares it (device_struct.h, tensor_struct.h), or this torch declares it and defines it nowhere that an extension reaches.`,
    fix: (match) => [
      "# include the whole header: <torch/csrc/stable/device.h>, <torch/csrc/stable/tensor.h>, <torch/csrc/stable/ops.h>; not *_struct.h",
      `grep -rn "Device::Device(\\|Tensor::" "$(${python(match)} -c "import torch; print(torch.__path__[0])")/include/torch/csrc/stable" | grep inl   # defined there? then that header has to be included`,
      ...(/Device/.test(match.facts["name"] ?? "")
        ? [
            '# the constructor from a string: in its place torch::stable::Device(torch::headeronly::DeviceType::CUDA, 0); a name that comes at run time: compare it ("cuda", "cpu") first',
          ]
        : []),
      `${pip(match, "install --upgrade torch")}   # a later release may define it; TORCH_TARGET_VERSION hides what is newer than it`,
    ],
    sources: ["pytorch/pytorch#180492", "https://docs.pytorch.org/docs/main/notes/libtorch_stable_abi.html"],
    examples: [
      {
        text: "/usr/bin/ld: ops.o: in function `where()':\nops.cpp:9: undefined reference to `torch::stable::Device::Device(std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> > const&)'",
        expect: "DeviceType::CUDA, 0",
      },
      {
        text: "ImportError: /w/ops.abi3.so: undefined symbol: _ZNK5torch6stable6Tensor11scalar_typeEv",
        expect: "torch/csrc/stable/tensor.h",
      },
    ],
  },
];
