"""Pythons that a set-up script starts (`python generate.py`): each notes down what it looks at, as the script itself does.

They find `_trace/sitecustomize.py` on PYTHONPATH and write what they saw into a folder, when they end in an orderly way. One
that said nothing (`-I`, `os._exit`, another Python without audit hooks) is a program of unknown habits.
"""

import json
import os
import re
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
TRACE = os.path.join(HERE, "_trace")
#: The folder for what children saw, the project, and the Python that asks. Not in `os.environ`, where a script could see them.
FOLDER, PROJECT, PARENT = "RETORCH_TRACE_FOLDER", "RETORCH_TRACE_PROJECT", "RETORCH_TRACE_PARENT"
PYTHON = re.compile(r"^(?:python|pypy)[\d.]*(?:\.exe)?$", re.IGNORECASE)


class Children:
    """The Pythons that are started below this one."""

    def __init__(self, folder):
        self.folder = folder
        self.started = []
        self._witness = None

    def start(self, witness):
        """From now on children are told to write down what they see."""
        self._witness = witness
        # For those that inherit the environment, also through a shell: `os.environ` is left as it is.
        for name, value in self._variables(witness.initial.get("PYTHONPATH")).items():
            os.putenv(name, value)
        original = subprocess.Popen.__init__
        children = self

        def init(popen, args, *rest, **kwargs):
            if children._witness.watches and kwargs.get("env") is not None:
                env = dict(kwargs["env"])
                env.update(children._variables(env.get("PYTHONPATH")))
                kwargs["env"] = env
            return original(popen, args, *rest, **kwargs)

        subprocess.Popen.__init__ = init

    def expects(self, words):
        """Whether a program that is about to start is a Python that will say what it saw."""
        if not PYTHON.match(os.path.basename(words[0])):
            return False
        if "pip" in words:
            # What it gets from elsewhere is not known afterwards.
            return False
        self.started.append(" ".join(words)[:80])
        return True

    def collect(self, witness):
        """Adds what all of them saw, those that were started by children too."""
        documents = self._documents()
        for seen in documents:
            self._add(witness, seen)
        began = len([name for name in os.listdir(self.folder) if name.endswith(".began")])
        if began != len(documents):
            witness.volatile.append("it runs a Python that did not end as usual")
        self.check(witness)

    def check(self, witness):
        """Each one that this process has started must have said what it saw."""
        said = sum(seen["parent"] == str(os.getpid()) for seen in self._documents())
        if said < len(self.started):
            witness.volatile.append("it runs `%s`, which did not say what it looked at" % self.started[0])

    def _documents(self):
        documents = []
        for name in sorted(name for name in os.listdir(self.folder) if name.endswith(".json")):
            with open(os.path.join(self.folder, name), encoding="utf-8") as file:
                documents.append(json.load(file))
        return documents

    def _add(self, witness, seen):
        witness.files.update(seen["files"])
        witness.written.update(seen["written"])
        witness.probes.update(seen["probes"])
        witness.listings.update(seen["listings"])
        witness.volatile += seen["volatile"]
        witness.every_variable = witness.every_variable or seen["every_variable"]
        for name, value in seen["variables"].items():
            # Others were set by the script.
            if witness.initial.get(name) == value:
                witness.variables.setdefault(name, value)

    def _variables(self, path):
        folders = [TRACE] + [folder for folder in (path or "").split(os.pathsep) if folder and folder != TRACE]
        return {
            "PYTHONPATH": os.pathsep.join(folders),
            FOLDER: self.folder,
            PROJECT: self._witness.project,
            PARENT: str(os.getpid()),
        }
