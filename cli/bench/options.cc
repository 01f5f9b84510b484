#include "cli/bench/options.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "cli/bench/bridge_url.h"
#include "cli/pub_file.h"
#include "core/base/option_values.h"
#include "core/base/status_macros.h"
#include "core/base/strings.h"
#include "core/event/limits.h"
#include "core/event/text.h"

namespace tocsin::cli::bench {
namespace {

template <typename... Parts>
absl::Status Wrong(const Parts&... parts) {
  return absl::InvalidArgumentError(absl::StrCat(parts...));
}

absl::Status SettleRate(BenchOptions& options) {
  if (options.rate.empty() || options.rate == "0") return absl::OkStatus();
  const auto rate = ParseRate(options.rate);
  if (!rate.ok()) return Wrong("--rate: ", rate.status().message(), "; 0: as fast as it goes");
  if (*rate > kMostRate) {
    return Wrong("--rate: ", options.rate, " is out of range; allowed: up to ",
                 static_cast<int64_t>(kMostRate), "/s, or 0: as fast as it goes");
  }
  options.rate_per_s = *rate;
  return absl::OkStatus();
}

absl::Status SettleDuration(BenchOptions& options) {
  if (options.duration > kMostDuration) {
    return Wrong("--duration: at most ", FormatDurationText(kMostDuration));
  }
  // A run by count takes what it takes.
  if (options.events > 0 && !options.duration_given) options.duration = kMostDuration;
  return absl::OkStatus();
}

absl::Status CheckLoad(const BenchOptions& options) {
  if (options.batch > options.in_flight) {
    return Wrong("--batch ", options.batch, " is more than --in-flight ", options.in_flight,
                 ": a batch would never be sent; allowed: --batch of 1 to --in-flight");
  }
  const size_t bytes = options.batch * (options.payload_bytes + limits::kKiB);
  if (bytes > limits::kPublishBytes) {
    return Wrong("--batch ", options.batch, " of --size ", FormatBytes(options.payload_bytes),
                 " is more than a publish takes (", FormatBytes(limits::kPublishBytes),
                 "); allowed here: --batch of 1 to ",
                 limits::kPublishBytes / (options.payload_bytes + limits::kKiB));
  }
  return absl::OkStatus();
}

absl::Status CheckName(const char* flag, const std::string& value) {
  const size_t chars = CharCount(value);
  if (chars >= 1 && chars <= limits::kSourceChars) return absl::OkStatus();
  return Wrong(flag, ": has ", chars, " characters; allowed: 1 to ", limits::kSourceChars);
}

absl::Status CheckSubscribers(const BenchOptions& options) {
  if (options.kind == Kind::kPub) return absl::OkStatus();
  if (options.channels > options.subscribers) {
    return Wrong("--channels ", options.channels, " is more than --subscribers ",
                 options.subscribers, "; allowed: 1 to ", options.subscribers);
  }
  const bool filtered = options.filter.active_only || !options.filter.types.empty() ||
                        !options.filter.severities.empty() || !options.filter.states.empty() ||
                        !options.filter.sources.empty() || !options.filter.resources.empty() ||
                        !options.filter.labels.empty() || !options.filter.incident_ids.empty();
  if (filtered && !options.listen) {
    return Wrong(
        "a filter goes with --listen: without it, the subscribers take the events of this "
        "run, and no others");
  }
  if (const auto filter = MakeFilter(options.filter); !filter.ok()) return filter.status();
  if (options.listen && options.events > 0) {
    return Wrong("--events does not go with --listen: nothing is published; --duration bounds it");
  }
  return absl::OkStatus();
}

absl::Status CheckBridge(const BenchOptions& options) {
  if (options.kind != Kind::kWs) return absl::OkStatus();
  const auto bridge = ParseBridgeUrl(options.bridge);
  return bridge.ok() ? absl::OkStatus() : Wrong("--bridge: ", bridge.status().message());
}

}  // namespace

absl::Status Settle(BenchOptions& options) {
  RETURN_IF_ERROR(SettleRate(options));
  RETURN_IF_ERROR(SettleDuration(options));
  RETURN_IF_ERROR(CheckLoad(options));
  RETURN_IF_ERROR(CheckName("--source", options.source));
  RETURN_IF_ERROR(CheckName("--resource", options.resource));
  RETURN_IF_ERROR(CheckSubscribers(options));
  return CheckBridge(options);
}

size_t ChannelsOf(const BenchOptions& options) {
  return options.channels != 0 ? options.channels : std::min(options.subscribers, kChannels);
}

std::string_view NameOf(Kind kind) {
  return kind == Kind::kPub ? "pub" : kind == Kind::kSub ? "sub" : "ws";
}

}  // namespace tocsin::cli::bench
