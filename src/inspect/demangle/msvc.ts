/**
 * Names as Microsoft's compiler mangles them, the common forms: functions, members, variables, templates, special
 * members. What is not understood gives `undefined`, never a wrong name.
 *
 * The scheme is not documented by Microsoft; the forms here are those that `undname` and LLVM's demangler agree on.
 */
import {
  CALLING,
  DATA_KINDS,
  MEMBER_KINDS,
  SIMPLE_TYPES,
  SPECIAL,
  SPECIAL_UNDERSCORE,
  UNDERSCORE_TYPES,
} from "./msvc-tables.ts";
import { fail, NotMangled } from "./nodes.ts";

/** A name that was taken apart. */
export interface MsvcName {
  /** As the linker writes it: `int __cdecl at::cuda::warp_size(void)`. */
  readonly text: string;
  /** `at::cuda::warp_size`. */
  readonly name: string;
  /** Outermost first. */
  readonly scope: readonly string[];
}

const MAX_LENGTH = 16 * 1024;
const MAX_DEPTH = 96;
const MAX_TEXT = 128 * 1024;

/** A type in two halves, before and after the name that it declares. */
interface Halves {
  readonly before: string;
  readonly after: string;
}

function whole(type: Halves): string {
  return type.before + type.after;
}

const CV = ["", " const", " volatile", " const volatile"] as const;

class MsvcParser {
  readonly #text: string;
  #at = 0;
  #depth = 0;
  #written = 0;
  /** What the digits stand for: names, and types of parameters. */
  #names: string[] = [];
  #types: Halves[] = [];

  constructor(text: string) {
    this.#text = text;
  }

