#include "core/history/verdict.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "core/event/json_writer.h"

namespace tocsin::history {
namespace {

// What a person reads of one guarantee; JSON has all that is kept.
constexpr size_t kMostFindingsShown = 5;
constexpr size_t kMostOffendingShown = 5;

struct Words {
  std::string_view name;
  std::string_view tried_on;
  std::string_view promise;
};
constexpr std::array<Words, kGuarantees> kWords{
    {{"Ordered", "deliveries", "every subscriber sees the one order of the log"},
     {"Unique", "deliveries", "no event comes twice, over any number of resumes"},
     {"Reliable", "events owed to a subscriber",
      "every event that matches comes, or a gap tells that it cannot"},
     {"Atomic", "calls", "the events of one call stand together in the log, all or none"},
     {"Resumable", "resumes", "a resume goes on with the very next event"},
     {"Bookmarkable", "bookmarks",
      "a cursor without an event passes no event that is still to come"},
     {"Filterable", "deliveries through a filter", "nothing comes that was not asked for"},
     {"Followed", "leaves and snapshots",
      "a snapshot is the whole set, and every incident that leaves it is told, once"},
     {"Durable", "acknowledged events",
      "what was acknowledged, or given to anyone, stays in the log as it was published"}}};

const Words& WordsOf(Guarantee guarantee) { return kWords[static_cast<size_t>(guarantee)]; }

std::string WithCommas(uint64_t number) {
  std::string digits = absl::StrCat(number);
  for (size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, ",");
  return digits;
}

void AppendFindingText(std::string& out, const Finding& finding) {
  const size_t shown = std::min(finding.offending.size(), kMostOffendingShown);
  absl::StrAppend(&out, "    ", finding.what, shown == 0 ? "" : ": ",
                  absl::StrJoin(finding.offending.begin(), finding.offending.begin() + shown, ", "),
                  shown < finding.offending.size() ? ", …\n" : "\n");
}

void AppendFindingsText(std::string& out, const Verdict& verdict, Guarantee guarantee) {
  absl::StrAppend(&out, "    promised: ", std::string(PromiseOf(guarantee)), "\n");
  size_t shown = 0;
  for (const Finding& finding : verdict.findings()) {
    if (finding.guarantee == guarantee && ++shown <= kMostFindingsShown) {
      AppendFindingText(out, finding);
    }
  }
  if (verdict.broken(guarantee) > kMostFindingsShown) {
    absl::StrAppend(&out, "    and ", WithCommas(verdict.broken(guarantee) - kMostFindingsShown),
                    " more\n");
  }
}

// "BROKEN: Ordered, Unique."; nothing where there is none.
void AppendNames(std::string& out, std::string_view what, const std::vector<std::string>& names) {
  if (!names.empty()) {
    absl::StrAppend(&out, " ", std::string(what), absl::StrJoin(names, ", "), ".");
  }
}

void AppendSentence(std::string& out, const Verdict& verdict) {
  std::vector<std::string> broken;
  std::vector<std::string> untried;
  for (size_t i = 0; i < kGuarantees; ++i) {
    const auto guarantee = static_cast<Guarantee>(i);
    if (verdict.broken(guarantee) != 0) {
      broken.emplace_back(NameOf(guarantee));
    } else if (verdict.tried(guarantee) == 0) {
      untried.emplace_back(NameOf(guarantee));
    }
  }
  out += broken.empty() ? "\nVerdict: all that was tried held." : "\nVerdict:";
  AppendNames(out, "BROKEN: ", broken);
  AppendNames(out, "Not tried: ", untried);
  out += '\n';
}

void AppendFindingJson(std::string& out, const Finding& finding) {
  out += "{\"what\":";
  AppendJsonString(out, finding.what);
  out += ",\"offending\":[";
  for (const std::string& one : finding.offending) {
    if (&one != &finding.offending.front()) out += ',';
    AppendJsonString(out, one);
  }
  out += "]}";
}

}  // namespace

std::string_view NameOf(Guarantee guarantee) { return WordsOf(guarantee).name; }
std::string_view TriedOn(Guarantee guarantee) { return WordsOf(guarantee).tried_on; }
std::string_view PromiseOf(Guarantee guarantee) { return WordsOf(guarantee).promise; }

void Verdict::Broken(Finding finding) {
  if (++Of(finding.guarantee).broken <= kMostFindings) findings_.push_back(std::move(finding));
}

bool Verdict::held() const {
  return std::all_of(tallies_.begin(), tallies_.end(),
                     [](const Tally& tally) { return tally.broken == 0; });
}

std::string VerdictText(const Verdict& verdict) {
  std::string out;
  for (size_t i = 0; i < kGuarantees; ++i) {
    const auto guarantee = static_cast<Guarantee>(i);
    const uint64_t broken = verdict.broken(guarantee);
    const uint64_t tried = verdict.tried(guarantee);
    const char* word = broken != 0 ? "BROKEN" : tried != 0 ? "held" : "not tried";
    absl::StrAppendFormat(&out, "%-14s%-10s%12s %s\n", std::string(NameOf(guarantee)), word,
                          WithCommas(tried), std::string(TriedOn(guarantee)));
    if (broken != 0) AppendFindingsText(out, verdict, guarantee);
  }
  AppendSentence(out, verdict);
  return out;
}

std::string VerdictJson(const Verdict& verdict) {
  std::string out = absl::StrCat("{\"held\":", verdict.held() ? "true" : "false",
                                 ",\"records\":", verdict.records, ",\"events\":", verdict.events,
                                 ",\"streams\":", verdict.streams, ",\"gaps\":", verdict.gaps,
                                 ",\"guarantees\":[");
  for (size_t i = 0; i < kGuarantees; ++i) {
    const auto guarantee = static_cast<Guarantee>(i);
    absl::StrAppend(&out, i == 0 ? "" : ",", "{\"name\":\"", std::string(NameOf(guarantee)),
                    "\",\"promise\":\"", std::string(PromiseOf(guarantee)),
                    "\",\"tried\":", verdict.tried(guarantee),
                    ",\"broken\":", verdict.broken(guarantee), ",\"findings\":[");
    const char* between = "";
    for (const Finding& finding : verdict.findings()) {
      if (finding.guarantee != guarantee) continue;
      out += std::exchange(between, ",");
      AppendFindingJson(out, finding);
    }
    out += "]}";
  }
  return out + "]}";
}

}  // namespace tocsin::history
