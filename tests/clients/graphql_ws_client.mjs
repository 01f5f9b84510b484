// npm's graphql-ws, as applications use it: what it is told, and which closes it takes as final.
//
//   graphql_ws_client.mjs URL LAZY(true|false) OPERATIONS RESUME_FROM QUERY VARIABLES
//
// Each operation resumes from the last cursor that it saw, whenever the client subscribes again. Prints a JSON object a line.
import {createClient} from "graphql-ws";
import WebSocket from "ws";

const [url, lazy, operations, start, query, variables] = process.argv.slice(2);
const say = (value) => console.log(JSON.stringify(value));

const client = createClient({
  url,
  webSocketImpl: WebSocket,
  lazy: lazy === "true",
  retryAttempts: 100,
  shouldRetry: () => true,  // also where nobody listens for a while; closes that the protocol calls final are final all the same
  retryWait: (retries) => new Promise((go) => setTimeout(go, Math.min(100 * 2 ** retries, 1_000))),
  connectionParams: {authorization: "Bearer none"},
  onNonLazyError: (error) => say({fatal: error.code ?? String(error)}),
  on: {
    connected: (_socket, payload, retried) => say({connected: payload.sessionId, retried}),
    closed: (event) => say({closed: event.code, reason: event.reason}),
    ping: (received, payload) => received && say({ping: payload}),
  },
});

for (let operation = 0; operation < Number(operations); operation++) {
  // The client sends the request anew after each reconnect: so what `extensions` reads then is the newest.
  let cursor = start;
  const request = {query, variables: JSON.parse(variables), get extensions() { return {resumeFrom: cursor}; }};
  client.subscribe(request, {
    next: (result) => {
      if (result.extensions?.cursor) cursor = result.extensions.cursor;
      say({operation, cursor, data: result.data, extensions: result.extensions});
    },
    error: (error) => say({operation, error: error.code ?? (Array.isArray(error) ? error : String(error)), reason: error.reason}),
    complete: () => say({operation, complete: true}),
  });
}
process.on("SIGTERM", () => client.dispose());
