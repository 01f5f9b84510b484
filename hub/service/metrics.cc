#include "hub/service/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <map>
#include <sstream>
#include <vector>

#include "core/base/mutex.h"
#include "core/base/version.h"
#include "core/metrics/auth_metrics.h"
#include "core/metrics/memory_gauges.h"

namespace tocsin::hub {
namespace {

using prometheus::Counter;
using prometheus::Gauge;
using prometheus::Histogram;
using prometheus::Registry;

Counter& AddCounter(Registry& registry, const char* name, const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry).Add({});
}

Gauge& AddGauge(Registry& registry, const char* name, const char* help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(registry).Add({});
}

Histogram& AddHistogram(Registry& registry, const char* name, const char* help,
                        const std::vector<double>& buckets) {
  return prometheus::BuildHistogram().Name(name).Help(help).Register(registry).Add({}, buckets);
}

// A counter whose value is counted elsewhere.
void Raise(Counter& counter, uint64_t to) {
  const double behind = static_cast<double>(to) - counter.Value();
  if (behind > 0) {
    counter.Increment(behind);
  }
}

// More series than this help no reader and cost memory.
constexpr size_t kMaxLabels = 100;
constexpr char kOtherLabels[] = "(other)";

class SubscriberLabels {
 public:
  explicit SubscriberLabels(Registry& registry)
      : family_(prometheus::BuildGauge()
                    .Name("tocsin_subscriptions_by_label")
                    .Help("Subscriptions now, by the label that they gave.")
                    .Register(registry)) {}

  std::string Open(std::string_view label) {
    MutexLock lock(mutex_);
    std::string series(label);
    if (series_.size() >= kMaxLabels && series_.find(series) == series_.end()) {
      series = kOtherLabels;
    }
    Gauge*& gauge = series_[series];
    if (gauge == nullptr) {
      gauge = &family_.Add({{"label", series}});
    }
    gauge->Increment();
    return series;
  }

  void Close(const std::string& series) {
    MutexLock lock(mutex_);
    const auto found = series_.find(series);
    found->second->Decrement();
    if (found->second->Value() <= 0) {
      family_.Remove(found->second);
      series_.erase(found);
    }
  }

 private:
  prometheus::Family<Gauge>& family_;
  Mutex mutex_;
  std::map<std::string, Gauge*> series_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

struct HubMetrics::Impl {
  Registry registry;

  Counter& published =
      AddCounter(registry, "tocsin_events_published_total", "Events appended to the log.");
  Counter& duplicates = AddCounter(registry, "tocsin_publish_duplicates_total",
                                   "Events whose id had been published before.");
  prometheus::Family<Counter>& refused =
      prometheus::BuildCounter()
          .Name("tocsin_publish_refused_total")
          .Help("Publish requests that were refused, by the error's name.")
          .Register(registry);
  // By ErrorCode, so that each is looked up only once.
  std::vector<Counter*> refused_by_code;
  Counter& alerts =
      AddCounter(registry, "tocsin_alerts_taken_total", "Alerts that were submitted and appended.");
  Counter& alert_duplicates =
      AddCounter(registry, "tocsin_alert_duplicates_total",
                 "Alerts that were submitted before, or report a state that is known.");
  Counter& alerts_ended =
      AddCounter(registry, "tocsin_alerts_ended_total",
                 "Firing alerts that ended because nobody reported them again.");
  Counter& opened = AddCounter(registry, "tocsin_alert_incidents_opened_total",
                               "Incidents that an alert opened.");
  Counter& resolved = AddCounter(registry, "tocsin_alert_incidents_resolved_total",
                                 "Incidents that the last of their alerts resolved.");
  Gauge& open_alerts = AddGauge(registry, "tocsin_alerts_open",
                                "Alerts that an incident has taken and that are not resolved.");
  Gauge& queue = AddGauge(registry, "tocsin_publish_queue_events",
                          "Events that wait to be committed and answered.");
  Histogram& commit_seconds = AddHistogram(
      registry, "tocsin_commit_seconds", "How long a group commit took, with its sync.",
      {0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5});
  Histogram& commit_events =
      AddHistogram(registry, "tocsin_commit_events", "Events of a group commit.",
                   {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096});

