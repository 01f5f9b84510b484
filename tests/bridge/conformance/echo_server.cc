#include "tests/bridge/conformance/echo_server.h"

#include "absl/strings/str_cat.h"
#include "bridge/ws/frames.h"
#include "bridge/ws/handshake.h"
#include "bridge/ws/ws_connection.h"
#include "core/base/strings.h"
#include "core/base/xxh64.h"
#include "tests/bridge/client_deflate.h"

namespace tocsin::bridge::conformance {
namespace {

constexpr uint16_t kMessageTooBig = 1009;
constexpr size_t kShownBytes = 64;

class EchoSession final : public ws::WebSocketSession {
 public:
  EchoSession(ws::SessionContext& context, ws::SessionOutput& output)
      : context_(context), output_(output) {}

  void Start(bool deflate) override { deflate_ = deflate; }
  void OnText(std::string_view text) override {
    std::string frame;
    if (deflate_) {
      context_.compression->events.AppendOnce(frame, "", text);
    } else {
      ws::AppendTextFrame(frame, text);
    }
    output_.Send(frame);
  }
  // The bridge has no use for its payload.
  void OnBinary() override { OnText("(binary)"); }
  void OnOversize(std::string_view) override { Close(kMessageTooBig); }
  void OnProtocolError(uint16_t code, std::string_view) override { Close(code); }
  void OnOverRate() override { ADD_FAILURE() << "no case sends more than is read"; }
  void OnPeerClose() override { closing_ = true; }
  void OnInternalError() override { ADD_FAILURE() << "a handler threw"; }
  void OnSignOfLife() override {}
  void OnPong() override {}
  void OnRepliesSent() override {}
  void Tick() override {}
  void OnHubState(bool) override {}
  void Drain(absl::Duration) override {}
  bool WantsRead() const override { return true; }
  SubscriberId subscriber() const override { return 1; }
  size_t MemoryBytes() const override { return 0; }
  const std::string& session_id() const override { return id_; }
  v1::SessionExplanation Explain() const override { return {}; }
  SessionFace Face() const override { return {}; }
  void Kick(absl::Duration, std::string_view) override {}

 private:
  void Close(uint16_t code) {
    if (!closing_) {
      closing_ = true;
      output_.Close(code, "");
    }
  }

  ws::SessionContext& context_;
  ws::SessionOutput& output_;
  const std::string id_;
  bool deflate_ = false;
  bool closing_ = false;
};

http::HttpRequest Handshake(std::string_view offer) {
  http::HttpRequest request{.method = "GET", .target = "/ws", .upgrade = true};
  request.fields = {{"Host", "a"},
                    {"Upgrade", "websocket"},
                    {"Connection", "Upgrade"},
                    {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="},
                    {"Sec-WebSocket-Version", "13"}};
  if (!offer.empty()) {
    request.fields.push_back({"Sec-WebSocket-Extensions", std::string(offer)});
  }
  return request;
}

ws::SessionOptions Options() {
  ws::SessionOptions options;
  options.messages_per_second = options.message_burst = 1'000'000'000;  // no case is about rates
  options.compression = true;
  return options;
}

std::string LineOf(const testing::Frame& frame, const std::string& payload) {
  switch (frame.opcode) {
    case kText:
      return absl::StrCat("text ", Shown(payload));
    case kPing:
      return absl::StrCat("ping ", payload);
    case kPong:
      return absl::StrCat("pong ", payload);
    case kClose:
      return payload.size() < 2 ? "close"
                                : absl::StrCat("close ", static_cast<uint8_t>(payload[0]) << 8 |
                                                             static_cast<uint8_t>(payload[1]));
    default:
      return absl::StrCat("opcode ", frame.opcode);
  }
}

}  // namespace

EchoServer::EchoServer(std::string_view offer)
    : options_(Options()), worker_(log_.window, log_, snapshots_, clock_, {}, options_, metrics_) {
  auto [server, client] = http::MemoryStream::MakePair(worker_.io().io());
  client_ = std::move(client);
  const http::HttpRequest request = Handshake(offer);
  EXPECT_FALSE(ws::RefuseHandshake(request).has_value());
  ws::ServeWebSocket<EchoSession>(worker_, {.stream = std::move(server), .ticket = {}}, request, "",
                                  worker_.sessions());
  Turn();
  const size_t end = received_.find("\r\n\r\n");
  const std::string head = received_.substr(0, end);
  received_.erase(0, end + 4);
  EXPECT_TRUE(head.starts_with("HTTP/1.1 101 ")) << head;
  constexpr std::string_view kField = "Sec-WebSocket-Extensions: ";
  if (const size_t at = head.find(kField); at != std::string::npos) {
    extensions_ = head.substr(at + kField.size(), head.find("\r\n", at) - at - kField.size());
  }
}

EchoServer::~EchoServer() { worker_.Stop(); }

void EchoServer::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    const http::IoResult result = client_->TrySend({&bytes, 1});
    if (result.state == http::IoResult::State::kFailed) {
      break;  // the server has gone; what it said stands in lines
    }
    bytes.remove_prefix(result.bytes);
    Turn();
  }
  Turn();
  TakeFrames();
}

void EchoServer::Turn() {
  for (int quiet = 0; quiet < 3; ++quiet) {
    worker_.io().RunOnce();
    char room[16 * 1024];
    while (true) {
      const http::IoResult result = client_->TryRead(room);
      received_.append(room, result.bytes);
      if (result.state == http::IoResult::State::kEnd &&
          (lines_.empty() || lines_.back() != "end")) {
        TakeFrames();
        lines_.emplace_back("end");
      }
      if (result.state != http::IoResult::State::kDone) {
        break;
      }
      quiet = 0;
    }
  }
}

void EchoServer::TakeFrames() {
  for (const testing::Frame& frame : testing::TakeFrames(received_)) {
    compressed_ += frame.compressed ? 1 : 0;
    lines_.push_back(
        LineOf(frame, frame.compressed ? testing::Decompress(frame.payload) : frame.payload));
  }
}

bool EchoServer::EndsWithTheClient() {
  client_->ShutdownSend();
  Turn();
  client_->Close();
  Turn();
  worker_.io().Sweep();
  return worker_.io().use().connections == 0;
}

std::string Shown(std::string_view payload) {
  return payload.size() <= kShownBytes
             ? std::string(payload)
             : absl::StrCat("of ", payload.size(), " bytes, ", absl::Hex(Xxh64(payload)));
}

}  // namespace tocsin::bridge::conformance
