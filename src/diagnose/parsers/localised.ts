/**
 * The sentences that rules look for, when a compiler said them in another language: into English, with the names as they
 * stood. Other sentences stay as they are. Quotation marks of every language count as quotes.
 *
 * Sources: gcc's message catalogues (gcc/po/*.po) and Microsoft's documentation of compiler errors by number.
 */

/** A quoted name in any language's quotation marks. */
const name = String.raw`[‘'"“”«»„「『]\s?(?<name>[^’'"”«»“」』]{1,300}?)\s?[’'"”»«“」』]`;
const owner = String.raw`[‘'"“”«»„「『]\s?(?<owner>[^’'"”«»“」』]{1,300}?)\s?[’'"”»«“」』]`;

const sentences: readonly (readonly [RegExp, (name: string, owner: string) => string])[] = [
  [
    new RegExp(
      String.raw`${name}\s?(?:在此作用域中尚未声明|在此作用域中未声明|在這個作用域中尚未宣告|wurde in diesem Gültigkeitsbereich nicht definiert|ist in diesem Gültigkeitsbereich nicht deklariert|n'a pas été déclaré dans cette portée|no se declaró en este ámbito|(?:was )?このスコープでは宣言されていません|はこのスコープで宣言されていません|не описано? в этой области видимости|не был[ао]? объявлен[ао]? в этой области|não foi declarado neste escopo|(?:이\(가\) )?이 범위에서 선언되지 않았습니다|bu kapsamda bildirilmemiş)`,
    ),
    (it) => `‘${it}’ was not declared in this scope`,
  ],
  [
    new RegExp(
      String.raw`(?:falsche Verwendung des unvollständigen Typs|utilisation invalide du type incomplet|uso inválido del tipo incompleto|неверное использование неполного типа) ${name}`,
    ),
    (it) => `invalid use of incomplete type ‘${it}’`,
  ],
  [new RegExp(String.raw`no se declaró ${name} en este ámbito`), (it) => `‘${it}’ was not declared in this scope`],
  [
    new RegExp(
      String.raw`${name}\s?(?:不是|ist kein Element von|n'est pas un membre de|no es un miembro de|не является членом|não é um membro de|は)\s?${owner}(?:的成员|のメンバーではありません)?`,
    ),
    (it, of) => `‘${it}’ is not a member of ‘${of}’`,
  ],
  [
    new RegExp(
      String.raw`${owner}\s?(?:没有名为|中沒有名為|hat kein Element namens|n'a pas de membre nommé|no tiene un miembro llamado|не содержит элемента с именем|não tem membro chamado|には)\s?${name}(?:的成员|という名前のメンバーはありません)?`,
    ),
    (it, of) => `‘${of}’ has no member named ‘${it}’`,
  ],
  [
    new RegExp(
      String.raw`(?:对|對)?\s?${name}\s?(?:的调用没有匹配的函数|(?:的)?调用没有匹配的函数)|(?:没有匹配的函数可供调用|keine passende Funktion für Aufruf von|pas de fonction correspondante pour l'appel à|no hay coincidencia para la función en la llamada a|нет подходящей функции для вызова) ${owner}`,
    ),
    (it, of) => `no matching function for call to ‘${it === "" ? of : it}’`,
  ],
  [
    new RegExp(
      String.raw`${name}\s?(?:不是一个类型名|不能命名一个类型|bezeichnet keinen Typ|ne nomme pas un type|no nombra a un tipo|не является именем типа|は型名ではありません)`,
    ),
    (it) => `‘${it}’ does not name a type`,
  ],
  [
    new RegExp(
      String.raw`(?:无法识别的命令行选项|无法识别的命令列选项|nicht erkannte Kommandozeilenoption|option de la ligne de commande non reconnue|no se reconoce la opción de línea de órdenes|нераспознанный параметр командной строки)\s?${name}`,
    ),
    (it) => `unrecognized command-line option ‘${it}’`,
  ],
  [
    /(?:静态断言失败|statische Behauptung fehlgeschlagen|échec de l'assertion statique|falló la aserción estática|статическое утверждение не выполнено)\s?[:：]?\s?(?<name>.*)/,
    (it) => `static assertion failed: ${it}`,
  ],
];

/** The English sentence, when this is a known one in another language. */
export function inEnglish(message: string): string {
  if (!/[^\x00-\x7f‘’“”]|wurde|ist kein|hat kein|n'a pas|n'est pas|no (?:se|es|tiene)|não|bezeichnet/.test(message))
    return message;
  for (const [form, english] of sentences) {
    const found = form.exec(message)?.groups;
    if (found !== undefined) return english(found["name"] ?? "", found["owner"] ?? "");
  }
  return message;
}

/** What a number of MSVC's says in English, for the numbers that rules read by their words: `$1` and `$2` are the quoted names. */
const byNumber: Readonly<Record<string, string>> = {
  C2065: "'$1': undeclared identifier",
  C3861: "'$1': identifier not found",
  C2039: "'$1': is not a member of '$2'",
  C2872: "'$1': ambiguous symbol",
  C2131: "expression did not evaluate to a constant",
  C2057: "expected constant expression",
  C2589: "'$1': illegal token on right side of '$2'",
  C2398: "'$1': conversion from '$2' to '$3' requires a narrowing conversion",
  C2664: "'$1': cannot convert argument from '$2' to '$3'",
  C2665: "'$1': no overloaded function could convert all the argument types",
  C2672: "'$1': no matching overloaded function found",
  C2660: "'$1': function does not take these arguments",
  C2661: "'$1': no overloaded function takes these arguments",
  C2079: "'$1' uses undefined class '$2'",
  C2027: "use of undefined type '$1'",
  C2001: "newline in constant",
  C1128: "number of sections exceeded object file format limit: compile with /bigobj",
  C1061: "compiler limit: blocks nested too deeply",
  C1001: "Internal compiler error.",
  D8021: "invalid numeric argument '$1'",
  D9002: "ignoring unknown option '$1'",
};

/** The message of a number of MSVC's in English; English ones and numbers that are not known stay as they are. */
export function msvcInEnglish(code: string, message: string): string {
  const english = byNumber[code];
  if (
    english === undefined ||
    !/[^\x00-\x7f‘’“”]|\b(?:Bezeichner|identificateur|identificador|nicht|ist kein|n'est pas|no (?:es|se))\b/.test(
      message,
    )
  )
    return message;
  const quoted = [...message.matchAll(/[‘'"“”«»„「]\s?([^’'"”«»“」]{1,300}?)\s?[’'"”»«“」]/g)].map(
    (match) => match[1] ?? "",
  );
  return english.replaceAll(/\$(\d)/g, (_, index: string) => quoted[Number(index) - 1] ?? "");
}
