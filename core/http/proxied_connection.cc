#include "core/http/proxied_connection.h"

#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/log.h"
#include "core/base/strings.h"
#include "core/event/limits.h"
#include "core/http/last_words.h"
#include "core/http/problem.h"
#include "core/http/proxy_protocol.h"

namespace tocsin::http {
namespace {

class ProxiedConnection final : public Connection {
 public:
  ProxiedConnection(IoThread& io, const ProxyRules& rules, std::unique_ptr<ByteStream> stream,
                    ConnectionLimits::Ticket ticket, std::optional<HttpResponse> refusal,
                    ServeNext next)
      : io_(io),
        rules_(rules),
        stream_(std::move(stream)),
        ticket_(std::move(ticket)),
        refusal_(std::move(refusal)),
        next_(std::move(next)),
        deadline_(io.clock().Monotonic() + limits::kHeaderReadTimeout) {}

  void Start() {
    Guard([this] { Step(); });
  }

  void Tick() override {
    if (io_.clock().Monotonic() >= deadline_) {
      Fail("it did not come in time");
    }
  }
  void Drain(absl::Duration) override { Finish(); }
  void Abort() override { Finish(); }
  size_t MemoryBytes() const override { return sizeof(*this) + read_.capacity(); }

 private:
  template <class Call>
  void Guard(Call call) {
    if (!Guarded("proxy header", call)) {
      Finish();
    }
  }

  void Step() {
    while (true) {
      const auto step = ReadProxyHeader(read_);
      if (!step.ok()) {
        return Fail(ToStd(step.status().message()));
      }
      if (step->needs == 0) {
        return Serve(step->header);
      }
      const IoResult result = stream_->TryRead(io_.read_buffer().first(step->needs));
      if (result.state == IoResult::State::kBlocked) {
        return Wait(result.wait_for);
      }
      if (result.state != IoResult::State::kDone) {
        return Finish();
      }
      read_.append(io_.read_buffer().data(), result.bytes);
    }
  }

  void Wait(Readiness readiness) {
    stream_->Wait(
        readiness,
        [self = std::static_pointer_cast<ProxiedConnection>(shared_from_this())](bool ok) {
          if (self->stream_ != nullptr) {
            self->Guard([&] { ok ? self->Step() : self->Finish(); });
          }
        });
  }

  void Serve(const ProxyHeader& header) {
    if (header.client.has_value()) {
      const absl::Status moved = ticket_.MoveTo(*header.client);
      if (!moved.ok() && !refusal_.has_value()) {
        refusal_ = ProblemResponse(moved);
      }
    }
    const auto keep = shared_from_this();
    io_.Remove(*this);
    next_(std::move(stream_), std::move(ticket_), std::move(refusal_));
  }

  void Fail(std::string_view why) {
    rules_.on_bad_header();
    static LogThrottle throttle(absl::Seconds(10));
    if (throttle.Pass(Clock::Real().Monotonic())) {
      LogWarning("a trusted proxy's connection has no PROXY protocol header that can be used",
                 {{"proxy", ticket_.client().ToString()},
                  {"why", std::string(why)},
                  {"not_logged", throttle.Dropped()}});
    }
    const auto keep = shared_from_this();
    io_.Remove(*this);
    SayLastWords(
        io_, std::move(stream_), std::move(ticket_),
        {400, absl::StrCat("this address is one of --trusted-proxy, whose connections begin with a "
                           "PROXY protocol header (--proxy-protocol): ",
                           ToAbsl(why))});
  }
  void Finish() {
    const auto keep = shared_from_this();
    if (stream_ != nullptr) {
      stream_->Close();
      stream_.reset();
      ticket_ = {};
      io_.Remove(*this);
    }
  }

  IoThread& io_;
  const ProxyRules& rules_;
  std::unique_ptr<ByteStream> stream_;
  ConnectionLimits::Ticket ticket_;
  std::optional<HttpResponse> refusal_;
  ServeNext next_;
  std::string read_;  // of the header: kMaxProxyHeaderBytes at most
  const absl::Duration deadline_;
};

}  // namespace

void ServeProxied(IoThread& io, const ProxyRules& rules, std::unique_ptr<ByteStream> stream,
                  ConnectionLimits::Ticket ticket, std::optional<HttpResponse> refusal,
                  ServeNext next) {
  auto connection = std::make_shared<ProxiedConnection>(
      io, rules, std::move(stream), std::move(ticket), std::move(refusal), std::move(next));
  io.Add(connection);
  connection->Start();
}

}  // namespace tocsin::http
