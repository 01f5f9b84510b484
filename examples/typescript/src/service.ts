// What each of these programs needs beside its client: settings, structured logs, a pause before a reconnect, and an
// end on SIGINT or SIGTERM.
import { setTimeout } from "node:timers/promises";

export const token = process.env.AUTH_TOKEN;
export const severities = (process.env.SEVERITIES ?? "P0,P1").split(",").filter(Boolean);
/** Where to begin: a cursor, "earliest", "latest" or an RFC 3339 time. */
export const resumeFrom = process.env.RESUME_FROM || undefined;

const levels = ["debug", "info", "warning", "error"] as const;
type Level = (typeof levels)[number];
const least = levels.indexOf((process.env.LOG_LEVEL ?? "info") as Level);

/** One line of JSON on stderr; stdout is for the events. */
export function log(level: Level, message: string, fields: Record<string, unknown> = {}): void {
  if (levels.indexOf(level) < least) return;
  console.error(JSON.stringify({ time: new Date().toISOString(), level, message, ...fields }));
}

/** Aborted by the first SIGINT or SIGTERM. */
export const stopping = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    log("info", "stopping", { signal });
    stopping.abort();
  });
}

/**
 * Waits before the attempt of that number (from 0): anywhere between nothing and 0.25 s, 0.5 s, 1 s … 30 s, and ends early
 * when the program is to stop. Jitter spreads the clients of a server that restarts: without it all would come back at
 * the same moments.
 */
export async function backoff(attempt: number, atLeast = 0): Promise<void> {
  const wait = atLeast + Math.random() * Math.min(30_000, 250 * 2 ** Math.min(attempt, 10));
  log("info", "reconnecting", { attempt, wait_ms: Math.round(wait) });
  await setTimeout(wait, undefined, { signal: stopping.signal }).catch(() => undefined);
}
