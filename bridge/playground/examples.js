// What the tabs hold when the page is opened for the first time.
const query = `# The incidents that are open, the worst first. Run it with Ctrl-Enter.
query OpenIncidents($filter: IncidentFilter) {
  incidents(filter: $filter, order: SEVERITY, pageSize: 20) {
    total
    items {
      id
      severity
      state
      title
      assignedTo
    }
  }
}
`;

const mutation = `# Creates an incident. Watch the next tab while this one runs.
mutation CreateIncident($input: IncidentInput!) {
  createIncident(input: $input) {
    incident {
      id
      state
    }
    cursor
  }
}
`;

const subscription = `# What happens to incidents from now on: leave it running.
subscription IncidentUpdates($severities: [Severity!]) {
  incidentUpdates(severities: $severities) {
    updateType
    timestamp
    incident {
      id
      severity
      state
      title
    }
  }
}
`;

const json = (value) => JSON.stringify(value, null, 2);

export const examples = [
  { query, variables: json({ filter: { activeOnly: true } }) },
  {
    query: mutation,
    variables: json({
      input: { title: "API gateway down", source: "graphiql", severity: "P1", labels: { env: "production" } },
    }),
  },
  { query: subscription, variables: json({ severities: ["P0", "P1"] }) },
];
