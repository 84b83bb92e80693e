"""Builds a wheel for `retorch wheel`, which starts this file in the target Python with one JSON document as its argument.

What the hook and everything below it print goes to standard error; the answer is a file.
"""

from __future__ import annotations

import json
import os
import sys


def main() -> None:
    request = json.loads(sys.argv[1])
    # The folder of this file holds modules that nobody shall find by their bare names.
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    sys.argv[1:] = []
    sys.stdout.flush()
    os.dup2(2, 1)
    os.chdir(request["project"])

    from retorch import build
    from retorch._answer import describe_wheel

    settings = dict(request["settings"])
    if not request["verbose"]:
        settings.setdefault("quiet", "1")
    out = request["out"]
    os.makedirs(out, exist_ok=True)
    name = build.build_wheel(out, settings)
    with open(request["answer"], "w", encoding="utf-8") as file:
        json.dump(describe_wheel(os.path.join(out, name)), file)
        file.write("\n")


if __name__ == "__main__":
    main()
