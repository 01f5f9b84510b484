// session_subject.h: whose session it is and until when, and what the client is to be told of that.
//
// Shape:   the handshake may have brought a token; else the first one is due within
//          limits::kFirstMessageTimeout. A later one refreshes: the session goes on under it, with
//          what it allows and until it ends, which may be earlier than before. It must be of the same
//          subject, since what a session was opened for is counted, listed and ended by that.
//          From its first token on, the session holds a share of what its subject may have open.
// Threads: one.
// Errors:  of Take: as the authenticator's; FORBIDDEN for another subject's token; of it and Enter:
//          RATE_LIMIT_EXCEEDED where the subject has as many connections as it may. The session is
//          then as it was.
// Source:  docs/protocol.md, sections 5, 6 and 8.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/auth/authenticator.h"
#include "core/auth/subject.h"
#include "core/auth/subject_limits.h"

namespace tocsin::bridge::ws {

class SessionSubject {
 public:
  enum class Due : uint8_t {
    kNothing,
    kExpiring,  // the client is to be told that its token runs out; returned once a token
    kEnd,       // the token has run out
  };
  // What a token has changed.
  struct Change {
    bool first = false;       // there was none before
    bool permission = false;  // what the session may be given is another than before
  };

  // `subject`: of the handshake's token; null: it brought none.
  SessionSubject(const Authenticator& authenticator, SubjectPtr subject)
      : authenticator_(authenticator), subject_(std::move(subject)) {}

  bool on() const { return authenticator_.on(); }
  bool known() const { return subject_ != nullptr; }
  // Null while no token has come.
  const SubjectPtr& get() const { return subject_; }
  // Only where the subject is known, here and below.
  const Permission& permission() const { return subject_->permission; }
  absl::Time expires_at() const { return subject_->expires_at; }
  // From here on nothing may be delivered.
  absl::Time EndsAt() const { return authenticator_.EndOf(*subject_); }

  // Counts the session as one of the handshake's subject.
  absl::Status Enter();
  // Gives back what the session has taken, and takes no more.
  void Leave() { share_ = SubjectLimits::Share(); }
  SubjectLimits::Share& share() { return share_; }
  absl::StatusOr<Change> Take(absl::StatusOr<SubjectPtr> subject);
  // By the wall clock. To be called about every second, or more often.
  Due Look(absl::Time now);
  bool HasEnded(absl::Time now) const { return known() && now >= EndsAt(); }

 private:
  const Authenticator& authenticator_;
  SubjectPtr subject_;
  SubjectLimits::Share share_;
  bool told_ = false;
};

// Whether a refused token ends the session that it came in. Not one that may be good once the keys
// are back, nor another subject's.
bool EndsSession(const absl::Status& refusal);

// No token has come, and one is due.
absl::Status TokenRequired();
absl::Status TokenNotInTime();

}  // namespace tocsin::bridge::ws
