#include "hub/service/call.h"

#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "core/base/planted.h"
#include "core/base/status_macros.h"
#include "hub/service/hub_shard.h"
#include "hub/service/peer_address.h"

namespace tocsin::hub {
namespace {

// The call's authorization metadata. Several are told as HTTP joins them; no token has a comma, so
// they are refused.
std::optional<std::string> AuthorizationOf(const grpc::ServerContext& context) {
  std::optional<std::string> all;
  const auto [begin, end] = context.client_metadata().equal_range("authorization");
  for (auto each = begin; each != end; ++each) {
    if (all && Planted("several-tokens-accepted")) break;
    const absl::string_view value(each->second.data(), each->second.size());
    all = all ? absl::StrCat(*all, ", ", value) : std::string(value);
  }
  return all;
}

// "::" where no address is known, as over a Unix socket.
IpAddress ClientOf(const grpc::ServerContext& context) {
  const std::optional<PeerAddress> peer = ParsePeer(context.peer());
  return peer ? peer->address : IpAddress();
}

}  // namespace

void Call::Listen() {
  Prepare();
  service_.Request(method_, context_, stream_, shard_.queue(), &requested_);
}

void Call::OnRequested(bool ok) {
  listening_ = false;
  refused_ = !ok;
  shard_.Listened(*this, ok);
  if (!ok) {
    return;
  }
  const absl::Status admitted = Admit();
  admitted.ok() ? Begin() : Deny(admitted);
}

absl::Status Call::Admit() {
  const Authenticator& authenticator = shard_.authenticator();
  if (access_ == Access::kOpen || Planted("call-not-authenticated")) {
    return absl::OkStatus();
  }
  if (access_ == Access::kAdminister && !authenticator.on()) {
    return AdminIsElsewhere();
  }
  ASSIGN_OR_RETURN(subject_,
                   authenticator.AuthenticateHeader(AuthorizationOf(context_), ClientOf(context_)));
  Clock& clock = shard_.clock();
  token_ends_ = clock.Monotonic() + (authenticator.EndOf(*subject_) - clock.Now());
  return Planted("permission-not-checked") ? absl::OkStatus() : CheckAccess(access_, permission());
}

absl::Status Call::CountPublish() const {
  if (Planted("hub-publishes-uncounted")) return absl::OkStatus();
  return shard_.authenticator().limits().Publish(*subject_);
}

bool Call::token_ended() const { return shard_.clock().Monotonic() >= token_ends_; }

}  // namespace tocsin::hub
