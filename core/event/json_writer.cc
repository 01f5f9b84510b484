// A message is looked through once, which notes where each of its fields stands, and is then
// written in the order of its plan.
//
// Protocol Buffers allow forms that no encoder of theirs writes: a message in two parts that are to
// be merged, two members of a oneof of which the last one counts. Such bytes are parsed and encoded
// anew first, so that what they mean stays the library's to say.
#include "core/event/json_writer.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "absl/container/inlined_vector.h"
#include "core/base/check.h"
#include "core/event/error.h"
#include "core/event/json_out.h"
#include "core/event/json_plan.h"
#include "core/event/wire_scanner.h"

namespace tocsin {
namespace {

constexpr size_t kUsualBytes = 1024;  // what most events come to

// Where the fields of one encoded message stand.
class FieldMap {
 public:
  struct Field {
    uint64_t number;         // a varint, or the bits of a double
    std::string_view bytes;  // of a repeated one: all from the first tag to the end of the last
  };

  // False where the bytes are no message, or one of the forms that are to be parsed.
  bool Scan(std::string_view bytes, const JsonPlan& plan) {
    const char* begin = bytes.data();
    WireScanner scan(bytes);
    for (; scan.Next(); begin = scan.rest().data()) {
      const uint32_t number = scan.number();
      if (number < JsonPlan::kNumbers && !Note(plan.forms[number], scan, begin)) {
        return false;
      }
    }
    return scan.ok();
  }

  // Null when it is not set.
  const Field* Find(uint8_t number) const {
    return (set_ >> number & 1) != 0 ? &fields_[number] : nullptr;
  }

 private:
  // A field of another wire type than the schema's is not the schema's: it is passed over.
  bool Note(WireForm form, const WireScanner& scan, const char* begin) {
    switch (form) {
      case WireForm::kUnknown:
        return true;
      case WireForm::kVarint:
        return !scan.is_varint() || Set(scan, {scan.varint(), {}});
      case WireForm::kEightBytes:
        return scan.type() != WireType::kEightBytes || Set(scan, {scan.eight_bytes(), {}});
      case WireForm::kText:
        return !scan.is_bytes() || Set(scan, {0, scan.bytes()});
      case WireForm::kMessage:
        return !scan.is_bytes() || (!Has(scan) && Set(scan, {0, scan.bytes()}));
      case WireForm::kMember:
        return !scan.is_bytes() ||
               (!std::exchange(has_member_, true) && Set(scan, {0, scan.bytes()}));
      case WireForm::kManyBytes:
        return !scan.is_bytes() || Extend(scan, begin);
      case WireForm::kManyEnums:
        return (!scan.is_bytes() && !scan.is_varint()) || Extend(scan, begin);
    }
    return false;
  }

  bool Has(const WireScanner& scan) const { return (set_ >> scan.number() & 1) != 0; }
  bool Set(const WireScanner& scan, const Field& field) {
    set_ |= uint64_t{1} << scan.number();
    fields_[scan.number()] = field;
    return true;
  }
  bool Extend(const WireScanner& scan, const char* begin) {
    if (Has(scan)) {
      begin = fields_[scan.number()].bytes.data();
    }
    return Set(scan, {0, {begin, static_cast<size_t>(scan.rest().data() - begin)}});
  }

  uint64_t set_ = 0;  // by field number
  bool has_member_ = false;
  Field fields_[JsonPlan::kNumbers];  // of those in set_
};

// Calls `call` with each value of a repeated field. False where one call answers false.
template <class Call>
bool ForEachValue(const FieldMap::Field& field, uint8_t number, Call call) {
  for (WireScanner scan(field.bytes); scan.Next();) {
    if (scan.number() == number && !call(scan)) {
      return false;
    }
  }
  return true;
}

class Writer {
 public:
  explicit Writer(JsonOut& out) : out_(out) {}

  // False where the bytes are no message; what has been written by then counts for nothing.
  bool Message(std::string_view bytes, const JsonPlan& plan) {
    bool first = true;
    if (!Members(bytes, plan, first)) {
      return false;
    }
    if (first) {
      out_.Char('{');
    }
    out_.Char('}');
    return true;
  }

