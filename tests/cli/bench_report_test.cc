#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <cmath>
#include <sstream>

#include "absl/strings/str_split.h"
#include "cli/bench/figure_text.h"
#include "cli/bench/progress.h"
#include "cli/bench/report.h"
#include "cli/bench/verdict.h"
#include "cli/exit_codes.h"

namespace tocsin::cli::bench {
namespace {

namespace json = boost::json;
using ::testing::HasSubstr;
using ::testing::Not;

Report Sample(Kind kind) {
  Report report;
  report.options.kind = kind;
  report.options.rate_per_s = 100;
  report.options.subscribers = 2;
  report.hub = "127.0.0.1:50051";
  report.hub_facts = {"0.1.0", "rocksdb", "always"};
  report.run_id = "run";
  report.elapsed = absl::Seconds(2);
  PublishFigures published;
  published.due = published.sent = published.acknowledged = 100;
  published.bytes = 4'000'000;
  published.sending_ended = absl::Seconds(2);
  for (int i = 1; i <= 100; ++i) published.latency.Add(absl::Milliseconds(i));
  report.published = published;
  if (kind == Kind::kPub) return report;
  DeliveryFigures delivered;
  delivered.ready = 2;
  delivered.deliveries = 200;
  delivered.bytes = 1'000'000;
  delivered.latency.Merge(published.latency);
  report.delivered = delivered;
  return report;
}

TEST(ReportTest, TextHasRatesPercentilesAndAChart) {
  const std::string text = ToText(Sample(Kind::kSub), {.columns = 100});
  EXPECT_THAT(text, HasSubstr("tocsin bench sub: 2 subscribers, 100 events/s, 512B each"));
  EXPECT_THAT(text, HasSubstr("(0.1.0, rocksdb, durability always)"));
  EXPECT_THAT(text, HasSubstr("100 events        50.0 events/s      2.00 MB/s"));
  EXPECT_THAT(text, HasSubstr("200 events         100 events/s      0.50 MB/s"));
  EXPECT_THAT(text, HasSubstr("lost 0, out of order 0, duplicates 0, gaps 0"));
  EXPECT_THAT(text, HasSubstr("p50       p90       p99     p99.9       max"));
  EXPECT_THAT(text, HasSubstr("delivery latency, from when an event was due to its arrival"));
  EXPECT_THAT(text, HasSubstr("#####"));
  EXPECT_THAT(text, Not(HasSubstr("note:")));
}

TEST(ReportTest, TextSaysWhatWentWrong) {
  Report report = Sample(Kind::kPub);
  report.published->due = 150;
  report.published->refused = 7;
  report.published->sent = 110;
  report.published->errors["RATE_LIMIT_EXCEEDED"] = 7;
  report.client_cores = 1.5;
  report.interrupted = true;
  const std::string text = ToText(report, {});
  EXPECT_THAT(text, HasSubstr("refused 7, unanswered 3, due and not sent 40"));
  EXPECT_THAT(text, HasSubstr("RATE_LIMIT_EXCEEDED 7"));
  EXPECT_THAT(text, HasSubstr("2.00 s, interrupted"));
  EXPECT_THAT(text, HasSubstr("note: this program used 1.50 cores"));
  EXPECT_THAT(text, HasSubstr("note: the rate was not reached"));
}

TEST(ReportTest, ARunWithoutAnEventIsReportedToo) {
  Report report = Sample(Kind::kWs);
  report.published = PublishFigures();
  report.delivered = DeliveryFigures();
  report.elapsed = absl::ZeroDuration();
  EXPECT_THAT(ToText(report, {}), HasSubstr("0 events         0.0 events/s"));
  EXPECT_THAT(ToJson(report), HasSubstr("\"deliveries_per_s\":0"));
}

TEST(ReportTest, JsonHasEveryFigureWithItsUnit) {
  const json::object object = json::parse(ToJson(Sample(Kind::kSub))).as_object();
  EXPECT_EQ(object.at("bench").as_string(), "sub");
  EXPECT_EQ(object.at("events_per_s").to_number<double>(), 50);
  EXPECT_EQ(object.at("publish_mb_per_s").to_number<double>(), 2);
  EXPECT_EQ(object.at("deliveries").to_number<int>(), 200);
  EXPECT_EQ(object.at("lost").to_number<int>(), 0);
  EXPECT_EQ(object.at("exit_code").to_number<int>(), 0);
  for (const char* name : {"publish_latency", "delivery_latency"}) {
    const json::object latency = object.at(name).as_object();
    EXPECT_EQ(latency.at("from").as_string(), "due");
    EXPECT_EQ(latency.at("count").to_number<int>(), 100);
    EXPECT_NEAR(latency.at("p50_ms").to_number<double>(), 50, 0.5);
    EXPECT_NEAR(latency.at("p99_ms").to_number<double>(), 99, 1);
    EXPECT_EQ(latency.at("max_ms").to_number<double>(), 100);
    int in_buckets = 0;
    for (const json::value& bucket : latency.at("buckets").as_array()) {
      in_buckets += bucket.at("count").to_number<int>();
    }
    EXPECT_EQ(in_buckets, 100);
  }
}

TEST(ReportTest, JsonOfAListenerHasNothingOfAPublisher) {
  Report report = Sample(Kind::kWs);
  report.options.listen = true;
  report.published.reset();
  const json::object object = json::parse(ToJson(report)).as_object();
  EXPECT_FALSE(object.contains("events_per_s"));
  EXPECT_FALSE(object.contains("lost"));
  EXPECT_EQ(object.at("delivery_latency").at("from").as_string(), "accepted");
  EXPECT_THAT(ToText(report, {}), HasSubstr("lost not known"));
}

TEST(ReportTest, TextsOfOthersAreMadeSafe) {
  Report report = Sample(Kind::kPub);
  report.hub_facts.version = "1\x1b[2J";
  report.published->errors["\x1b]0;x"] = 1;
  EXPECT_THAT(ToText(report, {}), Not(HasSubstr("\x1b")));
}

TEST(VerdictTest, OfSeveralFaultsTheWorstCounts) {
  Report report = Sample(Kind::kSub);
  const auto judged = [&report] {
    Report copy = report;
    Judge(copy, {"CLOSE_1013", kUnreachable, "it closed"});
    return copy;
  };
  EXPECT_EQ(judged().exit_code, kOk);
  EXPECT_EQ(judged().error, "");
  report.interrupted = true;
  EXPECT_EQ(judged().exit_code, kInterrupted);
  report.published->refused = 2;
  report.published->acknowledged -= 2;
  EXPECT_EQ(judged().exit_code, kRefused);
  for (uint64_t DeliveryFigures::*fault : {&DeliveryFigures::lost, &DeliveryFigures::out_of_order,
                                           &DeliveryFigures::duplicates, &DeliveryFigures::gaps}) {
    report.delivered.value().*fault = 1;
    EXPECT_EQ(judged().exit_code, kLost);
    report.delivered.value().*fault = 0;
  }
  report.delivered->lost = 1;
  report.published->acknowledged -= 5;
  EXPECT_EQ(judged().exit_code, kUnreachable);
  EXPECT_THAT(judged().error, HasSubstr("5 events were not answered"));
  report.delivered->disconnected = 1;
  EXPECT_THAT(judged().error, HasSubstr("1 subscribers were cut off; the first: it closed"));
  report.exit_code = kFailed;
  report.error = "before";
  EXPECT_EQ(judged().error, "before");
}

TEST(FigureTextTest, ThreeDigitsAndAUnit) {
  EXPECT_EQ(LatencyText(absl::Nanoseconds(7)), "7 ns");
  EXPECT_EQ(LatencyText(absl::Nanoseconds(1234)), "1.23 us");
  EXPECT_EQ(LatencyText(absl::Nanoseconds(999'499)), "999 us");
  EXPECT_EQ(LatencyText(absl::Nanoseconds(999'600)), "1.00 ms");
  EXPECT_EQ(LatencyText(absl::Milliseconds(12.34)), "12.3 ms");
  EXPECT_EQ(LatencyText(absl::Seconds(5000)), "5000 s");
  EXPECT_EQ(CountText(0), "0");
  EXPECT_EQ(CountText(999), "999");
  EXPECT_EQ(CountText(1'234'567), "1,234,567");
  EXPECT_EQ(RateText(99.94), "99.9");
  EXPECT_EQ(RateText(12'345.6), "12,346");
}

std::vector<std::string> Lines(const std::string& text) {
  return absl::StrSplit(text, '\n', absl::SkipEmpty());
}

TEST(ChartTest, RowsAddUpAndAreFew) {
  for (const double magnitude : {1.0, 3.0, 12.0}) {
    Histogram histogram;
    for (int i = 0; i < 1000; ++i)
      histogram.Add(absl::Nanoseconds(std::pow(10, magnitude * i / 1000)));
    const std::vector<ChartRow> rows = ChartRows(histogram);
    EXPECT_LE(rows.size(), kRows);
    uint64_t sum = 0;
    for (const ChartRow& row : rows) sum += row.count;
    EXPECT_EQ(sum, 1000u) << magnitude;
    EXPECT_GT(rows.front().count, 0u);
    EXPECT_GT(rows.back().count, 0u);
  }
}

TEST(ChartTest, TheLongestBarFillsTheColumns) {
  Histogram histogram;
  histogram.Add(absl::Milliseconds(1), 1'000'000);
  histogram.Add(absl::Milliseconds(2), 1);
  for (const size_t columns : {size_t{60}, size_t{80}, size_t{200}}) {
    const std::vector<std::string> lines = Lines(Chart(histogram, {.columns = columns}));
    EXPECT_GE(lines.front().size(), columns - 2);
    EXPECT_LE(lines.front().size(), columns);
    EXPECT_TRUE(lines.back().ends_with(" #"));  // one of a million is seen
  }
}

TEST(ChartTest, AsciiHasNoOtherBytes) {
  Histogram histogram;
  histogram.Add(absl::Milliseconds(1));
  const std::string ascii = Chart(histogram, {.utf8 = false});
  EXPECT_TRUE(std::all_of(ascii.begin(), ascii.end(),
                          [](char c) { return c == '\n' || (c >= ' ' && c <= '~'); }));
  EXPECT_THAT(Chart(histogram, {.utf8 = true}), HasSubstr("█"));
  EXPECT_EQ(Chart(Histogram(), {}), "");
}

TEST(ProgressTest, OnATerminalTheLineIsWrittenOver) {
  std::ostringstream out;
  {
    Progress progress(out, Progress::Mode::kTerminal);
    progress.Show("one");
    progress.Show("two");
  }
  EXPECT_EQ(out.str(), "\rone\x1b[K\rtwo\x1b[K\r\x1b[K");
}

TEST(ProgressTest, ElsewhereEachIsALineOrNothing) {
  std::ostringstream out;
  Progress(out, Progress::Mode::kLines).Show("one");
  Progress(out, Progress::Mode::kOff).Show("two");
  EXPECT_EQ(out.str(), "one\n");
}

TEST(ProgressTest, SaysWhatTheLastSecondWas) {
  ProgressFigures figures{.elapsed = absl::Seconds(3), .per_second = 1234, .in_flight = 256};
  figures.latency.Add(absl::Milliseconds(2));
  EXPECT_EQ(ProgressText(figures),
            "   3 s  1,234 events/s  p50 2.00 ms  p99 2.00 ms  in flight 256");
  figures.of_deliveries = true;
  figures.refused = 2;
  figures.disconnected = 1;
  EXPECT_THAT(ProgressText(figures), HasSubstr("deliveries/s"));
  EXPECT_THAT(ProgressText(figures), HasSubstr("refused 2  disconnected 1"));
}

}  // namespace
}  // namespace tocsin::cli::bench
