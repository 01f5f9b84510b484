// live_session.h: the sessions of one thread, each found by the id that its client was told, so
// that it can be explained.
//
// Threads: a shard's.
// Owns:    nothing: a session enters when it begins, and leaves before it or its id goes.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "core/base/strings.h"
#include "tocsin/v1/hub.pb.h"

namespace tocsin {

struct Subject;  // core/auth/subject.h

class LiveSession {
 public:
  virtual const std::string& session_id() const = 0;
  // Whose it is; others are not told of it. Null while that is not known.
  virtual std::shared_ptr<const Subject> subject() const { return nullptr; }
  virtual v1::SessionExplanation Explain() const = 0;

 protected:
  ~LiveSession() = default;
};

class LiveSessions {
 public:
  void Enter(const LiveSession& session) { by_id_.emplace(session.session_id(), &session); }
  void Leave(const LiveSession& session) { by_id_.erase(session.session_id()); }
  // Nullptr for one that is not, or no longer, here.
  const LiveSession* Find(std::string_view id) const {
    const auto found = by_id_.find(id);
    return found == by_id_.end() ? nullptr : found->second;
  }

 private:
  // Its keys are the sessions' own ids.
  absl::flat_hash_map<std::string_view, const LiveSession*, StringHash, StringEq> by_id_;
};

}  // namespace tocsin
