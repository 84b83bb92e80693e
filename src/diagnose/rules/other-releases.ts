/** Packages that call each other and are of releases that do not go together. */
import { pip, python, torchCuda } from "../commands/commands.ts";
import { mim } from "../commands/mmcv.ts";
import type { Finding } from "../finding.ts";
import { type Rule, said, saidAny } from "../rule.ts";

/** What a package took away: over `module.name`; the package, and the first release without it. Source: its release notes. */
const removals: readonly (readonly [RegExp, pkg: string, gone: string])[] = [
  [/^auditwheel\.lddtree\.lddtree$/, "auditwheel", "6.3"],
  [/^markupsafe\.soft_unicode$/, "markupsafe", "2.1"],
  [/^jinja2\.(?:escape|Markup|contextfunction)$/, "jinja2", "3.1"],
  [/^werkzeug\.urls\.url_\w+$|^werkzeug\.(?:urls\.)?url_quote$/, "werkzeug", "3"],
  [/^PIL\.Image\.(?:ANTIALIAS|LINEAR|CUBIC)$/, "pillow", "10"],
  [/^packaging\.version\.LegacyVersion$/, "packaging", "22"],
  [/^huggingface_hub\.cached_download$/, "huggingface_hub", "0.26"],
  [/^torchvision\.transforms\.functional_tensor/, "torchvision", "0.17"],
  [/^urllib3\.util\.ssl_\.DEFAULT_CIPHERS$/, "urllib3", "2"],
  // facebookresearch/goliath#13
  [/^gsplat\.(?:project_gaussians|rasterize_gaussians|rasterize_gaussians_simple)$/, "gsplat", "1.0"],
  [/^scipy\.misc\.(?:imread|imresize|imsave|comb|factorial)$/, "scipy", "1.3"],
];

/** Packages with rules of their own. */
const elsewhere =
  /^(?:torch|torchvision|torchaudio|setuptools|distutils|pkg_resources|numpy|collections|typing|pip|wheel|triton|mmcv)$/;

