/** The table of keys as documentation and as a JSON Schema, so that neither can differ from what is read. */
import { type KeyTable, extensionKeys, overrideKeys, projectKeys } from "./schema.ts";
import type { JsonSchema } from "./value-type.ts";

/** The reference of all keys, in Markdown, for `docs/configuration.md`. */
export function configurationReference(): string {
  return [
    "### At the top of the file",
    "",
    ...keyTable(projectKeys),
    "",
    "### In `[extension.NAME]` and in `[defaults]`",
    "",
    ...keyTable(extensionKeys),
    "",
    "### In `[[extension.NAME.override]]`",
    "",
    ...keyTable(overrideKeys),
    "",
  ].join("\n");
}

function keyTable(keys: KeyTable): string[] {
  const rows = Object.entries(keys).map(([key, { type, doc, default: value, example }]) => {
    const isToml = /^(?:true|false|[["{].*)$/.test(value);
    const shownDefault = isToml ? `\`${value}\`` : value;
    return `| \`${key}\` | ${type.label} | ${cell(shownDefault)} | ${cell(doc)}<br>${cell(`\`${key} = ${example}\``)} |`;
  });
  return ["| key | value | default | meaning and example |", "|---|---|---|---|", ...rows];
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}

/** A JSON Schema (draft 7, which TOML editors know) of `retorch.toml` and of `[tool.retorch]`. */
export function configurationJsonSchema(): JsonSchema {
  const override = {
    type: "object",
    description: "Flags and macros for single files.",
    properties: properties(overrideKeys),
    required: ["files"],
    additionalProperties: false,
  };
  const group = {
    ...properties(extensionKeys),
    override: { type: "array", items: { $ref: "#/definitions/override" } },
  };
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "retorch.toml",
    description: "How retorch builds the PyTorch extensions of a project.",
    type: "object",
    properties: {
      ...properties(projectKeys),
      defaults: { $ref: "#/definitions/defaults" },
      extension: {
        type: "object",
        description: "The extensions by name; a name with dots stands in quotes.",
        additionalProperties: { $ref: "#/definitions/extension" },
      },
    },
    additionalProperties: false,
    definitions: {
      override,
      defaults: {
        type: "object",
        description: "What holds for every extension.",
        properties: group,
        additionalProperties: false,
      },
      extension: {
        type: "object",
        description: "One extension.",
        properties: group,
        required: ["sources"],
        additionalProperties: false,
      },
    },
  };
}

function properties(keys: KeyTable): Readonly<Record<string, JsonSchema>> {
  return Object.fromEntries(
    Object.entries(keys).map(([key, { type, doc }]) => [key, { description: doc, ...type.jsonSchema }]),
  );
}
