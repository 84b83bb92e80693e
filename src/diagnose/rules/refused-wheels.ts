/** Wheels that pip refuses by their names: the tags of Python, system and processor, and what a person does about each. */
import { pip, platformOf, python, pythonVersion } from "../commands/commands.ts";
import type { Match } from "../rule.ts";

/** The Python that refused a wheel: this machine's only when the wheel is of this kind of machine. */
function refusingPython(match: Match): string | undefined {
  const { environment, log } = match.context;
  const system = /-((?:many|musl)?linux|macosx|win)\w*?(x86_64|amd64|aarch64|arm64|armv[67]l|universal2)?\.whl/.exec(
    match.finding.symbol ?? "",
  );
  if (system === null || environment === undefined || log.python !== undefined) return pythonVersion(match);
  const platform = { win32: "win", darwin: "macosx", linux: "linux" }[environment.platform as string] ?? "linux";
  const isHere = system[1]?.endsWith(platform) === true && /^(?:x86_64|amd64|universal2)$/.test(system[2] ?? "x86_64");
  return isHere ? pythonVersion(match) : undefined;
}

/** The system of the wheel where the text is of another one, and the words that a fitting name has. */
function otherSystem(
  match: Match,
): { readonly its: string; readonly here: string; readonly wanted: string } | undefined {
  const its = /-((?:many)?linux|macosx|win)[\w.]*\.whl$/.exec(match.finding.symbol ?? "")?.[1];
  const { platform } = match.context.log;
  if (its === undefined || platform === undefined) return undefined;
  const system = its === "win" ? "win32" : its === "macosx" ? "darwin" : "linux";
  if (system === platform) return undefined;
  return {
    its: { win32: "Windows", darwin: "macOS", linux: "Linux" }[system],
    here: { win32: "Windows", darwin: "macOS", linux: "Linux" }[platform],
    wanted: { win32: "win_amd64", darwin: "macosx", linux: "linux_x86_64" }[platform],
  };
}

export function forWheel(match: Match): string[] {
  const tag = /-(cp3\d+)-(?:cp3\d+m?|abi3)-/.exec(match.finding.symbol ?? "")?.[1];
  const version = refusingPython(match);
  const bound = /not in ['"]([^'"]+)/.exec(match.finding.message)?.[1] ?? "";
  const above = /<\s?3\.(\d{1,2})/.exec(bound)?.[1];
  // The newest that is below a bound, else the oldest that is asked for.
  const least = above === undefined ? /(?:>=|~=|==)\s?(3\.\d{1,2})/.exec(bound)?.[1] : `3.${String(Number(above) - 1)}`;
  if (match.finding.code === "wrong-python" && least !== undefined && platformOf(match) !== "win32")
    return [
      `python${least} -m venv ~/venv-${least} && . ~/venv-${least}/bin/activate   # an environment with Python ${least}; not installed: uv venv --python ${least} ~/venv-${least}, or conda create -n e python=${least}; torch has to be installed into it, too`,
    ];
  if (tag === undefined || match.finding.code !== "wrong-wheel")
    return [
      "# an environment with a Python that has a wheel: uv venv --python 3.12   (or conda create -n e python=3.12)",
    ];
  const wheelPython = tag.replace("cp3", "3.");
  if (/-linux_armv[67]l\.whl$/.test(match.finding.symbol ?? ""))
    return [
      `python3 -VV; uname -m   # the wheel wants Python ${wheelPython} and armv7l (32 bit); aarch64: pip install torch torchvision, PyPI has wheels for it`,
      `# 32 bit: a Python ${wheelPython} (pyenv install ${wheelPython}), or the 64-bit system, which a Raspberry Pi 3 or newer can run`,
    ];
  if (/-linux_(?:arm64|amd64)\.whl$/.test(match.finding.symbol ?? "")) {
    const fixed = (match.finding.symbol ?? "")
      .replace("linux_arm64", "linux_aarch64")
      .replace("linux_amd64", "linux_x86_64");
    return [
      `# in the requirements: ${fixed}   (Python's names are linux_aarch64 and linux_x86_64; arm64 is macOS's and Docker's word)`,
      "# or by its version alone, which finds the file that fits: torch==2.0.1 with --index-url https://download.pytorch.org/whl/cpu",
    ];
  }
  const other = otherSystem(match);
  if (other !== undefined)
    return [
      `# the file of the same release with ${other.wanted} in its name, for ${tag} and for the installed torch and CUDA${other.wanted === "win_amd64" && /^flash_attn/.test(match.finding.symbol ?? "") ? ": FlashAttention's own releases have none; people build them: https://github.com/mjun0812/flash-attention-prebuild-wheels/releases, https://github.com/kingbri1/flash-attention/releases" : ""}`,
      `${python(match)} -c "import sys, torch; print(sys.version, torch.__version__)"   # what its name has to tell`,
      '# or without it: many programs run with torch\'s own attention (attn_implementation="sdpa"), and leave an optional package out',
    ];
  if (version === wheelPython)
    return pipOfOther(match) === undefined
      ? ["# the Python fits: compare system (linux, win, macosx) and processor in the name"]
      : [pip(match, `install ${refused(match) ?? match.finding.symbol ?? ""}`)];
  const here = version === undefined ? undefined : `cp${version.replace(".", "")}`;
  // What is fetched by its address has the same file for other Pythons beside it, where it was built for them.
  const address = refused(match);
  if (here !== undefined && address !== undefined && /^https?:/.test(address))
    return [
      `${pip(match, `install ${address.replace(new RegExp(`-${tag}-(?:${tag}m?)-`), `-${here}-${here}-`)}`)}   # the same release for this Python; not found: the page of the release says for which Pythons there are wheels`,
      `# or an environment with the wheel's Python: uv venv --python ${wheelPython}   (conda create -n e python=${wheelPython})`,
    ];
  return [
    `# the wheel of the same release ${here === undefined ? "for this Python" : `with ${here}-${here} in its name`}, with the same torch, CUDA and ABI; none there: pip install --no-build-isolation builds it from source`,
    `# or an environment with the wheel's Python: uv venv --python ${wheelPython}   (conda create -n e python=${wheelPython})`,
  ];
}

/** The same release by its number, from the page that the wheel's address is of; nothing where that is no index or list of wheels. */
export function byItsNumber(match: Match): string[] {
  const address = match.finding.code === "wrong-wheel" ? refused(match) : undefined;
  const command = address === undefined ? undefined : ofIndex(match, address);
  const tag = /-cp3(\d+)-/.exec(match.finding.symbol ?? "")?.[1];
  return command === undefined
    ? []
    : [
        `${command}   # the same release by its number: pip takes the file for this Python and system from that page`,
        `# none there for this Python: an environment with the wheel's: uv venv --python 3.${tag ?? "10"}   (conda create -n e python=3.${tag ?? "10"})`,
      ];
}

/** The command where the address is of PyTorch's index, or of PyG's list for one torch. */
function ofIndex(match: Match, address: string): string | undefined {
  const plain = address.replaceAll('"', "").replaceAll(/%2[Bb]/g, "+");
  const [, name = "", version = ""] =
    /\/([A-Za-z]\w*)-(\d[\w.]*(?:\+\w+(?:\.\w+)*)?)-cp3\d+-[^/]*\.whl$/.exec(plain) ?? [];
  const index = /^(https:\/\/download\.pytorch\.org\/whl\/(?:nightly\/)?(?:cu\d+|cpu|rocm[\d.]+|xpu))\//.exec(
    plain,
  )?.[1];
  const page = /^(https:\/\/data\.pyg\.org\/whl\/torch-[\w.+]+)\//.exec(plain)?.[1];
  if (name === "" || (index === undefined && page === undefined)) return undefined;
  // The index of one CUDA has that build alone.
  const asked = index === undefined ? version : version.replace(/\+.*$/, "");
  return pip(
    match,
    `install ${name.replaceAll("_", "-")}==${asked} ${index === undefined ? `-f ${page ?? ""}.html` : `--index-url ${index}`}`,
  );
}

