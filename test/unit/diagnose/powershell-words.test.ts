import { describe, expect, test } from "vitest";
import { inWordsOfPowerShell } from "../../../src/diagnose/fit/powershell-words.ts";

describe("lines for cmd.exe in PowerShell's words", () => {
  test.each([
    ["set MAX_JOBS=4", ['$env:MAX_JOBS = "4"']],
    ["set CUB_HOME=", ["$env:CUB_HOME = $null"]],
    ["set CC=& set CXX=", ["$env:CC = $null", "$env:CXX = $null"]],
    ["set PATH=C:\\t\\bin;%PATH%", ['$env:PATH = "C:\\t\\bin;$env:PATH"']],
    [
      "rmdir /s /q %LOCALAPPDATA%\\torch_extensions",
      ["Remove-Item -Recurse -Force $env:LOCALAPPDATA\\torch_extensions"],
    ],
    ["where nvcc", ["where.exe nvcc"]],
    ['"C:\\a b\\python.exe" -m pip install .', ['& "C:\\a b\\python.exe" -m pip install .']],
    ["pip install --only-binary a,b a b", ['pip install --only-binary "a,b" a b']],
    [
      'for /f "usebackq delims=" %i in (`python -c "import torch; print(\'a\')"`) do set X=%i',
      ["$env:X = python -c \"import torch; print('a')\""],
    ],
    ["cd <that folder> && pip install .", ["cd <that folder>; pip install ."]],
    ["set A=1&& python a.py", ['$env:A = "1"', "python a.py"]],
  ])("%s", (line, said) => {
    expect(inWordsOfPowerShell([line])).toEqual(said);
  });

  test("a batch file leaves what it has set", () => {
    expect(inWordsOfPowerShell(['"C:\\VS\\VC\\Auxiliary\\Build\\vcvarsall.bat" x64 -vcvars_ver=14.38'])).toEqual([
      `cmd /c '"C:\\VS\\VC\\Auxiliary\\Build\\vcvarsall.bat" x64 -vcvars_ver=14.38 && set' | ForEach-Object { if ($_ -match '^(\\w+)=(.*)$') { Set-Item "Env:$($Matches[1])" $Matches[2] } }`,
    ]);
  });

  test.each(["for %i in (*.cu) do nvcc %i", "if exist build rmdir build", "echo a ^& b", "mklink /d a b"])(
    "what has none stays: %s",
    (line) => {
      expect(inWordsOfPowerShell([line])).toBeUndefined();
    },
  );
});