 private:
  using Field = FieldMap::Field;

  bool Members(std::string_view bytes, const JsonPlan& plan, bool& first) {
    FieldMap map;
    return map.Scan(bytes, plan) && Fields(map, plan, first);
  }

  bool Fields(const FieldMap& map, const JsonPlan& plan, bool& first) {
    for (const JsonField& field : plan.fields) {
      if (field.kind == JsonKind::kFields) {
        if (!Fields(map, *field.plan, first)) {
          return false;
        }
        continue;
      }
      const Field* const found = map.Find(field.number);
      if (field.kind == JsonKind::kMembers) {
        if (found != nullptr && !Members(found->bytes, *field.plan, first)) {
          return false;
        }
      } else if (IsWritten(field.when, found)) {
        out_.Key(field.key, field.key_size, std::exchange(first, false));
        if (!Value(field, found)) {
          return false;
        }
      }
    }
    return true;
  }

  static bool IsWritten(JsonWhen when, const Field* found) {
    switch (when) {
      case JsonWhen::kAlways:
        return true;
      case JsonWhen::kSet:
        return found != nullptr;
      case JsonWhen::kUnlessDefault:
        return found != nullptr && (found->number != 0 || !found->bytes.empty());
    }
    return true;
  }

  // `found` is null for one that is not set.
  bool Value(const JsonField& field, const Field* found) {
    const Field value = found != nullptr ? *found : Field{};
    switch (field.kind) {
      case JsonKind::kText:
        out_.Text(value.bytes);
        return true;
      case JsonKind::kBool:
        value.number != 0 ? out_.Literal("true") : out_.Literal("false");
        return true;
      case JsonKind::kNumber:
        out_.Number(value.number);
        return true;
      case JsonKind::kNumber32:
        out_.Number(uint64_t{static_cast<uint32_t>(value.number)});
        return true;
      case JsonKind::kDouble:
        out_.Number(std::bit_cast<double>(value.number));
        return true;
      case JsonKind::kEnum:
        Name(field.enum_name(static_cast<int>(value.number)));
        return true;
      case JsonKind::kTime:
        return Time(found);
      case JsonKind::kMessage:
        return Message(value.bytes, *field.plan);
      case JsonKind::kMap:
        return Map(value, field.number);
      default:
        return List(field, value);
    }
  }

  void Name(std::string_view name) {
    if (name.empty()) {
      return out_.Literal("null");
    }
    out_.Char('"');
    out_.Raw(name);
    out_.Char('"');
  }

  bool Time(const Field* found) {
    if (found == nullptr) {
      out_.Literal("null");
      return true;
    }
    absl::Time time;
    if (!ScanTime(found->bytes, time)) {
      return false;
    }
    out_.Char('"');
    out_.Time(time);
    out_.Char('"');
    return true;
  }

  bool List(const JsonField& field, const Field& value) {
    out_.Char('[');
    bool first = true;
    const bool ok = ForEachValue(value, field.number, [&](const WireScanner& scan) {
      if (field.kind == JsonKind::kEnums) {
        return Enums(field, scan, first);
      }
      if (!scan.is_bytes()) {
        return true;
      }
      Comma(first);
      if (field.kind == JsonKind::kMessages) {
        return Message(scan.bytes(), *field.plan);
      }
      out_.Text(scan.bytes());
      return true;
    });
    out_.Char(']');
    return ok;
  }

  // One value, or several packed into one field.
  bool Enums(const JsonField& field, const WireScanner& scan, bool& first) {
    const auto put = [&](uint64_t number) {
      Comma(first);
      Name(field.enum_name(static_cast<int>(number)));
    };
    if (scan.is_varint()) {
      put(scan.varint());
      return true;
    }
    const char* at = scan.bytes().data();
    const char* const end = at + scan.bytes().size();
    while (at != end) {
      uint64_t number = 0;
      if (!WireScanner::TakeVarint(at, end, number)) {
        return false;
      }
      put(number);
    }
    return true;
  }

  void Comma(bool& first) {
    if (!std::exchange(first, false)) {
      out_.Char(',');
    }
  }

