"""Runs one command and writes what it used as JSON: python3 measure.py RESULT OUTPUT PROGRAM [ARGUMENT...]

`wall` is from just before the start to the end; `user` and `system` are of the command and of all descendants that were
waited for; `rss` is the largest process among them (the kernel keeps no sum).
"""

import json
import os
import sys
import time

result_path, output_path, *command = sys.argv[1:]
output = os.open(output_path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
null = os.open(os.devnull, os.O_RDONLY)
actions = [
    (os.POSIX_SPAWN_DUP2, null, 0),
    (os.POSIX_SPAWN_DUP2, output, 1),
    (os.POSIX_SPAWN_DUP2, output, 2),
]
started_at = time.time_ns()
begin = time.monotonic_ns()
pid = os.posix_spawnp(command[0], command, os.environ, file_actions=actions)
_, status, usage = os.wait4(pid, 0)
wall = time.monotonic_ns() - begin
with open(result_path, "w", encoding="utf-8") as out:
    json.dump(
        {
            "startedAt": str(started_at),
            "wall": wall / 1e9,
            "user": usage.ru_utime,
            "system": usage.ru_stime,
            "rss": usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024),
            "code": os.waitstatus_to_exitcode(status),
        },
        out,
    )
