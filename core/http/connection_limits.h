// connection_limits.h: bounds the number of connections, in total and for each address.
//
// Shape:   Admit returns a ticket, or the error that refuses the connection. A connection keeps its
//          ticket as long as it lives.
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

// An IPv4 address mapped to IPv6, or the first 64 bits of an IPv6 address, since one client usually
// owns all addresses that begin with them.
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
    bool counted_ = false;  // for its address, too
  };

  ConnectionLimits(size_t max_connections, size_t max_per_address)
      : max_connections_(max_connections), max_per_address_(max_per_address) {}

  // SERVICE_UNAVAILABLE when there are too many connections, RATE_LIMIT_EXCEEDED when the address
  // has too many. Connections over loopback are not counted for their address.
  absl::StatusOr<Ticket> Admit(const AddressKey& key, bool loopback);
  size_t connections() const;
  // Waits until there is no connection. False when the time ran out before.
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
