// Publishes one incident over gRPC (@grpc/grpc-js):
//   node grpc_publish.mjs "API gateway down" P0 llm-sentinel
import { randomUUID } from "node:crypto";
import { connect, metadata } from "./service.mjs";

// A call that breaks is tried again, with pauses that grow. The event's id makes that safe: the hub appends it once.
const retry = { methodConfig: [{ name: [{ service: "tocsin.v1.EventHub", method: "Publish" }], retryPolicy: {
  maxAttempts: 5, initialBackoff: "0.25s", maxBackoff: "5s", backoffMultiplier: 2, retryableStatusCodes: ["UNAVAILABLE"] } }] };
const client = connect({ "grpc.service_config": JSON.stringify(retry) });

const [title = "API gateway down", severity = "P0", source = "llm-sentinel"] = process.argv.slice(2);
const event = {
  id: randomUUID(), type: "EVENT_TYPE_INCIDENT_CREATED",
  incident: {
    severity: `SEVERITY_${severity}`, incident_type: "INCIDENT_TYPE_AVAILABILITY", source, title,
    labels: { env: "production" },
  },
};
client.Publish({ events: [event] }, metadata(), { deadline: Date.now() + 30_000 }, (error, answer) => {
  client.close();
  if (error) {
    console.error(error.message);
    process.exitCode = 1;
  } else {
    console.log(JSON.stringify(answer.results[0]));
  }
});
