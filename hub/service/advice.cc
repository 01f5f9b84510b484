#include "hub/service/advice.h"

#include "absl/strings/str_cat.h"

namespace tocsin::hub {
namespace {

void AdviseOnReach(const HubFlags& flags, const HubConfig& config, Advice& advice) {
  const bool encrypted = config.tls.on() || flags.behind_proxy;
  if (!config.auth.on()) {
    advice.emplace_back(
        "--insecure without keys (--auth-…): whoever reaches --listen may publish and read every "
        "event");
  }
  if (!encrypted) {
    advice.emplace_back(
        "--insecure without TLS (--tls-cert, --tls-key): whoever is on the way reads tokens and "
        "events");
  }
  if (!flags.behind_proxy) {
    advice.emplace_back(
        "--listen is reached without a proxy: gRPC 1.51 withstands few floods of HTTP/2 frames; "
        "let "
        "strangers come through a proxy (--behind-proxy, docs/proxies)");
  }
}

}  // namespace

Advice AdviseOn(const HubFlags& flags, absl::Time now) {
  Advice advice;
  const absl::StatusOr<HubConfig> config = HubConfig::From(flags);
  if (!config.ok()) {
    return advice;
  }
  if (config->listen.IsReachable()) {
    AdviseOnReach(flags, *config, advice);
  }
  if (config->serve_ops && config->ops_listen.IsReachable()) {
    advice.emplace_back("--ops-listen asks nobody for a token: keep it on loopback");
  }
  config->auth.Advise(advice);
  config->tls.Advise(now, advice);
  return advice;
}

}  // namespace tocsin::hub
