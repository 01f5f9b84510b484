// A stream over HTTP: server-sent events, or lines of JSON. It is asked for in HTTP/1.0, so that the
// body is what comes until the connection ends.
#include <boost/asio/buffer.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "cli/verify/feed.h"
#include "cli/verify/socket.h"
#include "core/base/status_macros.h"
#include "core/base/strings.h"
#include "core/event/names.h"

namespace tocsin::cli::verify {
namespace {

namespace asio = boost::asio;
namespace json = boost::json;
using Error = boost::system::error_code;
using asio::ip::tcp;

constexpr size_t kMostPending = size_t{8} << 20;  // of one message

std::string PercentEncoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_' || c == '.') {
      out += c;
    } else {
      absl::StrAppendFormat(&out, "%%%02X", static_cast<unsigned char>(c));
    }
  }
  return out;
}

// A connection that has sent a GET and is answered.
class Answer {
 public:
  Answer(const bench::BridgeUrl& bridge, rpc::HubTokenPtr token)
      : bridge_(bridge), token_(std::move(token)), socket_(io_) {}

  absl::StatusOr<int> Get(const std::string& target, const std::string& accept, absl::Time until) {
    RETURN_IF_ERROR(Connect(io_, socket_, bridge_, until));
    request_ = absl::StrCat("GET ", target, " HTTP/1.0\r\nHost: ", HostField(bridge_),
                            "\r\nAccept: ", accept, "\r\n");
    if (token_ != nullptr) {
      absl::StrAppend(&request_, "Authorization: ", token_->Authorization(), "\r\n");
    }
    request_ += "\r\n";
    reading_.Begin();
    asio::async_write(socket_, asio::buffer(request_),
                      [this](Error error, size_t) { reading_.End(error); });
    RETURN_IF_ERROR(Await(io_, reading_, until));
    ASSIGN_OR_RETURN(const std::string head, Until("\r\n\r\n", until));
    int code = 0;
    // "HTTP/1.1 200 OK"
    if (!head.starts_with("HTTP/") || !absl::SimpleAtoi(head.substr(9, 3), &code)) {
      return absl::InvalidArgumentError("what answers there does not speak HTTP");
    }
    return code;
  }

  // What comes up to and including `end`. The read goes on over a deadline.
  absl::StatusOr<std::string> Until(std::string_view end, absl::Time until) {
    if (!is_reading_) {
      is_reading_ = true;
      reading_.Begin();
      asio::async_read_until(socket_, asio::dynamic_buffer(text_, kMostPending), std::string(end),
                             [this](Error error, size_t size) {
                               size_ = size;
                               reading_.End(error);
                             });
    }
    RETURN_IF_ERROR(Await(io_, reading_, until));
    is_reading_ = false;
    std::string piece = text_.substr(0, size_);
    text_.erase(0, size_);
    return piece;
  }

 private:
  const bench::BridgeUrl bridge_;
  const rpc::HubTokenPtr token_;
  asio::io_context io_{1};
  tcp::socket socket_;
  std::string request_;
  std::string text_;
  size_t size_ = 0;
  Operation reading_;
  bool is_reading_ = false;
};

std::string TargetOf(const Ask& ask) {
  std::string target = "/v1/events?on_gap=notify";
  for (const auto& [key, value] : ask.filter.labels()) {
    absl::StrAppend(&target, "&labels.", PercentEncoded(key), "=", PercentEncoded(value));
  }
  for (const int severity : ask.filter.severities()) {
    absl::StrAppend(&target,
                    "&severities=", PercentEncoded(NameOf(static_cast<v1::Severity>(severity))));
  }
  if (!ask.from.empty()) absl::StrAppend(&target, "&resume_from=", PercentEncoded(ask.from));
  for (const auto& [name, set] : {std::pair{"leaves", ask.leaves},
                                  {"snapshot", ask.snapshot},
                                  {"priority", ask.priority},
                                  {"latest_only", ask.latest_only}}) {
    if (set) absl::StrAppend(&target, "&", name, "=true");
  }
  return target;
}

class HttpFeed final : public Feed {
 public:
  HttpFeed(const Globals& globals, const bench::BridgeUrl& bridge, HttpForm form)
      : form_(form), answer_(bridge, globals.token) {}

  absl::Status Open(const Ask& ask, absl::Time until) override {
    chain_ = ask.chain;
    const char* accept = lines() ? "application/x-ndjson" : "text/event-stream";
    ASSIGN_OR_RETURN(const int code, answer_.Get(TargetOf(ask), accept, until));
    if (code == 200) return absl::OkStatus();
    const std::string text = absl::StrCat("GET /v1/events is answered ", code);
    return code == 503 || code == 429 ? absl::UnavailableError(text)
                                      : absl::InvalidArgumentError(text);
  }

  absl::Status Next(absl::Time until, std::vector<history::Record>& told) override {
    ASSIGN_OR_RETURN(const std::string piece, answer_.Until(lines() ? "\n" : "\n\n", until));
    return lines() ? TakeData(piece, "", told) : TakeBlock(piece, told);
  }

 private:
  bool lines() const { return form_ == HttpForm::kLines; }

  // The lines of a server-sent event.
  absl::Status TakeBlock(std::string_view block, std::vector<history::Record>& told) {
    std::string_view event, id, data;
    while (!block.empty()) {
      const std::string_view line = block.substr(0, block.find('\n'));
      block.remove_prefix(std::min(line.size() + 1, block.size()));
      for (auto [name, value] : {std::pair{"event: ", &event}, {"id: ", &id}, {"data: ", &data}}) {
        if (line.starts_with(name)) *value = line.substr(std::string_view(name).size());
      }
    }
    if (!data.empty()) return TakeData(data, event, told);
    if (id.empty()) return absl::OkStatus();  // a comment, or how long to wait before a retry
    return TakeMessage({{"type", "bookmark"}, {"cursor", id}}, chain_, parts_, told);
  }

  // `type` where the data does not tell its own.
  absl::Status TakeData(std::string_view data, std::string_view type,
                        std::vector<history::Record>& told) {
    Error error;
    json::value value = json::parse({data.data(), data.size()}, error);
    if (error || !value.is_object()) {
      return absl::InvalidArgumentError("the bridge sent data that is no JSON object");
    }
    json::object& message = value.get_object();
    if (!message.contains("type")) message["type"] = type;
    return TakeMessage(message, chain_, parts_, told);
  }

  const HttpForm form_;
  Answer answer_;
  Chain chain_;
  SnapshotParts parts_;
};

}  // namespace

std::string HostField(const bench::BridgeUrl& bridge) {
  const bool v6 = bridge.host.find(':') != std::string::npos;
  return v6 ? absl::StrCat("[", bridge.host, "]:", bridge.port)
            : absl::StrCat(bridge.host, ":", bridge.port);
}

absl::StatusOr<int> HttpStatusOf(const Globals& globals, const bench::BridgeUrl& bridge,
                                 const std::string& path, absl::Time until) {
  return Answer(bridge, globals.token).Get(path, "application/json", until);
}

std::unique_ptr<Feed> MakeHttpFeed(const Globals& globals, const bench::BridgeUrl& bridge,
                                   HttpForm form) {
  return std::make_unique<HttpFeed>(globals, bridge, form);
}

}  // namespace tocsin::cli::verify
