#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "cli/app.h"
#include "cli/bench/bridge_url.h"
#include "cli/bench/options.h"
#include "cli/bench/target.h"
#include "cli/exit_codes.h"
#include "core/event/facts.h"
#include "core/event/filter.h"
#include "core/event/json_writer.h"
#include "core/event/validate.h"

namespace tocsin::cli::bench {
namespace {

using ::testing::HasSubstr;

struct Ended {
  int code;
  std::string err;
};

// Against an address where nobody is, so that nothing is published should a check let it through.
Ended Start(std::vector<const char*> arguments, const char* hub = "--hub=127.0.0.1:9") {
  arguments.insert(arguments.begin(), {"tocsin", hub, "--timeout=2s", "bench"});
  testing::internal::CaptureStderr();
  testing::internal::CaptureStdout();
  const int code = Main(static_cast<int>(arguments.size()), arguments.data());
  testing::internal::GetCapturedStdout();
  return {code, testing::internal::GetCapturedStderr()};
}

TEST(BenchOptionsTest, AWrongValueNamesTheFlagAndWhatIsAllowed) {
  struct Row {
    std::vector<const char*> arguments;
    const char* flag;
    const char* allowed;
  };
  const std::string long_source = "--source=" + std::string(256, 'x');
  for (const Row& row :
       std::vector<Row>{{{"pub", "--in-flight=0"}, "--in-flight", "1 to 100000"},
                        {{"pub", "--in-flight=100001"}, "--in-flight", "1 to 100000"},
                        {{"pub", "--in-flight=-1"}, "--in-flight", "whole number"},
                        {{"pub", "--batch=1001", "--in-flight=5000"}, "--batch", "1 to 1000"},
                        {{"pub", "--batch=300"}, "--batch", "1 to --in-flight"},
                        {{"pub", "--batch=100", "--size=256KiB"}, "--batch", "1 to 15"},
                        {{"pub", "--size=1MiB"}, "--size", "0B to 256KiB"},
                        {{"pub", "--size=big"}, "--size", "64KiB"},
                        {{"pub", "--rate=fast"}, "--rate", "50/s"},
                        {{"pub", "--rate=2000000"}, "--rate", "up to 1000000/s"},
                        {{"pub", "--rate=-5"}, "--rate", "50/s"},
                        {{"pub", "--events=many"}, "--events", "whole number"},
                        {{"pub", "--duration=10"}, "--duration", "30s"},
                        {{"pub", "--duration=0s"}, "--duration", "at least 10ms"},
                        {{"pub", "--duration=25h"}, "--duration", "at most 1d"},
                        {{"pub", "--type=escalated"}, "--type", "alert-received, system-event"},
                        {{"pub", long_source.c_str()}, "--source", "1 to 255"},
                        {{"sub", "--subscribers=0"}, "--subscribers", "1 to 20000"},
                        {{"ws", "--subscribers=20001"}, "--subscribers", "1 to 20000"},
                        {{"sub", "--channels=2"}, "--channels", "1 to 1"},
                        {{"sub", "--severities=P0"}, "--listen", "filter"},
                        {{"sub", "--listen", "--events=5"}, "--events", "--duration"},
                        {{"sub", "--listen", "--severities=P9"}, "--severities", "P4"},
                        {{"ws", "--bridge=http://x/"}, "--bridge", "ws://127.0.0.1:8080/ws"},
                        {{"pub", "--output=xml"}, "--output", "text, json"},
                        {{"pub", "--subscribers=3"}, "--subscribers", "tocsin bench pub"},
                        {{"pbu"}, "bench pbu", "'pub'"},
                        {{"pub", "extra"}, "extra", "tocsin bench pub"}}) {
    const Ended ended = Start(row.arguments);
    EXPECT_EQ(ended.code, kUsage) << row.arguments.back();
    EXPECT_THAT(ended.err, HasSubstr(row.flag));
    EXPECT_THAT(ended.err, HasSubstr(row.allowed));
  }
}

TEST(BenchOptionsTest, WithoutACommandItShowsItsHelp) {
  const Ended ended = Start({});
  EXPECT_EQ(ended.code, kUsage);
  EXPECT_THAT(ended.err, HasSubstr("tocsin bench sub --subscribers 100"));
}

TEST(BenchOptionsTest, NobodyThereIsSaidAsByTheOthers) {
  for (const char* kind : {"pub", "sub", "ws"}) {
    const Ended ended = Start({kind});
    EXPECT_EQ(ended.code, kUnreachable);
    EXPECT_THAT(ended.err, HasSubstr("cannot reach the hub at 127.0.0.1:9"));
  }
}

TEST(BenchOptionsTest, AnotherMachineNeedsAYes) {
  for (const Ended& ended : {Start({"pub"}, "--hub=192.0.2.1:50051"),
                             Start({"ws", "--bridge=ws://192.0.2.1:8080/ws"})}) {
    EXPECT_EQ(ended.code, kUsage);
    EXPECT_THAT(ended.err, HasSubstr("192.0.2.1"));
    EXPECT_THAT(ended.err, HasSubstr("--yes"));
  }
  BenchOptions options;
  options.yes = true;
  EXPECT_TRUE(CheckTargets(options, "192.0.2.1:50051").ok());
}

TEST(BenchOptionsTest, ThisMachineIsKnownByItsNames) {
  for (const char* here : {"127.0.0.1:1", "127.8.9.1:1", "localhost:1", "LocalHost:1", "[::1]:1",
                           "unix:/run/x", "dns:///localhost:1", "ipv4:127.0.0.1:1"}) {
    EXPECT_TRUE(IsThisMachine(here)) << here;
  }
  for (const char* there :
       {"10.0.0.1:1", "example.org:1", "localhost.example.org:1", "[::2]:1",
        "127.0.0.1.example.org:1", "ipv4:127.0.0.1:1,10.0.0.1:1", "0.0.0.0:1", "", ":1"}) {
    EXPECT_FALSE(IsThisMachine(there)) << there;
  }
}

TEST(BenchOptionsTest, ARunByCountHasNoTimeUnlessGiven) {
  BenchOptions options;
  options.events = 5;
  ASSERT_TRUE(Settle(options).ok());
  EXPECT_EQ(options.duration, kMostDuration);
  options.duration = absl::Seconds(2);
  options.duration_given = true;
  ASSERT_TRUE(Settle(options).ok());
  EXPECT_EQ(options.duration, absl::Seconds(2));
}

TEST(BenchOptionsTest, ConnectionsAreOneEachUpToAHundred) {
  BenchOptions options;
  options.subscribers = 7;
  EXPECT_EQ(ChannelsOf(options), 7u);
  options.subscribers = 5000;
  EXPECT_EQ(ChannelsOf(options), 100u);
  options.channels = 3;
  EXPECT_EQ(ChannelsOf(options), 3u);
}

TEST(BenchOptionsTest, TheLimitOfFilesIsRaisedOrNamed) {
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit low = before;
  low.rlim_cur = 100;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &low), 0);
  EXPECT_TRUE(AllowFiles(200).ok());
  rlimit raised{};
  getrlimit(RLIMIT_NOFILE, &raised);
  EXPECT_EQ(raised.rlim_cur, 200u);
  setrlimit(RLIMIT_NOFILE, &before);
  if (before.rlim_max == RLIM_INFINITY) GTEST_SKIP() << "no hard limit here";
  const absl::Status status = AllowFiles(before.rlim_max + 1);
  EXPECT_THAT(std::string(status.message()), HasSubstr("RLIMIT_NOFILE"));
  EXPECT_THAT(std::string(status.message()), HasSubstr(std::to_string(before.rlim_max)));
}

