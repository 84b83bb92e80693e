"""What a project has made of setuptools' compiler object: flags, programs, methods of its own.

Used by `_describe.py` on a `build_ext` whose compiler is made and customized. Nothing here runs a compiler.
"""

import os
import shlex

#: Programs that may stand before a compiler.
LAUNCHERS = frozenset("ccache sccache distcc icecc env".split())
TORCH_MODULE = "torch.utils.cpp_extension"
#: Packages whose changes of compilers are no business of the project: they change how many run at once, or nothing.
OWNERS = ("distutils", "setuptools", "pybind11")


class Unusual(Exception):
    """An extension is built in a way that cannot be described: `str()` says which, in one sentence."""


def overridden(compiler, name):
    """A method of the compiler that neither distutils nor torch has put there."""
    method = vars(compiler).get(name) or next((vars(c)[name] for c in type(compiler).__mro__ if name in vars(c)), None)
    return method if is_foreign(method) else None


def has_own_compile(compiler):
    """Whether the project decides how a source is compiled, or how all of them are (often: in parallel)."""
    return any(overridden(compiler, name) is not None for name in ("_compile", "compile"))


def is_foreign(method):
    """Whether a function was written by neither distutils, setuptools nor torch."""
    module = getattr(method, "__module__", None) or ""
    return method is not None and module != TORCH_MODULE and module.split(".")[0] not in OWNERS


def custom_sources(command, extension, sources):
    """Runs a `_compile` or `compile` of the project's own for each source and takes the flags from what it would have run.

    Older projects route `.cu` files to nvcc so. The method at the bottom of it, `_compile` of the class, is replaced
    while this runs; where the project has replaced that one, what starts programs is.
    """
    compiler = command.compiler
    cls = next((c for c in type(compiler).__mro__ if "_compile" in vars(c)), None)
    if cls is None:
        raise Unusual("the compiler is replaced by one of the project's own")
    original = vars(cls)["_compile"]
    seen = []

    def record(self, obj, src, ext, cc_args, extra_postargs, pp_opts):
        seen.append((src, list(self.compiler_so), list(extra_postargs or [])))

    described = []
    if not is_foreign(original):
        setattr(cls, "_compile", record)
    # What was taken from the class before is bound to the original: that calls `spawn`, or `call` in newer setuptools.
    commands = []
    saved = {name: vars(compiler).get(name) for name in ("spawn", "call", "mkpath") if hasattr(compiler, name)}
    for name in saved:
        action = (lambda *_, **__: None) if name == "mkpath" else lambda words, **_: commands.append(texts(words))
        setattr(compiler, name, action)
    try:
        for source in sources:
            del seen[:], commands[:]
            extra = extension.extra_compile_args or []
            if overridden(compiler, "compile") is None:
                compiler._compile(source + ".o", source, os.path.splitext(source)[1], ["-c"], extra, [])
            else:
                compiler.compile([source], output_dir=command.build_temp, extra_postargs=extra)
            if len(seen) == 1:
                program, args = seen[0][1], seen[0][2]
            elif len(commands) == 1:
                program, args = split_command(commands[0], source)
            else:
                raise Unusual("`%s` is compiled by commands of the project's own" % source)
            device = "nvcc" in os.path.basename(program_of(program)) or source.endswith((".cu", ".cuh"))
            described.append(
                {
                    "path": os.path.abspath(source),
                    "language": "cuda" if device else "c" if source.endswith(".c") else "c++",
                    "extra_compile_args": {"nvcc" if device else "cxx": without_torch_macros(texts(args))},
                }
            )
    finally:
        setattr(cls, "_compile", original)
        for name, before in saved.items():
            vars(compiler).pop(name, None)
            if before is not None:
                setattr(compiler, name, before)
    return described


def split_command(words, source):
    """Program and flags after the names of source and object."""
    at = words.index(source) if source in words else len(words)
    rest = words[at + 1 :]
    if "-o" in rest:
        del rest[rest.index("-o") : rest.index("-o") + 2]
    return words[:at], rest


def without_torch_macros(words):
    """Without what BuildExtension adds to every list of flags."""
    return [
        word
        for word in words
        if word != "-DTORCH_API_INCLUDE_EXTENSION_H" and not word.startswith("-DTORCH_EXTENSION_NAME=")
    ]