/** The wheel as the text's command names it: an address, a path. */
function refused(match: Match): string | undefined {
  const { symbol = "" } = match.finding;
  return symbol === ""
    ? undefined
    : match.context.log.installs
        ?.flatMap((words) => words.match(/"[^"]*"|\S+/g) ?? [])
        .find((word) => word.replaceAll(/%2[Bb]/g, "+").includes(symbol));
}

/** The Python that the text's `pip --version` names, where it is another than the one of the text and of the wheel. */
function pipOfOther(match: Match): string | undefined {
  const { pipPython, python: stated } = match.context.log;
  return pipPython === undefined || pipPython === stated ? undefined : pipPython;
}

export function wheelCause(match: Match): string {
  const { symbol = "", code } = match.finding;
  const wheel = symbol === "" ? "The wheel" : `\`${symbol}\``;
  const version = code === "wrong-wheel" ? refusingPython(match) : pythonVersion(match);
  const here = version === undefined ? "this Python" : `Python ${version}`;
  const tag = /-cp3(\d+)-/.exec(symbol)?.[1];
  if (code === "wrong-python") return `The package does not support ${here}.`;
  if (/-linux_(?:arm64|amd64)\.whl$/.test(symbol))
    return `\`${symbol}\` has a name of a system that no Python knows: 64-bit ARM is linux_aarch64 there, x86-64 is linux_x86_64.`;
  const other = otherSystem(match);
  if (other !== undefined) return `\`${symbol}\` is for ${other.its}, and this is ${other.here}.`;
  const ofPip = pipOfOther(match);
  if (ofPip !== undefined && tag !== undefined && ofPip !== `3.${tag}`)
    return `\`${symbol}\` is for Python 3.${tag}, and the \`pip\` that was called is that of Python ${ofPip}${version === `3.${tag}` ? `: the Python ${version} that it is meant for has a pip of its own (python -m pip)` : ""}.`;
  if (tag !== undefined && version !== undefined && version !== `3.${tag}`)
    return `\`${symbol}\` is for Python 3.${tag} (cp3${tag}), and this is Python ${version}. System, processor, torch, CUDA and C++ ABI in its name have to fit, too.`;
  return `${wheel} is for another Python, system or processor than this one (${here}): its name says which (cp310 = Python 3.10, linux_x86_64, win_amd64).`;
}

export function showTags(match: Match): string {
  return `${python(match)} -VV; ${python(match)} -m pip debug --verbose | head -30   # which tags fit here`;
}
