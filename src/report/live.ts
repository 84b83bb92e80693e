/**
 * A small window at the bottom of a terminal: what runs, how much is done, how long it has taken. What is said for good
 * scrolls by above it. The window is drawn at most every 100 ms and is gone at the end.
 */
import type { BuildEvent } from "../engine/events.ts";
import type { Host } from "../host/host.ts";
import { elapsedText } from "./duration.ts";
import { eventTexts, type TextReporterOptions } from "./plain.ts";
import { Progress } from "./progress.ts";
import type { Reporter, Terminal } from "./terminal.ts";
import { elideMiddle, rowsOf, textWidth, withoutControls } from "./text-width.ts";

/** What the window needs besides what every text reporter needs. */
export interface LiveReporterOptions extends TextReporterOptions {
  readonly out: Terminal;
  readonly clock: Pick<Host, "monotonic" | "every">;
}

const frameMs = 100;
/** More lines than this are not read. */
const mostActions = 8;

// Synchronized output (https://gist.github.com/christianparpart/d8a62cc1ab659194337d73e399004036): terminals that know
// it show a frame at once, others ignore it.
const beginFrame = "\u001B[?2026h";
const endFrame = "\u001B[?2026l";
const clearToEnd = "\u001B[J";

/** Draws while the build runs. */
export function liveReporter(options: LiveReporterOptions): Reporter {
  const progress = new Progress();
  const texts = eventTexts(options, progress, true);
  const window = new Window(options.out);
  let lastFrame = Number.NEGATIVE_INFINITY;
  let over = false;

  const draw = (now: number): void => {
    lastFrame = now;
    const { columns, rows } = options.out;
    window.draw(windowLines(progress, { now, columns, rows, style: options.style }));
  };
  const stop = options.clock.every(frameMs, () => {
    if (!over && progress.start !== undefined) draw(options.clock.monotonic());
  });
  const close = (): void => {
    if (over) return;
    over = true;
    stop();
    window.clear();
  };
  const listener = (event: BuildEvent): void => {
    progress.see(event);
    const text = texts(event);
    if (event.type === "finished") close();
    if (text !== "") window.print(text);
    if (over) return;
    // Something said for good needs the window below it again; else a frame may wait for its time.
    const now = options.clock.monotonic();
    if (text !== "" || now - lastFrame >= frameMs) draw(now);
  };
  return { listener, close };
}

/** What stands in the window. */
export interface WindowState {
  readonly now: number;
  readonly columns: number;
  readonly rows: number;
  readonly style: TextReporterOptions["style"];
}

/** The lines of the window, each narrower than the terminal. */
function windowLines(progress: Progress, { now, columns, rows, style }: WindowState): string[] {
  // The last column stays empty: terminals differ in what a full line does.
  const width = Math.max(1, columns - 1);
  const { running, total, done } = progress;
  if (total === 0 && running.length === 0) return [];
  const elapsed = elapsedText(now - (progress.start ?? now));
  const waiting = progress.waitingOn !== undefined && running.length === 0;
  const status = `[${done}/${total}] ${elapsed}${waiting ? `, waiting for ${progress.waitingOn}` : ""}`;

  const room = Math.max(0, Math.min(mostActions, Math.floor(rows / 2) - 1));
  // One action, or no room for more: all on one line.
  if (running.length <= 1 || room < 2) {
    const [first] = running;
    if (first === undefined) return [elideMiddle(status, width)];
    const more = running.length > 1 ? ` and ${running.length - 1} more` : "";
    return [
      `${status}  ${actionText(first.action.description, now - first.since, width - textWidth(status) - 2 - more.length)}${more}`,
    ].map((line) => elideMiddle(line, width));
  }
  const shown = running.length <= room ? running : running.slice(0, room - 1);
  const lines = shown.map(({ action, since }) => `  ${actionText(action.description, now - since, width - 2)}`);
  if (shown.length < running.length) lines.push(elideMiddle(`  … and ${running.length - shown.length} more`, width));
  return [style.bold(elideMiddle(status, width)), ...lines.map((line) => elideMiddle(line, width))];
}

function actionText(description: string, ms: number, width: number): string {
  const time = ` (${elapsedText(ms)})`;
  return elideMiddle(description.replaceAll(/\s/g, " "), Math.max(1, width - time.length)) + time;
}

/** Lines at the bottom of a terminal that can be taken back. */
class Window {
  readonly #terminal: Terminal;
  #lines: readonly string[] = [];

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  draw(lines: readonly string[]): void {
    if (lines.length === 0 && this.#lines.length === 0) return;
    this.#terminal.write(`${beginFrame}${this.#erase()}${lines.join("\n")}${lines.length > 0 ? "\n" : ""}${endFrame}`);
    this.#lines = lines;
  }

  /** Writes above the window, which is drawn again by the next frame. */
  print(text: string): void {
    const erase = this.#erase();
    this.#terminal.write(erase === "" ? text : `${beginFrame}${erase}${text}${endFrame}`);
    this.#lines = [];
  }

  clear(): void {
    const erase = this.#erase();
    if (erase !== "") this.#terminal.write(erase);
    this.#lines = [];
  }

  /** Goes back to where the window began. Its lines may have been broken by a terminal that became narrower. */
  #erase(): string {
    if (this.#lines.length === 0) return "";
    const { columns } = this.#terminal;
    const rows = this.#lines.reduce((sum, line) => sum + rowsOf(withoutControls(line), columns), 0);
    return `\u001B[${rows}A\r${clearToEnd}`;
  }
}
