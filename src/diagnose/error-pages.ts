/** The pages of docs/errors: one per rule and an index, made from the table of rules and nothing else. */
import { diagnose } from "./diagnose.ts";
import type { Diagnosis } from "./rank.ts";
import type { Example, Role, Rule } from "./rule.ts";
import { type RuleFamily, ruleFamilies } from "./rules/index.ts";

/** A page; the path counts from the root of the repository. */
export interface ErrorPage {
  readonly path: string;
  readonly text: string;
}

const folder = "docs/errors";
const notice = "<!-- Made by `npm run docs:gen`; changes here are lost. -->";
/** More examples of one rule say little that is new. */
const examplesShown = 3;

const roleText: Readonly<Record<Role, string>> = {
  cause: "a root cause",
  symptom: "may follow from another error of the same log, which then stands before it",
  advice: "a warning that breaks nothing by itself; shown when nothing else is found",
  generic: "known by its form only; shown when no cause is found",
  wrapper: "only says that something failed elsewhere; shown when the log has nothing else",
};

/** All pages, the index first. */
export function errorPages(): readonly ErrorPage[] {
  return [
    { path: `${folder}/README.md`, text: indexPage() },
    ...ruleFamilies.flatMap((family) =>
      family.rules.map((rule) => ({ path: `${folder}/${rule.id}.md`, text: rulePage(rule, family) })),
    ),
  ];
}

function indexPage(): string {
  const count = ruleFamilies.reduce((sum, family) => sum + family.rules.length, 0);
  const families = ruleFamilies.map((family) => {
    const rows = [...family.rules]
      .sort((a, b) => (a.id < b.id ? -1 : 1))
      .map((rule) => `| [${rule.id}](${rule.id}.md) | ${escaped(rule.title)} |`);
    return `## ${family.name}\n\n| | |\n| --- | --- |\n${rows.join("\n")}\n`;
  });
  return `${notice}\n\n# Errors that retorch knows\n\n\`retorch diagnose\` tells ${count} of them apart. How it works: [diagnose.md](../diagnose.md).\n\n${families.join("\n")}`;
}

function rulePage(rule: Rule, family: RuleFamily): string {
  const shown = rule.examples.slice(0, examplesShown);
  const parts = [
    notice,
    `# ${escaped(rule.title)}`,
    `\`${rule.id}\`, of the family “${family.name}”: ${roleText[rule.role ?? "cause"]}.`,
    ...shown.flatMap((example, index) => exampleParts(rule, example, index === 0)),
    ...(rule.change === undefined
      ? []
      : ["`retorch build --fix` changes the configuration accordingly where it is sure of it."]),
    ...(rule.sources.length === 0
      ? []
      : [`## Sources\n\n${rule.sources.map((source) => `- ${sourceLink(source)}`).join("\n")}`]),
  ];
  return `${parts.join("\n\n")}\n`;
}

function exampleParts(rule: Rule, example: Example, first: boolean): string[] {
  const answer: Diagnosis | undefined = diagnose(example.text).diagnoses.find(({ id }) => id === rule.id);
  return [
    first ? "## A message" : "## Another message",
    fenced(example.text, "text"),
    ...(answer === undefined
      ? []
      : [escaped(answer.cause), ...(answer.fix.length === 0 ? [] : [fenced(answer.fix.join("\n"), "sh")])]),
  ];
}

function fenced(text: string, language: string): string {
  const fence = text.includes("```") ? "````" : "```";
  return `${fence}${language}\n${text}\n${fence}`;
}

/** Angle brackets are tags to Markdown, except within code marks. */
function escaped(text: string): string {
  return text
    .split("`")
    .map((part, index) => (index % 2 === 0 ? part.replaceAll("<", "\\<").replaceAll("|", "\\|") : part))
    .join("`");
}

/** `owner/name#1`, `owner/name: path`, `pytorch: path` or an address. */
function sourceLink(source: string): string {
  const thread = /^([\w.-]+\/[\w.-]+)#(\d+)$/.exec(source);
  if (thread !== null) return `[${source}](https://github.com/${thread[1] ?? ""}/issues/${thread[2] ?? ""})`;
  const file = /^([\w.-]+(?:\/[\w.-]+)?): (\S+)$/.exec(source);
  if (file !== null) {
    const repository = file[1]?.includes("/") === true ? file[1] : `${file[1] ?? ""}/${file[1] ?? ""}`;
    return `[${source}](https://github.com/${repository}/blob/main/${file[2] ?? ""})`;
  }
  return `<${source}>`;
}
