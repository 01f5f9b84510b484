#include "cli/explain_text.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "cli/event_text.h"
#include "cli/time_text.h"
#include "core/base/strings.h"
#include "core/event/json_writer.h"
#include "core/event/names.h"
#include "core/event/time_proto.h"

namespace tocsin::cli {
namespace {

std::string TypeOf(const v1::Explanation& explanation) {
  return std::string(NameOf(explanation.event_type()));
}

// What stopped the event; empty when it matches.
std::string WhatStopped(const v1::Explanation& explanation) {
  std::vector<std::string> reasons;
  for (const v1::FieldExplanation& field : explanation.fields()) {
    if (!field.matches()) reasons.push_back(Clean(field.reason()));
  }
  return absl::StrJoin(reasons, "; and ");
}

std::string Line(const v1::Explanation& explanation) {
  std::string line =
      absl::StrFormat("%-8s %-24s  %s", explanation.matches() ? "matches" : "stopped",
                      TypeOf(explanation), Clean(explanation.cursor()));
  if (!explanation.matches()) absl::StrAppend(&line, "  ", WhatStopped(explanation));
  return line + "\n";
}

// "severities 80, labels 8", the field that stopped most first.
std::string Tally(const v1::ExplainResponse& response) {
  std::map<std::string, size_t> counts;
  for (const v1::Explanation& explanation : response.explanations()) {
    for (const v1::FieldExplanation& field : explanation.fields()) {
      if (!field.matches()) ++counts[field.field()];
    }
  }
  std::vector<std::pair<std::string, size_t>> sorted(counts.begin(), counts.end());
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  return absl::StrJoin(sorted, ", ", [](std::string* out, const auto& count) {
    absl::StrAppend(out, Clean(count.first), " ", count.second);
  });
}

std::string Row(std::string_view name, std::string_view value) {
  return absl::StrFormat("%-12s %s\n", ToAbsl(name), ToAbsl(value));
}

std::string FilterText(const v1::SubscriptionExplanation& subscription) {
  std::string filter;
  AppendJsonFilter(filter, subscription.filter());
  for (const v1::Filter& required : subscription.require()) {
    filter += " and ";
    AppendJsonFilter(filter, required);
  }
  return Clean(filter);
}

std::string Standing(const v1::SubscriptionExplanation& subscription) {
  if (subscription.cursor().empty()) return "its place in the log is being looked for";
  const std::string place = absl::StrCat(", given everything up to ", subscription.cursor());
  return subscription.live() ? absl::StrCat("live", place)
                             : absl::StrCat("behind by ", subscription.behind(), " events", place);
}

}  // namespace

std::string EventExplanationText(const v1::Explanation& explanation) {
  std::string text = absl::StrCat(
      TypeOf(explanation), " ", Clean(explanation.event_id()), " ",
      explanation.matches() ? "matches: the filter lets it through" : "is stopped", "\n");
  for (const v1::FieldExplanation& field : explanation.fields()) {
    absl::StrAppendFormat(&text, "  %-3s %-20s %s\n", field.matches() ? "yes" : "NO",
                          Clean(field.field()), Clean(field.reason()));
  }
  if (explanation.fields().empty()) text += "  the filter sets no field, so that all match\n";
  return text;
}

std::string ExplanationsText(const v1::ExplainResponse& response) {
  std::string text;
  for (const v1::Explanation& explanation : response.explanations()) text += Line(explanation);
  if (response.left_out() > 0) {
    absl::StrAppend(&text, "(", response.left_out(), " older ones are left out)\n");
  }
  absl::StrAppend(&text, response.matching(), " of the last ", response.looked_at(),
                  " events match");
  const std::string tally = Tally(response);
  absl::StrAppend(&text, tally.empty() ? "" : "; stopped by: ", tally, "\n");
  return text;
}

std::string SessionText(const v1::SessionExplanation& session, absl::Time now,
                        const absl::TimeZone& zone) {
  const absl::Time since = ToTime(session.since());
  std::string text = Row("session", Clean(session.session_id()));
  if (!session.label().empty()) text += Row("label", Clean(session.label()));
  text += Row("transport", Clean(session.transport()));
  text += Row("since", absl::StrCat(TimeText(since, zone), " (", AgeText(now - since), ")"));
  if (session.has_last_sent_at()) {
    const absl::Duration ago = now - ToTime(session.last_sent_at());
    text += Row("last sent", absl::StrCat(session.last_cursor(), ", ", AgeText(ago), " ago"));
  } else {
    text += Row("last sent", "nothing yet");
  }
  text += Row("waiting", absl::StrCat(session.waiting_bytes(), " bytes"));
  for (const v1::SubscriptionExplanation& subscription : session.subscriptions()) {
    const std::string id = Clean(subscription.subscription_id());
    text += Row("subscription", absl::StrCat(id, id.empty() ? "" : ": ", Standing(subscription)));
    text += Row("  filter", FilterText(subscription));
  }
  if (session.subscriptions().empty()) text += Row("subscription", "none");
  return text;
}

}  // namespace tocsin::cli
