#include "tests/simulation/history.h"

#include <algorithm>
#include <map>
#include <set>

#include "absl/strings/str_cat.h"

namespace tocsin::simulation {
namespace {

std::string Text(const Cursor& cursor) { return FormatCursor(cursor); }

// ---- what publishers were told ----

std::string JudgeLog(const std::vector<LoggedEvent>& log) {
  std::set<std::string> ids;
  for (const LoggedEvent& event : log) {
    if (!ids.insert(event.id).second) {
      return absl::StrCat("Unique: the log holds ", event.id, " twice, again at ",
                          Text(event.cursor));
    }
  }
  return "";
}

// All of a request's events, side by side, or none.
std::string JudgeWhole(const Published& request, const std::map<std::string, size_t>& where) {
  const auto first = where.find(request.ids.front());
  for (size_t i = 0; i < request.ids.size(); ++i) {
    const auto found = where.find(request.ids[i]);
    if ((found == where.end()) != (first == where.end()) ||
        (found != where.end() && found->second != first->second + i)) {
      return absl::StrCat("Atomic: of a request, ", request.ids.front(), " and ", request.ids[i],
                          " do not stand side by side");
    }
  }
  return "";
}

std::string JudgeAnswer(const Published& request, const std::vector<LoggedEvent>& log,
                        const std::map<std::string, size_t>& where) {
  for (size_t i = 0; i < request.ids.size(); ++i) {
    const auto found = where.find(request.ids[i]);
    if (found == where.end()) {
      return absl::StrCat("Durable: ", request.ids[i], " was acknowledged at ",
                          Text(request.places[i]), " and is not in the log");
    }
    if (log[found->second].cursor != request.places[i]) {
      return absl::StrCat("Durable: ", request.ids[i], " was acknowledged at ",
                          Text(request.places[i]), " and stands at ",
                          Text(log[found->second].cursor));
    }
  }
  return "";
}

// What was acknowledged before another was published stands before it.
std::string JudgeOrder(const std::vector<Published>& published,
                       const std::map<std::string, size_t>& where) {
  std::vector<std::pair<uint64_t, size_t>> ends;  // when acknowledged, the last place
  for (const Published& request : published) {
    const auto last = where.find(request.ids.back());
    if (request.answered != 0 && last != where.end()) {
      ends.emplace_back(request.answered, last->second);
    }
  }
  std::sort(ends.begin(), ends.end());
  for (size_t i = 1; i < ends.size(); ++i) {
    ends[i].second = std::max(ends[i].second, ends[i - 1].second);
  }
  for (const Published& request : published) {
    const auto first = where.find(request.ids.front());
    const auto before =
        std::lower_bound(ends.begin(), ends.end(), std::make_pair(request.begun, size_t{0}));
    if (first != where.end() && before != ends.begin() &&
        std::prev(before)->second > first->second) {
      return absl::StrCat("Ordered: ", request.ids.front(),
                          " stands before what was acknowledged before it was published");
    }
  }
  return "";
}

std::string JudgePublished(const Disk& disk, const std::vector<Published>& published) {
  const std::vector<LoggedEvent>& log = disk.log();
  std::map<std::string, size_t> where;
  for (size_t i = 0; i < log.size(); ++i) {
    where[log[i].id] = i;
  }
  for (const Published& request : published) {
    if (std::string wrong = JudgeWhole(request, where); !wrong.empty()) {
      return wrong;
    }
    if (request.answered == 0 || disk.has_lost()) {
      continue;
    }
    if (std::string wrong = JudgeAnswer(request, log, where); !wrong.empty()) {
      return wrong;
    }
  }
  return JudgeOrder(published, where);
}

// ---- what a subscriber saw ----

class Path {
 public:
  Path(const Disk& disk, const Seen& seen) : disk_(disk), seen_(seen) {}

  std::string Judge() {
    for (const Seen::Item& item : seen_.items()) {
      std::string wrong = item.gap_from.has_value() ? Gap(item)
                          : item.set.has_value()    ? Snapshot(item)
                                                    : Step(item);
      if (!wrong.empty()) {
        return absl::StrCat(wrong, " (", seen_.name(), ")");
      }
      at_ = item.place;
    }
    return End();
  }

 private:
  const std::vector<LoggedEvent>& Log(const Cursor& cursor) const {
    return disk_.LogOf(cursor.epoch);
  }
  // Whether the place is one of the log that the other one is a place of.
  bool Holds(const Cursor& place, const Cursor& other) const {
    const std::vector<LoggedEvent>& log = Log(other);
    const std::vector<LoggedEvent>& own = Log(place);
    const size_t last = place.sequence;
    return last <= log.size() && last <= own.size() &&
           (last == 0 || log[last - 1].cursor == own[last - 1].cursor);
  }
  bool Matches(const LoggedEvent& event) const { return !asks_.worst || event.worst; }
  bool TellsLeave(const LoggedEvent& event) const {
    return asks_.worst && (asks_.leaves || asks_.snapshot) && event.left;
  }
  // What is owed from the present place to `end`, without it. With latest_only something newer of
  // the same incident may come instead.
  std::string Passed(const Cursor& to, Sequence end) {
    const std::vector<LoggedEvent>& log = Log(to);
    for (Sequence i = at_->sequence + 1; i < end; ++i) {
      const LoggedEvent& event = log[i - 1];
      if (!Matches(event) && !TellsLeave(event)) {
        continue;
      }
      if (!asks_.latest_only) {
        return absl::StrCat(Matches(event) ? "Reliable: " : "Followed: the leave at ",
                            Text(event.cursor), " was passed over between ", Text(*at_), " and ",
                            Text(to));
      }
      newer_owed_.insert(event.incident);
      ++passed_over_;
    }
    return "";
  }

