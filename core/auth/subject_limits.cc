#include "core/auth/subject_limits.h"

#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"
#include "core/base/planted.h"
#include "core/base/status_macros.h"
#include "core/base/strings.h"
#include "core/base/token_bucket.h"
#include "core/event/error.h"

namespace tocsin {
namespace {

// When a place is likely to be free. Connections and subscriptions end when their client wants it;
// replays and snapshots by themselves.
constexpr absl::Duration kOpenEnded = absl::Seconds(5);
constexpr absl::Duration kPassing = absl::Seconds(1);

constexpr size_t kPublishes = SubjectLimits::kKinds;  // in the order of RefusedNames

struct Row {
  size_t SubjectBounds::*bound;
  std::string_view name;
  ErrorCode error;
  absl::Duration come_back;
};

// By Held.
const Row& RowOf(Held held) {
  static const Row rows[SubjectLimits::kKinds] = {
      {&SubjectBounds::connections, "connections and streams", ErrorCode::kRateLimitExceeded,
       kOpenEnded},
      {&SubjectBounds::subscriptions, "subscriptions", ErrorCode::kSubscriptionLimitExceeded,
       kOpenEnded},
      {&SubjectBounds::replays, "replays", ErrorCode::kRateLimitExceeded, kPassing},
      {&SubjectBounds::snapshots, "snapshots", ErrorCode::kRateLimitExceeded, kPassing}};
  return rows[static_cast<size_t>(held)];
}

absl::Status TooMany(const Row& row, size_t most) {
  return MakeError(
      row.error,
      absl::StrCat("a subject may have at most ", most, " ", ToAbsl(row.name), " at a time"),
      {.retry_after = row.come_back});
}

absl::Status TooManySubjects() {
  return MakeError(ErrorCode::kRateLimitExceeded, "the server serves too many subjects now",
                   {.retry_after = kOpenEnded});
}

// The two parts may hold anything but control characters.
std::string KeyOf(const Subject& subject) {
  return absl::StrCat(subject.issuer, "\n", subject.name);
}

}  // namespace

struct SubjectLimits::Entry {
  SubjectLimits* limits = nullptr;
  std::string key = {};
  size_t shares = 0;
  std::array<size_t, kKinds> held{};
  std::optional<TokenBucket> rate = {};
  size_t rate_of = 0;                                    // the bound that `rate` was made for
  std::optional<std::list<Entry*>::iterator> idle = {};  // its place in idle_
};

SubjectLimits::SubjectLimits(Clock& clock, SubjectBounds bounds, size_t most_subjects)
    : clock_(clock), most_subjects_(most_subjects), bounds_(std::move(bounds)) {}
SubjectLimits::~SubjectLimits() = default;

void SubjectLimits::SetBounds(SubjectBounds bounds) {
  MutexLock lock(mutex_);
  bounds_ = std::move(bounds);
}

// Where authentication is off, nobody has a name. A token names somebody.
bool SubjectLimits::IsCounted(const Subject& subject) const {
  return !subject.name.empty() && std::ranges::count(bounds_.uncounted, subject.name) == 0;
}

absl::Status SubjectLimits::CheckRoom(const Entry& entry, Held held) {
  const Row& row = RowOf(held);
  const size_t most = bounds_.*row.bound;
  if (entry.held[static_cast<size_t>(held)] < most || Planted("subject-without-bounds")) {
    return absl::OkStatus();
  }
  ++refused_[static_cast<size_t>(held)];
  return TooMany(row, most);
}

absl::StatusOr<SubjectLimits::Share> SubjectLimits::Open(const Subject& subject,
                                                         std::initializer_list<Held> taken) {
  Share share;
  {
    MutexLock lock(mutex_);
    if (!IsCounted(subject)) {
      return share;
    }
    Entry* const entry = EntryOf(subject);
    if (entry == nullptr) {
      ++refused_[static_cast<size_t>(Held::kConnection)];
      return TooManySubjects();
    }
    if (entry->idle.has_value()) {
      idle_.erase(*std::exchange(entry->idle, std::nullopt));
    }
    ++entry->shares;
    share.entry_ = entry;
  }
  for (const Held held : taken) {
    RETURN_IF_ERROR(share.Take(held));
  }
  return share;
}

absl::Status SubjectLimits::Check(const Subject& subject, Held held) {
  MutexLock lock(mutex_);
  const auto found = entries_.find(KeyOf(subject));
  return found == entries_.end() || !IsCounted(subject) ? absl::OkStatus()
                                                        : CheckRoom(*found->second, held);
}

absl::Status SubjectLimits::Publish(const Subject& subject) {
  const absl::Duration now = clock_.Monotonic();
  MutexLock lock(mutex_);
  const size_t most = bounds_.publishes;
  if (most == 0 || !IsCounted(subject) || Planted("publishes-without-rate")) {
    return absl::OkStatus();
  }
  Entry* const entry = EntryOf(subject);
  if (entry == nullptr) {
    ++refused_[kPublishes];
    return TooManySubjects();
  }
  if (std::exchange(entry->rate_of, most) != most) {
    const auto rate = static_cast<double>(most);
    entry->rate.emplace(rate, rate * kBurstSeconds, now);
  }
  if (entry->idle.has_value()) {
    idle_.splice(idle_.end(), idle_, *entry->idle);
  }
  if (entry->rate->Take(now)) {
    return absl::OkStatus();
  }
  ++refused_[kPublishes];
  return MakeError(ErrorCode::kRateLimitExceeded,
                   absl::StrCat("a subject may publish ", most, " times a second, and ",
                                most * kBurstSeconds, " at once"),
                   {.retry_after = entry->rate->WaitFor(now)});
}

SubjectLimits::Entry* SubjectLimits::EntryOf(const Subject& subject) {
  std::string key = KeyOf(subject);
  if (const auto found = entries_.find(key); found != entries_.end()) {
    return found->second.get();
  }
  ForgetRecovered();
  if (entries_.size() >= most_subjects_) {
    return nullptr;
  }
  Entry& entry = *entries_.emplace(key, std::make_unique<Entry>()).first->second;
  entry.limits = this;
  entry.key = std::move(key);
  entry.idle = idle_.insert(idle_.end(), &entry);
  return &entry;
}

// The oldest of those that hold nothing, until one is met whose rate still counts.
void SubjectLimits::ForgetRecovered() {
  const absl::Duration now = clock_.Monotonic();
  while (!idle_.empty()) {
    Entry& oldest = *idle_.front();
    const auto burst = static_cast<double>(oldest.rate_of * kBurstSeconds);
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

// ---- shares ----

SubjectLimits::Share::~Share() {
  if (entry_ != nullptr) {
    entry_->limits->Close(*this);
  }
}

absl::Status SubjectLimits::Share::Take(Held held) {
  return entry_ == nullptr ? absl::OkStatus() : entry_->limits->Take(*this, held);
}

void SubjectLimits::Share::KeepAtMost(Held held, size_t most) {
  if (held_[static_cast<size_t>(held)] > most) {
    entry_->limits->KeepAtMost(*this, held, most);
  }
}

absl::Status SubjectLimits::Take(Share& share, Held held) {
  MutexLock lock(mutex_);
  RETURN_IF_ERROR(CheckRoom(*share.entry_, held));
  ++share.entry_->held[static_cast<size_t>(held)];
  ++share.held_[static_cast<size_t>(held)];
  return absl::OkStatus();
}

void SubjectLimits::KeepAtMost(Share& share, Held held, size_t most) {
  if (Planted("subject-gives-nothing-back")) return;
  uint32_t& mine = share.held_[static_cast<size_t>(held)];
  MutexLock lock(mutex_);
  share.entry_->held[static_cast<size_t>(held)] -= mine - most;
  mine = static_cast<uint32_t>(most);
}

void SubjectLimits::Close(Share& share) {
  MutexLock lock(mutex_);
  Entry& entry = *share.entry_;
  for (size_t kind = 0; kind < kKinds; ++kind) {
    entry.held[kind] -= share.held_[kind];
  }
  if (--entry.shares > 0) {
    return;
  }
  entry.idle = idle_.insert(idle_.end(), &entry);
  if (!entry.rate.has_value()) {
    Forget(entry);
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

const std::array<std::string_view, SubjectLimits::kKinds + 1>& SubjectLimits::RefusedNames() {
  static const std::array<std::string_view, kKinds + 1> names = {
      "connections", "subscriptions", "replays", "snapshots", "publishes"};
  return names;
}

}  // namespace tocsin
