// connection_limits.h: how many connections there are, in all and from one address.
//
// Shape:   Admit gives a ticket or says why not; a connection keeps its ticket for as long as it
//          lives.
// Threads: safe; one leaf mutex.
// Owns:    the counts. Outlives its tickets.
#pragma once

#include <array>
#include <cstdint>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/base/mutex.h"

namespace tocsin::http {

// An IPv4 address as IPv6 maps it; of an IPv6 address the first 64 bits, since one client has all
// of the rest.
using AddressKey = std::array<uint8_t, 16>;

class ConnectionLimits {
 public:
  class Ticket {
   public:
    Ticket() = default;
    Ticket(Ticket&& other) noexcept
        : limits_(std::exchange(other.limits_, nullptr)),
          key_(other.key_),
          counted_(other.counted_) {}
    Ticket& operator=(Ticket&& other) noexcept {
      std::swap(limits_, other.limits_);
      std::swap(key_, other.key_);
      std::swap(counted_, other.counted_);
      return *this;
    }
    ~Ticket() {
      if (limits_ != nullptr) {
        limits_->Release(*this);
      }
    }

   private:
    friend class ConnectionLimits;
    ConnectionLimits* limits_ = nullptr;
    AddressKey key_{};
    bool counted_ = false;  // by its address
  };

  ConnectionLimits(size_t max_connections, size_t max_per_address)
      : max_connections_(max_connections), max_per_address_(max_per_address) {}

  // SERVICE_UNAVAILABLE when full, RATE_LIMIT_EXCEEDED when the address has too many; loopback is
  // not counted by address.
  absl::StatusOr<Ticket> Admit(const AddressKey& key, bool loopback);
  size_t connections() const;
  // False when the time ran out before the last one went.
  bool WaitForNone(absl::Duration timeout);

 private:
  void Release(Ticket& ticket);

  const size_t max_connections_;
  const size_t max_per_address_;
  mutable Mutex mutex_;
  CondVar none_;
  size_t connections_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::flat_hash_map<AddressKey, uint32_t> by_address_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tocsin::http
