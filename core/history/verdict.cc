#include "core/history/verdict.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "core/event/json_writer.h"

namespace tocsin::history {
namespace {

constexpr size_t kMostOffending = 5;

struct Words {
  std::string_view name;
  std::string_view tried_on;
};
constexpr std::array<Words, kGuarantees> kWords{{{"Ordered", "deliveries"},
                                                 {"Unique", "deliveries"},
                                                 {"Reliable", "events owed to a subscriber"},
                                                 {"Atomic", "calls"},
                                                 {"Resumable", "resumes"},
                                                 {"Bookmarkable", "bookmarks"},
                                                 {"Filterable", "deliveries through a filter"},
                                                 {"Followed", "leaves and snapshots"},
                                                 {"Durable", "acknowledged events"}}};

const Words& WordsOf(Guarantee guarantee) { return kWords[static_cast<size_t>(guarantee)]; }

std::string WithCommas(uint64_t number) {
  std::string digits = absl::StrCat(number);
  for (size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, ",");
  return digits;
}

void AppendFindingText(std::string& out, const Finding& finding) {
  const size_t shown = std::min(finding.offending.size(), kMostOffending);
  absl::StrAppend(&out, "    ", finding.what, shown == 0 ? "" : ": ",
                  absl::StrJoin(finding.offending.begin(), finding.offending.begin() + shown, ", "),
                  shown < finding.offending.size() ? ", …\n" : "\n");
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
    if (broken == 0) continue;
    for (const Finding& finding : verdict.findings()) {
      if (finding.guarantee == guarantee) AppendFindingText(out, finding);
    }
    if (broken > Verdict::kMostFindings) {
      absl::StrAppend(&out, "    and ", WithCommas(broken - Verdict::kMostFindings), " more\n");
    }
  }
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
