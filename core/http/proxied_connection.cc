#include "core/http/proxied_connection.h"

#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/log.h"
#include "core/base/strings.h"
#include "core/event/limits.h"
#include "core/http/last_words.h"
#include "core/http/opening_connection.h"
#include "core/http/problem.h"
#include "core/http/proxy_protocol.h"

namespace tocsin::http {
namespace {

class ProxiedConnection final : public OpeningConnection {
 public:
  ProxiedConnection(IoThread& io, const ProxyRules& rules, Opening opening, ServeNext next)
      : OpeningConnection(io, "proxy header", std::move(opening), limits::kHeaderReadTimeout),
        rules_(rules),
        next_(std::move(next)) {}

  size_t MemoryBytes() const override { return sizeof(*this) + read_.capacity(); }

 private:
  void Step() override {
    while (true) {
      const auto step = ReadProxyHeader(read_);
      if (!step.ok()) {
        return Fail(ToStd(step.status().message()));
      }
      if (step->needs == 0) {
        return Serve(step->header);
      }
      const IoResult result = stream().TryRead(io().read_buffer().first(step->needs));
      if (result.state == IoResult::State::kBlocked) {
        return Wait(result.wait_for);
      }
      if (result.state != IoResult::State::kDone) {
        return Finish();
      }
      read_.append(io().read_buffer().data(), result.bytes);
    }
  }
  void TimedOut() override { Fail("it did not come in time"); }

  void Serve(const ProxyHeader& header) {
    if (header.client.has_value()) {
      const absl::Status moved = ticket().MoveTo(*header.client);
      if (!moved.ok() && !refusal().has_value()) {
        refusal() = ProblemResponse(moved);
      }
    }
    const auto keep = shared_from_this();
    Opening opening = Leave();
    next_(std::move(opening.stream), std::move(opening.ticket), std::move(opening.refusal));
  }

  void Fail(std::string_view why) {
    rules_.on_bad_header();
    static LogThrottle throttle(absl::Seconds(10));
    if (throttle.Pass(Clock::Real().Monotonic())) {
      LogWarning("a trusted proxy's connection has no PROXY protocol header that can be used",
                 {{"proxy", ticket().client().ToString()},
                  {"why", std::string(why)},
                  {"not_logged", throttle.Dropped()}});
    }
    const auto keep = shared_from_this();
    Opening opening = Leave();
    SayLastWords(
        io(), std::move(opening.stream), std::move(opening.ticket),
        {400, absl::StrCat("this address is one of --trusted-proxy, whose connections begin with a "
                           "PROXY protocol header (--proxy-protocol): ",
                           ToAbsl(why))});
  }

  const ProxyRules& rules_;
  ServeNext next_;
  std::string read_;  // of the header: kMaxProxyHeaderBytes at most
};

}  // namespace

void ServeProxied(IoThread& io, const ProxyRules& rules, std::unique_ptr<ByteStream> stream,
                  ConnectionLimits::Ticket ticket, std::optional<HttpResponse> refusal,
                  ServeNext next) {
  std::make_shared<ProxiedConnection>(
      io, rules, Opening{std::move(stream), std::move(ticket), std::move(refusal)}, std::move(next))
      ->Start();
}

}  // namespace tocsin::http
