// Publishes one incident over gRPC with @grpc/grpc-js:
//   node grpc_publish.mjs localhost:50051 P0 "API gateway down" [source]
import { connect } from "./grpc.mjs";

const [address = "localhost:50051", severity = "P0", title = "API gateway down", source = "llm-sentinel"] =
  process.argv.slice(2);
const event = {
  type: "EVENT_TYPE_INCIDENT_CREATED",
  incident: {
    severity: `SEVERITY_${severity}`, incident_type: "INCIDENT_TYPE_AVAILABILITY", source, title,
    labels: { env: "production" },
  },
};
connect(address).Publish({ events: [event] }, (error, answer) => {
  if (error) {
    console.error(error.message);
    process.exit(1);
  }
  console.log(JSON.stringify(answer.results[0]));
  process.exit(0);
});
