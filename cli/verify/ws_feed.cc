// A subscription over /ws, or GraphQL's over /graphql/ws: a WebSocket of its own.
#include <boost/asio/buffer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <deque>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cli/verify/feed.h"
#include "cli/verify/options.h"
#include "cli/verify/socket.h"
#include "core/base/status_macros.h"
#include "core/base/strings.h"
#include "core/event/json_writer.h"

namespace tocsin::cli::verify {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace json = boost::json;
namespace websocket = beast::websocket;
using Error = boost::system::error_code;
using asio::ip::tcp;

constexpr size_t kMessageBytes = size_t{8} << 20;
// How often a place is asked for, so that a filter that seldom matches is tried with bookmarks.
constexpr absl::Duration kPingInterval = absl::Milliseconds(500);

// A WebSocket that carries JSON texts.
class Socket {
 public:
  Socket(const Globals& globals, const bench::BridgeUrl& bridge)
      : token_(globals.token), bridge_(bridge), socket_(io_) {}

  absl::Status Open(const std::string& path, const std::string& subprotocol, absl::Time until) {
    RETURN_IF_ERROR(Connect(io_, socket_.next_layer(), bridge_, until));
    Error ignored;
    socket_.next_layer().set_option(tcp::no_delay(true), ignored);
    socket_.read_message_max(kMessageBytes);
    const std::string authorization = token_ == nullptr ? "" : token_->Authorization();
    socket_.set_option(websocket::stream_base::decorator(
        [subprotocol, authorization](websocket::request_type& request) {
          if (!subprotocol.empty()) request.set("Sec-WebSocket-Protocol", subprotocol);
          if (!authorization.empty()) request.set("Authorization", authorization);
        }));
    reading_.Begin();
    socket_.async_handshake(HostField(bridge_), path, [this](Error error) { reading_.End(error); });
    return Await(io_, reading_, until);
  }

  void Send(std::string text) {
    outbox_.push_back(std::move(text));
    if (outbox_.size() == 1) Write();
  }

  // The read of a message goes on over a deadline.
  absl::StatusOr<json::object> Receive(absl::Time until) {
    if (!is_reading_) {
      is_reading_ = true;
      reading_.Begin();
      socket_.async_read(buffer_, [this](Error error, size_t) { reading_.End(error); });
    }
    RETURN_IF_ERROR(Await(io_, reading_, until));
    is_reading_ = false;
    const auto data = buffer_.cdata();
    Error error;
    json::value value = json::parse({static_cast<const char*>(data.data()), data.size()}, error);
    buffer_.clear();
    if (error || !value.is_object()) {
      return absl::InvalidArgumentError("the bridge sent a message that is no JSON object");
    }
    return std::move(value.get_object());
  }

 private:
  void Write() {
    socket_.async_write(asio::buffer(outbox_.front()), [this](Error error, size_t) {
      outbox_.pop_front();
      if (!error && !outbox_.empty()) Write();
    });
  }

  const rpc::HubTokenPtr token_;
  const bench::BridgeUrl bridge_;
  asio::io_context io_{1};
  websocket::stream<tcp::socket> socket_;
  beast::flat_buffer buffer_;
  std::deque<std::string> outbox_;
  Operation reading_;
  bool is_reading_ = false;
};

// The message of that type; others before it are passed over.
absl::StatusOr<json::object> Expect(Socket& socket, std::string_view type, absl::Time until) {
  while (true) {
    ASSIGN_OR_RETURN(json::object message, socket.Receive(until));
    const std::string_view got = TextIn(message, "type");
    if (got == type) return message;
    if (got == "error" || got == "closing") {
      const std::string_view code = TextIn(message, "code");
      const std::string text = absl::StrCat(ToAbsl(code), " ", ToAbsl(TextIn(message, "message")));
      const bool later =
          got == "closing" || code == "SERVICE_UNAVAILABLE" || code == "RATE_LIMIT_EXCEEDED";
      return later ? absl::UnavailableError(text) : absl::InvalidArgumentError(text);
    }
  }
}

class WsFeed final : public Feed {
 public:
  WsFeed(const Globals& globals, const bench::BridgeUrl& bridge)
      : path_(bridge.path), socket_(globals, bridge) {}

