/** Checks of the folders that a build writes in, of the system below it and of what it allows. */
import { sizeText } from "../report/duration.ts";
import { type Check, type DoctorFacts, later, type Place, problem, right } from "./facts.ts";
import { shellWord } from "../base/shell-word.ts";

const mib = 2 ** 20;
const gib = 2 ** 30;
/** nvcc leaves some hundred megabytes while it compiles `torch/extension.h`, a precompiled header takes 790 MB. */
const littleSpace = 2 * gib;
/** Not enough for the objects of one extension. */
const noSpace = 100 * mib;
const fewFiles = 1_000;

const roleNames: Readonly<Record<Place["role"], string>> = {
  temporary: "the temporary folder",
  cache: "retorch's cache",
  project: "the project",
  load: "`TORCH_EXTENSIONS_DIR`",
};

/** For this user alone; lost when the machine starts anew, which costs a build and nothing else. */
const cacheElsewhere = 'export RETORCH_CACHE_DIR="/tmp/retorch-$(id -u)"';

const elsewhere: Readonly<Record<Place["role"], string>> = {
  temporary: "# export TMPDIR=… with a folder that has room, on a disk of this machine",
  cache: "retorch cache gc",
  project: "# make room, or move the project",
  load: "# export TORCH_EXTENSIONS_DIR=… with a folder that has room, on a disk of this machine",
};

const movable: Readonly<Partial<Record<Place["role"], string>>> = { temporary: "TMPDIR", load: "TORCH_EXTENSIONS_DIR" };

/** Where else it may be: in another of these folders with room, on a disk of this machine. */
function moved(role: Place["role"], places: readonly Place[]): string {
  const variable = movable[role];
  const rank = ["cache", "temporary", "project"];
  const better = places
    .filter((one) => one.role !== role && rank.includes(one.role) && (one.free ?? 0) >= littleSpace)
    .filter(({ readOnly, remote, noExec, freeFiles }) => {
      return readOnly !== true && remote === undefined && noExec !== true && (freeFiles ?? fewFiles) >= fewFiles;
    })
    .sort((a, b) => rank.indexOf(a.role) - rank.indexOf(b.role))[0];
  if (variable === undefined || better === undefined) return elsewhere[role];
  const folder = shellWord(
    `${better.path.replace(/[/\\]+$/, "")}/${role === "temporary" ? "tmp" : "torch_extensions"}`,
  );
  return `mkdir -p ${folder} && export ${variable}=${folder}`;
}

export function checkSpace({ places = [] }: DoctorFacts): Check[] {
  const checks: Check[] = [];
  // Room in a folder that takes no file is none.
  const open = places.filter(({ readOnly }) => readOnly !== true);
  for (const { role, path, free, freeFiles } of open) {
    const name = `${roleNames[role]} (\`${path}\`)`;
    const detail = 'A full disk ends compiles with "No space left on device", or with a crash of the linker.';
    if (freeFiles !== undefined && freeFiles < fewFiles && free !== undefined) {
      const title = `Only ${freeFiles} more files can be made in the file system of ${name}`;
      checks.push(problem("disk-space", title, { detail, fix: [moved(role, places)] }));
    } else if (free !== undefined && free < littleSpace) {
      const title = `${sizeText(free)} of disk are left for ${name}`;
      const more = { detail, fix: [moved(role, places)] };
      checks.push(free < noSpace ? problem("disk-space", title, more) : later("disk-space", title, more));
    }
  }
  const least = open.flatMap(({ free }) => free ?? []).sort((a, b) => a - b)[0];
  if (checks.length === 0 && least !== undefined)
    checks.push(right("disk-space", `${sizeText(least)} of disk or more are free where a build writes`));
  return checks;
}

/** What to do about a folder in which nothing can be written, and what comes of it. */
const unwritable: Readonly<Record<Place["role"], { readonly detail: string; readonly fix: string }>> = {
  temporary: {
    detail: "Compilers and Python take `/tmp` or the current folder instead; other programs fail.",
    fix: "mkdir -p $HOME/tmp && export TMPDIR=$HOME/tmp",
  },
  cache: {
    detail: "What was compiled cannot be kept for the next build.",
    fix: cacheElsewhere,
  },
  project: {
    detail: "Builds leave their objects and the extension in it.",
    fix: "# copy the project to a folder that you may write to, and build there",
  },
  load: {
    detail: '`torch.utils.cpp_extension.load` stops there with "Read-only file system" or "Permission denied".',
    fix: "mkdir -p $HOME/.cache/torch_extensions && export TORCH_EXTENSIONS_DIR=$HOME/.cache/torch_extensions",
  },
};

export function checkWritable({ places = [] }: DoctorFacts): Check[] {
  return places.flatMap(({ role, path, readOnly }) => {
    if (readOnly !== true) return [];
    const { detail, fix } = unwritable[role];
    const title = `Nothing can be written in ${roleNames[role]} (\`${path}\`)`;
    const more = { detail, fix: [fix] };
    return role === "load" ? [problem("read-only", title, more)] : [later("read-only", title, more)];
  });
}

