// Follows events over gRPC with @grpc/grpc-js, and comes back where it was when the hub restarts:
//   node grpc_subscribe.mjs localhost:50051 '{"severities":["SEVERITY_P0"]}' [from] [count]
// Prints each event as one line of JSON; ends after count events when that is given.
import { connect } from "./grpc.mjs";

const [address = "localhost:50051", filter = "{}", from, count] = process.argv.slice(2);
const client = connect(address);
let last = from || "latest";
let left = Number(count || Infinity);

function follow() {
  const stream = client.Subscribe({ filter: JSON.parse(filter), from: last });
  stream.on("data", (response) => {
    for (const event of response.events) {
      console.log(JSON.stringify(event));
      last = event.cursor;
      if (--left <= 0) process.exit(0);
    }
    if (response.cursor) last = response.cursor;
  });
  stream.on("error", (error) => {
    console.error(error.message);
    if (error.code !== 14) process.exit(1);  // All but UNAVAILABLE is final.
    setTimeout(follow, 500 + Math.random() * 500);
  });
}
follow();
