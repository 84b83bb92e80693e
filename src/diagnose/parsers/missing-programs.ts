/** How shells, `make`, Python and others say that a program is not found. Whether it was needed is not known here. */

/** `sh: 1: nvcc: not found` and its kin; the program is the first group that is there. */
const notFound: readonly RegExp[] = [
  // Windows PowerShell 5, in English and in languages with its quotation marks.
  /^The token ['"‘“](&&|\|\|)['"’”] is not a valid statement separator/,
  /^.{1,60}[„“"«「'](&&|\|\|)[“”"»」'].{0,40}(?:语句分隔符|陳述式分隔符|Anweisungstrennzeichen|séparateur d['’]instruction|separador de instrucciones|separador de instruções|separatore di istruzioni|разделителем инструкций|ステートメント区切り)/,
  /^(?:\S*\/)?(?:sh|bash|dash|zsh|ash|fish)(?:\[\d+\])?: (?:line )?\d+: (\S+): (?:command )?not found$/,
  /^(?:\S*\/)?(?:sh|bash|dash|zsh|ash|-bash): (?:\d+: )?(\S+): (?:command )?not found$/,
  /^(?:\S+\.sh): (?:line )?\d+: (\S+): (?:command not found|No such file or directory)$/,
  /^(?:\S*\/)?(?:sh|bash|dash): (?:(?:line )?\d+: )?(\S*\/\S+): (?:No such file or directory|Datei oder Verzeichnis nicht gefunden)$/,
  /^zsh: command not found: (\S+)$/,
  /^sudo: (\S+): command not found$/,
  /^Can't exec "([\w./+-]+)": No such file or directory/,
  /^['"]{1,2}((?:[a-z]:)?[\w.+/\\ ()-]*[\w+.-])['"]{1,2} is not recognized as an internal or external command/i,
  /^(?:Der Befehl )?["'“„]?(\S+?)["'”“]? ?(?:不是内部或外部命令|不是內部或外部命令|ist entweder falsch geschrieben|n'est pas reconnu|no se reconoce|não é reconhecido|non è riconosciuto|не является внутренней|は、内部コマンド|은\(는\) 내부 또는 외부)/,
  /The term ['"‘“]([^'"’”]+)['"’”] is not recognized as (?:the|a) name/,
  /^(?:\S+ ?[:：] ?)?(?:无法将|Die Benennung|[Ll]e terme|El término|用語|Имя|Il termine|O termo) ?[“"«'„]\s?([^”"»'“]{1,200}?)\s?[”"»'“]/,
  /^(?:\S*\/)?(?:sh|bash|dash|zsh|ash|-bash): (?:(?:line |第|строка |ligne |Zeile )?\d+ ?(?:行)?(?:：|:) ?)?(\S+?) ?[:：] ?(?:未找到命令|没有找到命令|找不到命令|Kommando nicht gefunden|Befehl nicht gefunden|commande introuvable|orden no encontrada|comando não encontrado|comando non trovato|команда не найдена|コマンドが見つかりません)/,
  /^(?:\S*\/)?env: [‘']?([^’':]+)[’']?: No such file or directory/,
  /^(?:g?make)(?:\[\d+\])?: (\S+): (?:Command not found|No such file or directory)$/,
  /^([\w./+-]*(?:nvcc|cl\.exe|g\+\+|gcc|ninja|cmake|hipcc|c\+\+)(?:-\d+)?): (?:command )?not found$/,
  /^(?:nvcc|ccache|sccache)[^:]*: (?:error: )?(?:failed to execute|could not find compiler|error trying to execute) ["']?(?!compile\b)([\w./+-]+)["']?/i,
  /^error: linker [`'](\S+)['`] not found/,
  /Command '\['(?:which|where)', '([^']+)'\]' returned non-zero/,
  /^(?:.*(?:\[Errno 2\]|FileNotFoundError:?|Warning:.*) )?No such file or directory: ['"](ninja|nvcc|cmake|g\+\+|gcc|c\+\+|cc|clang\+\+|hipcc|cl|git|which|patchelf|make)['"]/,
  /Error checking compiler version for (\S+): \[Errno 2\]/,
  /Compiler: (\S+) is not found/,
  /No working C\+\+ compiler found in .*'([\w.+/-]+)'\)/,
  /Failed to find (C) compiler\. Please specify via CC/,
  /^Command '(\S+)' not found, but can be installed with/,
  // Go's programs: docker, containerd, runc
  /\bexec: "([\w.+/-]+)": executable file not found in (?:\$PATH|%PATH%)/,
  /^(?:SYCL runtime is not found|.*\s)?(icpx): command not found$/,
  /^((?:\S*\/)?(?:nvcc|g\+\+[\w.-]*|gcc[\w.-]*|clang[\w.+-]*|c\+\+|cc|hipcc|x86_64[\w-]+)): No such file or directory$/,
];

/** The program that a line says is not found. */
export function programNotFound(text: string): string | undefined {
  for (const form of notFound) {
    const program = form.exec(text)?.[1];
    // A log that was pasted into a shell makes a command of every line: `'Preparing' is not recognized`.
    if (program !== undefined && !(/not recognized/.test(text) && /^[A-Z][a-z]+$/.test(program))) return program;
  }
  return undefined;
}
