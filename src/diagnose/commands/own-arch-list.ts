/** Packages whose set-up script names the GPU architectures itself, in the variable that a shell would set: it does not know the rest of the script. */
import { buildAgain, pip, platformOf, python } from "./commands.ts";
import { toFetchedSources } from "./fetched-sources.ts";
import type { Match } from "../rule.ts";

/**
 * pointnet2_ops and its kin, whose setup.py sets `os.environ["TORCH_CUDA_ARCH_LIST"]` itself, so that a variable of the shell counts
 * for nothing: that line is taken out. Source: pointnet2_ops_lib/setup.py of erikwijmans/Pointnet2_PyTorch, its #180.
 */
export function ownListWithout(match: Match, list: string): string[] | undefined {
  const { requested = [], package: built = "", setupCommand, setupFolder } = match.context.log;
  const texts = [match.finding, ...match.context.findings].map(({ file, text }) => `${file ?? ""} ${text}`).join("\n");
  if (!/pointnet2[_-]ops/i.test(`${built} ${requested.join(" ")} ${texts}`)) return undefined;
  if (platformOf(match) === "win32")
    return [
      '# take the line os.environ["TORCH_CUDA_ARCH_LIST"] = "3.7+PTX;…" out of pointnet2_ops_lib\\setup.py: it overrides the variable',
      list,
      ...buildAgain(match),
    ];
  const without = "sed -i.bak '/environ.*TORCH_CUDA_ARCH_LIST/d'";
  const fetch = toFetchedSources(match);
  const folder =
    requested.length === 1 ? /^"?((?:\.{0,2}\/)?[\w.-]+(?:\/[\w.-]+)*)\/?"?$/.exec(requested[0] ?? "")?.[1] : undefined;
  if (fetch.length > 0 && requested[0]?.includes("git+") === true)
    return [...fetch, `${without} setup.py`, list, pip(match, "install --no-build-isolation .")];
  if (setupCommand !== undefined && requested.length === 0)
    return [
      ...(setupFolder === undefined ? [] : [`cd ${setupFolder}`]),
      `${without} setup.py`,
      list,
      `${python(match)} ${setupCommand}`,
    ];
  if (folder?.includes("/") === true || folder === "." || match.context.log.localPackages.length > 0)
    return [
      `${without} ${folder ?? "."}/setup.py`,
      list,
      pip(match, `install --no-build-isolation ${folder === "." ? "." : `./${(folder ?? "").replace(/^\.\//, "")}`}`),
    ];
  return [
    "git clone https://github.com/erikwijmans/Pointnet2_PyTorch && cd Pointnet2_PyTorch/pointnet2_ops_lib",
    `${without} setup.py`,
    list,
    pip(match, "install --no-build-isolation ."),
  ];
}
