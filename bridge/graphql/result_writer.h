// result_writer.h: writes the results of an operation as JSON, straight from the messages.
//
// Shape:   walks a plan; the readers of the tables hand each value to Write, whose type decides how
//          it looks. A null in the place of a non-null value takes what was written of the field
//          around it back, up to one that may be null, and is told once, with its path.
// Threads: one; the text is not the string's own until the end of this object.
// Owns:    nothing.
// Bounds:  kMostErrors are told.
// Source:  GraphQL specification (September 2025), 6.4.3 and 6.4.4
#pragma once

#include <google/protobuf/map.h>
#include <google/protobuf/repeated_field.h>
#include <google/protobuf/timestamp.pb.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "bridge/graphql/enum_names.h"
#include "bridge/graphql/field_reader.h"
#include "bridge/graphql/selection_plan.h"
#include "core/event/json_out.h"

namespace tocsin::bridge::graphql {

// An id that is not set is null.
struct Uuid {
  std::string_view text;
};

// The name of an enum's value; null when it is empty.
struct EnumText {
  std::string_view name;
};

// An object that is made where it is read.
template <class Source>
struct Object {
  Source source;
};

// A list that only queries and mutations answer; in what a subscription tells it is null.
template <class Entry>
struct History {
  const google::protobuf::RepeatedPtrField<Entry>* entries;
};
template <class Entry>
History(const google::protobuf::RepeatedPtrField<Entry>*) -> History<Entry>;

class ResultWriter {
 public:
  static constexpr size_t kMostErrors = 100;

  using Texts = google::protobuf::RepeatedPtrField<std::string>;
  using TextMap = google::protobuf::Map<std::string, std::string>;

  ResultWriter(std::string& out, Errors& errors, bool has_history)
      : out_(out, kUsualBytes), errors_(errors), has_history_(has_history) {}

  // Appends the value of a field of the root type, `null` included. False, and nothing is appended:
  // null goes past the field, and `data` is null.
  template <class Value>
  bool Root(const PlannedField& field, const Value& value) {
    return Put(field, [&] { return Write(field, value); }) == Outcome::kWritten;
  }
  // The same for a field that could not be executed.
  bool RootError(const PlannedField& field, Error error);

  // ---- values ----

  Outcome Write(const PlannedField&, std::string_view text) {
    out_.Text(text);
    return Outcome::kWritten;
  }
  Outcome Write(const PlannedField& field, Uuid id) {
    return id.text.empty() ? Outcome::kNull : Write(field, id.text);
  }
  Outcome Write(const PlannedField&, bool value);
  Outcome Write(const PlannedField&, uint64_t value);
  Outcome Write(const PlannedField&, double value);
  Outcome Write(const PlannedField&, absl::Time time);
  Outcome Write(const PlannedField&, std::nullopt_t) { return Outcome::kNull; }
  template <class Value>
  Outcome Write(const PlannedField& field, const std::optional<Value>& value) {
    return value.has_value() ? Write(field, *value) : Outcome::kNull;
  }
  Outcome Write(const PlannedField& field, EnumText name);
  template <class Enum>
  requires std::is_enum_v<Enum> Outcome Write(const PlannedField& field, Enum value) {
    return Write(field, EnumText{EnumName(value)});
  }
  Outcome Write(const PlannedField& field, const google::protobuf::Timestamp* time);
  Outcome Write(const PlannedField&, const TextMap* map);
  Outcome Write(const PlannedField& field, const Texts* texts) {
    return WriteList(field, *texts,
                     [&](const std::string& text) { return Write(field, std::string_view(text)); });
  }
  // An object, of the type whose readers are for a Source; null where the pointer is.
  template <class Source>
  Outcome Write(const PlannedField& field, const Source* source) {
    return source == nullptr ? Outcome::kNull : WriteObject(*field.selections, source);
  }
  template <class Source>
  Outcome Write(const PlannedField& field, const Object<Source>& object) {
    return WriteObject(*field.selections, &object.source);
  }
  template <class Entry>
  Outcome Write(const PlannedField& field, const google::protobuf::RepeatedPtrField<Entry>* list) {
    return WriteObjects(field, *list);
  }
  template <class Entry>
  Outcome Write(const PlannedField& field, History<Entry> history) {
    return has_history_ ? WriteObjects(field, *history.entries) : Outcome::kNull;
  }
  // Of names of an enum's values.
  Outcome Write(const PlannedField& field, const std::vector<std::string>* names) {
    return WriteList(field, *names,
                     [&](const std::string& name) { return Write(field, EnumText{name}); });
  }
  template <class Source>
  Outcome Write(const PlannedField& field, const std::vector<Source>& list) {
    return WriteObjects(field, list);
  }
  template <class Source>
  Outcome Write(const PlannedField& field, const std::vector<Source>* list) {
    return list == nullptr ? Outcome::kNull : WriteObjects(field, *list);
  }

