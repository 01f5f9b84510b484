// live_session.h: the sessions of one thread, each found by the id that its client was told, so
// that an operator can look at it (Explain, Admin) and end it.
//
// Shape:   a session enters when it begins. It leaves when it ends, and says why.
// Threads: a shard's.
// Owns:    nothing: a session enters when it begins, and leaves before it or its id goes.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/container/btree_map.h"
#include "absl/time/time.h"
#include "core/stream/subscriber.h"
#include "tocsin/v1/hub.pb.h"

namespace tocsin {

struct Subject;  // core/auth/subject.h

// Why one ended that no error ended (admin.proto, ClosedConnection.code).
inline constexpr std::string_view kClientClosed = "CLIENT_CLOSED";  // it said so
inline constexpr std::string_view kClientGone = "CLIENT_GONE";      // without a word
inline constexpr std::string_view kClientSilent = "SILENT";         // no answer to pings

// What lists say of a session.
struct SessionFace {
  std::string address = {};
  std::string_view label = {};
  std::string_view transport = {};  // as SessionExplanation has it
  absl::Time since = {};
  SubscriberId subscriber = 0;  // 0: none at present
};

class LiveSession {
 public:
  virtual const std::string& session_id() const = 0;
  // Whose it is; others are not told of it. Null while that is not known.
  virtual std::shared_ptr<const Subject> subject() const { return nullptr; }
  virtual v1::SessionExplanation Explain() const = 0;
  // Also while it is being destroyed. Cheap, since lists ask many.
  virtual SessionFace Face() const = 0;
  // An operator ends it: its client is told why, and that it may come back after `reconnect_after`.
  // It has left, and is not destroyed, when this returns.
  virtual void Kick(absl::Duration reconnect_after, std::string_view why) = 0;

 protected:
  ~LiveSession() = default;
};

// Is told of the sessions that end, on the shards' threads.
class SessionEnds {
 public:
  virtual ~SessionEnds() = default;
  virtual void Add(const LiveSession& session, std::string_view code, std::string_view reason) = 0;
};

class LiveSessions {
 public:
  // In the order of ids, and ids begin with the time: the oldest come first.
  using ById = absl::btree_map<std::string_view, LiveSession*>;

  // Before the first one enters. `ends` outlives this.
  void TellEnds(SessionEnds* ends) { ends_ = ends; }

  void Enter(LiveSession& session) { by_id_.emplace(session.session_id(), &session); }
  // `code`: an error's name, or one of the above. Without effect on one that has left.
  void Leave(const LiveSession& session, std::string_view code, std::string_view reason) {
    if (by_id_.erase(session.session_id()) > 0 && ends_ != nullptr) {
      ends_->Add(session, code, reason);
    }
  }
  // Nullptr for one that is not, or no longer, here.
  LiveSession* Find(std::string_view id) const {
    const auto found = by_id_.find(id);
    return found == by_id_.end() ? nullptr : found->second;
  }
  const ById& by_id() const { return by_id_; }

 private:
  // Its keys are the sessions' own ids.
  ById by_id_;
  SessionEnds* ends_ = nullptr;  // null: nobody is told
};

}  // namespace tocsin
