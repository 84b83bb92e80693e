/**
 * A package that pixi builds without isolation: the option for it in the project's file, and what the build needs among the
 * dependencies of conda, as pixi takes it from there. It does not know which features the project has. Source: pixi's documentation
 * of `[pypi-options] no-build-isolation` (pixi 0.29 and newer), of `pixi add` and of the manifest.
 */
import { plainName } from "../../base/package-name.ts";
import type { Match } from "../rule.ts";

/** The file of pixi's has the tables of pyproject.toml, or some of them, so that they are passed over. */
export function misnamedTables({ context: { log } }: Match): boolean {
  const { prefixed, plain, options } = log.pixiProject;
  return prefixed === true && plain === true && options?.startsWith("tool.pixi.") === true;
}

function names(list: readonly string[] | undefined, name: string): boolean {
  return (list ?? []).some((each) => plainName(each) === plainName(name));
}

/** Whether the package is built without isolation already. */
export function isUnisolatedByPixi(match: Match, name: string): boolean {
  return names(match.context.log.pixiProject.unisolated, name) && !misnamedTables(match);
}

/** The option, put into the file where it is not. */
function option(match: Match, name: string, file: string, table: string): string[] {
  const { unisolated, options } = match.context.log.pixiProject;
  if (misnamedTables(match))
    return [
      `sed -i.bak 's/^\\[tool\\.pixi\\./[/' ${file}   # pixi.toml's tables have no tool.pixi in front, that is for pyproject.toml: [${options ?? ""}] was passed over`,
      ...(names(unisolated, name) ? [] : [inList(name, file)]),
    ];
  if (names(unisolated, name)) return [];
  return unisolated !== undefined && options !== undefined
    ? [inList(name, file)]
    : [
        `printf '\\n[${table}]\\nno-build-isolation = ["${name}"]\\n' >> ${file}   # pixi 0.29 or newer (pixi self-update); a [${table}] that is there already: the line goes into it`,
      ];
}

function inList(name: string, file: string): string {
  return `sed -i.bak '/^no-build-isolation *=/s/\\[/["${name}", /' ${file}`;
}

export function pixiWithoutIsolation(match: Match, name: string, wanted: string): string[] {
  const { pixiProject } = match.context.log;
  const { pypiTorch = [] } = pixiProject;
  const inPython = pixiProject.prefixed === true && pixiProject.plain !== true;
  const [file, table] = inPython
    ? (["pyproject.toml", "tool.pixi.pypi-options"] as const)
    : (["pixi.toml", "pypi-options"] as const);
  // The text's project has torch of conda already, in a release that it chose.
  const feature = /^(?:tool\.pixi\.)?feature\.([\w-]+)\./.exec(pixiProject.options ?? "")?.[1];
  const typed = match.context.log.projectLine;
  const torch =
    pixiProject.condaTorch === true
      ? ""
      : `pytorch-gpu ${pypiTorch.filter((each) => each !== "torch").join(" ")} `.replace(/ {2,}/, " ");
  return [
    ...option(match, name, file, table),
    ...(pypiTorch.length === 0 || pixiProject.condaTorch === true
      ? []
      : [
          `sed -i.bak -E '/^"?(${pypiTorch.join("|")})"? *=/d' ${file}   # torch of PyPI is not there yet when ${name} is looked at: without isolation pixi has what conda brings, and nothing else`,
        ]),
    `pixi add ${feature === undefined ? "" : `--feature ${feature} `}${torch}setuptools ninja   # what the build sees is what conda brings${torch === "" ? ", torch is there" : ""}; kernels for CUDA: cuda-nvcc of torch's CUDA, too`,
    typed?.startsWith("pixi install") === true ? typed : "pixi install",
    `# or outside of the lock file: pixi run python -m pip install --no-build-isolation ${wanted}`,
  ];
}
