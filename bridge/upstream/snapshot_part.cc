#include "bridge/upstream/snapshot_part.h"

#include <optional>
#include <utility>

#include "core/base/status_macros.h"
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

absl::StatusOr<std::string> SnapshotPart::NextMessage(const SnapshotForm& form, bool first) {
  std::string text;
  form.Begin(text, place_);
  WireScanner scan(std::string_view(bytes_).substr(rendered_));
  while (text.size() < limits::kSnapshotPartBytes && scan.Next()) {
    rendered_ = bytes_.size() - scan.rest().size();
    if (scan.number() == SnapshotMark::kIncidentsFieldNumber) {
      RETURN_IF_ERROR(form.Add(text, scan.bytes(), first));
    }
  }
  form.End(text, place_, first, last_ && done());
  return text;
}

}  // namespace tocsin::bridge
