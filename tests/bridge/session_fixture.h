// session_fixture.h: sessions over a real shard and window, with a client that is two strings: what
// it sent, what it got.
#pragma once

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bridge/event_json.h"
#include "bridge/ws/session.h"
#include "core/event/wire.h"
#include "tests/core/stream_fixture.h"

namespace tocsin::bridge::testing {

namespace json = boost::json;
using tocsin::testing::kEpoch;
using tocsin::testing::VectorLog;

inline v1::Event SampleEvent(Sequence sequence, v1::Severity severity = v1::SEVERITY_P2,
                             std::string_view title = "down") {
  v1::Event event;
  event.set_id("0190a000-0000-7000-8000-000000000001");
  event.set_epoch(kEpoch);
  event.set_sequence(sequence);
  event.mutable_time()->set_seconds(1'700'000'000);
  event.set_type(v1::EVENT_TYPE_INCIDENT_CREATED);
  event.mutable_incident()->set_severity(severity);
  event.mutable_incident()->set_title(std::string(title));
  event.mutable_incident()->set_source("monitor");
  return event;
}

// One frame of a server: FIN, unmasked.
struct Frame {
  int opcode = 0;
  std::string payload;
  bool compressed = false;
};

// The whole frames at the beginning of `bytes`, which are taken away.
inline std::vector<Frame> TakeFrames(std::string& bytes) {
  std::vector<Frame> frames;
  while (bytes.size() >= 2) {
    const auto at = [&](size_t i) { return static_cast<uint64_t>(static_cast<uint8_t>(bytes[i])); };
    EXPECT_EQ(at(0) & 0xb0, 0x80u) << "not a final frame";
    EXPECT_EQ(at(1) & 0x80, 0u) << "a server's frame is not masked";
    size_t header = 2;
    uint64_t length = at(1);
    const size_t more = length == 126 ? 2 : length == 127 ? 8 : 0;
    if (more > 0) {
      if (bytes.size() < header + more) break;
      length = 0;
      for (size_t i = 0; i < more; ++i) length = length << 8 | at(header + i);
      header += more;
    }
    if (bytes.size() < header + length) break;
    frames.push_back(
        {static_cast<int>(at(0) & 0x0f), bytes.substr(header, length), (at(0) & 0x40) != 0});
    bytes.erase(0, header + length);
  }
  return frames;
}

// Snapshots that the test gives message by message.
class FakeSnapshots : public Snapshots {
 public:
  struct Opened {
    FilterPtr filter;
    SnapshotFormPtr form;
    Deliver deliver;
    int wanted = 1;  // messages that have been asked for and not given
    bool alive = true;
  };

  std::unique_ptr<Reading> Open(Shard&, FilterPtr filter, SnapshotFormPtr form,
                                Deliver deliver) override {
    opened.push_back(
        std::make_shared<Opened>(Opened{std::move(filter), std::move(form), std::move(deliver)}));
    return std::make_unique<Handle>(opened.back());
  }

  // To the one that was opened last. `incidents`: "1,2,3".
  void Give(Sequence place, std::string_view incidents, bool first, bool last) {
    SnapshotMessage message;
    message.place = {tocsin::testing::kEpoch, place};
    message.first = first;
    message.last = last;
    message.text = absl::StrCat("\"cursor\":\"", FormatCursor(message.place), "\",\"incidents\":[",
                                std::string(incidents), "],\"first\":", first ? "true" : "false",
                                ",\"last\":", last ? "true" : "false", "}");
    Give(std::move(message));
  }
  void Fail(absl::Status status) {
    SnapshotMessage message;
    message.status = std::move(status);
    Give(std::move(message));
  }

  void Give(SnapshotMessage message) {
    const std::shared_ptr<Opened> to = opened.back();
    ASSERT_TRUE(to->alive);
    ASSERT_EQ(to->wanted--, 1) << "a message that was not asked for";
    to->deliver(std::move(message));
  }

  std::vector<std::shared_ptr<Opened>> opened;

 private:
  class Handle : public Reading {
   public:
    explicit Handle(std::shared_ptr<Opened> opened) : opened_(std::move(opened)) {}
    ~Handle() override { opened_->alive = false; }
    void Next() override { ++opened_->wanted; }

   private:
    const std::shared_ptr<Opened> opened_;
  };
};

class FakeOutput : public ws::SessionOutput {
 public:
  bool SendBatch(std::string_view frames) override {
    EXPECT_FALSE(batch_in_flight);
    EXPECT_EQ(close_code, 0);
    batch_in_flight = !sends_at_once;
    bytes += frames;
    return sends_at_once;
  }
  void Send(std::string_view frames) override {
    EXPECT_EQ(close_code, 0) << "sent after the close";
    bytes += frames;
  }
  void Close(uint16_t code, std::string_view reason) override {
    EXPECT_EQ(close_code, 0);
    close_code = code;
    close_reason = std::string(reason);
  }
  void Drop() override { dropped = true; }
  bool MayBegin(bool returns) override {
    reserved = reserved && !returns;
    return !reserved;
  }
  uint64_t BytesTaken() override { return taken; }
  size_t BytesWaiting() const override { return waiting; }

  std::string bytes;
  bool batch_in_flight = false;
  bool sends_at_once = false;
  uint16_t close_code = 0;
  std::string close_reason;
  bool dropped = false;
  bool reserved = false;  // a connection for those who come back
  uint64_t taken = 0;
  size_t waiting = 0;
};

// A `subscribe` message; `more` is further fields, as JSON.
inline std::string Subscribe(std::string_view id, std::string_view more = "") {
  return absl::StrCat(R"({"type":"subscribe","subscription_id":")", std::string(id), "\"",
                      more.empty() ? "" : ",", std::string(more), "}");
}

class SessionTest : public ::testing::Test {
 protected:
  struct Client {
    FakeOutput output;
    std::unique_ptr<ws::WebSocketSession> made;
    ws::WebSocketSession& session() { return *made; }
    bool reads = true;
    size_t pings = 0;
    size_t compressed = 0;  // frames
    std::vector<json::object> got;
    std::string newest;  // of these, as it was written
  };

