/**
 * The tool that keeps the environment in the text (pip, uv's three ways, poetry, pdm, pixi, conda) and its words for another
 * Python and for a package of PyTorch's index. Sources: the documentation of each tool.
 */
import { pip, platformOf } from "./command-words.ts";
import type { Match } from "../rule.ts";

export type ProjectTool = "pip" | "uv-pip" | "uv-project" | "uv-tool" | "poetry" | "pdm" | "pixi";

/** Who installs, as the message and the commands in the text tell. */
export function projectTool(match: Match): ProjectTool {
  const { log } = match.context;
  const { message } = match.finding;
  if (/Unable to find installation candidates|version solving failed|no versions of \S+ match/.test(message))
    return "poetry";
  if (log.pixi || log.installer === "pixi") return "pixi";
  if (/resolving tool dependencies/.test(message) || log.uvCommand === "tool") return "uv-tool";
  if (/\byour (?:project|workspace)\b|for split \(|@ registry\+/.test(message)) return "uv-project";
  if (log.uvCommand !== undefined) return log.uvCommand === "pip" ? "uv-pip" : "uv-project";
  // These sentences are uv's alone.
  if (/No solution found when|we can conclude that|[Yy]ou require CPython|wheels with a matching/.test(message))
    return "uv-pip";
  if (log.installer === "uv") return "uv-pip";
  return log.installer === "poetry" || log.installer === "pdm" ? log.installer : "pip";
}

/** The program that a `uv tool` runs. */
function toolName(match: Match): string {
  return match.context.log.uvTool ?? "<the tool>";
}

/** A release of torch with the torchvision and torchaudio that a command of the text asks for beside it, of one build. */
export function withCompanions(match: Match, asked: string): string {
  if (!/^torch==/.test(asked)) return asked;
  const build = /\+\w+$/.exec(asked)?.[0];
  const beside = match.context.log.companions ?? [];
  return [asked, ...beside.map((word) => (build === undefined ? word : word.replace(/\+\w+$/, build)))].join(" ");
}

/** Another Python for the environment. What was asked for is asked for again there. */
export function usePython(match: Match, python: string, again?: string): string[] {
  const windows = platformOf(match) === "win32";
  const below = `<3.${Number(python.split(".")[1]) + 1}`;
  switch (projectTool(match)) {
    case "uv-project":
      return [
        `uv python pin ${python} && uv sync`,
        `# pyproject.toml: requires-python with the bound ${below}, so that uv resolves for no Python without a wheel`,
      ];
    case "uv-tool":
      return [`uv tool run --python ${python} ${toolName(match)}   # uv tool install --python ${python} …`];
    case "uv-pip":
      return [
        `uv venv --python ${python}   # in place of .venv; in a folder of its own: uv venv --python ${python} .venv${python.replace(".", "")}`,
        again === undefined ? "# then the same command" : `uv pip install ${again}`,
      ];
    case "poetry":
      return [
        `poetry env use ${python} && poetry install   # no python${python} there: uv python install ${python}, or pyenv install ${python}`,
        `# pyproject.toml: requires-python (older poetry: python) with the bound ${below}, so that the lock is for Pythons with a wheel: poetry lock`,
      ];
    case "pdm":
      return [`pdm use ${python} && pdm install   # no python${python} there: pdm python install ${python}`];
    case "pixi":
      return [`pixi add "python=${python}.*"`];
    case "pip":
      if (match.context.log.conda)
        return [
          `conda create -n py${python.replace(".", "")} python=${python} && conda activate py${python.replace(".", "")}`,
          ...(again === undefined ? ["# then the same command"] : [`python -m pip install ${again}`]),
        ];
      if (windows)
        return [
          `py -${python} -m venv .venv   # no Python ${python} there: winget install Python.Python.${python}; or conda create -n e python=${python}`,
          ".venv\\Scripts\\activate",
          again === undefined ? "# then the same command" : `python -m pip install ${again}`,
        ];
      return [
        `uv venv --python ${python} --seed && . .venv/bin/activate   # or conda create -n e python=${python}`,
        again === undefined
          ? "# then the same command, with uv pip in place of pip (conda: pip as it is)"
          : `uv pip install ${again}`,
      ];
  }
}

/** Installs a package of PyTorch's index, `torch==2.5.1` of `cu124`. */
export function fromTorchIndex(match: Match, what: string, build: string): string[] {
  const index = `https://download.pytorch.org/whl/${build}`;
  const [name = "torch", version] = what.split("==");
  const asked = version === undefined ? name : `${name}==${version}`;
  switch (projectTool(match)) {
    case "uv-project":
    case "uv-tool":
      return [
        `uv add "${asked}" --index pytorch-${build}=${index}`,
        `# pyproject.toml then: [[tool.uv.index]] name = "pytorch-${build}" url = "${index}" explicit = true, and [tool.uv.sources] ${name} = { index = "pytorch-${build}" }`,
      ];
    case "uv-pip":
      return [`uv pip install "${asked}" --torch-backend ${build}   # older uv: --extra-index-url ${index}`];
    case "poetry":
      return [
        `poetry source add --priority explicit pytorch-${build} ${index}`,
        `poetry add ${version === undefined ? name : `"${name}==${version}+${build}"`} --source pytorch-${build}`,
      ];
    case "pixi":
      return [
        `# pixi.toml ([tool.pixi.…] in pyproject.toml): [pypi-dependencies] ${name} = { version = "${version === undefined ? "*" : `==${version}`}", index = "${index}" }`,
        "pixi install",
      ];
    case "pdm":
    case "pip":
      return [
        pip(
          match,
          `install ${withCompanions(match, `${asked}${version === undefined ? "" : `+${build}`}`)} --index-url ${index}`,
        ),
      ];
  }
}

/** Asks for a release: `torch==2.5.1`, `torch>=2.6`. */
export function askFor(match: Match, what: string): string {
  switch (projectTool(match)) {
    case "uv-project":
      return `uv add "${what}"`;
    case "poetry":
      return `poetry add "${what}"`;
    case "pdm":
      return `pdm add "${what}"`;
    case "pixi":
      return `pixi add --pypi "${what}"`;
    case "uv-pip":
      return `uv pip install "${what}"`;
    case "uv-tool":
      return `uv tool run --with "${what}" ${toolName(match)}`;
    case "pip":
      return pip(match, `install "${what}"`);
  }
}
