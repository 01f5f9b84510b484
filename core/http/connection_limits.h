// connection_limits.h: bounds the number of connections: in total, for each address, and of those
// that have not authenticated yet.
//
// Shape:   Admit returns a ticket, or the error that refuses the connection. A connection keeps its
//          ticket as long as it lives. It counts as not authenticated until it says
//          Ticket::Authenticated. Behind a proxy the client is known later than the connection:
//          Ticket::MoveTo counts it for the client's address from then on.
// Threads: safe; one leaf mutex. A ticket has one thread at a time.
// Owns:    the counts. Outlives its tickets.
// Bounds:  the table of addresses has at most an entry for each connection.
#pragma once

#include <atomic>
#include <cstdint>
#include <limits>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/base/cidr.h"
#include "core/base/ip_address.h"
#include "core/base/mutex.h"

namespace tocsin::http {

struct ConnectionBounds {
  static constexpr size_t kNone = std::numeric_limits<size_t>::max();

  size_t connections = kNone;
  // Of these, the last ones, on which only those who come back may begin (Ticket::MayBegin).
  size_t reserved = 0;
  size_t per_address = kNone;
  size_t unauthenticated = kNone;  // where nobody authenticates
};

class ConnectionLimits {
 public:
  class Ticket {
   public:
    Ticket() = default;
    Ticket(Ticket&& other) noexcept
        : limits_(std::exchange(other.limits_, nullptr)),
          client_(other.client_),
          counted_(other.counted_),
          authenticated_(other.authenticated_),
          reserved_(other.reserved_) {}
    Ticket& operator=(Ticket&& other) noexcept {
      std::swap(limits_, other.limits_);
      std::swap(client_, other.client_);
      std::swap(counted_, other.counted_);
      std::swap(authenticated_, other.authenticated_);
      std::swap(reserved_, other.reserved_);
      return *this;
    }
    ~Ticket() {
      if (limits_ != nullptr) {
        limits_->Release(*this);
      }
    }

    // Whose connection it is: the peer's address, or what a trusted proxy said.
    const IpAddress& client() const { return client_; }
    // A token of this connection, or of a request on it, was found good. May be said again.
    void Authenticated() {
      if (limits_ != nullptr) {
        limits_->Authenticate(*this);
      }
    }
    // It was one of the last, and nothing that stays has begun on it.
    bool reserved() const { return reserved_; }
    // Whether what stays, a session or a stream, may begin on it. `returns`: it goes on after a
    // cursor. Others are let in once enough connections have gone.
    bool MayBegin(bool returns) {
      return !reserved_ || limits_ == nullptr || limits_->MayBegin(*this, returns);
    }
    // RATE_LIMIT_EXCEEDED when that address has too many; the ticket is then as it was.
    absl::Status MoveTo(const IpAddress& client) {
      return limits_ == nullptr ? absl::OkStatus() : limits_->Move(*this, client);
    }

   private:
    friend class ConnectionLimits;
    ConnectionLimits* limits_ = nullptr;
    IpAddress client_;
    bool counted_ = false;  // for its address, too
    bool authenticated_ = false;
    bool reserved_ = false;
  };

  // Those that were refused, by why.
  struct Refused {
    uint64_t full = 0;
    uint64_t address = 0;
    uint64_t unauthenticated = 0;
    uint64_t newcomers = 0;  // on one of the reserved
  };

  // Connections over loopback and from `exempt` are not counted for their address.
  explicit ConnectionLimits(const ConnectionBounds& bounds, CidrList exempt = {})
      : exempt_(std::move(exempt)), bounds_(bounds) {}

  // Connections beyond the new bounds stay.
  void SetBounds(const ConnectionBounds& bounds);
  // SERVICE_UNAVAILABLE when there are too many connections, or too many that have not
  // authenticated; RATE_LIMIT_EXCEEDED when the address has too many.
  absl::StatusOr<Ticket> Admit(const IpAddress& client);
  size_t connections() const;
  size_t unauthenticated() const;
  Refused refused() const;
  // Waits until there is no connection. False when the time ran out before.
  bool WaitForNone(absl::Duration timeout);

 private:
  bool Counts(const IpAddress& client) const {
    return !client.is_loopback() && !exempt_.Contains(client);
  }
  absl::Status CountFor(const IpAddress& client) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Uncount(const Ticket& ticket) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool IsTight() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return connections_ + bounds_.reserved > bounds_.connections;
  }
  bool MayBegin(Ticket& ticket, bool returns);
  void Authenticate(Ticket& ticket);
  absl::Status Move(Ticket& ticket, const IpAddress& client);
  void Release(Ticket& ticket);

  const CidrList exempt_;
  mutable Mutex mutex_;
  CondVar none_;
  ConnectionBounds bounds_ ABSL_GUARDED_BY(mutex_);
  size_t connections_ ABSL_GUARDED_BY(mutex_) = 0;
  size_t unauthenticated_ ABSL_GUARDED_BY(mutex_) = 0;
  Refused refused_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<AddressKey, uint32_t> by_address_ ABSL_GUARDED_BY(mutex_);
};

// What a newcomer is told where Ticket::MayBegin says no.
absl::Status NewcomersWait();

}  // namespace tocsin::http
