/**
 * Quotation marks that a paste lost: Markdown takes backticks, shells and chats take the others. The sentences of tools
 * stand here with their marks; a line that has the words without them gets them back. What a sentence means is not known
 * here.
 */
import { literally } from "../../base/literally.ts";

/** `{}` is a name, `{…}` any words. */
const sentences = String.raw`
error: ‘{…}’ was not declared in this scope
error: ‘{…}’ has not been declared
error: ‘{…}’ does not name a type
error: ‘{…}’ is not a member of ‘{}’
error: ‘{…}’ in namespace ‘{}’ does not name a type
error: ‘{…}’ is not a class or namespace
error: ‘{…}’ has no member named ‘{}’
error: ‘{…}’ undeclared
error: no matching function for call to ‘{…}’$
error: cannot convert ‘{…}’ to ‘{…}’
error: reference to ‘{…}’ is ambiguous
note: ‘{…}’ only available with ‘{}’ or ‘{}’
error: ‘{…}’ only available with ‘{}’ or ‘{}’
error: ‘{…}’ is deprecated
expected primary-expression before ‘{}’
expected ‘{}’ before ‘{}’
expected unqualified-id before ‘{…}’$
expected initializer before ‘{…}’$
error: invalid use of incomplete type ‘{…}’$
error: no member named '{}' in namespace '{}'
error: no member named '{}' in '{…}'$
error: no type named '{}' in namespace '{}'
error: no template named '{}' in namespace '{}'
error: use of undeclared identifier '{}'
error: unknown type name '{}'
error: '{}' file not found
error: unsupported option '{…}' for target '{}'
error: unsupported option '{}'$
error: unknown argument: '{}'
error: no such file or directory: '{}'
error: the clang compiler does not support '{}'
error: '{}' is unavailable: introduced
error: use of overloaded operator '{}' is ambiguous
unrecognized command line option ‘{}’; did you mean ‘{}’
unrecognized command-line option ‘{}’; did you mean ‘{}’
unrecognized command line option ‘{}’$
unrecognized command-line option ‘{}’$
error: namespace "{}" has no actual member "{}"
error: namespace "{}" has no member "{}"
error: namespace "{}" has no member class "{}"
error: class "{…}" has no member "{}"
error: identifier "{…}" is undefined
error: name followed by "::" must be
error: no instance of overloaded function "{…}" matches
error: no instance of function template "{…}" matches
error: no instance of constructor "{…}" matches
error: no operator "{}" matches these operands
error: more than one instance of overloaded function "{…}" matches
error: calling a __host__ function("{…}") from a
error: argument of type "{…}" is incompatible with parameter of type "{…}"$
error: no suitable constructor exists to convert from "{…}" to "{…}"
error: no suitable conversion function from "{…}" to "{…}" exists
incompatible with that of previous function "{…}" (declared
from a __device__ function("{…}") is not allowed
from a __global__ function("{…}") is not allowed
from a __host__ __device__ function("{…}") is not allowed
conversion from '{…}' to '{…}' requires a narrowing
constexpr variable '{}' must be initialized
unrecognized argument in option ‘{}’
unsupported argument '{}' to option '{}'
bad value ‘{}’ for ‘{}’ switch
cannot execute ‘{}’: 
fatal error: cannot find ‘{}’$
error: expected a "{}"
error: "{}" is ambiguous
nvcc error   : '{}' died due to signal
nvcc error   : '{}' died with status
nvcc error   : '{}' core dumped
error   : '{}' died due to signal
error   : '{}' died with status
Unsupported gpu architecture '{}'
nvcc fatal   : Unknown option '{}'
nvcc fatal   : Value '{}' is not defined for option '{}'
Value '{}' is not defined for option '{}'
nvcc fatal   : redefinition of argument '{}'
nvcc fatal   : Option '{…}' is not allowed when
nvcc fatal   : Don't know what to do with '{}'
nvcc fatal   : Cannot find compiler '{}' in PATH
nvcc fatal   : The provided host compiler path '{…}' does not exist
nvcc fatal   : '{}': expected a number
Unresolved extern function '{}'
Undefined reference to '{…}' in '{}'
nvlink error : Multiple definition of '{…}' in '{}'
nvlink error   : Multiple definition of '{…}' in '{}'
ptxas error   : Entry function '{}' uses too much
error   : Feature '{}' requires .target
error   : Instruction '{…}' without '{…}'
error   : Instruction '{…}' cannot be compiled for architecture '{}'
error   : Not a name of any known instruction: '{}'
in function ${"`"}{…}':
more undefined references to ${"`"}{…}' follow
undefined reference to ${"`"}typeinfo for {…}'$
undefined reference to ${"`"}vtable for {…}'$
undefined reference to ${"`"}{…}'$
multiple definition of ${"`"}{…}'; 
ld: library '{}' not found
ld: framework '{}' not found
version ${"`"}{}' not found
No such file or directory: '{}'$
Permission denied: '{}'$
error: command '{…}' failed with exit
error: command '{…}' failed: 
error: invalid command '{}'
Command '{…}' returned non-zero exit status
ninja: error: '{…}', needed by '{…}', missing and no known rule
ninja: error: rebuilding 'build.ninja': '{…}', needed by '{…}', missing and no known rule
ninja: error: loading 'build.ninja'
ninja: error: unknown target '{}'
ninja: error: manifest 'build.ninja' still dirty
'{}' is not recognized as an internal
No module named '{}'
cannot import name '{}' from '{}'
cannot import name '{}'
module '{}' has no attribute '{}'
Unknown keyword argument '{}' for operator '{}'
function '{}' already has a docstring
Can't exec "{}"
Dependency "{}" not found
Distribution ${"`"}{…}${"`"} can't be installed
Backend '{}' is not available
Module '{}' is missing, please
Directory '{…}' is not installable. Neither 'setup.py' nor 'pyproject.toml' found
Neither 'setup.py' nor 'pyproject.toml' found
'{}' is not a recognized processor for this target
unable to access '{}': 
fatal: unable to access '{…}'$
Run 'conda init' before 'conda activate'
cannot repair "{}" to "{}" ABI
library "{}" could not be located
AttributeError: '{}' object has no attribute '{}'
NameError: name '{}' is not defined
got an unexpected keyword argument '{}'
unsupported operand type(s) for {}: '{}' and '{}'
'{}' codec can't decode byte
Missing parentheses in call to '{}'
Could not find module '{…}' (or one of
generic_type: type "{}" is already registered
generic_type: type "{}" referenced unknown base type "{}"
generic_type: cannot initialize type "{}": an object
Could not run '{}' with arguments from the '{}' backend
RuntimeError: "{}" not implemented for '{}'
The operator '{}' is not currently implemented for the
there's already a kernel registered
operator doesn't exist for this backend
function doesn't match the expected function schema
By not providing "{}" in CMAKE_MODULE_PATH
package configuration file provided by "{}"
configuration file for package "{}" that is
The imported target "{}" references the file
the link interface of target "{}" contains
Target "{}" requires the language dialect "{}"
Target "{}" links to
CMake was unable to find a build program corresponding to "{}"
The source "{…}" does not match the source "{…}" used
the file '{…}' has not been
arch_bin wasn't set
error C2065: '{}': undeclared identifier
error C3861: '{}': identifier not found
error C2039: '{}': is not a member of '{…}'$
error C2872: '{}': ambiguous symbol
error C2146: syntax error: missing '{}' before identifier '{}'
error C2143: syntax error: missing '{}' before '{}'
error C1083: Cannot open include file: '{…}': No such file
error D8021 : invalid numeric argument '{}'
cannot open input file '{}'$
cannot open file '{}'$
unresolved external symbol "{…}" ({…}) referenced in
unresolved external symbol "{…}"$
Failed to build ${"`"}{…}${"`"}
Call to ${"`"}{}${"`"} failed
build backend is missing the '{}' hook
registry+{}${"`"} can't be installed
  File "{…}", line
`;

interface Sentence {
  /** A part of it that every line has. */
  readonly literal: string;
  readonly form: RegExp;
  readonly restored: string;
}

const mark = /['"‘’“”`]/;
const marks = "['\"‘’“”`]?";