  #peek(distance = 0): string {
    return this.#text.charAt(this.#at + distance);
  }

  #accept(text: string): boolean {
    if (!this.#text.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }

  #take(): string {
    if (this.#at >= this.#text.length) fail();
    return this.#text.charAt(this.#at++);
  }

  #nested<T>(rule: () => T): T {
    if (++this.#depth > MAX_DEPTH) fail();
    const result = rule();
    this.#depth--;
    return result;
  }

  #spend(text: string): string {
    this.#written += text.length;
    if (this.#written > MAX_TEXT * 16 || text.length > MAX_TEXT) fail();
    return text;
  }

  symbol(): MsvcName {
    if (this.#accept("??_R0")) {
      const name = whole(this.#type());
      if (!this.#accept("@8") || this.#at !== this.#text.length) fail();
      const scope = name.replace(/^\w+ /, "").split("::");
      return { text: `${name} \`RTTI Type Descriptor'`, name: scope.join("::"), scope };
    }
    if (!this.#accept("?")) fail();
    const { parts, returnless } = this.#qualifiedName();
    const name = parts.join("::");
    const text = this.#spend(this.#declaration(name, returnless));
    if (this.#at !== this.#text.length) fail();
    return { text, name, scope: parts };
  }

  /** The name itself, then its scopes from the inside out. Outermost first in the result. */
  #qualifiedName(ofType = false): { readonly parts: string[]; readonly returnless: boolean | "conversion" } {
    return this.#nested(() => {
      const inner: string[] = [];
      let structor: "" | "~" | undefined;
      let returnless: boolean | "conversion" = false;
      if (this.#accept("?$")) {
        const template = this.#templateName();
        // Names of classes count for the digits, names of functions do not.
        inner.push(ofType ? this.#remember(template) : template);
      } else if (this.#accept("?")) {
        const code = this.#take();
        if (code === "0" || code === "1") {
          structor = code === "0" ? "" : "~";
          returnless = true;
        } else if (code === "B") {
          returnless = "conversion";
          inner.push("operator");
        } else if (code === "_" && this.#accept("R")) {
          inner.push(this.#runtimeType());
        } else if (code === "_") {
          inner.push(SPECIAL_UNDERSCORE[this.#take()] ?? fail());
        } else inner.push(SPECIAL[code] ?? fail());
      } else inner.push(this.#plainName());
      const scopes: string[] = [];
      while (!this.#accept("@")) scopes.push(this.#scopeName());
      if (structor !== undefined) {
        const owner = (scopes[0] ?? fail()).replace(/<[^]*$/, "");
        inner.push(`${structor}${owner}`);
      }
      return { parts: [...scopes.reverse(), ...inner], returnless };
    });
  }

  /** What `typeid` and `dynamic_cast` work with. */
  #runtimeType(): string {
    const code = this.#take();
    if (code === "1") {
      for (let index = 0; index < 4; index++) this.#number();
      return "`RTTI Base Class Descriptor'";
    }
    if (code === "2") return "`RTTI Base Class Array'";
    if (code === "3") return "`RTTI Class Hierarchy Descriptor'";
    return code === "4" ? "`RTTI Complete Object Locator'" : fail();
  }

  #remember(name: string): string {
    if (this.#names.length < 10 && !this.#names.includes(name)) this.#names.push(name);
    return name;
  }

  #plainName(): string {
    const next = this.#peek();
    if (/\d/.test(next)) {
      this.#at++;
      return this.#names[Number(next)] ?? fail();
    }
    const end = this.#text.indexOf("@", this.#at);
    if (end === -1) fail();
    const name = this.#text.slice(this.#at, end);
    if (!/^[\w$.<>-]+$/.test(name)) fail();
    this.#at = end + 1;
    return this.#spend(this.#remember(name));
  }

  #scopeName(): string {
    if (this.#accept("?$")) return this.#remember(this.#templateName());
    if (this.#accept("?A")) {
      const end = this.#text.indexOf("@", this.#at);
      if (end === -1) fail();
      this.#at = end + 1;
      // Written out each time, so it does not count for the digits.
      return "`anonymous namespace'";
    }
    // Numbered scopes of functions and the like.
    if (this.#peek() === "?") fail();
    return this.#plainName();
  }

  #templateName(): string {
    return this.#nested(() => {
      // Inside, digits count anew.
      const [names, types] = [this.#names, this.#types];
      [this.#names, this.#types] = [[], []];
      const name = this.#accept("?") ? (SPECIAL[this.#take()] ?? fail()) : this.#plainName();
      const args: string[] = [];
      while (!this.#accept("@")) {
        const argument = this.#templateArgument();
        if (argument !== undefined) args.push(argument);
      }
      [this.#names, this.#types] = [names, types];
      const list = args.join(",");
      const text = this.#spend(`${name}<${list}${list.endsWith(">") ? " " : ""}>`);
      return text;
    });
  }

  #templateArgument(): string | undefined {
    if (this.#accept("$0")) return String(this.#number());
    if (this.#accept("$$V") || this.#accept("$S") || this.#accept("$$Z")) return undefined;
    if (this.#accept("$M")) {
      this.#type();
      return this.#accept("0") ? String(this.#number()) : fail();
    }
    if (this.#accept("$$Y")) return this.#qualifiedName().parts.join("::");
    if (this.#accept("$1")) {
      if (!this.#accept("?")) fail();
      const { parts, returnless } = this.#qualifiedName();
      this.#declaration(parts.join("::"), returnless);
      return `&${parts.join("::")}`;
    }
    return whole(this.#parameter());
  }

  #number(): number {
    const negative = this.#accept("?");
    const first = this.#peek();
    let value = 0;
    if (/\d/.test(first)) {
      this.#at++;
      value = Number(first) + 1;
    } else {
      let digits = 0;
      for (;;) {
        const letter = this.#take();
        if (letter === "@") break;
        const digit = letter.charCodeAt(0) - 65;
        if (digit < 0 || digit > 15 || ++digits > 12) fail();
        value = value * 16 + digit;
      }
    }
    return negative ? -value : value;
  }

  #declaration(name: string, returnless: boolean | "conversion"): string {
    const kind = this.#take();
    if (kind === "8" && this.#at === this.#text.length) return name;
    const data = DATA_KINDS[kind];
    if (data !== undefined) {
      const type = this.#type();
      const cv = this.#cv();
      return `${data}${type.before}${cv} ${name}${type.after}`.replaceAll("* const ", "*const ");
    }
    if (kind === "6" || kind === "7") {
      // vftable and vbtable: for whom it is follows.
      const cv = this.#cv();
      const targets: string[] = [];
      while (!this.#accept("@")) targets.push(this.#qualifiedName().parts.join("::"));
      const target = targets.length > 0 ? `{for \`${targets.join("'s `")}'}` : "";
      return `${cv.trimStart()} ${name}${target}`.trimStart();
    }
    if (kind === "Y" || kind === "Z") return this.#function("", name, { returnless, member: false });
    const even = String.fromCharCode(kind.charCodeAt(0) - ((kind.charCodeAt(0) - 65) % 2));
    const access = MEMBER_KINDS[even] ?? fail();
    return this.#function(access, name, { returnless, member: !access.includes("static") });
  }

  #function(
    access: string,
    name: string,
    facts: { readonly returnless: boolean | "conversion"; readonly member: boolean },
  ): string {
    let suffix = "";
    if (facts.member) {
      this.#accept("E");
      if (this.#accept("G")) suffix = " &";
      else if (this.#accept("H")) suffix = " &&";
      suffix = `${this.#cv()}${suffix}`;
    }
    const signature = this.#signature();
    const { returnType, calling, parameters } = signature;
    if (facts.returnless === "conversion") {
      return `${access}${calling} ${name} ${whole(returnType ?? fail())}(${parameters})${suffix}`;
    }
    if (returnType === undefined || facts.returnless) return `${access}${calling} ${name}(${parameters})${suffix}`;
    return `${access}${returnType.before} ${calling} ${name}(${parameters})${suffix}${returnType.after}`;
  }

  #cv(): string {
    // 64 bit pointers, __restrict and __unaligned say nothing here.
    while (this.#peek() === "E" || this.#peek() === "I" || this.#peek() === "F") this.#at++;
    const index = "ABCD".indexOf(this.#take());
    return CV[index] ?? fail();
  }

  #signature(): { readonly returnType: Halves | undefined; readonly calling: string; readonly parameters: string } {
    const letter = this.#take();
    const even = String.fromCharCode(letter.charCodeAt(0) - ((letter.charCodeAt(0) - 65) % 2));
    const calling = CALLING[even] ?? fail();
    const returnType = this.#accept("@") ? undefined : this.#returnType();
    const parameters = this.#parameters();
    // What it may throw.
    if (this.#accept("_E")) return { returnType, calling, parameters };
    if (!this.#accept("Z")) fail();
    return { returnType, calling, parameters };
  }

  #returnType(): Halves {
    if (!this.#accept("?")) return this.#type();
    const cv = this.#cv();
    const type = this.#type();
    return { before: `${type.before}${cv}`, after: type.after };
  }

  #parameters(): string {
    if (this.#accept("X")) return "void";
    const list: string[] = [];
    while (!this.#accept("@")) {
      if (this.#peek() === "Z") {
        this.#at++;
        list.push("...");
        return list.join(",");
      }
      list.push(whole(this.#parameter()));
      this.#spend(list.at(-1) ?? "");
    }
    return list.join(",");
  }

  /** A type that later digits may stand for. */
  #parameter(): Halves {
    const next = this.#peek();
    if (/\d/.test(next)) {
      this.#at++;
      return this.#types[Number(next)] ?? fail();
    }
    const start = this.#at;
    const type = this.#type();
    if (this.#at - start > 1 && this.#types.length < 10) this.#types.push(type);
    return type;
  }

  #type(): Halves {
    return this.#nested(() => {
      const type = this.#typeInside();
      this.#spend(type.before);
      return type;
    });
  }

  #typeInside(): Halves {
    const letter = this.#take();
    const simple = SIMPLE_TYPES[letter];
    if (simple !== undefined) return { before: simple, after: "" };
    switch (letter) {
      case "_":
        return { before: UNDERSCORE_TYPES[this.#take()] ?? fail(), after: "" };
      case "T":
        return this.#named("union ");
      case "U":
        return this.#named("struct ");
      case "V":
        return this.#named("class ");
      case "W":
        if (!/[0-7]/.test(this.#take())) fail();
        return this.#named("enum ");
      case "A":
        return this.#pointer("&", "");
      case "B":
        return this.#pointer("&", " volatile");
      case "P":
        return this.#pointer("*", "");
      case "Q":
        return this.#pointer("*", " const");
      case "R":
        return this.#pointer("*", " volatile");
      case "S":
        return this.#pointer("*", " const volatile");
      case "Y":
        return this.#array();
      case "$":
        return this.#dollarType();
      case "?": {
        // A type by value with its own qualifiers.
        const cv = this.#cv();
        const type = this.#type();
        return { before: `${type.before}${cv}`, after: type.after };
      }
      default:
        return fail();
    }
  }

  #named(keyword: string): Halves {
    return { before: `${keyword}${this.#qualifiedName(true).parts.join("::")}`, after: "" };
  }

  #dollarType(): Halves {
    if (!this.#accept("$")) fail();
    const letter = this.#take();
    switch (letter) {
      case "Q":
        return this.#pointer("&&", "");
      case "T":
        return { before: "std::nullptr_t", after: "" };
      case "A": {
        if (!this.#accept("6")) fail();
        const { returnType, calling, parameters } = this.#signature();
        return { before: `${whole(returnType ?? fail())} ${calling}(${parameters})`, after: "" };
      }
      case "B":
        return this.#type();
      case "C": {
        const cv = this.#cv();
        const type = this.#type();
        return { before: `${type.before}${cv}`, after: type.after };
      }
      default:
        return fail();
    }
  }

  /** Qualifiers of what is pointed to; for members of a class, the class. */
  #pointerTarget(): { readonly cv: string; readonly owner: string } {
    while (this.#peek() === "E" || this.#peek() === "I" || this.#peek() === "F") this.#at++;
    const member = "QRST".indexOf(this.#peek());
    if (this.#peek() === "" || member === -1) return { cv: this.#cv(), owner: "" };
    this.#at++;
    return { cv: CV[member] ?? "", owner: this.#qualifiedName(true).parts.join("::") };
  }

  #array(): Halves {
    const count = this.#number();
    if (count < 1 || count > 16) fail();
    let sizes = "";
    for (let index = 0; index < count; index++) sizes += `[${this.#number()}]`;
    const element = this.#type();
    return { before: element.before, after: `${sizes}${element.after}` };
  }

  #pointer(sign: string, own: string): Halves {
    if (this.#accept("6")) {
      const { returnType, calling, parameters } = this.#signature();
      const type = returnType ?? fail();
      return { before: `${type.before} (${calling}${sign}${own}`, after: `)(${parameters})${type.after}` };
    }
    if (this.#accept("8")) {
      const owner = this.#qualifiedName(true).parts.join("::");
      const cv = this.#cv();
      const { returnType, calling, parameters } = this.#signature();
      const type = returnType ?? fail();
      return {
        before: `${type.before} (${calling} ${owner}::${sign}${own}`,
        after: `)(${parameters})${cv}${type.after}`,
      };
    }
    const restrict = this.#text.startsWith("I", this.#at) || this.#text.startsWith("EI", this.#at) ? " __restrict" : "";
    const { cv, owner } = this.#pointerTarget();
    const target = this.#type();
    if (owner !== "") return { before: `${target.before}${cv} ${owner}::${sign}${own}`, after: target.after };
    const array = target.after.startsWith("[");
    if (array) return { before: `${target.before}${cv} (${sign}${own}`, after: `)${target.after}` };
    return { before: `${target.before}${cv} ${sign}${own}${restrict}`, after: target.after };
  }
}

/** Takes a name of Microsoft's compiler apart. Undefined when it is none, or of a form that is not known. */
export function demangleMsvc(mangled: string): MsvcName | undefined {
  if (!mangled.startsWith("?") || mangled.length > MAX_LENGTH) return undefined;
  try {
    return new MsvcParser(mangled).symbol();
  } catch (error) {
    if (error instanceof NotMangled) return undefined;
    throw error;
  }
}
