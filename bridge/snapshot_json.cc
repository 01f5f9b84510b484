#include "absl/strings/str_cat.h"
#include "bridge/snapshots.h"
#include "core/event/json_writer.h"

namespace tocsin::bridge {
namespace {

class JsonForm final : public SnapshotForm {
 public:
  void Begin(std::string& out, const Cursor& place) const override {
    absl::StrAppend(&out, "\"cursor\":\"", FormatCursor(place), "\",\"incidents\":[");
  }
  absl::Status Add(std::string& out, std::string_view incident, bool /*first*/) const override {
    out += out.back() == '[' ? "" : ",";
    return AppendJsonIncident(out, incident);
  }
  void End(std::string& out, const Cursor& /*place*/, bool first, bool last) const override {
    absl::StrAppend(&out, "],\"first\":", first ? "true" : "false",
                    ",\"last\":", last ? "true" : "false", "}");
  }
};

}  // namespace

SnapshotFormPtr JsonSnapshots() {
  static const auto* const form = new SnapshotFormPtr(std::make_shared<JsonForm>());
  return *form;
}

}  // namespace tocsin::bridge
