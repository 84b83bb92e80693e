/**
 * Whether a text ends with the word of a run that went well, or that goes on: the last line alone, or a word before it that
 * nothing but tidying up follows. It looks at the end of the text only, and does not know what went wrong before.
 */
import { cleanLine } from "./log-line.ts";

/** What a run says as its last line, and would not say in the middle. */
const lastWord =
  /\b(?:[Tt]raining|[Ee]valuation|[Ii]nference) (?:has )?(?:finished|completed?|succeeded)\b(?! with)|^Process finished with exit code 0$|\b[Ee]poch\W{0,3}\d+\b.*\b(?:loss|acc\w*)\W{1,4}\d/;

/** Tests, scripts and jobs that say of themselves that all went well. */
const wentWell = [
  // pytest, GoogleTest, CTest, cargo, tox, nox, TAP, automake
  /^=+ .*\b\d+ passed\b(?!.*\b(?:failed|errors?)\b)|^\d+ passed\b(?!.*\b(?:failed|errors?)\b).* in [\d.]+s/,
  /^\[  PASSED  \] \d+ tests?\b|^100% tests passed|^test result: ok\. |^All (?:\d+ )?tests (?:passed|successful)\b/,
  /\bcongratulations :\)|(?:^|> )Session \S+ was successful|^Result: PASS$|^# PASS: +[1-9]/,
  // GitLab, Gradle, Jenkins, Bazel, Xcode, MSBuild, colcon, CircleCI, Travis
  /^Job succeeded\b|^BUILD SUCCESS(?:FUL)?\b|^Finished: SUCCESS$|\bBuild completed successfully\b|^\*\* BUILD SUCCEEDED \*\*/,
  /^Build succeeded\.|^Summary: \d+ packages? finished\b/,
  /^\+ exit 0$|\b(?:exited with|received exit code) (?:code )?0\b\.?$|\bexit (?:code|status):? 0$/,
];

/** A builder that says that it made what was asked for. */
const built =
  /^(?:Successfully (?:built|tagged|installed) \S|Finished processing dependencies for \S|\d+ wheels? produced in |-- Installing: \S|\[100%\] Built target |naming to \S+ (?:[\d.]+s )?done|TEST END: |Finished .* target\(s\) in |View at:|Installed \d+ packages? in |pushing manifest for \S+ (?:[\d.]+s )?done|\[(\d+)\/\1\] )/;

const trouble =
  /\b(?:errors?|failed|failures?|fatal|exception|traceback|abort(?:ed)?|killed|segmentation fault|bus error|illegal instruction|core dumped|not found|no such|undefined|cannot|could not|denied|timed out|FAIL|exit(?:ed)?(?: with)? (?:code|status):? [1-9])\b|(?:Error|Exception)\b/i;
/** The same words where they count none. */
const noTrouble =
  /\b(?:0|no) (?:errors?|failed|failures?|tests failed)\b|\b(?:errors?|failures?|fail(?:ed)?):? +0\b|if-no-files-found: error|^##\[warning\]/gi;

/** A command behind a prompt. What looks at something does nothing that could fail. */
const given = /^(?:\([\w .-]+\) ?)*(?:[\w.-]+@[\w.-]+[^$#%>❯]*[$%❯#]|(?:[~/][^$#%>❯\s]*)?[$%❯]) (?=\S)(.*)$/u;
const looks = /^(?:ls|ll|pwd|date|exit|cd|cat|git (?:status|log|diff)|nvidia-smi|echo \$\?)\b|^echo \$\?$/;
/** A step of a CI service that begins with a command of its own. */
const step = /^##\[group\]Run (?!actions\/(?:upload|cache|checkout)|.*(?:upload|artifact|cache|summary|cleanup))/i;

const mostLines = 120;

/**
 * - `run`: tests, a script or a job went well, or a program says that it is done.
 * - `build`: something was built or installed.
 */
export type GoodEnd = "run" | "build";

/** How well the text ended. Undefined: nothing says so. */
export function goodEnd(tail: string): GoodEnd | undefined {
  const raw = tail.split("\n").filter((line) => line.trim() !== "");
  const lines = raw.slice(-mostLines).map((line) => cleanLine(line.slice(0, 2_000), 0).text);
  const stamped = raw.slice(-mostLines).map((line) => line.replace(/^\d{4}-\d\d-\d\dT[\d:.]+Z /, "").trim());
  let end: GoodEnd | undefined;
  for (let at = lines.length - 1; at >= 0; at--) {
    const line = lines[at] ?? "";
    const shown = stamped[at] ?? "";
    const isLast = at === lines.length - 1;
    if (line.length >= 400 && isLast) return undefined;
    if (wentWell.some((form) => form.test(line) || form.test(shown)) || (isLast && lastWord.test(line))) return "run";
    if (/^OK(?: \([\w =,]+\))?$/.test(line) && /^(?:Ran \d+ tests? in|-{20,})/.test(lines[at - 1] ?? "")) return "run";
    if (line === "0" && /echo \$\?$/.test(lines[at - 1] ?? "")) return "run";
    if (built.test(line)) end ??= "build";
    if (step.test(shown)) return end;
    const command = given.exec(shown)?.[1];
    if (command !== undefined && !looks.test(command)) return end;
    if (trouble.test(shown.replaceAll(noTrouble, ""))) return end;
  }
  return end;
}
