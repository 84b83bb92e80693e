/** Symbols of torch whose strings are of the other ABI of libstdc++. */
import { python, rebuild } from "../commands.ts";
import type { Rule } from "../rule.ts";
import { isTorch } from "../symbols.ts";
import { installedSentence, torchHere, torchSymbol } from "./symbol-facts.ts";

export const torchAbiRules: readonly Rule[] = [
  {
    id: "abi-new-extension-old-torch",
    title: "Built with the new C++11 ABI, torch has the old one",
    on: ["undefined-symbol"],
    specificity: 80,
    matches: (finding, context) =>
      torchSymbol(
        finding,
        context,
        (verdict) =>
          isTorch(verdict.owner) && verdict.owner !== "torch-stable-abi" && verdict.symbol.strings === "cxx11",
      ),
    confidence: (match) => (match.context.environment?.torch?.cxx11Abi === true ? "medium" : "high"),
    cause: (match) => {
      const here = match.context.environment?.torch;
      const contrary =
        here?.cxx11Abi === true
          ? ` The torch that is installed here (${here.version}) has the new ABI: if it failed with this one, the extension was built for another torch version.`
          : "";
      return (
        `${match.facts["who"] ?? ""} wants \`${match.facts["readable"] ?? ""}\` with the new std::string (\`__cxx11\`, _GLIBCXX_USE_CXX11_ABI=1), ` +
        `but this torch was built with the old ABI (_GLIBCXX_USE_CXX11_ABI=0, as wheels up to 2.5 and some of 2.6 are), so the names differ.${contrary}${installedSentence(match)}`
      );
    },
    fix: (match) => [
      ...rebuild(match),
      `# other builders: add -D_GLIBCXX_USE_CXX11_ABI=$(${python(match)} -c "import torch; print(int(torch._C._GLIBCXX_USE_CXX11_ABI))") to the compile flags`,
      "# a ready-made wheel: take the one marked cxx11abiFALSE; LibTorch: take the cxx11-ABI download, or torch >= 2.7, whose wheels have the new ABI",
    ],
    sources: ["Dao-AILab/flash-attention#975", "Dao-AILab/flash-attention#1717", "huggingface/open-r1#684"],
    examples: [
      {
        text: "ImportError: /env/lib/python3.10/site-packages/flash_attn_2_cuda.cpython-310-x86_64-linux-gnu.so: undefined symbol: _ZN3c105ErrorC2ENS_14SourceLocationENSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE",
        expect: "_GLIBCXX_USE_CXX11_ABI",
      },
      {
        text: "main.cpp:(.text+0x51): undefined reference to `torch::jit::load(std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> > const&, c10::optional<c10::Device>)'",
        expect: "cxx11",
      },
    ],
  },
  {
    id: "abi-old-extension-new-torch",
    title: "Built with the old C++ ABI, torch has the new one",
    on: ["undefined-symbol"],
    specificity: 80,
    matches: (finding, context) =>
      torchSymbol(
        finding,
        context,
        (verdict) => isTorch(verdict.owner) && verdict.owner !== "torch-stable-abi" && verdict.symbol.strings === "old",
      ),
    confidence: (match) => (match.context.environment?.torch?.cxx11Abi === false ? "medium" : "high"),
    cause: (match) =>
      `${match.facts["who"] ?? ""} wants \`${match.facts["readable"] ?? ""}\` with the old std::string (\`Ss\`, _GLIBCXX_USE_CXX11_ABI=0), which the torch at hand does not have: ` +
      "it was built with the new C++11 ABI (all wheels from 2.7 on), or it is another version than the one the extension was built for (an old build left over, " +
      `or pip's build isolation brought an older torch).${torchHere(match)}${installedSentence(match)}`,
    fix: (match) => [
      ...rebuild(match),
      "# drop every -D_GLIBCXX_USE_CXX11_ABI=0 from the flags (setup.py, CMakeLists.txt, CFLAGS, an old FindTorch.cmake)",
    ],
    sources: [
      "Dao-AILab/flash-attention#1644",
      "pytorch/pytorch#152790",
      "CharlesShang/DCNv2#19",
      "wjakob/nanobind#908",
    ],
    examples: [
      {
        text: "ImportError: /app/ext.so: undefined symbol: _ZN3c105ErrorC2ENS_14SourceLocationESs",
        expect: "_GLIBCXX_USE_CXX11_ABI=0",
      },
      {
        text: "OSError: /app/_version.so: undefined symbol: _ZN5torch3jit17parseSchemaOrNameERKSsb",
        expect: "--force",
      },
    ],
  },
];