 private:
  // What most results come to.
  static constexpr size_t kUsualBytes = 512;

  // Where the value that is being written stands, from the innermost field or index on.
  struct PathPart {
    const PathPart* parent = nullptr;
    const PlannedField* field = nullptr;  // null: an index
    size_t index = 0;
  };

  // A list of objects; each item of `range` stands for one.
  template <class Range>
  Outcome WriteObjects(const PlannedField& field, const Range& range) {
    return WriteList(field, range,
                     [&](const auto& item) { return WriteObject(*field.selections, &item); });
  }
  template <class Range, class WriteItem>
  Outcome WriteList(const PlannedField& field, const Range& range, WriteItem write_item);

  Outcome WriteObject(const SelectionPlan& plan, const void* source);
  Outcome Read(const PlannedField& field, const void* source);
  // Writes a field's value, or null where the type allows it.
  template <class WriteValue>
  Outcome Put(const PlannedField& field, WriteValue write_value);
  // What becomes of a value that was not written: null, or a failure of what is around it.
  Outcome Instead(Outcome outcome, bool non_null, size_t start);
  void Tell(Error error);
  void TellNull();
  const PlannedField& field_at_hand() const;

  JsonOut out_;
  Errors& errors_;
  const bool has_history_;
  const PathPart* path_ = nullptr;
};

template <class WriteValue>
Outcome ResultWriter::Put(const PlannedField& field, WriteValue write_value) {
  const PathPart part{.parent = path_, .field = &field};
  path_ = &part;
  const size_t start = out_.length();
  Outcome outcome = write_value();
  if (outcome != Outcome::kWritten) {
    outcome = Instead(outcome, field.definition->type->non_null(), start);
  }
  path_ = part.parent;
  return outcome;
}

template <class Range, class WriteItem>
Outcome ResultWriter::WriteList(const PlannedField& field, const Range& range,
                                WriteItem write_item) {
  const bool non_null = field.definition->type->nullable().inner->non_null();
  PathPart part{.parent = path_};
  path_ = &part;
  Outcome outcome = Outcome::kWritten;
  out_.Char('[');
  for (auto item = range.begin(); item != range.end() && outcome == Outcome::kWritten; ++item) {
    if (part.index > 0) out_.Char(',');
    const size_t start = out_.length();
    outcome = write_item(*item);
    if (outcome != Outcome::kWritten) {
      outcome = Instead(outcome, non_null, start);
    }
    ++part.index;
  }
  out_.Char(']');
  path_ = part.parent;
  return outcome;
}

// A reader of the field `name`. `value_of` is a lambda without captures, from `const Source&` to
// one of the values above.
template <class Source, class ValueOf>
constexpr FieldReader Reads(std::string_view name, ValueOf) {
  return {name, [](ResultWriter& writer, const PlannedField& field, const void* source) {
            return writer.Write(field, ValueOf{}(*static_cast<const Source*>(source)));
          }};
}

}  // namespace tocsin::bridge::graphql
