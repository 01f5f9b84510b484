// GraphQL subscriptions as Node's users have them: node server.mjs PORT graphql-ws|yoga
// The first is graphql-ws beside graphql-js, with the PubSub of graphql-subscriptions; the second is GraphQL Yoga with its own, over
// graphql-ws. Both serve Tocsin's schema at /graphql/ws, and publish what comes at /pub as events, to the topic that wsload names (its first line), or ev.0.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { buildSchema } from "graphql";
import { PubSub } from "graphql-subscriptions";
import { useServer } from "graphql-ws/use/ws";
import { createPubSub, createSchema, createYoga } from "graphql-yoga";
import { WebSocketServer } from "ws";

const [port, kind] = process.argv.slice(2);
const sdl = readFileSync(new URL("../../../../bridge/graphql/schema.graphql", import.meta.url), "utf8");
const topicOf = (args) => args.filter?.sources?.[0] ?? "";

function withGraphqlWs() {
  const pubsub = new PubSub();
  const options = { schema: buildSchema(sdl), roots: { subscription: { events: (args) => pubsub.asyncIterableIterator(topicOf(args)) } } };
  return { options, publish: (topic, event) => pubsub.publish(topic, { events: event }) };
}

function withYoga() {
  const pubSub = createPubSub();
  const events = { subscribe: (_, args) => pubSub.subscribe(topicOf(args)), resolve: (event) => event };
  const yoga = createYoga({ schema: createSchema({ typeDefs: sdl, resolvers: { Subscription: { events } } }), logging: false });
  const options = {
    execute: (args) => args.rootValue.execute(args),
    subscribe: (args) => args.rootValue.subscribe(args),
    onSubscribe: async (context, _id, params) => {
      const { schema, execute, subscribe, contextFactory, parse, validate } =
        yoga.getEnveloped({ ...context, req: context.extra.request, socket: context.extra.socket, params });
      const document = parse(params.query);
      const errors = validate(schema, document);
      return errors.length ? errors
        : { schema, operationName: params.operationName, document, variableValues: params.variables,
            contextValue: await contextFactory(), rootValue: { execute, subscribe } };
    },
  };
  return { options, publish: (topic, event) => pubSub.publish(topic, event) };
}

// As large as the event that Tocsin is sent; `payload` has the number and the time that wsload looks for.
let sequence = 0;
function eventOf(topic, payload) {
  const now = new Date().toISOString();
  return {
    id: crypto.randomUUID(), sequence: ++sequence, time: now, type: "INCIDENT_UPDATED", priority: "NORMAL",
    incident: {
      id: "00000000-0000-7000-8000-000000000001", createdAt: now, updatedAt: now, state: "DETECTED", severity: "P1",
      incidentType: "INFRASTRUCTURE", source: topic, title: "API gateway answers slowly", description: payload, affectedResources: ["api-gateway"],
      labels: { env: "production", team: "edge", region: "eu-west-1" }, metadata: {}, relatedIncidents: [], assignees: [],
    },
  };
}

const { options, publish } = kind === "yoga" ? withYoga() : withGraphqlWs();
const subscribers = new WebSocketServer({ noServer: true, perMessageDeflate: false });
const publishers = new WebSocketServer({ noServer: true, perMessageDeflate: false });
useServer(options, subscribers);
publishers.on("connection", (socket) => {
  socket.on("message", (data) => {
    const text = data.toString();
    const end = text.startsWith("{") ? -1 : text.indexOf("\n");
    const topic = end < 0 ? "ev.0" : text.slice(0, end);
    publish(topic, eventOf(topic, text.slice(end + 1)));
  });
});
const server = createServer();
server.on("upgrade", (request, socket, head) => {
  const target = request.url === "/pub" ? publishers : subscribers;
  target.handleUpgrade(request, socket, head, (ws) => target.emit("connection", ws, request));
});
server.listen({ port: Number(port), host: "127.0.0.1", backlog: 4096 });
