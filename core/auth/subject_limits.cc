#include "core/auth/subject_limits.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "core/event/error.h"

namespace tocsin {
namespace {

// When a place is likely to be free: nothing tells when the subject closes another.
constexpr absl::Duration kComeBack = absl::Seconds(5);

std::string_view NameOf(Held held) {
  switch (held) {
    case Held::kConnection:
      return "connections";
    case Held::kSubscription:
      return "subscriptions";
    case Held::kReplay:
      return "replays";
    case Held::kSnapshot:
      return "snapshots";
  }
  return "";
}

absl::Status TooMany(Held held, size_t most) {
  const std::string_view name = NameOf(held);
  return MakeError(held == Held::kSubscription ? ErrorCode::kSubscriptionLimitExceeded
                                               : ErrorCode::kRateLimitExceeded,
                   absl::StrCat("a subject may have at most ", most, " ",
                                absl::string_view(name.data(), name.size()), " at a time"),
                   {.retry_after = kComeBack});
}

absl::Status TooManySubjects() {
  return MakeError(ErrorCode::kRateLimitExceeded, "the server serves too many subjects now",
                   {.retry_after = kComeBack});
}

// Where authentication is off. A token names somebody.
bool IsAnyone(const Subject& subject) { return subject.name.empty(); }

// The two parts may hold anything but control characters.
std::string KeyOf(const Subject& subject) {
  return absl::StrCat(subject.issuer, "\n", subject.name);
}

}  // namespace

struct SubjectLimits::Entry {
  std::string key = {};
  std::array<uint32_t, kKinds> held{};
  std::optional<TokenBucket> rate = {};
  std::optional<std::list<Entry*>::iterator> idle = {};  // its place in idle_

  bool holds() const {
    return std::ranges::any_of(held, [](uint32_t count) { return count > 0; });
  }
};

SubjectLimits::SubjectLimits(Clock& clock, const SubjectBounds& bounds, size_t most_subjects)
    : clock_(clock), bounds_(bounds), most_subjects_(most_subjects) {}
SubjectLimits::~SubjectLimits() = default;

size_t SubjectLimits::BoundOf(Held held) const {
  switch (held) {
    case Held::kConnection:
      return bounds_.connections;
    case Held::kSubscription:
      return bounds_.subscriptions;
    case Held::kReplay:
      return bounds_.replays;
    case Held::kSnapshot:
      return bounds_.snapshots;
  }
  return 0;
}

absl::StatusOr<SubjectLimits::Ticket> SubjectLimits::Take(Held held, const Subject& subject) {
  if (IsAnyone(subject)) {
    return Ticket();
  }
  const auto kind = static_cast<size_t>(held);
  MutexLock lock(mutex_);
  Entry* const entry = EntryOf(subject);
  if (entry == nullptr || entry->held[kind] >= BoundOf(held)) {
    ++refused_[kind];
    return entry == nullptr ? TooManySubjects() : TooMany(held, BoundOf(held));
  }
  if (entry->idle.has_value()) {
    idle_.erase(*std::exchange(entry->idle, std::nullopt));
  }
  ++entry->held[kind];
  Ticket ticket;
  ticket.limits_ = this;
  ticket.entry_ = entry;
  ticket.held_ = held;
  return ticket;
}

absl::Status SubjectLimits::Publish(const Subject& subject, size_t events) {
  if (IsAnyone(subject) || bounds_.events_per_second == 0) {
    return absl::OkStatus();
  }
  const auto rate = static_cast<double>(bounds_.events_per_second);
  const double burst = rate * kBurstSeconds;
  const double asked = std::min(static_cast<double>(events), burst);
  const absl::Duration now = clock_.Monotonic();
  MutexLock lock(mutex_);
  Entry* const entry = EntryOf(subject);
  if (entry == nullptr) {
    ++refused_[kKinds];
    return TooManySubjects();
  }
  if (!entry->rate.has_value()) {
    entry->rate.emplace(rate, burst, now);
  }
  if (entry->idle.has_value()) {
    idle_.splice(idle_.end(), idle_, *entry->idle);
  }
  if (entry->rate->Take(now, asked)) {
    return absl::OkStatus();
  }
  ++refused_[kKinds];
  return MakeError(
      ErrorCode::kRateLimitExceeded,
      absl::StrCat("a subject may publish ", bounds_.events_per_second, " events a second"),
      {.retry_after = entry->rate->WaitFor(now, asked)});
}

SubjectLimits::Entry* SubjectLimits::EntryOf(const Subject& subject) {
  const std::string key = KeyOf(subject);
  if (const auto found = entries_.find(key); found != entries_.end()) {
    return found->second.get();
  }
  ForgetRecovered(clock_.Monotonic());
  if (entries_.size() >= most_subjects_) {
    return nullptr;
  }
  Entry& entry = *entries_.emplace(key, std::make_unique<Entry>()).first->second;
  entry.key = key;
  entry.idle = idle_.insert(idle_.end(), &entry);
  return &entry;
}

// The oldest of those that hold nothing, until one is met whose rate still counts.
void SubjectLimits::ForgetRecovered(absl::Duration now) {
  const auto burst = static_cast<double>(bounds_.events_per_second * kBurstSeconds);
  while (!idle_.empty()) {
    Entry& oldest = *idle_.front();
    if (oldest.rate.has_value() && oldest.rate->WaitFor(now, burst) > absl::ZeroDuration()) {
      return;
    }
    Forget(oldest);
  }
}

void SubjectLimits::Forget(Entry& entry) {
  idle_.erase(*entry.idle);
  const std::string key = entry.key;
  entries_.erase(key);
}

void SubjectLimits::Release(Ticket& ticket) {
  MutexLock lock(mutex_);
  Entry& entry = *ticket.entry_;
  --entry.held[static_cast<size_t>(ticket.held_)];
  if (!entry.holds()) {
    entry.idle = idle_.insert(idle_.end(), &entry);
    if (!entry.rate.has_value()) {
      Forget(entry);
    }
  }
}

size_t SubjectLimits::subjects() const {
  MutexLock lock(mutex_);
  return entries_.size();
}

std::array<uint64_t, SubjectLimits::kKinds + 1> SubjectLimits::refused() const {
  MutexLock lock(mutex_);
  return refused_;
}

}  // namespace tocsin
