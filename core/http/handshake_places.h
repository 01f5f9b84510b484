// handshake_places.h: bounds the TLS handshakes that are under way, each of which holds what OpenSSL
// needs for one.
//
// Shape:   a place is for a handshake whose client has begun. When all are taken, the one of the
//          same thread that has had its place longest gives it up: it waits for a client that is
//          slow or silent, and whoever does a handshake in good faith is done long before as many
//          others have begun.
// Threads: safe; Yield of a holder is called on the thread that took its place.
// Bounds:  kMost, and one more for each IoThread that has none to give up.
// Source:  docs/security.md; bench/slow_clients.py.
#pragma once

#include <cstddef>
#include <list>

#include "absl/container/flat_hash_map.h"
#include "core/base/mutex.h"

namespace tocsin::http {

class IoThread;

class HandshakePlaces {
 public:
  // Of 50 KB each. Handshakes that are finished in a fifth of a second are 5,000 a second.
  static constexpr size_t kMost = 1'000;

  class Holder {
   public:
    virtual ~Holder() = default;
    // Ends the handshake, which leaves its place.
    virtual void Yield() = 0;
  };
  using Place = std::list<Holder*>::iterator;

  explicit HandshakePlaces(size_t most = kMost) : most_(most) {}

  Place Take(const IoThread& io, Holder& holder);
  void Leave(const IoThread& io, Place place);
  size_t taken() const;

 private:
  // The one to end so that another may begin; nullptr when there is room, or none of this thread.
  Holder* ToEnd(const IoThread& io);

  const size_t most_;
  mutable Mutex mutex_;
  size_t taken_ ABSL_GUARDED_BY(mutex_) = 0;
  // By thread; the first has had its place longest.
  absl::flat_hash_map<const IoThread*, std::list<Holder*>> places_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tocsin::http
