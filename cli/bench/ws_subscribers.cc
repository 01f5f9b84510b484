// Connections to a bridge's /ws, all on one io_context of one thread: connect, subscribe, read.
//
// An event of the run is known by its type at the start of the message and by its stamp, looked for
// where it was last: to read a JSON document for each of 100,000 deliveries a second would measure
// this program. A message that does not look so is read as JSON.
#include <algorithm>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cli/bench/subscribers.h"
#include "cli/event_text.h"
#include "cli/exit_codes.h"
#include "core/base/strings.h"
#include "core/event/json_writer.h"

namespace tocsin::cli::bench {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace json = boost::json;
namespace websocket = beast::websocket;
using Error = boost::system::error_code;
using asio::ip::tcp;

// How many shake hands at a time: well below what servers let wait (Linux: 4,096).
constexpr size_t kMostConnecting = 128;
constexpr std::chrono::seconds kCloseTime{2};
constexpr size_t kMessageBytes = size_t{8} << 20;
constexpr size_t kMostTold = 300;  // of an answer that is no handshake, in an error

std::string SubscribeMessage(const v1::Filter& filter) {
  std::string text = R"({"type":"subscribe","subscription_id":"bench","filters":)";
  AppendJsonFilter(text, filter);
  return text + "}";
}

std::string TextOf(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains({name.data(), name.size()});
  return value != nullptr && value->is_string() ? std::string(value->get_string().c_str()) : "";
}

// Finds the stamp of an event of the run in its message.
class StampFinder {
 public:
  StampFinder() : mark_(absl::StrCat("\"external_id\":\"", ToAbsl(kStampPrefix))) {}

  std::optional<Stamp> Find(std::string_view message) {
    const bool there = message.substr(std::min(at_, message.size())).starts_with(mark_);
    const size_t at = there ? at_ : message.find(mark_);
    if (at == std::string_view::npos) return std::nullopt;
    at_ = at;
    const size_t begin = at + mark_.size() - kStampPrefix.size();
    return ParseStamp(message.substr(begin, message.find('"', begin) - begin));
  }

 private:
  const std::string mark_;
  size_t at_ = 0;  // where it was in the last message
};

// What all connections share; the thread's.
struct Shared {
  const BridgeUrl bridge;
  const rpc::HubTokenPtr token;  // null: none is shown
  const SubscribersOptions options;
  const std::string subscribe;
  Deliveries& deliveries;
  StampFinder stamps;
  tcp::resolver::results_type addresses;
  std::function<void()> on_settled;  // a connection is ready, or ended before it was
  std::function<void()> on_closed;
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(asio::io_context& io, Shared& shared, uint64_t number)
      : shared_(shared), number_(number), socket_(io) {}

  void Start() {
    asio::async_connect(socket_.next_layer(), shared_.addresses,
                        [self = shared_from_this()](Error error, const tcp::endpoint&) {
                          if (error) return self->Lost("CONNECT", error.message());
                          self->ShakeHands();
                        });
  }

  void Close() {
    if (ended_) return shared_.on_closed();
    closing_ = true;
    // A read is under way and goes on until the bridge's close.
    if (open_) {
      socket_.async_close(websocket::close_code::normal,
                          [self = shared_from_this()](Error) { self->Lost("CLOSED", ""); });
    } else {
      Drop();
    }
  }

  void Drop() {
    Error ignored;
    socket_.next_layer().close(ignored);
  }

 private:
  void ShakeHands() {
    Error ignored;
    socket_.next_layer().set_option(tcp::no_delay(true), ignored);
    socket_.read_message_max(kMessageBytes);
    if (shared_.token != nullptr) {
      socket_.set_option(websocket::stream_base::decorator(
          [authorization = shared_.token->Authorization()](websocket::request_type& request) {
            request.set(beast::http::field::authorization, authorization);
          }));
    }
    const BridgeUrl& bridge = shared_.bridge;
    const bool v6 = bridge.host.find(':') != std::string::npos;
    const std::string host = v6 ? absl::StrCat("[", bridge.host, "]:", bridge.port)
                                : absl::StrCat(bridge.host, ":", bridge.port);
    socket_.async_handshake(answer_, host, bridge.path, [self = shared_from_this()](Error error) {
      if (error) return self->HandshakeFailed(error);
      self->answer_ = {};
      self->open_ = true;
      self->Read();
    });
  }

  void HandshakeFailed(Error error) {
    if (error != websocket::error::upgrade_declined) return Lost("HANDSHAKE", error.message());
    End({.code = absl::StrCat("HTTP_", answer_.result_int()),
         .exit_code = kRefused,
         .text = absl::StrCat(" answered ", answer_.result_int(), ": ",
                              Clean(answer_.body().substr(0, kMostTold)))});
  }

  void Read() {
    socket_.async_read(buffer_, [self = shared_from_this()](Error error, size_t) {
      if (error) return self->ReadFailed(error);
      const auto data = self->buffer_.cdata();
      self->Take({static_cast<const char*>(data.data()), data.size()});
      self->buffer_.clear();
      self->Read();
    });
  }

  void ReadFailed(Error error) {
    if (error != websocket::error::closed) return Lost("CONNECTION_LOST", error.message());
    const websocket::close_reason& reason = socket_.reason();
    End({.code = absl::StrCat("CLOSE_", reason.code),
         .exit_code = kUnreachable,
         .text = absl::StrCat(" closed with ", reason.code, " ",
                              Clean({reason.reason.data(), reason.reason.size()}))});
  }

