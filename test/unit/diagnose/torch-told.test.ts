/** What a paste tells of torch over more than one line: an answer of Python's, what uv exchanged, a build of conda-forge. */
import { describe, expect, it } from "vitest";
import { scanText } from "../../../src/diagnose/scan.ts";

const facts = (text: string) => scanText(text).facts;

describe("the line behind a question", () => {
  it.each([
    ['$ python -c "import torch; print(torch.__version__)"\n1.13.1', { installedTorch: "1.13.1" }],
    [
      '$ python -c "import torch; print(torch.__version__, torch.version.cuda)"\n1.5.1 10.2',
      { installedTorch: "1.5.1", torchCuda: "10.2" },
    ],
    [">>> torch.__version__\n'2.0.1'\n>>> torch.version.cuda\n'11.7'", { installedTorch: "2.0.1", torchCuda: "11.7" }],
    [
      ">>> print(torch.__version__, torch.version.cuda, torch.cuda.is_available())\n2.1.0 None False",
      { installedTorch: "2.1.0", torchBuild: "cpu" },
    ],
  ])("%j", (text, wanted) => {
    expect(facts(text)).toMatchObject(wanted);
  });

  it.each([
    "print(torch.__version__)\nprint(1.2)",
    "print(torch.__version__)\n\n1.13.1",
    "print(torch.__version__)\n1.13.1 of numpy is another matter",
  ])("is no answer: %j", (text) => {
    expect(facts(text).installedTorch).toBeUndefined();
  });
});

describe("torch that was exchanged", () => {
  it("is the one that uv put there", () => {
    const { installedTorch, versions } = facts(
      " + torch==2.6.0\n + vllm==0.8.5\n - torch==2.6.0\n + torch==2.7.1+cu128",
    );
    expect(installedTorch).toBe("2.7.1+cu128");
    expect(versions).toMatchObject({ torch: "2.7.1+cu128", vllm: "0.8.5" });
  });
});

describe("torch of conda-forge", () => {
  it.each([
    ["pytorch     2.3.1   cpu_generic_py310ha4c588e_0    conda-forge", { installedTorch: "2.3.1", torchBuild: "cpu" }],
    ["pytorch     2.4.1   cuda118_py312h02e3f75_304    conda-forge", { installedTorch: "2.4.1", torchCuda: "11.8" }],
  ])("%s", (text, wanted) => {
    expect(facts(text)).toMatchObject({ ...wanted, torchOfCondaForge: true });
  });

  it("is not that of the channel pytorch", () => {
    expect(facts("pytorch  2.3.1  py3.10_cuda12.1_cudnn8.9.2_0  pytorch").torchOfCondaForge).toBeUndefined();
  });
});
