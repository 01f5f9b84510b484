// closed_sessions.h: the sessions of a program that have ended, and why: the newest of them.
//
// Threads: safe; one leaf mutex.
// Owns:    the entries, whose texts are cut to kMaxText bytes each.
// Bounds:  kMost entries, which with texts of usual lengths take about 0.3 MB.
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.h"
#include "core/base/mutex.h"
#include "core/stream/live_session.h"
#include "tocsin/v1/admin.pb.h"

namespace tocsin {

// The name of whose it is; empty without authentication, and while it is not known.
std::string SubjectNameOf(const LiveSession& session);

class ClosedSessions final : public SessionEnds {
 public:
  // As many as an operator scrolls through, and enough to see what a restart or a flood did.
  static constexpr size_t kMost = 1'000;
  // The longest name of a subject.
  static constexpr size_t kMaxText = 255;

  explicit ClosedSessions(Clock& clock) : clock_(clock) {}

  void Add(const LiveSession& session, std::string_view code, std::string_view reason) override;
  // The newest first, at most `limit`; of one subject where one is given.
  std::vector<v1::ClosedConnection> Newest(size_t limit, std::string_view subject) const;

 private:
  void Keep(v1::ClosedConnection closed);

  Clock& clock_;
  mutable Mutex mutex_;
  std::deque<v1::ClosedConnection> closed_ ABSL_GUARDED_BY(mutex_);  // the newest at the end
};

}  // namespace tocsin
