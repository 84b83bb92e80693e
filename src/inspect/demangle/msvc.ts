/**
 * Names as Microsoft's compiler mangles them, the common forms: functions, members, variables, templates, special
 * members. What is not understood gives `undefined`, never a wrong name.
 *
 * The scheme is not documented by Microsoft; the forms here are those that `undname` and LLVM's demangler agree on.
 */
import { MsvcCursor } from "./msvc-cursor.ts";
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
  readonly #cursor: MsvcCursor;
  /** What the digits stand for: names, and types of parameters. */
  #names: string[] = [];
  #types: Halves[] = [];

  constructor(text: string) {
    this.#cursor = new MsvcCursor(text);
  }

  symbol(): MsvcName {
    if (this.#cursor.accept("??_R0")) {
      const name = whole(this.#type());
      if (!this.#cursor.accept("@8") || !this.#cursor.atEnd) fail();
      const scope = name.replace(/^\w+ /, "").split("::");
      return { text: `${name} \`RTTI Type Descriptor'`, name: scope.join("::"), scope };
    }
    if (!this.#cursor.accept("?")) fail();
    const { parts, returnless } = this.#qualifiedName();
    const name = parts.join("::");
    const text = this.#cursor.spend(this.#declaration(name, returnless));
    if (!this.#cursor.atEnd) fail();
    return { text, name, scope: parts };
  }

  /** The name itself, then its scopes from the inside out. Outermost first in the result. */
  #qualifiedName(ofType = false): { readonly parts: string[]; readonly returnless: boolean | "conversion" } {
    return this.#cursor.nested(() => {
      const inner: string[] = [];
      let structor: "" | "~" | undefined;
      let returnless: boolean | "conversion" = false;
      if (this.#cursor.accept("?$")) {
        const template = this.#templateName();
        // Names of classes count for the digits, names of functions do not.
        inner.push(ofType ? this.#remember(template) : template);
      } else if (this.#cursor.accept("?")) {
        const code = this.#cursor.take();
        if (code === "0" || code === "1") {
          structor = code === "0" ? "" : "~";
          returnless = true;
        } else if (code === "B") {
          returnless = "conversion";
          inner.push("operator");
        } else if (code === "_" && this.#cursor.accept("R")) {
          inner.push(this.#runtimeType());
        } else if (code === "_") {
          inner.push(SPECIAL_UNDERSCORE[this.#cursor.take()] ?? fail());
        } else inner.push(SPECIAL[code] ?? fail());
      } else inner.push(this.#plainName());
      const scopes: string[] = [];
      while (!this.#cursor.accept("@")) scopes.push(this.#scopeName());
      if (structor !== undefined) {
        const owner = (scopes[0] ?? fail()).replace(/<[^]*$/, "");
        inner.push(`${structor}${owner}`);
      }
      return { parts: [...scopes.reverse(), ...inner], returnless };
    });
  }

  /** What `typeid` and `dynamic_cast` work with. */
  #runtimeType(): string {
    const code = this.#cursor.take();
    if (code === "1") {
      for (let index = 0; index < 4; index++) this.#cursor.number();
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
    const next = this.#cursor.peek();
    if (/\d/.test(next)) {
      this.#cursor.at++;
      return this.#names[Number(next)] ?? fail();
    }
    const end = this.#cursor.text.indexOf("@", this.#cursor.at);
    if (end === -1) fail();
    const name = this.#cursor.text.slice(this.#cursor.at, end);
    if (!/^[\w$.<>-]+$/.test(name)) fail();
    this.#cursor.at = end + 1;
    return this.#cursor.spend(this.#remember(name));
  }

  #scopeName(): string {
    if (this.#cursor.accept("?$")) return this.#remember(this.#templateName());
    if (this.#cursor.accept("?A")) {
      const end = this.#cursor.text.indexOf("@", this.#cursor.at);
      if (end === -1) fail();
      this.#cursor.at = end + 1;
      // Written out each time, so it does not count for the digits.
      return "`anonymous namespace'";
    }
    // Numbered scopes of functions and the like.
    if (this.#cursor.peek() === "?") fail();
    return this.#plainName();
  }

  #templateName(): string {
    return this.#cursor.nested(() => {
      // Inside, digits count anew.
      const [names, types] = [this.#names, this.#types];
      [this.#names, this.#types] = [[], []];
      const name = this.#cursor.accept("?") ? (SPECIAL[this.#cursor.take()] ?? fail()) : this.#plainName();
      const args: string[] = [];
      while (!this.#cursor.accept("@")) {
        const argument = this.#templateArgument();
        if (argument !== undefined) args.push(argument);
      }
      [this.#names, this.#types] = [names, types];
      const list = args.join(",");
      const text = this.#cursor.spend(`${name}<${list}${list.endsWith(">") ? " " : ""}>`);
      return text;
    });
  }

  #templateArgument(): string | undefined {
    if (this.#cursor.accept("$0")) return String(this.#cursor.number());
    if (this.#cursor.accept("$$V") || this.#cursor.accept("$S") || this.#cursor.accept("$$Z")) return undefined;
    if (this.#cursor.accept("$M")) {
      this.#type();
      return this.#cursor.accept("0") ? String(this.#cursor.number()) : fail();
    }
    if (this.#cursor.accept("$$Y")) return this.#qualifiedName().parts.join("::");
    if (this.#cursor.accept("$1")) {
      if (!this.#cursor.accept("?")) fail();
      const { parts, returnless } = this.#qualifiedName();
      this.#declaration(parts.join("::"), returnless);
      return `&${parts.join("::")}`;
    }
    return whole(this.#parameter());
  }

  #declaration(name: string, returnless: boolean | "conversion"): string {
    const kind = this.#cursor.take();
    if (kind === "8" && this.#cursor.atEnd) return name;
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
      while (!this.#cursor.accept("@")) targets.push(this.#qualifiedName().parts.join("::"));
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
      this.#cursor.accept("E");
      if (this.#cursor.accept("G")) suffix = " &";
      else if (this.#cursor.accept("H")) suffix = " &&";
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
    while (this.#cursor.peek() === "E" || this.#cursor.peek() === "I" || this.#cursor.peek() === "F") this.#cursor.at++;
    const index = "ABCD".indexOf(this.#cursor.take());
    return CV[index] ?? fail();
  }

  #signature(): { readonly returnType: Halves | undefined; readonly calling: string; readonly parameters: string } {
    const letter = this.#cursor.take();
    const even = String.fromCharCode(letter.charCodeAt(0) - ((letter.charCodeAt(0) - 65) % 2));
    const calling = CALLING[even] ?? fail();
    const returnType = this.#cursor.accept("@") ? undefined : this.#returnType();
    const parameters = this.#parameters();
    // What it may throw.
    if (this.#cursor.accept("_E")) return { returnType, calling, parameters };
    if (!this.#cursor.accept("Z")) fail();
    return { returnType, calling, parameters };
  }

  #returnType(): Halves {
    if (!this.#cursor.accept("?")) return this.#type();
    const cv = this.#cv();
    const type = this.#type();
    return { before: `${type.before}${cv}`, after: type.after };
  }

  #parameters(): string {
    if (this.#cursor.accept("X")) return "void";
    const list: string[] = [];
    while (!this.#cursor.accept("@")) {
      if (this.#cursor.peek() === "Z") {
        this.#cursor.at++;
        list.push("...");
        return list.join(",");
      }
      list.push(whole(this.#parameter()));
      this.#cursor.spend(list.at(-1) ?? "");
    }
    return list.join(",");
  }

  /** A type that later digits may stand for. */
  #parameter(): Halves {
    const next = this.#cursor.peek();
    if (/\d/.test(next)) {
      this.#cursor.at++;
      return this.#types[Number(next)] ?? fail();
    }
    const start = this.#cursor.at;
    const type = this.#type();
    if (this.#cursor.at - start > 1 && this.#types.length < 10) this.#types.push(type);
    return type;
  }

  #type(): Halves {
    return this.#cursor.nested(() => {
      const type = this.#typeInside();
      this.#cursor.spend(type.before);
      return type;
    });
  }

  #typeInside(): Halves {
    const letter = this.#cursor.take();
    const simple = SIMPLE_TYPES[letter];
    if (simple !== undefined) return { before: simple, after: "" };
    switch (letter) {
      case "_":
        return { before: UNDERSCORE_TYPES[this.#cursor.take()] ?? fail(), after: "" };
      case "T":
        return this.#named("union ");
      case "U":
        return this.#named("struct ");
      case "V":
        return this.#named("class ");
      case "W":
        if (!/[0-7]/.test(this.#cursor.take())) fail();
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
    if (!this.#cursor.accept("$")) fail();
    const letter = this.#cursor.take();
    switch (letter) {
      case "Q":
        return this.#pointer("&&", "");
      case "T":
        return { before: "std::nullptr_t", after: "" };
      case "A": {
        if (!this.#cursor.accept("6")) fail();
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
    while (this.#cursor.peek() === "E" || this.#cursor.peek() === "I" || this.#cursor.peek() === "F") this.#cursor.at++;
    const member = "QRST".indexOf(this.#cursor.peek());
    if (this.#cursor.peek() === "" || member === -1) return { cv: this.#cv(), owner: "" };
    this.#cursor.at++;
    return { cv: CV[member] ?? "", owner: this.#qualifiedName(true).parts.join("::") };
  }

  #array(): Halves {
    const count = this.#cursor.number();
    if (count < 1 || count > 16) fail();
    let sizes = "";
    for (let index = 0; index < count; index++) sizes += `[${this.#cursor.number()}]`;
    const element = this.#type();
    return { before: element.before, after: `${sizes}${element.after}` };
  }

  #pointer(sign: string, own: string): Halves {
    if (this.#cursor.accept("6")) {
      const { returnType, calling, parameters } = this.#signature();
      const type = returnType ?? fail();
      return { before: `${type.before} (${calling}${sign}${own}`, after: `)(${parameters})${type.after}` };
    }
    if (this.#cursor.accept("8")) {
      const owner = this.#qualifiedName(true).parts.join("::");
      const cv = this.#cv();
      const { returnType, calling, parameters } = this.#signature();
      const type = returnType ?? fail();
      return {
        before: `${type.before} (${calling} ${owner}::${sign}${own}`,
        after: `)(${parameters})${cv}${type.after}`,
      };
    }
    const restrict =
      this.#cursor.text.startsWith("I", this.#cursor.at) || this.#cursor.text.startsWith("EI", this.#cursor.at)
        ? " __restrict"
        : "";
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
