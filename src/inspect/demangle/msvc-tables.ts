/** Letters of Microsoft's name mangling and what they stand for. */

/** Operators and special members by their letter. */
export const SPECIAL: Readonly<Record<string, string>> = {
  "2": "operator new",
  "3": "operator delete",
  "4": "operator=",
  "5": "operator>>",
  "6": "operator<<",
  "7": "operator!",
  "8": "operator==",
  "9": "operator!=",
  A: "operator[]",
  C: "operator->",
  D: "operator*",
  E: "operator++",
  F: "operator--",
  G: "operator-",
  H: "operator+",
  I: "operator&",
  J: "operator->*",
  K: "operator/",
  L: "operator%",
  M: "operator<",
  N: "operator<=",
  O: "operator>",
  P: "operator>=",
  Q: "operator,",
  R: "operator()",
  S: "operator~",
  T: "operator^",
  U: "operator|",
  V: "operator&&",
  W: "operator||",
  X: "operator*=",
  Y: "operator+=",
  Z: "operator-=",
};

/** Those that follow an underscore. */
export const SPECIAL_UNDERSCORE: Readonly<Record<string, string>> = {
  "0": "operator/=",
  "1": "operator%=",
  "2": "operator>>=",
  "3": "operator<<=",
  "4": "operator&=",
  "5": "operator|=",
  "6": "operator^=",
  "7": "`vftable'",
  "8": "`vbtable'",
  "9": "`vcall'",
  D: "`vbase destructor'",
  E: "`vector deleting destructor'",
  F: "`default constructor closure'",
  G: "`scalar deleting destructor'",
  U: "operator new[]",
  V: "operator delete[]",
};

/** Built-in types by their letter. */
export const SIMPLE_TYPES: Readonly<Record<string, string>> = {
  C: "signed char",
  D: "char",
  E: "unsigned char",
  F: "short",
  G: "unsigned short",
  H: "int",
  I: "unsigned int",
  J: "long",
  K: "unsigned long",
  M: "float",
  N: "double",
  O: "long double",
  X: "void",
};

/** Those that follow an underscore. */
export const UNDERSCORE_TYPES: Readonly<Record<string, string>> = {
  J: "__int64",
  K: "unsigned __int64",
  N: "bool",
  Q: "char8_t",
  S: "char16_t",
  U: "char32_t",
  W: "wchar_t",
};

/** Calling conventions; the odd letters are their exported forms. */
export const CALLING: Readonly<Record<string, string>> = {
  A: "__cdecl",
  C: "__pascal",
  E: "__thiscall",
  G: "__stdcall",
  I: "__fastcall",
  M: "__clrcall",
  Q: "__vectorcall",
};

/** `A` public …: access and kind of a member function, by letter. */
export const MEMBER_KINDS: Readonly<Record<string, string>> = {
  A: "private: ",
  C: "private: static ",
  E: "private: virtual ",
  I: "protected: ",
  K: "protected: static ",
  M: "protected: virtual ",
  Q: "public: ",
  S: "public: static ",
  U: "public: virtual ",
};

/** Kinds of variables. */
export const DATA_KINDS: Readonly<Record<string, string>> = {
  "0": "private: static ",
  "1": "protected: static ",
  "2": "public: static ",
  "3": "",
  "4": "",
};
