#include "hub/service/subscribe_encoder.h"

#include <google/protobuf/io/coded_stream.h>
#include <grpc/slice.h>
#include <grpcpp/support/slice.h>

#include <cstring>
#include <deque>
#include <string>
#include <utility>

#include "core/base/check.h"
#include "core/event/error.h"
#include "core/event/wire.h"
#include "tocsin/v1/hub.pb.h"

namespace tocsin::hub {
namespace {

v1::GapReason WireReason(GapReason reason) {
  switch (reason) {
    case GapReason::kExpired:
      return v1::GAP_REASON_EXPIRED;
    case GapReason::kEpoch:
      return v1::GAP_REASON_EPOCH;
    case GapReason::kDamaged:
      return v1::GAP_REASON_DAMAGED;
  }
  return v1::GAP_REASON_UNSPECIFIED;
}

grpc::ByteBuffer Buffer(std::span<const std::string* const> payloads, size_t payload_bytes,
                        const v1::SubscribeResponse& rest) {
  const size_t rest_bytes = rest.ByteSizeLong();
  grpc_slice raw = grpc_slice_malloc(payload_bytes + rest_bytes);
  uint8_t* to = GRPC_SLICE_START_PTR(raw);
  for (const std::string* payload : payloads) {
    std::memcpy(to, payload->data(), payload->size());
    to += payload->size();
  }
  TOCSIN_CHECK(rest.SerializeToArray(to, static_cast<int>(rest_bytes)));
  grpc::Slice slice(raw, grpc::Slice::STEAL_REF);
  return grpc::ByteBuffer(&slice, 1);
}

void AppendBytesField(std::string& out, int number, std::string_view bytes) {
  using google::protobuf::io::CodedOutputStream;
  uint8_t head[16];
  uint8_t* end = CodedOutputStream::WriteTagToArray(static_cast<uint32_t>(number) << 3 | 2, head);
  end = CodedOutputStream::WriteVarint32ToArray(static_cast<uint32_t>(bytes.size()), end);
  out.append(reinterpret_cast<const char*>(head), static_cast<size_t>(end - head)).append(bytes);
}

// Whether the subscriber may see the incident as it stands after the event.
enum class Sees : uint8_t { kIncident, kIdOnly };

// The event's incident as SubscribeResponse.leaves. Its bytes are copied as they are.
std::string EncodeLeft(const EventRecord& event, const Place& place, Sees sees) {
  const std::string_view incident = IncidentBytesOf(event.payload);
  v1::Left left;
  left.set_incident_id(std::string(IncidentIdIn(incident)));
  left.set_cursor(FormatPlace(place));
  left.set_sequence(event.cursor.sequence);
  std::string body = left.SerializeAsString();
  if (sees == Sees::kIncident) {
    AppendBytesField(body, v1::Left::kIncidentFieldNumber, incident);
  }
  std::string field;
  AppendBytesField(field, v1::SubscribeResponse::kLeavesFieldNumber, body);
  return field;
}

// The event with the place as its cursor.
std::string WithPlace(std::string_view payload, const Place& place) {
  absl::StatusOr<std::string> bytes = WithCursor(payload, FormatPlace(place));
  TOCSIN_CHECK(bytes.ok());
  return *std::move(bytes);
}

class Encoder {
 public:
  Encoder(size_t items, LeavesAs leaves, const Filter* permission)
      : leaves_as_(leaves), permission_(permission) {
    payloads_.reserve(items);
  }

  void Take(const Item& item) {
    switch (item.kind) {
      case Item::Kind::kEvent:
        return TakeEvent(item);
      case Item::Kind::kLeft:
        return TellsWhole(*item.event) ? TakeEvent(item) : TakeLeft(item);
      case Item::Kind::kLeftUnseen:
        return TakeLeft(item);
      case Item::Kind::kGap:
        return TakeGap(item);
      case Item::Kind::kCaughtUp:
        rest_.set_caught_up(true);
        return TakePlace(item);
      case Item::Kind::kSubscribed:
      case Item::Kind::kBookmark:
        return TakePlace(item);
      case Item::Kind::kEnded:
        out_.end = item.extra->status;
        return;
      case Item::Kind::kUnsubscribed:
        return;
    }
  }

  EncodedItems Finish() {
    EndResponse();
    return std::move(out_);
  }

