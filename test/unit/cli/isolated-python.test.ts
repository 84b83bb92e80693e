import { expect, test } from "vitest";
import { isolatingOption } from "../../../src/cli/isolated-python.ts";

test.for<[string, string | undefined]>([
  ["python -I a.py", "-I"],
  ["/usr/bin/python3.13t -BE a.py", "-E"],
  ["pypy3 -u -S -c pass", "-S"],
  ["python.exe -W error -I", "-I"],
  ["python -Wignore -X dev -sSm pytest", "-S"],
  ["python --check-hash-based-pycs always -I a.py", "-I"],
  ["python a.py -I", undefined],
  ["python -c import_me -I", undefined],
  ["python -m pytest -S", undefined],
  ["python -mInspect", undefined],
  ["python -W Error a.py", undefined],
  ["python -XIS a.py", undefined],
  ["python - -I", undefined],
  ["pip -I install", undefined],
  ["python", undefined],
])("%s", ([command, expected]) => {
  expect(isolatingOption(command.split(" "))).toBe(expected);
});
