/** torch for a Jetson, by its JetPack. It does not know which wheels lie at those addresses today. */
import { pip } from "./command-words.ts";
import type { Match } from "../rule.ts";

/**
 * Where torch for a Jetson comes from. Sources: "Installing PyTorch for Jetson Platform" of NVIDIA's documentation,
 * "PyTorch for Jetson" in NVIDIA's forum (topic 72048), dusty-nv/jetson-containers. A JetPack goes with one Ubuntu, whose
 * Python the wheels are for: 3.6 of 18.04 with JetPack 4, 3.8 of 20.04 with 5, 3.10 of 22.04 with 6, 3.12 of 24.04 with 7,
 * which takes the wheels for servers (pollen-robotics/microduck_rl#38).
 */
export function torchForJetson(match: Match, names = "torch torchvision"): string[] {
  const { python, l4tBoard, l4tImage } = match.context.log;
  const l4t = l4tBoard ?? l4tImage;
  const old =
    python === "3.6" || l4t?.startsWith("32") === true
      ? "4"
      : python === "3.8" || l4t?.startsWith("35") === true
        ? "5"
        : undefined;
  // JetPack 7 takes the wheels for servers, of an index of its own.
  const sbsa = l4t?.startsWith("38") === true;
  const own = old === undefined ? pythonForJetson(match, sbsa ? "3.12" : "3.10") : [];
  // The one that is there stays where pip is not told otherwise: its release has the same number.
  const force = (match.context.log.installedTorch ?? match.context.log.torch) === undefined ? "" : "--force-reinstall ";
  const words = `install ${force}${names} --index-url https://pypi.jetson-ai-lab.io/${sbsa ? "sbsa/cu130" : "jp6/cu126"}`;
  const command = own.length === 0 ? pip(match, words) : `python -m pip ${words}`;
  return [
    "cat /etc/nv_tegra_release; dpkg -l nvidia-jetpack | tail -1   # which JetPack? torch has to be the build for it",
    ...own,
    sbsa
      ? `${command}   # JetPack 7`
      : old === undefined
        ? `${command}   # JetPack 6; 5 and 4: NVIDIA's wheels, https://docs.nvidia.com/deeplearning/frameworks/install-pytorch-jetson-platform/. PyPI's torch does not know the board`
        : `# NVIDIA's wheel for JetPack ${old}: https://forums.developer.nvidia.com/t/pytorch-for-jetson/72048 (PyPI's torch does not know the board)`,
    "# or an image of https://github.com/dusty-nv/jetson-containers for that JetPack, started with --runtime nvidia",
  ];
}

/**
 * The wheels for a JetPack are for the Python of its Ubuntu: an environment of that one where the text has another, and of another
 * pip finds none.
 */
function pythonForJetson(match: Match, wanted = "3.10"): string[] {
  const { python } = match.context.log;
  if (python === undefined || python === wanted) return [];
  const folder = `~/torch-${wanted}`;
  return [
    `sudo apt-get install -y python${wanted}-venv && /usr/bin/python${wanted} -m venv ${folder}   # its wheels are for Python ${wanted} alone, and this is ${python}`,
    `. ${folder}/bin/activate   # and what else the program needs, into this one, too`,
  ];
}