  std::string Step(const Seen::Item& item) {
    if (!disk_.Knows(item.place.epoch) || item.place.sequence > Log(item.place).size()) {
      return absl::StrCat("Durable: told of ", Text(item.place), ", which never was in the log");
    }
    const bool is_bookmark = item.id.empty() && item.left.empty();
    if (is_bookmark) {
      return Move(item.place, /*event=*/false);
    }
    const LoggedEvent& logged = Log(item.place)[item.place.sequence - 1];
    std::string wrong = item.id.empty() ? Left(item, logged, TellsLeave(logged))
                                        : Event(item, logged, Matches(logged));
    wrong = wrong.empty() ? Move(item.place, /*event=*/true) : wrong;
    newer_owed_.erase(logged.incident);
    return wrong;
  }
  std::string Move(const Cursor& to, bool event) {
    if (!at_.has_value()) {
      knows_beginning_ = !event;
      return "";
    }
    if (!Holds(*at_, to)) {
      return absl::StrCat("Reliable: ", Text(*at_), " is lost, and ", Text(to),
                          " came without a gap");
    }
    if (to.sequence < at_->sequence + (event ? 1 : 0)) {
      return absl::StrCat("Unique: ", Text(to), " came after ", Text(*at_));
    }
    return Passed(to, to.sequence + (event ? 0 : 1));
  }

  static std::string Event(const Seen::Item& item, const LoggedEvent& logged, bool matches) {
    if (logged.cursor != item.place || logged.id != item.id) {
      return absl::StrCat("Durable: ", item.id, " came at ", Text(item.place), ", where ",
                          logged.id, " is");
    }
    return matches ? "" : absl::StrCat("Filterable: ", Text(item.place), " does not match");
  }
  static std::string Left(const Seen::Item& item, const LoggedEvent& logged, bool leaves) {
    if (logged.cursor != item.place || logged.incident != item.left || !leaves) {
      return absl::StrCat("Followed: ", item.left, " was told to leave at ", Text(item.place));
    }
    return "";
  }

  // The incidents that match, as they stand at its place.
  std::string Snapshot(const Seen::Item& item) {
    if (!disk_.Knows(item.place.epoch) || item.place.sequence > Log(item.place).size()) {
      return absl::StrCat("Durable: a snapshot of ", Text(item.place), ", which never was");
    }
    std::set<std::string> set;
    for (Sequence i = 0; i < item.place.sequence; ++i) {
      const LoggedEvent& event = Log(item.place)[i];
      Matches(event) ? void(set.insert(event.incident)) : void(set.erase(event.incident));
    }
    return set == *item.set ? ""
                            : absl::StrCat("Followed: the snapshot at ", Text(item.place), " has ",
                                           item.set->size(), " incidents, and ", set.size(),
                                           " match, or other ones");
  }

  // Only what is lost, or dropped by retention, may be a gap.
  std::string Gap(const Seen::Item& item) {
    if (!disk_.has_lost() && item.place.sequence > disk_.dropped()) {
      return absl::StrCat("Reliable: a gap from ", Text(*item.gap_from), " to ", Text(item.place),
                          ", and nothing is lost");
    }
    newer_owed_.clear();  // it may be lost
    has_gap_ = true;
    return "";
  }

  std::string End() {
    const std::vector<LoggedEvent>& log = disk_.log();
    if (!at_.has_value()) {
      return absl::StrCat("Reliable: was told nothing (", seen_.name(), ")");
    }
    const Cursor end = log.empty() ? *at_ : log.back().cursor;
    if (!Holds(*at_, end)) {
      return absl::StrCat("Reliable: stands at ", Text(*at_), ", which is lost (", seen_.name(),
                          ")");
    }
    const uint64_t told = passed_over_;
    std::string wrong = Passed(end, log.size() + 1);
    if (wrong.empty() && !disk_.has_lost() && !has_gap_) {
      wrong = PassedOver(told);
    }
    return wrong.empty() ? "" : absl::StrCat(wrong, " at the end (", seen_.name(), ")");
  }
  // How much was passed over until the last event came. A leave may be passed over without a word.
  std::string PassedOver(uint64_t told) const {
    if (!newer_owed_.empty()) {
      return absl::StrCat("Reliable: nothing newer came of ", *newer_owed_.begin(),
                          ", whose event was passed over");
    }
    if (knows_beginning_ && !asks_.leaves && !asks_.snapshot && told != seen_.passed_over()) {
      return absl::StrCat("Reliable: ", told, " events were passed over, and ", seen_.passed_over(),
                          " were told");
    }
    return "";
  }

  const Disk& disk_;
  const Seen& seen_;
  const Asks& asks_ = seen_.asks();
  std::optional<Cursor> at_;
  // With latest_only.
  std::set<std::string> newer_owed_;  // incidents, of which something was passed over
  uint64_t passed_over_ = 0;
  bool knows_beginning_ = true;
  bool has_gap_ = false;
};

}  // namespace

std::string Judge(const Disk& disk, const std::vector<Published>& published,
                  const std::vector<const Seen*>& seen) {
  std::string wrong = JudgeLog(disk.log());
  if (wrong.empty()) {
    wrong = JudgePublished(disk, published);
  }
  for (size_t i = 0; wrong.empty() && i < seen.size(); ++i) {
    wrong = Path(disk, *seen[i]).Judge();
  }
  return wrong;
}

}  // namespace tocsin::simulation
