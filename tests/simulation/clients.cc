#include "tests/simulation/clients.h"

#include <boost/json/parse.hpp>
#include <cstdlib>
#include <limits>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "bridge/upstream/response.h"
#include "core/base/status_macros.h"
#include "core/event/wire.h"

namespace tocsin::simulation {
namespace {

namespace json = boost::json;

constexpr absl::Duration kTimeout = absl::Seconds(5);
constexpr absl::Duration kFirstWait = absl::Milliseconds(100);
constexpr absl::Duration kLastWait = absl::Seconds(5);
constexpr absl::Duration kOneWay = absl::Milliseconds(2);

uint32_t Seed(World& world) { return static_cast<uint32_t>(1 + world.Below(1 << 30)); }

Cursor CursorOf(std::string_view text) { return ParseCursor(text).value(); }
std::string StringAt(const json::value& message, std::string_view field) {
  return std::string(message.at(field).as_string());
}
Cursor CursorOf(const json::value& message, std::string_view field) {
  return CursorOf(StringAt(message, field));
}

struct Frame {
  int opcode;
  std::string payload;
};

// The first frame of a server's, which is taken away; nothing when it has not come whole.
std::optional<Frame> TakeFrame(std::string& bytes) {
  const auto at = [&](size_t i) { return uint64_t{static_cast<uint8_t>(bytes[i])}; };
  if (bytes.size() < 2) {
    return std::nullopt;
  }
  uint64_t length = at(1);
  const size_t more = length == 126 ? 2 : length == 127 ? 8 : 0;
  const size_t head = 2 + more;
  if (bytes.size() < head) {
    return std::nullopt;
  }
  length = more > 0 ? 0 : length;
  for (size_t i = 0; i < more; ++i) {
    length = length << 8 | at(2 + i);
  }
  if (bytes.size() < head + length) {
    return std::nullopt;
  }
  Frame frame{static_cast<int>(at(0) & 0x0f), bytes.substr(head, length)};
  bytes.erase(0, head + length);
  return frame;
}

v1::SubscribeRequest RequestOf(const Asks& asks, bool snapshot) {
  v1::SubscribeRequest request;
  request.set_from(snapshot ? "" : "earliest");
  request.set_snapshot(snapshot);
  request.set_leaves(asks.leaves || asks.snapshot);
  request.set_latest_only(asks.latest_only);
  request.set_on_gap(v1::ON_GAP_NOTIFY);
  request.mutable_bookmark_interval()->set_seconds(1);
  if (asks.worst) {
    request.mutable_filter()->add_severities(v1::SEVERITY_P0);
    request.mutable_filter()->add_severities(v1::SEVERITY_P1);
  }
  return request;
}

}  // namespace

// ---- a publisher ----

Publisher::Publisher(World& world, HubPlace& place, uint64_t number,
                     std::vector<Published>& published)
    : world_(world),
      link_(world, place, kOneWay),
      number_(number),
      published_(published),
      backoff_(kFirstWait, kLastWait, Seed(world)) {}

void Publisher::Start(absl::Duration until) {
  until_ = until;
  link_.After(world_.UpTo(absl::Milliseconds(500)), [this] { Begin(); });
}

void Publisher::Begin() {
  if (world_.now() >= until_) {
    return;
  }
  request_.Clear();
  index_ = published_.size();
  published_.push_back({.begun = world_.steps()});
  for (uint64_t left = world_.Chance(70) ? 1 : 2 + world_.Below(4); left > 0; --left) {
    const v1::Event& event = *request_.add_events() = NewEvent();
    published_[index_].ids.push_back(event.id());
  }
  under_way_ = true;
  backoff_.Reset();
  Try();
}

// An answer that is late counts as well, unless another try has been answered.
void Publisher::Try() {
  const uint64_t attempt = ++attempt_;
  link_.Publish(request_, [this, attempt](const absl::StatusOr<v1::PublishResponse>& response) {
    OnAnswer(attempt, response);
  });
  link_.After(kTimeout, [this, attempt] {
    if (under_way_ && attempt == attempt_) {
      Again();
    }
  });
}

void Publisher::OnAnswer(uint64_t attempt, const absl::StatusOr<v1::PublishResponse>& response) {
  if (!under_way_ || attempt != attempt_) {
    return;
  }
  if (!response.ok()) {
    if (!absl::IsUnavailable(response.status())) {
      world_.Note(absl::StrCat("refused for good: ", response.status().ToString()));
      std::abort();
    }
    return Again();
  }
  Published& record = published_[index_];
  record.answered = world_.steps();
  for (const v1::PublishResult& result : response->results()) {
    record.places.push_back(CursorOf(result.cursor()));
  }
  under_way_ = false;
  link_.After(
      world_.Chance(50) ? world_.UpTo(absl::Milliseconds(20)) : world_.UpTo(absl::Seconds(1)),
      [this] { Begin(); });
}

void Publisher::Again() {
  ++attempt_;
  link_.After(backoff_.Next(), [this] { Try(); });
}

v1::Event Publisher::NewEvent() {
  v1::Event event;
  event.set_id(NewId('e'));
  v1::Incident& incident = *event.mutable_incident();
  const bool known = !incidents_.empty() && world_.Chance(60);
  event.set_type(known ? v1::EVENT_TYPE_INCIDENT_UPDATED : v1::EVENT_TYPE_INCIDENT_CREATED);
  if (!known) {
    incidents_.push_back(NewId('1'));
  }
  incident.set_id(known ? incidents_[world_.Below(incidents_.size())] : incidents_.back());
  incident.set_severity(static_cast<v1::Severity>(v1::SEVERITY_P0 + world_.Below(5)));
  incident.set_source("simulation");
  incident.set_title(std::string(1 + world_.Below(300), 't'));
  if (known) {
    event.mutable_incident_updated();
  }
  return event;
}

std::string Publisher::NewId(char kind) {
  return absl::StrFormat("0190a000-%04x-7000-8%03x-%012x", number_, kind == 'e' ? 1 : 2, ++ids_);
}

// ---- a subscriber over gRPC ----

GrpcSubscriber::GrpcSubscriber(World& world, HubPlace& place, std::string name, Asks asks)
    : world_(world),
      link_(world, place, kOneWay),
      seen_(std::move(name), asks),
      stream_(link_, RequestOf(asks, asks.snapshot), *this) {}

void GrpcSubscriber::Sleep(absl::Duration time) { awake_ = world_.now() + time; }

absl::Status GrpcSubscriber::OnResponse(const grpc::ByteBuffer& response) {
  v1::SubscribeResponse parsed;
  RETURN_IF_ERROR(rpc::ParseResponse(response, parsed));
  ASSIGN_OR_RETURN(const bridge::HubBatch batch,
                   bridge::ReadResponse(response, RecordFacts::kWithout));
  world_.Note(absl::StrCat(seen_.name(), " got ", batch.events.size(), " events, up to ",
                           batch.cursor.has_value() ? FormatCursor(*batch.cursor) : "none"));
  auto left = parsed.leaves().begin();
  const auto tell_leaves_to = [&](Sequence last) {
    for (; left != parsed.leaves().end() && CursorOf(left->cursor()).sequence <= last; ++left) {
      seen_.Left(CursorOf(left->cursor()), left->incident_id());
    }
  };
  if (batch.gap.has_value() && batch.gap_first) {
    tell_leaves_to(batch.gap->from.sequence);
    seen_.Gap(batch.gap->from, batch.gap->to);
  }
  for (const EventPtr& event : batch.events) {
    ASSIGN_OR_RETURN(const v1::Event read, DecodeEventField(event->payload));
    seen_.Event(event->cursor, read.id());
  }
  tell_leaves_to(std::numeric_limits<Sequence>::max());
  seen_.PassedOver(parsed.passed_over());
  if (batch.gap.has_value() && !batch.gap_first) {
    seen_.Gap(batch.gap->from, batch.gap->to);
  }
  if (parsed.has_snapshot()) {
    OnSnapshot(parsed);
  } else if (batch.cursor.has_value()) {
    seen_.At(*batch.cursor);
  }
  if (seen_.place().has_value()) {
    stream_.GoOnFrom(FormatCursor(*seen_.place()));
  }
  link_.After(awake_ - world_.now(), [this] { stream_.Next(); });
  return absl::OkStatus();
}

void GrpcSubscriber::OnSnapshot(const v1::SubscribeResponse& response) {
  for (const v1::Incident& incident : response.snapshot().incidents()) {
    snapshot_.insert(incident.id());
  }
  if (response.snapshot().kind() == v1::SnapshotMark::KIND_LAST) {
    seen_.Snapshot(CursorOf(response.cursor()), std::move(snapshot_));
    stream_.Ask(RequestOf(seen_.asks(), /*snapshot=*/false));
  }
}

bool GrpcSubscriber::OnEnd(const grpc::Status& status) {
  world_.Note(absl::StrCat(seen_.name(), " ended: ", status.error_message()));
  snapshot_.clear();
  return true;
}

// ---- a subscriber on /ws ----

WsSubscriber::WsSubscriber(World& world, BridgePlace& place, std::string name, Asks asks,
                           SimSocket::Speed speed)
    : world_(world),
      place_(place),
      seen_(std::move(name), asks),
      speed_(speed),
      backoff_(kFirstWait, kLastWait, Seed(world)) {}

void WsSubscriber::Connect() {
  if (place_ == nullptr || !place_->open()) {
    return Again(backoff_.Next());
  }
  unread_.clear();
  SocketClient& client = *this;
  socket_ = std::make_shared<SimSocket>(world_, client, speed_);
  place_->Accept(socket_);
}

void WsSubscriber::Again(absl::Duration wait) {
  world_.After(wait, [this] { Connect(); });
}

void WsSubscriber::Break() {
  if (socket_ != nullptr) {
    std::exchange(socket_, nullptr)->Leave(world_.UpTo(absl::Seconds(20)));
    Again(backoff_.Next());
  }
}

void WsSubscriber::OnClosed(uint16_t code) {
  world_.Note(absl::StrCat(seen_.name(), " closed with ", code));
  socket_ = nullptr;
  Again(std::exchange(reconnect_after_, absl::ZeroDuration()) + backoff_.Next());
}

void WsSubscriber::OnBytes(std::string_view bytes) {
  unread_ += bytes;
  while (std::optional<Frame> frame = TakeFrame(unread_)) {
    if (frame->opcode == 9) {
      socket_->Send("", /*pong=*/true);
    } else if (frame->opcode == 1) {
      OnMessage(frame->payload);
    }
  }
}

std::string WsSubscriber::SubscribeMessage() const {
  const Asks& asks = seen_.asks();
  const std::string from = seen_.place().has_value() ? FormatCursor(*seen_.place()) : "earliest";
  return absl::StrCat(R"({"type":"subscribe","subscription_id":"s")",
                      asks.worst ? R"(,"filters":{"severities":["P0","P1"]})" : "",
                      asks.leaves || asks.snapshot ? R"(,"leaves":true)" : "",
                      asks.latest_only ? R"(,"latest_only":true)" : "",
                      seen_.wants_snapshot() ? R"(,"snapshot":true)"
                                             : absl::StrCat(R"(,"resume_from":")", from, "\""),
                      "}");
}

