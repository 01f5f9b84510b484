#include "core/admin/admin.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/admin/admin_requests.h"
#include "core/admin/connection_list.h"
#include "core/admin/shard_question.h"
#include "core/base/log.h"
#include "core/base/planted.h"
#include "core/base/status_macros.h"
#include "core/event/error.h"
#include "core/event/text.h"

namespace tocsin {
namespace {

// Of a subject, in one turn of a thread: about a millisecond.
constexpr size_t kKicksPerTurn = 100;
// Between the times at which two that were kicked together come back.
constexpr absl::Duration kSlot = absl::Milliseconds(10);

// Those of the subject, or the one with the id, at most kKicksPerTurn.
std::vector<std::string> Chosen(const LiveSessions& sessions, const Kicking& kicking) {
  if (!kicking.id.empty()) {
    return sessions.Find(kicking.id) == nullptr ? std::vector<std::string>()
                                                : std::vector{kicking.id};
  }
  std::vector<std::string> chosen;
  for (const auto& [id, session] : sessions.by_id()) {
    if (SubjectNameOf(*session) == kicking.subject) {
      chosen.emplace_back(id);
    }
    if (chosen.size() == kKicksPerTurn) {
      break;
    }
  }
  return chosen;
}

// On a shard's thread. True when it may have more of them.
bool KickHere(LiveSessions& sessions, const Kicking& kicking, v1::KickResponse& response) {
  const std::vector<std::string> chosen = Chosen(sessions, kicking);
  for (const std::string& id : chosen) {
    // One that goes may take another with it.
    if (LiveSession* const session = sessions.Find(id)) {
      session->Kick(kicking.reconnect_after + kSlot * response.kicked(), kicking.why);
      response.set_kicked(response.kicked() + 1);
    }
  }
  return chosen.size() == kKicksPerTurn;
}

v1::KickResponse KickAll(const std::vector<Shard*>& shards, const Kicking& kicking) {
  v1::KickResponse response;
  std::vector<Shard*> left = shards;
  while (!left.empty()) {
    std::vector<Shard*> more;
    const size_t silent = AskShards(left, kShardAnswersWithin, [&](Shard& shard) {
      if (KickHere(shard.sessions(), kicking, response)) {
        more.push_back(&shard);
      }
    });
    response.set_silent_threads(response.silent_threads() + static_cast<uint32_t>(silent));
    left = std::move(more);
  }
  return response;
}

}  // namespace

absl::StatusOr<v1::ListConnectionsResponse> Admin::ListConnections(
    v1::ListConnectionsRequest request) {
  RETURN_IF_ERROR(Check(request));
  return tocsin::ListConnections(served_.shards, clock_, request);
}

absl::StatusOr<v1::ListClosedResponse> Admin::ListClosed(v1::ListClosedRequest request) {
  RETURN_IF_ERROR(Check(request));
  v1::ListClosedResponse response;
  if (served_.closed != nullptr) {
    for (v1::ClosedConnection& closed :
         served_.closed->Newest(request.limit(), request.subject())) {
      *response.add_connections() = std::move(closed);
    }
  }
  return response;
}

absl::StatusOr<v1::KickResponse> Admin::Kick(By by, const v1::KickRequest& request) {
  ASSIGN_OR_RETURN(const Kicking kicking, Read(request));
  v1::KickResponse response = KickAll(served_.shards, kicking);
  if (!Planted("kick-leaves-no-line")) {
    LogAudit("admin", {{"did", "kick"},
                       {"by", by},
                       {"id", kicking.id},
                       {"subject", kicking.subject},
                       {"reason", request.reason()},
                       {"kicked", response.kicked()},
                       {"silent_threads", response.silent_threads()}});
  }
  if (!kicking.id.empty() && response.kicked() == 0 && response.silent_threads() == 0) {
    return MakeError(
        ErrorCode::kNotFound,
        absl::StrCat("id: no connection ", Quote(kicking.id), " is known here; it may have ended"),
        {.field = "id"});
  }
  return response;
}

absl::StatusOr<v1::DrainResponse> Admin::Drain(By by) {
  if (!Planted("drain-leaves-no-line")) LogAudit("admin", {{"did", "drain"}, {"by", by}});
  program_.drain();
  return v1::DrainResponse();
}

absl::StatusOr<v1::ReloadResponse> Admin::Reload(By by) {
  const absl::StatusOr<Options::Changes> changes = program_.reload();
  LogAudit("admin", {{"did", "reload"},
                     {"by", by},
                     {"outcome", changes.ok() ? "done" : "refused: no setting was changed"}});
  if (!changes.ok()) {
    return MakeErrorAs(ErrorCode::kConflict, absl::StatusCode::kFailedPrecondition,
                       absl::StrCat("no setting was changed: ", changes.status().message()));
  }
  v1::ReloadResponse response;
  response.mutable_changed()->Add(changes->changed.begin(), changes->changed.end());
  response.mutable_needs_restart()->Add(changes->needs_restart.begin(),
                                        changes->needs_restart.end());
  return response;
}

absl::StatusOr<v1::SetLogLevelResponse> Admin::SetLogLevel(By by,
                                                           const v1::SetLogLevelRequest& request) {
  ASSIGN_OR_RETURN(const LogLevel level, Read(request));
  const LogLevel previous = LowestLogLevel();
  tocsin::SetLogLevel(level);
  LogAudit(
      "admin",
      {{"did", "set log level"}, {"by", by}, {"from", NameOf(previous)}, {"to", NameOf(level)}});
  v1::SetLogLevelResponse response;
  response.set_previous(ToProto(previous));
  return response;
}

v1::GetLogLevelResponse Admin::GetLogLevel() const {
  v1::GetLogLevelResponse response;
  response.set_level(ToProto(LowestLogLevel()));
  return response;
}

}  // namespace tocsin
