#include "core/history/record_json.h"

#include <algorithm>
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/strings.h"
#include "core/event/json_writer.h"

namespace tocsin::history {
namespace {

namespace json = boost::json;

std::string_view ToStd(const json::string& text) { return {text.data(), text.size()}; }

// Reads fields of an object, and keeps the first error; after it every field reads as empty.
class Fields {
 public:
  explicit Fields(const json::object& object) : object_(object) {}

  const absl::Status& status() const { return status_; }
  bool Has(std::string_view name) const { return Find(name) != nullptr; }

  std::string_view Text(std::string_view name) {
    const json::value* value = Find(name);
    if (value != nullptr && value->is_string()) return ToStd(value->get_string());
    Wrong(name, "a text");
    return {};
  }
  // 0 where it is left out.
  template <typename Int>
  Int Number(std::string_view name) {
    const json::value* value = Find(name);
    if (value == nullptr) return 0;
    boost::system::error_code error;
    const Int number = value->to_number<Int>(error);
    if (error) Wrong(name, "a whole number");
    return error ? 0 : number;
  }
  bool Flag(std::string_view name) {
    const json::value* value = Find(name);
    if (value == nullptr || value->is_bool()) return value != nullptr && value->get_bool();
    Wrong(name, "true or false");
    return false;
  }
  UuidKey Id(std::string_view name) { return IdOf(name, Text(name)); }
  std::vector<UuidKey> Ids(std::string_view name) {
    std::vector<UuidKey> ids;
    for (const json::value& value : List(name)) {
      ids.push_back(IdOf(name, value.is_string() ? ToStd(value.get_string()) : ""));
    }
    return ids;
  }
  Cursor CursorAt(std::string_view name) { return CursorOf(name, Text(name)); }
  Place PlaceAt(std::string_view name) {
    const std::string_view text = Text(name);
    if (!text.starts_with('p')) return CursorOf(name, text);
    const auto point = ParseResumePoint(text, name);
    if (point.ok() && std::holds_alternative<Cursor>(point->start)) {
      const Cursor ordinary = std::get<Cursor>(point->start);
      return {ordinary, point->urgent.value_or(ordinary)};
    }
    Wrong(name, "a cursor");
    return {};
  }
  Content ContentAt(std::string_view name) { return Has(name) ? DigestOf(Text(name)) : 0; }
  std::string ObjectText(std::string_view name) {
    const json::value* value = Find(name);
    if (value == nullptr) return {};
    if (!value->is_object()) Wrong(name, "an object");
    return json::serialize(*value);
  }
  const json::array& List(std::string_view name) {
    static const json::array kNone;
    const json::value* value = Find(name);
    if (value != nullptr && value->is_array()) return value->get_array();
    Wrong(name, "a list");
    return kNone;
  }
  Cursor CursorOf(std::string_view name, std::string_view text) {
    if (!status_.ok()) return {};
    const auto cursor = ParseCursor(text);
    if (!cursor.ok()) Wrong(name, "a cursor");
    return cursor.value_or(Cursor{});
  }
  void Wrong(std::string_view name, std::string_view allowed) {
    if (!status_.ok()) return;
    status_ =
        absl::InvalidArgumentError(absl::StrCat(ToAbsl(name), ": has to be ", ToAbsl(allowed)));
  }

 private:
  const json::value* Find(std::string_view name) const {
    return object_.if_contains({name.data(), name.size()});
  }
  UuidKey IdOf(std::string_view name, std::string_view text) {
    const auto id = ParseUuidKey(text);
    if (!id) Wrong(name, "a UUID");
    return id.value_or(UuidKey{});
  }

