#include "cli/bench/verdict.h"

#include "absl/strings/str_cat.h"
#include "cli/bench/figure_text.h"
#include "cli/exit_codes.h"

namespace tocsin::cli::bench {
namespace {

void Fails(Report& report, int exit_code, const std::string& why) {
  if (report.exit_code != kOk) return;
  report.exit_code = exit_code;
  report.error = why;
}

void JudgeConnections(Report& report, const SubscriberEnd& first_end) {
  if (report.delivered.has_value() && report.delivered->disconnected > 0) {
    Fails(report, first_end.exit_code,
          absl::StrCat(CountText(report.delivered->disconnected),
                       " subscribers were cut off; the first: ", first_end.text));
  }
  if (report.published.has_value() && report.published->unanswered() > 0) {
    Fails(report, kUnreachable,
          absl::StrCat(CountText(report.published->unanswered()),
                       " events were not answered by the hub at ", report.hub,
                       ". --timeout gives it longer"));
  }
}

void JudgeDeliveries(Report& report, const DeliveryFigures& figures) {
  if (figures.lost + figures.out_of_order + figures.duplicates + figures.gaps == 0) return;
  Fails(
      report, kLost,
      absl::StrCat(CountText(figures.lost), " events were lost, ", CountText(figures.out_of_order),
                   " came out of order, ", CountText(figures.duplicates), " twice; ",
                   CountText(figures.gaps), " gaps were told"));
}

}  // namespace

void Judge(Report& report, const SubscriberEnd& first_end) {
  JudgeConnections(report, first_end);
  if (report.delivered.has_value()) JudgeDeliveries(report, *report.delivered);
  if (report.published.has_value() && report.published->refused > 0) {
    Fails(report, kRefused,
          absl::StrCat("the hub refused ", CountText(report.published->refused), " events"));
  }
  if (report.interrupted) Fails(report, kInterrupted, "interrupted");
}

}  // namespace tocsin::cli::bench
