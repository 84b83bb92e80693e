"""The static libraries of a project: `setup(libraries=[("name", {"sources": […]})])`, which `build_clib` makes.

retorch has no archives: the sources of a library are compiled into the extensions that are linked with it. Those are the
extensions that name it; when none does, all of them, as setuptools links all of them.
"""

import os


def put_into(described, command, extension):
    """Adds to a described extension the sources of the libraries that it is linked with."""
    build = build_clib_of(command)
    if build is None:
        return
    known = dict(build.libraries or [])
    named = {name for each in command.extensions for name in (each.libraries or []) if name in known}
    own = set(extension.libraries or [])
    wanted = [name for name in known if name in own or name not in named]
    described["libraries"] = [name for name in described["libraries"] if name not in known]
    folder = os.path.abspath(build.build_clib)
    described["library_dirs"] = [path for path in described["library_dirs"] if path != folder]
    if not wanted:
        return
    keep_to_own_sources(described)
    for name in wanted:
        info = known[name]
        described["sources"] += [library_source(build, info, source) for source in sorted(info.get("sources") or [])]


def build_clib_of(command):
    """The project's command, when it is setuptools' own and there is something to build."""
    distribution = command.distribution
    if not distribution.has_c_libraries():
        return None
    build = distribution.get_command_obj("build_clib")
    build.ensure_finalized()
    for name in ("run", "build_libraries"):
        method = next((vars(cls)[name] for cls in type(build).__mro__ if name in vars(cls)), None)
        if (getattr(method, "__module__", None) or "").split(".")[0] not in ("distutils", "setuptools"):
            return None
    return build


def keep_to_own_sources(described):
    """Macros and flags of the extension are for its own sources only."""
    undefined = ["-U" + name for name in described["undef_macros"]]
    args = {tool: list(words) for tool, words in described["extra_compile_args"].items()}
    for tool in ("cxx", "nvcc"):
        args[tool] = undefined + args.get(tool, [])
    linked = args.pop("nvcc_dlink", None)
    sources = []
    for source in described["sources"]:
        source = {"path": source} if isinstance(source, str) else dict(source)
        given = source.get("extra_compile_args", {})
        source["extra_compile_args"] = {
            tool: args.get(tool, []) + given.get(tool, []) for tool in ("cxx", "nvcc", "sycl")
        }
        source["define_macros"] = described["define_macros"] + source.get("define_macros", [])
        sources.append(source)
    described.update(sources=sources, define_macros=[], undef_macros=[])
    described["extra_compile_args"] = {} if linked is None else {"nvcc_dlink": linked}


def library_source(build, info, source):
    """One source as `build_clib` compiles it."""
    macros = list(build.define or []) + list(info.get("macros") or [])
    words = ["-I" + os.path.abspath(path) for path in list(info.get("include_dirs") or []) + list(build.include_dirs or [])]
    words += ["-U" + macro[0] for macro in macros if len(macro) == 1] + ["-U" + name for name in build.undef or []]
    return {
        "path": os.path.abspath(os.fspath(source)),
        "define_macros": [[str(m[0]), None if m[1] is None else str(m[1])] for m in macros if len(m) > 1],
        "extra_compile_args": {"cxx": words + [str(word) for word in info.get("cflags") or []]},
    }
