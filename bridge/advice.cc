#include "bridge/advice.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace tocsin::bridge {
namespace {

void AdviseOnReach(const BridgeFlags& flags, const BridgeConfig& config, Advice& advice) {
  if (!config.auth.on()) {
    advice.emplace_back(
        "--insecure without keys (--auth-…): whoever reaches --listen may publish and read every "
        "event");
  }
  if (!config.tls.on() && !flags.behind_proxy) {
    advice.emplace_back(
        "--insecure without TLS (--tls-cert, --tls-key): whoever is on the way reads tokens and "
        "events");
  }
  if (config.playground) {
    advice.emplace_back(
        "--playground is on: GraphiQL holds no data; turn it off where nobody tries out queries");
  }
  if (config.tls.on() && config.hsts == absl::ZeroDuration()) {
    advice.emplace_back("--hsts 0s: browsers are not told to come over TLS alone");
  }
}

void AdviseOnProxies(const BridgeFlags& flags, const BridgeConfig& config, Advice& advice) {
  if (flags.behind_proxy && config.proxies.trusted.empty()) {
    advice.emplace_back(
        "--behind-proxy without --trusted-proxy: all clients count as the proxy's one address "
        "(--max-connections-per-address)");
  }
  for (const std::string& origin : config.allowed_origins) {
    if (config.tls.on() && absl::StartsWith(origin, "http://")) {
      advice.push_back(absl::StrCat("--allowed-origin ", origin,
                                    ": a page that came without TLS may have been changed on its "
                                    "way, and acts as its user"));
    }
  }
}

void AdviseOnHub(const BridgeConfig& config, Advice& advice) {
  const absl::StatusOr<ListenAddress> hub =
      ParseListenAddress(config.hub, "--hub", UnixSockets::kAllowed);
  if (hub.ok() && hub->IsReachable() && !config.hub_tls.on()) {
    advice.push_back(absl::StrCat("--hub ", config.hub,
                                  " without --hub-tls: whoever is on the way reads and changes "
                                  "events"));
  }
  AdviseOnSecretFile("--hub-token-file", config.hub_token.file, advice);
  AdviseOnSecretFile("--hub-key", config.hub_tls.key, advice);
}

}  // namespace

Advice AdviseOn(const BridgeFlags& flags, absl::Time now) {
  Advice advice;
  const absl::StatusOr<BridgeConfig> config = BridgeConfig::From(flags);
  if (!config.ok()) {
    return advice;
  }
  if (config->listen.IsReachable()) {
    AdviseOnReach(flags, *config, advice);
  }
  AdviseOnProxies(flags, *config, advice);
  AdviseOnHub(*config, advice);
  config->auth.Advise(advice);
  config->tls.Advise(now, advice);
  return advice;
}

}  // namespace tocsin::bridge
