// A client of graphql-ws that connects again by itself, for the two programs that speak GraphQL.
import { createClient } from "graphql-ws";
import WebSocket from "ws";
import { backoff, log, token } from "./service.js";

export const url = process.env.WS_URL ?? "ws://localhost:8080/graphql/ws";

export const EVENTS = `subscription Events($filter: EventFilter) {
  events(filter: $filter) { cursor type priority time incident { id severity state title } }
}`;
export interface Event { cursor: string; type: string; incident?: { title: string } }
/** Beside each event: its cursor, and what could not be given before it. */
export interface Extensions { cursor?: string; gap?: { reason: string; from: string; to: string } }

let pong: NodeJS.Timeout | undefined;
export const client = createClient({
  url,
  webSocketImpl: WebSocket,
  connectionParams: () => (token ? { Authorization: `Bearer ${token}` } : {}),
  retryAttempts: Infinity,
  retryWait: (attempt) => backoff(attempt),
  // Whatever broke the connection. 4403 is a refused token, which would be refused again; other final codes stay final by themselves.
  shouldRetry: (error) => (error as WebSocket.CloseEvent).code !== 4403,
  keepAlive: 30_000,
  on: {
    connected: () => log("info", "connected"),
    closed: (event) => log("info", "connection closed", { code: (event as WebSocket.CloseEvent).code }),
    // A connection that leaves a ping without answer is dead, though nobody closed it.
    ping: (received) => { if (!received) pong = setTimeout(() => client.terminate(), 10_000); },
    pong: (received) => { if (received) clearTimeout(pong); },
  },
});

/** The end of the log as it is now: what a subscription without a cursor starts from. */
export async function present(): Promise<string> {
  for await (const { data, errors } of client.iterate<{ incidents: { cursor: string } }>({
    query: "{ incidents(pageSize: 1) { cursor } }",
  })) {
    if (data) return data.incidents.cursor;
    throw new Error(JSON.stringify(errors));
  }
  throw new Error("no answer");
}

/** Closes the connection, where there is one. */
export async function disconnect(): Promise<void> {
  await Promise.resolve(client.dispose()).catch(() => undefined); // it tells of an attempt to connect that fails meanwhile
}
