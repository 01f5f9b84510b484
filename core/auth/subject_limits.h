// subject_limits.h: bounds what one subject has open at a time, over all of its connections, and how
// fast it publishes.
//
// Shape:   Take returns a ticket, or the error that refuses what was asked; what is open keeps its
//          ticket. Publish takes events from the subject's rate. A subject is whoever a token names;
//          without authentication nobody is counted, and every ticket is empty.
// Threads: safe; one leaf mutex. Neither call is on the path of an event.
// Owns:    the counts. Outlives its tickets.
// Bounds:  an entry exists as long as it has tickets or its rate has not recovered: kSubjects at
//          most, each of some 200 bytes and the names that a token with a good signature gives (a
//          token has 4 KiB). A subject beyond them is refused.
// Errors:  SUBSCRIPTION_LIMIT_EXCEEDED for subscriptions, else RATE_LIMIT_EXCEEDED; both say when to
//          try again.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/auth/subject.h"
#include "core/base/clock.h"
#include "core/base/mutex.h"
#include "core/base/token_bucket.h"

namespace tocsin {

// What a subject has open.
enum class Held : uint8_t { kConnection, kSubscription, kReplay, kSnapshot };

struct SubjectBounds {
  // Defaults: what one program with a token of its own needs many times over; but a token that
  // everybody in a company shares is met by them.
  size_t connections = 1'000;
  size_t subscriptions = 10'000;  // streams of gRPC and SSE among them
  size_t replays = 64;            // that read from the log
  size_t snapshots = 16;          // half of what a bridge sends at a time
  size_t events_per_second = 0;   // published; 0: no bound
};

class SubjectLimits {
 public:
  static constexpr size_t kKinds = 4;
  static constexpr size_t kSubjects = 20'000;  // as many as connections
  // How much of its rate a subject may publish at once.
  static constexpr size_t kBurstSeconds = 2;

  struct Entry;
  class Ticket {
   public:
    Ticket() = default;
    Ticket(Ticket&& other) noexcept
        : limits_(std::exchange(other.limits_, nullptr)),
          entry_(other.entry_),
          held_(other.held_) {}
    Ticket& operator=(Ticket&& other) noexcept {
      std::swap(limits_, other.limits_);
      std::swap(entry_, other.entry_);
      std::swap(held_, other.held_);
      return *this;
    }
    ~Ticket() {
      if (limits_ != nullptr) {
        limits_->Release(*this);
      }
    }
    explicit operator bool() const { return limits_ != nullptr; }

   private:
    friend class SubjectLimits;
    SubjectLimits* limits_ = nullptr;
    Entry* entry_ = nullptr;
    Held held_ = Held::kConnection;
  };

  explicit SubjectLimits(Clock& clock, const SubjectBounds& bounds = {},
                         size_t most_subjects = kSubjects);
  ~SubjectLimits();

  // A subject of another issuer is another subject. Subject::Anyone(): an empty ticket.
  absl::StatusOr<Ticket> Take(Held held, const Subject& subject);
  // The subject publishes that many events. More than fit into the burst are taken as the burst.
  absl::Status Publish(const Subject& subject, size_t events);

  size_t subjects() const;
  // Refused since the start, by what was asked; the last are publishes.
  std::array<uint64_t, kKinds + 1> refused() const;

 private:
  using EntryPtr = std::unique_ptr<Entry>;

  size_t BoundOf(Held held) const;
  // Null when the table is full.
  Entry* EntryOf(const Subject& subject) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Forget(Entry& entry) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void ForgetRecovered(absl::Duration now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Release(Ticket& ticket);

  Clock& clock_;
  const SubjectBounds bounds_;
  const size_t most_subjects_;
  mutable Mutex mutex_;
  absl::flat_hash_map<std::string, EntryPtr> entries_ ABSL_GUARDED_BY(mutex_);
  std::list<Entry*> idle_ ABSL_GUARDED_BY(mutex_);  // without tickets, oldest publish first
  std::array<uint64_t, kKinds + 1> refused_ ABSL_GUARDED_BY(mutex_){};
};

}  // namespace tocsin
