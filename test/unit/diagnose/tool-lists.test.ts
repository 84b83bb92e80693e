/** Versions that people string together in one line, and the lines that only look so. */
import { describe, expect, it } from "vitest";
import { scanText } from "../../../src/diagnose/scan.ts";

const facts = (text: string) => scanText(text).facts;

describe("a line of tools and versions", () => {
  it.each([
    ["ubuntu22.04  cuda11.3 pytorch 1.10.0", { installedTorch: "1.10.0", spokenCuda: "11.3" }],
    ["I' m using cuda 11.8+torch2.1.0", { installedTorch: "2.1.0", spokenCuda: "11.8" }],
    ["py3.9+torch1.13+cuda11.7+cudnn8.5", { installedTorch: "1.13", spokenCuda: "11.7", python: "3.9" }],
    ["Env:torch 2.0.0+cuda118,torch_geometric 2.4.0", { installedTorch: "2.0.0", torchCuda: "11.8" }],
    ["my torch is 2.3.1，cuda12.1", { installedTorch: "2.3.1", spokenCuda: "12.1" }],
    [
      "Hi, I met this error with pytorch version1.7 stable, gcc 8.3.1, CUDA Version: 11.0",
      { installedTorch: "1.7", spokenCuda: "11.0" },
    ],
    ["- PyTorch: 2.5.1\n- PyTorch CUDA: 12.4", { installedTorch: "2.5.1", torchCuda: "12.4" }],
  ])("%s", (text, wanted) => {
    expect(facts(text)).toMatchObject(wanted);
  });

  it.each([
    "It works with torch 1.8 and cuda 11.1",
    "requires torch 2.4, cuda 12.1",
    "pip install torch==1.9.0+cu111 cuda 11.1",
    "torch1.8+cuda11.1 worked for me",
    "/usr/local/cuda-11.3/bin/nvcc torch 1.9.0",
  ])("not of the machine: %s", (text) => {
    expect(facts(text).installedTorch).toBeUndefined();
  });

  it("is not told where two lines differ", () => {
    expect(facts("cuda 11.3, pytorch 1.10.0\ncuda 12.1, pytorch 2.1.0").spokenCuda).toBeUndefined();
  });
});
