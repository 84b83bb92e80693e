/**
 * Instructions of a Dockerfile in the words of cog.yaml, from which cog makes its Dockerfile: commands below `build: run:`, variables
 * below `environment:`. It does not know what else the file has. Source: docs/yaml.md of replicate/cog.
 */

import { entry } from "./yaml-words.ts";

/** The lines for cog.yaml; they are none for a shell, so all are remarks but `cog` itself. */
export function forCog(lines: readonly string[], again: string | undefined): readonly string[] {
  if (!lines.some((line) => /^(?:RUN|ENV) /.test(line))) return lines;
  let folder = "";
  const run: string[] = [];
  const variables: string[] = [];
  const remarks: string[] = [];
  for (const line of lines) {
    if (line.startsWith("# in the Dockerfile")) continue;
    const [, instruction = "", rest = "", remark] = /^(RUN|ENV|WORKDIR) (.*?)(?:\s{2,}(# .*))?$/.exec(line) ?? [];
    if (remark !== undefined) remarks.push(remark);
    if (instruction === "RUN") run.push(`${folder}${rest}`);
    else if (instruction === "ENV") variables.push(rest.replace(/^(\w+)="(.*)"$/, "$1=$2"));
    else if (instruction === "WORKDIR") folder = `cd ${rest} && `;
    else remarks.push(line);
  }
  return [
    ...(variables.length === 0
      ? []
      : ["# cog.yaml, at its top level:", "environment:", ...variables.map((each) => `  - ${entry(each)}`)]),
    ...(run.length === 0
      ? []
      : [
          "# cog.yaml, below build:, in place of the command that fails (what other commands run: has stays before it):",
          "  run:",
          ...run.map((each) => `    - ${entry(each)}`),
        ]),
    ...remarks,
    ...(again === undefined ? [] : [`# then: ${again}`]),
  ];
}