  const json::object& object_;
  absl::Status status_;
};

Record ReadStream(Fields& fields) {
  StreamRecord record{.stream = fields.Number<uint32_t>("stream"),
                      .name = std::string(fields.Text("name")),
                      .start = std::nullopt,
                      .filter = fields.ObjectText("filter"),
                      .leaves = fields.Flag("leaves"),
                      .latest_only = fields.Flag("latest_only"),
                      .priority = fields.Flag("priority")};
  if (fields.Has("start")) record.start = fields.CursorAt("start");
  return record;
}

void ReadAnswers(Fields& fields, PublishRecord& record) {
  for (const json::value& value : fields.List("answer")) {
    if (!value.is_object()) return fields.Wrong("answer", "a list of objects");
    Fields one(value.get_object());
    record.answers.push_back(
        {.cursor = one.CursorAt("cursor"), .duplicate = one.Flag("duplicate")});
    if (!one.status().ok()) fields.Wrong("answer", "a list of {cursor, duplicate}");
  }
  if (record.answers.size() != record.ids.size()) fields.Wrong("answer", "as long as ids");
}

Record ReadPublish(Fields& fields) {
  PublishRecord record{.ids = fields.Ids("ids"),
                       .contents = {},
                       .answers = {},
                       .invoked_us = fields.Number<int64_t>("invoked_us"),
                       .answered_us = fields.Number<int64_t>("answered_us")};
  if (fields.Has("contents")) {
    for (const json::value& value : fields.List("contents")) {
      record.contents.push_back(value.is_string() ? DigestOf(ToStd(value.get_string())) : 0);
    }
    if (record.contents.size() != record.ids.size()) fields.Wrong("contents", "as long as ids");
  }
  if (fields.Has("answer")) ReadAnswers(fields, record);
  return record;
}

Record ReadRead(Fields& fields) {
  ReadRecord record{.read = fields.Number<uint32_t>("read"),
                    .id = fields.Id("id"),
                    .cursor = fields.CursorAt("cursor"),
                    .incident = std::nullopt,
                    .urgent = fields.Flag("urgent"),
                    .others = fields.Flag("others"),
                    .facts = fields.ObjectText("facts"),
                    .content = fields.ContentAt("content")};
  if (fields.Has("incident")) record.incident = fields.Id("incident");
  return record;
}

absl::StatusOr<Record> ReadKind(std::string_view kind, Fields& fields) {
  const auto stream = fields.Number<uint32_t>("stream");
  if (kind == "event") {
    return EventRecord{.stream = stream,
                       .connection = fields.Number<uint64_t>("connection"),
                       .id = fields.Id("id"),
                       .place = fields.PlaceAt("cursor"),
                       .content = fields.ContentAt("content")};
  }
  if (kind == "read") return ReadRead(fields);
  if (kind == "publish") return ReadPublish(fields);
  if (kind == "bookmark") return BookmarkRecord{stream, fields.PlaceAt("cursor")};
  if (kind == "left") return LeftRecord{stream, fields.Id("incident"), fields.CursorAt("cursor")};
  if (kind == "resume") {
    return ResumeRecord{stream, fields.Number<uint64_t>("connection"), fields.PlaceAt("cursor")};
  }
  if (kind == "gap") return GapRecord{stream, fields.PlaceAt("from"), fields.PlaceAt("to")};
  if (kind == "snapshot") {
    return SnapshotRecord{stream, fields.CursorAt("cursor"), fields.Ids("incidents")};
  }
  if (kind == "stream") return ReadStream(fields);
  if (kind == "end") return EndRecord{fields.Number<uint32_t>("read")};
  return absl::InvalidArgumentError(
      "record: has to be the first field and one of stream, publish, event, left, bookmark, gap, "
      "resume, snapshot, read, end");
}

// Writes one record's fields.
class Writer {
 public:
  explicit Writer(std::string_view kind) {
    out_ = absl::StrCat("{\"record\":\"", ToAbsl(kind), "\"");
  }
  std::string Done() && { return std::move(out_) + "}"; }

  Writer& Number(std::string_view name, int64_t number) {
    absl::StrAppend(&out_, ",\"", ToAbsl(name), "\":", number);
    return *this;
  }
  Writer& NumberUnless0(std::string_view name, int64_t number) {
    return number == 0 ? *this : Number(name, number);
  }
  Writer& Text(std::string_view name, std::string_view text) {
    absl::StrAppend(&out_, ",\"", ToAbsl(name), "\":");
    AppendJsonString(out_, text);
    return *this;
  }
  Writer& Raw(std::string_view name, std::string_view text) {
    if (!text.empty()) absl::StrAppend(&out_, ",\"", ToAbsl(name), "\":", ToAbsl(text));
    return *this;
  }
  Writer& Flag(std::string_view name, bool flag) { return Raw(name, flag ? "true" : ""); }
  Writer& Id(std::string_view name, const UuidKey& id) { return Text(name, FormatUuidKey(id)); }
  Writer& At(std::string_view name, const Place& place) { return Text(name, FormatPlace(place)); }
  // A digest stands for its content as well as the content itself.
  Writer& ContentAt(std::string_view name, Content content) {
    return content == 0 ? *this : Text(name, ContentText(content));
  }
  static std::string ContentText(Content content) { return absl::StrCat(absl::Hex(content)); }

