/**
 * What translates a CUDA source for ROCm and then compiles it: a script for the target Python that calls the installed
 * torch's own `hipify` (without importing torch) on a copy of the source and of the project's headers that it includes,
 * and runs the compiler on the result. Standard library only, Python 3.9. It never writes beside the user's files.
 *
 * One step, not two, because which headers there are is only known when the sources are read: the list of headers that
 * the compiler writes is mapped back to the user's own, so that the engine watches those.
 */
export const hipifyScript = `"""Translates one source with torch's hipify into a folder of its own and compiles it.

python THIS --hipify DIR --stage DIR --source FILE --depfile FILE [--include DIR]... -- COMMAND...
"""

import contextlib
import importlib.util
import inspect
import io
import os
import re
import shutil
import subprocess
import sys

INCLUDE = re.compile(r'^[ \\t]*#[ \\t]*include[ \\t]*(["<])([^">\\n]+)[">]', re.M)


def options(words):
    found, includes = {}, []
    while words and words[0] != "--":
        name, value = words[0], words[1]
        if name == "--include":
            includes.append(value)
        else:
            found[name[2:]] = value
        words = words[2:]
    return found, includes, words[1:]


def text_of(path):
    try:
        with open(path, encoding="utf-8", newline="") as file:
            return file.read()
    except (OSError, UnicodeDecodeError):
        return None


def included(source, dirs):
    """The source and the headers that it includes from its own folder and the given ones, in order."""
    files, queue = {}, [source]
    while queue:
        path = queue.pop(0)
        if path in files:
            continue
        text = text_of(path)
        if text is None:
            continue
        files[path] = text
        for quote, name in INCLUDE.findall(text):
            for folder in ([os.path.dirname(path)] if quote == '"' else []) + dirs:
                header = os.path.normpath(os.path.join(folder, name))
                if os.path.isfile(header):
                    queue.append(header)
                    break
    return files


def load(folder):
    """torch.utils.hipify by its place: importing torch takes seconds."""
    spec = importlib.util.spec_from_file_location(
        "hipify", os.path.join(folder, "__init__.py"), submodule_search_locations=[folder])
    package = importlib.util.module_from_spec(spec)
    sys.modules["hipify"] = package
    spec.loader.exec_module(package)
    return importlib.import_module("hipify.hipify_python")


def path_of(result):
    return result["hipified_path"] if isinstance(result, dict) else result.hipified_path


def words_of(text):
    """Words of a make rule, with their escapes taken away."""
    text = text.replace("\\\\\\n", " ")
    return [re.sub(r"\\\\([ #])", r"\\1", word).replace("$$", "$") for word in re.findall(r"(?:\\\\.|[^\\s\\\\])+", text)]


def escaped(path):
    return re.sub(r"([ #])", r"\\\\\\1", path).replace("$", "$$")


def main():
    given, dirs, command = options(sys.argv[1:])
    source = os.path.abspath(given["source"])
    dirs = [os.path.abspath(each) for each in dirs]
    files = included(source, dirs)
    if source not in files:
        sys.exit("error: %s cannot be read as UTF-8" % given["source"])
    top = os.path.commonpath([os.path.dirname(each) for each in files] + [os.getcwd()])
    stage = os.path.abspath(given["stage"])
    shutil.rmtree(stage, ignore_errors=True)

    def staged(path):
        return os.path.join(stage, os.path.relpath(path, top))

    for path, text in files.items():
        os.makedirs(os.path.dirname(staged(path)), exist_ok=True)
        with open(staged(path), "w", encoding="utf-8", newline="") as file:
            file.write(text)
    inside = [each for each in dirs if os.path.isdir(staged(each)) and os.path.commonpath([each, top]) == top]
    hipify = load(given["hipify"])
    wanted = dict(
        project_directory=stage, output_directory=stage, header_include_dirs=[staged(each) for each in inside],
        includes=[os.path.join(stage, "*")], extra_files=[staged(path) for path in files], show_detailed=False,
        show_progress=False, is_pytorch_extension=True, hipify_extra_files_only=True)
    known = inspect.signature(hipify.hipify).parameters
    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            results = hipify.hipify(**{name: value for name, value in wanted.items() if name in known})
    except Exception:
        sys.stderr.write(said.getvalue())
        raise
    origin = {staged(path): path for path in files}
    for path in files:
        made = results.get(staged(path))
        if made is not None and path_of(made) is not None:
            origin[os.path.abspath(path_of(made))] = path
    made = results.get(staged(source))
    translated = (path_of(made) if made is not None else None) or staged(source)

    def near(path):
        relative = os.path.relpath(path)
        return path if relative.startswith("..") else relative

    words, first = [], True
    for word in command:
        if first and word.startswith("-I"):
            words += ["-I" + near(staged(each)) for each in inside]
            first = False
        words.append(near(translated) if word == given["source"] else word)
    # A header that only a macro names was not copied: it is looked for where the source is.
    words += ["-iquote", near(os.path.dirname(source))]
    status = subprocess.call(words)
    if status == 0:
        rules = text_of(given["depfile"])
        if rules is not None:
            target, *read = words_of(rules)
            read = [each for each in read if not each.endswith(":")]
            mapped = [origin.get(os.path.abspath(each), each) for each in read]
            with open(given["depfile"], "w", encoding="utf-8", newline="") as file:
                file.write(" \\\\\\n ".join([escaped(target)] + [escaped(near(each)) for each in mapped]) + "\\n")
    sys.exit(status if status >= 0 else 128 - status)


main()
`;
