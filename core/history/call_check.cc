#include "core/history/call_check.h"

#include <algorithm>
#include <limits>

#include "absl/strings/str_cat.h"

namespace tocsin::history {

const LogEntry* EntryTold(const FinalLog& log, const UuidKey& id, const Cursor& cursor,
                          Content content, const std::string& who, Verdict& verdict) {
  const auto broken = [&](Guarantee guarantee, const char* what, const LogEntry* entry) {
    std::vector<std::string> offending{TextOf(id, cursor)};
    if (entry != nullptr) offending.push_back(TextOf(*entry));
    verdict.Broken({guarantee, absl::StrCat(who, " ", what), std::move(offending)});
    return nullptr;
  };
  const LogEntry* entry = log.Find(id);
  if (entry == nullptr) {
    return broken(Guarantee::kDurable, "an event that the log does not hold", nullptr);
  }
  if (entry->cursor != cursor) {
    const LogEntry* there = log.At(cursor.sequence);
    if (there == nullptr || there->cursor != cursor) {
      return broken(Guarantee::kDurable, "an event that stands elsewhere in the log", entry);
    }
    // An id that the log has twice is the log's fault.
    if (there->id != id) {
      return broken(Guarantee::kUnique, "an event in a place that another one has", there);
    }
    entry = there;
  }
  if (content != 0 && entry->content != 0 && content != entry->content) {
    broken(Guarantee::kDurable, "an event with another content than the log's", entry);
  }
  return entry;
}

void CallCheck::Take(const PublishRecord& call) {
  ++calls_;
  verdict_.Tried(Guarantee::kAtomic);
  CheckAnswers(call);
  CheckWhole(call);
  Note(call);
}

void CallCheck::CheckAnswers(const PublishRecord& call) {
  if (call.answers.empty()) return;
  size_t duplicates = 0;
  for (size_t i = 0; i < call.ids.size(); ++i) {
    verdict_.Tried(Guarantee::kDurable);
    if (call.answers[i].duplicate) ++duplicates;
    EntryTold(log_, call.ids[i], call.answers[i].cursor,
              call.contents.empty() ? 0 : call.contents[i], "a publisher was answered for",
              verdict_);
  }
  if (duplicates != 0 && duplicates != call.ids.size()) {
    verdict_.Broken({Guarantee::kAtomic,
                     absl::StrCat(Name(call), " was known in part"),
                     {TextOf(call.ids.front(), call.answers.front().cursor),
                      TextOf(call.ids.back(), call.answers.back().cursor)}});
  }
}

// All or none, one behind the other, in one life of the log.
void CallCheck::CheckWhole(const PublishRecord& call) {
  const LogEntry* before = nullptr;
  size_t there = 0;
  for (const UuidKey& id : call.ids) {
    const LogEntry* entry = log_.Find(id);
    if (entry == nullptr) continue;
    ++there;
    const char* wrong = nullptr;
    if (before != nullptr && log_.IndexOf(*entry) != log_.IndexOf(*before) + 1) {
      wrong = " does not stand together in the log";
    } else if (before != nullptr && entry->cursor.epoch != before->cursor.epoch) {
      wrong = " was appended in parts";
    }
    if (wrong != nullptr) {
      verdict_.Broken(
          {Guarantee::kAtomic, absl::StrCat(Name(call), wrong), {TextOf(*before), TextOf(*entry)}});
      return;
    }
    before = entry;
  }
  // Where it was acknowledged, what is not there was lost: Durable has said so.
  if (there != 0 && there < call.ids.size() && call.answers.empty()) {
    verdict_.Broken(
        {Guarantee::kAtomic, absl::StrCat(Name(call), " is half in the log"), {TextOf(*before)}});
  }
}

void CallCheck::Note(const PublishRecord& call) {
  for (const UuidKey& id : call.ids) {
    LogEntry* entry = log_.Find(id);
    if (entry == nullptr) continue;
    const bool first = entry->call == FinalLog::kNoCall;
    if (first) entry->call = calls_;
    // A call that does not tell its time could have begun before all others.
    if (first || call.invoked_us < entry->invoked_us) entry->invoked_us = call.invoked_us;
    if (call.answers.empty() || call.answered_us == 0) continue;
    if (entry->answered_us == 0 || call.answered_us < entry->answered_us) {
      entry->answered_us = call.answered_us;
    }
  }
}

void CallCheck::End() {
  for (const LogEntry& entry : log_.entries()) {
    if (entry.call == FinalLog::kNoCall && !entry.others && !entry.extra) {
      verdict_.Broken(
          {Guarantee::kDurable, "the log holds an event that nobody published", {TextOf(entry)}});
    }
  }
  CheckRealTime();
}

// From the log's end backwards: nothing that stands later may have been acknowledged before the
// publish of an event began.
void CallCheck::CheckRealTime() {
  int64_t earliest = std::numeric_limits<int64_t>::max();
  const LogEntry* acknowledged = nullptr;
  const auto& entries = log_.entries();
  for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry) {
    if (entry->invoked_us != 0 && earliest < entry->invoked_us) {
      verdict_.Broken({Guarantee::kOrdered,
                       "the log has an event before one that was acknowledged before its publish",
                       {TextOf(*entry), TextOf(*acknowledged)}});
    }
    if (entry->answered_us != 0 && entry->answered_us < earliest) {
      earliest = entry->answered_us;
      acknowledged = &*entry;
    }
  }
}

std::string CallCheck::Name(const PublishRecord& call) const {
  return absl::StrCat("the call of ", FormatUuidKey(call.ids.front()), " and ", call.ids.size() - 1,
                      " more");
}

}  // namespace tocsin::history
