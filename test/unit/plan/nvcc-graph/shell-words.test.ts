/** Words of nvcc's commands, as a shell would read them. */
import { describe, expect, test } from "vitest";
import { shellWords } from "../../../../src/plan/nvcc-graph/shell-words.ts";

const variables = new Map([["CICC_PATH", "/cuda/nvvm/bin"]]);

describe("words", () => {
  test.each([
    [`gcc -E  "a b.cu"  -o x`, ["gcc", "-E", "a b.cu", "-o", "x"]],
    [String.raw`-D "X=\"a b\""`, ["-D", 'X="a b"']],
    [`"$CICC_PATH/cicc" -arch`, ["/cuda/nvvm/bin/cicc", "-arch"]],
    [`"/usr/bin"/g++`, ["/usr/bin/g++"]],
    [`--cmdline="-v  " ""`, ["--cmdline=-v  ", ""]],
    [String.raw`a\ b 'c "d'`, ["a b", 'c "d']],
    [String.raw`"a\nb"`, [String.raw`a\nb`]],
    [`file#1 a=~b`, ["file#1", "a=~b"]],
  ])("%s", (line, words) => {
    expect(shellWords(line, variables)).toEqual(words);
  });

  test.each([
    `a > b`,
    "a `b`",
    `a $(b)`,
    `a $UNKNOWN`,
    `"a`,
    `a | b`,
    `a; b`,
    `a*`,
    `a \\`,
    `-- Filter Dependencies -- > k.d`,
  ])("%s is for a shell alone", (line) => {
    expect(shellWords(line, variables)).toBeUndefined();
  });
});