  using MakeAuthenticator = std::unique_ptr<Authenticator> (*)(Clock& clock);

  explicit SessionTest(ShardOptions shard_options = {}, WindowBounds bounds = {1000, 1 << 30},
                       MakeAuthenticator make = Authenticator::Off)
      : authenticator(make(clock)),
        log(bounds),
        shard(log.window, log, clock, shard_options),
        context{.shard = shard,
                .window = log.window,
                .clock = clock,
                .options = options,
                .metrics = metrics,
                .snapshots = snapshots,
                .authenticator = *authenticator} {
    shard.SetBell([this] { rung = true; });
  }
  ~SessionTest() override { clients.clear(); }

  // The session of the protocol that is tested.
  virtual std::unique_ptr<ws::WebSocketSession> MakeSession(ws::SessionOutput& output) {
    return std::make_unique<ws::Session>(context, comes_as, output);
  }

  Client& Connect(bool deflate = false) {
    clients.push_back(std::make_unique<Client>());
    clients.back()->made = MakeSession(clients.back()->output);
    clients.back()->session().Start(deflate);
    Settle();
    return *clients.back();
  }

  void Publish(Sequence sequence, v1::Severity severity = v1::SEVERITY_P2,
               std::string_view title = "down") {
    log.Append(MakeWireRecord(SampleEvent(sequence, severity, title)));
    shard.Ring();
  }
  // An event by which an incident goes from one severity to another.
  void PublishChange(Sequence sequence, v1::Severity from, v1::Severity to) {
    v1::Event event = SampleEvent(sequence, to);
    event.mutable_incident()->set_id("0190a000-0000-7000-8000-000000000007");
    event.mutable_before()->set_severity(from);
    log.Append(MakeWireRecord(event));
    shard.Ring();
  }
  void PublishUpTo(Sequence last) {
    for (Sequence next = log.latest().sequence + 1; next <= last; ++next) Publish(next);
  }

