/** Programs with LibTorch for Windows that do not start because a DLL of it is not where they look. */
import type { Match } from "../rule.ts";

/** Whether it is a program with LibTorch, not Python, that does not start. */
export function ofProgram({ finding, context }: Match): boolean {
  return (
    !/python(?:w)?\.exe/i.test(finding.text) &&
    (context.log.host === "rust" ||
      /\.dll (?:was not found|is missing)|\.dll[，,] ?无法|\.dll (?:nicht gefunden|est introuvable)|no se encontró \S+\.dll/.test(
        finding.text,
      ) ||
      context.log.host === "program" ||
      context.log.host === "visual-studio" ||
      /\w\.exe\b|has exited with code|didn't exit successfully|entry point/i.test(finding.text))
  );
}

/**
 * cargo puts the folder of the libraries that it links on PATH for `cargo run`; a program that is started by itself finds them nowhere.
 * torch-sys keeps those that it fetched in its own build folder. Source: LaurentMazare/tch-rs#367.
 */
export function besideCargosProgram(match: Match): string[] {
  const { typed } = match.context.log;
  const [, folder] =
    /((?:[A-Za-z]:)?[\w.\\-]*?target\\(?:release|debug))\\[\w.-]+\.exe/.exec(
      [...typed.map(({ line }) => line), match.finding.text].join("\n"),
    ) ?? [];
  const to = folder ?? "target\\release";
  return [
    `powershell -Command "Copy-Item ${to}\\build\\torch-sys-*\\out\\libtorch\\libtorch\\lib\\*.dll ${to}"   # those that torch-sys fetched; it finds them beside the program, and they have to be shipped with it`,
    "# with LIBTORCH set there are none: copy %LIBTORCH%\\lib\\*.dll, or that folder on PATH; cargo run sets PATH by itself, which is why it starts there",
  ];
}

/** A DLL of LibTorch's that a program's start misses by name. */
export function isLibtorchDll({ facts }: Match): boolean {
  return /^(?:c10|torch|uv|fbgemm|asmjit|libiomp|cudnn|cublas|cudart|nvrtc|caffe2|nvToolsExt)\w*\.dll$/i.test(
    facts["name"] ?? "",
  );
}

/** LibTorch's DLLs where the program finds them first. */
export function programDlls(match: Match): string[] {
  if (isLibtorchDll(match) && match.context.log.host === "rust") return besideCargosProgram(match);
  return [
    "where torch_cpu.dll c10.dll torch_cuda.dll   # which ones a program finds on PATH: another LibTorch, or a Python's torch\\lib?",
    "copy <libtorch>\\lib\\*.dll <the program's folder>   # those of the LibTorch that it was linked with; or set PATH=<libtorch>\\lib;%PATH% before it starts",
    ...(match.context.log.host === "rust" || /cargo|target\\/.test(match.finding.text)
      ? ["cargo clean & cargo build   # after LIBTORCH was pointed at another release: torch-sys is built anew"]
      : []),
    "# LibTorch's release, its Debug or Release kind and its CUDA have to be those that the program was built with; and the newest Visual C++ run time: https://aka.ms/vs/17/release/vc_redist.x64.exe",
  ];
}