  Counter& delivered =
      AddCounter(registry, "tocsin_events_delivered_total", "Events sent to subscribers.");
  Counter& writes =
      AddCounter(registry, "tocsin_subscription_writes_total", "Writes to subscribers.");
  Counter& fell_behind = AddCounter(
      registry, "tocsin_subscriptions_fell_behind_total",
      "Times that a live subscription's batch was full and it went back to reading the log.");
  Counter& stuck = AddCounter(registry, "tocsin_subscribers_stuck_total",
                              "Subscribers closed because they took nothing.");
  Counter& connections_refused =
      AddCounter(registry, "tocsin_connections_refused_total",
                 "gRPC connections that were closed at once, for any of the limits below.");
  Counter& connections_dropped =
      AddCounter(registry, "tocsin_connections_dropped_total",
                 "gRPC connections that were closed because their calls were reset as they came.");
  prometheus::Family<Counter>& refused_connections =
      prometheus::BuildCounter()
          .Name("tocsin_refused_total")
          .Help("gRPC connections that a limit refused, by limit.")
          .Register(registry);
  Gauge& subscriptions = AddGauge(registry, "tocsin_subscriptions", "Subscriptions now.");
  Gauge& live = AddGauge(registry, "tocsin_subscriptions_live",
                         "Subscriptions that follow the log's end now.");
  Counter& snapshots_begun =
      AddCounter(registry, "tocsin_snapshots_total", "Snapshots of the incidents that were begun.");
  Gauge& snapshots_running = AddGauge(registry, "tocsin_snapshots_running",
                                      "Snapshots of the incidents that are being sent now.");
  Gauge& snapshots_waiting =
      AddGauge(registry, "tocsin_snapshots_waiting", "Snapshots that wait for others to be sent.");
  Gauge& log_events = AddGauge(registry, "tocsin_log_events", "Events held in the log.");
  Gauge& log_bytes = AddGauge(registry, "tocsin_log_bytes", "Bytes of the events held in the log.");
  Gauge& last_sequence =
      AddGauge(registry, "tocsin_log_last_sequence", "The newest event's sequence.");
  Gauge& log_damaged = AddGauge(registry, "tocsin_log_damaged",
                                "1 when the hub's start found its log damaged or events lost.");
  Gauge& incidents_active =
      AddGauge(registry, "tocsin_incidents_active", "Incidents held that are in an active state.");
  Gauge& incidents_over =
      AddGauge(registry, "tocsin_incidents_over", "Incidents held that are resolved or closed.");
  Gauge& incident_bytes =
      AddGauge(registry, "tocsin_incident_bytes",
               "Bytes of the incidents, their history and their alerts on the disk.");
  Gauge& incident_index_bytes =
      AddGauge(registry, "tocsin_incident_index_bytes",
               "Bytes in memory of the index that answers lists of incidents.");
  Gauge& accepts_publish =
      AddGauge(registry, "tocsin_accepts_publish", "1 while events can be published.");
  Gauge& draining = AddGauge(registry, "tocsin_draining", "1 from the start of a shutdown.");
  Gauge& uptime = AddGauge(registry, "tocsin_uptime_seconds", "Seconds since the start.");

  MemoryGauges memory{registry};
  AuthMetrics auth{registry};
  SubscriberLabels labels{registry};
  Mutex render;  // a scrape raises the counters that are kept elsewhere

  Impl() {
    for (const ErrorRow& row : ErrorTable()) {
      refused_by_code.push_back(&refused.Add({{"reason", std::string(row.name)}}));
    }
    prometheus::BuildGauge()
        .Name("tocsin_build_info")
        .Help("1, with the version as a label.")
        .Register(registry)
        .Add({{"version", std::string(Version())}})
        .Set(1);
  }

  void RaiseRefused(const char* limit, uint64_t to) {
    Raise(refused_connections.Add({{"limit", limit}}), to);
  }

