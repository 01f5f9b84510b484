import "./style_nonce.js";
import "graphiql/style.css";
import "./page.css";

import { createGraphiQLFetcher } from "@graphiql/toolkit";
import { GraphiQL } from "graphiql";
import { createElement } from "react";
import { createRoot } from "react-dom/client";

import { examples } from "./examples.js";

const worker = (name) => new Worker(new URL(`${name}.worker.js`, import.meta.url));

globalThis.MonacoEnvironment = {
  getWorker: (_, label) => worker(label === "json" || label === "graphql" ? label : "editor"),
};

// Beside this page, wherever a proxy has put it.
const graphql = new URL("../graphql", location.href);
const socket = new URL("../graphql/ws", location.href);
socket.protocol = socket.protocol.replace("http", "ws");

// The headers of the tab go along with both: on the socket in connection_init.
const fetcher = createGraphiQLFetcher({
  url: graphql.href,
  subscriptionUrl: socket.href,
  enableIncrementalDelivery: false,
});

// GraphiQL takes the first tab's variables from its storage alone, where the first visit has none.
const firstVisit = localStorage.getItem("graphiql:tabState") === null;
const initial = firstVisit ? { initialVariables: examples[0].variables } : {};

createRoot(document.getElementById("graphiql")).render(
  createElement(GraphiQL, { fetcher, defaultTabs: examples, defaultEditorToolsVisibility: "variables", ...initial }),
);