  // Lets everything happen that can without more time passing than the engine's tick.
  void Settle() {
    for (int turn = 0; turn < 100'000; ++turn) {
      clock.Advance(limits::kHotTick);
      const bool due = rung || due_at <= clock.Monotonic();
      rung = false;
      if (due) due_at = shard.RunOnce();
      bool wrote = false;
      for (const auto& client : clients) wrote |= Take(*client);
      if (!rung && !wrote && due_at > clock.Monotonic() + limits::kHotTick) return;
    }
    FAIL() << "the shard never comes to rest";
  }

  std::string Plain(const Frame& frame) {
    if (!frame.compressed) return frame.payload;
    EXPECT_EQ(context.compression->inflater.Inflate(frame.payload, 1 << 20),
              ws::Inflater::Outcome::kDone);
    return std::string(context.compression->inflater.text());
  }

  bool Take(Client& client) {
    if (!client.reads) return false;
    for (const Frame& frame : TakeFrames(client.output.bytes)) {
      if (frame.opcode == 9) {
        ++client.pings;
      } else {
        EXPECT_EQ(frame.opcode, 1);
        client.compressed += frame.compressed ? 1 : 0;
        client.newest = Plain(frame);
        client.got.push_back(json::parse(client.newest).as_object());
      }
    }
    EXPECT_EQ(client.output.bytes, "") << "half a frame";
    if (!client.output.batch_in_flight) return false;
    client.output.batch_in_flight = false;
    shard.Written(client.session().subscriber());
    return true;
  }

  void Send(Client& client, std::string_view text) {
    client.session().OnSignOfLife();
    client.session().OnText(text);
    Settle();
  }
  // Looks at the sessions at least every second, as a worker does.
  void Pass(absl::Duration time) {
    while (time > absl::ZeroDuration()) {
      const absl::Duration step = std::min(time, absl::Seconds(1));
      time -= step;
      clock.Advance(step);
      for (const auto& client : clients) client->session().Tick();
      Settle();
    }
  }

  // What came since the last call.
  std::vector<json::object> Got(Client& client) { return std::exchange(client.got, {}); }
  // The only thing that came since the last call.
  json::object One(Client& client) {
    std::vector<json::object> got = Got(client);
    EXPECT_EQ(got.size(), 1u) << (got.size() > 1 ? json::serialize(got[1]) : "");
    return got.empty() ? json::object{{"type", "nothing"}} : got[0];
  }
  static std::string Text(const json::object& message, std::string_view field) {
    const json::value* value = message.if_contains(field);
    if (value == nullptr) return "(absent)";
    return value->is_string() ? std::string(value->as_string().c_str()) : json::serialize(*value);
  }
  static std::vector<Sequence> Sequences(const std::vector<json::object>& messages) {
    std::vector<Sequence> found;
    for (const json::object& message : messages) {
      if (Text(message, "type") == "event")
        found.push_back(message.at("sequence").to_number<Sequence>());
    }
    return found;
  }
  static std::vector<std::string> Types(const std::vector<json::object>& messages) {
    std::vector<std::string> types;
    for (const json::object& message : messages) types.push_back(Text(message, "type"));
    return types;
  }

  ManualClock clock;
  const std::unique_ptr<Authenticator> authenticator;
  VectorLog log;
  bool rung = false;
  absl::Duration due_at = absl::ZeroDuration();
  ws::SessionOptions options;
  Metrics metrics;
  Shard shard;
  FakeSnapshots snapshots;
  SubjectPtr comes_as =
      Subject::Anyone();  // whom the handshakes' token names; null: they bring none
  ws::SessionContext context;
  std::vector<std::unique_ptr<Client>> clients;
};

}  // namespace tocsin::bridge::testing
