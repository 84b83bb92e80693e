/**
 * The messages of the reference, varied without a look at the rules: other names and versions, other tools and
 * languages, cut short, two in one log, and texts that only look alike. Each as it is, and in one of the forms that
 * terminals, collectors and people give to a text.
 */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { diagnose } from "../../../src/diagnose/diagnose.ts";

const file = new URL("../../fixtures/diagnose/variations.txt", import.meta.url);
const cases = readFileSync(file, "utf8")
  .split(/^=== /m)
  .slice(1)
  .map((part) => {
    const end = part.indexOf("\n");
    return { wanted: part.slice(0, end).split(", "), text: part.slice(end + 1).trimEnd() };
  });

const forms: readonly ((text: string) => string)[] = [
  each((line) => `2024-05-01T12:00:00.1234567Z ${line}`),
  each((line) => `2024-05-01 12:00:00,123 - app.main - ERROR - ${line}`),
  each((line) => `2024-05-01 12:00:00.123 | ERROR    | app.main:run:42 - ${line}`),
  each((line) => `[2024-05-01, 12:00:00 UTC] {logging_mixin.py:188} INFO - ${line}`),
  each((line) => `[pod/trainer-0/main] ${line}`),
  each((line) => `build.log:120:${line}`),
  each((line) => `my-ext> ${line}`),
  each((line) => `\\x1b[31m${line}\\x1b[0m`),
  (text) => JSON.stringify({ log: `${text}\n`, stream: "stderr" }),
  (text) => `fatal: [host]: FAILED! => ${JSON.stringify({ rc: 1, stderr: text })}`,
  (text) => text.replaceAll("&", "&#38;").replaceAll("<", "&#60;").replaceAll(">", "&#62;").replaceAll('"', "&#34;"),
  (text) => `Hi, I get this:\n\`\`\`\n${text}\n\`\`\`\nAny ideas?`,
];

/** What follows a line counts in these. */
const asTheyStand = /none|stale-build-lock|only-wrapper-lines/;

describe("variations of the reference", () => {
  it.each(cases.map((entry, index) => ({ ...entry, index })))("$wanted: $text", ({ wanted, text, index }) => {
    const isSure = check(wanted, text);
    const form = forms[index % forms.length];
    // A part of a line is known only alone.
    if (form !== undefined && isSure && !wanted.some((id) => asTheyStand.test(id))) check(wanted, form(text));
  });
});

function check(wanted: readonly string[], text: string): boolean {
  const [best] = diagnose(text).diagnoses;
  if (wanted.includes("none")) expect(best === undefined || best.confidence !== "high").toBe(true);
  else expect(wanted, text).toContain(best?.id);
  return best?.confidence === "high";
}

function each(change: (line: string) => string): (text: string) => string {
  return (text) => text.split("\n").map(change).join("\n");
}
