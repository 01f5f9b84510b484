// Follows events over WebSocket with npm's ws, and misses none over a restart of the bridge or the hub:
//   node websocket_subscribe.mjs ws://localhost:8080/ws '{"severities":["P0","P1"]}' [resume_from] [count]
// Prints each event message as one line of JSON; ends after count events when that is given.
import WebSocket from "ws";

const [url = "ws://localhost:8080/ws", filters = "{}", resumeFrom, count] = process.argv.slice(2);
let last = resumeFrom || undefined;
let left = Number(count || Infinity);

function connect() {
  const socket = new WebSocket(url);
  socket.on("open", () => socket.send(JSON.stringify({
    type: "subscribe", subscription_id: "example", filters: JSON.parse(filters), resume_from: last,
  })));
  socket.on("message", (text) => {
    const message = JSON.parse(text);
    if (message.type === "event") {
      last = message.message_id;
      console.log(JSON.stringify(message));
      if (--left <= 0) process.exit(0);
    } else if (message.type === "error") {
      console.error(`${message.code}: ${message.message}`);
      process.exit(1);
    } else if (message.type === "gap") {
      console.error(`events are missing after ${message.from} (${message.reason})`);
    }
  });
  socket.on("close", () => setTimeout(connect, 500 + Math.random() * 500));
  socket.on("error", (error) => console.error(error.message));
}
connect();
