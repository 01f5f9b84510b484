// Follows events with urql over npm's graphql-ws, and misses none over a restart of the bridge or of the hub.
import { Client, fetchExchange, subscriptionExchange } from "@urql/core";
import { client, disconnect, EVENTS, present, url, type Event, type Extensions } from "./graphql_client.js";
import { log, resumeFrom, severities, stopping } from "./service.js";

/** Your own work with an event. */
function handle(event: Event): void {
  console.log(JSON.stringify(event));
}

/** urql over graphql-ws; its subscriptions begin after start, and go on where they were. */
function connect(start: string): Client {
  return new Client({
    url: url.replace(/^ws/, "http").replace(/\/ws$/, ""),
    exchanges: [
      fetchExchange,
      subscriptionExchange({
        forwardSubscription: ({ query = "", variables }) => ({
          subscribe: (sink) => {
            // graphql-ws sends this very object again when it reconnects, so what stands in it then is where the server goes on.
            const extensions: Record<string, unknown> = { resumeFrom: start };
            const payload = { query, variables: variables as Record<string, unknown>, extensions };
            const unsubscribe = client.subscribe<Record<string, unknown>, Extensions>(payload, {
              next: (result) => {
                sink.next(result as Parameters<typeof sink.next>[0]);
                // Only now: should handling fail, the event comes again after a restart instead of being lost.
                if (result.extensions?.cursor) extensions.resumeFrom = cursor = result.extensions.cursor;
              },
              error: (error) => sink.error(error),
              complete: () => sink.complete(),
            });
            return { unsubscribe };
          },
        }),
      }),
    ],
  });
}

function fail(error: unknown): void {
  if (stopping.signal.aborted) return;
  log("error", error instanceof Error ? error.message : JSON.stringify(error));
  process.exitCode = 1;
  stopping.abort();
}

let cursor: string | undefined;
stopping.signal.addEventListener("abort", () => void disconnect());
try {
  const filter = severities.length > 0 ? { severities } : {};
  const events = connect(resumeFrom ?? (await present())).subscription<{ events: Event }>(EVENTS, { filter });
  const { unsubscribe } = events.subscribe(({ data, error, extensions }) => {
    if (error) return fail(error);
    const { gap } = (extensions ?? {}) as Extensions;
    if (gap) log("warning", "events are missing", gap);
    if (data) handle(data.events);
  });
  stopping.signal.addEventListener("abort", () => {
    unsubscribe();
    log("info", "stopped", { cursor });
  });
} catch (error) {
  fail(error);
}
