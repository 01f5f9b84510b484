#include "bridge/graphql/http/parts_form.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "bridge/graphql/input_words.h"
#include "bridge/graphql/subscription_results.h"
#include "core/base/strings.h"
#include "core/event/error.h"

namespace tocsin::bridge::graphql {
namespace {

// The stream begins with a boundary, and each part ends with the next one. The last boundary has two
// dashes more.
constexpr std::string_view kBoundary = "\r\n--graphql";
constexpr std::string_view kPartHead = "\r\ncontent-type: application/json\r\n\r\n";
constexpr std::string_view kPayload = R"({"payload":)";

void BeginResult(std::string& out) {
  out += kPartHead;
  out += kPayload;
}

// After a whole result.
void EndResult(std::string& out) {
  out += '}';
  out += kBoundary;
}

// The last part of all.
void AppendLastPart(std::string& out, const Error& error, absl::Time now) {
  BeginResult(out);
  out += R"(null,"errors":)";
  AppendErrors(out, {error}, now);
  EndResult(out);
  out += "--\r\n";
}

// One part for each incident, and one for the end.
class SnapshotParts final : public SnapshotForm {
 public:
  SnapshotParts(std::shared_ptr<const Subscription> subscription, Clock& clock)
      : subscription_(std::move(subscription)), clock_(clock) {}

  void Begin(std::string&, const Cursor&) const override {}

  absl::Status Add(std::string& out, std::string_view incident, bool first) const override {
    const size_t before = out.size();
    BeginResult(out);
    const absl::Status status =
        AppendSnapshotResult(out, *subscription_, incident, first && before == 0, clock_.Now());
    status.ok() ? EndResult(out) : out.resize(before);
    return status;
  }

  void End(std::string& out, const Cursor& place, bool first, bool last) const override {
    if (!last) {
      return;
    }
    const bool begins = first && out.empty();
    BeginResult(out);
    AppendSnapshotEnd(out, *subscription_, place, begins, clock_.Now());
    EndResult(out);
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
  CloseResultAt(out, place);
  EndResult(out);
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
  if (item.kind != Item::Kind::kEvent) {
    subscription_->TellLeft(out, *event, /*seen=*/item.kind == Item::Kind::kLeft);
  } else {
    told = subscription_->Tell(out, *event);
  }
  if (told) {
    CloseResultAt(out, item.place());
    EndResult(out);
  } else {
    out.resize(before);
  }
  return true;
}

void PartsForm::AddGap(std::string& out, const Gap& gap, const tocsin::Place& to) {
  BeginResult(out);
  AppendGapResult(out, gap, to);
  EndResult(out);
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

void PartsForm::AddClosing(std::string& out, absl::Duration reconnect_after, std::string_view why) {
  AppendLastPart(out,
                 ErrorOf(MakeError(ErrorCode::kServiceUnavailable,
                                   absl::StrCat(ToAbsl(why), "; resume from the last cursor"),
                                   {.retry_after = reconnect_after})),
                 shared_.clock.Now());
}

void PartsForm::AddHeartbeat(std::string& out) {
  out += kPartHead;
  out += "{}";
  out += kBoundary;
}

}  // namespace tocsin::bridge::graphql
