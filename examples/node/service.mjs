// What each of these programs needs beside its call: settings, a client of the hub, structured logs, a pause before a
// reconnect, and an end on SIGINT or SIGTERM.
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import grpc from "@grpc/grpc-js";
import loader from "@grpc/proto-loader";

export const severities = (process.env.SEVERITIES ?? "P0,P1").split(",").filter(Boolean);
/** Where to begin: a cursor, "earliest", "latest" or an RFC 3339 time. */
export const resumeFrom = process.env.RESUME_FROM || "latest";

/** A client of the hub, made from the .proto files at run time. */
export function connect(options = {}) {
  const definition = loader.loadSync("tocsin/v1/hub.proto", {
    includeDirs: [fileURLToPath(new URL("../../proto", import.meta.url))],
    keepCase: true, longs: String, enums: String, arrays: true, oneofs: true,
  });
  const { EventHub } = grpc.loadPackageDefinition(definition).tocsin.v1;
  return new EventHub(process.env.TOCSIN_HUB ?? "localhost:50051", grpc.credentials.createInsecure(), options);
}

export function metadata() {
  const made = new grpc.Metadata();
  if (process.env.AUTH_TOKEN) made.set("authorization", `Bearer ${process.env.AUTH_TOKEN}`);
  return made;
}

const levels = ["debug", "info", "warning", "error"];
const least = levels.indexOf(process.env.LOG_LEVEL ?? "info");

/** One line of JSON on stderr; stdout is for the events. */
export function log(level, message, fields = {}) {
  if (levels.indexOf(level) < least) return;
  console.error(JSON.stringify({ time: new Date().toISOString(), level, message, ...fields }));
}

/** Aborted by the first SIGINT or SIGTERM. */
export const stopping = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, () => {
    log("info", "stopping", { signal });
    stopping.abort();
  });
}

/**
 * Waits before the attempt of that number (from 0): anywhere between nothing and 0.25 s, 0.5 s, 1 s … 30 s, and ends early
 * when the program is to stop. Jitter spreads the clients of a hub that restarts: without it all would come back at the
 * same moments.
 */
export async function backoff(attempt, atLeast = 0) {
  const wait = atLeast + Math.random() * Math.min(30_000, 250 * 2 ** Math.min(attempt, 10));
  log("info", "reconnecting", { attempt, wait_ms: Math.round(wait) });
  await setTimeout(wait, undefined, { signal: stopping.signal }).catch(() => undefined);
}
