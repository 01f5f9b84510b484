// The views that write a line for each change.
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "cli/event_text.h"
#include "cli/incidents/watch_view.h"
#include "cli/time_text.h"
#include "core/base/strings.h"
#include "core/event/json_writer.h"
#include "core/event/names.h"

namespace tocsin::cli {
namespace {

const char* NameOfKind(IncidentChange::Kind kind) {
  switch (kind) {
    case IncidentChange::Kind::kEntered:
      return "entered";
    case IncidentChange::Kind::kChanged:
      return "changed";
    case IncidentChange::Kind::kLeft:
      break;
  }
  return "left";
}

std::string ChangeText(const IncidentChange& change, const WatchStyle& style) {
  const v1::Incident& incident = change.incident;
  const std::string_view color = style.color ? ColorOf(incident.severity()) : "";
  return absl::StrFormat(
      "%s  %s%-2s%s  %-7s  %-13s  %s  \"%s\"", TimeText(incident.updated_at(), style.zone),
      ToAbsl(color), ToAbsl(NameOf(incident.severity())),
      color.empty() ? "" : std::string(kPlainText), NameOfKind(change.kind),
      ToAbsl(NameOf(incident.state())), Clean(incident.id()), Clean(incident.title()));
}

std::string ChangeJson(const IncidentChange& change) {
  std::string json = absl::StrCat("{\"change\":\"", NameOfKind(change.kind), "\",\"incident\":");
  AppendJsonIncident(json, change.incident);
  return json + "}";
}

class LineView final : public WatchView {
 public:
  using Text = std::function<std::string(const IncidentChange& change)>;
  LineView(std::ostream& out, Text text) : out_(out), text_(std::move(text)) {}

  bool Show(const IncidentSet&, const std::vector<IncidentChange>& changes) override {
    for (const IncidentChange& change : changes) out_ << text_(change) << '\n';
    out_.flush();
    return static_cast<bool>(out_);
  }
  bool Tick(const IncidentSet&, const WatchStatus&, absl::Time) override { return true; }

 private:
  std::ostream& out_;
  const Text text_;
};

}  // namespace

std::unique_ptr<WatchView> MakeLineView(std::ostream& out, const WatchStyle& style) {
  return std::make_unique<LineView>(
      out, [style](const IncidentChange& change) { return ChangeText(change, style); });
}

std::unique_ptr<WatchView> MakeJsonView(std::ostream& out) {
  return std::make_unique<LineView>(out, ChangeJson);
}

}  // namespace tocsin::cli
