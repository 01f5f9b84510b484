// The view that draws a table in place. It is drawn when something changed, and once a second for
// the ages in it. What does not fit the terminal is counted below the table, the mildest incidents.
#include <algorithm>
#include <map>

#include "absl/strings/str_cat.h"
#include "cli/event_text.h"
#include "cli/incidents/incident_table.h"
#include "cli/incidents/watch_view.h"
#include "cli/text_width.h"
#include "cli/time_text.h"
#include "core/base/strings.h"
#include "core/event/names.h"

namespace tocsin::cli {
namespace {

constexpr absl::Duration kRedraw = absl::Seconds(1);

// "12 incidents: 2 P0, 10 P1"
std::string CountText(const std::vector<const v1::Incident*>& incidents) {
  std::map<v1::Severity, size_t> counts;
  for (const v1::Incident* incident : incidents) ++counts[incident->severity()];
  std::string text =
      absl::StrCat(incidents.size(), incidents.size() == 1 ? " incident" : " incidents");
  const char* before = ": ";
  for (const auto& [severity, count] : counts) {
    absl::StrAppend(&text, before, count, " ", ToAbsl(NameOf(severity)));
    before = ", ";
  }
  return text;
}

class TableView final : public WatchView {
 public:
  TableView(std::ostream& out, const WatchStyle& style, ScreenSize (*size)())
      : screen_(out), style_(style), size_(size) {
    screen_.Open();
  }

  bool Show(const IncidentSet&, const std::vector<IncidentChange>& changes) override {
    stale_ = stale_ || !changes.empty();
    return true;
  }

  bool Tick(const IncidentSet& set, const WatchStatus& status, absl::Time now) override {
    const ScreenSize size = size_();
    const bool same = size.columns == drawn_size_.columns && size.rows == drawn_size_.rows &&
                      status.connected == drawn_connected_ && set.whole() == drawn_whole_;
    if (!stale_ && same && now < drawn_at_ + kRedraw && now >= drawn_at_) return true;
    stale_ = false;
    drawn_at_ = now;
    drawn_size_ = size;
    drawn_connected_ = status.connected;
    drawn_whole_ = set.whole();
    return screen_.Draw(Picture(set, status, now));
  }

 private:
  std::vector<std::string> Picture(const IncidentSet& set, const WatchStatus& status,
                                   absl::Time now) const {
    // A line that fills its row would lose its last character (screen.h).
    const size_t width = std::max<size_t>(drawn_size_.columns, 2) - 1;
    const IncidentTable table(width, style_.color);
    const auto incidents = set.Sorted();
    std::vector<std::string> lines = {Status(incidents, set.whole(), status, now, width),
                                      table.Head()};
    const size_t room = std::max<size_t>(drawn_size_.rows, 4) - lines.size();
    const bool all = incidents.size() <= room;
    const size_t shown = all ? incidents.size() : room - 1;
    for (size_t i = 0; i < shown; ++i) lines.push_back(table.Row(*incidents[i], now));
    if (!all) {
      lines.push_back(
          CutTo(absl::StrCat("and ", incidents.size() - shown, " more; a taller window shows them"),
                width));
    }
    return lines;
  }

  std::string Status(const std::vector<const v1::Incident*>& incidents, bool whole,
                     const WatchStatus& status, absl::Time now, size_t width) const {
    std::string text = whole ? CountText(incidents) : "waiting for the incidents";
    absl::StrAppend(&text, "  ",
                    TimeText(absl::FromUnixSeconds(absl::ToUnixSeconds(now)), style_.zone));
    if (status.connected) return CutTo(absl::StrCat(text, "  ", status.hub), width);
    // First, where it is not cut off: what is below may be old.
    return CutTo(absl::StrCat("NOT CONNECTED for ", AgeText(now - status.since), " (",
                              Clean(status.problem), "), trying again; ", text),
                 width);
  }

  Screen screen_;
  const WatchStyle style_;
  ScreenSize (*const size_)();
  bool stale_ = true;
  absl::Time drawn_at_ = absl::InfinitePast();
  ScreenSize drawn_size_{0, 0};
  bool drawn_connected_ = false;
  bool drawn_whole_ = false;
};

}  // namespace

std::unique_ptr<WatchView> MakeTableView(std::ostream& out, const WatchStyle& style,
                                         ScreenSize (*size)()) {
  return std::make_unique<TableView>(out, style, size);
}

}  // namespace tocsin::cli
