#include "absl/strings/str_cat.h"
#include "cli/bench/figure_text.h"
#include "cli/bench/report.h"
#include "core/base/strings.h"
#include "core/base/version.h"
#include "core/event/json_writer.h"

namespace tocsin::cli::bench {
namespace {

// One object; members in the order they are added.
class Object {
 public:
  Object& Text(std::string_view name, std::string_view value) {
    Name(name);
    AppendJsonString(out_, value);
    return *this;
  }
  Object& Count(std::string_view name, uint64_t value) {
    Name(name);
    absl::StrAppend(&out_, value);
    return *this;
  }
  Object& Number(std::string_view name, double value) {
    Name(name);
    AppendJsonNumber(out_, value);
    return *this;
  }
  Object& Flag(std::string_view name, bool value) { return Raw(name, value ? "true" : "false"); }
  Object& Raw(std::string_view name, std::string_view json) {
    Name(name);
    out_ += json;
    return *this;
  }
  std::string Json() const { return absl::StrCat("{", out_, "}"); }

 private:
  void Name(std::string_view name) {
    if (!out_.empty()) out_ += ',';
    AppendJsonString(out_, name);
    out_ += ':';
  }
  std::string out_;
};

std::string ErrorsJson(const std::map<std::string, uint64_t>& errors) {
  Object object;
  for (const auto& [code, count] : errors) object.Count(code, count);
  return object.Json();
}

std::string BucketsJson(const Histogram& latency) {
  std::string out = "[";
  for (const ChartRow& row : ChartRows(latency)) {
    absl::StrAppend(&out, out.size() > 1 ? "," : "",
                    Object()
                        .Number("up_to_ms", absl::ToDoubleMilliseconds(row.up_to))
                        .Count("count", row.count)
                        .Json());
  }
  return out + "]";
}

std::string LatencyJson(const Histogram& latency, std::string_view from) {
  const auto ms = [](absl::Duration time) { return absl::ToDoubleMilliseconds(time); };
  return Object()
      .Text("from", from)
      .Count("count", latency.count())
      .Number("min_ms", ms(latency.Min()))
      .Number("mean_ms", ms(latency.Mean()))
      .Number("p50_ms", ms(latency.Percentile(50)))
      .Number("p90_ms", ms(latency.Percentile(90)))
      .Number("p99_ms", ms(latency.Percentile(99)))
      .Number("p99_9_ms", ms(latency.Percentile(99.9)))
      .Number("max_ms", ms(latency.Max()))
      .Raw("buckets", BucketsJson(latency))
      .Json();
}

void AddOptions(Object& object, const Report& report) {
  const BenchOptions& options = report.options;
  if (options.kind != Kind::kPub) object.Count("subscribers", options.subscribers);
  if (options.kind == Kind::kSub) object.Count("channels", ChannelsOf(options));
  if (options.listen) return;
  object.Text("type", options.type)
      .Text("source", options.source)
      .Text("resource", options.resource)
      .Number("rate_per_s", options.rate_per_s)
      .Count("in_flight_events", options.in_flight)
      .Count("batch_events", options.batch)
      .Count("payload_bytes", options.payload_bytes)
      .Flag("unary", options.unary);
}

void AddPublished(Object& object, const Report& report) {
  const PublishFigures& figures = *report.published;
  object.Count("events_due", figures.due)
      .Count("events_sent", figures.sent)
      .Count("events_acknowledged", figures.acknowledged)
      .Count("events_refused", figures.refused)
      .Count("events_unanswered", figures.unanswered())
      .Number("events_per_s", PerSecond(figures.acknowledged, figures.elapsed()))
      .Number("publish_mb_per_s", PerSecond(figures.bytes, figures.elapsed()) / 1e6)
      .Raw("publish_errors", ErrorsJson(figures.errors))
      .Raw("publish_latency",
           LatencyJson(figures.latency, report.options.rate_per_s > 0 ? "due" : "sent"));
}

void AddDelivered(Object& object, const Report& report) {
  const DeliveryFigures& figures = *report.delivered;
  const char* from = report.options.listen           ? "accepted"
                     : report.options.rate_per_s > 0 ? "due"
                                                     : "sent";
  object.Count("subscribers_ready", figures.ready)
      .Count("subscribers_disconnected", figures.disconnected)
      .Count("deliveries", figures.deliveries)
      .Number("deliveries_per_s", PerSecond(figures.deliveries, report.elapsed))
      .Number("delivery_mb_per_s", PerSecond(figures.bytes, report.elapsed) / 1e6);
  if (!report.options.listen) object.Count("lost", figures.lost);
  object.Count("out_of_order", figures.out_of_order)
      .Count("duplicates", figures.duplicates)
      .Count("gaps", figures.gaps)
      .Count("foreign", figures.foreign)
      .Raw("subscriber_errors", ErrorsJson(figures.errors))
      .Raw("delivery_latency", LatencyJson(figures.latency, from));
}

}  // namespace

std::string ToJson(const Report& report) {
  std::string started;
  AppendJsonTime(started, report.started);
  Object object;
  object.Text("bench", NameOf(report.options.kind))
      .Text("version", Version())
      .Text("run_id", report.run_id)
      .Text("started_at", started)
      .Text("hub", report.hub);
  if (report.options.kind == Kind::kWs) object.Text("bridge", report.options.bridge);
  object.Text("hub_version", report.hub_facts.version)
      .Text("hub_store", report.hub_facts.store)
      .Text("hub_durability", report.hub_facts.durability)
      .Flag("listen", report.options.listen);
  AddOptions(object, report);
  object.Number("elapsed_s", absl::ToDoubleSeconds(report.elapsed))
      .Number("client_cores", report.client_cores);
  if (report.published.has_value()) AddPublished(object, report);
  if (report.delivered.has_value()) AddDelivered(object, report);
  return object.Flag("interrupted", report.interrupted)
      .Text("error", report.error)
      .Count("exit_code", static_cast<uint64_t>(report.exit_code))
      .Json();
}

}  // namespace tocsin::cli::bench
