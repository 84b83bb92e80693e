/** A file system that forbids programs (noexec), and how it is allowed there. It does not know whether that is the cause. */
import { quote } from "../text/quote.ts";
import type { Match } from "../rule.ts";

/** What forbids programs on the file system that the file lies on, and to take it away. */
export function onMount({ finding: { file } }: Match): string[] {
  const folder = file?.replace(/[\\/][^\\/]*$/, "");
  if (folder === undefined || folder === "" || folder === file) return ["mount | grep noexec"];
  return [
    `findmnt -no TARGET,OPTIONS -T ${quote(folder)}   # noexec among the options?`,
    `sudo mount -o remount,exec "$(findmnt -no TARGET -T ${quote(folder)})"   # then it loads as it is; for good: the options in /etc/fstab (without rights: move the project to a file system without noexec and build it there again)`,
    "free -h; ulimit -v   # no noexec: memory, or the limit of the shell or job",
  ];
}
