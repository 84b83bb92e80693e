import { describe, expect, it } from "vitest";
import { inPowerShell } from "../../../src/diagnose/fit/powershell-words.ts";

describe("lines of cmd.exe in PowerShell's words", () => {
  it.each([
    ["set TMP=C:\\t& set TEMP=C:\\t& mkdir C:\\t", ["$env:TMP = 'C:\\t'", "$env:TEMP = 'C:\\t'", "mkdir -Force C:\\t"]],
    ["set LIB=%CUDA_HOME%\\lib\\x64;%LIB%", ['$env:LIB = "${env:CUDA_HOME}\\lib\\x64;${env:LIB}"']],
    ['set "INCLUDE=C:\\a b\\include"', ["$env:INCLUDE = 'C:\\a b\\include'"]],
    ["set CUB_HOME=", ["Remove-Item Env:CUB_HOME -ErrorAction SilentlyContinue"]],
    ["cd /d D:\\w && python setup.py install", ["cd D:\\w", "python setup.py install"]],
    ["rmdir /s /q build", ["Remove-Item -Recurse -Force build"]],
    ['"C:\\my py\\python.exe" -m pip install "a<2"', ['& "C:\\my py\\python.exe" -m pip install "a<2"']],
    ["where nvcc", ["where.exe nvcc"]],
    ["# set A=1", ["# $env:A = '1'"]],
    ["# where torch is", ["# where torch is"]],
  ])("%s", (line, expected) => {
    expect(inPowerShell(line)).toEqual(expected);
  });

  it.each(['for /f "usebackq delims=" %i in (`nvcc`) do set FOUND=%i', 'call "C:\\VS\\vcvars64.bat"', "dir /a /q x"])(
    "cannot be said: %s",
    (line) => {
      expect(inPowerShell(line)).toBeUndefined();
    },
  );
});
