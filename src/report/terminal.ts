/** Where reporters write. The command line brings the real ones, tests bring fakes. */

/** Takes text. */
export interface TextSink {
  write(text: string): void;
}

/** A terminal, whose size may change at any time. */
export interface Terminal extends TextSink {
  readonly columns: number;
  readonly rows: number;
}

/** Listens to a build. `close` is called once, after the last event or when the build broke off. */
export interface Reporter {
  readonly listener: (event: import("../engine/events.ts").BuildEvent) => void;
  close(): void;
}

/** How much is said. */
export type Verbosity = "quiet" | "normal" | "verbose";