  void Take(const HubGauges& now) {
    Raise(delivered, now.delivered);
    Raise(writes, now.writes);
    Raise(fell_behind, now.fell_behind);
    Raise(stuck, now.stuck);
    Raise(connections_refused, now.connections_refused.all());
    RaiseRefused("connections", now.connections_refused.full);
    RaiseRefused("address_connections", now.connections_refused.address);
    RaiseRefused("address_connection_rate", now.connections_refused.rate);
    RaiseRefused("address_banned", now.connections_refused.banned);
    Raise(connections_dropped, now.connections_dropped);
    subscriptions.Set(static_cast<double>(now.subscriptions));
    live.Set(static_cast<double>(now.subscriptions_live));
    Raise(snapshots_begun, now.snapshots_begun);
    snapshots_running.Set(static_cast<double>(now.snapshots_running));
    snapshots_waiting.Set(static_cast<double>(now.snapshots_waiting));
    log_events.Set(static_cast<double>(now.log_events));
    log_bytes.Set(static_cast<double>(now.log_bytes));
    last_sequence.Set(static_cast<double>(now.log_last_sequence));
    log_damaged.Set(now.log_damaged ? 1 : 0);
    open_alerts.Set(static_cast<double>(now.open_alerts));
    incidents_active.Set(static_cast<double>(now.incidents_active));
    incidents_over.Set(static_cast<double>(now.incidents_over));
    incident_bytes.Set(static_cast<double>(now.incident_bytes));
    incident_index_bytes.Set(static_cast<double>(now.incident_index_bytes));
    accepts_publish.Set(now.accepts_publish ? 1 : 0);
    draining.Set(now.draining ? 1 : 0);
    uptime.Set(now.uptime_seconds);
  }
};

HubMetrics::HubMetrics() : impl_(std::make_unique<Impl>()) {}
HubMetrics::~HubMetrics() = default;

void HubMetrics::PublishBegun(size_t events) {
  impl_->queue.Increment(static_cast<double>(events));
}

void HubMetrics::PublishAnswered(size_t events, size_t published, size_t duplicates) {
  impl_->queue.Decrement(static_cast<double>(events));
  impl_->published.Increment(static_cast<double>(published));
  impl_->duplicates.Increment(static_cast<double>(duplicates));
}

void HubMetrics::PublishRefused(size_t events, ErrorCode code) {
  impl_->queue.Decrement(static_cast<double>(events));
  impl_->refused_by_code[static_cast<size_t>(code)]->Increment();
}

void HubMetrics::AlertAnswered(const AlertAnswer& answer) {
  impl_->published.Increment(static_cast<double>(answer.events));
  impl_->alerts.Increment(answer.response.duplicate() ? 0 : 1);
  impl_->alert_duplicates.Increment(answer.response.duplicate() ? 1 : 0);
  impl_->opened.Increment(answer.response.opened() ? 1 : 0);
  impl_->resolved.Increment(answer.resolved ? 1 : 0);
}

void HubMetrics::AlertRefused(ErrorCode code) { PublishRefused(0, code); }

void HubMetrics::AlertEnded(const AlertAnswer& answer) {
  impl_->published.Increment(static_cast<double>(answer.events));
  impl_->alerts_ended.Increment();
  impl_->resolved.Increment(answer.resolved ? 1 : 0);
}

void HubMetrics::Committed(size_t events, absl::Duration took) {
  impl_->commit_seconds.Observe(absl::ToDoubleSeconds(took));
  impl_->commit_events.Observe(static_cast<double>(events));
}

std::string HubMetrics::SubscriptionOpened(std::string_view label) {
  return impl_->labels.Open(label);
}

void HubMetrics::SubscriptionClosed(const std::string& series) { impl_->labels.Close(series); }

std::string HubMetrics::Render(const HubGauges& gauges, const Window& window,
                               const Authenticator& authenticator) {
  MutexLock lock(impl_->render);
  impl_->Take(gauges);
  impl_->memory.Set(gauges.memory, window);
  impl_->auth.Set(authenticator);
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, impl_->registry.Collect());
  return out.str();
}

}  // namespace tocsin::hub
