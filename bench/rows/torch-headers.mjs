// One source with all of PyTorch's headers, from nothing: what a larger heap and large pages take off a compiler's time.
import { rmSync } from "node:fs";
import { join } from "node:path";
import { byRetorch, byShell, cacheFolder, folders } from "../lib/peers.mjs";
import { measure } from "../lib/measure.mjs";

const source = `#include <torch/extension.h>
torch::Tensor twice(torch::Tensor x) { return x * 2; }
PYBIND11_MODULE(TORCH_EXTENSION_NAME, m) { m.def("twice", &twice); }
`;

export const torchHeaders = {
  name: "torch-headers",
  title: "One source with all of PyTorch's headers, from nothing",
  rounds: 3,
  prepare(context) {
    const text = context.quick ? "#include <torch/headeronly/macros/Macros.h>\n" : source;
    const at = folders(context, "torch-headers", ["retorch", "small", "shell"], {
      "a.cpp": text,
      "retorch.toml": `[extension.a]\nsources = ["a.cpp"]\n${context.quick ? 'kind = "torch-library"\n' : ""}`,
    });
    const env = { ...cacheFolder(context, "cache-torch-headers"), RETORCH_PYTHON: context.tools.python };
    const args = ["--no-cache"];
    const clean = (folder) => () => rmSync(join(folder, ".retorch"), { recursive: true, force: true });
    const build = byRetorch(context, at.retorch, { env, args });
    measure(context, build);
    return {
      contenders: [
        { name: "retorch", command: build, before: clean(at.retorch) },
        {
          name: "retorch, pages of 4 KB",
          command: byRetorch(context, at.small, {
            env: { ...env, GLIBC_TUNABLES: "glibc.malloc.hugetlb=0" },
            args,
          }),
          before: clean(at.small),
        },
        { name: "the bare commands, sh", command: byShell(context, at.shell, { env }) },
      ],
      notes: [
        "The same flags and bytes. The bare commands are the text of `retorch build --dry-run`; large pages are given where the machine has `transparent_hugepage` at `madvise`.",
      ],
      targets: [
        {
          text: "All of PyTorch's headers, from nothing against the bare commands (%)",
          limit: 1,
          value: (by) => by.retorch.wall / by["the bare commands, sh"].wall,
        },
      ],
    };
  },
};
