"""setuptools' commands with retorch in them, and what they are given to build. Each factory takes the class that the project
would use, its own perhaps, and the `Session` of the hook.
"""

from __future__ import annotations

import json
import os
import re
import stat
import sys
import sysconfig

from setuptools import Extension

from ._headers import is_inside, project_headers
from ._messages import warn
from ._project import put

#: So many names are looked at to find out whether a folder holds Python code.
_MOST_NAMES = 20_000


class ConfiguredExtension(Extension):
    """Stands for an extension of retorch's configuration, so that setuptools knows that there is one."""

    def __init__(self, facts: dict) -> None:
        super().__init__(facts["name"], sources=[], py_limited_api=facts["py_limited_api"] is not None)
        self.facts = facts

    def file_name(self) -> str | None:
        """The name of its file, where that is not the one of a Python module."""
        if self.facts["kind"] == "python-module":
            return None
        suffix = {"win32": ".dll", "darwin": ".dylib"}.get(sys.platform, ".so")
        return self.name.rpartition(".")[2] + suffix


def _build_ext(base, session):
    class build_ext(base):
        def run(self):
            session.build_configured()
            session.place(self)
            super().run()

        def build_extensions(self):
            super().build_extensions()
            session.build_declared(self)

        def get_ext_filename(self, fullname):
            path = super().get_ext_filename(fullname)
            own = getattr(self.ext_map.get(fullname), "file_name", lambda: None)()
            return path if own is None else os.path.join(os.path.dirname(path), own)

        def copy_extensions_to_source(self):
            for place, target in inplace_files(self):
                built = os.path.join(self.build_lib, place)
                # One that is optional may be missing.
                if os.path.exists(built):
                    put(built, target)

    return build_ext


def inplace_files(command):
    """Pairs of the place below `build_lib` and the absolute path among the sources, for each extension."""
    build_py = command.get_finalized_command("build_py")
    for extension in command.extensions:
        name = command.get_ext_fullname(extension.name)
        place = command.get_ext_filename(name)
        folder = build_py.get_package_dir(name.rpartition(".")[0])
        yield place, os.path.abspath(os.path.join(folder, os.path.basename(place)))


def _bdist_wheel(base, session):
    class bdist_wheel(base):
        def finalize_options(self):
            # A program finds torch in the packages of one Python.
            if not self.py_limited_api and not any(facts["uses_torch"] for facts in session.programs):
                self.py_limited_api = limited_tag(self.distribution) or False
            super().finalize_options()

        def get_tag(self):
            tag = super().get_tag()
            if not serves_every_python(self.distribution):
                return tag
            one_python = any(facts["uses_torch"] for facts in session.programs)
            return (tag[0] if one_python else "py3", "none", tag[2])

        def write_wheelfile(self, wheelfile_base, generator=None):
            from importlib.metadata import version

            super().write_wheelfile(wheelfile_base, generator or f"retorch.build, setuptools {version('setuptools')}")
            if session.built_with is not None and not session.editable:
                with open(os.path.join(wheelfile_base, "retorch.json"), "w", encoding="utf-8") as file:
                    json.dump(_provenance(self, session), file, indent=2, sort_keys=True)
                    file.write("\n")
            # An editable wheel has no such folder.
            if self.bdist_dir is not None and os.path.isdir(self.bdist_dir):
                for name, path in session.built_programs().items():
                    target = os.path.join(self.bdist_dir, self.data_dir, "scripts", name)
                    put(path, target)
                _even_modes(self.bdist_dir)
            session.date_files()

    return bdist_wheel


def limited_tag(distribution) -> str | None:
    """`cp310` where every module in the wheel is built for the limited API of Python 3.10 or older; else None."""
    # It has no limited API; that is said by the build.
    if sysconfig.get_config_var("Py_GIL_DISABLED"):
        return None
    versions = []
    for extension in distribution.ext_modules or []:
        facts = getattr(extension, "facts", None)
        if facts is not None:
            version = facts["py_limited_api"]
            if facts["kind"] != "python-module":
                continue
        else:
            version = _declared_limited_api(extension)
        if version is None:
            return None
        versions.append(tuple(int(part) for part in version.split(".")))
    return "cp%d%d" % max(versions) if versions else None


def _declared_limited_api(extension) -> str | None:
    """The version that a `setup.py` asks for: by the macro, else the one of torch's builder."""
    if not getattr(extension, "py_limited_api", False):
        return None
    number = _macro(extension, "Py_LIMITED_API")
    if number is None and "torch_cpu" in (extension.libraries or []):
        number = getattr(sys.modules.get("torch.utils.cpp_extension"), "min_supported_cpython", "0x030A0000")
    try:
        value = int(str(number), 16)
    except ValueError:
        return None
    return f"{value >> 24}.{(value >> 16) & 0xFF}"


def torch_target(extension) -> str | None:
    """The oldest torch of the stable ABI that an extension is built for, `2.10`. None where it uses all of torch."""
    facts = getattr(extension, "facts", None)
    if facts is not None:
        return facts["torch_target_version"]
    number = _macro(extension, "TORCH_TARGET_VERSION")
    try:
        # torch/headeronly/version.h: major, minor and patch in the three highest bytes.
        value = int(re.sub(r"[uUlL]+$", "", str(number)), 0)
    except ValueError:
        return None
    return f"{value >> 56}.{(value >> 48) & 0xFF}"


