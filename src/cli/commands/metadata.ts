/** `retorch metadata`: what a project is, as JSON for programs. */
import { projectDocument } from "../../build/project-facts.ts";
import { sayFailure, type CommandContext } from "../context.ts";
import type { CommandInput } from "../spec.ts";
import type { metadataOptions } from "../options.ts";

export async function run(
  context: CommandContext,
  { operands }: CommandInput<typeof metadataOptions>,
): Promise<number> {
  const { host, program, services } = context;
  const project = await services.project(host, { paths: operands });
  if (!project.ok) return sayFailure(context, project.error);
  program.stdout.write(`${JSON.stringify(projectDocument(project.value), undefined, 2)}\n`);
  return 0;
}
