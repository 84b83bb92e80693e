/** docs/errors: made from the table of rules, a page for each. */
import { describe, expect, it } from "vitest";
import { errorPages } from "../../../src/diagnose/error-pages.ts";
import { ruleFamilies, rules } from "../../../src/diagnose/rules/index.ts";

describe("the pages of the errors", () => {
  const pages = errorPages();

  it("are one for each rule, and an index", () => {
    expect(pages.map(({ path }) => path)).toEqual([
      "docs/errors/README.md",
      ...rules.map(({ id }) => `docs/errors/${id}.md`),
    ]);
  });

  it("are the same each time", () => {
    expect(errorPages()).toEqual(pages);
  });

  it("show a message, what it means and what to do", () => {
    for (const { path, text } of pages.slice(1)) {
      expect(text, path).toMatch(/^<!-- .* -->\n\n# .+\n/);
      expect(text, path).toMatch(/## A message\n\n`{3,4}text\n[\s\S]+?\n`{3,4}\n\n\S[\s\S]+?\n\n```sh\n\S/);
    }
  });

  it("are all named in the index, under their family", () => {
    const index = pages[0]?.text ?? "";
    for (const family of ruleFamilies) expect(index).toContain(`## ${family.name}\n`);
    for (const { id } of rules) expect(index).toContain(`[${id}](${id}.md)`);
  });

  it("link to threads, files and pages", () => {
    for (const { path, text } of pages) {
      for (const line of text.split("## Sources\n\n")[1]?.trim().split("\n") ?? [])
        expect(line, path).toMatch(
          /^- (?:\[[^\]]+\]\(https:\/\/github\.com\/[\w.-]+\/[\w.-]+\/\S+\)|<https:\/\/\S+>)$/,
        );
    }
  });
});