  void Take(std::string_view message) {
    if (!shared_.options.listening && message.starts_with(R"({"type":"event")")) {
      if (const auto stamp = shared_.stamps.Find(message)) {
        const Delivery delivery{.stamp = *stamp};
        return shared_.deliveries.Take(number_, {&delivery, 1}, message.size());
      }
    }
    Error error;
    const json::value value = json::parse({message.data(), message.size()}, error);
    if (!error && value.is_object()) TakeJson(value.get_object(), message.size());
  }

  void TakeJson(const json::object& message, size_t bytes) {
    const std::string type = TextOf(message, "type");
    if (type == "welcome") {
      socket_.async_write(asio::buffer(shared_.subscribe),
                          [self = shared_from_this()](Error, size_t) {});
    } else if (type == "subscribed") {
      shared_.deliveries.Ready(number_);
      Settled();
    } else if (type == "event") {
      TakeEvent(message, bytes);
    } else if (type == "gap") {
      shared_.deliveries.TakeGap(number_);
    } else if (type == "error") {
      End({.code = TextOf(message, "code"),
           .exit_code = kRefused,
           .text = absl::StrCat(" refused it: ", Clean(TextOf(message, "message")))});
      Drop();
    }
  }

  void TakeEvent(const json::object& message, size_t bytes) {
    const json::value* sequence = message.if_contains("sequence");
    Delivery delivery;
    Error error;
    if (sequence != nullptr) delivery.sequence = sequence->to_number<uint64_t>(error);
    if (!shared_.options.listening || sequence == nullptr || error ||
        !absl::ParseTime(absl::RFC3339_full, TextOf(message, "timestamp"), &delivery.accepted,
                         nullptr)) {
      return shared_.deliveries.TakeForeign(number_);
    }
    shared_.deliveries.Take(number_, {&delivery, 1}, bytes);
  }

  void Settled() {
    if (settled_) return;
    settled_ = true;
    shared_.on_settled();
  }

  void Lost(const char* code, const std::string& why) {
    End({.code = code,
         .exit_code = kUnreachable,
         .text = absl::StrCat(" cannot be reached: ", why, ". --bridge changes the address")});
  }

  // The text goes on from "the bridge at ADDRESS".
  void End(SubscriberEnd end) {
    if (ended_) return;
    ended_ = true;
    const BridgeUrl& bridge = shared_.bridge;
    end.text = absl::StrCat("the bridge at ", bridge.host, ":", bridge.port, end.text);
    shared_.deliveries.Ended(number_, end);
    Settled();
    if (closing_) shared_.on_closed();
  }

  Shared& shared_;
  const uint64_t number_;
  websocket::stream<tcp::socket> socket_;
  websocket::response_type answer_;
  beast::flat_buffer buffer_;
  bool open_ = false;  // the handshake is done
  bool settled_ = false;
  bool ended_ = false;
  bool closing_ = false;
};

class WsSubscribers : public Subscribers {
 public:
  WsSubscribers(const Globals& globals, const BridgeUrl& bridge, const SubscribersOptions& options,
                Deliveries& deliveries)
      : shared_{.bridge = bridge,
                .token = globals.token,
                .options = options,
                .subscribe = SubscribeMessage(options.filter),
                .deliveries = deliveries} {
    shared_.on_settled = [this] { StartNext(); };
    shared_.on_closed = [this] { OnClosed(); };
  }

  ~WsSubscribers() override { Close(); }

  absl::Status Open() override {
    Error error;
    tcp::resolver resolver(io_);
    shared_.addresses = resolver.resolve(shared_.bridge.host, shared_.bridge.port, error);
    if (error) {
      return absl::UnavailableError(absl::StrCat("cannot reach the bridge: the name ",
                                                 shared_.bridge.host,
                                                 " cannot be resolved: ", error.message()));
    }
    asio::post(io_, [this] {
      for (size_t i = 0; i < kMostConnecting; ++i) StartNext();
    });
    thread_ = std::thread([this] { io_.run(); });
    return absl::OkStatus();
  }

  void Close() override {
    if (!thread_.joinable()) return;  // Open failed
    asio::post(io_, [this] { CloseAll(); });
    thread_.join();
  }

 private:
  void StartNext() {
    if (closing_ || connections_.size() == shared_.options.count) return;
    connections_.push_back(std::make_shared<Connection>(io_, shared_, connections_.size()));
    connections_.back()->Start();
  }

  void CloseAll() {
    closing_ = true;
    open_ = connections_.size() + 1;
    give_up_.expires_after(kCloseTime);
    give_up_.async_wait([this](Error error) {
      if (error) return;
      for (const auto& connection : connections_) connection->Drop();
      io_.stop();
    });
    for (const auto& connection : connections_) connection->Close();
    OnClosed();
  }

  void OnClosed() {
    if (--open_ == 0) io_.stop();
  }

  asio::io_context io_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_ = asio::make_work_guard(io_);
  asio::steady_timer give_up_{io_};
  Shared shared_;
  std::vector<std::shared_ptr<Connection>> connections_;  // the thread's
  size_t open_ = 0;
  bool closing_ = false;
  std::thread thread_;
};

}  // namespace

std::unique_ptr<Subscribers> MakeWsSubscribers(const Globals& globals, const BridgeUrl& bridge,
                                               const SubscribersOptions& options,
                                               Deliveries& deliveries) {
  return std::make_unique<WsSubscribers>(globals, bridge, options, deliveries);
}

}  // namespace tocsin::cli::bench
