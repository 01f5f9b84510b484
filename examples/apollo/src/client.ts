// Apollo Client over one WebSocket that comes back by itself, with subscriptions that go on where they were.
import { ApolloClient, ApolloLink, InMemoryCache } from "@apollo/client";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { createClient } from "graphql-ws";
import { tap } from "rxjs";
import { log, token, url } from "./settings";

let pong: number | undefined;
const socket = createClient({
  url,
  connectionParams: () => (token ? { Authorization: `Bearer ${token}` } : {}),
  retryAttempts: Infinity,
  // Anywhere between nothing and 0.25 s, 0.5 s, 1 s … 30 s. Jitter spreads the pages that a restart has cut off: without it all
  // would come back at the same moments.
  retryWait: (attempt) => new Promise((resolve) => {
    setTimeout(resolve, Math.random() * Math.min(30_000, 250 * 2 ** Math.min(attempt, 10)));
  }),
  // Whatever broke the connection. 4403 is a refused token, which would be refused again; other final codes stay final by themselves.
  shouldRetry: (error) => (error as CloseEvent).code !== 4403,
  keepAlive: 30_000,
  on: {
    connected: () => log("info", "connected"),
    closed: (event) => log("info", "connection closed", { code: (event as CloseEvent).code }),
    // A connection that leaves a ping without answer is dead, though nobody closed it.
    ping: (received) => { if (!received) pong = window.setTimeout(() => socket.terminate(), 10_000); },
    pong: (received) => { if (received) clearTimeout(pong); },
  },
});

// Each result of a subscription has its cursor beside it. The link below sends the operation with these very extensions again when it
// reconnects, so what stands in them then is where the server goes on. That makes every subscription of the page resumable.
const resume = new ApolloLink((operation, forward) => {
  operation.extensions = { ...operation.extensions };
  return forward(operation).pipe(tap(({ extensions }) => {
    if (extensions?.gap) log("warning", "events are missing", extensions.gap);
    if (extensions?.cursor) operation.extensions.resumeFrom = extensions.cursor;
  }));
});

export const client = new ApolloClient({
  link: ApolloLink.from([resume, new GraphQLWsLink(socket)]),
  cache: new InMemoryCache(),
});

// A page that is left says goodbye.
addEventListener("pagehide", () => void socket.dispose());
