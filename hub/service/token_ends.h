// token_ends.h: when the tokens run out with which the calls of a shard were opened, and ends those
// calls.
//
// Shape:   ordered by time: a turn looks at the earliest alone, however many there are. A call is
//          told once at its token's end; one that has not gone kGrace later, because its client
//          takes nothing, is cut.
// Threads: its shard's.
// Owns:    nothing. A holder leaves before it dies.
#pragma once

#include <map>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace tocsin::hub {

// How a call ends whose token has run out.
absl::Status TokenEndedError();

class TokenEnds {
 public:
  // From the token's end on. docs/protocol.md, section 8, allows 5 s in all.
  static constexpr absl::Duration kGrace = absl::Seconds(3);

  class Holder {
   public:
    Holder() = default;
    virtual ~Holder() = default;
    Holder(const Holder&) = delete;
    Holder& operator=(const Holder&) = delete;

    // Tells its client, and ends.
    virtual void TokenEnded() = 0;
    // Ends without its client's help.
    virtual void CutOff() = 0;

   private:
    friend class TokenEnds;
    using Queue = std::multimap<absl::Duration, Holder*>;
    Queue::iterator at_;
    bool placed_ = false;
    bool told_ = false;
  };

  // `at` on the monotonic clock; InfiniteDuration: never.
  void Enter(Holder& holder, absl::Duration at);
  // Nothing happens when it has not entered.
  void Leave(Holder& holder);
  // Ends what has run out. Returns when to call it next.
  absl::Duration Tick(absl::Duration now);

 private:
  void Place(Holder& holder, absl::Duration at);

  Holder::Queue queue_;
};

}  // namespace tocsin::hub
