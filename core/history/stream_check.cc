#include "core/history/stream_check.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"

namespace tocsin::history {
namespace {

const char* PartName(Asked::Part part) {
  if (part == Asked::Part::kAll) return "";
  return part == Asked::Part::kUrgent ? ", of the urgent" : ", of the others";
}

}  // namespace

StreamCheck::StreamCheck(std::shared_ptr<const Asked> asked, Asked::Part part, const FinalLog& log,
                         Verdict& verdict)
    : asked_(std::move(asked)), part_(part), log_(log), verdict_(verdict) {
  delivered_.resize(log.entries().size());
  if (asked_->leaves) in_set_.resize(log.incidents().size());
  if (asked_->start) Skip(asked_->start->sequence);
}

void StreamCheck::Event(const LogEntry& entry, uint64_t connection) {
  connection_ = connection;
  const Sequence sequence = entry.cursor.sequence;
  verdict_.Tried(Guarantee::kOrdered);
  verdict_.Tried(Guarantee::kUnique);
  if (asked_->filters()) verdict_.Tried(Guarantee::kFilterable);
  if (!asked_->Matches(entry)) {
    return Report(Guarantee::kFilterable, "was given what it did not ask for", {Seen(entry)});
  }
  if (delivered_[log_.IndexOf(entry)] || sequence <= resumed_) {
    Repeated(entry);
  } else if (sequence <= reached_) {
    Late(entry);
  } else {
    PassUpTo(sequence - 1, fresh_ ? PassedBy::kResume : PassedBy::kEvent, sequence);
    Skip(sequence);
    verdict_.Tried(Guarantee::kReliable);
  }
  Delivered(entry);
}

void StreamCheck::Repeated(const LogEntry& entry) {
  missing_.erase(log_.IndexOf(entry));
  if (entry.cursor.sequence <= resumed_) {
    return Report(Guarantee::kResumable,
                  absl::StrCat("goes back before the place ", resumed_, " that it resumed from"),
                  {Seen(entry)});
  }
  Report(Guarantee::kUnique, "was given one event twice", {Seen(entry)});
}

void StreamCheck::Late(const LogEntry& entry) {
  const auto missing = missing_.find(log_.IndexOf(entry));
  if (missing != missing_.end() && missing->second.by == PassedBy::kBookmark) {
    Report(Guarantee::kBookmarkable,
           absl::StrCat("had a bookmark at ", missing->second.told, " before"), {Seen(entry)});
  } else {
    Report(Guarantee::kOrdered, absl::StrCat("goes back from ", reached_), {Seen(entry)});
  }
  if (missing != missing_.end()) missing_.erase(missing);
}

void StreamCheck::Delivered(const LogEntry& entry) {
  const size_t index = log_.IndexOf(entry);
  delivered_[index] = true;
  if (std::exchange(fresh_, false)) verdict_.Tried(Guarantee::kResumable);
  if (!asked_->latest_only || entry.incident == FinalLog::kNoIncident) return;
  const auto older = missing_of_.find(entry.incident);
  if (older == missing_of_.end() || older->second > index) return;
  missing_.erase(older->second);
  missing_of_.erase(older);
}

void StreamCheck::Left(const UuidKey& incident, const Cursor& cursor) {
  const LogEntry* entry = log_.At(cursor.sequence);
  const std::string told = absl::StrCat("incident ", TextOf(incident, cursor));
  verdict_.Tried(Guarantee::kFollowed);
  if (cursor.sequence <= reached_) {
    return Report(Guarantee::kFollowed, "is told of a leave again, or late", {told});
  }
  PassUpTo(cursor.sequence - 1, fresh_ ? PassedBy::kResume : PassedBy::kEvent, cursor.sequence);
  const bool right =
      entry != nullptr && LeavesBy(*entry) && log_.incidents()[entry->incident] == incident;
  if (right) return Skip(cursor.sequence);
  Report(Guarantee::kFollowed, "is told of a leave, and nothing left there", {told});
}

void StreamCheck::Bookmark(const Cursor& cursor) {
  verdict_.Tried(Guarantee::kBookmarkable);
  PassUpTo(log_.Reach(cursor), PassedBy::kBookmark, cursor.sequence);
}

void StreamCheck::Gap(const Cursor& from, const Cursor& to) {
  PassUpTo(log_.Reach(from), PassedBy::kEvent, to.sequence);
  Skip(log_.Reach(to));
}

void StreamCheck::Resume(const Cursor& cursor) {
  resumed_ = log_.Reach(cursor);
  fresh_ = true;
}

void StreamCheck::Snapshot(const Cursor& cursor, const std::vector<UuidKey>& incidents) {
  Skip(cursor.sequence);
  verdict_.Tried(Guarantee::kFollowed);
  const auto wrong = [&](const UuidKey& incident, const char* what) {
    Report(Guarantee::kFollowed, what, {absl::StrCat("incident ", TextOf(incident, cursor))});
  };
  absl::flat_hash_set<UuidKey> told(incidents.begin(), incidents.end());
  for (size_t i = 0; i < in_set_.size(); ++i) {
    if (!in_set_[i]) continue;
    const UuidKey& incident = log_.incidents()[i];
    if (told.erase(incident) == 0) wrong(incident, "has a snapshot without an incident of the set");
  }
  for (const UuidKey& incident : told) {
    wrong(incident, "has a snapshot with an incident that was not in the set");
  }
}

void StreamCheck::End() {
  for (const auto& [index, missing] : missing_) Lose(index, missing);
  missing_.clear();
}

// The events in between are passed over: some of them were owed.
void StreamCheck::PassUpTo(Sequence last, PassedBy by, Sequence told) {
  const auto& entries = log_.entries();
  for (; next_ < entries.size() && entries[next_].cursor.sequence <= last; ++next_) {
    PassOver(next_, by, told);
  }
  reached_ = std::max(reached_, last);
}

void StreamCheck::PassOver(size_t index, PassedBy by, Sequence told) {
  const LogEntry& entry = log_.entries()[index];
  if (LeavesBy(entry)) {
    Report(Guarantee::kFollowed, absl::StrCat("misses a leave, and has come to sequence ", told),
           {absl::StrCat("incident ", TextOf(log_.incidents()[entry.incident], entry.cursor))});
  }
  FollowSet(entry);
  if (!Owes(entry)) return;
  verdict_.Tried(Guarantee::kReliable);
  const Missing missing{by, told};
  if (missing_.size() >= kMostMissing) return Lose(index, missing);
  if (asked_->latest_only && entry.incident != FinalLog::kNoIncident) {
    MissLatest(index, missing);
  } else {
    missing_.emplace(index, missing);
  }
}

// A newer event that is missing stands for the older ones: if it is made good, so are they.
void StreamCheck::MissLatest(size_t index, Missing missing) {
  const uint32_t incident = log_.entries()[index].incident;
  const auto [at, is_new] = missing_of_.try_emplace(incident, index);
  if (!is_new) missing_.erase(std::exchange(at->second, index));
  missing_.emplace(index, missing);
}

void StreamCheck::Skip(Sequence last) {
  const auto& entries = log_.entries();
  for (; next_ < entries.size() && entries[next_].cursor.sequence <= last; ++next_) {
    FollowSet(entries[next_]);
  }
  reached_ = std::max(reached_, last);
}

void StreamCheck::Lose(size_t index, const Missing& missing) {
  const bool by_resume = missing.by == PassedBy::kResume;
  Report(by_resume ? Guarantee::kResumable : Guarantee::kReliable,
         absl::StrCat(by_resume ? "resumed, went past an event" : "misses an event",
                      ", and has come to sequence ", missing.told),
         {TextOf(log_.entries()[index])});
}

bool StreamCheck::Owes(const LogEntry& entry) const {
  return !entry.extra && IsOf(entry) && asked_->Matches(entry);
}

bool StreamCheck::LeavesBy(const LogEntry& entry) const {
  return asked_->leaves && entry.incident != FinalLog::kNoIncident && in_set_[entry.incident] &&
         !asked_->Has(entry);
}

void StreamCheck::FollowSet(const LogEntry& entry) {
  if (asked_->leaves && entry.incident != FinalLog::kNoIncident) {
    in_set_[entry.incident] = asked_->Has(entry);
  }
}

void StreamCheck::Report(Guarantee guarantee, std::string what,
                         std::vector<std::string> offending) {
  verdict_.Broken(
      {guarantee, absl::StrCat(asked_->name, PartName(part_), ", ", what), std::move(offending)});
}

std::string StreamCheck::Seen(const LogEntry& entry) const {
  return connection_ == 0 ? TextOf(entry)
                          : absl::StrCat(TextOf(entry), " on connection ", connection_);
}

}  // namespace tocsin::history
