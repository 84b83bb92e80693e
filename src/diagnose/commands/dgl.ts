/**
 * How DGL is installed for the torch that is there. PyPI has no sources of it; its wheels lie on pages of its own, and its packages
 * for conda bear the CUDA in their name (0.9 and older). It does not look a page up. Sources: https://www.dgl.ai/pages/start.html,
 * "Install from conda or pip" of DGL's user guide (0.9), dglai/dglai.github.io#95 (no packages for Windows and macOS since
 * mid-2024, after 2.2.1).
 */
import { pip, platformOf } from "./command-words.ts";
import type { Match } from "../rule.ts";
import { torchCuda } from "./toolkit-commands.ts";

/** CUDA versions that DGL up to 0.9 has packages for. */
const named = new Set(["10.2", "11.3", "11.6"]);

function isAfter21(release: string | undefined): boolean {
  const [major = 0, minor = 0] = (release ?? "").split(".").map(Number);
  return major > 2 || (major === 2 && minor >= 1);
}

/** DGL in place of the one that does not go with torch. */
export function installDgl(match: Match): string[] {
  const release = /^\d+\.\d+/.exec(match.context.log.installedTorch ?? "")?.[0];
  const cuda = torchCuda(match);
  const shown = `${match.context.log.conda ? "conda list | grep -i dgl; " : ""}${pip(match, "list")} | ${platformOf(match) === "win32" ? "findstr /i" : "grep -i"} dgl   # all that is there of it: the one for another CUDA has to go`;
  const away = pip(match, "uninstall -y dgl dgl-cu102 dgl-cu110 dgl-cu111 dgl-cu113 dgl-cu116");
  if (platformOf(match) !== "linux") return [shown, away, ...forOthers(match)];
  if (release !== undefined && isAfter21(release))
    return [shown, away, pip(match, `install --no-cache-dir dgl -f ${pageFor(release, cuda)}`)];
  if (cuda !== undefined && named.has(cuda))
    return [
      shown,
      away,
      match.context.log.conda
        ? `conda remove --force -y dgl; conda install -c dglteam dgl-cuda${cuda}   # of torch's CUDA; conda remove takes the name that conda list shows`
        : pip(match, `install --no-cache-dir dgl-cu${cuda.replace(".", "")} -f https://data.dgl.ai/wheels/repo.html`),
      ...(match.context.log.conda
        ? [
            `# or with pip alone: ${pip(match, `install dgl-cu${cuda.replace(".", "")} -f https://data.dgl.ai/wheels/repo.html`)}`,
          ]
        : []),
    ];
  return cuda === undefined
    ? [shown, "# then the DGL of torch's release and CUDA, by the table of https://www.dgl.ai/pages/start.html"]
    : [
        shown,
        away,
        pip(match, `install --no-cache-dir dgl -f https://data.dgl.ai/wheels/cu${cuda.replace(".", "")}/repo.html`),
      ];
}

/** The page of wheels for a torch of 2.1 to 2.4. */
function pageFor(release: string, cuda: string | undefined): string {
  const tag = cuda?.replace(".", "") ?? "";
  return `https://data.dgl.ai/wheels/torch-${release}/${/^(?:118|121|124)$/.test(tag) ? `cu${tag}/` : ""}repo.html`;
}

/** The last DGL for Windows and macOS, with a torch that it has a library for. */
export function forOthers(match: Match): string[] {
  return [
    `${pip(match, 'install "torch==2.2.*" "dgl==2.2.*" "numpy<2" -f https://data.dgl.ai/wheels/torch-2.2/repo.html -f https://data.dgl.ai/wheels/repo.html')}   # DGL has no newer packages for ${platformOf(match) === "win32" ? "Windows" : "macOS"}: 2.2.1 is the last, for torch up to 2.3`,
    "# a newer torch or DGL: Linux, WSL or a container of it",
  ];
}
