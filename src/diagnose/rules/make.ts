/** GNU make: two releases of it in one build, Makefiles that it cannot read. */
import { type Rule, said } from "../rule.ts";

export const makeRules: readonly Rule[] = [
  {
    id: "makefile-without-tab",
    title: "A Makefile has spaces where a tab belongs",
    on: ["build-tool"],
    specificity: 75,
    matches: (finding) => said(finding, /missing separator/),
    confidence: "high",
    cause: (match) =>
      `${match.finding.file === undefined ? "The Makefile" : `\`${match.finding.file}\``}${match.finding.line === undefined ? "" : `, line ${String(match.finding.line)}`}: make wants each command of a rule to begin with a tab, and this line begins with spaces (an editor or a web page put them there), or is no rule, no variable and no command at all.`,
    fix: (match) => [
      `sed -i.bak -E 's/^( {2,}|\\xc2\\xa0+)/\\t/' ${match.finding.file ?? "Makefile"}   # the lines of commands: a tab in front`,
      match.context.log.typedBuild?.line ?? "make",
    ],
    sources: ["https://www.gnu.org/software/make/manual/html_node/Error-Messages.html"],
    examples: [
      { text: "Makefile:5: *** missing separator.  Stop.", expect: "sed -i.bak -E" },
      {
        text: "Makefile:12: *** missing separator (did you mean TAB instead of 8 spaces?).  Stop.",
        expect: "Makefile",
      },
    ],
  },
  {
    id: "make-jobserver-of-newer-make",
    title: "An older make was started by a newer one, or where the newer one's pipe is not to be seen",
    on: ["build-tool"],
    specificity: 80,
    matches: (finding) => said(finding, /invalid --jobserver-auth string '(?<what>[^']*)'/),
    confidence: "high",
    cause: (match) =>
      `MAKEFLAGS holds \`--jobserver-auth=${match.facts["what"] ?? ""}\`: make 4.4 and newer hand their job server on as a named pipe (fifo:), and the make that was started here is older and does not know that form, or runs in a container where the pipe is not.`,
    fix: () => [
      "unset MAKEFLAGS MFLAGS   # what the outer make hands on",
      "# started by the outer make itself: env -u MAKEFLAGS -u MFLAGS before the command in its Makefile, or the outer one in the form that old ones know: make --jobserver-style=pipe -j8",
      "# or one make for both (which -a make gmake); with CMake, ninja: export CMAKE_GENERATOR=Ninja",
      "# then the same command again",
    ],
    sources: [
      "https://www.gnu.org/software/make/manual/html_node/POSIX-Jobserver.html",
      "spack/spack-packages#5318",
      "cilium/cilium#36788",
    ],
    examples: [
      {
        text: "gmake: *** internal error: invalid --jobserver-auth string 'fifo:/var/tmp/u/tmpvcslq5gh/jobserver_fifo'.  Stop.",
        expect: "env -u MAKEFLAGS",
      },
    ],
  },
];