function compiled(sentence: string): Sentence {
  const atEnd = sentence.endsWith("$");
  const text = atEnd ? sentence.slice(0, -1) : sentence;
  let group = 0;
  let form = "";
  let restored = "";
  const parts = text.split(/(\{…\}|\{\}|['"‘’“”`])/);
  for (const part of parts) {
    if (part === "{}" || part === "{…}") {
      // A name may begin and end with anything but a mark; words are as few as do.
      form += part === "{}" ? "([^\\s'\"‘’“”`]+?)" : "([^'\"‘’“”`]{1,400}?)";
      restored += `$${++group}`;
    } else if (mark.test(part)) {
      form += marks;
      restored += part;
    } else {
      form += literally(part);
      restored += part.replaceAll("$", "$$$$");
    }
  }
  // What ends in a name goes on to the end of the word.
  const ends = atEnd ? "\\s*$" : /\}['"‘’“”`]?$/.test(text) ? "(?=[.,;:)]*(?:\\s|$))" : "";
  const pieces = text.split(/\{…\}|\{\}|['"‘’“”`]/).sort((a, b) => b.length - a.length);
  return { literal: pieces[0] ?? "", form: new RegExp(form + ends), restored };
}

/** `couldnt`: the apostrophe is gone. */
const negated =
  /\b([Cc]ould|[Dd]oes|[Dd]id|[Ii]s|[Ww]as|[Ww]ould|[Ss]hould|[Hh]as|[Hh]ave|[Cc]a|[Dd]o|[Aa]re|[Ww]ere|[Ww]o)nt\b/g;

let table: readonly Sentence[] | undefined;

/** The text with the marks that its sentences lost; undefined when none of them did. */
export function withQuotes(text: string): string | undefined {
  table ??= sentences
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map(compiled);
  let changed = false;
  const lines = text.split("\n").map((line) => {
    if (line.length > 2_000) return line;
    let restored = line.replace(negated, "$1n't");
    for (const { literal, form, restored: marked } of table ?? [])
      if (restored.includes(literal)) {
        const next = restored.replace(form, marked);
        // A sentence that has all its marks is left alone, whatever they look like.
        if (next.length > restored.length) restored = next;
      }
    if (restored !== line) changed = true;
    return restored;
  });
  return changed ? lines.join("\n") : undefined;
}
