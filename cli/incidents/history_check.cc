#include "cli/incidents/history_check.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace tocsin::cli {
namespace {

// What the hub keeps of each kind (docs/operations.md).
constexpr size_t kHistoryRows = 100;
// Past so many the hub leaves alerts out of its answer or forgets the quietest.
constexpr size_t kAlertsCompared = 100;

void Push(std::deque<std::string>& newest, const std::string& text) {
  newest.push_back(text);
  if (newest.size() > kHistoryRows) newest.pop_front();
}

// How many of the newest, from the end backwards, are the same.
size_t EqualFromTheEnd(const std::vector<std::string>& kept,
                       const std::deque<std::string>& logged) {
  const auto [in_kept, in_logged] =
      std::mismatch(kept.rbegin(), kept.rend(), logged.rbegin(), logged.rend());
  return static_cast<size_t>(in_kept - kept.rbegin());
}

// Whether what is kept is the newest of what the log has, after what a publisher may have given.
bool IsNewestOf(const std::vector<std::string>& kept, const std::deque<std::string>& logged) {
  const size_t equal = EqualFromTheEnd(kept, logged);
  if (equal == logged.size()) return true;
  if (equal == kept.size()) return false;  // older ones are missing, and nothing took their place
  // The entry before is the publisher's, unless the log has it too: then one between is missing.
  return std::find(logged.begin(), logged.end(), kept[kept.size() - 1 - equal]) == logged.end() &&
         (equal > 0 || kept.empty());
}

std::string Lines(size_t count, const char* what, const std::string& newest) {
  return absl::StrCat(count, " ", what, newest.empty() ? "" : ", the newest ", newest);
}

std::string Newest(const std::vector<std::string>& texts) {
  return texts.empty() ? "" : texts.back();
}
std::string Newest(const std::deque<std::string>& texts) {
  return texts.empty() ? "" : texts.back();
}

}  // namespace

void HistoryCheck::Take(const v1::Event& event) {
  last_ = event.sequence();
  if (last_ <= until_) linked_.Add(last_);
  incident_ = event.incident();
  Push(cursors_, event.cursor());
  if (event.has_comment_added()) Push(comments_, event.id());
  const std::string& fingerprint = event.alert_converted().alert().fingerprint();
  if (!fingerprint.empty()) ++alerts_[fingerprint];
}

std::vector<IncidentDifference> HistoryCheck::Compare() const {
  Differences differences = FieldDifferences(kept_.incident().id(), &kept_.incident(), &incident_);
  CompareEvents(differences);
  CompareTimeline(differences);
  CompareNotes(differences);
  CompareAlerts(differences);
  return differences;
}

void HistoryCheck::CompareEvents(Differences& differences) const {
  if (last_ != kept_.sequence()) {
    Add(differences, "sequence", absl::StrCat(kept_.sequence()), absl::StrCat(last_));
  }
  if (linked_ != logged_) {
    Add(differences, "events", absl::StrCat(linked_.count, " are found by the incident's id"),
        absl::StrCat(logged_.count, linked_.count == logged_.count ? " others are in the log"
                                                                   : " are in the log"));
  }
}

void HistoryCheck::CompareTimeline(Differences& differences) const {
  std::vector<std::string> kept;
  for (const v1::TimelineEntry& entry : kept_.incident().timeline()) {
    const auto cursor = entry.metadata().find("cursor");
    kept.push_back(cursor == entry.metadata().end() ? "" : cursor->second);
  }
  if (!IsNewestOf(kept, cursors_)) {
    Add(differences, "timeline", Lines(kept.size(), "entries", Newest(kept)),
        Lines(cursors_.size(), "events", Newest(cursors_)));
  }
}

void HistoryCheck::CompareNotes(Differences& differences) const {
  std::vector<std::string> kept;
  for (const v1::Note& note : kept_.incident().notes()) kept.push_back(note.id());
  // A publisher's notes may have taken the place of all comments.
  const bool only_given =
      !kept.empty() && std::none_of(kept.begin(), kept.end(), [&](const std::string& id) {
        return std::find(comments_.begin(), comments_.end(), id) != comments_.end();
      });
  if (!only_given && !IsNewestOf(kept, comments_)) {
    Add(differences, "notes", Lines(kept.size(), "notes", Newest(kept)),
        Lines(comments_.size(), "comments", Newest(comments_)));
  }
}

// The alert that opened the incident is in no event of the incident's, so there may be one more.
void HistoryCheck::CompareAlerts(Differences& differences) const {
  const auto& alerts = kept_.incident().alerts();
  if (static_cast<size_t>(alerts.size()) >= kAlertsCompared) return;
  std::map<std::string_view, uint32_t> counts;
  for (const v1::IncidentAlert& alert : alerts) counts[alert.fingerprint()] = alert.count();
  for (const auto& [fingerprint, count] : alerts_) {
    if (counts[fingerprint] < count) {
      Add(differences, absl::StrCat("alerts[", fingerprint, "].count"),
          absl::StrCat(counts[fingerprint]), absl::StrCat("at least ", count));
    }
  }
}

void HistoryCheck::Add(Differences& differences, std::string field, std::string kept,
                       std::string logged) const {
  differences.push_back(
      {kept_.incident().id(), std::move(field), std::move(kept), std::move(logged)});
}

}  // namespace tocsin::cli