 private:
  std::string out_;
};

std::string IdList(const std::vector<UuidKey>& ids) {
  std::string out = "[";
  for (const UuidKey& id : ids) {
    absl::StrAppend(&out, out.size() == 1 ? "\"" : ",\"", FormatUuidKey(id), "\"");
  }
  return out + "]";
}

std::string Write(const StreamRecord& record) {
  Writer writer("stream");
  writer.Number("stream", record.stream).Text("name", record.name);
  if (record.start) writer.At("start", *record.start);
  writer.Raw("filter", record.filter).Flag("leaves", record.leaves);
  writer.Flag("latest_only", record.latest_only).Flag("priority", record.priority);
  return std::move(writer).Done();
}

std::string Write(const PublishRecord& record) {
  Writer writer("publish");
  writer.NumberUnless0("invoked_us", record.invoked_us);
  writer.NumberUnless0("answered_us", record.answered_us).Raw("ids", IdList(record.ids));
  std::string list;
  for (const Content content : record.contents) {
    absl::StrAppend(&list, list.empty() ? "[\"" : ",\"", Writer::ContentText(content), "\"");
  }
  writer.Raw("contents", list.empty() ? "" : list + "]");
  list.clear();
  for (const PublishRecord::Answer& answer : record.answers) {
    absl::StrAppend(&list, list.empty() ? "[" : ",", "{\"cursor\":\"", FormatCursor(answer.cursor),
                    "\"", answer.duplicate ? ",\"duplicate\":true}" : "}");
  }
  return std::move(writer.Raw("answer", list.empty() ? "" : list + "]")).Done();
}

std::string Write(const EventRecord& record) {
  Writer writer("event");
  writer.Number("stream", record.stream);
  writer.NumberUnless0("connection", static_cast<int64_t>(record.connection));
  writer.Id("id", record.id).At("cursor", record.place).ContentAt("content", record.content);
  return std::move(writer).Done();
}

std::string Write(const LeftRecord& record) {
  Writer writer("left");
  writer.Number("stream", record.stream).Id("incident", record.incident);
  return std::move(writer.At("cursor", record.cursor)).Done();
}

std::string Write(const BookmarkRecord& record) {
  Writer writer("bookmark");
  return std::move(writer.Number("stream", record.stream).At("cursor", record.place)).Done();
}

std::string Write(const GapRecord& record) {
  Writer writer("gap");
  writer.Number("stream", record.stream).At("from", record.from);
  return std::move(writer.At("to", record.to)).Done();
}

std::string Write(const ResumeRecord& record) {
  Writer writer("resume");
  writer.Number("stream", record.stream);
  writer.NumberUnless0("connection", static_cast<int64_t>(record.connection));
  return std::move(writer.At("cursor", record.place)).Done();
}

std::string Write(const SnapshotRecord& record) {
  Writer writer("snapshot");
  writer.Number("stream", record.stream).At("cursor", record.cursor);
  return std::move(writer.Raw("incidents", IdList(record.incidents))).Done();
}

std::string Write(const ReadRecord& record) {
  Writer writer("read");
  writer.Number("read", record.read).Id("id", record.id).At("cursor", record.cursor);
  if (record.incident) writer.Id("incident", *record.incident);
  writer.Flag("urgent", record.urgent).Flag("others", record.others).Raw("facts", record.facts);
  return std::move(writer.ContentAt("content", record.content)).Done();
}

std::string Write(const EndRecord& record) {
  return std::move(Writer("end").Number("read", record.read)).Done();
}

}  // namespace

std::string_view KindOf(std::string_view line) {
  constexpr std::string_view kFirst = "\"record\"";
  const auto skip_blanks = [&line] {
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
  };
  const auto take = [&](std::string_view text) {
    skip_blanks();
    if (!line.starts_with(text)) return false;
    line.remove_prefix(text.size());
    return true;
  };
  if (!take("{") || !take(kFirst) || !take(":") || !take("\"")) return {};
  return line.substr(0, std::min(line.find('"'), line.size()));
}

std::string ToJson(const Record& record) {
  return std::visit([](const auto& one) { return Write(one); }, record);
}

absl::StatusOr<Record> RecordReader::Read(std::string_view line) {
  json::monotonic_resource resource(memory_.data(), memory_.size());
  boost::system::error_code error;
  const json::value value = json::parse({line.data(), line.size()}, error, &resource);
  if (error || !value.is_object()) return absl::InvalidArgumentError("is no JSON object");
  Fields fields(value.get_object());
  absl::StatusOr<Record> record = ReadKind(KindOf(line), fields);
  if (!fields.status().ok()) return fields.status();
  return record;
}

// FNV-1a, so that a history made by one program is judged by another.
Content DigestOf(std::string_view content) {
  uint64_t digest = 0xcbf29ce484222325;
  for (const char c : content) digest = (digest ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return digest == 0 ? 1 : digest;
}

}  // namespace tocsin::history
