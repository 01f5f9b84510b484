// places.h: a bounded number of places for what peers keep open, and who gives one up when all are
// taken.
//
// Shape:   a newcomer takes a place of the peer that holds the most: the one that has been idle for
//          longest. So no peer locks the others out, however many places it takes. Where that would
//          only turn the peers round, because the newcomer's holds as many or one less, it takes a
//          place that has been idle for kPatience, or none. A place that has been idle for less than
//          `spared` is taken by nobody.
// Threads: its shard's.
// Owns:    nothing. A holder leaves before it dies.
// Bounds:  the holders that have entered and not left; one that gives way leaves at once, and has
//          its end told to its client.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"

namespace tocsin::hub {

// Who is at the other end, from what gRPC says of a call ("ipv4:192.0.2.1:5000"): an address, of
// IPv6 its first 64 bits, since one client usually owns all addresses that begin with them. Over
// loopback it is the connection: many clients share that address, and a proxy too.
std::string PeerOf(std::string_view grpc_peer);

class Places {
 public:
  static constexpr absl::Duration kPatience = absl::Seconds(1);

  class Holder {
   public:
    Holder() = default;
    virtual ~Holder() = default;
    Holder(const Holder&) = delete;
    Holder& operator=(const Holder&) = delete;

    virtual std::string peer() const = 0;
    // Since when nothing has moved; InfiniteDuration while something does.
    virtual absl::Duration idle_since() const = 0;
    // Its place is another's now: tells its client, and ends.
    virtual void GiveWay() = 0;
    bool placed() const { return index_ != kNone; }

   private:
    friend class Places;
    static constexpr size_t kNone = static_cast<size_t>(-1);
    size_t index_ = kNone;
  };

  explicit Places(size_t most, absl::Duration spared = absl::ZeroDuration())
      : most_(most), spared_(spared) {}

  size_t taken() const { return holders_.size(); }
  // Gives the newcomer a place, if need be another's. False when there is none.
  bool Take(Holder& newcomer, absl::Duration now);
  // Nothing happens when it has no place.
  void Leave(Holder& holder);

 private:
  // Whose place a newcomer from `peer` may take; null: nobody's. Looks at all of them.
  Holder* GiverFor(std::string_view peer, absl::Duration now) const;

  const size_t most_;
  const absl::Duration spared_;
  std::vector<Holder*> holders_;
};

}  // namespace tocsin::hub