  absl::Status Open(const Ask& ask, absl::Time until) override {
    chain_ = ask.chain;
    RETURN_IF_ERROR(socket_.Open(path_, "", until));
    RETURN_IF_ERROR(Expect(socket_, "welcome", until).status());
    std::string text = R"({"type":"subscribe","subscription_id":"verify","filters":)";
    AppendJsonFilter(text, ask.filter);
    if (!ask.from.empty()) absl::StrAppend(&text, ",\"resume_from\":\"", ask.from, "\"");
    for (const auto& [name, set] : {std::pair{"leaves", ask.leaves},
                                    {"snapshot", ask.snapshot},
                                    {"priority", ask.priority},
                                    {"latest_only", ask.latest_only}}) {
      if (set) absl::StrAppend(&text, ",\"", name, "\":true");
    }
    socket_.Send(text + "}");
    return Expect(socket_, "subscribed", until).status();
  }

  absl::Status Next(absl::Time until, std::vector<history::Record>& told) override {
    while (true) {
      const absl::Time ping = next_ping_;
      const auto message = socket_.Receive(std::min(until, ping));
      if (message.ok()) return TakeMessage(*message, chain_, parts_, told);
      if (!absl::IsDeadlineExceeded(message.status()) || absl::Now() >= until) {
        return message.status();
      }
      socket_.Send(R"({"type":"ping"})");
      next_ping_ = absl::Now() + kPingInterval;
    }
  }

 private:
  const std::string path_;
  Socket socket_;
  Chain chain_;
  SnapshotParts parts_;
  absl::Time next_ping_ = absl::Now() + kPingInterval;
};

constexpr char kQuery[] =
    "subscription ($labels: Map) { events(filter: {labels: $labels}) { id cursor } }";

class GraphqlFeed final : public Feed {
 public:
  GraphqlFeed(const Globals& globals, const bench::BridgeUrl& bridge) : socket_(globals, bridge) {}

  // Only the labels of the filter are asked for: the others have names of their own in GraphQL.
  absl::Status Open(const Ask& ask, absl::Time until) override {
    chain_ = ask.chain;
    RETURN_IF_ERROR(socket_.Open("/graphql/ws", "graphql-transport-ws", until));
    socket_.Send(R"({"type":"connection_init"})");
    RETURN_IF_ERROR(Expect(socket_, "connection_ack", until).status());
    json::object labels;
    for (const auto& [key, value] : ask.filter.labels()) labels[key] = value;
    const json::object subscribe{{"type", "subscribe"},
                                 {"id", "1"},
                                 {"payload",
                                  {{"query", kQuery},
                                   {"variables", {{"labels", std::move(labels)}}},
                                   {"extensions", {{"resumeFrom", ask.from}}}}}};
    socket_.Send(json::serialize(subscribe));
    return absl::OkStatus();
  }

  absl::Status Next(absl::Time until, std::vector<history::Record>& told) override {
    while (true) {
      ASSIGN_OR_RETURN(const json::object message, socket_.Receive(until));
      const std::string_view type = TextIn(message, "type");
      if (type == "next") return TakeNext(message, told);
      if (type == "ping") socket_.Send(R"({"type":"pong"})");
      if (type == "error" || type == "complete") {
        return absl::UnavailableError(absl::StrCat("GraphQL: ", json::serialize(message)));
      }
    }
  }

 private:
  absl::Status TakeNext(const json::object& message, std::vector<history::Record>& told) {
    const json::object& payload = ObjectIn(message, "payload");
    const json::object& event = ObjectIn(ObjectIn(payload, "data"), "events");
    if (const json::object& gap = ObjectIn(ObjectIn(payload, "extensions"), "gap"); !gap.empty()) {
      json::object as_message = gap;
      as_message["type"] = "gap";
      return TakeMessage(as_message, chain_, parts_, told);
    }
    if (event.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat("GraphQL answered without an event: ", json::serialize(message)));
    }
    // In the form of /ws, with the id alone.
    const json::object as_message{{"type", "event"},
                                  {"message_id", TextIn(event, "cursor")},
                                  {"event", {{"id", TextIn(event, "id")}}}};
    RETURN_IF_ERROR(TakeMessage(as_message, chain_, parts_, told));
    std::get<history::EventRecord>(told.back()).content = 0;  // it was not given whole
    return absl::OkStatus();
  }

  Socket socket_;
  Chain chain_;
  SnapshotParts parts_;
};

}  // namespace

std::unique_ptr<Feed> MakeWsFeed(const Globals& globals, const bench::BridgeUrl& bridge) {
  return std::make_unique<WsFeed>(globals, bridge);
}

std::unique_ptr<Feed> MakeGraphqlFeed(const Globals& globals, const bench::BridgeUrl& bridge) {
  return std::make_unique<GraphqlFeed>(globals, bridge);
}

}  // namespace tocsin::cli::verify
