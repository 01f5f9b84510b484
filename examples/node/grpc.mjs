// What the two gRPC examples share: a client of the hub, made from the .proto files at run time.
import { fileURLToPath } from "node:url";
import grpc from "@grpc/grpc-js";
import loader from "@grpc/proto-loader";

const protos = fileURLToPath(new URL("../../proto", import.meta.url));

export function connect(address) {
  const definition = loader.loadSync("tocsin/v1/hub.proto", {
    includeDirs: [protos], keepCase: true, longs: String, enums: String, arrays: true,
  });
  const { EventHub } = grpc.loadPackageDefinition(definition).tocsin.v1;
  return new EventHub(address, grpc.credentials.createInsecure());
}
