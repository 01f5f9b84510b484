#include "bridge/upstream/snapshot_part.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/event/json_writer.h"
#include "core/event/limits.h"
#include "core/event/wire_scanner.h"
#include "tocsin/v1/hub.pb.h"

namespace tocsin::bridge {
namespace {

using v1::SnapshotMark;
using v1::SubscribeResponse;

absl::Status Damaged() {
  return absl::DataLossError("the hub sent a part of a snapshot that is damaged");
}

}  // namespace

absl::StatusOr<SnapshotPart> SnapshotPart::Read(std::string_view response) {
  SnapshotPart part;
  std::optional<std::string_view> mark;
  WireScanner scan(response);
  while (scan.Next()) {
    if (scan.number() == SubscribeResponse::kCursorFieldNumber) {
      ASSIGN_OR_RETURN(part.place_, ParseCursor(scan.bytes()));
    } else if (scan.number() == SubscribeResponse::kSnapshotFieldNumber) {
      mark = scan.bytes();
    }
  }
  if (!scan.ok() || !mark.has_value() || part.place_.epoch == 0) {
    return Damaged();
  }
  WireScanner fields(*mark);
  while (fields.Next()) {
    part.last_ |= fields.number() == SnapshotMark::kKindFieldNumber &&
                  fields.varint() == SnapshotMark::KIND_LAST;
  }
  if (!fields.ok()) {
    return Damaged();
  }
  part.bytes_ = *mark;
  return part;
}

absl::StatusOr<std::string> SnapshotPart::NextMessage(bool first) {
  std::string json = absl::StrCat("\"cursor\":\"", FormatCursor(place_), "\",\"incidents\":[");
  const size_t head = json.size();
  WireScanner scan(std::string_view(bytes_).substr(rendered_));
  while (json.size() < limits::kSnapshotPartBytes && scan.Next()) {
    rendered_ = bytes_.size() - scan.rest().size();
    if (scan.number() == SnapshotMark::kIncidentsFieldNumber) {
      json += json.size() == head ? "" : ",";
      RETURN_IF_ERROR(AppendJsonIncident(json, scan.bytes()));
    }
  }
  absl::StrAppend(&json, "],\"first\":", first ? "true" : "false",
                  ",\"last\":", last_ && done() ? "true" : "false", "}");
  return json;
}

}  // namespace tocsin::bridge
