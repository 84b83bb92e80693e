/**
 * Libraries of oneAPI that the loader does not find. The number behind libsycl.so is oneAPI's year, and torch for XPU has had oneAPI's
 * run time among its packages since 2.6: what is compiled with another year finds none of its own. It does not look at the machine.
 * Sources: Intel's release notes of the DPC++ compiler, torch's own requirements (intel-sycl-rt), bitsandbytes#1991 and #2002.
 */
import { pip, python, rebuild, reinstall } from "../commands/commands.ts";
import { missingLibrary } from "../matchers.ts";
import { packageOf, runningPackage } from "../tables/packages.ts";
import type { Match, Rule } from "../rule.ts";
import { setvars } from "./sycl.ts";

const index = "--index-url https://download.pytorch.org/whl/xpu";

/** The year of oneAPI by the number of its libsycl. */
function yearOf(number: string | undefined): number | undefined {
  const known = Number(number);
  return known >= 6 ? 2017 + known : undefined;
}

/** The one year of which the text shows a run time; undefined where it shows none or several. */
function shownYear({ context: { log } }: Match): number | undefined {
  const years = new Set<number>();
  for (const path of log.shownLibraries) {
    const year = yearOf(/\/libsycl\.so\.(\d+)/.exec(path)?.[1]);
    if (year !== undefined) years.add(year);
  }
  const package_ = /^(20\d\d)\./.exec(log.versions["intel-sycl-rt"] ?? "")?.[1];
  if (package_ !== undefined) years.add(Number(package_));
  const [year] = years;
  return years.size === 1 ? year : undefined;
}

/** The years of the missing library and of the one that is there. */
function years(match: Match): { readonly wanted: number; readonly shown?: number } | undefined {
  const wanted = match.facts["lib"] === "sycl" ? yearOf(match.facts["number"]) : undefined;
  if (wanted === undefined) return undefined;
  const shown = shownYear(match);
  return shown === undefined || shown === wanted ? { wanted } : { wanted, shown };
}

/** The releases of torch for XPU whose packages have that year's run time. Source: Requires-Dist of their wheels. */
function torchOf(year: number): string | undefined {
  return year === 2025 ? "torch>=2.6,<2.13" : year === 2026 ? "torch>=2.13" : undefined;
}

function whose(match: Match): string | undefined {
  return packageOf(match) ?? runningPackage(match);
}

function anotherYear(match: Match, wanted: number, shown: number): string[] {
  const name = whose(match);
  const torch = torchOf(wanted);
  const other = torch === undefined ? [] : [`${pip(match, `install --force-reinstall "${torch}" ${index}`)}`];
  if (name === "bitsandbytes")
    return [
      `${pip(match, 'install --upgrade --no-deps "bitsandbytes>=0.50.0"')}   # has a library for each of both years, and takes the one of torch.version.xpu`,
      ...other.map((line) => `# or a torch of oneAPI ${wanted}: ${line}`),
      "# no link from one number to the other: their interfaces differ",
    ];
  const ours = name === undefined ? rebuild(match) : reinstall(match, name);
  return torch === undefined
    ? [
        `${setvars(match)}   # of oneAPI ${shown}, as torch's: the module is compiled with it`,
        ...ours,
        "# no link from one number to the other: their interfaces differ",
      ]
    : [
        ...other.map((line) => `${line}   # a torch whose packages have the run time of oneAPI ${wanted}`),
        `# or keep the torch, and build ${name ?? "the module"} with its oneAPI ${shown}: ${setvars(match)} && ${ours.find((line) => !line.startsWith("#")) ?? ""}`,
        "# no link from one number to the other: their interfaces differ",
      ];
}

export const syclLoadingRules: readonly Rule[] = [
  {
    id: "sycl-library-missing",
    title: "A library of oneAPI is not there",
    on: ["missing-library"],
    specificity: 74,
    matches: (finding) =>
      missingLibrary(
        finding,
        /^lib(?<lib>sycl|ur_loader|ze_loader|pi_level_zero|imf|svml|irng|intlc|mkl_\w+|ccl|OpenCL)\.so(?:\.(?<number>\d+))?/,
      ),
    confidence: "high",
    cause: (match) => {
      const { wanted, shown } = years(match) ?? {};
      const name = match.facts["name"] ?? "";
      return wanted === undefined
        ? `\`${name}\` is of Intel oneAPI: its run time is not installed in this environment, in that version, or setvars.sh was not sourced.`
        : shown === undefined
          ? `\`${name}\` is SYCL's run time of oneAPI ${wanted}: it is not installed, setvars.sh was not sourced, or the run time that is there (torch's own packages bring one) is of another year.`
          : `${whose(match) ?? match.facts["who"] ?? "The module"} was compiled with oneAPI ${wanted} (\`${name}\`), and here is the run time of oneAPI ${shown} alone, as this torch brings it: each year has a number of its own, and one process can only have one of them.`;
    },
    fix: (match) => {
      const { wanted, shown } = years(match) ?? {};
      if (wanted !== undefined && shown !== undefined) return anotherYear(match, wanted, shown);
      const torch = wanted === undefined ? undefined : torchOf(wanted);
      return [
        ...(wanted === undefined
          ? []
          : [
              `find / -name 'libsycl.so.*' -not -path '/proc/*' 2>/dev/null; ${python(match)} -c "import torch; print(torch.__version__)"   # .so.7 is oneAPI 2024, .so.8 2025, .so.9 2026`,
            ]),
        setvars(match),
        pip(match, `install --force-reinstall ${torch === undefined ? "torch" : `"${torch}"`} ${index}`),
        ...rebuild(match),
      ];
    },
    sources: [
      "https://docs.pytorch.org/docs/stable/notes/get_start_xpu.html",
      "bitsandbytes-foundation/bitsandbytes#1991",
    ],
    examples: [
      {
        text: "OSError: libsycl.so.8: cannot open shared object file: No such file or directory",
        expect: "oneAPI 2025",
      },
      {
        text: "intel-sycl-rt             2026.0.0\nOSError: libsycl.so.8: cannot open shared object file: No such file or directory\n$ find /opt -name 'libsycl.so*'\n/opt/intel/oneapi/2026.0/lib/libsycl.so.9",
        expect: '"torch>=2.6,<2.13"',
      },
      {
        text: 'bitsandbytes library load error: libsycl.so.8: cannot open shared object file: No such file or directory\nTraceback (most recent call last):\n  File "/v/lib/python3.12/site-packages/bitsandbytes/cextension.py", line 331, in <module>\n    lib = get_native_library()\nOSError: libsycl.so.8: cannot open shared object file: No such file or directory\n$ find /v -name "libsycl*"\n/v/lib/libsycl.so.9',
        expect: '"bitsandbytes>=0.50.0"',
      },
    ],
  },
];
