/** Projects that PyPI does not have, while it has another one of their name: pip installs that one, and nothing of it fits. */
import { pip, reinstall } from "../commands/commands.ts";
import { type Match, type Rule, saidAny } from "../rule.ts";

interface Namesake {
  /** What its users import, and the one of PyPI does not have. */
  readonly names: RegExp;
  /** What pip tells of the other one. */
  readonly isOther: (match: Pick<Match, "context">) => boolean;
}

/** By the name on PyPI. Sources: the pages of these names on pypi.org, and what the projects answer. */
const namesakes: Readonly<Record<string, Namesake>> = {
  // nunchux-ai/ComfyUI-nunchaku#5: "`nunchaku` on PyPI is not our package".
  nunchaku: {
    names:
      /from ['"]nunchaku['"]|No module named ['"]nunchaku(?:\.(?:lora|models|utils|caching|_C)\b[\w.]*)?['"]|Package ['"]nunchaku['"] not found/,
    isOther: ({ context: { log } }) =>
      /^0\.(?:0|1\.0$|[1-9]\d)/.test(log.versions["nunchaku"] ?? "") ||
      (log.installs ?? []).some((words) => /(?:^| )(?:-U |--upgrade )?nunchaku(?:==0\.[\d.]+)?(?: |$)/.test(words)),
  },
};

function nameOf(match: Pick<Match, "finding" | "context">): string | undefined {
  return Object.entries(namesakes).find(
    ([, { names, isOther }]) => names.test(match.finding.message) && isOther(match),
  )?.[0];
}

/** `clip.load` of OpenAI's CLIP: the one of PyPI works with clipboards. Source: openai/CLIP#180. */
function isClip(match: Pick<Match, "finding">): boolean {
  return (
    saidAny(
      match.finding,
      /module ['"]clip['"] has no attribute ['"](?:load|tokenize|available_models)['"]/,
      /cannot import name ['"](?:load|tokenize|model|build_model)['"] from ['"]clip['"]/,
    ) !== undefined
  );
}

export const namesakeRules: readonly Rule[] = [
  {
    id: "namesake-of-pypi",
    title: "PyPI has another project of that name, and pip installed it",
    on: ["exception"],
    specificity: 88,
    matches: (finding, context) => {
      const name = nameOf({ finding, context });
      if (name !== undefined) return { name };
      return isClip({ finding }) ? { name: "clip" } : undefined;
    },
    confidence: (match) => (match.facts["name"] === "clip" ? "medium" : "high"),
    cause: (match) =>
      match.facts["name"] === "clip"
        ? "The module `clip` that is imported is not OpenAI's CLIP, which is not on PyPI: `pip install clip` brings another project of that name, or a file or folder clip beside the program is found first."
        : `The project \`${match.facts["name"] ?? ""}\` that is meant is not on PyPI: \`pip install ${match.facts["name"] ?? ""}\` brings another one of the same name, which has none of its modules. Upgrading it changes nothing.`,
    fix: (match) => {
      const name = match.facts["name"] ?? "";
      return name === "clip"
        ? [
            pip(match, "uninstall -y clip"),
            pip(match, 'install --no-build-isolation "git+https://github.com/openai/CLIP.git"'),
            "# or a file clip.py of your own: give it another name",
          ]
        : reinstall(match, name);
    },
    sources: ["nunchux-ai/ComfyUI-nunchaku#5", "nunchux-ai/ComfyUI-nunchaku#337", "openai/CLIP#180"],
    examples: [
      {
        text: "$ pip install nunchaku\nRequirement already satisfied: nunchaku in /e/lib/python3.12/site-packages (0.1.0)\nImportError: cannot import name 'NunchakuFluxTransformer2dModel' from 'nunchaku' (/e/lib/python3.12/site-packages/nunchaku/__init__.py)",
        expect: "not on PyPI",
      },
      {
        text: ">pip install nunchaku\nSuccessfully installed nunchaku-0.1.0\nModuleNotFoundError: No module named 'nunchaku.lora'",
        expect: "uninstall -y nunchaku",
      },
      { text: "AttributeError: module 'clip' has no attribute 'load'", expect: "openai/CLIP.git" },
    ],
  },
];