TEST(BridgeUrlTest, Parts) {
  const auto whole = ParseBridgeUrl("ws://bridge.example.org:8080/events/ws?x=1");
  ASSERT_TRUE(whole.ok());
  EXPECT_EQ(whole->host, "bridge.example.org");
  EXPECT_EQ(whole->port, "8080");
  EXPECT_EQ(whole->path, "/events/ws?x=1");
  const auto short_one = ParseBridgeUrl("ws://[::1]");
  ASSERT_TRUE(short_one.ok());
  EXPECT_EQ(short_one->host, "::1");
  EXPECT_EQ(short_one->port, "80");
  EXPECT_EQ(short_one->path, "/ws");
}

TEST(BridgeUrlTest, WhatIsWrongIsSaid) {
  for (const char* url : {"", "ws://", "ws:///ws", "wss://a/ws", "http://a/", "ws://a:0/ws",
                          "ws://a:99999", "ws://a:b/ws", "ws://[::1", "ws://[::1]x", "ws://::1:80/",
                          "ws://a b/", "ws://user@a/", "ws://a\r\nX: y/"}) {
    const auto bridge = ParseBridgeUrl(url);
    ASSERT_FALSE(bridge.ok()) << url;
    EXPECT_THAT(std::string(bridge.status().message()), HasSubstr("ws://127.0.0.1:8080/ws"));
  }
}

// ---- the events ----

TEST(BenchEventTest, AreValidMarkedAndTakenByTheRunsFilterAlone) {
  EventShape shape{.run_id = "01a1", .payload_bytes = 300};
  v1::Event event = MakeBenchEvent(shape);
  SetStamp(event, {7, absl::Nanoseconds(123)});
  ASSERT_TRUE(NormalizeEvent(event, "").ok());
  EXPECT_EQ(event.alert_received().alert().description().size(), 300u);
  const EventFacts facts = EventFacts::Of(event);
  const auto matches = [&](const v1::Filter& filter) {
    return (*Filter::Compile(filter))->Matches(facts);
  };
  EXPECT_TRUE(matches(FilterOfRun("01a1")));
  EXPECT_FALSE(matches(FilterOfRun("01a2")));
  v1::Filter serious;
  serious.add_severities(v1::SEVERITY_P3);
  EXPECT_FALSE(matches(serious));
  v1::Filter marked;
  marked.add_sources("tocsin.bench");
  EXPECT_TRUE(matches(marked));
}

TEST(BenchEventTest, AStampComesBackFromBothTypesAndFromJson) {
  for (const EventKind kind : {EventKind::kAlert, EventKind::kSystem}) {
    v1::Event event = MakeBenchEvent({.kind = kind});
    EXPECT_FALSE(StampOf(event).has_value());
    SetStamp(event, {18'446'744'073'709'551'615u, absl::Nanoseconds(987'654'321'012'345)});
    ASSERT_TRUE(NormalizeEvent(event, "").ok());
    const auto stamp = StampOf(event);
    ASSERT_TRUE(stamp.has_value());
    EXPECT_EQ(stamp->number, 18'446'744'073'709'551'615u);
    EXPECT_EQ(stamp->due, absl::Nanoseconds(987'654'321'012'345));
    std::string json;
    AppendJsonEvent(json, event);
    EXPECT_THAT(json, HasSubstr(StampText(*stamp)));
  }
}

TEST(BenchEventTest, OtherTextsAreNoStamps) {
  for (const char* text :
       {"", "tocsin.bench", "tocsin.bench ", "tocsin.bench 1", "tocsin.bench 1 ",
        "tocsin.bench 1 2 3", "tocsin.bench x 2", "1 2", "tocsin.bench 99999999999999999999 1"}) {
    EXPECT_FALSE(ParseStamp(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace tocsin::cli::bench
