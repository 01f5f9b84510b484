#include "bridge/graphql_ws/snapshot_form.h"

#include "bridge/graphql_ws/event_tails.h"
#include "bridge/graphql_ws/server_message.h"
#include "tocsin/v1/incident.pb.h"

namespace tocsin::bridge::graphql_ws {
namespace {

constexpr std::string_view kFirst = R"("snapshot":{"first":true})";

}  // namespace

void SnapshotUpdates::Begin(std::string& /*out*/, const Cursor& /*place*/) const {}

absl::Status SnapshotUpdates::Add(std::string& out, std::string_view incident, bool first) const {
  v1::Incident parsed;
  if (!parsed.ParseFromArray(incident.data(), static_cast<int>(incident.size()))) {
    return absl::DataLossError("an incident of a snapshot is damaged");
  }
  const bool begins = first && out.empty();
  std::string tail;
  tells_->TellSnapshot(tail, parsed, clock_.Now());
  if (begins) {
    tail += R"(,"extensions":{)";
    tail += kFirst;
    tail += '}';
  }
  EndNext(tail);
  AppendNext(out, quoted_id_, tail);
  return absl::OkStatus();
}

void SnapshotUpdates::End(std::string& out, const Cursor& place, bool first, bool last) const {
  if (!last) {
    return;
  }
  const bool begins = first && out.empty();
  std::string tail;
  tells_->TellSnapshotEnd(tail, clock_.Now());
  tail += R"(,"extensions":{)";
  if (begins) {
    tail += kFirst;
    tail += ',';
  }
  tail += R"("cursor":")";
  tail += FormatCursor(place);
  tail += R"("}}})";
  AppendNext(out, quoted_id_, tail);
}

}  // namespace tocsin::bridge::graphql_ws
