/** GNU make: two releases of it in one build. */
import { type Rule, said } from "../rule.ts";

export const makeRules: readonly Rule[] = [
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
      "env -u MAKEFLAGS -u MFLAGS pip install …   # the same command, without what the outer make hands on",
      "make --jobserver-style=pipe -j8   # or in the outer make, for the form that old ones know",
      "which -a make gmake; make --version | head -1; gmake --version | head -1   # or one make for both; with CMake, ninja: export CMAKE_GENERATOR=Ninja",
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
