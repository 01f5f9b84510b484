#include "cli/incidents/incident_table.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/event_text.h"
#include "cli/text_width.h"
#include "cli/time_text.h"
#include "core/base/strings.h"
#include "core/event/names.h"
#include "core/event/time_proto.h"

namespace tocsin::cli {
namespace {

constexpr size_t kSeverity = 3;
constexpr size_t kState = 13;
constexpr size_t kChanged = 7;
constexpr size_t kId = 36;
// With a space after each.
constexpr size_t kFixed = kSeverity + kState + kChanged + kId + 4;
constexpr size_t kOther = 14;       // of assignees and source
constexpr size_t kLeastTitle = 24;  // what the others must leave of it

std::string Joined(size_t assignees, size_t source, std::string_view severity,
                   std::string_view state, std::string_view changed, std::string_view id,
                   std::string_view who, std::string_view from) {
  std::string line = absl::StrCat(FitTo(severity, kSeverity), " ", FitTo(state, kState), " ",
                                  FitTo(changed, kChanged), " ", FitTo(id, kId), " ");
  if (assignees > 0) absl::StrAppend(&line, FitTo(who, assignees), " ");
  if (source > 0) absl::StrAppend(&line, FitTo(from, source), " ");
  return line;
}

}  // namespace

IncidentTable::IncidentTable(size_t width, bool color) : width_(width), color_(color) {
  const size_t least = kFixed + kLeastTitle + kOther + 1;
  assignees_ = width == 0 || width >= least ? kOther : 0;
  source_ = width == 0 || width >= least + kOther + 1 ? kOther : 0;
  const size_t before =
      kFixed + (assignees_ > 0 ? assignees_ + 1 : 0) + (source_ > 0 ? source_ + 1 : 0);
  title_ = width > before ? width - before : 0;
}

std::string IncidentTable::Head() const {
  const std::string line =
      Joined(assignees_, source_, "SEV", "STATE", "CHANGED", "INCIDENT", "ASSIGNEES", "SOURCE") +
      "TITLE";
  return width_ == 0 ? line : CutTo(line, width_);
}

std::string IncidentTable::Row(const v1::Incident& incident, absl::Time now) const {
  const std::string title = Clean(incident.title());
  std::string line =
      Joined(assignees_, source_, NameOf(incident.severity()), NameOf(incident.state()),
             AgeText(now - ToTime(incident.updated_at())), Clean(incident.id()),
             Clean(absl::StrJoin(incident.assignees(), ",")), Clean(incident.source()));
  line += width_ == 0 ? title : CutTo(title, title_);
  if (width_ > 0) line = CutTo(line, width_);
  const std::string_view color = color_ ? ColorOf(incident.severity()) : "";
  return color.empty() ? line : absl::StrCat(ToAbsl(color), line, ToAbsl(kPlainText));
}

}  // namespace tocsin::cli