export function checkFileSystems({ places = [], wsl, environment }: DoctorFacts): Check[] {
  const checks: Check[] = [];
  for (const { role, path, remote, noExec, ignoresCase } of places) {
    const name = roleNames[role];
    if (remote !== undefined && wsl !== undefined && path.startsWith("/mnt/")) {
      checks.push(
        later("windows-folder", `${capital(name)} lies on a Windows disk (\`${path}\`)`, {
          detail: "WSL asks Windows for each file there, which makes every look at a file many times as slow.",
          fix: [role === "project" ? "# move the project below your home folder in Linux" : moved(role, places)],
        }),
      );
    } else if (remote !== undefined) {
      checks.push(
        later("network-folder", `${capital(name)} lies on a file system over a network (${remote}: \`${path}\`)`, {
          detail:
            "Each look at a file goes over the network; clocks and locks of several machines may disagree. A folder on a local disk is faster and safer.",
          fix: [
            role === "cache"
              ? cacheElsewhere
              : role === "project"
                ? "# keep the project on a local disk"
                : moved(role, places),
          ],
        }),
      );
    }
    if (noExec === true) {
      const what =
        role === "temporary"
          ? "Programs that a build makes there and runs (configure scripts, CMake's tests, pip's isolated builds) fail"
          : "An extension that lies there cannot be loaded";
      checks.push(
        later("noexec", `Nothing in ${name} may be run or loaded (\`${path}\` is mounted with noexec)`, {
          detail: `${what}: "Permission denied", "failed to map segment from shared object".`,
          fix: [
            role === "temporary"
              ? "export TMPDIR=$HOME/tmp && mkdir -p $HOME/tmp"
              : `sudo mount -o remount,exec …   # the file system of ${shellWord(path)}`,
          ],
        }),
      );
    }
    if (ignoresCase === true && role === "project" && environment.platform === "linux") {
      checks.push(
        later("ignores-case", `\`${path}\` does not tell names by their case`, {
          detail:
            "`a.cpp` and `A.cpp` are one file there, and `#include <Foo.h>` finds `foo.h`: elsewhere it will not.",
          fix: ["# keep the project in a folder that tells them apart"],
        }),
      );
    }
  }
  return checks;
}

export function checkWsl({ wsl, environment }: DoctorFacts): Check[] {
  if (wsl === undefined) return [];
  const wantsCuda = environment.torch?.cudaVersion !== undefined || environment.cuda !== undefined;
  if (wsl.version === 1) {
    const title = "This is WSL 1, which has no GPU";
    const more = {
      detail: "Files are slow in it, too. WSL 2 has both.",
      fix: ["wsl.exe --set-version <distribution> 2   # in Windows"],
    };
    return [wantsCuda ? problem("wsl", title, more) : later("wsl", title, more)];
  }
  if (wantsCuda && !wsl.hasCudaDriver) {
    return [
      problem("wsl", "Windows's driver for CUDA is not there (`/usr/lib/wsl/lib/libcuda.so.1`)", {
        detail:
          "In WSL the GPU's driver is the one of Windows. A Linux driver must not be installed within: it would stand in its place.",
        fix: ["# install NVIDIA's driver in Windows, then: wsl.exe --shutdown"],
      }),
    ];
  }
  return [right("wsl", "WSL 2", wsl.hasCudaDriver ? "with Windows's driver for CUDA" : undefined)];
}

/** ninja and Node open some files for each job; less than this is below every system's default. */
const littleOpen = 512;

export function checkLimits({ limits, environment, memory }: DoctorFacts): Check[] {
  const checks: Check[] = [];
  if (limits?.openFiles !== undefined && limits.openFiles < littleOpen) {
    checks.push(
      later("open-files", `Only ${limits.openFiles} files may be open at once (\`ulimit -n\`)`, {
        detail: 'Links of many objects and parallel builds end with "Too many open files".',
        fix: ["ulimit -n 4096"],
      }),
    );
  }
  const each = environment.torch?.cudaVersion === undefined ? 2 * gib : 4 * gib;
  if (limits?.addressSpace !== undefined && limits.addressSpace < Math.min(memory.total, 4 * each)) {
    const title = `A program may have ${sizeText(limits.addressSpace)} of address space (\`ulimit -v\`)`;
    const more = {
      detail:
        'Compilers end with "virtual memory exhausted", Node may not start at all: programs reserve more than they use.',
      fix: ["ulimit -v unlimited"],
    };
    checks.push(
      limits.addressSpace < each ? problem("address-space", title, more) : later("address-space", title, more),
    );
  }
  return checks;
}

export function checkClock({ futureSources }: DoctorFacts): Check[] {
  if (futureSources === undefined) return [];
  const { count, path, aheadMs } = futureSources;
  const hours = aheadMs / 3_600_000;
  const ahead =
    hours >= 48
      ? `${Math.floor(hours / 24)} days`
      : hours >= 2
        ? `${Math.floor(hours)} hours`
        : `${Math.ceil(aheadMs / 60_000)} minutes`;
  return [
    later(
      "clock",
      `${count === 1 ? "A source was" : `${count} sources were`} changed in the future (\`${path}\`, in ${ahead})`,
      {
        detail:
          "Tools that compare times (make, ninja, `load()`) build it again and again, or not at all. retorch compares contents.",
        fix: [`touch ${shellWord(path)}`, "# and set the clock of the machine that wrote it"],
      },
    ),
  ];
}

function capital(text: string): string {
  return text.replace(/^[a-z]/, (letter) => letter.toUpperCase());
}
