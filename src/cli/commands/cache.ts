/** `retorch cache`: what the store of earlier results holds, and looking after it. */
import type { Cleaned, StoreStats, Verified } from "../../cache/garbage.ts";
import { durationText, sizeText } from "../../report/duration.ts";
import { sayFailure, type CommandContext } from "../context.ts";
import type { CommandInput } from "../spec.ts";
import type { Store } from "../services.ts";
import type { cacheOptions } from "../options.ts";

export async function run(
  context: CommandContext,
  { options, operands }: CommandInput<typeof cacheOptions>,
): Promise<number> {
  const { host, program, services } = context;
  const opened = await services.store(host);
  if (!opened.ok) return sayFailure(context, opened.error);
  const store = opened.value;
  const { facts, text } = await act(store, operands[0] ?? "", options["max-size"], host.now());
  if (options.json) program.stdout.write(`${JSON.stringify({ path: store.name, ...facts })}\n`);
  else if (operands[0] === "stats") program.stdout.write(`${store.name}\n${text}\n`);
  else if (!options.quiet) program.stderr.write(`${text}\n`);
  return 0;
}

async function act(
  store: Store,
  action: string,
  maxSize: number | undefined,
  now: number,
): Promise<{ readonly facts: StoreStats | Cleaned | Verified; readonly text: string }> {
  switch (action) {
    case "gc": {
      const cleaned = await store.gc(maxSize);
      return { facts: cleaned, text: cleanedText(cleaned) };
    }
    case "clear": {
      const cleaned = await store.clear();
      return { facts: cleaned, text: cleanedText(cleaned) };
    }
    case "verify": {
      const verified = await store.verify();
      return { facts: verified, text: verifiedText(verified) };
    }
    default: {
      const stats = await store.stats();
      return { facts: stats, text: statsText(stats, now) };
    }
  }
}

function statsText({ entries, contents, bytes, limit, oldestUse }: StoreStats, now: number): string {
  const room = limit === 0 ? "no limit" : `of ${sizeText(limit)}`;
  const lines = [`${count(entries, "action")}, ${count(contents, "file")}, ${sizeText(bytes)} (${room})`];
  if (oldestUse !== undefined) lines.push(`longest not used: ${ageText(now - oldestUse)}`);
  return lines.join("\n");
}

function cleanedText({ removedEntries, removedContents, freedBytes, remainingBytes }: Cleaned): string {
  if (removedEntries + removedContents === 0) return `nothing to remove, ${sizeText(remainingBytes)} stay`;
  return `removed ${count(removedEntries, "action")} and ${count(removedContents, "file")}: ${sizeText(freedBytes)} freed, ${sizeText(remainingBytes)} stay`;
}

function verifiedText({ entries, contents, bytes, badEntries, badContents }: Verified): string {
  const sound = `${count(entries, "action")} and ${count(contents, "file")} are sound (${sizeText(bytes)})`;
  return badEntries + badContents === 0
    ? sound
    : `removed ${count(badEntries, "damaged action")} and ${count(badContents, "damaged file")}; ${sound}`;
}

function count(number: number, name: string): string {
  return `${number} ${name}${number === 1 ? "" : "s"}`;
}

function ageText(ms: number): string {
  const days = Math.floor(ms / (24 * 60 * 60 * 1000));
  return days >= 2 ? `${days} days` : durationText(Math.max(0, ms));
}