function nameOf(
  finding: Finding,
): { readonly module: string; readonly name?: string; readonly path?: string } | undefined {
  const facts = saidAny(
    finding,
    /cannot import name ['"](?<name>\w+)['"] from ['"](?<module>[\w.]+)['"](?: \((?<path>[^)]*)\))?/,
    /module ['"](?<module>[\w.]+)['"] has no attribute ['"](?<name>\w+)['"]/,
    /No module named ['"](?<module>\w+\.[\w.]+)['"]/,
  );
  if (facts?.["module"] === undefined) return undefined;
  const { module, name, path } = facts;
  return { module, ...(name === undefined ? {} : { name }), ...(path === undefined ? {} : { path }) };
}

export const otherReleaseRules: readonly Rule[] = [
  {
    id: "package-out-of-range",
    title: "A package asks at import for another range of releases of another one",
    on: ["exception"],
    specificity: 70,
    matches: (finding) =>
      said(
        finding,
        /(?<pkg>[A-Za-z][\w-]*)==(?<have>\d\S*) is used but incompatible\. Please install (?<wanted>[\w-]+) ?(?<range>(?:[<>=!]=? ?\d[\w.]*?(?:, ?)?)+)(?=\.?(?:\s|$))/,
      ),
    confidence: "high",
    cause: (match) =>
      `The package that is imported was made for ${match.facts["wanted"] ?? ""} ${match.facts["range"] ?? ""}, and ${match.facts["have"] ?? "another one"} is installed: nothing is wrong with how either was built.`,
    fix: (match) => {
      const name = (match.facts["wanted"] ?? "").toLowerCase();
      const range = (match.facts["range"] ?? "").replaceAll(" ", "");
      // With its operators it was called mmcv-full before 2.0, and the two must not be there together.
      const full = name === "mmcv" && /<=?[01]\.\d/.test(range) && !/<=?0\./.test(range);
      const { mmdet, mmcv } = match.context.log.versions;
      // mmdet 3 wants mmcv 2: what is imported is the rest of an older one.
      if (full && mmdet?.startsWith("3.") === true && mmcv?.startsWith("2.") === true)
        return [
          `${python(match)} -c "import importlib.util as u; print(u.find_spec('mmdet').origin)"; ${pip(match, "list")} | grep -i "^mm"   # which mmdet is imported? One of mmdet 2, not the ${mmdet} of the list`,
          `${pip(match, "uninstall -y mmdet mmcv mmcv-full mmcv-lite")}   # until nothing of them is left, folders included`,
          `${pip(match, "install -U openmim")} && ${mim(match)} install "mmcv==${mmcv}" "mmdet==${mmdet}"`,
        ];
      const wanted = `${full ? "mmcv-full" : name}${range}`;
      return [
        ...(name === "mmcv" && (full || "mmcv-full" in match.context.log.versions)
          ? [pip(match, "uninstall -y mmcv mmcv-full mmcv-lite")]
          : []),
        name.startsWith("mmcv")
          ? `${pip(match, "install -U openmim")} && ${mim(match)} install "${wanted}"   # a wheel where there is one for this torch (mmcv 2.1: up to torch 2.1), else it is compiled`
          : pip(match, `install "${wanted}"`),
        `# or a newer release of the package that asks: the upper bound is written in its __init__.py`,
      ];
    },
    sources: ["open-mmlab/mmdetection#3271", "https://mmcv.readthedocs.io/en/v1.4.4/get_started/installation.html"],
    examples: [
      {
        text: "AssertionError: MMCV==1.4.0 is used but incompatible. Please install mmcv>=1.5.2, <=1.7.0. Try fix: pip install mmcv-full",
        expect: 'mim install "mmcv-full>=1.5.2,<=1.7.0"',
      },
      {
        text: "mmcv==2.1.0\nmmcv-full==1.7.2\nmmdet==3.3.0\nAssertionError: MMCV==2.1.0 is used but incompatible. Please install mmcv>=1.3.17, <=1.8.0.",
        expect: 'mim install "mmcv==2.1.0" "mmdet==3.3.0"',
      },
      {
        text: '  File "/p/mmdetection3d/mmdet3d/__init__.py", line 21, in <module>\n    assert (mmcv_version >= digit_version(mmcv_minimum_version)\nAssertionError: MMCV==2.2.0 is used but incompatible. Please install mmcv>=2.0.0rc4, <2.2.0.',
        expect: 'mim install "mmcv>=2.0.0rc4,<2.2.0"',
      },
    ],
  },
  {
    id: "sibling-of-other-release",
    title: "Two packages of one project are of different releases",
    on: ["exception"],
    specificity: 72,
    matches: (finding) =>
      said(
        finding,
        /(?<pkg>[a-z][\w-]+) version \((?<have>\d[\w.+]*)\) does not match (?<base>[a-z][\w-]+) version \((?<want>\d[\w.+]*)\)\. Please install the same version/,
      ),
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["pkg"] ?? ""}\` (${match.facts["have"] ?? ""}) holds ready-made kernels for one release of ${match.facts["base"] ?? ""}, and ${match.facts["want"] ?? ""} is installed: one of the two was upgraded, or pinned, without the other.`,
    fix: (match) => {
      const name = match.facts["pkg"] ?? "";
      // Of flashinfer the optional packages are in its own index. Source: README.md of flashinfer-ai/flashinfer (#4869).
      const cuda = torchCuda(match)?.replace(".", "");
      const index = !name.startsWith("flashinfer-")
        ? ""
        : ` --extra-index-url https://flashinfer.ai/whl${name.endsWith("jit-cache") ? `/cu${cuda ?? "<torch's CUDA, 130 for 13.0>"}` : ""}`;
      const install = pip(match, `install "${name}==${(match.facts["want"] ?? "").replace(/\+.*$/, "")}"${index}`);
      return [
        install.includes("<") ? `# ${install}` : install,
        `# or without it: ${pip(match, `uninstall -y ${name}`)}   (kernels are then fetched or compiled when they are first used)`,
      ];
    },
    sources: ["NVIDIA-NeMo/Export-Deploy#679", "flashinfer-ai/flashinfer#4869", "lightseekorg/tokenspeed#284"],
    examples: [
      {
        text: "RuntimeError: flashinfer-cubin version (0.6.8.post1) does not match flashinfer version (0.6.10). Please install the same version of both packages. Set FLASHINFER_DISABLE_VERSION_CHECK=1 to bypass this check.",
        expect: 'install "flashinfer-cubin==0.6.10" --extra-index-url https://flashinfer.ai/whl',
      },
    ],
  },
  {
    id: "package-below-minimum",
    title: "A program looks for another release, or another name, of a package",
    on: ["exception"],
    specificity: 72,
    matches: (finding) =>
      said(
        finding,
        /(?<pkg>[a-z][\w-]+) with minimum required version (?<least>\d[\w.]*) is not installed\. Please uninstall the old version/,
      ),
    confidence: "high",
    cause: (match) =>
      `The program checks at its start for \`${match.facts["pkg"] ?? ""}\` ${match.facts["least"] ?? ""} or newer, under that name, and finds none: it is not installed, is older, or carries another name by now (flashinfer is \`flashinfer-python\` since 0.2; SGLang before 0.4.3 asks for the old one). Nothing was built wrong.`,
    fix: (match) => {
      const name = match.facts["pkg"] ?? "";
      const plain = name.replaceAll("_", "-");
      if (plain === "flashinfer")
        return [
          pip(match, "uninstall -y flashinfer"),
          `${pip(match, 'install --upgrade "sglang[all]"')}   # a release that asks for flashinfer-python, and brings the one that it needs`,
        ];
      return [pip(match, `install "${plain}>=${match.facts["least"] ?? ""}"`)];
    },
    sources: ["flashinfer-ai/flashinfer#794", "sgl-project/sglang#6160", "sgl-project/sglang#3570"],
    examples: [
      {
        text: "Exception: flashinfer with minimum required version 0.1.6 is not installed. Please uninstall the old version and reinstall the latest version by following the instructions at https://docs.flashinfer.ai/installation.html.",
        expect: 'install --upgrade "sglang[all]"',
      },
      {
        text: "Exception: flashinfer_python with minimum required version 0.2.5 is not installed. Please uninstall the old version and reinstall the latest version by following the instructions at https://docs.flashinfer.ai/installation.html.",
        expect: 'install "flashinfer-python>=0.2.5"',
      },
    ],
  },
  {
    id: "package-of-other-release",
    title: "A package is called in a form that its installed release does not have",
    on: ["exception"],
    specificity: 34,
    matches: (finding) => {
      const asked = nameOf(finding);
      if (asked === undefined) return undefined;
      const whole = asked.name === undefined ? asked.module : `${asked.module}.${asked.name}`;
      const known = removals.find(([form]) => form.test(whole));
      if (known !== undefined) return { whole, pkg: known[1], gone: known[2] };
      const top = asked.module.split(".")[0] ?? "";
      if (elsewhere.test(top)) return undefined;
      // The compiled part, which is built at first use where the wheel has none.
      if (finding.frames?.at(-1) !== undefined && /\bimport \w+ as _(?:C|ext)\b/.test(finding.frames.at(-1) ?? ""))
        return undefined;
      // Only of installed packages: a name that one's own code misspells is another matter.
      const installed =
        /[\\/](?:site|dist)-packages[\\/]/.test(asked.path ?? "") ||
        finding.frames?.some((frame) =>
          new RegExp(`[\\\\/](?:site|dist)-packages[\\\\/]${top}[\\\\/.]`).test(frame),
        ) === true;
      if (!installed || /partially initialized/.test(finding.message)) return undefined;
      return { whole, pkg: top.replaceAll("_", "-"), caller: callerOf(finding, top) };
    },
    confidence: (match) => (match.facts["gone"] === undefined ? "medium" : "high"),
    cause: (match) =>
      match.facts["gone"] === undefined
        ? `\`${match.facts["whole"] ?? ""}\` is not in the installed release of ${match.facts["pkg"] ?? "that package"}; ${match.facts["caller"] === undefined ? "what imports it" : `\`${match.facts["caller"]}\``} was written for another one.`
        : `\`${match.facts["whole"] ?? ""}\` was taken out of ${match.facts["pkg"] ?? ""} ${match.facts["gone"]}; what imports it is older.`,
    fix: (match) => {
      const name = match.facts["pkg"] ?? "";
      if (match.facts["gone"] !== undefined)
        return [
          pip(match, `install "${name}<${match.facts["gone"]}"`),
          "# for good: a newer release of what imports it",
        ];
      return [
        `${python(match)} -m pip show ${name}${match.facts["caller"] === undefined ? "" : ` ${match.facts["caller"]}`} | grep -E "Name|Version|Requires"; ${python(match)} -m pip check`,
        ...(match.facts["caller"] === undefined
          ? []
          : [
              pip(
                match,
                `install --upgrade ${match.facts["caller"]}   # brings the ${name} that it needs, when it names it`,
              ),
            ]),
        `# or the release of ${name} that was current when the caller was released: pip install "${name}==…" (pip index versions ${name})`,
      ];
    },
    sources: ["https://pip.pypa.io/en/stable/topics/dependency-resolution/", "pytorch/vision#8981"],
    examples: [
      { text: "ImportError: cannot import name 'project_gaussians' from 'gsplat'", expect: "gsplat<1.0" },
      {
        text: "ImportError: cannot import name 'lddtree' from 'auditwheel.lddtree' (/e/lib/python3.10/site-packages/auditwheel/lddtree.py)",
        expect: "auditwheel<6.3",
      },
      {
        text: "Traceback (most recent call last):\n  File \"/e/lib/python3.10/site-packages/frob/core.py\", line 3, in <module>\n    from widgets import turn\nImportError: cannot import name 'turn' from 'widgets' (/e/lib/python3.10/site-packages/widgets/__init__.py)",
        expect: "pip show widgets frob",
      },
      { text: "AttributeError: module 'PIL.Image' has no attribute 'ANTIALIAS'", expect: "pillow<10" },
    ],
  },
];

/** The installed package whose file asked for it. */
function callerOf(finding: Finding, asked: string): string | undefined {
  for (const frame of [...(finding.frames ?? [])].reverse()) {
    const name = /[\\/](?:site|dist)-packages[\\/]([\w-]+)[\\/]/.exec(frame)?.[1];
    if (name !== undefined && name !== asked && !/^(?:torch|importlib|_distutils_hack)$/.test(name))
      return name.replaceAll("_", "-");
  }
  return undefined;
}
