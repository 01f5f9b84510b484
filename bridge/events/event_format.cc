#include "bridge/events/event_format.h"

#include "absl/strings/str_cat.h"
#include "bridge/ws/server_message.h"
#include "core/base/strings.h"
#include "core/event/error.h"

namespace tocsin::bridge {
namespace {

bool IsServerSent(EventFormat format) { return format == EventFormat::kServerSent; }

// `id` may be empty: the block has none.
void AppendMessage(std::string& out, EventFormat format, std::string_view name, std::string_view id,
                   std::string_view json) {
  if (!IsServerSent(format)) {
    absl::StrAppend(&out, ToAbsl(json), "\n");
    return;
  }
  absl::StrAppend(&out, "event: ", ToAbsl(name), "\n");
  if (!id.empty()) {
    absl::StrAppend(&out, "id: ", ToAbsl(id), "\n");
  }
  absl::StrAppend(&out, "data: ", ToAbsl(json), "\n\n");
}

// A message with an id, of which the type is still to come.
void AppendFields(std::string& out, EventFormat format, std::string_view type, const Place& place,
                  uint32_t passed_over, std::string_view fields) {
  if (IsServerSent(format)) {
    absl::StrAppend(&out, "event: ", ToAbsl(type), "\nid: ", FormatPlace(place), "\ndata: ");
  }
  absl::StrAppend(&out, R"({"type":")", ToAbsl(type), R"(",)");
  if (passed_over != 0) {
    absl::StrAppend(&out, R"("passed_over":)", passed_over, ",");
  }
  absl::StrAppend(&out, ToAbsl(fields), ToAbsl(EndOfMessage(format)));
}

void AppendRetry(std::string& out, absl::Duration reconnect_after) {
  absl::StrAppend(&out, "retry: ", absl::ToInt64Milliseconds(reconnect_after), "\n\n");
}

}  // namespace

void AppendOpening(std::string& out, EventFormat format, absl::Duration reconnect_after) {
  if (IsServerSent(format)) {
    AppendRetry(out, reconnect_after);
  }
}

void AppendPlace(std::string& out, EventFormat format, const Place& place) {
  if (place.ordinary.epoch == 0) {
    return;
  }
  const std::string text = FormatPlace(place);
  if (IsServerSent(format)) {
    absl::StrAppend(&out, "id: ", text, "\n\n");
  } else {
    absl::StrAppend(&out, R"({"type":"bookmark","cursor":")", text, "\"}\n");
  }
}

void AppendEvent(std::string& out, EventFormat format, const Place& place, uint32_t passed_over,
                 std::string_view fields) {
  AppendFields(out, format, "event", place, passed_over, fields);
}

void AppendLeft(std::string& out, EventFormat format, const Place& place, uint32_t passed_over,
                std::string_view fields) {
  AppendFields(out, format, "left", place, passed_over, fields);
}

void AppendSnapshotHead(std::string& out, EventFormat format, const Cursor& cursor) {
  if (IsServerSent(format)) {
    out += "event: snapshot\n";
    if (cursor.epoch != 0) {
      absl::StrAppend(&out, "id: ", FormatCursor(cursor), "\n");
    }
    out += "data: ";
  }
  out += R"({"type":"snapshot",)";
}

std::string_view EndOfMessage(EventFormat format) { return IsServerSent(format) ? "\n\n" : "\n"; }

void AppendGap(std::string& out, EventFormat format, const Gap& gap, const Place& to) {
  AppendMessage(out, format, "gap", FormatPlace(to), ws::GapMessage("", gap, to));
}

absl::Status AsResumeFrom(const absl::Status& status) {
  ErrorDetails details = ErrorDetailsOf(status);
  if (details.field != "from") {
    return status;
  }
  details.field = "resume_from";
  return MakeErrorAs(ErrorCodeOf(status), status.code(), ToStd(status.message()), details);
}

void AppendProblem(std::string& out, EventFormat format, const absl::Status& status) {
  AppendMessage(out, format, "problem", "", ws::ErrorMessage(AsResumeFrom(status)));
}

void AppendClosing(std::string& out, EventFormat format, std::string_view reason,
                   std::string_view in_words, absl::Duration reconnect_after) {
  if (IsServerSent(format)) {
    AppendRetry(out, reconnect_after);
  }
  AppendMessage(out, format, "closing", "",
                ws::ClosingMessage(reason, 0, reconnect_after, in_words));
}

void AppendHeartbeat(std::string& out, EventFormat format, bool hub_connected) {
  if (IsServerSent(format)) {
    out += ":\n\n";
  } else {
    absl::StrAppend(&out, ws::StatusMessage(hub_connected), "\n");
  }
}

}  // namespace tocsin::bridge