  // Of entries with equal keys the last one counts.
  bool Map(const Field& value, uint8_t number) {
    using Entry = std::pair<std::string_view, std::string_view>;
    absl::InlinedVector<Entry, 16> entries;
    const bool ok = ForEachValue(value, number, [&](const WireScanner& scan) {
      Entry entry;
      if (scan.is_bytes() && !ScanEntry(scan.bytes(), entry.first, entry.second)) {
        return false;
      }
      if (scan.is_bytes()) {
        entries.push_back(entry);
      }
      return true;
    });
    const auto by_key = [](const Entry& a, const Entry& b) { return a.first < b.first; };
    if (!std::is_sorted(entries.begin(), entries.end(), by_key)) {
      std::stable_sort(entries.begin(), entries.end(), by_key);
    }
    out_.Char('{');
    bool first = true;
    for (size_t i = 0; i < entries.size(); ++i) {
      if (i + 1 < entries.size() && entries[i + 1].first == entries[i].first) {
        continue;
      }
      Comma(first);
      out_.Text(entries[i].first);
      out_.Char(':');
      out_.Text(entries[i].second);
    }
    out_.Char('}');
    return ok;
  }

  JsonOut& out_;
};

// The last two append nothing: the bytes are no message, or one of another form than encoders
// write; a text in it is not UTF-8.
enum class Outcome { kWritten, kUnusual, kBadText };

Outcome Append(std::string& out, std::string_view bytes, const JsonPlan& plan) {
  const size_t before = out.size();
  Outcome outcome = Outcome::kUnusual;
  {
    JsonOut json(out, kUsualBytes);
    if (Writer(json).Message(bytes, plan)) {
      outcome = json.ok() ? Outcome::kWritten : Outcome::kBadText;
    }
  }
  if (outcome != Outcome::kWritten) {
    out.resize(before);
  }
  return outcome;
}

// By way of the message.
template <class Message>
Outcome AppendAnew(std::string& out, std::string_view bytes, const JsonPlan& plan) {
  Message message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return Outcome::kUnusual;
  }
  message.DiscardUnknownFields();
  return Append(out, message.SerializeAsString(), plan);
}

template <class Message>
absl::Status AppendBytes(std::string& out, std::string_view bytes, const JsonPlan& plan,
                         const char* damaged) {
  Outcome outcome = Append(out, bytes, plan);
  if (outcome == Outcome::kUnusual) {
    outcome = AppendAnew<Message>(out, bytes, plan);
  }
  if (outcome == Outcome::kWritten) {
    return absl::OkStatus();
  }
  return MakeErrorAs(ErrorCode::kInternal, absl::StatusCode::kDataLoss, damaged);
}

absl::Status AppendEvent(std::string& out, std::string_view bytes, const JsonPlan& plan) {
  return AppendBytes<v1::Event>(out, bytes, plan,
                                "an event is damaged: its bytes are not one encoded event");
}

void AppendMessage(std::string& out, const google::protobuf::MessageLite& message,
                   const JsonPlan& plan) {
  TOCSIN_CHECK(Append(out, message.SerializeAsString(), plan) == Outcome::kWritten);
}

}  // namespace

absl::Status AppendJsonEventBody(std::string& out, std::string_view event) {
  return AppendEvent(out, event, kJsonEventBody);
}

absl::Status AppendJsonEvent(std::string& out, std::string_view event) {
  return AppendEvent(out, event, kJsonEvent);
}

absl::Status AppendJsonIncident(std::string& out, std::string_view incident) {
  return AppendBytes<v1::Incident>(
      out, incident, kJsonIncident,
      "an incident is damaged: its bytes are not one encoded incident");
}

void AppendJsonEvent(std::string& out, const v1::Event& event) {
  AppendMessage(out, event, kJsonEvent);
}

void AppendJsonIncident(std::string& out, const v1::Incident& incident) {
  AppendMessage(out, incident, kJsonIncident);
}

void AppendJsonAlert(std::string& out, const v1::Alert& alert) {
  AppendMessage(out, alert, kJsonAlert);
}

void AppendJsonFilter(std::string& out, const v1::Filter& filter) {
  AppendMessage(out, filter, kJsonFilter);
}

}  // namespace tocsin
