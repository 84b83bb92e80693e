import { expect, test } from "vitest";
import type { Extension } from "../../../src/config/extension.ts";
import { ccclNamespace } from "../../../src/plan/cccl-namespace.ts";
import { pathRules } from "../../../src/plan/paths.ts";

function of(name: string, root: string, sources: readonly string[]): ReturnType<typeof ccclNamespace> {
  const extension = { name, sources: sources.map((path) => ({ path: `${root}/${path}` })) } as unknown as Extension;
  const places = { platform: "linux", path: pathRules("linux"), root, buildDir: `${root}/.retorch` } as const;
  return ccclNamespace(extension, places, `${root}/.retorch/obj/${name}/${sources[0]}.o`);
}

test("an extension's namespace for Thrust and CUB is its own, and the same wherever it lies", () => {
  const one = of("pkg._C", "/home/ada/ops", ["b.cu", "a.cu"]);
  expect(one.macro).toMatch(/^THRUST_CUB_WRAPPED_NAMESPACE=retorch_pkg__C_[0-9a-f]{8}$/);
  const [, name = ""] = one.macro.split("=");
  expect(one.header).toEqual({
    path: ".retorch/obj/pkg._C/b.cu.o.cccl.h",
    content: `namespace ${name} { namespace thrust {} namespace cub {} } namespace thrust = ${name}::thrust; namespace cub = ${name}::cub;\n`,
  });
  expect(of("pkg._C", "/tmp/x", ["a.cu", "b.cu"]).macro).toBe(one.macro);
  expect(of("pkg._C", "/home/ada/ops", ["a.cu"]).macro).not.toBe(one.macro);
  expect(of("pkg._D", "/home/ada/ops", ["a.cu", "b.cu"]).macro).not.toBe(one.macro);
});