def _macro(extension, name: str) -> str | None:
    """The value that a `setup.py` gives to a macro; the last one counts."""
    args = extension.extra_compile_args or []
    lists = [args.get("cxx", []), args.get("nvcc", [])] if isinstance(args, dict) else [args]
    words = [str(word) for words in lists for word in words]
    # `-D NAME=1` is two words.
    words = [f"-D{after}" if word == "-D" else word for word, after in zip(words, [*words[1:], ""])]
    macros = [f"-D{key}={value}" for key, value in extension.define_macros or []]
    values = [word.partition("=")[2] for word in [*macros, *words] if word.startswith(f"-D{name}=")]
    return values[-1] if values else None


def serves_every_python(distribution) -> bool:
    """Whether nothing in the wheel is loaded by Python itself: libraries of operators do not care for its version."""
    extensions = distribution.ext_modules or []
    return distribution.has_ext_modules() and all(
        getattr(extension, "facts", {}).get("kind") == "torch-library" for extension in extensions
    )


def _provenance(command, session) -> dict:
    """What goes into `retorch.json`: what the wheel was built against. No paths, no times."""
    extensions = []
    architectures = session.architectures()
    for extension in command.distribution.ext_modules or []:
        builder = session.command()
        name = builder.get_ext_fullname(extension.name)
        facts = getattr(extension, "facts", {})
        place = builder.get_ext_filename(name).replace(os.sep, "/")
        extensions.append(
            {
                "name": name,
                "file": place,
                "kind": facts.get("kind", "python-module"),
                "py_limited_api": facts["py_limited_api"] if facts else _declared_limited_api(extension),
                "torch_target_version": torch_target(extension),
                "cuda_architectures": architectures.get(builder.get_ext_filename(name), []),
            }
        )
    for facts, (name, path) in zip(session.programs, session.built_programs().items(), strict=True):
        extensions.append(
            {
                "name": facts["name"],
                "file": f"{command.data_dir}/scripts/{name}",
                "kind": facts["kind"],
                "py_limited_api": None,
                "torch_target_version": facts["torch_target_version"],
                "cuda_architectures": architectures.get(os.path.relpath(path, session.out), []),
            }
        )
    return {"format": 1, "built_with": session.provenance(), "extensions": extensions}


def _even_modes(folder: str) -> None:
    """Modes of files as they are anywhere, whatever the umask of this machine is."""
    for parent, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(parent, name)
            mode = os.stat(path).st_mode
            os.chmod(path, 0o755 if mode & stat.S_IXUSR else 0o644)


def _sdist(base, session):
    class sdist(base):
        def make_distribution(self):
            self.filelist.extend(_sdist_files(self.distribution, session))
            self.filelist.sort()
            self.filelist.remove_duplicates()
            super().make_distribution()
            for path in self.archive_files:
                if path.endswith(".tar.gz"):
                    _even_archive(path)

    return sdist


def _sdist_files(distribution, session) -> list[str]:
    root = session.root
    files = ["retorch.toml"] if os.path.isfile("retorch.toml") else []
    described = [(extension, getattr(extension, "facts", None)) for extension in distribution.ext_modules or []]
    for extension, facts in described + [(None, facts) for facts in session.programs]:
        if facts is not None:
            sources = [source["path"] for source in facts["sources"]]
            more = [*facts["extra_objects"], *facts["depends"]]
            folders = facts["include_dirs"]
        else:
            sources = [os.path.abspath(source) for source in extension.sources]
            more = [os.path.abspath(path) for path in extension.depends or []]
            folders = [os.path.abspath(path) for path in extension.include_dirs or []]
        outside = [path for path in [*sources, *more] if not is_inside(root, path)]
        for path in outside:
            warn(f"{path} lies outside of the project and cannot come into its source distribution")
        files += [path for path in [*sources, *more] if path not in outside]
        files += project_headers(root, sources, folders)
    return [os.path.relpath(path, root) for path in files]


def _even_archive(path: str) -> None:
    """Packs a tar file again so that the same files give the same bytes."""
    import gzip
    import tarfile

    date = int(os.environ.get("SOURCE_DATE_EPOCH") or 315532800)
    temporary = f"{path}.{os.getpid()}.tmp"
    with tarfile.open(path) as old, open(temporary, "wb") as raw:
        with gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=date) as packed:
            with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as new:
                for member in sorted(old.getmembers(), key=lambda one: one.name):
                    member.mtime = date
                    member.uid = member.gid = 0
                    member.uname = member.gname = ""
                    member.pax_headers = {}
                    member.mode = 0o755 if member.isdir() or member.mode & stat.S_IXUSR else 0o644
                    new.addfile(member, old.extractfile(member) if member.isreg() else None)
    os.replace(temporary, path)


#: By name: what makes the class that takes its place.
COMMANDS = {"build_ext": _build_ext, "bdist_wheel": _bdist_wheel, "sdist": _sdist}


def source_folders_excluded(source_folders) -> tuple[str, ...]:
    """Patterns for setuptools' search for packages: top-level folders that it would take for packages, and which hold
    sources of extensions or no Python code at all.

    source_folders: called for the names of folders with sources when that is not clear without.
    """
    patterns = []
    for entry in sorted(os.scandir("."), key=lambda one: one.name):
        if not entry.is_dir() or not entry.name.isidentifier():
            continue
        # With a `src` setuptools looks for packages in there.
        if entry.name == "src" and has_python(entry.path):
            continue
        direct = any(name.endswith((".py", ".pyi")) for name in os.listdir(entry.path))
        if direct:
            continue
        if not has_python(entry.path) or entry.name in source_folders():
            patterns += [entry.name, f"{entry.name}.*"]
    return tuple(patterns)


def has_python(folder: str) -> bool:
    """Whether there is Python code in a folder or below it."""
    seen = 0
    for _, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        if any(name.endswith((".py", ".pyi")) for name in names):
            return True
        seen += len(names)
        if seen > _MOST_NAMES:
            # Too much to look through; setuptools decides.
            return True
    return False
