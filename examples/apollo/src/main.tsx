// The incidents that are open, kept up to date by what happens to them, and what has happened since the page was opened.
import { gql } from "@apollo/client";
import { ApolloProvider, useQuery, useSubscription } from "@apollo/client/react";
import { useState } from "react";
import { createRoot } from "react-dom/client";
import { client } from "./client";
import { severities } from "./settings";

interface Incident { id: string; severity: string; state: string; title: string }
interface Incidents { incidents: { cursor: string; items: Incident[] } }
interface Event { id: string; type: string; time: string; incident: Incident | null }
interface Events { events: Event }

const INCIDENTS = gql`query Incidents($filter: IncidentFilter) {
  incidents(filter: $filter, pageSize: 100) { cursor items { id severity state title } }
}`;
const EVENTS = gql`subscription Events($filter: EventFilter) {
  events(filter: $filter) { id type time incident { id severity state title } }
}`;
const ofSeverity = severities.length > 0 ? { severities } : {};
const open = { filter: { ...ofSeverity, activeOnly: true } };

function App() {
  const { data, error } = useQuery<Incidents>(INCIDENTS, { variables: open });
  if (error) return <p role="alert">{error.message}</p>;
  if (!data) return <p role="status">connecting …</p>;
  return <Live start={data.incidents.cursor} incidents={data.incidents.items} />;
}

function Live({ start, incidents }: { start: string; incidents: Incident[] }) {
  const [happened, setHappened] = useState<Event[]>([]);
  const { error } = useSubscription<Events>(EVENTS, {
    variables: { filter: ofSeverity },
    extensions: { resumeFrom: start }, // what happened after the list was made, and then what happens
    ignoreResults: true, // each goes by onData: of two that come together, rendering would see the last alone
    onData: ({ data: { data } }) => {
      if (!data) return;
      setHappened((before) => [...before, data.events].slice(-1000));
      add(data.events.incident);
    },
  });
  return (
    <>
      {error && <p role="alert">{error.message}</p>}
      <h2>Open</h2>
      <ul id="incidents">
        {incidents.filter(({ state }) => state !== "RESOLVED" && state !== "CLOSED").map(({ id, severity, state, title }) => (
          <li key={id} className={severity}>{severity} {state.toLowerCase()}: {title}</li>
        ))}
      </ul>
      <h2>Happened</h2>
      <ol id="events" aria-live="polite">
        {happened.map(({ id, type, time, incident }) => (
          <li key={id} className={incident?.severity}>
            <time>{new Date(time).toLocaleTimeString()}</time> {type.toLowerCase()}: <b>{incident?.title}</b>
          </li>
        ))}
      </ol>
    </>
  );
}

/** Puts an incident into the list. One that is there already has been brought up to date by the cache, by its id. */
function add(incident: Incident | null): void {
  client.cache.updateQuery<Incidents>({ query: INCIDENTS, variables: open }, (shown) => {
    if (!shown || !incident || shown.incidents.items.some(({ id }) => id === incident.id)) return shown ?? undefined;
    return { incidents: { ...shown.incidents, items: [incident, ...shown.incidents.items] } };
  });
}

createRoot(document.getElementById("root")!).render(<ApolloProvider client={client}><App /></ApolloProvider>);
