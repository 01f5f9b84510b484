// feed.h: one connection over one transport, from which a subscription's messages are read. Each shows
// the token of the globals, where there is one.
//
// Shape:   Open, then Next until it fails. To destroy it cuts the connection, without a goodbye.
// Threads: one.
// Errors:  UNAVAILABLE: the connection could not be made or was lost, or the server ended the
//          stream. DEADLINE_EXCEEDED: nothing came until then; Next may be called again.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "cli/bench/bridge_url.h"
#include "cli/command.h"
#include "cli/verify/told.h"

namespace tocsin::cli::verify {

struct Ask {
  Chain chain;
  v1::Filter filter;
  bool leaves = false;
  bool snapshot = false;
  bool latest_only = false;
  bool priority = false;
  std::string from;  // not with a snapshot
};

class Feed {
 public:
  virtual ~Feed() = default;
  // Returns once the subscription stands.
  virtual absl::Status Open(const Ask& ask, absl::Time until) = 0;
  // Adds what comes next to `told`.
  virtual absl::Status Next(absl::Time until, std::vector<history::Record>& told) = 0;
};

std::unique_ptr<Feed> MakeGrpcFeed(const Globals& globals);
std::unique_ptr<Feed> MakeWsFeed(const Globals& globals, const bench::BridgeUrl& bridge);
std::unique_ptr<Feed> MakeGraphqlFeed(const Globals& globals, const bench::BridgeUrl& bridge);
enum class HttpForm { kServerSentEvents, kLines };
std::unique_ptr<Feed> MakeHttpFeed(const Globals& globals, const bench::BridgeUrl& bridge,
                                   HttpForm form);

// "Host" of an HTTP request, with brackets where it is an IPv6 address.
std::string HostField(const bench::BridgeUrl& bridge);
// GET of a path: the status of the answer.
absl::StatusOr<int> HttpStatusOf(const Globals& globals, const bench::BridgeUrl& bridge,
                                 const std::string& path, absl::Time until);

}  // namespace tocsin::cli::verify
