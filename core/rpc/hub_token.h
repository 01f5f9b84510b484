// hub_token.h: the token that a client of the hub shows with every call.
//
// Shape:   a call's context is a HubContext, which has the token in its metadata: "authorization:
//          Bearer …". One of a file is read again while it is used, so that whoever renews the file
//          in time keeps the client's calls going.
// Threads: safe.
// Owns:    the token's text. It is in no error and no log.
// Errors:  a file that cannot be read any more, or holds no token, leaves the last one in use, and
//          is logged once.
// Source:  docs/protocol.md, section 8; RFC 6750, section 2.1.
#pragma once

#include <grpcpp/client_context.h>
#include <grpcpp/support/status.h>

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/base/clock.h"
#include "core/base/mutex.h"

namespace tocsin::rpc {

class HubToken;
// Null: no token is shown.
using HubTokenPtr = std::shared_ptr<const HubToken>;

class HubToken {
 public:
  // At most so often, while calls are made.
  static constexpr absl::Duration kReadEvery = absl::Milliseconds(250);

  static absl::StatusOr<HubTokenPtr> OfFile(const std::string& name, Clock& clock = Clock::Real());
  // `setting` names where it comes from, for errors.
  static absl::StatusOr<HubTokenPtr> OfText(std::string_view text, std::string_view setting);

  HubToken(std::string file, std::string token, Clock& clock);

  // A file's may be another one later.
  bool may_change() const { return !file_.empty(); }
  // "Bearer …"
  std::string Authorization() const;

 private:
  void ReadAgain() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Clock& clock_;
  const std::string file_;  // empty: a token that stays
  mutable Mutex mutex_;
  mutable std::string token_ ABSL_GUARDED_BY(mutex_);
  mutable absl::Duration read_at_ ABSL_GUARDED_BY(mutex_);
  mutable bool failed_ ABSL_GUARDED_BY(mutex_) = false;
};

// The context of every call to the hub.
class HubContext : public grpc::ClientContext {
 public:
  explicit HubContext(const HubTokenPtr& token);
};

// True when the hub has refused the token of a call, or its want of one.
bool TokenRefused(const grpc::Status& status);

// The settings of bridge and command line.
struct HubTokenFlags {
  std::string file = {};
  std::string text = {};      // of the environment alone
  bool in_the_clear = false;  // --hub-insecure

  // Null when none is set. A token goes to another machine over TLS only, unless the user insists.
  // `flag` is how the file's setting is called.
  absl::StatusOr<HubTokenPtr> Open(std::string_view hub, bool tls, std::string_view flag) const;
};

inline constexpr char kHubTokenHelp[] =
    "A file with the token that is shown to a hub that wants one. Read again when it changes, so "
    "that a token that runs out can be renewed in time.";
inline constexpr char kHubInsecureHelp[] =
    "Sends the token to a hub on another machine without TLS. Whoever sees the connection has the "
    "token then.";

}  // namespace tocsin::rpc
