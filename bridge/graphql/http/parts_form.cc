#include "bridge/graphql/http/parts_form.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "bridge/graphql/input_words.h"
#include "core/base/strings.h"
#include "core/event/error.h"
#include "tocsin/v1/incident.pb.h"

namespace tocsin::bridge::graphql {
namespace {

// The stream begins with a boundary, and each part ends with the next one. The last boundary has two
// dashes more.
constexpr std::string_view kBoundary = "\r\n--graphql";
constexpr std::string_view kPartHead = "\r\ncontent-type: application/json\r\n\r\n";
constexpr std::string_view kPayload = R"({"payload":)";
constexpr std::string_view kFirst = R"("snapshot":{"first":true})";

void BeginResult(std::string& out) {
  out += kPartHead;
  out += kPayload;
}

// After a whole result.
void EndResult(std::string& out) {
  out += '}';
  out += kBoundary;
}

// `fields`, of the extensions, close the result.
void EndResultWith(std::string& out, std::string_view fields) {
  out += R"(,"extensions":{)";
  out += fields;
  out += "}}";
  EndResult(out);
}

// A result that has no extensions.
void EndPlainResult(std::string& out) {
  out += '}';
  EndResult(out);
}

std::string CursorField(const tocsin::Place& place) {
  return absl::StrCat(R"("cursor":")", FormatPlace(place), "\"");
}

std::string GapField(const Gap& gap) {
  std::string field = R"("gap":{"reason":")";
  field += GapReasonName(gap.reason);
  if (gap.from.epoch != 0) {
    absl::StrAppend(&field, R"(","from":")", FormatCursor(gap.from));
  }
  absl::StrAppend(&field, R"(","to":")", FormatCursor(gap.to), "\"}");
  return field;
}

// The last part of all.
void AppendLastPart(std::string& out, const Error& error, absl::Time now) {
  BeginResult(out);
  out += R"(null,"errors":)";
  AppendErrors(out, {error}, now);
  EndResult(out);
  out += "--\r\n";
}

// One part for each incident, and one for the end, which alone has a cursor: a client that breaks
// off before it begins anew. The first says so, because a snapshot that the hub's end has broken off
// is told anew.
class SnapshotParts final : public SnapshotForm {
 public:
  SnapshotParts(std::shared_ptr<const Subscription> subscription, Clock& clock)
      : subscription_(std::move(subscription)), clock_(clock) {}

  void Begin(std::string&, const Cursor&) const override {}

  absl::Status Add(std::string& out, std::string_view incident, bool first) const override {
    v1::Incident parsed;
    if (!parsed.ParseFromArray(incident.data(), static_cast<int>(incident.size()))) {
      return absl::DataLossError("an incident of a snapshot is damaged");
    }
    const bool begins = first && out.empty();
    BeginResult(out);
    subscription_->TellSnapshot(out, parsed, clock_.Now());
    begins ? EndResultWith(out, kFirst) : EndPlainResult(out);
    return absl::OkStatus();
  }

  void End(std::string& out, const Cursor& place, bool first, bool last) const override {
    if (!last) {
      return;
    }
    const std::string begins = first && out.empty() ? absl::StrCat(ToAbsl(kFirst), ",") : "";
    BeginResult(out);
    subscription_->TellSnapshotEnd(out, clock_.Now());
    EndResultWith(out, begins + CursorField(place));
  }

 private:
  const std::shared_ptr<const Subscription> subscription_;
  Clock& clock_;
};

}  // namespace

void PartsForm::AddOpening(std::string& out, absl::Duration /*reconnect_after*/) {
  out += kBoundary;
}

void PartsForm::AddBookmark(std::string& out, const tocsin::Place& place) {
  if (!subscription_->heartbeat() || place.ordinary.epoch == 0) {
    return AddHeartbeat(out);
  }
  BeginResult(out);
  subscription_->TellHeartbeat(out, shared_.clock.Now());
  EndResultWith(out, CursorField(place));
}

// What was begun is taken back where the subscription tells nothing of the event.
bool PartsForm::AddEvent(std::string& out, const Item& item) {
  const v1::Event* const event = shared_.messages.Of(*item.event);
  if (event == nullptr) {
    return false;
  }
  const size_t before = out.size();
  BeginResult(out);
  bool told = true;
  if (item.kind == Item::Kind::kLeft) {
    subscription_->TellLeft(out, *event);
  } else {
    told = subscription_->Tell(out, *event);
  }
  if (told) {
    EndResultWith(out, CursorField(item.place()));
  } else {
    out.resize(before);
  }
  return true;
}

void PartsForm::AddGap(std::string& out, const Gap& gap, const tocsin::Place& to) {
  BeginResult(out);
  out += R"({"data":null)";
  EndResultWith(out, absl::StrCat(GapField(gap), ",", CursorField(to)));
}

SnapshotFormPtr PartsForm::snapshots() const {
  return std::make_shared<SnapshotParts>(subscription_, shared_.clock);
}

// The engine calls the start `from`.
void PartsForm::AddProblem(std::string& out, const absl::Status& status) {
  Error error = ErrorOf(status);
  if (error.field == "from") {
    error.field = "resumeFrom";
  }
  AppendLastPart(out, error, shared_.clock.Now());
}

void PartsForm::AddClosing(std::string& out, absl::Duration reconnect_after) {
  AppendLastPart(out,
                 ErrorOf(MakeError(ErrorCode::kServiceUnavailable,
                                   "the server goes down; resume from the last cursor",
                                   {.retry_after = reconnect_after})),
                 shared_.clock.Now());
}

void PartsForm::AddHeartbeat(std::string& out) {
  out += kPartHead;
  out += "{}";
  out += kBoundary;
}

}  // namespace tocsin::bridge::graphql
