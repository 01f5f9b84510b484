#include "core/http/handshake_places.h"

#include "core/base/planted.h"

namespace tocsin::http {

HandshakePlaces::Place HandshakePlaces::Take(const IoThread& io, Holder& holder) {
  if (Holder* const longest = ToEnd(io); longest != nullptr) {
    longest->Yield();  // calls Leave
  }
  const MutexLock lock(mutex_);
  ++taken_;
  auto& own = places_[&io];
  return own.insert(own.end(), &holder);
}

HandshakePlaces::Holder* HandshakePlaces::ToEnd(const IoThread& io) {
  const MutexLock lock(mutex_);
  const auto own = places_.find(&io);
  if (taken_ < most_ || own == places_.end() || own->second.empty() ||
      Planted("handshakes-without-bound")) {
    return nullptr;
  }
  return own->second.front();
}

void HandshakePlaces::Leave(const IoThread& io, Place place) {
  const MutexLock lock(mutex_);
  --taken_;
  const auto own = places_.find(&io);
  own->second.erase(place);
  if (own->second.empty()) {
    places_.erase(own);
  }
}

size_t HandshakePlaces::taken() const {
  const MutexLock lock(mutex_);
  return taken_;
}

}  // namespace tocsin::http
