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
      std::string wrong = item.gap_from.has_value() ? Gap(item) : Step(item);
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
  // Matching events from the present place to `end`, without it.
  std::string Passed(const Cursor& to, Sequence end) const {
    const std::vector<LoggedEvent>& log = Log(to);
    for (Sequence i = at_->sequence + 1; i < end; ++i) {
      if (!seen_.worst() || log[i - 1].worst) {
        return absl::StrCat("Reliable: ", Text(log[i - 1].cursor), " was passed over between ",
                            Text(*at_), " and ", Text(to));
      }
    }
    return "";
  }

  std::string Step(const Seen::Item& item) {
    const bool event = !item.id.empty();
    if (!disk_.Knows(item.place.epoch) || item.place.sequence > Log(item.place).size()) {
      return absl::StrCat("Durable: told of ", Text(item.place), ", which never was in the log");
    }
    if (event) {
      const LoggedEvent& logged = Log(item.place)[item.place.sequence - 1];
      if (logged.cursor != item.place || logged.id != item.id) {
        return absl::StrCat("Durable: ", item.id, " came at ", Text(item.place), ", where ",
                            logged.id, " is");
      }
      if (seen_.worst() && !logged.worst) {
        return absl::StrCat("Filterable: ", Text(item.place), " does not match");
      }
    }
    if (!at_.has_value()) {
      return "";
    }
    if (!Holds(*at_, item.place)) {
      return absl::StrCat("Reliable: ", Text(*at_), " is lost, and ", Text(item.place),
                          " came without a gap");
    }
    if (item.place.sequence < at_->sequence + (event ? 1 : 0)) {
      return absl::StrCat("Unique: ", Text(item.place), " came after ", Text(*at_));
    }
    return Passed(item.place, item.place.sequence + (event ? 0 : 1));
  }

  // Only what is lost may be a gap.
  std::string Gap(const Seen::Item& item) {
    if (!disk_.has_lost()) {
      return absl::StrCat("Reliable: a gap from ", Text(*item.gap_from), " to ", Text(item.place),
                          ", and nothing is lost");
    }
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
    std::string wrong = Passed(end, log.size() + 1);
    return wrong.empty() ? "" : absl::StrCat(wrong, " at the end (", seen_.name(), ")");
  }

  const Disk& disk_;
  const Seen& seen_;
  std::optional<Cursor> at_;
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
