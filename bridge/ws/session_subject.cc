#include "bridge/ws/session_subject.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "core/auth/refusal.h"
#include "core/base/planted.h"
#include "core/base/status_macros.h"
#include "core/event/error.h"
#include "core/event/limits.h"

namespace tocsin::bridge::ws {
namespace {

bool MayBeGivenTheSame(const Permission& one, const Permission& other) {
  const FilterPtr& a = one.filter();
  const FilterPtr& b = other.filter();
  return a == b || (a != nullptr && b != nullptr && a->key() == b->key());
}

}  // namespace

absl::Status SessionSubject::Enter() {
  if (Planted("session-not-counted")) return absl::OkStatus();
  ASSIGN_OR_RETURN(share_, authenticator_.limits().Open(*subject_, {Held::kConnection}));
  return absl::OkStatus();
}

absl::StatusOr<SessionSubject::Change> SessionSubject::Take(absl::StatusOr<SubjectPtr> subject) {
  RETURN_IF_ERROR(subject.status());
  const Subject& next = **subject;
  Change change{.first = !known()};
  if (known()) {
    const bool same = next.name == subject_->name && next.issuer == subject_->issuer;
    if (!same && !Planted("refresh-by-another")) {
      return MakeError(ErrorCode::kForbidden,
                       "the token is of another subject than the session: open a new connection");
    }
    change.permission = !MayBeGivenTheSame(subject_->permission, next.permission);
  } else {
    ASSIGN_OR_RETURN(share_, authenticator_.limits().Open(next, {Held::kConnection}));
  }
  subject_ = *std::move(subject);
  told_ = false;
  return change;
}

SessionSubject::Due SessionSubject::Look(absl::Time now) {
  if (!known() || !on()) {
    return Due::kNothing;
  }
  if (now >= EndsAt() && !Planted("token-never-ends")) {
    return Due::kEnd;
  }
  if (!told_ && now >= expires_at() - Authenticator::kTellBefore) {
    told_ = true;
    return Due::kExpiring;
  }
  return Due::kNothing;
}

bool EndsSession(const absl::Status& refusal) {
  const ErrorCode code = ErrorCodeOf(refusal);
  return code == ErrorCode::kUnauthorized || code == ErrorCode::kUnauthenticated;
}

absl::Status TokenRequired() { return Refuse(Refusal::kMissing, "a message came before a token"); }

absl::Status TokenNotInTime() {
  return MakeError(
      ErrorCode::kUnauthenticated,
      absl::StrCat("no token came within ", absl::FormatDuration(limits::kFirstMessageTimeout)));
}

}  // namespace tocsin::bridge::ws
