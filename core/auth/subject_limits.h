// subject_limits.h: bounds what one subject has open at a time, over all of its connections, and how
// often it publishes.
//
// Shape:   each connection, session or stream of a subject holds a Share, and takes into it what it
//          opens; what the share holds is given back with it. A subject is whoever a token names.
//          Without authentication nobody is counted, nor are the subjects of SubjectBounds::uncounted:
//          their shares are empty, and take without end.
// Threads: safe; one leaf mutex. No call is on the path of an event.
// Owns:    the counts. Outlives its shares.
// Bounds:  an entry exists as long as it has shares or its rate has not recovered: kSubjects at
//          most, each of some 200 bytes and the names that a token with a good signature gives (a
//          token has 4 KiB). A subject beyond them is refused.
// Errors:  SUBSCRIPTION_LIMIT_EXCEEDED for subscriptions, else RATE_LIMIT_EXCEEDED; each says when to
//          try again.
// Source:  docs/protocol.md, section 8.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/auth/subject.h"
#include "core/base/clock.h"
#include "core/base/mutex.h"

namespace tocsin {

// What a subject has open.
enum class Held : uint8_t {
  kConnection,    // a session of a WebSocket, a stream over HTTP or gRPC
  kSubscription,  // each of a session's; a stream is one
  kReplay,        // a subscription that begins before what is held in memory, until it is live
  kSnapshot,      // one that was asked for, until it is whole
};

struct SubjectBounds {
  // At a time. A quarter of what a bridge holds: one program that runs wild leaves room for all
  // others, and a token that everybody on a wall of dashboards shares is good for as many.
  size_t connections = 5'000;
  // At a time: two for each of these connections.
  size_t subscriptions = 10'000;
  // At a time. A thousand clients of one subject may come back together after an outage; the engine
  // reads the log for a few of them at a time, whatever this is.
  size_t replays = 1'000;
  // At a time: of the same thousand. A bridge sends 32, and the others wait.
  size_t snapshots = 1'000;
  // A second, in requests that publish; 0: no bound. What is usual differs too much between sites.
  size_t publishes = 0;
  // The names of subjects that are not counted: at a hub, the bridges that speak for others.
  std::vector<std::string> uncounted = {};
};

class SubjectLimits {
 public:
  static constexpr size_t kKinds = 4;
  static constexpr size_t kSubjects = 20'000;  // as many as connections
  // How much of its rate a subject may publish at once.
  static constexpr size_t kBurstSeconds = 2;

  struct Entry;
  // Not for several threads at once.
  class Share {
   public:
    Share() = default;
    Share(Share&& other) noexcept
        : entry_(std::exchange(other.entry_, nullptr)), held_(std::exchange(other.held_, {})) {}
    Share& operator=(Share&& other) noexcept {
      std::swap(entry_, other.entry_);
      std::swap(held_, other.held_);
      return *this;
    }
    ~Share();

    // Counts one more.
    absl::Status Take(Held held);
    // Gives back what there is more than `most`.
    void KeepAtMost(Held held, size_t most);
    // Whether it counts anybody.
    explicit operator bool() const { return entry_ != nullptr; }

   private:
    friend class SubjectLimits;
    Entry* entry_ = nullptr;
    std::array<uint32_t, kKinds> held_{};
  };

  explicit SubjectLimits(Clock& clock, SubjectBounds bounds = {}, size_t most_subjects = kSubjects);
  ~SubjectLimits();

  // What is open stays open.
  void SetBounds(SubjectBounds bounds);

  // A share with what `taken` says. A subject of another issuer is another subject.
  absl::StatusOr<Share> Open(const Subject& subject, std::initializer_list<Held> taken);
  // Whether there is room for one more, without taking it.
  absl::Status Check(const Subject& subject, Held held);
  // The subject publishes once, whatever number of events.
  absl::Status Publish(const Subject& subject);

  size_t subjects() const;
  // Refused since the start, in the order of RefusedNames.
  std::array<uint64_t, kKinds + 1> refused() const;
  static const std::array<std::string_view, kKinds + 1>& RefusedNames();

 private:
  bool IsCounted(const Subject& subject) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status CheckRoom(const Entry& entry, Held held) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Null when the table is full.
  Entry* EntryOf(const Subject& subject) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Forget(Entry& entry) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void ForgetRecovered() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status Take(Share& share, Held held);
  void KeepAtMost(Share& share, Held held, size_t most);
  void Close(Share& share);

  Clock& clock_;
  const size_t most_subjects_;
  mutable Mutex mutex_;
  SubjectBounds bounds_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<std::string, std::unique_ptr<Entry>> entries_ ABSL_GUARDED_BY(mutex_);
  std::list<Entry*> idle_ ABSL_GUARDED_BY(mutex_);  // without shares, oldest publish first
  std::array<uint64_t, kKinds + 1> refused_ ABSL_GUARDED_BY(mutex_){};
};

}  // namespace tocsin
