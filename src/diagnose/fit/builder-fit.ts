/**
 * The lines of a fix for a builder that keeps an environment of its own (`builder-facts.ts`): what a shell would install or set is
 * written into the builder's recipe, and its own command is given again. It does not know whether the fix is right, nor what the recipe
 * has already. Sources: the manuals of nixpkgs (Python, CUDA) and Guix; Spack's packaging guide; EasyBuild's list of easyconfig
 * parameters; Yocto's variables glossary; Bazel's C/C++ rules; tox' and catkin_tools' reference.
 */
import { builderAnswers } from "./builder-answers.ts";
import { commandPart, isLook } from "../commands/fix-lines.ts";
import type { BuilderName } from "../facts/builder-facts.ts";
import { exported } from "../text/fix-words.ts";
import type { Match, Rule } from "../rule.ts";
import type { LogFacts } from "../facts/log-facts.ts";

type Builder = NonNullable<LogFacts["ownBuilder"]>;

/** What a line asks for. */
type Wish =
  | { readonly kind: "packages"; readonly names: readonly string[] }
  | { readonly kind: "isolation" }
  | { readonly kind: "variable"; readonly name: string; readonly value: string }
  | { readonly kind: "edit"; readonly command: string };

interface Words {
  /** The words for a wish, one or more remarks; nothing for what the builder has no use for. */
  readonly say: (wish: Wish, builder: Builder) => readonly string[];
  /** Its command again, where the text shows none. */
  readonly again?: (builder: Builder) => string | undefined;
  readonly command: RegExp;
}