void WsSubscriber::OnMessage(std::string_view text) {
  const json::value message = json::parse(text);
  const std::string_view type = message.at("type").as_string();
  world_.Note(absl::StrCat(seen_.name(), " got ", std::string(text.substr(0, 120))));
  if (type == "welcome") {
    socket_->Send(SubscribeMessage());
  } else if (type == "subscribed") {
    backoff_.Reset();
    if (message.at("recovered").as_bool() && !seen_.wants_snapshot()) {
      seen_.At(CursorOf(message, "cursor"));
    }
  } else if (type == "event" || type == "left") {
    if (const auto* const passed_over = message.as_object().if_contains("passed_over")) {
      seen_.PassedOver(passed_over->to_number<uint64_t>());
    }
    const Cursor place = CursorOf(message, "message_id");
    type == "left" ? seen_.Left(place, StringAt(message, "incident_id"))
                   : seen_.Event(place, StringAt(message.at("event"), "id"));
  } else if (type == "snapshot") {
    OnSnapshot(message);
  } else if (type == "gap") {
    seen_.Gap(CursorOf(message, "from"), CursorOf(message, "to"));
  } else if (type == "pong" && message.as_object().contains("cursor") && !seen_.wants_snapshot()) {
    seen_.At(CursorOf(message, "cursor"));
  } else if (type == "closing") {
    reconnect_after_ = absl::Milliseconds(message.at("reconnect_after_ms").as_int64());
  }
}

void WsSubscriber::OnSnapshot(const json::value& message) {
  const json::object& part = message.as_object();
  if (part.contains("first") && part.at("first").as_bool()) {
    snapshot_.clear();
  }
  for (const json::value& incident : part.at("incidents").as_array()) {
    snapshot_.insert(StringAt(incident, "id"));
  }
  if (part.contains("last") && part.at("last").as_bool()) {
    seen_.Snapshot(CursorOf(message, "cursor"), std::move(snapshot_));
  }
}

}  // namespace tocsin::simulation
