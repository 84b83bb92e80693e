/** Logs in which nothing known went wrong: silence, or at most a modest remark. */
import { describe, expect, it } from "vitest";
import { diagnose } from "../../../src/diagnose/diagnose.ts";
import { ordinaryLogs } from "../../fixtures/diagnose/ordinary-logs.ts";

describe("ordinary logs", () => {
  for (const { what, text } of ordinaryLogs) {
    it(`${what}: nothing is said with confidence`, () => {
      const loud = diagnose(text).diagnoses.filter(({ confidence }) => confidence !== "low");
      expect(loud.map(({ id, evidence }) => `${id}: ${evidence.text}`)).toEqual([]);
    });
  }

  it("all of them together say nothing, either", () => {
    const loud = diagnose(ordinaryLogs.map(({ text }) => text).join("\n\n")).diagnoses.filter(
      ({ confidence }) => confidence === "high",
    );
    expect(loud.map(({ id }) => id)).toEqual([]);
  });

  it("a build of setuptools that ended well is not told what it said in passing", () => {
    const log =
      "running build_ext\n/e/site-packages/torch/utils/cpp_extension.py:387: UserWarning: The detected CUDA version (11.8) has a minor version mismatch with the version that was used to compile PyTorch (11.7). Most likely this shouldn't be a problem.\n";
    expect(diagnose(log).diagnoses).not.toEqual([]);
    expect(diagnose(`${log}Finished processing dependencies for my-ops==1.0\n`).diagnoses).toEqual([]);
  });

  it("what a run that ends well said before is told in a low voice", () => {
    const log =
      "Traceback (most recent call last):\n  File \"/srv/norms.py\", line 12, in <module>\n    import fused_layer_norm_cuda\nModuleNotFoundError: No module named 'fused_layer_norm_cuda'\n";
    expect(diagnose(log).diagnoses[0]?.confidence).toBe("high");
    expect(diagnose(`${log}epoch 1 loss 2.30\ntraining finished\n`).diagnoses[0]?.confidence).toBe("low");
  });

  it("npm's and node-gyp's logs get no advice on extensions of torch", () => {
    expect(
      diagnose(
        "npm ERR! code 1\nnpm ERR! make: *** [a.target.mk:121: Release/obj.target/a/src/a.o] Error 1\nnpm ERR! gyp ERR! build error\nnpm ERR! gyp ERR! stack Error: `make` failed with exit code: 2",
      ).diagnoses,
    ).toEqual([]);
  });

  it("nor do the steps of an image that other package managers fail in", () => {
    for (const step of [
      'ERROR: process "/bin/bash -ol pipefail -c npm install" did not complete successfully: exit code: 1',
      '#8 1830.2 Error: Error downloading packages:\n#8 ERROR: process "/bin/sh -c dnf install -y git gcc make && dnf clean all" did not complete successfully: exit code: 1',
    ])
      expect(diagnose(step).diagnoses).toEqual([]);
    expect(
      diagnose(
        'ERROR: process "/bin/sh -c apt-get update && pip install ./ops" did not complete successfully: exit code: 1',
      ).diagnoses,
    ).not.toEqual([]);
  });
});
