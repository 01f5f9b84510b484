// The list of peers: which subscriber and publisher protocol each target name means,
// and the option defaults it sets. A new target is one entry here (see README.md).
#pragma once
#include "proto_brokers.hpp"
#include "proto_grpc.hpp"
#include "proto_sse.hpp"
#include "proto_tocsin.hpp"
#include "proto_ws.hpp"

namespace bench {

// A PublishRequest with one incident_updated about 512 bytes long on the wire; the subscribers of topic {topic} filter by source.
constexpr const char* kTocsinEvent =
    "1:m(5:v=2;10:m(1:s=00000000-0000-7000-8000-000000000001;4:v=1;5:v=2;6:v=1;7:s={topic};"
    "8:s=API gateway answers slowly;9:s={payload};10:s=api-gateway;"
    "11:m(1:s=env;2:s=production);11:m(1:s=team;2:s=edge);11:m(1:s=region;2:s=eu-west-1)))";

constexpr const char* kTocsinSubscribe =
    R"({"type":"subscribe","subscription_id":"s","filters":{"sources":["{topic}"]}})";
constexpr const char* kTocsinReplay =
    R"({"type":"subscribe","subscription_id":"s","filters":{"sources":["{topic}"]},"resume_from":"earliest"})";

// The fields that the message of /ws has, and an id of each client's own, as graphql-ws gives them. {name} is how the answer calls the
// event: by another name for each client it is another operation.
constexpr const char* kGraphqlSubscribe =
    R"({"id":"{uuid}","type":"subscribe","payload":{"query":"subscription { {name}events(filter: {sources: [\"{topic}\"]}) )"
    R"({ sequence time type id priority incident { id createdAt updatedAt state severity incidentType source title description )"
    R"(affectedResources labels metadata relatedIncidents assignees } } }"{resume}}})";

inline std::string graphql_subscribe(const std::string& name, const std::string& resume) {
  return expand(expand(kGraphqlSubscribe, "{name}", name), "{resume}", resume);
}

inline void preset_tocsin(Options& o, bool ws) {
  o.pub_addr = "127.0.0.1:50051";
  o.sub_addr = ws ? "127.0.0.1:8080" : "127.0.0.1:50051";
  o.grpc_pub_path = "/tocsin.v1.EventHub/Publish";
  o.grpc_pub_body = kTocsinEvent;
  o.payload = 287;
  if (ws) {
    o.path = "/ws";
    o.send = {kTocsinSubscribe};
    o.ready_match = R"("type":"subscribed")";
  } else {
    o.grpc_sub_path = "/tocsin.v1.EventHub/Subscribe";
    o.grpc_sub_body = "1:m(4:s={topic})";
    o.grpc_ready_msgs = 1;  // the first response says where the subscription stands
  }
}

inline void preset_graphql(Options& o, const std::string& name) {
  preset_tocsin(o, true);
  o.path = "/graphql/ws";
  o.subprotocol = "graphql-transport-ws";
  o.send = {R"({"type":"connection_init"})"};
  o.then = {graphql_subscribe(name, ""), R"({"type":"ping"})"};  // answered once the subscription stands
  o.ready_match = R"("type":"pong")";
}

inline bool preset(Options& o, const std::string& t) {
  o.target = t;
  if (t == "nats") { o.sub_addr = "127.0.0.1:4222"; }
  else if (t == "nats-ws") { o.sub_addr = "127.0.0.1:8088"; o.pub_addr = "127.0.0.1:4222"; }
  else if (t == "redis") { o.sub_addr = "127.0.0.1:6379"; }
  else if (t == "mqtt") { o.sub_addr = "127.0.0.1:1883"; o.topic = "ev/{i}"; }
  else if (t == "mqtt-ws") {
    o.sub_addr = "127.0.0.1:9883"; o.pub_addr = "127.0.0.1:1883";
    o.topic = "ev/{i}"; o.path = "/mqtt"; o.subprotocol = "mqtt";
  } else if (t == "nchan") {
    o.sub_addr = "127.0.0.1:8090"; o.path = "/sub/{topic}"; o.http_pub_path = "/pub/{topic}";
  } else if (t == "pushpin") {
    o.sub_addr = "127.0.0.1:7999"; o.pub_addr = "127.0.0.1:5560"; o.path = "/{topic}"; o.ready_match = "ok";
  } else if (t == "httpws") {  // WebSocket subscribers, HTTP POST publisher, paths given by hand
    o.sub_addr = "127.0.0.1:8090";
  } else if (t == "etcd" || t == "grpc") {
    o.sub_addr = "127.0.0.1:2379";
    if (t == "etcd") {
      o.grpc_sub_path = "/etcdserverpb.Watch/Watch";
      o.grpc_sub_body = "1:m(1:s={topic})";
      o.grpc_sub_half_close = false;
      o.grpc_ready_msgs = 1;  // the "created" response
      o.grpc_pub_path = "/etcdserverpb.KV/Put";
      o.grpc_pub_body = "1:s={topic};2:s={payload}";
    }
  } else if (t == "nchan-sse") {
    o.sub_addr = "127.0.0.1:8090"; o.path = "/sse/{topic}"; o.http_pub_path = "/pub/{topic}";
  } else if (t == "tocsin-sse") {
    preset_tocsin(o, true);
    o.send.clear();
    o.path = "/v1/events?sources={topic}";
    o.ready_match = "id: ";  // the first place
  } else if (t == "tocsin-graphql" || t == "tocsin-graphql-each") {
    preset_graphql(o, t == "tocsin-graphql" ? "" : "e{conn}: ");
  } else if (t == "graphql") {  // another server with Tocsin's schema; the publisher is a WebSocket
    preset_graphql(o, "");
    o.pub_addr.clear();  // the same as that of the subscribers
  } else if (t == "tocsin-ws" || t == "tocsin-grpc") {
    preset_tocsin(o, t == "tocsin-ws");
  } else if (t == "grpc-ws") {  // gRPC publisher, WebSocket subscribers
    o.sub_addr = "127.0.0.1:8080"; o.pub_addr = "127.0.0.1:50051";
  } else if (t != "plainws") {
    return false;
  }
  return true;
}

// Subscribers begin with the oldest event that is held. False: the target keeps none.
inline bool from_earliest(Options& o) {
  if (o.target == "tocsin-ws") o.send = {kTocsinReplay};
  else if (o.target == "tocsin-sse") o.path += "&resume_from=earliest";
  else if (o.target == "tocsin-graphql")
    o.then = {graphql_subscribe("", R"(,"extensions":{"resumeFrom":"earliest"})"), R"({"type":"ping"})"};
  else if (o.target == "tocsin-grpc") o.grpc_sub_body += ";2:s=earliest";
  else return false;
  return true;
}

inline std::unique_ptr<SubProto> make_sub(const Options& o, uint32_t i) {
  // Broadcast runs give every connection topic 0.
  uint32_t ti = o.selective ? i : 0;
  auto& t = o.target;
  if (t == "nats") return std::make_unique<NatsSub>(o, ti);
  if (t == "nats-ws") return std::make_unique<WsSub>(o, ti, std::make_unique<NatsSub>(o, ti));
  if (t == "redis") return std::make_unique<RedisSub>(o, ti);
  if (t == "mqtt") return std::make_unique<MqttSub>(o, i);  // i also makes the client id
  if (t == "mqtt-ws") return std::make_unique<WsSub>(o, i, std::make_unique<MqttSub>(o, i));
  if (t == "etcd" || t == "grpc" || t == "tocsin-grpc") return std::make_unique<GrpcSub>(o, ti);
  if (t == "tocsin-sse" || t == "nchan-sse") return std::make_unique<SseSub>(o, ti);
  return std::make_unique<WsSub>(o, ti);
}

inline std::unique_ptr<PubProto> make_pub(const Options& o) {
  auto& t = o.target;
  if (t == "nats" || t == "nats-ws") return std::make_unique<NatsPub>(o);
  if (t == "redis") return std::make_unique<RedisPub>(o);
  if (t == "mqtt" || t == "mqtt-ws") return std::make_unique<MqttPub>(o);
  if (t == "pushpin") return std::make_unique<PushpinPub>(o);
  if (t == "nchan" || t == "nchan-sse" || t == "httpws") return std::make_unique<HttpPub>(o);
  const bool tocsin = t.starts_with("tocsin-");
  if (tocsin && !o.unary) return std::make_unique<TocsinPub>(o);
  if (t == "etcd" || t == "grpc" || t == "grpc-ws" || tocsin)
    return std::make_unique<GrpcPub>(o);
  return std::make_unique<WsPub>(o);
}

}  // namespace bench
