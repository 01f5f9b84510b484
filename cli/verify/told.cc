#include "cli/verify/told.h"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cli/verify/options.h"
#include "core/base/status_macros.h"
#include "core/base/strings.h"
#include "core/event/cursor.h"
#include "core/event/json_writer.h"
#include "core/history/record_json.h"

namespace tocsin::cli::verify {
namespace {

namespace json = boost::json;
using history::BookmarkRecord;
using history::EventRecord;
using history::GapRecord;
using history::LeftRecord;
using history::SnapshotRecord;

// What a publisher gives an event. What the hub adds (places, times) is left out.
history::Content ContentOfJson(const json::object& event) {
  std::string content;
  const std::string_view type = TextIn(event, "type");
  for (const std::string_view text :
       {type.empty() ? TextIn(event, "event_type") : type, TextIn(event, "priority"),
        TextIn(event, "actor"), TextIn(event, "id")}) {
    absl::StrAppend(&content, ToAbsl(text), "\n");
  }
  const json::object& incident = ObjectIn(event, "incident");
  for (const char* name : {"id", "severity", "state", "source", "title", "description", "labels",
                           "affected_resources"}) {
    const json::value* value = incident.if_contains(name);
    content += value == nullptr ? "" : json::serialize(*value);
    content += '\n';
  }
  return history::DigestOf(content);
}

json::object JsonOf(const v1::Event& event) {
  std::string text;
  AppendJsonEvent(text, event);
  boost::system::error_code error;
  json::value value = json::parse(text, error);
  return !error && value.is_object() ? std::move(value.get_object()) : json::object();
}

absl::StatusOr<history::UuidKey> IdOf(std::string_view text) {
  const auto id = history::ParseUuidKey(text);
  if (id) return *id;
  return absl::InvalidArgumentError(absl::StrCat("'", ToAbsl(text), "' is no id"));
}

absl::StatusOr<Place> PlaceOf(std::string_view text) {
  ASSIGN_OR_RETURN(const ResumePoint point, ParseResumePoint(text, "cursor"));
  if (!std::holds_alternative<Cursor>(point.start)) {
    return absl::InvalidArgumentError(absl::StrCat("'", ToAbsl(text), "' is no cursor"));
  }
  const Cursor ordinary = std::get<Cursor>(point.start);
  return Place(ordinary, point.urgent.value_or(ordinary));
}

absl::Status AddEvent(std::string_view id, std::string_view cursor, history::Content content,
                      const Chain& chain, std::vector<history::Record>& told) {
  ASSIGN_OR_RETURN(const history::UuidKey key, IdOf(id));
  ASSIGN_OR_RETURN(const Place place, PlaceOf(cursor));
  told.push_back(EventRecord{chain.stream, chain.connection, key, place, content});
  return absl::OkStatus();
}

absl::Status AddBookmark(std::string_view cursor, const Chain& chain,
                         std::vector<history::Record>& told) {
  if (cursor.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const Place place, PlaceOf(cursor));
  told.push_back(BookmarkRecord{chain.stream, place});
  return absl::OkStatus();
}

absl::Status AddGap(std::string_view from, std::string_view to, const Chain& chain,
                    std::vector<history::Record>& told) {
  ASSIGN_OR_RETURN(const Place begin, PlaceOf(from));
  ASSIGN_OR_RETURN(const Place end, PlaceOf(to));
  told.push_back(GapRecord{chain.stream, begin, end});
  return absl::OkStatus();
}

absl::Status AddLeft(std::string_view incident, std::string_view cursor, const Chain& chain,
                     std::vector<history::Record>& told) {
  ASSIGN_OR_RETURN(const history::UuidKey key, IdOf(incident));
  ASSIGN_OR_RETURN(const Place place, PlaceOf(cursor));
  told.push_back(LeftRecord{chain.stream, key, place.ordinary});
  return absl::OkStatus();
}

absl::Status AddSnapshot(const Chain& chain, SnapshotParts& parts,
                         std::vector<history::Record>& told) {
  ASSIGN_OR_RETURN(const Place place, PlaceOf(parts.cursor));
  told.push_back(SnapshotRecord{chain.stream, place.ordinary, std::move(parts.incidents)});
  parts = {};
  return absl::OkStatus();
}

absl::Status TakeSnapshotPart(const json::object& message, const Chain& chain, SnapshotParts& parts,
                              std::vector<history::Record>& told) {
  parts.cursor = std::string(TextIn(message, "cursor"));
  const json::value* incidents = message.if_contains("incidents");
  if (incidents != nullptr && incidents->is_array()) {
    for (const json::value& one : incidents->get_array()) {
      if (!one.is_object()) continue;
      ASSIGN_OR_RETURN(const history::UuidKey id, IdOf(TextIn(one.get_object(), "id")));
      parts.incidents.push_back(id);
    }
  }
  const json::value* last = message.if_contains("last");
  const bool whole = last != nullptr && last->is_bool() && last->get_bool();
  return whole ? AddSnapshot(chain, parts, told) : absl::OkStatus();
}

uint64_t SequenceOf(std::string_view cursor) {
  const auto place = PlaceOf(cursor);
  return place.ok() ? place->ordinary.sequence : 0;
}

}  // namespace

const json::object& ObjectIn(const json::object& object, std::string_view name) {
  static const json::object kNone;
  const json::value* value = object.if_contains({name.data(), name.size()});
  return value != nullptr && value->is_object() ? value->get_object() : kNone;
}

std::string_view TextIn(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains({name.data(), name.size()});
  if (value == nullptr || !value->is_string()) return {};
  return {value->get_string().data(), value->get_string().size()};
}

absl::Status TakeMessage(const json::object& message, const Chain& chain, SnapshotParts& parts,
                         std::vector<history::Record>& told) {
  const std::string_view type = TextIn(message, "type");
  const std::string_view cursor = TextIn(message, "message_id");
  if (type == "event") {
    const json::object& event = ObjectIn(message, "event");
    return AddEvent(TextIn(event, "id"), cursor, ContentOfJson(event), chain, told);
  }
  if (type == "left") return AddLeft(TextIn(message, "incident_id"), cursor, chain, told);
  if (type == "gap") return AddGap(TextIn(message, "from"), TextIn(message, "to"), chain, told);
  if (type == "pong" || type == "bookmark") {
    return AddBookmark(TextIn(message, "cursor"), chain, told);
  }
  if (type == "snapshot") return TakeSnapshotPart(message, chain, parts, told);
  if (type == "error" || type == "problem" || type == "closing") {
    return absl::UnavailableError(absl::StrCat(ToAbsl(type), ": ", ToAbsl(TextIn(message, "code")),
                                               ToAbsl(TextIn(message, "reason")), " ",
                                               ToAbsl(TextIn(message, "message"))));
  }
  return absl::OkStatus();
}

absl::Status TakeResponse(const v1::SubscribeResponse& response, const Chain& chain,
                          SnapshotParts& parts, std::vector<history::Record>& told) {
  for (const v1::Incident& incident : response.snapshot().incidents()) {
    ASSIGN_OR_RETURN(const history::UuidKey id, IdOf(incident.id()));
    parts.incidents.push_back(id);
  }
  if (!response.cursor().empty()) parts.cursor = response.cursor();
  if (response.snapshot().kind() == v1::SnapshotMark::KIND_LAST) {
    RETURN_IF_ERROR(AddSnapshot(chain, parts, told));
  }
  // A gap comes before the events that lie after it, and after the others.
  const uint64_t gap_end = response.has_gap() ? SequenceOf(response.gap().to()) : 0;
  bool gap_told = !response.has_gap();
  for (const v1::Event& event : response.events()) {
    if (!gap_told && SequenceOf(event.cursor()) > gap_end) {
      RETURN_IF_ERROR(AddGap(response.gap().from(), response.gap().to(), chain, told));
      gap_told = true;
    }
    RETURN_IF_ERROR(AddEvent(event.id(), event.cursor(), ContentOf(event), chain, told));
  }
  if (!gap_told) RETURN_IF_ERROR(AddGap(response.gap().from(), response.gap().to(), chain, told));
  for (const v1::Left& left : response.leaves()) {
    RETURN_IF_ERROR(AddLeft(left.incident_id(), left.cursor(), chain, told));
  }
  const bool is_the_events =
      !response.events().empty() && response.events().rbegin()->cursor() == response.cursor();
  return is_the_events ? absl::OkStatus() : AddBookmark(response.cursor(), chain, told);
}

history::Content ContentOf(const v1::Event& event) { return ContentOfJson(JsonOf(event)); }

history::ReadRecord ReadOf(const v1::Event& event, uint32_t read, std::string_view run_id) {
  history::ReadRecord record;
  record.read = read;
  record.id = history::ParseUuidKey(event.id()).value_or(history::UuidKey{});
  record.cursor = ParseCursor(event.cursor()).value_or(Cursor{});
  const auto label = event.incident().labels().find(std::string(kRunLabel));
  record.others = label == event.incident().labels().end() || label->second != run_id;
  if (record.others) return record;
  const json::object whole = JsonOf(event);
  const json::object& incident = ObjectIn(whole, "incident");
  json::object facts{{"event_type", TextIn(whole, "type")}};
  for (const char* name : {"severity", "state", "source", "labels", "affected_resources"}) {
    if (const json::value* value = incident.if_contains(name)) facts[name] = *value;
  }
  record.facts = json::serialize(facts);
  record.incident = history::ParseUuidKey(event.incident().id());
  record.urgent =
      event.priority() == v1::PRIORITY_HIGH || event.priority() == v1::PRIORITY_CRITICAL;
  record.content = ContentOfJson(whole);
  return record;
}

}  // namespace tocsin::cli::verify
