/** Compilers that speak another language than English: the answer is the one that the English words would get. */
import { describe, expect, it } from "vitest";
import { diagnose } from "../../../src/diagnose/diagnose.ts";

const gcc: readonly (readonly [language: string, said: string])[] = [
  ["English", "error: ‘AT_CHECK’ was not declared in this scope"],
  ["Chinese", "错误：‘AT_CHECK’在此作用域中尚未声明"],
  ["German", "Fehler: »AT_CHECK« wurde in diesem Gültigkeitsbereich nicht definiert"],
  ["French", "erreur: « AT_CHECK » n'a pas été déclaré dans cette portée"],
  ["Spanish", "error: ‘AT_CHECK’ no se declaró en este ámbito"],
  ["older Spanish", "error: no se declaró ‘AT_CHECK’ en este ámbito"],
  ["Russian", "ошибка: «AT_CHECK» не описано в этой области видимости"],
  ["Japanese", "エラー: ‘AT_CHECK’ はこのスコープで宣言されていません"],
  ["Korean", "오류: ‘AT_CHECK’이(가) 이 범위에서 선언되지 않았습니다"],
];

const others: readonly (readonly [text: string, id: string])[] = [
  ["a.cpp:3:8: 错误：‘optional’不是‘c10’的成员", "torch-name-replaced"],
  ["a.cpp:3:8: Fehler: »optional« ist kein Element von »c10«", "torch-name-replaced"],
  ["a.cpp:3:8: erreur: « optional » n'est pas un membre de « c10 »", "torch-name-replaced"],
  ["q.cpp:138:90: 错误：‘struct cudaDeviceProp’没有名为‘memoryClockRate’的成员", "cuda-device-prop-removed"],
  [
    "q.cpp:138:90: Fehler: »struct cudaDeviceProp« hat kein Element namens »memoryClockRate«",
    "cuda-device-prop-removed",
  ],
  [
    "q.cpp:138:90: error: ‘struct cudaDeviceProp’ no tiene un miembro llamado ‘memoryClockRate’",
    "cuda-device-prop-removed",
  ],
  ["a.h:40:9: 错误：‘uint32_t’不能命名一个类型", "cstdint-missing"],
  ["a.h:40:9: erreur: « uint32_t » ne nomme pas un type", "cstdint-missing"],
  ["g++: 错误：无法识别的命令行选项‘-Wno-foo-bar=2’", "unknown-compiler-option"],
  ["g++: Fehler: nicht erkannte Kommandozeilenoption »-Wno-foo-bar=2«", "unknown-compiler-option"],
  ["csrc/geometry.cpp(12): error C2065: “M_PI”: 未声明的标识符", "posix-on-windows"],
  ['csrc/geometry.cpp(12): error C2065: "M_PI": nichtdeklarierter Bezeichner', "posix-on-windows"],
  ["csrc/bits.cpp(8): error C3861: '__builtin_ctz': 識別子が見つかりませんでした", "posix-on-windows"],
  ["network.cc(221): error C2039: “clockRate”: 不是“cudaDeviceProp”的成员", "cuda-device-prop-removed"],
  ["kernel.cpp(45): error C2131: l'expression n'a pas été évaluée en constante", "posix-on-windows"],
  ["rpcndr.h(192): error C2872: “byte”: 不明确的符号", "windows-byte-ambiguous"],
];

describe("a compiler's message in another language", () => {
  for (const [language, said] of gcc) {
    it(`gcc's undeclared names: ${language}`, () => {
      expect(diagnose(`csrc/a.cpp:10:23: ${said}`).diagnoses[0]?.id).toBe("at-check-removed");
    });
  }

  for (const [text, id] of others) it(text, () => expect(diagnose(text).diagnoses[0]?.id).toBe(id));

  it("that ends a link is no cause, whatever the language", () => {
    for (const line of [
      "collect2: 错误：ld 返回 1",
      "collect2: Fehler: ld gab 1 als Ende-Status zurück",
      "collect2: erreur: ld a retourné le statut de sortie 1",
      "collect2: error: ld devolvió el estado de salida 1",
    ])
      expect(diagnose(line).diagnoses[0]?.id).toBe("only-wrapper-lines");
  });
});
