import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { configurationJsonSchema, configurationReference } from "../../../src/config/reference.ts";
import { type KeyTable, extensionKeys, keysNotNeeded, overrideKeys, projectKeys } from "../../../src/config/schema.ts";
import { readConfiguration } from "../../../src/config/settings.ts";
import { parseToml } from "../../../src/config/toml.ts";

const page = readFileSync(new URL("../../../docs/configuration.md", import.meta.url), "utf8");

async function problemsIn(text: string): Promise<string[]> {
  const parsed = await parseToml(text);
  if (!parsed.ok) return [parsed.error.message];
  return readConfiguration(parsed.value, []).problems.map(({ message, hint }) => `${message}; ${hint}`);
}

const tables: [string, KeyTable, (line: string) => string][] = [
  ["the top", projectKeys, (line) => line],
  ["[extension.x]", extensionKeys, (line) => `[defaults]\n${line}`],
  [
    "[[extension.x.override]]",
    overrideKeys,
    (line) => `[[defaults.override]]\n${line.startsWith("files") ? "" : 'files = ["a"]\n'}${line}`,
  ],
];

describe.each(tables)("keys of %s", (_name, keys, document) => {
  test.each(Object.entries(keys))("%s: its example is right", async (key, { example }) => {
    expect(await problemsIn(document(`${key} = ${example}`))).toEqual([]);
  });

  test.each(Object.entries(keys).filter(([, spec]) => /^(?:true|false|["[{].*)$/.test(spec.default)))(
    "%s: its default is right",
    async (key, spec) => {
      expect(await problemsIn(document(`${key} = ${spec.default}`))).toEqual([]);
    },
  );
});

test("no name of another tool means two keys, or a key that there is", () => {
  for (const keys of [projectKeys, extensionKeys, overrideKeys] as KeyTable[]) {
    const elsewhere = Object.values(keys).flatMap((spec) => spec.elsewhere ?? []);
    expect(elsewhere.filter((name, index) => elsewhere.indexOf(name) !== index)).toEqual([]);
    expect(elsewhere.filter((name) => Object.hasOwn(keys, name) && keys !== overrideKeys)).toEqual([]);
    expect([...keysNotNeeded.keys()].filter((name) => elsewhere.includes(name))).toEqual([]);
  }
});

describe("docs/configuration.md", () => {
  test("holds the reference as it is", () => {
    expect(page).toContain(configurationReference().trim());
  });

  test("has examples that are right", async () => {
    const blocks = Array.from(page.matchAll(/```toml\n([\s\S]*?)```/g), ([, block]) => block ?? "");
    expect(blocks.length).toBeGreaterThan(0);
    for (const block of blocks) expect(await problemsIn(block)).toEqual([]);
  });

  test("has every key in a row of its own", () => {
    for (const [, keys] of tables)
      for (const key of Object.keys(keys)) expect(configurationReference()).toContain(`\n| \`${key}\` |`);
  });
});

test("the JSON Schema has every key, described, and no other", () => {
  const schema = configurationJsonSchema() as {
    properties: Record<string, { description?: string }>;
    definitions: Record<
      string,
      { properties: Record<string, unknown>; required?: string[]; additionalProperties: boolean }
    >;
  };
  expect(Object.keys(schema.properties)).toEqual([...Object.keys(projectKeys), "defaults", "extension"]);
  expect(Object.keys(schema.definitions["extension"]?.properties ?? {})).toEqual([
    ...Object.keys(extensionKeys),
    "override",
  ]);
  expect(Object.keys(schema.definitions["override"]?.properties ?? {})).toEqual(Object.keys(overrideKeys));
  expect(schema.definitions["extension"]).toMatchObject({ required: ["sources"], additionalProperties: false });
  expect(schema.definitions["defaults"]).not.toHaveProperty("required");
  expect(schema.properties["profile"]).toMatchObject({
    type: "string",
    enum: ["release", "debug", "release-with-debug", "none"],
  });
  expect(schema.properties["python"]?.description).toBe(projectKeys.python.doc);
});
