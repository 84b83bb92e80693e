"""Builds a wheel for `retorch wheel`, which starts this file in the target Python with one JSON document as its argument.

Standard output gets the path of the wheel, or one JSON object about it; what everything else prints goes to standard
error.
"""

from __future__ import annotations

import json
import logging
import os
import sys


def main() -> None:
    request = json.loads(sys.argv[1])
    # The folder of this file holds modules that nobody shall find by their bare names.
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    sys.argv[1:] = []
    answer = os.dup(1)
    os.dup2(2, 1)
    os.chdir(request["project"])

    from retorch import _messages, build
    from retorch._answer import describe_wheel

    settings = dict(request["settings"])
    if request["quiet"]:
        _messages.be_quiet()
        words = settings.get("build-args", [])
        settings["build-args"] = [*([words] if isinstance(words, str) else words), "--quiet"]
    if not request["verbose"]:
        settings.setdefault("quiet", "1")
        # setuptools tells of its search for packages before it reads that.
        logging.disable(logging.WARNING if request["quiet"] else logging.INFO)
    path = os.path.join(request["out"], build.build_wheel(request["out"], settings))
    with open(answer, "w", encoding="utf-8", errors="surrogateescape") as file:
        file.write(json.dumps(describe_wheel(path)) if request["json"] else path)
        file.write("\n")


if __name__ == "__main__":
    main()
