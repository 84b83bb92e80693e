"""What programs that a set-up script starts look at: compilers, git, pkg-config. Others are of unknown habits.

`judge` adds to a witness (`_witness.py`) what the answer of a program rests on, or says why that is not known.
"""

import os
import re
import shlex
import subprocess

#: Programs whose answer depends on themselves, on PATH and on the machine, but on no file of a project.
TOOLS = frozenset(
    "nvcc hipcc hipconfig icpx gcc g++ cc c++ clang clang++ ld uname which nvidia-smi rocm-smi rocminfo ldconfig lsb_release"
    " lscpu sysctl sw_vers xcrun arch getconf nproc free".split()
)
#: What other programs are asked to say of themselves.
ABOUT = frozenset("--version -version -V -v --help -dumpversion -dumpfullversion".split())
#: Programs that pass on what they read: their input, and the files that they are given.
FILTERS = frozenset("awk basename cat cut dirname echo egrep expr false grep head printf sed sort tail test tr true uniq wc [".split())
#: Where a shell sends output, when nobody reads it or it is read as the rest is.
QUIET = re.compile(r"(?:[012]?>|&>)\s*(?:/dev/null|&[12])")
#: git commands whose answer rests on the content of all files that are under version control.
LOOKS_AT_FILES = ("status", "diff", "diff-index", "diff-files")
#: More files than this are not looked at at every build.
MOST_TRACKED = 4000
#: Where pkg-config looks when nobody tells it otherwise, below each of the prefixes.
PKG_CONFIG_FOLDERS = ("lib/pkgconfig", "lib64/pkgconfig", "share/pkgconfig")
SOURCES = (".c", ".cc", ".cpp", ".cxx", ".cu", ".hip")


def judge(witness, words):
    name = os.path.basename(words[0])
    if name == "git":
        git(witness, words)
    elif name in ("pkg-config", "pkgconf"):
        pkg_config(witness, words)
    elif name in TOOLS:
        tool(witness, words)
    elif name in FILTERS:
        passes_on(witness, words)
    elif not name.endswith("-config") and not any(word in ABOUT for word in words[1:]):
        witness.volatile.append("it runs `%s`" % shown(words))


