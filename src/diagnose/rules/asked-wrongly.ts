/** Installations that are asked for in a way that cannot go well: a module's name for a package's, pip's program of another place. */
import { plainName } from "../../base/package-name.ts";
import { pip } from "../commands/commands.ts";
import { packageOfModule } from "../tables/packages.ts";
import { requirementWord } from "../facts/request-facts.ts";
import { coded, type Match, type Rule } from "../rule.ts";

/** The package that a module belongs to, where pip was asked for the module. */
function packageFor(asked: string): string | undefined {
  const [top = ""] = asked.split(".");
  if (!asked.includes(".") && !/^[a-z]\w*_(?:cuda|ext|C|kernels)$/.test(asked)) return undefined;
  const known = packageOfModule(top);
  if (known !== undefined) return plainName(known) === plainName(asked) ? undefined : known;
  return asked.includes(".") ? top.replaceAll("_", "-") : undefined;
}

/** What the launcher was to install, as its message repeats it. */
function words(match: Match): string {
  const found = /\.exe"?\s+install (\S.*?)'?: ?(?:The system|Das System|系统|$)/.exec(match.finding.message)?.[1];
  return found === undefined ? "<what was asked for>" : requirementWord(found);
}

export const askedWronglyRules: readonly Rule[] = [
  {
    id: "module-asked-as-package",
    title: "pip is asked for a module, which is a part of a package",
    on: ["installer"],
    role: "advice",
    specificity: 82,
    matches: (finding) => {
      if (coded(finding, "no-distribution") === undefined || !/none\)|No matching distribution/.test(finding.message))
        return undefined;
      const asked = /^[A-Za-z][\w.]*$/.exec(finding.symbol ?? "")?.[0];
      const name = asked === undefined ? undefined : packageFor(asked);
      return name === undefined ? undefined : { asked, name };
    },
    confidence: "high",
    cause: ({ facts }) =>
      `\`${facts["asked"] ?? ""}\` is the name of a module, and no package has it: the package \`${facts["name"] ?? ""}\` brings that module along.`,
    fix: (match) => [
      `${pip(match, `install --no-build-isolation ${match.facts["name"] ?? ""}`)}   # with the torch that is installed`,
    ],
    sources: ["midrender/mamba-chat#34"],
    examples: [
      {
        text: "ERROR: Could not find a version that satisfies the requirement causal_conv1d_cuda (from versions: none)\nERROR: No matching distribution found for causal_conv1d_cuda",
        expect: "install --no-build-isolation causal-conv1d",
      },
      {
        text: "ERROR: Could not find a version that satisfies the requirement mamba_ssm.models.mixer_seq_simple (from versions: none)",
        expect: "install --no-build-isolation mamba-ssm",
      },
    ],
  },
  {
    id: "pip-program-of-other-place",
    title: "pip.exe starts a Python that is not there any more",
    on: ["installer"],
    specificity: 82,
    matches: (finding) => coded(finding, "launcher"),
    confidence: "high",
    cause: (match) => {
      const python = /using '?"([^"]+)"/.exec(match.finding.message)?.[1];
      return `pip.exe has the path of its Python written in${python === undefined ? "" : ` (\`${python}\`)`}, and there is none: the folder was copied or moved, unpacked from an archive (embedded Pythons, virtual environments), or its drive has another letter.`;
    },
    fix: (match) => [
      `..\\python.exe -m pip install ${words(match)}   # the python.exe of that folder (python_embeded\\python.exe, .venv\\Scripts\\python.exe) in place of its pip.exe`,
      "# all of its programs anew: python.exe -m pip install --force-reinstall pip",
    ],
    sources: ["Comfy-Org/ComfyUI#3263"],
    examples: [
      {
        text: 'Fatal error in launcher: Unable to create process using \'"D:\\a\\python_embeded\\python.exe" "C:\\p\\python_embeded\\Scripts\\pip.exe" install git+https://github.com/NVlabs/nvdiffrast/\': The system cannot find the file specified.',
        expect: "nvdiffrast",
      },
    ],
  },
];