 private:
  // Within a response the events come first, so what follows them in order may be added to it, but
  // for leaves: a response has either.
  void TakeEvent(const Item& item) {
    if (rest_.has_gap() || rest_.caught_up() || has_lefts_) {
      EndResponse();
    }
    passed_over_ += item.passed_over;
    const std::string& payload = item.event->payload;
    TakePayload(item.place().is_split() ? made_.emplace_back(WithPlace(payload, item.place()))
                                        : payload);
    TakePlace(item);
  }

  bool TellsWhole(const EventRecord& event) const {
    return leaves_as_ == LeavesAs::kEvent &&
           (permission_ == nullptr || permission_->Matches(event.facts));
  }

  Sees SeenOf(const EventRecord& event) const {
    return permission_ == nullptr || permission_->MatchesIncident(event.facts) ? Sees::kIncident
                                                                               : Sees::kIdOnly;
  }

  void TakeLeft(const Item& item) {
    if (rest_.has_gap() || rest_.caught_up() || (!payloads_.empty() && !has_lefts_)) {
      EndResponse();
    }
    passed_over_ += item.passed_over;
    has_lefts_ = true;
    TakePayload(made_.emplace_back(EncodeLeft(*item.event, item.place(), SeenOf(*item.event))));
    TakePlace(item);
  }

  void TakePayload(const std::string& payload) {
    payloads_.push_back(&payload);
    payload_bytes_ += payload.size();
  }

  void TakeGap(const Item& item) {
    if (rest_.has_gap() || rest_.caught_up()) {
      EndResponse();
    }
    const Gap& gap = item.extra->gap;
    rest_.mutable_gap()->set_reason(WireReason(gap.reason));
    rest_.mutable_gap()->set_from(FormatCursor(gap.from));
    rest_.mutable_gap()->set_to(FormatPlace(item.place()));
    TakePlace(item);
  }

  // Formatted once, when the response is complete.
  void TakePlace(const Item& item) { place_ = item.place(); }

  void EndResponse() {
    if (!place_) {
      return;
    }
    rest_.set_cursor(FormatPlace(*place_));
    rest_.set_passed_over(std::exchange(passed_over_, 0));
    out_.responses.push_back(Buffer(payloads_, payload_bytes_, rest_));
    payloads_.clear();
    made_.clear();
    has_lefts_ = false;
    payload_bytes_ = 0;
    rest_.Clear();
    place_.reset();
  }

  const LeavesAs leaves_as_;
  const Filter* const permission_;
  std::vector<const std::string*> payloads_;  // of events, or of leaves
  bool has_lefts_ = false;
  std::deque<std::string> made_;  // those of payloads_ that are not a record's
  size_t payload_bytes_ = 0;
  uint64_t passed_over_ = 0;
  v1::SubscribeResponse rest_;
  std::optional<Place> place_;
  EncodedItems out_;
};

}  // namespace

EncodedItems EncodeItems(std::span<const Item> items, LeavesAs leaves, const Filter* permission) {
  Encoder encoder(items.size(), leaves, permission);
  for (const Item& item : items) {
    encoder.Take(item);
  }
  return encoder.Finish();
}

grpc::ByteBuffer EncodeSnapshotPart(const SnapshotPart& part) {
  v1::SnapshotMark kind;
  kind.set_kind(part.last ? v1::SnapshotMark::KIND_LAST : v1::SnapshotMark::KIND_PART);
  const std::string kind_bytes = kind.SerializeAsString();
  std::string mark;  // up to its incidents
  AppendFieldHead(mark, v1::SubscribeResponse::kSnapshotFieldNumber,
                  kind_bytes.size() + part.incidents.size());
  mark += kind_bytes;
  v1::SubscribeResponse place;
  place.set_cursor(FormatCursor(part.place));
  const std::string* const parts[] = {&mark, &part.incidents};
  return Buffer(parts, mark.size() + part.incidents.size(), place);
}

grpc::ByteBuffer EncodeClosing(ErrorCode reason, absl::Duration reconnect_after) {
  v1::SubscribeResponse response;
  v1::Closing& closing = *response.mutable_closing();
  closing.set_reason(std::string(RowOf(reason).name));
  auto& wait = *closing.mutable_reconnect_after();
  wait.set_seconds(absl::IDivDuration(reconnect_after, absl::Seconds(1), &reconnect_after));
  wait.set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(reconnect_after)));
  return Buffer({}, 0, response);
}

}  // namespace tocsin::hub