def simple_commands(text):
    """The commands of a line for the shell, as lists of words: pipes and sequences of programs without expansions.

    None when there is more to it: variables, other files for output, patterns, loops.
    """
    text = QUIET.sub(" ", text.strip())
    if re.search(r"[$`\\*?\[\]{}~#!<>()\n]", re.sub(r"'[^']*'", "", text)) and not text.startswith("[ "):
        return None
    try:
        lexer = shlex.shlex(text, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        words = list(lexer)
    except ValueError:
        return None
    commands = [[]]
    for word in words:
        if word in ("|", "||", "&&", ";"):
            commands.append([])
        elif word and not word.strip(";|&<>()"):
            return None
        else:
            commands[-1].append(word)
    commands = [command for command in commands if command]
    return None if any("=" in command[0] for command in commands) else commands


def passes_on(witness, words):
    """What a filter reads. sed and sort may also write."""
    if any(word.startswith(("-i", "-o", "--in-place", "--output")) for word in words[1:]) and words[0] in ("sed", "sort"):
        witness.volatile.append("it runs `%s`" % shown(words))
    # Of what may be a pattern or a file, a file that is not there counts as such.
    witness.files.update(os.path.abspath(word) for word in words[1:] if not word.startswith("-") and "\n" not in word)


def tool(witness, words):
    """A compiler that is asked something reads nothing of the project; one that compiles reads who knows what."""
    for word in words[1:]:
        path = os.path.abspath(word)
        if word.startswith("-") or not os.path.isfile(path):
            continue
        witness.files.add(path)
        if witness.inside(path) and path.endswith(SOURCES):
            witness.volatile.append("it compiles `%s` on its own" % word)


def pkg_config(witness, words):
    """The files of the packages that are asked for, of what these require, and every place that comes before."""
    for name in ("PKG_CONFIG_PATH", "PKG_CONFIG_LIBDIR", "PKG_CONFIG_SYSROOT_DIR"):
        witness.variable(name)
    own = [path for path in os.environ.get("PKG_CONFIG_PATH", "").split(os.pathsep) if path]
    fixed = [path for path in os.environ.get("PKG_CONFIG_LIBDIR", "").split(os.pathsep) if path]
    folders = own + (fixed or usual_pkg_config_folders(words[0]))
    names = [word for word in " ".join(words[1:]).replace(",", " ").split() if word[:1] not in "-<>=!" and not word[0].isdigit()]
    seen = set()
    while names:
        name = names.pop()
        if name in seen:
            continue
        seen.add(name)
        for folder in folders:
            path = os.path.join(folder, name if name.endswith(".pc") else name + ".pc")
            witness.files.add(path)
            if os.path.isfile(path):
                names += required(path)
                break


def usual_pkg_config_folders(program):
    prefixes = ["/usr/local", "/usr"]
    path = os.path.dirname(os.path.dirname(os.path.abspath(program)))
    folders = [os.path.join(prefix, part) for prefix in [path, *prefixes] for part in PKG_CONFIG_FOLDERS]
    return folders + [
        os.path.join(prefix, "lib", name, "pkgconfig")
        for prefix in prefixes
        if os.path.isdir(prefix + "/lib")
        for name in sorted(os.listdir(prefix + "/lib"))
        if name.count("-") >= 2
    ]


def required(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        lines = [line.partition(":") for line in file]
    texts = [value for key, _, value in lines if key.strip() in ("Requires", "Requires.private")]
    return [word for word in " ".join(texts).replace(",", " ").split() if word[0].isalpha()]


def git(witness, words):
    """What git says follows from the state of the repository around the current folder."""
    folder = os.getcwd()
    if "-C" in words and words.index("-C") + 1 < len(words):
        folder = os.path.abspath(words[words.index("-C") + 1])
    while not os.path.exists(os.path.join(folder, ".git")):
        witness.probes.add(os.path.join(folder, ".git"))
        if os.path.dirname(folder) == folder:
            return
        folder = os.path.dirname(folder)
    place = os.path.join(folder, ".git")
    if os.path.isfile(place):
        witness.files.add(place)
        place = os.path.normpath(os.path.join(folder, after_colon(place)))
    for name in ("HEAD", "packed-refs"):
        witness.files.add(os.path.join(place, name))
    # git itself writes these while it looks.
    witness.written.update(os.path.join(place, name) for name in ("index", "config"))
    common = place
    if os.path.isfile(os.path.join(place, "commondir")):
        with open(os.path.join(place, "commondir")) as file:
            common = os.path.normpath(os.path.join(place, file.read().strip()))
        witness.files.add(os.path.join(common, "packed-refs"))
    for at in {place, common}:
        for root, _, names in os.walk(os.path.join(at, "refs")):
            witness.listings.add(root)
            witness.files.update(os.path.join(root, name) for name in names)
    if any(word in LOOKS_AT_FILES or word.startswith("--dirty") for word in words):
        tracked = None if "status" in words and not leaves_out_untracked(words) else tracked_files(witness, folder)
        if tracked is None:
            witness.volatile.append("it runs `%s`, which looks at every file" % shown(words))
        else:
            witness.files.update(tracked)


def after_colon(path):
    with open(path) as file:
        return file.read().partition(":")[2].strip()


def leaves_out_untracked(words):
    """As setuptools_scm asks: `git status --porcelain --untracked-files no`."""
    text = " ".join(words)
    return any(part in text for part in ("--untracked-files=no", "--untracked-files no", "-uno"))


def tracked_files(witness, folder):
    """The files under version control. None when there are too many, or git does not say."""
    words = ["git", "-C", folder, "ls-files", "-z", "--recurse-submodules"]
    with witness.pause():
        result = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    names = [os.fsdecode(name) for name in result.stdout.split(b"\0") if name]
    if result.returncode != 0 or len(names) > MOST_TRACKED:
        return None
    return [os.path.join(folder, name) for name in names]


def shown(words):
    return " ".join(words)[:80]
