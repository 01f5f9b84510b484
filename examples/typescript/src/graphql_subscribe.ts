// Follows events over GraphQL with npm's graphql-ws, and misses none over a restart of the bridge or of the hub.
import { client, disconnect, EVENTS, present, type Event, type Extensions } from "./graphql_client.js";
import { log, resumeFrom, severities, stopping } from "./service.js";

/** Your own work with an event. */
function handle(event: Event): void {
  console.log(JSON.stringify(event));
}

async function follow(): Promise<void> {
  // The client sends this very object again when it reconnects, so what stands in it then is where the server goes on.
  const extensions: Record<string, unknown> = { resumeFrom: resumeFrom ?? (await present()) };
  const filter = severities.length > 0 ? { severities } : {};
  const events = client.iterate<{ events: Event }, Extensions>({ query: EVENTS, variables: { filter }, extensions });
  stopping.signal.addEventListener("abort", () => void events.return?.());
  for await (const { data, errors, extensions: told } of events) {
    if (errors) throw new Error(JSON.stringify(errors));
    if (told?.gap) log("warning", "events are missing", told.gap);
    if (data) handle(data.events);
    // Only now: should handling fail, the event comes again after a restart instead of being lost.
    if (told?.cursor) extensions.resumeFrom = told.cursor;
  }
  log("info", "stopped", { cursor: extensions.resumeFrom });
}

stopping.signal.addEventListener("abort", () => void disconnect());
try {
  await follow();
} catch (error) {
  if (!stopping.signal.aborted) {
    log("error", error instanceof Error ? error.message : JSON.stringify(error));
    process.exitCode = 1;
  }
}
await disconnect();
