#include "bridge/metrics.h"

#include <prometheus/text_serializer.h>

namespace tocsin::bridge {
namespace {

using prometheus::Histogram;
using prometheus::Registry;

prometheus::Counter& Counter(Registry& registry, const char* name, const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry).Add({});
}

prometheus::Gauge& Gauge(Registry& registry, const char* name, const char* help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(registry).Add({});
}

Histogram& Buckets(Registry& registry, const char* name, const char* help,
                   Histogram::BucketBoundaries bounds) {
  return prometheus::BuildHistogram().Name(name).Help(help).Register(registry).Add(
      {}, std::move(bounds));
}

}  // namespace

AlertCounter::AlertCounter(Registry& registry)
    : family_(
          prometheus::BuildCounter()
              .Name("bridge_alerts_total")
              .Help("Alerts of Alertmanager, Prometheus, Grafana, PagerDuty and OnCall senders, "
                    "by what became of them")
              .Register(registry)) {}

void AlertCounter::Count(std::string_view source, std::string_view outcome, size_t alerts) {
  if (alerts > 0) {
    family_.Add({{"source", std::string(source)}, {"outcome", std::string(outcome)}})
        .Increment(static_cast<double>(alerts));
  }
}

RefusedCounter::RefusedCounter(Registry& registry)
    : family_(prometheus::BuildCounter()
                  .Name("tocsin_refused_total")
                  .Help("Connections, requests and tokens that a limit refused, by limit")
                  .Register(registry)) {}

void RefusedCounter::Set(std::string_view limit, uint64_t refused) {
  const MutexLock lock(mutex_);
  prometheus::Counter& counter = family_.Add({{"limit", std::string(limit)}});
  counter.Increment(static_cast<double>(refused) - counter.Value());
}

Metrics::Metrics()
    : active_connections(
          Gauge(registry_, "websocket_active_connections", "WebSocket sessions now")),
      total_connections(
          Counter(registry_, "websocket_total_connections", "WebSocket sessions since the start")),
      active_subscriptions(Gauge(registry_, "websocket_active_subscriptions", "Subscriptions now")),
      messages_sent(Counter(registry_, "websocket_messages_sent_total",
                            "Messages to clients, events among them")),
      messages_received(
          Counter(registry_, "websocket_messages_received_total", "Messages from clients")),
      events_broadcast(
          Counter(registry_, "websocket_events_broadcast_total", "Events that came from the hub")),
      events_delivered(
          Counter(registry_, "websocket_events_delivered_total", "Events sent, counted by client")),
      connection_errors(Counter(registry_, "websocket_connection_errors_total",
                                "Handshakes refused and sessions that ended by an error")),
      send_errors(Counter(registry_, "websocket_send_errors_total",
                          "Writes to a client's socket that failed")),
      session_duration_seconds(Buckets(registry_, "websocket_session_duration_seconds",
                                       "How long sessions lasted",
                                       {1, 5, 15, 60, 300, 900, 3600, 14400, 86400})),
      message_latency_seconds(
          Buckets(registry_, "websocket_message_latency_seconds",
                  "From the event's acceptance by the hub to the socket write; the newest event of "
                  "each write",
                  {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30})),
      broadcast_channel_usage_ratio(Gauge(
          registry_, "websocket_broadcast_channel_usage_ratio",
          "How far the slowest shard is behind the newest event, as a share of the recent events")),
      graphql_connections(
          Gauge(registry_, "bridge_graphql_connections",
                "Sessions of /graphql/ws now, which the websocket_ rows count too")),
      event_streams(Gauge(registry_, "bridge_event_streams", "Streams of events over HTTP now")),
      events_streamed(Counter(registry_, "bridge_events_streamed_total",
                              "Events sent on streams over HTTP, counted by client")),
      snapshots_running(Gauge(registry_, "bridge_snapshots_running",
                              "Snapshots of the incidents that are being sent now")),
      snapshots_waiting(Gauge(registry_, "bridge_snapshots_waiting",
                              "Snapshots that wait for others to be sent")),
      hub_connected(Gauge(registry_, "bridge_hub_connected", "1 while the hub's stream is up")),
      hub_reconnects(Counter(registry_, "bridge_hub_reconnects_total",
                             "How often the hub's stream was lost and opened again")),
      tls_handshake_failures(Counter(registry_, "tocsin_tls_handshake_failures_total",
                                     "Connections that ended before they were encrypted")),
      proxy_header_failures(
          Counter(registry_, "tocsin_proxy_header_failures_total",
                  "Connections of trusted proxies without a PROXY protocol header that can be "
                  "used")),
      refused(registry_),
      unauthenticated_connections(
          Gauge(registry_, "tocsin_unauthenticated_connections",
                "Connections of clients now that have not shown a good token; all of them where "
                "authentication is off")),
      connections(Gauge(registry_, "tocsin_connections",
                        "Connections of clients now, those that only ask over HTTP among them")),
      connection_memory_bytes(
          Gauge(registry_, "tocsin_connection_memory_bytes",
                "Bytes that the connections hold: their objects, what has been read and what is "
                "not sent yet")),
      subscriptions(Gauge(registry_, "tocsin_subscriptions", "Subscriptions in the engine now")),
      alerts(registry_),
      memory(registry_),
      auth(registry_) {}

std::string Metrics::Text() const {
  return prometheus::TextSerializer().Serialize(registry_.Collect());
}

}  // namespace tocsin::bridge
