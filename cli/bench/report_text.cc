#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "cli/bench/figure_text.h"
#include "cli/bench/report.h"
#include "cli/event_text.h"
#include "core/base/option_values.h"
#include "core/base/strings.h"

namespace tocsin::cli::bench {
namespace {

// From here on a user should ask whether it is this program that is slow.
constexpr double kBusyCores = 0.9;

std::string LoadText(const BenchOptions& options) {
  if (options.listen) return "listening to what others publish";
  std::string text = options.rate_per_s > 0
                         ? absl::StrCat(RateText(options.rate_per_s), " events/s")
                         : absl::StrCat("as fast as ", options.in_flight, " in flight go");
  absl::StrAppend(&text, ", ", FormatBytes(options.payload_bytes), " each");
  if (options.batch > 1) absl::StrAppend(&text, ", ", options.batch, " a message");
  if (options.unary) absl::StrAppend(&text, ", by calls");
  return text;
}

void AppendHead(std::string& out, const Report& report) {
  const BenchOptions& options = report.options;
  absl::StrAppendFormat(&out, "tocsin bench %s: ", std::string(NameOf(options.kind)));
  if (options.kind != Kind::kPub) {
    absl::StrAppend(&out, CountText(options.subscribers),
                    options.subscribers == 1 ? " subscriber, " : " subscribers, ");
  }
  absl::StrAppend(&out, LoadText(options), "\n");
  absl::StrAppendFormat(&out, "%-12s %s (%s, %s, durability %s)\n", "hub", report.hub,
                        Clean(report.hub_facts.version), Clean(report.hub_facts.store),
                        Clean(report.hub_facts.durability));
  if (options.kind == Kind::kWs)
    absl::StrAppendFormat(&out, "%-12s %s\n", "bridge", options.bridge);
  absl::StrAppendFormat(&out, "%-12s %s\n", "run", report.run_id);
  absl::StrAppendFormat(&out, "%-12s %.2f s%s\n", "took", absl::ToDoubleSeconds(report.elapsed),
                        report.interrupted ? ", interrupted" : "");
  absl::StrAppendFormat(&out, "%-12s %.2f cores\n\n", "this program", report.client_cores);
}

void AppendErrors(std::string& out, const char* what,
                  const std::map<std::string, uint64_t>& errors) {
  if (errors.empty()) return;
  const std::string codes = absl::StrJoin(errors, ", ", [](std::string* text, const auto& error) {
    absl::StrAppend(text, Clean(error.first), " ", CountText(error.second));
  });
  absl::StrAppendFormat(&out, "%-12s %s\n", what, codes);
}

void AppendFlow(std::string& out, const char* what, uint64_t count, uint64_t bytes,
                absl::Duration elapsed) {
  absl::StrAppendFormat(&out, "%-12s %13s events %11s events/s %9.2f MB/s\n", what,
                        CountText(count), RateText(PerSecond(count, elapsed)),
                        PerSecond(bytes, elapsed) / 1e6);
}

void AppendPublished(std::string& out, const PublishFigures& figures) {
  AppendFlow(out, "published", figures.acknowledged, figures.bytes, figures.elapsed());
  absl::StrAppendFormat(&out, "%-12s refused %s, unanswered %s", "", CountText(figures.refused),
                        CountText(figures.unanswered()));
  if (figures.due > figures.sent) {
    absl::StrAppend(&out, ", due and not sent ", CountText(figures.due - figures.sent));
  }
  out += '\n';
  AppendErrors(out, "  errors", figures.errors);
}

void AppendDelivered(std::string& out, const Report& report) {
  const DeliveryFigures& figures = *report.delivered;
  AppendFlow(out, "delivered", figures.deliveries, figures.bytes, report.elapsed);
  absl::StrAppendFormat(&out, "%-12s lost %s, out of order %s, duplicates %s, gaps %s\n", "",
                        report.options.listen ? "not known" : CountText(figures.lost),
                        CountText(figures.out_of_order), CountText(figures.duplicates),
                        CountText(figures.gaps));
  absl::StrAppendFormat(&out, "%-12s %13s ready, %s disconnected\n", "subscribers",
                        CountText(figures.ready), CountText(figures.disconnected));
  AppendErrors(out, "  errors", figures.errors);
}

void AppendLatency(std::string& out, const char* what, const Histogram& latency) {
  absl::StrAppendFormat(&out, "%-12s", what);
  for (const double percent : {50.0, 90.0, 99.0, 99.9}) {
    absl::StrAppendFormat(&out, " %9s", LatencyText(latency.Percentile(percent)));
  }
  absl::StrAppendFormat(&out, " %9s %9s\n", LatencyText(latency.Max()),
                        LatencyText(latency.Mean()));
}

void AppendLatencies(std::string& out, const Report& report) {
  const bool delivered = report.delivered.has_value() && report.delivered->latency.count() > 0;
  const bool published = report.published.has_value() && report.published->latency.count() > 0;
  if (!delivered && !published) return;
  absl::StrAppendFormat(&out, "\n%-12s %9s %9s %9s %9s %9s %9s\n", "latency", "p50", "p90", "p99",
                        "p99.9", "max", "mean");
  if (published) AppendLatency(out, "publish", report.published->latency);
  if (delivered) AppendLatency(out, "delivery", report.delivered->latency);
}

void AppendChart(std::string& out, const Report& report, const ChartStyle& style) {
  const bool of_delivery = report.delivered.has_value();
  const Histogram& latency = of_delivery ? report.delivered->latency : report.published->latency;
  if (latency.count() == 0) return;
  const char* from = report.options.listen           ? "the hub's acceptance (by its clock)"
                     : report.options.rate_per_s > 0 ? "when an event was due"
                                                     : "sending";
  absl::StrAppend(&out, "\n", of_delivery ? "delivery" : "publish", " latency, from ", from, " to ",
                  of_delivery ? "its arrival" : "the answer", "\n", Chart(latency, style));
}

void AppendNotes(std::string& out, const Report& report) {
  if (report.client_cores >= kBusyCores) {
    absl::StrAppendFormat(&out,
                          "\nnote: this program used %.2f cores: the figures may be its limit, "
                          "and where the hub has no other cores, it took them from the hub\n",
                          report.client_cores);
  }
  if (report.published.has_value() && report.published->due > report.published->sent) {
    out += "\nnote: the rate was not reached: latencies grow for as long as such a run goes on\n";
  }
}

}  // namespace

std::string ToText(const Report& report, const ChartStyle& style) {
  std::string out;
  AppendHead(out, report);
  if (report.published.has_value()) AppendPublished(out, *report.published);
  if (report.delivered.has_value()) AppendDelivered(out, report);
  AppendLatencies(out, report);
  AppendChart(out, report, style);
  AppendNotes(out, report);
  return out;
}

}  // namespace tocsin::cli::bench