const plain = (name: string): string => name.replaceAll(/["']/g, "").replace(/[=<>~![].*$/, "");

const words: Readonly<Partial<Record<BuilderName, Words>>> = {
  nix: {
    command: /^nix(?:-build|-shell| build| develop)\b/,
    say: (wish) => {
      if (wish.kind === "packages")
        return [
          `# in the derivation (buildPythonPackage): build-system = with python3Packages; [ ${wish.names.join(" ")} ]; torch in dependencies, too`,
        ];
      if (wish.kind === "isolation") return [];
      if (wish.kind === "variable")
        return /^(?:PATH|CC|CXX|CPATH|LD_LIBRARY_PATH|LIBRARY_PATH)$/.test(wish.name)
          ? []
          : [`# in the derivation: env.${wish.name} = ${JSON.stringify(wish.value.replaceAll('"', ""))};`];
      return [`# in the derivation: postPatch = '' ${wish.command} '';`];
    },
  },
  guix: {
    command: /^guix (?:build|package|shell)\b/,
    say: (wish) => {
      if (wish.kind === "packages")
        return [
          `# in the package's definition: (native-inputs (list ${wish.names.map((name) => (name === "torch" ? "python-pytorch" : `python-${name}`)).join(" ")}))`,
        ];
      if (wish.kind === "variable")
        return [
          `# in the package's definition, #:phases: (add-before 'build 'settings (lambda _ (setenv "${wish.name}" "${wish.value.replaceAll('"', "")}")))`,
        ];
      return wish.kind === "edit"
        ? [
            "# in the package's definition: the next change as a phase behind 'unpack (substitute*), or in the sources that it takes",
            wish.command,
          ]
        : [];
    },
  },
  spack: {
    command: /^spack install\b/,
    again: ({ target }) => (target === undefined ? undefined : `spack install ${target}`),
    say: (wish, { target }) => {
      const recipe = `# the recipe (spack edit ${target?.replace(/@.*$/, "") ?? "<the package>"})`;
      if (wish.kind === "packages")
        return [
          `${recipe}: ${wish.names.map((name) => (name === "torch" ? 'depends_on("py-torch", type=("build", "link", "run"))' : `depends_on("py-${name}", type="build")`)).join("; ")}`,
        ];
      if (wish.kind === "variable")
        return /^(?:PATH|CC|CXX|CUDAHOSTCXX|NVCC_\w+|CUDA_HOME)$/.test(wish.name)
          ? []
          : [
              `${recipe}: def setup_build_environment(self, env): env.set("${wish.name}", "${wish.value.replaceAll('"', "")}")`,
            ];
      return wish.kind === "edit" ? [`${recipe}, def patch(self) with filter_file(): ${wish.command}`] : [];
    },
  },
  easybuild: {
    command: /^eb\b/,
    again: ({ recipe }) => (recipe === undefined ? undefined : `eb ${recipe} --robot`),
    say: (wish, { recipe = "<the easyconfig>" }) => {
      if (wish.kind === "isolation")
        return [
          `echo "installopts = '--no-build-isolation'" >> ${recipe}   # one that is there already: add the option to it; what the build needs comes from the modules`,
        ];
      if (wish.kind === "packages") {
        const names = wish.names.filter((name) => !/^(?:torch|setuptools|wheel)$/.test(name));
        return names.length === 0
          ? []
          : [
              `# ${recipe}: in builddependencies the module that has ${names.join(", ")}; torch is the module PyTorch in dependencies`,
            ];
      }
      if (wish.kind === "variable")
        return /^(?:PATH|CC|CXX|CUDA_HOME)$/.test(wish.name)
          ? []
          : [
              `echo "preinstallopts = 'export ${wish.name}=${/[;&| ]/.test(wish.value) ? `\\"${wish.value.replaceAll(/["']/g, "")}\\"` : wish.value} && '" >> ${recipe}   # one that is there already: add it to that`,
            ];
      return [`# ${recipe}: preinstallopts = "${wish.command.replaceAll('"', '\\"')} && "`];
    },
  },
  yocto: {
    command: /^bitbake\b/,
    again: ({ target, recipe }) => {
      const name = target ?? /\/([\w+.-]+?)(?:_[^/]*)?\.bb$/.exec(recipe ?? "")?.[1];
      return name === undefined ? undefined : `bitbake ${name}`;
    },
    say: (wish, { recipe = "the recipe (.bb)" }) => {
      if (wish.kind === "packages")
        return wish.names.includes("torch")
          ? [
              `# ${recipe}: DEPENDS += "<the recipe of torch>-native <the recipe of torch>": setup.py imports the one of the build machine, and compiles against the other's headers and libraries (\${STAGING_DIR_TARGET}); bitbake-layers show-recipes "*torch*" names it, none: a layer has to bring one`,
              ...(wish.names.includes("ninja") ? [`# ${recipe}: DEPENDS += "ninja-native"`] : []),
            ]
          : [`# ${recipe}: DEPENDS += "${wish.names.map((name) => `python3-${name}-native`).join(" ")}"`];
      if (wish.kind === "variable") return [`# ${recipe}: export ${wish.name} = "${wish.value.replaceAll('"', "")}"`];
      return wish.kind === "edit" ? [`# ${recipe}: do_configure:prepend() { ${wish.command}; }`] : [];
    },
  },
};

/** Of those whose build sees what the shell has. */
const commands: Readonly<Partial<Record<BuilderName, RegExp>>> = {
  bazel: /^bazel(?:isk)? (?:build|run|test)\b/,
  tox: /^(?:\S*python[\d.]* -m )?tox\b/,
  nox: /^(?:\S*python[\d.]* -m )?nox\b/,
  catkin: /^catkin(?:_make| build)\b/,
  colcon: /^colcon build\b/,
};

const installs = /\b(?:pip3?|conda|mamba) install ((?:[^\s;&|#]+ ?)+)/;

/** What a live line of a fix asks of the build's environment; undefined where it says nothing of it. */
function wishesOf(line: string): readonly Wish[] | undefined {
  const command = commandPart(line);
  if (/^sed -i|\bxargs (?:-r )?(?:sed|perl) -p?i/.test(command)) return [{ kind: "edit", command }];
  const variables = exported(command);
  if (variables !== undefined)
    return variables
      .filter(([, value]) => !value.includes("$"))
      .map(([name, value]) => ({ kind: "variable" as const, name, value }));
  const asked = installs.exec(command)?.[1]?.trim().split(" ");
  if (asked === undefined) return undefined;
  const names = asked
    .filter((word, at) => !word.startsWith("-") && !/^(?:-[cifn]|--(?:extra-)?index-url)$/.test(asked[at - 1] ?? ""))
    .filter((word) => /^["']?[A-Za-z][\w.-]*(?:[=<>~!][^\s]*)?["']?$/.test(word))
    .map(plain);
  return [
    ...(names.length === 0 || asked.includes("--no-build-isolation") ? [] : [{ kind: "packages" as const, names }]),
    ...(asked.includes("--no-build-isolation") ? [{ kind: "isolation" as const }] : []),
  ];
}

/** The builder's own command, as the text has it or as it is called. */
function again({ context: { log } }: Match, builder: Builder, command: RegExp): string | undefined {
  return (
    log.typed.findLast(({ line, shell }) => shell !== "sentence" && command.test(line))?.line ??
    words[builder.name]?.again?.(builder)
  );
}

/** A build of cargo's as the text has it: its profile, its features, its variables, where the fix does not set them. */
export function inTypedCargo(lines: readonly string[], { context: { log } }: Match): readonly string[] {
  const typed = log.typed.findLast(
    ({ line, shell }) => shell !== "sentence" && /(?:^|\s)cargo (?:build|run|test|check|install|bench)\b/.test(line),
  )?.line;
  if (typed === undefined || !lines.some((line) => /\bcargo build\b/.test(commandPart(line)))) return lines;
  const changed = lines.some((line) => /^cargo (?:add|update)\b/.test(commandPart(line)));
  const set = new Set(
    lines.flatMap((line) => Array.from(commandPart(line).matchAll(/\b(\w+)=/g), ([, name = ""]) => name)),
  );
  const given = (changed ? typed.replace(/ --(?:locked|frozen)\b/, "") : typed).replaceAll(
    /(?<=^|\s)(\w+)=\S+ /g,
    (whole, name: string) => (set.has(name) ? "" : whole),
  );
  return lines.map((line) =>
    commandPart(line) === "" ? line : line.replace(/\bcargo build(?=\s*$|\s+#)/, () => given),
  );
}

/** The fix with all that a shell would do in the words of the builder. */
export function inOwnBuilder(lines: readonly string[], match: Match, rule: Rule): readonly string[] {
  const builder = match.context.log.ownBuilder;
  if (builder === undefined || match.context.log.feedstock) return lines;
  const own = words[builder.name];
  const command = own?.command ?? commands[builder.name];
  const last = command === undefined ? undefined : again(match, builder, command);
  if (rule.inBuildersWords)
    return last === undefined || lines.some((line) => command?.test(line)) ? lines : [...lines, last];
  const answer = builderAnswers[builder.name]?.[rule.id]?.(match, builder, last);
  if (answer !== undefined) return answer;
  if (own === undefined) return lines;
  // The builder's own command has it already.
  const isOff = (match.context.log.installs ?? []).some((words) => words.includes("--no-build-isolation"));
  const made: string[] = [];
  for (const line of lines) {
    const command = commandPart(line);
    if (own.command.test(command)) made.push(line);
    else if (line.startsWith("#")) {
      // What other systems and other shells would do.
      if (
        !/^# (?:Fedora|Arch|then: |or pip|built |in the same|without that|then the same|or without a file|or outside)/.test(
          line,
        )
      )
        made.push(line);
    } else if (/^\w+=\$\(/.test(line)) made.push(line);
    else if (!isLook(line))
      made.push(
        ...(wishesOf(line) ?? []).flatMap((wish) => (wish.kind === "isolation" && isOff ? [] : own.say(wish, builder))),
      );
  }
  const unique = made.filter((line, at) => made.indexOf(line) === at);
  const changes = unique.some((line) => commandPart(line) !== "" && !own.command.test(commandPart(line)));
  if (last === undefined || unique.some((line) => own.command.test(commandPart(line)) && line !== last)) return unique;
  const others = unique.filter((line) => line !== last);
  return [...others, changes ? last : `# then: ${last}`];
}
