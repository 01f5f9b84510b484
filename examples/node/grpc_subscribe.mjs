// Follows events over gRPC (@grpc/grpc-js), and misses none over a restart of the hub.
import { status } from "@grpc/grpc-js";
import { backoff, connect, log, metadata, resumeFrom, severities, stopping } from "./service.mjs";

// Codes that the next attempt may well not meet. Any other would come again.
const PASSING = [status.UNAVAILABLE, status.RESOURCE_EXHAUSTED, status.INTERNAL];
const filter = { severities: severities.map((name) => `SEVERITY_${name}`) };
// A connection that leaves a ping without answer is dead, though nobody closed it. The pause before a reconnect is ours.
const client = connect({
  "grpc.keepalive_time_ms": 30_000, "grpc.initial_reconnect_backoff_ms": 100, "grpc.max_reconnect_backoff_ms": 1_000 });

let cursor = resumeFrom; // where to go on after a break
let attempt = 0;
let slot = 0; // what the hub asked this client to wait, in ms

/** Your own work with an event. */
function handle(event) {
  console.log(JSON.stringify(event));
}

function take(response) {
  if (response.gap) log("warning", "events are missing", response.gap);
  if (response.closing) {
    const { seconds, nanos } = response.closing.reconnect_after;
    slot = Number(seconds) * 1000 + nanos / 1e6;
    log("info", "the hub closes", { reason: response.closing.reason });
  }
  for (const event of response.events) {
    handle(event);
    // Only now: should handling fail, the event comes again after a restart instead of being lost.
    cursor = event.cursor;
  }
  if (response.cursor) { // the first response has one, and so has a heartbeat
    attempt = 0;
    cursor = response.cursor;
  }
}

/** One stream, from its beginning to its end. */
async function follow() {
  const stream = client.Subscribe({ filter, from: cursor, on_gap: "ON_GAP_NOTIFY" }, metadata());
  const stop = () => stream.cancel();
  stopping.signal.addEventListener("abort", stop);
  try {
    for await (const response of stream) take(response);
  } catch (error) {
    if (stopping.signal.aborted) return;
    if (!PASSING.includes(error.code)) {
      log("error", error.details, { code: status[error.code] });
      process.exitCode = 1;
      return stopping.abort();
    }
    log("warning", "connection failed", { code: status[error.code], error: error.details });
  } finally {
    stopping.signal.removeEventListener("abort", stop);
  }
}

while (!stopping.signal.aborted) {
  await follow();
  if (!stopping.signal.aborted) await backoff(attempt++, slot);
  slot = 0;
}
client.close();
log("info", "stopped", { cursor });
