/** What `sed -i` does to a file, in PowerShell's words. */
import { describe, expect, test } from "vitest";
import { editByPowerShell, withinPowerShell } from "../../../src/diagnose/fit/powershell-edits.ts";

describe("an edit of a file by PowerShell", () => {
  test.each([
    [
      "sed -i.bak -E 's/\\bAT_CHECK\\b/TORCH_CHECK/g' a.cpp",
      `powershell -Command "(Get-Content a.cpp) -creplace '\\bAT_CHECK\\b','TORCH_CHECK' | Set-Content a.cpp"`,
    ],
    [
      "sed -i.bak -E '3s/a/b/g; 3s/c/d/g; 7s/e/f/g' \"C:\\my w\\a.cpp\"",
      `powershell -Command "$t = @(Get-Content 'C:\\my w\\a.cpp'); $t[2] = $t[2] -creplace 'a','b' -creplace 'c','d'; $t[6] = $t[6] -creplace 'e','f'; Set-Content 'C:\\my w\\a.cpp' $t"`,
    ],
    [
      `sed -i.bak -E '2s/(x) *"/\\1, "/' a.cpp`,
      `powershell -Command "$t = @(Get-Content a.cpp); $t[1] = ([regex]'(x) *\\x22').Replace($t[1],('$1, '+[char]34),1); Set-Content a.cpp $t"`,
    ],
    [
      "sed -i.bak '1i #include <a.h>\\n#include \"b.h\"' a.cu",
      `powershell -Command "Set-Content a.cu (@('#include <a.h>',('#include '+[char]34+'b.h'+[char]34))+@(Get-Content a.cu))"`,
    ],
    [
      "sed -i.bak -E 's/T::T/${L}\\n\\&/g' CMakeLists.txt",
      `powershell -Command "(Get-Content CMakeLists.txt) -creplace 'T::T',('$\${L}'+[char]10+'&') | Set-Content CMakeLists.txt"`,
    ],
    [
      "sed -i.bak 's#a/b.h#c/b.h#' a.cpp",
      `powershell -Command "(Get-Content a.cpp) | ForEach-Object { ([regex]'a/b.h').Replace($_,'c/b.h',1) } | Set-Content a.cpp"`,
    ],
    [
      "sed -i.bak -E 's/a\\/b/\"/g' a.cpp",
      `powershell -Command "(Get-Content a.cpp) -creplace 'a/b',(''+[char]34) | Set-Content a.cpp"`,
    ],
    [
      "grep -rlE '(c10|at)::optional' --include='*.cpp' --include='*.h' . | xargs -r sed -i.bak -E 's/(c10|at)::optional/std::optional/g'",
      `powershell -Command "Get-ChildItem -Recurse -Include *.cpp,*.h | ForEach-Object { $f = $_.FullName; $t = Get-Content $f -Raw; $n = $t -creplace '(c10|at)::optional','std::optional'; if ($n -cne $t) { Set-Content $f $n -NoNewline; $f } }"`,
    ],
    [
      `grep -rlE -- '-stdlib=libc\\+\\+' --include='*.py' --include=CMakeLists.txt . | xargs -r sed -i.bak -E "s/[\\"']-stdlib=libc\\+\\+[\\"'] *,? *//g; s/-stdlib=libc\\+\\+//g"`,
      `powershell -Command "Get-ChildItem -Recurse -Include *.py,CMakeLists.txt | ForEach-Object { $f = $_.FullName; $t = Get-Content $f -Raw; $n = $t -creplace '[\\x22\\x27]-stdlib=libc\\+\\+[\\x22\\x27] *,? *','' -creplace '-stdlib=libc\\+\\+',''; if ($n -cne $t) { Set-Content $f $n -NoNewline; $f } }"`,
    ],
  ])("%s", (command, expected) => {
    expect(editByPowerShell(command)).toBe(expected);
    // One pair of quotes, so that cmd.exe hands over the whole.
    expect(expected.match(/"/g)).toHaveLength(2);
  });

  test.each([
    "sed -i.bak '/x/d' a.cpp",
    "sed -i.bak 's/\\(a\\)/\\1/g' a.cpp",
    "sed -i.bak -E '0,/x/s//y/' a.cpp",
    "sed -i.bak -E 's/[[:space:]]x/y/g' a.cpp",
    "sed -i.bak -E 's/a/b/2' a.cpp",
    "sed -i.bak -E 's/a/b/g' $(ls)",
    "grep -rl a.h --include='*.cu' . | xargs -r sed -i.bak '/#include.*a\\.h/d'",
    "grep -rl a src | xargs -r sed -i.bak -E 's/a/b/g'",
  ])("of another form nothing is said: %s", (command) => {
    expect(editByPowerShell(command)).toBeUndefined();
  });

  test("PowerShell itself starts no other one, whose variables it would put in", () => {
    expect(withinPowerShell('powershell -Command "$t = 1; Set-Content a.cpp $t"')).toBe("$t = 1; Set-Content a.cpp $t");
    expect(withinPowerShell("python setup.py install")).toBe("python setup.py install");
  });
});
