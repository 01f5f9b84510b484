// Follows events over a plain WebSocket (npm's ws), and misses none over a restart of the bridge or of the hub.
import WebSocket from "ws";
import { backoff, log, resumeFrom, severities, stopping, token } from "./service.js";

const url = process.env.WS_URL ?? "ws://localhost:8080/ws";
// The server pings every 30 s. A connection that is silent for longer than two of these is dead, though nobody closed it.
const SILENCE_MS = 75_000;

/** The messages that this program acts on; others are passed over, so that the protocol may grow. */
type Message =
  | { type: "subscribed"; cursor: string }
  | { type: "event"; message_id: string; event: { event_type: string; incident?: { title: string } } }
  | { type: "pong"; cursor: string }
  | { type: "gap"; reason: string; from: string; to: string }
  | { type: "error"; code: string; message: string }
  | { type: "closing"; reason: string; reconnect_after_ms: number };

// Codes that the next attempt may well not meet. Any other would come again.
const PASSING = ["SERVICE_UNAVAILABLE", "RATE_LIMIT_EXCEEDED", "SLOW_CONSUMER", "INTERNAL_SERVER_ERROR"];

let cursor = resumeFrom; // where to go on after a break
let attempt = 0;
let slot = 0; // what the server asked this client to wait, in ms

/** Your own work with an event. */
function handle(message: Message & { type: "event" }): void {
  console.log(JSON.stringify(message));
}

function take(message: Message, socket: WebSocket): void {
  switch (message.type) {
    case "subscribed":
      attempt = 0;
      cursor ??= message.cursor; // so that a break before the first event loses nothing either
      return log("info", "subscribed", { cursor: message.cursor });
    case "event":
      handle(message);
      // Only now: should handling fail, the event comes again after a restart instead of being lost.
      cursor = message.message_id;
      return;
    case "pong": // a heartbeat: all that matches up to here has come
      cursor = message.cursor;
      return;
    case "gap":
      return log("warning", "events are missing", { ...message });
    case "closing":
      slot = message.reconnect_after_ms;
      return log("info", "the server closes", { reason: message.reason });
    case "error":
      log("error", message.message, { code: message.code });
      if (PASSING.includes(message.code)) return socket.close();
      process.exitCode = 1;
      stopping.abort();
  }
}

/** One connection, from its beginning to its end. */
function follow(): Promise<void> {
  const socket = new WebSocket(url, { headers: token ? { Authorization: `Bearer ${token}` } : {} });
  const stop = () => socket.close(1000);
  stopping.signal.addEventListener("abort", stop);
  const silence = setTimeout(() => socket.terminate(), SILENCE_MS);
  socket.on("ping", () => silence.refresh());
  socket.on("open", () => {
    const filters = severities.length > 0 ? { severities } : {};
    socket.send(JSON.stringify({ type: "subscribe", subscription_id: "example", filters, resume_from: cursor }));
  });
  socket.on("message", (text) => {
    silence.refresh();
    take(JSON.parse(text.toString()) as Message, socket);
  });
  socket.on("error", (error) => log("warning", "connection failed", { error: error.message }));
  return new Promise((resolve) => socket.on("close", () => {
    clearTimeout(silence);
    stopping.signal.removeEventListener("abort", stop);
    resolve();
  }));
}

while (!stopping.signal.aborted) {
  await follow();
  if (!stopping.signal.aborted) await backoff(attempt++, slot);
  slot = 0;
}
log("info", "stopped", { cursor });