def base_flags(extension, compiler, cxx, torch_builder):
    """What setuptools puts before everything else: sysconfig's flags, or those of CFLAGS, LDFLAGS and their kin."""
    if compiler.compiler_type != "unix":
        return None
    # torch's ninja file takes the flags of C for both.
    so = compiler.compiler_so
    if cxx and not torch_builder:
        so = getattr(compiler, "compiler_so_cxx", None) or so
    linker = flags_of(link_words(compiler, "c++" if cxx else "c"), ("-shared", "-bundle", "-fPIC"))
    if texts(extension.runtime_library_dirs) + texts(compiler.runtime_library_dirs):
        # `-Wl,--enable-new-dtags` of newer versions; the folder itself is written by retorch.
        words = compiler.runtime_library_dir_option(os.sep)
        words = words if isinstance(words, list) else [words]
        linker += [word for word in words if "rpath" not in word and os.sep != word]
    return {"cxx": flags_of(so, ("-fPIC", "-fpic")), "link": linker}


def replaced_compilers(command, torch_builder):
    """The variables that name the compilers which the project's own code has put in the place of the usual ones.

    `self.compiler.compiler_so[0] = …`, `set_executable(…)`: only programs count here, `base_flags` has the words after
    them. torch's ninja file always takes the compiler of `CXX`.
    """
    compiler = command.compiler
    if compiler.compiler_type != "unix" or (torch_builder and getattr(command, "use_ninja", False)):
        return {}
    from distutils.ccompiler import new_compiler
    from distutils.sysconfig import customize_compiler

    usual = new_compiler(compiler=compiler.compiler_type)
    customize_compiler(usual)
    found = {}
    for variable, names in (("CC", ("compiler_so",)), ("CXX", ("compiler_so_cxx", "compiler_so"))):
        name = next(name for name in names if hasattr(compiler, name))
        words = program_words(getattr(compiler, name))
        if words != program_words(getattr(usual, name)):
            found[variable] = " ".join(shlex.quote(word) for word in words)
    return found


def link_words(compiler, language):
    """The words before the objects when a module is linked, as this version of setuptools puts them together."""
    commands = []
    names = [name for name in ("spawn", "call", "mkpath") if hasattr(compiler, name)]
    own = {name: vars(compiler)[name] for name in names if name in vars(compiler)}
    for name in names:
        setattr(compiler, name, (lambda *_, **__: None) if name == "mkpath" else lambda words, **_: commands.append(words))
    libraries, folders_of, runtime = compiler.libraries, compiler.library_dirs, compiler.runtime_library_dirs
    objects, compiler.objects = compiler.objects, []
    compiler.libraries, compiler.library_dirs, compiler.runtime_library_dirs = [], [], []
    try:
        compiler.link(compiler.SHARED_OBJECT, [], os.path.join(os.sep, "nowhere", "retorch.so"), target_lang=language)
    finally:
        for name in names:
            vars(compiler).pop(name, None)
        vars(compiler).update(own)
        compiler.libraries, compiler.library_dirs, compiler.runtime_library_dirs = libraries, folders_of, runtime
        compiler.objects = objects
    words = texts(commands[0]) if commands else []
    return words[: words.index("-o")] if "-o" in words else words


def flags_of(words, leave_out):
    """The words after the program, without those that retorch has itself."""
    words = shlex.split(words) if isinstance(words, str) else texts(words)
    flags = []
    rest = iter(words[len(program_words(words)) :])
    for word in rest:
        if word == "-arch" or (word == "-undefined" and "-bundle" in leave_out):
            next(rest, None)
        elif word and word not in leave_out:
            flags.append(word)
    return flags


def program_words(words):
    """The compiler at the beginning of a command, with what starts it."""
    words = shlex.split(words) if isinstance(words, str) else texts(words)
    at = 0
    while at < len(words) and (at == 0 or not words[at].startswith("-")):
        if at > 0 and os.path.basename(words[at - 1]) not in LAUNCHERS:
            break
        at += 1
    return words[:at]


def program_of(words):
    """The compiler in a command, without what starts it."""
    for word in words:
        if os.path.basename(word) not in LAUNCHERS:
            return word
    return ""


def texts(values):
    if values is None:
        return []
    if isinstance(values, (str, bytes)):
        # setuptools would take it letter by letter, or refuse it.
        raise Unusual("a list is expected where `%s` stands" % (values,))
    return [os.fspath(value) if isinstance(value, os.PathLike) else str(value) for value in values]
